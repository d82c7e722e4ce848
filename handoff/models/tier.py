"""The tier of support: versions of the table that were issued here, and what Client Services decided for each project."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from handoff.tier.rule import MOST_DAYS, Integration, Support, Terms
from history.final import FinalRow, FinalRowsQuerySet, RowIsFinal
from history.stamps import Stamped
from meetings.tier import COUNTS
from projects.models import Project
from projects.models.archive import Final

LONGEST_REASON = 1000
MEETINGS = [(number, str(number) if number else "None") for number in COUNTS]


class TableIsFinal(RowIsFinal):
    """Somebody tried to change or delete a table of tiers that decisions may stand on."""


class TierTable(FinalRow, Stamped):
    """A version of the table of tiers, issued by an administrator. Version 1 ships with the product, and has no row."""

    number = models.PositiveIntegerField("version", unique=True, editable=False)
    note = models.CharField(max_length=300, help_text="What is different, and why")
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False)
    issued_at = models.DateTimeField(default=timezone.now, editable=False)

    refusal = TableIsFinal
    objects: ClassVar[Any] = FinalRowsQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("-number",)
        verbose_name = "table of tiers"
        verbose_name_plural = "tables of tiers"
        constraints = (models.CheckConstraint(condition=Q(number__gte=2), name="tier_table_after_the_shipped"),)

    def __str__(self) -> str:
        return f"Table {self.number}"


class TierBand(FinalRow, Stamped):
    """One line of an issued table."""

    table = models.ForeignKey(TierTable, on_delete=models.PROTECT, related_name="bands")
    integration = models.CharField(max_length=8, choices=Integration.choices)
    mrr_from = models.DecimalField(
        "MRR from, US dollars", max_digits=12, decimal_places=2, validators=[MinValueValidator(0)]
    )
    support = models.CharField(max_length=20, choices=Support.choices)
    days = models.PositiveSmallIntegerField(validators=[MaxValueValidator(MOST_DAYS)], help_text="0 for the help desk")
    open_ended = models.BooleanField("at least", default=False, help_text="Evaluated then, and extended if needed")
    meetings = models.PositiveSmallIntegerField("TSM meetings", choices=MEETINGS)

    refusal = TableIsFinal
    objects: ClassVar[Any] = FinalRowsQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("table", "integration", "mrr_from")
        verbose_name = "band"
        constraints = (
            models.UniqueConstraint(fields=("table", "integration", "mrr_from"), name="tier_band_once"),
            models.CheckConstraint(condition=Q(mrr_from__gte=0), name="tier_band_not_below_zero"),
        )

    def __str__(self) -> str:
        return f"{self.get_integration_display()} from {self.mrr_from}"

    @property
    def terms(self) -> Terms:
        """What it gives."""
        return Terms(Support(self.support), self.days, self.meetings, self.open_ended)


class TierDecision(Final):
    """What Client Services decided for a project, once, with what it was decided on. The latest counts; the ones before stay.

    `proposal` is what the table proposed, as it was shown; empty where there was none, as without an MRR. `integration` to
    `go_live` are what it followed from: a later change of them is shown before anything changes.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tier_decisions")
    table_version = models.PositiveIntegerField(help_text="Of the table that proposed")
    integration = models.CharField(max_length=8, choices=Integration.choices)
    mrr = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    vertical = models.CharField(max_length=10, help_text="As it was, known or not")
    state = models.CharField(max_length=2, blank=True)
    go_live = models.DateField(help_text="The target when it was decided")
    support = models.CharField(max_length=20, choices=Support.choices)
    days = models.PositiveSmallIntegerField(help_text="0 for the help desk")
    meetings = models.PositiveSmallIntegerField(choices=MEETINGS)
    open_ended = models.BooleanField(default=False)
    proposal = models.JSONField(default=dict, blank=True)
    differs = models.BooleanField(default=False, help_text="From what the table proposed")
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    tsm = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="tier_decisions"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    key = models.UUIDField(unique=True, editable=False, help_text="The same form posted twice is one decision")

    class Meta:
        base_manager_name = "objects"
        ordering = ("-pk",)
        verbose_name = "tier decision"
        constraints = (
            models.CheckConstraint(
                condition=Q(support=Support.HELP_DESK, days=0, meetings=0, tsm=None)
                | ~Q(support=Support.HELP_DESK) & Q(days__gte=1, tsm__isnull=False),
                name="tier_with_its_tsm",
            ),
            models.CheckConstraint(condition=Q(differs=False) | ~Q(reason=""), name="tier_override_with_reason"),
            models.CheckConstraint(condition=Q(mrr=None) | Q(mrr__gte=0), name="tier_mrr_not_below_zero"),
        )
        indexes = (models.Index(fields=("project", "-id"), name="tier_latest"),)

    def __str__(self) -> str:
        return self.terms.short

    @property
    def terms(self) -> Terms:
        """What the biller gets."""
        return Terms(Support(self.support), self.days, self.meetings, self.open_ended)
