"""Rows for the pages of the reminders' admin: a sweep, a mail that failed, and an address that was refused."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

from accounts.models import OutgoingMail
from reminders.models import Bounce, Sweep

AT = dt.datetime(2026, 11, 20, 14, tzinfo=dt.UTC)


def make_reminder_rows(cast: SimpleNamespace) -> None:
    """Make one row of each."""
    Sweep.objects.create(at=AT, ended_at=AT, made={"overdue": 1})
    OutgoingMail.objects.create(key="parts-d", kind="digest", person=cast.mallory, failed_at=AT, error="Timeout")
    Bounce.objects.create(person=cast.mallory, address=cast.mallory.email, answer="550 No such user", at=AT)
