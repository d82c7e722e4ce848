"""How notices reach their people, every minute: each gets its route once, what is heard at once is gathered into a mail, and the
rest goes into the digest of the morning.

A mail and the notices that it says are bound together in the transaction that writes the mail, so each is in one mail at most,
whoever crashes and however many deliver at once. Its words are made when it is sent (reminders.words).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.mail import send_due_soon, write
from accounts.models import OutgoingMail, Side, User
from projects.models import Notice
from projects.notice_kinds import NoticeKind, Route
from reminders.hearing import Hearing, hearing_of
from reminders.kinds import DEFAULTS, sends_itself
from reminders.models import Mute, Preference

logger = structlog.get_logger(__name__)

AT_ONCE_MAIL, DIGEST_MAIL = "notices_at_once", "digest"
#: How long what is heard at once waits for more of the same project.
GATHER: dt.timedelta = settings.NOTICES_GATHER
#: What is older than this is heard at once no more, but with the next digest; and than this in the app alone.
URGENT_FOR, NEWS_FOR = dt.timedelta(days=1), dt.timedelta(days=7)
#: How many notices get their route in one turn of the loop.
BATCH = 5000
MAILED = (Route.NOW, Route.DIGEST)


@dataclass(slots=True)
class Delivered:
    """What one delivery did: how many notices got which route, and how many mails were written."""

    routed: Counter[str] = field(default_factory=Counter)
    digests: int = 0
    at_once: int = 0


def deliver(now: dt.datetime) -> Delivered:
    """Route what is heard by `now`, and write the mails for which it is time; send them right after."""
    done = Delivered(routed=route(now))
    waiting = pending(now)
    done.digests, left = _post_digests(waiting, now)
    done.at_once = _post_at_once(left, now)
    if done.digests or done.at_once:
        send_due_soon()
    return done


# Which way.


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A notice, as far as its route depends on it. `told_at`: since when it could have been heard."""

    kind: str
    occasion: str
    project_id: int | None
    told_at: dt.datetime


def route_of(
    notice: Unrouted,
    now: dt.datetime,
    hearing: Hearing,
    *,
    chosen: str = "",
    muted: bool = False,
    outside: bool = False,
) -> Route:
    """Return how a notice is heard. Pure.

    Args:
        chosen: what its person prefers for the kind. muted: they want no mail of its project. outside: they are not with the
            company, and get the mails of sign-offs and testing, no others.
    """
    wanted = Route(chosen) if chosen else DEFAULTS[NoticeKind(notice.kind)]
    if wanted in {Route.OFF, Route.APP}:
        return wanted
    if outside or muted or sends_itself(notice.kind, notice.occasion) or now - notice.told_at > NEWS_FOR:
        return Route.APP
    if wanted == Route.NOW and (now - notice.told_at > URGENT_FOR or hearing.is_quiet(now)):
        return Route.DIGEST
    return wanted


def route(now: dt.datetime) -> Counter[str]:
    """Give every notice that is heard by `now` its route, by its person's preferences; return how many got which.

    For each BATCH four queries, and one for each route that occurs.
    """
    done: Counter[str] = Counter()
    while found := _route_some(now):
        done += found
    return done


def _route_some(now: dt.datetime) -> Counter[str]:
    rows = Notice.objects.filter(route=Route.UNDECIDED, heard_from__lte=now).order_by("pk")
    columns = ("pk", "person_id", "kind", "occasion", "project_id", "at", "heard_from")
    found = list(rows.values_list(*columns)[:BATCH])
    if not found:
        return Counter()
    ids = {person_id for _, person_id, *_ in found}
    people = {person.pk: person for person in User.objects.filter(pk__in=ids).select_related("hours")}
    preferences = {
        (person, kind): chosen
        for person, kind, chosen in Preference.objects.filter(person__in=ids).values_list("person_id", "kind", "route")
    }
    mutes = set(Mute.objects.filter(person__in=ids).values_list("person_id", "project_id"))
    hearings = {pk: hearing_of(person) for pk, person in people.items()}
    ways: dict[Route, list[int]] = {}
    for pk, person_id, kind, occasion, project_id, at, heard_from in found:
        person = people[person_id]
        way = route_of(
            Unrouted(kind, occasion, project_id, max(at, heard_from)), now, hearings[person_id],
            chosen=preferences.get((person_id, kind), ""), muted=(person_id, project_id) in mutes,
            outside=person.is_outside or not person.is_active,
        )  # fmt: skip
        ways.setdefault(way, []).append(pk)
    done: Counter[str] = Counter()
    for way, pks in ways.items():
        done[way.value] = Notice.objects.filter(pk__in=pks, route=Route.UNDECIDED).update(route=way)
    return done


# Which mail.


@dataclass(frozen=True, slots=True)
class Pending:
    """A notice that waits for its mail."""

    pk: int
    person_id: int
    project_id: int | None
    route: str
    heard_from: dt.datetime
    told_at: dt.datetime


def pending(now: dt.datetime) -> dict[int, tuple[User, list[Pending]]]:
    """Return by person what waits to be mailed, in two queries. What was read in the app meanwhile needs no mail any more."""
    waiting = Notice.objects.filter(route__in=MAILED, mail=None)
    waiting.filter(read_at__isnull=False).update(route=Route.APP)
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    rows = waiting.filter(awake, heard_from__lte=now, person__is_active=True, person__side=Side.INTERNAL)
    found: dict[int, list[Pending]] = {}
    columns = ("pk", "person_id", "project_id", "route", "heard_from", "at")
    for *values, heard_from, at in rows.order_by("pk").values_list(*columns):
        each = Pending(*values, heard_from, max(at, heard_from))  # type: ignore[call-arg]  # the columns, in order
        found.setdefault(each.person_id, []).append(each)
    people = User.objects.filter(pk__in=found).select_related("hours").order_by("pk")
    return {person.pk: (person, found[person.pk]) for person in people}


def _post_digests(
    waiting: dict[int, tuple[User, list[Pending]]], now: dt.datetime
) -> tuple[int, dict[int, tuple[User, list[Pending]]]]:
    """Write the digests whose morning it is; return how many, and what of `waiting` is left.

    Of what a digest says, everything was heard by its hour: what comes later waits for the next morning.
    """
    days = {pk: day for pk, (person, _) in waiting.items() if (day := hearing_of(person).digest_day(now))}
    keys = {f"{DIGEST_MAIL}:{pk}:{day}": pk for pk, day in days.items()}
    there = {keys[key] for key in OutgoingMail.objects.filter(key__in=keys).values_list("key", flat=True)}
    posted, left = 0, dict(waiting)
    for key, pk in keys.items():
        person, notices = waiting[pk]
        morning = hearing_of(person).morning(days[pk])
        said = [each for each in notices if each.heard_from <= morning]
        if pk in there or not said:
            continue
        posted += _bind(DIGEST_MAIL, key, pk, said, day=str(days[pk]))
        left[pk] = (person, [each for each in notices if each.heard_from > morning])
    return posted, left


def _post_at_once(waiting: dict[int, tuple[User, list[Pending]]], now: dt.datetime) -> int:
    """Write a mail for each person and project of which something to be heard at once has waited long enough for more."""
    posted = 0
    for pk, (person, notices) in waiting.items():
        groups: dict[int | None, list[Pending]] = {}
        for each in notices:
            if each.route == Route.NOW:
                groups.setdefault(each.project_id, []).append(each)
        if not groups or hearing_of(person).is_quiet(now):
            continue
        for group in groups.values():
            if min(each.told_at for each in group) <= now - GATHER:
                posted += _bind(AT_ONCE_MAIL, f"{AT_ONCE_MAIL}:{pk}:{group[0].pk}", pk, group)
    return posted


def _bind(kind: str, key: str, person_id: int, notices: Iterable[Pending], **details: object) -> int:
    """Write a mail and bind to it the notices that no other mail has; return 1 if it was written, and 0 if another was first."""
    with transaction.atomic():
        mail, made = write(kind, to=person_id, key=key, **details)
        if not made:
            return 0
        bound = Notice.objects.filter(pk__in=[each.pk for each in notices], mail=None).update(mail=mail)
        if not bound:
            mail.delete()
        return int(bool(bound))
