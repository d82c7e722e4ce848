"""Who does what to which rows: looked up in the copy of the database, in this process, before anything is measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from accounts.models import User
from benchmarks.by_hand import ByHand, Parts
from benchmarks.clients import Script
from benchmarks.prepare import OWN_NAME, OWN_PROJECTS, SYSTEM, TYPICAL
from benchmarks.scripts import PLACES, Moving, Reading, Starting
from playbook.models import Version
from projects.lookup import step_row
from projects.models import IntegrationKind, Project, ProjectStep
from projects.start import Start, draft, start_project
from transitions.clock import business_day
from transitions.moves import perform


@dataclass(frozen=True)
class Case:
    """One kind of work: what a client does, and the same by hand.

    `goal` is the most that the product's median may be of the one by hand; None where none is set.
    """

    name: str
    title: str
    script: Callable[[int], Script]
    by_hand: Callable[[], Parts] | None
    goal: float | None = None


@dataclass
class Scene:
    """The people, and their projects and steps."""

    hand: ByHand
    today: dt.date = field(default_factory=business_day)

    def __post_init__(self) -> None:
        self.priya, self.nils = (User.objects.get(email=email) for email in ("priya@example.org", TYPICAL))
        self.sessions = {person.pk: _session(person) for person in (self.priya, self.nils)}
        self.projects = list(Project.objects.filter(name__startswith=OWN_NAME).order_by("pk")[:OWN_PROJECTS])
        self.steps = [_step_to_move(project, self.priya) for project in self.projects]
        by_title = Project.objects.filter(seats__person=self.priya, pins__version__playbook__slug="transition-to-cs")
        three = by_title.filter(integration_kind=IntegrationKind.PARTNER, pins__version__playbook__slug="integration")
        self.many = list(three.distinct().order_by("pk"))
        self.start_form, self.sample = self._start()
        self.hand.take_samples(self.sample.pk)

    def cases(self) -> list[Case]:
        """Return all that is measured: what reads first, then what writes."""
        work, hand, today = reverse("my-work"), self.hand, self.today
        priya, nils = self.priya, self.nils
        by_hand_step = self.steps[-1]
        return [
            Case("health", "Floor: `/health`", lambda _: Reading(self.sessions[priya.pk], ["/health"]), None),
            Case("thin-portfolio", "Thin view of 50 projects", self._reads(priya, f"/thin/projects/{hand.view}"), None),
            Case("thin-project", "Thin view of 46 steps", self._thin_projects, None),
            Case(
                "portfolio", "Portfolio of 50", self._reads(priya, reverse("portfolio")),
                lambda: hand.portfolio(priya.pk, today), 11,
            ),
            Case(
                "portfolio-12", "Portfolio, a person on 12 projects", self._reads(nils, reverse("portfolio")),
                lambda: hand.portfolio(nils.pk, today),
            ),
            Case(
                "project", "Project of 46 steps", self._reads(priya, *map(reverse_project, self.projects)),
                _in_turn([partial(hand.project, priya.pk, p.code) for p in self.projects]), 20,
            ),
            Case(
                "project-many", "Project of 64 steps, another each time", self._reads(priya, *map(reverse_project, self.many)),
                _in_turn([partial(hand.project, priya.pk, p.code) for p in self.many]),
            ),
            Case("work-50", "My work, first 50", self._reads(priya, work), lambda: hand.work(priya.pk, today, 50, many=True), 10),
            Case(
                "work-500", "My work, first 500", self._reads(priya, f"{work}?show=500"),
                lambda: hand.work(priya.pk, today, 500, many=True), 10,
            ),
            Case("work-12", "My work, a person on 12 projects", self._reads(nils, work), lambda: hand.work(nils.pk, today, 50)),
            Case(
                "move", "Step move", self._moving,
                lambda: hand.move(priya.pk, by_hand_step.project.code, by_hand_step.live.path, today), 7,
            ),
            Case("start", "Start of a 46-step project", self._starting, lambda: hand.start(priya.pk, self.system), 6),
        ]  # fmt: skip

    def _thin_projects(self, number: int) -> Script:
        paths = [f"/thin/project/{project.pk}" for project in self.projects]
        return Reading(self.sessions[self.priya.pk], paths, count=number)

    def _reads(self, person: User, *paths: str) -> Callable[[int], Script]:
        return lambda number: Reading(self.sessions[person.pk], paths, count=number)

    def _moving(self, number: int) -> Script:
        """Each client has a step of its own, on a project of its own."""
        row = ProjectStep.objects.get(pk=self.steps[number].pk)
        address = f"{self.projects[number].step_url(self.steps[number].live.path)}move"
        return Moving(
            self.sessions[self.priya.pk],
            address,
            row.revision,
            PLACES[row.status],
            self.priya.pk,
            self.today.isoformat(),
        )

    def _starting(self, number: int) -> Script:
        self.series += 1
        return Starting(self.sessions[self.priya.pk], reverse("start-project"), self.start_form, self.series)

    #: The core system of the projects started.
    system = SYSTEM
    series = -1

    def _start(self) -> tuple[dict[str, Any], Project]:
        """Return the form of a start with everybody in a seat, and a project started so."""
        version = Version.objects.latest_published().get(playbook__slug="integration")
        kickoff, target = self.today, self.today + dt.timedelta(days=180)
        kind = IntegrationKind.PARTNER.value
        roles = draft([version.pk], integration_kind=kind, phased_go_live=False, kickoff=kickoff).roles
        seated = {seat.role.code: seat.person for seat in self.projects[0].board.seats if seat.person}
        people = {role: User.objects.get(pk=seated[role.code].id) for role in roles if role.code in seated}
        form = {
            "act": "start", "vertical": "utility", "core_system": SYSTEM, "integration_kind": kind, "proposed_for": kind,
            "playbooks": ["integration"], "kickoff": kickoff.isoformat(), "target_go_live": target.isoformat(), "mrr": "4200",
            **{role.field_name: person.pk for role, person in people.items()},
        }  # fmt: skip
        sample = Start(
            biller_name="Started first", biller_code="QZZZZZ", vertical="utility", integration_kind=kind,
            version_ids=(version.pk,), kickoff=kickoff, target_go_live=target, core_system=SYSTEM,
            people={(role.code, role.name): person for role, person in people.items()},
        )  # fmt: skip
        return form, start_project(sample, by=self.priya)


def reverse_project(project: Project) -> str:
    """Return the path of a project's page."""
    return project.get_absolute_url()


def _in_turn(works: Sequence[Callable[[], Parts]]) -> Callable[[], Parts]:
    """Return a function that does one after the other, call after call."""
    count = 0

    def work() -> Parts:
        nonlocal count
        count += 1
        return works[count % len(works)]()

    return work


def _session(person: User) -> str:
    """Return the key of a session in which the person is signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _step_to_move(project: Project, by: User) -> ProjectStep:
    """Return a step under way in the project's phase, which waits for nothing and asks for no approval."""
    board = project.board
    for step in board.steps:
        ready = not any(not board.by_path[key].closed for key in step.template.needs if key in board.by_path)
        if step.template.phase == project.phase and ready and not step.template.approval:
            if step.status == "in_progress":
                return step_row(project, step)
            if step.status == "not_started":
                return perform(step_row(project, step), "start", by=by).row
    raise LookupError(f"{project} has no step to move")
