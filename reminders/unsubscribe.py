"""The way out of a kind of mail, without signing in: a signed address that one POST acts on (RFC 8058).

The token names the person and what they are to hear in the app alone from then on; it is signed, not kept, so that a mail sent
months ago still works. It opens nothing and shows nothing of anybody's work.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.mail import site_address
from accounts.models import User
from history.context import named
from projects.notice_kinds import NoticeKind, Route
from reminders.preferences import ALWAYS, choose, wants_of

#: What a token says in the place of a kind: all that comes with the digest.
DIGEST = "digest"
#: How long a mail's way out is good for.
VALID = dt.timedelta(days=400)
SALT, UNDO_SALT = "reminders.unsubscribe", "reminders.unsubscribe.undo"


class NoSuchWayOut(Exception):  # noqa: N818
    """A token that we did not sign, or signed too long ago."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """Whom a token is for, and out of what."""

    person: User
    what: str

    @property
    def words(self) -> str:
        """What it ends, such as “Meeting changed”."""
        return "the daily digest" if self.what == DIGEST else f"mails of the kind “{NoticeKind(self.what).label}”"

    @property
    def masked(self) -> str:
        """Whose it is, for the one who knows it: `p…@example.org`."""
        name, _, host = self.person.email.partition("@")
        return f"{name[:1]}…@{host}"


def address_of(person: User, what: NoticeKind | str) -> str:
    """Return the absolute address for `accounts.mail.Message.unsubscribe`; empty where there is no way out (sign-offs).

    Args:
        what: a kind, or DIGEST.
    """
    if what in ALWAYS:
        return ""
    return site_address(
        reverse("unsubscribe", args=[_sign(person, str(NoticeKind(what)) if what != DIGEST else DIGEST)])
    )


def _sign(person: User, what: str) -> str:
    """Sign it with the day of its end, not with the moment: a mail that goes a second time says the same words."""
    last = timezone.now().date() + VALID
    return signing.Signer(salt=SALT).sign_object([person.pk, what, last.isoformat()])


def read(token: str) -> WayOut:
    """Return what a token is for.

    Raises:
        NoSuchWayOut: it is forged, too old, of a kind that is no more, or its person is gone.
    """
    try:
        pk, what, last = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        raise NoSuchWayOut from None
    if dt.date.fromisoformat(last) < timezone.now().date():
        raise NoSuchWayOut
    person = User.objects.filter(pk=pk, is_active=True).first()
    if person is None or what not in {DIGEST, *NoticeKind.values} or what in ALWAYS:
        raise NoSuchWayOut
    return WayOut(person, what)


def is_out(way: WayOut) -> bool:
    """Return whether nothing of it is mailed any more."""
    return not _mailed(way)


def _mailed(way: WayOut) -> dict[NoticeKind, Route]:
    """Return the kinds that the way out is of and that are mailed now, with how."""
    routes = wants_of(way.person).routes
    if way.what == DIGEST:
        return {kind: route for kind, route in routes.items() if route == Route.DIGEST and kind not in ALWAYS}
    kind = NoticeKind(way.what)
    return {kind: routes[kind]} if routes[kind] in {Route.NOW, Route.DIGEST} else {}


@named
@transaction.atomic
def leave(way: WayOut, *, by: User) -> str:
    """Let what the way is out of stay in the app; return a token with which `come_back` undoes it. Twice is once, and then
    there is nothing to undo: an empty string."""
    before = _mailed(way)
    if not before:
        return ""
    choose(way.person, dict.fromkeys(before, Route.APP), by=by)
    return signing.dumps([way.person.pk, way.what, {k.value: r.value for k, r in before.items()}], salt=UNDO_SALT)


@named
@transaction.atomic
def come_back(way: WayOut, undo: str, *, by: User) -> None:
    """Undo `leave`: each kind that is still in the app alone is mailed as it was before.

    Raises:
        NoSuchWayOut: `undo` is not what `leave` gave for this way.
    """
    try:
        pk, what, before = signing.loads(undo, salt=UNDO_SALT, max_age=VALID)
    except (signing.BadSignature, ValueError):
        raise NoSuchWayOut from None
    if (pk, what) != (way.person.pk, way.what):
        raise NoSuchWayOut
    now = wants_of(way.person).routes
    back = {NoticeKind(kind): Route(route) for kind, route in before.items() if kind in NoticeKind.values}
    choose(way.person, {kind: route for kind, route in back.items() if now[kind] == Route.APP}, by=by)
