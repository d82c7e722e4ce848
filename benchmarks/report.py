"""Numbers made readable: a table of what the product does, and one of what it takes beside SQL by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.by_hand import Parts
from benchmarks.clients import Load
from benchmarks.inside import Seen


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 in 100 do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


@dataclass
class Result:
    """One kind of work, measured. Times are in seconds; `memory` is of all workers, in MB, before and after."""

    name: str
    title: str
    goal: float | None
    seen: Seen
    loads: dict[int, Load] = field(default_factory=dict)
    hand: list[Parts] = field(default_factory=list)
    memory: dict[int, tuple[float, float]] = field(default_factory=dict)

    def hand_median(self) -> float | None:
        """Return the median of the whole work by hand."""
        return median(sum(parts.values()) for parts in self.hand) if self.hand else None

    def hand_p95(self) -> float | None:
        """Return the 95th percentile of the whole work by hand."""
        return p95([sum(parts.values()) for parts in self.hand]) if self.hand else None

    def part_medians(self) -> Parts:
        """Return the median of each part by hand, the page's rows first."""
        return {name: median(parts[name] for parts in self.hand) for name in (self.hand[0] if self.hand else ())}

    def ratio(self, *, of_rows: bool = False) -> float | None:
        """Return how many times as long the product takes, at the median with one client, as SQL by hand (as its rows alone)."""
        hand = next(iter(self.part_medians().values()), None) if of_rows else self.hand_median()
        return median(self.loads[1].seconds) / hand if hand and 1 in self.loads else None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON, times in milliseconds."""
        return {
            "name": self.name,
            "title": self.title,
            "goal": self.goal,
            "ratio": self.ratio(),
            "ratio_to_rows": self.ratio(of_rows=True),
            "queries": self.seen.queries,
            "transaction_statements": self.seen.transaction,
            "bytes": self.seen.size,
            "clients": {
                clients: {
                    "requests": len(load.seconds),
                    "median_ms": 1000 * median(load.seconds),
                    "p95_ms": 1000 * p95(load.seconds),
                    "per_second": load.per_second(),
                    "worker_cpu_ms": 1000 * load.served / len(load.seconds),
                    "client_cpu_ms": 1000 * load.processor / len(load.seconds),
                    "memory_mb": self.memory[clients],
                }
                for clients, load in self.loads.items()
            },
            "by_hand": {
                "times": len(self.hand),
                "median_ms": 1000 * (self.hand_median() or 0),
                "p95_ms": 1000 * (self.hand_p95() or 0),
                "parts_ms": {name: 1000 * seconds for name, seconds in self.part_medians().items()},
            },
        }


def product_table(results: Sequence[Result]) -> str:
    """Return what the product does, one line for each kind of work and number of clients."""
    heads = (
        "Work", "clients", "median, ms", "p95, ms", "requests/s", "CPU of a worker, ms", "queries", "answer, kB",
        "memory of the workers, MB",
    )  # fmt: skip
    lines: list[Sequence[str]] = [heads, ["---", *["---:"] * 8]]
    for result in results:
        for clients, load in result.loads.items():
            before, after = result.memory[clients]
            cells = [
                result.title, str(clients), ms(median(load.seconds)), ms(p95(load.seconds)), f"{load.per_second():.0f}",
                ms(load.served / len(load.seconds)), str(result.seen.queries), f"{result.seen.size / 1000:.0f}",
                f"{before:.0f} → {after:.0f}",
            ]  # fmt: skip
            lines.append(cells)
    return _table(lines)


def ratio_table(results: Sequence[Result]) -> str:
    """Return what the product takes beside SQL by hand, with one client."""
    lines: list[Sequence[str]] = [
        ["Work", "product, ms", "SQL, ms", "p95 of it", "ratio", "goal", "", "the rows alone, ms", "ratio to those"],
        ["---", *["---:"] * 5, "---", *["---:"] * 2],
    ]
    for result in results:
        ratio, hand, high = result.ratio(), result.hand_median(), result.hand_p95()
        if ratio is None or hand is None or high is None:
            continue
        rows = next(iter(result.part_medians().values()))
        held = "" if result.goal is None else "held" if ratio <= result.goal else "missed"
        cells = [
            result.title, ms(median(result.loads[1].seconds)), ms(hand), ms(high), f"{ratio:.1f}",
            f"{result.goal:g}" if result.goal else "", held, ms(rows), f"{result.ratio(of_rows=True):.1f}",
        ]  # fmt: skip
        lines.append(cells)
    return _table(lines)


def parts_list(results: Sequence[Result]) -> str:
    """Return what the work by hand is made of, one line for each kind of work."""
    return "\n".join(
        f"- {result.title}: " + ", ".join(f"{name} {ms(seconds)}" for name, seconds in result.part_medians().items())
        for result in results
        if result.hand
    )


def ms(seconds: float) -> str:
    """Return milliseconds with as many digits as they are worth."""
    value = 1000 * seconds
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _table(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
