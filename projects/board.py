"""The board of a project: its live steps joined with what their playbook says and who sits where.

Two queries whatever the number of steps (steps with their people, seats); titles and letters come from
`playbook.catalog`. The page, the gate and `perform()` all look at the same board.

**Which version a project is on** has one home: its pins (`ProjectPlaybook`), one for each of its playbooks. After an `Upgrade`
some of its steps still are of an older version (what was done stays as it was done), and some seats may be of roles that the
pinned version has no more. Then, and only then, the board asks for the pins: a third query. What holds at all times, and what
an upgrade and its way back have to keep in their transaction: one live step for each `playbook/step-key`, one seat for each
`playbook/role code`, and the seats of all roles of the pinned version.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from playbook.catalog import RoleTemplate, StepTemplate, VersionTemplate, version_template
from projects.outline import Outline, outlines
from projects.people import Person, person
from raci.letters import Letter
from transitions.gates import GateFacts, SeatFacts, SectionFacts, StepFacts, WaiverFacts
from transitions.phase import PHASE_ORDER
from transitions.section import SectionState
from transitions.step import CLOSED, StepStatus

if TYPE_CHECKING:
    from projects.models import Project

R, A = Letter.RESPONSIBLE.value, Letter.ACCOUNTABLE.value
C = Letter.CONSULTED.value


@dataclass(slots=True)
class LiveStep:
    """One live step, ready to be shown or asked about. Its template has the title that the project gave it, where it did."""

    id: int
    template: StepTemplate
    status: str
    due: dt.date | None
    baseline_due: dt.date | None
    reason: str
    until: dt.date | None
    status_since: dt.datetime | None
    revision: int
    visible_to_customer: bool = False
    own_title: str = ""
    owner: Person | None = None
    named_responsible: Person | None = None
    named_accountable: Person | None = None

    @property
    def path(self) -> str:
        """`playbook/step-key`."""
        return self.template.path

    @property
    def closed(self) -> bool:
        """Done or not applicable."""
        return self.status in CLOSED

    def overdue(self, today: dt.date) -> bool:
        """Whether the step is open and its due date has passed."""
        return not self.closed and self.due is not None and self.due < today


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat: its role and who is in it, if anybody."""

    id: int
    role: RoleTemplate
    version: VersionTemplate
    person: Person | None
    zone: str = ""  # the person's time zone: a summary comes in their morning


@dataclass(frozen=True, slots=True)
class Totals:
    """What the portfolio sorts by, kept on the project's row. N/A counts out of all of them."""

    steps_total: int
    steps_done: int
    steps_blocked: int
    steps_waiting: int
    phase_total: int
    phase_done: int
    next_due: dt.date | None
    next_template_id: int | None

    def differences(self, row: Project) -> dict[str, tuple[object, object]]:
        """Return the fields in which the project's row says otherwise: `{name: (row's, true)}`."""
        return {
            name: (getattr(row, name), getattr(self, name))
            for name in self.__slots__
            if getattr(row, name) != getattr(self, name)
        }


SEAT_COLUMNS = (
    "pk", "role_id", "role__version_id", "person_id", "person__name", "person__is_active", "person__time_zone",
)  # fmt: skip
STEP_COLUMNS = (
    "pk", "template_id", "template__version_id", "status", "due", "baseline_due", "reason", "until", "status_since",
    "revision", "visible_to_customer", "own_title", "owner_id", "owner__name", "responsible_id", "responsible__name",
    "responsible__is_active", "accountable_id", "accountable__name", "accountable__is_active",
)  # fmt: skip


def seats_by_role(steps: Iterable[LiveStep], seats: Iterable[SeatView]) -> dict[int, SeatView]:
    """Return the seats by the ids of the roles that steps name: their own, and those of other versions of their playbook.

    The letters of a step of another version lead to the seat of the same code in its playbook; where that role is gone from the
    pinned version, its own seat has stayed. Should there be two, the one of the newer version has it. Pure, beside the catalog.
    """
    seats = list(seats)
    found = {seat.role.id: seat for seat in seats}
    seated: dict[str, set[int]] = {}
    for seat in seats:
        seated.setdefault(seat.version.playbook, set()).add(seat.version.id)
    used = {(step.template.playbook, step.template.version_id) for step in steps}
    mixed = [(playbook, version) for playbook, version in used if seated.get(playbook, {version}) != {version}]
    if not mixed:
        return found
    by_code = {(s.version.playbook, s.role.code): s for s in sorted(seats, key=lambda seat: seat.version.number)}
    for playbook, version_id in mixed:
        for role in version_template(version_id).roles.values():
            if (playbook, role.code) in by_code:
                found[role.id] = by_code[playbook, role.code]
    return found


@dataclass
class Board:
    """The live steps and seats of one project, in playbook order within each phase.

    Args:
        versions: the versions that it is pinned to, one for each playbook, the main one first.
        older: others that steps or seats of it are still of, the newest first; none before its first upgrade.
    """

    project: Project
    steps: list[LiveStep]
    seats: list[SeatView]
    versions: list[VersionTemplate] = field(default_factory=list)
    older: list[VersionTemplate] = field(default_factory=list)

    @classmethod
    def load(cls, project: Project) -> Board:
        """Read the board of `project` in two queries; in three where steps and seats are of several versions of a playbook."""
        steps: list[LiveStep] = []
        versions: dict[int, VersionTemplate] = {}
        rows: Any = project.steps.order_by().values_list(*STEP_COLUMNS)
        for row in rows:
            version = versions.get(row[2]) or versions.setdefault(row[2], version_template(row[2]))
            template = version.steps[row[1]]
            steps.append(
                LiveStep(  # type: ignore[call-arg]  # eight columns, in the order of the fields
                    row[0],
                    replace(template, title=row[11]) if row[11] else template,
                    *row[3:12],
                    person(row[12], row[13]),
                    # Whoever is deactivated counts for nothing: the seats have the letter again.
                    person(row[14], row[15]) if row[16] else None,
                    person(row[17], row[18]) if row[19] else None,
                )
            )
        seats: list[SeatView] = []
        sitting: Any = project.seats.order_by("pk").values_list(*SEAT_COLUMNS)
        for pk, role_id, version_id, person_id, name, active, zone in sitting:
            version = versions.get(version_id) or versions.setdefault(version_id, version_template(version_id))
            who = person(person_id, name) if active else None
            seats.append(SeatView(pk, version.roles[role_id], version, who, zone or ""))
        pinned = _pinned(project, versions)
        ordered = sorted(pinned, key=lambda version: (version.kind != "phased", version.title))
        place = {version.playbook: index for index, version in enumerate(ordered)}
        steps.sort(
            key=lambda step: (
                step.template.phase_rank, place[step.template.playbook], step.template.number, step.template.version_id,
            )
        )  # fmt: skip
        on = {version.id for version in pinned}
        older = [version for version in versions.values() if version.id not in on]
        return cls(project, steps, seats, ordered, sorted(older, key=lambda version: -version.number))

    @cached_property
    def by_path(self) -> dict[str, LiveStep]:
        """The steps by `playbook/step-key`."""
        return {step.path: step for step in self.steps}

    @cached_property
    def by_role(self) -> dict[int, SeatView]:
        """The seats by the ids of the roles that steps name, whichever version these are of."""
        return seats_by_role(self.steps, self.seats)

    def version_of(self, step: LiveStep) -> VersionTemplate:
        """Return the version that a step is of: it may be an older one than its project is pinned to."""
        return version_template(step.template.version_id)

    def playbook_step(self, step: LiveStep) -> StepTemplate:
        """Return a step as its playbook has it, with the playbook's own title."""
        return self.version_of(step).steps[step.template.id] if step.own_title else step.template

    def holders(self, step: LiveStep, letter: str) -> list[SeatView | Person]:
        """Return who has `letter` on the step: seats, filled or not, or the person named on the step itself."""
        named = {R: step.named_responsible, A: step.named_accountable}.get(letter)
        if named is not None:
            return [named]
        return list(self.seats_of(step, letter))

    def step(self, step_id: int) -> LiveStep:
        """Return the step of that id."""
        return next(step for step in self.steps if step.id == step_id)

    def seats_of(self, step: LiveStep, letter: str) -> list[SeatView]:
        """Return the seats, filled or not, whose role has `letter` on the step by the playbook."""
        return [self.by_role[role_id] for role_id in step.template.letters.get(letter, ()) if role_id in self.by_role]

    def people(self, step: LiveStep, letter: str) -> list[Person]:
        """Return the people who have `letter` on the step; empty seats give nobody."""
        found = (holder.person if isinstance(holder, SeatView) else holder for holder in self.holders(step, letter))
        return list(dict.fromkeys(person for person in found if person is not None))

    def letters_of(self, person_id: int, step: LiveStep) -> frozenset[str]:
        """Return the letters that a person has on the step."""
        return frozenset(
            letter for letter in Letter.values if any(someone.id == person_id for someone in self.people(step, letter))
        )

    def manages(self, person_id: int) -> bool:
        """Return whether the person holds a seat that runs the project."""
        return any(seat.role.manages and seat.person and seat.person.id == person_id for seat in self.seats)

    def manager(self) -> Person | None:
        """Return the person in the first filled seat that runs the project."""
        return next((seat.person for seat in self.seats if seat.role.manages and seat.person), None)

    def reached(self, step: LiveStep) -> bool:
        """Whether the project has come to the step's phase."""
        return step.template.phase_rank <= PHASE_ORDER[self.project.phase]

    def seats_needed(self, phase: str | None) -> tuple[SeatFacts, ...]:
        """Return the roles that open steps of `phase` need as R or A, one for each code and name, filled or not.

        A letter for which somebody is named on the step itself needs no seat.
        """
        loads: dict[tuple[str, str], Counter[str]] = {}
        for step in self.steps:
            if step.template.phase != phase or step.closed:
                continue
            for letter in (R, A):
                held_by = {
                    holder.role.identity for holder in self.holders(step, letter) if isinstance(holder, SeatView)
                }
                for identity in held_by:
                    loads.setdefault(identity, Counter())[letter] += 1
        seats: dict[tuple[str, str], SeatView] = {}
        for seat in self.seats:
            if seat.role.identity in loads:
                seats.setdefault(seat.role.identity, seat)
        return tuple(
            SeatFacts(
                key=f"{seat.version.playbook}:{seat.role.code}",
                code=seat.role.code,
                name=seat.role.name,
                responsible=loads[identity][R],
                accountable=loads[identity][A],
                filled=any(other.person for other in self.seats if other.role.identity == identity),
                link=f"{self.project.get_absolute_url()}seats/{seat.id}",
            )
            for identity, seat in seats.items()
        )

    def totals(self) -> Totals:
        """Count the steps (design.md, Data: what the portfolio sorts by)."""
        return count(self.steps, self.project.phase)

    @cached_property
    def _titles(self) -> Counter[str]:
        return Counter(step.template.title for step in self.steps)

    def title(self, step: LiveStep) -> str:
        """Return the step's title, with its category where another step of the project is called the same."""
        template = step.template
        return f"{template.title} ({template.category})" if self._titles[template.title] > 1 else template.title

    def _may_be_skipped(self, applies: str) -> bool:
        """What is for phased go-lives alone is set aside where the project is none (any more); in one that is, it holds."""
        return applies == "if_applicable" or (applies == "phased_only" and not self.project.phased_go_live)

    def step_facts(self, step: LiveStep) -> StepFacts:
        """Return the step as the gates see it."""
        template = step.template
        accountable = bool(step.named_accountable or template.letters.get(A))
        return StepFacts(
            key=template.path,
            title=self.title(step),
            phase=template.phase,
            status=step.status,
            approval=template.approval,
            needs=template.needs,
            may_be_skipped=self._may_be_skipped(template.applies),
            accountable=accountable,
            responsible_names=", ".join(someone.name for someone in self.people(step, R)),
            accountable_names=", ".join(someone.name for someone in self.people(step, A)),
            reason=step.reason,
            owner=step.owner.name if step.owner else "",
            until=step.until,
            link=self.project.step_url(template.path),
            documents=template.documents,
        )

    @cached_property
    def all_facts(self) -> list[StepFacts]:
        """Every step as the gates see it."""
        return [self.step_facts(step) for step in self.steps]

    @cached_property
    def outlines(self) -> Mapping[str, Outline]:
        """The documents that the steps name, by slug."""
        return outlines(self.steps, self.versions, self.older)

    def section_facts(self, states: Mapping[str, str]) -> tuple[SectionFacts, ...]:
        """Return the sections of the documents that steps write, without those that are kept here and judged by themselves.

        Args:
            states: how far each is by its key; one that is not among them is empty.
        """
        return tuple(
            SectionFacts(
                key=part.key,
                title=outline.full_title(part),
                state=states.get(part.key, SectionState.EMPTY),
                mandatory=part.mandatory,
                steps=tuple(step.path for step in part.steps),
                link=f"{self.project.get_absolute_url()}documents#{part.anchor}",
            )
            for outline in self.outlines.values()
            if not outline.live
            for part in outline.parts
        )

    def gate_facts(
        self, *, today: dt.date, waivers: Sequence[WaiverFacts] = (), sections: Sequence[SectionFacts] = ()
    ) -> GateFacts:
        """Return what the gate out of the present phase is asked about; moves of steps ask for neither waivers nor sections."""
        manager = self.manager()
        return GateFacts(
            project_id=self.project.pk,
            phase=self.project.phase,
            next_phase=self.project.next_phase(),
            standing=self.project.standing,
            steps=self.all_facts,
            seats=self.seats_needed(self.project.next_phase()),
            sections=sections,
            waivers=waivers,
            today=today,
            link=self.project.get_absolute_url(),
            manager=manager.name if manager else "",
        )


def _pinned(project: Project, found: Mapping[int, VersionTemplate]) -> list[VersionTemplate]:
    """Return the versions that a project is pinned to, of those found there; its pins say which where two are of one playbook."""
    if len({version.playbook for version in found.values()}) == len(found):
        return list(found.values())
    pins = {
        version.playbook: version
        for version in map(version_template, project.pins.values_list("version_id", flat=True))
    }
    return [pins[playbook] for playbook in dict.fromkeys(version.playbook for version in found.values())]


def count(steps: Iterable[LiveStep], phase: str) -> Totals:
    """Return the totals of `steps` for a project in `phase`. Pure: `recount` and the moves use the same."""
    counted = [step for step in steps if step.status != StepStatus.NOT_APPLICABLE]
    rank = PHASE_ORDER[phase]
    here = [step for step in counted if step.template.phase_rank == rank]
    open_reached = [step for step in counted if not step.closed and step.template.phase_rank <= rank]
    following = min(
        open_reached,
        key=lambda step: (step.due or dt.date.max, step.template.phase_rank, step.template.number),
        default=None,
    )
    return Totals(
        steps_total=len(counted),
        steps_done=sum(step.status == StepStatus.DONE for step in counted),
        steps_blocked=sum(step.status == StepStatus.BLOCKED for step in counted),
        steps_waiting=sum(step.status == StepStatus.WAITING_ON_CUSTOMER for step in counted),
        phase_total=len(here),
        phase_done=sum(step.status == StepStatus.DONE for step in here),
        next_due=following.due if following else None,
        next_template_id=following.template.id if following else None,
    )
