"""The criteria of readiness: what must hold for a project to go live, each told by the part that knows it.

A criterion is asked for any number of projects at once. The gate out of Release, the go-live board and the project's panel all
ask here, so what the board calls ready is what the gate lets through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from projects.models import Project, ProjectPlaybook
from transitions.blockers import Blocker

#: The playbook whose projects come to Client Services.
TRANSITION = "transition-to-cs"


class Ready(Enum):
    """What go-live asks for, in the order in which it is shown (issue 6, Readiness; domain.md, Transition to Client Services)."""

    SIGN_OFFS = "final-sign-offs"
    SIT = "sit-verified"
    UAT = "uat-signed"
    TIER = "tier-undecided"
    TSM_MEETINGS = "tsm-meetings-open"
    SUMMARY = "summary-incomplete"
    PRESENTATION = "presentation-missing"
    PACKAGE = "package-not-accepted"

    @property
    def label(self) -> str:
        """Return what it asks for, in a few words."""
        return LABELS[self]


LABELS: Mapping[Ready, str] = {
    Ready.SIGN_OFFS: "Final sign-offs",
    Ready.SIT: "SIT verified",
    Ready.UAT: "UAT signed",
    Ready.TIER: "Tier decided",
    Ready.TSM_MEETINGS: "TSM meetings held",
    Ready.SUMMARY: "Integration Summary",
    Ready.PRESENTATION: "CS presentation",
    Ready.PACKAGE: "Package accepted",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """How one criterion stands for one project: met when nothing is in its way.

    Args:
        words: what is so, short (`2 of 4 held`, `Light, 30 days`).
        blockers: what is in the way, each with the criterion's own code, a link to where it is cleared, and an owner.
        applies: False where the project is not asked for it (a tier of no meetings); then there are no blockers.
        link: where it is looked at.
    """

    words: str
    blockers: tuple[Blocker, ...] = ()
    applies: bool = True
    link: str = ""

    @property
    def met(self) -> bool:
        """Whether nothing is in its way."""
        return not self.blockers


#: Takes projects (with their biller read) and the company's day; returns a mark for each id, in a constant number of queries.
MarkSource = Callable[[Sequence[Project], dt.date], Mapping[int, Mark]]
_sources: dict[Ready, MarkSource] = {}


def register(criterion: Ready, source: MarkSource) -> None:
    """Let `source` say how a criterion stands, in `AppConfig.ready()`. Each has one source."""
    if _sources.setdefault(criterion, source) is not source:
        raise ValueError(f"{criterion.label} has a source already")


def asked_of(project_ids: Collection[int]) -> set[int]:
    """Return which of the projects come to Client Services: those that are on its playbook; one query."""
    pins: Any = ProjectPlaybook.objects.filter(project__in=project_ids, version__playbook__slug=TRANSITION)
    return set(pins.order_by().values_list("project_id", flat=True))


def marks_of(projects: Sequence[Project], today: dt.date) -> dict[int, dict[Ready, Mark]]:
    """Return how every criterion stands for each project (by id), in the order of Ready; a constant number of queries.

    A project that does not come to Client Services is asked for none, and has no marks.
    """
    found: dict[int, dict[Ready, Mark]] = {project.pk: {} for project in projects}
    asked = asked_of(found)
    coming = [project for project in projects if project.pk in asked]
    if coming:
        for criterion in Ready:
            if source := _sources.get(criterion):
                for project_id, mark in source(coming, today).items():
                    found[project_id][criterion] = mark
    return found
