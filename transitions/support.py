"""The life of a support period: it runs from go-live, is evaluated, extended, and ends with the help desk taking over."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class SupportState(models.TextChoices):
    """Where a support period is in its life."""

    RUNNING = "running", "Running"
    ENDED = "ended", "Ended"
    WITHDRAWN = "withdrawn", "Withdrawn"


class SupportMachine(Machine):
    """running → ended, for good; being evaluated or extended, it stays running. Withdrawn is one whose go-live was taken back.

    A help desk that supports from the first day has a period of no days, which is born ended.
    """

    MOVES = (
        MoveSpec("evaluate_support", "Evaluate", details=("until", "note"), required=("note",)),
        MoveSpec("extend_support", "Extend", details=("until", "note"), required=("until", "note")),
        MoveSpec("end_support", "End and hand over to the help desk", details=("note",)),
        MoveSpec("withdraw_support", "Withdraw", details=("note",)),
    )
    BIRTH_STATES = {"state": (SupportState.ENDED,)}  # noqa: RUF012 - as the machine declares it

    state = StateField(default=SupportState.RUNNING, choices=SupportState.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=state, source=SupportState.RUNNING, target=SupportState.RUNNING)
    def evaluate_support(self, *, note: str, until: dt.date | None = None) -> None:
        """Say how it went: it goes on until a day, or ends as planned."""

    @transition(field=state, source=SupportState.RUNNING, target=SupportState.RUNNING)
    def extend_support(self, *, until: dt.date, note: str) -> None:
        """Let it last longer than planned, with a reason."""

    @transition(field=state, source=SupportState.RUNNING, target=SupportState.ENDED)
    def end_support(self, *, note: str = "") -> None:
        """Let the help desk take over."""

    @transition(field=state, source=SupportState.RUNNING, target=SupportState.WITHDRAWN)
    def withdraw_support(self, *, note: str = "") -> None:
        """Take it back with the go-live that it began with."""
