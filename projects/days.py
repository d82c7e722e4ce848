"""Days in words, as lists show them: the date, and beside it how far it is from today or from the plan.

The same few dates come round in row after row, so each is said once and kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

#: A due date this near is shown with its weekday, and counts as “next 7 days”.
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DayWords:
    """A day, ready to be written out: `iso` for machines, `text` for people, `note` beside it, and the tone of the note."""

    iso: str
    text: str
    note: str = ""
    tone: str = "soft"

    @property
    def late(self) -> bool:
        """Whether it is said in the colour of what is late."""
        return self.tone == "late"


NO_DAY = DayWords("", "–")


@lru_cache(maxsize=4096)
def due(day: dt.date | None, today: dt.date) -> DayWords:
    """Return a due date: `Nov 17`, `−6 d overdue`; `Tue Nov 24`, `in 1 d`."""
    if day is None:
        return DayWords("", "no due date")
    ahead = (day - today).days
    if ahead < 0:
        return DayWords(day.isoformat(), short(day, today), f"−{-ahead} d overdue", "late")
    weekday = f"{day:%a} " if day - today <= WEEK else ""
    return DayWords(day.isoformat(), weekday + short(day, today), f"in {ahead} d" if ahead else "today")


@lru_cache(maxsize=4096)
def go_live(target: dt.date, baseline: dt.date, actual: dt.date | None, today: dt.date) -> DayWords:
    """Return a go-live against its baseline, in calendar days: `Dec 14`, `+11 d`. One that has happened says `live`."""
    day = actual or target
    drift = (day - baseline).days
    tone = "late" if drift > 0 else "early" if drift < 0 else "soft"
    words = signed(drift)
    if actual:
        note = f"live, {words}" if drift else "live"
    elif target < today:
        note, tone = f"{(today - target).days} d past", "late"
    else:
        note = words or "on plan"
    return DayWords(day.isoformat(), short(day, today), note, tone)


def signed(days: int) -> str:
    """Return `+11 d`, `−3 d`, or nothing for none."""
    return f"{'+' if days > 0 else '−'}{abs(days)} d" if days else ""


def short(day: dt.date, today: dt.date) -> str:
    """Return `Nov 24`, with the year where it is not that of `today`."""
    text = f"{day:%b} {day.day}"
    return text if day.year == today.year else f"{text}, {day.year}"


def moment(now: dt.datetime) -> str:
    """Return `8:55, Mon Nov 23, 2026`, in the zone that `now` is in."""
    return f"{now.hour}:{now:%M}, {now:%a %b} {now.day}, {now.year}"
