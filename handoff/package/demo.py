"""Packages in the demo: built and accepted by projects that went live; in Release one that waits, and one that came back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from accounts.models import User
from handoff.marks import TRANSITION
from handoff.models import Package
from handoff.package.acts import request_package
from handoff.package.build import build
from projects.models import IntegrationKind, Project
from transitions.moves import perform
from transitions.phase import Phase

GAPS = (
    "The biller’s second contact for file transfers is not in the team list.",
    "The UAT results lack the retest of the partial payment.",
)


def package_chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let a project in Release build its package, and Client Services decide on it."""
    comes = any(version.playbook == TRANSITION for version in project.board.versions)
    lead, receiver = people["PM"], people["CSM"]
    if phase != Phase.RELEASE or not comes or not project.board.manages(lead.pk):
        return
    at = now - dt.timedelta(hours=20)
    package = request_package(project, by=lead, now=at)
    build(package.pk, now=at)
    built = Package.objects.get(pk=package.pk)
    if leaving:
        perform(built, "accept_package", by=receiver, note="Everything is there.", now=now - dt.timedelta(hours=2))
    elif project.integration_kind == IntegrationKind.PARTNER:
        perform(
            built, "return_package", by=receiver, note="Nearly there.", gaps=[(GAPS[0], lead), (GAPS[1], None)],
            now=now - dt.timedelta(hours=2),
        )  # fmt: skip
