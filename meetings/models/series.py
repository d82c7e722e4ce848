"""A series of meetings by a rule, and the single meetings of it of which there is more to say than the rule does."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Side, User, validate_one_line, validate_time_zone
from history.tracking import HistoryOf
from meetings import rights
from meetings.rules import at_wall_clock
from meetings.vocabulary import (
    COMPANY,
    LONGEST_NOTE,
    LONGEST_PLACE,
    LONGEST_RULE,
    LONGEST_TITLE,
    MOST_MINUTES,
    Kind,
)
from projects.models import Project, Seat
from projects.models.archive import Owned, OwnedQuerySet
from projects.models.lock import under_project
from transitions.blockers import Blocker
from transitions.machine import GuardedQuerySet
from transitions.meeting import OccurrenceMachine

#: What follows from a move of a meeting, within it: called with the occurrence, the move, and `by` and `now` by name.
Follower = Callable[..., None]
_followers: list[Follower] = []


def after_move(follower: Follower) -> None:
    """Let something follow from every move of a meeting (minutes, invitations), in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


def new_uid() -> str:
    """Return a UID that no other event has (RFC 5545, 3.8.4.7): it stays for the life of the series."""
    return f"{uuid.uuid4()}@gatehouse"


class Series(Owned):
    """Meetings that come round: when by an RFC 5545 rule at the wall clock of a zone; for the company, or for one project.

    Without a rule the meetings are the rows of `occurrences` alone, each on its own day (three discovery sessions).
    """

    kind = models.CharField(max_length=12, choices=Kind.choices)
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="series", help_text="None: the company's"
    )
    title = models.CharField(max_length=LONGEST_TITLE, validators=[validate_one_line])
    rule = models.CharField(
        max_length=LONGEST_RULE, blank=True, help_text="RFC 5545, such as FREQ=WEEKLY;BYDAY=TU; none: single days"
    )
    starts_on = models.DateField(help_text="The first day on which it may be held")
    starts_at = models.TimeField(help_text="At the wall clock of its zone")
    minutes = models.PositiveSmallIntegerField(validators=[MinValueValidator(5), MaxValueValidator(MOST_MINUTES)])
    zone_name = models.CharField("zone", max_length=64, default="America/New_York", validators=[validate_time_zone])
    host = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="hosted_series"
    )
    place = models.CharField(max_length=LONGEST_PLACE, blank=True, validators=[validate_one_line])
    join_link = models.URLField(
        max_length=500, blank=True, validators=[URLValidator(schemes=["https"])], help_text="Shown to attendees alone"
    )
    capacity = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Projects that one meeting takes"
    )
    cutoff_hours = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(14 * 24)],
        help_text="The agenda closes so many hours before the meeting",
    )
    uid = models.CharField(max_length=80, unique=True, default=new_uid, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False, help_text="RFC 5545, 3.8.7.4")
    continues = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="continued_by", editable=False
    )
    ended_on = models.DateField(
        null=True, blank=True, editable=False, help_text="The first day on which it is held no more"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    #: The link opens a meeting to whoever has it: it is in no history.
    history = HistoryOf(root="project", without=("join_link", "revision", "sequence", "changed_at"))

    class Meta:
        base_manager_name = "objects"
        ordering = ("title", "pk")
        verbose_name_plural = "series"
        permissions = (
            ("see_meetings", "Can see the company's meetings"),
            ("run_meetings", "Can plan and run any meeting"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(project=None, kind__in=COMPANY) | Q(project__isnull=False) & ~Q(kind__in=COMPANY),
                name="series_company_or_project",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("series", args=[self.pk])

    @property
    def zone(self) -> ZoneInfo:
        """The zone at whose wall clock it is held."""
        return ZoneInfo(self.zone_name)

    @property
    def of_company(self) -> bool:
        """Whether projects come to it, rather than its being a project's."""
        return self.kind in COMPANY


class SeriesAttendeeQuerySet(OwnedQuerySet):
    """Attendees."""

    def present(self) -> Self:
        """Those who still count: whose account is open and, of people outside, who still have a seat on the project, or on any
        project where the series is the company's."""
        seats = Seat.objects.filter(person=OuterRef("person"))
        seated = Q(Exists(seats.filter(project=OuterRef("project")))) | Q(Exists(seats), project=None)
        return self.filter(Q(person__side=Side.INTERNAL) | seated, person__is_active=True)


class SeriesAttendee(Owned):
    """Somebody who belongs to every meeting of a series: is invited, sees the link, hears of it the day before."""

    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="series_attendees", editable=False
    )
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="attendees")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="series_attended")

    history = HistoryOf(root="project")
    objects: ClassVar[Any] = SeriesAttendeeQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("series", "pk")
        constraints = (models.UniqueConstraint(fields=("series", "person"), name="series_attendee_once"),)

    def __str__(self) -> str:
        return str(self.person)


class OccurrenceQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Single meetings."""


class Occurrence(OccurrenceMachine, Owned):
    """One meeting of a series: `day` is the day that the rule gave it, and stays its name when it is moved.

    There is a row where somebody changed, cancelled, closed the agenda of, or held it; of any other the rule says all.
    """

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="occurrences")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="meetings", editable=False
    )
    day = models.DateField(help_text="The day that the rule gave it (RFC 5545, RECURRENCE-ID)")
    moved_to = models.DateTimeField(null=True, blank=True, help_text="The instant that it begins, where it was moved")
    minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(5), MaxValueValidator(MOST_MINUTES)]
    )
    host = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="hosted_meetings"
    )
    place = models.CharField(max_length=LONGEST_PLACE, blank=True, validators=[validate_one_line])
    sequence = models.PositiveIntegerField(default=0, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    clash_kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    cancelled_at = models.DateTimeField(null=True, editable=False)
    agenda_closed_at = models.DateTimeField(null=True, editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    notes = models.TextField(blank=True, max_length=LONGEST_NOTE)

    history = HistoryOf(
        root="project",
        without=("state", "revision", "sequence", "changed_at", "cancelled_at", "opened_at", "closed_at"),
    )
    objects: ClassVar[Any] = OccurrenceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("day", "pk")
        constraints = (models.UniqueConstraint(fields=("series", "day"), name="occurrence_day_once"),)
        indexes = (models.Index(fields=("day",), name="occurrence_day"),)

    def __str__(self) -> str:
        return f"{self.series}, {self.day:%b} {self.day.day}, {self.day.year}"

    def get_absolute_url(self) -> str:
        return reverse("meeting", args=[self.series_id, self.day.isoformat()])

    @property
    def starts(self) -> dt.datetime:
        """The instant at which it begins, at the wall clock of the series unless it was moved."""
        if self.moved_to is not None:
            return self.moved_to.astimezone(self.series.zone)
        return at_wall_clock(self.day, self.series.starts_at, self.series.zone)

    @property
    def ends(self) -> dt.datetime:
        """The instant at which it ends."""
        minutes = dt.timedelta(minutes=self.minutes or self.series.minutes)
        return (self.starts.astimezone(dt.UTC) + minutes).astimezone(self.series.zone)

    # What perform() asks.

    def root(self) -> Any:
        """What its moves are told under: its project; a company's meeting has no other owner than itself."""
        return self.project or self

    def locked(self) -> Occurrence:
        """Lock the project where there is one, else the row itself."""
        if self.project_id is None:
            return Occurrence.objects.select_for_update(of=("self",)).select_related("series").get(pk=self.pk)
        return under_project(self, "series")

    def is_archived(self) -> bool:
        return self.project is not None and self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        return by is not None and rights.may_run(self.series, by, host_id=self.host_id)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        return []

    def settle(self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
        stamps = {"open_meeting": "opened_at", "close_meeting": "closed_at", "call_off": "cancelled_at"}
        if move in stamps:
            setattr(self, stamps[move], now)
        if move in {"call_off", "call_again"}:
            self.sequence += 1
        self.changed_at = now
        self.save()
        for follower in _followers:
            follower(self, move, by=by, now=now)
