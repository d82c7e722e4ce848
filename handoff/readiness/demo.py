"""The demo's way to go-live: presented on a Monday, and what was set aside by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from accounts.models import User
from handoff.readiness.criteria import go_live_asked
from meetings.agenda_facts import BACK, company_series
from meetings.agenda_rules import counting
from meetings.closing import add_item
from meetings.holding import settle_item, start_meeting
from meetings.models import AgendaItem, Occurrence, Series
from meetings.planned import Planned, planned
from meetings.vocabulary import Kind, Outcome, Source
from projects.models import Project
from projects.waivers import waive
from transitions.clock import business_day
from transitions.gates import blockers_of, gate
from transitions.meeting import OccurrenceState
from transitions.moves import perform
from transitions.phase import Phase

#: The demo looks back so far: by then its Monday meetings were held.
YEAR = dt.timedelta(days=400)
WHY = "It went live before this was kept here; agreed with Client Services."


def presented(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let a project that is about to go live present on its Monday; set aside by name what the demo has no rows for."""
    if phase != Phase.RELEASE or not leaving or Phase.POST_LIVE not in project.phases or "Adele" not in people:
        return
    _present(project, people["Adele"], now)
    _set_aside(Project.objects.get(pk=project.pk), people, now)


def _present(project: Project, by: User, now: dt.datetime) -> None:
    today = business_day(now)
    target = go_live_asked(project, today)
    noon = dt.datetime.combine(target, dt.time(12), dt.UTC)
    series = company_series(Kind.GO_LIVE)
    for one in series:
        _was_there_before(one, now)
    meeting = counting(planned(series, noon - BACK, noon), target)
    if meeting is None or meeting.ends > now:
        return
    if meeting.state == OccurrenceState.PLANNED:
        item = add_item(meeting.series, meeting.day, project=project, by=by, now=meeting.starts)
        row = start_meeting(meeting.series, meeting.day, by=by, now=meeting.starts)
        settle_item(item, Outcome.PRESENTED, by=by, now=meeting.starts)
        perform(Occurrence.objects.get(pk=row.pk), "close_meeting", by=by, now=meeting.ends)
    else:
        _also_there(meeting, project, by)


def _was_there_before(series: Series, now: dt.datetime) -> None:
    """The demo's year began before its meetings were entered: let this one have been held all the while."""
    first = (now - YEAR).date()
    if series.starts_on > first:
        series.starts_on = first - dt.timedelta(days=first.weekday())
        series.save(update_fields=["starts_on"])


def _also_there(meeting: Planned, project: Project, by: User) -> None:
    """Another demo project was presented that Monday: this one was there too."""
    AgendaItem(
        occurrence=meeting.row, project=project, title=project.name, source=Source.ADDED, added_by=by, outcome=Outcome.PRESENTED,
        settled_by=by, settled_at=meeting.starts,
    ).save()  # fmt: skip


def _set_aside(project: Project, people: Mapping[str, User], now: dt.datetime) -> None:
    today = business_day(now)
    manager = project.manager or people["Adele"]
    for blocker in blockers_of(gate(project.gate_facts(today))):
        if blocker.waivable:
            waive(
                project, code=blocker.code, subject=blocker.subject, by=manager, reason=WHY,
                expires=today + dt.timedelta(days=30), now=now,
            )  # fmt: skip
