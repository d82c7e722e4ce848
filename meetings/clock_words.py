"""When a meeting is, in words: at its own wall clock and, where that shows another hour, at the reader's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from projects.days import short

#: What people of a US company call the clocks of their zones, summer and winter alike.
CALLED = {
    "America/New_York": "ET", "America/Chicago": "CT", "America/Denver": "MT", "America/Los_Angeles": "PT", "UTC": "UTC",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class When:
    """A meeting's time, ready to be written out: `Tue Nov 24`, `10:00–11:00 ET`, `15:00 for you`; `iso` is for machines."""

    iso: str
    day: str
    hours: str
    for_you: str

    @property
    def text(self) -> str:
        """All of it in one line: `Tue Nov 24, 10:00–11:00 ET · 15:00 for you`."""
        return f"{self.day}, {self.hours}" + (f" · {self.for_you}" if self.for_you else "")


def zone_called(zone: ZoneInfo) -> str:
    """Return what the clock of a zone is called: `ET`; where there is no such name, its city."""
    return CALLED.get(zone.key, zone.key.rpartition("/")[2].replace("_", " "))


def hour(at: dt.datetime) -> str:
    """Return `9:00`."""
    return f"{at.hour}:{at.minute:02}"


def when(starts: dt.datetime, ends: dt.datetime, zone: ZoneInfo, reader: ZoneInfo, now: dt.datetime) -> When:
    """Return when a meeting is held, at the clock of `zone`, and when that is for somebody whose clock is `reader`'s."""
    begins, stops = starts.astimezone(zone), ends.astimezone(zone)
    today = now.astimezone(zone).date()
    until = hour(stops) if stops.date() == begins.date() else f"{stops:%a} {hour(stops)}"
    theirs = starts.astimezone(reader)
    for_you = ""
    if theirs.utcoffset() != begins.utcoffset():
        other_day = f"{theirs:%a} {short(theirs.date(), today)}, " if theirs.date() != begins.date() else ""
        for_you = f"{other_day}{hour(theirs)} for you"
    day = f"{begins:%a} {short(begins.date(), today)}"
    return When(begins.isoformat(), day, f"{hour(begins)}–{until} {zone_called(zone)}", for_you)
