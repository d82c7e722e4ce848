"""Whom we implement for, and the systems that we integrate with."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower

from history.tracking import HistoryOf, Tracked, TrackedQuerySet


class Vertical(models.TextChoices):
    """The trade of a biller; the tier rule of Transition to Client Services reads it."""

    UTILITY = "utility", "Utility"
    TAX = "tax", "Tax office"
    INSURANCE = "insurance", "Insurance"
    OTHER = "other", "Other"


class Biller(Tracked):
    """A customer whose bills are paid through us. `code` begins the codes of its projects."""

    name = models.CharField(max_length=120)
    code = models.CharField(
        max_length=6, unique=True, validators=[RegexValidator(r"^[A-Z]{2,6}$", "Use two to six capital letters.")]
    )
    vertical = models.CharField(max_length=10, choices=Vertical.choices, default=Vertical.UTILITY)

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)
        constraints = (models.UniqueConstraint(Lower("name"), name="biller_name_any_case"),)

    def __str__(self) -> str:
        return self.name


class CoreSystem(Tracked):
    """The biller's own system: a CIS for utilities, a policy or claims system for insurers."""

    name = models.CharField(max_length=120, unique=True)
    partner = models.CharField("vendor", max_length=120, blank=True)

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
