"""The record of moves: what it says, and that nobody rewrites it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db.models import ProtectedError

from projects.models import Project, ProjectStep
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, everything, publish, refuses_to_be_rewritten, started
from transitions.models import RecordIsFinal, TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)


@pytest.fixture
def project(cast) -> Project:
    return started(cast, publish(a_step(1, title="Invoicing"), a_step(2, "sit")), now=NOW - dt.timedelta(days=9))


def test_a_record_says_what_from_where_to_where_by_whom_when_and_why(project, cast):
    moved = move(project, "design.step-1", "start", cast.sofia, now=NOW, note="  With the biller on the call.\n")

    record = TransitionRecord.objects.get(pk=moved.record.pk)
    assert (record.subject, record.machine, record.move, record.source, record.target) == (
        "Invoicing", "status", "start", "not_started", "in_progress",
    )  # fmt: skip
    assert (record.by, record.at, record.note, record.facts) == (cast.sofia, NOW, "With the biller on the call.", {})
    assert (record.object_type.model_class(), record.object_id) == (ProjectStep, moved.row.pk)
    assert (record.root_type.model_class(), record.root_id) == (Project, project.pk)
    assert str(record) == "Invoicing: start (not_started → in_progress)"


def test_the_records_of_a_step_and_of_all_its_project_are_read_latest_first(project, cast):
    for minute, name in enumerate(("start", "complete", "reopen")):
        move(project, "design.step-1", name, cast.sofia, now=NOW + dt.timedelta(minutes=minute), note="Again")
    perform(project, "hold", by=cast.priya, note="Budget", now=NOW + dt.timedelta(hours=1))
    other = started(cast, publish(a_step(1), slug="other"), biller_name="Other", biller_code="OTH")

    of_step = TransitionRecord.objects.of(step_of(project, "design.step-1"))
    assert [record.move for record in of_step] == ["reopen", "complete", "start"]
    under = TransitionRecord.objects.under(project)
    assert [record.move for record in under] == ["hold", "reopen", "complete", "start", "begin"]
    assert [record.move for record in TransitionRecord.objects.of(project)] == ["hold", "begin"]
    assert [record.move for record in TransitionRecord.objects.under(other)] == ["begin"]


def test_a_long_subject_is_cut(cast):
    project = started(cast, publish(a_step(1, title="W" * 200)))
    Project.objects.filter(pk=project.pk).update(name="N" * 120)

    record = perform(Project.objects.get(pk=project.pk), "hold", by=cast.priya, note="Budget").record
    assert record.subject == f"MRW-1 {'N' * 120}"
    assert move_subject(project, cast) == "W" * 200


def move_subject(project: Project, cast) -> str:
    perform(project, "resume", by=cast.priya)
    return move(project, "design.step-1", "start", cast.sofia).record.subject


def test_a_record_is_added_and_never_changed_or_taken_away(project, cast, subtests):
    record = move(project, "design.step-1", "start", cast.sofia).record

    refuses_to_be_rewritten(record, (RecordIsFinal,), subtests)


def test_the_people_and_the_kinds_of_rows_that_records_name_stay(project, cast):
    before = everything()

    with pytest.raises(ProtectedError):
        cast.priya.delete()
    with pytest.raises(ProtectedError):
        ContentType.objects.get_for_model(Project).delete()
    assert everything() == before
