"""What people say beside a project: comments on whatever can be talked about, what they said before, and whom they mentioned."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Side
from history.tracking import HistoryOf
from projects.models import Project
from projects.models.archive import Final, Owned, OwnedQuerySet

#: The longest comment that is taken, in characters.
LONGEST = 10_000
#: The longest mention that is kept: `@` and a name.
LONGEST_MENTION = 121


class CommentQuerySet(OwnedQuerySet):
    """Comments, in the words of those who list them."""

    def on(self, model: type[models.Model], pk: int) -> CommentQuerySet:
        """Those on one row."""
        return self.filter(subject_type=ContentType.objects.get_for_model(model), subject_id=pk)

    def readable(self) -> CommentQuerySet:
        """Those that are still there to be read by everybody whom they are for."""
        return self.filter(deleted_at=None)

    def latest_first(self) -> CommentQuerySet:
        """In the order in which they are read."""
        return self.order_by("-at", "-pk")


class Comment(Owned):
    """One comment on a row of a project, as Markdown; written by `records.talk` alone.

    Nothing of it is lost: an edit adds the former text (`CommentVersion`), a deletion leaves the row. What somebody outside
    wrote is always for both sides; what one of ours wrote is for us alone, unless it is `visible`.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="talk")
    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="talk")
    by_side = models.CharField(max_length=10, choices=Side.choices, help_text="The side that its author sat on then")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(max_length=LONGEST, help_text="Markdown, as it was written")
    visible = models.BooleanField("customer reads it", default=False)
    edited_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        verbose_name="marked as a decision by",
    )  # fmt: skip
    decided_at = models.DateTimeField("decision of", null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)

    #: The text is not in it: whoever may not read a deleted comment reads the project's history.
    history = HistoryOf(root="project", without=("text", "revision"))
    objects: ClassVar[Any] = CommentQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("-at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(by_side=Side.INTERNAL) | Q(visible=True), name="comment_from_outside_is_visible"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="comment_decision_has_name_and_date",
            ),
            models.CheckConstraint(
                condition=Q(deleted_by=None, deleted_at=None) | Q(deleted_by__isnull=False, deleted_at__isnull=False),
                name="comment_deletion_has_name_and_date",
            ),
        )
        indexes = (
            models.Index(fields=("project", "-at", "-id"), name="talk_of_project"),
            models.Index(fields=("subject_type", "subject_id", "-at", "-id"), name="talk_on_subject"),
            models.Index(fields=("by", "-at"), name="talk_of_person"),
        )

    def __str__(self) -> str:
        return f"Comment by {self.by}"


class CommentVersion(Final):
    """What a comment said before one edit; kept for ever. `at` is when that text was written."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="talk_versions")
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(help_text="Counts the texts of the comment, from 1")
    text = models.TextField(max_length=LONGEST)
    at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        ordering = ("comment", "-number")
        constraints = (models.UniqueConstraint(fields=("comment", "number"), name="comment_version_once"),)

    def __str__(self) -> str:
        return f"Text {self.number} of {self.comment}"


class Mention(Final):
    """One person told of one comment because it mentions them; once, however often it is edited."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="mentions")
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mentions")
    words = models.CharField(max_length=LONGEST_MENTION, help_text="How they were mentioned: @PM, @Priya Nair")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("comment", "pk")
        constraints = (models.UniqueConstraint(fields=("comment", "person"), name="mentioned_once"),)

    def __str__(self) -> str:
        return f"{self.words} in {self.comment}"
