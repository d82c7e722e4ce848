"""Tuesday's technical design review in a real browser: Arun runs it, Ingrid decides, minutes go out."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import OutgoingMail
from meetings.models import AgendaItem, Occurrence, Series, SeriesAttendee
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.cast import step_of
from tests.meetings.agendas import REVIEW, in_design, ready, review_version
from transitions.clock import business_day

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1366, 375])
def test_tuesdays_review_is_run_and_decided(page: Page, cast, axe, width):
    version = review_version()
    project = ready(cast, version)
    in_design(cast, version, code="LTE")
    today = business_day()
    series = Series.objects.create(
        kind="tdr", title="Technical Design Review", rule="FREQ=DAILY", starts_on=today - dt.timedelta(days=1),
        starts_at=dt.time(23, 30), minutes=29, capacity=6, host=cast.arun,
    )  # fmt: skip
    SeriesAttendee.objects.create(series=series, person=cast.ingrid)
    where = reverse("run-meeting", args=[series.pk, today.isoformat()])
    page.set_viewport_size({"width": width, "height": 800})

    def is_well() -> None:
        assert axe(page) == []
        assert sideways(page) == 0

    sign_in(page, "arun", where)
    expect(page.get_by_text("MRW-1 Mrw County Tax")).to_be_visible()
    expect(page.get_by_text("Still open: Step 1.")).to_be_visible()
    is_well()
    page.get_by_role("button", name="Start the meeting").click()
    expect(page.get_by_role("heading", name="MRW-1 Mrw County Tax")).to_be_visible()
    expect(page.get_by_text("Ingrid Berg decides this, and can pass it on.")).to_be_visible()
    is_well()
    page.get_by_label("What was said").press_sequentially("Sofia showed the retry.")
    expect(page.locator("#notes-saved")).to_contain_text("Saved")
    page.get_by_label("Ingrid Berg").select_option("Attended")
    page.get_by_role("button", name="Note who is there").click()
    expect(page.locator(".flash")).to_have_text("Noted who was there.")
    page.get_by_text("Give an action", exact=True).click()
    is_well()
    page.get_by_label("What", exact=True).fill("Draw the retry")
    page.get_by_label("Who", exact=True).select_option("Sofia Reyes")
    page.get_by_label("By when").fill((today + dt.timedelta(days=7)).isoformat())
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_text("Draw the retry")).to_be_visible()

    page.context.clear_cookies()
    sign_in(page, "ingrid", where)
    is_well()
    page.get_by_role("button", name="Reject").click()
    expect(page.locator(".error-summary")).to_contain_text("needs a reason")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".flash")).to_contain_text("Decided.")
    assert step_of(project, REVIEW).status == "done"

    page.context.clear_cookies()
    sign_in(page, "arun", where)
    is_well()
    page.get_by_role("button", name="Close the meeting").click()
    expect(page.locator(".flash")).to_contain_text("The meeting is closed.")
    expect(page.get_by_text("Sofia showed the retry.")).to_be_visible()
    is_well()
    assert Occurrence.objects.get().state == "held"
    assert AgendaItem.objects.get().outcome == "approved"
    sent = OutgoingMail.objects.filter(kind="minutes").exclude(sent_at=None)
    assert {row.person.name for row in sent} == {
        "Arun Patel",
        "Ingrid Berg",
        "Priya Nair",
        "Ivan Orlov",
        "Sofia Reyes",
    }
