"""Telling those who attend that a meeting changed: one notice for a person and a meeting, however often it is changed."""

from __future__ import annotations

import datetime as dt

from accounts.models import User
from meetings.changes import Change
from meetings.models import Occurrence, Series
from meetings.reach import attendee_ids
from projects.days import short
from projects.inbox import LONGEST_TEXT, cut, tell
from projects.models import Notice, NoticeKind
from transitions.clock import business_day


def tell_of_change(change: Change) -> None:
    """Let those who attend hear of a change, but not whoever made it: a follower of changes, in five queries at most.

    Where the last change of the same meeting is not read yet, and in no mail, its notice says this one instead: a hundred edits
    in a row are one thing to hear.
    """
    series = change.series
    people = attendee_ids([series])[series.pk] - {change.by.pk if change.by else None}
    if not people:
        return
    day = next(iter(change.days)) if len(change.days) == 1 else None
    name = f"series:{series.pk}:{day.isoformat() if day else 'all'}:"
    unheard = Notice.objects.filter(
        person__in=people, kind=NoticeKind.MEETING_CHANGED, occasion__startswith=name, read_at=None, mail=None
    )
    told = {"text": text_of(change, day), "by": change.by, "at": change.at}
    waiting = set(unheard.values_list("person_id", flat=True))
    if waiting:
        unheard.update(**told)
    tell(
        Notice(
            person_id=person, kind=NoticeKind.MEETING_CHANGED, project=series.project,
            occasion=f"{name}{_sequence(series, day)}", address=_address(series, day),
            why="You attend this meeting.", heard_from=change.at, **told,
        )
        for person in sorted(people - waiting)
    )  # fmt: skip


def _sequence(series: Series, day: dt.date | None) -> int:
    if day is None:
        return series.sequence
    return Occurrence.objects.filter(series=series, day=day).values_list("sequence", flat=True).first() or 0


def _address(series: Series, day: dt.date | None) -> str:
    return Occurrence(series=series, day=day).get_absolute_url() if day else series.get_absolute_url()


def text_of(change: Change, day: dt.date | None) -> str:
    """Return a change as a sentence: `Technical Design Review of Nov 24 is cancelled, by Priya Nair.`"""
    of = f" of {short(day, business_day(change.at))}" if day else ""
    project = f" ({change.series.project.name})" if change.series.project else ""
    return cut(f"{change.series.title}{of}{project} {change.words}{_by(change.by)}.", LONGEST_TEXT)


def _by(person: User | None) -> str:
    return f", by {person.name}" if person else ""
