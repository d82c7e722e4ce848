"""The life of a production case: what a client reported of what is live."""

from __future__ import annotations

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class CaseState(models.TextChoices):
    """Whether a case still asks for something."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class ProductionCaseMachine(Machine):
    """open ⇄ closed, each with what is known of it."""

    MOVES = (
        MoveSpec("close_case", "Close", details=("note",), required=("note",)),
        MoveSpec("reopen_case", "Reopen", details=("note",), required=("note",)),
    )

    state = StateField(default=CaseState.OPEN, choices=CaseState.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=state, source=CaseState.OPEN, target=CaseState.CLOSED)
    def close_case(self, *, note: str) -> None:
        """The fix is proven in production, or the client was told why nothing changes: say which."""

    @transition(field=state, source=CaseState.CLOSED, target=CaseState.OPEN)
    def reopen_case(self, *, note: str) -> None:
        """It is there again."""
