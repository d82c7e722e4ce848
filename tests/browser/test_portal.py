"""What people outside see, in a real browser: small, wide enough for a finger, readable by all, without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.cast import step_of
from tests.projects.outside_scene import a_scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Everything that can be pressed and is seen, smaller than a finger. A skip link shows once it has the focus.
SMALL = """() => [...document.querySelectorAll("a, button, summary, textarea, select, input:not([type=hidden])")]
  .filter((each) => each.checkVisibility() && !each.matches(".skip-link"))
  .map((each) => [each.textContent.trim() || each.name, each.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.height < 44 || box.width < 44))
  .map(([words, box]) => `${words}: ${Math.round(box.width)} × ${Math.round(box.height)}`)"""


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (375, "light"), (375, "dark"), (320, "dark")])
def test_their_pages_are_accessible_fit_and_have_room_for_a_finger(page: Page, axe, cast, width, scheme):
    scene = a_scene(cast)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    base = scene.address_of
    found = {}

    def look(address: str) -> None:
        page.goto(address)
        wide = sideways(page)
        problems = axe(page) + page.evaluate(SMALL) + ([f"scrolls sideways by {wide}px"] if wide else [])
        if problems:
            found[address] = problems

    sign_in(page, "bo", base)
    for address in (base, *map(scene.address, ("theirs", "decide", "waiting", "after", "signed")), "/nothing-here"):
        look(address)
    sign_in(page, "priya", base)
    for address in (f"{base}customer", scene.address("inside")):
        page.goto(address)
        wide = sideways(page)
        if problems := axe(page) + ([f"scrolls sideways by {wide}px"] if wide else []):
            found[address] = problems
    assert found == {}


def test_a_page_weighs_no_more_than_80_kilobytes_with_all_that_it_needs(page: Page, cast):
    scene = a_scene(cast, 40)
    sign_in(page, "bo", scene.address("theirs"))
    weights: dict[str, int] = {}

    def weigh(response: Response) -> None:
        weights[response.url] = len(response.body())

    page.on("response", weigh)
    for address in (scene.address_of, scene.address("decide")):
        weights.clear()
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert any(url.endswith("outside.css") for url in weights)
        assert sum(weights.values()) <= 80_000, weights


def test_the_next_thing_is_done_on_a_phone_without_javascript(browser, live_server, cast):
    scene = a_scene(cast)
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 375, "height": 700}
    )
    page = context.new_page()
    sign_in(page, "bo", "/")
    expect(page.locator("h1")).to_have_text("Marrow County Tax")
    page.get_by_role("link", name="Read and decide").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("A receipt is on its way to bo@example.org.")).to_be_visible()
    page.goto("/")
    expect(page.locator("#next-heading")).not_to_have_text("Sign the design")
    page.get_by_role("link", name="Send the sample files").first.click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    assert (step_of(scene.project, "design.decide").status, step_of(scene.project, "design.theirs").status) == (
        "done", "in_progress",
    )  # fmt: skip
    context.close()
