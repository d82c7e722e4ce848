"""Agendas that build themselves (domain.md, Time, Meetings): who is on a meeting's agenda, who waits for which, and why.

Until an agenda closes it is what the rows say at the moment; the same rows give the same agenda however often it is asked. When
it closes, its points are written down and stay (`meetings.closing`). What is on it is decided in
`meetings.agenda_rules`, purely.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from meetings.agenda_facts import (
    BACK,
    TRANSITION,
    TSM_CODES,
    Key,
    company_series,
    read_facts,
    read_presented,
)  # fmt: skip
from meetings.agenda_rules import Agenda, counting, decide, key_of
from meetings.models import Occurrence, Series, SeriesAttendee
from meetings.planned import Planned, as_planned, planned
from meetings.vocabulary import COMPANY, Kind
from projects.models import Project, Seat
from transitions.meeting import OccurrenceState

#: Roles that come with a project to a meeting of the company, beside those that run it; TSM and TAM are those of TRANSITION.
BESIDE = {Kind.TDR: Q(role__code="SE", role__side="internal"),
          Kind.TRIAGE: Q(role__code__in=TSM_CODES, role__version__playbook__slug=TRANSITION)}  # fmt: skip


# Asking -------------------------------------------------------------------------------------------------------------------


def agenda_of(meeting: Planned, now: dt.datetime) -> Agenda:
    """Return the agenda of a meeting, in six queries or seven, however many projects there are."""
    return agendas_of([meeting], now)[meeting.series.pk, meeting.day]


def agendas_of(meetings: Iterable[Planned], now: dt.datetime) -> dict[Key, Agenda]:
    """Return the agendas of meetings by series and day, in a number of queries that depends on their kinds alone."""
    asked = list(meetings)
    facts = read_facts(asked, now)
    return {(one.series.pk, one.day): decide(one, facts, now) for one in asked}


def attendees(series: Series, day: dt.date) -> set[int]:
    """Return who is on a meeting (ids): host and attendees of the series; for the company's, who runs the projects on its agenda
    and comes with them (the SE to a design review, the TSM to triage); for a project's, who runs it. Queries: nine at most."""
    row = Occurrence.objects.filter(series=series, day=day).first()
    meeting = as_planned(series, day, row)
    return attendees_of([meeting], timezone.now())[series.pk, day]


def attendees_of(meetings: Iterable[Planned], now: dt.datetime) -> dict[Key, set[int]]:
    """Return who is on each of some meetings, by series and day; people who are deactivated are not among them.

    A number of queries that depends on the kinds alone.
    """
    return attendees_by(meetings, agendas_of([one for one in list(meetings) if one.series.kind in COMPANY], now))


def attendees_by(meetings: Iterable[Planned], agendas: dict[Key, Agenda]) -> dict[Key, set[int]]:
    """Return who is on each of some meetings, whose agendas (of the company's) were made already. Two queries."""
    asked = list(meetings)
    standing: dict[int, set[int]] = {}
    rows = SeriesAttendee.objects.present().filter(series__in={one.series.pk for one in asked})
    for series_id, person_id in rows.order_by().values_list("series_id", "person_id"):
        standing.setdefault(series_id, set()).add(person_id)
    projects = {one for agenda in agendas.values() for one in agenda.project_ids}
    projects |= {one.series.project_id for one in asked if one.series.project_id}
    seats: dict[int, list[tuple[int, bool, str]]] = {}
    wanted = Q(role__manages=True)
    for beside in BESIDE.values():
        wanted |= beside
    found = Seat.objects.filter(wanted, project__in=projects, person__is_active=True)
    for project_id, *seat in found.order_by().values_list("project_id", "person_id", "role__manages", "role__code"):
        seats.setdefault(project_id, []).append(tuple(seat))
    made = {}
    for one in asked:
        people = set(standing.get(one.series.pk, ()))
        people |= {one.host_id} if one.host_id else set()
        agenda = agendas.get(key_of(one))
        of = agenda.project_ids if agenda else {one.series.project_id}
        codes = {Kind.TDR: ("SE",), Kind.TRIAGE: TSM_CODES}.get(Kind(one.series.kind), ())
        if one.series.kind != Kind.TSM_REVIEW:
            for project_id in of:
                for person_id, manages, code in seats.get(project_id or 0, ()):
                    if manages or code in codes:
                        people.add(person_id)
        made[key_of(one)] = people
    return made


@dataclass(frozen=True, slots=True)
class Presentation:
    """The meeting at which a project presents to Client Services, None where none is left, and whether it did."""

    meeting: Planned | None
    presented: bool


def presentation_of(project: Project, now: dt.datetime) -> Presentation:
    """Return the meeting that counts, the last strictly before the go-live, and whether the project presented there.

    Three queries. A project that is live is asked about the day on which it went.
    """
    target = project.actual_go_live or project.target_go_live
    meetings = planned(company_series(Kind.GO_LIVE), _noon(target) - BACK, _noon(target))
    meeting = counting(meetings, target)
    presented = read_presented(project.pk) if meeting else set()
    return Presentation(meeting, meeting is not None and (project.pk, *key_of(meeting)) in presented)


def meetings_held(project: Project, kind: str) -> list[Occurrence]:
    """Return the meetings of a kind that a project held, in their order; one query."""
    rows = Occurrence.objects.filter(project=project, series__kind=kind, state=OccurrenceState.HELD)
    return list(rows.select_related("series").order_by("day"))


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)
