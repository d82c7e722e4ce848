"""The page that says what could not be sent, and trying again."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.mail import CLOSED_ACCOUNT, NOTHING_LEFT
from accounts.models import OutgoingMail
from reminders.failures import overview
from reminders.hooks import make_hook, send_test, switch
from reminders.models import Bounce, HookPost, Sweep

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def a_sweep(at: dt.datetime = NOW - MINUTE, **changes) -> Sweep:
    return Sweep.objects.create(**{"at": at, "ended_at": at, "made": {"overdue": 3, "due_soon": 0}, **changes})


def a_mail(cast, key: str, **changes) -> OutgoingMail:
    plain = {"kind": "digest", "person": cast.sofia, "due_at": NOW}
    return OutgoingMail.objects.create(key=key, **{**plain, **changes})


def test_it_is_said_in_one_sentence(cast, make_project):
    assert overview(NOW).sentence == "No sweep has run yet: nothing is due until the clock is on."
    a_sweep()
    a_mail(cast, "sent", sent_at=NOW)
    a_mail(cast, "moot", failed_at=NOW, error=NOTHING_LEFT)
    a_mail(cast, "closed", failed_at=NOW, error=CLOSED_ACCOUNT)
    a_mail(cast, "soon")
    assert (overview(NOW).sentence, overview(NOW).calm) == ("Everything due was sent.", True)

    for number in range(2):
        a_mail(cast, f"f{number}", failed_at=NOW, error="550 No such mailbox")
    assert overview(NOW).sentence == "Everything due was written down; 2 mails failed."
    a_mail(cast, "late", due_at=NOW - dt.timedelta(hours=1), attempts=2, error="ConnectionRefusedError")
    Bounce.objects.create(person=cast.sofia, address=cast.sofia.email, answer="550 No such mailbox")
    hook = make_hook(by=cast.adele, kind="slack", name="x", url="https://h.example.org/abcd", project=make_project())
    HookPost.objects.filter(pk=send_test(hook, by=cast.adele, now=NOW).pk).update(failed_at=NOW)
    found = overview(NOW)
    assert found.sentence == (
        "Everything due was written down; 2 mails failed, 1 mail waits for the mail server, 1 address does not exist and "
        "1 post to webhooks failed."
    )
    assert (found.calm, found.reasons) == (False, [("550 No such mailbox", 2)])
    assert (found.failed_count, found.waiting_count) == (2, 2)
    assert [mail.key for mail in found.waiting] == ["late", "soon"]
    assert (
        overview(NOW + dt.timedelta(hours=1)).sentence == "The clock stands: the last sweep was at Nov 20, 19:59 UTC."
    )


def test_the_page_says_what_each_sweep_did_and_came_too_late_for(client, cast):
    a_sweep(skipped=[["due_soon", "“Invoicing” is due on Nov 19."]])
    a_sweep(NOW - 11 * MINUTE, ended_at=None, made={})
    client.force_login(cast.adele)
    with time_machine.travel(NOW, tick=False):
        page = client.get("/reminders/").content.decode()
    assert "3 × Step overdue." in page
    assert "Too late to be of use: Step due soon (“Invoicing” is due on Nov 19.)" in page
    assert "Nothing new was due. It did not come to its end" in page
    assert "All is well" in page


def test_a_mail_and_an_address_are_tried_again(client, cast):
    a_sweep()
    mail = a_mail(cast, "f", failed_at=NOW, error="TimeoutError: ", attempts=8)
    gone = a_mail(cast, "g", sent_at=NOW)
    Bounce.objects.create(person=cast.bo, address="bo@example.org", answer="550 No such mailbox")
    client.force_login(cast.adele)
    page = client.get("/reminders/").content.decode()
    assert "1 × TimeoutError: " in page
    assert "bo@example.org" in page
    answer = client.post(f"/reminders/mails/{mail.pk}/again", follow=True)
    assert "is tried again from the start" in answer.content.decode()
    mail.refresh_from_db()
    assert (mail.failed_at, mail.attempts) == (None, 0)
    for pk in (mail.pk, gone.pk):
        assert "has gone meanwhile" in client.post(f"/reminders/mails/{pk}/again", follow=True).content.decode()
    client.post(f"/reminders/addresses/{cast.bo.pk}/again")
    assert Bounce.objects.count() == 0
    for address in ("/reminders/mails/999999/again", "/reminders/addresses/999999/again"):
        assert client.post(address).status_code == 404


@pytest.mark.parametrize(("person", "status"), [("priya", 403), ("sofia", 403), ("bo", 404), ("adele", 200)])
def test_only_administrators_see_it(client, cast, person, status):
    mail = a_mail(cast, "f", failed_at=NOW, error="x")
    Bounce.objects.create(person=cast.bo, address="bo@example.org", answer="550")
    client.force_login(getattr(cast, person))
    assert client.get("/reminders/").status_code == status
    if status != 200:
        assert client.post(f"/reminders/mails/{mail.pk}/again").status_code == status
        assert client.post(f"/reminders/addresses/{cast.bo.pk}/again").status_code == status
        assert OutgoingMail.objects.get().failed_at == NOW
        assert Bounce.objects.count() == 1


def test_it_takes_a_fixed_number_of_queries(client, cast, make_project):
    client.force_login(cast.adele)
    project = make_project()

    def look() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/reminders/").status_code == 200
        return len(caught)

    def grow(name: str) -> None:
        a_sweep()
        a_mail(cast, f"f{name}", failed_at=NOW, error=f"{name}")
        a_mail(cast, f"w{name}")
        hook = make_hook(by=cast.adele, kind="slack", name=name, url="https://h.example.org/abcd", project=project)
        switch(hook, False, by=cast.adele)

    grow("a")
    few = look()
    for name in "bcdefg":
        grow(name)
    assert (few, look()) == (9, 9)
