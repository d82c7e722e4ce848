"""The watch in a real browser: Dele imports a sheet of payments, sees the anomaly, and says what became of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from handoff.watch.acts import set_projection
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from transitions.clock import business_day

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("width", [1366, 375])
def test_dele_imports_a_sheet_and_disposes_of_an_anomaly(page: Page, cast, make_project, axe, width, tmp_path):
    today = business_day()
    kickoff = today - 20 * DAY
    project = make_project(
        playbooks=("addon-post-live",), kind="add_on", biller="Ashby Gas", kickoff=kickoff, target=today
    )
    set_projection(project, kickoff, payments=Decimal(40), amount=None, source="The order", by=cast.dele)
    page.set_viewport_size({"width": width, "height": 800})

    def is_well() -> None:
        assert axe(page) == []
        assert sideways(page) == 0

    sign_in(page, "dele", f"/projects/{project.code}/watch/")
    expect(page.get_by_text("No payments yet")).to_be_visible()
    is_well()
    page.get_by_role("link", name="Import a sheet").first.click()
    sheet = tmp_path / "days.csv"
    days = [kickoff - 10 * DAY + number * DAY for number in range(30)]
    lines = [
        f"{day},{0 if 22 <= number < 27 else 40},{0 if 22 <= number < 27 else 4000}" for number, day in enumerate(days)
    ]
    sheet.write_text("\n".join(["Day,Payments,Amount", *lines, f"{days[3]},1,1"]), encoding="utf-8")
    page.get_by_label("Sheet").set_input_files(sheet)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text(f"Row 32: {days[3]} is there twice, in rows 5 and 32.")).to_be_visible()
    is_well()
    sheet.write_text("\n".join(["Day,Payments,Amount", *lines]), encoding="utf-8")
    page.get_by_label("Sheet").set_input_files(sheet)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text("30 new")).to_be_visible()
    is_well()
    page.get_by_role("button", name="Import 30 days").click()
    expect(page.locator(".flash")).to_have_text("Imported: 30 new, 0 changed.")
    is_well()
    expect(page.get_by_role("img", name="1 anomaly found")).to_be_visible()
    page.get_by_text("The same by day").click()
    is_well()
    page.get_by_role("link", name="Say what became of it").first.click()
    is_well()
    page.get_by_label("Client Services case", exact=True).check()
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_contain_text("Write the number of the case.")
    is_well()
    page.get_by_label("Number of the Client Services case").fill("CS-1042")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator(".flash")).to_have_text("Written down: what became of the anomaly.")
    expect(page.get_by_text("CS-1042", exact=True)).to_be_visible()
    is_well()
    page.goto(f"/projects/{project.code}/")
    expect(page.get_by_role("heading", name="Watch after go-live")).to_be_visible()
    is_well()
