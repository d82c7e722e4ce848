"""A zone as calendars read it: a VTIMEZONE (RFC 5545, 3.6.5) made of yearly rules from 1970 on.

Desktop Outlook reads lists of single changes (RDATE) an hour off, and rules without BYDAY not at all (ux.md, 0.4); the library's
own zones are such lists. So each of ours is derived from what zoneinfo says of the present years, as “the second Sunday of March
at two”, and holds only if zoneinfo says the same of every year looked at. What comes by no such rule (Ramadan) is said change
by change, each a part of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

#: How many years after the present one a rule must agree with zoneinfo; single changes are said for as many.
YEARS_AHEAD = 10
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock, as a VTIMEZONE has it
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
#: Zones of no place: their instants are written with a Z, and need no VTIMEZONE (RFC 5545, 3.2.19).
OF_UTC = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})


@dataclass(frozen=True, slots=True)
class Change:
    """Clocks go from one offset to another when they show `at`, by the offset before."""

    at: dt.datetime
    before: dt.timedelta
    after: dt.timedelta
    name: str


def vtimezone(zone_name: str, year: int) -> Timezone:
    """Return the VTIMEZONE of an IANA zone as its rules are in `year` and the YEARS_AHEAD after it."""
    found = Timezone()
    found.add("tzid", zone_name)
    for part in _parts(zone_name, year):
        found.add_component(part)
    return found


def _parts(zone_name: str, year: int) -> Iterator[TimezoneStandard | TimezoneDaylight]:
    zone = ZoneInfo(zone_name)
    first = dt.datetime(year, 1, 1, tzinfo=zone)
    offset, name = _offset(first), first.tzname() or zone_name
    found = changes(zone_name, year, YEARS_AHEAD)
    rules = yearly(found, year)
    if rules is None or not found:
        yield _part(Change(EPOCH, offset, offset, name))
        for change in found:
            yield _part(change)
        return
    for rule, change in rules:
        begin = next(iter(rrulestr(rule, dtstart=dt.datetime.combine(EPOCH, change.at.time()))))
        yield _part(Change(begin, change.before, change.after, change.name), rule)


def _part(change: Change, rule: str = "") -> TimezoneStandard | TimezoneDaylight:
    part = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
    part.add("dtstart", change.at)
    part.add("tzoffsetfrom", change.before)
    part.add("tzoffsetto", change.after)
    part.add("tzname", change.name)
    if rule:
        part.add("rrule", vRecur.from_ical(rule))
    return part


def yearly(found: tuple[Change, ...], year: int) -> list[tuple[str, Change]] | None:
    """Return the yearly rules by which all of `found` come, each with one of its changes; None where there are none such.

    Two changes a year from one offset to the other and back; each is the nth weekday of its month, counted from its beginning
    or its end, or the weekday of a span of seven days.
    """
    kinds: dict[tuple[dt.timedelta, dt.timedelta], list[Change]] = {}
    for change in found:
        kinds.setdefault((change.before, change.after), []).append(change)
    if len(kinds) != 2 or len({pair[0] for pair in kinds} | {pair[1] for pair in kinds}) != 2:
        return None
    rules: list[tuple[str, Change]] = []
    years = list(range(year, year + YEARS_AHEAD + 1))
    for same in kinds.values():
        days = [change.at.date() for change in same]
        alike = {(day.month, day.weekday()) for day in days}
        if [day.year for day in days] != years or len(alike) != 1 or len({change.at.time() for change in same}) != 1:
            return None
        part = _weekday_rule(days)
        if part is None:
            return None
        rules.append((f"FREQ=YEARLY;BYMONTH={days[0].month};{part}", same[0]))
    return rules


def _weekday_rule(days: list[dt.date]) -> str | None:
    weekday = WEEKDAYS[days[0].weekday()]
    last, first = max(day.day for day in days), min(day.day for day in days)
    for nth in range(1, 5):
        if first > 7 * (nth - 1) and last <= 7 * nth:
            return f"BYDAY={nth}{weekday}"
    if all((day + dt.timedelta(days=7)).month != day.month for day in days):
        return f"BYDAY=-1{weekday}"
    if last - first < 7:
        span = ",".join(str(day) for day in range(last - 6, last + 1))
        return f"BYMONTHDAY={span};BYDAY={weekday}" if last - 6 >= 1 else None
    return None


@lru_cache(maxsize=128)
def changes(zone_name: str, year: int, ahead: int) -> tuple[Change, ...]:
    """Return every change of the clocks of a zone from the beginning of `year` to the end of `ahead` years later."""
    zone = ZoneInfo(zone_name)
    at, end = dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + ahead + 1, 1, 1, tzinfo=dt.UTC)
    found: list[Change] = []
    offset = _offset(at.astimezone(zone))
    while at < end:
        following = at + dt.timedelta(days=1)
        if _offset(following.astimezone(zone)) != offset:
            moment = _first_second(at, following, zone, offset)
            after = moment.astimezone(zone)
            found.append(
                Change((moment + offset).replace(tzinfo=None), offset, _offset(after), after.tzname() or zone_name)
            )
            offset = _offset(after)
        at = following
    return tuple(found)


def _first_second(low: dt.datetime, high: dt.datetime, zone: ZoneInfo, offset: dt.timedelta) -> dt.datetime:
    """Return the first second, after `low` and up to `high`, at which the offset is another."""
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle.astimezone(zone)) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(moment: dt.datetime) -> dt.timedelta:
    return moment.utcoffset() or dt.timedelta()
