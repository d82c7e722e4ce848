"""A completed project is archived: by every door there is, nothing in it changes any more."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.sites import site
from django.core import serializers
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError
from django.urls import reverse
from django_fsm import ConcurrentTransition

from projects.dates import move_due_date, move_target_go_live
from projects.delegation import delegate
from projects.documents import add_version, set_visible
from projects.models import (
    Approval,
    Biller,
    BillerMrr,
    CoreSystem,
    CoreSystemProduct,
    DateChange,
    Delegation,
    Document,
    DocumentSection,
    DocumentVersion,
    LiveCustomer,
    Partner,
    Project,
    ProjectPlaybook,
    ProjectStep,
    Seat,
    Waiver,
)  # fmt: skip
from projects.models.archive import DecisionIsFinal, RowsStay
from projects.recount import recount
from projects.signoff import statement
from projects.team import fill_seat, name_on_step
from projects.waivers import waive
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, everything, publish, started
from transitions.blockers import Archived, MoveRefused
from transitions.machine import StateGuarded
from transitions.moves import perform

pytestmark = pytest.mark.django_db

DAY = dt.date(2027, 1, 4)


@pytest.fixture(autouse=True)
def who(cast: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """OLD-1, complete, with something in every table; MRW-1, active, on the same playbook."""
    version = publish(
        a_step(1),
        a_step(2, approval="architect_review", documents=("sit-workbook",)),
        a_step(3, applies="if_applicable"),
    )
    old, live = started(cast, version, biller_name="Old", biller_code="OLD"), started(cast, version)
    for project in (old, live):
        waive_one(project, cast)
        move_due_date(step_of(project, "design.step-1"), DAY, by=cast.priya)
        move_target_go_live(project, dt.date(2027, 4, 1), by=cast.priya)
        name_on_step(step_of(project, "design.step-2"), "R", cast.arun, by=cast.priya)
        for person, key, name in (
            (cast.sofia, "design.step-1", "start"),
            (cast.sofia, "design.step-1", "complete"),
            (cast.arun, "design.step-2", "start"),
            (cast.arun, "design.step-2", "submit"),
        ):
            move(project, key, name, person)
        delegate(step_of(project, "design.step-2"), by=cast.ingrid, to=cast.tess, reason="On leave")
        add_version(project, "sit-workbook", by=cast.priya, link="https://files.example/1")
        move(project, "design.step-2", "approve", cast.ingrid)
    move(old, "design.step-3", "mark_not_applicable", cast.sofia, note="No mobile app")
    perform(old, "complete", by=cast.priya)
    cast.other = publish(a_step(1), slug="other")
    before = everything()
    yield cast
    assert everything() == before


def waive_one(project: Project, cast: SimpleNamespace) -> None:
    today = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
    details = {"code": "step-open", "subject": "made-up/design.step-1", "expires": dt.date(2026, 12, 1)}
    waive(project, **details, by=cast.priya, reason="The biller insists", now=today)


def old() -> Project:
    return Project.objects.get(code="OLD-1")


def live() -> Project:
    return Project.objects.get(code="MRW-1")


def a_seat_of(project: Project) -> Seat:
    return project.seats.get(role__code="SE")


def edited(row: Any, **changes: Any) -> Any:
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def again(row: Any, **changes: Any) -> Any:
    """A row that was never read, with the values of one that is there; states are the first ones."""
    states = getattr(row, "state_names", tuple)()
    fields = [field.attname for field in row._meta.concrete_fields if field.name not in states]
    return type(row)(**{name: getattr(row, name) for name in fields} | changes)


def from_fixture(row: Any) -> None:
    """As `loaddata` does it."""
    for item in serializers.deserialize("json", serializers.serialize("json", [row])):
        item.save()


def a_decision(model: type[Any], project: Project, **changes: Any) -> Any:
    """One more row of what was decided, as the project's first one."""
    return again(model.objects.filter(project=project).first(), pk=None, id=None, **changes)


#: Whatever says no. Which of them it is depends on which of several walls a door runs into first.
SHUT = (
    *(
        Archived,
        MoveRefused,
        StateGuarded,
        DecisionIsFinal,
        ConcurrentTransition,
        AttributeError,
        PermissionDenied,
        RowsStay,
    ),
    *(ProtectedError, DeserializationError, IntegrityError),
)

Door = Callable[[SimpleNamespace], object]

MOVES: dict[str, Door] = {
    **{
        f"perform {spec.name}": lambda who, name=spec.name: perform(
            old(), name, by=who.priya, note="x", **({"phase": "design"} if name == "return_to" else {})
        )
        for spec in Project.MOVES
    },
    **{
        f"perform {spec.name} of a step": lambda who, spec=spec: perform(
            step_of(old(), "design.step-1"), spec.name, by=who.ingrid, note="x",
            **({"owner": who.bo, "until": dt.date(2030, 1, 1)} if "owner" in spec.details else {}),
        )
        for spec in ProjectStep.MOVES
    },
    "an administrator": lambda who: perform(old(), "hold", by=who.adele, note="x"),
    "an administrator on a step": lambda who: perform(
        step_of(old(), "design.step-3"), "reopen", by=who.adele, note="x"
    ),
}  # fmt: skip

SERVICES: dict[str, Door] = {
    "fill_seat": lambda who: fill_seat(old(), a_seat_of(old()).pk, who.dele, by=who.priya),
    "fill_seat with nobody": lambda who: fill_seat(old(), a_seat_of(old()).pk, None, by=who.adele),
    "name_on_step": lambda who: name_on_step(step_of(old(), "design.step-1"), "A", who.dele, by=who.priya),
    "move_due_date": lambda who: move_due_date(step_of(old(), "design.step-1"), DAY + dt.timedelta(7), by=who.priya),
    "move_target_go_live": lambda who: move_target_go_live(old(), dt.date(2028, 1, 3), by=who.priya),
    "waive": lambda who: waive_one(old(), who),
    "add_version": lambda who: add_version(old(), "sit-workbook", by=who.priya, link="https://files.example/2"),
    "set_visible": lambda who: set_visible(old(), "sit-workbook", True, by=who.adele),
}

ROWS: dict[str, Door] = {
    # One by one.
    "project.save": lambda who: edited(old(), name="x").save(),
    "project.save one field": lambda who: edited(old(), name="x").save(update_fields=["name"]),
    "project.save_base": lambda who: edited(old(), name="x").save_base(),
    "project.save, read in part": lambda who: edited(Project.objects.only("name").get(code="OLD-1"), name="x").save(),
    "project.save, standing unread": lambda who: edited(
        Project.objects.defer("standing").get(code="OLD-1"), name="x"
    ).save(),
    "project.save, standing unread and set": lambda who: edited(
        Project.objects.defer("standing").get(code="OLD-1"), standing="active"
    ).save(),
    "project under its key": lambda who: again(old(), name="x").save(),
    "project.delete": lambda who: old().delete(),
    "step.save": lambda who: edited(step_of(old(), "design.step-1"), due=DAY + dt.timedelta(1)).save(),
    "step.save one field": lambda who: edited(step_of(old(), "design.step-1"), due=None).save(update_fields=["due"]),
    "step.save_base": lambda who: edited(step_of(old(), "design.step-1"), due=None).save_base(),
    "step handed to a live project": lambda who: edited(step_of(old(), "design.step-1"), project=live()).save(),
    "step taken from a live project": lambda who: edited(
        step_of(live(), "design.step-1"), project=old(), template=who.other.steps.get()
    ).save(),
    "step under its key": lambda who: again(step_of(old(), "design.step-1"), due=None).save(),
    "new step": lambda who: ProjectStep(project=old(), template=who.other.steps.get()).save(),
    "new step of its own": lambda who: old().steps.create(template=who.other.steps.get()),
    "step.delete": lambda who: step_of(old(), "design.step-1").delete(),
    "seat.save": lambda who: edited(a_seat_of(old()), person=who.dele).save(),
    "seat.save_base": lambda who: edited(a_seat_of(old()), person=who.dele).save_base(),
    "seat handed to a live project": lambda who: edited(
        a_seat_of(old()), project=live(), role=who.other.roles.get(code="SE")
    ).save(),
    "seat taken from a live project": lambda who: edited(
        a_seat_of(live()), project=old(), role=who.other.roles.get(code="SE")
    ).save(),
    "seat under its key": lambda who: again(a_seat_of(old()), person=who.dele).save(),
    "new seat": lambda who: Seat(project=old(), role=who.other.roles.get(code="SE")).save(),
    "seat.delete": lambda who: a_seat_of(old()).delete(),
    "new waiver": lambda who: a_decision(Waiver, old()).save(),
    "new approval": lambda who: a_decision(Approval, old()).save(),
    "new delegation": lambda who: a_decision(Delegation, old()).save(),
    "new version": lambda who: a_decision(DocumentVersion, old(), number=9).save(),
    "new document": lambda who: Document(project=old(), slug="x", title="x").save(),
    "document.save": lambda who: edited(old().documents.get(), visible_to_customer=True).save(),
    "document handed to a live project": lambda who: edited(old().documents.get(), project=live(), slug="x").save(),
    "document.delete": lambda who: old().documents.get().delete(),
    "documents.update": lambda who: Document.objects.update(title="x"),
    "documents.delete": lambda who: old().documents.all().delete(),
    "new section": lambda who: DocumentSection(project=old(), document=old().documents.get(), slug="x").save(),
    "section.save": lambda who: edited(old().document_sections.get(), title="x").save(),
    "section handed to a live project": lambda who: edited(
        old().document_sections.get(), project=live(), slug="x"
    ).save(),
    "section.delete": lambda who: old().document_sections.get().delete(),
    "section.perform": lambda who: perform(old().document_sections.get(), "hand_in_section", by=who.priya),
    "sections.update": lambda who: DocumentSection.objects.update(title="x"),
    "version.save": lambda who: edited(old().document_versions.get(), link="https://files.example/3").save(),
    "versions.delete": lambda who: old().document_versions.all().delete(),
    "versions.bulk_create": lambda who: DocumentVersion.objects.bulk_create(
        [a_decision(DocumentVersion, old(), number=9)]
    ),
    "delegation.save": lambda who: edited(old().delegations.get(), to=who.dele).save(),
    "delegations.bulk_create": lambda who: Delegation.objects.bulk_create([a_decision(Delegation, old())]),
    "delegations.update": lambda who: old().delegations.update(to=who.dele),
    "new date change": lambda who: a_decision(DateChange, old()).save(),
    "waiver.save": lambda who: edited(old().waivers.get(), reason="x").save(),
    "approval.save": lambda who: edited(old().approvals.get(), note="x").save(),
    "date change.save": lambda who: edited(old().date_changes.first(), reason="x").save(),
    "waiver.delete": lambda who: old().waivers.get().delete(),
    "pin.save": lambda who: edited(old().pins.get(), version=who.other).save(),
    "pin.delete": lambda who: old().pins.get().delete(),
    "new pin": lambda who: ProjectPlaybook(project=old(), version=who.other).save(),
    "versions.add": lambda who: old().versions.add(who.other),
    "versions.set": lambda who: old().versions.set([who.other]),
    "versions.clear": lambda who: old().versions.clear(),
    "versions.remove": lambda who: old().versions.remove(old().versions.get()),
    # In bulk.
    "projects.update": lambda who: Project.objects.update(name="x"),
    "projects.filter.update": lambda who: Project.objects.filter(code="OLD-1").update(target_go_live=DAY),
    "projects.update by expression": lambda who: Project.objects.filter(code="OLD-1").update(mrr=F("id")),
    "projects.bulk_update": lambda who: Project.objects.bulk_update(
        [edited(live(), name="x"), edited(old(), name="x")], ["name"]
    ),
    "projects.update_or_create": lambda who: Project.objects.update_or_create(code="OLD-1", defaults={"name": "x"}),
    "projects.bulk_create over it": lambda who: Project.objects.bulk_create(
        [again(old(), name="x")], update_conflicts=True, update_fields=["name"], unique_fields=["id"]
    ),
    "projects' base manager": lambda who: Project._base_manager.update(name="x"),
    "the biller's projects": lambda who: old().biller.projects.update(name="x"),
    "projects handed over": lambda who: live().biller.projects.add(old()),
    "projects.delete": lambda who: Project.objects.filter(code="OLD-1").delete(),
    "steps.update": lambda who: ProjectStep.objects.update(due=DAY),
    "the project's steps.update": lambda who: old().steps.update(reason="x"),
    "steps.update of the project": lambda who: ProjectStep.objects.filter(project=live()).update(
        project=old(), template=who.other.steps.get()
    ),
    "steps.bulk_update": lambda who: ProjectStep.objects.bulk_update(
        [edited(step_of(old(), "design.step-1"), due=None)], ["due"]
    ),
    "steps.bulk_create": lambda who: ProjectStep.objects.bulk_create(
        [ProjectStep(project=old(), template=who.other.steps.get())]
    ),
    "steps.bulk_create over them": lambda who: ProjectStep.objects.bulk_create(
        [again(step_of(old(), "design.step-1"), due=None)], update_conflicts=True, update_fields=["due"],
        unique_fields=["id"],
    ),
    "steps' base manager": lambda who: ProjectStep._base_manager.update(due=DAY),
    "steps.add": lambda who: live().steps.add(step_of(old(), "design.step-1")),
    "steps.delete": lambda who: old().steps.all().delete(),
    "seats.update": lambda who: Seat.objects.update(person=None),
    "the project's seats.update": lambda who: old().seats.update(person=who.dele),
    "seats.update of the project": lambda who: Seat.objects.filter(project=live(), role__code="PM").update(
        project=old(), role=who.other.roles.get(code="PM")
    ),
    "seats.bulk_update": lambda who: Seat.objects.bulk_update([edited(a_seat_of(old()), person=None)], ["person"]),
    "seats.bulk_create": lambda who: Seat.objects.bulk_create(
        [Seat(project=old(), role=who.other.roles.get(code="SE"))]
    ),
    "seats.bulk_create over them": lambda who: Seat.objects.bulk_create(
        [again(a_seat_of(old()), person=None)], update_conflicts=True, update_fields=["person"], unique_fields=["id"]
    ),
    "seats' base manager": lambda who: Seat._base_manager.update(person=None),
    "seats.add": lambda who: live().seats.add(a_seat_of(old())),
    "a person's seats": lambda who: who.sofia.seats.update(person=who.dele),
    "a person's seats.clear": lambda who: who.sofia.seats.clear(),
    "a person's seats.remove": lambda who: who.sofia.seats.remove(a_seat_of(old())),
    "seats.delete": lambda who: old().seats.all().delete(),
    "waivers.bulk_create": lambda who: Waiver.objects.bulk_create([a_decision(Waiver, old())]),
    "approvals.bulk_create": lambda who: Approval.objects.bulk_create([a_decision(Approval, old())]),
    "date_changes.bulk_create": lambda who: DateChange.objects.bulk_create([a_decision(DateChange, old())]),
    "waivers.update": lambda who: old().waivers.update(expires=DAY),
    "waivers.delete": lambda who: old().waivers.all().delete(),
    "pins.update": lambda who: ProjectPlaybook.objects.update(version=who.other),
    "pins.delete": lambda who: old().pins.all().delete(),
    "pins.bulk_create": lambda who: ProjectPlaybook.objects.bulk_create(
        [ProjectPlaybook(project=old(), version=who.other)]
    ),
    # Fixtures.
    "project from a fixture": lambda who: from_fixture(again(old(), name="x")),
    "step from a fixture": lambda who: from_fixture(again(step_of(old(), "design.step-1"), due=None)),
    "new step from a fixture": lambda who: from_fixture(ProjectStep(project=old(), template=who.other.steps.get())),
    "seat from a fixture": lambda who: from_fixture(edited(a_seat_of(old()), person=who.dele)),
    "new seat from a fixture": lambda who: from_fixture(Seat(project=old(), role=who.other.roles.get(code="SE"))),
    "waiver from a fixture": lambda who: from_fixture(edited(old().waivers.get(), expires=DAY)),
    "approval from a fixture": lambda who: from_fixture(a_decision(Approval, old())),
    "date change from a fixture": lambda who: from_fixture(a_decision(DateChange, old())),
    "pin from a fixture": lambda who: from_fixture(edited(old().pins.get(), version=who.other)),
}  # fmt: skip


@pytest.mark.parametrize("doors", [MOVES, SERVICES, ROWS], ids=["moves", "services", "rows"])
def test_a_door_is_shut(doors, who, subtests):
    before = everything()
    for name, door in doors.items():
        with subtests.test(name), transaction.atomic():
            with pytest.raises(SHUT), transaction.atomic():
                door(who)
            assert everything() == before
            transaction.set_rollback(True)


@pytest.mark.parametrize("doors", [MOVES, SERVICES], ids=["moves", "services"])
def test_whoever_may_move_it_is_told_that_it_is_archived(doors, who, subtests):
    for name, door in doors.items():
        with subtests.test(name):
            if name in {"perform approve of a step", "perform reject of a step"}:
                continue  # Ingrid may, on the step that asks for a decision; this one does not
            with pytest.raises(Archived):
                door(who)


def test_the_totals_of_an_archived_project_are_reported_and_left(who):
    assert list(recount(Project.objects.filter(code="OLD-1"), write=True)) == []


def test_what_was_read_before_the_end_is_not_saved_after_it(who):
    with transaction.atomic():
        project, step, seat = live(), step_of(live(), "design.step-1"), a_seat_of(live())
        move(project, "design.step-3", "mark_not_applicable", who.sofia, note="No mobile app")
        perform(project, "complete", by=who.priya)
        before = everything()
        for row, change in ((project, {"name": "x"}), (step, {"due": None}), (seat, {"person": None})):
            with pytest.raises((Archived, ConcurrentTransition)), transaction.atomic():
                edited(row, **change).save()
        assert everything() == before
        transaction.set_rollback(True)


# -- The command and the pages --------------------------------------------------------------------


def test_the_move_command_is_refused(who):
    for arguments in (["hold", "--note", "x"], ["complete"], ["reopen", "--step", "design.step-1", "--note", "x"]):
        out = io.StringIO()
        with pytest.raises(SystemExit) as stopped:
            call_command("move", "OLD-1", *arguments, "--by", "priya@example.org", stdout=out)
        assert stopped.value.code == 1
        assert [blocker["code"] for blocker in json.loads(out.getvalue())["blockers"]] == ["archived"]


def posts(who: SimpleNamespace) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every page that changes something, and what is sent to it."""
    code, path, seat = "OLD-1", "made-up/design.step-1", a_seat_of(old()).pk
    revision, of_step = old().revision, step_of(old(), "design.step-1").revision
    return {
        "move": (reverse("move-project", args=[code]), {"move": "hold", "note": "x", "revision": revision}),
        "go-live": (
            reverse("move-go-live", args=[code]),
            {"target_go_live": "2028-01-03", "reason": "x", "revision": revision},
        ),
        "seat": (reverse("fill-seat", args=[code, seat]), {"person": who.dele.pk}),
        "waive": (
            reverse("waive", args=[code]),
            {"code": "step-open", "subject": path, "reason": "x", "expires": "2026-12-24"},
        ),
        "step": (reverse("move-step", args=[code, path]), {"move": "reopen", "note": "x", "revision": of_step}),
        "documents": (
            reverse("add-version", args=[code, "sit-workbook"]),
            {"link": "https://files.example/2"},
        ),
        "visible": (reverse("show-document", args=[code, "sit-workbook"]), {"visible": "on"}),
        "section": (reverse("move-section", args=[code, "sit-workbook"]), {"move": "hand_in_section", "revision": 1}),
        "due": (reverse("move-due", args=[code, path]), {"due": "2028-01-03", "revision": of_step}),
        "name": (
            reverse("name-on-step", args=[code, path]),
            {"letter": "R", "person": who.dele.pk, "revision": of_step},
        ),
    }


def test_the_page_of_a_decision_refuses_whoever_may_decide(client, who):
    client.force_login(who.ingrid)
    before, path = everything(), "made-up/design.step-2"

    shown = statement(step_of(old(), path), who.ingrid).text
    for act in ("approve", "reject", "excuse"):
        sent = {"act": act, "shown": shown, "note": "x"}
        assert client.post(reverse("decide", args=["OLD-1", path]), sent).status_code == 409
    assert client.post(reverse("delegate", args=["OLD-1", path]), {"to": who.dele.pk, "reason": "x"}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("person", ["priya", "adele"])
def test_every_page_that_changes_something_refuses(client, who, person, subtests):
    client.force_login(getattr(who, person))
    before = everything()

    for name, (address, data) in posts(who).items():
        with subtests.test(name):
            assert client.post(address, data).status_code == 409
            assert everything() == before


#: Reference data, which no project owns.
REGISTRY = (Biller, BillerMrr, CoreSystem, CoreSystemProduct, LiveCustomer, Partner)


def test_no_page_of_the_admin_changes_it(client, who, subtests):
    client.force_login(who.adele)
    shown = (Project, ProjectStep, Seat, Approval, Waiver, DateChange)
    assert {model for model in site._registry if model._meta.app_label == "projects"} == {*shown, *REGISTRY}
    before = everything()

    for model in shown:
        named = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model.objects.filter(**{"code" if model is Project else "project__code": "OLD-1"}).first()
        with subtests.test(model.__name__):
            changed = client.post(reverse(f"{named}_change", args=[row.pk]), {"name": "x", "_save": "Save"})
            assert changed.status_code == 403
            assert client.post(reverse(f"{named}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
            assert client.post(reverse(f"{named}_add"), {"name": "x"}).status_code == 403
            act = {"action": "delete_selected", admin.helpers.ACTION_CHECKBOX_NAME: [row.pk], "post": "yes"}
            client.post(reverse(f"{named}_changelist"), act)
            assert everything() == before
