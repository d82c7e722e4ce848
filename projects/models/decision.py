"""What was decided about a project: approvals, waivers, dates moved. Evidence: added, never changed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.evidence import LONGEST_ADDRESS, LONGEST_AGENT, LONGEST_METHOD, recomputes
from projects.models.archive import Final
from projects.models.project import Project
from projects.models.step import ProjectStep
from projects.parties import Party


class Decision(models.TextChoices):
    """What an approval step may be told."""

    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    EXCUSED = "excused", "N/A"


class Signed(Final):
    """A decision of somebody, with the evidence for it (projects.evidence).

    `name` and `email` are as they were; `shown` is the exact text of what was decided on.
    Rows from before evidence was kept have no `sha256`.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True)
    name = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=254, blank=True)
    address = models.CharField(max_length=LONGEST_ADDRESS, blank=True)
    agent = models.CharField(max_length=LONGEST_AGENT, blank=True)
    method = models.CharField(max_length=LONGEST_METHOD, blank=True)
    shown = models.TextField(blank=True)
    shown_sha256 = models.CharField(max_length=64, blank=True)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def sealed_values(self) -> dict[str, Any]:
        """Return what the seal is over, as plain values; `at` comes with it. A class adds what else its rows say."""
        return {
            "by": self.by_id,
            "name": self.name,
            "email": self.email,
            "address": self.address,
            "agent": self.agent,
            "method": self.method,
            "note": self.note,
            "shown_sha256": self.shown_sha256,
            "previous_sha256": self.previous_sha256,
        }

    @property
    def has_evidence(self) -> bool:
        """Whether it was made since evidence is kept."""
        return bool(self.sha256)

    @property
    def recomputes(self) -> bool:
        """Whether its digests are those of what it says."""
        return recomputes(self)


class Approval(Signed):
    """One recorded decision on an approval step: what, for which party, by whom, when, why, and which steps it reopened.

    Written by `ProjectStep.settle` alone.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="approvals")
    step = models.ForeignKey(ProjectStep, on_delete=models.PROTECT, related_name="approvals")
    party = models.CharField(max_length=20, choices=Party.choices, default=Party.ACCOUNTABLE)
    round = models.PositiveSmallIntegerField(default=0, help_text="How often the step had been submitted")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reopened = models.JSONField(default=list, blank=True)
    recorded = models.BooleanField(
        default=False,
        help_text="Made elsewhere by the party, and written down by somebody else, who says how they know",
    )
    delegated_from = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("step", "round"), name="approval_round"),)

    def __str__(self) -> str:
        if self.decision == Decision.EXCUSED:
            return f"{self.get_party_display()} excused by {self.by}"
        return f"{self.get_decision_display()} by {self.by}"

    def sealed_values(self) -> dict[str, Any]:
        return super().sealed_values() | {
            "project": self.project_id,
            "step": self.step_id,
            "round": self.round,
            "party": self.party,
            "decision": self.decision,
            "delegated_from": self.delegated_from_id,
            "recorded": self.recorded,
            "reopened": self.reopened,
        }


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
