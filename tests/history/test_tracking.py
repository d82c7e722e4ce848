"""Every tracked model, by every door that writes it: exactly one row of history for each row that changed, with its stamp."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection, models, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from handoff.models import (
    IntakeKey,
    Package,
    PaymentDay,
    PhaseLink,
    ProductionCase,
    Projection,
    SummaryEntry,
    SupportPeriod,
)
from handoff.phased.cases import add_case as add_production_case
from handoff.phased.keys import make_key
from handoff.phased.linking import link_phases
from handoff.summary.filling import set_field
from history.context import Origin, acting, named
from history.stamps import Stamped
from history.tracking import HistoryIsFinal, HistoryRow, RowsUnknown, columns, fields_of, history_of, is_tracked
from meetings.models import AgendaItem, Attendance, MeetingAction, Occurrence, Series, SeriesAttendee
from meetings.series import make_series
from playbook.models import Playbook, Role, Step, StepRole, Version
from playbook.services import new_draft, set_letters
from projects.models import (
    Biller,
    CoreSystem,
    CoreSystemProduct,
    Document,
    DocumentSection,
    LiveCustomer,
    Partner,
    Project,
    ProjectPlaybook,
    ProjectStep,
    Seat,
)  # fmt: skip
from projects.team import fill_seat
from raci.letters import Raci
from records.models import Comment, RaidItem, RaidLink
from records.raid import link_item, raise_item
from records.talk import post_comment
from tests.cast import KICKOFF, move
from workbook.models import Case, Defect, ExitCriteria, Run, Suite
from workbook.runs import record_result, start_run

pytestmark = pytest.mark.django_db

TRACKED = sorted((model for model in apps.get_models() if is_tracked(model)), key=lambda model: model.__name__)
#: For each model a field that may be written by the plain doors, and what it becomes.
CHANGES: dict[type[models.Model], tuple[str, Any]] = {
    AgendaItem: ("note", "Once more"),
    Attendance: ("presence", "absent"),
    Biller: ("name", "Halden Water"),
    Case: ("title", "Another title"),
    Comment: ("visible", True),
    CoreSystem: ("partner", "Tyndall Systems"),
    CoreSystemProduct: ("stage", "released"),
    Defect: ("severity", 3),
    Document: ("visible_to_customer", True),
    DocumentSection: ("title", "Another title"),
    ExitCriteria: ("share_passed", 95),
    LiveCustomer: ("since", dt.date(2024, 2, 29)),
    Occurrence: ("place", "Room 1"),
    MeetingAction: ("text", "Draw it twice"),
    IntakeKey: ("intake", "payments"),
    Package: ("number", 9),
    PaymentDay: ("payments", 7),
    PhaseLink: ("follows", None),  # to be a third project of the biller
    ProductionCase: ("severity", 3),
    Projection: ("source", "Another order"),
    SummaryEntry: ("value", "Posted nightly."),
    SupportPeriod: ("support", "Another name"),
    Partner: ("name", "Another name"),
    Playbook: ("title", "Another title"),
    Project: ("name", "Marrow County Tax, second try"),
    ProjectPlaybook: ("version", None),  # to be another version, made for the purpose
    ProjectStep: ("due", dt.date(2027, 1, 5)),
    RaidItem: ("title", "Another title"),
    RaidLink: ("step", None),  # to be another step of the project
    Role: ("name", "Another name"),
    Run: ("build", "2.0"),
    Seat: ("person", None),
    Series: ("title", "Another title"),
    SeriesAttendee: ("person", None),  # to be somebody else
    Step: ("title", "Another title"),
    StepRole: ("position", 7),
    Suite: ("title", "Another title"),
    User: ("name", "Sofia Reyes-Berg"),
    Version: ("change_note", "Another note"),
}


def test_what_is_tracked() -> None:
    assert [model.__name__ for model in TRACKED] == sorted(model.__name__ for model in CHANGES)
    assert {model.__name__ for model in apps.get_models() if issubclass(model, Stamped)} == {
        "TransitionRecord",
        "Approval",
        "BillerMrr",
        "Waiver",
        "DateChange",
        "CommentAnswer",
        "CommentVersion",
        "Delegation",
        "MeetingDecision",
        "Mention",
        "DocumentVersion",
        "RaidReview",
        "StoredFile",
        "StatusUpdate",
        "Result",
        "ResultFile",
        "RunCase",
        "RunSignOff",
        "AnomalyWord",
        "CaseEscalation",
        "CaseNote",
        "CaseReview",
        "GapSettlement",
        "PackageGap",
        "PhasedAnswer",
        "SummaryAcceptance",
        "SupportTurn",
        "TierBand",
        "TierDecision",
        "TierTable",
    }


def test_no_secret_and_no_state_is_kept() -> None:
    assert {"password", "last_login"} & set(columns(User)) == set()
    assert {"phase", "standing", "revision", "steps_done", "next_due", "next_template_id"} & set(
        columns(Project)
    ) == set()
    assert {"status", "reason", "owner_id", "until", "revision"} & set(columns(ProjectStep)) == set()


@pytest.fixture
def rows(cast: SimpleNamespace, make_project: Callable[..., Project]) -> dict[type[models.Model], Any]:
    """One row of each tracked model, as people have made them: a project, and a draft of its playbook."""
    project = make_project(core_system="Tyndall")
    draft = new_draft(project.versions.get(), by=cast.adele)
    other = Version.objects.exclude(playbook=draft.playbook).filter(status="published").first()
    CHANGES[ProjectPlaybook] = ("version", other)
    first, second = project.steps.order_by("pk")[:2]
    CHANGES[RaidLink] = ("step", second)
    item = raise_item(project, "risk", title="The file is late", by=cast.priya)
    suite = Suite.objects.create(project=project, kind="sit", title="Invoices")
    case = Case.objects.create(project=project, suite=suite, number=1, title="An invoice arrives")
    run = start_run(project, "sit", build="1.0", environment="Test", by=cast.priya)
    result = record_result(run.cases.get(), "failed", note="It does not.", by=cast.priya)
    defect = Defect(project=project, result=result, title="No invoice", severity=2, opened_by=cast.priya)
    defect.save()
    series = make_series(
        "other", by=cast.priya, project=project, title="Talk", starts_on=dt.date(2027, 1, 5), starts_at=dt.time(9), minutes=30,
        days=[dt.date(2027, 1, 5)], attendees=[cast.sofia],
    )  # fmt: skip
    meeting = series.occurrences.get()
    point = AgendaItem.objects.create(occurrence=meeting, project=project, title="Budget")
    presence = Attendance.objects.create(occurrence=meeting, project=project, person=cast.sofia, presence="attended")
    action = MeetingAction(
        occurrence=meeting, project=project, text="Draw it", owner=cast.sofia, due=KICKOFF, made_by=cast.priya
    )
    action.save()
    document = project.documents.create(slug="scope-plan", title="Scope plan")
    CHANGES[SeriesAttendee] = ("person", cast.arun)
    package = Package.objects.create(project=project, number=1, requested_by=cast.priya)
    paid = PaymentDay.objects.create(project=project, day=KICKOFF, payments=4, amount=10, by=cast.priya)
    projection = Projection.objects.create(project=project, since=KICKOFF, payments=40, by=cast.priya)
    period = SupportPeriod(
        project=project, number=1, support="Transition Success", starts_on=KICKOFF, days=90,
        planned_end=KICKOFF + dt.timedelta(days=90),
    )  # fmt: skip
    period.save()
    later, third = (make_project(biller=project.biller.name, code=project.biller.code) for _ in range(2))
    CHANGES[PhaseLink] = ("follows", third)
    link = link_phases(project, later, by=cast.priya)
    case_at_work = add_production_case(
        project, by=cast.priya, external_id="C-1", title="Late", severity=2, opened_on=KICKOFF
    )
    return {
        IntakeKey: make_key(project, "cases", by=cast.priya).key,
        Package: package,
        PaymentDay: paid,
        PhaseLink: link,
        ProductionCase: case_at_work,
        Projection: projection,
        SummaryEntry: set_field(project, "payments", revision=0, by=cast.priya, value="x"),
        SupportPeriod: period,
        AgendaItem: point,
        Attendance: presence,
        Biller: project.biller,
        Case: case,
        Comment: post_comment(project, "project", project.pk, "Look", by=cast.sofia).comment,
        CoreSystem: project.core_system,
        CoreSystemProduct: CoreSystemProduct.objects.create(core_system=project.core_system, product="payments"),
        Defect: defect,
        Document: document,
        DocumentSection: project.document_sections.create(document=document, title="Scope plan"),
        ExitCriteria: ExitCriteria.objects.create(project=project, kind="sit"),
        MeetingAction: action,
        LiveCustomer: LiveCustomer.objects.create(core_system=project.core_system, biller=project.biller),
        Occurrence: meeting,
        Partner: Partner.objects.create(name="Tyndall Systems"),
        Playbook: draft.playbook,
        Project: project,
        ProjectPlaybook: project.pins.get(),
        ProjectStep: project.steps.first(),
        RaidItem: item,
        RaidLink: link_item(item, step_id=first.pk, by=cast.priya),
        Role: draft.roles.first(),
        Run: run,
        Seat: project.seats.exclude(person=None).first(),
        Series: series,
        SeriesAttendee: series.attendees.get(),
        Step: draft.steps.first(),
        StepRole: StepRole.objects.filter(step__version=draft).first(),
        Suite: suite,
        User: cast.sofia,
        Version: draft,
    }  # fmt: skip


def afresh(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def save(row: Any, field: str, value: Any) -> None:
    setattr(row, field, value)
    row.save()


def save_field(row: Any, field: str, value: Any) -> None:
    setattr(row, field, value)
    row.save(update_fields=[field])


def deferred(row: Any, field: str, value: Any) -> None:
    few = type(row)._default_manager.only("pk", *(["version"] if isinstance(row, Role | Step) else [])).get(pk=row.pk)
    setattr(few, field, value)
    few.save(update_fields=[field])


def bulk_update(row: Any, field: str, value: Any) -> None:
    setattr(row, field, value)
    type(row)._default_manager.bulk_update([row], [field])


DOORS: dict[str, Callable[[Any, str, Any], Any]] = {
    "save": save,
    "save of the field": save_field,
    "save of a row of which little was read": deferred,
    "update": lambda row, field, value: type(row)._default_manager.filter(pk=row.pk).update(**{field: value}),
    "update by its column": lambda row, field, value: (
        type(row)
        ._default_manager.filter(pk=row.pk)
        .update(**{type(row)._meta.get_field(field).attname: getattr(value, "pk", value)})
    ),
    "base manager": lambda row, field, value: type(row)._base_manager.filter(pk=row.pk).update(**{field: value}),
    "bulk_update": bulk_update,
    "update_or_create": lambda row, field, value: type(row)._default_manager.update_or_create(
        pk=row.pk, defaults={field: value}
    ),
}


def test_a_change_leaves_one_row_by_whichever_door(cast, rows, subtests):
    for door, (model, row) in product(DOORS, rows.items()):
        field, value = CHANGES[model]
        column = model._meta.get_field(field).attname
        with subtests.test(door=door, model=model.__name__), transaction.atomic():
            was = getattr(afresh(row), column)
            before = history_of(model).objects.count()
            with acting(origin=Origin.ADMIN, by=cast.adele) as act:
                DOORS[door](afresh(row), field, value)
            assert history_of(model).objects.count() == before + 1
            kept = history_of(model).objects.order_by("-history_id").first()
            assert (kept.history_type, kept.id, kept.history_user_id) == ("~", row.pk, cast.adele.pk)
            assert (kept.origin, kept.batch) == ("admin", act.batch)
            encoded = was.isoformat() if isinstance(was, dt.date) else was
            assert kept.before == {column: encoded}
            assert getattr(kept, column) == getattr(afresh(row), column) != was
            transaction.set_rollback(True)


def test_what_changes_nothing_leaves_nothing(rows, subtests):
    for door, (model, row) in product(DOORS, rows.items()):
        field, _ = CHANGES[model]
        with subtests.test(door=door, model=model.__name__):
            before = history_of(model).objects.count()
            DOORS[door](afresh(row), field, getattr(afresh(row), field))
            assert history_of(model).objects.count() == before


def births(cast: SimpleNamespace, rows: dict[type[models.Model], Any]) -> Iterator[Any]:
    draft, project = rows[Version], rows[Project]
    yield lambda: Biller(name="Halden", code="HLD")
    yield lambda: CoreSystem(name="Orion")
    yield lambda: Playbook(slug="another", title="Another")
    yield lambda: Role(version=draft, code="ZZ", name="Another")
    yield lambda: Step(version=draft, key="design.another", number=900, phase="design", title="Another")
    yield lambda: StepRole(step=rows[Step], role=draft.roles.last(), letter="I")
    yield lambda: User(email="new@example.org", name="New Person")
    yield lambda: Version(playbook=draft.playbook, number=90, title="x")
    yield lambda: ProjectPlaybook(project=project, version=CHANGES[ProjectPlaybook][1])
    yield lambda: Seat(project=project, role=CHANGES[ProjectPlaybook][1].roles.first())
    yield lambda: ProjectStep(project=project, template=CHANGES[ProjectPlaybook][1].steps.first())


def test_a_birth_leaves_one_row(cast, rows, subtests):
    for door, make in product(("save", "bulk_create", "a key of one’s own"), list(births(cast, rows))):
        new = make()
        model = type(new)
        with subtests.test(door=door, model=model.__name__), transaction.atomic():
            if model is StepRole:
                StepRole.objects.filter(step=new.step, role=new.role, letter="I").delete()
            before = set(history_of(model).objects.values_list("pk", flat=True))
            with acting(origin=Origin.COMMAND, by=cast.priya) as act:
                if door == "bulk_create":
                    model._default_manager.bulk_create([new])
                elif door == "save":
                    new.save()
                else:
                    new.pk = 1_000_000
                    new.save()
            (kept,) = history_of(model).objects.exclude(pk__in=before)
            assert (kept.history_type, kept.id, kept.before) == ("+", new.pk, {})
            assert (kept.history_user_id, kept.origin, kept.batch) == (cast.priya.pk, "command", act.batch)
            assert {name: getattr(kept, name) for name in columns(model)} == {
                name: fields_of(model)[name].to_python(getattr(afresh(new), name)) for name in columns(model)
            }
            transaction.set_rollback(True)


def test_a_deletion_leaves_one_row_for_each_that_goes(cast, rows):
    draft, step = rows[Version], rows[Step]
    letters = StepRole.objects.filter(step=step).count()
    assert letters > 0
    with acting(by=cast.adele):
        Step.objects.filter(pk=step.pk).delete()
    assert StepRole.history.filter(history_type="-", step_id=step.pk).count() == letters
    (gone,) = Step.history.filter(history_type="-")
    assert (gone.id, gone.title, gone.history_user) == (step.pk, step.title, cast.adele)

    left, number = draft.steps.count(), draft.pk
    draft.delete()
    assert Step.history.filter(history_type="-", version_id=number).count() == left + 1
    assert Version.history.get(history_type="-").id == number


def test_related_managers_write_history_too(cast, rows):
    seat, project = rows[Seat], rows[Project]
    CoreSystem.objects.create(name="Orion").projects.add(project)
    assert list(Project.history.filter(id=project.pk).values_list("history_type", flat=True)) == ["~", "+"]
    held_by = seat.person_id
    cast.mallory.seats.add(seat)
    assert Seat.history.filter(id=seat.pk).first().before == {"person_id": held_by}
    cast.mallory.seats.clear()
    assert Seat.history.filter(id=seat.pk).first().before == {"person_id": cast.mallory.pk}


def test_a_fixture_writes_history_too(rows):
    text = serializers.serialize("json", [rows[Biller]]).replace("Marrow County Tax", "Halden Water")
    for row in serializers.deserialize("json", text):
        row.save()
    assert Biller.history.first().before == {"name": "Marrow County Tax"}


def test_rows_are_not_written_over_by_new_ones():
    for model in (Biller, CoreSystem, Playbook, User):
        for how in ({"ignore_conflicts": True}, {"update_conflicts": True, "update_fields": ["name"]}):
            with pytest.raises(RowsUnknown):
                model._default_manager.bulk_create([], **how)


def test_an_expression_is_kept_as_what_it_came_to(rows):
    step = rows[Step]
    step.duration_days = models.F("duration_days") + 3
    step.save()
    kept = Step.history.first()
    assert (kept.before, kept.duration_days) == (
        {"duration_days": kept.duration_days - 3},
        afresh(step).duration_days,
    )


def test_a_stale_copy_that_overwrites_is_told_as_what_it_did(cast):
    stale = afresh(cast.sofia)
    User.objects.filter(pk=cast.sofia.pk).update(name="Sofia Berg")
    stale.save()
    assert User.history.filter(id=cast.sofia.pk).first().before == {"name": "Sofia Berg"}


def test_signing_in_and_a_new_password_leave_nothing(client, cast):
    before = User.history.count()
    client.force_login(cast.sofia)
    cast.sofia.set_password("another horse battery staple")
    cast.sofia.save()
    assert User.history.count() == before


def test_a_move_writes_no_history_beside_its_record(cast, make_project):
    project = make_project()
    before = Project.history.count(), ProjectStep.history.count()
    move(project, "discovery.invoicing", "start", cast.sofia)
    assert (Project.history.count(), ProjectStep.history.count()) == before


def test_a_bulk_write_costs_the_same_for_many_rows(rows):
    def queries(number: int) -> int:
        keys = list(ProjectStep.objects.order_by("pk").values_list("pk", flat=True)[:number])
        with CaptureQueriesContext(
            connection,
        ) as caught:
            ProjectStep.objects.filter(pk__in=keys).update(due=dt.date(2027, 1, number))
        return len(caught)

    assert queries(2) == queries(31)
    assert ProjectStep.history.filter(history_type="~").count() == 2 + 31


def test_a_seat_that_is_filled_bears_the_name_of_who_filled_it(cast, make_project):
    project = make_project()
    seat = project.seats.get(role__code="SE")
    fill_seat(project, seat.pk, cast.dele, by=cast.ivan)
    kept = Seat.history.first()
    assert (kept.history_user, kept.before, kept.person) == (cast.ivan, {"person_id": cast.sofia.pk}, cast.dele)


def test_letters_that_are_set_leave_a_row_each(rows):
    step = rows[Step]
    had = StepRole.objects.filter(step=step).count()
    before = StepRole.history.count()
    set_letters(step, Raci.from_dict({"R": ["SE"], "A": ["PM"], "C": [], "I": []}))
    assert StepRole.history.count() == before + had + 2


# -- Final ----------------------------------------------------------------------------------------------------------------


def overwrite(row: HistoryRow) -> None:
    row.origin = "page"
    row.save()


def again(row: HistoryRow) -> None:
    type(row)(history_id=row.pk, history_date=row.history_date, history_type="~", batch=uuid.uuid4(), origin="x").save()


REFUSED: dict[str, Callable[[Any], Any]] = {
    "save": overwrite,
    "delete": lambda row: row.delete(),
    "update": lambda row: type(row).objects.update(origin="page"),
    "base manager": lambda row: type(row)._base_manager.filter(pk=row.pk).update(origin="page"),
    "bulk_update": lambda row: type(row).objects.bulk_update([row], ["origin"]),
    "delete of many": lambda row: type(row).objects.all().delete(),
    "the library's manager": lambda row: Biller.history.all().delete(),
    "update_conflicts": lambda row: type(row).objects.bulk_create(
        [row], update_conflicts=True, update_fields=["origin"], unique_fields=["history_id"]
    ),
    "fixture": lambda row: [
        found.save() for found in serializers.deserialize("json", serializers.serialize("json", [row]))
    ],
}


@pytest.mark.parametrize("door", REFUSED)
def test_history_is_final(door):
    Biller.objects.create(name="Halden", code="HLD")
    with pytest.raises(HistoryIsFinal), transaction.atomic():
        REFUSED[door](Biller.history.get())
    assert list(Biller.history.values_list("origin", flat=True)) == ["shell"]


def test_a_row_under_the_key_of_another_is_refused():
    Biller.objects.create(name="Halden", code="HLD")
    with pytest.raises(IntegrityError), transaction.atomic():
        again(Biller.history.get())


def test_history_holds_nobody_back_who_is_deleted():
    person = User.objects.create_user("new@example.org", "New Person")
    with acting(by=person):
        Biller.objects.create(name="Halden", code="HLD")
    number = person.pk
    person.delete()
    kept = Biller.history.get()
    assert (kept.history_user_id, kept.name) == (number, "Halden")
    assert User.history.filter(id=number).values_list("history_type", flat=True)[0] == "-"


@pytest.mark.postgres
def test_postgresql_refuses_whoever_comes_with_sql_of_their_own(cast, make_project, subtests):
    project = make_project()
    fill_seat(project, project.seats.get(role__code="SE").pk, cast.dele, by=cast.priya)
    final = [history_of(model) for model in TRACKED] + [m for m in apps.get_models() if issubclass(m, Stamped)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_object_table, count(*) FROM information_schema.triggers WHERE trigger_name = 'append_only' GROUP BY 1"
        )
        assert dict(cursor.fetchall()) == {model._meta.db_table: 2 for model in final}
        for model in final:
            if not model._base_manager.exists():
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            for sql in (f"UPDATE {table} SET origin = 'page'", f"DELETE FROM {table}"):  # noqa: S608
                with subtests.test(sql=sql), pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
                    cursor.execute(sql)


# -- The act --------------------------------------------------------------------------------------------------------------


def test_an_act_within_another_shares_its_batch(cast):
    with acting(origin=Origin.PAGE, by=cast.priya) as outer, acting(origin=Origin.TASK) as inner:
        assert (inner.batch, inner.origin, inner.actor_id) == (outer.batch, "task", cast.priya.pk)


def test_a_service_names_its_person_and_its_moment(cast):
    moment = dt.datetime(2026, 11, 2, 15, tzinfo=dt.UTC)

    @named
    def rename(biller: Biller, name: str, *, by: User | None, now: dt.datetime | None = None) -> None:
        biller.name = name
        biller.save()

    with acting(by=cast.priya):
        biller = Biller.objects.create(name="Halden", code="HLD")
        rename(biller, "Halden Water", by=cast.ivan, now=moment)
        rename(biller, "Halden", by=None)
    kept = Biller.history.order_by("history_id").values_list("history_user_id", flat=True)
    assert list(kept) == [cast.priya.pk, cast.ivan.pk, cast.priya.pk]
    assert Biller.history.get(name="Halden Water").history_date == moment
