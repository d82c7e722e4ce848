"""The RAID log in a real browser: a risk is made, becomes an issue, and both lead to each other; a sheet goes out and in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.transitions.made_up import a_step, publish, started

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1366, 375, 320])
def test_a_risk_becomes_an_issue(page: Page, cast, axe, width):
    project = started(cast, publish(a_step(1), a_step(2)))
    page.set_viewport_size({"width": width, "height": 800})

    def is_well() -> None:
        assert axe(page) == []
        assert sideways(page) == 0

    sign_in(page, "priya", f"/projects/{project.code}/raid/")
    expect(page.get_by_text("No items yet")).to_be_visible()
    is_well()
    page.get_by_text("Raise an item").click()
    page.get_by_role("link", name="Risk", exact=True).click()
    page.get_by_label("Title").fill("Balance file is late")
    page.get_by_label("Cause").fill("the nightly run grows")
    page.get_by_label("Event").fill("the file misses the cut-off")
    page.get_by_label("Effect").fill("payers see an old balance")
    page.get_by_label("Probability").select_option("4 Likely")
    page.get_by_role("button", name="Put it into the log").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_contain_text("Impact: Probability and impact go together")
    is_well()
    page.get_by_label("Impact").select_option("5 Severe")
    page.get_by_label("Owner").select_option("Sofia Reyes")
    page.get_by_role("button", name="Put it into the log").click()
    expect(page.locator(".flash")).to_have_text("R-1 is in the log.")
    expect(page.get_by_text("Because the nightly run grows, it may happen that")).to_be_visible()
    page.get_by_text("Edit", exact=True).click()
    is_well()

    page.goto(f"/projects/{project.code}/raid/")
    is_well()
    if width == 1366:
        page.get_by_role("link", name="1 open risk with probability 4, impact 5").click()
        expect(page).to_have_url(re.compile(r"\?kind=risk&cell=4x5$"))
    else:
        expect(page.locator(".raid-map")).to_be_hidden()
        expect(page.locator(".raid-worst").get_by_role("link", name="R-1 Balance file is late")).to_be_visible()
    page.locator(".raid-list").get_by_role("link", name="Balance file is late").click()

    page.get_by_role("button", name="It happened: make it an issue").click()
    expect(page.locator(".flash")).to_have_text("R-1 is closed: it became I-1.")
    expect(page.get_by_text("Because the nightly run grows, it came about that")).to_be_visible()
    is_well()
    page.get_by_role("link", name="R-1 Balance file is late").click()
    expect(page.get_by_text("this risk became")).to_be_visible()
    page.get_by_role("link", name="I-1 Balance file is late").first.click()
    expect(page.locator(".crumbs")).to_contain_text("I-1")


@pytest.mark.parametrize("width", [1366, 375])
def test_a_sheet_goes_out_and_comes_in(page: Page, cast, axe, width, tmp_path):
    project = started(cast, publish(a_step(1)))
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, "priya", f"/projects/{project.code}/raid/import")
    assert axe(page) == []
    sheet = tmp_path / "log.csv"
    sheet.write_text("ID,Type,Title,Probability,Impact\n,Risk,Late file,4,\n", encoding="utf-8")
    page.get_by_label("Sheet").set_input_files(sheet)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text("E2 (Impact): Probability and impact go together")).to_be_visible()
    assert axe(page) == []
    sheet.write_text("ID,Type,Title,Probability,Impact\n,Risk,Late file,4,5\n,Issue,Rejects,,\n", encoding="utf-8")
    page.get_by_label("Sheet").set_input_files(sheet)
    page.get_by_role("button", name="Show what it would do").click()
    assert axe(page) == []
    assert sideways(page) == 0
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.locator(".flash")).to_have_text("Imported: 2 new, 0 changed.")
    expect(page.locator(".raid-list").get_by_role("link", name="Rejects")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="XLSX").click()
    assert download.value.suggested_filename.startswith("mrw-1_raid_")
