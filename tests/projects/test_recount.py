"""Totals held against their rows, put right where they differ, and never over what moved meanwhile."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from projects.models import Project, ProjectStep
from projects.recount import recount
from projects.tasks import recount_projects
from tests.cast import KICKOFF, move, step_of
from tests.transitions.made_up import a_step, everything, publish, started
from transitions.moves import perform

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(cast):
    return publish(
        a_step(1, duration_days=2), a_step(2), a_step(3, applies="partner_only"), a_step(4, "sit"), a_step(5, "sit")
    )


@pytest.fixture
def project(cast, version) -> Project:
    """One step done, one waiting, one left out, two to come."""
    made = started(cast, version, integration_kind="custom")
    for name in ("start", "complete"):
        move(made, "design.step-2", name, cast.sofia)
    move(made, "design.step-1", "wait", cast.sofia, note="x", owner=cast.bo, until=dt.date(2030, 1, 1))
    return Project.objects.get(pk=made.pk)


NAMES = ("steps_total", "steps_done", "steps_blocked", "steps_waiting", "phase_total", "phase_done", "next_due")


def totals(project: Project) -> dict[str, object]:
    return Project.objects.filter(pk=project.pk).values(*NAMES).get()


def test_the_totals_are_what_the_steps_say(project, cast):
    found = [totals(project)]
    move(project, "design.step-1", "block", cast.sofia, note="x", owner=cast.bo, until=dt.date(2030, 1, 1))
    found.append(totals(project))
    for name in ("resume", "complete"):
        move(project, "design.step-1", name, cast.sofia)
    found.append(totals(project))
    perform(project, "advance", by=cast.priya)
    found.append(totals(project))

    tuesday, thursday = KICKOFF + dt.timedelta(days=1), dt.date(2026, 10, 7)
    assert [tuple(row.values()) for row in found] == [
        (4, 1, 0, 1, 2, 1, tuesday),
        (4, 1, 1, 0, 2, 1, tuesday),
        (4, 2, 0, 0, 2, 2, None),
        (4, 2, 0, 0, 2, 0, thursday),
    ]
    assert list(recount(Project.objects.all(), write=False)) == []


WRONG = {
    "steps_total": 5, "steps_done": 2, "steps_blocked": 1, "steps_waiting": 0, "phase_total": 9, "phase_done": 0,
    "next_due": dt.date(2020, 1, 1), "next_template": None,
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_each_total_that_differs_is_reported_and_put_right(project, name):
    right = Project.objects.filter(pk=project.pk).values_list(name, flat=True).get()
    Project.objects.filter(pk=project.pk).update(**{name: WRONG[name]})
    before = everything()
    field = "next_template_id" if name == "next_template" else name

    for write in (False, True):
        ((row, differences),) = recount(Project.objects.all(), write=write)
        assert (row, differences) == (project, {field: (WRONG[name], right)})
        assert (everything() == before) == (not write)
    assert Project.objects.filter(pk=project.pk).values_list(name, flat=True).get() == right
    assert list(recount(Project.objects.all(), write=True)) == []


def test_a_step_that_was_changed_behind_the_totals_back_shows(project):
    ProjectStep.objects.filter(pk=step_of(project, "design.step-1").pk).update(due=dt.date(2026, 12, 1))

    ((_, differences),) = recount(Project.objects.all(), write=True)
    assert differences == {"next_due": (KICKOFF + dt.timedelta(days=1), dt.date(2026, 12, 1))}
    assert totals(project)["next_due"] == dt.date(2026, 12, 1)


def test_an_archived_project_is_reported_and_left(project):
    # A move writes all totals, so only a hand in the database leaves a wrong one behind the archive.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_project SET standing = 'complete', steps_blocked = 1")
    before = everything()

    ((found, differences),) = recount(Project.objects.all(), write=True)
    assert (found, differences) == (project, {"steps_blocked": (1, 0)})
    assert everything() == before


def test_what_moved_while_it_was_being_counted_is_not_written_over(cast, version):
    first, second = started(cast, version), started(cast, version)
    Project.objects.update(steps_blocked=3)
    counting = recount(Project.objects.order_by("pk"), write=True)
    assert next(counting)[0] == first

    # The second one is read already, and wrong; a move then writes its totals as they are.
    move(second, "design.step-2", "start", cast.sofia)
    move(second, "design.step-2", "complete", cast.sofia)
    right = totals(second)
    assert list(counting) == []
    assert totals(second) == right
    assert right["steps_done"] == 1


def test_comparing_takes_six_queries_whatever_the_number_of_projects(cast, version, django_assert_num_queries):
    started(cast, version)
    list(recount(Project.objects.all(), write=False))
    for number in (1, 6):
        while Project.objects.count() < number:
            started(cast, version)
        with django_assert_num_queries(6):  # projects, steps, seats, updates, grants, delegations
            assert list(recount(Project.objects.all(), write=False)) == []


def test_the_task_puts_right_and_says_how_many(project):
    Project.objects.update(steps_done=0)

    assert recount_projects() == 1
    assert recount_projects() == 0
    assert totals(project)["steps_done"] == 1
