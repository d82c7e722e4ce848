"""Nobody writes a state: every way round `perform()` that Django offers is tried, and leaves every row as it was."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value
from django_fsm import ConcurrentTransition

from projects.models import Project, ProjectStep
from projects.models.step import ProjectStepQuerySet
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, everything, publish, started
from transitions.machine import StateGuarded
from transitions.models import TransitionRecord
from transitions.moves import begin, bring_in, perform

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def projects(cast: Any) -> None:
    """MRW-1 in Design, its steps done, in progress and not started; MRW-2 on hold."""
    version = publish(a_step(1, "discovery"), a_step(2), a_step(3))
    first, second = started(cast, version), started(cast, version)
    for name in ("start", "complete"):
        move(first, "discovery.step-1", name, cast.sofia)
    perform(first, "advance", by=cast.priya)
    move(first, "design.step-2", "start", cast.sofia)
    perform(second, "hold", by=cast.priya, note="Budget")


def the_project() -> Project:
    return Project.objects.get(code="MRW-1")


def held() -> Project:
    return Project.objects.get(code="MRW-2")


def begun() -> ProjectStep:
    return step_of(the_project(), "design.step-2")


def fresh() -> ProjectStep:
    return step_of(the_project(), "design.step-3")


def forced(row: Any, **states: str) -> Any:
    """The row with states written past the descriptor."""
    row.__dict__.update(states)
    return row


def twin(row: Any, **changes: Any) -> Any:
    """A row that was never read, with the values of one that is there; its states are the first ones."""
    fields = [field for field in row._meta.concrete_fields if field.name not in row.state_names()]
    return type(row)(**{field.attname: getattr(row, field.attname) for field in fields} | changes)


def copied(row: Any, **changes: Any) -> Any:
    """Django's own way to copy a row: take its key away and save it."""
    row.pk = row.id = None
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def an_unlived_step(**changes: Any) -> dict[str, Any]:
    """What the row of a step begins with, on a template that the project does not have yet."""
    other = publish(a_step(1, title="Other"), slug="other")
    return {"project": the_project(), "template": other.steps.get(), **changes}


def given(row: Any, name: str, value: str) -> Any:
    setattr(row, name, value)
    return row


def overwriting(row: Any, *, fields: list[str]) -> None:
    type(row).objects.bulk_create([row], update_conflicts=True, update_fields=fields, unique_fields=["id"])


def overwriting_by_position(row: Any, *, fields: list[str]) -> None:
    type(row).objects.bulk_create([row], None, False, True, fields, ["id"])


DOORS: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    # Attributes.
    "step.status =": (AttributeError, lambda: setattr(begun(), "status", "done")),
    "project.phase =": (AttributeError, lambda: setattr(the_project(), "phase", "development")),
    "project.standing =": (AttributeError, lambda: setattr(the_project(), "standing", "complete")),
    "dict and save": (StateGuarded, lambda: forced(begun(), status="done").save()),
    "dict and save the field": (StateGuarded, lambda: forced(begun(), status="done").save(update_fields=["status"])),
    "dict and save_base": (StateGuarded, lambda: forced(begun(), status="done").save_base()),
    "dict and force_update": (StateGuarded, lambda: forced(begun(), status="done").save(force_update=True)),
    "dict of the project": (StateGuarded, lambda: forced(the_project(), standing="complete").save()),
    "dict back to the first state": (StateGuarded, lambda: forced(begun(), status="not_started").save()),
    # Construction.
    "Step(status)": (StateGuarded, lambda: ProjectStep(status="done")),
    "Project(phase)": (StateGuarded, lambda: Project(phase="release")),
    "Project(standing)": (StateGuarded, lambda: Project(standing="on_hold")),
    "Step(pk).save": (ConcurrentTransition, lambda: twin(begun()).save()),
    "Step(pk).save of the field": (ConcurrentTransition, lambda: twin(begun()).save(update_fields=["status"])),
    "Project(pk).save": (ConcurrentTransition, lambda: twin(the_project(), name="x").save()),
    "create": (StateGuarded, lambda: ProjectStep.objects.create(**an_unlived_step(status="done"))),
    "create N/A": (
        StateGuarded,
        lambda: ProjectStep.objects.create(**an_unlived_step(status="not_applicable", reason="x")),
    ),
    "get_or_create": (
        StateGuarded,
        lambda: ProjectStep.objects.get_or_create(defaults={"status": "done"}, **an_unlived_step()),
    ),
    "update_or_create, new": (
        StateGuarded,
        lambda: ProjectStep.objects.update_or_create(create_defaults={"status": "done"}, **an_unlived_step()),
    ),
    "update_or_create, there": (
        AttributeError,
        lambda: ProjectStep.objects.update_or_create(pk=begun().pk, defaults={"status": "done"}),
    ),
    "the project's steps.create": (
        StateGuarded,
        lambda: the_project().steps.create(template=an_unlived_step()["template"], status="done"),
    ),
    "a copy of a moved step": (
        StateGuarded,
        lambda: copied(begun(), template=an_unlived_step()["template"]).save(),
    ),
    "a copy, in bulk": (
        StateGuarded,
        lambda: ProjectStep.objects.bulk_create([copied(begun(), template=an_unlived_step()["template"])]),
    ),
    "a copy of a project that moved on": (
        StateGuarded,
        lambda: copied(the_project(), code="MRW-9", number=9, start_key=uuid.uuid4()).save(),
    ),
    "bulk_create": (
        StateGuarded,
        lambda: ProjectStep.objects.bulk_create([forced(ProjectStep(**an_unlived_step()), status="done")]),
    ),
    # Bulk.
    "update": (StateGuarded, lambda: ProjectStep.objects.update(status="done")),
    "filter.update": (StateGuarded, lambda: ProjectStep.objects.filter(pk=begun().pk).update(status="done")),
    "update by expression": (StateGuarded, lambda: ProjectStep.objects.update(status=Value("done"))),
    "update beside others": (StateGuarded, lambda: ProjectStep.objects.update(due=F("baseline_due"), status="done")),
    "projects.update phase": (StateGuarded, lambda: Project.objects.update(phase="development")),
    "projects.update standing": (StateGuarded, lambda: Project.objects.update(standing="on_hold")),
    "the project's steps.update": (StateGuarded, lambda: the_project().steps.update(status="done")),
    "the biller's projects.update": (StateGuarded, lambda: the_project().biller.projects.update(phase="development")),
    "base manager": (StateGuarded, lambda: ProjectStep._base_manager.update(status="done")),
    "base manager of projects": (StateGuarded, lambda: Project._base_manager.update(standing="on_hold")),
    "bulk_update": (
        StateGuarded,
        lambda: ProjectStep.objects.bulk_update([forced(begun(), status="done")], ["status"]),
    ),
    "bulk_update, unchanged": (StateGuarded, lambda: ProjectStep.objects.bulk_update([begun()], ["due", "status"])),
    "bulk_update of projects": (StateGuarded, lambda: Project.objects.bulk_update([the_project()], ["standing"])),
    "update_conflicts": (StateGuarded, lambda: overwriting(twin(begun()), fields=["status"])),
    "update_conflicts by position": (StateGuarded, lambda: overwriting_by_position(twin(begun()), fields=["status"])),
    "update_conflicts, other fields": (StateGuarded, lambda: overwriting(twin(begun(), due=None), fields=["due"])),
    # Fields that were not read.
    "deferred, then the first state": (
        ConcurrentTransition,
        lambda: given(ProjectStep.objects.defer("status").get(pk=begun().pk), "status", "not_started").save(),
    ),
    "deferred, then another state": (
        StateGuarded,
        lambda: given(ProjectStep.objects.defer("status").get(pk=begun().pk), "status", "done").save(),
    ),
    "one state deferred, then the first": (
        ConcurrentTransition,
        lambda: given(Project.objects.defer("standing").get(code="MRW-2"), "standing", "active").save(),
    ),
    # Raw saves and fixtures.
    "save_base raw": (StateGuarded, lambda: begun().save_base(raw=True)),
    "save_base raw, forced": (StateGuarded, lambda: forced(begun(), status="done").save_base(raw=True)),
    # The machine itself.
    "step.complete()": (StateGuarded, lambda: begun().complete()),
    "step.start()": (StateGuarded, lambda: fresh().start()),
    "project.advance()": (StateGuarded, lambda: the_project().advance()),
    "project.hold()": (StateGuarded, lambda: the_project().hold(note="x")),
    # Deleting.
    "step.delete": (StateGuarded, lambda: begun().delete()),
    "steps.delete": (StateGuarded, lambda: ProjectStep.objects.all().delete()),
    "no steps.delete": (StateGuarded, lambda: ProjectStep.objects.none().delete()),
    "the project's steps.delete": (StateGuarded, lambda: the_project().steps.all().delete()),
    "base manager's delete": (StateGuarded, lambda: ProjectStep._base_manager.all().delete()),
    "project.delete": (StateGuarded, lambda: the_project().delete()),
    "projects.delete": (StateGuarded, lambda: Project.objects.filter(standing="active").delete()),
}


def test_a_state_is_not_written_by_any_other_door(subtests):
    before = everything()

    for name, (refusal, door) in DOORS.items():
        with subtests.test(name):
            with pytest.raises(refusal), transaction.atomic():
                door()
            assert everything() == before


FIXTURES: dict[str, Callable[[], Any]] = {
    "over a step that moved": lambda: begun(),
    "over a step that did not move": lambda: fresh(),
    "over a project that moved": lambda: the_project(),
    "over a project that did not move": lambda: held(),
    "with the first state over a step that moved": lambda: twin(begun()),
    "with the first state over a project on hold": lambda: twin(held()),
    "beside the others": lambda: ProjectStep(**an_unlived_step()),
    "a whole project": lambda: twin(the_project(), id=None, code="MRW-9", number=9, start_key=uuid.uuid4()),
}


def test_a_live_row_is_not_loaded_from_a_fixture(subtests, tmp_path: Path):
    file = tmp_path / "live.json"
    for name, row in FIXTURES.items():
        file.write_text(serializers.serialize("json", [row()]))
        before = everything()
        with subtests.test(name):
            refused = pytest.raises(
                (StateGuarded, DeserializationError), match=r"changed by perform\(\) alone|rows are live"
            )
            with refused, transaction.atomic():
                call_command("loaddata", str(file), verbosity=0)
            assert everything() == before


def test_a_second_process_that_moved_the_row_wins(cast):
    seen = begun()
    move(the_project(), "design.step-2", "complete", cast.sofia)
    before = everything()

    seen.due = dt.date(2027, 1, 4)
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        seen.save()
    assert everything() == before


def test_a_row_is_born_in_its_first_state_and_no_other():
    born = ProjectStep(**an_unlived_step(status="not_started"))
    born.save()

    assert ProjectStep.objects.get(pk=born.pk).status == "not_started"


def test_a_row_in_its_first_state_may_be_looked_at_in_full():
    step = fresh()
    step.clean_fields()
    step.full_clean()

    assert step.status == "not_started"


def test_other_fields_are_saved_and_the_state_stays():
    step, project = begun(), the_project()
    step.due = dt.date(2027, 1, 4)
    step.save()
    ProjectStep.objects.filter(pk=fresh().pk).update(due=dt.date(2027, 1, 5))
    ProjectStep.objects.bulk_update([step], ["baseline_due"])
    project.name = "Marrow"
    project.save()

    assert (begun().due, begun().status) == (dt.date(2027, 1, 4), "in_progress")
    assert (fresh().due, fresh().status) == (dt.date(2027, 1, 5), "not_started")
    assert (the_project().name, the_project().phase) == ("Marrow", "design")


def test_a_row_read_in_part_is_saved_in_part():
    step = ProjectStep.objects.only("due").get(pk=begun().pk)
    step.due = dt.date(2027, 1, 4)
    step.save()

    assert (begun().due, begun().status) == (dt.date(2027, 1, 4), "in_progress")


# -- Reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        lambda: ProjectStep.objects.only("due"),
        lambda: ProjectStep.objects.defer("status"),
        lambda: Project.objects.only("code"),
        lambda: Project.objects.defer("phase", "standing"),
    ],
)
def test_a_state_that_is_not_asked_for_is_not_read(rows, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = list(rows())
    assert len(found) > 1


def test_a_state_that_was_not_read_is_there_when_asked_for(django_assert_num_queries):
    step = ProjectStep.objects.only("due").get(pk=begun().pk)

    with django_assert_num_queries(1):
        assert step.status == "in_progress"


def test_a_refreshed_row_has_the_new_state_and_is_still_guarded(cast):
    step = begun()
    move(the_project(), "design.step-2", "complete", cast.sofia)
    step.refresh_from_db()

    assert step.status == "done"
    with pytest.raises(AttributeError):
        step.status = "in_progress"
    step.due = dt.date(2027, 1, 4)
    step.save()
    assert (begun().due, begun().status) == (dt.date(2027, 1, 4), "done")


def test_a_row_refreshed_in_part_knows_the_state_it_then_has(cast):
    project = Project.objects.defer("standing").get(code="MRW-2")
    project.refresh_from_db(fields=["standing"])
    perform(project, "resume", by=cast.priya)

    with pytest.raises(ConcurrentTransition):
        project.save()


def test_a_refresh_that_fails_leaves_the_guard_up():
    step, gone = begun(), begun()
    gone.pk = 0
    with pytest.raises(ProjectStep.DoesNotExist):
        gone.refresh_from_db()

    for row in (gone, step, fresh()):
        with pytest.raises(AttributeError):
            row.status = "done"


def test_a_refresh_in_one_thread_opens_nothing_in_another():
    step, other = begun(), fresh()
    caught: list[type[BaseException]] = []

    def meanwhile() -> None:
        try:
            other.status = "done"
        except AttributeError as refused:
            caught.append(type(refused))

    class Slow(ProjectStepQuerySet):
        """Reads while somebody else tries his luck."""

        def get(self, *args: Any, **kwargs: Any) -> Any:
            thread = threading.Thread(target=meanwhile)
            thread.start()
            thread.join()
            return super().get(*args, **kwargs)

    step.refresh_from_db(from_queryset=Slow(ProjectStep))

    assert caught == [AttributeError]
    assert other.status == "not_started"


# -- Births ---------------------------------------------------------------------------------------


def save_all(rows: Any) -> None:
    for row in rows:
        row.save(force_insert=True)


def test_a_step_is_born_not_started_or_left_out_and_in_no_other_state():
    for status in ("in_progress", "waiting_on_customer", "blocked", "in_review", "done", "no-such"):
        with pytest.raises(ValueError, match=f"ProjectStep rows are not born with status '{status}'"):
            begin([ProjectStep(**an_unlived_step(reason="x"))], save_all, states=[{"status": status}])
    begin([ProjectStep(**an_unlived_step(reason="x"))], save_all, states=[{"status": "not_applicable"}])

    assert ProjectStep.objects.get(reason="x").status == "not_applicable"


def test_a_project_is_born_active():
    row = twin(the_project(), id=None, code="MRW-9", number=9, start_key=uuid.uuid4())

    with pytest.raises(ValueError, match="Project rows are not born with standing 'complete'"):
        begin([row], save_all, states=[{"phase": "sit", "standing": "complete"}])
    begin([row], save_all, states=[{"phase": "sit"}])
    assert Project.objects.get(code="MRW-9").phase == "sit"


def test_a_row_that_lives_is_not_born_again():
    before = everything()

    with pytest.raises(ValueError, match="lives already: move it with perform"):
        begin([begun()], save_all, states=[{"status": "not_applicable"}])
    assert everything() == before


def test_what_was_under_way_elsewhere_is_brought_in_with_a_record_that_says_so(cast):
    at = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
    row = ProjectStep(**an_unlived_step())
    bring_in([row], save_all, states=[{"status": "done"}], by=cast.priya, note="From the old sheet", at=[at])

    (record,) = TransitionRecord.objects.of(row)
    assert (record.move, record.source, record.target, record.by, record.note, record.at) == (
        "bring_in", "", "done", cast.priya, "From the old sheet", at,
    )  # fmt: skip
    assert record.root_id == the_project().pk


def test_nothing_is_brought_in_with_a_state_that_there_is_not(cast):
    at = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
    row = ProjectStep(**an_unlived_step())
    before = everything()

    with pytest.raises(ValueError, match="ProjectStep has no status 'finished'"):
        bring_in([row], save_all, states=[{"status": "finished"}], by=cast.priya, note="x", at=[at])
    assert everything() == before


# -- The database itself --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE projects_projectstep SET status = 'finished'",
        "UPDATE projects_projectstep SET status = 'blocked'",
        "UPDATE projects_projectstep SET status = 'waiting_on_customer'",
        "UPDATE projects_projectstep SET status = 'not_applicable'",
        "UPDATE projects_project SET phase = 'uat'",
        "UPDATE projects_project SET standing = 'done'",
        "UPDATE projects_project SET steps_done = 9999",
        "UPDATE projects_project SET target_go_live = '2020-01-01'",
        "UPDATE projects_project SET start_key = (SELECT start_key FROM projects_project WHERE code = 'MRW-1')",
    ],
)
def test_the_database_itself_refuses_a_state_that_cannot_be(statement):
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(statement)
