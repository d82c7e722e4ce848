"""Pictures of testing as plain numbers: templates draw them as SVG, and beside each stands its table or its words."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbook.vocabulary import GOOD, RUN, Outcome, Severity

#: In the order in which a bar is read: good first, what is left last. (outcome, kind of chip, icon)
ORDER: tuple[tuple[Outcome, str, str], ...] = (
    (Outcome.PASSED, "done", "✓"),
    (Outcome.WAIVED, "review", "≈"),
    (Outcome.FAILED, "off", "⨯"),
    (Outcome.BLOCKED, "blocked", "◼"),
    (Outcome.RETEST, "waiting", "↻"),
    (Outcome.UNTESTED, "", "○"),
    (Outcome.NOT_APPLICABLE, "outline", "–"),
)
CHIPS = {outcome.value: (kind, icon, outcome.label) for outcome, kind, icon in ORDER}
WIDE = 100.0
BURN_WIDTH, BURN_HEIGHT = 270, 110


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar: how many, what they are, and where it lies, in per cent."""

    outcome: str
    label: str
    icon: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """Outcomes side by side; `words` says the same."""

    segments: tuple[Segment, ...]
    total: int
    words: str


def outcome_bar(counts: Counter[str]) -> Bar:
    """Return the stacked bar of some outcomes."""
    total = sum(counts.values())
    segments, x = [], 0.0
    for outcome, _, icon in ORDER:
        if counts[outcome]:
            width = WIDE * counts[outcome] / total
            segments.append(Segment(outcome.value, outcome.label, icon, counts[outcome], round(x, 2), round(width, 2)))
            x += width
    words = ", ".join(f"{s.count:,} {s.label if s.label == 'N/A' else s.label.lower()}" for s in segments)
    return Bar(tuple(segments), total, words or "no cases")


@dataclass(frozen=True, slots=True)
class Day:
    """How far a run was at the end of one day."""

    day: dt.date
    run: int
    good: int


@dataclass(frozen=True, slots=True)
class BurnUp:
    """Cases run, and good, at the end of each day, against all of them. Points are those of a polyline."""

    days: tuple[Day, ...]
    total: int
    run_points: str
    good_points: str
    width: int = BURN_WIDTH
    height: int = BURN_HEIGHT

    @property
    def words(self) -> str:
        """Say where the lines end."""
        last = self.days[-1]
        return f"{last.run:,} of {self.total:,} cases run and {last.good:,} passed or waived on {last.day:%b} {last.day.day}"

    @property
    def told(self) -> list[Day]:
        """The days on which something changed, the first and the last: what the table lists."""
        before = [None, *self.days[:-1]]
        return [
            day
            for day, earlier in zip(self.days, before, strict=True)
            if earlier is None or (day.run, day.good) != (earlier.run, earlier.good) or day is self.days[-1]
        ]


def burn_up(results: Iterable[tuple[int, str, dt.date]], total: int, first: dt.date, last: dt.date) -> BurnUp:
    """Return the burn-up of a run.

    Args:
        results: (case, outcome, day) in the order in which they were recorded. total: its cases.
        first, last: the days between which it is drawn, both inclusive; results outside are counted at the nearer end.
    """
    by_day: dict[dt.date, list[tuple[int, str]]] = {}
    for case, outcome, day in results:
        by_day.setdefault(min(max(day, first), last), []).append((case, outcome))
    state: dict[int, str] = {}
    days = []
    for offset in range((last - first).days + 1):
        day = first + dt.timedelta(days=offset)
        state.update(by_day.get(day, ()))
        counts = Counter(state.values())
        days.append(Day(day, sum(counts[outcome] for outcome in RUN), sum(counts[outcome] for outcome in GOOD)))
    return BurnUp(
        tuple(days), total, _points([day.run for day in days], total), _points([day.good for day in days], total)
    )


def _points(values: Sequence[int], total: int) -> str:
    """Return a line that begins at nothing on the eve of the first day."""
    step = BURN_WIDTH / max(1, len(values))
    heights = [0, *values]
    return " ".join(
        f"{round(place * step, 1)},{round(BURN_HEIGHT - BURN_HEIGHT * value / max(1, total), 1)}"
        for place, value in enumerate(heights)
    )


@dataclass(frozen=True, slots=True)
class SeverityLine:
    """The defects of one severity; widths in per cent of the longest line."""

    severity: int
    label: str
    open: int
    closed: int
    open_width: float
    closed_width: float


def by_severity(defects: Iterable[tuple[int, str]]) -> list[SeverityLine]:
    """Return a line for each severity, from (severity, state) of each defect; none where there are no defects."""
    counts = Counter(defects)
    longest = max((counts[s, "open"] + counts[s, "closed"] for s in Severity.values), default=0)
    if not longest:
        return []
    return [
        SeverityLine(
            severity.value, severity.label, counts[severity, "open"], counts[severity, "closed"],
            round(WIDE * counts[severity, "open"] / longest, 2), round(WIDE * counts[severity, "closed"] / longest, 2),
        )
        for severity in Severity
    ]  # fmt: skip
