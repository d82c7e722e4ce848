"""The versions of the table of tiers: the first ships as a file, later ones are issued by an administrator, for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from handoff.models import TierBand, TierTable
from handoff.tier.rule import Band, Integration, Table, check_bands, table_of_data
from history.context import named
from transitions.blockers import Blocker, NotPermitted

ISSUE = "handoff.add_tiertable"


@lru_cache(maxsize=1)
def shipped() -> Table:
    """Return version 1, read from the file once."""
    file = Path(settings.BASE_DIR) / "fixtures" / "handoff" / "tiers.yaml"
    return table_of_data(yaml.safe_load(file.read_text(encoding="utf-8")))


def current_table() -> Table:
    """Return the table that proposes now; two queries at most, one where none was issued."""
    row = TierTable.objects.order_by("-number").first()
    return _read(row) if row else shipped()


def table_of(version: int) -> Table:
    """Return a version of the table; two queries at most. Raises LookupError where there is none of that number."""
    if version == shipped().version:
        return shipped()
    row = TierTable.objects.filter(number=version).first() if 0 < version < 2**31 else None
    if row is None:
        raise LookupError(f"There is no table of tiers of version {version}. The latest is {current_table().version}.")
    return _read(row)


def _read(row: TierTable) -> Table:
    rows = [Band(Integration(band.integration), band.mrr_from, band.terms) for band in row.bands.all()]
    return Table(
        row.number, tuple(band for integration in Integration for band in rows if band.integration == integration)
    )


@named
@transaction.atomic
def issue_table(bands: Sequence[Band], *, note: str, by: User, now: dt.datetime | None = None) -> TierTable:
    """Issue a new version of the table. It proposes from now on; what was decided keeps its own version.

    Raises:
        NotPermitted: `by` is no administrator. ValidationError: the bands make no table, nothing is different, or no note.
    """
    if by.is_outside or not by.has_perm(ISSUE):
        raise NotPermitted([Blocker("not-permitted", "An administrator issues tables of tiers.")])
    check_bands(bands)
    refuse_same(bands)
    row = TierTable(
        number=current_table().version + 1, note=note.strip(), issued_by=by, issued_at=now or timezone.now()
    )
    row.full_clean()
    row.save()
    TierBand.objects.bulk_create(
        [
            TierBand(
                table=row, integration=band.integration, mrr_from=band.mrr_from, support=band.terms.support,
                days=band.terms.days, open_ended=band.terms.open_ended, meetings=band.terms.meetings,
            )
            for band in bands
        ]
    )  # fmt: skip
    return row


def refuse_same(bands: Sequence[Band]) -> None:
    """Raise ValidationError where bands are those of the present table."""
    current = current_table()
    if _ordered(bands) == _ordered(current.bands):
        raise ValidationError(f"Nothing is different from version {current.version}: change a band first.")


def _ordered(bands: Sequence[Band]) -> list[Band]:
    return sorted(bands, key=lambda band: (band.integration, band.mrr_from))
