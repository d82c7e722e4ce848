"""How one hears, in a real browser: nothing that axe finds, no sideways scroll, and the main acts without a mouse's tricks."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import OutgoingMail
from projects.models import Notice
from reminders.hooks import make_hook
from reminders.models import Bounce, HookPost, Preference, Sweep
from reminders.unsubscribe import DIGEST, address_of
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.transitions.made_up import a_step, publish, started

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fits(page: Page, axe, width: int) -> None:
    assert axe(page) == []
    assert sideways(page) == 0


@pytest.mark.parametrize("width", [1366, 375])
def test_one_chooses_snoozes_mutes_and_leaves(page: Page, cast, axe, width):
    project = started(cast, publish(a_step(1)), now=timezone.now() - dt.timedelta(days=20))
    for number in range(2):
        Notice.objects.create(
            person=cast.sofia, project=project, kind="owned", occasion=f"o{number}", text=f"R-{number} is yours now.",
            why="You own it.", by=cast.priya,
        )  # fmt: skip
    Bounce.objects.create(person=cast.sofia, address="sofia@example.org", answer="550 No such mailbox")
    page.set_viewport_size({"width": width, "height": 800})

    sign_in(page, "sofia", "/inbox")
    expect(page.get_by_text("could not be delivered")).to_be_visible()
    expect(page.get_by_role("link", name="Priya Nair: given to you, 2 times")).to_be_visible()
    page.locator("summary", has_text="Snooze: Priya Nair").click()
    fits(page, axe, width)
    page.get_by_role("button", name="Until next week").click()
    expect(page.locator(".flash")).to_contain_text("Put off: it comes back on Monday")
    page.get_by_role("link", name="Snoozed (2)").click()
    fits(page, axe, width)
    page.get_by_role("button", name="Show now").click()
    expect(page.get_by_role("button", name="Show now")).to_have_count(0)
    page.goto("/inbox")
    page.get_by_role("button", name="Mute Marrow County Tax").first.click()
    expect(page.get_by_role("button", name="Unmute Marrow County Tax").first).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("could not be delivered")).to_have_count(0)

    page.goto("/account")
    page.get_by_role("link", name="Choose how you hear").click()
    fits(page, axe, width)
    page.locator("fieldset", has_text="Step overdue").get_by_label("At once").check()
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".error-summary")).to_contain_text("a beginning and an end")
    fits(page, axe, width)
    page.get_by_label("Quiet until").fill("07:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".flash")).to_contain_text("Your next digest:")
    assert list(Preference.objects.values_list("kind", "route")) == [("overdue", "now")]
    page.get_by_role("button", name="Unmute Marrow County Tax").click()
    expect(page.get_by_role("button", name="Unmute Marrow County Tax")).to_have_count(0)

    page.context.clear_cookies()
    page.goto("/" + address_of(cast.sofia, DIGEST).partition("://")[2].partition("/")[2])
    fits(page, axe, width)
    page.get_by_role("button", name="Stop them").click()
    expect(page.locator("h1")).to_have_text("No more of these mails")
    fits(page, axe, width)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("These mails come again")
    assert list(Preference.objects.values_list("kind", "route")) == [("overdue", "now")]
    page.goto("/unsubscribe/nothing")
    fits(page, axe, width)


@pytest.mark.parametrize("width", [1366, 375])
def test_webhooks_and_what_failed_are_looked_after(page: Page, cast, axe, width):
    project = started(cast, publish(a_step(1)), now=timezone.now() - dt.timedelta(days=20))
    hook = make_hook(
        by=cast.priya,
        kind="slack",
        name="#marrow-county",
        url="https://hooks.example.org/services/abcd",
        project=project,
    )
    HookPost.objects.create(
        hook=hook, key="a", text="Overdue: “Invoicing”.", address="/projects/", failed_at=timezone.now(), attempts=10,
        error="No answer: TimeoutError.",
    )  # fmt: skip
    HookPost.objects.create(hook=hook, key="b", text="Due soon: “Payments”.", address="", sent_at=timezone.now())
    now = timezone.now()
    Sweep.objects.create(at=now, ended_at=now, made={"overdue": 3}, skipped=[["due_soon", "“Invoicing” was due."]])
    for number in range(2):
        OutgoingMail.objects.create(
            key=f"m{number}", kind="digest", person=cast.sofia, failed_at=now, error="550 No such mailbox", attempts=1
        )
    OutgoingMail.objects.create(key="w", kind="digest", person=cast.sofia, attempts=1, error="TimeoutError")
    Bounce.objects.create(person=cast.sofia, address="sofia@example.org", answer="550 No such mailbox")
    page.set_viewport_size({"width": width, "height": 800})

    sign_in(page, "priya", project.get_absolute_url())
    page.get_by_role("link", name="Webhooks to Slack and Teams").click()
    expect(page.get_by_text("hooks.example.org/…abcd")).to_be_visible()
    fits(page, axe, width)
    page.get_by_label("Name").fill("#inside")
    page.get_by_label("Address").fill("https://127.0.0.1/x")
    page.get_by_role("button", name="Set it up").click()
    expect(page.locator(".error-summary")).to_contain_text("private network")
    expect(page.get_by_label("Address")).to_have_value("")
    fits(page, axe, width)
    page.get_by_role("link", name="#marrow-county").click()
    fits(page, axe, width)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Send again")).to_have_count(0)

    sign_in(page, "adele", "/reminders/")
    expect(page.locator(".standing")).to_contain_text("2 mails failed")
    fits(page, axe, width)
    page.get_by_role("button", name="mail to Sofia Reyes").first.click()
    expect(page.locator(".flash")).to_contain_text("is tried again")
