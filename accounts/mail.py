"""Mail: written down first, sent after the commit, and looked for again by a sweep.

A row of `OutgoingMail` says what is to be sent to whom; its unique `key` makes that once. The words are made when it is sent, by
the function registered for its kind: a secret in a link is then minted at that moment and never lies in a table. Whoever has
something to say calls `post`; whoever has the words calls `register` in `AppConfig.ready()`.

Exactly once ends at the mail server: after a crash between its "250" and our commit a mail goes again, under its Message-ID.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import OutgoingMail, User
from history.context import named

logger = structlog.get_logger(__name__)

#: How long after a failed try the next one is made; after the last the mail counts as failed.
BACKOFF: Sequence[dt.timedelta] = settings.MAIL_BACKOFF
#: How long a sender holds a mail before another may take it up: longer than a mail server is waited for (EMAIL_TIMEOUT).
LEASE: dt.timedelta = settings.MAIL_LEASE
#: How many mails one turn takes up; the next turn takes the others.
AT_ONCE = 500
#: What a mail says of itself that was not sent because there was no reason for it any more.
NOTHING_LEFT, CLOSED_ACCOUNT = "Nothing left to say.", "The account is closed."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list in a mail: what happened, where it leads to (absolute), and a word on it."""

    text: str
    address: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A list in a mail, under a heading."""

    heading: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Message:
    """What a mail says. One of these becomes both its text and its HTML.

    Args:
        button: (words, absolute address).
        facts: (label, value). sections: lists under headings.
        small_print: why the person gets this.
        thread: what it belongs to, such as a project's code: all mails of it are one thread, whoever's server renames them.
        unsubscribe: the absolute address at which one POST ends mails of this kind, without signing in (RFC 8058). Not on
            what somebody must get: sign-ins, sign-offs.
        reply_to: the address of whom an answer goes to.
        calendar, method: an iCalendar object and its METHOD (RFC 5546), as the last alternative of the mail.
    """

    subject: str
    heading: str
    paragraphs: Sequence[str]
    button: tuple[str, str] | None = None
    facts: Sequence[tuple[str, str]] = ()
    code: str = ""
    small_print: str = ""
    sections: Sequence[Section] = ()
    thread: str = ""
    unsubscribe: str = ""
    reply_to: str = ""
    calendar: str = ""
    method: str = ""


Build = Callable[[OutgoingMail], Message | None]
_builders: dict[str, Build] = {}


def register(kind: str, build: Build) -> None:
    """Let `build` make the words of mails of `kind`; it returns None where there is nothing left to say.

    Raises:
        ValueError: another room has mails of that kind.
    """
    if _builders.setdefault(kind, build) is not build:
        raise ValueError(f"Mails of kind {kind!r} have their words already")


def site_address(path: str) -> str:
    """Return the absolute address of a path of this site, as mails need it."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def post(kind: str, *, to: User, key: str, **details: object) -> None:
    """Write down that `to` is to get a mail of `kind`, and send it once the transaction has committed.

    Args:
        key: unique for what is said to whom on which occasion; a second one under the same key is none.
        details: plain values (ids) from which the words are made.
    """
    mail, made = write(kind, to=to.pk, key=key, **details)
    if made:
        transaction.on_commit(lambda: _send_soon(mail.pk))


def write(kind: str, *, to: int, key: str, **details: object) -> tuple[OutgoingMail, bool]:
    """Write down a mail as `post` does, and leave it to the next turn to send it; return it, and whether it is new.

    For whoever has many: one connection then takes them all.
    """
    if kind not in _builders:
        raise LookupError(f"No words are registered for mails of kind {kind!r}")
    return OutgoingMail.objects.get_or_create(key=key, defaults={"kind": kind, "person_id": to, "details": details})


def send_due_soon() -> None:
    """Have what is due sent once the transaction has committed."""
    from accounts.tasks import send_due_mail

    def ring() -> None:
        try:
            send_due_mail.delay()
        except OperationalError:
            logger.warning("mails_left_to_the_sweep")  # the broker is away; the rows are not

    transaction.on_commit(ring)


def _send_soon(pk: int) -> None:
    from accounts.tasks import send_mail

    try:
        send_mail.delay(pk)
    except OperationalError:
        logger.warning("mail_left_to_the_sweep", mail=pk)  # the broker is away; the row is not


def due(now: dt.datetime) -> list[int]:
    """Return the ids of the mails that should go out by now, those that are due longest first, AT_ONCE at most."""
    rows = OutgoingMail.objects.filter(_waiting(now)).order_by("due_at", "pk")
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def _waiting(now: dt.datetime) -> Q:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Q(sent_at=None, failed_at=None, due_at__lte=now) & free


def send_due(now: dt.datetime | None = None) -> int:
    """Send what is due, over one connection; return how many went out.

    Where the mail server does not answer at all, that is one failed try of each: asking it again for every mail would take
    longer than the next turn is away.
    """
    waiting = due(now or timezone.now())
    connection, sent = get_connection(), 0
    try:
        for place, pk in enumerate(waiting):
            try:
                connection.open()  # nothing where it is open
            except (smtplib.SMTPException, OSError) as fault:
                _put_off_all(waiting[place:], fault, now or timezone.now())
                break
            sent += send(pk, now=now, connection=connection)
    finally:
        connection.close()
    return sent


def _put_off_all(waiting: Sequence[int], fault: Exception, now: dt.datetime) -> None:
    """Count one failed try of each mail that nobody is at, in a statement for each number of tries."""
    rows = OutgoingMail.objects.filter(_waiting(now), pk__in=waiting)
    error = _words_of(fault)
    logger.warning("mail_server_away", mails=len(waiting), error=error)
    for tries in sorted(set(rows.values_list("attempts", flat=True)), reverse=True):
        values: dict[str, Any] = {"attempts": tries + 1, "error": error}
        values |= {"failed_at": now} if tries >= len(BACKOFF) else {"due_at": now + BACKOFF[tries]}
        rows.filter(attempts=tries).update(**values)


def send(pk: int, *, now: dt.datetime | None = None, connection: Any = None) -> bool:
    """Send one mail if it is due and nobody else is at it; return whether it went out.

    A mail server that does not answer, or says “later” (4xx), puts it off (BACKOFF); one that says that there is no such address
    (5xx) ends it. A crash between taking it up and sending leaves it to the next turn after its lease.

    Args:
        connection: an open one to the mail server, where several are sent.
    """
    now = now or timezone.now()
    taken = OutgoingMail.objects.filter(_waiting(now), pk=pk).update(leased_until=now + LEASE)
    if not taken:
        return False
    mail = OutgoingMail.objects.select_related("person").get(pk=pk)
    if reason := _held_back(mail):
        return _give_up(mail, reason, now)
    message = _builders[mail.kind](mail)
    if message is None:
        return _give_up(mail, NOTHING_LEFT, now)
    mail.subject = subject_of(message)
    mail.attempts += 1
    email = as_email(message, mail.person.email, message_id=message_id_of(mail))
    email.connection = connection
    try:
        email.send()
    except (smtplib.SMTPException, OSError) as fault:
        if answer := refusal_of(fault):
            _give_up(mail, answer, now)
            for note in _refused:
                note(mail, answer, now)
            return False
        if connection is not None:
            connection.close()  # whatever is wrong with it, the next mail gets another
        mail.error, mail.leased_until = _words_of(fault), None
        if mail.attempts > len(BACKOFF):
            mail.failed_at = now
        else:
            mail.due_at = now + BACKOFF[mail.attempts - 1]
        logger.warning("mail_not_sent", mail=pk, kind=mail.kind, tries=mail.attempts, error=mail.error)
        mail.save(update_fields=SENDING)
        return False
    mail.sent_at, mail.error, mail.leased_until = now, "", None
    mail.save(update_fields=SENDING)
    return True


#: What sending writes of a mail.
SENDING = ("subject", "attempts", "sent_at", "failed_at", "due_at", "error", "leased_until")


def _give_up(mail: OutgoingMail, reason: str, now: dt.datetime) -> bool:
    mail.failed_at, mail.error, mail.leased_until = now, reason[:300], None
    mail.save(update_fields=SENDING)
    return False


def refusal_of(fault: Exception) -> str:
    """Return what a mail server answered that will never take mail for an address (5xx), or an empty string."""
    if not isinstance(fault, smtplib.SMTPRecipientsRefused):
        return ""
    answers = list(fault.recipients.values())
    if not answers or any(code < 500 for code, _ in answers):
        return ""
    code, words = answers[0]
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return f"{code} {' '.join(said.split())}"[:300]


def _words_of(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:300]


#: Says why nothing is sent to the person of a mail, or nothing: `(mail)`.
HoldBack = Callable[[OutgoingMail], str]
#: Hears of an address that a mail server will never take mail for: `(mail, its answer, now)`.
Refused = Callable[[OutgoingMail, str, dt.datetime], None]
_holding: list[HoldBack] = []
_refused: list[Refused] = []


def hold_back_with(reason: HoldBack) -> None:
    """Let `reason` keep mails from going out, which then fail at once with its words; in `AppConfig.ready()`."""
    if reason not in _holding:
        _holding.append(reason)


def tell_when_refused(note: Refused) -> None:
    """Let `note` hear of addresses that do not exist, in `AppConfig.ready()`."""
    if note not in _refused:
        _refused.append(note)


def _held_back(mail: OutgoingMail) -> str:
    if not mail.person.is_active:
        return CLOSED_ACCOUNT
    return next(filter(None, (reason(mail) for reason in _holding)), "")


@named
@transaction.atomic
def retry(mail: OutgoingMail, *, by: User, now: dt.datetime | None = None) -> None:
    """Let a mail that failed be tried again from the start, at once.

    Raises:
        PermissionDenied: `by` may not. MailNotFailed: it was sent, or still waits.
    """
    if not (by.is_active and by.has_perm("accounts.change_outgoingmail")):
        raise PermissionDenied(f"{by} may not send mails again.")
    failed = OutgoingMail.objects.filter(pk=mail.pk, sent_at=None, failed_at__isnull=False)
    if not failed.update(failed_at=None, leased_until=None, attempts=0, error="", due_at=now or timezone.now()):
        raise MailNotFailed("This mail was sent, or is still going to be.")
    transaction.on_commit(lambda: _send_soon(mail.pk))


class MailNotFailed(Exception):  # noqa: N818
    """Somebody tried to send again what has not failed."""


def as_email(message: Message, address: str, *, message_id: str = "") -> EmailMultiAlternatives:
    """Return a mail to `address` that says `message`, as text and as HTML, and as an invitation where it is one."""
    context = {"message": message}
    headers = {"Auto-Submitted": "auto-generated"}
    if message_id:
        headers["Message-ID"] = message_id
    if message.thread:
        # A name that no message has, in each of them, the first too: servers that rename messages break no thread.
        thread = f"<{message.thread.lower()}.thread@{_host()}>"
        headers |= {"References": thread, "In-Reply-To": thread}
        headers["List-Id"] = f"{message.thread} <{message.thread.lower()}.{_host()}>"
    if message.unsubscribe:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    email = EmailMultiAlternatives(
        subject=subject_of(message),
        body=render_to_string("mail/message.txt", context),
        to=[address],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers=headers,
    )
    email.attach_alternative(render_to_string("mail/message.html", context), "text/html")
    if message.calendar:
        email.attach_alternative(message.calendar, f"text/calendar; method={message.method}")
    return email


def message_id_of(mail: OutgoingMail) -> str:
    """Return the Message-ID of a mail: the same at every try, so that one that was sent twice is read once."""
    digest = hashlib.sha256(f"{settings.SECRET_KEY}{mail.pk}:{mail.key}".encode()).hexdigest()[:24]
    return f"<{mail.pk}.{digest}@{_host()}>"


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def subject_of(message: Message) -> str:
    """Return the subject on one line: a name in it can start no further header."""
    return " ".join(message.subject.split())[:200]
