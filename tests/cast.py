"""The cast, the five playbooks and projects for tests. A plugin: `tests/conftest.py` names it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet

from accounts.models import Side, User
from playbook import catalog
from playbook.models import Playbook, Role, Step, StepRole, Version
from playbook.services import load_playbook
from projects.billers import propose_code
from projects.board import LiveStep
from projects.documents import move_section
from projects.lookup import live_step, step_row
from projects.models import Project, ProjectStep
from projects.start import Start, draft, start_project
from transitions.moves import Outcome, perform

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "playbooks"
PASSWORD = "correct horse battery staple"

#: first name → (surname, side)
PEOPLE: Mapping[str, tuple[str, str]] = {
    "priya": ("Nair", Side.INTERNAL),
    "ivan": ("Orlov", Side.INTERNAL),
    "sofia": ("Reyes", Side.INTERNAL),
    "arun": ("Patel", Side.INTERNAL),
    "ingrid": ("Berg", Side.INTERNAL),
    "tess": ("Moreau", Side.INTERNAL),
    "cora": ("Lindqvist", Side.INTERNAL),
    "dele": ("Adeyemi", Side.INTERNAL),
    "adele": ("Novak", Side.INTERNAL),
    "bo": ("Halvorsen", Side.CUSTOMER),
    "pat": ("Quinn", Side.PARTNER),
    "mallory": ("Voss", Side.INTERNAL),
}
#: first name → groups. Mallory is in none. Adele starts projects as well.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "priya": ("Implementations",),
    "ivan": ("Implementations",),
    "sofia": ("Engineering",),
    "arun": ("Engineering",),
    "ingrid": ("Engineering",),
    "dele": ("Delivery",),
    "tess": ("Client Services",),
    "cora": ("Client Services",),
    "adele": ("Administrators", "Implementations"),
    "bo": ("External",),
    "pat": ("External",),
}
KICKOFF, TARGET = dt.date(2026, 10, 5), dt.date(2027, 3, 2)


@pytest.fixture(autouse=True)
def _forget_catalog() -> Iterator[None]:
    """Databases come and go within one process; what is kept of published versions goes with them."""
    catalog.forget()
    yield
    catalog.forget()


@pytest.fixture
def cast(db: None) -> SimpleNamespace:
    """The twelve people of the tests, by first name."""
    return make_cast()


def make_cast() -> SimpleNamespace:
    """Make the twelve people."""
    people = {}
    groups = {group.name: group for group in Group.objects.all()}
    for first, (last, side) in PEOPLE.items():
        make = User.objects.create_superuser if first == "adele" else User.objects.create_user
        people[first] = make(f"{first}@example.org", f"{first.title()} {last}", PASSWORD, side=side)
        people[first].groups.add(*(groups[name] for name in GROUPS.get(first, ())))
    return SimpleNamespace(**people)


#: The rows of the five playbooks, table by table, as the first test of this process loaded them.
_loaded: dict[type[Model], list[Any]] = {}


@pytest.fixture
def playbooks(db: None) -> dict[str, Version]:
    """The five playbooks, loaded and published as the product ships them, by slug.

    Reading and checking them takes half a second, and most tests begin with it: so each process does that once, and its
    later tests put the same rows back.
    """
    return put_playbooks()


def put_playbooks() -> dict[str, Version]:
    """Load the playbooks, or put back the rows that this process has read before."""
    none_yet = not Playbook.objects.exists()
    if _loaded and none_yet:
        for model, rows in _loaded.items():
            QuerySet(model).bulk_create(rows)
    else:  # the first test of the process, or one that made a playbook of its own, under the same keys
        for path in sorted(FIXTURES.glob("*.yaml")):
            load_playbook(path.read_text(encoding="utf-8"), publish=True)
        tables: tuple[type[Model], ...] = (Playbook, Version, Role, Step, StepRole)
        if none_yet:  # what a test has published of its own is no playbook of ours
            _loaded.update({table: list(table._base_manager.order_by("pk")) for table in tables})
    return {version.playbook.slug: version for version in Version.objects.select_related("playbook")}


@pytest.fixture
def read_playbooks(db: None) -> dict[str, Version]:
    """The five playbooks as reading and publishing them leaves them: with their history and the record of their moves."""
    for path in sorted(FIXTURES.glob("*.yaml")):
        load_playbook(path.read_text(encoding="utf-8"), publish=True)
    return {version.playbook.slug: version for version in Version.objects.select_related("playbook")}


@pytest.fixture
def any_go_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let projects go live without what Client Services ask for: for tests of the rooms below, which know nothing of it."""
    monkeypatch.setattr("handoff.readiness.gate.marks_of", lambda projects, today: {one.pk: {} for one in projects})


MakeProject = Callable[..., Project]


@pytest.fixture
def make_project(cast: SimpleNamespace, playbooks: dict[str, Version]) -> MakeProject:
    """Return a function that starts a project through the service; the usual people sit in the usual seats."""
    return starter(cast, playbooks)


def starter(cast: SimpleNamespace, playbooks: Mapping[str, Version]) -> MakeProject:
    """Return what `make_project` returns."""

    def make(
        *, kind: str = "partner", playbooks_: tuple[str, ...] = ("integration",), people: Mapping[str, User] | None = None,
        kickoff: dt.date = KICKOFF, target: dt.date = TARGET, biller: str = "Marrow County Tax", code: str = "",
        by: User | None = None, **fields: Any,
    ) -> Project:  # fmt: skip
        slugs = fields.pop("playbooks", playbooks_)
        ids = tuple(playbooks[slug].pk for slug in slugs)
        phased = bool(fields.get("phased_go_live"))
        roles = draft(ids, integration_kind=kind, phased_go_live=phased, kickoff=kickoff).roles
        seated = usual_people(cast) if people is None else people
        start = Start(
            biller_name=biller, biller_code=code or propose_code(biller), vertical=fields.pop("vertical", "tax"),
            integration_kind=kind, version_ids=ids, kickoff=kickoff, target_go_live=target,
            people={
                (role.code, role.name): person for role in roles if (person := sitter(seated, role.code, role.name))
            },
            **fields,
        )  # fmt: skip
        return start_project(start, by=by or cast.priya)

    return make


def usual_people(cast: SimpleNamespace) -> dict[Any, User]:
    """Who takes which role, by code; by code and name where a code is ours in one playbook and theirs in another."""
    return {
        "PM": cast.priya, "IM": cast.ivan, "SE": cast.sofia, "SA": cast.arun, "INM": cast.ingrid,
        "TSM": cast.tess, "CSM": cast.cora, "IS": cast.dele, "B": cast.bo,
        "CIS": cast.pat, "CS": cast.pat, ("TC", "Transcard"): cast.pat,
    }  # fmt: skip


def sitter(people: Mapping[Any, User], code: str, name: str) -> User | None:
    """Return who of `people` takes a role."""
    return people.get((code, name), people.get(code))


def step_of(project: Project, key: str) -> ProjectStep:
    """Return the row of a project's step, read afresh."""
    fresh = Project.objects.get(pk=project.pk)
    found: LiveStep = live_step(fresh, key)
    return step_row(fresh, found)


def move(project: Project, key: str, name: str, by: User, **details: Any) -> Outcome[ProjectStep]:
    """Move a step of a project."""
    return perform(step_of(project, key), name, by=by, **details)


def finish(project: Project, key: str, *, worker: User, decider: User) -> None:
    """Take a step from not started to done, by decision where it asks for one."""
    move(project, key, "start", worker)
    if step_of(project, key).template.approval:
        move(project, key, "submit", worker)
        sign(project, key, decider)
    else:
        move(project, key, "complete", worker)


def sign(project: Project, key: str, accountable: User) -> None:
    """Let each party approve: who holds it, else the accountable excuses it or records what the party decided elsewhere."""
    for view in step_of(project, key).sign_off.outstanding:
        if view.people:
            move(project, key, "approve", User.objects.get(pk=view.people[0].id), party=view.party.value)
        else:
            name, note = ("excuse", "No core system") if view.optional else ("approve", "Signed on paper")
            move(project, key, name, accountable, party=view.party.value, note=note)


def fill_sections(project: Project, by: User) -> None:
    """Begin to write what done steps should have written, so that no gate asks for it."""
    fresh = Project.objects.get(pk=project.pk)
    done = {step.path for step in fresh.board.steps if step.status == "done"}
    for section in fresh.section_facts:
        if section.open and done & set(section.steps):
            slug, _, part = section.key.partition("/")
            move_section(fresh, slug, part, "draft_section", by=by)


def finish_phase(project: Project, cast: SimpleNamespace) -> None:
    """Close every step of the project's present phase, as Sofia and Ingrid, naming Ingrid where nobody is accountable.

    What those steps write is begun.
    """
    from projects.team import name_on_step

    fresh = Project.objects.get(pk=project.pk)
    for step in fresh.board.steps:
        if step.closed or step.template.phase != fresh.phase:
            continue
        if not step.template.letters.get("A"):
            name_on_step(step_of(project, step.path), "A", cast.ingrid, by=cast.priya)
    waiting = [step for step in fresh.board.steps if not step.closed and step.template.phase == fresh.phase]
    while waiting:
        ready = [s for s in waiting if not any(other.path in s.template.needs for other in waiting)]
        for step in ready:
            people = fresh.board.people(step, "R")
            worker = User.objects.get(pk=people[0].id) if people else cast.priya
            accountable = Project.objects.get(pk=project.pk).board
            deciders = accountable.people(accountable.by_path[step.path], "A")
            finish(
                project,
                step.path,
                worker=worker,
                decider=User.objects.get(pk=deciders[0].id) if deciders else cast.ingrid,
            )
        waiting = [step for step in waiting if step not in ready]
    fill_sections(project, cast.priya)
    if fresh.phase == "sit":
        run_sit(project, cast)


def run_sit(project: Project, cast: SimpleNamespace) -> None:
    """Close a SIT run of one case that passed, as the gate out of SIT asks where a step writes the SIT workbook."""
    from workbook.cases import add_case, add_suite
    from workbook.models import Case
    from workbook.runs import record_result, start_run

    if not Case.objects.filter(project=project, suite__kind="sit").exists():
        add_case(add_suite(project, "sit", "Invoices", by=cast.adele), title="A new invoice arrives", by=cast.adele)
    run = start_run(project, "sit", build="1.0", environment="Test", by=cast.adele)
    for case in run.cases.all():
        record_result(case, "passed", by=cast.adele)
    perform(run, "close_run", by=cast.adele)
