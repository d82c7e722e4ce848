"""The company's series that ship with the product: read from YAML, made where they are missing, edited in the admin then."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from history.context import named
from meetings.models import Series
from meetings.series import make_series
from meetings.vocabulary import COMPANY
from projects.schedule import ONE_DAY
from transitions.clock import business_day

SHIPPED = Path("fixtures") / "meetings" / "series.yaml"
FIELDS = frozenset({"kind", "title", "rule", "starts_at", "minutes", "capacity", "cutoff_hours", "place"})


class SeriesRefused(Exception):  # noqa: N818
    """A file that names no series of ours; the words say where."""


def shipped() -> Path:
    """Return the file that ships with the product."""
    return Path(settings.BASE_DIR) / SHIPPED


@named
@transaction.atomic
def load_company_series(text: str, *, by: Any = None, now: dt.datetime | None = None) -> list[Series]:
    """Make the series that are missing, from this week on; return those. A kind that the company has, or had, is left as it is.

    Raises:
        SeriesRefused: the text is no list of series. Nothing is loaded then.
    """
    now = now or timezone.now()
    today = business_day(now)
    there = set(Series.objects.filter(project=None).values_list("kind", flat=True))
    made = []
    for place, said in enumerate(_listed(text), start=1):
        try:
            values = {**said, "starts_at": dt.time.fromisoformat(said["starts_at"])}
            kind = values.pop("kind")
            if kind not in COMPANY:
                raise SeriesRefused(f"Series {place}: “{kind}” is no kind of the company's meetings.")
            if kind not in there:
                monday = today - today.weekday() * ONE_DAY
                made.append(make_series(kind, by=by, now=now, starts_on=monday, **values))
        except ValidationError as wrong:
            raise SeriesRefused(f"Series {place}: {' '.join(wrong.messages)}") from None
        except (KeyError, TypeError, ValueError) as wrong:
            raise SeriesRefused(f"Series {place} is no series: {wrong}") from None
    return made


def _listed(text: str) -> list[dict[str, Any]]:
    try:
        listed = yaml.safe_load(text)
    except yaml.YAMLError as broken:
        raise SeriesRefused(f"This is no YAML: {broken}") from broken
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise SeriesRefused("This is no list of series.")
    for place, one in enumerate(listed, start=1):
        if unknown := sorted(map(str, one.keys() - FIELDS)):
            raise SeriesRefused(f"Series {place}: {', '.join(unknown)} is not taken from a file.")
    return listed
