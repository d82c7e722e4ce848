"""The gate out of Release, and the board that shows the same."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from handoff.marks import Ready, marks_of
from handoff.readiness.board import board
from handoff.readiness.criteria import go_live_asked, presentation, sign_offs, sit_verified, uat
from projects.models import Project
from tests.cast import move
from tests.handoff.scene import GO_LIVE, MONDAY, NOON, TODAY, before_go_live, fresh, present, sign_uat
from tests.meetings.agendas import make_go_live
from tests.transitions.made_up import a_step, publish, started
from tests.workbook.uat_scene import client_of
from transitions.gates import gate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_tuesday():
    with time_machine.travel(NOON, tick=False):
        yield


def mark(source, project: Project, today: dt.date = TODAY):
    return source([fresh(project)], today)[project.pk]


def test_uat_is_signed_by_the_biller_or_not_at_all(make_project, cast):
    project = before_go_live(make_project, people={"PM": cast.priya, "IM": cast.ivan})
    assert [blocker.code for blocker in mark(uat, project).blockers] == [Ready.UAT.value]
    assert mark(uat, project).blockers[0].owner == "Priya Nair"
    sign_uat(project, cast)
    assert mark(uat, project).met


def test_a_run_after_the_one_that_was_signed_says_that_more_had_to_be_tested(make_project, cast):
    from workbook.runs import start_run

    project = before_go_live(make_project)
    sign_uat(project, cast)
    start_run(project, "uat", build="2", environment="Staging", by=cast.priya)
    assert not mark(uat, project).met


def test_final_sign_offs_and_sit_are_asked_where_a_playbook_has_them(make_project, cast):
    project = before_go_live(make_project)
    assert [mark(source, project).applies for source in (sign_offs, sit_verified)] == [False, False]
    integration = make_project(biller="Copperline Gas", playbooks=("integration", "transition-to-cs"))
    for source, code in ((sign_offs, Ready.SIGN_OFFS), (sit_verified, Ready.SIT)):
        told = mark(source, integration)
        assert told.applies
        assert {blocker.code for blocker in told.blockers} == {code.value}
        assert all(blocker.link.startswith("/projects/") and blocker.owner for blocker in told.blockers)


def test_the_monday_strictly_before_the_go_live_counts(make_project, cast):
    project = before_go_live(make_project)
    make_go_live(host=cast.cora)
    (blocker,) = mark(presentation, project).blockers
    assert "Nov 23" in blocker.text
    present(project, cast)
    assert mark(presentation, project).met


@pytest.mark.parametrize(
    ("target", "monday"),
    [
        (dt.date(2026, 12, 7), dt.date(2026, 11, 30)),  # a go-live on a Monday is presented the week before
        (dt.date(2026, 12, 8), dt.date(2026, 12, 7)),
        (dt.date(2026, 12, 13), dt.date(2026, 12, 7)),
    ],
)
def test_which_monday_that_is(make_project, cast, target, monday):
    project = before_go_live(make_project, target=target)
    make_go_live(host=cast.cora)
    assert mark(presentation, project).words == f"Due {monday:%b} {monday.day}"


def test_a_go_live_that_moved_past_a_monday_has_to_be_presented_again(make_project, cast):
    project = before_go_live(make_project)
    present(project, cast)
    Project.objects.filter(pk=project.pk).update(target_go_live=dt.date(2026, 12, 3))
    (blocker,) = mark(presentation, project).blockers
    assert "Nov 30" in blocker.text
    assert "moved since it was presented on Nov 23" in blocker.text


def test_a_late_project_is_asked_about_the_monday_before_today(make_project, cast):
    project = before_go_live(make_project)
    make_go_live(host=cast.cora)
    late = dt.date(2026, 12, 9)
    assert go_live_asked(fresh(project), late) == late
    (blocker,) = mark(presentation, project, late).blockers
    assert "Dec 7" in blocker.text
    assert "set the new date" in blocker.text


def test_without_a_series_somebody_is_told_to_plan_it(make_project, cast):
    (blocker,) = mark(presentation, before_go_live(make_project)).blockers
    assert "administrator plans the series" in blocker.text
    assert blocker.link == reverse("meetings")


def test_the_gate_asks_what_the_board_shows(make_project, cast):
    project = before_go_live(make_project)
    make_go_live(host=cast.cora)
    asked = {one.code: one for one in gate(fresh(project).gate_facts(TODAY))}
    marks = marks_of([fresh(project)], TODAY)[project.pk]
    for criterion, told in marks.items():
        if criterion not in (Ready.SIGN_OFFS, Ready.SIT):  # the steps themselves say so, once
            assert asked[criterion.value].blockers == told.blockers
    (line,) = board(cast.priya, TODAY).lines
    assert dict(line.marks) == marks


def test_nothing_is_asked_where_release_is_the_last_phase(cast):
    project = started(cast, publish(a_step(1, "release")))
    codes = {one.code for one in gate(fresh(project).gate_facts(TODAY))}
    assert codes.isdisjoint({criterion.value for criterion in Ready})


def test_the_board_has_the_worst_first_and_nobody_who_is_far_away(make_project, cast):
    near = before_go_live(make_project, biller="Near Water", code="NEA")
    late = before_go_live(make_project, biller="Late Gas", code="LAT", target=dt.date(2026, 11, 20))
    before_go_live(make_project, biller="Far Power", code="FAR", target=TODAY + dt.timedelta(days=57))
    edge = before_go_live(make_project, biller="Edge Power", code="EDG", target=TODAY + dt.timedelta(days=56))
    lines = board(cast.priya, TODAY).lines
    assert [line.project.pk for line in lines] == [late.pk, near.pk, edge.pk]
    assert [line.left for line in lines] == ["4 days late", "2 days", "56 days"]
    assert lines[0].next is not None
    assert [line.project.pk for line in board(cast.ivan, TODAY, mine=True).lines] == []


def test_the_board_by_who_looks(make_project, cast):
    before_go_live(make_project)
    path = reverse("go-lives")
    told = {name: client_of(getattr(cast, name)).get(path) for name in ("priya", "cora", "mallory", "bo", "pat")}
    assert {name: reply.status_code for name, reply in told.items()} == {
        "priya": 200, "cora": 200, "mallory": 200, "bo": 404, "pat": 404,
    }  # fmt: skip
    assert "Marrow County Tax" in told["priya"].content.decode()
    assert "Nobody goes live" in told["mallory"].content.decode()
    assert "Those I run" in client_of(cast.priya).get(path, {"mine": "1"}).content.decode()


def test_client_services_see_every_go_live_and_open_what_is_theirs(make_project, cast):
    before_go_live(make_project, people={"PM": cast.priya})
    text = client_of(cast.cora).get(reverse("go-lives")).content.decode()
    assert "Marrow County Tax" in text
    assert 'href="/projects/MCT-1/"' not in text


def test_the_board_costs_the_same_for_one_and_for_many(make_project, cast, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    before_go_live(make_project)
    make_go_live(host=cast.cora)
    board(cast.priya, TODAY)
    with CaptureQueriesContext(connection) as one:
        board(cast.priya, TODAY)
    for name in ("Ashby Gas", "Fenwick Water", "Juniper Power"):
        before_go_live(make_project, biller=name)
    with django_assert_num_queries(len(one)):
        board(cast.priya, TODAY)


def test_the_projects_page_shows_the_marks_while_go_live_is_near(make_project, cast):
    project = before_go_live(make_project)
    page = client_of(cast.priya).get(project.get_absolute_url()).content.decode()
    assert "Ready for go-live" in page
    assert "The biller has not signed a UAT run" in page
    far = make_project(
        biller="Copperline Gas", playbooks=("integration", "transition-to-cs"), target=GO_LIVE + dt.timedelta(weeks=30)
    )
    assert "Ready for go-live" not in client_of(cast.priya).get(far.get_absolute_url()).content.decode()


def test_the_refusal_of_an_early_go_live_names_each_criterion(make_project, cast):
    project = before_go_live(make_project)
    make_go_live(host=cast.cora)
    reply = client_of(cast.priya).post(
        reverse("move-project", args=[project.code]), {"move": "advance", "revision": project.revision}
    )
    assert reply.status_code == 409
    assert "The biller has not signed a UAT run" in reply.content.decode()
    assert MONDAY < TODAY
    assert fresh(project).phase == "release"
    move(project, "transition-to-cs/release.introduce-support", "start", cast.priya)
