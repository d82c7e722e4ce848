"""Meetings, and two readers of calendars that know nothing of ours: vobject with dateutil, and recurring_ical_events."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
import vobject

from accounts.models import User
from meetings.models import Occurrence, Series, SeriesAttendee
from meetings.planned import occurrence_of
from transitions.moves import perform

NEW_YORK = ZoneInfo("America/New_York")


def make_series(project: Any = None, *, people: Any = (), **fields: Any) -> Series:
    """Make a series, of Tuesdays at ten unless told otherwise, that `people` attend."""
    told: dict[str, Any] = {
        "kind": "other" if project else "tdr", "title": "Weekly", "rule": "FREQ=WEEKLY;BYDAY=TU",
        "starts_on": dt.date(2026, 1, 1), "starts_at": dt.time(10), "minutes": 60, "project": project,
    } | fields  # fmt: skip
    series = Series(**told)
    series.full_clean(exclude=["uid"])
    series.save()
    for person in people:
        SeriesAttendee.objects.create(series=series, person=person, project=project)
    return series


def make_row(series: Series, day: dt.date, **fields: Any) -> Occurrence:
    """Write the row of one meeting, as a change of it would."""
    row = Occurrence(series=series, day=day, project=series.project, **fields)
    row.save()
    return row


def call_off(series: Series, day: dt.date, *, by: User, now: dt.datetime) -> Occurrence:
    """Cancel one meeting of a series."""
    row = occurrence_of(series, day, by=by)
    return perform(row, "call_off", by=by, note="Holiday", now=now).row


Held = tuple[str, dt.datetime, dt.datetime]


def by_events(raw: bytes, since: dt.datetime, until: dt.datetime) -> list[Held]:
    """Return what icalendar and recurring_ical_events read: (title, begin, end) in UTC, cancelled ones left out."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(raw)).between(since, until)
    return sorted(
        (str(event["summary"]), _utc(event["dtstart"].dt), _utc(event["dtend"].dt))
        for event in found
        if event.get("status") != "CANCELLED" and isinstance(event["dtstart"].dt, dt.datetime)
    )


def by_vobject(raw: bytes, since: dt.datetime, until: dt.datetime) -> list[Held]:
    """Return what vobject and dateutil read, by the VTIMEZONE in the file alone, in the same shape."""
    parsed = vobject.readOne(raw.decode())
    events = parsed.contents.get("vevent", [])
    taken = {(event.uid.value, _utc(event.recurrence_id.value)) for event in events if hasattr(event, "recurrence_id")}
    found: list[Held] = []
    for event in events:
        begins = event.dtstart.value
        if not isinstance(begins, dt.datetime):
            continue
        length = event.dtend.value - begins
        times = event.getrruleset(addRDate=True) if hasattr(event, "rrule") else [begins]
        for time in times.between(*_naive(begins, since, until), inc=True) if hasattr(event, "rrule") else times:
            moment = time if time.tzinfo else time.replace(tzinfo=begins.tzinfo)
            if hasattr(event, "rrule") and (event.uid.value, _utc(moment)) in taken:
                continue
            if since <= moment < until and getattr(event, "status", None) and event.status.value != "CANCELLED":
                found.append((event.summary.value, _utc(moment), _utc(moment + length)))
    return sorted(found)


def _naive(begins: dt.datetime, since: dt.datetime, until: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    zone = begins.tzinfo
    return since.astimezone(zone), until.astimezone(zone)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)
