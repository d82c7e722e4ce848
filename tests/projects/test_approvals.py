"""Decisions: approved or rejected, by whom, when and why; a rejection reopens the steps that it names."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from projects.models import Approval, Project
from projects.models.archive import DecisionIsFinal, RowsStay
from projects.recount import recount
from tests.cast import move
from tests.transitions.made_up import a_step, everything, publish, refuses_to_be_rewritten, started
from transitions.blockers import MoveRefused, NotPermitted
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)


@pytest.fixture
def project(cast) -> Project:
    """In Design: one step done in Discovery, two done here, one open, and a review of it all handed in."""
    made = started(
        cast,
        publish(
            a_step(1, "discovery", title="Payments"),
            a_step(2, title="Invoicing"),
            a_step(3, title="Balances", needs=("design.step-2",)),
            a_step(4, title="Open"),
            a_step(5, title="Left out", applies="if_applicable"),
            a_step(6, title="Review", approval="technical_design_review", needs=("design.step-3",)),
        ),
    )
    for name in ("start", "complete"):
        move(made, "discovery.step-1", name, cast.sofia)
    perform(made, "advance", by=cast.priya)
    for key in ("design.step-2", "design.step-3"):
        for name in ("start", "complete"):
            move(made, key, name, cast.sofia)
    move(made, "design.step-5", "mark_not_applicable", cast.sofia, note="No mobile app")
    for name in ("start", "submit"):
        move(made, "design.step-6", name, cast.sofia)
    return made


def decide(project: Project, name: str, by: Any, **details: Any) -> Any:
    return move(project, "design.step-6", name, by, now=NOW, **details)


def reject(project: Project, by: Any, *keys: str) -> Any:
    return decide(
        project, "reject", by, note="The file lacks a column", reopens=tuple(f"made-up/{key}" for key in keys)
    )


def statuses(project: Project) -> dict[str, str]:
    return dict(project.steps.values_list("template__title", "status"))


def test_an_approval_closes_the_step_and_is_written_down(project, cast):
    row = decide(project, "approve", cast.ingrid, note="Good work").row

    approval = row.approvals.get()
    assert row.status == "done"
    assert (approval.project, approval.decision, approval.by, approval.at, approval.note, approval.reopened) == (
        project, "approved", cast.ingrid, NOW, "Good work", [],
    )  # fmt: skip
    assert str(approval) == "Approved by Ingrid Berg"


def test_a_rejection_sends_the_step_back_and_reopens_what_it_names(project, cast):
    row = reject(project, cast.ingrid, "design.step-2", "design.step-3").row

    assert statuses(project) == {
        "Payments": "done",
        "Invoicing": "in_progress",
        "Balances": "in_progress",
        "Open": "not_started",
        "Left out": "not_applicable",
        "Review": "in_progress",
    }
    approval = row.approvals.get()
    assert (approval.decision, approval.note) == ("rejected", "The file lacks a column")
    assert approval.reopened == ["made-up/design.step-2", "made-up/design.step-3"]
    latest = TransitionRecord.objects.under(project).filter(at=NOW).order_by("pk")
    assert [(record.subject, record.move, record.source, record.target, record.by) for record in latest] == [
        ("Invoicing", "reopen", "done", "in_progress", cast.ingrid),
        ("Balances", "reopen", "done", "in_progress", cast.ingrid),
        ("Review", "reject", "in_review", "in_progress", cast.ingrid),
    ]
    assert list(recount(Project.objects.all(), write=False)) == []


def test_a_rejection_may_reopen_nothing(project, cast):
    before = statuses(project)
    row = decide(project, "reject", cast.ingrid, note="Too short").row

    assert row.approvals.get().reopened == []
    assert statuses(project) == {**before, "Review": "in_progress"}


def test_a_step_named_twice_is_reopened_once(project, cast):
    row = reject(project, cast.ingrid, "design.step-2", "design.step-2").row

    assert row.approvals.get().reopened == ["made-up/design.step-2"]
    assert TransitionRecord.objects.under(project).filter(move="reopen").count() == 1


@pytest.mark.parametrize(
    ("key", "code", "text"),
    [
        ("design.no-such", "unknown-step", "This project has no step “made-up/design.no-such”."),
        ("design.step-4", "not-done", "“Open” is not done, so it cannot be reopened."),
        ("design.step-5", "not-done", "“Left out” is not done, so it cannot be reopened."),
        ("design.step-6", "not-done", "“Review” is not done, so it cannot be reopened."),
        (
            "discovery.step-1",
            "phase-left",
            "Discovery is passed. Return the project to Discovery first; then “Payments” can be reopened.",
        ),
    ],
)
def test_a_rejection_that_names_what_cannot_be_reopened_changes_nothing(project, cast, key, code, text):
    before = everything()

    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        reject(project, cast.ingrid, "design.step-2", key)
    assert [(blocker.code, blocker.text) for blocker in refused.value.blockers] == [(code, text)]
    assert everything() == before


@pytest.mark.parametrize("who", ["sofia", "arun", "bo", "priya", "ivan", "adele", "dele", "mallory"])
def test_only_the_accountable_decides(project, cast, who):
    before = everything()

    for name in ("approve", "reject"):
        with pytest.raises(NotPermitted), transaction.atomic():
            decide(project, name, getattr(cast, who), note="x")
    assert everything() == before


def test_a_rejection_has_a_reason_and_an_approval_may(project, cast):
    before = everything()

    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        decide(project, "reject", cast.ingrid, reopens=("made-up/design.step-2",))
    assert [blocker.code for blocker in refused.value.blockers] == ["missing-note"]
    assert everything() == before
    assert decide(project, "approve", cast.ingrid).row.status == "done"


def test_a_step_is_not_approved_while_one_that_it_needs_is_open_again(project, cast):
    move(project, "design.step-3", "reopen", cast.sofia, note="One more")
    before = everything()

    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        decide(project, "approve", cast.ingrid)
    assert [(blocker.code, blocker.subject) for blocker in refused.value.blockers] == [
        ("needs-open", "made-up/design.step-3")
    ]
    assert everything() == before


def test_every_decision_on_a_step_is_kept(project, cast):
    reject(project, cast.ingrid)
    move(project, "design.step-6", "submit", cast.sofia)
    decide(project, "approve", cast.ingrid, note="Now it does")
    move(project, "design.step-6", "reopen", cast.ingrid, note="New law")

    assert [(row.decision, row.note) for row in Approval.objects.order_by("pk")] == [
        ("rejected", "The file lacks a column"),
        ("approved", "Now it does"),
    ]


def test_a_decision_is_evidence(project, cast, subtests):
    reject(project, cast.ingrid, "design.step-2")

    refuses_to_be_rewritten(Approval.objects.get(), (DecisionIsFinal, RowsStay), subtests)
