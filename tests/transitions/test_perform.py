"""`perform()`: what it asks, in which order, what it leaves behind, and that a refusal leaves nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from projects.models import Project, ProjectStep
from tests.cast import move, step_of
from tests.transitions.made_up import NOBODY, a_step, everything, publish, started
from transitions.blockers import Archived, Blocker, MoveRefused, NotPermitted, StaleRow, UnknownMove
from transitions.models import TransitionRecord
from transitions.moves import NOTE_LIMIT, follow, perform
from transitions.signals import moved

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)


@pytest.fixture
def project(cast) -> Project:
    """In Design: one step open to work, one that waits for it, one to decide; then SIT."""
    return started(
        cast,
        publish(
            a_step(1, title="Invoicing"),
            a_step(2, title="Payments", needs=("design.step-1",)),
            a_step(3, title="Review", approval="architect_review"),
            a_step(4, "sit"),
        ),
    )


@pytest.fixture
def over(cast) -> Project:
    """A project that is complete, and so archived."""
    project = started(cast, publish(a_step(1), slug="short"), biller_name="Old", biller_code="OLD")
    for name in ("start", "complete"):
        move(project, "design.step-1", name, cast.sofia)
    return perform(project, "complete", by=cast.priya).row


def refusal(row: Any, name: str, **details: Any) -> MoveRefused:
    """The refusal of a move, having made sure that it changed no row."""
    before = everything()
    with pytest.raises(MoveRefused) as caught, transaction.atomic():
        perform(row, name, **details)
    assert everything() == before
    return caught.value


def said(refused: MoveRefused) -> list[tuple[str, str]]:
    return [(blocker.code, blocker.subject) for blocker in refused.blockers]


# -- What is asked, in its order ------------------------------------------------------------------


def test_the_move_comes_first(project, cast):
    refused = refusal(step_of(project, "design.step-1"), "finish", by=cast.mallory, revision=99)

    assert type(refused) is UnknownMove
    assert [blocker.as_dict() for blocker in refused.blockers] == [
        {
            "code": "unknown-move",
            "text": "There is no move “finish”. There are: start, complete, submit, approve, reject, excuse, wait, block, "
            "resume, mark_not_applicable, reopen.",
            "link": "",
            "owner": "",
        }
    ]


@pytest.mark.parametrize("name", ["", "save", "delete", "advance", "status", "__init__", "perform", "START"])
def test_only_a_move_of_the_machine_is_a_move(project, cast, name):
    assert type(refusal(step_of(project, "design.step-1"), name, by=cast.adele)) is UnknownMove


def test_then_the_person(project, over, cast):
    for row, name in ((step_of(project, "design.step-2"), "complete"), (project, "advance"), (over, "hold")):
        refused = refusal(row, name, by=cast.mallory, revision=99, note="x" * 9999)
        assert (type(refused), said(refused)) == (NotPermitted, [("not-permitted", "")])


def test_then_the_archive(over, cast):
    refused = refusal(over, "advance", by=cast.priya, revision=99)

    assert type(refused) is Archived
    assert str(refused) == "OLD-1 Old is complete and archived: nothing in it changes any more."
    assert type(refusal(step_of(over, "design.step-1"), "reopen", by=cast.sofia)) is Archived


def test_then_the_revision_that_was_seen(project, cast):
    step = step_of(project, "design.step-2")
    refused = refusal(step, "complete", by=cast.sofia, revision=7)

    assert (type(refused), said(refused)) == (StaleRow, [("stale", "")])
    assert str(refused) == (
        "Payments changed since you saw it. It is not started now; you asked for “Done”. "
        "Look at what it is now, then choose again."
    )
    assert (refused.row.pk, refused.row.revision) == (step.pk, 0)


def test_then_the_edge(project, cast):
    refused = refusal(step_of(project, "design.step-2"), "complete", by=cast.sofia, note="x" * 9999)

    assert said(refused) == [("wrong-state", "")]
    assert str(refused) == "“Done” does not go from not started. From here: start, wait, block, mark_not_applicable."


def test_then_what_the_move_asks_for(project, cast):
    refused = refusal(step_of(project, "design.step-2"), "block", by=cast.sofia)

    assert said(refused) == [("missing-note", "note"), ("missing-owner", "owner"), ("missing-until", "until")]
    assert str(refused) == "“Block” needs a reason.; “Block” needs an owner.; “Block” needs a date."
    blank = refusal(step_of(project, "design.step-2"), "mark_not_applicable", by=cast.sofia, note=" \n ")
    assert said(blank) == [("missing-note", "note")]
    assert said(refusal(project, "return_to", by=cast.priya)) == [("missing-phase", "phase"), ("missing-note", "note")]


def test_then_the_length_of_the_note(project, cast):
    step = step_of(project, "design.step-2")
    refused = refusal(step, "start", by=cast.sofia, note="x" * 10_000)

    assert said(refused) == [("note-too-long", "note")]
    assert str(refused) == "The reason has 10,000 characters; 4,000 is the most."
    longest = move(project, "design.step-1", "start", cast.sofia, note="x" * NOTE_LIMIT + "  ")
    assert longest.record.note == "x" * NOTE_LIMIT


def test_the_gate_comes_last(project, cast):
    refused = refusal(step_of(project, "design.step-2"), "start", by=cast.sofia, revision=0)

    assert refused.blockers == [
        Blocker(
            "needs-open",
            "“Payments” needs “Invoicing” first, which is not started.",
            "/projects/MRW-1/steps/made-up/design.step-1/",
            "Sofia Reyes",
            "made-up/design.step-1",
        )
    ]


def test_a_detail_that_the_move_does_not_take_is_a_fault_of_the_caller(project, cast):
    before = everything()

    for name, details in (
        ("start", {"owner": cast.bo}),
        ("approve", {"reopens": ()}),
        ("block", {"unti": dt.date(2026, 12, 1), "phase": "sit"}),
    ):
        with pytest.raises(TypeError, match=f"^{name} takes no {', '.join(sorted(details))}$"), transaction.atomic():
            perform(step_of(project, "design.step-1"), name, by=cast.sofia, note="x", **details)
    assert everything() == before


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_what_holds_a_step_up_is_promised_for_today_or_later(project, cast, days):
    until = dt.date(2026, 11, 23) + dt.timedelta(days=days)
    details = {"by": cast.sofia, "note": "The sandbox is down", "owner": cast.bo, "until": until, "now": NOW}
    step = step_of(project, "design.step-1")

    if days < 0:
        refused = refusal(step, "block", **details)
        assert said(refused) == [("date-past", "until")]
        assert str(refused) == "Nov 22, 2026 is past: say by when it will be cleared."
    else:
        row = perform(step, "block", **details).row
        assert (row.status, row.reason, row.owner, row.until) == ("blocked", "The sandbox is down", cast.bo, until)


def test_today_is_the_company_s_day_not_that_of_utc(project, cast):
    late = dt.datetime(2026, 11, 24, 4, 59, tzinfo=dt.UTC)  # 23:59 on the 23rd in New York

    details = {"note": "Sample file", "owner": cast.bo, "until": dt.date(2026, 11, 23)}
    assert move(project, "design.step-1", "wait", cast.sofia, now=late, **details).row.status == "waiting_on_customer"
    just_past = late + dt.timedelta(minutes=1)
    assert said(refusal(step_of(project, "design.step-2"), "wait", by=cast.sofia, now=just_past, **details)) == [
        ("date-past", "until")
    ]


def test_a_step_of_which_nobody_is_accountable_is_decided_by_nobody(cast):
    project = started(cast, publish(a_step(1, raci=NOBODY, approval="architect_review")))
    for name in ("start", "submit"):
        move(project, "design.step-1", name, cast.priya)

    for person in (cast.priya, cast.adele, cast.sofia, None):
        assert type(refusal(step_of(project, "design.step-1"), "approve", by=person)) is NotPermitted


def test_the_system_moves_no_project(project):
    refused = refusal(project, "hold", by=None, note="x")

    assert str(refused) == "The system may not put on hold here."


# -- What a move leaves behind --------------------------------------------------------------------


def test_a_move_is_whole(project, cast):
    seen = step_of(project, "design.step-1")
    outcome = perform(seen, "start", by=cast.sofia, revision=0, now=NOW)

    row = ProjectStep.objects.get(pk=seen.pk)
    assert (row.status, row.revision, row.status_since) == ("in_progress", 1, NOW)
    assert (outcome.row.status, outcome.row.revision, outcome.record.target) == ("in_progress", 1, "in_progress")
    assert TransitionRecord.objects.of(row).get() == outcome.record
    assert (seen.status, seen.revision) == ("not_started", 0)


def test_the_form_that_was_sent_first_wins_and_the_second_is_told(project, cast):
    perform(step_of(project, "design.step-1"), "start", by=cast.sofia, revision=0)

    assert type(refusal(step_of(project, "design.step-1"), "complete", by=cast.ingrid, revision=0)) is StaleRow
    assert move(project, "design.step-1", "complete", cast.ingrid, revision=1).row.status == "done"


def test_a_row_that_was_read_long_ago_is_read_again(project, cast):
    old = step_of(project, "design.step-1")
    move(project, "design.step-1", "start", cast.sofia)

    assert perform(old, "complete", by=cast.sofia).row.status == "done"


def test_a_reason_stays_with_the_state_that_it_explains_and_goes_with_it(project, cast):
    details = {"note": "Sample file", "owner": cast.bo, "until": dt.date(2026, 12, 1), "now": NOW}
    move(project, "design.step-1", "wait", cast.sofia, **details)
    row = move(project, "design.step-1", "resume", cast.sofia, note="It came", now=NOW + dt.timedelta(hours=1)).row

    assert (row.reason, row.owner, row.until) == ("", None, None)
    assert [record.note for record in TransitionRecord.objects.of(row)] == ["It came", "Sample file"]


# -- The signal -----------------------------------------------------------------------------------


@pytest.fixture
def heard() -> Any:
    """What `moved` told, in order."""
    told: list[tuple[type, TransitionRecord]] = []

    def listen(sender: type, record: TransitionRecord, **_: Any) -> None:
        told.append((sender, record))

    moved.connect(listen)
    yield told
    moved.disconnect(listen)


def test_moved_is_sent_when_the_move_is_committed_and_not_before(
    project, cast, heard, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        record = move(project, "design.step-1", "start", cast.sofia).record
        assert heard == []

    assert heard == [(ProjectStep, record)]


def test_moved_tells_of_the_birth_of_a_project(cast, heard, django_capture_on_commit_callbacks):
    version = publish(a_step(1))
    with django_capture_on_commit_callbacks(execute=True):
        project = started(cast, version)

    assert [(sender, record.move, record.root_id) for sender, record in heard] == [(Project, "begin", project.pk)]


def test_moved_is_not_sent_of_what_was_refused_or_rolled_back(project, cast, heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        refusal(project, "advance", by=cast.priya)
        with transaction.atomic():
            move(project, "design.step-1", "start", cast.sofia)
            transaction.set_rollback(True)

    assert (callbacks, heard) == ([], [])


def test_moved_tells_of_every_step_that_a_rejection_reopens(project, cast, heard, django_capture_on_commit_callbacks):
    for name in ("start", "complete"):
        move(project, "design.step-1", name, cast.sofia)
    for name in ("start", "submit"):
        move(project, "design.step-3", name, cast.sofia)
    with django_capture_on_commit_callbacks(execute=True):
        move(project, "design.step-3", "reject", cast.ingrid, note="Wrong file", reopens=("made-up/design.step-1",))

    assert [(record.subject, record.move, record.note) for _, record in heard] == [
        ("Invoicing", "reopen", "Wrong file"),
        ("Review", "reject", "Wrong file"),
    ]


def test_what_follows_from_a_move_needs_an_edge_too(project, cast):
    before = everything()

    with pytest.raises(MoveRefused) as caught, transaction.atomic():
        follow(step_of(project, "design.step-1"), "reopen", by=cast.ingrid, note="x", now=NOW)
    assert said(caught.value) == [("wrong-state", "")]
    assert everything() == before
