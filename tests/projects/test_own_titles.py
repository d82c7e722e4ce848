"""A step that its project calls otherwise than the playbook: given by who runs it, shown wherever the title is."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from meetings.agenda_facts import read_reviews
from meetings.feed_content import content_of
from meetings.models import CalendarFeed
from meetings.vocabulary import FeedScope
from projects import my_work
from projects.models import Project, ProjectStep
from projects.rename import rename_step
from projects.signoff import statement
from projects.titles import title_of
from reminders.project_rows import read
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import Archived, NotPermitted, StaleRow
from transitions.gates import blockers_of, gate

pytestmark = pytest.mark.django_db

OWN = "Draw <the> connectors"
SHOWN = "Draw &lt;the&gt; connectors"
FIRST, REVIEW = "made-up/design.step-1", "made-up/design.step-2"
NOW = dt.datetime(2026, 11, 23, 14, tzinfo=dt.UTC)


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    """A project whose second step, a technical design review, needs the first, which is worked on."""
    steps = a_step(1), a_step(2, approval="technical_design_review", needs=("design.step-1",))
    made = started(cast, publish(*steps))
    move(made, FIRST, "start", cast.sofia)
    return Project.objects.get(pk=made.pk)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(person: Any, project: Project, **data: Any) -> HttpResponse:
    sent = {"revision": step_of(project, FIRST).revision, "title": OWN} | data
    return signed_in(person).post(reverse("rename-step", args=[project.code, FIRST]), sent)


def test_the_title_is_on_the_board_and_in_what_the_gate_says(project, cast):
    rename_step(step_of(project, FIRST), f"  {OWN}\n", by=cast.priya)
    board = Project.objects.get(pk=project.pk).board
    step = board.by_path[FIRST]
    assert (step.template.title, board.title(step), board.playbook_step(step).title) == (OWN, OWN, "Step 1")
    assert board.playbook_step(board.by_path[REVIEW]) is board.by_path[REVIEW].template
    standing = blockers_of(gate(Project.objects.get(pk=project.pk).gate_facts(NOW.date())))
    assert any(OWN in blocker.text for blocker in standing if blocker.subject == FIRST)


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("project", "priya"), ("step", "priya"), ("gate", "priya"), ("name-on-step", "priya"), ("step-history", "priya"),
        ("my-work", "sofia"), ("portfolio", "priya"), ("history", "adele"),
    ],
)  # fmt: skip
def test_a_page_that_shows_the_title_shows_the_project_s_own(project, cast, name, person):
    rename_step(step_of(project, FIRST), OWN, by=cast.priya)
    whole = {"my-work": [], "portfolio": [], "history": [], "project": [project.code], "gate": [project.code]}
    page = signed_in(getattr(cast, person)).get(reverse(name, args=whole.get(name, [project.code, FIRST])))
    assert page.status_code == 200
    assert SHOWN in page.content.decode()


def test_the_step_s_page_says_what_the_playbook_calls_it(project, cast):
    rename_step(step_of(project, FIRST), OWN, by=cast.priya)
    page = signed_in(cast.sofia).get(project.step_url(FIRST)).content.decode()
    assert "in the playbook: Step 1" in page
    assert "in the playbook" not in signed_in(cast.sofia).get(project.step_url(REVIEW)).content.decode()


def test_what_needs_the_step_calls_it_so(project, cast):
    rename_step(step_of(project, FIRST), OWN, by=cast.priya)
    found = my_work.mine(cast.sofia, my_work.open_steps(), NOW.date())
    rows = [row for part in my_work.sections(found, my_work.counts(found), NOW.date()) for row in part.rows]
    assert {row.title: [title for title, _ in row.needs] for row in rows} == {OWN: [], "Step 2": [OWN]}
    assert [step.title for step in read_reviews()[0].open_steps] == [OWN]


def test_reminders_feeds_and_statements_call_it_so(project, cast):
    rename_step(step_of(project, FIRST), OWN, by=cast.priya)
    (row,) = read(NOW).projects
    assert [step.title for step in row.steps] == [OWN, "Step 2"]
    feed = CalendarFeed(person=cast.sofia, scope=FeedScope.PERSON)
    now = dt.datetime.combine(step_of(project, FIRST).due, dt.time(14), dt.UTC)
    assert any(OWN in str(event.get("summary", "")) for event in content_of(feed, now).events)
    assert statement(step_of(project, FIRST), cast.priya).values["step"] == OWN


def test_the_expression_for_sql_says_either_title(project, cast):
    rename_step(step_of(project, FIRST), OWN, by=cast.priya)
    assert list(ProjectStep.objects.order_by("pk").values_list(title_of(), flat=True)) == [OWN, "Step 2"]


@pytest.mark.parametrize("words", ["connectors", '"Step 1"'])
def test_the_search_of_the_admin_finds_both_titles(project, cast, words):
    rename_step(step_of(project, FIRST), OWN, by=cast.priya)
    page = signed_in(cast.adele).get(reverse("admin:projects_projectstep_changelist"), {"q": words})
    assert page.context["cl"].result_count == 1


def test_an_empty_title_or_the_playbook_s_gives_it_back(project, cast):
    for back in ("", " Step  1 "):
        rename_step(step_of(project, FIRST), OWN, by=cast.priya)
        assert rename_step(step_of(project, FIRST), back, by=cast.priya).own_title == ""


def test_a_title_that_is_no_other_writes_nothing(project, cast):
    row = rename_step(step_of(project, FIRST), OWN, by=cast.priya)
    assert rename_step(row, OWN, by=cast.priya).revision == row.revision


def test_the_history_keeps_who_when_and_why_and_takes_it_back(project, cast):
    row = rename_step(step_of(project, FIRST), OWN, by=cast.priya, reason="They say so")
    told = ProjectStep.history.filter(id=row.pk).order_by("-history_id")[0]
    assert (told.history_user, told.history_change_reason, told.before["own_title"]) == (cast.priya, "They say so", "")
    back = signed_in(cast.priya).post(reverse("revert", args=["step", told.pk]), {"field": "own_title"})
    assert back.status_code == 302
    assert step_of(project, FIRST).own_title == ""


def test_only_who_runs_the_project_renames(project, cast):
    for person in (cast.sofia, cast.bo, cast.mallory):
        with pytest.raises(NotPermitted):
            rename_step(step_of(project, FIRST), OWN, by=person)
    assert post(cast.sofia, project).status_code == 403
    assert post(cast.mallory, project).status_code == 404
    assert "Call it otherwise" not in signed_in(cast.sofia).get(project.step_url(FIRST)).content.decode()


def test_a_complete_project_refuses(project, cast):
    step = step_of(project, FIRST)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_project SET standing = 'complete' WHERE id = %s", [project.pk])
    with pytest.raises(Archived):
        rename_step(step, OWN, by=cast.priya)


@pytest.mark.parametrize(("title", "says"), [("x" * 201, "200"), ("a\u200bb", "cannot be shown"), ("a\x00b", "")])
def test_a_title_too_long_or_unseen_is_refused_where_the_person_is_looking(project, cast, title, says):
    answer = post(cast.priya, project, title=title)
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert step_of(project, FIRST).own_title == ""
    with pytest.raises(ValidationError):
        rename_step(step_of(project, FIRST), title, by=cast.priya)


def test_the_form_renames_and_a_second_one_is_shown_both(project, cast):
    assert post(cast.priya, project).status_code == 302
    second = post(cast.ivan, project, title="Otherwise", revision=1)
    assert second.status_code == 409
    assert "Changed meanwhile" in second.content.decode()
    assert step_of(project, FIRST).own_title == OWN
    with pytest.raises(StaleRow):
        rename_step(step_of(project, FIRST), "Otherwise", by=cast.ivan, revision=1)
