"""A run at the keyboard: p records and goes on, f and b ask for the note; the off switch; without JavaScript; on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from workbook.models import Result

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_keys(page: Page, project, write, begin, axe: Callable[[Page], list[str]]):
    write(4)
    run = begin()
    base = reverse("run", args=[project.code, run.pk])
    sign_in(page, "priya")
    page.set_viewport_size({"width": 1366, "height": 900})
    page.goto(f"{base}cases/1")
    assert axe(page) == []
    page.keyboard.press("p")
    page.wait_for_url(f"**{base}cases/2")
    page.keyboard.press("f")
    expect(page.get_by_label("What happened")).to_be_focused()
    page.keyboard.type("pfbn stays a text")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**{base}cases/3")
    page.keyboard.press("b")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".error-summary")).to_contain_text("Say what keeps you from running it.")
    assert [(r.outcome, r.note) for r in Result.objects.order_by("pk")] == [
        ("passed", ""),
        ("failed", "pfbn stays a text"),
    ]

    page.get_by_label("Your account").click()
    page.click("text=Turn the / key off")
    page.goto(f"{base}cases/4")
    page.keyboard.press("p")
    expect(page.locator("[data-key=p]")).not_to_be_checked()
    assert Result.objects.count() == 2


def test_on_a_phone_nothing_is_too_wide_or_too_small(
    page: Page, project, write, begin, axe: Callable[[Page], list[str]]
):
    write(3)
    run = begin("passed", "failed")
    sign_in(page, "priya")
    base = reverse("run", args=[project.code, run.pk])
    for address in (
        reverse("workbook", args=[project.code]),
        base,
        f"{base}cases/2",
        reverse("defects", args=[project.code]),
    ):
        for width in (375, 320):
            page.set_viewport_size({"width": width, "height": 812})
            page.goto(address)
            assert sideways(page) == 0, address
        assert axe(page) == [], address
    page.goto(f"{base}cases/3")
    page.check("input[value=passed]")
    page.click("text=Record, then next")
    page.wait_for_url(f"**{base}")
    assert Result.objects.filter(outcome="passed").count() == 2


def test_without_javascript(browser: Browser, live_server, project, write, begin):
    write(1)
    run = begin()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "priya")
    page.goto(reverse("run-case", args=[project.code, run.pk, 1]))
    page.check("input[value=failed]")
    page.fill("textarea[name=note]", "Nothing came.")
    with page.expect_navigation():
        page.click("text=Record, then next")
    assert Result.objects.get().note == "Nothing came."
    context.close()
