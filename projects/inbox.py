"""Telling people: rows in their inbox, in the transaction of what they hear of. Nobody hears of their own act."""

from __future__ import annotations

from collections.abc import Iterable

from projects.models import Notice


def tell(notices: Iterable[Notice]) -> None:
    """Write notices (unsaved), in one query; one that is there already, and one to the person who acted, is left out."""
    rows = [notice for notice in notices if notice.person_id != notice.by_id]
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
