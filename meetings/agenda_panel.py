"""Of agendas, what stands on a project's page: when it presents, and at which design review it is looked at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import User
from meetings.agenda import agendas_of
from meetings.agenda_facts import BACK, company_series
from meetings.agenda_rules import closes_at, counting, key_of, local_day
from meetings.planned import Planned, planned
from meetings.vocabulary import Kind
from meetings.words import day_words
from playbook.vocabulary import ApprovalKind
from projects.days import short
from projects.models import Project
from projects.panels import Panel
from transitions.meeting import OccurrenceState
from transitions.phase import Phase
from transitions.standing import Standing


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what, when, and what is to be said of it."""

    label: str
    when: str
    address: str
    note: str = ""
    late: bool = False


def project_panel(project: Project, who: User, today: dt.date) -> Panel | None:
    """Return when a project presents and is reviewed; in two queries, and in six more while it is ready for its review."""
    if project.standing != Standing.ACTIVE:
        return None
    now = timezone.now()
    presents = project.actual_go_live is None and project.phase != Phase.POST_LIVE
    review = _open_review(project)
    kinds = ([Kind.GO_LIVE] if presents else []) + ([Kind.TDR] if review else [])
    series = company_series(*kinds) if kinds else []
    if not series:
        return None
    meetings = planned(
        series, _noon(min(project.target_go_live, today)) - BACK, _noon(max(project.target_go_live, today)) + BACK
    )
    lines = []
    if presents and any(one.kind == Kind.GO_LIVE for one in series):
        lines.append(_presentation(project, [one for one in meetings if one.series.kind == Kind.GO_LIVE], now))
    if review and any(one.kind == Kind.TDR for one in series):
        lines.append(_review(project, [one for one in meetings if one.series.kind == Kind.TDR], now))
    return Panel("meetings/panel_agenda.html", {"lines": lines})


def go_live_panel(project: Project, day: dt.date, who: User, today: dt.date) -> Panel | None:
    """Return at which meeting the project would present with another go-live; nothing where it is the same. Three queries."""
    presents = project.actual_go_live is None and project.phase != Phase.POST_LIVE
    series = company_series(Kind.GO_LIVE) if presents and project.standing == Standing.ACTIVE else []
    if not series:
        return None
    was, now = (counting(planned(series, _noon(on) - BACK, _noon(on)), on) for on in (project.target_go_live, day))
    if (was and key_of(was)) == (now and key_of(now)):
        return None
    return Panel(
        "meetings/panel_go_live.html", {"was": _when(was, today), "now": _when(now, today), "missing": now is None}
    )


def _when(meeting: Planned | None, today: dt.date) -> str:
    if meeting is None:
        return "at no meeting, as none comes before it"
    day = local_day(meeting)
    return f"on {day:%a} {short(day, today)}"


def _presentation(project: Project, meetings: list[Planned], now: dt.datetime) -> Line:
    last = counting(meetings, project.target_go_live)
    if last is None:
        return Line("Presents", "no meeting before the go-live", "", "Presentation missing", True)
    passed = last.ends <= now
    note = f"on a holiday: {last.clash}" if last.clash else ""
    return Line("Presented" if passed else "Presents", day_words(local_day(last)), last.address, note)


def _review(project: Project, meetings: list[Planned], now: dt.datetime) -> Line:
    """Say at which meeting the review comes, or what it waits for."""
    needed = [step for step in _needs(project) if not step]
    coming = [one for one in meetings if one.state == OccurrenceState.PLANNED and one.ends > now]
    if not coming:
        return Line("TDR", "no meeting is planned", "")
    if needed:
        count = len(needed)
        return Line(
            "TDR", "not ready yet", coming[0].address, f"waits: {count} {'step' if count == 1 else 'steps'} open"
        )
    agendas = agendas_of(coming[:1], now)
    agenda = agendas[key_of(coming[0])]
    if project.pk in agenda.project_ids:
        return Line("TDR", day_words(local_day(coming[0])), coming[0].address)
    waiting = next((one for one in agenda.waiting if one.about.id == project.pk), None)
    if waiting is None or waiting.expected is None:
        return Line("TDR", "waits", coming[0].address, waiting.why if waiting else "")
    cutoff = closes_at(coming[0])
    note = (
        "waits: capacity" if waiting.why.startswith("Over capacity") else "waits: the agenda closed" if cutoff else ""
    )
    return Line("TDR", day_words(local_day(waiting.expected)), waiting.expected.address, note)


def _open_review(project: Project) -> bool:
    return project.phase == Phase.DESIGN and any(
        step.template.approval == ApprovalKind.TECHNICAL_DESIGN_REVIEW and not step.closed
        for step in project.board.steps
    )


def _needs(project: Project) -> list[bool]:
    """Return of each step that the open review needs whether it is closed."""
    board = project.board
    review = next(
        step
        for step in board.steps
        if step.template.approval == ApprovalKind.TECHNICAL_DESIGN_REVIEW and not step.closed
    )
    return [board.by_path[path].closed for path in review.template.needs if path in board.by_path]


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)
