"""The life of a meeting that comes round, and of what somebody took away from it to do."""

from __future__ import annotations

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class OccurrenceState(models.TextChoices):
    """Where one meeting of a series is in its life."""

    PLANNED = "planned", "Planned"
    UNDER_WAY = "under_way", "Under way"
    HELD = "held", "Held"
    CANCELLED = "cancelled", "Cancelled"


class OccurrenceMachine(Machine):
    """planned → under way → held, for good: its minutes are what was said. Or planned ⇄ cancelled, with a reason."""

    MOVES = (
        MoveSpec("open_meeting", "Start the meeting"),
        MoveSpec("close_meeting", "Close the meeting", details=("note",)),
        MoveSpec("call_off", "Cancel this meeting", details=("note",), required=("note",)),
        MoveSpec("call_again", "Hold it after all", details=("note",)),
    )

    state = StateField(default=OccurrenceState.PLANNED, choices=OccurrenceState.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=state, source=OccurrenceState.PLANNED, target=OccurrenceState.UNDER_WAY)
    def open_meeting(self) -> None:
        """Begin: attendance, notes and decisions are written down from now on."""

    @transition(field=state, source=OccurrenceState.UNDER_WAY, target=OccurrenceState.HELD)
    def close_meeting(self, *, note: str = "") -> None:
        """End: the minutes go out, and what is open is carried over to the next."""

    @transition(field=state, source=OccurrenceState.PLANNED, target=OccurrenceState.CANCELLED)
    def call_off(self, *, note: str) -> None:
        """Say, with a reason, that this one is not held."""

    @transition(field=state, source=OccurrenceState.CANCELLED, target=OccurrenceState.PLANNED)
    def call_again(self, *, note: str = "") -> None:
        """Take the cancellation back."""


class ActionState(models.TextChoices):
    """Whether an action of a meeting is still to be done."""

    OPEN = "open", "Open"
    DONE = "done", "Done"
    DROPPED = "dropped", "Dropped"


class ActionMachine(Machine):
    """open → done, or dropped with a reason; either can be taken up again."""

    MOVES = (
        MoveSpec("finish_action", "Done", details=("note",)),
        MoveSpec("drop_action", "Drop", details=("note",), required=("note",)),
        MoveSpec("take_up_again", "Take up again", details=("note",), required=("note",)),
    )

    state = StateField(default=ActionState.OPEN, choices=ActionState.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=state, source=ActionState.OPEN, target=ActionState.DONE)
    def finish_action(self, *, note: str = "") -> None:
        """Say that it is done."""

    @transition(field=state, source=ActionState.OPEN, target=ActionState.DROPPED)
    def drop_action(self, *, note: str) -> None:
        """Say, with a reason, that nobody will do it."""

    @transition(field=state, source=[ActionState.DONE, ActionState.DROPPED], target=ActionState.OPEN)
    def take_up_again(self, *, note: str) -> None:
        """Say, with a reason, that it is to be done after all."""
