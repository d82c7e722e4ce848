"""The project's pages by HTTP: who gets in, what a refusal answers, and that nothing typed is lost or trusted."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project
from tests.cast import finish_phase, move, step_of
from transitions.clock import business_day
from transitions.models import TransitionRecord
from transitions.moves import perform

INVOICING = "integration/discovery.invoicing"


@pytest.fixture
def project(make_project):
    return make_project()


@pytest.fixture
def as_person():
    def sign_in(person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


def post(client, project, path, htmx=True, **data):
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse("move-step", args=[project.code, path]), data, headers=headers)


def said(answer) -> str:
    """The page without its tokens, which are new each time, and without the code that was asked for."""
    text = re.sub(r'(X-CSRFToken": "|name="csrfmiddlewaretoken" value=")\w+', "", answer.content.decode())
    return re.sub(r"MRW-\d", "", text)


def test_addresses_of_steps_are_those_of_the_site_map(project):
    assert project.step_url(INVOICING) == reverse("step", args=["MRW-1", INVOICING])


@pytest.mark.parametrize(
    "name",
    ["project", "project-history", "gate", "waive", "move-go-live", "step", "step-menu", "name-on-step", "fill-seat"],
)
def test_who_is_on_nothing_sees_nothing_and_the_answer_is_the_same_as_for_what_is_not_there(
    project, cast, as_person, name
):
    seat = project.seats.first().pk
    extra = {"fill-seat": [seat]}.get(name, [INVOICING] if "step" in name else [])
    foreign = as_person(cast.mallory).get(reverse(name, args=["MRW-1", *extra]))
    absent = as_person(cast.mallory).get(reverse(name, args=["MRW-9", *extra]))
    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert said(foreign) == said(absent)
    assert as_person(cast.priya).get(reverse(name, args=["MRW-1", *extra])).status_code in {200, 302}


@pytest.mark.parametrize("name", ["move-project", "move-step", "move-due", "fill-seat", "waive", "move-go-live"])
def test_who_is_on_nothing_changes_nothing(project, cast, as_person, name):
    extra = {"fill-seat": [project.seats.first().pk]}.get(
        name, [INVOICING] if name in {"move-step", "move-due"} else []
    )
    before = TransitionRecord.objects.count()
    answer = as_person(cast.mallory).post(reverse(name, args=["MRW-1", *extra]), {"move": "start", "revision": 0})
    assert answer.status_code == 404
    assert TransitionRecord.objects.count() == before


def test_a_move_answers_with_its_row_and_tells_the_page_to_look_again(project, cast, as_person):
    answer = post(as_person(cast.sofia), project, INVOICING, move="start", revision=0)
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith(f'<tr id="step-{step_of(project, INVOICING).pk}"')
    assert set(json.loads(answer.headers["HX-Trigger"])) == {"moved", "toast"}
    assert step_of(project, INVOICING).status == "in_progress"


def test_a_step_that_is_freed_comes_with_the_move_that_freed_it(project, cast, as_person):
    for key in ("balance-updates", "account-changes", "payments", "bill-presentment"):
        move(project, f"discovery.{key}", "start", cast.sofia)
        move(project, f"discovery.{key}", "complete", cast.sofia)
    move(project, INVOICING, "start", cast.sofia)
    answer = post(as_person(cast.sofia), project, INVOICING, move="complete", revision=1)
    breakout = step_of(project, "discovery.breakout-sessions")
    assert f'<tr id="step-{breakout.pk}"' in answer.content.decode()
    assert 'hx-swap-oob="true"' in answer.content.decode()


def test_the_consulted_may_look_and_not_act(project, cast, as_person):
    answer = post(as_person(cast.arun), project, INVOICING, move="start", revision=0)
    assert (answer.status_code, step_of(project, INVOICING).status) == (403, "not_started")
    assert "may not start here" in answer.content.decode()


def test_a_stale_form_shows_what_is_there_now_and_changes_nothing(project, cast, as_person):
    move(project, INVOICING, "start", cast.sofia)
    answer = post(as_person(cast.ingrid), project, INVOICING, move="start", revision=0)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "changed since you saw it" in text
    assert "In progress" in text
    assert answer.headers["HX-Retarget"] == "#dialog-slot"
    assert step_of(project, INVOICING).revision == 1


def test_what_was_typed_survives_a_refusal_as_text(project, cast, as_person):
    typed = '<script>alert("x")</script> waiting'
    answer = post(as_person(cast.sofia), project, INVOICING, move="block", revision=0, note=typed)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "needs an owner" in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; waiting" in text


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"move": "fly", "revision": 0}, 400),
        ({"move": "start"}, 400),
        ({"move": "start", "revision": "many"}, 400),
        ({"move": "block", "revision": 0, "note": "x" * 10_000}, 400),
        ({"move": "block", "revision": 0, "note": "why", "owner": 999_999, "until": "2099-01-05"}, 400),
        ({"move": "block", "revision": 0, "note": "why", "until": "soon"}, 400),
        ({"move": "approve", "revision": 0}, 403),
        ({"move": "complete", "revision": 0}, 409),
        ({"move": "mark_not_applicable", "revision": 0, "note": "why"}, 409),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_bad_input_has_its_status_its_words_and_no_effect(project, cast, as_person, data, status, htmx):
    before = TransitionRecord.objects.count()
    answer = post(as_person(cast.sofia), project, INVOICING, htmx, **data)
    assert answer.status_code == status
    assert 'role="alert"' in answer.content.decode()
    assert (step_of(project, INVOICING).status, TransitionRecord.objects.count()) == ("not_started", before)


def test_next_leads_nowhere_else(project, cast, as_person):
    for address in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        fresh = step_of(project, INVOICING)
        name = "start" if fresh.status == "not_started" else "block"
        data = {"note": "why", "owner": cast.ivan.pk, "until": "2099-01-05"} if name == "block" else {}
        if fresh.status == "blocked":
            name, data = "resume", {}
        answer = post(
            as_person(cast.sofia), project, INVOICING, False, move=name, revision=fresh.revision, next=address, **data
        )
        assert answer.headers["Location"] == project.step_url(INVOICING)


def test_an_advance_with_blockers_shows_each_with_its_way_out(project, cast, as_person):
    answer = as_person(cast.priya).post(reverse("move-project", args=["MRW-1"]), {"move": "advance", "revision": 0})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "9 things stand in the way" in text
    assert f'href="{project.step_url(INVOICING)}"' in text
    assert Project.objects.get().phase == "discovery"


def test_an_advance_from_a_page_that_is_old_does_not_advance_twice(project, cast, as_person):
    finish_phase(project, cast)
    priya = as_person(cast.priya)
    address = reverse("move-project", args=["MRW-1"])
    first = priya.post(address, {"move": "advance", "revision": 0})
    second = priya.post(address, {"move": "advance", "revision": 0})
    assert (first.status_code, second.status_code) == (302, 409)
    assert "changed since you saw it" in second.content.decode()
    assert Project.objects.get().phase == "design"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"target_go_live": "2026-01-05", "reason": "sooner"}, "cannot be before the kickoff"),
        ({"target_go_live": "someday", "reason": "later"}, "Write the date as"),
        ({"target_go_live": "2027-04-01", "reason": ""}, "required"),
        ({"target_go_live": "2027-04-01", "reason": "x" * 10_000}, "500"),
    ],
)
def test_a_bad_go_live_is_refused_at_its_field(project, cast, as_person, data, words):
    answer = as_person(cast.priya).post(reverse("move-go-live", args=["MRW-1"]), {"revision": 0, **data})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert Project.objects.get().target_go_live == project.target_go_live


def test_a_waiver_by_the_page_clears_the_gate_by_name(project, cast, as_person):
    priya = as_person(cast.priya)
    address = reverse("waive", args=["MRW-1"])
    subject = {"code": "step-open", "subject": INVOICING}
    assert "Invoicing (IC System) is not started" in priya.get(address, subject).content.decode()
    bare = priya.post(address, {**subject, "reason": "", "expires": "2020-01-01"})
    assert bare.status_code == 400
    until = business_day() + dt.timedelta(days=10)
    given = priya.post(address, {**subject, "reason": "Done on paper", "expires": until.isoformat()})
    assert given.status_code == 302
    assert "waived by Priya Nair" in priya.get(reverse("project", args=["MRW-1"])).content.decode()


def test_seats_are_named_by_whoever_runs_the_project(project, cast, as_person):
    seat = project.seats.get(role__code="TC").pk
    address = reverse("fill-seat", args=["MRW-1", seat])
    assert as_person(cast.sofia).post(address, {"person": cast.mallory.pk}).status_code == 403
    assert as_person(cast.priya).post(address, {"person": 999_999}).status_code == 400
    assert as_person(cast.priya).post(address, {"person": cast.mallory.pk}).status_code == 302
    assert as_person(cast.mallory).get(reverse("project", args=["MRW-1"])).status_code == 200


def test_an_archived_project_is_read_and_no_more(make_project, cast, as_person):
    project = make_project(kind="add_on", playbooks=("addon-post-live",), people={"IS": cast.dele}, by=cast.adele)
    finish_phase_of_add_on(project, cast)
    perform(project, "complete", by=cast.dele)
    dele = as_person(cast.dele)
    page = dele.get(reverse("project", args=[project.code]))
    assert page.status_code == 200
    assert "complete and archived" in page.content.decode()
    path = "addon-post-live/post-live.monitor-service"
    refused = post(dele, project, path, move="reopen", revision=step_of(project, path).revision, note="more")
    assert refused.status_code == 409
    assert "archived" in refused.content.decode()


def finish_phase_of_add_on(project, cast):
    for step in Project.objects.get(pk=project.pk).board.steps:
        move(project, step.path, "start", cast.dele)
        move(project, step.path, "complete", cast.dele)


def test_starting_needs_the_right_and_says_who_gives_it(cast, playbooks, as_person):
    assert as_person(cast.mallory).get(reverse("start-project")).status_code == 403


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"biller_name": ""}, "required"),
        ({"biller_name": "x" * 10_000}, "120"),
        ({"biller_code": "M4"}, "two to six letters"),
        ({"kickoff": "2027-05-01"}, "cannot be before the kickoff"),
        ({"integration_kind": "magic"}, "magic"),
        ({"mrr": "-1"}, "0"),
        ({"playbooks": []}, "at least one playbook"),
        ({"start_key": "no-uuid"}, "UUID"),
    ],
)
def test_a_start_that_is_not_right_makes_nothing_and_loses_nothing(cast, playbooks, as_person, change, words):
    data = {
        "act": "start", "start_key": "7e7a3c9e-7c7e-4b0e-9d5a-6f8f2d0b1c11", "biller_name": "Quill Water", "biller_code": "QLL",
        "vertical": "utility", "integration_kind": "partner", "proposed_for": change.get("integration_kind", "partner"),
        "playbooks": ["integration"], "kickoff": "2026-11-09", "target_go_live": "2027-03-02", "core_system": "Tyndall",
    } | change  # fmt: skip
    answer = as_person(cast.priya).post(reverse("start-project"), data)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert words in text
    assert "Tyndall" in text
    assert Project.objects.count() == 0
