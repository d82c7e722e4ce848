"""What a newer version of a playbook would do to a live project: step by step, with what may be chosen. Pure.

Three sides: the version that each step has, what the project has made of it, and the newer version. What is done, approved, in
review or N/A stays with the version under which it was done, whatever is chosen (design.md: an upgrade is a person's act,
previewed).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from playbook.catalog import RoleTemplate, StepTemplate, VersionTemplate
from playbook.vocabulary import Applies, ApprovalKind
from projects.start import applies_not
from raci.letters import Letter
from transitions.phase import PHASE_ORDER, Phase
from transitions.step import CLOSED, StepStatus


class Kind(StrEnum):
    """What the newer version does to a step."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"
    SAME = "same"


class Choice(StrEnum):
    """What a person decides of a step.

    ACCEPT takes the newer version's step (of one that it drops: set aside as N/A); KEEP leaves the step as the project has it.
    For a step that is new: DO adds it, LEAVE_OUT adds it as N/A, with a reason.
    """

    ACCEPT = "accept"
    KEEP = "keep"
    DO = "do"
    LEAVE_OUT = "leave_out"


#: The fields of a step that a person reads, in the order in which they are told.
FIELDS: Mapping[str, str] = {
    "title": "Title",
    "phase": "Phase",
    "category": "Category",
    "guidance": "Guidance",
    "letters": "RACI",
    "approval": "Approval",
    "duration_days": "Working days",
    "needs": "Needs",
    "applies": "Applies",
    "documents": "Documents",
    "meeting": "Meeting",
}


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A live step as the project has it. `id` and `template` say which; the rest is what the project has made of it.

    `touched`: comments, evidence, documents or decisions hang on it. `by_hand`: somebody set its due date. `born_out`: it did not
    apply when the project began, so it takes no time in the plan.
    """

    id: int
    template: StepTemplate
    status: str
    revision: int = 0
    due: dt.date | None = None
    by_hand: bool = False
    touched: bool = False
    responsible: str = ""
    accountable: str = ""
    own_title: str = ""
    reason: str = ""

    @property
    def open(self) -> bool:
        """Neither done nor N/A."""
        return self.status not in CLOSED

    @property
    def born_out(self) -> bool:
        """N/A, and never anything else."""
        return self.status == StepStatus.NOT_APPLICABLE and self.revision == 0


@dataclass(frozen=True, slots=True)
class OwnSeat:
    """A seat of the project: whose role, and who sits there (their name is empty where nobody does)."""

    id: int
    role: RoleTemplate
    version_id: int
    playbook: str
    person_id: int | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """A project as it is: where it stands, its steps and seats (of all its playbooks), and what versions these are of."""

    phase: str
    phases: tuple[str, ...]
    kickoff: dt.date
    integration_kind: str
    phased_go_live: bool
    today: dt.date
    steps: tuple[OwnStep, ...]
    seats: tuple[OwnSeat, ...] = ()
    versions: Mapping[int, VersionTemplate] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The place of its phase in the chain."""
        return PHASE_ORDER[self.phase]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that says something else in the newer version, both in words."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the plan: what the newer version does to it, what the project has done, and what may be chosen.

    `untouchable` says why nothing may; `default` is None where a person has to decide. `asks_reason`: leaving it out needs one.
    `stays_out`: taken over, it does not apply to this project, and is N/A for that reason.
    """

    key: str
    kind: Kind
    own: OwnStep | None
    new: StepTemplate | None
    changes: tuple[FieldChange, ...] = ()
    done: tuple[str, ...] = ()
    untouchable: str = ""
    allowed: tuple[Choice, ...] = ()
    default: Choice | None = None
    passed: bool = False
    stays_out: str = ""

    @property
    def template(self) -> StepTemplate:
        """The step as the newer version has it, or where it drops it as the project does."""
        found = self.new or (self.own.template if self.own else None)
        assert found is not None, "a line is of a step"
        return found

    @property
    def title(self) -> str:
        """What the project calls the step."""
        return (self.own.own_title or self.own.template.title) if self.own else self.template.title

    @property
    def must_decide(self) -> bool:
        """Whether no choice is made for the person."""
        return bool(self.allowed) and self.default is None

    @property
    def field_name(self) -> str:
        """Its field in a form: keys have no blanks and no colons."""
        return f"step:{self.key}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A line with what was decided of it; `choice` is None where nothing may be. `reason` is that of leaving a step out."""

    line: Line
    choice: Choice | None
    reason: str = ""

    @property
    def takes_new(self) -> bool:
        """Whether the live step becomes, or is made as, the newer version's."""
        return self.line.new is not None and self.choice in {Choice.ACCEPT, Choice.DO, Choice.LEAVE_OUT}

    @property
    def out(self) -> str:
        """Why the step is N/A from now on; empty where its status stays."""
        if self.choice == Choice.LEAVE_OUT:
            return self.line.stays_out or self.reason
        if self.takes_new:
            return self.line.stays_out
        if self.line.kind == Kind.REMOVED and self.choice == Choice.ACCEPT:
            return self.reason
        return ""


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """What going from `base` to `new` would do to a project, a line for each step."""

    base: VersionTemplate
    new: VersionTemplate
    own: Own
    lines: tuple[Line, ...]

    @property
    def undecided(self) -> tuple[Line, ...]:
        """The lines on which a person has to decide."""
        return tuple(line for line in self.lines if line.must_decide)

    @property
    def counts(self) -> dict[str, int]:
        """How many lines there are of each kind, and how many are held; those there are none of left out."""
        found: dict[str, int] = {}
        for line in self.lines:
            name = "held" if line.untouchable and line.kind != Kind.SAME else str(line.kind)
            found[name] = found.get(name, 0) + 1
        return found

    def set_aside_reason(self) -> str:
        """The reason that a step bears which the newer version drops."""
        return f"Not in {self.new.label}"

    def choose(
        self, decisions: Mapping[str, str] | None = None, reasons: Mapping[str, str] | None = None
    ) -> tuple[Chosen, ...]:
        """Return the lines with what was decided, by key; a line that nothing was said of has its default.

        What is not allowed on a line is taken for nothing said: `refusals` tells of what lacks.
        """
        said, why = decisions or {}, reasons or {}
        found = []
        for line in self.lines:
            choice = line.default
            if said.get(line.key) in line.allowed:
                choice = Choice(said[line.key])
            reason = why.get(line.key, "").strip() if choice == Choice.LEAVE_OUT else ""
            if choice == Choice.LEAVE_OUT and not reason and line.default == Choice.LEAVE_OUT:
                reason = f"Optional in {self.new.label}, which came after {Phase(line.template.phase).label} was passed"
            if line.kind == Kind.REMOVED and choice == Choice.ACCEPT:
                reason = self.set_aside_reason()
            found.append(Chosen(line, choice, reason))
        return tuple(found)


def plan(base: VersionTemplate, new: VersionTemplate, own: Own) -> UpgradePlan:
    """Return what the newer version would do to the project.

    Args:
        base: the version that the project has. new: another of the same playbook.
        own: the project. Its steps may be of versions older than `base`, which they were kept in.

    Returns:
        A line for each step of either, in the newer version's order, those that it drops behind the rest of their phase.

    Raises:
        ValueError: versions of two playbooks.
    """
    if base.playbook != new.playbook:
        raise ValueError(f"{base.label} and {new.label} are versions of two playbooks")
    mine = {step.template.key: step for step in own.steps if step.template.playbook == new.playbook}
    lines = [_line(mine.get(step.key), step, new, own) for step in new.steps.values()]
    theirs = {step.key for step in new.steps.values()}
    lines += [_removed(step, new) for key, step in mine.items() if key not in theirs]
    lines.sort(key=lambda line: (line.template.phase_rank, line.new is None, line.template.number))
    return UpgradePlan(base, new, own, tuple(lines))


def _line(step: OwnStep | None, new: StepTemplate, version: VersionTemplate, own: Own) -> Line:
    stays_out = applies_not(new, own.integration_kind, own.phased_go_live)
    if step is None:
        return _added(new, own, stays_out)
    changes = _changes(step.template, new, own.versions[step.template.version_id], version)
    names = {change.name for change in changes}
    kind = Kind.MOVED if "phase" in names else Kind.CHANGED if names else Kind.SAME
    held = _untouchable(step)
    # One that is worked on is not taken away by what the newer version says of where it applies.
    out = stays_out if step.status == StepStatus.NOT_STARTED and not step.touched else ""
    allowed: tuple[Choice, ...] = ()
    if not held:
        allowed = (Choice.ACCEPT,) if kind == Kind.SAME else (Choice.ACCEPT, Choice.KEEP)
    return Line(
        new.key, kind, step, new, changes, what_was_done(step), held, allowed, allowed[0] if allowed else None,
        passed=new.phase_rank < own.rank, stays_out="" if held or kind == Kind.SAME else out,
    )  # fmt: skip


def _added(new: StepTemplate, own: Own, stays_out: str) -> Line:
    passed = new.phase_rank < own.rank
    if stays_out:
        return Line(
            new.key, Kind.ADDED, None, new, allowed=(Choice.DO,), default=Choice.DO, passed=passed, stays_out=stays_out
        )
    default: Choice | None = Choice.DO
    if passed:
        default = Choice.LEAVE_OUT if new.applies == Applies.IF_APPLICABLE else None
    return Line(new.key, Kind.ADDED, None, new, allowed=(Choice.DO, Choice.LEAVE_OUT), default=default, passed=passed)


def _removed(step: OwnStep, version: VersionTemplate) -> Line:
    held = _untouchable(step)
    started = step.status != StepStatus.NOT_STARTED or step.touched
    allowed: tuple[Choice, ...] = ()
    if not held and started:
        held = "Work on it has begun, so it stays."
    elif not held:
        allowed = (Choice.ACCEPT, Choice.KEEP)
    return Line(
        step.template.key, Kind.REMOVED, step, None, (), what_was_done(step), held, allowed,
        allowed[0] if allowed else None,
    )  # fmt: skip


def _untouchable(step: OwnStep) -> str:
    if step.status == StepStatus.DONE:
        word = "Approved" if step.template.approval else "Done"
        return f"{word} already: it stays as it was done."
    if step.status == StepStatus.NOT_APPLICABLE:
        return "N/A, with a reason: it stays so."
    if step.status == StepStatus.IN_REVIEW:
        return "In review: it is decided on as it was handed in."
    return ""


def what_was_done(step: OwnStep) -> tuple[str, ...]:
    """Return what the project has made of a step, in words."""
    found = []
    if step.status != StepStatus.NOT_STARTED:
        found.append(StepStatus(step.status).label)
    if step.by_hand:
        found.append("due date set by hand")
    if step.responsible:
        found.append(f"{step.responsible} named responsible")
    if step.accountable:
        found.append(f"{step.accountable} named accountable")
    if step.own_title:
        found.append("renamed here")
    if step.touched:
        found.append("has comments, evidence or documents")
    return tuple(found)


def _changes(
    before: StepTemplate, after: StepTemplate, old: VersionTemplate, new: VersionTemplate
) -> tuple[FieldChange, ...]:
    was, now = words_of(before, old), words_of(after, new)
    return tuple(
        FieldChange(name, label, was[name], now[name]) for name, label in FIELDS.items() if was[name] != now[name]
    )


def words_of(step: StepTemplate, version: VersionTemplate) -> dict[str, str]:
    """Return what a step says, field by field, as a person reads it; steps and roles by key and code, equal across versions."""
    letters = [
        f"{letter} {', '.join(version.roles[role].code for role in step.letters[letter])}"
        for letter in Letter.values
        if step.letters.get(letter)
    ]
    return {
        "title": step.title,
        "phase": Phase(step.phase).label,
        "category": step.category,
        "guidance": step.guidance,
        "letters": " · ".join(letters),
        "approval": str(ApprovalKind(step.approval).label) if step.approval else "",
        "duration_days": str(step.duration_days),
        "needs": ", ".join(path.partition("/")[2] for path in step.needs),
        "applies": str(Applies(step.applies).label),
        "documents": ", ".join(step.documents),
        "meeting": step.meeting,
    }
