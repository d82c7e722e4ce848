"""Starting a project: what will be made, shown before anything is, and then made in one transaction.

`draft()` is pure over published versions and feeds both the preview and `start_project()`, so the two cannot differ.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from history.context import named
from playbook.catalog import RoleTemplate, StepTemplate, VersionTemplate, version_template
from playbook.data import StepData
from playbook.models import Version
from playbook.vocabulary import Applies
from projects.board import LiveStep, SeatView, count
from projects.inbox import seat_given, tell
from projects.models import (
    Biller,
    CoreSystem,
    IntegrationKind,
    Notice,
    Project,
    ProjectGrant,
    ProjectPlaybook,
    ProjectStep,
    Seat,
)  # fmt: skip
from projects.people import Person
from projects.schedule import EARLIEST, LATEST, PlannedStep, plan_due_dates
from projects.team import grants_due, refuse_other_side
from raci.grants import set_grants_of_new
from transitions.moves import begin, write_record
from transitions.phase import PHASE_ORDER, Phase
from transitions.step import StepStatus

#: The playbooks proposed for a kind (domain.md: existing leaves Integration out; an add-on is Post-Live alone).
PROPOSED: Mapping[str, tuple[str, ...]] = {
    IntegrationKind.PARTNER: ("integration", "new-integration-participation", "transition-to-cs"),
    IntegrationKind.CUSTOM: ("integration", "new-integration-participation", "transition-to-cs"),
    IntegrationKind.EXISTING: ("transition-to-cs",),
    IntegrationKind.ADD_ON: ("addon-post-live",),
}

RoleIdentity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A step that does not apply to this project, and why: it is made as N/A and stays visible."""

    step: StepTemplate
    why: str


@dataclass(frozen=True, slots=True)
class RoleToFill:
    """A role of the chosen playbooks. Roles of the same code and name in several playbooks are one seat to fill."""

    code: str
    name: str
    team: str
    side: str
    manages: bool
    ids: tuple[int, ...]

    @property
    def field_name(self) -> str:
        """The name of its field on the start form: a seat is told by code and name, never by code alone."""
        return f"role-{min(self.ids)}"


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase as it will be: its steps that apply, and the first and the last of their due dates."""

    label: str
    steps: tuple[StepTemplate, ...]
    first_due: dt.date | None
    last_due: dt.date | None


@dataclass(frozen=True)
class StartDraft:
    """What will be made: steps in and out with their dates, phases visited, roles to fill."""

    versions: tuple[VersionTemplate, ...]
    steps: tuple[StepTemplate, ...]
    left_out: Mapping[int, LeftOut]
    due: Mapping[str, dt.date]
    phases: tuple[str, ...]
    roles: tuple[RoleToFill, ...]

    @property
    def steps_in(self) -> list[StepTemplate]:
        """The steps that apply."""
        return [step for step in self.steps if step.id not in self.left_out]

    @property
    def planned_end(self) -> dt.date | None:
        """The last due date of a step before Post-Live: when the plan goes live (or ends, without a Release)."""
        before = [self.due[step.path] for step in self.steps_in if step.phase != Phase.POST_LIVE]
        return max(before or [self.due[step.path] for step in self.steps_in], default=None)

    def by_phase(self) -> list[PlannedPhase]:
        """The steps that apply, phase by phase."""
        found = []
        for phase in self.phases:
            steps = tuple(step for step in self.steps_in if step.phase == phase)
            days = sorted(self.due[step.path] for step in steps)
            found.append(PlannedPhase(Phase(phase).label, steps, days[0] if days else None, days[-1] if days else None))
        return found


@dataclass(frozen=True)
class Start:
    """What a person filled in to start a project. `people` says who takes each role, by the role's (code, name)."""

    biller_name: str
    biller_code: str
    vertical: str
    integration_kind: str
    version_ids: tuple[int, ...]
    kickoff: dt.date
    target_go_live: dt.date
    core_system: str = ""
    mrr: Decimal | None = None
    phased_go_live: bool = False
    people: Mapping[RoleIdentity, User] = field(default_factory=dict)
    start_key: uuid.UUID = field(default_factory=uuid.uuid4)


def draft(version_ids: Iterable[int], *, integration_kind: str, phased_go_live: bool, kickoff: dt.date) -> StartDraft:
    """Return what a project on these published versions would be made of.

    Raises:
        ValidationError: no playbook chosen, two versions of one, or a kickoff in no century of ours.
        Version.DoesNotExist: a version that is not there, or a draft.
    """
    if not EARLIEST <= kickoff <= LATEST:
        raise ValidationError({"kickoff": f"The kickoff is from {EARLIEST} to {LATEST}."})
    versions = tuple(version_template(pk) for pk in dict.fromkeys(version_ids))
    if not versions:
        raise ValidationError("Choose at least one playbook.", code="no-playbook")
    if len({version.playbook for version in versions}) < len(versions):
        raise ValidationError("Choose one version of each playbook.", code="playbook-twice")
    steps = tuple(
        sorted(
            (step for version in versions for step in version.steps.values()),
            key=lambda step: (step.phase_rank, step.version_id, step.number),
        )
    )
    reasons = {step.id: applies_not(step, integration_kind, phased_go_live) for step in steps}
    left_out = {step.id: LeftOut(step, why) for step in steps if (why := reasons[step.id])}
    planned = [
        PlannedStep(step.path, step.phase, 0 if step.id in left_out else step.duration_days, step.needs)
        for step in steps
    ]
    phases = sorted({step.phase for step in steps}, key=PHASE_ORDER.__getitem__)
    return StartDraft(versions, steps, left_out, plan_due_dates(planned, kickoff), tuple(phases), _roles(versions))


@named
def start_project(start: Start, *, by: User, now: dt.datetime | None = None) -> Project:
    """Make the project: its row, pins, steps, seats, grants and the record of it; in one transaction, or nothing.

    The number of queries does not depend on the number of steps. The same `start_key` gives the same project, however often
    and however many at a time it is sent.

    Args:
        start: what was filled in; `start_key` tells one start from another.
        by: who starts it; the caller has asked whether they may.
        now: the instant, aware; the present unless given.

    Raises:
        ValidationError: with the field's name where it is about one.
    """
    now = now or timezone.now()
    made = draft(
        start.version_ids,
        integration_kind=start.integration_kind,
        phased_go_live=start.phased_go_live,
        kickoff=start.kickoff,
    )
    check_dates(start.kickoff, start.target_go_live)
    name, code = start.biller_name.strip(), start.biller_code.strip().upper()
    for _ in range(3):
        try:
            with transaction.atomic():
                return _make(start, made, by=by, now=now)
        except (IntegrityError, ValidationError) as failed:
            twin = Project.objects.filter(start_key=start.start_key).first()
            if twin is not None:
                return twin
            if isinstance(failed, ValidationError):
                raise
        taken = Biller.objects.filter(code=code).exclude(name__iexact=name).first()
        if taken is not None:
            raise ValidationError({"biller_code": f"{taken.code} is {taken.name}’s code. Choose another."})
        # Somebody made this biller at the same moment. Now it is there, and the next attempt waits for its turn.
    raise ValidationError("Somebody started a project for this biller at the same moment. Send it again.")


def check_dates(kickoff: dt.date, target_go_live: dt.date) -> None:
    """Raise ValidationError on the field if the go-live lies before the kickoff."""
    if target_go_live < kickoff:
        raise ValidationError({"target_go_live": "The go-live cannot be before the kickoff."})


def _refuse_retired_and_idle(made: StartDraft, start: Start) -> None:
    published = set(Version.objects.published().filter(pk__in=start.version_ids).values_list("pk", flat=True))
    if retired := [version.label for version in made.versions if version.id not in published]:
        raise ValidationError(f"Retired, so no new project starts on it: {', '.join(retired)}.", code="retired")
    if idle := dict.fromkeys(person.name for person in start.people.values() if not person.is_active):
        raise ValidationError(f"Deactivated, and cannot take a seat: {', '.join(idle)}.", code="deactivated")
    for role in made.roles:
        if (role.code, role.name) in start.people:
            refuse_other_side(start.people[role.code, role.name], role)


def _make(start: Start, made: StartDraft, *, by: User, now: dt.datetime) -> Project:
    _refuse_retired_and_idle(made, start)
    biller, number = _biller_and_number(start)
    core_system = _core_system(start.core_system.strip())
    people = {
        role_id: start.people[role.code, role.name]
        for role in made.roles
        if (role.code, role.name) in start.people
        for role_id in role.ids
    }
    manager = next((people[role.ids[0]] for role in made.roles if role.manages and role.ids[0] in people), None)
    phase = made.phases[0]
    live = _as_live(made)
    project = Project(
        code=f"{biller.code}-{number}",
        biller=biller,
        number=number,
        core_system=core_system,
        name=biller.name,
        integration_kind=start.integration_kind,
        phased_go_live=start.phased_go_live,
        phases=list(made.phases),
        kickoff=start.kickoff,
        target_go_live=start.target_go_live,
        baseline_go_live=start.target_go_live,
        mrr=start.mrr,
        manager=manager,
        started_by=by,
        started_at=now,
        start_key=start.start_key,
        phase_since=now,
        **_first_totals(live, phase),
    )
    project.full_clean(validate_unique=False, validate_constraints=False, exclude=_RELATIONS)
    pins = [ProjectPlaybook(project=project, version_id=version.id) for version in made.versions]
    seats = [
        Seat(project=project, role_id=role_id, person=people.get(role_id))
        for role in made.roles
        for role_id in role.ids
    ]

    def save(rows: Sequence[Project]) -> None:
        """Born together: nobody has to ask whether a project that was not there is archived."""
        rows[0].save(force_insert=True)
        ProjectPlaybook.objects.bulk_create(pins)
        Seat.objects.bulk_create(seats)

    begin([project], save, states=[{"phase": phase}])
    _make_steps(project, made, now)
    set_grants_of_new(ProjectGrant, Project, {project.pk: grants_due(live, seats_of(made.versions, people))})
    tell(_seats_given(project, made, start.people, by=by, now=now))
    facts = {
        "versions": [version.label for version in made.versions],
        "left_out": {item.step.path: item.why for item in made.left_out.values()},
    }
    write_record(project, "begin", field="phase", source="", by=by, note="", at=now, facts=facts)
    return project


#: Foreign keys that full_clean() would look up once more; they were just read, and the database holds them anyway.
_RELATIONS = {"biller", "core_system", "manager", "started_by", "next_template"}


def _core_system(name: str) -> CoreSystem | None:
    if not name:
        return None
    found = CoreSystem.objects.filter(name=name).first()
    if found is None:
        CoreSystem(name=name).full_clean(validate_unique=False)
        found = CoreSystem.objects.create(name=name)  # where somebody was as quick, the next attempt finds it
    return found


def _biller_and_number(start: Start) -> tuple[Biller, int]:
    """Return the biller, locked or just made, and the number of its next project.

    Two queries, not one: what the first of them counted would be what was there before it waited for the lock.
    """
    found = Biller.objects.select_for_update().filter(name__iexact=start.biller_name.strip()).first()
    if found is not None:
        last = Project.objects.filter(biller=found).aggregate(last=Max("number"))["last"]
        return found, (last or 0) + 1
    biller = Biller(name=start.biller_name.strip(), code=start.biller_code.strip().upper(), vertical=start.vertical)
    biller.full_clean(validate_unique=False, validate_constraints=False)
    biller.save(force_insert=True)
    return biller, 1


def _make_steps(project: Project, made: StartDraft, now: dt.datetime) -> None:
    rows: list[ProjectStep] = []
    states: list[dict[str, str]] = []
    for step in made.steps:
        out = made.left_out.get(step.id)
        due = made.due[step.path]
        rows.append(
            ProjectStep(
                project=project,
                template_id=step.id,
                due=due,
                baseline_due=due,
                reason=out.why if out else "",
                status_since=now,
            )
        )
        states.append({"status": StepStatus.NOT_APPLICABLE.value} if out else {})
    begin(rows, ProjectStep.objects.bulk_create, states=states)


def seats_of(versions: Sequence[VersionTemplate], people: Mapping[int, User]) -> list[SeatView]:
    """Return the seats that a project on these versions is born with, `people` sitting in them by role id."""
    return [
        SeatView(0, role, version, Person(people[role.id].pk, people[role.id].name) if role.id in people else None)
        for version in versions
        for role in version.roles.values()
    ]


def _seats_given(
    project: Project, made: StartDraft, people: Mapping[RoleIdentity, User], *, by: User, now: dt.datetime
) -> Iterable[Notice]:
    """Yield one notice for each person who was put in a seat, naming all of theirs."""
    roles: dict[User, list[str]] = {}
    for role in made.roles:
        if (role.code, role.name) in people:
            roles.setdefault(people[role.code, role.name], []).append(role.name)
    for person, names in roles.items():
        yield seat_given(project, person, names, by=by, now=now, occasion="start")


def _as_live(made: StartDraft) -> list[LiveStep]:
    return [
        LiveStep(
            0, step, StepStatus.NOT_APPLICABLE if step.id in made.left_out else StepStatus.NOT_STARTED,
            made.due[step.path], None, "", None, None, 0,
        )
        for step in made.steps
    ]  # fmt: skip


def _first_totals(live: Sequence[LiveStep], phase: str) -> dict[str, object]:
    totals = count(live, phase)
    return {name: getattr(totals, name) for name in totals.__slots__}


def applies_not(step: StepTemplate | StepData, integration_kind: str, phased_go_live: bool) -> str:
    """Return why a step is left out of such a project; empty where it applies (playbook.vocabulary.Applies)."""
    if step.applies == Applies.PARTNER_ONLY and integration_kind != IntegrationKind.PARTNER:
        return "Applies to partner integrations only."
    if step.applies == Applies.PHASED_ONLY and not phased_go_live:
        return "Applies to phased go-lives only."
    return ""


def _roles(versions: Sequence[VersionTemplate]) -> tuple[RoleToFill, ...]:
    found: dict[RoleIdentity, list[RoleTemplate]] = {}
    for version in versions:
        for role in version.roles.values():
            found.setdefault(role.identity, []).append(role)
    return tuple(
        RoleToFill(
            roles[0].code, roles[0].name, roles[0].team, roles[0].side,
            any(role.manages for role in roles), tuple(role.id for role in roles),
        )
        for roles in found.values()
    )  # fmt: skip
