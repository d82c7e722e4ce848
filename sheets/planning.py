"""What a sheet would do, row by row, before anything is done: the part that every import has, whatever its rows are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class Does(Protocol):
    """One row of a plan."""

    @property
    def what(self) -> str:
        """What it would do: `new`, `changed`, `unchanged` or `refused`."""
        ...


Row = TypeVar("Row", bound=Does)


@dataclass(slots=True)
class PlanLine:
    """What one row would do, and what is wrong with it. A room adds what its rows are about."""

    number: int
    code: str = ""
    title: str = ""
    what: str = "new"
    state: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def refuse(self, cell: str, text: str) -> None:
        """Note what is wrong, and where; the same twice is noted once."""
        self.what = "refused"
        problem = f"{cell}: {text}"
        if problem not in self.problems:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Plan(Generic[Row]):
    """What a sheet would do, and what tells this plan from another."""

    lines: list[Row]
    ignored: list[str]
    fingerprint: str

    def of(self, what: str) -> list[Row]:
        """Return the rows that are `what`, in the order of the plan."""
        return [line for line in self.lines if line.what == what]

    def count(self, what: str) -> int:
        """Return how many rows are `what`."""
        return sum(line.what == what for line in self.lines)

    @property
    def refused(self) -> int:
        """How many rows are refused: while one is, nothing is imported."""
        return self.count("refused")

    @property
    def writes(self) -> int:
        """How many rows would write something."""
        return self.count("new") + self.count("changed")

    @property
    def does_something(self) -> bool:
        """Whether there is anything to import, and nothing refused."""
        return not self.refused and bool(self.writes)


def cells_of(number: int, names: Mapping[str, str], letters: Mapping[str, str]) -> Callable[[str], str]:
    """Return what says where a value of a row stands: `C7 (Severity)`, or `row 7 (Severity)` where its column has no letter.

    Args:
        names: of the columns, by key. letters: of the columns that the sheet has, by key.
    """

    def cell(key: str) -> str:
        return f"{letters.get(key, 'row ')}{number} ({names.get(key, key)})"

    return cell
