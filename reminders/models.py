"""How somebody wants to hear, when not, and what became of it: preferences, sweeps, webhooks and their posts."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from projects.models import Project
from projects.notice_kinds import NoticeKind, Route

#: When the day's digest goes out, at the reader's wall clock, unless they choose another hour.
MORNING = dt.time(8)


class Preference(models.Model):
    """How a person hears of one kind. None: as `kinds.DEFAULTS` has it."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences")
    kind = models.CharField(max_length=20, choices=NoticeKind.choices)
    route = models.CharField(max_length=6, choices=[choice for choice in Route.choices if choice[0]])

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "kind"), name="preference_once"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.get_kind_display()} {self.get_route_display()}"


class Hours(models.Model):
    """When a person hears: the hour of the digest, quiet hours, and the days that they are away (both included)."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="hours")
    digest_at = models.TimeField(default=MORNING)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    away_from = models.DateField(null=True, blank=True)
    away_until = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "hours"
        constraints = (
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_from_until",
            ),
            models.CheckConstraint(
                condition=Q(away_from=None, away_until=None) | Q(away_until__gte=models.F("away_from")),
                name="away_from_until",
            ),
        )

    def __str__(self) -> str:
        return f"Hours of {self.person}"


class Mute(models.Model):
    """A project of which a person wants to hear nothing by mail; the inbox keeps it."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mutes")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "project"), name="mute_once"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.project}"


class Bounce(models.Model):
    """An address that a mail server said does not exist: nothing more is sent there until somebody says that it works."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bounce")
    address = models.EmailField()
    answer = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return self.address


class Sweep(models.Model):
    """One time through all that is due: when, how much of each kind it made, and what it came too late for."""

    at = models.DateTimeField(default=timezone.now, help_text="The instant that it judged by")
    ended_at = models.DateTimeField(null=True, help_text="None: it did not come to its end")
    since = models.DateTimeField(null=True, help_text="The sweep before it")
    made = models.JSONField(default=dict, help_text="By kind")
    skipped = models.JSONField(
        default=list, help_text="What became due and useless since the sweep before: [kind, text]"
    )

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("-at",), name="sweep_latest"),)

    def __str__(self) -> str:
        return f"Sweep of {self.at:%Y-%m-%d %H:%M}"


class Hook(models.Model):
    """An outgoing webhook to a channel of Slack or Microsoft Teams: of a project, or of a team (group)."""

    class Kind(models.TextChoices):
        """What is at the other end."""

        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    name = models.CharField(max_length=80)
    url = models.URLField(max_length=500, validators=[URLValidator(schemes=["https"])])
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="hooks")
    team = models.ForeignKey(Group, null=True, blank=True, on_delete=models.PROTECT, related_name="hooks")
    notice_kinds = models.JSONField(
        default=list, blank=True, help_text="The kinds that it is told; none: all that go out at once"
    )
    is_active = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    told_from = models.DateTimeField(default=timezone.now, help_text="What was heard before, it is not told")

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(project=None, team__isnull=False) | Q(project__isnull=False, team=None),
                name="hook_project_or_team",
            ),
        )

    def __str__(self) -> str:
        return self.name


class HookPost(models.Model):
    """One message to a webhook, written down before it is sent; once per key."""

    hook = models.ForeignKey(Hook, on_delete=models.PROTECT, related_name="posts")
    key = models.CharField(max_length=160)
    text = models.CharField(max_length=300)
    address = models.CharField(max_length=300)
    made_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints = (models.UniqueConstraint(fields=("hook", "key"), name="hook_post_once"),)
        indexes = (
            models.Index(fields=("due_at",), name="hook_post_waiting", condition=Q(sent_at=None, failed_at=None)),
        )

    def __str__(self) -> str:
        return self.text
