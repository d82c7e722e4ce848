"""Calendars as two libraries read them that know nothing of each other, against the wall clocks of six zones over a year."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.rrule import rrulestr
from dateutil.tz import tzical

from meetings.ical import Look, calendar, series_events
from meetings.models import Occurrence, Series
from meetings.vtimezone import changes, vtimezone, yearly
from tests.meetings.calendar_scene import by_events, by_vobject, call_off, make_row, make_series

pytestmark = pytest.mark.django_db

ZONES = ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "America/St_Johns", "Pacific/Chatham"]
YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 1, 15, 12)  # noqa: DTZ001 - a wall clock of whichever zone


def written(*every: Series, now: dt.datetime = NOW) -> bytes:
    events = []
    for series in every:
        rows = list(Occurrence.objects.filter(series=series).order_by("day"))
        for row in rows:
            row.series = series
        events += series_events(series, rows, Look(now))
    return calendar(events, zones=[one.zone_name for one in every], now=now, name="Test")


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_tuesdays_stands_at_its_wall_clock_for_both_readers(zone):
    series = make_series(zone_name=zone, title="Tuesdays")
    at = ZoneInfo(zone)
    days = [dt.date(2026, 1, 6) + dt.timedelta(weeks=week) for week in range(52)]
    expected = [
        ("Tuesdays", begin.astimezone(dt.UTC), begin.astimezone(dt.UTC) + dt.timedelta(hours=1))
        for begin in (dt.datetime.combine(day, dt.time(10), at) for day in days)
    ]
    raw = written(series)
    assert by_events(raw, *YEAR) == sorted(expected)
    assert by_vobject(raw, *YEAR) == sorted(expected)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "America/St_Johns"])
def test_moved_cancelled_and_split_series_are_read_as_they_are_held(zone, cast):
    at = ZoneInfo(zone)
    series = make_series(zone_name=zone, title="Before", ended_on=dt.date(2026, 9, 1), host=cast.priya)
    after = make_series(
        zone_name=zone, title="After", continues=series, starts_on=dt.date(2026, 9, 1), starts_at=dt.time(14, 30), minutes=90,
        rule="FREQ=WEEKLY;BYDAY=WE;UNTIL=20261202", host=cast.priya,
    )  # fmt: skip
    # Over the change of the clocks in spring, to a Wednesday at another hour; and one from March into February.
    moved = dt.datetime(2026, 4, 1, 16, tzinfo=at)
    make_row(series, dt.date(2026, 3, 31), moved_to=moved, minutes=30, sequence=1)
    early = dt.datetime(2026, 2, 27, 9, tzinfo=at)
    make_row(series, dt.date(2026, 3, 3), moved_to=early, sequence=1)
    gone = call_off(series, dt.date(2026, 5, 5), by=cast.priya, now=dt.datetime(2026, 4, 1, tzinfo=dt.UTC))
    call_off(after, dt.date(2026, 11, 25), by=cast.priya, now=NOW)

    expected = []
    for week in range(52):
        day = dt.date(2026, 1, 6) + dt.timedelta(weeks=week)
        if day < dt.date(2026, 9, 1) and day != gone.day:
            start = {dt.date(2026, 3, 31): moved, dt.date(2026, 3, 3): early}.get(day)
            length = 30 if start == moved else 60
            start = start or dt.datetime.combine(day, dt.time(10), at)
            expected.append(("Before", start, length))
        day += dt.timedelta(days=1)
        if dt.date(2026, 9, 1) <= day <= dt.date(2026, 12, 2) and day != dt.date(2026, 11, 25):
            expected.append(("After", dt.datetime.combine(day, dt.time(14, 30), at), 90))
    utc = sorted(
        (title, start.astimezone(dt.UTC), start.astimezone(dt.UTC) + dt.timedelta(minutes=length))
        for title, start, length in expected
    )
    raw = written(series, after)
    assert by_events(raw, *YEAR) == utc
    assert by_vobject(raw, *YEAR) == utc


def test_an_hour_that_the_clocks_leave_out_is_held_when_planned_says_it_is():
    from meetings.planned import planned

    series = make_series(starts_at=dt.time(2, 30), rule="FREQ=DAILY", starts_on=dt.date(2026, 3, 6), minutes=30)
    span = dt.datetime(2026, 3, 6, tzinfo=dt.UTC), dt.datetime(2026, 3, 11, tzinfo=dt.UTC)
    held = [meeting.starts.astimezone(dt.UTC) for meeting in planned([series], *span)]
    assert held[2] == dt.datetime(2026, 3, 8, 7, 30, tzinfo=dt.UTC)
    assert [begin for _, begin, _ in by_events(written(series), *span)] == held
    # Though it be its first day: the days after stand at half past two all the same.
    first = make_series(starts_at=dt.time(2, 30), rule="FREQ=DAILY", starts_on=dt.date(2026, 3, 8), minutes=30)
    assert "DTSTART;TZID=America/New_York:20260308T023000" in unfolded(written(first))
    assert [begin for _, begin, _ in by_events(written(first), *span)] == held[2:]


def test_a_meeting_moved_into_the_hour_that_comes_twice_is_the_one_that_was_meant():
    series = make_series(rule="", title="Late")
    for day, hour in ((dt.date(2026, 10, 30), 5), (dt.date(2026, 10, 31), 6)):
        make_row(series, day, moved_to=dt.datetime(2026, 11, 1, hour, 30, tzinfo=dt.UTC))
    begins = [dt.datetime(2026, 11, 1, hour, 30, tzinfo=dt.UTC) for hour in (5, 6)]
    raw = written(series)
    assert [begin for _, begin, _ in by_events(raw, *YEAR)] == begins
    assert [begin for _, begin, _ in by_vobject(raw, *YEAR)] == begins


# -- What the lines say ------------------------------------------------------------------------------


def unfolded(raw: bytes) -> str:
    return raw.decode().replace("\r\n ", "")


def test_lines_are_folded_at_75_octets_and_end_in_crlf():
    series = make_series(title="Überprüfung der Entwürfe — " + "ä" * 60, place="Größter Raum " * 8)
    raw = written(series)
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 75


def test_what_a_series_says_of_itself():
    series = make_series(
        rule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261103", sequence=4, changed_at=dt.datetime(2026, 2, 1, 9, 30, tzinfo=dt.UTC)
    )
    lines = unfolded(written(series)).split("\r\n")
    event = lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT")]
    names = ("UID", "SEQ", "DTSTAMP", "LAST", "DTSTART", "DTEND", "RRULE", "ORG")
    assert {line for line in event if line.startswith(names)} == {
        "DTSTART;TZID=America/New_York:20260106T100000",
        "DTEND;TZID=America/New_York:20260106T110000",
        "DTSTAMP:20260201T093000Z",
        f"UID:{series.uid}",
        "RRULE:FREQ=WEEKLY;UNTIL=20261103T150000Z;BYDAY=TU",  # ten o'clock, in winter by then
        "LAST-MODIFIED:20260201T093000Z",
        "ORGANIZER:mailto:gatehouse@example.org",
        "SEQUENCE:4",
    }
    text = "\n".join(lines)
    for said in ("METHOD:PUBLISH", "X-WR-CALNAME:Test", "NAME:Test", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"):
        assert said in lines
    assert text.count("BEGIN:VTIMEZONE") == 1
    for left_out in ("VALARM", "RDATE", "ATTENDEE"):
        assert left_out not in text


def test_a_cancelled_meeting_is_told_for_30_days_and_taken_out_then(cast):
    series = make_series(host=cast.priya)
    call_off(series, dt.date(2026, 12, 22), by=cast.priya, now=NOW)
    kept = unfolded(written(series, now=NOW + dt.timedelta(days=29)))
    assert "STATUS:CANCELLED" in kept
    assert "RECURRENCE-ID;TZID=America/New_York:20261222T100000" in kept
    assert "SEQUENCE:1" in kept
    assert "EXDATE" not in kept
    gone = unfolded(written(series, now=NOW + dt.timedelta(days=30)))
    assert "STATUS:CANCELLED" not in gone
    assert "EXDATE;TZID=America/New_York:20261222T100000" in gone


def test_meetings_without_a_rule_are_events_of_their_own():
    series = make_series(rule="", sequence=2)
    for day in (dt.date(2026, 12, 1), dt.date(2026, 12, 2)):
        make_row(series, day, sequence=1)
    text = unfolded(written(series))
    assert [line for line in text.split("\r\n") if line.startswith("UID")] == [
        f"UID:{series.uid}-2026-12-01",
        f"UID:{series.uid}-2026-12-02",
    ]
    assert text.count("SEQUENCE:3") == 2
    assert "RECURRENCE-ID" not in text


def test_a_row_that_only_keeps_notes_is_no_event_and_one_of_utc_needs_no_zone():
    series = make_series(zone_name="UTC")
    make_row(series, dt.date(2026, 12, 1), notes="Said much")
    text = unfolded(written(series))
    assert text.count("BEGIN:VEVENT") == 1
    assert "DTSTART:20260106T100000Z" in text
    assert "VTIMEZONE" not in text


def test_the_first_event_is_the_first_day_of_the_rule_and_an_end_takes_the_place_of_a_count():
    series = make_series(
        starts_on=dt.date(2026, 1, 1), rule="FREQ=MONTHLY;BYDAY=-1MO;COUNT=12", ended_on=dt.date(2026, 4, 27)
    )
    text = unfolded(written(series))
    assert "DTSTART;TZID=America/New_York:20260126T100000" in text
    assert "RRULE:FREQ=MONTHLY;UNTIL=20260330T140000Z;BYDAY=-1MO" in text


def test_a_series_that_ended_before_it_began_says_nothing():
    assert b"VEVENT" not in written(make_series(ended_on=dt.date(2026, 1, 6)))


# -- Zones ---------------------------------------------------------------------------------------------


def test_every_zone_stands_as_zoneinfo_has_it_for_the_next_ten_years():
    """Each change of the clocks, of every zone of IANA: an hour before and after, read from the VTIMEZONE by dateutil."""
    import io

    wrong = []
    seen: set[bytes] = set()
    for name in sorted(available_timezones()):
        part = vtimezone(name, 2026)
        shape = part.to_ical().split(b"\r\n", 2)[2]
        if shape in seen:  # many names are one zone
            continue
        seen.add(shape)
        text = f"BEGIN:VCALENDAR\r\n{part.to_ical().decode()}END:VCALENDAR\r\n"
        read, zone = tzical(io.StringIO(text.replace("\r\n", "\n"))).get(), ZoneInfo(name)
        found = changes(name, 2026, 10)
        moments = [change.at + side for change in found for side in (-dt.timedelta(hours=2), dt.timedelta(hours=2))]
        moments += [NOON.replace(month=1), NOON.replace(year=2031, month=7)]
        for moment in moments:
            if moment.replace(tzinfo=zone).utcoffset() != moment.replace(tzinfo=read).utcoffset():
                wrong.append((name, moment))
    assert wrong == []
    assert len(seen) > 60


def test_zones_are_rules_from_1970_and_only_moonlit_ones_are_lists():
    irregular = {
        name for name in available_timezones() if (found := changes(name, 2026, 10)) and yearly(found, 2026) is None
    }
    assert irregular == {"Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Hebron", "Egypt"}
    for name in (*ZONES, "America/Nuuk", "America/Santiago", "Asia/Jerusalem"):
        for part in vtimezone(name, 2026).subcomponents:
            assert part["dtstart"].dt.year == 1970
            if "rrule" in part:
                rule = part["rrule"].to_ical().decode()
                assert "BYDAY" in rule
                assert next(iter(rrulestr(rule, dtstart=part["dtstart"].dt))) == part["dtstart"].dt
            assert "rdate" not in part
