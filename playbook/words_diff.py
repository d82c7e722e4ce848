"""What changed between two texts, word by word, in a time that no text can stretch. Pure.

The shortest edit script is that of Myers ("An O(ND) Difference Algorithm and Its Variations", 1986): it costs what the texts
differ, not what they are long, and it can be stopped. difflib was measured and left: two texts of 10,000 characters that repeat
one word kept it busy for nine minutes, and it was not done.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeVar

Kind = Literal["same", "added", "removed"]

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
#: A text whose words are mostly others is shown whole, as removed and added: word by word nobody could read it.
_MOST_DIFFERENT = 0.75
#: So many words at most that stayed, between longer runs that did not, are read as part of the change around them; what
#: stands between words, a space or a comma, always is.
_ISLAND = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that stayed, came or went."""

    kind: Kind
    text: str


class Effort:
    """How much work is left, in steps of the search. One serves a whole comparison, so that 500 long texts end as well.

    Args:
        in_all: steps for everything that is compared with it.
        each: steps for one text, after which it is compared more coarsely.
    """

    def __init__(self, in_all: int = 5_000_000, each: int = 400_000) -> None:
        self.left, self.each = in_all, each


def words_diff(before: str, after: str, effort: Effort | None = None) -> tuple[Piece, ...]:
    """Return the pieces of both texts in their order; what went stands before what came in its place.

    The `same` and `removed` pieces together are `before`, the `same` and `added` ones are `after`. Texts that would take too
    long, or that have little in common, are compared line by line, and else given as one piece removed and one added.

    Args:
        before: the earlier text.
        after: the later text.
        effort: what is left of the work of a comparison; one of its own unless given.
    """
    effort = effort or Effort()
    for units in (_WORDS, _LINES):
        old, new = units.findall(before), units.findall(after)
        runs = list_diff(old, new, effort)
        if runs is not None:
            for longest in (0, _ISLAND) if units is _WORDS else ():
                runs = _without_islands(runs, longest)
            return _joined(runs)
    return _joined([("removed", [before]), ("added", [after])])


Unit = TypeVar("Unit", bound=Hashable)
Run = tuple[Kind, list[Unit]]


def list_diff(old: Sequence[Unit], new: Sequence[Unit], effort: Effort) -> list[Run[Unit]] | None:
    """Return what stayed, went and came, as runs of units; None where they have little in common or it takes too long."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    middle: list[Run[Unit]] | None = []
    if left and right:
        middle = (
            None if _strangers(left, right, sum(map(_says_something, (*old, *new)))) else _search(left, right, effort)
        )
    elif left or right:
        middle = [("removed", list(left))] if left else [("added", list(right))]
    if middle is None:
        return None
    return [
        run
        for run in (("same", list(old[:start])), *middle, ("same", list(old[len(old) - end :] if end else ())))
        if run[1]
    ]


def _common(one: Sequence[Unit], other: Sequence[Unit]) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length


def _strangers(left: Sequence[Unit], right: Sequence[Unit], whole: int) -> bool:
    """Whether most words differ. Spaces and commas are in every text, and are no likeness."""
    ours, theirs = (Counter(unit for unit in side if _says_something(unit)) for side in (left, right))
    shared = sum((ours & theirs).values())
    return sum(ours.values()) + sum(theirs.values()) - 2 * shared > _MOST_DIFFERENT * whole


def _says_something(unit: object) -> bool:
    return not isinstance(unit, str) or any(map(str.isalnum, unit))


def _search(old: Sequence[Unit], new: Sequence[Unit], effort: Effort) -> list[Run[Unit]] | None:
    """Go along the diagonals of the grid of old × new, one edit further each round, until one ends in the far corner.

    Round `edits` knows, for each of its diagonals (`-edits`, `-edits + 2`, …, `edits`), how far into `old` it came.
    """
    allowed = min(effort.each, effort.left)
    spent = 0
    rounds: list[array[int]] = []
    while spent <= allowed:
        edits = len(rounds)
        before = rounds[-1] if rounds else array("l")
        reached = array("l", [0]) * (edits + 1)
        rounds.append(reached)
        for place in range(edits + 1):
            begun = x = _begin(before, place)
            y = x - (2 * place - edits)
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            reached[place] = x
            spent += 1 + x - begun
            if x >= len(old) and y >= len(new):
                effort.left -= spent
                return _in_runs(_walk_back(rounds, old, new))
    effort.left -= spent
    return None


def _goes_down(before: array[int], place: int) -> bool:
    """Whether the farthest way to a diagonal adds a unit of the new text, rather than leave out one of the old."""
    return place == 0 or (place < len(before) and before[place - 1] < before[place])


def _begin(before: array[int], place: int) -> int:
    if not before:
        return 0
    return before[place] if _goes_down(before, place) else before[place - 1] + 1


def _walk_back(rounds: list[array[int]], old: Sequence[Unit], new: Sequence[Unit]) -> list[tuple[Kind, Unit]]:
    x, y = len(old), len(new)
    backwards: list[tuple[Kind, Unit]] = []
    for edits in range(len(rounds) - 1, -1, -1):
        before = rounds[edits - 1] if edits else array("l")
        place = (x - y + edits) // 2
        while x > _begin(before, place):
            x, y = x - 1, y - 1
            backwards.append(("same", old[x]))
        if edits and _goes_down(before, place):
            y -= 1
            backwards.append(("added", new[y]))
        elif edits:
            x -= 1
            backwards.append(("removed", old[x]))
    return backwards[::-1]


def _in_runs(units: Iterable[tuple[Kind, Unit]]) -> list[Run[Unit]]:
    """Put units of one kind together; between two that stayed, what went stands before what came."""
    runs: list[Run[Unit]] = []
    for stayed, group in groupby(units, key=lambda unit: unit[0] == "same"):
        of: dict[Kind, list[Unit]] = {"same": [], "removed": [], "added": []}
        for kind, unit in group:
            of[kind].append(unit)
        runs += [("same", of["same"])] if stayed else [(kind, run) for kind, run in of.items() if run]
    return runs


def _without_islands(runs: Sequence[Run[str]], longest: int) -> list[Run[str]]:
    """Let up to `longest` words that stayed between longer changes go with them: “a” between two other sentences is noise."""
    units: list[tuple[Kind, str]] = []
    for place, (kind, run) in enumerate(runs):
        words, inside = _count([(kind, run)]), 0 < place < len(runs) - 1
        around = min(_count(_change(runs, place, -1)), _count(_change(runs, place, 1)))
        if kind == "same" and inside and words <= longest and around > 2 * words:
            units += [("removed", word) for word in run] + [("added", word) for word in run]
        else:
            units += [(kind, word) for word in run]
    return _in_runs(units)


def _change(runs: Sequence[Run[str]], place: int, way: Literal[-1, 1]) -> Sequence[Run[str]]:
    """Return the runs beside a run that stayed, up to the next that stayed: at most one that went and one that came."""
    beside = runs[max(0, place - 2) : place] if way < 0 else runs[place + 1 : place + 3]
    return [run for run in beside if run[0] != "same"]


def _count(runs: Sequence[Run[str]]) -> int:
    return sum(unit[0].isalnum() for _, run in runs for unit in run)


def _joined(runs: Sequence[Run[str]]) -> tuple[Piece, ...]:
    return tuple(Piece(kind, text) for kind, units in runs if (text := "".join(units)))
