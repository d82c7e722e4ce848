"""Readiness on the project's own page, while its go-live comes near."""

from __future__ import annotations

import datetime as dt

from accounts.models import User
from handoff.marks import marks_of
from handoff.readiness.board import WEEKS
from projects.models import Project
from projects.panels import Panel
from transitions.phase import Phase
from transitions.standing import Standing


def project_panel(project: Project, who: User, today: dt.date) -> Panel | None:
    """Return the marks of a project that goes live within eight weeks, or stands in Release; None for any other."""
    if project.standing != Standing.ACTIVE or project.actual_go_live or Phase.POST_LIVE not in project.phases:
        return None
    near = project.target_go_live <= today + dt.timedelta(weeks=WEEKS)
    if project.phase == Phase.POST_LIVE or not (near or project.phase == Phase.RELEASE):
        return None
    marks = marks_of([project], today)[project.pk]
    if not marks:
        return None
    met = sum(mark.met for mark in marks.values())
    return Panel("handoff/readiness/panel.html", {"marks": list(marks.items()), "met": met, "total": len(marks)})
