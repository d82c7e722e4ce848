"""What reminders about projects look at: every running project with its open steps and seats, in a constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.urls import reverse

from accounts.models import Side, User
from playbook.catalog import RoleTemplate, StepTemplate, version_template
from playbook.models import Role, Step
from projects.board import A, R
from projects.comments import comment_address
from projects.models import CommentRequest, Delegation, Project, ProjectPlaybook, ProjectStep, Seat
from projects.settled import Topic, settled
from transitions.models import TransitionRecord
from transitions.phase import PHASE_ORDER
from transitions.standing import Standing
from transitions.step import CLOSED, OPEN, StepStatus

#: How long something that became due is of use, in days: what is older is seen where it is worked on.
LIFE = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class StepRow:
    """An open step. Who is named on it and has left counts for nothing."""

    id: int
    template: StepTemplate
    title: str
    status: str
    due: dt.date | None = None
    until: dt.date | None = None
    status_since: dt.datetime | None = None
    owner: int | None = None
    responsible: int | None = None
    accountable: int | None = None


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A seat: its role, and who is in it. `also`: roles of other versions whose letters lead to it (`board.seats_by_role`)."""

    id: int
    role: RoleTemplate
    person: int | None
    also: frozenset[int] = frozenset()

    def has(self, roles: Collection[int]) -> bool:
        """Whether one of these roles' letters lead here."""
        return self.role.id in roles or not self.also.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Closed:
    """When a step was closed, or a phase reached, and by whom."""

    at: dt.datetime
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A comment that still waits."""

    id: int
    person: int
    role: str
    title: str
    step_id: int
    asked_at: dt.datetime
    due: dt.date
    address: str


@dataclass(slots=True)
class ProjectRow:
    """A running project, as far as reminders ask. `address` ends with a slash."""

    id: int
    code: str
    phase: str
    next_phase: str | None
    phase_since: dt.datetime
    started_at: dt.datetime
    target: dt.date
    is_live: bool
    address: str
    steps: list[StepRow] = field(default_factory=list)
    seats: list[SeatRow] = field(default_factory=list)
    #: Steps closed of late, by path; and who came into the phase.
    closed: dict[str, Closed] = field(default_factory=dict)
    advanced_by: int | None = None
    asked: list[Asked] = field(default_factory=list)
    #: What rooms above know to be settled, though its step may be open still.
    settled: set[Topic] = field(default_factory=set)

    @property
    def rank(self) -> int:
        """The place of its phase in the chain."""
        return PHASE_ORDER[self.phase]

    def reached(self) -> list[StepRow]:
        """The open steps of the phases that it has come to."""
        rank = self.rank
        return [step for step in self.steps if step.template.phase_rank <= rank]

    def step(self, path: str) -> StepRow | None:
        """Return the open step of that path."""
        return next((step for step in self.steps if step.template.path == path), None)

    def people(self, step: StepRow, letter: str) -> list[int]:
        """Return the people who have R or A on the step: who is named on it, else who sits where the playbook says."""
        named = {R: step.responsible, A: step.accountable}.get(letter)
        if named is not None:
            return [named]
        roles = step.template.letters.get(letter, ())
        return list(dict.fromkeys(seat.person for seat in self.seats if seat.person and seat.has(roles)))

    def in_charge(self, *codes: str) -> list[int]:
        """Return the people in those of the seats of these roles that run the project; in any that runs it, where they are
        empty."""
        running = [seat for seat in self.seats if seat.person and seat.role.manages]
        chosen = [seat for seat in running if seat.role.code in codes] or running
        return list(dict.fromkeys(seat.person for seat in chosen if seat.person))


@dataclass(frozen=True, slots=True)
class Rows:
    """All of it. `inside`: who is with the company and active; `passed`: (step, party, by) → to whom a decision under way was
    passed on."""

    projects: Sequence[ProjectRow]
    inside: frozenset[int]
    passed: Mapping[tuple[int, str, int], int] = field(default_factory=dict)


class Known:
    """What the published versions in use say: steps and their titles by template id, roles by id.

    It begins with those that running projects are pinned to. A step or seat that an upgrade left at another version brings that
    one in, with one query and those of the catalog.
    """

    def __init__(self) -> None:
        """Read which versions are in use, in one query."""
        self.titles: dict[int, str] = {}
        self._steps: dict[int, StepTemplate] = {}
        self._roles: dict[int, RoleTemplate] = {}
        self._same: dict[tuple[str, str], set[int]] = {}
        self._places: dict[int, tuple[str, str]] = {}
        used = ProjectPlaybook.objects.filter(project__standing=Standing.ACTIVE).order_by()
        for version_id in used.values_list("version_id", flat=True).distinct():
            self._add(version_id)

    def step(self, template_id: int) -> StepTemplate:
        """Return what the playbook says of a step; its title is in `titles` from then on."""
        if template_id not in self._steps:
            self._add(Step.objects.values_list("version_id", flat=True).get(pk=template_id))
        return self._steps[template_id]

    def seat(self, pk: int, role_id: int, person: int | None) -> SeatRow:
        """Return a seat, to which the letters of its role lead in whichever version of the playbook (`board.seats_by_role`)."""
        if role_id not in self._roles:
            self._add(Role.objects.values_list("version_id", flat=True).get(pk=role_id))
        return SeatRow(pk, self._roles[role_id], person, frozenset(self._same[self._places[role_id]]))

    def _add(self, version_id: int) -> None:
        """Take in a version. A title comes with its category where two steps of it are called the same."""
        version = version_template(version_id)
        times = Counter(step.title for step in version.steps.values())
        for step in version.steps.values():
            self.titles[step.id] = f"{step.title} ({step.category})" if times[step.title] > 1 else step.title
        self._steps |= version.steps
        self._roles |= version.roles
        for role in version.roles.values():
            place = self._places[role.id] = version.playbook, role.code
            self._same.setdefault(place, set()).add(role.id)


def read(now: dt.datetime) -> Rows:
    """Read the running projects in nine queries, beside those of versions that this process has not met yet and what rooms
    above take to say what is settled."""
    base = reverse("portfolio")
    projects = {row.id: row for row in _projects(base)}
    known = Known()
    people = User.objects.filter(is_active=True).order_by().values_list("pk", "side")
    sides: dict[int, str] = dict(people)
    _take_steps(projects, known, sides)
    seats = Seat.objects.filter(project__standing=Standing.ACTIVE).order_by("pk")
    for pk, project_id, role_id, person in seats.values_list("pk", "project_id", "role_id", "person_id"):
        if project_id in projects:
            projects[project_id].seats.append(known.seat(pk, role_id, person if person in sides else None))
    _take_passages(projects, known, now)
    _take_comments(projects, known, base)
    for topic in Topic:
        for project_id in settled(topic, projects) or ():
            projects[project_id].settled.add(topic)
    inside = frozenset(pk for pk, side in sides.items() if side == Side.INTERNAL)
    return Rows(list(projects.values()), inside, _passed())


def _projects(base: str) -> list[ProjectRow]:
    rows: Any = Project.objects.active().order_by("pk")
    columns = ("pk", "code", "phase", "phases", "phase_since", "started_at", "target_go_live", "actual_go_live")
    found = []
    for pk, code, phase, phases, since, started_at, target, actual in rows.values_list(*columns):
        later = [each for each in phases if PHASE_ORDER[each] > PHASE_ORDER[phase]]
        following = min(later, key=PHASE_ORDER.__getitem__, default=None)
        found.append(
            ProjectRow(pk, code, phase, following, since, started_at, target, actual is not None, f"{base}{code}/")
        )
    return found


def _take_steps(projects: Mapping[int, ProjectRow], known: Known, sides: Mapping[int, str]) -> None:
    rows = ProjectStep.objects.filter(project__standing=Standing.ACTIVE, status__in=OPEN).order_by("pk")
    columns = (
        "pk", "project_id", "template_id", "own_title", "status", "due", "until", "status_since", "owner_id", "responsible_id",
        "accountable_id",
    )  # fmt: skip
    for pk, project_id, template_id, own_title, *values, responsible, accountable in rows.values_list(*columns):
        if project_id not in projects:  # begun since
            continue
        template = known.step(template_id)
        projects[project_id].steps.append(
            StepRow(  # type: ignore[call-arg]  # the values, in the order of the fields
                pk,
                template,
                own_title or known.titles[template_id],
                *values,
                responsible if responsible in sides else None,
                accountable if accountable in sides else None,
            )
        )


def _take_passages(projects: Mapping[int, ProjectRow], known: Known, now: dt.datetime) -> None:
    """Read what was closed of late, and who closed it or brought the project where it is."""
    late = now - LIFE
    records = TransitionRecord.objects.filter(at__gte=late, object_type__app_label="projects").order_by("at", "pk")
    closers: dict[int, int | None] = {}
    columns = ("machine", "object_id", "target", "by_id")
    for machine, pk, target, by in records.filter(machine__in=("status", "phase")).values_list(*columns):
        if machine == "status" and target in CLOSED:
            closers[pk] = by
        elif machine == "phase" and pk in projects and target == projects[pk].phase:
            projects[pk].advanced_by = by
    steps = ProjectStep.objects.filter(
        project__standing=Standing.ACTIVE, status__in=CLOSED, status_since__gte=late
    ).order_by()
    for pk, project_id, template_id, since in steps.values_list("pk", "project_id", "template_id", "status_since"):
        if project_id in projects and since is not None:
            projects[project_id].closed[known.step(template_id).path] = Closed(since, closers.get(pk))


def _take_comments(projects: Mapping[int, ProjectRow], known: Known, base: str) -> None:
    rows: Any = CommentRequest.objects.waiting().order_by("pk")
    columns = (
        "pk", "project_id", "step_id", "step__template_id", "step__own_title", "person_id", "role", "asked_at", "due",
    )  # fmt: skip
    for pk, project_id, step_id, template_id, own_title, person, role, asked_at, due in rows.values_list(*columns):
        if project_id in projects:
            project, template = projects[project_id], known.step(template_id)
            title = own_title or known.titles[template_id]
            address = comment_address(project.code, template.path)
            project.asked.append(Asked(pk, person, role, title, step_id, asked_at, due, address))


def _passed() -> dict[tuple[int, str, int], int]:
    """Return to whom decisions were passed on in the rounds under way: a step is in review since its round began."""
    rows: Any = Delegation.objects.standing().filter(
        step__status=StepStatus.IN_REVIEW, project__standing=Standing.ACTIVE, at__gte=F("step__status_since")
    )
    columns = ("step_id", "party", "by_id", "to_id")
    return {(step, party, by): to for step, party, by, to in rows.order_by("pk").values_list(*columns)}
