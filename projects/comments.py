"""Comments asked of the consulted (C): a request with a due date when the step starts, and what they answered.

A request blocks nothing. It goes with the seat: whoever takes it over while the step is worked on is asked instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Side, User
from history.context import named
from projects.board import Board, C, LiveStep
from projects.inbox import comment_asked, tell
from projects.people import Person
from projects.schedule import add_working_days
from projects.titles import title_of
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.clock import business_day
from transitions.standing import Standing
from transitions.step import StepStatus

if TYPE_CHECKING:
    from projects.models import CommentAnswer, CommentRequest, Project, ProjectStep

#: How long the consulted have, in working days.
TIME_TO_ANSWER = 3
LONGEST_ROLE = 300
#: Moves after which work goes on, and with which the consulted are asked, unless they were.
ASKS = frozenset({"start", "resume", "reopen"})
#: A step in one of these is worked on: who comes into a consulted seat now is asked at once.
WORKED_ON = frozenset({StepStatus.IN_PROGRESS, StepStatus.IN_REVIEW})


def due_day(asked_on: dt.date, step_due: dt.date | None) -> dt.date:
    """Return by when an answer is asked: three working days on, or the step's own due date where that comes earlier.

    A due date that is today or past hurries nobody.
    """
    day = add_working_days(asked_on, TIME_TO_ANSWER)
    return min(day, step_due) if step_due is not None and step_due > asked_on else day


def consulted(board: Board, step: LiveStep) -> dict[Person, str]:
    """Return who is consulted on the step, each with the names of the roles in which they are."""
    found: dict[Person, list[str]] = {}
    for seat in board.seats_of(step, C):
        if seat.person is not None:
            found.setdefault(seat.person, []).append(seat.role.name)
    return {person: ", ".join(dict.fromkeys(names))[:LONGEST_ROLE] for person, names in found.items()}


def ask_with_move(step: ProjectStep, move: str, *, by: User | None, now: dt.datetime, **_: Any) -> None:
    """Ask the consulted of a step that is worked on with this move, as a follower of moves; nobody is asked twice."""
    if move not in ASKS or step.status != StepStatus.IN_PROGRESS:
        return
    # With its very first change nobody can have been asked yet.
    asked = [] if step.revision == 1 else list(step.comment_requests.filter(withdrawn_at=None))
    _bring_in_line(step.project, [step.live], asked, by=by, now=now)


def bring_in_line(project: Project, *, by: User | None, now: dt.datetime) -> None:
    """Let open requests follow the seats of a project, which the caller has locked: those who left are not asked any more.

    Whoever sits in a consulted seat of a step that is worked on is asked, unless they were.
    """
    board = project.board
    open_steps = [step for step in board.steps if not step.closed]
    asked = project.comment_requests.filter(withdrawn_at=None, step__in=[step.id for step in open_steps])
    _bring_in_line(project, open_steps, list(asked), by=by, now=now)


def _bring_in_line(
    project: Project, steps: Iterable[LiveStep], asked: list[CommentRequest], *, by: User | None, now: dt.datetime
) -> None:
    board, today = project.board, business_day(now)
    known = {(request.step_id, request.person_id) for request in asked}
    new: list[tuple[CommentRequest, LiveStep]] = []
    rows: Any = project.comment_requests.model
    due_to: set[tuple[int, int]] = set()
    for step in steps:
        people = consulted(board, step)
        due_to |= {(step.id, person.id) for person in people}
        if step.status not in WORKED_ON or project.standing == Standing.CANCELLED:
            continue
        for person, role in people.items():
            if (step.id, person.id) not in known:
                request = rows(
                    project=project, step_id=step.id, person_id=person.id, role=role, asked_at=now,
                    due=due_day(today, step.due),
                )  # fmt: skip
                new.append((request, step))
    left = [
        request.pk
        for request in asked
        if request.answered_at is None and (request.step_id, request.person_id) not in due_to
    ]
    if left:
        rows.objects.filter(pk__in=left).update(withdrawn_at=now)
    if new:
        rows.objects.bulk_create([request for request, _ in new])
        tell([comment_asked(project, board.title(step), request, by=by) for request, step in new])


@named
def answer_comment(request: CommentRequest, text: str, *, by: User, now: dt.datetime | None = None) -> CommentAnswer:
    """Add an answer to a request, which is kept for ever; more can be added until the step closes.

    Raises:
        NotPermitted: somebody else was asked. Archived.
        MoveRefused: the request was withdrawn, the step is closed, or the project cancelled.
        ValidationError: no text, or one of more than 4,000 characters.
    """
    now = now or timezone.now()
    with transaction.atomic():
        project = request.project.locked()
        row = type(request).objects.select_related("step__template").get(pk=request.pk)
        link = row.step.project.step_url(project.board.step(row.step_id).path)
        if row.person_id != by.pk or not by.is_active:
            raise NotPermitted([Blocker("not-permitted", "This comment was asked of somebody else.", link)])
        project.refuse_if_archived()
        if refused := _not_open(row, project, project.board.step(row.step_id), link):
            raise MoveRefused([refused])
        words = text.strip()
        longest = row.answers.model._meta.get_field("text").max_length
        if not words:
            raise ValidationError({"text": "Write your comment."})
        if len(words) > longest:
            raise ValidationError({"text": f"The comment has {len(words):,} characters; {longest:,} is the most."})
        if row.answered_at is None:
            row.answered_at = now
            row.save(update_fields=["answered_at"])
        return row.answers.create(project=project, by=by, by_side=by.side, at=now, text=words)


def _not_open(row: CommentRequest, project: Project, step: LiveStep, link: str) -> Blocker | None:
    if row.withdrawn_at is not None:
        return Blocker(
            "comment-withdrawn", "Somebody else holds your seat now; your comment is not asked any more.", link
        )
    if step.closed:
        return Blocker(
            "step-closed", f"“{step.template.title}” is closed: comments on it are not taken any more.", link
        )
    if project.standing == Standing.CANCELLED:
        return Blocker("not-active", "The project is cancelled.", link)
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request on a step's page."""

    person: Person
    role: str
    due: dt.date
    late: bool
    state: str
    answers: tuple[CommentAnswer, ...]
    mine: bool


def comments_on(step: ProjectStep, viewer: User, today: dt.date) -> list[Asked]:
    """Return what was asked on a step and what was answered, in two queries.

    Somebody from outside sees what was asked of people outside, and nothing of what our own people say among themselves.
    """
    rows: Any = step.comment_requests.select_related("person").prefetch_related("answers")
    if viewer.is_outside:
        rows = rows.exclude(person__side=Side.INTERNAL)
    found = []
    for row in rows:
        if row.withdrawn_at is not None and row.answered_at is None:
            continue
        waiting = row.answered_at is None and not step.live.closed
        state = "waiting" if waiting else "not answered"
        if row.answered_at is not None:
            state = "answered late" if business_day(row.answered_at) > row.due else "answered"
        found.append(
            Asked(
                Person(row.person_id, row.person.name), row.role, row.due, waiting and row.due < today, state,
                tuple(row.answers.all()), row.person_id == viewer.pk and not step.live.closed,
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class AskedOfMe:
    """One request that waits for its person: on My work and in the inbox."""

    title: str
    role: str
    code: str
    project: str
    address: str
    due: dt.date
    late: bool


def asked_of(person: User, today: dt.date, *, most: int = 50) -> list[AskedOfMe]:
    """Return the comments that wait for a person, the next due first, `most` at most; in one query."""
    rows: Any = person.comment_requests.waiting().order_by("due", "pk")
    columns = (
        title_of("step__"), "role", "project__code", "project__name", "step__template__version__playbook__slug",
        "step__template__key", "due",
    )  # fmt: skip
    return [
        AskedOfMe(title, role, code, name, comment_address(code, f"{playbook}/{key}"), due, due < today)
        for title, role, code, name, playbook, key, due in rows.values_list(*columns)[:most]
    ]


def comment_address(code: str, path: str) -> str:
    """Return the address at which a comment on the step `playbook/step-key` is given."""
    return f"{reverse('portfolio')}{code}/steps/{path}/comment"
