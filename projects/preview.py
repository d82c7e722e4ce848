"""A version as the project that it would become: its steps with dates, and which would be left out. Pure; nothing is written.

Here and not in the playbook room, because what a project is, its kinds and its dates, is this room's: `plan_due_dates` and
`applies_not` are those that `start_project` uses, so the two cannot differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from playbook.data import PlaybookData, StepData
from playbook.flow import Flow, flow
from projects.schedule import ONE_DAY, NeedsCycleError, PlannedStep, is_working_day, plan_due_dates
from projects.start import applies_not
from transitions.phase import PHASE_ORDER, Phase

#: Twenty years of working days. A version with more has slipped a digit, and its calendar has no end.
LONGEST_PLAN = 5_000


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A step as it would be. `why_out` is empty where it applies; dates are None where the version has no plan."""

    step: StepData
    start: dt.date | None
    due: dt.date | None
    why_out: str
    needs: tuple[StepData, ...]


@dataclass(frozen=True, slots=True)
class PreviewPhase:
    """A phase with its steps, the first day and the last of those that apply."""

    label: str
    rows: tuple[PreviewRow, ...]
    first: dt.date | None
    last: dt.date | None

    @property
    def steps_in(self) -> int:
        """How many of its steps apply."""
        return sum(not row.why_out for row in self.rows)


@dataclass(frozen=True, slots=True)
class Preview:
    """The whole: `undated` says why there are no dates, and is empty where there are."""

    phases: tuple[PreviewPhase, ...]
    picture: Flow
    undated: str

    @property
    def rows(self) -> list[PreviewRow]:
        """All steps."""
        return [row for phase in self.phases for row in phase.rows]

    @property
    def steps_in(self) -> int:
        """How many steps apply."""
        return sum(phase.steps_in for phase in self.phases)

    @property
    def steps_out(self) -> list[PreviewRow]:
        """The steps that would be N/A."""
        return [row for row in self.rows if row.why_out]

    @property
    def last(self) -> dt.date | None:
        """The day on which the last step is due."""
        return max((phase.last for phase in self.phases if phase.last), default=None)


def preview(data: PlaybookData, *, integration_kind: str, phased_go_live: bool, kickoff: dt.date) -> Preview:
    """Return what a project on this version alone would be made of, draft or not.

    Args:
        data: the version.
        integration_kind: of the project (IntegrationKind).
        phased_go_live: whether it goes live in phases.
        kickoff: its first day; the first working day from it on is the first of the plan.
    """
    why = {step.key: applies_not(step, integration_kind, phased_go_live) for step in data.steps}
    planned = [
        PlannedStep(step.key, step.phase, 0 if why[step.key] else step.duration_days, step.needs) for step in data.steps
    ]
    due, undated = _due(planned, kickoff)
    start = _starts(planned, due, kickoff)
    by_key = {step.key: step for step in data.steps}
    ordered = sorted(data.steps, key=lambda step: (PHASE_ORDER[step.phase], step.number))
    phases = []
    for phase, group in groupby(ordered, key=lambda step: step.phase):
        rows = tuple(
            PreviewRow(
                step,
                None if why[step.key] else start.get(step.key),
                None if why[step.key] else due.get(step.key),
                why[step.key],
                tuple(sorted((by_key[key] for key in step.needs if key in by_key), key=lambda need: need.number)),
            )
            for step in group
        )
        first = min((row.start for row in rows if row.start), default=None)
        last = max((row.due for row in rows if row.due), default=None)
        phases.append(PreviewPhase(str(Phase(phase).label), rows, first, last))
    notes = {row.step.key: _note(row) for phase in phases for row in phase.rows}
    picture = flow(data.steps, notes=notes, out=frozenset(key for key, reason in why.items() if reason))
    return Preview(tuple(phases), picture, undated)


def _due(planned: list[PlannedStep], kickoff: dt.date) -> tuple[Mapping[str, dt.date], str]:
    days = sum(step.duration_days for step in planned)
    if days > LONGEST_PLAN:
        return {}, f"Its durations add up to {days:,} working days; up to {LONGEST_PLAN:,} are planned."
    try:
        return plan_due_dates(planned, kickoff), ""
    except NeedsCycleError as circle:
        return {}, str(circle)


def _starts(planned: list[PlannedStep], due: Mapping[str, dt.date], kickoff: dt.date) -> dict[str, dt.date]:
    """Return the first day of each step: so many working days before its due date as it takes, that day included."""
    days: list[dt.date] = []
    day = kickoff
    while day <= max(due.values(), default=kickoff):
        if is_working_day(day):
            days.append(day)
        day += ONE_DAY
    place = {day: at for at, day in enumerate(days)}
    return {
        step.key: days[max(0, place[due[step.key]] - max(0, step.duration_days - 1))]
        for step in planned
        if step.key in due
    }


def _note(row: PreviewRow) -> str:
    if row.why_out:
        return "N/A"
    if row.start is None or row.due is None:
        return ""
    if row.start == row.due:
        return f"{row.due:%b} {row.due.day}, {row.due.year}"
    return f"{row.start:%b} {row.start.day} – {row.due:%b} {row.due.day}, {row.due.year}"
