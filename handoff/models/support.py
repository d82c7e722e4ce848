"""Support after go-live: periods that run, and what happened to each, with the letter that the biller was sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from handoff.rights import takes_over
from handoff.support import rules
from handoff.support.letters import Told, letter
from handoff.support.people import billers
from handoff.support.vocabulary import LONGEST_LETTER, LONGEST_REASON, LONGEST_SUPPORT, MOST_DAYS, Turn
from history.tracking import HistoryOf
from projects.models import Project
from projects.models.archive import Final, Owned, OwnedQuerySet
from projects.models.lock import under_project
from transitions.blockers import Blocker
from transitions.clock import business_day
from transitions.machine import GuardedQuerySet
from transitions.support import SupportMachine, SupportState

#: What follows from a turn, within its transaction: called with the turn, and `now` by name.
Follower = Callable[..., None]
_followers: list[Follower] = []

#: Which turn each move is.
TURNS = {
    "evaluate_support": Turn.EVALUATED,
    "extend_support": Turn.EXTENDED,
    "end_support": Turn.ENDED,
    "withdraw_support": Turn.WITHDRAWN,
}


def after_turn(follower: Follower) -> None:
    """Let something follow from every turn of a support period, in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


class SupportPeriodQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Support periods, in the words of the pages that list them."""

    def running(self) -> SupportPeriodQuerySet:
        """Periods that have not ended and were not taken back."""
        return self.filter(state=SupportState.RUNNING)


class SupportPeriod(SupportMachine, Owned):
    """The support that begins with one go-live of a project (domain.md, Tier: support, length)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="support_periods")
    number = models.PositiveSmallIntegerField(help_text="Counts the go-lives of the project that support began with")
    support = models.CharField(max_length=LONGEST_SUPPORT)
    starts_on = models.DateField(help_text="The day of the go-live, the first of its days")
    days = models.PositiveSmallIntegerField(
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="As decided; 0 where the help desk supports from the first day",
    )
    planned_end = models.DateField(help_text="The first day on which the help desk supports")
    open_ended = models.BooleanField(
        default=False, help_text="At least so long; then evaluated, and extended if needed"
    )
    evaluated_on = models.DateField(null=True, blank=True, editable=False)
    ended_on = models.DateField(null=True, blank=True, editable=False)
    tsm = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="support_periods"
    )

    #: Of the biller, where the playbooks of the project have no seat for them (an existing integration has none).
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    #: Its state is told by the record of its moves.
    history = HistoryOf(root="project", without=("state", "revision"))
    objects: ClassVar[Any] = SupportPeriodQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "-number")
        constraints = (
            models.UniqueConstraint(fields=("project", "number"), name="support_number_once"),
            models.UniqueConstraint(fields=("project",), condition=Q(state="running"), name="one_running_support"),
            models.CheckConstraint(condition=Q(planned_end__gte=F("starts_on")), name="support_ends_after_start"),
        )
        indexes = (models.Index(fields=("planned_end",), name="support_running", condition=Q(state="running")),)

    def __str__(self) -> str:
        return self.support if self.number == 1 else f"{self.support}, go-live {self.number}"

    @property
    def facts_of(self) -> rules.Facts:
        """The period as the rules see it."""
        return rules.Facts(self.starts_on, self.planned_end, self.open_ended, self.evaluated_on)

    @property
    def evaluate_on(self) -> dt.date | None:
        """The day on which it is to be evaluated, or None where it is not, or was."""
        return self.facts_of.evaluate_on

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> SupportPeriod:
        """Lock the project, then read the period."""
        return under_project(self, "tsm")

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """Client Services moves it; the clock ends it. Only the project's return takes it back (`moves.follow`)."""
        if move == "withdraw_support":
            return False
        return move == "end_support" if by is None else takes_over(self.project, by)

    def blockers(self, move: str, *, by: User | None, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        facts, note = self.facts_of, details["note"]
        if found := rules.note_blockers(note):
            return found
        if move == "evaluate_support":
            return rules.evaluate_blockers(facts, today, details.get("until"))
        if move == "extend_support":
            return rules.extend_blockers(facts, today, details["until"])
        return rules.end_blockers(facts, today, note=note, by_clock=by is None)

    def settle(self, move: str, *, by: User | None, now: dt.datetime, details: dict[str, Any]) -> None:
        old_end, until = self.planned_end, details.get("until")
        if move in {"evaluate_support", "extend_support"} and until:
            self.planned_end = until
        if move == "evaluate_support":
            self.evaluated_on = details["today"]
        if move in {"end_support", "withdraw_support"}:
            self.ended_on = details["today"]
        self.save(update_fields=("state", "revision", "planned_end", "evaluated_on", "ended_on"))
        self.add_turn(TURNS[move], by=by, now=now, reason=details["note"], old_end=old_end)

    def add_turn(
        self, kind: Turn, *, by: User | None, now: dt.datetime, reason: str = "", old_end: dt.date | None = None
    ) -> SupportTurn:
        """Write down what happened, with the letter that tells the biller. Within the transaction of what happened."""
        today = business_day(now)
        people = self.told_people()
        turn = SupportTurn(
            project=self.project, period=self, kind=kind, day=today, old_end=old_end, new_end=self.planned_end,
            reason=reason, by=by, at=now, letter=self._letter(kind, today, old_end),
            told=[person.name for person in people],
        )  # fmt: skip
        turn.save()
        for follower in _followers:
            follower(turn, people, now=now)
        return turn

    def told_people(self) -> list[User]:
        """Return whom letters go to: the biller's people who hold a seat, and the contact that was named."""
        people = billers(self.project)
        contact = self.contact if self.contact_id else None
        return [*people, contact] if contact and contact.is_active and contact not in people else people

    def _letter(self, kind: Turn, today: dt.date, old_end: dt.date | None) -> str:
        """Return the letter of a turn; none where another says it all: nobody is TSM yet, or the end follows at once."""
        if kind == Turn.TSM and self.tsm is None:
            return ""
        if kind == Turn.EVALUATED and self.planned_end <= today:
            return ""
        told = Told(
            project=self.project.name, support=self.support, start=self.starts_on, end=self.planned_end,
            cases=settings.HELP_DESK_WORDS, old_end=old_end, waits=self.evaluate_on,
            tsm=self.tsm.name if self.tsm else "", tsm_email=self.tsm.email if self.tsm else "",
            leaflet=settings.WELCOME_LEAFLET_URL,
        )  # fmt: skip
        return letter(kind, told).text[:LONGEST_LETTER]


class SupportTurn(Final):
    """What happened to a period, once: when, through whom, why, and what the biller was told."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="support_turns")
    period = models.ForeignKey(SupportPeriod, on_delete=models.PROTECT, related_name="turns")
    kind = models.CharField(max_length=10, choices=Turn.choices)
    day = models.DateField()
    old_end = models.DateField(null=True, blank=True)
    new_end = models.DateField()
    reason = models.TextField(blank=True, max_length=LONGEST_REASON)
    letter = models.TextField(
        blank=True, max_length=LONGEST_LETTER, help_text="As the biller was sent it; empty where none was"
    )
    told = models.JSONField(
        default=list, help_text="The names of those whom the letter went to; none where nobody is seated"
    )
    #: Nobody where the clock ended it.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.period}: {self.get_kind_display().lower()}"
