"""Phased go-live: what somebody answered, phases that follow one another, production cases, and keys of machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxLengthValidator, MaxValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from history.tracking import HistoryOf
from projects.models import Project
from projects.models.archive import Final, Owned, OwnedQuerySet
from projects.models.lock import under_project
from records.raid_rights import may_write
from transitions.blockers import Blocker
from transitions.clock import business_day
from transitions.machine import GuardedQuerySet
from transitions.production_case import CaseState, ProductionCaseMachine
from workbook.vocabulary import LONGEST_LINK, LONGEST_TITLE, Severity

LONGEST_ID = 40
LONGEST_OWNER = 120
LONGEST_NOTE = 4_000
LONGEST_REASON = 1_000
#: How far up a case is escalated: 0 is not, 3 is as far as it goes.
HIGHEST_LEVEL = 3


class CriterionCode(models.TextChoices):
    """The five criteria of a phased go-live, in the order of domain.md, Phased go-live."""

    STEERING = "steering", "Steering committee still meets regularly"
    RAID = "raid", "RAID log active"
    REVENUE = "revenue", "New revenue in future phases"
    NEXT = "next", "A new project provisioned for the next phase"
    PREVIOUS = "previous", "The project of the last phase archived"


class PhasedAnswer(Final):
    """What somebody said of a criterion that the data does not know. The latest counts."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="phased_answers")
    criterion = models.CharField(max_length=10, choices=CriterionCode.choices)
    answer = models.BooleanField()
    note = models.CharField(max_length=LONGEST_REASON, help_text="What is known of it")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "-pk")

    def __str__(self) -> str:
        return f"{self.get_criterion_display()}: {'yes' if self.answer else 'no'}"


class PhaseLink(Owned):
    """The project is the next phase after the one that it follows. Owned by the later one: the earlier may be archived."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="phase_before")
    follows = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="phase_after")

    history = HistoryOf(root="project")

    class Meta:
        base_manager_name = "objects"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("project",), name="phase_follows_one"),
            models.UniqueConstraint(fields=("follows",), name="phase_followed_by_one"),
            models.CheckConstraint(condition=~Q(project=F("follows")), name="phase_follows_another"),
        )

    def __str__(self) -> str:
        return f"{self.project} follows {self.follows}"


class ProductionCaseQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Production cases."""

    def open(self) -> ProductionCaseQuerySet:
        """Cases that still ask for something."""
        return self.filter(state=CaseState.OPEN)

    def gravest_first(self) -> ProductionCaseQuerySet:
        """By severity, within one the oldest first."""
        return self.order_by("severity", "opened_on", "pk")


class ProductionCase(ProductionCaseMachine, Owned):
    """A case that the client opened on what is live; followed up in the system that `link` leads to.

    Its state moves by `perform()` alone; `escalated` is the level of its last escalation, 0 where there is none or it was
    taken back.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="production_cases")
    external_id = models.CharField("ID", max_length=LONGEST_ID, help_text="Its number in the case system")
    link = models.URLField(max_length=LONGEST_LINK, blank=True, validators=[URLValidator(schemes=["https"])])
    title = models.CharField(max_length=LONGEST_TITLE)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="production_cases"
    )
    owner_name = models.CharField(
        max_length=LONGEST_OWNER,
        blank=True,
        help_text="Who owns it in the case system, where that is nobody of the project",
    )
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, editable=False)
    escalated = models.PositiveSmallIntegerField(
        default=0, editable=False, validators=[MaxValueValidator(HIGHEST_LEVEL)]
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    #: State and end are told by the record of its moves, escalations by their rows.
    history = HistoryOf(root="project", without=("state", "closed_on", "escalated", "revision"))
    objects: ClassVar[Any] = ProductionCaseQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "severity", "opened_on", "pk")
        constraints = (
            models.UniqueConstraint(F("project"), Lower("external_id"), name="case_external_id_once"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="case_severity_known"),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="case_state_known"),
            models.CheckConstraint(condition=Q(owner=None) | Q(owner_name=""), name="case_one_owner"),
        )
        indexes = (models.Index(fields=("project", "state", "severity", "opened_on"), name="case_of_project"),)

    def __str__(self) -> str:
        return f"{self.external_id} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("production-case", args=[self.project.code, self.pk])

    @property
    def is_open(self) -> bool:
        """Whether it still asks for something."""
        return self.state == CaseState.OPEN

    def age(self, today: dt.date) -> int:
        """Return for how many days it has been open, or was."""
        return ((self.closed_on or today) - self.opened_on).days

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> ProductionCase:
        """Lock the project, then read the case."""
        return under_project(self, "owner")

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """Whoever writes the RAID log of the project writes its cases."""
        return by is not None and may_write(self.project, by)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        return []

    def settle(self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
        self.closed_on = max(business_day(now), self.opened_on) if self.state == CaseState.CLOSED else None
        self.save(update_fields=("state", "revision", "closed_on"))


class CaseNote(Final):
    """What was found, done or comes next. The last one is what the list shows."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(ProductionCase, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField(validators=[MaxLengthValidator(LONGEST_NOTE)])
    for_customer = models.BooleanField(default=False, help_text="Stands in the client’s version of the review")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("case", "-pk")

    def __str__(self) -> str:
        return self.text[:80]


class CaseEscalation(Final):
    """A case escalated to a level, or (level 0) no longer."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(ProductionCase, on_delete=models.PROTECT, related_name="escalations")
    level = models.PositiveSmallIntegerField(validators=[MaxValueValidator(HIGHEST_LEVEL)])
    reason = models.TextField(validators=[MaxLengthValidator(LONGEST_REASON)])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("case", "-pk")

    def __str__(self) -> str:
        return f"{self.case}: level {self.level}"


class CaseReview(Final):
    """A meeting with the client in which the cases were gone through."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="case_reviews")
    held_on = models.DateField()
    note = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_NOTE)])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "-held_on", "-pk")

    def __str__(self) -> str:
        return f"{self.project}: reviewed on {self.held_on}"


class IntakeKey(Owned):
    """The key of a machine that sends rows of one kind to one project. Shown once, kept as its hash; acts as `person`."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="intake_keys")
    intake = models.CharField(max_length=40, help_text="What it may send, by the name in handoff.intake")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="intake_keys")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    reset_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    #: What opens a door is in no history.
    history = HistoryOf(root="project", without=("token_hash", "last_used_at"))

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "intake", "pk")
        constraints = (
            models.UniqueConstraint(fields=("project", "intake"), condition=Q(revoked_at=None), name="intake_key_once"),
        )

    def __str__(self) -> str:
        return f"{self.intake} of {self.project}"
