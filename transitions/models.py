"""The record of every move: append-only, written in the move's own transaction."""

from __future__ import annotations

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from history.final import FinalRow, FinalRowsQuerySet, RowIsFinal
from history.stamps import Stamped


class RecordIsFinal(RowIsFinal):
    """Somebody tried to change or delete a record of what happened."""


class RecordQuerySet(FinalRowsQuerySet):
    """Records in the order in which they are read: latest first."""

    def of(self, row: models.Model) -> RecordQuerySet:
        """Records of the moves of `row` itself."""
        return self.filter(object_type=ContentType.objects.get_for_model(row), object_id=row.pk)

    def under(self, root: models.Model) -> RecordQuerySet:
        """Records of the moves of `root` and of all that belongs to it."""
        return self.filter(root_type=ContentType.objects.get_for_model(root), root_id=root.pk)


class TransitionRecord(FinalRow, Stamped):
    """One move: what, from where to where, by whom, when, why, and what was true at the passage.

    `root` is the row that owns the moved one (a step's project), so that a project's whole history is one query.
    `by` is empty for what the system did by itself; `origin` and `batch` say through which door it came, and with what. `facts`
    holds the gate's criteria as they stood.
    """

    object_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    object_id = models.BigIntegerField()
    root_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    root_id = models.BigIntegerField()
    subject = models.CharField(max_length=300)
    machine = models.CharField(max_length=30)
    move = models.CharField(max_length=40)
    source = models.CharField(max_length=30)
    target = models.CharField(max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)
    facts = models.JSONField(default=dict)

    refusal = RecordIsFinal
    objects = RecordQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=("root_type", "root_id", "-at"), name="record_root"),
            models.Index(fields=("object_type", "object_id", "-at"), name="record_object"),
        )

    def __str__(self) -> str:
        return f"{self.subject}: {self.move} ({self.source} → {self.target})"
