"""The meetings' part of the demo: the company's series with people on them, and what projects plan of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from meetings.company import load_company_series, shipped
from meetings.models import Series
from meetings.project_meetings import plan_discovery, plan_steering, plan_tsm, present, propose_discovery, spread
from meetings.series import edit_all, set_attendees
from meetings.vocabulary import COMPANY, Kind
from projects.models import Notice, NoticeKind, Project
from projects.schedule import ONE_DAY, working_day_on_or_after
from transitions.clock import business_day
from transitions.phase import Phase

#: Who hosts and who attends the company's meetings in the demo, by first name.
ON = {
    Kind.TDR: ("Ingrid", ("Arun", "Sofia", "Priya", "Ivan")),
    Kind.GO_LIVE: ("Cora", ("Tess", "Priya", "Ivan")),
    Kind.TRIAGE: ("Tess", ("Cora", "Priya", "Ivan")),
    Kind.TSM_REVIEW: ("Cora", ("Tess", "Ivan")),
}
MORNING, AFTERNOON = dt.time(9, 30), dt.time(15)


def chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let a project that stays in Discovery plan its sessions, and one in Release its meetings with the TSM.

    What is planned lies ahead of the real present, not of the days that the project lived through.
    """
    present_now = timezone.now()
    _company(people, present_now)
    if leaving:
        return
    manager = project.board.manager()
    by = User.objects.get(pk=manager.id) if manager else people["Adele"]
    today = business_day(present_now)
    if phase == Phase.DISCOVERY and present(project, Kind.DISCOVERY) is None:
        days = propose_discovery(project, working_day_on_or_after(today + ONE_DAY), MORNING).days
        series = plan_discovery(project, days, MORNING, by=by, now=present_now)
        biller = (
            [people["B"]]
            if any(seat.person and seat.person.id == people["B"].pk for seat in project.board.seats)
            else []
        )
        set_attendees(series, [row.person for row in series.attendees.all()] + biller, by=by, now=present_now)
    if phase == Phase.RELEASE and present(project, Kind.TSM) is None:
        wanted = 4 if project.number % 2 else 2
        count = next((few for few in (wanted, 2, 1) if len(spread(project.target_go_live, few, today)) == few), 0)
        if count:
            plan_tsm(project, count, AFTERNOON, by=by, now=present_now)
    if phase == Phase.RELEASE and project.phased_go_live and present(project, Kind.STEERING) is None:
        plan_steering(
            project, working_day_on_or_after(today + 3 * ONE_DAY), dt.time(11), "fortnightly", by=by, now=present_now
        )


def _company(people: Mapping[str, User], now: dt.datetime) -> None:
    """Let the company's series exist, with the cast on those that nobody hosts yet; whoever is on one knows it by now."""
    if Series.objects.filter(kind__in=COMPANY).values("kind").distinct().count() < len(COMPANY):
        load_company_series(shipped().read_text(encoding="utf-8"), now=now)
    for series in Series.objects.filter(kind__in=COMPANY, host=None, ended_on=None):
        if series.attendees.exists():
            continue
        host, attendees = ON[Kind(series.kind)]
        edit_all(series, by=people["Adele"], host=people[host], now=now)
        set_attendees(series, [people[first] for first in attendees], by=people["Adele"], now=now)
        told = Notice.objects.filter(kind=NoticeKind.MEETING_CHANGED, occasion__startswith=f"series:{series.pk}:")
        told.update(read_at=F("heard_from"))
