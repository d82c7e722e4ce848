"""The life of a section of a document, or of a document without sections."""

from __future__ import annotations

from django.db import models
from django_fsm import RETURN_VALUE, transition

from transitions.machine import Machine, MoveSpec, StateField


class SectionState(models.TextChoices):
    """Where the writing of a section is."""

    EMPTY = "empty", "Empty"
    DRAFTING = "drafting", "Drafting"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    NOT_APPLICABLE = "not_applicable", "N/A"


S = SectionState

#: A section in one of these has something in it: a gate that asks for it is content.
FILLED = (S.DRAFTING, S.IN_REVIEW, S.APPROVED)


class SectionMachine(Machine):
    """empty → drafting → in review → approved; back with a reason; N/A with a reason, until it is reopened."""

    MOVES = (
        MoveSpec("draft_section", "Start drafting"),
        MoveSpec("hand_in_section", "Hand in for review"),
        MoveSpec("approve_section", "Approve", details=("note",)),
        MoveSpec("send_back_section", "Send back", details=("note",), required=("note",)),
        MoveSpec("skip_section", "Not applicable", details=("note",), required=("note",)),
        MoveSpec("reopen_section", "Reopen", details=("note",), required=("note",)),
    )

    state = StateField(default=S.EMPTY, choices=S.choices, max_length=15)

    class Meta:
        abstract = True

    def is_begun(self) -> bool:
        """Return whether something was written of it already: a section that applies again goes on where it was."""
        return False

    @transition(field=state, source=S.EMPTY, target=S.DRAFTING)
    def draft_section(self) -> None:
        """Begin to write."""

    @transition(field=state, source=S.DRAFTING, target=S.IN_REVIEW)
    def hand_in_section(self) -> None:
        """Ask for a look at what is written."""

    @transition(field=state, source=S.IN_REVIEW, target=S.APPROVED)
    def approve_section(self, *, note: str = "") -> None:
        """Say that it stands."""

    @transition(field=state, source=S.IN_REVIEW, target=S.DRAFTING)
    def send_back_section(self, *, note: str) -> None:
        """Say what is missing, with a reason."""

    @transition(field=state, source=[S.EMPTY, S.DRAFTING], target=S.NOT_APPLICABLE)
    def skip_section(self, *, note: str) -> None:
        """Say, with a reason, that this project has nothing to write here."""

    @transition(field=state, source=S.APPROVED, target=S.DRAFTING)
    @transition(field=state, source=S.NOT_APPLICABLE, target=RETURN_VALUE(S.EMPTY, S.DRAFTING))
    def reopen_section(self, *, note: str) -> SectionState:
        """Take back an approval, or that it does not apply, with a reason."""
        return S.DRAFTING if self.is_begun() else S.EMPTY
