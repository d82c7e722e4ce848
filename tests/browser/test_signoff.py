"""A sign-off on a phone: the mail, the page, what changed meanwhile, the approval, the receipt, the evidence."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import mail as outbox
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Page, expect

from projects.documents import add_version, set_visible
from projects.models import Approval
from tests.browser.looks import sideways
from tests.browser.test_main_job import sign_in
from tests.projects.signing import PATH, in_review

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

PHONE, DESK = {"width": 375, "height": 812}, {"width": 1366, "height": 900}


def picture(page: Page, name: str) -> None:
    """Keep what the page looks like, where somebody wants to look (SHOTS names a folder)."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    return sideways(page) == 0


def test_bo_signs_on_a_phone(page: Page, cast, axe: Callable[[Page], list[str]]):
    project = in_review(cast)
    for slug in ("sit-workbook", "solution-design-document"):
        add_version(
            project,
            slug,
            by=cast.sofia,
            link=f"https://files.example/shared/long/path/{slug}?version=1",
            label="Reviewed",
        )
        set_visible(project, slug, True, by=cast.priya)
    asked = next(mail for mail in outbox.outbox if mail.to == ["bo@example.org"])
    assert "/link/" in asked.body

    decide = reverse("decide", args=[project.code, PATH])
    page.set_viewport_size(PHONE)
    sign_in(page, "bo", decide)
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert fits(page)
    assert axe(page) == []
    picture(page, "decide-bo-375")
    page.set_viewport_size(DESK)
    picture(page, "decide-bo-1366")
    page.set_viewport_size(PHONE)

    add_version(project, "sit-workbook", by=cast.sofia, link="https://files.example/2", label="Mended")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".error-summary")).to_contain_text("Sit workbook: version 1 before, version 2 now.")
    picture(page, "decide-changed-375")
    page.get_by_label("Note").fill("Looks right")
    page.get_by_role("button", name="Approve").click()

    row_text = page.get_by_text("recomputes ✓")
    expect(row_text).to_be_visible()
    row = Approval.objects.get()
    assert (row.by, row.decision, row.method) == (cast.bo, "approved", "password")
    assert row.agent.startswith("Mozilla/")
    assert fits(page)
    assert axe(page) == []
    picture(page, "evidence-bo-375")
    receipt = outbox.outbox[-1]
    assert (receipt.to, row.shown_sha256 in receipt.body) == (["bo@example.org"], True)
    out = io.StringIO()
    call_command("verify_evidence", "MRW-1", stdout=out)
    assert out.getvalue() == "1 decisions, 0 from before evidence was kept, 0 faults.\n"


@pytest.mark.parametrize(("name", "size"), [("375", PHONE), ("1366", DESK)])
def test_the_pages_inside(page: Page, cast, axe: Callable[[Page], list[str]], name: str, size):
    project = in_review(cast)
    add_version(
        project,
        "sit-workbook",
        by=cast.sofia,
        link="https://files.example/shared/long/path?version=1",
        label="Reviewed",
    )
    page.set_viewport_size(size)
    sign_in(page, "ingrid", reverse("decide", args=[project.code, PATH]))
    page.get_by_text("Record what was decided elsewhere…").click()
    page.get_by_label("For", exact=True).select_option("biller")
    page.get_by_label("How it reached you").fill("By letter of November 20, which is in the project's folder")
    picture(page, f"record-{name}")
    assert axe(page) == []
    page.get_by_role("button", name="They approved").click()
    expect(page.get_by_text("recomputes ✓")).to_be_visible()
    picture(page, f"evidence-{name}")
    sign_in(page, "priya", reverse("sign-offs", args=[project.code]))
    for address, shot in (
        (reverse("sign-offs", args=[project.code]), "sign-offs"),
        (reverse("documents", args=[project.code]), "documents"),
        (reverse("document", args=[project.code, "sit-workbook"]), "document"),
        (project.step_url(PATH), "step"),
    ):
        page.goto(address)
        picture(page, f"{shot}-{name}")
        assert (fits(page), axe(page)) == (True, [])
    sign_in(page, "pat", reverse("delegate", args=[project.code, PATH]))
    picture(page, f"delegate-{name}")
    assert (fits(page), axe(page)) == (True, [])
