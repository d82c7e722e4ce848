"""Numbered pages of a list, with every link ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Pages shown on either side of the present one; the first and the last are always there.
AROUND = 2


@dataclass(frozen=True, slots=True)
class PageLink:
    """One number in the row of pages; a gap has no address."""

    label: str
    address: str
    here: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is shown. `start` and `stop` slice it; `first` counts from 1 for people."""

    number: int
    pages: int
    total: int
    start: int
    stop: int
    links: tuple[PageLink, ...]
    before: str
    after: str

    @property
    def first(self) -> int:
        """The number of the first row shown, from 1; 0 where there is none."""
        return self.start + 1 if self.total else 0

    @classmethod
    def of(cls, total: int, number: int, size: int, address: Callable[[int], str]) -> Paging:
        """Return page `number` of `total` rows; one past the end is the last (the list got shorter meanwhile)."""
        pages = max(1, -(-total // size))
        number = min(number, pages)
        shown = sorted({1, pages, *range(max(1, number - AROUND), min(pages, number + AROUND) + 1)})
        links: list[PageLink] = []
        for previous, page in zip([0, *shown], shown, strict=False):
            if page > previous + 1:
                links.append(PageLink("…", ""))
            links.append(PageLink(str(page), address(page), page == number))
        return cls(
            number, pages, total, (number - 1) * size, min(number * size, total), tuple(links) if pages > 1 else (),
            address(number - 1) if number > 1 else "", address(number + 1) if number < pages else "",
        )  # fmt: skip
