"""The meetings of series over a span of time: what the rules give, with what somebody changed of single ones.

One query for any number of series: their changed meetings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import holidays

from accounts.models import User
from history.context import named
from meetings.models import Occurrence, Series
from meetings.rules import ONE_DAY, days_of, last_before
from transitions.meeting import OccurrenceState


@dataclass(frozen=True, slots=True)
class Planned:
    """One meeting as it is planned by now; `row` is there where there is more to say than the rule does."""

    series: Series
    day: dt.date
    starts: dt.datetime
    ends: dt.datetime
    state: str
    host_id: int | None
    place: str
    clash: str
    row: Occurrence | None = None

    @property
    def is_moved(self) -> bool:
        """Whether it begins at another instant than its rule says."""
        return self.row is not None and self.row.moved_to is not None

    @property
    def held_on(self) -> dt.date:
        """The date on which it begins, at the wall clock of its series."""
        return self.starts.astimezone(self.series.zone).date()

    @property
    def cancelled(self) -> bool:
        """Whether somebody called it off."""
        return self.state == OccurrenceState.CANCELLED

    @property
    def address(self) -> str:
        """Its page."""
        return (self.row or Occurrence(series=self.series, day=self.day)).get_absolute_url()


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> dict[dt.date, str]:
    return dict(holidays.country_holidays("US", years=year).items())


def holiday_on(day: dt.date) -> str:
    """Return the name of the company's holiday on `day`, or nothing."""
    return _holidays_of(day.year).get(day, "")


def planned(series: Iterable[Series], since: dt.datetime, until: dt.datetime) -> list[Planned]:
    """Return the meetings of `series` that begin from `since` up to but not including `until`, in their order.

    Cancelled ones are among them. One query.
    """
    found: list[Planned] = []
    every = list(series)
    # Instants of one zone are compared by its wall clock, which shows an hour twice in autumn: in UTC none comes twice.
    since, until = since.astimezone(dt.UTC), until.astimezone(dt.UTC)
    rows: dict[int, list[Occurrence]] = {}
    for row in Occurrence.objects.filter(series__in=[one.pk for one in every]).order_by("day"):
        rows.setdefault(row.series_id, []).append(row)
    for one in every:
        changed = {row.day: row for row in rows.get(one.pk, ())}
        # A day more on either side: the zone may be on another date.
        first, last = since.astimezone(one.zone).date() - ONE_DAY, until.astimezone(one.zone).date() + ONE_DAY
        days = set(days_of(one.rule, one.starts_on, first, last)) if one.rule else set()
        days = {day for day in days if one.ended_on is None or day < one.ended_on}
        for day in days | changed.keys():
            meeting = as_planned(one, day, changed.get(day))
            if since <= meeting.starts < until:
                found.append(meeting)
    return sorted(
        found, key=lambda meeting: (meeting.starts.astimezone(dt.UTC), meeting.series.title, meeting.series.pk)
    )


def as_planned(series: Series, day: dt.date, row: Occurrence | None = None) -> Planned:
    """Return the meeting of `series` on its `day`, with what its row changes."""
    shown = row or Occurrence(series=series, day=day)
    shown.series = series
    starts = shown.starts.astimezone(series.zone)
    kept = row is not None and row.clash_kept_by_id is not None
    settled = kept or shown.state != OccurrenceState.PLANNED
    return Planned(
        series, day, starts, shown.ends, str(shown.state), shown.host_id or series.host_id, shown.place or series.place,
        "" if settled else holiday_on(starts.date()), row,
    )  # fmt: skip


def is_day_of(series: Series, day: dt.date) -> bool:
    """Return whether the rule of `series` gives `day`."""
    if not series.rule or (series.ended_on is not None and day >= series.ended_on):
        return False
    return next(iter(days_of(series.rule, series.starts_on, day, day)), None) is not None


def last_meeting_before(series: Series, day: dt.date, rows: Sequence[Occurrence] = ()) -> Planned | None:
    """Return the last meeting of a series that begins on a date strictly before `day` and is not cancelled.

    Args:
        day: a date at the wall clock of the series' zone, such as a go-live.
        rows: the changed meetings of the series.
    """
    changed = {row.day: row for row in rows}
    found = [as_planned(series, row.day, row) for row in rows]
    found = [one for one in found if one.state != OccurrenceState.CANCELLED and one.held_on < day]
    # Of those that nobody changed the last one is enough: it is held on the day that its rule gave it.
    slot: dt.date | None = min(day, series.ended_on or day)
    while series.rule and slot is not None:
        slot = last_before(series.rule, series.starts_on, slot)
        if slot is not None and slot not in changed:
            found.append(as_planned(series, slot))
            break
    return max(found, key=lambda one: one.starts.astimezone(dt.UTC), default=None)


@named
def occurrence_of(series: Series, day: dt.date, *, by: User | None) -> Occurrence:
    """Return the row of a meeting, made now where only the rule spoke of it until now.

    Raises:
        LookupError: the series is not held on that day.
    """
    row = Occurrence.objects.filter(series=series, day=day).first()
    if row is None:
        if not is_day_of(series, day):
            raise LookupError(f"{series} is not held on {day:%b} {day.day}, {day.year}.")
        row, _made = Occurrence.objects.get_or_create(series=series, day=day, defaults={"project": series.project})
    row.series = series
    return row
