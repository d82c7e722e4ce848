"""What belongs to a project: it changes with it, and no more once the project is complete (domain.md, Phases)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import Q

from history.final import FinalRow, FinalRowsQuerySet, RowIsFinal
from history.stamps import Stamped
from history.tracking import Tracked, TrackedQuerySet
from transitions.blockers import Archived
from transitions.machine import in_move
from transitions.standing import Standing


class RowsStay(Exception):  # noqa: N818
    """Somebody tried to write over rows that are there by making new ones under their keys."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} rows that are there are not written over by new ones.")


def refuse_archived(model: Any, projects: Iterable[Any], row: Any = None) -> None:
    """Raise Archived if one of `projects`, or the one that the row of key `row` is in by now, is complete in the database.

    Within a move nothing is asked: `perform()` has, under the project's lock.
    """
    if in_move():
        return
    concerned = Q(pk__in=[getattr(project, "pk", project) for project in projects])
    if row is not None:
        concerned |= Q(pk__in=model._base_manager.filter(pk=row).values("project"))
    owners = model.project.field.related_model._base_manager
    if owners.filter(concerned, standing=Standing.COMPLETE).exists():
        raise Archived


class OwnedQuerySet(TrackedQuerySet):
    """Rows of projects. Bulk writes are refused where a project concerned is archived."""

    def _refuse_archived(self) -> None:
        if self.filter(project__standing=Standing.COMPLETE).exists():
            raise Archived

    def update(self, **kwargs: Any) -> int:
        self._refuse_archived()
        if new_owners := [kwargs[name] for name in ("project", "project_id") if name in kwargs]:
            refuse_archived(self.model, new_owners)
        return super().update(**kwargs)

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> int:
        rows = list(objs)
        self.model._default_manager.filter(pk__in=[row.pk for row in rows])._refuse_archived()
        return super().bulk_update(rows, fields, batch_size)

    def _make(self, rows: list[Any], **asked: Any) -> list[Any]:
        if asked.get("update_conflicts"):
            raise RowsStay(self.model.__name__)
        refuse_archived(self.model, {row.project_id for row in rows})
        return super()._make(rows, **asked)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_archived()
        return super().delete()


class Owned(Tracked):
    """A row of a project, with the door shut after the project's end."""

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
        # Related managers write through the base manager (`project.seats.add`): it has to be the guarded one too.
        base_manager_name = "objects"

    def _save_table(self, *args: Any, **kwargs: Any) -> bool:
        # Every save comes through here: save_base() too, and loaddata.
        self._refuse_archived()
        return super()._save_table(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._refuse_archived()
        return super().delete(*args, **kwargs)

    def _refuse_archived(self) -> None:
        row: Any = self  # every row here has a `project`; an abstract class cannot say so
        refuse_archived(type(row), [row.project_id], row.pk)


class DecisionIsFinal(RowIsFinal):
    """Somebody tried to change or delete what was decided."""


class FinalQuerySet(FinalRowsQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Rows of projects that say what happened."""


class Final(FinalRow, Stamped, Owned):
    """An owned row that is never changed once written."""

    refusal = DecisionIsFinal
    objects: ClassVar[Any] = FinalQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        abstract = True
        base_manager_name = "objects"
