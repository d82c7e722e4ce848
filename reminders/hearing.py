"""When a person hears: their zone, the hour of their digest, quiet hours, days away. Pure, from their row and an instant."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from projects.schedule import is_working_day
from reminders.models import MORNING
from transitions.clock import BUSINESS_ZONE

logger = structlog.get_logger(__name__)

#: Until when a digest that is late is still this day's; later it goes with the next.
EVENING = dt.time(20)


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a person hears. `quiet` is from and until, at their wall clock, over midnight where it ends before it begins."""

    zone: ZoneInfo = BUSINESS_ZONE
    digest_at: dt.time = MORNING
    quiet: tuple[dt.time, dt.time] | None = None
    away: tuple[dt.date, dt.date] | None = None

    def is_away(self, day: dt.date) -> bool:
        """Return whether the person is away on a day of theirs."""
        return self.away is not None and self.away[0] <= day <= self.away[1]

    def is_quiet(self, now: dt.datetime) -> bool:
        """Return whether nothing is to be sent at once at the instant `now`."""
        local = now.astimezone(self.zone)
        if self.is_away(local.date()):
            return True
        if self.quiet is None or self.quiet[0] == self.quiet[1]:
            return False
        since, until = self.quiet
        time = local.time()
        return since <= time < until if since < until else time >= since or time < until

    def morning(self, day: dt.date) -> dt.datetime:
        """Return the instant of a day's digest. Where the clock jumps over that hour, it is when it has."""
        return dt.datetime.combine(day, self.digest_at, self.zone)

    def digest_day(self, now: dt.datetime) -> dt.date | None:
        """Return the day whose digest may go out at the instant `now`, or None: before its hour, in the evening, on a day on
        which nobody works, or while the person is away."""
        local = now.astimezone(self.zone)
        day = local.date()
        if not is_working_day(day) or self.is_away(day):
            return None
        over = local.time() >= EVENING and self.digest_at < EVENING
        return None if over or local.time() < self.digest_at else day

    def next_digest(self, now: dt.datetime) -> dt.datetime:
        """Return when the next digest goes out, after the instant `now`."""
        day = now.astimezone(self.zone).date()
        while self.morning(day) <= now or not is_working_day(day) or self.is_away(day):
            day += dt.timedelta(days=1)
        return self.morning(day)


def zone_of(name: str, person_id: int) -> ZoneInfo:
    """Return the zone of that name; the company's, said in the log, where there is none or none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        logger.warning("zone_unknown", person=person_id, zone=name, used=str(BUSINESS_ZONE))
        return BUSINESS_ZONE


def hearing_of(person: Any) -> Hearing:
    """Return how a person hears, from their row and their `hours` (read with it), if they have chosen any."""
    zone, hours = zone_of(person.time_zone, person.pk), getattr(person, "hours", None)
    if hours is None:
        return Hearing(zone)
    return Hearing(
        zone,
        hours.digest_at,
        (hours.quiet_from, hours.quiet_until) if hours.quiet_from is not None else None,
        (hours.away_from, hours.away_until) if hours.away_from is not None else None,
    )
