"""The tier in the demo: decided in Release, by the table or otherwise, and its meetings held before a project leaves it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from django.utils import timezone

from accounts.models import User
from handoff.marks import TRANSITION
from handoff.tier.decisions import Choice, candidates, decide, decision_of, position_of
from handoff.tier.rule import Support, Terms
from handoff.tier.tsm_meetings import NONE, meetings_of
from meetings.holding import start_meeting
from meetings.project_meetings import TSM_MINUTES, in_seats, present
from meetings.series import make_series
from meetings.single import add_meetings
from meetings.vocabulary import Kind
from projects.models import Project, Vertical
from projects.schedule import ONE_DAY, is_working_day
from transitions.clock import business_day
from transitions.moves import perform
from transitions.phase import Phase

NAMESPACE = uuid.UUID("0e6c2a4d-2f0b-4f57-9a3d-5f1c6f0a7b21")
HOUR = dt.time(14)
#: What a biller gets that is taken in, whatever its MRR.
TAKEN_IN = Terms(Support.TRANSITION_SUCCESS, 60, 2)


def chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let Cora decide on projects that stay in SIT or Finalize, or come to Release; who leaves it has held its meetings."""
    early = phase in (Phase.SIT, Phase.FINALIZE) and not leaving
    if not (early or phase == Phase.RELEASE) or all(
        version.playbook != TRANSITION for version in project.board.versions
    ):
        return
    if decision_of(project) is None:
        _decide(
            project, people, now if leaving else timezone.now(), meetings_too=phase == Phase.RELEASE and not leaving
        )
    if leaving:
        _hold(project, people, now)


def _decide(project: Project, people: Mapping[str, User], now: dt.datetime, *, meetings_too: bool) -> None:
    proposal = position_of(project, now).proposal
    # Some biller is always taken in, whatever its MRR.
    taken_in = proposal is None or (proposal.terms.open_ended and project.biller.vertical == Vertical.TAX)
    terms = TAKEN_IN if taken_in or proposal is None else proposal.terms
    tsm = people["TSM"] if terms.support != Support.HELP_DESK else None
    if tsm is not None and tsm.pk not in {person.pk for person in candidates(project)}:
        return
    reason = "UAT drags on, and the PM thinks that the first weeks will be hard." if taken_in else ""
    key = uuid.uuid5(NAMESPACE, project.code)
    decide(project, Choice(terms, tsm, reason), by=people["CSM"], key=key, change_meetings=meetings_too, now=now)


def _hold(project: Project, people: Mapping[str, User], now: dt.datetime) -> None:
    """Hold as many TSM meetings as the tier asks for, on the last working days before the present of the project."""
    decision = decision_of(project)
    held = meetings_of([project], now).get(project.pk, NONE).held
    missing = decision.meetings - held if decision else 0
    if missing <= 0:
        return
    days: list[dt.date] = []
    day = business_day(now)
    while len(days) < missing:
        day -= ONE_DAY
        if is_working_day(day):
            days.append(day)
    manager = project.board.manager()
    by = User.objects.get(pk=manager.id) if manager else people["Adele"]
    before = now - dt.timedelta(days=30)
    series = present(project, Kind.TSM)
    if series is None:
        series = make_series(
            Kind.TSM, by=by, project=project, days=days, attendees=in_seats(project, "PM", "IM", "TSM"), now=before,
            title=Kind.TSM.label, starts_on=min(days), starts_at=HOUR, minutes=TSM_MINUTES, host=by,
        )  # fmt: skip
    else:
        add_meetings(series, days, by=by, now=before)
    for one in sorted(days):
        row = start_meeting(series, one, by=by, now=_at(series.occurrences.get(day=one).starts))
        perform(row, "close_meeting", by=by, now=_at(row.ends))


def _at(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)
