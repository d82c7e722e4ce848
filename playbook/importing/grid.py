"""Tables out of rows of cells: the heading row is looked for, rows are read under it, and what fits nowhere becomes a note.

A table of a wiki page and a sheet of a book meet here: both are lines of cells by then. Pure: no file, no database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from playbook.importing.columns import (
    CHANGE_COLUMNS,
    DOCUMENT_COLUMNS,
    PLAYBOOK_COLUMNS,
    ROLE_COLUMNS,
    STEP_COLUMNS,
    columns_of,
    fold,
    kind_of,
)
from playbook.importing.meanings import phase_of
from playbook.importing.raw import ImportRefused, Note, RawRow, RawTable, TableKind
from raci.grammar import INVISIBLE

#: The heading row is one of so many first lines; further tables of a sheet may begin anywhere below.
FIRST_LINES = 20
MOST_ROWS = 2_000
MOST_COLUMNS = 60
LONGEST_CELL = 32_767
#: All texts of a file together, each counted in every place that a merged cell gives it. A playbook's own file has 2 MB at most.
MOST_TEXT = 4 * 1024 * 1024
COLUMNS_OF: dict[TableKind, dict[str, tuple[str, ...]]] = {
    "steps": STEP_COLUMNS,
    "roles": ROLE_COLUMNS,
    "changes": CHANGE_COLUMNS,
    "documents": DOCUMENT_COLUMNS,
    "playbook": PLAYBOOK_COLUMNS,
}
_HEADINGS = {name for columns in COLUMNS_OF.values() for names in columns.values() for name in names}
_LETTERED = re.compile(r"[RACI](?:\s*[/,&+]\s*[RACI]){0,3}")
#: “Project Manager (PM)”: a name and, in brackets at its end, a code.
_NAME_AND_CODE = re.compile(r"(?P<name>.*\S)\s*\(\s*(?P<code>[^()/,\s][^()/,]{0,9}?)\s*\)", re.S)
_LEFT_BEHIND = dict.fromkeys(map(ord, INVISIBLE + "\u00ad\u200e\u200f"))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of cells. `spread` says of a place why its text stands there though it was written elsewhere (a merged cell)."""

    number: int
    cells: tuple[str, ...]
    spread: Mapping[int, str] = field(default_factory=dict)

    def at(self, place: int) -> str:
        """Return the text at a place, empty beyond the end."""
        return self.cells[place] if place < len(self.cells) else ""

    def filled(self) -> list[int]:
        """Return the places that are not blank."""
        return [place for place, text in enumerate(self.cells) if text]


class Budget:
    """Counts what a file unfolds to, and refuses it beyond the limits."""

    def __init__(self) -> None:
        self.text = 0
        self.rows = 0

    def take(self, cells: Sequence[str], where: str) -> None:
        """Count one row.

        Raises:
            ImportRefused: too many rows, a cell that is too long, or too much text.
        """
        self.rows += 1
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise ImportRefused([f"{where}: a cell has more than {LONGEST_CELL:,} characters."])
        self.text += sum(map(len, cells))
        if self.rows > MOST_ROWS:
            raise ImportRefused([f"{where}: more than {MOST_ROWS:,} rows. No playbook has so many."])
        if self.text > MOST_TEXT:
            raise ImportRefused([f"{where}: more than {MOST_TEXT // 1024 // 1024} MB of text in the tables."])


def tidy(text: str) -> str:
    """Return a text with plain blanks, without invisible marks and control characters, its lines kept and their indents too."""
    if text.isascii() and text.isprintable():
        return text.strip()
    told = text.translate(_LEFT_BEHIND).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    told = "".join(_plain(character) for character in unicodedata.normalize("NFC", told))
    lines: list[str] = []
    for line in told.split("\n"):
        kept = line.rstrip()
        if kept or (lines and lines[-1]):
            lines.append(kept)
    return "\n".join(lines).strip()


def _plain(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    kind = unicodedata.category(character)
    return character if kind[0] != "Z" and kind not in ("Cc", "Cs") else " "


def tables_in(lines: Sequence[Line], *, name: str, where: Callable[[int], str]) -> tuple[list[RawTable], list[Note]]:
    """Return the tables that stand one below the other in these lines, and the rest as notes.

    Args:
        lines: those that are not blank, by number.
        name: what a person calls the whole ("table 2", "Steps").
        where: the words for the line of a number.
    """
    heads = _heads(lines)
    if not heads:
        return [], _as_note(lines, name)
    tables: list[RawTable] = []
    notes = [Note(where(line.number), _joined(line)) for line in lines[: heads[0]]]
    for place, head in enumerate(heads):
        end = heads[place + 1] if place + 1 < len(heads) else len(lines)
        body = list(lines[head + 1 : end])
        if end < len(lines):
            body, caption = _without_caption(body, lines[end].number)
            notes += [Note(where(line.number), _joined(line)) for line in caption]
        headings = list(lines[head].cells)
        if body and _names_seats(body[0]):
            headings = [body[0].at(at) or (headings[at] if at < len(headings) else "") for at in _width(headings, body)]
            body = body[1:]
        kind = kind_of(headings)
        assert kind is not None, "a line is a heading row by its kind"
        if body or kind != "steps" or end == len(lines):
            reader = _Table(kind, headings, body, where)
            tables.append(RawTable(kind, name, tuple(reader.rows())))
            notes += reader.notes
    return tables, notes


def blocks(lines: Sequence[Line]) -> list[list[Line]]:
    """Part lines where tables stand side by side: at columns that are blank in every line, if each part has headings."""
    used = sorted({place for line in lines for place in line.filled()})
    runs: list[list[int]] = []
    for place in used:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    if len(runs) < 2:
        return [list(lines)]
    parts = [list(_cut(lines, run[0], run[-1])) for run in runs]
    return parts if sum(bool(_heads(part)) for part in parts) > 1 else [list(lines)]


def _cut(lines: Sequence[Line], first: int, last: int) -> Iterator[Line]:
    for line in lines:
        cells = line.cells[first : last + 1]
        if any(cells):
            spread = {place - first: why for place, why in line.spread.items() if first <= place <= last}
            yield Line(line.number, cells, spread)


def _heads(lines: Sequence[Line]) -> list[int]:
    """Return where heading rows are: the first by its kind, further ones if they hold nothing but headings that we know."""
    found: list[int] = []
    for place, line in enumerate(lines):
        folded = [fold(cell) for cell in line.cells if cell]
        if len(folded) < 2:
            continue
        plain = all(cell in _HEADINGS for cell in folded)
        if (plain or (not found and place < FIRST_LINES)) and kind_of(line.cells) is not None:
            found.append(place)
    return found


def _names_seats(line: Line) -> bool:
    """Whether this is the second line of a heading of two: R, A, C and I below one cell that spans them."""
    filled = [fold(line.at(place)) for place in line.filled() if place not in line.spread]
    names = {name for column in "raci" for name in STEP_COLUMNS[column]}
    return len(filled) >= 3 and all(cell in names for cell in filled)


def _width(headings: Sequence[str], body: Sequence[Line]) -> range:
    return range(max(len(headings), len(body[0].cells)))


def _without_caption(body: list[Line], next_head: int) -> tuple[list[Line], list[Line]]:
    """Part off what stands right above the next heading row, below a blank line: it is not this table's."""
    above = next_head
    for place in range(len(body) - 1, -1, -1):
        if body[place].number < above - 1:
            return body[: place + 1], body[place + 1 :]
        above = body[place].number
    return body, []


def _joined(line: Line) -> str:
    """Return a line as a note says it; what a merged cell says is said once."""
    return " | ".join(line.at(place) for place in line.filled() if place not in line.spread)


def _as_note(lines: Sequence[Line], name: str) -> list[Note]:
    text = "\n".join(filter(None, map(_joined, lines)))
    return [Note(name, text)] if text else []


class _Table:
    """The rows of one table below its headings."""

    def __init__(
        self, kind: TableKind, headings: Sequence[str], body: Sequence[Line], where: Callable[[int], str]
    ) -> None:
        self._kind, self._headings, self._body, self._where = kind, headings, body, where
        self._columns = columns_of(headings, COLUMNS_OF[kind])
        self.notes: list[Note] = []
        self._seats = self._columns_of_seats() if kind == "steps" else {}
        self._find_numbers()

    def rows(self) -> Iterator[RawRow]:
        """Return the rows, in order; what they leave over goes into `notes`."""
        banner, used = "", True
        banner_at = 0
        for line in self._body:
            if all(place in line.spread for place in line.filled()):
                continue  # nothing stands in it but what a merged cell says of it
            if self._kind == "steps" and (text := self._banner(line)):
                if not used:
                    self.notes.append(Note(self._where(banner_at), banner))
                banner, banner_at, used = text, line.number, False
                continue
            row = self._row(line)
            self._note_rest(line)
            if not any(row.values.values()):
                continue
            if banner:
                row, took = self._below(row, banner, banner_at)
                used = used or took
            yield row
        if not used:
            self.notes.append(Note(self._where(banner_at), banner))

    def _columns_of_seats(self) -> dict[int, str]:
        """Return which columns are one role's letters: nothing but R, A, C and I under a short heading that is no column's.

        They stay as they are, under their heading: whose letters they are is for the role list to say.
        """
        if set(self._columns.values()) & {"raci", "r", "a", "c", "i"}:
            return {}
        found: dict[int, str] = {}
        for place, heading in enumerate(self._headings):
            texts = [line.at(place) for line in self._body if line.at(place)]
            is_free = (
                place not in self._columns
                and 0 < len(heading) <= 40
                and heading not in (*found.values(), *STEP_COLUMNS)
            )
            if is_free and texts and all(_LETTERED.fullmatch(text) for text in texts):
                found[place] = heading
        return found

    def _find_numbers(self) -> None:
        """Take a first column of whole numbers without a heading for the steps' numbers, as wiki tables are counted."""
        if self._kind != "steps" or "number" in self._columns.values() or 0 in self._columns:
            return
        texts = [line.at(0) for line in self._body if line.at(0) and 0 not in line.spread]
        counted = sum(text.isdecimal() for text in texts)
        if not any(character.isalnum() for character in (self._headings or [""])[0]) and counted * 2 > len(texts):
            self._columns[0] = "number"

    def _banner(self, line: Line) -> str:
        """Return the text of a line that says one thing across the table, or in one cell that is no step's title."""
        filled = line.filled()
        if len({line.at(place) for place in filled}) != 1:
            return ""
        text = line.at(filled[0])
        columns = {self._columns.get(place) for place in filled}
        if len(filled) > 1:
            return text if "title" in columns and any(place in line.spread for place in filled) else ""
        return text if columns <= {None, "number", "phase", "category"} and not text.isdecimal() else ""

    def _below(self, row: RawRow, banner: str, at: int) -> tuple[RawRow, bool]:
        """Give a row what the line above its group says, where it says nothing of it itself."""
        column = "phase" if phase_of(banner) else "category"
        if row.values.get(column):
            return row, row.values[column] == banner
        guesses = {**row.guesses, column: f"it stands below “{banner[:60]}” ({self._where(at)})"}
        return RawRow(row.where, {**row.values, column: banner}, guesses), True

    def _row(self, line: Line) -> RawRow:
        values = {column: line.at(place) for place, column in self._columns.items()}
        guesses = {self._columns[place]: why for place, why in line.spread.items() if place in self._columns}
        values |= {heading: line.at(place) for place, heading in self._seats.items()}
        if self._kind == "roles" and not values.get("code") and (named := _NAME_AND_CODE.fullmatch(values["name"])):
            values |= {"code": named["code"], "name": " ".join(named["name"].split())}
        return RawRow(self._where(line.number), values, guesses)

    def _note_rest(self, line: Line) -> None:
        """Keep what stands under headings that we do not know."""
        known = {*self._columns, *self._seats}
        rest = [place for place in line.filled() if place not in known and place not in line.spread]
        if rest:
            told = (f"{self._heading(place)}{line.at(place)}" for place in rest)
            self.notes.append(Note(self._where(line.number), " | ".join(told)))

    def _heading(self, place: int) -> str:
        heading = self._headings[place] if place < len(self._headings) else ""
        return f"{heading}: " if heading else ""
