"""A project is upgraded in a real browser, and the upgrade undone; nothing that axe finds, no sideways scroll."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.cast import move
from tests.projects.upgrade.scene import V1, a_step, started, versions
from transitions.machine import door

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_version_is_looked_at_taken_and_given_back(page: Page, cast, axe):
    changed = replace(V1[2], guidance="Ask the biller first.")
    one, _ = versions(V1[0], changed, a_step(5), before=(V1[0], V1[1], replace(V1[2], guidance="Ask the biller.")))
    project = started(cast, one)
    move(project, "made-up/design.step-1", "start", cast.sofia)
    with door():
        type(project).objects.filter(pk=project.pk).update(phase="development")

    def well() -> None:
        for width in (1366, 375):
            page.set_viewport_size({"width": width, "height": 800})
            assert axe(page) == []
            assert sideways(page) == 0

    sign_in(page, "priya", project.get_absolute_url())
    page.get_by_role("link", name="See what would change").click()
    well()
    page.get_by_role("button", name="Upgrade to Made Up v2").click()
    expect(page.locator(".error-summary")).to_contain_text("“Step 5” is new in Design, which is passed")
    well()
    page.get_by_role("group", name="Step 3").get_by_label("Keep ours").check()
    page.get_by_label("Leave it out").check()
    page.get_by_label("Why it is left out").fill("Done at the bank")
    page.get_by_role("button", name="Upgrade to Made Up v2").click()
    expect(page.locator(".flash")).to_contain_text("is on Made Up v2 now.")
    expect(page.get_by_role("row", name="Step 5")).to_contain_text("Left out: Done at the bank")
    expect(page.get_by_role("row", name="Step 3")).to_contain_text("Kept as it was")
    well()
    page.get_by_role("button", name="Undo the upgrade").click()
    expect(page.locator(".flash")).to_contain_text("The upgrade is undone")
    page.goto("/playbooks/made-up/v2/projects/")
    expect(page.get_by_role("row", name="Marrow County Tax")).to_contain_text("1 step to decide on")
    well()
