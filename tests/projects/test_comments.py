"""Comments asked of the consulted: when, of whom, by when; what they answer is kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from projects.comments import answer_comment, asked_of, comments_on, due_day
from projects.models import CommentAnswer, CommentRequest, Notice, Project
from projects.models.archive import DecisionIsFinal, RowsStay
from projects.team import fill_seat
from raci.letters import Raci
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, publish, refuses_to_be_rewritten, started
from transitions.blockers import Archived, MoveRefused, NotPermitted
from transitions.clock import business_day
from transitions.moves import perform

pytestmark = pytest.mark.django_db

#: A Friday; Thanksgiving is the Thursday after.
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
STEP = "design.step-1"
ADDRESS = "/projects/MRW-1/steps/made-up/design.step-1/comment"


@pytest.fixture
def project(cast) -> Project:
    """Arun and Bo are consulted on the first step, Arun on the second."""
    both = Raci(R=("SE",), A=("INM",), C=("SA", "B"), I=("IS",))
    steps = (
        a_step(1, raci=both, duration_days=60),
        a_step(2, applies="if_applicable"),
        a_step(3, approval="architect_review"),
    )
    return started(cast, publish(*steps), kickoff=NOW.date(), target_go_live=dt.date(2027, 6, 1))


def asked(project: Project) -> list[tuple[str, str, str]]:
    rows = project.comment_requests.order_by("pk").select_related("person", "step__template")
    return [
        (row.person.get_short_name(), row.step.template.key, "withdrawn" if row.withdrawn_at else "open")
        for row in rows
    ]


def request_of(project: Project, person, key: str = STEP) -> CommentRequest:
    return project.comment_requests.get(person=person, step__template__key=key, withdrawn_at=None)


# -- Asking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_on", "due", "by"),
    [
        (dt.date(2026, 11, 16), None, dt.date(2026, 11, 19)),
        (dt.date(2026, 11, 20), None, dt.date(2026, 11, 25)),
        (dt.date(2026, 11, 24), None, dt.date(2026, 11, 30)),  # over Thanksgiving and the weekend
        (dt.date(2026, 11, 16), dt.date(2026, 11, 17), dt.date(2026, 11, 17)),
        (dt.date(2026, 11, 16), dt.date(2026, 11, 16), dt.date(2026, 11, 19)),
        (dt.date(2026, 11, 16), dt.date(2026, 11, 2), dt.date(2026, 11, 19)),
        (dt.date(2026, 11, 16), dt.date(2026, 12, 31), dt.date(2026, 11, 19)),
    ],
)
def test_an_answer_is_asked_in_three_working_days_or_when_the_step_is_due(asked_on, due, by):
    assert due_day(asked_on, due) == by


def test_the_start_of_a_step_asks_everybody_who_is_consulted(project, cast):
    move(project, STEP, "start", cast.sofia, now=NOW)

    rows = project.comment_requests.order_by("pk")
    assert [(row.person, row.role, row.asked_at, row.due) for row in rows] == [
        (cast.arun, "Solution Architect", NOW, dt.date(2026, 11, 25)),
        (cast.bo, "Biller", NOW, dt.date(2026, 11, 25)),
    ]
    heard = Notice.objects.filter(kind="comment_asked").order_by("pk")
    assert [(one.person, one.text, one.why, one.heard_from) for one in heard] == [
        (cast.arun, "Your comment on “Step 1” is asked by Nov 25.", "You are consulted on this step as Solution Architect.", NOW),
        (cast.bo, "Your comment on “Step 1” is asked by Nov 25.", "You are consulted on this step as Biller.", NOW),
    ]  # fmt: skip


def test_a_step_that_first_waits_asks_when_work_begins(project, cast):
    details = {"note": "x", "owner": cast.bo, "until": dt.date(2030, 1, 1)}
    move(project, STEP, "wait", cast.sofia, **details)
    assert asked(project) == []
    move(project, STEP, "resume", cast.sofia)

    assert asked(project) == [("Arun", STEP, "open"), ("Bo", STEP, "open")]


def test_nobody_is_asked_twice_however_often_the_step_starts(project, cast):
    for _ in range(2):
        move(project, "design.step-2", "start", cast.sofia)
        move(project, "design.step-2", "mark_not_applicable", cast.sofia, note="x")
        move(project, "design.step-2", "reopen", cast.sofia, note="x")
    move(project, "design.step-2", "start", cast.sofia)
    move(project, "design.step-2", "complete", cast.sofia)
    move(project, "design.step-2", "reopen", cast.sofia, note="x")

    assert asked(project) == [("Arun", "design.step-2", "open")]
    assert Notice.objects.filter(kind="comment_asked").count() == 1


def test_the_request_goes_with_the_seat_while_the_step_is_worked_on(project, cast):
    move(project, STEP, "start", cast.sofia)
    fill_seat(project, project.seats.get(role__code="SA").pk, cast.tess, by=cast.priya)
    found = [asked(project)]
    fill_seat(project, project.seats.get(role__code="SA").pk, None, by=cast.priya)
    found.append(asked(project))
    fill_seat(project, project.seats.get(role__code="SA").pk, cast.arun, by=cast.priya)
    found.append(asked(project))

    first = [("Arun", STEP, "withdrawn"), ("Bo", STEP, "open")]
    assert found == [
        [*first, ("Tess", STEP, "open")],
        [*first, ("Tess", STEP, "withdrawn")],
        [*first, ("Tess", STEP, "withdrawn"), ("Arun", STEP, "open")],
    ]


def test_what_was_answered_is_never_withdrawn_and_the_next_one_is_asked_too(project, cast):
    move(project, STEP, "start", cast.sofia)
    answer_comment(request_of(project, cast.arun), "Use the bus.", by=cast.arun)
    fill_seat(project, project.seats.get(role__code="SA").pk, cast.tess, by=cast.priya)

    assert asked(project) == [("Arun", STEP, "open"), ("Bo", STEP, "open"), ("Tess", STEP, "open")]


def test_before_the_start_a_seat_that_changes_hands_asks_nobody(project, cast):
    fill_seat(project, project.seats.get(role__code="SA").pk, cast.tess, by=cast.priya)

    assert asked(project) == []


def test_an_open_request_holds_up_nothing(project, cast):
    for name in ("start", "complete"):
        move(project, STEP, name, cast.sofia)
    for name in ("start", "complete"):
        move(project, "design.step-2", name, cast.sofia)
    for name, who in (("start", cast.sofia), ("submit", cast.sofia), ("approve", cast.ingrid)):
        move(project, "design.step-3", name, who)

    assert perform(project, "complete", by=cast.priya).row.standing == "complete"


# -- Answering ------------------------------------------------------------------------------------


@pytest.fixture
def begun(project, cast) -> Project:
    move(project, STEP, "start", cast.sofia, now=NOW)
    return project


def test_an_answer_is_kept_with_who_and_when_and_added_to_until_the_step_closes(begun, cast):
    row = request_of(begun, cast.bo)
    answer_comment(row, "  Two files a day.  ", by=cast.bo, now=NOW)
    answer_comment(row, "And one on Sunday.", by=cast.bo)

    found = row.answers.all()
    assert [(one.text, one.by, one.by_side) for one in found] == [
        ("Two files a day.", cast.bo, "customer"),
        ("And one on Sunday.", cast.bo, "customer"),
    ]
    assert request_of(begun, cast.bo).answered_at == NOW
    move(begun, STEP, "complete", cast.sofia)
    with pytest.raises(MoveRefused, match="is closed"), transaction.atomic():
        answer_comment(row, "Too late.", by=cast.bo)
    assert row.answers.count() == 2


@pytest.mark.parametrize("who", ["priya", "sofia", "bo", "adele", "mallory"])
def test_only_who_was_asked_answers(begun, cast, who):
    with pytest.raises(NotPermitted), transaction.atomic():
        answer_comment(request_of(begun, cast.arun), "x", by=getattr(cast, who))
    assert CommentAnswer.objects.count() == 0


def test_who_was_asked_before_the_seat_changed_hands_answers_no_more(begun, cast):
    row = request_of(begun, cast.arun)
    fill_seat(begun, begun.seats.get(role__code="SA").pk, cast.tess, by=cast.priya)

    with pytest.raises(MoveRefused, match="Somebody else holds your seat now"), transaction.atomic():
        answer_comment(row, "x", by=cast.arun)


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_an_answer_says_something_and_not_too_much(begun, cast, text):
    with pytest.raises(ValidationError), transaction.atomic():
        answer_comment(request_of(begun, cast.arun), text, by=cast.arun)
    assert answer_comment(request_of(begun, cast.arun), "x" * 4000, by=cast.arun).text == "x" * 4000


def test_in_an_archived_project_and_a_cancelled_one_nothing_is_said_any_more(begun, cast):
    row = request_of(begun, cast.arun)
    perform(begun, "cancel", by=cast.priya, note="x")
    with pytest.raises(MoveRefused, match="cancelled"), transaction.atomic():
        answer_comment(row, "x", by=cast.arun)
    assert asked_of(cast.arun, business_day()) == []


def test_an_answer_is_evidence(begun, cast, subtests):
    answer = answer_comment(request_of(begun, cast.arun), "x", by=cast.arun)
    refuses_to_be_rewritten(answer, (DecisionIsFinal, RowsStay, Archived), subtests)


# -- Pages ----------------------------------------------------------------------------------------


def test_the_page_takes_an_answer_from_who_was_asked(client, begun, cast):
    client.force_login(cast.bo)
    assert client.get(ADDRESS).status_code == 200
    for text in ("", "x" * 4001, "\x00"):
        assert client.post(ADDRESS, {"text": text}).status_code == 400
    answer = client.post(ADDRESS, {"text": "Two files.\nA day.", "by": cast.priya.pk, "person": cast.priya.pk})

    assert (answer.status_code, answer.headers["location"]) == (302, ADDRESS)
    assert CommentAnswer.objects.values_list("text", "by").get() == ("Two files.\nA day.", cast.bo.pk)


def test_the_page_refuses_everybody_else(client, begun, cast):
    for who, status in (("priya", 403), ("adele", 403), ("sofia", 403), ("mallory", 404), ("pat", 404)):
        client.force_login(getattr(cast, who))
        assert (who, client.post(ADDRESS, {"text": "x"}).status_code) == (who, status)
    client.force_login(cast.arun)
    move(begun, STEP, "complete", cast.sofia)
    assert client.post(ADDRESS, {"text": "x"}).status_code == 409
    assert "No longer asked" in client.get(ADDRESS).content.decode()
    assert CommentAnswer.objects.count() == 0


def test_the_step_s_page_shows_who_was_asked_and_what_they_said(client, begun, cast):
    answer_comment(request_of(begun, cast.arun), "Use <b>the bus</b>.", by=cast.arun, now=NOW)
    client.force_login(cast.priya)
    page = client.get(ADDRESS.removesuffix("comment")).content.decode()

    assert "Use &lt;b&gt;the bus&lt;/b&gt;." in page
    late = dt.date(2026, 12, 1)
    found = comments_on(step_of(begun, STEP), cast.priya, late)
    assert [(one.person.name, one.state, one.late) for one in found] == [
        ("Arun Patel", "answered", False),
        ("Bo Halvorsen", "waiting", True),
    ]


def test_from_outside_only_comments_from_outside_are_seen(begun, cast):
    answer_comment(request_of(begun, cast.arun), "Between us.", by=cast.arun)

    found = comments_on(step_of(begun, STEP), cast.bo, NOW.date())
    assert [(one.person.name, one.mine) for one in found] == [("Bo Halvorsen", True)]


def test_what_waits_for_me_is_on_my_work(client, begun, cast):
    assert [(one.title, one.code, one.address, one.due) for one in asked_of(cast.arun, NOW.date())] == [
        ("Step 1", "MRW-1", ADDRESS, dt.date(2026, 11, 25))
    ]
    client.force_login(cast.arun)
    for address in ("/my-work", "/inbox"):
        assert f'href="{ADDRESS}"' in client.get(address).content.decode()
    answer_comment(request_of(begun, cast.arun), "x", by=cast.arun)
    assert asked_of(cast.arun, NOW.date()) == []
