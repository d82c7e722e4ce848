"""The sweep: what is due for whom by now, written down as notices, once.

It can be run as often as one likes, and by several at a time: a notice is unique by (person, kind, occasion), so what is there is
there, and what a sweep did not come to is found by the next one. Each source's notices are written in a transaction of their own.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from projects.inbox import LONGEST_TEXT, LONGEST_WHY, cut
from projects.models import Notice, Project
from reminders.due import Due, Source, sources
from reminders.models import Sweep
from transitions.standing import Standing

logger = structlog.get_logger(__name__)

#: How long one that sweeps keeps others from it: after a crash, somebody else may.
LEASE: dt.timedelta = settings.SWEEP_LEASE
#: How long it is kept what a sweep did.
KEPT = dt.timedelta(days=60)
#: So many of what a sweep came too late for are named; of the others there is the number.
MOST_NAMED = 200
#: How many rows one statement writes.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What of one source is to be written, and what became due and useless since the last sweep."""

    new: list[Due] = field(default_factory=list)
    skipped: list[Due] = field(default_factory=list)


def sweep(now: dt.datetime) -> Sweep | None:
    """Write down what is due by `now`; return what was done, or None where another sweep is at it.

    A source that fails keeps no other from its turn; the sweep then does not count as ended, and the failure is raised.
    """
    row = _begin(now)
    if row is None:
        logger.info("sweep_left_to_another")
        return None
    made: Counter[str] = Counter()
    skipped: list[Due] = []

    def take(source: Source) -> None:
        found = look(source, now, row.since)
        _write(found.new, now)
        made.update(due.kind.value for due in found.new)
        skipped.extend(found.skipped)

    with ExitStack() as every:  # calls them all, whichever of them fails
        for source in reversed(sources()):
            every.callback(take, source)
    row.made, row.skipped, row.ended_at = dict(sorted(made.items())), _told(skipped), timezone.now()
    row.save(update_fields=["made", "skipped", "ended_at"])
    Sweep.objects.filter(at__lt=now - KEPT).delete()
    logger.info("swept", made=sum(made.values()), skipped=len(skipped))
    return row


def last_end(now: dt.datetime) -> dt.datetime | None:
    """Return the instant by which the last sweep before `now` judged that came to its end."""
    ended = Sweep.objects.filter(ended_at__isnull=False, at__lt=now).order_by("-at", "-pk")
    return ended.values_list("at", flat=True).first()


def _begin(now: dt.datetime) -> Sweep | None:
    """Write down that a sweep has begun, unless one is under way: of two that begin together the first stays."""
    row = Sweep.objects.create(at=now, since=last_end(now))
    if Sweep.objects.filter(ended_at=None, pk__lt=row.pk, at__gt=now - LEASE, at__lte=now).exists():
        row.delete()
        return None
    return row


def look(source: Source, now: dt.datetime, since: dt.datetime | None) -> Found:
    """Return what of a source is due by `now` and not written yet. Reads: those of the source, and three.

    Nobody hears of a project that rests or is over, and nobody whose account is closed hears anything.

    Args:
        since: the last sweep; what is of no use any more by `now` counts as skipped if it became due after that.
    """
    due = {
        (each.person_id, each.kind.value, each.occasion): each
        for each in source.decide(now, source.read(now))
        if each.since <= now and (each.until > now or (since is not None and each.since > since))
    }
    people = {each.person_id for each in due.values()}
    active = set(User.objects.filter(pk__in=people, is_active=True).values_list("pk", flat=True))
    concerned = {each.project_id for each in due.values() if each.project_id is not None}
    running = set(
        Project.objects.filter(pk__in=concerned, standing=Standing.ACTIVE).order_by().values_list("pk", flat=True)
    )
    there = _there(due.values())
    found = Found()
    for name in sorted(
        due
    ):  # in the same order in every sweep: two that write at once do not wait for each other in a ring
        each = due[name]
        if name in there or each.person_id not in active:
            continue
        if each.project_id is not None and each.project_id not in running:
            continue
        (found.new if each.until > now else found.skipped).append(each)
    return found


def _there(due: Iterable[Due]) -> set[tuple[int, str, str]]:
    """Return which of them are written already, in one query; what is due since some day was not written before it."""
    earliest: dict[str, dt.datetime] = {}
    people: set[int] = set()
    for each in due:
        earliest[each.kind.value] = min(each.since, earliest.get(each.kind.value, each.since))
        people.add(each.person_id)
    kinds = Q(pk__in=())
    for kind, since in earliest.items():
        kinds |= Q(kind=kind, heard_from__gte=since)
    rows = Notice.objects.filter(kinds, person__in=people).order_by()
    return set(rows.values_list("person_id", "kind", "occasion"))


@transaction.atomic
def _write(new: Iterable[Due], now: dt.datetime) -> None:
    rows = [
        Notice(
            person_id=each.person_id, kind=each.kind, project_id=each.project_id, step_id=each.step_id, occasion=each.occasion,
            text=cut(each.text, LONGEST_TEXT), why=cut(each.why, LONGEST_WHY), address=each.address, at=now,
            heard_from=heard_from(each, now),
        )
        for each in new
    ]  # fmt: skip
    Notice.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def heard_from(due: Due, now: dt.datetime) -> dt.datetime:
    """Return from when a notice counts as heard of: from when it was due, so that a beat that was late for some hours still gets
    it into the same day's digest; what is older begins now, or it would lie below what was read long ago."""
    return due.since if due.since > now - dt.timedelta(days=1) else now


def _told(skipped: list[Due]) -> list[list[str]]:
    named = list(dict.fromkeys((due.kind.value, due.text) for due in skipped))
    told = [list(each) for each in named[:MOST_NAMED]]
    if len(named) > MOST_NAMED:
        told.append(["", f"and {len(named) - MOST_NAMED:,} more"])
    return told
