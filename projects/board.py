"""The board of a project: its live steps joined with what their playbook says and who sits where.

Two queries whatever the number of steps (steps with their people, seats); titles and letters come from
`playbook.catalog`. The page, the gate and `perform()` all look at the same board.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from playbook.catalog import RoleTemplate, StepTemplate, VersionTemplate, version_template
from projects.people import Person, person
from raci.letters import Letter
from transitions.gates import GateFacts, SeatFacts, StepFacts, WaiverFacts
from transitions.phase import PHASE_ORDER
from transitions.step import CLOSED, StepStatus

if TYPE_CHECKING:
    from projects.models import Project

R, A = Letter.RESPONSIBLE.value, Letter.ACCOUNTABLE.value
C = Letter.CONSULTED.value


@dataclass(slots=True)
class LiveStep:
    """One live step, ready to be shown or asked about."""

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


STEP_COLUMNS = (
    "pk", "template_id", "template__version_id", "status", "due", "baseline_due", "reason", "until", "status_since",
    "revision", "visible_to_customer", "owner_id", "owner__name", "responsible_id", "responsible__name",
    "responsible__is_active", "accountable_id", "accountable__name", "accountable__is_active",
)  # fmt: skip


@dataclass
class Board:
    """The live steps and seats of one project, in playbook order within each phase."""

    project: Project
    steps: list[LiveStep]
    seats: list[SeatView]
    versions: list[VersionTemplate] = field(default_factory=list)

    @classmethod
    def load(cls, project: Project) -> Board:
        """Read the board of `project` in two queries."""
        steps: list[LiveStep] = []
        versions: dict[int, VersionTemplate] = {}
        rows: Any = project.steps.order_by().values_list(*STEP_COLUMNS)
        for row in rows:
            version = versions.get(row[2]) or versions.setdefault(row[2], version_template(row[2]))
            steps.append(
                LiveStep(  # type: ignore[call-arg]  # eight columns, in the order of the fields
                    row[0],
                    version.steps[row[1]],
                    *row[3:11],
                    person(row[11], row[12]),
                    # Whoever is deactivated counts for nothing: the seats have the letter again.
                    person(row[13], row[14]) if row[15] else None,
                    person(row[16], row[17]) if row[18] else None,
                )
            )
        ordered = sorted(versions.values(), key=lambda version: (version.kind != "phased", version.title))
        place = {version.id: index for index, version in enumerate(ordered)}
        steps.sort(key=lambda step: (step.template.phase_rank, place[step.template.version_id], step.template.number))
        roles = {role.id: (role, version) for version in ordered for role in version.roles.values()}
        seats = [
            SeatView(pk, *roles[role_id], person(person_id, name) if active else None, zone or "")
            for pk, role_id, person_id, name, active, zone in project.seats.order_by("pk").values_list(
                "pk", "role_id", "person_id", "person__name", "person__is_active", "person__time_zone"
            )
        ]
        return cls(project, steps, seats, ordered)

    @cached_property
    def by_path(self) -> dict[str, LiveStep]:
        """The steps by `playbook/step-key`."""
        return {step.path: step for step in self.steps}

    @cached_property
    def by_role(self) -> dict[int, SeatView]:
        """The seats by role id."""
        return {seat.role.id: seat for seat in self.seats}

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
            may_be_skipped=template.applies == "if_applicable",
            accountable=accountable,
            responsible_names=", ".join(someone.name for someone in self.people(step, R)),
            accountable_names=", ".join(someone.name for someone in self.people(step, A)),
            reason=step.reason,
            owner=step.owner.name if step.owner else "",
            until=step.until,
            link=self.project.step_url(template.path),
        )

    @cached_property
    def all_facts(self) -> list[StepFacts]:
        """Every step as the gates see it."""
        return [self.step_facts(step) for step in self.steps]

    def gate_facts(self, *, today: dt.date, waivers: Sequence[WaiverFacts] = ()) -> GateFacts:
        """Return what the gate out of the present phase is asked about."""
        manager = self.manager()
        return GateFacts(
            project_id=self.project.pk,
            phase=self.project.phase,
            next_phase=self.project.next_phase(),
            standing=self.project.standing,
            steps=self.all_facts,
            seats=self.seats_needed(self.project.next_phase()),
            waivers=waivers,
            today=today,
            link=self.project.get_absolute_url(),
            manager=manager.name if manager else "",
        )


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
