"""The inbox: what a person must hear, as rows. Mails and digests say the same again; the row is what counts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import OutgoingMail
from projects.models.project import Project
from projects.models.step import ProjectStep
from projects.notice_kinds import IN_SUMMARY, NoticeKind, Route

__all__ = ["IN_SUMMARY", "Notice", "NoticeKind"]


class Notice(models.Model):
    """One thing that one person is to hear, once. Written in the transaction of what it tells of."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20, choices=NoticeKind.choices)
    project = models.ForeignKey(
        Project,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="notices",
        help_text="None: of no one project, such as the company's meetings",
    )
    step = models.ForeignKey(ProjectStep, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    occasion = models.CharField(
        max_length=80, help_text="What happened, such as `record:12`: with person and kind, once"
    )
    text = models.CharField(max_length=300)
    address = models.CharField(
        max_length=300,
        blank=True,
        help_text="The path that it leads to, where that is neither its step nor its project",
    )
    why = models.CharField(
        max_length=120, help_text="Why this person hears it, such as: you are consulted on this step"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    heard_from = models.DateTimeField(
        default=timezone.now, help_text="Not shown before: a summary waits for its morning"
    )
    read_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True, help_text="Not shown before, once it has been put off")
    route = models.CharField(
        max_length=6, choices=Route.choices, blank=True, help_text="Written by the delivery (reminders), once"
    )
    mail = models.ForeignKey(
        OutgoingMail,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="notices",
        help_text="The mail that says it: a notice is in one mail at most",
    )

    class Meta:
        ordering = ("-heard_from", "-pk")
        constraints = (models.UniqueConstraint(fields=("person", "kind", "occasion"), name="notice_once"),)
        indexes = (
            models.Index(fields=("person", "-heard_from"), name="notice_inbox"),
            models.Index(fields=("person", "heard_from"), name="notice_unread", condition=models.Q(read_at=None)),
            models.Index(fields=("heard_from",), name="notice_undecided", condition=models.Q(route="")),
            models.Index(
                fields=("person", "route"),
                name="notice_unmailed",
                condition=models.Q(route__in=("now", "digest"), mail=None),
            ),
        )

    def __str__(self) -> str:
        return self.text
