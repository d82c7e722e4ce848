"""Reminders about projects: which step is due, overdue or yours now, what still waits, which seat is empty, what CS misses.

Pure: rows in, what is due out. Days are the company's; “after three days” are calendar days, “working days” say so. People
outside the company hear of what is asked of them by the mails of sign-offs and testing, and of nothing here. Nobody is told the
same twice in two letters: A who is R as well has heard it as R.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import lru_cache

from projects.board import A, R
from projects.notice_kinds import NoticeKind as Kind
from projects.parties import Party, parties_of
from projects.schedule import ONE_DAY, add_working_days, is_working_day
from projects.settled import Topic
from reminders.due import Due, Source
from reminders.kinds import AGAIN
from reminders.project_rows import LIFE, ProjectRow, Rows, StepRow, read
from transitions.clock import BUSINESS_ZONE
from transitions.phase import Phase
from transitions.step import StepStatus

#: A step is due soon so many working days before.
SOON = 2
#: Who hears of a step that is overdue, after how many days, and how that is said.
ESCALATES = ((R, 1, ""), (A, 3, ", 3 days ago"), ("PM", 7, ", a week ago"))
#: Why somebody hears.
WHY = {R: "You are responsible for this step.", A: "You are accountable for this step.", "PM": "You run this project."}
#: An unanswered question is asked again after so many working days, and then so often.
AGAIN_AFTER, WEEKLY = 3, dt.timedelta(days=7)
#: How long before go-live the tier must be decided, and the Integration Summary be complete.
TIER_BEFORE, SUMMARY_BEFORE = dt.timedelta(weeks=8), dt.timedelta(weeks=2)
TSM_DECISION, SUMMARY = "transition-to-cs/release.tsm-decision", "transition-to-cs/release.integration-summary"


@lru_cache(maxsize=4096)
def start_of(day: dt.date) -> dt.datetime:
    """Return the instant at which a day of the company begins."""
    return dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)


@lru_cache(maxsize=4096)
def working_days_before(day: dt.date, count: int) -> dt.date:
    """Return the working day `count` working days before `day`."""
    while count:
        day -= ONE_DAY
        count -= is_working_day(day)
    return day


@lru_cache(maxsize=4096)
def said(day: dt.date) -> str:
    """Return a day as a sentence names it: `Tue Nov 24`."""
    return f"{day:%a %b} {day.day}"


def decide(now: dt.datetime, rows: Rows) -> Iterator[Due]:
    """Return all that is due of the running projects by `now`; whether it is still of use, the sweep sees."""
    for project in rows.projects:
        for rule in RULES:
            for due in rule(project, rows, now):
                if due.person_id in rows.inside:
                    yield due


def due_soon(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """A step due in two working days or less, to R."""
    for step in project.reached():
        if step.due is None or (since := start_of(working_days_before(step.due, SOON))) > now:
            continue
        yield from _of_step(
            project, step, Kind.DUE_SOON, project.people(step, R), f"due:{step.id}:{step.due}",
            f"“{step.title}” is due {said(step.due)}.", WHY[R],
            since, start_of(step.due + ONE_DAY),
        )  # fmt: skip


def overdue(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """A step past its due date: to R the day after, to A after three days, to the PM after a week."""
    for step in project.reached():
        heard: list[int] = []
        for letter, days, words in ESCALATES:
            if step.due is None or (since := start_of(step.due + dt.timedelta(days=days))) > now:
                break
            people = project.in_charge("PM") if letter == "PM" else project.people(step, letter)
            yield from _of_step(
                project, step, Kind.OVERDUE, [person for person in people if person not in heard],
                f"overdue:{step.id}:{step.due}:{letter}", f"“{step.title}” was due {said(step.due)}{words}.", WHY[letter],
                since, since + LIFE,
            )  # fmt: skip
            heard += people


def your_turn(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """A step that can be begun since the last that it needs was closed, or its phase was reached, to R.

    Whoever closed that, or brought the project there, knows. With the start of the project itself nobody hears this: their seat
    tells them.
    """
    open_paths = {step.template.path for step in project.steps}
    for step in project.reached():
        needs = step.template.needs
        if step.status != StepStatus.NOT_STARTED or any(path in open_paths for path in needs):
            continue
        ways = [(closed.at, closed.by) for path in needs if (closed := project.closed.get(path))]
        if step.template.phase == project.phase and project.phase_since > project.started_at:
            ways.append((project.phase_since, project.advanced_by))
        if not ways:
            continue
        since, by = max(ways, key=lambda way: way[0])
        yield from _of_step(
            project, step, Kind.YOUR_TURN, [person for person in project.people(step, R) if person != by],
            f"turn:{step.id}:{since:%Y%m%dT%H%M%S}", f"“{step.title}” can begin: nothing it needs is open any more.",
            WHY[R], since, since + LIFE,
        )  # fmt: skip


def waiting_on_customer(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """A step that waits on the customer for longer than was said, to its owner and the PM."""
    for step in project.reached():
        if step.status != StepStatus.WAITING_ON_CUSTOMER or step.until is None:
            continue
        why = dict.fromkeys([step.owner] if step.owner else [], "You follow up what it waits for.")
        for person in project.in_charge("PM"):
            why.setdefault(person, WHY["PM"])
        since = start_of(step.until + ONE_DAY)
        for person, words in why.items():
            yield from _of_step(
                project, step, Kind.WAITING_CUSTOMER, [person], f"waited:{step.id}:{step.until}",
                f"“{step.title}” still waits on the customer: it was to be cleared by {said(step.until)}.", words,
                since, since + LIFE,
            )  # fmt: skip


def still_to_decide(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """A decision of ours that still waits: again after three working days, then once a week, to whoever may make it."""
    for step in project.reached():
        if step.status != StepStatus.IN_REVIEW or step.status_since is None or not step.template.approval:
            continue
        party = Party.ACCOUNTABLE
        if party not in parties_of(step.template.approval):
            continue
        holders = project.people(step, A)
        why = dict.fromkeys(holders, WHY[A])
        for person in holders:
            if passed := rows.passed.get((step.id, party.value, person)):
                why.setdefault(passed, "The decision was passed on to you.")
        asked = step.status_since.astimezone(BUSINESS_ZONE).date()
        for person, words in why.items():
            for number, since in _weeks(asked, now):
                yield from _of_step(
                    project, step, Kind.APPROVAL_ASKED, [person], f"{AGAIN}{step.id}:{step.status_since:%Y%m%dT%H%M%S}:{number}",
                    f"“{step.title}” still waits for your decision, since {said(asked)}.", words, since, since + WEEKLY,
                )  # fmt: skip


def still_to_comment(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """A comment that still waits: again after three working days, then once a week, to whoever was asked."""
    for asked in project.asked:
        day = asked.asked_at.astimezone(BUSINESS_ZONE).date()
        for number, since in _weeks(day, now):
            yield Due(
                asked.person, Kind.COMMENT_ASKED, f"{AGAIN}{asked.id}:{number}",
                f"Your comment on “{asked.title}” is still asked, by {said(asked.due)}.",
                f"You are consulted on this step as {asked.role}.", since, since + WEEKLY, project.id, asked.step_id,
                asked.address,
            )  # fmt: skip


def _weeks(asked: dt.date, now: dt.datetime) -> Iterator[tuple[int, dt.datetime]]:
    """Return when a question of that day was put again by `now`, the first time being 0."""
    first, number = add_working_days(asked, AGAIN_AFTER), 0
    while (since := start_of(first + number * WEEKLY)) <= now:
        yield number, since
        number += 1


def seat_empty(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """A seat that open steps of this phase or the next need as R or A and in which nobody sits, to the PM, once a phase."""
    phases = (project.phase, project.next_phase)
    needed: set[int] = set()
    for step in project.steps:
        if step.template.phase in phases:
            for letter, named in ((R, step.responsible), (A, step.accountable)):
                if named is None:
                    needed.update(step.template.letters.get(letter, ()))
    filled = {seat.role.identity for seat in project.seats if seat.person}
    told: set[tuple[str, str]] = set()
    for seat in project.seats:
        identity = seat.role.identity
        if not seat.has(needed) or identity in filled or identity in told:
            continue
        told.add(identity)
        for person in project.in_charge("PM"):
            yield Due(
                person, Kind.SEAT_EMPTY, f"seat:{seat.id}:{project.phase}",
                f"Nobody sits as {seat.role.name}: steps of {_named(phases)} need somebody.", WHY["PM"],
                project.phase_since, dt.datetime.max.replace(tzinfo=dt.UTC), project.id,
                address=f"{project.address}seats/{seat.id}",
            )  # fmt: skip


def _named(phases: Iterable[str | None]) -> str:
    return " and ".join(str(Phase(phase).label) for phase in phases if phase)


def tier_undecided(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """No decision on tier and TSM within eight weeks of go-live, to PM and IM."""
    yield from _before_go_live(
        project, TSM_DECISION, Kind.TIER_UNDECIDED, TIER_BEFORE, Topic.TIER,
        "Who supports this biller after go-live is not decided yet; go-live is {day}.",
    )  # fmt: skip


def summary_incomplete(project: ProjectRow, rows: Rows, now: dt.datetime) -> Iterator[Due]:
    """An Integration Summary that is not complete two weeks before go-live, to IM and PM."""
    yield from _before_go_live(
        project, SUMMARY, Kind.SUMMARY_INCOMPLETE, SUMMARY_BEFORE, Topic.SUMMARY,
        "The Integration Summary is not complete yet; go-live is {day}.",
    )  # fmt: skip


def _before_go_live(
    project: ProjectRow, path: str, kind: Kind, before: dt.timedelta, topic: Topic, text: str
) -> Iterator[Due]:
    step = project.step(path)
    if step is None or project.is_live or topic in project.settled:
        return
    yield from _of_step(
        project, step, kind, project.in_charge("PM", "IM"), f"{topic.value}:{project.id}:{project.target}",
        text.format(day=said(project.target)), WHY["PM"],
        start_of(project.target - before), start_of(project.target + ONE_DAY),
    )  # fmt: skip


def _of_step(
    project: ProjectRow,
    step: StepRow,
    kind: Kind,
    people: Iterable[int],
    occasion: str,
    text: str,
    why: str,
    since: dt.datetime,
    until: dt.datetime,
) -> Iterator[Due]:
    for person in people:
        yield Due(person, kind, occasion, text, why, since, until, project.id, step.id)


RULES = (
    due_soon,
    overdue,
    your_turn,
    waiting_on_customer,
    still_to_decide,
    still_to_comment,
    seat_empty,
    tier_undecided,
    summary_incomplete,
)
SOURCE = Source("projects", read, decide)
