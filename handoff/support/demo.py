"""Support in the demo: of the projects that are live, one is extended, one has ended, the others run at various days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from accounts.models import User
from handoff.models import SupportPeriod, SupportTurn
from handoff.support.periods import ensure_period, evaluate
from handoff.support.vocabulary import Turn
from projects.models import Project
from transitions.blockers import MoveRefused
from transitions.clock import business_day
from transitions.moves import perform
from transitions.phase import Phase
from transitions.support import SupportState


def chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let Client Services look after a project that is live: evaluate what is due, extend the first, end the second."""
    if phase != Phase.POST_LIVE:
        return
    by = people["TSM"]
    ensure_period(project, by=by, now=now)
    period = SupportPeriod.objects.running().filter(project=project).first()
    if period is None:
        return
    today = business_day(now)
    until = max(period.planned_end, today) + dt.timedelta(days=30)
    try:
        if period.evaluate_on is not None:
            if period.evaluate_on <= today:
                evaluate(
                    period,
                    by=by,
                    note="Two cases are open; they want to see a second billing run.",
                    until=until,
                    now=now,
                )
        elif not _happened(Turn.EXTENDED):
            perform(
                period,
                "extend_support",
                by=by,
                until=until,
                note="The daily balance file still fails on Mondays.",
                now=now,
            )
        elif not SupportPeriod.objects.filter(state=SupportState.ENDED, days__gt=0).exists():
            perform(period, "end_support", by=by, note="Four weeks without a case; the biller agrees.", now=now)
    except MoveRefused:
        return  # a go-live of yesterday: its period just runs


def _happened(turn: Turn) -> bool:
    return SupportTurn.objects.filter(kind=turn).exists()
