"""The draft of an update: what happened since the last one, in sentences that the person who posts it edits.

`draft_text` is pure and gives the same words for the same facts; `read_draft` reads them, in seven queries whatever has happened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.contenttypes.models import ContentType

from projects.board import LiveStep
from projects.days import WEEK, short
from projects.models import Project, ProjectStep
from projects.models.status_update import LONGEST_UPDATE
from transitions.clock import business_day
from transitions.models import TransitionRecord
from transitions.phase import Phase
from transitions.step import StepStatus

#: A sentence names so many, and says how many more there are.
NAMED = 5
#: A reason is cut to this.
LONGEST_WHY = 140

PASSAGES = {
    "advance": "{old} is passed: the project is in {new} since {day}.",
    "return_to": "The project went back from {old} to {new} on {day}.",
    "hold": "The project was put on hold on {day}.",
    "resume": "The project was resumed on {day}.",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A step that is held up: why, who clears it and by when."""

    title: str
    why: str
    owner: str
    until: dt.date | None


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """What a draft tells of. Every list is in the order in which it is told."""

    since: dt.date
    today: dt.date
    first: bool = False
    passages: Sequence[str] = ()
    closed: Sequence[str] = ()
    begun: Sequence[str] = ()
    decided: Sequence[str] = ()
    #: What moved, from when, to when, why.
    later: Sequence[tuple[str, dt.date, dt.date, str]] = ()
    earlier: Sequence[tuple[str, dt.date, dt.date, str]] = ()
    overdue: Sequence[tuple[str, int]] = ()
    blocked: Sequence[Held] = ()
    waiting: Sequence[Held] = field(default=())
    next: Sequence[tuple[str, dt.date]] = ()


def draft_text(facts: DraftFacts) -> str:
    """Return the draft, a line for each kind of thing; never longer than an update may be."""
    today, since = facts.today, short(facts.since, facts.today)
    moved = [*facts.passages]
    if facts.closed:
        moved.append(f"Closed since {since}: {_quoted(facts.closed)}.")
    if facts.begun:
        moved.append(f"Begun since {since}: {_quoted(facts.begun)}.")
    if facts.decided:
        moved.append(f"Decided: {_listed(facts.decided)}.")
    if facts.later:
        moved.append(f"Slipped: {_listed([_shift(shift, today) for shift in facts.later])}.")
    if facts.earlier:
        moved.append(f"Brought forward: {_listed([_shift(shift, today) for shift in facts.earlier])}.")
    lines = moved or [f"Nothing has moved since {'the start, ' if facts.first else ''}{since}."]
    if facts.overdue:
        lines.append(f"Overdue: {_listed([f'“{title}” by {_days(days)}' for title, days in facts.overdue])}.")
    lines += [f"Blocked: {_held(one, today)}" for one in facts.blocked[:NAMED]]
    lines += [f"Waiting on the customer: {_held(one, today)}" for one in facts.waiting[:NAMED]]
    coming = [f"“{title}” on {short(day, today)}" for title, day in facts.next]
    lines.append(f"Next 7 days: {_listed(coming)}." if coming else "Nothing is due in the next 7 days.")
    text = "\n".join(lines)
    return text if len(text) <= LONGEST_UPDATE else f"{text[: LONGEST_UPDATE - 1].rstrip()}…"


def read_draft(project: Project, today: dt.date) -> DraftFacts:
    """Return the facts since the project's last update, or since its start."""
    board = project.board
    since = project.health_at or project.started_at
    passages, closed, begun = _moves(project, since, today)
    shifts: list[tuple[str, dt.date, dt.date, str]] = []
    changes = project.date_changes.filter(at__gt=since).order_by("at", "pk")
    for step_id, old, new, why in changes.values_list("step_id", "old", "new", "reason"):
        what = f"“{board.title(board.step(step_id))}”" if step_id else "the target go-live"
        if old and new:
            shifts.append((what, old, new, why))
    opened = [step for step in board.steps if not step.closed]
    late = [(board.title(s), (today - s.due).days) for s in opened if s.due and board.reached(s) and s.overdue(today)]
    coming = [(board.title(step), step.due) for step in opened if step.due and today <= step.due <= today + WEEK]
    return DraftFacts(
        since=business_day(since), today=today, first=project.health_at is None, passages=passages, closed=closed,
        begun=begun, decided=_decisions(project, since, today),
        later=[shift for shift in shifts if shift[2] > shift[1]], earlier=[s for s in shifts if s[2] < s[1]],
        overdue=sorted(late, key=lambda one: -one[1]),
        blocked=_held_up(project, opened, StepStatus.BLOCKED),
        waiting=_held_up(project, opened, StepStatus.WAITING_ON_CUSTOMER),
        next=sorted(coming, key=lambda one: one[1]),
    )  # fmt: skip


def _moves(project: Project, since: dt.datetime, today: dt.date) -> tuple[list[str], list[str], list[str]]:
    """Return the project's own passages, and the steps that are closed and that are under way by moves since then."""
    board, passages = project.board, []
    steps: dict[int, LiveStep] = {step.id: step for step in board.steps}
    of_project, of_step = (ContentType.objects.get_for_model(model).pk for model in (Project, ProjectStep))
    moved: dict[int, None] = {}
    records = TransitionRecord.objects.under(project).filter(at__gt=since).order_by("at", "pk")
    for kind, pk, move, old, new, at in records.values_list(
        "object_type_id", "object_id", "move", "source", "target", "at"
    ):
        if kind == of_step:
            moved[pk] = moved.pop(pk, None)  # the last move gives the place in the sentence
        elif kind == of_project and move in PASSAGES:
            names = {"old": _phase(old), "new": _phase(new), "day": short(business_day(at), today)}
            passages.append(PASSAGES[move].format(**names))
    known = [steps[pk] for pk in moved if pk in steps]
    closed = [board.title(step) for step in known if step.status == StepStatus.DONE]
    begun = [
        board.title(s) for s in known if s.status in {StepStatus.IN_PROGRESS, StepStatus.IN_REVIEW} and s.status_since
    ]
    return passages, closed, begun


def _decisions(project: Project, since: dt.datetime, today: dt.date) -> list[str]:
    board = project.board
    found = [
        (at, f"“{board.title(board.step(step_id))}” {decision} by {name} on {short(business_day(at), today)}")
        for step_id, decision, name, at in project.approvals.filter(at__gt=since).values_list(
            "step_id", "decision", "by__name", "at"
        )
    ]
    found += [
        (at, f"“{text}” waived by {name} until {short(expires, today)}")
        for text, name, expires, at in project.waivers.filter(at__gt=since).values_list(
            "text", "by__name", "expires", "at"
        )
    ]
    return [words for _, words in sorted(found)]


def _held_up(project: Project, steps: Sequence[LiveStep], status: str) -> list[Held]:
    return [
        Held(project.board.title(step), step.reason, step.owner.name if step.owner else "", step.until)
        for step in steps
        if step.status == status
    ]


def _held(one: Held, today: dt.date) -> str:
    clears = f" {one.owner} clears it by {short(one.until, today)}." if one.owner and one.until else ""
    return f"“{one.title}”: {_cut(one.why)}.{clears}"


def _shift(shift: tuple[str, dt.date, dt.date, str], today: dt.date) -> str:
    what, old, new, why = shift
    return f"{what} from {short(old, today)} to {short(new, today)}" + (f" ({_cut(why)})" if why else "")


def _cut(text: str) -> str:
    plain = " ".join(text.split()).rstrip(".")
    return plain if len(plain) <= LONGEST_WHY else f"{plain[:LONGEST_WHY].rstrip()}…"


def _quoted(titles: Sequence[str]) -> str:
    return _listed([f"“{title}”" for title in titles])


def _listed(parts: Sequence[str]) -> str:
    more = len(parts) - NAMED
    return ", ".join(parts[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _phase(name: str) -> str:
    return str(Phase(name).label) if name in Phase.values else name
