"""Dates moved by people: the first ones stay as the baseline, and every change says who, what and why."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from projects.dates import move_due_date, move_target_go_live
from projects.models import DateChange, Project
from projects.models.archive import DecisionIsFinal, RowsStay
from projects.team import name_on_step
from tests.cast import KICKOFF, TARGET, move, step_of
from tests.transitions.made_up import a_step, everything, publish, refuses_to_be_rewritten, started
from transitions.blockers import NotPermitted, StaleRow

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)
LATER = dt.date(2027, 1, 4)


@pytest.fixture
def project(cast) -> Project:
    """Two steps of a day each, both due on the kickoff, and one of the phase after."""
    return started(cast, publish(a_step(1), a_step(2), a_step(3, "sit")))


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def changes(project: Project) -> list[tuple[object, ...]]:
    return list(
        project.date_changes.order_by("pk").values_list(
            "step__template__key", "field", "old", "new", "by__name", "reason", "at"
        )
    )


def test_a_due_date_moves_and_its_baseline_stays(project, cast):
    move_due_date(step_of(project, "design.step-1"), LATER, by=cast.sofia, reason="Sample file is late", now=NOW)

    step = step_of(project, "design.step-1")
    assert (step.due, step.baseline_due, step.revision, step.status) == (LATER, KICKOFF, 1, "not_started")
    assert changes(project) == [("design.step-1", "due", KICKOFF, LATER, "Sofia Reyes", "Sample file is late", NOW)]
    assert step_of(project, "design.step-2").due == KICKOFF


def test_the_project_knows_its_next_due_date_at_once(project, cast):
    assert (fresh(project).next_due, fresh(project).next_template.key) == (KICKOFF, "design.step-1")

    move_due_date(step_of(project, "design.step-1"), LATER, by=cast.sofia)
    assert (fresh(project).next_due, fresh(project).next_template.key) == (KICKOFF, "design.step-2")
    move_due_date(step_of(project, "design.step-2"), LATER + dt.timedelta(days=1), by=cast.sofia)
    assert (fresh(project).next_due, fresh(project).next_template.key) == (LATER, "design.step-1")


def test_the_target_go_live_moves_and_the_first_one_stays(project, cast):
    move_target_go_live(project, dt.date(2027, 4, 1), by=cast.priya, reason="Coding took longer", now=NOW)
    move_target_go_live(project, dt.date(2027, 3, 9), by=cast.ivan, now=NOW)

    row = fresh(project)
    assert (row.target_go_live, row.baseline_go_live, row.revision) == (dt.date(2027, 3, 9), TARGET, 2)
    assert changes(project) == [
        (None, "target_go_live", TARGET, dt.date(2027, 4, 1), "Priya Nair", "Coding took longer", NOW),
        (None, "target_go_live", dt.date(2027, 4, 1), dt.date(2027, 3, 9), "Ivan Orlov", "", NOW),
    ]


def test_the_same_date_again_is_no_change(project, cast):
    before = everything()

    move_due_date(step_of(project, "design.step-1"), KICKOFF, by=cast.sofia, reason="x")
    move_target_go_live(project, TARGET, by=cast.priya, reason="x")
    assert everything() == before


#: Who may move a step's due date, and who the project's go-live.
WHO = """
priya ivan adele     due go-live
sofia ingrid dele    due
arun bo tess mallory
"""


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (word, {"due", "go-live"} & set(line.split()))
        for line in WHO.strip().splitlines()
        for word in line.split()
        if word not in {"due", "go-live"}
    ],
)
def test_who_moves_dates(project, cast, who, may):
    name_on_step(step_of(project, "design.step-2"), "R", cast.dele, by=cast.priya)
    person = getattr(cast, who)
    key = "design.step-2" if who == "dele" else "design.step-1"
    before = everything()

    found = set()
    for name, act in (
        ("due", lambda: move_due_date(step_of(project, key), LATER, by=person)),
        ("go-live", lambda: move_target_go_live(project, LATER, by=person)),
    ):
        try:
            with transaction.atomic():
                act()
        except NotPermitted:
            assert everything() == before
        else:
            found.add(name)
            before = everything()
    assert found == may


@pytest.mark.parametrize("who", ["sofia", "priya", "adele"])
def test_who_is_deactivated_moves_none(project, cast, who):
    person = getattr(cast, who)
    person.is_active = False
    person.save()
    before = everything()

    with pytest.raises(NotPermitted), transaction.atomic():
        move_due_date(step_of(project, "design.step-1"), LATER, by=person)
    with pytest.raises(NotPermitted), transaction.atomic():
        move_target_go_live(project, LATER, by=person)
    assert everything() == before


def test_nothing_is_due_or_live_before_the_kickoff(project, cast):
    before, early = everything(), KICKOFF - dt.timedelta(days=1)

    with pytest.raises(ValidationError) as due, transaction.atomic():
        move_due_date(step_of(project, "design.step-1"), early, by=cast.sofia)
    with pytest.raises(ValidationError) as live, transaction.atomic():
        move_target_go_live(project, early, by=cast.priya)
    assert due.value.message_dict == {"due": ["The due date cannot be before the kickoff."]}
    assert live.value.message_dict == {"target_go_live": ["The go-live cannot be before the kickoff."]}
    assert everything() == before
    move_target_go_live(project, KICKOFF, by=cast.priya)
    assert fresh(project).target_go_live == KICKOFF


def test_a_reason_is_taken_whole_or_not_at_all(project, cast):
    before, long = everything(), "x" * 10_000

    for act in (
        lambda: move_due_date(step_of(project, "design.step-1"), LATER, by=cast.sofia, reason=long),
        lambda: move_target_go_live(project, LATER, by=cast.priya, reason=long),
    ):
        with pytest.raises(ValidationError) as refused, transaction.atomic():
            act()
        assert refused.value.message_dict == {"reason": ["The reason has 10,000 characters; 500 is the most."]}
    assert everything() == before
    move_due_date(step_of(project, "design.step-1"), LATER, by=cast.sofia, reason="x" * 500)
    assert project.date_changes.get().reason == "x" * 500


def test_a_stale_form_moves_no_date(project, cast):
    move(project, "design.step-1", "start", cast.sofia)
    move_target_go_live(project, LATER, by=cast.priya, revision=0)
    before = everything()

    with pytest.raises(StaleRow), transaction.atomic():
        move_due_date(step_of(project, "design.step-1"), LATER, by=cast.sofia, revision=0)
    with pytest.raises(StaleRow), transaction.atomic():
        move_target_go_live(project, TARGET, by=cast.priya, revision=0)
    assert everything() == before
    assert move_due_date(step_of(project, "design.step-1"), LATER, by=cast.sofia, revision=1).revision == 2


def test_a_moved_date_is_evidence(project, cast, subtests):
    move_due_date(step_of(project, "design.step-1"), LATER, by=cast.sofia)

    refuses_to_be_rewritten(DateChange.objects.get(), (DecisionIsFinal, RowsStay), subtests)
