"""A draft is edited in a real browser: filtered, dragged, changed in bulk, its letters typed with the keys alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from playbook.data import PlaybookData, RoleData, StepData
from playbook.models import Playbook
from playbook.services import write_draft
from raci.letters import Raci
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_draft_is_edited(page: Page, cast: Any) -> None:
    roles = (RoleData("PM", "Project Manager"), RoleData("SE", "Solution Engineer"), RoleData("B", "Biller"))
    steps = (
        StepData(f"design.part-{number}", number, "design", f"Part {number}", raci=Raci(R=("SE",), A=("PM",), C=("B",)))
        for number in (1, 2, 3)
    )
    playbook = Playbook.objects.create(slug="sample", title="Sample")
    draft = write_draft(PlaybookData("sample", "Sample", roles=roles, steps=tuple(steps)), playbook=playbook)

    def is_well() -> None:
        for width in (375, 1366):
            page.set_viewport_size({"width": width, "height": 800})
            assert sideways(page) == 0
        # Preloading, axe writes a style, which the policy forbids. The stock admin's table of roles has an empty heading.
        found = Axe().run(page, {"exclude": [[".original"]]}, {"preload": False, "resultTypes": ["violations"]})
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []

    # Drag the last step before the first: the order is saved when it is let go.
    sign_in(page, "adele", draft.admin_url())
    is_well()
    rows = page.locator("#steps-form tbody tr")
    with page.expect_navigation():
        rows.nth(2).locator("td").nth(1).drag_to(rows.nth(0), target_position={"x": 5, "y": 2})
    expect(rows.nth(0)).to_contain_text("Part 3")
    assert list(draft.steps.values_list("title", flat=True)) == ["Part 3", "Part 1", "Part 2"]

    # Tick all, look, and do it.
    page.get_by_label("Tick all").check()
    page.get_by_role("button", name="Change the ticked steps…").click()
    page.get_by_label("Set the duration").check()
    page.get_by_label("Working days").fill("4")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("3 of 3 steps would change.")).to_be_visible()
    is_well()
    page.get_by_role("button", name="Change 3 steps").click()
    expect(page.get_by_text("3 steps changed.")).to_be_visible()

    # Type letters: the keys alone, from cell to cell.
    page.get_by_role("link", name="Letters of all steps").click()
    is_well()
    page.get_by_label("PM on step 1. Part 3").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.type("ra")
    expect(page.locator(".playbook-grid tbody tr").nth(0)).to_contain_text("several-accountable")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.type("x")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".playbook-changed")).to_have_text("2 changed, not saved")
    expect(page.locator(".playbook-grid tfoot tr").nth(1).locator("td").nth(2)).to_have_text("1")
    page.get_by_role("button", name="Save the letters").click()
    expect(page.get_by_role("alert")).to_contain_text("B: “X” is no letter; R, A, C and I are.")
    expect(page.locator(".playbook-changed")).to_have_text("2 changed, not saved")
    is_well()
    page.locator(".playbook-bad").click()
    page.keyboard.type("c")
    page.get_by_role("button", name="Save the letters").click()
    expect(page.get_by_text("The letters of 1 step changed.")).to_be_visible()
    assert draft.as_data().steps[0].raci == Raci(R=("SE",), A=("SE",), C=("B",))

    # Needs are searched for.
    page.get_by_role("link", name=re.compile("Part 2")).click()
    page.get_by_label("Search by number or title").fill("part 3")
    expect(page.get_by_text("1 found")).to_be_visible()
    expect(page.get_by_label("2. Part 1")).to_be_hidden()
    page.get_by_label("1. Part 3").check()
    is_well()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#steps-form")).to_be_visible()
    assert draft.steps.get(title="Part 2").needs == ["design.part-3"]
