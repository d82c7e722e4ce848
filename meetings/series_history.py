"""What the history of projects tells of series, of who attends them, and of single meetings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.urls import reverse

from accounts.models import User
from history.reading import Name, Names
from meetings.models import Occurrence, Series, SeriesAttendee
from playbook.history_page import MOVE_WORDS
from projects.history_page import register


def register_all() -> None:
    """Let the history of projects tell of them. For `AppConfig.ready()`."""
    MOVE_WORDS.update(
        open_meeting="started",
        close_meeting="closed",
        call_off="cancelled",
        call_again="held after all after its cancellation",
    )
    register("series", "Series of meetings", Series, _series, namer=series_by_key)
    register("series-attendee", "Attendee", SeriesAttendee, _attendee)
    register("meeting", "Meeting", Occurrence, _meeting, namer=meetings_by_key)


def _series(row: Any, names: Names) -> Name:
    return names.of(Series, row.id)


def _attendee(row: Any, names: Names) -> Name:
    series = names.of(Series, row.series_id)
    return Name(f"{names.of(User, row.person_id).label} on {series.label}", series.link)


def _meeting(row: Any, names: Names) -> Name:
    return names.of(Occurrence, row.id)


def _called(title: str, code: str | None) -> str:
    return f"{title}, {code}" if code else title


def series_by_key(keys: Collection[Any]) -> dict[Any, Name]:
    """Return the names of series by their keys, in one query."""
    rows = Series.objects.filter(pk__in=keys).values_list("pk", "title", "project__code")
    return {pk: Name(_called(title, code), reverse("series", args=[pk])) for pk, title, code in rows}


def meetings_by_key(keys: Collection[Any]) -> dict[Any, Name]:
    """Return the names of single meetings by their keys, in one query."""
    rows = Occurrence.objects.filter(pk__in=keys).values_list("pk", "series", "series__title", "day", "project__code")
    return {
        pk: Name(_called(f"{title} of {_day(day)}", code), reverse("meeting", args=[series, day.isoformat()]))
        for pk, series, title, day, code in rows
    }


def _day(day: dt.date) -> str:
    return f"{day:%b} {day.day}, {day.year}"
