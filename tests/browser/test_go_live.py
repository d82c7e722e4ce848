"""The handoff in a real browser: Priya takes a project through go-live, Cora decides and accepts, Tess supports."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

from handoff.models import Package, SupportPeriod
from handoff.package import contents
from handoff.package.build import build_due
from projects.models import Project
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.handoff.scene import before_go_live, close_steps, fill_summary, hold_tsm_meetings, present, sign_uat
from tests.meetings.agendas import make_go_live
from transitions.clock import business_day

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("width", [1366, 375])
def test_priya_takes_a_project_through_go_live(page: Page, cast, make_project, axe, width, monkeypatch):
    kept = {slug: part for slug, part in contents._parts.items() if slug in {"project", "integration-summary"}}
    monkeypatch.setattr(contents, "_parts", kept)  # what a package holds is tested where it is made
    monkeypatch.setattr("handoff.package.acts.ring", lambda pk: None)  # no worker is at hand, with a broker or without
    today = business_day()
    monday = today - today.weekday() * DAY
    project = before_go_live(make_project, kickoff=today - 60 * DAY, target=today + DAY)
    make_go_live(host=cast.cora)
    page.set_viewport_size({"width": width, "height": 900})

    def is_well() -> None:
        assert axe(page) == []
        assert sideways(page) == 0

    # Cora finds the project on the weekly list and decides.
    sign_in(page, "cora", "/tiers")
    is_well()
    page.get_by_role("link", name=project.name).first.click()
    page.get_by_label("TSM or TAM").select_option(label="Tess Moreau")
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.locator(".flash")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("one TSM meeting")).first).to_be_visible()
    is_well()

    # What is done in the weeks between, each in its own room, and tested there.
    sign_uat(project, cast)
    hold_tsm_meetings(project, cast)
    present(project, cast, monday)
    fill_summary(project, cast, leave="payments")
    close_steps(project, cast)

    # Priya sees on the board what is missing, and follows the marks.
    sign_in(page, "priya", "/go-lives/")
    line = page.locator(f"#{project.code}")
    expect(line).to_contain_text("19 of 20")
    expect(line).to_contain_text("None built")
    is_well()
    line.get_by_role("link", name=re.compile("19 of 20")).click()
    expect(page).to_have_url(re.compile("summary/#section-payments"))
    form = page.locator("form[action$='/summary/payments']")
    form.locator("textarea[name=value], input[name=value]").first.fill("Posted nightly; rejects come back by nine.")
    form.get_by_role("button", name="Save Payments").click()
    expect(page.get_by_text("Posted nightly; rejects come back by nine.").first).to_be_visible()
    is_well()

    page.goto(f"/projects/{project.code}/package/")
    page.get_by_role("button", name="Build the package").click()
    expect(page.get_by_text("It waits for the worker")).to_be_visible()
    assert build_due() == 1
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    page.wait_for_load_state("networkidle")  # the page looks again by itself
    is_well()

    # An early go-live is refused, with its reason.
    page.goto(f"/projects/{project.code}/")
    expect(page.get_by_text("Client Services has not accepted package 1").first).to_be_visible()
    is_well()

    sign_in(page, "cora", f"/projects/{project.code}/package/")
    page.locator("summary", has_text="Accept package 1").click()
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("Accepted").first).to_be_visible()
    assert Package.objects.get().decided_by == cast.cora

    sign_in(page, "priya", f"/projects/{project.code}/")
    page.get_by_role("button", name="Advance to Post-Live", exact=True).click()
    expect(page.locator(".flash")).to_be_visible()
    assert Project.objects.get(pk=project.pk).phase == "post_live"
    period = SupportPeriod.objects.get()
    assert (period.starts_on, period.tsm) == (today, cast.tess)
    is_well()

    sign_in(page, "tess", f"/projects/{project.code}/support/")
    expect(page.get_by_role("img", name="Day 1 of at least 30")).to_be_visible()
    is_well()
