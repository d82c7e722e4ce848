"""The values of a project's page, ready to be written out: no query and no decision is left to a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from accounts.models import User
from projects import drawn
from projects.board import A, Board, LiveStep, R, SeatView
from projects.models import Project, ProjectStep
from projects.people import Person
from transitions.blockers import Blocker
from transitions.gates import Criterion, SectionFacts, StepFacts, blockers_of, gate, step_blockers
from transitions.machine import MoveSpec
from transitions.models import TransitionRecord
from transitions.phase import PHASE_ORDER, Phase
from transitions.standing import Standing
from transitions.step import StepStatus

CHIP = {
    StepStatus.NOT_STARTED: ("", "○"),
    StepStatus.IN_PROGRESS: ("progress", "◐"),
    StepStatus.WAITING_ON_CUSTOMER: ("waiting", "◷"),
    StepStatus.BLOCKED: ("blocked", "⨯"),
    StepStatus.IN_REVIEW: ("review", "◇"),
    StepStatus.DONE: ("done", "✓"),
    StepStatus.NOT_APPLICABLE: ("", "–"),
}  # fmt: skip
LABELS = {status.value: status.label for status in StepStatus}


def short_date(day: dt.date | None, today: dt.date) -> str:
    """Return `Nov 24`, with the year when it is not this one; `–` where there is none."""
    if day is None:
        return "–"
    text = f"{day:%b} {day.day}"
    return text if day.year == today.year else f"{text}, {day.year}"


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step on the page."""

    id: int
    url: str
    number: int
    title: str
    under: str
    status: str
    chip: str
    mark: str
    label: str
    locked: bool
    responsible: tuple[Person | None, ...]
    accountable: tuple[Person | None, ...]
    due: str
    due_iso: str
    drift: str
    late: bool
    why: str
    quiet: bool


@dataclass(slots=True)
class StepGroup:
    """The steps of one category within a phase."""

    title: str
    done: int
    total: int
    rows: list[Markup] = field(default_factory=list)

    @property
    def tenths(self) -> int:
        """How much of it is done, 0 to 10."""
        return round(10 * self.done / self.total) if self.total else 10


@dataclass(slots=True)
class PhaseSection:
    """One phase: a stop on the path above, and a section of the list below."""

    phase: str
    label: str
    state: str
    note: str
    done: int
    total: int
    groups: list[StepGroup] = field(default_factory=list)

    @property
    def opened(self) -> bool:
        """Whether the section is unfolded when the page opens."""
        return self.state == "now"


@dataclass(slots=True)
class GatePanel:
    """The gate out of the present phase."""

    heading: str
    criteria: list[Criterion]
    blockers: list[Blocker]
    button: str
    met: int
    can_advance: bool
    waivable: bool


def holders(found: Iterable[SeatView | Person]) -> tuple[Person | None, ...]:
    """Return people and empty seats as marks."""
    return tuple(holder.person if isinstance(holder, SeatView) else holder for holder in found) or (None,)


def step_row(board: Board, step: LiveStep, today: dt.date) -> StepRow:
    """Return the values of one row of the list."""
    template = step.template
    chip, mark = CHIP[StepStatus(step.status)]
    locked = step.status == StepStatus.NOT_STARTED and (
        not board.reached(step) or any(not board.by_path[key].closed for key in template.needs if key in board.by_path)
    )
    late = step.overdue(today)
    under = template.approval_label and f"Approval · {template.approval_label}"
    if template.playbook != board.versions[0].playbook:  # the main playbook goes without saying
        under = " · ".join(filter(None, (board_label(board, step), under)))
    return StepRow(
        id=step.id,
        url=board.project.step_url(template.path),
        number=template.number,
        title=template.title,
        under=under,
        status=step.status,
        chip=chip,
        mark="–" if locked else mark,
        label="Locked" if locked else LABELS[step.status],
        locked=locked,
        responsible=holders(board.holders(step, R)),
        accountable=holders(board.holders(step, A)),
        due=short_date(step.due, today),
        due_iso=step.due.isoformat() if step.due else "",
        drift=_drift(step, today),
        late=late,
        why=_why(step, today),
        quiet=step.closed,
    )


def board_label(board: Board, step: LiveStep) -> str:
    """Return the title of the playbook that a step is from."""
    return board.version_of(step).title


def phase_sections(board: Board, today: dt.date) -> list[PhaseSection]:
    """Return the visited phases with their steps, grouped by category in playbook order."""
    project = board.project
    here = PHASE_ORDER[project.phase]
    by_phase: dict[str, list[LiveStep]] = {phase: [] for phase in project.phases}
    for step in board.steps:
        by_phase[step.template.phase].append(step)
    sections = []
    for phase, steps in by_phase.items():
        rank = PHASE_ORDER[phase]
        counted = [step for step in steps if step.status != StepStatus.NOT_APPLICABLE]
        done = sum(step.closed for step in counted)
        state = "now" if rank == here else "done" if rank < here else "ahead"
        section = PhaseSection(
            phase, Phase(phase).label, state, _phase_note(state, done, counted, project, today), done, len(counted)
        )
        section.groups = _groups(board, steps, today)
        sections.append(section)
    return sections


def gate_panel(project: Project, today: dt.date, *, manages: bool) -> GatePanel:
    """Return the gate as it stands: the same list that `perform()` asks."""
    criteria = gate(project.gate_facts(today))
    blockers = blockers_of(criteria)
    following = project.next_phase()
    what = f"Advance to {Phase(following).label}" if following else "Complete and archive"
    button = f"{what} — {len(blockers)} blocker{'s' if len(blockers) != 1 else ''}" if blockers else what
    heading = f"Gate to {Phase(following).label}" if following else "Gate to completion"
    active = project.standing == Standing.ACTIVE
    return GatePanel(
        heading, criteria, blockers, button, sum(criterion.met for criterion in criteria),
        can_advance=manages and active, waivable=manages and active,
    )  # fmt: skip


def step_moves(
    board: Board, step: LiveStep, specs: Sequence[MoveSpec], person: User, today: dt.date
) -> list[tuple[MoveSpec, str]]:
    """Return the moves to offer from here, each with the reason why it is refused now, or an empty string.

    A move that is not of the step's kind is left out; one that waits for something is shown with what it waits for.
    """
    facts, gate_facts = board.step_facts(step), board.gate_facts(today=today)
    offered = []
    for spec in specs:
        refused = step_blockers(spec.name, facts, gate_facts)
        if any(blocker.code in {"no-approval-asked", "always-applies"} for blocker in refused):
            continue
        if spec.name == "complete" and facts.approval:
            continue
        offered.append((spec, refused[0].text if refused else ""))
    return offered


def empty_sections(step: ProjectStep) -> list[SectionFacts]:
    """Return the mandatory sections that a step under way or done writes and that are empty: said there, asked at the gate."""
    if step.status in {StepStatus.NOT_STARTED, StepStatus.NOT_APPLICABLE} or not step.live.template.documents:
        return []
    return [section for section in step.project.section_facts if section.open and step.live.path in section.steps]


def team(board: Board) -> list[tuple[SeatView, str]]:
    """Return one line a role (code and name), with the playbooks in which it sits, empty seats last."""
    lines: dict[tuple[str, str], tuple[SeatView, list[str]]] = {}
    for seat in board.seats:
        lines.setdefault(seat.role.identity, (seat, []))[1].append(seat.version.title)
    shown = [(seat, ", ".join(titles)) for seat, titles in lines.values()]
    return sorted(shown, key=lambda line: line[0].person is None)


def history_lines(records: Iterable[TransitionRecord]) -> list[TransitionRecord]:
    """Return the records as a list; their `by` is read with them."""
    return list(records)


def needs_of(board: Board, facts: StepFacts) -> list[LiveStep]:
    """Return the steps that this one needs, in their order."""
    return [board.by_path[key] for key in facts.needs if key in board.by_path]


def _groups(board: Board, steps: Sequence[LiveStep], today: dt.date) -> list[StepGroup]:
    groups: dict[str, StepGroup] = {}
    for step in steps:
        group = groups.setdefault(step.template.category, StepGroup(step.template.category, 0, 0))
        group.rows.append(drawn.step_row(step_row(board, step, today)))
        if step.status != StepStatus.NOT_APPLICABLE:
            group.total += 1
            group.done += step.status == StepStatus.DONE
    return list(groups.values())


def _phase_note(state: str, done: int, counted: Sequence[LiveStep], project: Project, today: dt.date) -> str:
    if state == "ahead":
        first = min((step.due for step in counted if step.due), default=None)
        return f"first due {short_date(first, today)}" if first else "nothing to do"
    return f"{done} of {len(counted)}" if counted else "nothing to do"


def _drift(step: LiveStep, today: dt.date) -> str:
    if step.closed or step.due is None:
        return ""
    if step.due < today:
        return f"−{(today - step.due).days} d overdue"
    if step.baseline_due and step.due != step.baseline_due:
        return f"{(step.due - step.baseline_due).days:+d} d"
    return ""


def _why(step: LiveStep, today: dt.date) -> str:
    if not step.reason:
        return ""
    who = f" {step.owner.name}, by {short_date(step.until, today)}." if step.owner else ""
    return f"{step.reason.rstrip('.')}.{who}"
