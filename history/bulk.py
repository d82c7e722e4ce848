"""Rows made many at once: one door for the guards that stand before it."""

from __future__ import annotations

import inspect
from typing import Any

from django.db import models


class NewRowsQuerySet(models.QuerySet[Any]):
    """Rows whose guards see what `bulk_create()` was asked for by name, even where the call gave it by position."""

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        asked = _BULK_CREATE.bind(self, objs, *args, **kwargs).arguments
        del asked["self"], asked["objs"]
        return self._make(list(objs), **asked)

    def _make(self, rows: list[Any], **asked: Any) -> list[Any]:
        """Make the rows. A guard overrides this: it refuses, or calls the next one.

        Args:
            asked: what was given to `bulk_create()` beside the rows (`batch_size`, `ignore_conflicts`, `update_conflicts`, …).
        """
        return super().bulk_create(rows, **asked)


_BULK_CREATE = inspect.signature(models.QuerySet.bulk_create)
