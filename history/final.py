"""Rows that say what happened: they are added, never changed or deleted. In code; PostgreSQL holds it too (`append_only`)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from history.bulk import NewRowsQuerySet


class RowIsFinal(Exception):  # noqa: N818
    """Somebody tried to change or delete what happened. Each room has a class of its own, so that a refusal says of what."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} rows say what happened: they are added, never changed or deleted.")


class FinalRowsQuerySet(NewRowsQuerySet):
    """Rows that are read, and added to. Stands before other guards, so that it refuses first."""

    def _refusal(self) -> RowIsFinal:
        return self.model.refusal(self.model.__name__)

    def update(self, **kwargs: Any) -> int:
        raise self._refusal()

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise self._refusal()

    def _make(self, rows: list[Any], **asked: Any) -> list[Any]:
        if asked.get("update_conflicts"):
            raise self._refusal()
        return super()._make(rows, **asked)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise self._refusal()


class FinalRow(models.Model):
    """A row that is never changed once written. Its manager comes from a FinalRowsQuerySet, and is the base manager too."""

    #: What is raised.
    refusal: ClassVar[type[RowIsFinal]] = RowIsFinal

    class Meta:
        abstract = True

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: bool | tuple[Any, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Any = None,
    ) -> bool:
        # Every save comes through here, loaddata too. Inserted by force: under the key of another it would write over that.
        if raw or force_update or update_fields or not self._state.adding:
            raise self.refusal(type(self).__name__)
        return bool(super()._save_table(raw, cls, force_insert=True, using=using))  # type: ignore[misc]

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise self.refusal(type(self).__name__)
