"""Meetings while they run, for the table of who may do what: one under way on either project, with a point and an action."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from accounts.models import User
from meetings.closing import add_item
from meetings.holding import give_action
from meetings.models import Occurrence, Series
from meetings.planned import occurrence_of
from meetings.vocabulary import Kind
from projects.models import Project
from transitions.moves import perform

ABSENT = 987654
#: Fridays: one that is under way, and one before it that nobody has started.
UNDER_WAY, PLANNED = dt.date(2026, 11, 20), dt.date(2026, 11, 13)
DUE = dt.date(2026, 12, 31)
Parts = dict[str, tuple[Any, Any, Any]]


def parts(own: Project, foreign: Project, cast: SimpleNamespace) -> dict[str, Parts]:
    """Make a meeting of its own on both projects; return the parts of the addresses of what is done in it."""
    made = [_round(project, host) for project, host in ((own, cast.priya), (foreign, cast.adele))]
    series_id = (*(one.series.pk for one in made), ABSENT)
    here: Parts = {"series_id": series_id, "day": (UNDER_WAY.isoformat(),) * 2 + ("2026-11-19",)}
    item: Parts = {"item_id": (*(one.item.pk for one in made), ABSENT)}
    action: Parts = {"action_id": (*(one.action.pk for one in made), ABSENT)}
    names = ("run-meeting", "close-meeting", "meeting-notes", "meeting-attendance", "add-agenda-item", "meeting-decision",
             "meeting-action")  # fmt: skip
    found = dict.fromkeys(names, here)
    found |= {f"{name}-agenda-item": here | item for name in ("say", "decide", "remove")}
    found["start-meeting"] = here | {"day": (PLANNED.isoformat(),) * 2 + ("2026-11-19",)}
    found["move-meeting-action"] = here | action
    return found


def _round(project: Project, host: User) -> SimpleNamespace:
    series = Series.objects.create(
        kind=Kind.OTHER, project=project, title="Friday round", rule="FREQ=WEEKLY;BYDAY=FR", starts_on=PLANNED,
        starts_at=dt.time(10), minutes=60, host=host,
    )  # fmt: skip
    item = add_item(series, UNDER_WAY, title="Budget", by=host)
    row = perform(occurrence_of(series, UNDER_WAY, by=host), "open_meeting", by=host).row
    action = give_action(row, "Draw it", owner=host, due=DUE, by=host)
    return SimpleNamespace(series=series, item=item, action=action)


def _row(site: Any, of: str) -> Occurrence:
    project = site.foreign if of == "foreign" else site.own
    return Occurrence.objects.get(project=project, day=UNDER_WAY)


#: What somebody who may would send, by the name of the address.
BODIES: dict[str, Any] = {
    "start-meeting": lambda site, of: {},
    "close-meeting": lambda site, of: {"note": "", "revision": _row(site, of).revision},
    "meeting-notes": lambda site, of: {"notes": "All went well", "revision": _row(site, of).revision},
    "meeting-attendance": lambda site, of: {f"presence-{site.cast.ivan.pk}": "attended"},
    "add-agenda-item": lambda site, of: {"title": "Dates"},
    "say-agenda-item": lambda site, of: {"outcome": "discussed", "note": ""},
    "remove-agenda-item": lambda site, of: {},
    "meeting-decision": lambda site, of: {"text": "One retry is enough"},
    "meeting-action": lambda site, of: {
        "text": "Ask the biller", "owner": _row(site, of).series.host_id, "due": DUE.isoformat(),
    },
    "move-meeting-action": lambda site, of: {"move": "finish_action", "revision": 0},
}  # fmt: skip
REFUSED_BODIES: dict[str, Any] = {
    "decide-agenda-item": lambda site, of: {"act": "approve", "shown": "0" * 64},  # nothing is decided under it
}
OFFERED: dict[str, dict[str, Any]] = {
    "start-meeting": {"item": "", "next": ""},
    "meeting-decision": {"item": ""},
    "meeting-action": {"item": "", "becomes": ""},
    "move-meeting-action": {"note": "", "item": ""},
}
