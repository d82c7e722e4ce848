"""What the consulted are asked, and what they answered. An answer is evidence: added, never changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Side
from projects.models.archive import Final, Owned, OwnedQuerySet
from projects.models.project import Project
from projects.models.step import ProjectStep
from transitions.standing import Standing
from transitions.step import OPEN

#: The longest answer that is taken, in characters.
LONGEST_ANSWER = 4000


class CommentRequestQuerySet(OwnedQuerySet):
    """Requests, in the words of those who list them."""

    def waiting(self) -> CommentRequestQuerySet:
        """Those that somebody still should answer: not withdrawn, not answered, and the step is not closed."""
        return self.filter(
            withdrawn_at=None, answered_at=None, step__status__in=OPEN,
            project__standing__in=(Standing.ACTIVE, Standing.ON_HOLD),
        )  # fmt: skip


class CommentRequest(Owned):
    """One person asked for a comment on one step, because of the role that is consulted there. Blocks nothing."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="comment_requests")
    step = models.ForeignKey(ProjectStep, on_delete=models.PROTECT, related_name="comment_requests")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="comment_requests")
    role = models.CharField(max_length=300, help_text="In which role the person is consulted, in words")
    asked_at = models.DateTimeField(default=timezone.now)
    due = models.DateField()
    answered_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = CommentRequestQuerySet.as_manager()

    class Meta:
        ordering = ("asked_at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("step", "person"), name="comment_asked_once", condition=Q(withdrawn_at=None)
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(withdrawn_at=None), name="comment_answered_is_not_withdrawn"
            ),
        )
        indexes = (
            models.Index(
                fields=("person", "due"), name="comment_waiting", condition=Q(answered_at=None, withdrawn_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} on {self.step}"


class CommentAnswer(Final):
    """One answer to a request, as plain text; kept for ever. `by_side` is the side that its author sat on then."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="comment_answers")
    request = models.ForeignKey(CommentRequest, on_delete=models.PROTECT, related_name="answers")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_side = models.CharField(max_length=10, choices=Side.choices)
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(max_length=LONGEST_ANSWER)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"Comment by {self.by}"
