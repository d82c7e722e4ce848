"""Administrators look up sweeps, mails and refused addresses, and send again what failed. Nobody writes there."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail as outbox
from django.urls import reverse

from accounts import mail as mails
from accounts.mail import Message
from accounts.models import OutgoingMail
from reminders.models import Bounce, Sweep

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
LISTS = ("accounts_outgoingmail", "reminders_sweep", "reminders_bounce")


@pytest.fixture
def rows(cast, monkeypatch):
    """A mail that failed, one that waits, one that went; a sweep; an address that was refused."""
    monkeypatch.setitem(mails._builders, "test", lambda mail: Message("S", "H", ["P"]))
    for key, fields in (
        ("sent", {"sent_at": NOW}), ("failed", {"failed_at": NOW, "error": "TimeoutError: slow"}), ("waits", {}),
    ):  # fmt: skip
        OutgoingMail.objects.create(key=key, kind="test", person=cast.sofia, due_at=NOW, subject=key.title(), **fields)
    Sweep.objects.create(at=NOW, ended_at=NOW, made={"overdue": 4, "due_soon": 1}, skipped=[["overdue", "Late"]])
    Bounce.objects.create(person=cast.arun, address="arun@example.org", answer="550 No such user")


@pytest.mark.parametrize("name", LISTS)
def test_administrators_read_and_nobody_writes(client, cast, rows, name):
    client.force_login(cast.adele)
    assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:{name}_add")).status_code == 403
    row = {"accounts_outgoingmail": OutgoingMail, "reminders_sweep": Sweep, "reminders_bounce": Bounce}[
        name
    ].objects.first()
    assert row is not None
    assert client.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200
    assert client.post(reverse(f"admin:{name}_change", args=[row.pk]), {"error": "x"}).status_code == 403
    assert client.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_what_failed_stands_first(client, cast, rows):
    client.force_login(cast.adele)
    text = client.get(reverse("admin:accounts_outgoingmail_changelist")).content.decode()
    states = re.findall(r"field-state[^>]*>(\w+)<", text)
    assert states == ["Failed", "Waits", "Sent"]


def test_only_what_failed_is_tried_again(client, cast, rows, django_capture_on_commit_callbacks):
    client.force_login(cast.adele)
    chosen = list(OutgoingMail.objects.values_list("pk", flat=True))
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("admin:accounts_outgoingmail_changelist"),
            {"action": "try_again", "_selected_action": chosen},
            follow=True,
        )
    assert "1 tried again. 2 had not failed and were left alone." in response.content.decode()
    assert [mail.to for mail in outbox.outbox] == [["sofia@example.org"]]
    assert OutgoingMail.objects.get(key="failed").sent_at is not None


def test_an_address_is_tried_again(client, cast, rows):
    client.force_login(cast.adele)
    chosen = [Bounce.objects.get().pk]
    client.post(
        reverse("admin:reminders_bounce_changelist"), {"action": "send_there_again", "_selected_action": chosen}
    )
    assert not Bounce.objects.exists()
