"""How many queries a page and a move take: a fixed number, whatever the number of steps, people or records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Project
from projects.waivers import waive
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, publish, started
from transitions.moves import perform

pytestmark = pytest.mark.django_db

SIZES = (4, 46, 60)


@pytest.fixture
def projects(cast, playbooks) -> dict[int, Project]:
    """A project of 4 steps, the real one of 46 and one of 60; each with a first step in progress, which others need, and which
    writes a document: a gate reads how far those are."""
    steps = [a_step(1, documents=("a-page",)), *[a_step(number, needs=("design.step-1",)) for number in range(2, 61)]]
    versions = {4: publish(*steps[:4], slug="short"), 46: playbooks["integration"], 60: publish(*steps, slug="long")}
    made = {}
    for size, version in versions.items():
        made[size] = started(cast, version)
        move(made[size], first(made[size]), "start", cast.sofia)
    return made


def first(project: Project) -> str:
    return project.board.steps[0].path


def queries(act: Callable[[], Any]) -> list[str]:
    """What the database is asked by `act`."""
    with CaptureQueriesContext(connection) as caught:
        act()
    return [query["sql"] for query in caught.captured_queries]


def counts(projects: dict[int, Project], act: Callable[[Project], Any]) -> dict[int, int]:
    """How many queries `act` takes on each project, when each was looked at once before."""
    return {size: len(queries(lambda project=project: act(project))) for size, project in projects.items()}


def test_a_board_is_two_queries(projects):
    def read(project: Project) -> None:
        board = Project.objects.only("phase", "phases", "standing", "code").get(pk=project.pk).board
        assert len(board.steps) == len(board.all_facts)

    assert counts(projects, read) == dict.fromkeys(SIZES, 1 + 2)


def test_a_gate_is_the_board_its_waivers_and_its_sections(projects, cast):
    def judge(project: Project) -> None:
        Project.objects.get(pk=project.pk).gate_facts(dt.date(2026, 11, 23))

    assert counts(projects, judge) == dict.fromkeys(SIZES, 1 + 2 + 1 + 1)


@pytest.mark.parametrize("person", ["priya", "sofia", "adele"])
@pytest.mark.parametrize(
    # Beside its own the project's page asks for the panels of the rooms above: RAID log, talk, the workbook, health, and
    # whether one muted it.
    ("page", "most"),
    [("project", 19), ("gate", 10), ("project-history", 43)],
    ids=["page", "gate", "history"],
)
def test_a_page_of_a_project_takes_a_fixed_number(client, cast, projects, page, most, person):
    client.force_login(getattr(cast, person))

    def look(project: Project) -> None:
        assert client.get(reverse(page, args=[project.code])).status_code == 200

    found = counts(projects, look)
    # A page of history reads the names of what it tells of: one query for each kind of them, which a page may have or not.
    # That it takes no more for more rows of the same kinds is in test_history.
    assert page == "project-history" or len(set(found.values())) == 1, found
    assert max(found.values()) <= most, queries(lambda: look(projects[4]))


def test_a_project_that_much_has_happened_to_takes_no_more(client, cast, projects):
    client.force_login(cast.priya)
    project = projects[60]

    def look() -> int:
        return len(queries(lambda: client.get(project.get_absolute_url())))

    before = look()
    now = dt.datetime.now(tz=dt.UTC)
    for blocker in range(2, 12):
        waive(
            project, code="step-open", subject=f"long/design.step-{blocker}", by=cast.priya, reason="x",
            expires=now.date() + dt.timedelta(days=30),
        )  # fmt: skip
    for name in ("complete", "reopen", "complete"):
        move(project, "design.step-1", name, cast.sofia, note="x")
    for number in range(2, 12):
        move(project, f"design.step-{number}", "start", cast.sofia)
    assert look() == before


@pytest.mark.parametrize(
    ("name", "person", "most"),
    # The 13th tells the informed, all in one; of a wait it reads who clears it.
    [("complete", "sofia", 13), ("complete", "priya", 13), ("wait", "ingrid", 13)],
)
def test_moving_a_step_on_the_page_takes_a_fixed_number(client, cast, projects, name, person, most):
    client.force_login(getattr(cast, person))
    client.get(projects[4].get_absolute_url())

    def post(project: Project) -> None:
        step = step_of(project, first(project))
        data = {
            "move": name,
            "revision": step.revision,
            "note": "Sample file",
            "owner": cast.bo.pk,
            "until": "2030-01-02",
        }
        address = reverse("move-step", args=[project.code, first(project)])
        asked.append(queries(lambda: answered.append(client.post(address, data, HTTP_HX_REQUEST="true"))))

    asked: list[list[str]] = []
    answered: list[Any] = []
    for project in projects.values():
        post(project)
    assert [response.status_code for response in answered] == [200] * len(projects)
    # Beginning and ending the transaction is not asking the database anything; in a test both are savepoints.
    found = [[sql for sql in one if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))] for one in asked]
    assert len({len(one) for one in found}) == 1, [len(one) for one in found]
    assert len(found[0]) <= most, found[0]


def test_a_refused_move_takes_no_more_for_more_steps(client, cast, projects):
    client.force_login(cast.sofia)
    client.get(projects[4].get_absolute_url())

    def post(project: Project) -> None:
        path = project.board.steps[0].path
        data = {"move": "start", "revision": 1}
        assert (
            client.post(reverse("move-step", args=[project.code, path]), data, HTTP_HX_REQUEST="true").status_code
            == 409
        )

    found = counts(projects, post)
    assert len(set(found.values())) == 1, found


def test_moving_a_step_by_service_takes_a_fixed_number(cast, projects):
    def complete(project: Project) -> int:
        step = step_of(project, first(project))
        return len(queries(lambda: perform(step, "complete", by=cast.sofia)))

    found = {size: complete(project) for size, project in projects.items()}
    assert len(set(found.values())) == 1, found
    assert max(found.values()) <= 13  # the last of them tells the informed


def test_starting_a_step_asks_the_consulted_in_two_queries(cast, projects):
    def start(project: Project) -> int:
        step = step_of(project, "design.step-2") if project != projects[46] else step_of(project, "discovery.invoicing")
        return len(queries(lambda: perform(step, "start", by=cast.sofia)))

    for size in (4, 60):
        move(projects[size], "design.step-1", "complete", cast.sofia)
    found = {size: start(project) for size, project in projects.items()}
    assert len(set(found.values())) == 1, found
    assert max(found.values()) <= 14  # requests, and the notices of them


def test_advancing_takes_a_fixed_number(cast):
    found = {}
    for size in SIZES:
        steps = [a_step(number, applies="if_applicable") for number in range(1, size)]
        project = started(cast, publish(*steps, a_step(size, "sit"), slug=f"of-{size}"))
        for step in project.board.steps[:-1]:
            move(project, step.path, "mark_not_applicable", cast.sofia, note="x")
        found[size] = len(queries(lambda project=project: perform(project, "advance", by=cast.priya)))

    assert len(set(found.values())) == 1, found
    assert max(found.values()) <= 12
