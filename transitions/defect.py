"""The life of a defect that testing found."""

from __future__ import annotations

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class DefectState(models.TextChoices):
    """Whether a defect still counts."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class DefectMachine(Machine):
    """open ⇄ closed, each with what is known of it."""

    MOVES = (
        MoveSpec("close_defect", "Close", details=("note",), required=("note",)),
        MoveSpec("reopen_defect", "Reopen", details=("note",), required=("note",)),
    )

    state = StateField(default=DefectState.OPEN, choices=DefectState.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=state, source=DefectState.OPEN, target=DefectState.CLOSED)
    def close_defect(self, *, note: str) -> None:
        """It is mended, or was none: say which, and in what build."""

    @transition(field=state, source=DefectState.CLOSED, target=DefectState.OPEN)
    def reopen_defect(self, *, note: str) -> None:
        """It is there again."""
