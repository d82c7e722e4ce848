"""A draft edited many steps at a time in the admin: filter, drag, copy, bulk change, needs; and two admins at it at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from playbook.data import StepData
from playbook.models import Step, StepRole, Version
from raci.letters import Raci

pytestmark = pytest.mark.django_db
MakeDraft = Callable[..., Version]
MakeStep = Callable[..., StepData]


@pytest.fixture
def adele(client: Client, cast: SimpleNamespace) -> Client:
    client.force_login(cast.adele)
    return client


def url(name: str, version: Version) -> str:
    return reverse(f"admin:playbook_version_{name}", args=[version.pk])


def step_url(step: Step, name: str = "change") -> str:
    return reverse(f"admin:playbook_step_{name}", args=[step.pk])


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def titles(version: Version) -> list[str]:
    return list(version.steps.values_list("title", flat=True))


def ids(version: Version) -> list[int]:
    return list(version.steps.values_list("pk", flat=True))


# -- The table and its filter --------------------------------------------------------------------------------------------


@pytest.fixture
def varied(make_draft: MakeDraft, make_step: MakeStep) -> Version:
    return make_draft(
        make_step(1, phase="discovery", category="Data", guidance="Ask for samples"),
        make_step(2, category="Data", raci=Raci(R=("PM",), A=("PM",), C=("B",))),
        make_step(3, open_questions=("Whose?",)),
        make_step(12, phase="sit"),
    )


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 12]),
        ("phase=design", [2, 3]),
        ("role=SE", [1, 3, 12]),
        ("category=Data", [1, 2]),
        ("findings=on", [3]),
        ("q=SAMPLES+ask", [1]),
        ("q=12", [12]),
        ("phase=design&category=Data&role=PM", [2]),
    ],
)
def test_the_steps_are_filtered_and_searched_by_the_address(
    adele: Client, varied: Version, query: str, numbers: list[int]
) -> None:
    response = adele.get(f"{varied.admin_url()}?{query}")

    assert response.status_code == 200
    assert [row.number for row in response.context["step_rows"]] == numbers
    # Moved by one place among steps that are not shown, a step would seem to stay.
    assert ('name="up"' in text_of(response)) == (not query)


def test_a_filter_that_takes_no_step_says_so_and_can_be_cleared(adele: Client, varied: Version) -> None:
    page = text_of(adele.get(f"{varied.admin_url()}?q=nothing"))

    assert f'No step is as the filter asks. <a href="{varied.admin_url()}#steps-heading">Clear the filter</a>' in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("phase=nowhere", "nowhere is not one of the available choices."),
        ("role=ZZ", "This version has no role “ZZ”."),
        ("category=Zz", "No step of this version has the category “Zz”."),
        (f"q={'x' * 101}", "at most 100 characters"),
    ],
)
def test_a_filter_that_cannot_be_read_says_so_beside_its_field(
    adele: Client, varied: Version, query: str, words: str
) -> None:
    response = adele.get(f"{varied.admin_url()}?{query}")

    assert response.status_code == 400
    assert words in text_of(response)
    assert len(response.context["step_rows"]) == 4


def test_200_steps_stay_a_light_page(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(
        *(
            make_step(number, title=f"Agree with the biller on part {number}", derived=("A",))
            for number in range(1, 201)
        )
    )
    for address, most in (
        (draft.admin_url(), 300),
        (url("grid", draft), 250),
        (step_url(draft.steps.get(number=9)), 150),
    ):
        assert len(adele.get(address).content) < most * 1024, address


def test_a_button_leaves_two_rows_of_history_and_no_parked_number(adele: Client, draft: Version) -> None:
    at = Step.history.count()
    adele.post(url("order", draft), {"down": ids(draft)[0]})

    rows = Step.history.all()[: Step.history.count() - at]
    assert sorted((row.title, row.before["number"], row.number) for row in rows) == [("Step 1", 1, 2), ("Step 2", 2, 1)]


# -- Drag and copy ------------------------------------------------------------------------------------------------------


def dragged(client: Client, version: Version, *places: int) -> dict[str, str]:
    """What the page sends when its rows were dragged into that order of places."""
    seen = client.get(version.admin_url()).context["step_order"]
    order = " ".join(seen.split()[place] for place in places)
    return {"seen": seen, "order": order, "moved": order.split()[0]}


def test_a_drag_is_saved(adele: Client, draft: Version) -> None:
    sent = dragged(adele, draft, 2, 0, 1)
    response = adele.post(url("reorder", draft), sent)

    assert response["Location"] == f"{draft.admin_url()}#step-{sent['moved']}"
    assert titles(draft) == ["Step 3", "Step 1", "Step 2"]
    assert LogEntry.objects.get().get_change_message() == "Put 3 steps into another order."


def test_a_drag_over_a_change_of_somebody_else_is_refused_and_shows_it(adele: Client, draft: Version) -> None:
    sent = dragged(adele, draft, 2, 0, 1)
    new = f"{reverse('admin:playbook_step_add')}?version={draft.pk}"
    data = {"key": "design.new", "title": "Theirs", "phase": "design", "applies": "always", "duration_days": "1"}
    assert adele.post(new, data).status_code == 302
    response = adele.post(url("reorder", draft), sent)

    assert response.status_code == 409
    assert [(clash.step, clash.seen, clash.stored) for clash in response.context["clashes"]] == [
        ("4. Theirs", "not there", "in place 4")
    ]
    assert titles(draft) == ["Step 1", "Step 2", "Step 3", "Theirs"]


@pytest.mark.parametrize("order", ["", "x y z", "1", "9 9 9"])
def test_an_order_that_is_none_is_refused(adele: Client, draft: Version, order: str) -> None:
    sent = {**dragged(adele, draft, 0, 1, 2), "order": order}
    response = adele.post(url("reorder", draft), sent)

    assert response.status_code == 400
    assert "That is no order of this version’s steps." in text_of(response)


def test_a_step_is_copied_and_the_filter_kept(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=2)
    response = adele.post(url("duplicate", draft), {"step": step.pk, "filter": "phase=design&next=//evil&q="})
    copy = draft.steps.get(key="design.step-2-2")

    assert response["Location"] == f"{draft.admin_url()}?phase=design#step-{copy.pk}"
    assert titles(draft) == ["Step 1", "Step 2", "Step 2", "Step 3"]


@pytest.mark.parametrize("given", ["", "0", "x", "9" * 30])
def test_a_copy_of_no_step_is_404(adele: Client, draft: Version, given: str) -> None:
    assert adele.post(url("duplicate", draft), {"step": given}).status_code == 404


# -- Many at once ---------------------------------------------------------------------------------------------------------


def asked(client: Client, version: Version, *numbers: int, **fields: Any) -> dict[str, Any]:
    """What the second page sends, for the steps of those numbers, with a change filled in."""
    ticked = list(version.steps.filter(number__in=numbers).values_list("pk", flat=True))
    response = client.post(url("bulk", version), {"step": ticked})
    assert response.status_code == 200
    return {"seen": response.context["seen"], "shown": "", "filter": "", **fields}


def looked(client: Client, version: Version, sent: dict[str, Any]) -> dict[str, Any]:
    """The same, once the person saw what it would do."""
    return {**sent, "shown": client.post(url("bulk", version), sent).context["shown"], "apply": "1"}


def test_a_change_is_shown_before_it_is_done_and_then_done_once(
    adele: Client, draft: Version, cast: SimpleNamespace
) -> None:
    sent = asked(adele, draft, 1, 3, act="only", only_role="SE", only_letter="A")
    before = draft.as_data()
    look = adele.post(url("bulk", draft), {**sent, "look": "1"})

    assert look.context["count"] == 2
    assert [(row.name, row.cells[3].now, row.cells[3].then) for row in look.context["rows"]] == [
        (f"{number}. Step {number}", "SE:R, INM:A, PM:C, B:I", "SE:R/A, PM:C, B:I") for number in (1, 3)
    ]
    assert draft.as_data() == before

    response = adele.post(url("bulk", draft), looked(adele, draft, sent))
    assert response["Location"] == f"{draft.admin_url()}#steps-heading"
    assert [step.raci.A for step in draft.as_data().steps] == [("SE",), ("INM",), ("SE",)]
    changed = StepRole.history.filter(history_user=cast.adele)
    assert changed.values("batch").distinct().count() == 1


def test_what_was_not_shown_is_not_done(adele: Client, draft: Version) -> None:
    sent = asked(adele, draft, 1, act="duration", duration_days="4")
    shown = looked(adele, draft, sent)
    response = adele.post(url("bulk", draft), {**shown, "duration_days": "9"})

    assert response.status_code == 200
    assert response.context["rows"][0].cells[2].then == "9"
    assert draft.steps.get(number=1).duration_days == 1


def test_the_page_tells_what_lint_would_find(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1), make_step(2, needs=("design.step-1",)), make_step(3))
    move = adele.post(url("bulk", draft), asked(adele, draft, 1, act="phase", phase_phase="sit"))
    delete = adele.post(url("bulk", draft), asked(adele, draft, 1, 3, act="delete"))

    assert move.context["news"] == ["error, step 2: It needs design.step-1, which comes later: in SIT, not Design."]
    assert delete.context["news"] == ["error, step 2: It needs design.step-1, and there is no such step."]
    assert "Delete 2 steps" in text_of(delete)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "act", "Choose what to do."),
        ({"act": "burn"}, "act", "burn is not one of the available choices."),
        ({"act": "give", "give_role": "PM"}, "give_letter", "Letter: say which."),
        ({"act": "give", "give_role": "ZZ", "give_letter": "R"}, "give_role", "ZZ is not one of"),
        (
            {"act": "turn", "turn_role": "PM", "turn_letter": "C", "turn_new_letter": "C"},
            "turn_new_letter",
            "the same one",
        ),
        ({"act": "hand", "hand_role": "PM", "hand_new_role": "PM"}, "hand_new_role", "the same one"),
        ({"act": "duration", "duration_days": "-1"}, "duration_days", "greater than or equal to 0"),
        ({"act": "duration", "duration_days": "401"}, "duration_days", "less than or equal to 400"),
        ({"act": "duration"}, "duration_days", "Working days: say which."),
        ({"act": "phase", "phase_phase": "moon"}, "phase_phase", "moon is not one of"),
        ({"act": "category", "category_category": "x" * 81}, "category_category", "at most 80 characters"),
        ({"act": "category", "category_category": "a\x01b"}, "category_category", "holds a control character"),
    ],
)
def test_a_change_that_is_not_said_in_full_is_refused_at_its_field(
    adele: Client, draft: Version, fields: dict[str, str], field: str, words: str
) -> None:
    response = adele.post(url("bulk", draft), {**asked(adele, draft, 1, 2), **fields, "apply": "1"})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert words in text_of(response)
    assert len(response.context["rows"]) == 2


def test_what_is_half_filled_in_for_another_act_is_nobodys_concern(adele: Client, draft: Version) -> None:
    sent = asked(adele, draft, 1, act="category", category_category="Data", duration_days="-1", give_role="ZZ")

    assert adele.post(url("bulk", draft), looked(adele, draft, sent)).status_code == 302
    assert draft.steps.get(number=1).category == "Data"


@pytest.mark.parametrize(
    "sent",
    [{}, {"step": ["x", "0", "9" * 30]}, {"seen": "[]"}, {"seen": "{"}, {"seen": '{"1": 2}'}, {"seen": "[" * 99_999}],
)
def test_nothing_ticked_is_told(adele: Client, draft: Version, sent: dict[str, Any]) -> None:
    response = adele.post(url("bulk", draft), sent)

    assert response.status_code == 400
    assert "No step is ticked. Tick those to change." in text_of(response)


def test_two_admins_at_many_steps(adele: Client, draft: Version) -> None:
    mine = looked(adele, draft, asked(adele, draft, 1, 2, 3, act="duration", duration_days="9"))
    theirs = asked(adele, draft, 2, act="duration", duration_days="4")
    assert adele.post(url("bulk", draft), looked(adele, draft, theirs)).status_code == 302
    response = adele.post(url("bulk", draft), mine)

    assert response.status_code == 409
    assert [(clash.step, clash.seen, clash.stored, clash.by) for clash in response.context["clashes"]] == [
        ("2. Step 2", "Days: 1", "Days: 4", "Adele Novak")
    ]
    assert list(draft.steps.values_list("duration_days", flat=True)) == [1, 4, 1]

    # The page carries what is there now: looked at once more, it is a decision.
    again = {**mine, "seen": response.context["seen"], "shown": "", "act": "duration"}
    assert adele.post(url("bulk", draft), looked(adele, draft, again)).status_code == 302
    assert set(draft.steps.values_list("duration_days", flat=True)) == {9}


def test_two_admins_of_whom_one_deletes(adele: Client, draft: Version) -> None:
    mine = looked(adele, draft, asked(adele, draft, 1, 2, act="duration", duration_days="9"))
    theirs = asked(adele, draft, 2, act="delete")
    assert adele.post(url("bulk", draft), looked(adele, draft, theirs)).status_code == 302
    response = adele.post(url("bulk", draft), mine)

    assert response.status_code == 409
    assert [(clash.step, clash.stored, clash.by) for clash in response.context["clashes"]] == [
        ("2. Step 2", "deleted", "Adele Novak")
    ]
    assert list(json.loads(response.context["seen"])) == [str(draft.steps.get(number=1).pk)]


def test_the_page_costs_the_same_for_2_steps_and_for_60(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    counts = []
    adele.post(url("bulk", make_draft(playbook="warm-up")), {})
    for slug, size in (("small", 2), ("large", 60)):
        draft = make_draft(*(make_step(number) for number in range(1, size + 1)), playbook=slug)
        sent = asked(adele, draft, *range(1, size + 1), act="give", give_role="PM", give_letter="I")
        with CaptureQueriesContext(connection) as queries:
            assert adele.post(url("bulk", draft), sent).context["count"] == size
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 15


# -- A step's own form ------------------------------------------------------------------------------------------------------


def test_needs_are_boxes_with_the_ticked_ones_on_top(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(*(make_step(number) for number in (1, 2, 3)), make_step(4, needs=("design.step-3",)))
    page = text_of(adele.get(step_url(draft.steps.get(number=4))))

    assert re.findall(r'name="needs" value="([^"]+)"[^>]*?( checked)?>', page) == [
        ("design.step-3", " checked"),
        ("design.step-1", ""),
        ("design.step-2", ""),
    ]
    assert "3. Step 3" in page


def test_the_order_of_needs_stays_where_another_is_added(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    draft = make_draft(make_step(1), make_step(2), make_step(3), make_step(4, needs=("design.step-3", "design.step-1")))
    step = draft.steps.get(number=4)
    form = adele.get(step_url(step)).context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields}
    sent["needs"] = ["design.step-1", "design.step-2", "design.step-3"]
    assert adele.post(step_url(step), sent).status_code == 302

    assert draft.steps.get(number=4).needs == ["design.step-3", "design.step-1", "design.step-2"]


def test_a_step_that_gets_another_phase_on_its_form_goes_behind_those_that_are_there(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    draft = make_draft(make_step(1), make_step(2), make_step(3, phase="sit"), make_step(4, phase="release"))
    step = draft.steps.get(number=1)
    form = adele.get(step_url(step)).context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields}
    assert adele.post(step_url(step), {**sent, "phase": "sit", "needs": []}).status_code == 302

    assert titles(draft) == ["Step 2", "Step 3", "Step 1", "Step 4"]
    assert draft.steps.get(number=3).phase == "sit"


def test_what_was_typed_on_a_step_that_is_gone_is_shown_again(
    adele: Client, draft: Version, cast: SimpleNamespace
) -> None:
    step = draft.steps.get(number=2)
    address, delete = step_url(step), step_url(step, "delete")
    adele.post(delete, {"post": "yes", "seen": adele.get(delete).context["seen"]})
    response = adele.post(address, {"title": "My words", "guidance": "Long work"})

    assert response.status_code == 409
    assert "step 2, “Step 2”, is gone. Adele Novak deleted it on" in text_of(response)
    assert "<dt>Guidance</dt><dd>Long work</dd>" in text_of(response)


@pytest.mark.parametrize("kind", ["step", "version"])
def test_nothing_is_deleted_that_changed_since_the_question(adele: Client, draft: Version, kind: str) -> None:
    step = draft.steps.get(number=2)
    address = step_url(step, "delete") if kind == "step" else url("delete", draft)
    sent = {"post": "yes", "seen": adele.get(address).context["seen"]}
    step.guidance = "Somebody’s long work"
    step.save()
    response = adele.post(address, sent)

    assert response.status_code == 409
    assert "is not deleted: it changed since you were asked." in text_of(response)
    assert draft.steps.count() == 3
    assert adele.post(address, {**sent, "seen": adele.get(address).context["seen"]}).status_code == 302


def test_a_version_of_500_steps_gets_no_new_one(adele: Client, draft: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playbook.vocabulary.MOST_STEPS", 3)
    response = adele.get(f"{reverse('admin:playbook_step_add')}?version={draft.pk}")

    assert response.status_code == 409
    assert "3 steps are the most that a version has, 9,999 the highest number." in text_of(response)


# -- Who, and what is final -----------------------------------------------------------------------------------------------

PAGES = ("reorder", "duplicate", "bulk", "grid")


@pytest.mark.parametrize("name", PAGES)
def test_a_published_version_is_refused_with_the_way_out(adele: Client, published: Version, name: str) -> None:
    before = published.as_data()
    everything = {"step": ids(published), "order": "", "seen": "", "act": "delete"}
    response = adele.post(url(name, published), everything)

    assert response.status_code == 409
    assert "New draft from this version" in text_of(response)
    assert published.as_data() == before


@pytest.mark.parametrize("name", PAGES)
def test_staff_who_may_only_look_are_refused(client: Client, draft: Version, cast: SimpleNamespace, name: str) -> None:
    cast.mallory.is_staff = True
    cast.mallory.save()
    client.force_login(cast.mallory)

    assert client.post(url(name, draft), {"step": ids(draft)[:1]}).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_no_version_is_404(adele: Client, draft: Version, name: str) -> None:
    assert adele.post(reverse(f"admin:playbook_version_{name}", args=[draft.pk + 99])).status_code == 404


def test_the_pages_keep_to_the_content_security_policy(adele: Client, draft: Version) -> None:
    ticked = {"step": ids(draft)}
    delete = step_url(draft.steps.get(number=1), "delete")
    pages = [adele.get(url("grid", draft)), adele.post(url("bulk", draft), ticked), adele.get(delete)]
    pages.append(adele.post(url("reorder", draft), {"seen": "1", "order": "1"}))

    assert [page.status_code for page in pages] == [200, 200, 200, 409]
    for page in pages:
        found = page.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", found) == []
        assert re.findall(r"<style|\sstyle=|\son(?:click|change|submit|load)=", found) == []
