"""The life of an item of the RAID log."""

from __future__ import annotations

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class RaidState(models.TextChoices):
    """Where a risk, an assumption, an issue or a dependency is (ux.md, Phase / gate / test / RAID)."""

    OPEN = "open", "Open"
    MITIGATING = "mitigating", "Mitigating"
    CLOSED = "closed", "Closed"


#: States in which an item still asks for something.
LIVE = (RaidState.OPEN, RaidState.MITIGATING)


class RaidMachine(Machine):
    """open → mitigating → closed, or straight to closed; what is closed may be reopened. Both ends take a reason."""

    MOVES = (
        MoveSpec("mitigate", "Start mitigating", details=("note",)),
        MoveSpec("close_item", "Close", details=("note",), required=("note",)),
        MoveSpec("reopen_item", "Reopen", details=("note",), required=("note",)),
    )

    state = StateField(default=RaidState.OPEN, choices=RaidState.choices, max_length=12)

    class Meta:
        abstract = True

    @transition(field=state, source=RaidState.OPEN, target=RaidState.MITIGATING)
    def mitigate(self, *, note: str = "") -> None:
        """Somebody is doing what the response says."""

    @transition(field=state, source=[RaidState.OPEN, RaidState.MITIGATING], target=RaidState.CLOSED)
    def close_item(self, *, note: str) -> None:
        """It asks for nothing more: say what came of it."""

    @transition(field=state, source=RaidState.CLOSED, target=RaidState.OPEN)
    def reopen_item(self, *, note: str) -> None:
        """It is there again: say why."""
