"""The demo: invented billers and the cast of the tests, at every stage of the method, so that the first day is not blank.

The first projects are lived through: started and moved by the services, day by day, with the gates asked at each passage. What
goes beyond them (`--projects 1000`) is brought in in bulk, as running projects from elsewhere would be.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F

from accounts.models import Side, User
from playbook.models import Version
from projects.billers import propose_code
from projects.board import A, LiveStep, R
from projects.demo_updates import tell_now, tell_passage
from projects.models import Notice, Project, ProjectStep
from projects.schedule import add_working_days, working_day_on_or_after
from projects.start import PROPOSED, RoleIdentity, Start, draft, start_project
from projects.team import may_sit, name_on_step
from transitions.moves import perform
from transitions.step import StepStatus

#: first name, surname, role codes usually held, side, groups
PEOPLE: Sequence[tuple[str, str, str, str, tuple[str, ...]]] = (
    ("Priya", "Nair", "PM", Side.INTERNAL, ("Implementations",)),
    ("Ivan", "Orlov", "IM", Side.INTERNAL, ("Implementations",)),
    ("Sofia", "Reyes", "SE", Side.INTERNAL, ("Engineering",)),
    ("Arun", "Patel", "SA", Side.INTERNAL, ("Engineering",)),
    ("Ingrid", "Berg", "INM", Side.INTERNAL, ("Engineering",)),
    ("Tess", "Moreau", "TSM", Side.INTERNAL, ("Client Services",)),
    ("Cora", "Lindqvist", "CSM", Side.INTERNAL, ("Client Services",)),
    ("Dele", "Adeyemi", "IS", Side.INTERNAL, ("Delivery",)),
    ("Adele", "Novak", "", Side.INTERNAL, ("Administrators", "Implementations")),
    ("Bo", "Halvorsen", "B", Side.CUSTOMER, ("External",)),
    ("Pat", "Quinn", "CIS", Side.PARTNER, ("External",)),
    ("Mallory", "Voss", "", Side.INTERNAL, ()),
)
ADMINISTRATOR = "Adele"
NAMESPACE = uuid.UUID("6f1c3a52-63a5-4f5e-9f5e-0d6d5a1f7c11")

# fmt: off
PLACES = (
    "Harbor", "Marrow", "Copperline", "Saltgrass", "Ashby", "Fenwick", "Juniper", "Millbrook", "Granite", "Larkspur",
    "Tidewater", "Orchard", "Windham", "Sable", "Clover", "Brightwater", "Ironwood", "Pinehurst", "Redfern", "Stonebridge",
    "Wexley", "Foxhollow", "Cedarfall", "Dunmore", "Elkhorn", "Glenrock", "Hollis", "Kestrel", "Lindale", "Northgate",
)
# fmt: on
TRADES = (
    ("Light & Power", "utility"),
    ("County Tax", "tax"),
    ("Mutual", "insurance"),
    ("Water District", "utility"),
    ("Gas", "utility"),
    ("Insurance Group", "insurance"),
    ("Electric Co-op", "utility"),
    ("Town Treasurer", "tax"),
)
#: Of each project in turn, so that those near their go-live show every row of the table of tiers.
MRRS = (
    20_000, 12_500, 20_000, 2_999, 1_800, 5_000, 20_000, 3_000, 20_000, 4_200, 20_000, 4_200, 4_200, 12_500, 1_800, 4_200, 3_000,
    5_000,
)  # fmt: skip
SYSTEMS = ("Tyndall", "Milliken CIS", "Orchard PAS", "SimpleSolve", "Lodestar", "")
HOLD_UPS = (
    "Waiting for sample PDFs of the bill",
    "The test web service answers with an expired certificate",
    "No technical contact named yet",
    "Their file transfer account is locked",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One demo project: what it is, how far it has come and how late it runs."""

    index: int
    name: str
    vertical: str
    kind: str
    playbooks: tuple[str, ...]
    phase: str
    share: float
    late_days: int
    core_system: str


def seed_people(password: str) -> dict[str, User]:
    """Make the cast, or find it; return it by role code and by first name. Existing passwords stay."""
    people: dict[str, User] = {}
    for first, last, code, side, groups in PEOPLE:
        email = f"{first.lower()}@example.org"
        person = User.objects.filter(email=email).first()
        if person is None:
            make = User.objects.create_superuser if first == ADMINISTRATOR else User.objects.create_user
            person = make(email, f"{first} {last}", password, side=side)
        person.groups.add(*Group.objects.filter(name__in=groups))
        people[first] = person
        if code:
            people[code] = person
    return people


def sitter(people: Mapping[str, User], role: Any) -> User | None:
    """Return who of the cast takes a role (a code and a side): a code may be ours in one playbook and theirs in another.

    Of the roles on the other side of the table, Bo takes the biller's and Pat those of vendors and partners.
    """
    if role.side == Side.INTERNAL:
        person = people.get(role.code)
        return person if person and may_sit(person, role.side) else None
    return people["B" if role.code == "B" else "CIS"]


def _left_empty(code: str, plan: Plan) -> bool:
    """Whether the demo shows a seat that nobody has taken: TSM in some, and one that holds up its gate to Development."""
    return (code == "TSM" and plan.index % 3 == 0) or (code == "CS" and plan.phase == "design")


#: Rooms above let their part of the demo happen: (project, phase, people by role code and first name, instant, whether the phase
#: is about to be left). Called before each passage, and once in the phase in which a project stays.
Chapter = Callable[[Project, str, Mapping[str, User], dt.datetime, bool], None]
_chapters: list[Chapter] = []


def register_chapter(chapter: Chapter) -> None:
    """Add a part to the lives of the demo projects, in `AppConfig.ready()`."""
    if chapter not in _chapters:
        _chapters.append(chapter)


def plans(count: int) -> Iterator[Plan]:
    """Yield `count` plans, always the same ones, the first dozen spread over every kind and phase."""
    chance = random.Random(20261123)  # noqa: S311 - a demo wants the same dice every time
    shapes: list[tuple[str, tuple[str, ...], str]] = [
        ("partner", (), "design"), ("custom", (), "sit"), ("partner", ("outbound", "transition-to-cs"), "development"),
        ("partner", (), "release"), ("existing", (), "release"), ("custom", (), "discovery"), ("add_on", (), "post_live"),
        ("partner", (), "development"), ("existing", (), "post_live"), ("custom", ("outbound", "transition-to-cs"), "design"),
        ("partner", (), "finalize"), ("partner", (), "discovery"),
    ]  # fmt: skip
    for index in range(count):
        kind, playbooks, phase = shapes[index % len(shapes)]
        trade, vertical = TRADES[index % len(TRADES)]
        place = PLACES[index % len(PLACES)]
        round_ = index // len(PLACES)
        yield Plan(
            index, f"{place} {trade}" + (f" {round_ + 1}" if round_ else ""), vertical, kind, playbooks or PROPOSED[kind], phase,
            chance.choice((0.15, 0.35, 0.5, 0.7, 0.9, 1.0)), chance.choice((-4, 0, 0, 0, 2, 5, 9)), SYSTEMS[index % len(SYSTEMS)],
        )  # fmt: skip


@transaction.atomic
def live_through(plan: Plan, people: dict[str, User], versions: dict[str, Version], now: dt.datetime) -> Project | None:
    """Start one project and move it, through the services, to where its plan says; whole, or not at all.

    None when it is there already.
    """
    key = uuid.uuid5(NAMESPACE, str(plan.index))
    if Project.objects.filter(start_key=key).exists():
        return None
    life = _Life(plan, people, versions, now, key)
    life.run()
    # Whoever lived through it has read what they heard of; the last days are left to be found.
    heard = Notice.objects.filter(project=life.project, heard_from__lt=now - dt.timedelta(days=3))
    heard.update(read_at=F("heard_from"))
    return life.project


class _Life:
    """One project lived through. Days are set back so that its plan and today meet where the plan says."""

    def __init__(
        self, plan: Plan, people: dict[str, User], versions: dict[str, Version], now: dt.datetime, key: uuid.UUID
    ) -> None:
        self.plan, self.people, self.now = plan, people, now
        self.chance = random.Random(plan.index)  # noqa: S311
        ids = tuple(versions[slug].pk for slug in plan.playbooks)
        today = now.date()
        shape = draft(ids, integration_kind=plan.kind, phased_go_live=plan.index % 4 == 2, kickoff=today)
        here = [shape.due[step.path] for step in shape.steps_in if step.phase == plan.phase] or [today]
        reached = min(here) + (max(here) - min(here)) * plan.share
        kickoff = working_day_on_or_after(today - (reached - today) - dt.timedelta(days=plan.late_days))
        made = draft(ids, integration_kind=plan.kind, phased_go_live=plan.index % 4 == 2, kickoff=kickoff)
        target = add_working_days(made.planned_end or kickoff, 3)
        seats: dict[RoleIdentity, User] = {
            (role.code, role.name): person
            for role in made.roles
            if (person := sitter(people, role)) and not _left_empty(role.code, plan)
        }
        self.clock = dt.datetime.combine(kickoff, dt.time(14), dt.UTC)
        self.project = start_project(
            Start(
                biller_name=plan.name, biller_code=propose_code(plan.name), vertical=plan.vertical, integration_kind=plan.kind,
                version_ids=ids, kickoff=kickoff, target_go_live=max(target, kickoff), core_system=plan.core_system,
                mrr=Decimal(MRRS[plan.index % len(MRRS)]),
                phased_go_live=plan.index % 4 == 2, people=seats, start_key=key,
            ),
            by=people["PM"] if "PM" in people else people["Adele"], now=self.clock,
        )  # fmt: skip

    def run(self) -> None:
        """Work phase after phase to the end, pass each gate, and stop in the plan's phase, a share of it done."""
        for phase in self.project.phases:
            steps = self._open_steps(phase)
            if phase == self.plan.phase:
                self._work(steps[: round(len(steps) * self.plan.share)])
                self._hold_one_up()
                self._tell_chapters(phase, leaving=False)
                return
            self._work(steps)
            self._name_missing(phase)
            self._tell_chapters(phase, leaving=True)
            self.project = perform(self.project, "advance", by=self._runs(), now=self._tick(steps)).row

    def _tell_chapters(self, phase: str, *, leaving: bool) -> None:
        told = Project.objects.get(pk=self.project.pk)
        if leaving:
            tell_passage(told, self.plan.index, by=self._runs(), at=self.clock)
        else:
            tell_now(told, self.plan.index, by=self._runs(), now=self.now)
        for chapter in _chapters:
            chapter(Project.objects.get(pk=self.project.pk), phase, self.people, self.clock, leaving)

    def _open_steps(self, phase: str) -> list[LiveStep]:
        self.project = Project.objects.get(pk=self.project.pk)
        steps = [step for step in self.project.board.steps if step.template.phase == phase and not step.closed]
        ordered: list[LiveStep] = []
        while len(ordered) < len(steps):
            paths = {step.path for step in steps} - {step.path for step in ordered}
            ordered += [s for s in steps if s.path in paths and not paths & set(s.template.needs)]
        return ordered

    def _tick(self, steps: Sequence[LiveStep]) -> dt.datetime:
        """Move the clock to about the due date of the last of `steps`, never past now."""
        due = max((step.due for step in steps if step.due), default=self.clock.date())
        moment = dt.datetime.combine(due, dt.time(15, self.chance.randrange(60)), dt.UTC)
        self.clock = min(max(self.clock + dt.timedelta(minutes=7), moment), self.now - dt.timedelta(minutes=5))
        return self.clock

    def _name_missing(self, phase: str) -> None:
        for step in Project.objects.get(pk=self.project.pk).board.steps:
            unnamed = not step.template.letters.get(A) and not step.named_accountable
            if step.template.phase == phase and unnamed and step.status != StepStatus.NOT_APPLICABLE:
                name_on_step(self._row(step), "A", self.people["INM"], by=self._runs())

    def _work(self, steps: Sequence[LiveStep]) -> None:
        for step in steps:
            row, board = self._row(step), self.project.board
            if step.template.approval and not board.people(step, A):
                row = name_on_step(row, "A", self.people["INM"], by=self._runs())
            worker = next(iter(board.people(step, R)), None)
            by = User.objects.get(pk=worker.id) if worker else self._runs()
            now = self._tick([step])
            row = perform(row, "start", by=by, now=now).row
            if step.template.approval:
                row = perform(row, "submit", by=by, now=now).row
                self._sign(row, now)
            else:
                perform(row, "complete", by=by, now=now)

    def _sign(self, row: ProjectStep, now: dt.datetime) -> None:
        """Let every party decide; the accountable excuses a core system with nobody in it, or records what came on paper."""
        accountable = User.objects.get(pk=next(iter(row.project.board.people(row.live, A))).id)
        for view in row.sign_off.outstanding:
            if view.people:
                signer = User.objects.get(pk=view.people[0].id)
                perform(row, "approve", by=signer, now=now, note="Looked at together.", party=view.party.value)
            elif view.optional:
                note = "The biller has no core system of its own."
                perform(row, "excuse", by=accountable, now=now, note=note, party=view.party.value)
            else:
                note = "Signed on paper on the day; the scan is with the project."
                perform(row, "approve", by=accountable, now=now, note=note, party=view.party.value)

    def _hold_one_up(self) -> None:
        """Leave something under way, and in some projects something blocked or waiting."""
        left = self._open_steps(self.plan.phase)
        ready = [s for s in left if not any(not self.project.board.by_path[key].closed for key in s.template.needs)]
        for number, step in enumerate(ready[:3]):
            row = self._row(step)
            worker = next(iter(self.project.board.people(step, R)), None)
            by = User.objects.get(pk=worker.id) if worker else self._runs()
            if number == 0:
                row = perform(row, "start", by=by, now=self.clock).row
                if step.template.approval:  # some decision always waits for somebody
                    perform(row, "submit", by=by, now=self.clock)
            elif (self.plan.index + number) % 3 == 0:
                move = "block" if self.plan.index % 2 else "wait"
                until = working_day_on_or_after(self.now.date() + dt.timedelta(days=3 + self.plan.index % 5))
                owner = self.people["B"] if self.plan.index % 2 else self.people["IM"]
                note = HOLD_UPS[self.plan.index % len(HOLD_UPS)]
                perform(row, move, by=by, note=note, owner=owner, until=until, now=self.clock)

    def _row(self, step: LiveStep) -> ProjectStep:
        row = ProjectStep.objects.select_related("template").get(pk=step.id)
        row.project = Project.objects.get(pk=self.project.pk)
        self.project = row.project
        return row

    def _runs(self) -> User:
        manager = self.project.board.manager()
        return User.objects.get(pk=manager.id) if manager else self.people["Adele"]


def seed(count: int, people: dict[str, User], now: dt.datetime, *, each: Callable[[], None]) -> int:
    """Make the first `count` demo projects that are not there yet; return how many were made.

    Args:
        count: how many there should be, each moved through the services.
        people: from `seed_people`. now: the instant the demo looks back from. each: called after every project.
    """
    versions = {v.playbook.slug: v for v in Version.objects.latest_published().select_related("playbook")}
    made = 0
    for plan in plans(count):
        made += live_through(plan, people, versions, now) is not None
        each()
    return made
