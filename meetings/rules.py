"""When a series is held: an RFC 5545 rule at the wall clock of a zone, as pure functions over plain values.

A rule gives days; the hour is the series' own, at the wall clock of its zone, so that ten o'clock stays ten o'clock in summer and
winter. An hour that the clocks leave out in spring is held when the clock that was left out would have shown it (RFC 5545, 3.3.5,
and PEP 495, fold 0: an hour later); one that comes twice in autumn is held the first time.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from django.core.exceptions import ValidationError

from meetings.vocabulary import HORIZON

#: What a rule may say: days. The hour is said by the series.
PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"})
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
#: Parts that a frequency may have besides. What is left out is either not allowed there (RFC 5545, 3.3.10) or says no more than a
#: longer frequency does; and a rule that never comes about is found out at once, not after a walk to the year 9999.
BESIDES = {
    "DAILY": frozenset({"BYDAY", "BYMONTH"}),
    "WEEKLY": frozenset({"BYDAY", "BYMONTH"}),
    "MONTHLY": frozenset({"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}),
    "YEARLY": frozenset({"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}),
}
ONE_DAY = dt.timedelta(days=1)
_DAY_NAMES = {
    "MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday", "SU": "Sunday",
}  # fmt: skip
WEEKDAYS = tuple(_DAY_NAMES)
_ORDINALS = {
    "1": "first",
    "2": "second",
    "3": "third",
    "4": "fourth",
    "5": "fifth",
    "-1": "last",
    "-2": "second to last",
}
_UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")
_SIGNED = re.compile(r"-?[1-9]\d{0,2}")
_NUMBER = re.compile(r"[1-9]\d{0,2}")


def validate_rule(rule: str, starts_on: dt.date) -> None:
    """Raise ValidationError, with the reason, where `rule` is no rule of ours or gives no day within HORIZON of its start."""
    parts = _parts(rule)
    _refuse_foreign(parts)
    try:
        first = next(iter(days_of(rule, starts_on, starts_on, starts_on + HORIZON)), None)
    except (
        ValueError,
        TypeError,
        KeyError,
        OverflowError,
    ) as fault:  # what dateutil raises for a rule that it cannot read
        raise ValidationError(f"This rule cannot be read: {fault}.", code="rule") from None
    if first is None:
        raise ValidationError(
            f"This rule gives no day within {HORIZON.days} days of its start: it would never be held.", code="never"
        )


def _refuse_foreign(parts: dict[str, str]) -> None:
    unknown = sorted(parts.keys() - PARTS)
    if unknown:
        raise ValidationError(
            f"A rule says days: {', '.join(unknown)} is not taken. It may have {', '.join(sorted(PARTS))}.", code="rule"
        )
    frequency = parts.get("FREQ", "")
    if frequency not in FREQUENCIES:
        raise ValidationError(f"A rule begins with FREQ= one of {', '.join(FREQUENCIES)}.", code="rule")
    if "UNTIL" in parts and "COUNT" in parts:
        raise ValidationError("A rule has an UNTIL or a COUNT, not both (RFC 5545, 3.3.10).", code="rule")
    misplaced = sorted(name for name in parts if name.startswith("BY") and name not in BESIDES[frequency])
    if misplaced:
        raise ValidationError(f"{', '.join(misplaced)} does not go with FREQ={frequency}.", code="rule")
    if frequency in {"DAILY", "WEEKLY"} and re.search(r"\d", parts.get("BYDAY", "")):
        raise ValidationError(f"BYDAY names weekdays alone with FREQ={frequency}, such as BYDAY=TU,TH.", code="rule")
    if "UNTIL" in parts and not _UNTIL.fullmatch(parts["UNTIL"]):
        raise ValidationError("UNTIL is a day, such as UNTIL=20261231.", code="rule")
    for name in ("INTERVAL", "COUNT"):
        if name in parts and not _NUMBER.fullmatch(parts[name]):
            raise ValidationError(f"{name} is a number from 1 to 999.", code="rule")

    for name, most in (("BYMONTHDAY", 31), ("BYMONTH", 12), ("BYSETPOS", 366)):
        if not all(_SIGNED.fullmatch(value) and abs(int(value)) <= most for value in parts.get(name, "1").split(",")):
            raise ValidationError(f"{name} is a number from 1 to {most}, or from the end with a minus.", code="rule")


def days_of(rule: str, starts_on: dt.date, first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Yield the days from `first` to `last`, both included, that `rule` gives a series that begins on `starts_on`."""
    begin = max(first, starts_on)
    if begin > last:
        return
    found = _rule(rule, starts_on).xafter(_noon(begin - ONE_DAY), inc=False)
    for moment in found:
        day = moment.date()
        if day > last:
            return
        yield day


def last_before(rule: str, starts_on: dt.date, day: dt.date) -> dt.date | None:
    """Return the last day of the rule strictly before `day`, or None where there is none."""
    found = _rule(rule, starts_on).before(_noon(day), inc=False)
    return found.date() if found else None


def tidy(rule: str) -> str:
    """Return a rule as it is kept: in capitals, without the name of its property."""
    return rule.strip().upper().removeprefix("RRULE:")


def until(rule: str, last: dt.date) -> str:
    """Return `rule` ended with `last` as its last day, whatever end it had."""
    return f"{endless(rule)};UNTIL={last:%Y%m%d}"


def endless(rule: str) -> str:
    """Return `rule` without its end."""
    return ";".join(f"{name}={value}" for name, value in _parts(rule).items() if name not in {"UNTIL", "COUNT"})


def continued(rule: str, starts_on: dt.date, day: dt.date) -> str:
    """Return the rule of what continues a series from `day` on: a COUNT is what is left of it; an UNTIL stays."""
    parts = _parts(rule)
    if "COUNT" not in parts:
        return rule
    gone = sum(1 for _ in days_of(rule, starts_on, starts_on, day - ONE_DAY))
    return f"{endless(rule)};COUNT={max(int(parts['COUNT']) - gone, 1)}"


def on_weekday(rule: str, day: dt.date) -> str | None:
    """Return a weekly rule of one weekday as it is on the weekday of `day`; None where the rule says more than that."""
    parts = _parts(rule)
    if parts.get("FREQ") != "WEEKLY" or "," in parts.get("BYDAY", ""):
        return None
    return ";".join(f"{name}={value}" for name, value in ({**parts, "BYDAY": WEEKDAYS[day.weekday()]}).items())


def in_words(rule: str, starts_on: dt.date) -> str:
    """Return a rule as people say it; one that has no such words as it is written.

    `every Tuesday`, `every 2 weeks on Monday and Thursday`, `on the first Monday of every month`.
    """
    if not rule:
        return "on single days"
    parts = _parts(rule)
    number = int(parts.get("INTERVAL", "1"))
    words = _WORDS[parts["FREQ"]](parts, starts_on, number) if not parts.keys() & {"BYSETPOS", "BYMONTH"} else ""
    if not words:
        return rule
    if "UNTIL" in parts:
        last = dt.datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date()  # noqa: DTZ007 - a day
        words += f", until {last:%b} {last.day}, {last.year}"
    return words + (f", {parts['COUNT']} times" if "COUNT" in parts else "")


def _daily(parts: dict[str, str], starts_on: dt.date, number: int) -> str:
    if "BYDAY" in parts:
        return _weekly(parts, starts_on, number) if number == 1 else ""
    return "every day" if number == 1 else f"every {number} days"


def _weekly(parts: dict[str, str], starts_on: dt.date, number: int) -> str:
    days = parts.get("BYDAY", WEEKDAYS[starts_on.weekday()]).split(",")
    names = _and([_DAY_NAMES[day] for day in sorted(days, key=WEEKDAYS.index)])
    return f"every {names}" if number == 1 else f"every {number} weeks on {names}"


def _monthly(parts: dict[str, str], starts_on: dt.date, number: int) -> str:
    every = "every month" if number == 1 else f"every {number} months"
    if "BYDAY" in parts and "BYMONTHDAY" not in parts:
        named = re.fullmatch(r"(-?\d)([A-Z]{2})", parts["BYDAY"])
        if named is None or named[1] not in _ORDINALS:
            return ""
        return f"on the {_ORDINALS[named[1]]} {_DAY_NAMES[named[2]]} of {every}"
    if "BYDAY" in parts:
        return ""
    on = parts.get("BYMONTHDAY", str(starts_on.day))
    return f"on the last day of {every}" if on == "-1" else f"on day {on} of {every}" if on.isdigit() else ""


def _yearly(parts: dict[str, str], starts_on: dt.date, number: int) -> str:
    return (
        "" if parts.keys() & {"BYDAY", "BYMONTHDAY"} or number != 1 else f"every year on {starts_on:%b} {starts_on.day}"
    )


_WORDS = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def at_wall_clock(day: dt.date, at: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Return the instant at which the clocks of `zone` show `at` on `day`, as they show it then."""
    return dt.datetime.combine(day, at, zone).astimezone(dt.UTC).astimezone(zone)


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in tidy(rule).split(";"):
        name, sep, value = part.partition("=")
        if not sep or not value or name in parts:
            raise ValidationError(f"“{part}” is no part of a rule, such as BYDAY=TU.", code="rule")
        parts[name] = value
    return parts


def _noon(day: dt.date) -> dt.datetime:
    """Rules are asked at noon of no zone: a day is a day."""
    return dt.datetime.combine(day, dt.time(12))


@lru_cache(maxsize=512)
def _rule(rule: str, starts_on: dt.date) -> rrule:
    parts = _parts(rule)
    if "UNTIL" in parts:
        parts["UNTIL"] = f"{parts['UNTIL'][:8]}T235959"  # the whole of that day
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    return rrulestr(text, dtstart=_noon(starts_on), cache=True)  # type: ignore[return-value]
