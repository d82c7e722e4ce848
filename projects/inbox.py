"""Telling people: rows in their inbox, in the transaction of what they hear of. Nobody hears of their own act.

What is told is made here as unsaved rows, whoever acts saves them with `tell`. No text carries what somebody wrote: a note or
an answer is read where it stands, by those who may see it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from accounts.models import User
from projects.board import R, SeatView
from projects.notice_kinds import NoticeKind
from projects.parties import Party, holders, parties_of
from projects.people import Person
from projects.schedule import ONE_DAY, working_day_on_or_after
from raci.letters import Letter
from transitions.step import StepStatus

if TYPE_CHECKING:
    from projects.models import CommentRequest, Notice, Project, ProjectStep

#: When a summary of the day is heard, on the reader's own clock.
MORNING = dt.time(8)
LONGEST_TEXT, LONGEST_WHY = 300, 120
#: What a decision is called in a notice.
DECIDED = {"approve": "approved", "reject": "rejected", "excuse": "excused a party of"}


def tell(notices: Iterable[Notice]) -> None:
    """Write notices (unsaved), in one query; one that is there already, and one to the person who acted, is left out."""
    rows = [notice for notice in notices if notice.person_id != notice.by_id]
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, ignore_conflicts=True)


def next_morning(now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the next 8:00 on a working day on the clock of `zone`, after the instant `now`: when a summary is heard."""
    local = now.astimezone(zone)
    day = local.date() if local.time() < MORNING else local.date() + ONE_DAY
    return dt.datetime.combine(working_day_on_or_after(day), MORNING, zone)


def cut(text: str, longest: int) -> str:
    """Return `text`, shortened to what a column holds."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def tell_of_move(step: ProjectStep, move: str, *, by: User | None, now: dt.datetime, **_: Any) -> None:
    """Tell those concerned of a step's move, as a follower of moves, in one query at most.

    Whoever decides hears that a decision is asked, R and those who run the project what was decided, I (in the morning's
    summary) that the step is done. A step that is taken back before the morning was never done for those who have not heard.
    """
    if move == "reopen" and step.status == StepStatus.IN_PROGRESS:
        step.notices.filter(kind=NoticeKind.STEP_DONE, heard_from__gt=now).delete()
        return
    notices: list[Notice] = []
    if move == "submit":
        notices += _approval_asked(step, by, now)
    if move in DECIDED:
        notices += _decided(step, DECIDED[move], by, now)
    if step.status == StepStatus.DONE:
        notices += _done(step, by, now)
    tell(notices)


def _approval_asked(step: ProjectStep, by: User | None, now: dt.datetime) -> list[Notice]:
    board, live = step.project.board, step.live
    text = f"“{board.title(live)}” waits for your decision."
    why: dict[Person, str] = {}
    for party in parties_of(live.template.approval):
        words = f"You decide it for the {party.label.lower()}."
        if party == Party.ACCOUNTABLE:
            words = "You are accountable for this step."
        for person in holders(board, live, party):
            why.setdefault(person, words)
    return [_about(step, person, NoticeKind.APPROVAL_ASKED, text, words, by, now) for person, words in why.items()]


def _decided(step: ProjectStep, decision: str, by: User | None, now: dt.datetime) -> list[Notice]:
    board, live = step.project.board, step.live
    text = f"{by.name if by else 'The system'} {decision} “{board.title(live)}”."
    why = dict.fromkeys(board.people(live, R), "You are responsible for this step.")
    for seat in board.seats:
        if seat.role.manages and seat.person:
            why.setdefault(seat.person, "You run this project.")
    return [_about(step, person, NoticeKind.DECIDED, text, words, by, now) for person, words in why.items()]


def _done(step: ProjectStep, by: User | None, now: dt.datetime) -> list[Notice]:
    board, live = step.project.board, step.live
    informed: dict[Person, SeatView] = {}
    for seat in board.seats_of(live, Letter.INFORMED.value):
        if seat.person:
            informed.setdefault(seat.person, seat)
    return [
        _about(
            step, person, NoticeKind.STEP_DONE, f"“{board.title(live)}” is done.",
            f"You are informed of this step as {seat.role.name}.", by, now, next_morning(now, ZoneInfo(seat.zone)),
        )
        for person, seat in informed.items()
    ]  # fmt: skip


def _about(
    step: ProjectStep,
    person: Person,
    kind: NoticeKind,
    text: str,
    why: str,
    by: User | None,
    now: dt.datetime,
    heard_from: dt.datetime | None = None,
) -> Notice:
    rows: Any = step.notices.model
    return rows(
        person_id=person.id, kind=kind, project=step.project, step=step, occasion=f"step:{step.pk}:{step.revision}",
        text=cut(text, LONGEST_TEXT), why=cut(why, LONGEST_WHY), by=by, at=now, heard_from=heard_from or now,
    )  # fmt: skip


def comment_asked(project: Project, title: str, request: CommentRequest, *, by: User | None) -> Notice:
    """Return the notice of a request (saved) to the person asked."""
    rows: Any = project.notices.model
    text = f"Your comment on “{title}” is asked by {request.due:%b} {request.due.day}."
    return rows(
        person_id=request.person_id, kind=NoticeKind.COMMENT_ASKED, project=project, step_id=request.step_id,
        occasion=f"comment:{request.pk}", text=cut(text, LONGEST_TEXT),
        why=cut(f"You are consulted on this step as {request.role}.", LONGEST_WHY),
        by=by, at=request.asked_at, heard_from=request.asked_at,
    )  # fmt: skip


def seat_given(
    project: Project,
    person: User,
    roles: Sequence[str],
    *,
    by: User | None,
    now: dt.datetime,
    occasion: str,
    text: str = "",
) -> Notice:
    """Return the notice of a seat to the person who was put in it, `roles` being their names.

    Args:
        occasion: what tells this giving from another one; the project and the instant are added.
        text: other words than the usual.
    """
    rows: Any = project.notices.model
    return rows(
        person_id=person.pk, kind=NoticeKind.SEAT_GIVEN, project=project, occasion=f"{occasion}:{project.pk}:{now.timestamp():f}",
        text=cut(text or f"You are {' and '.join(dict.fromkeys(roles))} on {project.name} now.", LONGEST_TEXT),
        why="You were put in this seat." if len(roles) == 1 else "You were put in these seats.",
        by=by, at=now, heard_from=now,
    )  # fmt: skip
