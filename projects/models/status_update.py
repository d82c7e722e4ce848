"""What somebody who runs a project says of its health. Added, never changed: a correction is another update."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from projects.health import REASON_NEEDED, Health
from projects.models.archive import Final
from projects.models.project import Project

LONGEST_REASON, LONGEST_UPDATE = 500, 4000


class StatusUpdate(Final):
    """One update: the health, why, and what there is to say. Written by `projects.updates.post_update` alone."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="updates")
    health = models.CharField(max_length=10, choices=Health.choices)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    text = models.TextField(blank=True, max_length=LONGEST_UPDATE, help_text="Plain text; its line breaks are kept")
    visible_to_customer = models.BooleanField(
        default=False, help_text="People outside read its health and its text, never its reason"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    key = models.UUIDField(editable=False, help_text="The same form posted twice is one update")

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("project", "key"), name="update_once"),
            models.CheckConstraint(condition=Q(health__in=Health.values), name="update_health_known"),
            models.CheckConstraint(
                condition=~Q(health__in=REASON_NEEDED) | ~Q(reason=""), name="update_below_on_track_with_reason"
            ),
        )
        indexes = (models.Index(fields=("project", "-at", "-id"), name="update_latest"),)

    def __str__(self) -> str:
        return f"{self.get_health_display()}, {self.at:%Y-%m-%d}"
