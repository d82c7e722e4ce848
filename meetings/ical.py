"""Meetings and days as iCalendar (RFC 5545): one VCALENDAR for a feed that is read, or for an invitation that is sent.

What is true once for a series is one VEVENT with its rule; a meeting of it that somebody moved, re-hosted or cancelled is
another of the same UID with its RECURRENCE-ID. A meeting that no rule gives is an event of its own, `<uid of its series>-<day>`.
A UID never changes; SEQUENCE only grows, being that of the series and that of the meeting together. Instants stand at the wall
clock of the series' zone, with a VTIMEZONE of our own (meetings.vtimezone). There is no VALARM: each reader has its own mind.
The page of a meeting stands in its DESCRIPTION alone: Outlook shows no URL, and a feed has to stay small.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Component, Event, vCalAddress, vRecur

from accounts.mail import site_address
from meetings.models import Occurrence, Series
from meetings.planned import is_day_of
from meetings.rules import ONE_DAY, days_of, last_before
from meetings.vocabulary import HORIZON, KEEP_CANCELLED
from meetings.vtimezone import OF_UTC, vtimezone
from transitions.meeting import OccurrenceState

PRODUCT = "-//Gatehouse//Meetings//EN"
#: How often a reader is asked to come back. Some come once a day whatever is said.
REFRESH = dt.timedelta(hours=1)
#: What ended longer ago is not told of any more.
LOOK_BACK = dt.timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Look:
    """How meetings are told: as of when, and whether to somebody who may have the join link (an attendee or the host)."""

    now: dt.datetime
    link: bool = False


def calendar(
    events: Iterable[Component],
    *,
    zones: Iterable[str],
    now: dt.datetime,
    name: str = "",
    method: str = "PUBLISH",
) -> bytes:
    """Return a VCALENDAR: CRLF, folded at 75 octets, with a VTIMEZONE for each of `zones` (IANA names).

    Args:
        name: what a reader calls the calendar; an invitation has none.
        method: RFC 5546's, such as PUBLISH or REQUEST.
    """
    found = Calendar()
    found.add("version", "2.0")
    found.add("prodid", PRODUCT)
    found.add("calscale", "GREGORIAN")
    found.add("method", method)
    if name:
        found.add("name", name)
        found.add("x-wr-calname", name)
        found.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        found.add("x-published-ttl", "PT1H")
    for zone in sorted(set(zones) - OF_UTC):
        # From the year before, so that what was held since stands at its hour.
        found.add_component(vtimezone(zone, now.year - 1))
    for event in events:
        found.add_component(event)
    return found.to_ical()


def series_events(series: Series, rows: Sequence[Occurrence], look: Look) -> list[Event]:
    """Return the events of a series: its rule's, and one for each meeting of which there is more to say. No query.

    Args:
        rows: its single meetings, each with its `series` set.
    """
    found: list[Event] = []
    by_rule = [row for row in rows if is_day_of(series, row.day)]
    main = rule_event(series, by_rule, look)
    if main is not None:
        found.append(main)
        found += [meeting_event(row, look) for row in by_rule if _is_told(row, look) and differs(row)]
    singles = [row for row in rows if not is_day_of(series, row.day)]
    return found + [meeting_event(row, look) for row in singles if _is_told(row, look)]


def rule_event(series: Series, rows: Sequence[Occurrence], look: Look, *, cancelled: bool = False) -> Event | None:
    """Return the event of a series' rule, or None where it has none or the rule gives no day before the series' end.

    Args:
        rows: its single meetings of days that the rule gives. Of those that are told by themselves no more, the day is taken out.
        cancelled: leave out every cancelled one now, rather than after KEEP_CANCELLED: for somebody who never heard of it.
    """
    first = first_day(series)
    if first is None:
        return None
    event = _event(series, series.uid, None, look)
    begins = _at(series, first)
    ends = begins.astimezone(dt.UTC) + dt.timedelta(minutes=series.minutes)
    _add_times(event, series, begins, ends)
    event.add("rrule", rule_of(series))
    out = [row for row in rows if differs(row) and not _is_told(row, look)]
    if cancelled:
        out = [row for row in rows if row.state == OccurrenceState.CANCELLED]
    if out:
        event.add("exdate", [_in_zone(series, _at(series, row.day)) for row in out])
    return event


def meeting_event(row: Occurrence, look: Look) -> Event:
    """Return the event of one meeting: of a day that the rule gives with its RECURRENCE-ID, else one of its own."""
    series = row.series
    event = _event(series, uid_of(row), row, look)
    _add_times(event, series, row.starts, row.ends)
    if is_day_of(series, row.day):
        event.add("recurrence-id", _in_zone(series, _at(series, row.day)))
    return event


def day_event(
    uid: str, day: dt.date, title: str, *, changed_at: dt.datetime, sequence: int, address: str, words: str = ""
) -> Event:
    """Return a date as an event of a whole day that keeps nobody from anything: a due date, a go-live.

    Args:
        uid: of this site, without its host. address: a path.
    """
    event = Event()
    event.add("uid", f"{uid}@gatehouse")
    _add_stamps(event, changed_at, sequence)
    event.add("dtstart", day)
    event.add("dtend", day + ONE_DAY)
    event.add("summary", title)
    event.add("transp", "TRANSPARENT")
    event.add("description", "\n".join([*([words] if words else []), site_address(address)]))
    return event


def differs(row: Occurrence) -> bool:
    """Return whether a meeting is another than its rule says: moved, of other length, place or host, or cancelled."""
    changed = row.moved_to is not None or row.minutes is not None or row.host_id is not None
    return changed or bool(row.place) or row.state == OccurrenceState.CANCELLED


def uid_of(row: Occurrence) -> str:
    """Return the UID of a meeting: its series' where the rule gives its day, else its own."""
    series = row.series
    return str(series.uid if is_day_of(series, row.day) else f"{series.uid}-{row.day.isoformat()}")


def title_of(series: Series) -> str:
    """Return what the meetings of a series are called among those of others."""
    return f"{series.title} · {series.project.name}" if series.project else series.title


def organizer() -> str:
    """Return the address from which invitations come and at which replies are read (docs: meetings/invitations.py)."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def first_day(series: Series) -> dt.date | None:
    """Return the first day that the rule gives before the series' end, which DTSTART has to be (RFC 5545, 3.8.5.3)."""
    if not series.rule:
        return None
    found = next(iter(days_of(series.rule, series.starts_on, series.starts_on, series.starts_on + HORIZON)), None)
    return found if found is not None and is_day_of(series, found) else None


def rule_of(series: Series) -> vRecur:
    """Return the RRULE: an end of the rule or of the series as UNTIL in UTC, as the zone asks (RFC 5545, 3.3.10)."""
    rule = vRecur.from_ical(series.rule.strip().removeprefix("RRULE:").upper())
    last = rule.pop("UNTIL", [None])[0]
    if isinstance(last, dt.datetime):
        last = last.date()
    if series.ended_on is not None:
        held = last_before(series.rule, series.starts_on, series.ended_on)
        last = held if last is None else min(last, held or last)
        rule.pop("COUNT", None)
    if last is not None:
        rule["UNTIL"] = [_at(series, last).astimezone(dt.UTC)]
    return rule


# The parts of an event.


def _event(series: Series, uid: str, row: Occurrence | None, look: Look) -> Event:
    event = Event()
    event.add("uid", uid)
    changed_at, sequence = series.changed_at, series.sequence
    if row is not None:
        changed_at, sequence = max(changed_at, row.changed_at), sequence + row.sequence
    _add_stamps(event, changed_at, sequence)
    cancelled = row is not None and row.state == OccurrenceState.CANCELLED
    event.add("summary", title_of(series))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", vCalAddress(f"mailto:{organizer()}"))
    link = series.join_link if look.link else ""
    place = (row.place if row is not None else "") or series.place or link
    if place:
        event.add("location", place)
    host = (row.host if row is not None else None) or series.host
    address = row.get_absolute_url() if row is not None and row.pk is not None else reverse("series", args=[series.pk])
    words = [f"Host: {host.name}"] if host else []
    words += [f"Join: {link}"] if link else []
    event.add("description", "\n".join([*words, site_address(address)]))
    return event


def _add_stamps(event: Event, changed_at: dt.datetime, sequence: int) -> None:
    """Stamp an event with its last change, so that the same rows always give the same bytes."""
    moment = changed_at.astimezone(dt.UTC).replace(microsecond=0)
    event.add("dtstamp", moment)
    event.add("last-modified", moment)
    event.add("sequence", sequence)


def _add_times(event: Event, series: Series, begins: dt.datetime, ends: dt.datetime) -> None:
    event.add("dtstart", _in_zone(series, begins))
    event.add("dtend", _in_zone(series, ends.astimezone(series.zone)))


def _at(series: Series, day: dt.date) -> dt.datetime:
    """Return the wall clock of a day as the rule gives it, though the clocks may leave that hour out: so it is written."""
    return dt.datetime.combine(day, series.starts_at, series.zone)


def _in_zone(series: Series, moment: dt.datetime) -> dt.datetime:
    """Return an instant as it is written: at the series' wall clock, in UTC where that is its zone.

    One that is at its wall clock already stays as it is, even if the clocks leave that hour out: readers take it as we do. Of an
    hour that comes twice a wall clock can only name the first: the second is written in UTC.
    """
    if series.zone_name in OF_UTC:
        return moment.astimezone(dt.UTC)
    local = moment if moment.tzinfo is series.zone else moment.astimezone(series.zone)
    return local.astimezone(dt.UTC) if local.fold else local


def _is_told(row: Occurrence, look: Look) -> bool:
    """Return whether a meeting is still told by itself: a cancelled one for KEEP_CANCELLED, any for LOOK_BACK."""
    if row.state == OccurrenceState.CANCELLED:
        return (row.cancelled_at or row.changed_at) + KEEP_CANCELLED > look.now
    return row.ends + LOOK_BACK > look.now
