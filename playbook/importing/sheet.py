"""A spreadsheet, XLSX or CSV, becomes tables and notes: any sheet, headings in any order and not always on top.

A book in our own layout (`xlsx_out`) is taken as it stands instead: see `own`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from playbook.importing.columns import kind_of
from playbook.importing.grid import (
    FIRST_LINES,
    MOST_COLUMNS,
    MOST_ROWS,
    Budget,
    Line,
    blocks,
    tables_in,
    tidy,
)
from playbook.importing.own import own_page
from playbook.importing.raw import ImportRefused, Note, Page, RawTable
from sheets.reading import Corners, Grid, SheetRefused, as_text, grids

#: Merged cells give their text to so many others at most, all of a sheet together.
MOST_SPREAD = 100_000


def read_sheet(data: bytes, name: str) -> Page:
    """Return what a spreadsheet says: its tables, in any sheet and any order of columns, and the rest as notes.

    Args:
        data: the file. name: what it is called.

    Raises:
        ImportRefused: no spreadsheet, a formula, beyond a limit, or without a table of steps; with what was looked for.
    """
    try:
        found = grids(data, name, most_rows=MOST_ROWS)
    except SheetRefused as refused:
        told = (problem.replace("Import them in parts.", "No playbook has so many.") for problem in refused.problems)
        raise ImportRefused(list(told)) from refused
    if any(kind_of([as_text(value) for value in grid.lines[0][1]]) == "playbook" for grid in found if grid.lines):
        return own_page(found, name)
    budget = Budget()
    tables: list[RawTable] = []
    notes: list[Note] = []
    for grid in found:
        more, rest = _read_grid(grid, budget)
        tables += more
        notes += rest
    if not any(table.kind == "steps" for table in tables):
        raise ImportRefused([_nothing_found(name, found, tables)])
    if any(grid.coding == "cp1252" for grid in found):
        notes.append(
            Note("the whole file", "It is no UTF-8: it was read as Windows-1252, as Excel saves CSV on Windows.")
        )
    return Page(name, title=_title(notes), tables=tuple(tables), notes=tuple(notes))


def _read_grid(grid: Grid, budget: Budget) -> tuple[list[RawTable], list[Note]]:
    sheet = grid.title

    def where(number: int) -> str:
        return f"{sheet}!{number}" if sheet else f"row {number}"

    if grid.coding == "cp1252" and any("\ufffd" in as_text(value) for _, line in grid.lines for value in line):
        raise ImportRefused(
            ["The file is neither UTF-8 nor Windows-1252: some of its letters cannot be read. Save it as UTF-8."]
        )
    lines = _unfolded(grid)
    for line in lines:
        budget.take(line.cells, where(line.number))
    tables: list[RawTable] = []
    notes: list[Note] = []
    for part in blocks(lines):
        more, rest = tables_in(part, name=sheet or "the table", where=where)
        tables += more
        notes += rest
    return tables, notes


def _unfolded(grid: Grid) -> list[Line]:
    """Return the lines as texts, each merged cell's in every place that it covers."""
    texts: dict[object, str] = {}

    def text_of(value: object) -> str:
        # A text that stands in many cells is one object, and is tidied once.
        key = value if isinstance(value, str) else (type(value), value)
        if key not in texts:
            texts[key] = tidy(as_text(value))  # type: ignore[arg-type]
        return texts[key]

    lines = {number: [text_of(value) for value in line] for number, line in grid.lines}
    spread: dict[int, dict[int, str]] = {number: {} for number in lines}
    left = MOST_SPREAD
    for corners in grid.merged[:MOST_SPREAD]:
        left -= _spread(lines, spread, corners)
        if left < 0:
            raise ImportRefused([f"“{grid.title}”: merged cells cover more than {MOST_SPREAD:,} others."])
    return [Line(number, tuple(cells), spread[number]) for number, cells in lines.items() if any(cells)]


def _spread(lines: dict[int, list[str]], spread: dict[int, dict[int, str]], corners: Corners) -> int:
    """Give a merged cell's text to the places that it covers; return how many were looked at."""
    top, left, bottom, right = corners
    if top not in lines or left > len(lines[top]) or not (text := lines[top][left - 1]):
        return 1
    right = min(right, MOST_COLUMNS)
    covered = range(top, bottom + 1) if bottom - top < len(lines) else [row for row in lines if top <= row <= bottom]
    for row in covered:
        if row not in lines:
            continue
        cells = lines[row]
        cells += [""] * (right - len(cells))
        why = f"it is written in row {top}" if row > top else "one text stands across several columns"
        for place in range(left - 1, right):
            if (row, place) != (top, left - 1):
                cells[place], spread[row][place] = text, f"merged cell: {why}"
    return len(covered) * (right - left + 1)


def _title(notes: Sequence[Note]) -> str:
    """Return the title: the one short line that stands above the first table, if any."""
    for note in notes:
        if (
            re.search(r"(?:!|row )[1-5]$", note.where)
            and "\n" not in note.text
            and "|" not in note.text
            and len(note.text) <= 120
        ):
            return note.text
    return ""


def _nothing_found(name: str, found: Sequence[Grid], tables: Sequence[RawTable]) -> str:
    told = (
        f"“{name}” has no table of steps. Looked for, in the first {FIRST_LINES} rows of each sheet: a heading row with the step "
        "(Step, Task, Title) and one at least of who does it (R / A / C / I), Description, Phase, Required, Number."
    )
    heads = []
    for grid in [grid for grid in found if grid.lines][:10]:
        cells = (as_text(value)[:40] for value in grid.lines[0][1][:8])
        heads.append(f"{grid.title or 'first row'}: {', '.join(f'“{cell}”' for cell in cells if cell)}")
    kinds = [f"{table.where}: a table of {table.kind}" for table in tables[:10]]
    return f"{told} Found: {'; '.join(kinds or heads)}." if heads else f"{told} There is nothing in it."
