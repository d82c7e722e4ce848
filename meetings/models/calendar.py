"""What leaves the house as iCalendar: feeds that people subscribe to, and invitations that were sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import OutgoingMail
from meetings.models.series import Occurrence, Series
from meetings.vocabulary import Answer, FeedScope
from projects.models import Project


class CalendarFeed(models.Model):
    """A private address of a calendar. The token is shown once and kept as its hash; a reset makes another."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="calendar_feeds")
    scope = models.CharField(max_length=8, choices=FeedScope.choices)
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    reset_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_read_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what it said when it was last read")
    changed_at = models.DateTimeField(null=True, help_text="When it was first read saying that")

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("person",), condition=Q(revoked_at=None, scope="person"), name="feed_of_person_once"
            ),
            models.UniqueConstraint(
                fields=("person", "project"),
                condition=Q(revoked_at=None, project__isnull=False),
                name="feed_of_project_once",
            ),
            models.UniqueConstraint(
                fields=("person", "series"),
                condition=Q(revoked_at=None, series__isnull=False),
                name="feed_of_series_once",
            ),
            models.CheckConstraint(
                condition=Q(scope="person", project=None, series=None)
                | Q(scope="project", project__isnull=False, series=None)
                | Q(scope="series", project=None, series__isnull=False),
                name="feed_scope",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_scope_display()}: {self.person}"

    @property
    def title(self) -> str:
        """What it is called in the list of one's calendars."""
        if self.project is not None:
            return f"{self.project.name} ({self.project.code})"
        if self.series is not None:
            return f"{self.series} · {self.series.project.name}" if self.series.project else str(self.series)
        return "All that concerns me"


class Invitation(models.Model):
    """What somebody was last sent for a series or for one meeting of it, and what they answered.

    The mail is an `OutgoingMail`; this row says which SEQUENCE it had, so that an update is one and a reply is known. Somebody
    who answered for one meeting of a series to which they are invited as a whole has a row of that meeting too.
    """

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="invitations")
    occurrence = models.ForeignKey(
        Occurrence, null=True, blank=True, on_delete=models.PROTECT, related_name="invitations"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations")
    sequence = models.PositiveIntegerField(default=0)
    digest = models.CharField(
        max_length=64, blank=True, help_text="Of what the event said (when, and the rest): the same is not sent again"
    )
    mail = models.ForeignKey(
        OutgoingMail, null=True, on_delete=models.PROTECT, related_name="+", help_text="The last one made for it"
    )
    cancelled = models.BooleanField(default=False)
    sent_at = models.DateTimeField(null=True, help_text="None: nothing has gone out yet")
    answer = models.CharField(max_length=12, choices=Answer.choices, default=Answer.NEEDS_ACTION)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("series", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("series", "person"), condition=Q(occurrence=None), name="invitation_to_series_once"
            ),
            models.UniqueConstraint(
                fields=("occurrence", "person"),
                condition=Q(occurrence__isnull=False),
                name="invitation_to_meeting_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.series}: {self.person}"
