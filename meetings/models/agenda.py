"""What a meeting is about and what came of it: items, who was there, decisions, and actions with owner and date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import User
from history.tracking import HistoryOf
from meetings import rights
from meetings.models.series import Occurrence
from meetings.vocabulary import LONGEST_NOTE, LONGEST_TITLE, Outcome, Presence, Source
from projects.models import Project, ProjectStep
from projects.models.archive import Final, Owned, OwnedQuerySet
from projects.models.lock import under_project
from records.models import Comment, RaidItem
from transitions.blockers import Blocker
from transitions.machine import GuardedQuerySet
from transitions.meeting import ActionMachine


class AgendaItem(Owned):
    """One point of a meeting's agenda. Until the agenda closes its rule says what is on it, and rows are only what was added."""

    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="items")
    project = models.ForeignKey(
        Project,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agenda_items",
        help_text="What it is about",
    )
    step = models.ForeignKey(
        ProjectStep,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What is decided in it",
    )
    title = models.CharField(max_length=LONGEST_TITLE)
    position = models.PositiveSmallIntegerField(default=0)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.RULE)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    note = models.TextField(blank=True, max_length=LONGEST_NOTE)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True)

    history = HistoryOf(root="project")

    class Meta:
        base_manager_name = "objects"
        ordering = ("occurrence", "position", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("occurrence", "project"),
                condition=models.Q(source=Source.RULE),
                name="agenda_project_once",
            ),
        )

    def __str__(self) -> str:
        return self.title


class Attendance(Owned):
    """Whether somebody was at a meeting."""

    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="attendances")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attendances")
    presence = models.CharField(max_length=8, choices=Presence.choices)

    history = HistoryOf(root="project")

    class Meta:
        base_manager_name = "objects"
        ordering = ("occurrence", "pk")
        constraints = (models.UniqueConstraint(fields=("occurrence", "person"), name="attendance_once"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.get_presence_display()}"


class MeetingDecision(Final):
    """What a meeting decided, in its words. A step's approval is not one of these: that is the step's own decision."""

    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="meeting_decisions"
    )
    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="decisions")
    item = models.ForeignKey(AgendaItem, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions")
    text = models.CharField(max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("occurrence", "pk")

    def __str__(self) -> str:
        return self.text[:60]


class MeetingActionQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Actions."""


class MeetingAction(ActionMachine, Owned):
    """What somebody took away to do, by a day. It may have become a RAID item or a comment, and is followed there then."""

    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="actions")
    item = models.ForeignKey(AgendaItem, null=True, blank=True, on_delete=models.PROTECT, related_name="actions")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="meeting_actions"
    )
    text = models.CharField(max_length=500)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="meeting_actions")
    due = models.DateField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    raid_item = models.ForeignKey(RaidItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    comment = models.ForeignKey(Comment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    history = HistoryOf(root="project", without=("state", "revision"))
    objects: ClassVar[Any] = MeetingActionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("due", "pk")
        indexes = (models.Index(fields=("owner", "due"), name="action_open", condition=models.Q(state="open")),)

    def __str__(self) -> str:
        return self.text[:60]

    # What perform() asks.

    def root(self) -> Any:
        return self.project or self

    def locked(self) -> MeetingAction:
        """Lock the project where there is one, else the row itself."""
        read_with = "occurrence__series__project"
        if self.project_id is None:
            return MeetingAction.objects.select_for_update(of=("self",)).select_related(read_with).get(pk=self.pk)
        return under_project(self, read_with)

    def is_archived(self) -> bool:
        return self.project is not None and self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """Its owner, and whoever runs the meeting."""
        if by is None or not by.is_active:
            return False
        return by.pk == self.owner_id or rights.may_run(self.occurrence.series, by, host_id=self.occurrence.host_id)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        return []
