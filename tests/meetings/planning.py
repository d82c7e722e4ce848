"""Series for the tests of this room."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import User
from meetings.models import Series
from meetings.series import make_series
from transitions.clock import business_day

EASTERN = ZoneInfo("America/New_York")
#: A Friday morning.
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
TUESDAY = dt.date(2026, 11, 24)


def at(*when: int) -> dt.datetime:
    """Return an instant at the wall clock of the company."""
    return dt.datetime(*when, tzinfo=EASTERN)  # type: ignore[arg-type, misc]


def tdr(by: User, **values: Any) -> Series:
    """Plan the Technical Design Review, on Tuesdays at 13:00."""
    said = {
        "title": "Technical Design Review", "rule": "FREQ=WEEKLY;BYDAY=TU", "starts_on": dt.date(2026, 11, 3),
        "starts_at": dt.time(13), "minutes": 90, "now": NOW,
    }  # fmt: skip
    return make_series("tdr", by=by, **(said | values))


def a_tuesday_ahead() -> dt.date:
    """Return a Tuesday that is ahead whenever these tests are run: within two months of today, whichever day that is."""
    later = business_day() + dt.timedelta(days=50)
    return later + dt.timedelta(days=(1 - later.weekday()) % 7)
