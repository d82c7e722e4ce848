"""The company's calendar day. Rules take `today` as an argument; only the doors (views, commands, tasks) ask here."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone

#: The company's wall clock (domain.md, Time: "US Eastern time, summer time included").
BUSINESS_ZONE = ZoneInfo("America/New_York")


def business_day(now: dt.datetime | None = None) -> dt.date:
    """Return the company's calendar date at the instant `now` (aware; the present by default)."""
    return (now or timezone.now()).astimezone(BUSINESS_ZONE).date()
