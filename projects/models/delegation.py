"""A decision passed on to somebody else."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models.archive import Final, FinalQuerySet
from projects.models.project import Project
from projects.models.step import ProjectStep
from projects.parties import Party


class DelegationQuerySet(FinalQuerySet):  # type: ignore[override]
    """Delegations, in the words of those who ask for them."""

    def standing(self) -> DelegationQuerySet:
        """Those that were neither replaced nor taken back: the latest of each person, step, party and round, if it names
        anybody."""
        later = self.model.objects.filter(
            step=models.OuterRef("step"), round=models.OuterRef("round"), party=models.OuterRef("party"),
            by=models.OuterRef("by"), pk__gt=models.OuterRef("pk"),
        )  # fmt: skip
        return self.filter(~models.Exists(later), to__isnull=False)


class Delegation(Final):
    """One approver passed this one decision, in this round, to another person. The latest of a person counts; without `to` it was
    taken back."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="delegations")
    step = models.ForeignKey(ProjectStep, on_delete=models.PROTECT, related_name="delegations")
    party = models.CharField(max_length=20, choices=Party.choices)
    round = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="delegated"
    )
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[Any] = DelegationQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.by} → {self.to or 'taken back'}"
