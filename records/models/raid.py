"""The RAID log: risks, assumptions, issues and dependencies of a project, their links, and when it was looked through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from history.tracking import HistoryOf
from projects.models import Approval, Project, ProjectStep
from projects.models.archive import Final, Owned, OwnedQuerySet
from projects.models.lock import under_project
from records.raid_rights import may_write
from transitions.blockers import Blocker
from transitions.machine import GuardedQuerySet
from transitions.raid import LIVE, RaidMachine, RaidState

LONGEST_TITLE = 200
LONGEST_TEXT = 2_000  # of cause, event, effect and response
LONGEST_NOTES = 4_000


class RaidKind(models.TextChoices):
    """What an item is."""

    RISK = "risk", "Risk"
    ASSUMPTION = "assumption", "Assumption"
    ISSUE = "issue", "Issue"
    DEPENDENCY = "dependency", "Dependency"

    @property
    def letter(self) -> str:
        """`R`, `A`, `I` or `D`: how the numbers of the kind begin."""
        return str(self.value[0].upper())


KIND_OF_LETTER = {kind.letter: kind for kind in RaidKind}


class Strategy(models.TextChoices):
    """What is done about a risk."""

    AVOID = "avoid", "Avoid"
    REDUCE = "reduce", "Reduce"
    TRANSFER = "transfer", "Transfer"
    ACCEPT = "accept", "Accept"


class Trend(models.TextChoices):
    """Which way an item goes."""

    UP = "up", "Up"
    STEADY = "steady", "Steady"
    DOWN = "down", "Down"


class Probability(models.IntegerChoices):
    """How likely a risk is."""

    RARE = 1, "1 Rare"
    UNLIKELY = 2, "2 Unlikely"
    POSSIBLE = 3, "3 Possible"
    LIKELY = 4, "4 Likely"
    ALMOST_CERTAIN = 5, "5 Almost certain"


class Impact(models.IntegerChoices):
    """How bad it would be."""

    NEGLIGIBLE = 1, "1 Negligible"
    MINOR = 2, "2 Minor"
    MODERATE = 3, "3 Moderate"
    MAJOR = 4, "4 Major"
    SEVERE = 5, "5 Severe"


#: What only a risk says.
OF_RISKS = ("probability", "impact", "strategy")


class RaidQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Items of a log, in its words."""

    def live(self) -> RaidQuerySet:
        """Items that still ask for something."""
        return self.filter(state__in=LIVE)

    def weighed(self) -> RaidQuerySet:
        """Items with their exposure as `weight`; null where there is none."""
        return self.annotate(weight=F("probability") * F("impact"))

    def called(self, code: str) -> RaidQuerySet:
        """The item of a project that is called `R-1`; none for what is no such name."""
        letter, _, number = code.upper().partition("-")
        kind = KIND_OF_LETTER.get(letter)
        if kind is None or not (number.isascii() and number.isdigit() and len(number) <= 5):
            return self.none()
        return self.filter(kind=kind, number=int(number))


class RaidItem(RaidMachine, Owned):
    """One risk, assumption, issue or dependency. Written by `records.raid`; its state moves by `perform()` alone."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="raid_items")
    kind = models.CharField("type", max_length=10, choices=RaidKind.choices)
    number = models.PositiveIntegerField(help_text="Counts the items of the project and kind")
    title = models.CharField(max_length=LONGEST_TITLE)
    cause = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)])
    event = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)])
    effect = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)])
    probability = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    impact = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    strategy = models.CharField(max_length=8, choices=Strategy.choices, blank=True)
    response = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)])
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="raid_items"
    )
    due = models.DateField("due or trigger date", null=True, blank=True)
    trend = models.CharField(max_length=6, choices=Trend.choices, default=Trend.STEADY)
    notes = models.TextField("internal notes", blank=True, validators=[MaxLengthValidator(LONGEST_NOTES)])
    reviewed_on = models.DateField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    visible_to_customer = models.BooleanField(
        default=False, help_text="People outside who have a seat here read its title and effect"
    )
    response_to_customer = models.BooleanField(default=False, help_text="And our response")
    became = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="came_from", editable=False,
        help_text="The issue that a risk turned into",
    )  # fmt: skip
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(
        default=timezone.now, help_text="When it was last made, changed, moved, linked or reviewed"
    )

    #: Its state is told by the record of its moves; when it was touched, by all of it.
    history = HistoryOf(root="project", without=("state", "revision", "touched_at"))
    objects: ClassVar[Any] = RaidQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "kind", "number")
        verbose_name = "RAID item"
        constraints = (
            models.UniqueConstraint(fields=("project", "kind", "number"), name="raid_number_once"),
            models.CheckConstraint(
                condition=Q(kind=RaidKind.RISK) | Q(probability=None, impact=None, strategy="", became=None),
                name="raid_only_risks_are_weighed",
            ),
            models.CheckConstraint(
                condition=Q(probability=None, impact=None)
                | Q(probability__isnull=False, impact__isnull=False, probability__range=(1, 5), impact__range=(1, 5)),
                name="raid_probability_with_impact",
            ),
            models.CheckConstraint(condition=Q(state__in=RaidState.values), name="raid_state_known"),
        )
        indexes = (models.Index(fields=("project", "state", "kind"), name="raid_of_project"),)

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def code(self) -> str:
        """`R-1`: what people and files call it."""
        return f"{RaidKind(self.kind).letter}-{self.number}"

    @property
    def exposure(self) -> int | None:
        """Probability × impact, 1 to 25, of a risk that was weighed."""
        return self.probability * self.impact if self.probability and self.impact else None

    @property
    def is_live(self) -> bool:
        """Whether it still asks for something."""
        return self.state in LIVE

    def get_absolute_url(self) -> str:
        return reverse("raid-item", args=[self.project.code, self.code])

    def clean(self) -> None:
        """Refuse what a kind does not have, and half of an exposure."""
        if self.kind != RaidKind.RISK and any(getattr(self, name) for name in OF_RISKS):
            raise ValidationError("Probability, impact and strategy are said of risks alone.")
        if bool(self.probability) != bool(self.impact):
            missing = "impact" if self.probability else "probability"
            raise ValidationError(
                {
                    missing: "Probability and impact go together: choose both, or neither as long as nobody has weighed it."
                }
            )

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> RaidItem:
        """Lock the project, then read the item."""
        return under_project(self, "owner")

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """Whoever writes the log moves its items."""
        return by is not None and may_write(self.project, by)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        """A risk that came about is not a risk any more: what is left of it is the issue."""
        if move == "reopen_item" and self.became is not None:
            self.became.project = self.project
            text = f"It became {self.became.code}: go on there, or raise a new risk."
            return [Blocker("became-issue", text, self.became.get_absolute_url())]
        return []

    def settle(self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
        self.touched_at = now
        self.save(update_fields=("state", "revision", "touched_at"))


class RaidLink(Owned):
    """An item concerns a step, or a recorded decision, of its project."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(RaidItem, on_delete=models.PROTECT, related_name="links")
    step = models.ForeignKey(ProjectStep, null=True, blank=True, on_delete=models.PROTECT, related_name="raid_links")
    decision = models.ForeignKey(Approval, null=True, blank=True, on_delete=models.PROTECT, related_name="raid_links")

    history = HistoryOf(root="project")

    class Meta:
        base_manager_name = "objects"
        ordering = ("item", "pk")
        verbose_name = "RAID link"
        constraints = (
            models.CheckConstraint(
                condition=Q(step__isnull=False, decision=None) | Q(step=None, decision__isnull=False),
                name="raid_link_to_one_thing",
            ),
            models.UniqueConstraint(fields=("item", "step"), name="raid_step_once"),
            models.UniqueConstraint(fields=("item", "decision"), name="raid_decision_once"),
        )

    def __str__(self) -> str:
        return f"{self.item.code} → {self.step or self.decision}"


class RaidReview(Final):
    """Somebody looked through the whole log: what an empty one shows instead of silence."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="raid_reviews")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    open_items = models.PositiveIntegerField(help_text="How many were open then")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        base_manager_name = "objects"
        ordering = ("-at", "-pk")
        verbose_name = "review of the RAID log"

    def __str__(self) -> str:
        return f"Looked through by {self.by}"
