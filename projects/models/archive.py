"""What belongs to a project: it changes with it, and no more once the project is complete (domain.md, Phases)."""

from __future__ import annotations

from typing import Any

from django.db import models

from transitions.blockers import Archived
from transitions.standing import Standing


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows of projects. Bulk writes are refused where a project concerned is archived."""

    def _refuse_archived(self) -> None:
        if self.filter(project__standing=Standing.COMPLETE).exists():
            raise Archived

    def update(self, **kwargs: Any) -> int:
        self._refuse_archived()
        return super().update(**kwargs)

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> int:
        rows = list(objs)
        self.model._default_manager.filter(pk__in=[row.pk for row in rows])._refuse_archived()
        return super().bulk_update(rows, fields, batch_size)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_archived()
        return super().delete()


class Owned(models.Model):
    """A row of a project, with the door shut after the project's end."""

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    def refuse_archived(self) -> None:
        """Raise Archived if the project is complete, as the database has it."""
        project_model = type(self)._meta.get_field("project").related_model
        if project_model._default_manager.filter(pk=self.project_id, standing=Standing.COMPLETE).exists():  # type: ignore[union-attr, attr-defined]
            raise Archived

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.refuse_archived()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.refuse_archived()
        return super().delete(*args, **kwargs)


class FinalQuerySet(models.QuerySet[Any]):
    """Rows that say what happened. They are added, never changed."""

    def update(self, **kwargs: Any) -> int:
        raise DecisionIsFinal(self.model.__name__)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise DecisionIsFinal(self.model.__name__)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise DecisionIsFinal(self.model.__name__)


class DecisionIsFinal(Exception):  # noqa: N818
    """Somebody tried to change or delete what was decided."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} rows are evidence: they are added, never changed or deleted.")


class Final(Owned):
    """An owned row that is never changed once written."""

    objects = FinalQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise DecisionIsFinal(type(self).__name__)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise DecisionIsFinal(type(self).__name__)
