"""The record of every move: append-only, written in the move's own transaction."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from history.stamps import Stamped


class RecordIsFinal(Exception):  # noqa: N818
    """Somebody tried to change or delete a record of what happened."""


class RecordQuerySet(models.QuerySet["TransitionRecord"]):
    """Records in the order in which they are read: latest first."""

    def of(self, row: models.Model) -> RecordQuerySet:
        """Records of the moves of `row` itself."""
        return self.filter(object_type=ContentType.objects.get_for_model(row), object_id=row.pk)

    def under(self, root: models.Model) -> RecordQuerySet:
        """Records of the moves of `root` and of all that belongs to it."""
        return self.filter(root_type=ContentType.objects.get_for_model(root), root_id=root.pk)

    def update(self, **kwargs: Any) -> int:
        raise RecordIsFinal("a transition record is never changed")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise RecordIsFinal("a transition record is never changed")

    def bulk_create(
        self,
        objs: Any,
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        *fields: Any,
        **named_fields: Any,
    ) -> list[TransitionRecord]:
        if update_conflicts:
            raise RecordIsFinal("a transition record is never changed")
        return super().bulk_create(objs, batch_size, ignore_conflicts)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise RecordIsFinal("a transition record is never deleted")


class TransitionRecord(Stamped):
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

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: bool = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Any = None,
    ) -> bool:
        # Every save comes through here, loaddata too. Inserted by force: under the key of another it would write over that.
        if raw or force_update or update_fields or not self._state.adding:
            raise RecordIsFinal("a transition record is never changed")
        return bool(super()._save_table(raw, cls, force_insert=True, using=using))  # type: ignore[misc]

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise RecordIsFinal("a transition record is never deleted")
