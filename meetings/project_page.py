"""What stands of meetings on a project's pages: its own page of them, and the panels elsewhere."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from meetings.clock_words import when
from meetings.models import Series, SeriesAttendee
from meetings.pages import AHEAD, MeetingRow, row_of
from meetings.planned import planned
from meetings.rules import in_words
from meetings.vocabulary import Kind
from projects.models import Project, ProjectStep
from projects.outside_asks import Telling
from projects.panels import Panel

ON_PAGE, IN_PANEL, OUTSIDE = 20, 3, 10
#: What a step calls its meeting in the playbooks, and the kind of series that it is.
OF_STEPS = {
    "technical-design-review": Kind.TDR, "discovery-sessions": Kind.DISCOVERY, "tsm-meetings": Kind.TSM,
    "cs-go-live-presentation": Kind.GO_LIVE, "triage-call": Kind.TRIAGE, "tsm-assignment-review": Kind.TSM_REVIEW,
    "steering-committee": Kind.STEERING,
}  # fmt: skip
PLANNED_HERE = {Kind.DISCOVERY, Kind.TSM, Kind.STEERING}


def _series_of(project: Project, reader: User) -> list[Any]:
    """Return the series of a project, each with whether the reader is `on` it; one query."""
    on = SeriesAttendee.objects.present().filter(series=OuterRef("pk"), person=reader)
    rows: Any = Series.objects.filter(project=project).select_related("host").order_by("starts_on", "pk")
    every = list(rows.annotate(on=Exists(on)))
    for one in every:
        one.project = project
    return every


def next_of(series: list[Any], reader: User, now: dt.datetime, count: int) -> list[MeetingRow]:
    """Return the next meetings of some series (of `_series_of`), as `reader` sees them; one query."""
    attended = {one.pk for one in series if one.on or one.host_id == reader.pk}
    coming = [one for one in planned(series, now - dt.timedelta(days=1), now + AHEAD) if one.ends > now]
    return [row_of(one, reader, now, attends=one.series.pk in attended) for one in coming[:count]]


def project_values(project: Project, reader: User, now: dt.datetime) -> dict[str, Any]:
    """Return what a project's page of meetings shows: the next ones, its series, and which kinds it has by now; two queries."""
    series = _series_of(project, reader)
    return {
        "rows": next_of(series, reader, now, ON_PAGE),
        "series": [
            {"row": one, "rule": in_words(one.rule, one.starts_on), "ended": one.ended_on, "address": one.get_absolute_url()}
            for one in series
        ],
        "there": {one.kind for one in series if one.ended_on is None},
    }  # fmt: skip


def project_panel(project: Project, reader: User, today: dt.date) -> Panel | None:
    """Return the next meetings on a project's page; two queries at most, one where there are none."""
    series = _series_of(project, reader)
    rows = next_of(series, reader, timezone.now(), IN_PANEL) if series else []
    return Panel(
        "meetings/panel_project.html", {"rows": rows, "link": reverse("project-meetings", args=[project.code])}
    )


def step_panel(step: ProjectStep, reader: User, today: dt.date) -> Panel | None:
    """Return where a step's meeting is held: the project's series, the company's, or where it can be planned; one query."""
    kind = OF_STEPS.get(step.template.meeting)
    if kind is None:
        return None
    own = kind in PLANNED_HERE
    found = (
        Series.objects.filter(kind=kind, project=step.project if own else None, ended_on=None).order_by("-pk").first()
    )
    if found is not None and not own and not reader.has_perm("meetings.see_meetings"):
        return None
    if found is None and not own:
        return None
    address = found.get_absolute_url() if found else reverse("project-meetings", args=[step.project.code])
    values = {
        "label": kind.label, "address": address, "planned": found is not None,
        "rule": in_words(found.rule, found.starts_on) if found and found.rule else "",
    }  # fmt: skip
    return Panel("meetings/panel_step.html", values)


def outside_panel(telling: Telling) -> Panel | None:
    """Return the meetings that somebody outside attends on a project; three queries at most, one where there are none."""
    attended = SeriesAttendee.objects.present().filter(person=telling.who.person_id, series__project=telling.project)
    series = list(Series.objects.filter(pk__in=attended.values("series")))
    if not series:
        return None
    now = timezone.now()
    reader = User.objects.get(pk=telling.who.person_id)
    told = []
    for one in planned(series, now - dt.timedelta(days=1), now + AHEAD):
        if one.ends > now:
            told.append(
                {
                    "title": one.series.title, "cancelled": one.cancelled, "address": one.address,
                    "when": when(one.starts, one.ends, one.series.zone, reader.zone, now),
                }
            )  # fmt: skip
    return Panel("meetings/panel_outside.html", {"rows": told[:OUTSIDE]}) if told else None
