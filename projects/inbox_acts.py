"""What a person does with what they hear: it is read, unread again, or put off until a morning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from accounts.models import User
from projects.inbox import MORNING
from projects.models import Notice
from projects.schedule import ONE_DAY

#: What can be put off, and until when: the next morning, Monday's, or one that is named.
TOMORROW, NEXT_WEEK, ON_A_DAY = "tomorrow", "next-week", "date"
#: Nothing is put off for longer.
LONGEST = dt.timedelta(days=366)


def morning_of(person: User, day: dt.date) -> dt.datetime:
    """Return eight o'clock of a day on the person's clock."""
    return dt.datetime.combine(day, MORNING, person.zone)


def until(person: User, choice: str, now: dt.datetime, day: dt.date | None = None) -> dt.datetime:
    """Return until when `choice` puts something off, after the instant `now`; `day` is that of ON_A_DAY."""
    today = now.astimezone(person.zone).date()
    if choice == ON_A_DAY and day:
        return morning_of(person, day)
    if choice == NEXT_WEEK:
        return morning_of(person, today + dt.timedelta(days=7 - today.weekday()))
    return morning_of(person, today + ONE_DAY)


def mark_read(person: User, ids: Iterable[int], *, now: dt.datetime) -> bool:
    """Mark the person's notices read; return False, and mark none, where one of them is not theirs."""
    return _each(person, ids, {"read_at": None}, read_at=now)


def mark_unread(person: User, ids: Iterable[int]) -> bool:
    """Mark the person's notices unread again; return False as `mark_read` does."""
    return _each(person, ids, {}, read_at=None)


def snooze(person: User, ids: Iterable[int], *, until: dt.datetime) -> bool:
    """Put the person's notices off: they are not shown before, and come back unread. Return False as `mark_read` does."""
    return _each(person, ids, {}, snoozed_until=until, read_at=None)


def wake(person: User, ids: Iterable[int]) -> bool:
    """Show again what was put off, now; return False as `mark_read` does."""
    return _each(person, ids, {}, snoozed_until=None)


@transaction.atomic
def _each(person: User, ids: Iterable[int], which: dict[str, Any], **values: Any) -> bool:
    wanted = set(ids)
    mine = Notice.objects.filter(person=person, pk__in=wanted)
    if mine.count() != len(wanted):
        return False
    mine.filter(**which).update(**values)
    return True
