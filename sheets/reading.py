"""Rows out of an uploaded spreadsheet, XLSX or CSV: everything in it is taken for an attack until it is a plain value.

What is read are values under known headings; what they mean is for the form of the room that asked. A file is refused whole, with
each problem named by its cell, so that nobody imports half of a sheet.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

import openpyxl
from openpyxl.utils import get_column_letter, range_boundaries

LARGEST_FILE = 10 * 1024 * 1024
#: All parts of an XLSX together, unpacked. Ten thousand rows of eight columns with 200 characters each are 16 MB.
LARGEST_UNPACKED = 50 * 1024 * 1024
MOST_PARTS = 500
#: XML elements of all parts together, and cells of one row (Excel's own most). A row is built whole before anybody sees a cell of
#: it, and so is the list of shared texts: without these a file of 50 MB could become gigabytes.
MOST_ELEMENTS = 3_000_000
MOST_CELLS_A_ROW = 16_384
MOST_SHEETS = 50
MOST_ROWS = 10_000
#: Blank lines count too, up to here.
LAST_LINE = 100_000
MOST_COLUMNS = 60
LONGEST_CELL = 32_767
#: After so many problems the rest goes untold.
MOST_PROBLEMS = 20
#: What openpyxl, zipfile and the XML parser raise at a file that is broken or made up; they share no error of their own for
#: it. A test raises each of these with a file.
_BROKEN = (
    zipfile.BadZipFile,  # no zip file, or a part whose checksum is wrong
    zlib.error, lzma.LZMAError, EOFError,  # a packed part that is garbled, or ends too early
    OSError,  # no part is the workbook; a part packed with bzip2 that is garbled
    RuntimeError,  # a part that is encrypted; as NotImplementedError, one packed in a way that Python does not know
    SyntaxError,  # XML that is none
    LookupError,  # a part, a shared text or a style that is not there; XML in a code that there is not
    ValueError,  # text for a number, a word that the format does not know; XML with entities; a name that is no UTF-8
    TypeError,  # an attribute that is missing, or of the wrong kind
    AttributeError,  # a sheet that is a chart
    OverflowError,  # a number that no C integer holds
)  # fmt: skip
_SEPARATORS = (",", ";", "\t")

if not openpyxl.DEFUSEDXML:
    raise ImportError("defusedxml is not installed: spreadsheets from outside are not read without it")

#: Upper left and lower right corner of merged cells: row, column, row, column, from 1.
Corners = tuple[int, int, int, int]
Value = str | int | float | bool | dt.date | dt.datetime | dt.time | None


class SheetRefused(Exception):  # noqa: N818
    """A file that is not read. `problems` say why, each with its cell where there is one."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(self.problems))


class FormulasRefused(SheetRefused):
    """A file with formulas: their values are somebody else's last calculation."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading that is looked for (in either case, blanks around it), and what its values are called."""

    name: str
    key: str
    required: bool = False
    also: tuple[str, ...] = ()

    def called(self, heading: str) -> bool:
        """Return whether `heading` is this column's."""
        return heading.strip().casefold() in {name.casefold() for name in (self.name, *self.also)}


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not blank: its number, as a spreadsheet counts, and its values by the columns' keys."""

    number: int
    values: Mapping[str, Value]

    def text(self) -> dict[str, str]:
        """Return the values as a form takes them: dates ISO, whole numbers without a point, nothing for an empty cell."""
        return {key: as_text(value) for key, value in self.values.items()}


@dataclass(frozen=True, slots=True)
class Table:
    """What was read: the rows, and the headings that are no column's and were passed over.

    `letters` says under which letter of the sheet each column's key was found, so that a form can name a cell.
    """

    rows: list[Row]
    ignored: list[str]
    letters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet as it lies there, its headings not looked for: the lines that are not blank, by number, and what is merged.

    `coding` is how the text of a CSV file was taken to be coded; `title` is empty there.
    """

    title: str
    lines: list[tuple[int, list[Value]]]
    merged: list[Corners] = field(default_factory=list)
    coding: str = ""


def as_text(value: Value) -> str:
    """Return a value as it would be typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value).strip()


def read(file: BinaryIO, name: str, columns: Sequence[Column], *, sheet: str = "", most_rows: int = MOST_ROWS) -> Table:
    """Return the rows of a CSV or XLSX file.

    Args:
        file: at its beginning. name: what the file is called; its ending only says what to try, the content decides.
        columns: what is looked for in the first row. sheet: the sheet that is read where the book has it, otherwise the first.

    Raises:
        SheetRefused: too large, no spreadsheet, a bomb, a formula, a required heading that is not there or one that is there
            twice, too many rows, a cell that is too long.
    """
    data = file.read(LARGEST_FILE + 1)
    _refuse_at_sight(data)
    lines = _xlsx(data, sheet) if data.startswith(b"PK") else _csv(data)
    try:
        return _table(lines, columns, most_rows)
    except _BROKEN as broken:
        raise SheetRefused([f"“{name}” cannot be read as a spreadsheet."]) from broken


def grids(data: bytes, name: str, *, most_rows: int = MOST_ROWS) -> list[Grid]:
    """Return all sheets of an XLSX file, or the one of a CSV file, for a reader that looks for its headings itself.

    Args:
        data: the file. name: what it is called.
        most_rows: rows with a value, of all sheets together; a file with more is refused before it is loaded.

    Raises:
        SheetRefused: as `read`; and a sheet that is wider than MOST_COLUMNS, rather than cut.
    """
    _refuse_at_sight(data)
    try:
        if not data.startswith(b"PK"):
            text, coding = _decoded(data)
            return [Grid("", _kept(_records(text, _separator(text)), most_rows, ""), coding=coding)]
        return _grids_of_book(data, most_rows)
    except _BROKEN as broken:
        raise SheetRefused([f"“{name}” cannot be read as a spreadsheet."]) from broken


def _refuse_at_sight(data: bytes) -> None:
    if len(data) > LARGEST_FILE:
        raise SheetRefused([f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB."])
    if not data:
        raise SheetRefused(["The file is empty."])
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetRefused(["This is an old Excel file (.xls). Save it as .xlsx, or as CSV, and choose it again."])


def _grids_of_book(data: bytes, most_rows: int) -> list[Grid]:
    merged = _looked_through(data, most_rows)
    found: list[Grid] = []
    formulas: list[str] = []
    with _opened(data) as book:
        if len(book.worksheets) > MOST_SHEETS:
            raise SheetRefused([f"The book has {len(book.worksheets)} sheets; {MOST_SHEETS} is the most."])
        for worksheet in book.worksheets:
            try:
                lines = _kept(_lines(worksheet, MOST_COLUMNS + 1, f"{worksheet.title}!"), most_rows, worksheet.title)
            except FormulasRefused as refused:
                formulas += refused.problems
                continue
            found.append(Grid(worksheet.title, lines, merged.get(str(worksheet._worksheet_path), [])))
    if formulas:
        raise FormulasRefused(formulas[:MOST_PROBLEMS])
    return found


def _kept(lines: Iterable[tuple[int, Sequence[Value]]], most_rows: int, title: str) -> list[tuple[int, list[Value]]]:
    """Return the lines that are not blank; refuse what is too many, too wide or too long."""
    found: list[tuple[int, list[Value]]] = []
    problems: list[str] = []
    for number, line in lines:
        filled = [place for place, value in enumerate(line) if value is not None and as_text(value)]
        if not filled:
            continue
        if len(found) >= most_rows:
            raise SheetRefused([f"More than {most_rows:,} rows. Import them in parts."])
        sheet = f"{title}!" if title else ""
        if filled[-1] >= MOST_COLUMNS:
            place = f"{sheet}{get_column_letter(filled[-1] + 1)}{number}"
            raise SheetRefused([f"{place}: there are more than {MOST_COLUMNS} columns."])
        problems += [
            f"{sheet}{get_column_letter(place + 1)}{number}: longer than {LONGEST_CELL:,} characters."
            for place in filled
            if isinstance(line[place], str) and len(str(line[place])) > LONGEST_CELL
        ]
        if len(problems) >= MOST_PROBLEMS:
            break
        found.append((number, list(line[: filled[-1] + 1])))
    if problems:
        raise SheetRefused(problems[:MOST_PROBLEMS])
    return found


class _Look:
    """What a parser that keeps nothing tells of the parts of a book, one after another."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows, self._elements, self._rows = most_rows, 0, 0
        self.merged: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Begin a part."""
        self._cells, self._counted, self.merged = 0, True, []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Count an element."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise SheetRefused(["The book has more in it than any sheet of ours: make it smaller, or save it as CSV."])
        kind = tag.rpartition(":")[2]
        if kind == "c":
            self._cells += 1
            if self._cells > MOST_CELLS_A_ROW:
                raise SheetRefused([f"A row has more than {MOST_CELLS_A_ROW:,} cells."])
        elif kind == "row":
            self._cells, self._counted = 0, False
        elif kind in ("v", "t") and not self._counted:
            self._counted = True
            self._rows += 1
            if self._rows > self._most_rows:
                raise SheetRefused([f"More than {self._most_rows:,} rows. Import them in parts."])
        elif kind == "mergeCell":
            self.merged.append(attributes.get("ref", ""))

    def entity(self, *_: Any) -> None:
        """Refuse a file that declares an entity, as openpyxl would."""
        raise ValueError("entities are not read")


def _looked_through(data: bytes, most_rows: int = LAST_LINE * MOST_SHEETS) -> dict[str, list[Corners]]:
    """Refuse what would grow when it is loaded, by reading each part once and keeping none; return what is merged, by part."""
    look = _Look(most_rows)
    found: dict[str, list[Corners]] = {}
    with _unpacked(data) as packed:
        for part in packed.infolist():
            look.begin()
            parser = expat.ParserCreate()
            parser.StartElementHandler, parser.EntityDeclHandler = look.start, look.entity
            try:
                with packed.open(part) as content:
                    while chunk := content.read(65_536):
                        parser.Parse(chunk, False)
            except expat.ExpatError:
                continue  # a picture, or XML that is none: openpyxl will say so if it needs it
            if look.merged:
                found[part.filename] = [_corners(ref) for ref in look.merged]
    return found


def _corners(ref: str) -> Corners:
    """Return the corners of `B2:D4`. Raises ValueError where it is none."""
    left, top, right, bottom = range_boundaries(ref)
    if left is None or top is None or right is None or bottom is None:
        raise ValueError(ref)
    return top, left, bottom, right


@contextmanager
def _unpacked(data: bytes) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = packed.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            raise SheetRefused([f"Unpacked, the file is larger than {LARGEST_UNPACKED // 1024 // 1024} MB."])
        if "xl/workbook.xml" not in packed.namelist():
            raise SheetRefused(["This is no spreadsheet: choose an .xlsx or a CSV file."])
        yield packed


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    try:
        if not book.worksheets:
            raise SheetRefused(["The book has no sheet with rows."])
        yield book
    finally:
        book.close()


def _table(lines: Iterable[tuple[int, Sequence[Value]]], columns: Sequence[Column], most_rows: int) -> Table:
    numbered = iter(lines)
    first = next(((number, line) for number, line in numbered if any(as_text(value) for value in line)), None)
    if first is None:
        raise SheetRefused(["The sheet has no rows."])
    places, ignored = _places(*first, columns)
    rows: list[Row] = []
    problems: list[str] = []
    for number, line in numbered:
        values = {column.key: line[place] if place < len(line) else None for place, column in places.items()}
        if not any(as_text(value) for value in values.values()):
            continue
        problems += [
            f"{get_column_letter(place + 1)}{number}: longer than {LONGEST_CELL:,} characters."
            for place in places
            if place < len(line) and isinstance(line[place], str) and len(str(line[place])) > LONGEST_CELL
        ]
        if len(rows) >= most_rows:
            problems.append(f"More than {most_rows:,} rows. Import them in parts.")
        if len(problems) >= MOST_PROBLEMS or len(rows) >= most_rows:
            break
        rows.append(Row(number, values))
    if problems:
        raise SheetRefused(problems)
    return Table(rows, ignored, {column.key: get_column_letter(place + 1) for place, column in places.items()})


def _places(number: int, line: Sequence[Value], columns: Sequence[Column]) -> tuple[dict[int, Column], list[str]]:
    places: dict[int, Column] = {}
    ignored: list[str] = []
    problems: list[str] = []
    for place, value in enumerate(line[:MOST_COLUMNS]):
        heading = as_text(value)
        column = next((column for column in columns if column.called(heading)), None)
        if column is None:
            ignored += [heading] if heading else []
        elif column in places.values():
            problems.append(f"{get_column_letter(place + 1)}{number}: the heading “{heading}” is there twice.")
        else:
            places[place] = column
    missing = [column.name for column in columns if column.required and column not in places.values()]
    if missing:
        problems.append(f"These headings are missing in the first row: {', '.join(missing)}.")
    if problems:
        raise SheetRefused(problems)
    return places, ignored


def _csv(data: bytes) -> Iterator[tuple[int, Sequence[Value]]]:
    text, _ = _decoded(data)
    head = text.partition("\n")[0]
    for number, line in _records(text, max(_SEPARATORS, key=head.count)):
        yield number, line[:MOST_COLUMNS]


def _decoded(data: bytes) -> tuple[str, str]:
    """Return the text of a CSV file, and how it was taken to be coded."""
    if b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SheetRefused(["This is neither a spreadsheet (.xlsx) nor text with commas (CSV)."])
    coding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(coding), coding
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "cp1252"  # what Excel saves as plain “CSV” on Windows


def _separator(text: str) -> str:
    """Return what parts the columns: what the first lines have most of, since the headings need not be the first of them."""
    head = "\n".join(text[: 64 * 1024].split("\n", 20)[:20])
    return max(_SEPARATORS, key=head.count)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[Value]]]:
    try:
        for number, line in enumerate(csv.reader(_short_lines(text, separator), delimiter=separator), start=1):
            yield number, [_unguarded(value) for value in line]
    except csv.Error as broken:
        raise SheetRefused([f"This cannot be read as CSV: {broken}."]) from broken


def _short_lines(text: str, separator: str) -> Iterator[str]:
    """Return the lines; refuse one that would be parted into more cells than any sheet has."""
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if line.count(separator) > MOST_CELLS_A_ROW:
            raise SheetRefused([f"Line {number:,} has more than {MOST_CELLS_A_ROW:,} cells."])
        yield line


def _unguarded(value: str) -> str:
    """Take back the apostrophe with which `writing.cell` keeps text from being a formula."""
    return value[1:] if value[:1] == "'" and value[1:2] in {"=", "+", "-", "@", "\t", "\r"} else value


def _xlsx(data: bytes, title: str) -> Iterator[tuple[int, Sequence[Value]]]:
    _looked_through(data)
    with _opened(data) as book:
        yield from _lines(book[title] if title in book.sheetnames else book.worksheets[0], MOST_COLUMNS)


def _lines(worksheet: Any, columns: int, prefix: str = "") -> Iterator[tuple[int, Sequence[Value]]]:
    worksheet.reset_dimensions()  # what the file says of its own size is not believed
    formulas: list[str] = []
    for line, cells in enumerate(worksheet.iter_rows(max_col=columns), start=1):
        if line > LAST_LINE:  # a row may say that it is the billionth: those before it are counted out to us one by one
            raise SheetRefused([f"There are rows after line {LAST_LINE:,}. Delete the blank ones before them."])
        row = next((found.row for found in cells if hasattr(found, "row")), 0)
        formulas += [
            f"{prefix}{found.coordinate}: a formula. Paste its value instead."
            for found in cells
            if found.data_type == "f"
        ]
        if len(formulas) >= MOST_PROBLEMS:
            break
        if row and not formulas:
            yield row, [_plain(found.value) for found in cells]
    if formulas:
        raise FormulasRefused(formulas)


def _plain(value: object) -> Value:
    if value is None or isinstance(value, (bool, int, float, str, dt.date, dt.datetime, dt.time)):
        return value
    return str(value)
