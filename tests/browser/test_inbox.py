"""The inbox, a comment and a replacement in a real browser: the number in the bar, nothing that axe finds, no sideways scroll."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.cast import move
from tests.transitions.made_up import a_step, publish, started

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1366, 375])
def test_what_is_heard_is_counted_read_and_answered(page: Page, cast, axe, width):
    project = started(cast, publish(a_step(1), a_step(2)), now=timezone.now() - dt.timedelta(days=20))
    move(project, "design.step-1", "start", cast.sofia)
    page.set_viewport_size({"width": width, "height": 800})

    sign_in(page, "arun", "/inbox")
    count = page.locator(".bar .count")
    expect(count).to_have_text("2")  # his seat, and the comment asked
    assert axe(page) == []
    assert sideways(page) == 0
    page.get_by_role("button", name="Mark all shown read").click()
    expect(page.get_by_text("All read")).to_be_visible()
    expect(count).to_have_count(0)

    page.get_by_role("link", name="Step 1").click()
    page.get_by_label("Your comment").fill("Use the bus.")
    assert axe(page) == []
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".answer")).to_have_text("Use the bus.")

    sign_in(page, "adele", f"/people/{cast.arun.pk}/replace")
    page.get_by_label("Who takes over").select_option("Tess Moreau")
    page.get_by_role("button", name="Show what would happen").click()
    assert axe(page) == []
    assert sideways(page) == 0
    page.get_by_role("button", name="Replace Arun Patel by Tess Moreau").click()
    expect(page.locator(".flash")).to_have_text("Tess Moreau is in Arun Patel’s place on 1 project now.")
    assert project.seats.get(role__code="SA").person == cast.tess
