"""Calendars in a real browser: an address made, copied, changed and ended; an answer given on a phone, from outside."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.browser.test_portal import SMALL
from tests.meetings.calendar_scene import make_series
from tests.meetings.planning import a_tuesday_ahead

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def looked_at(page: Page, axe: Any, name: str) -> list[str]:
    """Return what is wrong with the page as it stands, at a desk and on a phone."""
    wrong: list[str] = []
    for width in (1366, 375):
        page.set_viewport_size({"width": width, "height": 800})
        if sideways(page):
            wrong.append(f"{name} scrolls sideways at {width}")
        wrong += axe(page)
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    return wrong


def test_an_address_is_made_copied_changed_and_ended(page: Page, cast, axe, make_project):
    project = make_project()
    make_series(project, people=[cast.priya], title="Steering committee", kind="steering")
    sign_in(page, "priya", "/calendars/")
    expect(page.get_by_role("heading", name="No calendar yet")).to_be_visible()
    assert looked_at(page, axe, "calendars-empty") == []
    page.get_by_role("button", name="Make its address").click()

    address = page.get_by_label("Address", exact=True)
    first = address.input_value()
    assert re.fullmatch(r"http://\S+/calendar/\d+/[\w-]{43}\.ics", first)
    link = page.get_by_role("link", name="Subscribe in the calendar on this device")
    expect(link).to_have_attribute("href", re.sub("^http:", "webcal:", first))
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^(Copied|Press Ctrl\\+C to copy)$"))).to_be_visible()
    expect(page.get_by_text("Not read yet")).to_be_visible()
    assert looked_at(page, axe, "calendars-made") == []
    assert Client().get(urlsplit(first).path).status_code == 200

    page.goto("/calendars/")
    expect(address).to_have_count(0)
    expect(page.get_by_text("Last read")).to_be_visible()
    page.get_by_label("Calendar of").select_option(label=project.name)
    page.get_by_role("button", name="Make its address").click()
    page.get_by_role("button", name="New address for All that concerns me").click()
    expect(page.get_by_role("heading", name="The new address of All that concerns me")).to_be_visible()
    assert address.input_value() != first
    assert Client().get(urlsplit(first).path).status_code == 404
    assert looked_at(page, axe, "calendars-two") == []
    page.get_by_role("button", name="End All that concerns me").click()
    expect(page.locator(".flash")).to_have_text("The calendar is ended: its address opens nothing any more.")
    expect(page.get_by_role("heading", name="All that concerns me")).to_have_count(0)


def test_somebody_from_outside_answers_on_a_phone(page: Page, cast, axe, make_project):
    series = make_series(make_project(), people=[cast.bo], title="Steering committee", kind="steering", host=cast.priya)
    day = a_tuesday_ahead()
    page.set_viewport_size({"width": 375, "height": 800})
    sign_in(page, "bo", f"/meetings/{series.pk}/{day}/answers")
    assert page.evaluate(SMALL) == []
    page.get_by_role("button", name="Tentative").click()
    expect(page.locator(".flash")).to_have_text("Your answer is kept: tentative.")
    expect(page.get_by_role("button", name="Tentative")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Priya Nair")).to_have_count(0)
    assert looked_at(page, axe, "answers-outside") == []

    sign_in(page, "priya", f"/meetings/{series.pk}/{day}/answers")
    expect(page.get_by_text("1 tentative, 1 no answer yet")).to_be_visible()
    page.get_by_text("A reply that came by mail").click()
    page.get_by_label("Reply").set_input_files({"name": "reply.ics", "mimeType": "text/calendar", "buffer": b"garbage"})
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator(".error-summary")).to_contain_text("It is neither a calendar reply nor a mail with one.")
    assert looked_at(page, axe, "answers-refused") == []
