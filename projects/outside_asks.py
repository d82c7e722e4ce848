"""What waits for people outside the company, and what is known of a project when it is told to one of them.

Rooms above add what waits there with `register_asks`, and sections of the pages with `projects.panels`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from accounts.models import Side
from projects import signoff
from projects.board import A, Board, LiveStep, R
from projects.models import Approval, Project
from projects.outside import Outsider, offered
from transitions.standing import Standing
from transitions.step import StepStatus


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that waits for the person: what, why, by when, and where it is done (a path, relative to the project's page).

    `noted` is the id of the step whose note for the customer says why, where it has one. `when` and `late` are worked out.
    """

    title: str
    why: str
    due: dt.date | None
    link: str
    button: str
    noted: int = 0
    when: str = ""
    late: bool = False


@dataclass(frozen=True)
class Telling:
    """One project told to one person outside on one day: what the functions below need."""

    project: Project
    who: Outsider
    today: dt.date

    @property
    def board(self) -> Board:
        """The project's steps and seats."""
        return self.project.board

    @cached_property
    def _sign_offs(self) -> tuple[list[signoff.SignOff], list[Approval]]:
        return signoff.sign_offs_of(self.project)

    @property
    def decisions(self) -> list[Approval]:
        """Every decision of the project, the latest first."""
        return self._sign_offs[1]

    @cached_property
    def steps(self) -> list[LiveStep]:
        """The steps that are theirs to see: those that concern them, and those whose decision was passed on to them."""
        board = self.board
        return [step for step in board.steps if self.who.concerned(board, step) or step.id in self.theirs_to_decide]

    @cached_property
    def theirs_to_decide(self) -> frozenset[int]:
        """The ids of the steps on which their decision is asked now."""
        if self.project.standing != Standing.ACTIVE:
            return frozenset()
        return frozenset(round_.step.id for round_ in self._sign_offs[0] if self.who.decides(round_))


def waited_for(telling: Telling, steps: Collection[LiveStep]) -> Iterable[Ask]:
    """Yield the steps that wait on the customer, unless they wait for somebody else outside by name."""
    board = telling.board
    others = {seat.person.id for seat in board.seats if seat.person and seat.role.side != Side.INTERNAL}
    for step in steps:
        if step.status != StepStatus.WAITING_ON_CUSTOMER or not board.reached(step):
            continue
        named = step.owner.id if step.owner else None
        if named == telling.who.person_id or named not in others:
            yield _ask(telling, step, step.reason, step.until, "See what is asked")


def to_decide(telling: Telling, steps: Collection[LiveStep]) -> Iterable[Ask]:
    """Yield the steps that wait for their approval."""
    for step in steps:
        if step.id in telling.theirs_to_decide:
            why = f"Your decision is asked: {step.template.approval_label}."
            yield _ask(telling, step, why, step.due, "Read and decide", decidestep_address(step))


def to_do(telling: Telling, steps: Collection[LiveStep]) -> Iterable[Ask]:
    """Yield the open steps in phases reached that are theirs to work and wait for nothing."""
    words = {"start": "Open and start", "complete": "Open and finish", "submit": "Open and submit"}
    for step in steps:
        moves = [move for move in offered(telling.board, step, telling.who) if move in words]
        if moves and is_theirs_to_do(telling, step):
            yield _ask(telling, step, "You are responsible for this step.", step.due, words[moves[0]])


def to_comment(telling: Telling, steps: Collection[LiveStep]) -> Iterable[Ask]:
    """Yield the steps on which their comment is asked and not given yet; in one query."""
    waiting = telling.project.comment_requests.waiting().filter(person=telling.who.person_id)
    asked = dict(waiting.order_by().values_list("step_id", "due"))
    for step in steps:
        if step.id in asked:
            yield _ask(
                telling, step, "Your comment is asked.", asked[step.id], "Comment", f"{step_address(step)}comment"
            )


#: Where asks come from. Each takes the telling and the steps that concern the person, and yields what waits for them.
AskSource = Callable[[Telling, Collection[LiveStep]], Iterable[Ask]]
_sources: list[AskSource] = [waited_for, to_decide, to_comment, to_do]


def register_asks(source: AskSource) -> None:
    """Add a source of what waits for people outside, in `AppConfig.ready()`; its addresses are relative to the project's page."""
    if source not in _sources:
        _sources.append(source)


def asks(telling: Telling, steps: Collection[LiveStep]) -> list[Ask]:
    """Return what waits for the person, the earliest first, what has no date last. Nothing waits in a project that rests."""
    if telling.project.standing != Standing.ACTIVE:
        return []
    found = [ask for source in _sources for ask in source(telling, steps)]
    return sorted(found, key=lambda ask: ask.due or dt.date.max)


def is_theirs_to_do(telling: Telling, step: LiveStep) -> bool:
    """Return whether the step is theirs to work: they are R, or A where nobody is R (who else would do it?)."""
    letters = telling.who.letters(telling.board, step)
    return R in letters or (A in letters and not telling.board.people(step, R))


def next_from_them(telling: Telling, steps: Iterable[LiveStep]) -> LiveStep | None:
    """Return the open step, in any phase, that is next due from them: theirs to do, or theirs to decide."""
    board = telling.board
    found = (
        step
        for step in steps
        if step.due and not step.closed and (is_theirs_to_do(telling, step) or telling.who.signs(board, step))
    )
    return min(found, key=lambda step: step.due or dt.date.max, default=None)


def decidestep_address(step: LiveStep) -> str:
    """Return where the person decides on a step, relative to the project's page."""
    return f"{step_address(step)}decide"


def step_address(step: LiveStep) -> str:
    """Return the address of a step, relative to the project's page."""
    return f"steps/{step.path}/"


def _ask(telling: Telling, step: LiveStep, why: str, due: dt.date | None, button: str, link: str = "") -> Ask:
    waits = step.status == StepStatus.WAITING_ON_CUSTOMER  # then the reason is what is asked of them
    return Ask(step.template.title, why, due, link or step_address(step), button, noted=0 if waits else step.id)
