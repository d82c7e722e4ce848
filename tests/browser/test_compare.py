"""Two versions side by side, and a version as a project, in a real browser."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import Page, expect

from playbook.models import Step, Version
from playbook.services import move_step, new_draft
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def changed(playbooks: dict[str, Version]) -> Version:
    """A draft of Integration in which one step went, one moved, and one says something else."""
    draft = new_draft(playbooks["integration"], None)
    first, second, _, fourth = draft.steps.order_by("number")[:4]
    first.delete()
    move_step(Step.objects.get(pk=second.pk), places=1)
    fourth.guidance = f"Before the call. {fourth.guidance} Note the answer."
    fourth.duration_days += 2
    fourth.save()
    return draft


def test_versions_are_compared_and_one_is_previewed(page: Page, cast, axe, changed):
    def well(width: int) -> None:
        assert axe(page) == []
        assert sideways(page) == 0
        if os.environ.get("SHOTS"):
            shots.append(page.url)
            page.screenshot(path=f"{os.environ['SHOTS']}/{len(shots)}-{width}.png", full_page=True)

    shots: list[str] = []
    sign_in(page, "adele", "/playbooks/integration/")
    page.get_by_role("link", name="Compare versions").click()
    article = page.get_by_role("article", name="Changed")
    for width in (1366, 375):
        page.set_viewport_size({"width": width, "height": 800})
        expect(page.get_by_role("link", name="1 step removed")).to_be_visible()
        # Side by side where there is room; on a phone in one text, with what went before what came.
        expect(article.locator("td.was").first).to_be_visible(visible=width == 1366)
        expect(article.locator("td.now del").first).to_be_visible(visible=width == 375)
        well(width)
    page.get_by_role("link", name="Next change").first.click()
    expect(page).to_have_url(re.compile("#change-2$"))

    page.goto(changed.get_absolute_url())
    well(375)
    page.get_by_role("link", name="Preview as a project").click()
    page.get_by_label("Kickoff").fill("2027-01-04")
    page.get_by_label("Integration", exact=True).select_option("custom")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("img", name="The flow of Integration v2")).to_be_visible()
    well(375)
    page.set_viewport_size({"width": 1366, "height": 800})
    well(1366)
    # No step's words leave its frame: each is cut to it.
    assert page.evaluate(
        "[...document.querySelectorAll('.flow .node')].every(node => getComputedStyle(node).overflow === 'hidden')"
    )
