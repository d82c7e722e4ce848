"""What a project's page shows of its package, and of the runbook of a new integration."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

from accounts.models import User
from handoff.marks import TRANSITION
from handoff.models import Package, PackageGap
from handoff.package.runbook import follows_runbook, runbook_facts
from handoff.rights import runs
from projects.models import Project
from projects.panels import Panel


def package_panel(project: Project, person: User, today: dt.date) -> Panel | None:
    """Return the newest package and how many gaps are open; where none was built, only on projects that come to Client Services.

    Two queries beside the board's; one where none was built.
    """
    newest = Package.objects.filter(project=project).order_by("-number").defer("manifest").first()
    comes = any(version.playbook == TRANSITION for version in project.board.versions)
    if newest is None and not comes:
        return None
    gaps = PackageGap.objects.filter(project=project, settlement=None).count() if newest else 0
    link = reverse("package", args=[project.code])
    may = runs(project, person) and not project.is_archived()
    return Panel("handoff/package/panel.html", {"newest": newest, "gaps": gaps, "link": link, "may_build": may})


def runbook_panel(project: Project, person: User, today: dt.date) -> Panel | None:
    """Return the four facts of the runbook of a new integration, on projects that follow it; three queries."""
    if not follows_runbook(project):
        return None
    return Panel("handoff/package/runbook.html", {"facts": runbook_facts(project)})
