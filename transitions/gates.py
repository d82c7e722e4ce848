"""Gates: what must hold before a move, as pure functions over plain facts.

A gate is a list of criteria. Each is met, waived by name, or not met with the blockers that say why; the same list feeds
the machine, the panel on the project's page and the answer of a refused move. Nothing here reads the database or a clock.
Higher rooms add criteria of their own with `register`, in their `AppConfig.ready()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from transitions.blockers import Blocker
from transitions.phase import PHASE_ORDER, Phase
from transitions.section import FILLED, SectionState
from transitions.standing import Standing
from transitions.step import CLOSED, StepStatus


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What a gate needs to know of one live step. `key` is unique in the project (`playbook/step-key`)."""

    key: str
    title: str
    phase: str
    status: str
    approval: str = ""
    needs: tuple[str, ...] = ()
    may_be_skipped: bool = False
    accountable: bool = True
    responsible_names: str = ""
    accountable_names: str = ""
    reason: str = ""
    owner: str = ""
    until: dt.date | None = None
    link: str = ""
    #: What the step writes, for criteria of rooms above: slugs, with a section after a slash.
    documents: tuple[str, ...] = ()

    @property
    def closed(self) -> bool:
        """Done or not applicable: a needed step that is N/A counts as closed (domain.md, Order inside a phase)."""
        return self.status in CLOSED


@dataclass(frozen=True, slots=True)
class WaiverFacts:
    """One criterion set aside by a named person until a date (inclusive)."""

    code: str
    subject: str
    text: str
    by: str
    reason: str
    expires: dt.date


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """A role that open steps of the next phase need as R or A: on how many, and whether somebody sits there.

    `key` is what tells it from other roles of the project (`playbook:CODE`).
    """

    key: str
    code: str
    name: str
    responsible: int
    accountable: int
    filled: bool
    link: str = ""


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """One section of a document, or a document without sections: which steps write it, and how far it is.

    `key` is unique in the project (`discovery-page/invoices`); `steps` are keys.
    """

    key: str
    title: str
    state: str
    mandatory: bool
    steps: tuple[str, ...] = ()
    link: str = ""

    @property
    def open(self) -> bool:
        """Whether it is asked for and nothing is in it."""
        return self.mandatory and self.state == SectionState.EMPTY


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What a gate is asked about: one project at one moment."""

    project_id: int
    phase: str
    next_phase: str | None
    standing: str
    steps: Sequence[StepFacts]
    seats: Sequence[SeatFacts] = ()
    sections: Sequence[SectionFacts] = ()
    waivers: Sequence[WaiverFacts] = ()
    today: dt.date = dt.date.min
    link: str = ""
    manager: str = ""


@dataclass(frozen=True, slots=True)
class Waived:
    """A blocker that is set aside, and by whom."""

    blocker: Blocker
    waiver: WaiverFacts


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a gate: met when it has no blockers left."""

    code: str
    text: str
    blockers: tuple[Blocker, ...] = ()
    waived: tuple[Waived, ...] = field(default=())

    @property
    def met(self) -> bool:
        """Whether nothing is left in the way (waived counts as out of the way, and stays visible)."""
        return not self.blockers

    def as_dict(self) -> dict[str, object]:
        """Return the criterion as JSON for the record of a passage."""
        return {
            "code": self.code,
            "text": self.text,
            "met": self.met,
            "blockers": [blocker.as_dict() for blocker in self.blockers],
            "waived": [
                {
                    "text": item.blocker.text,
                    "by": item.waiver.by,
                    "reason": item.waiver.reason,
                    "expires": item.waiver.expires.isoformat(),
                }
                for item in self.waived
            ],
        }


CriterionSource = Callable[[GateFacts], Iterable[Criterion]]
_registered: dict[str, list[CriterionSource]] = {}


def register(phase: str, source: CriterionSource) -> None:
    """Add the criteria that `source` gives to the gate out of `phase`. For a room above, in `AppConfig.ready()`."""
    sources = _registered.setdefault(phase, [])
    if source not in sources:
        sources.append(source)


def gate(facts: GateFacts) -> list[Criterion]:
    """Return the criteria of the gate out of the present phase, each with its blockers, waivers applied.

    Steps of the present phase and of all before it count: a step that was reopened, or passed under a waiver that has
    run out, holds up the next gate too.
    """
    here = PHASE_ORDER[facts.phase]
    steps = [step for step in facts.steps if PHASE_ORDER[step.phase] <= here]
    criteria = [
        _nothing_blocked(steps),
        _accountable_named(steps),
        _approvals_given(steps),
        _steps_closed(facts, steps),
        _sections_filled(facts, steps),
        _seats_filled(facts),
    ]
    for source in _registered.get(facts.phase, ()):
        criteria.extend(source(facts))
    return [_apply_waivers(criterion, facts) for criterion in criteria if criterion is not None]


def blockers_of(criteria: Iterable[Criterion]) -> list[Blocker]:
    """Return the blockers of all criteria that are not met, in order."""
    return [blocker for criterion in criteria for blocker in criterion.blockers]


def advance_blockers(facts: GateFacts) -> list[Blocker]:
    """Return what stands in the way of `advance`."""
    refused = _not_active(facts.standing)
    if facts.next_phase is None:
        refused.append(Blocker("last-phase", f"{Phase(facts.phase).label} is this project's last phase.", facts.link))
    return refused or blockers_of(gate(facts))


def return_blockers(facts: GateFacts, *, to: str, visited: Sequence[str]) -> list[Blocker]:
    """Return what stands in the way of going back to phase `to`."""
    refused = _not_active(facts.standing)
    earlier = [phase for phase in visited if PHASE_ORDER[phase] < PHASE_ORDER[facts.phase]]
    if to not in earlier:
        names = ", ".join(Phase(phase).label for phase in earlier) or "none"
        refused.append(
            Blocker("not-earlier", f"“{to}” is no earlier phase of this project. There are: {names}.", facts.link)
        )
    return refused


def complete_blockers(facts: GateFacts) -> list[Blocker]:
    """Return what stands in the way of completing, and so archiving, a project."""
    if facts.next_phase is not None:
        text = f"The project is in {Phase(facts.phase).label}; it can be completed in its last phase only."
        return [Blocker("not-last-phase", text, facts.link, facts.manager)]
    return blockers_of(gate(facts))


def step_blockers(move: str, step: StepFacts, facts: GateFacts) -> list[Blocker]:
    """Return what stands in the way of a step's move: its project, its phase, the steps it needs, its kind."""
    refused = _not_active(facts.standing)
    if refused:
        return refused
    refused = _wrong_kind(move, step)
    here, there = PHASE_ORDER[facts.phase], PHASE_ORDER[step.phase]
    label = Phase(step.phase).label
    if (
        there > here
        and move != "mark_not_applicable"
        and not (move == "reopen" and step.status == StepStatus.NOT_APPLICABLE)
    ):
        text = f"“{step.title}” opens when the project reaches {label}; it is in {Phase(facts.phase).label}."
        refused.append(Blocker("phase-ahead", text, facts.link, facts.manager, step.key))
    if move == "reopen" and there < here:
        text = f"{label} is passed. Return the project to {label} first; then “{step.title}” can be reopened."
        refused.append(Blocker("phase-left", text, facts.link, facts.manager, step.key))
    if move in {"start", "resume", "submit", "complete", "approve", "excuse"}:
        refused += _needed_first(step, facts.steps)
    return refused


def needed_by(step: StepFacts, steps: Sequence[StepFacts]) -> list[StepFacts]:
    """Return the steps that wait for this one."""
    return [other for other in steps if step.key in other.needs]


def _needed_first(step: StepFacts, steps: Sequence[StepFacts]) -> list[Blocker]:
    by_key: Mapping[str, StepFacts] = {other.key: other for other in steps}
    return [
        Blocker(
            "needs-open",
            f"“{step.title}” needs “{needed.title}” first, which is {StepStatus(needed.status).label.lower()}.",
            needed.link,
            needed.responsible_names,
            needed.key,
        )
        for key in step.needs
        if (needed := by_key.get(key)) is not None and not needed.closed
    ]


def _wrong_kind(move: str, step: StepFacts) -> list[Blocker]:
    if move == "complete" and step.approval:
        who = step.accountable_names or "its accountable, once somebody is named"
        text = f"“{step.title}” is closed by a decision: submit it, and {who} approves."
        return [Blocker("approval-missing", text, step.link, step.accountable_names, step.key)]
    if move == "submit" and not step.approval:
        return [
            Blocker("no-approval-asked", f"“{step.title}” asks for no approval: mark it done.", step.link, "", step.key)
        ]
    if move == "mark_not_applicable" and not step.may_be_skipped:
        text = f"“{step.title}” applies to every project of its playbook. Do it, or waive it at the gate."
        return [Blocker("always-applies", text, step.link, step.accountable_names, step.key)]
    return []


def _not_active(standing: str) -> list[Blocker]:
    if standing == Standing.ACTIVE:
        return []
    label = Standing(standing).label.lower()
    hint = " Resume it first." if standing == Standing.ON_HOLD else ""
    return [Blocker("not-active", f"The project is {label}.{hint}")]


def _steps_closed(facts: GateFacts, steps: Sequence[StepFacts]) -> Criterion:
    plain = [step for step in steps if not step.approval]
    blockers = tuple(
        Blocker("step-open", f"{step.title} is {_status_words(step)}", step.link, step.responsible_names, step.key)
        for step in plain
        if not step.closed and step.status != StepStatus.BLOCKED
    )
    done = sum(step.closed for step in plain)
    return Criterion("step-open", f"Steps up to {Phase(facts.phase).label} closed, {done} of {len(plain)}", blockers)


def _status_words(step: StepFacts) -> str:
    if step.status == StepStatus.WAITING_ON_CUSTOMER:
        until = f", {step.until:%b} {step.until.day}" if step.until else ""
        return f"waiting on the customer ({step.owner}{until})"
    return StepStatus(step.status).label.lower()


def _approvals_given(steps: Sequence[StepFacts]) -> Criterion | None:
    approvals = [step for step in steps if step.approval]
    if not approvals:
        return None
    blockers = tuple(
        Blocker("approval-missing", f"{step.title} is not approved", step.link, step.accountable_names, step.key)
        for step in approvals
        if not step.closed and step.status != StepStatus.BLOCKED
    )
    given = sum(step.closed for step in approvals)
    return Criterion("approval-missing", f"Approvals given, {given} of {len(approvals)}", blockers)


def _nothing_blocked(steps: Sequence[StepFacts]) -> Criterion:
    blockers = tuple(
        Blocker("step-blocked", f"{step.title} is blocked: {step.reason}", step.link, step.owner, step.key)
        for step in steps
        if step.status == StepStatus.BLOCKED
    )
    return Criterion("step-blocked", "No step blocked", blockers)


def _accountable_named(steps: Sequence[StepFacts]) -> Criterion:
    blockers = tuple(
        Blocker("no-accountable", f"{step.title} has no accountable: name one", step.link, "", step.key)
        for step in steps
        if not step.accountable and step.status != StepStatus.NOT_APPLICABLE
    )
    return Criterion("no-accountable", "Every step has an accountable", blockers)


def _seats_filled(facts: GateFacts) -> Criterion | None:
    """A phase is not entered with nobody to do it: a role that its open steps need as R or A has somebody in its seat."""
    if facts.next_phase is None or not facts.seats:
        return None
    phase = Phase(facts.next_phase).label
    blockers = tuple(
        Blocker("seat-empty", _seat_words(phase, seat), seat.link, facts.manager, seat.key)
        for seat in facts.seats
        if not seat.filled
    )
    filled = sum(seat.filled for seat in facts.seats)
    return Criterion("seat-empty", f"Seats that {phase} needs filled, {filled} of {len(facts.seats)}", blockers)


def _sections_filled(facts: GateFacts, steps: Sequence[StepFacts]) -> Criterion | None:
    """What a step that is done should have written is written: something is in each of its mandatory sections.

    A step that is N/A writes nothing. A section that is N/A is out of what is counted, and said to be.
    """
    done = {step.key: step for step in steps if step.status == StepStatus.DONE}
    asked = [(section, by) for section in facts.sections if section.mandatory and (by := _writers(section, done))]
    if not asked:
        return None
    blockers = tuple(
        Blocker("section-empty", _empty_words(section, by[0]), section.link, by[0].responsible_names, section.key)
        for section, by in asked
        if section.open
    )
    filled = sum(section.state in FILLED for section, _ in asked)
    skipped = sum(section.state == SectionState.NOT_APPLICABLE for section, _ in asked)
    text = f"Sections filled, {filled} of {len(asked) - skipped}" + (f", {skipped} N/A" if skipped else "")
    return Criterion("section-empty", text, blockers)


def _writers(section: SectionFacts, done: Mapping[str, StepFacts]) -> list[StepFacts]:
    return [done[key] for key in section.steps if key in done]


def _empty_words(section: SectionFacts, step: StepFacts) -> str:
    return f"{section.title} is empty, and “{step.title}”, which writes it, is done"


def _seat_words(phase: str, seat: SeatFacts) -> str:
    loads = [
        f"{what} for {steps} step{'s' if steps != 1 else ''}"
        for what, steps in (("responsible", seat.responsible), ("accountable", seat.accountable))
        if steps
    ]
    article = "an" if seat.name[:1].lower() in set("aeiou") else "a"
    return f"{phase} needs {article} {seat.name} ({seat.code}): {' and '.join(loads)}, and nobody sits there"


def _apply_waivers(criterion: Criterion, facts: GateFacts) -> Criterion:
    valid = {(waiver.code, waiver.subject): waiver for waiver in facts.waivers if facts.today <= waiver.expires}
    if not valid or not criterion.blockers:
        return criterion
    left = tuple(blocker for blocker in criterion.blockers if (blocker.code, blocker.subject) not in valid)
    waived = tuple(
        Waived(blocker, valid[blocker.code, blocker.subject])
        for blocker in criterion.blockers
        if (blocker.code, blocker.subject) in valid
    )
    return Criterion(criterion.code, criterion.text, left, waived)
