"""The registry in a real browser: kept by Priya, confirmed by Adele; nothing that axe finds, no sideways scroll."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from projects.models import Biller, CoreSystem
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1366, 375, 320])
def test_the_registry_is_kept_and_confirmed(page: Page, cast, axe, width):
    Biller.objects.create(name="Ashby Gas", code="ASH", vertical="utility", state="OH")
    system = CoreSystem.objects.create(name="Tyndall")
    system.products.create(product="claims", stage="released", to_confirm=True, doubt="The scrape lost its row.")
    page.set_viewport_size({"width": width, "height": 800})

    def well() -> None:
        assert axe(page) == []
        assert sideways(page) == 0

    sign_in(page, "priya", "/billers/")
    well()
    page.get_by_role("link", name="Ashby Gas").click()
    page.get_by_label("From").fill("2026-01-05")
    page.get_by_label("MRR, US dollars").fill("-5")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator(".error-summary")).to_contain_text("MRR is never below 0.")
    page.get_by_label("MRR, US dollars").fill("12400")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("img", name="MRR $12,400, as of today")).to_be_visible()
    well()
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    well()

    sign_in(page, "adele", "/integrations/")
    well()
    page.get_by_role("link", name="Tyndall").click()
    well()
    page.get_by_role("button", name="Confirm Claims").click()
    expect(page.locator(".flash")).to_have_text("Claims on Tyndall is confirmed.")
    page.get_by_text("Enter a customer from before").click()
    page.get_by_label("Biller").fill("Ashby Gas")
    page.get_by_label("Live since").fill("2024-03-01")
    page.locator("#customer_since").press("Enter")
    expect(page.locator(".customers tbody tr")).to_have_count(1)
    well()
