"""Upgrades of a project to a newer version of a playbook, each with what it takes to undo it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from playbook.models import Version
from projects.models.archive import Owned
from projects.models.project import Project


class Upgrade(Owned):
    """One upgrade. That it was made, of what, and what was decided of each step, is told by the record of the move.

    `image` has what the rows were before and after it (projects.upgrade.image): undoing puts back just that, and only where
    nobody has changed it since.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="upgrades")
    source = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    lines = models.JSONField(default=list, help_text="What was decided of each step, in words")
    image = models.JSONField(default=dict, help_text="What it takes to undo it")
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        base_manager_name = "objects"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(undone_by=None, undone_at=None)
                | models.Q(undone_by__isnull=False, undone_at__isnull=False),
                name="upgrade_undone_with_name_and_date",
            ),
        )

    def __str__(self) -> str:
        return f"{self.project.code}: {self.source} → {self.target}"
