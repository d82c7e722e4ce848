"""That the browser of the suite sees what a person's would: the page, its faults, and nobody else's host."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Error, Page


def test_the_sign_in_page_is_sound(page: Page, axe: Callable[[Page], list[str]]) -> None:
    page.goto(reverse("sign-in"))

    assert page.get_by_role("heading", level=1).count() == 1
    assert axe(page) == []


def test_nothing_but_this_machine_answers(page: Page) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("https://example.org/")


def test_axe_finds_what_is_wrong(page: Page, axe: Callable[[Page], list[str]]) -> None:
    page.goto(reverse("sign-in"))
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    assert [found.partition(":")[0] for found in axe(page)] == ["button-name"]
