"""Mail when things go wrong: a server that is down, one that refuses, one that hangs up, a sender that dies."""

from __future__ import annotations

import datetime as dt
import smtplib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.exceptions import PermissionDenied

from accounts import mail as mails
from accounts.mail import (
    BACKOFF,
    LEASE,
    MailNotFailed,
    Message,
    message_id_of,
    refusal_of,
    retry,
    send,
    send_due,
    write,
)
from accounts.models import OutgoingMail, User
from reminders.bounces import lift
from reminders.models import Bounce

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


class Post:
    """A mail server's mind: what it has taken, what it answers to an address, how many connections there were."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.answers: dict[str, str] = {}
        self.connections = 0
        self.hang_up_at = 0

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.hang_up_at and len(self.taken) + 1 == self.hang_up_at:
            self.hang_up_at = 0
            server.transport.close()
            return "421 Going down"
        head = envelope.content.decode().replace("\r\n ", " ")
        message_id = next(line for line in head.splitlines() if line.lower().startswith("message-id:"))
        self.taken.append((envelope.rcpt_tos[0], message_id.partition(" ")[2]))
        return "250 OK"


@pytest.fixture
def post(settings, monkeypatch) -> Iterator[Post]:
    """A real mail server on a free port, which every mail of the test goes to."""
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=_free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", controller.port, 5
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield handler
    controller.stop()


@pytest.fixture
def down(post, settings) -> Any:
    """Return a function that takes the mail server away (True) or brings it back (False)."""
    port = settings.EMAIL_PORT

    def switch(away: bool) -> None:
        settings.EMAIL_PORT = _free_port() if away else port

    return switch


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(autouse=True)
def _words(monkeypatch):
    monkeypatch.setitem(mails._builders, "test", lambda mail: Message(f"Nr {mail.details['n']}", "H", ["P"]))


def a_mail(person: User, number: int = 1) -> OutgoingMail:
    row, made = write("test", to=person.pk, key=f"test:{person.pk}:{number}", n=number)
    assert made
    OutgoingMail.objects.filter(pk=row.pk).update(due_at=NOW)
    row.refresh_from_db()
    return row


def fresh(mail: OutgoingMail) -> OutgoingMail:
    return OutgoingMail.objects.get(pk=mail.pk)


def test_many_go_over_one_connection(cast, post):
    rows = [a_mail(cast.sofia, number) for number in range(20)]
    assert send_due(NOW) == 20
    assert (len(post.taken), post.connections) == (20, 1)
    assert [taken[1] for taken in post.taken] == [message_id_of(row) for row in rows]
    assert send_due(NOW) == 0


def test_a_server_that_is_down_for_an_hour_loses_nothing(cast, post, down):
    rows = [a_mail(cast.sofia, number) for number in range(10)]
    down(True)
    for minute in range(60):
        send_due(NOW + minute * MINUTE)
    assert post.taken == []
    assert {fresh(row).attempts for row in rows} == {4}  # at once, and after 1, 5 and 15 minutes
    assert {fresh(row).failed_at for row in rows} == {None}
    assert "ConnectionRefusedError" in fresh(rows[0]).error
    down(False)
    for minute in range(60, 120):
        send_due(NOW + minute * MINUTE)
    assert sorted(taken[1] for taken in post.taken) == sorted(message_id_of(row) for row in rows)
    assert {(fresh(row).error, fresh(row).sent_at is None) for row in rows} == {("", False)}


def test_a_server_that_never_comes_back_is_said_to_have_failed(cast, post, down):
    row = a_mail(cast.sofia)
    down(True)
    moment = NOW
    for pause in (*BACKOFF, dt.timedelta()):
        send_due(moment)
        moment += pause
    assert (fresh(row).attempts, fresh(row).failed_at) == (len(BACKOFF) + 1, moment)
    send_due(moment + HOUR)
    assert fresh(row).attempts == len(BACKOFF) + 1


def test_a_server_that_is_away_is_asked_once_a_turn(cast, post, down, monkeypatch):
    for number in range(10):
        a_mail(cast.sofia, number)
    down(True)
    tries: list[int] = []
    connect = smtplib.SMTP.connect
    monkeypatch.setattr(
        smtplib.SMTP, "connect", lambda self, *args, **more: (tries.append(1), connect(self, *args, **more))
    )
    send_due(NOW)
    assert len(tries) == 1


def test_an_address_that_does_not_exist_ends_the_mail_and_those_after_it(cast, post):
    post.answers["sofia@example.org"] = "550 5.1.1 No such user"
    row, other = a_mail(cast.sofia), a_mail(cast.arun)
    send_due(NOW)
    assert (fresh(row).failed_at, fresh(row).error, fresh(row).attempts) == (NOW, "550 5.1.1 No such user", 1)
    assert fresh(other).sent_at == NOW
    bounce = Bounce.objects.get()
    assert (bounce.person, bounce.address, bounce.answer, bounce.at) == (
        cast.sofia, "sofia@example.org", "550 5.1.1 No such user", NOW,
    )  # fmt: skip
    post.answers.clear()
    later = a_mail(cast.sofia, 2)
    send_due(NOW + MINUTE)
    assert (fresh(later).failed_at, fresh(later).error) == (
        NOW + MINUTE, "The address was refused before: 550 5.1.1 No such user",
    )  # fmt: skip
    assert len(post.taken) == 1


def test_a_new_address_ends_that(cast, post):
    Bounce.objects.create(person=cast.sofia, address="sofia@example.org", answer="550 No")
    User.objects.filter(pk=cast.sofia.pk).update(email="reyes@example.org")
    row = a_mail(cast.sofia)
    send_due(NOW)
    assert fresh(row).sent_at == NOW


def test_whoever_s_address_it_is_or_an_administrator_may_say_that_it_works(cast, post):
    Bounce.objects.create(person=cast.sofia, address="sofia@example.org", answer="550 No")
    with pytest.raises(PermissionDenied):
        lift(cast.sofia, by=cast.priya)
    assert lift(cast.sofia, by=cast.sofia)
    assert not lift(cast.sofia, by=cast.adele)
    row = a_mail(cast.sofia)
    send_due(NOW)
    assert fresh(row).sent_at == NOW


def test_later_is_not_never(cast, post):
    """4xx: greylisting, a full mailbox."""
    post.answers["sofia@example.org"] = "451 4.7.1 Try again later"
    row = a_mail(cast.sofia)
    send_due(NOW)
    assert (fresh(row).failed_at, fresh(row).due_at, Bounce.objects.count()) == (None, NOW + BACKOFF[0], 0)
    post.answers.clear()
    send_due(NOW + BACKOFF[0])
    assert fresh(row).sent_at == NOW + BACKOFF[0]


def test_a_server_that_hangs_up_costs_one_try_and_the_others_get_another_connection(cast, post):
    rows = [a_mail(cast.sofia, number) for number in range(5)]
    post.hang_up_at = 3
    assert send_due(NOW) == 4
    assert post.connections == 2
    assert [fresh(row).sent_at for row in rows] == [NOW, NOW, None, NOW, NOW]
    assert send_due(NOW + BACKOFF[0]) == 1
    assert sorted(taken[1] for taken in post.taken) == sorted(message_id_of(row) for row in rows)


@pytest.mark.parametrize("sent", [False, True])
def test_a_sender_that_dies_leaves_it_to_the_next_after_its_lease(cast, post, monkeypatch, sent):
    """Before the server has it, it goes once; between its “250” and our commit it goes again, under the same Message-ID."""
    row = a_mail(cast.sofia)
    deliver = mails.EmailMultiAlternatives.send

    class Killed(BaseException):
        pass

    def die(self: Any, *args: Any, **more: Any) -> int:
        if sent:
            deliver(self, *args, **more)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(mails.EmailMultiAlternatives, "send", die)
        with pytest.raises(Killed):
            send(row.pk, now=NOW)
    assert send_due(NOW + LEASE - MINUTE) == 0
    assert send_due(NOW + LEASE) == 1
    assert [taken[1] for taken in post.taken] == [message_id_of(row)] * (2 if sent else 1)


def test_two_senders_send_once(cast, post):
    row = a_mail(cast.sofia)
    assert OutgoingMail.objects.filter(pk=row.pk).update(leased_until=NOW + LEASE)  # the other has it
    assert send_due(NOW) == 0
    assert not send(row.pk, now=NOW)
    assert post.taken == []


def test_who_left_gets_nothing(cast, post):
    row = a_mail(cast.sofia)
    User.objects.filter(pk=cast.sofia.pk).update(is_active=False)
    send_due(NOW)
    assert (fresh(row).failed_at, fresh(row).error, post.taken) == (NOW, "The account is closed.", [])


def test_what_failed_can_be_tried_again_by_an_administrator(cast, post, django_capture_on_commit_callbacks):
    row = a_mail(cast.sofia)
    OutgoingMail.objects.filter(pk=row.pk).update(failed_at=NOW, attempts=8, error="Timeout")
    with pytest.raises(PermissionDenied):
        retry(row, by=cast.priya)
    with django_capture_on_commit_callbacks(execute=True):
        retry(row, by=cast.adele)
    assert fresh(row).sent_at is not None
    assert (fresh(row).attempts, fresh(row).failed_at) == (1, None)
    with pytest.raises(MailNotFailed):
        retry(row, by=cast.adele)
    assert len(post.taken) == 1


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b": (550, b"5.1.1 No\n such user")}), "550 5.1.1 No such user"),
        (smtplib.SMTPRecipientsRefused({"a@b": (450, b"Later")}), ""),
        (smtplib.SMTPRecipientsRefused({}), ""),
        (smtplib.SMTPSenderRefused(550, b"Who?", "us@b"), ""),  # of us, not of them
        (smtplib.SMTPDataError(554, b"Spam"), ""),
        (ConnectionRefusedError(), ""),
    ],
)
def test_only_what_is_said_of_the_address_for_good_ends_it(fault, answer):
    assert refusal_of(fault) == answer
