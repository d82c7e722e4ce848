"""One meeting of a series: moved, given to another host, held on a holiday all the same, cancelled, held after all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from meetings.changes import Change, announce
from meetings.models import Occurrence, Series
from meetings.planned import holiday_on, occurrence_of
from meetings.series import MOST_DAYS, clock, held_elsewhere, locked, refuse_ended, refuse_stale
from projects.days import short
from transitions.blockers import Blocker, MoveRefused, StaleRow
from transitions.clock import business_day
from transitions.meeting import OccurrenceState
from transitions.moves import perform

#: What a person writes of one meeting. `starts` is an instant; nothing said of the rest leaves what the series says.
FIELDS = ("starts", "minutes", "host", "place")


def said_on(day: dt.date, at: dt.time, today: dt.date) -> str:
    """Return a day and an hour as notices say them: `Tue Nov 24, 10:00`."""
    return f"{day:%a} {short(day, today)}, {clock(at)}"


@named
@transaction.atomic
def edit_meeting(
    series: Series, day: dt.date, *, by: User, revision: int | None = None, series_revision: int | None = None,
    now: dt.datetime | None = None, **values: Any,
) -> Occurrence:  # fmt: skip
    """Change one meeting alone: when it begins, how long it takes, who hosts it, where.

    Where all is as it was, nothing is written.

    Args:
        day: the day that the rule gave it. revision: of the meeting as the person saw it, 0 where it had no row yet.
        series_revision: of its series, which says what the meeting does not.
        values: of FIELDS. A value that is the series' own takes the difference back.

    Raises:
        LookupError: the series is not held on that day. NotPermitted, Archived, StaleRow.
        ValidationError: it would begin in the past, on the date of another meeting of the series, or be hosted by nobody of ours.
        MoveRefused: it was held, is under way, or is cancelled.
    """
    now = now or timezone.now()
    row = _locked(series, day, by)
    refuse_stale(row.series, series_revision)
    if revision is not None and revision != row.revision:
        raise StaleRow(row, "Somebody changed this meeting since you opened it.")
    changed = {name for name, value in values.items() if _of(row, name) != value}
    if not changed:
        return row
    _refuse_not_planned(row)
    was = row.starts
    if "starts" in changed:
        _move(row, values["starts"], now)
    if "minutes" in changed:
        row.minutes = None if values["minutes"] == row.series.minutes else values["minutes"]
    if "place" in changed:
        row.place = "" if values["place"] == row.series.place else values["place"]
    if "host" in changed:
        host = values["host"]
        if host is not None and (not host.is_active or host.is_outside):
            raise ValidationError({"host": f"{host.name} cannot host a meeting: choose somebody of the company."})
        row.host = None if host is None or host.pk == row.series.host_id else host
    row.full_clean(exclude=("series", "project"))
    _write(row, now)
    announce(Change(row.series, (row.day,), _said(row, was, changed, business_day(now)), by, now))
    return row


def _locked(series: Series, day: dt.date, by: User) -> Occurrence:
    """Return the row of a meeting under lock, made where there was none; refuse whoever does not run it."""
    host_id = Occurrence.objects.filter(series=series, day=day).values_list("host_id", flat=True).first()
    parent = locked(series, by, host_id=host_id)
    made = occurrence_of(parent, day, by=by)
    row = Occurrence.objects.select_for_update(of=("self",)).get(pk=made.pk)
    row.series, row.project = parent, parent.project
    return row


def _refuse_not_planned(row: Occurrence) -> None:
    if row.state != OccurrenceState.PLANNED:
        words = {"held": "was held", "under_way": "is under way", "cancelled": "is cancelled"}[row.state]
        ways = {"cancelled": " Hold it after all first."}.get(row.state, "")
        raise MoveRefused([Blocker("not-planned", f"{row} {words}: it is not changed.{ways}")])


def _of(row: Occurrence, name: str) -> Any:
    own = {"minutes": row.series.minutes, "place": row.series.place, "host": row.series.host}
    return getattr(row, name) if name == "starts" else getattr(row, name) or own[name]


def _move(row: Occurrence, starts: dt.datetime, now: dt.datetime) -> None:
    """Let a meeting begin at another instant; at that of its rule it is moved no more."""
    if starts <= now:
        raise ValidationError({"date": "A meeting is not moved into the past. Choose a later day or hour."})
    on = starts.astimezone(row.series.zone).date()
    if held_elsewhere(row.series, on, row.day):
        words = f"{row.series} is held on {short(on, business_day(now))} already. Choose another day, or cancel that one first."
        raise ValidationError({"date": words})
    if on != row.starts.astimezone(row.series.zone).date():
        row.clash_kept_by = None  # somebody decided about another date
    row.moved_to = None
    if row.starts != starts:
        row.moved_to = starts


def _write(row: Occurrence, now: dt.datetime) -> None:
    row.sequence += 1
    row.revision += 1
    row.changed_at = now
    row.save()


def _said(row: Occurrence, was: dt.datetime, changed: set[str], today: dt.date) -> str:
    zone = row.series.zone
    before, after = was.astimezone(zone), row.starts.astimezone(zone)
    if "starts" in changed:
        words = [said_on(moment.date(), moment.time(), today) for moment in (before, after)]
        return f"is moved from {words[0]} to {words[1]}"
    if "minutes" in changed:
        return f"takes {row.minutes or row.series.minutes} minutes now"
    host = row.host or row.series.host
    return (
        f"is hosted by {host.name if host else 'nobody yet'} now"
        if "host" in changed
        else "is held in another place now"
    )


@named
@transaction.atomic
def rehost(
    series: Series, day: dt.date, host: User | None, *, by: User, revision: int | None = None, now: dt.datetime | None = None
) -> Occurrence:  # fmt: skip
    """Let somebody else host one meeting; None gives it back to the host of the series.

    Raises:
        As `edit_meeting`.
    """
    return edit_meeting(series, day, by=by, revision=revision, now=now, host=host or series.host)


@named
@transaction.atomic
def keep_clash(series: Series, day: dt.date, *, by: User, now: dt.datetime | None = None) -> Occurrence:
    """Decide that a meeting on a holiday of the company is held all the same. Decided twice, the first decision stands.

    Raises:
        LookupError, NotPermitted, Archived. MoveRefused: it is on no holiday, or not planned any more.
    """
    now = now or timezone.now()
    row = _locked(series, day, by)
    if row.clash_kept_by_id is not None:
        return row
    _refuse_not_planned(row)
    if not holiday_on(row.starts.astimezone(row.series.zone).date()):
        raise MoveRefused([Blocker("no-clash", f"{row} is on no holiday: there is nothing to decide.")])
    row.clash_kept_by, row.changed_at = by, now
    row.revision += 1
    row.save()
    return row


@named
@transaction.atomic
def cancel_meeting(
    series: Series, day: dt.date, *, by: User, note: str, revision: int | None = None, now: dt.datetime | None = None
) -> Occurrence:  # fmt: skip
    """Call one meeting off, with a reason.

    Raises:
        LookupError, NotPermitted, Archived, StaleRow, MoveRefused.
    """
    return perform(_locked(series, day, by), "call_off", by=by, note=note, revision=revision, now=now).row


@named
@transaction.atomic
def hold_after_all(
    series: Series, day: dt.date, *, by: User, note: str = "", revision: int | None = None, now: dt.datetime | None = None
) -> Occurrence:  # fmt: skip
    """Take a cancellation back.

    Raises:
        LookupError, NotPermitted, Archived, StaleRow. MoveRefused: it is not cancelled, its hour has passed, or the series is
        held on that date by another meeting.
    """
    now = now or timezone.now()
    row = _locked(series, day, by)
    if row.starts <= now:
        raise MoveRefused([Blocker("past", f"{row} would have been held by now. Move another meeting instead.")])
    if held_elsewhere(row.series, row.starts.astimezone(row.series.zone).date(), row.day):
        raise MoveRefused(
            [Blocker("held-already", f"{row.series} is held on that day already, by another meeting of it.")]
        )
    return perform(row, "call_again", by=by, note=note, revision=revision, now=now).row


@named
@transaction.atomic
def add_meetings(series: Series, days: Collection[dt.date], *, by: User, now: dt.datetime | None = None) -> Series:
    """Add single days to a series that has no rule, at its own hour; whoever attends it hears of them.

    Raises:
        NotPermitted, Archived. MoveRefused: the series has ended, or comes by a rule.
        ValidationError: in the past, on the day of another meeting of the series, or too many.
    """
    now = now or timezone.now()
    row = locked(series, by)
    refuse_ended(row, now)
    if row.rule:
        raise MoveRefused([Blocker("by-rule", f"{row} comes by a rule. Change the rule instead.")])
    there = set(Occurrence.objects.filter(series=row).values_list("day", flat=True))
    wanted = sorted(set(days))
    made = [Occurrence(series=row, project=row.project, day=day, changed_at=now) for day in wanted]
    for one in made:
        if one.starts <= now:
            raise ValidationError({"date": "A meeting is not added in the past. Choose a later day."})
        if one.day in there or held_elsewhere(row, one.day, one.day):
            words = f"{row} is held on {short(one.day, business_day(now))} already. Choose another day."
            raise ValidationError({"date": words})
    if len(there) + len(made) > MOST_DAYS:
        raise ValidationError({"date": f"{MOST_DAYS} single days at most."})
    if not made:
        return row
    Occurrence.objects.bulk_create(made)
    row.sequence += 1
    row.revision += 1
    row.changed_at = now
    row.save()
    words = ", ".join(said_on(day, row.starts_at, business_day(now)) for day in wanted)
    announce(Change(row, (), f"is held on {words} as well", by, now))
    return row
