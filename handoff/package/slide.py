"""The Integration Overview slide, as values: what it says of a project, made of the project's own design facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from playbook.vocabulary import ApprovalKind
from projects.board import A, LiveStep, R
from projects.models import CoreSystem, DocumentSection, DocumentVersion, IntegrationKind, Project
from transitions.phase import Phase
from transitions.step import StepStatus

#: The document whose sections are the flows of data between the two systems.
DISCOVERY_PAGE = "discovery-page"
#: Decisions that ask for the customer's word (domain.md, Steps).
THEIR_WORD = frozenset({ApprovalKind.CUSTOMER_DESIGN_REVIEW.value, ApprovalKind.FINAL_SIGN_OFF.value})
#: So much of each list stands on one page.
MOST_FLOWS, MOST_PEOPLE, MOST_ASKED = 12, 12, 8


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow of data: a section of the Discovery page, how far it is, and where it is written."""

    title: str
    state: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Slide:
    """What the slide says. `more_…` count what one page does not hold."""

    code: str
    name: str
    biller: str
    kind: str
    core_system: str
    partner: str
    method: str
    flows: Sequence[Flow]
    people: Sequence[tuple[str, str]]
    dates: Sequence[tuple[str, dt.date | None]]
    asked: Sequence[tuple[str, dt.date | None]]
    more_flows: int
    more_people: int
    more_asked: int
    at: dt.datetime


NONE_NAMED = "None named"
METHODS = {
    IntegrationKind.PARTNER: "Built once with the vendor, reused by its billers",
    IntegrationKind.CUSTOM: "Built for this biller",
    IntegrationKind.EXISTING: "An integration that is there already",
    IntegrationKind.ADD_ON: "An add-on to an integration that is live",
}


def slide_of(project: Project, now: dt.datetime) -> Slide:
    """Return the slide of a project (its biller, core system and vendor read); in four queries beside the board's."""
    board = project.board
    flows = _flows(project)
    seated = [(f"{seat.role.name} ({seat.role.code})", seat.person.name) for seat in board.seats if seat.person]
    people = list(dict.fromkeys(seated))
    asked = [(board.title(step), step.due) for step in board.steps if not step.closed and _theirs(project, step)]
    return Slide(
        code=project.code, name=project.name, biller=project.biller.name,
        kind=str(project.get_integration_kind_display()), core_system=_system(project.core_system),
        partner=_partner(project), method=METHODS[IntegrationKind(project.integration_kind)],
        flows=flows[:MOST_FLOWS], people=people[:MOST_PEOPLE], asked=asked[:MOST_ASKED],
        dates=[
            ("Kickoff", project.kickoff), ("SIT begins", _first_due(project, Phase.SIT)),
            ("SIT ends", _last_due(project, Phase.SIT)),
            ("Went live" if project.actual_go_live else "Go-live", project.actual_go_live or project.target_go_live),
        ],
        more_flows=max(len(flows) - MOST_FLOWS, 0), more_people=max(len(people) - MOST_PEOPLE, 0),
        more_asked=max(len(asked) - MOST_ASKED, 0), at=now,
    )  # fmt: skip


def _flows(project: Project) -> list[Flow]:
    """Return the sections of the Discovery page in the playbook's order, with their state and link."""
    outline = project.board.outlines.get(DISCOVERY_PAGE)
    if outline is None:
        return []
    versions = Prefetch("versions", DocumentVersion.objects.filter(file=None).order_by("-number"))
    found: Any = DocumentSection.objects.filter(project=project, document__slug=DISCOVERY_PAGE).prefetch_related(
        versions
    )
    rows = {row.slug: row for row in found}
    flows = []
    for part in outline.parts:
        row = rows.get(part.key.partition("/")[2])
        links = [version.link for version in row.versions.all() if version.link] if row else []
        flows.append(Flow(part.title, str(row.get_state_display()) if row else "Empty", links[0] if links else ""))
    return flows


def _system(system: CoreSystem | None) -> str:
    """Return the core system and its vendor."""
    if system is None:
        return NONE_NAMED
    return f"{system.name}, of {system.vendor.name}" if system.vendor else system.name


def _partner(project: Project) -> str:
    """Return who sits for the core system's vendor, by name, or that nobody does."""
    found = [seat.person.name for seat in project.board.seats if seat.person and seat.role.signs_as == "core_system"]
    return ", ".join(dict.fromkeys(found)) or "Nobody named"


def _theirs(project: Project, step: LiveStep) -> bool:
    """Whether people outside have to do with the step: they work or decide it, we wait for them, or it was shown to them."""
    if (
        step.status == StepStatus.WAITING_ON_CUSTOMER
        or step.visible_to_customer
        or step.template.approval in THEIR_WORD
    ):
        return True
    return any(seat.role.side != "internal" for letter in (R, A) for seat in project.board.seats_of(step, letter))


def _due(project: Project, phase: str) -> list[dt.date]:
    return [step.due for step in project.board.steps if step.template.phase == phase and step.due is not None]


def _first_due(project: Project, phase: str) -> dt.date | None:
    return min(_due(project, phase), default=None)


def _last_due(project: Project, phase: str) -> dt.date | None:
    return max(_due(project, phase), default=None)
