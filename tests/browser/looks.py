"""What the tests in a real browser ask of every page they come to."""

from __future__ import annotations

from playwright.sync_api import Page


def sideways(page: Page) -> int:
    """Return by how many CSS pixels `page` scrolls sideways, as it is once it has loaded: 0 for a page that is well.

    A click returns when the next document is begun; on a busy machine that has no element yet.
    """
    page.wait_for_load_state()
    root = "document.documentElement"
    return int(page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))
