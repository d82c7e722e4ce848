"""What was decided about a project: approvals, waivers, dates moved. Evidence: added, never changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models.archive import Final
from projects.models.project import Project
from projects.models.step import ProjectStep


class Decision(models.TextChoices):
    """What an approval step may be told."""

    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class Approval(Final):
    """One recorded decision on an approval step: what, by whom, when, why, and which steps it reopened."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="approvals")
    step = models.ForeignKey(ProjectStep, on_delete=models.PROTECT, related_name="approvals")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True)
    reopened = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.get_decision_display()} by {self.by}"


class Waiver(Final):
    """One criterion of a gate set aside by a named person, with a reason and an expiry (inclusive). Shown for ever."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="waivers")
    code = models.CharField(max_length=40)
    subject = models.CharField(max_length=160, blank=True)
    text = models.CharField(max_length=500)
    phase = models.CharField(max_length=12)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    expires = models.DateField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.text}: waived by {self.by} until {self.expires}"


class DateChange(Final):
    """One date moved: which, from when to when, by whom and why. `step` is empty for a date of the project itself."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="date_changes")
    step = models.ForeignKey(ProjectStep, null=True, blank=True, on_delete=models.PROTECT, related_name="date_changes")
    field = models.CharField(max_length=30)
    old = models.DateField(null=True)
    new = models.DateField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.field}: {self.old} → {self.new}"
