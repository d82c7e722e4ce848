"""What the table says of series and single meetings: a series of one's own project, one of a foreign one, and none."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from meetings.models import Series
from meetings.series import make_series
from meetings.single import cancel_meeting
from projects.models import Project

#: Days that are ahead whenever the table is made: one planned, one cancelled, and one on a holiday.
NEXT_YEAR = dt.datetime.now(dt.UTC).year + 1
DAY, CANCELLED, HOLIDAY = dt.date(NEXT_YEAR, 12, 1), dt.date(NEXT_YEAR, 12, 3), dt.date(NEXT_YEAR, 12, 25)
ABSENT = 987654


def parts(own: Project, foreign: Project, cast: SimpleNamespace) -> dict[str, dict[str, tuple[Any, Any, Any]]]:
    """Make a series of three single days on both projects; return the parts of the addresses that speak of them."""
    made = []
    for project, by in ((own, cast.priya), (foreign, cast.adele)):
        series = make_series(
            "other", by=by, project=project, title="Weekly talk", starts_on=DAY, starts_at=dt.time(9), minutes=30,
            days=[DAY, CANCELLED, HOLIDAY],
        )  # fmt: skip
        cancel_meeting(series, CANCELLED, by=by, note="Nothing to talk about")
        made.append(series.pk)
    of_series = {"series_id": (*made, ABSENT)}

    def on(day: dt.date) -> dict[str, tuple[Any, Any, Any]]:
        return of_series | {"day": (day.isoformat(), day.isoformat(), f"{NEXT_YEAR}-12-02")}

    return {
        "series": of_series, "end-series": of_series, "series-attendees": of_series, "meeting": on(DAY),
        "change-meeting": on(DAY), "cancel-meeting": on(DAY), "hold-meeting": on(CANCELLED), "hold-on-holiday": on(HOLIDAY),
    }  # fmt: skip


def _series(site: Any, of: str) -> Series:
    return Series.objects.get(project=site.foreign if of == "foreign" else site.own, title="Weekly talk")


#: What somebody who may would send, by the name of the address.
BODIES: dict[str, Any] = {
    "series": lambda site, of: {
        "title": "Weekly talk", "starts_at": "10:00", "minutes": 30, "host": "", "place": "", "cancels": "",
        "revision": _series(site, of).revision,
    },
    "end-series": lambda site, of: {"day": f"{NEXT_YEAR}-12-20", "reason": "", "revision": _series(site, of).revision},
    "series-attendees": lambda site, of: {"people": [site.cast.ivan.pk]},
    "change-meeting": lambda site, of: {
        "date": f"{NEXT_YEAR}-12-04", "at": "09:00", "minutes": 30, "host": "", "place": "", "scope": "this", "cancels": "",
        "revision": _series(site, of).revision, "seen": 0,
    },
    "cancel-meeting": lambda site, of: {"note": "Nobody is there", "seen": 0},
    "hold-meeting": lambda site, of: {"note": "", "seen": 1},
    "hold-on-holiday": lambda site, of: {},
    "plan-tsm": lambda site, of: {"count": 1, "at": "14:00", "minutes": 30},
    "plan-steering": lambda site, of: {"first": f"{NEXT_YEAR}-12-02", "at": "11:00", "minutes": 60, "rhythm": "weekly"},
}  # fmt: skip
#: Answered with the page and a proposal (200), not with a way on (302): nothing is planned by it.
REFUSED_BODIES: dict[str, Any] = {
    "plan-discovery": lambda site, of: {"first": f"{NEXT_YEAR}-12-02", "at": "09:00"},
}
#: Fields that a form does have but the usual body leaves out.
OFFERED: dict[str, dict[str, Any]] = {"plan-discovery": {"days": ""}}
