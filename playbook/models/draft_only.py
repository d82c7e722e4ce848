"""The guard of a version's rows: they change with their draft, and no more once that is published, by every door."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models, transaction

from history.tracking import Tracked, TrackedQuerySet
from playbook.models.version import Version, refuse_final


class RowStays(Exception):  # noqa: N818
    """Somebody tried to hand a row from one version to another, which would change a version behind its back."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(f"A {model._meta.verbose_name} stays in the version that it was made in.")


class DraftOnlyQuerySet(TrackedQuerySet):
    """Rows of a version: changed and deleted in bulk only while every version concerned is a draft."""

    def _guard(self) -> None:
        refuse_final(list(self.order_by().values_list(f"{self.model.VERSION_PATH}_id", flat=True).distinct()))

    def update(self, **kwargs: Any) -> int:
        """Change the rows. They stay where they are: a row is never handed from one version to another."""
        owner = self.model.VERSION_PATH.split("__")[0]
        if kwargs.keys() & {owner, f"{owner}_id"}:
            raise RowStays(self.model)
        with transaction.atomic():
            self._guard()
            return super().update(**kwargs)

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> int:
        rows = list(objs)
        with transaction.atomic():
            self.model._default_manager.filter(pk__in=[row.pk for row in rows])._guard()
            return super().bulk_update(rows, fields, batch_size)

    def _make(self, rows: list[Any], **asked: Any) -> list[Any]:
        if asked.get("update_conflicts"):
            # It would write over rows by their primary key, whichever version they are in.
            raise RowStays(self.model)
        with transaction.atomic():
            refuse_final({row.owning_version().pk for row in rows})
            return super()._make(rows, **asked)

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            self._guard()
            return super().delete()


class DraftOnly(Tracked):
    """A row of a version. It changes with its draft, and no more once that is published."""

    VERSION_PATH: ClassVar[str] = "version"

    objects = DraftOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def owning_version(self) -> Version:
        """Return the version that this row is part of."""
        raise NotImplementedError

    def _guard(self) -> None:
        target = self.owning_version()
        stored = self._stored_version_id()
        if stored not in (None, target.pk):
            raise RowStays(type(self))
        refuse_final([target.pk])

    def _stored_version_id(self) -> Any:
        if self.pk is None:
            return None
        rows = type(self)._default_manager.filter(pk=self.pk)
        return rows.values_list(f"{self.VERSION_PATH}_id", flat=True).first()

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Save the row while its version is a draft."""
        with transaction.atomic():
            self._guard()
            super().save_base(*args, **kwargs)

    def _save_table(self, raw: bool = False, *args: Any, **kwargs: Any) -> Any:
        # loaddata calls Model.save_base itself, past the one above, and comes here.
        if raw:
            self._guard()
        return super()._save_table(raw, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            refuse_final([self._stored_version_id()])
            return super().delete(*args, **kwargs)
