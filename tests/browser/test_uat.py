"""A UAT run on a phone by Bo: the mail, case after case, a picture, the keys on a desk; Priya closes it, Bo signs it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import mail as outbox
from django.urls import reverse
from playwright.sync_api import Page, Response, expect

from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.browser.test_portal import SMALL
from tests.workbook.uat_scene import PNG, a_project, a_run, picture
from transitions.moves import perform
from workbook.models import Result, ResultFile
from workbook.sign_off import sign_run, uat_signed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 375, "height": 812}, {"width": 1366, "height": 900}


def shot(page: Page, name: str) -> None:
    """Keep what the page looks like, where somebody wants to look (SHOTS names a folder)."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def sound(page: Page, axe: Callable[[Page], list[str]]) -> None:
    """The page reads well, fits, and has room for a finger."""
    assert axe(page) + page.evaluate(SMALL) == []
    assert sideways(page) == 0


def press(page: Page, key: str) -> None:
    """Press a key once the page listens: an address is there before its scripts have run."""
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press(key)


def test_bo_tests_on_a_phone_and_signs(page: Page, cast, axe):
    uat = a_run(cast, 6, project=a_project(cast))
    asked = next(mail for mail in outbox.outbox if mail.to == ["bo@example.org"] and "Please test" in mail.subject)
    link = re.search(r"https?://[^/\s]+(/link/\S+)", asked.body)
    assert link is not None
    page.set_viewport_size(PHONE)
    page.goto(link[1])
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("h1")).to_have_text("UAT run 1")
    sound(page, axe)
    shot(page, "run-375")
    page.get_by_role("link", name="Start testing").click()

    # Two pass by the button, at the thumb wherever the page is.
    for position in (1, 2):
        expect(page).to_have_url(re.compile(rf"/uat/1/{position}/$"))
        button = page.get_by_role("button", name="Pass", exact=True)
        expect(button).to_be_in_viewport()
        if position == 1:
            sound(page, axe)
            shot(page, "case-375")
        button.click()
    expect(page.locator("h1")).to_have_text("See the payment")

    # One fails: it is asked what happened, in the same screen; a picture and how bad it is go with it.
    page.get_by_role("button", name="Fail", exact=True).click()
    expect(page.get_by_label("What happened")).to_be_focused()
    page.get_by_role("button", name="Fail", exact=True).click()
    expect(page.locator(".error-summary")).to_contain_text("Say what happened instead of what was expected.")
    sound(page, axe)
    shot(page, "case-refused-375")
    page.get_by_label("What happened").fill("The page hangs after the card number.")
    page.get_by_label("How bad is it?").select_option(label="I can work, but only by a detour")
    page.get_by_label("Choose pictures").set_input_files(
        [{"name": "hangs.png", "mimeType": "image/png", "buffer": PNG}]
    )
    page.get_by_role("button", name="Fail", exact=True).click()
    expect(page).to_have_url(re.compile(r"/uat/1/4/$"))
    failed = Result.objects.get(outcome="failed")
    assert (failed.by, failed.note) == (cast.bo, "The page hangs after the card number.")
    assert ResultFile.objects.get().file.name == "hangs.png"

    # At a desk by the keys; never while typing, and not when they are off.
    page.set_viewport_size(DESK)
    page.get_by_label("What happened").press("p")
    expect(page).to_have_url(re.compile(r"/uat/1/4/$"))
    page.get_by_label("What happened").fill("")
    page.get_by_role("button", name="Turn the keys off").click()
    page.locator("h1").click()
    press(page, "p")
    page.get_by_role("button", name="Turn the keys on").click()
    expect(page.get_by_role("button", name="Turn the keys off")).to_be_visible()
    assert Result.objects.count() == 3
    page.locator("h1").click()
    press(page, "n")
    expect(page).to_have_url(re.compile(r"/uat/1/5/$"))
    shot(page, "case-1366")
    press(page, "p")
    expect(page).to_have_url(re.compile(r"/uat/1/6/$"))
    press(page, "b")
    expect(page.get_by_label("What happened")).to_be_focused()
    page.get_by_label("What happened").fill("There is no test receipt.")
    page.locator("h1").click()
    press(page, "b")
    expect(page).to_have_url(re.compile(r"/uat/1/4/$"))
    press(page, "p")
    expect(page.get_by_role("heading", name="All done. Thank you.")).to_be_visible()
    page.set_viewport_size(PHONE)
    sound(page, axe)
    shot(page, "done-375")

    perform(uat.run, "close_run", by=cast.priya)
    page.goto("/")
    expect(page.locator("#next-heading")).to_have_text("Sign UAT run 1")
    sound(page, axe)
    shot(page, "project-375")
    page.get_by_role("link", name="Read and decide").click()
    expect(page.locator("h1")).to_have_text("Sign UAT run 1")
    sound(page, axe)
    shot(page, "sign-375")
    page.get_by_text("Every case, and what it came to (6)").click()
    expect(page.locator(".signed-cases").get_by_text("See the payment")).to_be_visible()
    shot(page, "sign-open-375")
    page.get_by_role("button", name="Approve UAT run 1").click()
    expect(page.locator("h1")).to_have_text("Receipt: UAT run 1")
    sound(page, axe)
    shot(page, "receipt-375")
    row = uat_signed(uat.project)
    assert row is not None
    assert (row.by, row.method, row.agent.startswith("Mozilla/")) == (cast.bo, "emailed_link", True)
    receipt = outbox.outbox[-1]
    assert (receipt.to, row.shown_sha256 in receipt.body) == (["bo@example.org"], True)


@pytest.mark.parametrize(("width", "scheme"), [(1366, "dark"), (320, "light")])
def test_every_page_reads_well_and_fits(page: Page, cast, axe, width, scheme):
    uat = a_run(cast, 5, project=a_project(cast))
    uat.record(
        1, "failed", cast.bo, "It hangs\nagain and again" + "x" * 60, files=[picture("a-" + "long-" * 12 + "name.png")]
    )
    uat.record(2, "waived", cast.priya, "Later")
    uat.record(3, "retest", cast.pat)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, "bo", uat.url())
    for name, address in (
        ("runs", reverse("uat", args=[uat.project.code])), ("run", uat.url()), ("case", uat.url("uat-case", 1)),
        ("left-out", uat.url("uat-case", 2)), ("not-yet", uat.url("uat-sign")),
    ):  # fmt: skip
        page.goto(address)
        shot(page, f"{name}-{width}-{scheme}")
        sound(page, axe)
    uat.close()
    page.goto(uat.url("uat-sign"))
    page.locator("summary", has_text="Reject").click()
    page.get_by_role("button", name="Reject UAT run 1").click()
    expect(page.locator(".error-summary")).to_contain_text("Say why you reject it")
    shot(page, f"sign-refused-{width}-{scheme}")
    sound(page, axe)
    row = sign_run(uat.run, "rejected", by=cast.bo, note="It hangs")
    for name, address in (
        ("signed", uat.url("uat-sign")), ("receipt", reverse("run-sign-off", args=[uat.project.code, row.pk])),
        ("project", uat.project.get_absolute_url()), ("shut", uat.url("uat-case", 1)),
    ):  # fmt: skip
        page.goto(address)
        shot(page, f"{name}-{width}-{scheme}")
        sound(page, axe)


def test_somebody_inside_has_the_navigation_and_the_buttons_both(page: Page, cast, axe):
    uat = a_run(cast, 2, project=a_project(cast))
    page.set_viewport_size(PHONE)
    sign_in(page, "priya", uat.url("uat-case", 1))
    bar, nav = page.locator(".verdict").bounding_box(), page.locator(".bar nav").bounding_box()
    assert bar is not None
    assert nav is not None
    assert bar["y"] + bar["height"] <= nav["y"] + 1
    shot(page, "case-priya-375")
    assert axe(page) == []
    page.get_by_role("button", name="Pass", exact=True).click()
    expect(page).to_have_url(re.compile(r"/uat/1/2/$"))
    uat.close()
    page.goto(uat.url("uat-sign"))
    page.get_by_text("Write down what the biller signed…").click()
    page.get_by_label("How it reached you").fill("By letter of November 20, which is in the project's folder")
    shot(page, "paper-375")
    assert axe(page) == []
    page.get_by_role("button", name="They approved").click()
    expect(page.get_by_text("elsewhere by the biller, and written down here")).to_be_visible()


def test_it_works_without_javascript(browser, live_server, cast):
    uat = a_run(cast, 2, project=a_project(cast))
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    sign_in(page, "bo", uat.url())
    page.get_by_role("link", name="Start testing").click()
    page.get_by_role("button", name="Blocked", exact=True).click()
    expect(page.locator(".error-summary")).to_contain_text("Say what keeps you from running it.")
    page.get_by_label("What happened").fill("No card")
    page.get_by_role("button", name="Blocked", exact=True).click()
    page.get_by_role("button", name="Pass", exact=True).click()
    expect(page.get_by_role("heading", name="All done. Thank you.")).to_be_visible()
    uat.close()
    page.goto(uat.url("uat-sign"))
    page.get_by_role("button", name="Approve UAT run 1").click()
    expect(page.locator("h1")).to_have_text("Receipt: UAT run 1")
    context.close()


def test_a_case_weighs_no_more_than_80_kilobytes_with_all_that_it_needs(page: Page, cast):
    uat = a_run(cast, 500, project=a_project(cast))
    sign_in(page, "bo", uat.url("uat-case", 1))
    weights: dict[str, int] = {}

    def weigh(response: Response) -> None:
        weights[response.url] = len(response.body())

    page.on("response", weigh)
    page.goto(uat.url("uat-case", 2))
    page.wait_for_load_state("networkidle")
    assert any(url.endswith("uat.js") for url in weights)
    assert sum(weights.values()) <= 80_000, weights
