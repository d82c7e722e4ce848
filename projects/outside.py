"""People outside the company: which steps concern them, what they may do there, and what they are told (docs/adr/0014).

What is not said to concern them does not exist for them, and what is not said to be for their ears is put in general words:
whoever adds a step, a blocker or a page has to let them in, never has to think of keeping them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Side, User
from history.context import named
from projects.board import A, Board, LiveStep, R, SeatView
from projects.models import ProjectStep
from projects.parties import Party, parties_of, signs_for
from projects.signoff import SignOff
from raci.letters import LETTERS
from transitions.blockers import Blocker, NotPermitted, StaleRow
from transitions.phase import Phase
from transitions.standing import Standing
from transitions.step import StepStatus

#: What people outside may do from each state, where their letters allow it. A step that is blocked is ours to clear; what is
#: in review is decided on a page of its own, which shows what is decided.
MOVES: Mapping[str, tuple[str, ...]] = {
    StepStatus.NOT_STARTED: ("start",),
    StepStatus.IN_PROGRESS: ("complete", "submit"),
    StepStatus.WAITING_ON_CUSTOMER: ("resume",),
}

LATER = "This opens later: our team is still working on what comes before it."
NOT_NOW = "This cannot be done now. Whom to ask stands on the project’s page."


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody outside for whom a page is made: a person, or whoever will sit in an empty seat (its roles)."""

    person_id: int | None = None
    roles: frozenset[int] = frozenset()

    def letters(self, board: Board, step: LiveStep) -> frozenset[str]:
        """Return the letters that they have on the step."""
        if self.person_id is not None:
            return board.letters_of(self.person_id, step)
        return frozenset(
            letter
            for letter in LETTERS
            if any(
                isinstance(holder, SeatView) and holder.role.id in self.roles for holder in board.holders(step, letter)
            )
        )

    def concerned(self, board: Board, step: LiveStep) -> bool:
        """Return whether the step is theirs to see: by a letter, a signature, being waited for, or marked visible."""
        if step.visible_to_customer or self.is_waited_for(step) or self.letters(board, step):
            return True
        return self.signs(board, step)

    def signs(self, board: Board, step: LiveStep) -> bool:
        """Return whether a decision on the step is theirs at some time: by a letter, or by a seat that signs it."""
        return any(self._holds(board, step, party) for party in parties_of(step.template.approval))

    def decides(self, sign_off: SignOff) -> bool:
        """Return whether a decision that has still to be made in this round is theirs, or was passed on to them."""
        if self.person_id is not None:
            return bool(sign_off.own(self.person_id))
        return any(self._holds(sign_off.board, sign_off.step, view.party) for view in sign_off.outstanding)

    def _holds(self, board: Board, step: LiveStep, party: Party) -> bool:
        if not step.template.approval:
            return False
        if party == Party.ACCOUNTABLE:
            return A in self.letters(board, step)
        return any(self._sits(seat) for seat in board.seats if signs_for(seat, step, party))

    def _sits(self, seat: SeatView) -> bool:
        if self.person_id is None:
            return seat.role.id in self.roles
        return seat.person is not None and seat.person.id == self.person_id

    def is_waited_for(self, step: LiveStep) -> bool:
        """Return whether the step waits on the customer, and on them by name."""
        waits = step.status == StepStatus.WAITING_ON_CUSTOMER
        return waits and step.owner is not None and step.owner.id == self.person_id


def outsider(person: User) -> Outsider:
    """Return `person` as the one for whom a page is made."""
    return Outsider(person.pk)


def concerns(step: ProjectStep, who: Outsider) -> bool:
    """Return whether a step is theirs to see: by what they are on the project, or because a decision was passed on to them.

    One query where the first does not hold.
    """
    if who.concerned(step.project.board, step.live):
        return True
    return who.person_id is not None and step.delegations.standing().filter(to=who.person_id).exists()


def holder_of(board: Board, seat: SeatView) -> Outsider:
    """Return who sits in a seat, or will: the person with all their seats, or the role in all its playbooks."""
    if seat.person is not None:
        return Outsider(seat.person.id)
    return Outsider(
        roles=frozenset(other.role.id for other in board.seats if other.role.identity == seat.role.identity)
    )


def outside_seats(board: Board) -> list[SeatView]:
    """Return the seats of people outside, one for each role: by the role's side, or because somebody outside sits there.

    One query, for the sides of those who sit.
    """
    sitting = {seat.person.id for seat in board.seats if seat.person}
    outside = set(User.objects.filter(pk__in=sitting).exclude(side=Side.INTERNAL).values_list("pk", flat=True))
    found: dict[tuple[str, str], SeatView] = {}
    for seat in board.seats:
        if seat.role.side != Side.INTERNAL or (seat.person and seat.person.id in outside):
            found.setdefault(seat.role.identity, seat)
    return list(found.values())


def offered(board: Board, step: LiveStep, who: Outsider) -> list[str]:
    """Return the moves that somebody outside may make now, by their letters and the step's kind and state; no query."""
    if board.project.standing != Standing.ACTIVE or not board.reached(step) or not needs_closed(board, step):
        return []
    letters, deciding = who.letters(board, step), bool(step.template.approval)
    return [
        move
        for move in MOVES.get(StepStatus(step.status), ())
        if letters & {R, A} and {"complete": not deciding, "submit": deciding}.get(move, True)
    ]


def needs_closed(board: Board, step: LiveStep) -> bool:
    """Return whether nothing that the step needs first is open."""
    return all(board.by_path[path].closed for path in step.template.needs if path in board.by_path)


def refuse_what_is_ours(step: ProjectStep, move: str) -> None:
    """Raise NotPermitted for a move that people outside do not make from here, whatever their letters; before `perform`.

    The form's revision holds the step to the state looked at here.
    """
    if move not in MOVES.get(StepStatus(step.status), ()):
        raise NotPermitted([Blocker("not-permitted", "That is not yours to do here.")])


def in_their_words(refused: Iterable[Blocker], board: Board, step: LiveStep, who: Outsider) -> list[Blocker]:
    """Return what stands in the way, told to somebody outside: no owner, no link, and nothing of steps that are not theirs.

    A code that is not known here becomes the general sentence.
    """
    found = dict.fromkeys(_said(blocker, board, step, who) for blocker in refused)
    return [Blocker(code, text) for code, text in found]


def _said(blocker: Blocker, board: Board, step: LiveStep, who: Outsider) -> tuple[str, str]:
    title, standing = step.template.title, Standing(board.project.standing)
    if blocker.code == "needs-open":
        needed = board.by_path.get(blocker.subject)
        theirs = needed is not None and who.concerned(board, needed)
        return "later", f"“{needed.template.title}” comes first, and is still open." if needed and theirs else LATER
    said = {
        "phase-ahead": f"“{title}” opens when the project reaches {Phase(step.template.phase).label}.",
        "approval-missing": f"“{title}” is closed by a decision: submit it for approval.",
        "no-approval-asked": f"“{title}” asks for no approval: mark it done.",
        "stale": f"“{title}” changed since you saw it. Look at what it is now, then choose again.",
        "wrong-state": f"“{title}” is not where it was. Look at what it is now, then choose again.",
        "not-active": f"The project is {standing.label.lower()}.",
        "archived": "The project is complete: nothing in it changes any more.",
        "not-permitted": "That is not yours to do here.",
        "unknown-move": "There is no such thing to do here.",
        "missing-note": "Say why: a reason is needed.",
        "note-too-long": "What you wrote is too long: 4,000 characters at most.",
        "not-shown": "Decide on the page that shows what is decided.",
        "invalid": "We could not read that. Reload the page and try again.",
    }
    return blocker.code if blocker.code in said else "not-now", said.get(blocker.code, NOT_NOW)


@named
def show_to_customer(
    step: ProjectStep, *, visible: bool, note: str, by: User, revision: int | None = None
) -> ProjectStep:
    """Mark a step visible to everybody outside who has a seat on its project, or not; and say what is asked, in plain words.

    The note is read by whoever outside sees the step, by the mark or by a letter.

    Raises:
        NotPermitted: neither R nor A of the step nor running the project, or outside. Archived. StaleRow.
        ValidationError: a note of more than 1,000 characters.
    """
    note = note.strip()
    with transaction.atomic():
        row = step.locked()
        board = row.project.board
        may = by.is_superuser or board.manages(by.pk) or board.letters_of(by.pk, row.live) & {R, A}
        if not (by.is_active and may) or by.is_outside:
            raise NotPermitted([Blocker("not-permitted", f"{by} may not show “{row}” to the customer.")])
        row.project.refuse_if_archived()
        if revision is not None and revision != row.revision:
            raise StaleRow(row, f"“{row}” changed since you saw it.")
        longest = ProjectStep._meta.get_field("customer_note").max_length or 0
        if len(note) > longest:
            raise ValidationError({"note": f"The note has {len(note):,} characters; {longest:,} is the most."})
        if (row.visible_to_customer, row.customer_note) != (visible, note):
            row.visible_to_customer, row.customer_note = visible, note
            row.revision += 1
            row.save(update_fields=["visible_to_customer", "customer_note", "revision"])
    return row
