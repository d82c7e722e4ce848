"""A picture of what comes after what: steps in a column for each phase, an arrow from each to those that need it. Pure.

Arrows run between the columns and between the rows alone, so that none crosses a step's words. The picture grows with steps and
arrows; nothing in it is compared pair by pair.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from playbook.data import StepData
from transitions.phase import PHASE_ORDER, Phase

# Sizes in pixels.
NODE_WIDTH, NODE_HEIGHT, ROW_GAP = 192, 42, 16
HEAD_HEIGHT = 34
LANE, NARROWEST_GUTTER, WIDEST_GUTTER = 7, 34, 160
#: How far down a step arrows leave it, and arrive from either side: apart, so that no two that face each other read as one.
LEAVE, ARRIVE_LEFT, ARRIVE_RIGHT = 32, 10, 20
#: Characters of a title that fit into a step; the whole one is its tooltip, and stands in the table.
LONGEST_LABEL = 23
#: More arrows than that are a black square, and megabytes: the table has them all.
MOST_ARROWS = 1_500


@dataclass(frozen=True, slots=True)
class Node:
    """A step in the picture, by its top left corner. `note` is its second line; `out`: it is left out of the project."""

    key: str
    number: int
    x: int
    y: int
    label: str
    title: str
    note: str
    out: bool
    decides: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A phase: its name, and where it stands."""

    label: str
    x: int
    steps: int


@dataclass(frozen=True, slots=True)
class Flow:
    """The picture. `arrows` are the `d` of paths; `left_out` says how many more there are than are drawn."""

    width: int
    height: int
    columns: tuple[Column, ...]
    nodes: tuple[Node, ...]
    arrows: tuple[str, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class _Arrow:
    """From column and row to column and row, and the gutters in which it leaves and arrives."""

    start: tuple[int, int]
    end: tuple[int, int]
    first: int
    last: int


#: A stretch that runs down a gutter: the gutter, and the step that its arrows come from (`from`) or lead to (`to`).
_Stretch = tuple[int, str, tuple[int, int]]


def flow(steps: Sequence[StepData], *, notes: Mapping[str, str], out: frozenset[str] = frozenset()) -> Flow:
    """Return the picture of a version's steps.

    Args:
        steps: of one version, in any order.
        notes: by key, what stands in a step's second line, such as its dates.
        out: the keys of the steps that are left out; they are drawn as such.
    """
    ordered = sorted(steps, key=lambda step: (PHASE_ORDER[step.phase], step.number))
    columns = [(phase, list(group)) for phase, group in groupby(ordered, key=lambda step: step.phase)]
    at = {step.key: (column, row) for column, (_, group) in enumerate(columns) for row, step in enumerate(group)}
    all_arrows = [
        _arrow(at[need], at[step.key]) for step in ordered for need in dict.fromkeys(step.needs) if need in at
    ]
    arrows = all_arrows[:MOST_ARROWS]
    lane_of, lanes = _lanes(arrows, len(columns))
    lefts, gutters = _widths(lanes)
    x_of = {
        # The last pixels before the next column are the arrow heads' own.
        stretch: lefts[stretch[0]]
        + NODE_WIDTH
        + LANE
        + (lane + 1) * (gutters[stretch[0]] - 2 * LANE) // (lanes[stretch[0]] + 1)
        for stretch, lane in lane_of.items()
    }
    rows = max((len(group) for _, group in columns), default=0)
    return Flow(
        width=lefts[-1] + NODE_WIDTH + gutters[-1] if columns else NODE_WIDTH,
        height=_top(rows) + ROW_GAP,
        columns=tuple(
            Column(str(Phase(phase).label), lefts[column], len(group)) for column, (phase, group) in enumerate(columns)
        ),
        nodes=tuple(_node(step, lefts[at[step.key][0]], at[step.key][1], notes, out) for step in ordered),
        arrows=tuple(_path(arrow, lefts, x_of) for arrow in arrows),
        left_out=len(all_arrows) - len(arrows),
    )


def _node(step: StepData, x: int, row: int, notes: Mapping[str, str], out: frozenset[str]) -> Node:
    label = step.title if len(step.title) <= LONGEST_LABEL else step.title[: LONGEST_LABEL - 1].rstrip() + "…"
    return Node(
        step.key,
        step.number,
        x,
        _top(row),
        label,
        step.title,
        notes.get(step.key, ""),
        step.key in out,
        bool(step.approval),
    )


def _top(row: int) -> int:
    return HEAD_HEIGHT + ROW_GAP + row * (NODE_HEIGHT + ROW_GAP)


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> _Arrow:
    """Gutter n is to the right of column n. An arrow arrives from the left; within a column, or backwards, from the right."""
    return _Arrow(start, end, start[0], end[0] - 1 if end[0] > start[0] else end[0])


def _stretches(arrow: _Arrow) -> Iterator[tuple[_Stretch, int, int]]:
    """Yield the stretches of an arrow, each with its top and bottom. Arrows of one step share theirs: they read as a tree."""
    leave, arrive = _top(arrow.start[1]), _top(arrow.end[1])
    if arrow.first == arrow.last:
        yield (arrow.first, "from", arrow.start), min(leave, arrive), max(leave, arrive) + NODE_HEIGHT
    else:
        above = arrive - ROW_GAP
        yield (arrow.first, "from", arrow.start), min(leave, above), max(leave + NODE_HEIGHT, above)
        yield (arrow.last, "to", arrow.end), above, arrive + NODE_HEIGHT


def _lanes(arrows: Sequence[_Arrow], columns: int) -> tuple[dict[_Stretch, int], list[int]]:
    """Give each stretch a lane of its gutter that is free over its whole length; return them, and how many each gutter has."""
    reach: dict[_Stretch, tuple[int, int]] = {}
    for arrow in arrows:
        for stretch, top, bottom in _stretches(arrow):
            known_top, known_bottom = reach.get(stretch, (top, bottom))
            reach[stretch] = min(top, known_top), max(bottom, known_bottom)
    lane_of: dict[_Stretch, int] = {}
    lanes = [0] * columns
    busy: list[list[tuple[int, int]]] = [[] for _ in range(columns)]  # until where, which lane
    free: list[list[int]] = [[] for _ in range(columns)]
    for stretch, (top, bottom) in sorted(reach.items(), key=lambda item: item[1]):
        gutter = stretch[0]
        while busy[gutter] and busy[gutter][0][0] < top:
            heapq.heappush(free[gutter], heapq.heappop(busy[gutter])[1])
        lane = heapq.heappop(free[gutter]) if free[gutter] else lanes[gutter]
        lanes[gutter] = max(lanes[gutter], lane + 1)
        heapq.heappush(busy[gutter], (bottom, lane))
        lane_of[stretch] = lane
    return lane_of, lanes


def _widths(lanes: Sequence[int]) -> tuple[list[int], list[int]]:
    gutters = [min(max(NARROWEST_GUTTER, (count + 3) * LANE), WIDEST_GUTTER) for count in lanes]
    lefts, x = [], ROW_GAP
    for gutter in gutters:
        lefts.append(x)
        x += NODE_WIDTH + gutter
    return lefts, gutters


def _path(arrow: _Arrow, lefts: Sequence[int], x_of: Mapping[_Stretch, int]) -> str:
    leave = _top(arrow.start[1]) + LEAVE
    from_left = arrow.end[0] > arrow.start[0]
    arrive = _top(arrow.end[1]) + (ARRIVE_LEFT if from_left else ARRIVE_RIGHT)
    head = lefts[arrow.end[0]] + (0 if from_left else NODE_WIDTH)
    way = f"M{lefts[arrow.start[0]] + NODE_WIDTH} {leave}H{x_of[arrow.first, 'from', arrow.start]}"
    if arrow.first != arrow.last:
        # Between two rows, so that it passes under one step and over the next.
        way += f"V{_top(arrow.end[1]) - ROW_GAP // 2}H{x_of[arrow.last, 'to', arrow.end]}"
    return f"{way}V{arrive}H{head}"
