"""The life of a test run: results are taken while it is open; closed, it is what somebody signs."""

from __future__ import annotations

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class RunState(models.TextChoices):
    """Where a run is in its life."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"
    ABANDONED = "abandoned", "Abandoned"


class RunMachine(Machine):
    """open → closed, for good: a run that was signed is not added to; a next run keeps the history. Or open → abandoned."""

    MOVES = (
        MoveSpec("close_run", "Close the run", details=("note",)),
        MoveSpec("abandon_run", "Abandon the run", details=("note",), required=("note",)),
    )

    state = StateField(default=RunState.OPEN, choices=RunState.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=state, source=RunState.OPEN, target=RunState.CLOSED)
    def close_run(self, *, note: str = "") -> None:
        """Take no more results: what is there is what the gate judges and the biller signs."""

    @transition(field=state, source=RunState.OPEN, target=RunState.ABANDONED)
    def abandon_run(self, *, note: str) -> None:
        """Let the run count for nothing, with a reason."""
