"""Read a plain-text scrape of a page: the cells of a table stand one after another on lines, and blank cells are missing.

Nothing in such a file says where a cell or a table ends. What does is used, in this order: the heading row, the number with which
a row begins, cells that can be told by their look (a phase, a cell of letters, "Yes"), and words that other rows repeat. What had
to be chosen is marked as guessed. Source: domain.md, "Reading an R / A / C / I cell" and "Steps"; the pages in `shared/sources`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_plus

from playbook import vocabulary as words
from playbook.importing.columns import fold
from playbook.importing.raw import ImportRefused, Note, Page, RawRow, RawTable, ReportRow
from playbook.importing.scrape_headings import HEADINGS, NUMBER, Heading, headings_in
from playbook.importing.scrape_rows import SECTIONS, SENTENCE_END, Chunk, chunks
from playbook.importing.scrape_steps import StepTable
from playbook.importing.texts import Line, lines_of

MOST_LINES = 50_000
_TITLE_LABELS = {"runbook", "runbook name", "page title", "title", "playbook", "playbook name"}
_ADDRESS = re.compile(r"^\s*URL:\s*(\S.*)$", re.I)
_PAGE_IN_ADDRESS = re.compile(r"/pages/(\d+)(?:/([^/?#\s]+))?")
_DATE = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}|"
    r"(?:\d{1,2} )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?(?: \d{1,2},?)? \d{4}",
    re.I,
)
_VERSION = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){0,3}", re.I)


def read_scrape(data: bytes, name: str) -> Page:
    """Read a scrape.

    Args:
        data: the file, at most 2 MiB of text. name: what it is called.

    Raises:
        ImportRefused: it is too long, or no text. A file without any table is a page of notes.
    """
    if len(data) > words.LONGEST_FILE:
        raise ImportRefused(
            [f"The text has {len(data):,} bytes; {words.LONGEST_FILE:,} is the most for a page of text."]
        )
    read = lines_of(data)
    if len(read.lines) > MOST_LINES:
        raise ImportRefused([f"The text has {len(read.lines):,} lines; {MOST_LINES:,} is the most."])
    return _Scrape(read.lines, name, read.guesses).page()


class _Scrape:
    """One file on its way to a page."""

    def __init__(self, lines: Sequence[Line], name: str, guesses: dict[int, str]) -> None:
        self.lines, self.name, self.guesses = lines, name, guesses
        self.codes: set[str] = set()
        self.used: set[int] = set()

    def page(self) -> Page:
        headings = list(headings_in(self.lines))
        ends = [*(heading.start for heading in headings[1:]), len(self.lines)]
        regions = list(zip(headings, ends, strict=False))
        # Roles first: their codes tell a cell of letters from other texts.
        found: dict[int, RawTable] = {}
        for wanted in (True, False):
            for heading, end in regions:
                if (heading.kind == "roles") is wanted:
                    found[heading.start] = self._table(heading, end)
        tables = tuple(found[heading.start] for heading in headings)
        title, page = self._address()
        return Page(
            self.name, self._labelled_title() or title or self._first_title(), page, tables, *self._rest(tables)
        )

    def _table(self, heading: Heading, end: int) -> RawTable:
        self.used.update(range(heading.start - heading.counted, heading.end))
        region = self.lines[heading.end : _end_of_page(self.lines, heading.end, end)]
        if heading.kind == "steps":
            read = StepTable(heading, self.codes, self.guesses).read(region)
            for chunk, taken, _ in read:
                self._take(heading, chunk, taken)
            rows = [row for _, _, row in read]
        elif heading.kind == "changes":
            rows = self._changes(heading, region)
        else:
            rows = self._list(heading, region)
        return RawTable(heading.kind, self.lines[heading.start].where, tuple(rows))

    # -- lists and the change log

    def _list(self, heading: Heading, region: Sequence[Line]) -> list[RawRow]:
        """Roles and documents: a number, then one line to a cell."""
        columns = [column for column in heading.columns if column != "number"]
        rows = []
        for chunk in chunks(region, strong=lambda _at: False):
            # A last row takes no heading of the part that follows for a cell.
            lines = [line for line in chunk.lines if line.text and not (chunk.is_last and fold(line.text) in SECTIONS)]
            if not lines:
                continue
            if chunk.is_last:
                lines = lines[: len(columns)]
            cells = [line.text for line in lines]
            values = dict.fromkeys(heading.columns, "")
            guesses = {}
            if len(cells) > len(columns):
                cells = [*cells[: len(columns) - 1], " ".join(cells[len(columns) - 1 :])]
                guesses[columns[-1]] = "several lines were joined"
            elif len(cells) < len(columns):
                guesses[columns[len(cells)]] = "the scrape leaves it out"
            values.update(zip(columns, cells, strict=False))
            values["number"] = chunk.number
            self._take(heading, chunk, lines)
            if heading.kind == "roles":
                self.codes.update(re.findall(r"\(([^()]{1,10})\)", values.get("name", "")))
                self.codes.update(filter(None, [values.get("code", "")]))
            rows.append(RawRow(chunk.where, values, guesses))
        return rows

    def _changes(self, heading: Heading, region: Sequence[Line]) -> list[RawRow]:
        """A change log: a date, an author, a version, and what changed. Any of the first two may be missing."""
        rows: list[RawRow] = []
        now: dict[str, str] = {}
        where = ""

        def close() -> None:
            if now:
                rows.append(RawRow(where, {column: now.get(column, "") for column in heading.columns}))
            now.clear()

        for at, line in enumerate(region):
            if not line.text:
                continue
            if fold(line.text) in SECTIONS or len(line.text) > words.LONGEST_QUESTION:
                break
            column = _change_column(line.text, now, heading.columns)
            if column in (None, "note") and "note" not in heading.columns:
                break  # a log without a column of texts ends at the first one
            if (
                column is None
                or (column in ("date", "version") and now.get(column))
                or (column == "date" and "note" in now)
            ):
                close()
                column = column or "note"
            where = where if now else line.where
            now[column] = f"{now[column]} {line.text}" if column in now else line.text
            self.used.add(heading.end + at)
        close()
        return rows

    def _take(self, heading: Heading, chunk: Chunk, taken: Sequence[Line]) -> None:
        """Count the lines of a row as used, up to the last one that was taken."""
        last = max((line.at for line in taken), default=0)
        start = heading.end + chunk.start
        # The line above is the row's number, where it has one; the n-th line is at place n - 1.
        self.used.update(range(start - bool(chunk.number), max(start, last)))

    # -- what is no table

    def _address(self) -> tuple[str, str]:
        for place in range(len(self.lines) - 1, -1, -1):
            found = _ADDRESS.match(self.lines[place].text)
            if found:
                self.used.add(place)
                page = _PAGE_IN_ADDRESS.search(found[1])
                return (unquote_plus(page[2] or "").strip(), page[1]) if page else ("", "")
        return "", ""

    def _labelled_title(self) -> str:
        filled = [line.text for line in self.lines[:200] if line.text][:6]
        for label, title in itertools.pairwise(filled):
            if fold(label) in _TITLE_LABELS and fold(title) not in HEADINGS | SECTIONS and len(title) <= 120:
                return title
        return ""

    def _first_title(self) -> str:
        for place, line in enumerate(self.lines[:40]):
            if place in self.used:
                return ""
            if line.text and fold(line.text) not in SECTIONS:
                is_title = (
                    len(line.text) <= 100 and not SENTENCE_END.search(line.text) and not NUMBER.fullmatch(line.text)
                )
                return line.text if is_title else ""
        return ""

    def _rest(self, tables: Sequence[RawTable]) -> tuple[tuple[Note, ...], tuple[ReportRow, ...]]:
        notes: list[Note] = []
        block: list[Line] = []
        for place, line in enumerate(self.lines):
            if place in self.used:
                notes += _noted(block)
                block = []
            elif line.text:
                block.append(line)
        notes += _noted(block)
        told = [
            ReportRow(
                "the whole file" if at == 0 else f"line {at}",
                "guessed",
                f"{reason[:1].upper()}{reason[1:]}.".replace("..", "."),
            )
            for at, reason in self.guesses.items()
        ]
        return tuple(notes), tuple(told)


def _end_of_page(lines: Sequence[Line], start: int, end: int) -> int:
    return next((place for place in range(start, end) if _ADDRESS.match(lines[place].text)), end)


def _change_column(text: str, now: dict[str, str], columns: Sequence[str]) -> str | None:
    """Return which column of the change log a line is, given what its entry has so far; None begins an entry with a note."""
    if "date" in columns and _DATE.fullmatch(text):
        return "date"
    if "version" in columns and _VERSION.fullmatch(text):
        return "version"
    if "author" in columns and "version" not in now and "note" not in now and "author" not in now and now:
        return "author"
    return "note" if now else None


def _noted(block: Sequence[Line]) -> Iterator[Note]:
    """Return a stretch of lines as notes of a length that a page can show."""
    part: list[Line] = []
    size = 0
    for line in block:
        if part and size + len(line.text) > words.LONGEST_GUIDANCE:
            yield _note(part)
            part, size = [], 0
        part.append(line)
        size += len(line.text) + 1
    if part:
        yield _note(part)


def _note(part: Sequence[Line]) -> Note:
    first, last = part[0].at, part[-1].at
    where = f"line {first}" if first == last else f"lines {first} to {last}"
    return Note(where, "\n".join(line.text for line in part)[: words.LONGEST_FILE])
