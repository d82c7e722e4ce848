"""The values of the meetings' pages, ready to be written out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import User
from meetings import rights
from meetings.clock_words import When, when
from meetings.models import Occurrence, Series, SeriesAttendee
from meetings.planned import Planned, as_planned, planned
from meetings.rules import in_words
from projects.days import short
from projects.people import Person
from projects.schedule import ONE_DAY
from transitions.meeting import OccurrenceState

WEEKS, DATES, EARLIER = 8, 8, 10
#: A list shows so many meetings at most.
MOST_ROWS = 300
#: How far ahead the next dates of a series are looked for.
AHEAD = dt.timedelta(days=400)
WEEK = dt.timedelta(days=7)
#: Of a state: the chip's kind, its mark and its word.
CHIPS = {
    OccurrenceState.PLANNED: ("", "○", "Planned"),
    OccurrenceState.UNDER_WAY: ("progress", "◐", "Under way"),
    OccurrenceState.HELD: ("done", "✓", "Held"),
    OccurrenceState.CANCELLED: ("off", "⨯", "Cancelled"),
}


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """One meeting in a list. `join` is the link, where the reader attends and it is still to come."""

    address: str
    title: str
    project: str
    when: When
    day: dt.date
    state: str
    chip: tuple[str, str, str]
    cancelled: bool
    moved: str
    clash: str
    join: str


def row_of(meeting: Planned, reader: User, now: dt.datetime, *, attends: bool) -> MeetingRow:
    """Return a meeting as a list shows it to `reader`, who attends it or not."""
    series = meeting.series
    local = meeting.starts.astimezone(reader.zone).date()
    moved = ""
    if meeting.is_moved and not meeting.cancelled:
        moved = (
            f"moved from {meeting.day:%a} {short(meeting.day, local)}" if meeting.held_on != meeting.day else "moved"
        )
    live = not meeting.cancelled and meeting.ends > now
    return MeetingRow(
        meeting.address, series.title, series.project.name if series.project else "",
        when(meeting.starts, meeting.ends, series.zone, reader.zone, now), local, meeting.state,
        CHIPS[OccurrenceState(meeting.state)], meeting.cancelled, moved, meeting.clash,
        series.join_link if attends and live else "",
    )  # fmt: skip


def attended_by(reader: User, series: Iterable[Series]) -> set[int]:
    """Return the ids of those of `series` that the reader hosts or attends; one query."""
    every = list(series)
    rows = SeriesAttendee.objects.present().filter(person=reader, series__in=[one.pk for one in every])
    return set(rows.values_list("series_id", flat=True)) | {one.pk for one in every if one.host_id == reader.pk}


# The list and the month ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the list: what it is called, its meetings, and how high its bar in the strip is (0 to 100)."""

    anchor: str
    label: str
    rows: Sequence[MeetingRow]
    held: int
    height: int


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of the month table."""

    day: dt.date
    inside: bool
    today: bool
    rows: Sequence[MeetingRow]


def _start_of(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(0), zone)


def rows_between(
    series: Sequence[Series], reader: User, first: dt.date, days: int, now: dt.datetime
) -> list[MeetingRow]:
    """Return the meetings of `days` days from `first` on, on the reader's calendar; two queries."""
    attended = attended_by(reader, series)
    since, until = (_start_of(day, reader.zone) for day in (first, first + days * ONE_DAY))
    return [row_of(one, reader, now, attends=one.series.pk in attended) for one in planned(series, since, until)]


def weeks(series: Sequence[Series], reader: User, now: dt.datetime) -> tuple[list[Week], int]:
    """Return this week and the seven after it, and how many meetings of theirs are left out: only MOST_ROWS are shown.

    Of this week what was before today is left out: it is on the pages of its series.
    """
    today = now.astimezone(reader.zone).date()
    monday = today - today.weekday() * ONE_DAY
    found = rows_between(series, reader, today, WEEKS * 7 - today.weekday(), now)
    shown, more = found[:MOST_ROWS], max(len(found) - MOST_ROWS, 0)
    by_week = [[row for row in shown if (row.day - monday).days // 7 == number] for number in range(WEEKS)]
    held = [sum(not row.cancelled for row in rows) for rows in by_week]
    tallest = max(held, default=0) or 1
    return [
        Week(
            f"week-{number}", _week_called(monday + number * WEEK, number, today), rows, held[number],
            round(100 * held[number] / tallest),
        )
        for number, rows in enumerate(by_week)
    ], more  # fmt: skip


def _week_called(monday: dt.date, number: int, today: dt.date) -> str:
    span = f"{short(monday, today)} to {short(monday + 6 * ONE_DAY, today)}"
    return {0: f"This week, {span}", 1: f"Next week, {span}"}.get(number, span)


def month(series: Sequence[Series], reader: User, first: dt.date, now: dt.datetime) -> list[list[MonthDay]]:
    """Return the weeks of a month, Monday first, each day with its meetings.

    Args:
        first: the first day of the month.
    """
    start = first - first.weekday() * ONE_DAY
    following = next_month(first)
    count = -(-(following - start).days // 7) * 7
    today = now.astimezone(reader.zone).date()
    by_day: dict[dt.date, list[MeetingRow]] = {}
    for row in rows_between(series, reader, start, count, now):
        by_day.setdefault(row.day, []).append(row)
    days = [start + number * ONE_DAY for number in range(count)]
    cells = [MonthDay(day, first <= day < following, day == today, by_day.get(day, [])) for day in days]
    return [cells[number : number + 7] for number in range(0, count, 7)]


def next_month(first: dt.date) -> dt.date:
    """Return the first day of the month after that of `first`."""
    return (first.replace(day=28) + 4 * ONE_DAY).replace(day=1)


# One series ------------------------------------------------------------------------------------------------------------------


def next_dates(
    series: Series, reader: User, now: dt.datetime, *, attends: bool, count: int = DATES
) -> list[MeetingRow]:
    """Return the next meetings of a series, cancelled ones among them; one query."""
    coming = planned([series], now - dt.timedelta(minutes=series.minutes), now + AHEAD)
    return [row_of(one, reader, now, attends=attends) for one in coming[:count]]


def earlier_dates(series: Series, reader: User, now: dt.datetime) -> list[MeetingRow]:
    """Return the last meetings that were held; one query."""
    rows: Iterable[Occurrence] = Occurrence.objects.filter(series=series, state=OccurrenceState.HELD).order_by("-day")[
        :EARLIER
    ]
    return [row_of(as_planned(series, row.day, row), reader, now, attends=False) for row in rows]


def series_facts(series: Series, reader: User, now: dt.datetime) -> dict[str, object]:
    """Return what the head of a series' page says of it: its rule in words, its hour, its host, its link."""
    today = now.astimezone(series.zone).date()
    begins = as_planned(series, today)
    return {
        "rule": in_words(series.rule, series.starts_on),
        "hours": when(begins.starts, begins.ends, series.zone, reader.zone, now),
        "host": Person(series.host.pk, series.host.name) if series.host else None,
        "ended": series.ended_on is not None and series.ended_on <= today,
    }


def people_of(series: Series) -> list[Person]:
    """Return who attends a series, by name; one query."""
    rows = series.attendees.present().select_related("person").order_by("person__name")
    return [Person(row.person_id, row.person.name) for row in rows]


def is_on(series: Series, reader: User, people: Collection[Person]) -> bool:
    """Return whether the reader hosts or attends a series whose attendees are known: whether the link is theirs to see."""
    return reader.is_active and (series.host_id == reader.pk or any(person.id == reader.pk for person in people))


def runs(meeting: Planned, reader: User) -> bool:
    """Return whether the reader changes a meeting: not once the project is archived."""
    series = meeting.series
    if series.project is not None and series.project.is_archived():
        return False
    return rights.may_run(series, reader, host_id=meeting.row.host_id if meeting.row else None)
