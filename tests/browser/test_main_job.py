"""The main job in a real browser: start, work Discovery, be refused with the reasons, clear them, advance."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import sideways
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DISCOVERY = (
    "Payer, Agent, Biller/CSR Experience Walkthrough",
    "Identity Management/Web Integration/SSO/Multi-User",
    "Review Conversions Process",
    "Invoicing",
    "Balance Updates",
    "Account Changes",
    "Payments",
)


def sign_in(page: Page, first: str, then: str = "/") -> None:
    page.wait_for_load_state("networkidle")  # what the last click led to would break off the way to the next page
    page.context.clear_cookies()
    page.goto(f"/sign-in?next={then}")
    page.get_by_label("E-mail").fill(f"{first}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).not_to_have_text("Sign in")


def row(page: Page, title: str):
    return page.locator("#phase-discovery tr.step").filter(has=page.get_by_role("link", name=title, exact=True))


def choose(page: Page, title: str, label: str) -> None:
    """Open a step's moves from its chip and make one that asks for nothing."""
    row(page, title).locator("a.chip").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(dialog).to_have_count(0)


def test_a_partner_integration_from_start_to_its_first_gate(page: Page, cast, playbooks):
    page.set_viewport_size({"width": 1366, "height": 900})
    sign_in(page, "priya", "/projects/start")
    page.get_by_label("Biller", exact=True).fill("Marrow County Tax")
    page.get_by_label("Biller", exact=True).blur()
    expect(page.get_by_label("Code of the biller")).to_have_value("MRW")
    page.get_by_label("Vertical").select_option("tax")
    page.get_by_label(re.compile("Core system")).fill("Tyndall")
    page.get_by_label("Kickoff").fill("2026-11-09")
    page.get_by_label("Target go-live").fill("2026-11-02")
    page.get_by_label("Implementation Team Participation").uncheck()
    page.get_by_label("Transition to Client Services").uncheck()
    expect(page.locator("#preview")).to_contain_text("46 steps in 6 phases")
    for seat, person in (("Project Manager (PM)", "Priya Nair"), ("Implementations Manager (IM)", "Ivan Orlov"),
                         ("Solution Engineer (SE)", "Sofia Reyes"), ("Integrations Manager (INM)", "Ingrid Berg")):  # fmt: skip
        page.get_by_label(seat).select_option(label=person)
    page.get_by_role("button", name="Start the project").click()

    # A go-live before the kickoff is refused where she is looking, and nothing she typed is lost.
    expect(page.get_by_role("alert").filter(has_text="before the kickoff")).to_be_visible()
    expect(page.get_by_label("Biller", exact=True)).to_have_value("Marrow County Tax")
    expect(page.get_by_label("Solution Engineer (SE)")).to_have_value(str(cast.sofia.pk))
    page.get_by_label("Target go-live").fill("2027-03-02")
    page.get_by_role("button", name="Start the project").click()
    expect(page.locator("h1")).to_have_text("Marrow County Tax")
    assert page.url.endswith("/projects/MRW-1/")

    # Sofia works Discovery, one step after the other, and cannot finish it: one is blocked, and the last one waits for it.
    sign_in(page, "sofia", "/projects/MRW-1/")
    expect(row(page, "Breakout Sessions (if Applicable)").locator("a.chip")).to_contain_text("Locked")
    for title in DISCOVERY:
        choose(page, title, "Start")
        expect(row(page, title).locator("a.chip")).to_contain_text("In progress")
        choose(page, title, "Done")
        expect(row(page, title).locator("a.chip")).to_contain_text("Done")
    assert page.evaluate("document.activeElement.id").startswith("status-")
    choose(page, "Bill Presentment", "Start")
    row(page, "Bill Presentment").locator("a.chip").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Block…").click()
    block = dialog.locator("form").filter(has=page.get_by_role("button", name="Block", exact=True))
    block.get_by_label("Why").fill("Waiting for sample PDFs <b>of the bill</b>")
    block.get_by_role("button", name="Block", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("needs an owner")
    expect(block.get_by_label("Why")).to_have_value("Waiting for sample PDFs <b>of the bill</b>")
    block.get_by_label("Who clears it").select_option(label="Ivan Orlov")
    block.get_by_label("By when").fill("2099-11-25")
    block.get_by_role("button", name="Block", exact=True).click()
    expect(row(page, "Bill Presentment")).to_contain_text(
        "Waiting for sample PDFs <b>of the bill</b>. Ivan Orlov, by Nov 25, 2099."
    )
    expect(page.locator("#gate")).to_contain_text("Bill Presentment (IC System) is blocked")

    # Priya presses too early and is told why, each reason leading to where it is cleared.
    sign_in(page, "priya", "/projects/MRW-1/")
    page.get_by_role("button", name="Advance to Design — 8 blockers").click()
    refused = page.locator("#refused")
    expect(refused).to_contain_text("Nothing was changed: 8 things stand in the way.")
    expect(refused).to_contain_text("Breakout Sessions (if Applicable) is not started")
    expect(refused).to_contain_text(
        "Discovery page, Invoices is empty, and “Invoicing (IC System)”, which writes it, is done"
    )
    refused.get_by_role("link", name=re.compile("Fix.*blocked")).click()
    expect(page.locator("h1")).to_have_text("Bill Presentment")

    # Sofia clears both: one is done after all, the other does not apply, with a reason.
    sign_in(page, "sofia", "/projects/MRW-1/")
    choose(page, "Bill Presentment", "Resume")
    choose(page, "Bill Presentment", "Done")
    expect(row(page, "Breakout Sessions (if Applicable)").locator("a.chip")).to_contain_text("Not started")
    row(page, "Breakout Sessions (if Applicable)").locator("a.chip").click()
    dialog.get_by_text("Not applicable…").click()
    dialog.get_by_label("Why").last.fill("No budget billing, no cashiering: nothing left to break out.")
    dialog.get_by_role("button", name="Not applicable", exact=True).click()
    expect(page.locator("#gate")).to_contain_text("Steps up to Discovery closed, 9 of 9")

    # What she found out has to stand on the Discovery page too: the gate leads her there.
    page.locator("#gate").get_by_role("link", name=re.compile("Discovery page, Payer experience is empty")).click()
    expect(page).to_have_url(re.compile(r"/projects/MRW-1/documents#discovery-page--payer-experience$"))
    for section in (
        "Payer experience",
        "CSR/agent experience",
        "Invoices",
        "Balance updates",
        "Account changes",
        "Payments",
    ):
        line = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=section, exact=True))
        line.get_by_role("button", name=re.compile("^Start drafting")).click()
        expect(page.get_by_text(f"Discovery page, {section} is drafting now.")).to_be_visible()
    last = page.locator("[id=discovery-page--bill-presentment]")
    last.get_by_text("Not applicable…").click()
    last.get_by_label("Why").fill("The biller shows its bills itself.")
    last.get_by_role("button", name="Not applicable", exact=True).click()
    expect(last).to_contain_text("N/A: The biller shows its bills itself. (Sofia Reyes)")

    sign_in(page, "priya", "/projects/MRW-1/")
    expect(page.locator("#gate")).to_contain_text("Sections filled, 6 of 6, 1 N/A")
    page.get_by_role("button", name="Advance to Design", exact=True).click()
    expect(page.locator(".path [aria-current=step]")).to_contain_text("Design")
    expect(page.get_by_text("Marrow County Tax is in Design now.").first).to_be_visible()
    page.reload()
    expect(page.locator(".history")).to_contain_text("Priya Nair advanced")


def test_the_main_action_works_without_javascript(browser, live_server, cast, make_project):
    project = make_project()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "sofia", f"/projects/{project.code}/")
    row(page, "Invoicing").locator("a.chip").click()
    expect(page.locator("h1")).to_have_text("Invoicing")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Invoicing is in progress now.")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (1366, "dark"), (375, "light"), (320, "dark")])
def test_pages_are_accessible_and_never_scroll_sideways(page: Page, axe, cast, make_project, width, scheme):
    project = make_project(playbooks=("integration", "transition-to-cs"))
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, "priya", "/projects/")
    found = {}
    base = f"/projects/{project.code}/"
    for path in ("/projects/", "/my-work", base, f"{base}steps/integration/design.business-design-review/", "/projects/start",
                 f"{base}documents", f"{base}documents/discovery-page/",
                 f"{base}gate", f"{base}history", f"{base}go-live", "/playbooks/", "/playbooks/integration/"):  # fmt: skip
        page.goto(path)
        wide = sideways(page)
        if problems := axe(page) + ([f"scrolls sideways by {wide}px"] if wide else []):
            found[path] = problems
    page.goto(base)
    page.locator("#phase-discovery a.chip").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    if problems := axe(page):
        found["the moves of a step"] = problems
    assert found == {}
