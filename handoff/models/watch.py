"""The watch over an add-on after go-live: what was expected, what was paid, and what was said of an anomaly.

What an anomaly is is not stored: it follows from the days and the projection (`handoff.watch.rule`), so that a day that is
corrected makes one vanish. What people said of it stays.
"""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from handoff.watch.vocabulary import (
    LONGEST_CASE,
    LONGEST_LINK,
    LONGEST_NOTE,
    LONGEST_SOURCE,
    MOST_PAYMENTS,
    Kind,
    Outcome,
    Source,
)  # fmt: skip
from history.tracking import HistoryOf
from projects.models import Project
from projects.models.archive import Final, Owned


class Projection(Owned):
    """What was sold: how much is expected a day, from a day on until the next one begins."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="payment_projections")
    since = models.DateField("from")
    payments = models.DecimalField(
        "payments a day",
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(MOST_PAYMENTS)],
    )
    amount = models.DecimalField(
        "amount a day, US dollars",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    source = models.CharField(max_length=LONGEST_SOURCE, blank=True, help_text="Where the numbers are from")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=0, editable=False)

    history = HistoryOf(root="project", without=("revision",))

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "since")
        constraints = (
            models.UniqueConstraint(fields=("project", "since"), name="projection_once"),
            models.CheckConstraint(condition=Q(payments__gte=0), name="projection_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.payments.normalize():f} payments a day from {self.since}"


class PaymentDay(Owned):
    """The payments of one day. Those before go-live are the biller's own history."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="payment_days")
    day = models.DateField()
    payments = models.PositiveIntegerField(validators=[MaxValueValidator(MOST_PAYMENTS)])
    amount = models.DecimalField(
        "amount, US dollars", max_digits=14, decimal_places=2, validators=[MinValueValidator(0)]
    )
    source = models.CharField(max_length=4, choices=Source.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=0, editable=False)

    history = HistoryOf(root="project", without=("revision",))

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "day")
        constraints = (
            models.UniqueConstraint(fields=("project", "day"), name="payment_day_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_day_not_negative"),
        )

    def __str__(self) -> str:
        return f"Payments of {self.day}"


class AnomalyWord(Final):
    """What became of an anomaly, said once, with the anomaly as it was then. The last word on it counts."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="anomaly_words")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    first = models.DateField()
    last = models.DateField()
    found = models.CharField(max_length=300, help_text="What was found, in words")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    case_number = models.CharField(max_length=LONGEST_CASE, blank=True)
    case_link = models.URLField(max_length=LONGEST_LINK, blank=True, validators=[URLValidator(schemes=["https"])])
    note = models.TextField(blank=True, max_length=LONGEST_NOTE)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "-at", "-pk")
        indexes = (models.Index(fields=("project", "kind", "first"), name="anomaly_word_on"),)
        constraints = (
            models.CheckConstraint(condition=~Q(outcome="case") | ~Q(case_number=""), name="case_with_number"),
        )

    def __str__(self) -> str:
        return f"{self.found} {self.get_outcome_display()}"
