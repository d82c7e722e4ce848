"""Meetings in a real browser: the list, the month, a meeting moved on a phone, a holiday decided; nothing that axe finds."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from meetings.models import Series
from meetings.planned import planned
from meetings.series import make_series
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.transitions.made_up import a_step, publish, started
from transitions.clock import business_day

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fits(page: Page, axe, width: int) -> None:
    assert axe(page) == []
    assert sideways(page) == 0


@pytest.mark.parametrize("width", [1366, 375])
def test_meetings_are_found_joined_moved_and_decided(page: Page, cast, axe, width):
    today = business_day()
    series = make_series(
        "triage", by=cast.adele, title="Triage call", rule="FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
        starts_on=today - dt.timedelta(days=7), starts_at=dt.time(10), minutes=60,
        host=cast.tess, attendees=[cast.priya, cast.ivan],
    )  # fmt: skip
    Series.objects.filter(pk=series.pk).update(join_link="https://meet.example/room")
    cast.tess.time_zone = "Europe/Berlin"
    cast.tess.save()
    series.refresh_from_db()
    ahead = planned([series], timezone.now() + dt.timedelta(days=1), timezone.now() + dt.timedelta(days=400))
    clashing = next(one for one in ahead if one.clash)
    plain = next(one for one in ahead if not one.clash)
    page.set_viewport_size({"width": width, "height": 900})

    sign_in(page, "tess", "/meetings/")
    expect(page.get_by_role("link", name="Triage call").first).to_be_visible()
    expect(page.get_by_text("for you").first).to_be_visible()
    expect(page.get_by_role("link", name="Join Triage call").first).to_have_attribute(
        "href", "https://meet.example/room"
    )
    fits(page, axe, width)
    page.get_by_role("link", name="Month", exact=True).click()
    expect(page.get_by_role("region", name="Month")).to_be_visible()
    fits(page, axe, width)

    page.goto(plain.address)
    page.locator("summary", has_text="Change it").click()
    page.get_by_label("Begins").fill("11:30")
    fits(page, axe, width)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".flash")).to_have_text("Triage call is saved.")
    expect(page.locator(".head time")).to_contain_text("11:30–12:30 ET")

    page.goto(clashing.address)
    expect(
        page.get_by_role("heading", name=f"{clashing.clash}: hold it all the same, move it, or cancel it?")
    ).to_be_visible()
    fits(page, axe, width)
    page.get_by_role("button", name="Hold it all the same").click()
    expect(page.get_by_text("Tess Moreau decided that it is held all the same.")).to_be_visible()

    page.goto(series.get_absolute_url())
    page.locator("summary", has_text="Change it").click()
    page.locator("summary", has_text="Say who attends").click()
    fits(page, axe, width)


@pytest.mark.parametrize("width", [1366, 375])
def test_a_project_s_meetings_are_planned(page: Page, cast, axe, width):
    project = started(
        cast, publish(a_step(1, meeting="discovery-sessions")), now=timezone.now() - dt.timedelta(days=20)
    )
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, "priya", f"{project.get_absolute_url()}meetings/")
    fits(page, axe, width)
    page.get_by_role("button", name="Propose days").click()
    expect(page.get_by_role("status").filter(has_text="working days in a row")).to_be_visible()
    fits(page, axe, width)
    page.get_by_role("button", name="Plan them on these days").click()
    expect(page.locator(".flash")).to_have_text("Discovery sessions: planned. Those who attend hear of it.")
    expect(page.get_by_role("heading", name="Plan the discovery sessions")).to_have_count(0)
    page.goto(project.get_absolute_url())
    expect(page.locator("#meetings-heading")).to_be_visible()
    fits(page, axe, width)
