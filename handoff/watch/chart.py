"""The picture of the watch as plain numbers, which the template draws as SVG; the table below it says the same. Pure.

Across it is measured in per cent, so that the same picture fits a phone and a desk; upwards in pixels.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from handoff.watch.reading import Found
from handoff.watch.rule import Day, Paid, number_words, usual
from handoff.watch.vocabulary import Kind
from projects.schedule import ONE_DAY

#: So many days are drawn and listed at a time.
SHOWN = 56
HEIGHT, TOP = 150, 22
#: Air between two bars, in parts of a day's width.
AIR = 0.15


@dataclass(frozen=True, slots=True)
class Bar:
    """The payments of one day."""

    x: float
    width: float
    y: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch that is marked over its whole height: days without data, or without payments."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Level:
    """A level line over some days: what was projected, or what is usual."""

    x1: float
    x2: float
    y: float


@dataclass(frozen=True, slots=True)
class Mark:
    """The number of an anomaly in the list, above its days."""

    x: float
    x1: float
    x2: float
    number: int


@dataclass(slots=True)
class Chart:
    """The picture of some days."""

    days: list[Day]
    most: int
    words: str
    bars: list[Bar] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    projected: list[Level] = field(default_factory=list)
    usual: list[Level] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    live_x: float | None = None
    height: int = HEIGHT
    top: int = TOP

    @property
    def bottom(self) -> int:
        """Where the bars stand."""
        return self.top + self.height


def days_shown(watched: Sequence[Day], paid: Mapping[dt.date, Paid], *, last: dt.date) -> list[Day]:
    """Return the days up to `last`, those before go-live too as far back as anything is known, eight weeks at most."""
    judged = {day.day: day for day in watched}
    begun = min([*paid, *judged], default=last)
    first = max(begun, last - ONE_DAY * (SHOWN - 1))
    return [
        judged.get(day) or Day(day, paid.get(day), None, usual(day, paid))
        for day in (first + ONE_DAY * number for number in range((last - first).days + 1))
    ]


def draw(days: list[Day], found: Sequence[Found], live: dt.date) -> Chart:
    """Return the picture of days in a row, with the anomalies by their numbers in `found`, from 1."""
    counts = [day.paid.payments for day in days if day.paid]
    levels = [float(value) for day in days for value in (_projected(day), day.usual) if value is not None]
    most = max([1, *counts, *(round(level + 0.5) for level in levels)])
    chart = Chart(days, most, _words(days, found))
    step = 100 / max(1, len(days))
    for place, day in enumerate(days):
        if day.paid is not None and day.paid.payments:
            height = round(HEIGHT * day.paid.payments / most, 1)
            x, width = round(step * (place + AIR / 2), 3), round(step * (1 - AIR), 3)
            chart.bars.append(
                Bar(x, width, round(TOP + HEIGHT - height, 1), height, day.kind.value if day.kind else "")
            )
    chart.bands = [
        Band(round(step * first, 3), round(step * (last - first + 1), 3), kind)
        for kind, first, last in _stretches(days, _band)
    ]
    chart.projected = _levels(days, _projected, step, most)
    chart.usual = _levels(days, lambda day: day.usual, step, most)
    chart.marks = list(_marks(days, found, step))
    places = [place for place, day in enumerate(days) if day.day == live]
    chart.live_x = round(step * places[0], 3) if places else None
    return chart


def _projected(day: Day) -> Decimal | None:
    return day.expected.payments if day.expected else None


def _band(day: Day) -> str | None:
    if day.paid is None:
        return "gap"
    # A drop to nothing on a day without work has no bar either.
    return "none" if day.kind == Kind.NONE or (day.kind and not day.paid.payments) else None


def _stretches(days: Sequence[Day], asked: Callable[[Day], object]) -> Iterator[tuple[str, int, int]]:
    for said, run in groupby(enumerate(days), key=lambda pair: asked(pair[1])):
        places = [place for place, _ in run]
        if said is not None:
            yield str(said), places[0], places[-1]


def _levels(days: Sequence[Day], asked: Callable[[Day], Decimal | None], step: float, most: int) -> list[Level]:
    return [
        Level(
            round(step * first, 3), round(step * (last + 1), 3), round(TOP + HEIGHT - HEIGHT * float(value) / most, 1)
        )
        for value, first, last in _stretches(days, asked)
    ]


def _marks(days: Sequence[Day], found: Sequence[Found], step: float) -> Iterator[Mark]:
    if not days:
        return
    begin, end = days[0].day, days[-1].day
    for number, one in enumerate(found, start=1):
        first, last = max(one.finding.first, begin), min(one.finding.last, end)
        if first <= last:
            x1, x2 = step * (first - begin).days, step * ((last - begin).days + 1)
            yield Mark(round((x1 + x2) / 2, 3), round(x1, 3), round(x2, 3), number)


def _words(days: Sequence[Day], found: Sequence[Found]) -> str:
    counts = [day.paid.payments for day in days if day.paid]
    if not counts:
        return "No payments are known of these days"
    told = f"Payments a day, {len(counts)} of {len(days)} days known: {min(counts):,} to {max(counts):,}"
    projected = [value for day in days if (value := _projected(day)) is not None]
    told += f"; projected {number_words(projected[-1])} a day" if projected else "; nothing projected"
    return f"{told}; {len(found)} anomal{'y' if len(found) == 1 else 'ies'} found"
