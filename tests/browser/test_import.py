"""The admin's import page in a real browser, scripts off and on: a file is refused, another imported, and its report filtered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from playbook.models import Version
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAMPLES = Path(__file__).parents[1] / "playbook" / "importing" / "samples"


def test_a_page_is_imported_and_its_report_filtered_without_a_script(
    browser: Browser, live_server, cast, axe, tmp_path
):
    phone = {"width": 375, "height": 800}
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, viewport=phone)
    page = context.new_page()
    sign_in(page, "adele", "/admin/playbook/playbook/")
    page.get_by_role("link", name="Import a page or sheet").click()
    budget = tmp_path / "budget.csv"
    budget.write_text("Item,Cost\nChairs,7\n")
    page.get_by_label("Page or sheet").set_input_files(budget)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was imported of “budget.csv”")
    expect(page.locator(".errorlist").first).to_contain_text("Looked for")

    page.get_by_label("Page or sheet").set_input_files(SAMPLES / "storage.html")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status")).to_contain_text("is new, and Renewals playbook v1 is its draft.")
    shown = page.locator(".import-rows tbody tr:visible")
    everything = shown.count()
    page.get_by_label("Guessed", exact=False).check()
    assert 0 < shown.count() < everything
    page.get_by_role("link", name="Open the draft").click()
    expect(page).to_have_url(re.compile(re.escape(Version.objects.get().admin_url())))
    context.close()

    # A context of its own: axe puts styles into a page of the admin, which the `page` fixture would take for the page's.
    context = browser.new_context(base_url=live_server.url, viewport=phone)
    page = context.new_page()
    sign_in(page, "adele", "/admin/playbook/playbook/import/")
    page.get_by_label("Page or sheet").set_input_files(SAMPLES / "plan.xlsx")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status")).to_contain_text("draft")
    for width in (375, 1366):
        page.set_viewport_size({"width": width, "height": 800})
        assert sideways(page) == 0
        assert axe(page) == []
    context.close()
