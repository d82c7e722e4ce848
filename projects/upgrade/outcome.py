"""What comes of the choices made on an upgrade: the project's steps, dates, seats and phases, or why it cannot be. Pure.

`plan.py` says what may be chosen; `act.py` refuses what is refused here and writes the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.models import Side
from playbook.catalog import RoleTemplate, StepTemplate
from projects.schedule import (
    NeedsCycleError,
    PlannedStep,
    add_working_days,
    plan_due_dates,
    working_day_on_or_after,
)
from projects.upgrade.plan import Choice, Chosen, Own, OwnSeat, UpgradePlan
from transitions.phase import PHASE_ORDER, Phase
from transitions.step import CLOSED, StepStatus


@dataclass(frozen=True, slots=True)
class StepAfter:
    """A live step as it will be. `made`: it is not there yet; `out`: why it is N/A from then on."""

    chosen: Chosen
    template: StepTemplate
    status: str
    due: dt.date | None
    out: str = ""

    @property
    def made(self) -> bool:
        """Whether the step is new to the project."""
        return self.chosen.line.own is None

    @property
    def changed(self) -> bool:
        """Whether a row that is there is written."""
        own = self.chosen.line.own
        return own is not None and (own.template, own.status, own.due) != (self.template, self.status, self.due)


@dataclass(frozen=True, slots=True)
class SeatAfter:
    """A seat of the newer version: the seat that becomes it (None: one is made), and who sits there."""

    role: RoleTemplate
    seat: OwnSeat | None
    person_id: int | None
    person: str


@dataclass(frozen=True, slots=True)
class After:
    """What a project will be: its steps, seats and phases. `gone` are seats that no step needs any more."""

    steps: tuple[StepAfter, ...]
    seats: tuple[SeatAfter, ...]
    gone: tuple[OwnSeat, ...]
    phases: tuple[str, ...]

    @property
    def empty_seats(self) -> tuple[SeatAfter, ...]:
        """Seats of the newer version with nobody in them."""
        return tuple(seat for seat in self.seats if seat.person_id is None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the choices cannot be carried out: a code, the words, and the step's key."""

    code: str
    text: str
    key: str = ""


def refusals(plan: UpgradePlan, chosen: Sequence[Chosen]) -> list[Refusal]:
    """Return what stands in the way of the choices: a step not decided, one left out without a reason, steps in a ring."""
    found = []
    for one in chosen:
        line = one.line
        if one.choice is None and line.allowed:
            phase = Phase(line.template.phase).label
            text = f"“{line.title}” is new in {phase}, which is passed: do it now, or leave it out with a reason."
            found.append(Refusal("undecided", text, line.key))
        elif one.choice == Choice.LEAVE_OUT and not one.out:
            found.append(Refusal("reason-missing", f"Say why “{line.title}” is left out.", line.key))
    ring = _ring(plan.own, chosen)
    if ring:
        names = " and ".join(f"“{title}”" for title in ring)
        text = f"{names} would need each other: take both from {plan.new.label}, or keep both."
        found.append(Refusal("needs-cycle", text))
    return found


def after(plan: UpgradePlan, chosen: Sequence[Chosen]) -> After:
    """Return what the choices make of the project. The steps are those of the upgraded playbook alone: no other changes."""
    own = plan.own
    dates = _dates(own, chosen)
    steps = tuple(_step_after(one, own, dates) for one in chosen if one.choice is not None or one.line.own)
    seats, gone = _seats(plan, steps)
    others = {step.template.phase for step in own.steps if step.template.playbook != plan.new.playbook}
    visited = {phase for phase in own.phases if PHASE_ORDER[phase] <= own.rank}
    phases = visited | others | {step.template.phase for step in steps}
    return After(steps, seats, gone, tuple(sorted(phases, key=PHASE_ORDER.__getitem__)))


def _step_after(one: Chosen, own: Own, dates: Mapping[str, dt.date]) -> StepAfter:
    line, out = one.line, one.out
    if line.own is None:
        assert line.new is not None, "what is not there is of the newer version"
        status = (StepStatus.NOT_APPLICABLE if out else StepStatus.NOT_STARTED).value
        return StepAfter(one, line.new, status, dates.get(line.template.path), out)
    template = line.new if one.takes_new and line.new is not None else line.own.template
    status = StepStatus.NOT_APPLICABLE.value if out else line.own.status
    return StepAfter(one, template, status, dates.get(line.own.template.path, line.own.due), out)


def _ring(own: Own, chosen: Sequence[Chosen]) -> list[str]:
    """Return the titles of open steps that would need each other, and so never begin."""
    open_steps = {one.line.template.path: one for one in chosen if _is_open(one)}
    needs = {path: [key for key in _template(one).needs if key in open_steps] for path, one in open_steps.items()}
    others = [step for step in own.steps if step.open and step.template.path not in open_steps]
    needs |= {step.template.path: [key for key in step.template.needs if key in needs] for step in others}
    while ready := [path for path, wanted in needs.items() if not any(key in needs for key in wanted)]:
        for path in ready:
            del needs[path]
    return [open_steps[path].line.title for path in needs if path in open_steps][:4]


def _template(one: Chosen) -> StepTemplate:
    if one.line.own is not None and not one.takes_new:
        return one.line.own.template
    return one.line.template


def _is_open(one: Chosen) -> bool:
    return not one.out and (one.line.own is None or one.line.own.open)


def _dates(own: Own, chosen: Sequence[Chosen]) -> dict[str, dt.date]:
    """Return the due dates that are new, by path: of steps that are made, and of those taken over that nobody set by hand.

    A step that has another date than the schedule gave it was set by somebody, whatever is known of it. No date moves into the
    past.
    """
    changing = {one.line.template.path: one for one in chosen}
    rest = [step for step in own.steps if step.template.path not in changing]
    others = [_planned(step.template, out=step.born_out) for step in rest]
    mine = [_planned(step.template, out=step.born_out) for one in chosen if (step := one.line.own)]
    before = _plan(others + mine, own.kickoff)
    following = _plan(others + [_planned_after(one) for one in chosen], own.kickoff)
    first = working_day_on_or_after(own.today)
    found: dict[str, dt.date] = {}
    for path, one in changing.items():
        step = one.line.own
        planned = following.get(path)
        if step is None:
            ready = add_working_days(first, max(one.line.template.duration_days - 1, 0))
            found[path] = max(planned, ready) if planned else ready
        elif one.takes_new and step.open and not one.out and not step.by_hand and planned:
            as_scheduled = step.due is None or step.due == before.get(path)
            if as_scheduled and planned != step.due:
                found[path] = max(planned, first)
    return found


def _planned_after(one: Chosen) -> PlannedStep:
    step = one.line.own
    return _planned(_template(one), out=bool(one.out) or (step.born_out if step else False))


def _planned(template: StepTemplate, *, out: bool) -> PlannedStep:
    return PlannedStep(template.path, template.phase, 0 if out else template.duration_days, template.needs)


def _plan(steps: Sequence[PlannedStep], kickoff: dt.date) -> dict[str, dt.date]:
    try:
        return plan_due_dates(steps, kickoff)
    except NeedsCycleError:
        # Open steps in a ring are refused (`refusals`); one through what is done holds up nobody, but there is no plan of it.
        return {}


def _seats(plan: UpgradePlan, steps: Iterable[StepAfter]) -> tuple[tuple[SeatAfter, ...], tuple[OwnSeat, ...]]:
    """Return the seats of the newer version and those that go. People keep their seats, by the code of their role.

    One seat for each code of a playbook, as the board has it: the seat becomes the newer role's, and the letters of steps that
    stay with an older version lead to it. A role that the newer version drops keeps its seat while such a step needs it.
    """
    mine = [seat for seat in plan.own.seats if seat.playbook == plan.new.playbook]
    elsewhere = [seat for seat in plan.own.seats if seat.playbook != plan.new.playbook]
    by_code = {seat.role.code: seat for seat in mine}
    seats = []
    for role in plan.new.roles.values():
        seat = by_code.pop(role.code, None)
        twins = [other for other in elsewhere if other.role.identity == role.identity and other.person_id]
        holder = seat or next(iter(twins), None)
        if holder is not None and holder.role.side != role.side:  # ours sit in our roles, theirs in theirs
            holder = None
        person_id, person = (holder.person_id, holder.person) if holder else (None, "")
        seats.append(SeatAfter(role, seat, person_id, person))
    needed = _needed_codes(plan, steps)
    gone = [seat for seat in by_code.values() if seat.role.code not in needed]
    left = [*elsewhere, *(seat for seat in by_code.values() if seat.role.code in needed)]
    runs = [bool(seat.person_id) and seat.role.manages for seat in seats]
    if not any(runs + [bool(seat.person_id) and seat.role.manages for seat in left]):
        # A project is never left without whoever runs it.
        gone = [seat for seat in gone if not (seat.role.manages and seat.person_id)]
    return tuple(seats), tuple(gone)


def _needed_codes(plan: UpgradePlan, steps: Iterable[StepAfter]) -> set[str]:
    """Return the roles that steps of older versions need still: by a letter, or to sign what asks for approval."""
    needed: set[str] = set()
    for step in steps:
        template = step.template
        if template.version_id == plan.new.id:
            continue
        roles = plan.own.versions[template.version_id].roles
        needed.update(roles[role].code for ids in template.letters.values() for role in ids)
        if template.approval:
            needed.update(role.code for role in roles.values() if role.signs_as or role.side != Side.INTERNAL)
    return needed


def asked_by_gate(plan: UpgradePlan, steps: Iterable[StepAfter]) -> tuple[list[str], list[str]]:
    """Return the titles of what the gate out of the present phase will ask for beside what it does, and of what no more."""
    more, less = [], []
    for step in steps:
        own = step.chosen.line.own
        asked = step.status not in CLOSED and step.template.phase_rank <= plan.own.rank
        was = own is not None and own.open and own.template.phase_rank <= plan.own.rank
        if asked and not was:
            more.append(step.chosen.line.title)
        elif was and not asked:
            less.append(step.chosen.line.title)
    return more, less
