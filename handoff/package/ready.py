"""What readiness asks of the package: the newest one is accepted, and no gap is open (issue 6, Package)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from handoff.marks import Mark, Ready
from handoff.models import Package, PackageGap
from handoff.rights import CLIENT_SERVICES
from projects.models import Project, Seat
from transitions.blockers import Blocker
from transitions.package import PackageState

CODE = Ready.PACKAGE.value


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a project's packages: number and state of the newest that did not fail, and the open gaps.

    `gaps` are (id, text, owner's name). `manager` and `receiver` are names, or empty.
    """

    link: str
    number: int = 0
    state: str = ""
    gaps: Sequence[tuple[int, str, str]] = field(default_factory=tuple)
    manager: str = ""
    receiver: str = ""


def judge(facts: Facts) -> Mark:
    """Return how the criterion stands. Pure."""
    name, blockers = f"Package {facts.number}", []
    words = "None built"
    if not facts.number:
        blockers.append(_blocker("No package was built yet: build it", facts, facts.manager, "none"))
    elif facts.state == PackageState.BUILDING:
        words = f"{name} is being built"
        blockers.append(_blocker(words, facts, facts.manager, f"package-{facts.number}"))
    elif facts.state == PackageState.BUILT:
        words = f"{name} waits"
        blockers.append(
            _blocker(
                f"Client Services has not accepted {name.lower()}", facts, facts.receiver, f"package-{facts.number}"
            )
        )
    elif facts.state == PackageState.RETURNED:
        words = f"{name} returned"
        text = f"Client Services returned {name.lower()}: see to its gaps and build another"
        blockers.append(_blocker(text, facts, facts.manager, f"package-{facts.number}"))
    else:
        words = f"{name} accepted"
    for pk, text, owner in facts.gaps:
        blockers.append(_blocker(f"Missing from the package: {text}", facts, owner or facts.manager, f"gap-{pk}"))
    if facts.gaps:
        words += f", {len(facts.gaps)} {'gap' if len(facts.gaps) == 1 else 'gaps'} open"
    return Mark(words, tuple(blockers), link=facts.link)


def _blocker(text: str, facts: Facts, owner: str, subject: str) -> Blocker:
    return Blocker(CODE, text, facts.link, owner, subject)


def package_marks(projects: Sequence[Project], today: dt.date) -> Mapping[int, Mark]:
    """Return the mark of each project, by id; three queries however many there are."""
    ids = {project.pk for project in projects}
    newest: dict[int, tuple[int, str]] = {}
    rows: Any = Package.objects.filter(project__in=ids).exclude(state=PackageState.FAILED).order_by("number")
    for project_id, number, state in rows.values_list("project_id", "number", "state"):
        newest[project_id] = (number, state)
    gaps: dict[int, list[tuple[int, str, str]]] = {}
    open_gaps: Any = PackageGap.objects.filter(project__in=ids, settlement=None).order_by("pk")
    for project_id, pk, text, owner in open_gaps.values_list("project_id", "pk", "text", "owner__name"):
        gaps.setdefault(project_id, []).append((pk, text, owner or ""))
    managers, receivers = _names(ids)
    marks = {}
    for project in projects:
        link = reverse("package", args=[project.code])
        number, state = newest.get(project.pk, (0, ""))
        of = Facts(
            link, number, state, gaps.get(project.pk, []), managers.get(project.pk, ""), receivers.get(project.pk, "")
        )
        marks[project.pk] = judge(of)
    return marks


def _names(projects: set[int]) -> tuple[dict[int, str], dict[int, str]]:
    """Return who runs each project, and who takes it over (the CSM before others of Client Services)."""
    managers: dict[int, str] = {}
    receivers: dict[int, tuple[bool, str]] = {}
    seats: Any = Seat.objects.filter(project__in=projects, person__is_active=True).order_by("pk")
    for project_id, name, manages, team, code in seats.values_list(
        "project_id", "person__name", "role__manages", "role__team", "role__code"
    ):
        if manages:
            managers.setdefault(project_id, name)
        if team == CLIENT_SERVICES:
            known = receivers.get(project_id)
            if known is None or (code == "CSM" and not known[0]):
                receivers[project_id] = (code == "CSM", name)
    return managers, {project_id: name for project_id, (_, name) in receivers.items()}
