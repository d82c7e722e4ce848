"""The values of a meeting's agenda, ready to be written out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from meetings import rights
from meetings.agenda import agenda_of
from meetings.agenda_rules import Agenda, Entry, Waiting
from meetings.minutes import Minutes, minutes_of
from meetings.models import MeetingAction, Occurrence
from meetings.planned import Planned
from meetings.vocabulary import Kind, Outcome, Source
from meetings.words import when_words
from projects.days import short
from projects.models import Project
from transitions.clock import business_day
from transitions.meeting import OccurrenceState

#: How what was said of a point is drawn: kind and icon of its chip.
CHIPS = {
    Outcome.APPROVED: ("done", "✓"), Outcome.REJECTED: ("off", "⨯"), Outcome.PRESENTED: ("done", "✓"),
    Outcome.DISCUSSED: ("progress", "●"), Outcome.DECIDED: ("done", "✓"), Outcome.DEFERRED: ("waiting", "◷"),
}  # fmt: skip
#: Why nothing is on an agenda, and what would come onto it.
NOTHING = {
    Kind.TDR: "No project in Design has every step closed that its technical design review needs.",
    Kind.GO_LIVE: "For no project is this the last meeting before its go-live.",
    Kind.TRIAGE: "No phased go-live with a TSM is under way.",
    Kind.TSM_REVIEW: "Every project that goes live has its decision.",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One point, as a page shows it."""

    number: int
    id: int | None
    title: str
    address: str
    step_address: str
    note: str
    source: str
    said: str
    chip: str
    icon: str
    remark: str
    by: str
    points: tuple[tuple[str, str], ...]
    may_remove: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """A project that waits, as a page shows it."""

    code: str
    title: str
    address: str
    why: str
    expected: str
    expected_address: str
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Task:
    """An open action, as a page shows it."""

    id: int
    text: str
    owner: str
    due: str
    late: bool
    about: str
    revision: int
    mine: bool


def agenda_values(meeting: Planned, person: User, now: dt.datetime) -> dict[str, Any]:
    """Return what `templates/meetings/_agenda.html` knows as `agenda`.

    Sixteen queries at most, however many projects there are. People outside read of what they see, and of who waits nothing.
    """
    return values_of(agenda_of(meeting, now), person, now)


def values_of(agenda: Agenda, person: User, now: dt.datetime) -> dict[str, Any]:
    """Return the values of an agenda that was made already."""
    meeting, today = agenda.meeting, business_day(now)
    concerned = agenda.project_ids | {one.about.id for one in agenda.waiting}
    concerned |= {action.project_id for action in agenda.actions if action.project_id}
    seen = set(Project.objects.visible_to(person).filter(pk__in=concerned).values_list("pk", flat=True))
    inside = not person.is_outside
    series = meeting.series
    runs = rights.may_run(series, person, host_id=meeting.host_id)
    is_open = meeting.state in (OccurrenceState.PLANNED, OccurrenceState.UNDER_WAY)
    entries = [entry for entry in agenda.listed if inside or entry.about is None or entry.about.id in seen]
    actions = [action for action in agenda.actions if inside or action.project_id in seen]
    held = meeting.row if meeting.state == OccurrenceState.HELD else None
    args = [series.pk, meeting.day.isoformat()]
    return {
        "state": meeting.state,
        "closes": when_words(agenda.closes_at, series.zone, person.zone) if agenda.closes_at else "",
        "closed": agenda.closed,
        "capacity": series.capacity if series.kind == Kind.TDR else None,
        "points": [_point(number, entry, seen, person, inside, runs and is_open) for number, entry in enumerate(entries, 1)],
        "waiting": [_wait(one, seen, meeting) for one in agenda.waiting] if inside else [],
        "notes": agenda.notes if inside else (),
        "actions": [_task(action, person, today) for action in actions],
        "nothing": NOTHING.get(Kind(series.kind), "Nothing has been put on it yet."),
        "may_run": runs and is_open,
        "may_add": inside and is_open and (runs or (not agenda.closed and _runs_a_project(series, person))),
        "of_company": series.of_company,
        "run_address": reverse("run-meeting", args=args) if inside else "",
        "add_address": reverse("add-agenda-item", args=args),
        "remove_base": reverse("add-agenda-item", args=args),
        "under_way": meeting.state == OccurrenceState.UNDER_WAY,
        "minutes": minutes_values(held, person, today) if held else None,
    }  # fmt: skip


def minutes_values(row: Occurrence, person: User, today: dt.date) -> dict[str, Any]:
    """Return the minutes of a meeting, ready to be written out."""
    told: Minutes = minutes_of(row, person)
    return {
        "decisions": [(decision.text, decision.by.name) for decision in told.decisions],
        "actions": [(_task(action, person, today), action.get_state_display()) for action in told.actions],
        "present": ", ".join(told.present),
        "missing": ", ".join(told.missing),
        "notes": told.notes,
    }


def _runs_a_project(series: Any, person: User) -> bool:
    if series.project is not None:
        return bool(series.project.board.manages(person.pk))
    return Project.objects.active().filter(seats__person=person, seats__role__manages=True).exists()


def _point(number: int, entry: Entry, seen: set[int], person: User, inside: bool, may_edit: bool) -> Point:
    sees = entry.about is not None and entry.about.id in seen and inside
    item = entry.item
    outcome = Outcome(item.outcome) if item is not None and item.outcome else None
    chip, icon = CHIPS[outcome] if outcome else ("", "")
    said = str(outcome.label) if outcome else ""
    removable = item is not None and entry.source != Source.RULE and outcome is None
    mine = item is not None and item.added_by_id == person.pk
    return Point(
        number, item.pk if item else None, entry.title, entry.about.address if entry.about and sees else "",
        entry.step_address if sees else "", entry.note, "" if entry.source == Source.RULE else str(Source(entry.source).label),
        said, chip, icon, item.note if item else "",
        item.settled_by.name if item is not None and item.settled_by and outcome else "",
        entry.points if sees else (), removable and (may_edit or mine),
    )  # fmt: skip


def _wait(one: Waiting, seen: set[int], meeting: Planned) -> Wait:
    sees = one.about.id in seen
    expected = one.expected
    words = when_words(expected.starts, expected.series.zone) if expected else ""
    if expected is not None and (expected.series.pk, expected.day) == (meeting.series.pk, meeting.day):
        words = "this meeting, if they close in time"
    return Wait(
        one.about.code, one.about.title, one.about.address if sees else "", one.why, words,
        expected.address if expected else "", one.links if sees else (),
    )  # fmt: skip


def _task(action: MeetingAction, person: User, today: dt.date) -> Task:
    return Task(
        action.pk, action.text, action.owner.name, short(action.due, today), action.due < today,
        action.project.code if action.project else "", action.revision, action.owner_id == person.pk,
    )  # fmt: skip
