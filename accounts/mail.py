"""Mail: written down first, sent after the commit, and looked for again by a sweep.

A row of `OutgoingMail` says what is to be sent to whom; its unique `key` makes that once. The words are made when it is sent, by
the function registered for its kind: a secret in a link is then minted at that moment and never lies in a table. Whoever has
something to say calls `post`; whoever has the words calls `register` in `AppConfig.ready()`.
"""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import OutgoingMail, User

logger = structlog.get_logger(__name__)

#: How long after a failed try the next one is made; after the last the mail counts as failed and is shown so.
BACKOFF = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
#: How long a sender holds a mail before another may take it up.
LEASE = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Message:
    """What a mail says. One of these becomes both its text and its HTML.

    `button` is (words, absolute address); `facts` are (label, value); `small_print` says why the person gets this.
    """

    subject: str
    heading: str
    paragraphs: Sequence[str]
    button: tuple[str, str] | None = None
    facts: Sequence[tuple[str, str]] = ()
    code: str = ""
    small_print: str = ""


Build = Callable[[OutgoingMail], Message | None]
_builders: dict[str, Build] = {}


def register(kind: str, build: Build) -> None:
    """Let `build` make the words of mails of `kind`; it returns None where there is nothing left to say."""
    _builders[kind] = build


def site_address(path: str) -> str:
    """Return the absolute address of a path of this site, as mails need it."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def post(kind: str, *, to: User, key: str, **details: object) -> None:
    """Write down that `to` is to get a mail of `kind`, and send it once the transaction has committed.

    Args:
        key: unique for what is said to whom on which occasion; a second one under the same key is none.
        details: plain values (ids) from which the words are made.
    """
    if kind not in _builders:
        raise LookupError(f"No words are registered for mails of kind {kind!r}")
    mail, made = OutgoingMail.objects.get_or_create(key=key, defaults={"kind": kind, "person": to, "details": details})
    if made:
        transaction.on_commit(lambda: _send_soon(mail.pk))


def _send_soon(pk: int) -> None:
    from accounts.tasks import send_mail

    try:
        send_mail.delay(pk)
    except OperationalError:
        logger.warning("mail_left_to_the_sweep", mail=pk)  # the broker is away; the row is not


def due(now: dt.datetime) -> list[int]:
    """Return the ids of the mails that should go out by now, oldest first."""
    rows = OutgoingMail.objects.filter(_waiting(now)).order_by("due_at", "pk")
    return list(rows.values_list("pk", flat=True)[:500])


def _waiting(now: dt.datetime) -> Q:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Q(sent_at=None, failed_at=None, due_at__lte=now) & free


def send(pk: int, *, now: dt.datetime | None = None) -> bool:
    """Send one mail if it is due and nobody else is at it; return whether it went out.

    A mail server that does not answer puts it off (BACKOFF); a crash between taking it up and sending leaves it to the sweep.
    """
    now = now or timezone.now()
    taken = OutgoingMail.objects.filter(_waiting(now), pk=pk).update(leased_until=now + LEASE)
    if not taken:
        return False
    mail = OutgoingMail.objects.select_related("person").get(pk=pk)
    message = _builders[mail.kind](mail) if mail.person.is_active else None
    if message is None:
        mail.failed_at, mail.error, mail.leased_until = now, "Nothing left to say.", None
        mail.save(update_fields=["failed_at", "error", "leased_until"])
        return False
    mail.subject = subject_of(message)
    mail.attempts += 1
    try:
        as_email(message, mail.person.email).send()
    except (smtplib.SMTPException, OSError) as fault:
        tries = mail.attempts
        mail.error, mail.leased_until = f"{type(fault).__name__}: {fault}"[:300], None
        if tries > len(BACKOFF):
            mail.failed_at = now
        else:
            mail.due_at = now + BACKOFF[tries - 1]
        logger.warning("mail_not_sent", mail=pk, kind=mail.kind, tries=tries, error=mail.error)
        mail.save()
        return False
    mail.sent_at, mail.error, mail.leased_until = now, "", None
    mail.save()
    return True


def as_email(message: Message, address: str) -> EmailMultiAlternatives:
    """Return a mail to `address` that says `message`, as text and as HTML."""
    context = {"message": message}
    email = EmailMultiAlternatives(
        subject=subject_of(message),
        body=render_to_string("mail/message.txt", context),
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    email.attach_alternative(render_to_string("mail/message.html", context), "text/html")
    return email


def subject_of(message: Message) -> str:
    """Return the subject on one line: a name in it can start no further header."""
    return " ".join(message.subject.split())[:200]
