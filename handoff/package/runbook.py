"""The four facts that the runbook of a new integration asks for, each with how it stands (domain.md, Sources)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from meetings.agenda import meetings_held
from meetings.models import AgendaItem
from meetings.vocabulary import Kind
from playbook.vocabulary import ApprovalKind
from projects.board import Board
from projects.models import Approval, Project
from transitions.meeting import OccurrenceState
from transitions.step import StepStatus

RUNBOOK = "new-integration-participation"
SESSIONS = 3
REVIEWS = (
    (ApprovalKind.BUSINESS_DESIGN_REVIEW.value, "BDR"),
    (ApprovalKind.TECHNICAL_DESIGN_REVIEW.value, "TDR"),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is asked: whether it is so, in words, and where it is looked at."""

    title: str
    met: bool
    words: str
    link: str


def follows_runbook(project: Project) -> bool:
    """Return whether the project has the runbook among its playbooks; without a query where its board was read."""
    return any(version.playbook == RUNBOOK for version in project.board.versions)


def runbook_facts(project: Project) -> list[Fact]:
    """Return the four facts of a project that follows the runbook; three queries beside the board's."""
    held = len(meetings_held(project, Kind.DISCOVERY))
    return [
        _contact(project),
        Fact(
            "Three discovery sessions", held >= SESSIONS, f"{min(held, SESSIONS)} of {SESSIONS} held",
            project.step_url(f"{RUNBOOK}/discovery.discovery-sessions"),
        ),
        _reviews(project),
        Fact("Integration Overview slide", True, "Made of the project’s facts", reverse("overview-slide", args=[project.code])),
    ]  # fmt: skip


def _contact(project: Project) -> Fact:
    """Whether their technical contact is named: somebody sits for the core system, or the step says that it is done."""
    board: Board = project.board
    path = f"{RUNBOOK}/discovery.technical-contact"
    step = board.by_path.get(path)
    names = [seat.person.name for seat in board.seats if seat.person and seat.role.signs_as == "core_system"]
    done = step is not None and step.status == StepStatus.DONE
    words = ", ".join(dict.fromkeys(names)) or ("Named, says the step" if done else "Nobody named")
    return Fact("Technical contact", bool(names) or done, words, project.step_url(path))


def _reviews(project: Project) -> Fact:
    """Whether both design reviews are approved, or at least went over the agenda of a review that was held."""
    board: Board = project.board
    steps = {step.template.approval: step for step in board.steps if step.template.approval in dict(REVIEWS)}
    rows: Any = Approval.objects.filter(project=project, step__in=[step.id for step in steps.values()]).order_by("pk")
    decided = dict(rows.values_list("step_id", "decision"))
    on_agenda = AgendaItem.objects.filter(
        project=project, occurrence__series__kind=Kind.TDR, occurrence__state=OccurrenceState.HELD
    ).exists()
    said, met = [], True
    for kind, name in REVIEWS:
        step = steps.get(kind)
        decision = decided.get(step.id, "") if step else ""
        approved = step is not None and step.status == StepStatus.DONE and decision == "approved"
        met &= approved
        attended = name == "TDR" and on_agenda
        said.append(f"{name} {'approved' if approved else 'attended' if attended else 'open'}")
    link = project.step_url(steps[REVIEWS[1][0]].path) if REVIEWS[1][0] in steps else project.get_absolute_url()
    return Fact("Design reviews", met, ", ".join(said), link)
