"""Days and hours of meetings in words: at the wall clock of the meeting, and at the reader's where that is another one."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from meetings.clock_words import hour, zone_called


def day_words(day: dt.date) -> str:
    """Return `Tue Nov 24`."""
    return f"{day:%a %b} {day.day}"


def go_live_words(target: dt.date) -> str:
    """Return `Go-live Mar 2, 2027`: it may be in another year."""
    return f"Go-live {target:%b} {target.day}, {target.year}"


def hour_words(at: dt.datetime, zone: ZoneInfo) -> str:
    """Return `13:00 ET`: the hour at the wall clock of `zone`, called as people call it."""
    local = at.astimezone(zone)
    return f"{hour(local)} {zone_called(zone)}"


def when_words(at: dt.datetime, zone: ZoneInfo, reader: ZoneInfo | None = None) -> str:
    """Return `Tue Nov 24, 13:00 ET`, and ` · 19:00 for you` (with the day, where that differs) for a reader elsewhere."""
    local = at.astimezone(zone)
    words = f"{day_words(local.date())}, {hour_words(at, zone)}"
    if reader is None:
        return words
    theirs = at.astimezone(reader)
    if theirs.replace(tzinfo=None) == local.replace(tzinfo=None):
        return words
    day = "" if theirs.date() == local.date() else f"{day_words(theirs.date())}, "
    return f"{words} · {day}{hour(theirs)} for you"


def listed(words: list[str], most: int = 3) -> str:
    """Return `a, b, c and 2 more`."""
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"
