"""A project that is complete takes no write by any door of any room, and every page of it is read for ever.

What is asked is found, not listed: every model that belongs to projects, every address of the site, every task, every admin page.
What one project's own services answer stands with each room (tests/projects/test_doors.py, tests/workbook/test_archived.py).
"""

from __future__ import annotations

import copy
import datetime as dt
import io
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.admin.sites import site as admin_site
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from django_fsm import ConcurrentTransition

from config.celery import app as celery
from handoff.models import TierDecision
from handoff.tier.rule import Support
from history.final import RowIsFinal
from history.tracking import HistoryRow
from projects.models import Project
from projects.models.archive import Owned, RowsStay
from tests.own_cache import empty_cache
from tests.permissions import parts_support
from tests.permissions.kept import kept_site
from tests.permissions.site import BODIES, REFUSED_BODIES, Site
from tests.permissions.table import Address, addresses
from transitions.blockers import Archived, MoveRefused
from transitions.machine import StateGuarded
from transitions.models import TransitionRecord

pytestmark = pytest.mark.django_db

#: Whatever says no. Which of them it is depends on which of several walls a door runs into first.
SHUT = (
    *(
        Archived,
        MoveRefused,
        StateGuarded,
        RowIsFinal,
        ConcurrentTransition,
        AttributeError,
        PermissionDenied,
        RowsStay,
    ),
    *(ProtectedError, DeserializationError, IntegrityError),
)
#: Tables with a project that are not what happened on it: who may look, what somebody hears, keys and drafts of one person.
#: A new table with a project belongs to it, or is named here with its reason.
BESIDE = {
    "projects.ProjectGrant": "who may look: it follows from seats and people, who leave after the end too",
    "projects.Notice": "a person's inbox: read, snoozed",
    "projects.SheetDraft": "an upload that somebody looks at, thrown away",
    "reminders.Mute": "what a person wants to hear",
    "reminders.Hook": "where others hear of it: switched off after the end too",
    "meetings.CalendarFeed": "a person's key to a calendar, which is taken back after the end too",
}
#: Models of which no row could be made up here, though every table should have one.
WITHOUT_ROWS: set[str] = set()
#: Signed in as them every address is tried: who may everything, runs it, takes it over, signs for the biller.
PEOPLE = ("adele", "priya", "tess", "bo")
OURS = [address for address in addresses() if not address.route.startswith(("admin/", "account/"))]
SENT = parts_support.BODIES | parts_support.REFUSED_BODIES | BODIES | REFUSED_BODIES
SHARES = 4


def of_projects() -> list[type[Any]]:
    """Return the models whose rows belong to a project."""
    return sorted(
        (model for model in apps.get_models() if issubclass(model, Owned)), key=lambda model: str(model._meta.label)
    )


@pytest.fixture(scope="module")
def made_before(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """The table's two projects with rows of every room, the own one live and about to be completed; made once."""
    with kept_site(django_db_blocker) as made:
        if "support-letter" not in made.of:  # the table knows of support itself by now
            made.of |= parts_support.parts(made.own, made.foreign, made.cast)
        fill_rest(made.own, made.cast.adele)
        write_sql(made.own, phase="post_live", actual_go_live=dt.date(2026, 11, 9))
        yield made


@pytest.fixture
def before(made_before: Site, db: None) -> Iterator[Site]:
    """The site as it was made; what a test does to it is taken back. Each refusal would be logged with its traceback."""
    logging.disable(logging.CRITICAL)
    yield copy.deepcopy(made_before)
    logging.disable(logging.NOTSET)


@pytest.fixture
def cast(before: Site) -> SimpleNamespace:
    """The people of the site."""
    return before.cast


@pytest.fixture
def archive(before: Site) -> Callable[[], Site]:
    """A function that completes the own project, as it is: its way there through seven gates is not what is asked here."""

    def complete() -> Site:
        write_sql(before.own, standing="complete")
        before.own = Project.objects.get(pk=before.own.pk)
        return before

    return complete


def fill_rest(project: Project, by: Any) -> None:
    """Make up a row of each model that the table's project has none of, as far as its columns say what one is."""
    TierDecision(
        project=project, table_version=1, integration="new", vertical="tax", go_live=project.target_go_live,
        support=Support.LIGHT, days=30, meetings=1, tsm=by, by=by, key=uuid.uuid4(),
    ).save()  # fmt: skip
    missing = [model for model in of_projects() if not model._base_manager.filter(project=project.pk).exists()]
    for _ in range(3):  # what points to another comes after it
        for model in list(missing):
            with suppress(IntegrityError, LookupError), transaction.atomic():
                model(**_made_up(model, project, by)).save()
                missing.remove(model)


def _made_up(model: type[Any], project: Project, by: Any) -> dict[str, Any]:
    """Return a value for each column that has to have one; LookupError where it points to a row that is not there yet."""
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.primary_key or field.has_default() or (field.null and field.name not in FIRST_OF_MANY):
            continue
        values[field.name] = _a_value(field, project, by)
    return values | {"project": project}


#: Of several columns of which one has to be set, the first.
FIRST_OF_MANY = {"step"}


def _a_value(field: Any, project: Project, by: Any) -> Any:
    if field.related_model is not None:
        if field.related_model is type(by):
            return by
        manager: Any = field.related_model._base_manager
        rows = manager.filter(project=project) if issubclass(field.related_model, Owned) else manager.all()
        if (found := rows.first()) is None:
            raise LookupError(field)
        return found
    if field.choices:
        return field.choices[0][0]
    made_up: dict[str, Any] = {
        "DateField": DAY, "DateTimeField": dt.datetime(2026, 11, 9, 15, tzinfo=dt.UTC), "TimeField": dt.time(10),
        "JSONField": {}, "BooleanField": False, "UUIDField": uuid.UUID(int=1), "DecimalField": Decimal(1),
    }  # fmt: skip
    kind = field.get_internal_type()
    return made_up.get(kind, 1 if "Integer" in kind else "" if field.blank else "made-up")


DAY = dt.date(2026, 11, 9)


def write_sql(project: Project, **values: Any) -> None:
    """Write columns of a project behind everybody's back."""
    names = ", ".join(f"{name} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE projects_project SET {names} WHERE id = %s", [*values.values(), project.pk])  # noqa: S608


def record_of(project: Project) -> dict[str, list[Any]]:
    """Return every row that says what a project is and what happened on it, with its history, by table."""
    found: dict[str, list[Any]] = {"project": list(Project.objects.filter(pk=project.pk).values_list())}
    for model in apps.get_models():
        manager: Any = model._base_manager
        told = issubclass(model, HistoryRow) and "project" in {field.name for field in model._meta.concrete_fields}
        if told or issubclass(model, Owned):
            found[model._meta.label] = list(manager.filter(project=project.pk).order_by("pk").values_list())
    root = ContentType.objects.get_for_model(Project)
    records = TransitionRecord.objects.filter(root_type=root, root_id=project.pk)
    found["transitions"] = list(records.order_by("pk").values_list())
    return found


def changed(old: dict[str, list[Any]], new: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        table: [row for row in new[table] if row not in rows] or "fewer"
        for table, rows in old.items()
        if rows != new[table]
    }


# -- Rows --------------------------------------------------------------------------------------------------------------------


def test_every_table_with_a_project_belongs_to_it_or_says_why_not():
    named = {
        model._meta.label
        for model in apps.get_models()
        if not issubclass(model, (Owned, HistoryRow))
        and any(field.related_model is Project for field in model._meta.concrete_fields if field.related_model)
    }
    assert named == set(BESIDE)


def _copy(row: Any) -> Any:
    """A row that was never read, with the values of one that is there, under no key."""
    states = getattr(row, "state_names", tuple)()
    names = [f.attname for f in row._meta.concrete_fields if f.name not in states and not f.primary_key]
    return type(row)(**{name: getattr(row, name) for name in names})


def _from_fixture(row: Any) -> None:
    for item in serializers.deserialize("json", serializers.serialize("json", [row])):
        item.save()


#: Every way in which Django writes a row, with a row that is there.
ROW_DOORS: dict[str, Callable[[Any], object]] = {
    "save": lambda row: row.save(),
    "save one field": lambda row: row.save(update_fields=[_a_field(row)]),
    "save_base": lambda row: row.save_base(),
    "save_base, raw": lambda row: row.save_base(raw=True),
    "loaddata": _from_fixture,
    "a new one": lambda row: _copy(row).save(),
    "a new one, raw": lambda row: _copy(row).save_base(raw=True),
    "delete": lambda row: row.delete(),
    "update": lambda row: _of(row).update(**{_a_field(row): getattr(row, _a_field(row))}),
    "update by the base manager": lambda row: type(row)._base_manager.filter(pk=row.pk).update(
        **{_a_field(row): getattr(row, _a_field(row))}
    ),
    "bulk_update": lambda row: type(row).objects.bulk_update([row], [_a_field(row)]),
    "bulk_create": lambda row: type(row).objects.bulk_create([_copy(row)]),
    "bulk_create by the base manager": lambda row: type(row)._base_manager.bulk_create([_copy(row)]),
    "update_or_create": lambda row: type(row).objects.update_or_create(
        pk=row.pk, defaults={_a_field(row): getattr(row, _a_field(row))}
    ),
    "delete of a queryset": lambda row: _of(row).delete(),
}  # fmt: skip


def _of(row: Any) -> Any:
    return type(row).objects.filter(pk=row.pk)


def _a_field(row: Any) -> str:
    """Return a field that may be written as it is: no key, no state."""
    states = getattr(row, "state_names", tuple)()
    fields = [
        f for f in row._meta.concrete_fields if not f.primary_key and f.name not in states and f.name != "project"
    ]
    return str(fields[0].name)


def test_no_row_of_any_room_is_written(archive, subtests):
    site = archive()
    before = record_of(site.own)
    without: set[str] = set()
    for model in of_projects():
        row = model._base_manager.filter(project=site.own.pk).order_by("pk").first()
        if row is None:
            without.add(model._meta.label)
            continue
        for name, door in ROW_DOORS.items():
            with subtests.test(f"{model.__name__}: {name}"), pytest.raises(SHUT), transaction.atomic():
                door(model._base_manager.get(pk=row.pk))
        theirs = model._base_manager.filter(project=site.foreign.pk).first() or row
        theirs.project = site.own
        with subtests.test(f"{model.__name__}: taken from a live project"), pytest.raises(SHUT), transaction.atomic():
            theirs.save()
    assert changed(before, record_of(site.own)) == {}
    assert without == WITHOUT_ROWS


# -- Addresses ---------------------------------------------------------------------------------------------------------------


def signed_in(cast: SimpleNamespace) -> Iterator[tuple[str, Client]]:
    for name in PEOPLE:
        client = Client()
        client.force_login(getattr(cast, name))
        yield name, client


def ask(clients: dict[str, Client], site: Site, address: Address, method: str) -> dict[str, int]:
    """Ask an address of the own project as everybody, all of it taken back; return the answers."""
    kwargs = dict(site.objects(address)).get("own" if address.parts else "-")
    if kwargs is None:
        return {}
    path, answers = site.path(address, kwargs), {}
    data = SENT[address.name](site, "own") if method == "post" and address.name in SENT else {}
    for name, client in clients.items():
        cookies = client.cookies.copy()
        answers[name] = int(getattr(client, method)(path, data).status_code)
        client.cookies = cookies
    empty_cache()
    return answers


@pytest.mark.parametrize("share", range(SHARES))
def test_no_address_changes_it(share, before, archive, cast, subtests):
    """Held against the same project before its end, so that what is sent here would have changed something."""
    clients, addresses_ = dict(signed_in(cast)), OURS[share::SHARES]
    live = record_of(before.own)
    moved = {address.name for address in addresses_ if _changes(clients, before, address, live)}
    assert len(moved) >= LEAST_MOVED
    site = archive()
    record = record_of(site.own)
    for address in addresses_:
        with subtests.test(address.name):
            assert _changes(clients, site, address, record) == {}


#: So many addresses of a share change a project that is not complete, at least: about one in four that takes a POST.
LEAST_MOVED = 8


def _changes(clients: dict[str, Client], site: Site, address: Address, record: dict[str, list[Any]]) -> dict[str, Any]:
    """Return what of the own project's record a POST changes; all of it is taken back. Where no row of any table of the record
    was written there is nothing to compare."""
    written: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if not sql.lstrip().upper().startswith(READS):
            written.append(sql)
        return execute(sql, *rest)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            ask(clients, site, address, "post")
        found = changed(record, record_of(site.own)) if any(not BESIDES.search(sql) for sql in written) else {}
        transaction.set_rollback(True)
    return found


#: Statements that write nothing, and what every request may write: sessions, and how often something was tried.
READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
BESIDES = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM) "?(django_session|accounts_shared_cache)\b', re.IGNORECASE)


@pytest.mark.parametrize("share", range(SHARES))
def test_every_page_is_read_as_before(share, before, archive, cast, subtests):
    clients = dict(signed_in(cast))
    pages = [address for address in OURS[share::SHARES] if "code" in address.parts]
    seen: dict[str, dict[str, int]] = {}
    for address in pages:
        with transaction.atomic():
            seen[address.name] = ask(clients, before, address, "get")
            transaction.set_rollback(True)
    site = archive()
    for address in pages:
        with subtests.test(address.name), transaction.atomic():
            now = ask(clients, site, address, "get")
            lost = {
                name: (seen[address.name][name], status)
                for name, status in now.items()
                if seen[address.name][name] == 200 != status
            }
            assert lost == LOST.get(address.name, {})
            transaction.set_rollback(True)


#: Pages that have nothing to show any more after the end, with what they answer instead.
LOST: dict[str, dict[str, tuple[int, int]]] = {}


# -- Admin, commands, tasks --------------------------------------------------------------------------------------------------


def test_no_page_of_the_admin_changes_it(archive, cast, subtests):
    site, client = archive(), Client(raise_request_exception=False)
    client.force_login(cast.adele)
    before = record_of(site.own)
    for model in [Project, *of_projects()]:
        if model not in admin_site._registry:
            continue
        named = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._base_manager.filter(**{"pk" if model is Project else "project": site.own.pk}).first()
        if row is None:
            continue
        with subtests.test(model.__name__), transaction.atomic():
            for name, args in (("change", [row.pk]), ("delete", [row.pk])):
                answer = client.post(reverse(f"{named}_{name}", args=args), {"post": "yes", "name": "x", "title": "x"})
                assert answer.status_code < 500
            client.post(
                reverse(f"{named}_changelist"),
                {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
            )
            assert changed(before, record_of(site.own)) == {}
            transaction.set_rollback(True)


COMMANDS: dict[str, tuple[str, ...]] = {
    "move": ("{code}", "reopen", "--by", "adele@example.org", "--note", "x"),
    "recount": (),
    "sweep": (),
    "project_status": ("{code}",),
    "verify_evidence": (),
}


def test_no_command_changes_it(archive, cast, subtests):
    site = archive()
    before = record_of(site.own)
    for name, arguments in COMMANDS.items():
        with subtests.test(name), transaction.atomic():
            given, out = [one.format(code=site.own.code) for one in arguments], io.StringIO()
            with suppress(SystemExit, CommandError):  # refused in its own way; what counts is what is left behind
                call_command(name, *given, stdout=out, stderr=out)
            assert changed(before, record_of(site.own)) == {}
            transaction.set_rollback(True)


def tasks() -> list[str]:
    rooms = {config.name for config in apps.get_app_configs()}
    return sorted(name for name in celery.tasks if name.partition(".")[0] in rooms and not name.startswith("celery"))


#: Tasks that are told what to do: those that take none are run as the clock runs them.
OF_ONE_ROW = {
    "accounts.tasks.send_mail", "reminders.tasks.send_hook_post", "handoff.package.bell.build_package", "config.tasks.ping",
}  # fmt: skip


@pytest.mark.parametrize("days", [1, 120, 800])
def test_no_task_changes_it_however_late(archive, days, subtests):
    celery.loader.import_default_modules()
    site = archive()
    before, clock = record_of(site.own), [name for name in tasks() if name not in OF_ONE_ROW]
    assert len(clock) >= 6
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=days), tick=False):
        for name in clock:
            with subtests.test(name), transaction.atomic():
                celery.tasks[name]()
                assert changed(before, record_of(site.own)) == {}
                transaction.set_rollback(True)
