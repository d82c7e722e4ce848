"""Talk in a real browser: written with a mention, found in the inbox, marked a decision; answered on a phone by the customer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from projects.outside import show_to_customer
from records.models import Comment
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.browser.test_portal import SMALL
from tests.cast import step_of
from tests.projects.outside_scene import a_scene
from tests.records.talking import on_step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STEP = "integration/discovery.invoicing"


def test_a_mention_is_found_followed_and_decided(page: Page, cast, axe, make_project):
    project = make_project()
    page.set_viewport_size({"width": 1366, "height": 800})
    sign_in(page, "sofia", project.step_url(STEP))
    box = page.get_by_label("Your comment", exact=True)
    box.press_sequentially("See @P")
    suggested = page.get_by_role("listbox", name="Whom to mention")
    expect(suggested.get_by_role("option").first).to_contain_text("@PM")
    assert axe(page) == []
    box.press("Enter")
    expect(box).to_have_value("See @PM ")
    expect(suggested).to_have_count(0)
    box.press_sequentially("and *read both* formats. <b>No</b> [x](javascript:alert(1)) @Mallory")
    box.press("Escape")
    page.get_by_role("button", name="Post to us only").click()

    comment = page.locator("article.comment")
    expect(comment.locator("em")).to_have_text("read both")
    expect(comment.locator(".mention")).to_have_text("@PM")
    expect(comment.locator("b, .comment-text a")).to_have_count(0)
    expect(comment.locator(".marks")).to_contain_text("Internal")
    expect(page.locator(".told")).to_contain_text("Mallory Voss may not see this project: not told.")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    assert axe(page) == []
    # Ctrl+Enter posts as the first button does; the customer's takes two, and says so.
    box.fill("Second, by key")
    box.press("Control+Enter")
    expect(comment).to_have_count(2)
    expect(page.get_by_role("button", name="Post to the customer too")).to_be_hidden()
    assert not Comment.objects.filter(visible=True).exists()

    sign_in(page, "priya", "/inbox")
    page.get_by_role("link", name="Sofia Reyes mentioned you").click()
    row = Comment.objects.order_by("pk").first()
    assert row is not None
    expect(page).to_have_url(re.compile(rf"/talk/step/{row.subject_id}/#comment-{row.pk}$"))
    here = page.locator(f"#comment-{row.pk}")
    expect(here).to_be_in_viewport()
    here.get_by_role("button", name="Mark as a decision").click()
    expect(here.locator(".marks")).to_contain_text("marked by Priya Nair")
    expect(here.get_by_role("button", name="No decision any more")).to_be_focused()
    assert axe(page) == []
    page.goto(f"{project.get_absolute_url()}talk/")
    page.get_by_role("link", name="Decisions (1)").click()
    expect(page.locator("article.comment")).to_have_count(1)
    assert axe(page) == []


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (320, "light")])
def test_its_pages_fit_a_phone_and_are_accessible(page: Page, cast, axe, make_project, width, scheme):
    project = make_project()
    row = on_step(
        project, f"# Big\n\n{'long' * 60}\n\n```\n{'code ' * 60}\n```\n@PM", by=cast.priya, visible=True
    ).comment
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, "priya", f"{project.get_absolute_url()}talk/")
    base, found = f"{project.get_absolute_url()}talk/", {}
    addresses = [
        base,
        f"{base}step/{row.subject_id}/",
        *(f"{base}{row.pk}/{act}" for act in ("edit", "delete", "show", "versions")),
    ]
    for address in addresses:
        page.goto(address)
        wide = sideways(page)
        if problems := axe(page) + ([f"scrolls sideways by {wide}px"] if wide else []):
            found[address] = problems
    assert found == {}


def test_the_customer_answers_on_a_phone_without_javascript(browser, live_server, cast):
    scene = a_scene(cast)
    show_to_customer(step_of(scene.project, "design.theirs"), visible=True, note="", by=cast.priya)
    on_step(scene.fresh, "@Bo which month?", by=cast.sofia, key="design.theirs", visible=True)
    on_step(scene.fresh, "sekret-between-us", by=cast.sofia, key="design.theirs")
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 375, "height": 700}
    )
    page = context.new_page()
    sign_in(page, "bo", scene.address_of)
    page.get_by_role("link", name="Send the sample files").filter(has_text="Sofia Reyes wrote to you.").click()
    expect(page.locator("article.comment")).to_have_count(1)
    page.get_by_label("Your comment").fill("Any month.\nReally.")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator(".flash")).to_have_text("Thank you. Your comment is kept.")
    expect(page.locator("article.comment").first).to_contain_text("Any month.")
    assert page.url.endswith(f"{scene.address('theirs')}#comment-{Comment.objects.latest('pk').pk}")
    context.close()


def test_their_pages_have_room_for_a_finger(page: Page, cast, axe):
    scene = a_scene(cast)
    on_step(scene.fresh, "Which month?", by=cast.bo, key="design.theirs")
    on_step(scene.fresh, "Any", by=cast.priya, key="design.theirs", visible=True)
    row = Comment.objects.order_by("pk").first()
    assert row is not None
    page.set_viewport_size({"width": 320, "height": 800})
    sign_in(page, "bo", scene.address_of)
    found, talk = {}, f"{scene.address_of}talk/"
    for address in (
        scene.address_of,
        scene.address("theirs"),
        f"{talk}step/{row.subject_id}/",
        f"{talk}{row.pk}/edit",
        f"{talk}{row.pk}/delete",
    ):
        page.goto(address)
        wide = sideways(page)
        problems = axe(page) + page.evaluate(SMALL) + ([f"scrolls sideways by {wide}px"] if wide else [])
        if problems:
            found[address] = problems
    assert found == {}
