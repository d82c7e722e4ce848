"""The status of a live step (design.md, Moves)."""

from __future__ import annotations

from django.db import models
from django_fsm import RETURN_VALUE, transition

from transitions.machine import Machine, MoveSpec, StateField


class StepStatus(models.TextChoices):
    """What a step is at. Locked, overdue and the like are derived, never stored."""

    NOT_STARTED = "not_started", "Not started"
    IN_PROGRESS = "in_progress", "In progress"
    WAITING_ON_CUSTOMER = "waiting_on_customer", "Waiting on customer"
    BLOCKED = "blocked", "Blocked"
    IN_REVIEW = "in_review", "In review"
    DONE = "done", "Done"
    NOT_APPLICABLE = "not_applicable", "N/A"


#: A step in one of these is closed: it holds up neither its gate nor the steps that need it.
CLOSED = (StepStatus.DONE, StepStatus.NOT_APPLICABLE)
OPEN = tuple(status for status in StepStatus if status not in CLOSED)

S = StepStatus

#: What a decision takes besides its note: whose it is, where it was made (evidence) and the digest of what was shown.
DECIDING = ("party", "evidence", "shown")


class StepMachine(Machine):
    """not started → in progress → (waiting | blocked | in review) → done; N/A; reopened with a reason.

    A step that asks for approval goes through review and is closed by `approve`; any other is closed by `complete`.
    Which of the two a step takes, and what it needs first, is asked in `transitions.gates`, not drawn as an edge. Where several
    have to decide, the step stays in review until the last of them has (`is_last_word`).
    """

    MOVES = (
        MoveSpec("start", "Start"),
        MoveSpec("complete", "Done"),
        MoveSpec("submit", "Submit for approval"),
        MoveSpec("approve", "Approve", details=("note", *DECIDING)),
        MoveSpec("reject", "Reject", details=("note", "reopens", *DECIDING), required=("note",)),
        MoveSpec("excuse", "Excuse a party", details=("note", *DECIDING), required=("note",)),
        MoveSpec("wait", "Wait on customer", details=("note", "owner", "until"), required=("note", "owner", "until")),
        MoveSpec("block", "Block", details=("note", "owner", "until"), required=("note", "owner", "until")),
        MoveSpec("resume", "Resume"),
        MoveSpec("mark_not_applicable", "Not applicable", details=("note",), required=("note",)),
        MoveSpec("reopen", "Reopen", details=("note",), required=("note",)),
    )

    status = StateField(default=S.NOT_STARTED, choices=S.choices, max_length=20)

    class Meta:
        abstract = True

    @transition(field=status, source=S.NOT_STARTED, target=S.IN_PROGRESS)
    def start(self) -> None:
        """Begin work."""

    @transition(field=status, source=S.IN_PROGRESS, target=S.DONE)
    def complete(self) -> None:
        """Close a step that asks for no approval."""

    @transition(field=status, source=S.IN_PROGRESS, target=S.IN_REVIEW)
    def submit(self) -> None:
        """Hand a step in for its decision."""

    def is_last_word(self) -> bool:
        """Return whether nobody else has to decide after the decision that is being made."""
        return True

    @transition(field=status, source=S.IN_REVIEW, target=RETURN_VALUE(S.DONE, S.IN_REVIEW))
    def approve(self, *, note: str = "", **_: object) -> StepStatus:
        """Decide yes: the step is done, or waits for those who have still to decide."""
        return S.DONE if self.is_last_word() else S.IN_REVIEW

    @transition(field=status, source=S.IN_REVIEW, target=S.IN_PROGRESS)
    def reject(self, *, note: str, reopens: tuple[str, ...] = (), **_: object) -> None:
        """Decide no, with a reason; the steps named in `reopens` (keys) are reopened with it."""

    @transition(field=status, source=S.IN_REVIEW, target=RETURN_VALUE(S.DONE, S.IN_REVIEW))
    def excuse(self, *, note: str, **_: object) -> StepStatus:
        """Say, with a reason, that a party has nothing to decide here."""
        return S.DONE if self.is_last_word() else S.IN_REVIEW

    @transition(field=status, source=[S.NOT_STARTED, S.IN_PROGRESS, S.BLOCKED], target=S.WAITING_ON_CUSTOMER)
    def wait(self, *, note: str, owner: object, until: object) -> None:
        """Say that the customer has the ball: what for, who, and by when."""

    @transition(
        field=status,
        source=[S.NOT_STARTED, S.IN_PROGRESS, S.WAITING_ON_CUSTOMER, S.IN_REVIEW],
        target=S.BLOCKED,
    )
    def block(self, *, note: str, owner: object, until: object) -> None:
        """Say that work cannot go on: why, who clears it, and by when."""

    @transition(field=status, source=[S.WAITING_ON_CUSTOMER, S.BLOCKED], target=S.IN_PROGRESS)
    def resume(self) -> None:
        """Take up work again."""

    @transition(
        field=status,
        source=[S.NOT_STARTED, S.IN_PROGRESS, S.WAITING_ON_CUSTOMER, S.BLOCKED],
        target=S.NOT_APPLICABLE,
    )
    def mark_not_applicable(self, *, note: str) -> None:
        """Set the step aside, with a reason, where its playbook allows that."""

    @transition(field=status, source=S.DONE, target=S.IN_PROGRESS)
    @transition(field=status, source=S.NOT_APPLICABLE, target=S.NOT_STARTED)
    def reopen(self, *, note: str) -> None:
        """Take back a closed step, with a reason."""
