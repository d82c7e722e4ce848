"""Cells of a page that cover others: each says its text in every place that it covers, and why it stands there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playbook.importing.grid import MOST_COLUMNS, Budget, Line
from playbook.importing.raw import ImportRefused

_WHOLE = re.compile(r"[0-9]{1,20}")


@dataclass(slots=True)
class Cell:
    """A cell: its text, and how many columns and rows it covers."""

    text: str
    across: int
    down: int


@dataclass(slots=True)
class Rows:
    """A table of a page: its number there, the heading above it, and its rows as they are written."""

    number: int
    heading: str
    rows: list[list[Cell]] = field(default_factory=list)


def unfolded(table: Rows, budget: Budget) -> list[Line]:
    """Return the rows that are not blank, with each merged cell's text in every place that it covers.

    Raises:
        ImportRefused: a row is wider than MOST_COLUMNS, or the budget is spent.
    """
    lines: list[Line] = []
    hanging: dict[int, tuple[int, str, int]] = {}
    for number, row in enumerate(table.rows, 1):
        due, hanging = hanging, {}
        cells: dict[int, str] = {}
        spread: dict[int, str] = {}
        for place, (left, text, since) in due.items():
            cells[place], spread[place] = text, f"merged cell: it is written in row {since}"
            if left > 1:
                hanging[place] = (left - 1, text, since)
        place = 0
        for cell in row:
            while place in due:
                place += 1
            for across in range(cell.across):
                if place >= MOST_COLUMNS:
                    too_wide(table, number)
                if place not in due:
                    cells[place] = cell.text
                    if across:
                        spread[place] = "merged cell: one text stands across several columns"
                    if cell.down > 1:
                        hanging[place] = (cell.down - 1, cell.text, number)
                place += 1
        lines.append(Line(number, _filled_up(cells), spread))
        budget.take(lines[-1].cells, f"table {table.number}, row {number}")
    return [line for line in lines if any(line.cells)]


def too_wide(table: Rows, row: int) -> None:
    """Refuse a row of more than MOST_COLUMNS."""
    raise ImportRefused([f"table {table.number}, row {row}: there are more than {MOST_COLUMNS} columns."])


def _filled_up(cells: dict[int, str]) -> tuple[str, ...]:
    return tuple(cells.get(place, "") for place in range(max(cells, default=-1) + 1))


def times(said: str | None, most: int) -> int:
    """Return how many rows or columns a cell covers; nothing, zero or nonsense is one, as browsers take it."""
    given = (said or "").strip()
    return min(max(int(given), 1), most) if _WHOLE.fullmatch(given) else 1
