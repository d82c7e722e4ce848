"""Series as people plan them: making, changing all of one, ending it, saying who attends; and what they come to agree on.

A change of one meeting is in `single`, of one and all that follow it in `following`. A series is ended, never deleted: meetings
that were held hang on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from meetings import rights
from meetings.changes import Change, announce
from meetings.models import Occurrence, Series, SeriesAttendee
from meetings.planned import as_planned, is_day_of
from meetings.rules import days_of, in_words, last_before, tidy, until, validate_rule
from meetings.vocabulary import COMPANY, HORIZON
from projects.days import short
from projects.models import Project
from projects.schedule import ONE_DAY
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.meeting import OccurrenceState
from transitions.moves import perform

#: What a person writes of a series. The rule gives days; `starts_at` is at the wall clock of `zone_name`.
FIELDS = (
    "title", "rule", "starts_on", "starts_at", "minutes", "zone_name", "host", "place", "capacity", "cutoff_hours",
)  # fmt: skip
#: Those of them that a calendar shows, so that a change of one is a change of the event (RFC 5545, 3.8.7.4).
SHOWN = frozenset(FIELDS) - {"capacity", "cutoff_hours"}
MOST_ATTENDEES = 200
#: A series without a rule has so many single days at most.
MOST_DAYS = 60


@named
@transaction.atomic
def make_series(
    kind: str, *, by: User | None, project: Project | None = None, days: Collection[dt.date] = (),
    attendees: Iterable[User] = (), now: dt.datetime | None = None, **values: Any,
) -> Series:  # fmt: skip
    """Plan a series: the company's, or one of a project.

    Args:
        kind: of Kind. by: None for the system, such as the company's series that ship with the product.
        days: the single days of a series without a rule. values: of FIELDS; title, starts_at and minutes must be there.

    Raises:
        NotPermitted: `by` runs no meetings here. Archived. ValidationError: no such series is possible.
    """
    now = now or timezone.now()
    if project is not None:
        project = Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    row = Series(kind=kind, project=project, made_by=by, made_at=now, changed_at=now, **values)
    if by is not None and not _may_make(row, by):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not plan meetings here.")])
    if project is not None:
        project.refuse_if_archived()
    check_series(row, days)
    row.save()
    Occurrence.objects.bulk_create(
        [Occurrence(series=row, project=project, day=day, changed_at=now) for day in sorted(set(days))]
    )
    add_attendees(row, attendees)
    announce(Change(row, (), f"is planned {in_words(row.rule, row.starts_on)}", by, now))
    return row


def _may_make(series: Series, by: User) -> bool:
    if series.kind in COMPANY or series.project is None:
        return by.is_active and not by.is_outside and by.has_perm("meetings.run_meetings")
    # A host who is not otherwise allowed to would allow themself.
    return rights.may_run(Series(kind=series.kind, project=series.project), by)


def check_series(series: Series, days: Collection[dt.date]) -> None:
    """Raise ValidationError where the series is none: its fields, its rule, its days."""
    series.rule = tidy(series.rule or "")
    if series.rule:
        if days:
            raise ValidationError({"rule": "A series has a rule or single days, not both."})
        _named_field("rule", validate_rule, series.rule, series.starts_on)
        series.starts_on = next(
            days_of(series.rule, series.starts_on, series.starts_on, series.starts_on + HORIZON), series.starts_on
        )
    elif not days and series.pk is None:
        raise ValidationError({"rule": "Say by which rule it comes round, or on which days it is held."})
    if len(days) > MOST_DAYS:
        raise ValidationError({"rule": f"{MOST_DAYS} single days at most. Write a rule instead."})
    if series.host is not None and (not series.host.is_active or series.host.is_outside):
        raise ValidationError({"host": f"{series.host.name} cannot host a meeting: choose somebody of the company."})
    series.full_clean()


def _named_field(name: str, check: Any, *args: Any) -> None:
    try:
        check(*args)
    except ValidationError as wrong:
        raise ValidationError({name: wrong.messages}) from None


def locked(series: Series, by: User | None, *, host_id: int | None = None) -> Series:
    """Return the series under its project's lock, or its own; refuse whoever does not run it, and what is archived.

    Raises:
        NotPermitted, Archived.
    """
    if series.project_id is not None:
        Project.objects.select_for_update(of=("self",)).get(pk=series.project_id)
    row = Series.objects.select_for_update(of=("self",)).get(pk=series.pk)
    if by is not None and not rights.may_run(row, by, host_id=host_id):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not run this meeting. Its host does.")])
    if row.project is not None:
        row.project.refuse_if_archived()
    return row


def refuse_stale(series: Series, revision: int | None) -> None:
    """Raise StaleRow where the series is another than the person saw."""
    if revision is not None and revision != series.revision:
        raise StaleRow(series, "Somebody changed this series since you opened it.")


def lost_by(series: Series, rule: str, starts_on: dt.date, now: dt.datetime) -> list[Occurrence]:
    """Return the single meetings still to come that another rule would not give: they would be cancelled. One query.

    What was held, or is cancelled already, stays as it is.
    """
    rows = [row for row in to_come(series, now) if row.state == OccurrenceState.PLANNED]
    if not rule:
        return []
    return [row for row in rows if next(days_of(rule, starts_on, row.day, row.day), None) is None]


def to_come(series: Series, now: dt.datetime) -> list[Occurrence]:
    """Return the rows of a series' meetings that have not begun by `now`; one query."""
    rows = list(Occurrence.objects.filter(series=series).order_by("day"))
    for row in rows:
        row.series = series
    return [row for row in rows if row.starts > now]


@named
@transaction.atomic
def edit_all(
    series: Series, *, by: User | None, revision: int | None = None, cancels: Collection[dt.date] = (),
    now: dt.datetime | None = None, **values: Any,
) -> Series:  # fmt: skip
    """Change a whole series; where all is as it was, nothing is written.

    Meetings that were held, or whose hour has passed, stay at the hour that they had. Single meetings still to come that the new
    rule does not give are cancelled, if the person was told of them; the other changed ones keep their own hour.

    Args:
        revision: of the series as the person saw it. cancels: the days of the meetings that they were told would be cancelled.
        values: of FIELDS.

    Raises:
        NotPermitted, Archived, StaleRow, ValidationError. MoveRefused: meetings would be cancelled that `cancels` does not name.
    """
    now = now or timezone.now()
    row = locked(series, by)
    refuse_stale(row, revision)
    if "rule" in values:
        values["rule"] = tidy(values["rule"] or "")
    before = {name: getattr(row, name) for name in FIELDS}
    changed = {name for name, value in values.items() if before[name] != value}
    if not changed:
        return row
    refuse_ended(row, now)
    asked = values.get("rule", row.rule), values.get("starts_on", row.starts_on)
    if bool(asked[0]) != bool(row.rule):
        raise ValidationError({"rule": "A series keeps to a rule, or to single days. End this one and plan another."})
    if asked[0] and changed & {"rule", "starts_on"}:
        _named_field("rule", validate_rule, *asked)
    lost = lost_by(row, *asked, now) if changed & {"rule", "starts_on"} else []
    if unnamed := [one for one in lost if one.day not in cancels]:
        raise MoveRefused(
            [
                Blocker(
                    "cancels",
                    f"{one} would be cancelled: the new rule gives no meeting on that day.",
                    subject=one.day.isoformat(),
                )
                for one in unnamed
            ]
        )
    if changed & {"starts_at", "zone_name", "minutes", "host", "place"}:
        _pin_the_past(row, now)
    for name in changed:
        setattr(row, name, values[name])
    check_series(row, ())
    row.sequence += bool(changed & SHOWN)
    row.revision += 1
    row.changed_at = now
    row.save()
    for one in lost:
        perform(one, "call_off", by=by, note="The series is held on other days now.", now=now)
    if changed & SHOWN:
        announce(Change(row, (), in_short(row, changed), by, now))
    return row


def _pin_the_past(series: Series, now: dt.datetime) -> None:
    """Write into the meetings that were or should have been held when and where that was, before the series says otherwise."""
    coming = {row.pk for row in to_come(series, now)}
    past = [row for row in Occurrence.objects.filter(series=series) if row.pk not in coming]
    for row in past:
        row.series = series
        row.moved_to = row.starts
        row.minutes = row.minutes or series.minutes
        row.host_id = row.host_id or series.host_id
        row.place = row.place or series.place
    Occurrence.objects.bulk_update(past, ["moved_to", "minutes", "host", "place"])


def refuse_ended(series: Series, now: dt.datetime) -> None:
    """Raise MoveRefused where the series is held no more."""
    if series.ended_on is not None and series.ended_on <= business_day(now):
        raise MoveRefused([Blocker("ended", f"{series} has ended: it is held no more. Plan a new series instead.")])


def clock(at: dt.time) -> str:
    """Return a time of day as people read it: `9:00`."""
    return f"{at.hour}:{at.minute:02}"


def in_short(series: Series, changed: set[str]) -> str:
    """Return what changed of a series, in words that carry nothing that somebody wrote."""
    if changed & {"rule", "starts_on", "starts_at", "zone_name"}:
        zone = series.zone_name.partition("/")[2].replace("_", " ")
        days = in_words(series.rule, series.starts_on) if series.rule else "on its days"
        return f"is held {days} at {clock(series.starts_at)} ({zone}) now"
    if "minutes" in changed:
        return f"takes {series.minutes} minutes now"
    if "host" in changed:
        return f"is hosted by {series.host.name if series.host else 'nobody yet'} now"
    if "place" in changed:
        return "is held in another place now"
    return "has another title now"


@named
@transaction.atomic
def end_series(
    series: Series, day: dt.date, *, by: User | None, reason: str = "", revision: int | None = None,
    now: dt.datetime | None = None,
) -> Series:  # fmt: skip
    """End a series: nothing of it is held on `day` (of its own zone) or later. Changed meetings from then on are cancelled.

    It is not deleted, and what was held stays. Ended twice, the earlier day holds.

    Raises:
        NotPermitted, Archived, StaleRow. ValidationError: a day in the past.
    """
    now = now or timezone.now()
    row = locked(series, by)
    refuse_stale(row, revision)
    if day < now.astimezone(row.zone).date():
        raise ValidationError({"day": "A series does not end in the past. Choose today or a later day."})
    if row.ended_on is not None and row.ended_on <= day:
        return row
    for one in to_come(row, now):
        if one.state == OccurrenceState.PLANNED and one.day >= day:
            perform(one, "call_off", by=by, note=reason or "The series has ended.", now=now)
    close(row, day, now)
    announce(Change(row, (), f"ends: there is no meeting on {short(day, business_day(now))} or later", by, now))
    return row


def close(series: Series, day: dt.date, now: dt.datetime) -> None:
    """Write into a series (locked) that it is held no more from `day` on: in its rule, where calendars read it, and beside it."""
    last = last_before(series.rule, series.starts_on, day) if series.rule else None
    if last is not None:
        series.rule = until(series.rule, day - ONE_DAY)
    series.ended_on = day
    series.sequence += 1
    series.revision += 1
    series.changed_at = now
    series.save()


@named
@transaction.atomic
def set_attendees(
    series: Series, people: Iterable[User], *, by: User | None, now: dt.datetime | None = None
) -> Series:  # fmt: skip
    """Let `people` be those who attend the series, and nobody else. People outside attend the meetings of their own projects.

    Raises:
        NotPermitted, Archived. ValidationError: too many, or somebody who may not.
    """
    now = now or timezone.now()
    row = locked(series, by)
    wanted = {person.pk: person for person in people}
    there = {one.person_id: one for one in row.attendees.all()}
    for pk in there.keys() - wanted.keys():
        there[pk].delete()
    added = [person for pk, person in wanted.items() if pk not in there]
    add_attendees(row, added)
    if added or there.keys() - wanted.keys():
        row.changed_at = now
        row.revision += 1
        row.sequence += 1
        row.save()
        announce(Change(row, (), "has other attendees now", by, now))
    return row


def add_attendees(series: Series, people: Iterable[User]) -> None:
    wanted = list(dict.fromkeys(people))
    refused = [person.name for person in wanted if not _may_attend(series, person)]
    if refused:
        raise ValidationError(
            {"attendees": f"{', '.join(refused)} cannot attend: no seat on the project, or no account."}
        )
    if series.attendees.count() + len(wanted) > MOST_ATTENDEES:
        raise ValidationError({"attendees": f"{MOST_ATTENDEES} people at most."})
    SeriesAttendee.objects.bulk_create(
        [SeriesAttendee(series=series, project=series.project, person=person) for person in wanted]
    )


def _may_attend(series: Series, person: User) -> bool:
    """Whoever outside attends has a seat on the project: a meeting shows who is on it."""
    if not person.is_active:
        return False
    if not person.is_outside:
        return True
    seats = series.project.board.seats if series.project is not None else ()
    return any(seat.person is not None and seat.person.id == person.pk for seat in seats)


def offered_attendees(series: Series) -> list[User]:
    """Return who may be asked to a series: everybody of the company, and of a project's those outside who sit on it."""
    people = [person for person in User.objects.filter(is_active=True).order_by("name") if _may_attend(series, person)]
    return people


def tell_of_moves(occurrence: Occurrence, move: str, *, by: User | None, now: dt.datetime) -> None:
    """Announce that a meeting was cancelled or is held after all, by whichever door: a follower of its moves."""
    if move in {"call_off", "call_again"}:
        words = "is cancelled" if move == "call_off" else "is held after all"
        announce(Change(occurrence.series, (occurrence.day,), words, by, now))


def held_elsewhere(series: Series, on: dt.date, besides: dt.date) -> bool:
    """Return whether another meeting of the series than that of day `besides` is held on the date `on`; one query."""
    rows = list(Occurrence.objects.filter(series=series).exclude(day=besides))
    changed = {row.day for row in rows}
    if on != besides and on not in changed and is_day_of(series, on):
        return True
    return any(not one.cancelled and one.held_on == on for one in (as_planned(series, row.day, row) for row in rows))
