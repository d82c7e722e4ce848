"""The settings of the processes under test: development's, a quick schedule, and a clock that begins on a Tuesday morning.

What is sent depends on the day and the hour: digests go out on working days. So that the tests say the same on a Sunday night,
Django's clock in these processes begins at FAULT_BEGIN at the instant FAULT_STARTED (seconds since 1970), and runs on from there.
"""

import datetime as dt
import os

from django.utils import timezone

BEGIN = dt.datetime.fromisoformat(os.environ["FAULT_BEGIN"])
_AHEAD = BEGIN - dt.datetime.fromtimestamp(float(os.environ["FAULT_STARTED"]), dt.UTC)


def now() -> dt.datetime:
    """Return the instant on the clock of these processes."""
    return dt.datetime.now(dt.UTC) + _AHEAD


timezone.now = now  # before any model takes it as a default

from config.settings.dev import *  # noqa: E402, F403

# Waits that are minutes in the product are seconds here; nothing else is another than in production.
MAIL_LEASE = dt.timedelta(seconds=8)
MAIL_BACKOFF = [dt.timedelta(seconds=2)] * len(MAIL_BACKOFF)  # noqa: F405
SWEEP_LEASE = dt.timedelta(seconds=4)
NOTICES_GATHER = dt.timedelta(seconds=1)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_BEAT_SCHEDULE = {
    name: entry | {"schedule": dt.timedelta(seconds=1)}
    for name, entry in CELERY_BEAT_SCHEDULE.items()  # noqa: F405
    if isinstance(entry["schedule"], dt.timedelta)
}
