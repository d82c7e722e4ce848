"""The draft of an update: what it tells of, in which words, the same for the same facts, and in how many queries."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.dates import move_due_date, move_target_go_live
from projects.models import Project
from projects.models.status_update import LONGEST_UPDATE
from projects.update_draft import DraftFacts, Held, draft_text, read_draft
from projects.updates import post_update
from projects.waivers import waive
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, publish, started
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 13, 55, tzinfo=dt.UTC)
TODAY, SINCE = dt.date(2026, 11, 23), dt.date(2026, 11, 16)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW - dt.timedelta(days=7), tick=False) as coordinates:
        yield coordinates


def a_project(cast: SimpleNamespace, number: int = 6, slug: str = "made-up") -> Project:
    steps = [a_step(n, title=f"Step {n}", duration_days=n) for n in range(1, number)]
    approval = a_step(number, title="Review", approval="architect_review", duration_days=30)
    return started(cast, publish(*steps, approval, a_step(number + 1, "sit", title="Test"), slug=slug))


def draft(project: Project) -> list[str]:
    return draft_text(read_draft(Project.objects.get(pk=project.pk), TODAY)).split("\n")


def test_where_nothing_happened_it_says_so_and_what_is_late(cast, clock):
    project = a_project(cast)
    clock.move_to(NOW)
    assert draft(project)[0] == "Nothing has moved since the start, Nov 16."
    post_update(project, health="on_track", by=cast.priya, key=uuid.uuid4(), now=NOW - dt.timedelta(days=2))
    lines = draft(project)
    assert lines[0] == "Nothing has moved since Nov 21."
    assert lines[1].startswith("Overdue: “Step 1” by 49 days, “Step 2” by 48 days,")
    assert lines[-1] == "Nothing is due in the next 7 days."


def test_what_happened_since_the_last_update_is_told_once(cast, clock):
    project = a_project(cast)
    move(project, "design.step-5", "start", cast.sofia)
    move(project, "design.step-5", "complete", cast.sofia)  # before the last update: told in that
    post_update(project, health="on_track", by=cast.priya, key=uuid.uuid4())
    clock.move_to(NOW - dt.timedelta(days=3))
    for name in ("start", "complete"):
        move(project, "design.step-1", name, cast.sofia)
    move(project, "design.step-2", "start", cast.sofia)
    details = {"owner": cast.bo, "until": dt.date(2026, 12, 7)}
    move(project, "design.step-3", "block", cast.sofia, note="No access.", **details)
    move(project, "design.step-4", "wait", cast.sofia, note="Samples\nof bills", **details)
    move_due_date(step_of(project, "design.step-2"), dt.date(2026, 11, 25), by=cast.priya, reason="Holidays")
    move_due_date(step_of(project, "design.step-6"), dt.date(2026, 11, 30), by=cast.priya)
    move_target_go_live(Project.objects.get(pk=project.pk), dt.date(2027, 3, 13), by=cast.priya, reason="Asked for")
    move(project, "design.step-6", "start", cast.sofia)
    move(project, "design.step-6", "submit", cast.sofia)
    move(project, "design.step-6", "approve", cast.ingrid)
    waive(
        project, code="step-blocked", subject="made-up/design.step-3", by=cast.priya, reason="x",
        expires=dt.date(2026, 12, 20),
    )  # fmt: skip
    clock.move_to(NOW)
    lines = draft(project)
    assert lines == [
        "Closed since Nov 16: “Step 1”, “Review”.",
        "Begun since Nov 16: “Step 2”.",
        "Decided: “Review” approved by Ingrid Berg on Nov 20, "
        "“Step 3 is blocked: No access.” waived by Priya Nair until Dec 20.",
        "Slipped: “Step 2” from Oct 6 to Nov 25 (Holidays), “Review” from Nov 17 to Nov 30, "
        "the target go-live from Mar 2, 2027 to Mar 13, 2027 (Asked for).",
        "Overdue: “Step 3” by 47 days, “Step 4” by 46 days.",
        "Blocked: “Step 3”: No access. Bo Halvorsen clears it by Dec 7.",
        "Waiting on the customer: “Step 4”: Samples of bills. Bo Halvorsen clears it by Dec 7.",
        "Next 7 days: “Step 2” on Nov 25.",
    ]
    assert draft(project) == lines


def test_passages_are_told(cast, clock):
    project = started(cast, publish(a_step(1, applies="if_applicable"), a_step(2, "sit", title="Test")))
    move(project, "design.step-1", "mark_not_applicable", cast.sofia, note="Not needed")
    clock.move_to(NOW)
    perform(Project.objects.get(pk=project.pk), "advance", by=cast.priya)
    perform(Project.objects.get(pk=project.pk), "hold", by=cast.priya, note="Budget")
    perform(Project.objects.get(pk=project.pk), "resume", by=cast.priya)
    perform(Project.objects.get(pk=project.pk), "return_to", by=cast.priya, phase="design", note="A gap")
    assert draft(project)[:4] == [
        "Design is passed: the project is in SIT since Nov 23.",
        "The project was put on hold on Nov 23.",
        "The project was resumed on Nov 23.",
        "The project went back from SIT to Design on Nov 23.",
    ]


def test_a_sentence_names_five_and_counts_the_rest():
    facts = DraftFacts(SINCE, TODAY, closed=[f"Step {number}" for number in range(1, 9)])
    assert draft_text(facts).split("\n")[0] == (
        "Closed since Nov 16: “Step 1”, “Step 2”, “Step 3”, “Step 4”, “Step 5” and 3 more."
    )


def test_a_draft_always_fits_into_an_update():
    long = "x" * 4000
    held = [Held(long, long, long, TODAY)] * 40
    facts = DraftFacts(SINCE, TODAY, closed=[long] * 40, blocked=held, waiting=held, overdue=[(long, 3)] * 40)
    assert len(draft_text(facts)) == LONGEST_UPDATE
    one = DraftFacts(SINCE, TODAY, blocked=[Held("Files", long, "Bo Halvorsen", TODAY)])
    assert draft_text(one).split("\n")[1] == f"Blocked: “Files”: {'x' * 140}…. Bo Halvorsen clears it by Nov 23."


def test_it_takes_the_same_number_of_queries_whatever_happened(cast, clock):
    found = []
    for size in (3, 40):
        project = a_project(cast, size, slug=f"of-{size}")
        for number in range(1, size):
            move(project, f"design.step-{number}", "start", cast.sofia)
            move_due_date(step_of(project, f"design.step-{number}"), dt.date(2026, 12, 1), by=cast.sofia)
        fresh = Project.objects.get(pk=project.pk)
        read_draft(Project.objects.get(pk=project.pk), TODAY)
        with CaptureQueriesContext(connection) as caught:
            read_draft(fresh, TODAY)
        found.append(len(caught))
    assert found == [6, 6]  # steps, seats, moves, dates, decisions, waivers
