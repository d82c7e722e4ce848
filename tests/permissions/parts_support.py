"""Support after go-live, in the table: a running period on both projects, and what somebody would send there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from handoff.models import SupportPeriod, SupportTurn
from handoff.support.vocabulary import Turn
from projects.models import Project

ABSENT = 987654
Parts = dict[str, dict[str, tuple[Any, Any, Any]]]


def parts(own: Project, foreign: Project, cast: SimpleNamespace) -> Parts:
    """Make a period that runs, and its letter, on both projects; neither is live, which nothing here asks."""
    turns = [make_period(project, cast).pk for project in (own, foreign)]
    return {"support-letter": {"turn_id": (*turns, ABSENT)}}


def make_period(project: Project, cast: SimpleNamespace) -> SupportTurn:
    """Write a period of 90 days down, as of a go-live in November, and how it began, with a letter that nobody got."""
    start = dt.date(2026, 11, 9)
    period = SupportPeriod(
        project=project, number=1, support="Transition Success", starts_on=start, days=90, tsm=cast.cora,
        planned_end=start + dt.timedelta(days=90),
    )  # fmt: skip
    period.save()
    turn = SupportTurn(
        project=project, period=period, kind=Turn.STARTED, day=start, new_end=period.planned_end, by=cast.priya,
        letter="Your support begins\n\nYou are live.",
    )  # fmt: skip
    turn.save()
    return turn


def _end(site: Any, of: str) -> dict[str, Any]:
    return {"act": "end", "note": "They asked for it", "revision": 0}


Body = Callable[[Any, str], dict[str, Any]]

BODIES: dict[str, Body] = {}

#: Client Services do it, and nobody who only runs the project may; and support runs already.
REFUSED_BODIES: dict[str, Body] = {
    "support": _end,
    "support-tsm": lambda site, of: {"tsm": site.cast.tess.pk, "revision": 0},
    "support-contact": lambda site, of: {"contact": site.cast.bo.pk, "revision": 0},
    "support-letter": lambda site, of: {},
    "begin-support": lambda site, of: {},
}

#: Fields that the forms have and the bodies leave out.
OFFERED: dict[str, dict[str, Any]] = {"support": {"until": "", "goes_on": ""}}
