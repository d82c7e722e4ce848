"""Rows of a scrape: where each begins and ends, and what the look of a text says of it. Pure; what is read how: `scrape.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from playbook.importing.columns import fold
from playbook.importing.scrape_headings import NUMBER
from playbook.importing.texts import Line

#: Headings of parts of a page, and what macros leave behind: no cell of a table.
SECTIONS = {
    "note", "none", "info", "overview", "summary", "process", "process steps", "project roles", "roles", "change log", "contents",
    "on this page", "background", "supported integrations", "description", "changes made", "change details", "table of contents",
    "appendix", "references", "related pages",
}  # fmt: skip
SENTENCE_END = re.compile(r"[.!?…][)\]”\"']?$")
_INSIDE_SENTENCE = re.compile(r"[a-z)][.:;!?] +[A-Z]")
_SMALL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "vs", "with"}


@dataclass(slots=True)
class Chunk:
    """The lines of one row, and what is known of it so far."""

    number: str
    where: str
    lines: list[Line]
    is_last: bool = False
    values: dict[str, str] = field(default_factory=dict)
    guesses: dict[str, str] = field(default_factory=dict)
    #: Index in the region at which the lines begin.
    start: int = 0


def chunks(region: Sequence[Line], *, strong: Callable[[int], bool]) -> Iterator[Chunk]:
    """Part a region into rows: each begins with a number that comes after the one before."""
    numbers = [
        (place, int(found[1]))
        for place, line in enumerate(region)
        if (found := NUMBER.fullmatch(line.text)) is not None
    ]
    first = next((place for place, line in enumerate(region) if line.text), None)
    if first is None or not numbers or numbers[0][0] != first:
        return
    sure = {place for place, _ in numbers if strong(place)}
    last_place = {number: place for place, number in numbers}
    last_sure = {number: place for place, number in numbers if place in sure}
    starts = [numbers[0]]
    for place, number in numbers[1:]:
        last = starts[-1][1]
        if number == last + 1:
            follows = place in sure or last_sure.get(number, -1) < place
        else:
            gap = last < number <= last + 3 and last_place.get(last + 1, -1) < place
            follows = place in sure or (gap and not sure)
        if follows:
            starts.append((place, number))
    for (place, number), (end, _) in zip(starts, [*starts[1:], (len(region), 0)], strict=True):
        yield Chunk(
            str(number), region[place].where, list(region[place + 1 : end]), is_last=end == len(region), start=place + 1
        )


def reads_on(text: str) -> bool:
    """Whether a text is a sentence or part of one, not a title: it ends as one, holds one, or is long."""
    return (
        bool(SENTENCE_END.search(text) and not text.endswith("etc.)"))
        or bool(_INSIDE_SENTENCE.search(text))
        or len(text) > 110
    )


def _is_title(text: str) -> bool:
    said = text.split()
    if len(said) > 8 or not text[:1].isupper() or text[-1:] in ".!?:;,…":
        return False
    weighty = [word for word in said if word.casefold() not in _SMALL_WORDS]
    return sum(word[:1].isupper() or not word[:1].isalpha() for word in weighty) * 5 >= len(weighty) * 3


def before_the_next_part(lines: Sequence[Line], *, has_cell_before: bool) -> list[Line]:
    """Cut the last row of a table where the next part of the page seems to begin: at a title after a full sentence."""
    if has_cell_before and lines and lines[0].held:
        return []  # the mark of a blank cell
    last = ""
    for place, line in enumerate(lines):
        if not line.text:
            continue
        following = next((later.text for later in lines[place + 1 : place + 4] if later.text), "")
        if last and (
            fold(line.text) in SECTIONS
            or (SENTENCE_END.search(last) and _is_title(line.text) and following[:1] not in tuple(":.,;)"))
        ):
            return list(lines[:place])
        last = line.text
    return list(lines)
