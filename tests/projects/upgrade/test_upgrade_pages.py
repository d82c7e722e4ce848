"""The pages about upgrades: the preview and its choices, undoing, many at once; who sees them; how many queries they take."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Project, Upgrade
from tests.cast import finish, move
from tests.projects.upgrade.scene import V1, a_step, fresh, publish, rows_of, started, steps_of, undo, upgrade, versions
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db


def address(project: Project, number: int = 2) -> str:
    return reverse("upgrade-project", args=[project.code, "made-up", number])


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def seen_on(response: Any) -> str:
    return text_of(response).partition('name="seen" value="')[2].partition('"')[0]


@pytest.fixture
def scene(cast, client):
    """A project in Development, on version 1; version 2 has a step more in Design, which is passed, one less and one changed."""
    one, two = versions(
        V1[0], replace(V1[1], guidance="Ask the biller first."), replace(V1[2], title="Build it", guidance="Write <b>code</b>."),
        a_step(5), before=V1,
    )  # fmt: skip
    project = started(cast, one)
    for key in ("made-up/design.step-1", "made-up/design.step-2"):
        finish(project, key, worker=cast.sofia, decider=cast.ingrid)
    perform(fresh(project), "advance", by=cast.priya)
    client.force_login(cast.priya)
    return project, two


def test_the_project_says_that_a_version_is_out_and_where_to_look(client, scene):
    project, _ = scene
    text = text_of(client.get(project.get_absolute_url()))
    assert "Made Up v2 is out" in text
    assert address(project) in text
    assert "is out" not in text_of(client.get(project.get_absolute_url() + "gate"))


def test_the_preview_tells_step_by_step_what_would_happen(client, scene):
    project, _ = scene
    response = client.get(address(project))
    text = text_of(response)
    assert response.status_code == 200
    assert "To decide: new in a phase that is passed" in text
    assert "Done already: it stays as it was done." in text  # step 2, whose guidance changes
    assert "<ins>Build it</ins>" in text
    assert "&lt;b&gt;code&lt;/b&gt;" in text
    assert "Not in Made Up v2" in text
    assert "New seat" not in text
    assert text.count('type="radio"') == 6
    assert 'value="do" checked' not in text


def test_what_must_be_decided_is_refused_at_its_line_and_nothing_is_lost(client, scene):
    project, _ = scene
    before = rows_of(project)
    form = {
        "seen": seen_on(client.get(address(project))),
        "note": "As agreed",
        "step:development.step-4": "keep",
        "step:design.step-5": "leave_out",
    }
    response = client.post(address(project), form)
    text = text_of(response)
    assert response.status_code == 409
    assert 'href="#line-design-step-5"' in text
    assert "Say why “Step 5” is left out." in text
    assert 'value="keep" checked' in text
    assert ">As agreed</textarea>" in text
    assert rows_of(project) == before
    done = client.post(address(project), {**form, "why:design.step-5": "Done at the bank"})
    assert done.status_code == 302
    step = steps_of(project)["design.step-5"]
    assert (step.status, step.reason) == ("not_applicable", "Done at the bank")
    assert steps_of(project)["development.step-4"].status == "not_started"
    assert Upgrade.objects.get().project == project


def test_the_second_press_of_the_button_changes_nothing(client, scene, cast):
    project, _ = scene
    form = {"seen": seen_on(client.get(address(project))), "step:design.step-5": "do"}
    assert client.post(address(project), form).status_code == 302
    before, records = rows_of(project), TransitionRecord.objects.count()
    assert client.post(address(project), form).status_code == 409
    assert (rows_of(project), TransitionRecord.objects.count()) == (before, records)


def test_what_changed_meanwhile_is_shown_before_anything_is_written(client, scene, cast):
    project, _ = scene
    form = {
        "seen": seen_on(client.get(address(project))),
        "step:design.step-5": "do",
        "step:development.step-3": "keep",
    }
    move(project, "made-up/development.step-3", "start", cast.sofia)
    response = client.post(address(project), form)
    assert response.status_code == 409
    assert "has changed meanwhile" in text_of(response)
    assert 'name="step:development.step-3" value="keep" checked' in text_of(response)
    assert client.post(address(project), {**form, "seen": seen_on(response)}).status_code == 302


@pytest.mark.parametrize(("button", "kept"), [("keep", True), ("accept", False), ("look", True)])
def test_a_button_chooses_for_all_without_writing(client, scene, button, kept):
    project, _ = scene
    before = rows_of(project)
    form = {"seen": "x", "look": button, "note": "Later", "step:development.step-3": "keep"}
    response = client.post(address(project), form)
    text = text_of(response)
    assert response.status_code == 200
    assert ('name="step:development.step-3" value="keep" checked' in text) is kept
    assert 'value="do" checked' not in text, "a person decides on that"
    assert ">Later</textarea>" in text
    assert rows_of(project) == before


def test_bad_input_is_told_and_changes_nothing(client, scene):
    project, _ = scene
    before = rows_of(project)
    for form in ({}, {"seen": "x" * 65}, {"seen": "x", "step:design.step-5": "maybe"}, {"seen": "x", "note": "n" * 4001},
                 {"seen": "x", "why:design.step-5": "w" * 1001}):  # fmt: skip
        response = client.post(address(project), form)
        assert response.status_code == 400
        assert "Nothing was changed." in text_of(response)
    assert rows_of(project) == before


def test_an_upgrade_is_told_and_undone_on_its_page(client, scene, cast):
    project, two = scene
    before = rows_of(project)
    upgrade(project, two, cast.priya, decisions={"design.step-5": "do"})
    page = reverse("upgrades", args=[project.code])
    text = text_of(client.get(page))
    assert "Undo the upgrade" in text
    assert "Not in Made Up v2" in text
    assert client.post(reverse("undo-upgrade", args=[project.code])).status_code == 302
    assert rows_of(project) == before
    assert "Undone" in text_of(client.get(page))
    refused = client.post(reverse("undo-upgrade", args=[project.code]))
    assert refused.status_code == 409
    assert "no upgrade that could be undone" in text_of(refused)


def test_once_something_moved_the_page_says_what(client, scene, cast):
    project, two = scene
    upgrade(project, two, cast.priya, decisions={"design.step-5": "do"})
    move(project, "made-up/design.step-5", "start", cast.sofia)
    text = text_of(client.get(reverse("upgrades", args=[project.code])))
    assert "“start” of Step 5 came after it (Sofia Reyes)" in text
    assert "Undo the upgrade" not in text


def test_the_history_tells_of_it(client, scene, cast):
    project, two = scene
    upgrade(project, two, cast.priya, decisions={"design.step-5": "do"}, note="As agreed")
    at_step = reverse("step-history", args=[project.code, "made-up/development.step-4"])
    for page in (reverse("project-history", args=[project.code]), at_step):
        text = text_of(client.get(page))
        assert "upgraded to a newer playbook" in text
        assert "As agreed" in text
        assert "Made Up v1" in text
        assert "Made Up v2" in text


def test_who_sees_and_who_upgrades(client, scene, cast):
    project, _ = scene
    pages = [address(project), reverse("upgrades", args=[project.code])]
    for person, status in ((cast.bo, 404), (cast.mallory, 404), (cast.sofia, 200)):
        client.force_login(person)
        assert [client.get(page).status_code for page in pages] == [status, status]
    assert "Upgrade to Made Up v2</button>" not in text_of(client.get(address(project)))
    assert client.post(address(project), {"seen": "", "step:design.step-5": "do"}).status_code == 400
    form = {"seen": seen_on(client.get(address(project))), "step:design.step-5": "do"}
    assert client.post(address(project), form).status_code == 403
    assert client.post(reverse("undo-upgrade", args=[project.code])).status_code == 403
    client.force_login(cast.bo)
    assert "is out" not in text_of(client.get(project.get_absolute_url()))
    assert client.get(reverse("upgrade-projects", args=["made-up", 2])).status_code == 404


@pytest.mark.parametrize("number", [7, 2**31, 2**70])
def test_no_version_no_page(client, scene, number):
    project, _ = scene
    assert client.get(address(project, number)).status_code == 404
    assert client.get(reverse("upgrade-projects", args=["made-up", number])).status_code == 404


def test_a_preview_takes_as_many_queries_for_sixty_steps_as_for_four(client, cast):
    client.force_login(cast.priya)
    counts = {}
    for size, slug in ((4, "short"), (60, "long")):
        steps = [a_step(number, guidance="Do it.") for number in range(1, size + 1)]
        one = publish(*steps, slug=slug, title=slug)
        publish(*[replace(step, guidance="Do it well.", duration_days=3) for step in steps], slug=slug, title=slug)
        project = started(cast, one)
        page = reverse("upgrade-project", args=[project.code, slug, 2])
        client.get(page)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(page).status_code == 200
        counts[size] = len(caught)
    assert counts[4] == counts[60]
    assert counts[60] <= 12


def test_an_upgrade_writes_in_as_many_queries_for_sixty_steps_as_for_four(cast):
    counts = {}
    for size, slug in ((4, "short"), (60, "long")):
        steps = [a_step(number) for number in range(1, size + 1)]
        one = publish(*steps, slug=slug, title=slug)
        changed = [replace(step, duration_days=3) for step in steps[2:]]
        two = publish(*changed, a_step(size + 1), a_step(size + 2), slug=slug, title=slug)
        project = started(cast, one)
        upgrade(project, two, cast.priya)
        undo(project, cast.priya)
        with CaptureQueriesContext(connection) as caught:
            upgrade(project, two, cast.priya)
        counts[size] = len(caught)
    assert counts[4] == counts[60]


# Many at once


@pytest.fixture
def several(cast, client):
    """Three projects on version 1: one like any, one that needs a decision, one that Priya does not run."""
    one, two = versions(*V1, a_step(5))
    plain = started(cast, one)
    needs = started(cast, one, biller_name="Ashby Gas", biller_code="ASH")
    with_ivan = started(cast, one, biller_name="Calder Water", biller_code="CAL", people={"IM": cast.ivan})
    for key in ("made-up/design.step-1", "made-up/design.step-2"):
        finish(needs, key, worker=cast.sofia, decider=cast.ingrid)
    perform(fresh(needs), "advance", by=cast.priya)
    client.force_login(cast.priya)
    return plain, needs, with_ivan, two


def test_many_are_listed_with_what_would_happen_and_who_decides(client, several, cast):
    _, needs, _, _ = several
    text = text_of(client.get(reverse("upgrade-projects", args=["made-up", 2])))
    assert text.count('type="checkbox"') == 1
    assert "1 step to decide on" in text
    assert address(needs) in text


def test_many_are_upgraded_each_by_itself_and_the_second_press_changes_nothing(client, several, cast):
    plain, needs, with_ivan, _ = several
    page = reverse("upgrade-projects", args=["made-up", 2])
    form = {"project": [plain.code, needs.code], "note": "All of them"}
    response = client.post(page, form)
    text = text_of(response)
    assert response.status_code == 200
    assert "1 of 2 projects upgraded to Made Up v2" in text
    assert "“Step 5” is new in Design, which is passed" in text
    assert address(needs) in text
    assert [upgrade.project for upgrade in Upgrade.objects.all()] == [plain]
    before = [rows_of(one) for one in (plain, needs, with_ivan)]
    again = text_of(client.post(page, form))
    assert "0 of 2 projects" in again
    assert [rows_of(one) for one in (plain, needs, with_ivan)] == before


def test_many_refuse_what_is_not_there_or_too_much(client, several, cast, monkeypatch):
    plain, needs, _, _ = several
    page = reverse("upgrade-projects", args=["made-up", 2])
    for form in ({}, {"project": ["NO-1"]}, {"project": [plain.code], "note": "n" * 4001}):
        assert client.post(page, form).status_code == 400
    monkeypatch.setattr("projects.upgrade.forms.MOST_AT_ONCE", 1)
    response = client.post(page, {"project": [plain.code, needs.code]})
    assert response.status_code == 400
    assert "2 are ticked; 1 at a time is the most." in text_of(response)
    assert not Upgrade.objects.exists()


def test_no_project_goes_to_a_retired_version(client, several, cast):
    plain, _, _, two = several
    perform(two, "retire", by=cast.adele, note="No good")
    assert "is retired" in text_of(client.get(reverse("upgrade-projects", args=["made-up", 2])))
    assert "is out" not in text_of(client.get(plain.get_absolute_url()))
    response = client.post(address(plain), {"seen": seen_on(client.get(address(plain)))})
    assert response.status_code == 409
    assert "retired" in text_of(response)


def test_many_take_the_same_few_queries_for_each_project(client, cast):
    one, _ = versions(*V1, a_step(5))
    client.force_login(cast.adele)
    page = reverse("upgrade-projects", args=["made-up", 2])
    counts = []
    for number, code in enumerate(("MRW", "ASH", "CAL", "DUN"), 1):
        started(cast, one, biller_name=f"Biller {number}", biller_code=code)
        client.get(page)
        with CaptureQueriesContext(connection) as caught:
            client.get(page)
        counts.append(len(caught))
    assert [later - earlier for earlier, later in pairwise(counts)] == [4, 4, 4]
