"""Rules of series: days, words, what is refused; and a whole year at the wall clock of zones far apart."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from meetings.models import Occurrence, Series
from meetings.planned import as_planned, last_meeting_before
from meetings.rules import (
    at_wall_clock,
    continued,
    days_of,
    endless,
    in_words,
    last_before,
    on_weekday,
    tidy,
    until,
    validate_rule,
)

TUESDAY = dt.date(2026, 11, 3)
ZONES = (
    "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "America/St_Johns", "Pacific/Chatham",
    "Australia/Lord_Howe",
)  # fmt: skip


def days(rule: str, first: dt.date = TUESDAY, count: int = 4) -> list[str]:
    found = days_of(rule, first, first, first + dt.timedelta(days=500))
    return [f"{day:%a} {day.isoformat()}" for _, day in zip(range(count), found, strict=False)]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=WEEKLY;BYDAY=TU", ["Tue 2026-11-03", "Tue 2026-11-10", "Tue 2026-11-17", "Tue 2026-11-24"]),
        ("FREQ=WEEKLY;BYDAY=TU,TH", ["Tue 2026-11-03", "Thu 2026-11-05", "Tue 2026-11-10", "Thu 2026-11-12"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", ["Mon 2026-11-16", "Mon 2026-11-30", "Mon 2026-12-14", "Mon 2026-12-28"]),
        ("FREQ=MONTHLY;BYDAY=1MO", ["Mon 2026-12-07", "Mon 2027-01-04", "Mon 2027-02-01", "Mon 2027-03-01"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["Mon 2026-11-30", "Thu 2026-12-31", "Sun 2027-01-31", "Sun 2027-02-28"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["Thu 2026-12-31", "Sun 2027-01-31", "Wed 2027-03-31", "Mon 2027-05-31"]),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=2", ["Tue 2026-11-03", "Tue 2026-11-10"]),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261110", ["Tue 2026-11-03", "Tue 2026-11-10"]),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261110T000000Z", ["Tue 2026-11-03", "Tue 2026-11-10"]),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", ["Tue 2026-11-03", "Wed 2026-11-04", "Thu 2026-11-05", "Fri 2026-11-06"]),
    ],
)
def test_a_rule_gives_days(rule, found):
    validate_rule(rule, TUESDAY)
    assert days(rule) == found


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "would never be held"),
        ("FREQ=MONTHLY;BYDAY=6MO", "would never be held"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "would never be held"),
        ("FREQ=WEEKLY;UNTIL=20250101", "would never be held"),
        ("FREQ=YEARLY;INTERVAL=30;BYMONTH=1;BYMONTHDAY=1", "would never be held"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20261231", "not both"),
        ("FREQ=WEEKLY;BYHOUR=9", "BYHOUR is not taken"),
        ("FREQ=HOURLY", "begins with FREQ="),
        ("BYDAY=TU", "begins with FREQ="),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "does not go with FREQ=WEEKLY"),
        ("FREQ=DAILY;BYSETPOS=2", "does not go with FREQ=DAILY"),
        ("FREQ=WEEKLY;BYDAY=2TU", "names weekdays alone"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY is a number from 1 to 31"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH is a number from 1 to 12"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL is a number"),
        ("FREQ=WEEKLY;COUNT=-1", "COUNT is a number"),
        ("FREQ=WEEKLY;UNTIL=tomorrow", "UNTIL is a day"),
        ("FREQ=WEEKLY;UNTIL=20261331", "cannot be read"),
        ("FREQ=MONTHLY;BYDAY=XX", "cannot be read"),
        ("FREQ=WEEKLY;BYDAY=", "is no part of a rule"),
        ("FREQ=WEEKLY;FREQ=DAILY", "is no part of a rule"),
        ("every Tuesday", "is no part of a rule"),
        ("", "is no part of a rule"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_reason(rule, words):
    with pytest.raises(ValidationError, match=words):
        validate_rule(rule, TUESDAY)


def test_a_rule_is_kept_in_capitals_without_its_name():
    assert tidy(" rrule:freq=weekly;byday=tu ") == "FREQ=WEEKLY;BYDAY=TU"


@given(st.text(alphabet="FREQ=WKLYDAIMONTHBSUP;0123456789-,T ", max_size=40))
def test_garbage_is_refused_or_gives_days(rule):
    try:
        validate_rule(rule, TUESDAY)
    except ValidationError:
        return
    assert days(rule)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=TU", "every Tuesday"),
        ("FREQ=WEEKLY", "every Tuesday"),
        ("FREQ=WEEKLY;BYDAY=TH,TU", "every Tuesday and Thursday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "every 2 weeks on Monday"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "every Monday, Tuesday, Wednesday, Thursday and Friday"),
        ("FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("FREQ=MONTHLY;BYDAY=1MO", "on the first Monday of every month"),
        ("FREQ=MONTHLY;BYDAY=-1FR;INTERVAL=3", "on the last Friday of every 3 months"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "on day 15 of every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "on the last day of every month"),
        ("FREQ=MONTHLY", "on day 3 of every month"),
        ("FREQ=YEARLY", "every year on Nov 3"),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231", "every Tuesday, until Dec 31, 2026"),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=3", "every Tuesday, 3 times"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1"),
        ("", "on single days"),
    ],
)
def test_a_rule_in_words(rule, words):
    assert in_words(rule, TUESDAY) == words


def test_a_rule_is_ended_continued_and_put_on_another_weekday():
    assert until("FREQ=WEEKLY;BYDAY=TU;COUNT=9", dt.date(2026, 11, 30)) == "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261130"
    assert endless("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231") == "FREQ=WEEKLY;BYDAY=TU"
    assert continued("FREQ=WEEKLY;BYDAY=TU;COUNT=5", TUESDAY, dt.date(2026, 11, 17)) == "FREQ=WEEKLY;BYDAY=TU;COUNT=3"
    assert continued("FREQ=WEEKLY;UNTIL=20261231", TUESDAY, dt.date(2026, 11, 17)) == "FREQ=WEEKLY;UNTIL=20261231"
    assert on_weekday("FREQ=WEEKLY;BYDAY=TU", dt.date(2026, 11, 4)) == "FREQ=WEEKLY;BYDAY=WE"
    assert on_weekday("FREQ=WEEKLY;BYDAY=TU,TH", dt.date(2026, 11, 4)) is None
    assert on_weekday("FREQ=MONTHLY;BYDAY=1TU", dt.date(2026, 11, 4)) is None


@given(
    st.sampled_from(("FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=DAILY;INTERVAL=5")),
    st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)),
)  # fmt: skip
def test_the_last_day_before_is_the_last_of_those_before(rule, day):
    start = dt.date(2026, 1, 1)
    before = list(days_of(rule, start, start, day - dt.timedelta(days=1)))
    assert last_before(rule, start, day) == (before[-1] if before else None)


# The wall clock --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [dt.time(0), dt.time(9), dt.time(10), dt.time(13), dt.time(23, 45)])
def test_every_meeting_of_a_year_is_at_its_wall_clock(zone, at):
    series = Series(
        title="Daily", rule="FREQ=DAILY", starts_on=dt.date(2026, 1, 1), starts_at=at, minutes=60, zone_name=zone
    )
    found = [
        as_planned(series, day)
        for day in days_of(series.rule, series.starts_on, series.starts_on, dt.date(2026, 12, 31))
    ]
    assert len(found) == 365
    assert {one.starts.timetz().replace(tzinfo=None) for one in found} == {at}
    assert [one.held_on for one in found] == [one.day for one in found]
    # Held once a day by the calendar: an hour less or more between two of them where the clocks change, and nowhere else.
    gaps = {
        (b.starts.astimezone(dt.UTC) - a.starts.astimezone(dt.UTC)).total_seconds() / 3600 for a, b in pairwise(found)
    }
    change = 0.5 if zone == "Australia/Lord_Howe" else 1
    assert gaps == ({24.0} if zone == "Asia/Kolkata" else {24.0, 24.0 - change, 24.0 + change})
    # One that takes an hour takes an hour, whatever the clocks do meanwhile.
    assert {(one.ends.astimezone(dt.UTC) - one.starts.astimezone(dt.UTC)).total_seconds() for one in found} == {3600.0}


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc", "shown"),
    [
        # The hour that is left out: held when the clock that was left out would have shown it.
        ("America/New_York", dt.date(2026, 3, 8), dt.time(2, 30), "07:30", "03:30"),
        ("Europe/Berlin", dt.date(2026, 3, 29), dt.time(2, 30), "01:30", "03:30"),
        ("Pacific/Chatham", dt.date(2026, 9, 27), dt.time(3), "14:15", "04:00"),
        # The hour that comes twice: the first time.
        ("America/New_York", dt.date(2026, 11, 1), dt.time(1, 30), "05:30", "01:30"),
        ("America/St_Johns", dt.date(2026, 11, 1), dt.time(1, 30), "04:00", "01:30"),
        ("Australia/Sydney", dt.date(2026, 4, 5), dt.time(2, 30), "15:30", "02:30"),
        # Hours beside them.
        ("America/New_York", dt.date(2026, 3, 7), dt.time(9), "14:00", "09:00"),
        ("America/New_York", dt.date(2026, 3, 9), dt.time(9), "13:00", "09:00"),
    ],
)
def test_the_hour_that_is_left_out_and_the_one_that_comes_twice(zone, day, at, utc, shown):
    moment = at_wall_clock(day, at, ZoneInfo(zone))
    assert (f"{moment.astimezone(dt.UTC):%H:%M}", f"{moment:%H:%M}") == (utc, shown)
    assert moment.fold == 0


# The last one before ---------------------------------------------------------------------------------------------------------


def mondays(**fields) -> Series:
    return Series(title="Mondays", rule="FREQ=WEEKLY;BYDAY=MO", starts_on=dt.date(2026, 1, 5), starts_at=dt.time(9),
                  minutes=60, **fields)  # fmt: skip


def changed(series: Series, day: dt.date, state: str = "planned", to: dt.datetime | None = None) -> Occurrence:
    row = Occurrence(series=series, day=day, moved_to=to)
    row.__dict__["state"] = state  # as the database gives it: states are written by moves alone
    return row


def eastern(*at: int) -> dt.datetime:
    return dt.datetime(*at, tzinfo=ZoneInfo("America/New_York"))  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("go_live", "presents"),
    [(dt.date(2026, 12, 7), dt.date(2026, 11, 30)), (dt.date(2026, 12, 8), dt.date(2026, 12, 7)),
     (dt.date(2026, 12, 13), dt.date(2026, 12, 7)), (dt.date(2026, 12, 25), dt.date(2026, 12, 21)),
     (dt.date(2026, 1, 5), None), (dt.date(2026, 1, 6), dt.date(2026, 1, 5))],
)  # fmt: skip
def test_a_go_live_is_presented_on_the_last_monday_strictly_before_it(go_live, presents):
    found = last_meeting_before(mondays(), go_live)
    assert (found and found.day) == presents


def test_a_cancelled_monday_a_moved_one_and_the_end_are_respected():
    series = mondays()
    go_live = dt.date(2026, 12, 9)
    cancelled = changed(series, dt.date(2026, 12, 7), "cancelled")
    assert last_meeting_before(series, go_live, [cancelled]).day == dt.date(2026, 11, 30)
    behind = changed(series, dt.date(2026, 12, 7), to=eastern(2026, 12, 9, 9))
    assert last_meeting_before(series, go_live, [behind]).day == dt.date(2026, 11, 30)
    earlier = changed(series, dt.date(2026, 12, 14), to=eastern(2026, 12, 8, 9))
    assert last_meeting_before(series, go_live, [earlier]).day == dt.date(2026, 12, 14)
    ended = mondays(ended_on=dt.date(2026, 11, 30))
    assert last_meeting_before(ended, go_live).day == dt.date(2026, 11, 23)


@given(st.dates(dt.date(2026, 1, 6), dt.date(2027, 6, 30)), st.sets(st.integers(0, 60), max_size=8))
def test_the_last_one_before_is_what_a_walk_through_all_finds(go_live, called_off):
    series = mondays()
    rows = [changed(series, dt.date(2026, 1, 5) + dt.timedelta(weeks=week), "cancelled") for week in called_off]
    there = [day for day in days_of(series.rule, series.starts_on, series.starts_on, go_live - dt.timedelta(days=1))
             if day not in {row.day for row in rows}]  # fmt: skip
    found = last_meeting_before(series, go_live, rows)
    assert (found and found.day) == (there[-1] if there else None)
