"""A meeting and all that follow it: the old series ends before it, and a new one continues it (RFC 5545 knows no other way).

What was held stays with the old series. What somebody changed of meetings from that day on, or put on their agendas, goes along.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from meetings.changes import Change, announce
from meetings.models import Occurrence, Series
from meetings.planned import as_planned, is_day_of
from meetings.rules import continued, days_of, last_before, tidy, validate_rule
from meetings.series import FIELDS as OF_SERIES
from meetings.series import (
    add_attendees,
    check_series,
    close,
    edit_all,
    in_short,
    locked,
    refuse_ended,
    refuse_stale,
    to_come,
)
from projects.schedule import ONE_DAY
from transitions.blockers import Blocker, MoveRefused
from transitions.meeting import OccurrenceState
from transitions.moves import perform


@named
@transaction.atomic
def edit_following(
    series: Series, day: dt.date, *, by: User, revision: int | None = None, cancels: Collection[dt.date] = (),
    now: dt.datetime | None = None, **values: Any,
) -> Series:  # fmt: skip
    """Change a meeting and all that follow it; return the series that they are of from now on.

    From the first day of a series on that is all of it, and the series stays the same one.

    Args:
        day: the day that the rule gave the first of them. revision: of the series as the person saw it.
        cancels: the days of changed meetings that the person was told would be cancelled.
        values: of `series.FIELDS`; `starts_on` is the first day of the new series, `day` unless said.

    Raises:
        LookupError: the series is not held on that day. NotPermitted, Archived, StaleRow, ValidationError.
        MoveRefused: it has begun, the series is one of single days, or meetings would be cancelled that `cancels` does not name.
    """
    now = now or timezone.now()
    row = locked(series, by)
    refuse_stale(row, revision)
    if not is_day_of(row, day):
        if row.rule:
            raise LookupError(f"{row} is not held on {day:%b} {day.day}, {day.year}.")
        raise MoveRefused(
            [Blocker("single-days", f"{row} is held on single days. Change this meeting alone, or the whole series.")]
        )
    refuse_ended(row, now)
    if as_planned(row, day).starts <= now:
        raise MoveRefused(
            [Blocker("past", "It should have begun by now. Choose the next meeting, or the whole series.")]
        )
    if last_before(row.rule, row.starts_on, day) is None:
        return edit_all(row, by=by, cancels=cancels, now=now, **values)
    changed = {name for name, value in values.items() if name != "starts_on" and getattr(row, name) != value}
    if not changed and values.get("starts_on", day) == day:
        return row
    new = _continuing(row, day, values, by, now)
    places = carried(row, day, new.rule, new.starts_on, now)
    lost = [
        one for one in _changed_from(row, day, now) if one.state == OccurrenceState.PLANNED and one.day not in places
    ]
    if unnamed := [one for one in lost if one.day not in cancels]:
        raise MoveRefused(
            [
                Blocker(
                    "cancels",
                    f"{one} would be cancelled: the new rule gives no meeting for it.",
                    subject=one.day.isoformat(),
                )
                for one in unnamed
            ]
        )
    new.save()
    add_attendees(new, [one.person for one in row.attendees.present().select_related("person")])
    for one in lost:
        perform(one, "call_off", by=by, note="The series is held on other days now.", now=now)
    close(row, day, now)
    _carry(row, new, places, now)
    announce(Change(row, (), in_short(new, changed | {"rule"}), by, now))
    announce(Change(new, (), in_short(new, changed | {"rule"}), by, now))
    return new


def _continuing(row: Series, day: dt.date, values: Mapping[str, Any], by: User, now: dt.datetime) -> Series:
    """Return the series (unsaved) that continues another from `day` on."""
    said = {name: getattr(row, name) for name in OF_SERIES} | dict(values)
    if "rule" not in values or tidy(values["rule"]) == row.rule:
        said["rule"] = continued(row.rule, row.starts_on, day)
    said["starts_on"] = values.get("starts_on", day)
    try:
        validate_rule(said["rule"], said["starts_on"])
    except ValidationError as wrong:
        raise ValidationError({"rule": wrong.messages}) from None
    new = Series(
        kind=row.kind, project=row.project, join_link=row.join_link, continues=row, made_by=by, made_at=now,
        changed_at=now, **said,
    )  # fmt: skip
    check_series(new, ())
    last = last_before(row.rule, row.starts_on, day)
    if last is not None and new.starts_on <= last:
        raise ValidationError({"date": f"The meeting before it is on {last:%b} {last.day}. Choose a later day."})
    if as_planned(new, new.starts_on).starts <= now:
        raise ValidationError({"date": "A meeting is not moved into the past. Choose a later day or hour."})
    return new


def _changed_from(row: Series, day: dt.date, now: dt.datetime) -> list[Occurrence]:
    return [one for one in to_come(row, now) if one.day >= day]


def carried(row: Series, day: dt.date, rule: str, starts_on: dt.date, now: dt.datetime) -> dict[dt.date, dt.date]:
    """Return where the changed meetings from `day` on go in a series of another rule: day → its day there.

    The same day where the rule gives it; else the only day that it gives in the same week. One that has neither is not there.
    """
    rows = _changed_from(row, day, now)
    places = {one.day: one.day for one in rows if _gives(rule, starts_on, one.day, one.day) == [one.day]}
    for one in rows:
        monday = one.day - dt.timedelta(days=one.day.weekday())
        week = _gives(rule, starts_on, monday, monday + 6 * ONE_DAY)
        if one.day not in places and len(week) == 1 and week[0] not in places.values():
            places[one.day] = week[0]
    return places


def _gives(rule: str, starts_on: dt.date, first: dt.date, last: dt.date) -> list[dt.date]:
    return list(days_of(rule, starts_on, first, last))


def _carry(row: Series, new: Series, places: Mapping[dt.date, dt.date], now: dt.datetime) -> None:
    """Let changed meetings, with all that hangs on them, go over to the series that continues theirs."""
    for one in Occurrence.objects.filter(series=row, day__in=places):
        one.series, one.day = new, places[one.day]
        one.sequence += 1
        one.revision += 1
        one.changed_at = now
        one.save()
