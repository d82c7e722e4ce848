"""Keys: the stable names of steps. A step that was there before keeps its key; a new one is named after its title.

Source: design.md, "Data" (`phase.short-name`); versions are compared, and projects upgraded, by key.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass

from playbook.data import StepData
from playbook.importing.columns import fold
from playbook.vocabulary import KEY_PATTERN, LONGEST_KEY, LONGEST_SLUG, SLUG_PATTERN

_SMALL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "via", "with"}
_MOST_WORDS = 6
_LONGEST_NAME = 50
#: How alike two titles are that are taken for one that was reworded, and how many pairs are looked at.
_ALIKE = 0.82
_MOST_PAIRS = 2_500


@dataclass(frozen=True, slots=True)
class Found:
    """What a row says by which an earlier step is found again. `phase` and `category` are None where the page has none."""

    title: str
    number: int
    phase: str | None
    category: str | None
    guidance: str
    key: str = ""


def slug_of(title: str) -> str:
    """Return a playbook's slug made of a title, or an empty text where no letter of it can stand in one."""
    slug = "-".join(_plain_words(title))[:LONGEST_SLUG].strip("-")
    return slug if SLUG_PATTERN.fullmatch(slug) else ""


def new_key(phase: str, title: str, category: str, taken: Collection[str]) -> str:
    """Return a key that no other step has. The same rows in the same order get the same keys."""
    front = phase.replace("_", "-")
    name = _short(title) or "step"
    of_category = "-".join(filter(None, [_short(category), name]))[: LONGEST_KEY - len(front) - 5].strip("-")
    for candidate in (name, of_category):
        if f"{front}.{candidate}" not in taken:
            return f"{front}.{candidate}"
    number = 2
    while f"{front}.{name}-{number}" in taken:
        number += 1
    return f"{front}.{name}-{number}"


def is_key(text: str) -> bool:
    """Whether a text can be a step's key."""
    return len(text) <= LONGEST_KEY and bool(KEY_PATTERN.fullmatch(text))


def match(rows: Sequence[Found], steps: Sequence[StepData]) -> dict[int, StepData]:
    """Return which step of an earlier version each row is: place of the row to step.

    By key where the row has one, then by title, phase and category together, then by fewer of them where that leaves no doubt,
    then by a title that was reworded. A step is one row, and a row one step.
    """
    matched: dict[int, StepData] = {}
    left = dict(enumerate(steps))

    def take(
        of_row: Callable[[Found], Hashable], of_step: Callable[[StepData], Hashable], *, in_order: bool = False
    ) -> None:
        places, others = defaultdict(list), defaultdict(list)
        for place, row in enumerate(rows):
            if place not in matched and (said := of_row(row)):
                places[said].append(place)
        for at, step in left.items():
            others[of_step(step)].append(at)
        for said, here in places.items():
            there = others.get(said, [])
            if len(here) == len(there) == 1 or (in_order and len(here) == len(there)):
                for place, at in zip(here, there, strict=True):
                    matched[place] = left.pop(at)

    take(lambda row: row.key, lambda step: step.key)
    take(
        lambda row: row.phase and row.category is not None and (fold(row.title), row.phase, fold(row.category)),
        lambda step: (fold(step.title), step.phase, fold(step.category)),
        in_order=True,
    )
    take(lambda row: row.phase and (fold(row.title), row.phase), lambda step: (fold(step.title), step.phase))
    take(
        lambda row: row.category and (fold(row.title), fold(row.category)),
        lambda step: (fold(step.title), fold(step.category)),
    )
    take(lambda row: fold(row.title), lambda step: fold(step.title))
    _take_reworded(rows, left, matched)
    return matched


def _take_reworded(rows: Sequence[Found], left: dict[int, StepData], matched: dict[int, StepData]) -> None:
    places = [place for place in range(len(rows)) if place not in matched]
    if not left or len(places) * len(left) > _MOST_PAIRS:
        return
    pairs = []
    for place in places:
        row = rows[place]
        for at, step in left.items():
            if row.phase is not None and row.phase != step.phase:
                continue
            alike = difflib.SequenceMatcher(None, fold(row.title), fold(step.title)).ratio()
            same_text = row.guidance and fold(row.guidance) == fold(step.guidance)
            if alike >= _ALIKE or (same_text and row.number == step.number):
                pairs.append((alike, place, at))
    for _, place, at in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if place not in matched and at in left:
            matched[place] = left.pop(at)


def _short(title: str) -> str:
    outside = re.sub(r"\([^()]*\)", " ", title)
    said = [word for word in _plain_words(outside) if word not in _SMALL_WORDS] or _plain_words(title)
    name = ""
    for word in said[:_MOST_WORDS]:
        longer = f"{name}-{word}" if name else word[:_LONGEST_NAME]
        if len(longer) > _LONGEST_NAME:
            break
        name = longer
    return name


def _plain_words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.replace("'", "").replace("’", "")).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", plain.casefold())
