"""The standing of a project, beside its phase (domain.md, Phases)."""

from __future__ import annotations

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class Standing(models.TextChoices):
    """Whether a project runs. Complete archives it for good."""

    ACTIVE = "active", "Active"
    ON_HOLD = "on_hold", "On hold"
    CANCELLED = "cancelled", "Cancelled"
    COMPLETE = "complete", "Complete"


class StandingMachine(Machine):
    """active ⇄ on hold; active → cancelled; active → complete, which archives.

    An active project takes a newer version of a playbook, and gives it back, without leaving its standing.
    """

    STANDING_MOVES = (
        MoveSpec("hold", "Put on hold", details=("note",), required=("note",)),
        MoveSpec("resume", "Resume"),
        MoveSpec("cancel", "Cancel", details=("note",), required=("note",)),
        MoveSpec("complete", "Complete and archive"),
        MoveSpec(
            "upgrade", "Upgrade", details=("note", "version", "decisions", "reasons", "seen"), required=("version",)
        ),
        MoveSpec("undo_upgrade", "Undo the upgrade", details=("note",)),
    )

    standing = StateField(default=Standing.ACTIVE, choices=Standing.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=standing, source=Standing.ACTIVE, target=Standing.ON_HOLD)
    def hold(self, *, note: str) -> None:
        """Stop work for a while, with a reason."""

    @transition(field=standing, source=Standing.ON_HOLD, target=Standing.ACTIVE)
    def resume(self) -> None:
        """Take up work again."""

    @transition(field=standing, source=Standing.ACTIVE, target=Standing.CANCELLED)
    def cancel(self, *, note: str) -> None:
        """End the project unfinished, with a reason."""

    @transition(field=standing, source=Standing.ACTIVE, target=Standing.COMPLETE)
    def complete(self) -> None:
        """End the project with everything done: from then on it is read-only."""

    @transition(field=standing, source=Standing.ACTIVE, target=Standing.ACTIVE)
    def upgrade(self, **_: object) -> None:
        """Take a newer version of a playbook: which, and what was decided of each step."""

    @transition(field=standing, source=Standing.ACTIVE, target=Standing.ACTIVE)
    def undo_upgrade(self, **_: object) -> None:
        """Take the last upgrade back, while nothing else has moved."""
