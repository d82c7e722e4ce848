"""Calendar feeds: private addresses that a calendar program reads without signing in.

An address is `/calendar/<id>/<token>.ics`. The token has 256 bits of chance, is shown once and kept as its SHA-256; it opens this
one feed, never another, and nothing else. A reset makes another token for the same feed: UIDs stay, so nothing is there twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.links import hash_of
from accounts.mail import site_address
from accounts.models import User
from history.context import named
from meetings.feed_content import content_of, may_read
from meetings.models import CalendarFeed, Series
from meetings.vocabulary import FeedScope
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted

#: That a feed was read is written down no more often than this.
NOTED_EVERY = dt.timedelta(hours=1)
#: What is compared with where there is no such feed, so that a wrong number takes as long as a wrong token.
NO_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class Minted:
    """A feed with its address: the only place where the token is in clear."""

    feed: CalendarFeed
    address: str

    @property
    def webcal(self) -> str:
        """The address as calendar programs take it from a link, and subscribe."""
        return f"webcal:{self.address.partition(':')[2]}"


@dataclass(frozen=True, slots=True)
class Served:
    """What a reader gets: the bytes, their ETag, and when they last became others."""

    body: bytes
    etag: str
    changed_at: dt.datetime


@named
@transaction.atomic
def make_feed(
    *, project: Project | None = None, series: Series | None = None, by: User, now: dt.datetime | None = None
) -> Minted:
    """Make the feed of all that concerns `by`, or of one project or one series, and return its address.

    Raises:
        NotPermitted: they may not see it.
        MoveRefused: they have that feed.
    """
    now = now or timezone.now()
    scope = FeedScope.PROJECT if project else FeedScope.SERIES if series else FeedScope.PERSON
    feed = CalendarFeed(person=by, scope=scope, project=project, series=series, made_at=now)
    if not may_read(feed):
        raise NotPermitted([Blocker("not_permitted", "You may not see this, so it has no calendar for you.")])
    token = _new_token(feed)
    try:
        with transaction.atomic():
            feed.save(force_insert=True)
    except IntegrityError:
        raise MoveRefused(
            [Blocker("feed_there", "You have this calendar. Its address was shown once: reset it to get another.")]
        ) from None
    return _minted(feed, token)


@named
@transaction.atomic
def reset_feed(feed: CalendarFeed, *, by: User, now: dt.datetime | None = None) -> Minted:
    """Give a feed another address; the one that it had opens nothing from now on. UIDs stay.

    Raises:
        NotPermitted: it is somebody else's.
        MoveRefused: it was revoked.
    """
    row = _own(feed, by)
    token = _new_token(row)
    row.reset_at = now or timezone.now()
    row.save(update_fields=["token_hash", "reset_at"])
    return _minted(row, token)


@named
@transaction.atomic
def revoke_feed(feed: CalendarFeed, *, by: User, now: dt.datetime | None = None) -> CalendarFeed:
    """End a feed for good: its address opens nothing from now on.

    Raises:
        NotPermitted: it is somebody else's.
        MoveRefused: it was revoked.
    """
    row = _own(feed, by)
    row.revoked_at = now or timezone.now()
    row.save(update_fields=["revoked_at"])
    return row


def feeds_of(person: User) -> list[CalendarFeed]:
    """Return the feeds of a person that are open, in one query."""
    found = CalendarFeed.objects.filter(person=person, revoked_at=None)
    return list(found.select_related("project", "series__project"))


def by_token(pk: int, token: str) -> CalendarFeed | None:
    """Return the feed of that number if the token is its own and its person may still see it; None for all else."""
    rows = CalendarFeed.objects.select_related("person", "project", "series__project", "series__host")
    feed = rows.filter(pk=pk, revoked_at=None).first()
    same = hmac.compare_digest(hash_of(token), feed.token_hash if feed else NO_HASH)
    return feed if feed is not None and same and may_read(feed) else None


def serve(feed: CalendarFeed, *, now: dt.datetime | None = None) -> Served:
    """Return what a feed says now; write down that it was read (once an hour), and when it last said another thing.

    Last-Modified has to be kept: what a feed no longer says (a step done, a cancellation grown old) leaves no row that would
    tell.
    """
    now = (now or timezone.now()).replace(microsecond=0)
    body = content_of(feed, now).as_calendar(now)
    digest = hashlib.sha256(body).hexdigest()
    changes: dict[str, dt.datetime | str] = {}
    if feed.digest != digest or feed.changed_at is None:
        changes = {"digest": digest, "changed_at": now}
    if feed.last_read_at is None or feed.last_read_at + NOTED_EVERY <= now:
        changes["last_read_at"] = now
    if changes:
        CalendarFeed.objects.filter(pk=feed.pk).update(**changes)
    changed_at = changes.get("changed_at", feed.changed_at)
    assert isinstance(changed_at, dt.datetime)
    return Served(body, f'"{digest}"', changed_at)


def _new_token(feed: CalendarFeed) -> str:
    token = secrets.token_urlsafe(32)
    feed.token_hash = hash_of(token)
    return token


def _minted(feed: CalendarFeed, token: str) -> Minted:
    return Minted(feed, site_address(reverse("calendar-feed", args=[feed.pk, token])))


def _own(feed: CalendarFeed, by: User) -> CalendarFeed:
    row = CalendarFeed.objects.select_for_update().get(pk=feed.pk)
    if row.person_id != by.pk or not by.is_active:
        raise NotPermitted([Blocker("not_permitted", "This calendar is somebody else’s.")])
    if row.revoked_at is not None:
        raise MoveRefused([Blocker("feed_revoked", "This calendar was ended. Make another.")])
    return row
