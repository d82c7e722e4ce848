"""Seats: a role of a pinned playbook on a project, and the person in it, or nobody yet."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from history.tracking import HistoryOf
from playbook.models import Role
from projects.models.archive import Owned
from projects.models.project import Project


class Seat(Owned):
    """Who holds a role on a project. Filled and emptied by `projects.team`, which keeps the grants in step."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="seats")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="seats")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="seats"
    )

    history = HistoryOf(root="project")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "role"), name="seat_once"),)
        indexes = (models.Index(fields=("person", "project", "role"), name="seat_person"),)

    def __str__(self) -> str:
        return f"{self.role.code}: {self.person or 'nobody yet'}"
