"""The table of steps in a scrape: which line is which cell of which row. `scrape.py` says by what; guesses are marked."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set

from playbook import vocabulary as words
from playbook.importing.columns import fold
from playbook.importing.meanings import phase_of, required_means
from playbook.importing.raw import ImportRefused, RawRow
from playbook.importing.scrape_headings import LONGEST_HEADING, Heading, is_role_column
from playbook.importing.scrape_rows import Chunk, before_the_next_part, chunks, reads_on
from playbook.importing.texts import Line

MOST_ROWS = 2 * words.MOST_STEPS
_CODE = r"[A-Z][A-Z0-9&]{0,6}(?: I{1,3})?"
_LETTERS = re.compile(r"[RACI](?:\s*[/,]\s*[RACI]){0,3}|[-–—]|n/?a", re.I)
_OWNERS = re.compile(rf"{_CODE}(?:\s*[,;&]\s*{_CODE})*")
_SEATS = re.compile(rf"(?:{_CODE})?(?:\s*[,/]\s*(?:{_CODE})?)+")
_CODES = re.compile(rf"{_CODE}(?:\s*[,/;&]\s*{_CODE})*|[-–—]|n/?a")


class StepTable:
    """A table of steps whose heading row is read."""

    def __init__(self, heading: Heading, codes: Set[str], guesses: Mapping[int, str]) -> None:
        """Take the heading row, the codes of the page's roles (they tell a cell of letters), and what was guessed of lines."""
        self.heading, self.codes, self.guesses = heading, codes, guesses

    def read(self, region: Sequence[Line]) -> list[tuple[Chunk, list[Line], RawRow]]:
        """Return the rows in the lines below the heading: the lines of each, those of them that were taken, and what they say.

        Raises:
            ImportRefused: more rows than a playbook has steps, twice over.
        """
        columns = [column for column in self.heading.columns if column != "number"]
        numbered = list(chunks(region, strong=lambda at: self._strong(region, at, columns)))
        whole = numbered or list(self._unnumbered(region, columns))
        parts = [part for chunk in whole for part in self._parted(chunk, columns)]
        if len(parts) > MOST_ROWS:
            raise ImportRefused(
                [f"{parts[MOST_ROWS].where}: the table has {len(parts):,} rows; {words.MOST_STEPS} is the most."]
            )
        categories = self._categories(parts, columns) if "category" in columns else set()
        rows = []
        for chunk in parts:
            taken = self._cells(chunk, columns, categories)
            number = chunk.number
            if self.heading.counted and number.isdigit():
                number = str(int(number) - 1)
                chunk.guesses.setdefault("number", "the page counts its heading row as 1, so the rows are one less")
            values = {"number": number, **dict.fromkeys(columns, ""), **chunk.values}
            for line in taken:
                if line.at in self.guesses:
                    chunk.guesses.setdefault("guidance", f"line {line.at}: {self.guesses[line.at]}")
            rows.append((chunk, taken, RawRow(chunk.where, values, chunk.guesses)))
        return rows

    def _matches(self, column: str, text: str) -> bool:
        """Whether a cell of this column can be told by its look, and this is one."""
        if column == "phase":
            return phase_of(text) is not None
        if column == "raci":
            return self._is_cell(text)
        if column in ("r", "a", "c", "i"):
            return bool(_CODES.fullmatch(text))
        if column in ("required", "applies"):
            return len(text) <= LONGEST_HEADING and required_means(text) is not None
        if column == "duration":
            return bool(
                re.fullmatch(r"\d{1,3}(?:\s*[-–]\s*\d{1,3})?(?: (?:working |business )?(?:days?|weeks?))?", text)
            )
        return is_role_column(column) and bool(_LETTERS.fullmatch(text))

    def _closed(self, column: str) -> bool:
        return column in ("phase", "raci", "r", "a", "c", "i", "required", "applies", "duration") or is_role_column(
            column
        )

    def _is_cell(self, text: str) -> bool:
        if text in self.codes or (not self.codes and len(text) <= LONGEST_HEADING and _OWNERS.fullmatch(text)):
            return True
        if len(text) > words.LONGEST_CELL or not _SEATS.fullmatch(text):
            return False
        codes = [code for code in re.split(r"\s*[,/]\s*", text) if code]
        listed = [code for code in codes if code in self.codes]
        # "SIT/UAT" may end a sentence of its own; a cell names the page's roles, or has seats to spare.
        return bool(codes) and (bool(listed) or (text.count("/") >= 2))

    def _strong(self, region: Sequence[Line], at: int, columns: Sequence[str]) -> bool:
        """Whether a number stands where a row must begin: after a last cell, or before a first one."""
        before = next((line.text for line in reversed(region[max(0, at - 4) : at]) if line.text), "")
        after = next((line.text for line in region[at + 1 : at + 5] if line.text), "")
        return (self._closed(columns[-1]) and self._matches(columns[-1], before)) or (
            self._closed(columns[0]) and self._matches(columns[0], after)
        )

    def _parted(self, chunk: Chunk, columns: Sequence[str]) -> Iterator[Chunk]:
        """Part a row in which a last cell stands before a phase: the number of the second row is missing."""
        if columns[0] != "phase" or not self._closed(columns[-1]):
            yield chunk
            return
        filled = [place for place, line in enumerate(chunk.lines) if line.text]
        cuts = [
            following
            for here, following in itertools.pairwise(filled[1:])
            if self._matches(columns[-1], chunk.lines[here].text)
            and self._matches("phase", chunk.lines[following].text)
        ]
        for number, (start, end) in enumerate(itertools.pairwise([0, *cuts, len(chunk.lines)])):
            is_last = chunk.is_last and end == len(chunk.lines)
            where = chunk.where if not number else chunk.lines[start].where
            yield Chunk(
                "" if number else chunk.number, where, chunk.lines[start:end], is_last, start=chunk.start + start
            )

    def _unnumbered(self, region: Sequence[Line], columns: Sequence[str]) -> Iterator[Chunk]:
        """Part a table without numbers: a row begins with a phase, or behind the last cell of the row above."""
        opens, closes = columns[0] == "phase", self._closed(columns[-1]) and columns[-1] != columns[0]
        starts: list[int] = []
        before: str | None = None
        for place, line in enumerate(region):
            if not line.text:
                continue
            follows = before is None or (closes and self._matches(columns[-1], before))
            if (before is None or opens or closes) and (
                (follows and (not opens or self._matches("phase", line.text)))
                or (opens and not closes and self._matches("phase", line.text))
            ):
                starts.append(place)
            before = line.text
        if not (opens or closes):
            return
        for start, end in itertools.pairwise([*starts, len(region)]):
            lines = list(region[start:end])
            yield Chunk("", lines[0].where, lines, end == len(region), start=start)

    def _categories(self, chunks: Sequence[Chunk], columns: Sequence[str]) -> set[str]:
        """Return the texts that stand where a category stands in two rows or more."""
        seen: Counter[str] = Counter()
        for chunk in chunks:
            cells = [line.text for line in chunk.lines if line.text]
            if "phase" in columns[: columns.index("category")] and cells and phase_of(cells[0]):
                cells = cells[1:]
            if len(cells) > 1 and not reads_on(cells[0]):
                seen[fold(cells[0])] += 1
        return {text for text, count in seen.items() if count > 1}

    def _cells(self, chunk: Chunk, columns: Sequence[str], categories: set[str]) -> list[Line]:
        """Give each line of a row its column. Return the lines that were taken; a last row may leave some."""
        lines = list(chunk.lines)
        groups = _groups(columns, self._closed)
        taken: list[Line] = []
        for place, (is_closed, group) in enumerate(groups):
            if is_closed:
                continue
            before = groups[place - 1][1] if place else []
            after = groups[place + 1][1] if place + 1 < len(groups) else []
            ends_row = place + 2 >= len(groups)
            if before and place == 1:
                taken += self._lead(chunk, lines, before)
            inside, closing, lines = self._until(chunk, lines, after, ends_row=ends_row)
            if not after and chunk.is_last:
                inside, lines = before_the_next_part(inside, has_cell_before=bool(before)), []
            self._open(chunk, group, inside, categories)
            taken += [*inside, *closing]
        return taken

    def _lead(self, chunk: Chunk, lines: list[Line], columns: Sequence[str]) -> list[Line]:
        taken = []
        for column in columns:
            filled = next((place for place, line in enumerate(lines) if line.text), None)
            if filled is not None and self._matches(column, lines[filled].text) and len(lines) > filled + 1:
                chunk.values[column] = lines[filled].text
                taken += lines[: filled + 1]
                del lines[: filled + 1]
        return taken

    def _until(
        self, chunk: Chunk, lines: list[Line], columns: Sequence[str], *, ends_row: bool
    ) -> tuple[list[Line], list[Line], list[Line]]:
        """Part the lines at the closed cells of `columns`: what stands before, the cells themselves, and what follows."""
        if not columns:
            return lines, [], []
        filled = [place for place, line in enumerate(lines) if line.text]
        runs = self._runs(lines, filled, columns)
        if not runs:
            inside = before_the_next_part(lines, has_cell_before=False) if chunk.is_last else lines
            return inside, [], []
        # In the middle of a row the first full run counts, at its end the last one; in the table's last row what follows is text.
        longest = max(length for _, length in runs) if columns != ["raci"] else 0
        full = [run for run in runs if run[1] >= longest]
        first, length = full[-1] if ends_row and not chunk.is_last else full[0]
        places = filled[first : first + length]
        cells = [lines[place].text for place in places]
        if columns == ["raci"] and length > 1:
            chunk.guesses["raci"] = f"the cell stands on {length} lines"
            cells, length = [" ".join(cells)], 1
        if length < len(columns) and self._with_blanks(chunk, columns, lines[places[0] : places[0] + len(columns)]):
            places = list(range(places[0], places[0] + len(columns)))
        elif length < len(columns):
            self._short(chunk, columns, cells)
        else:
            chunk.values.update(zip(columns, cells, strict=True))
        before, rest = lines[: places[0]], lines[places[-1] + 1 :]
        if ends_row and not chunk.is_last and any(line.text for line in rest):
            chunk.guesses["guidance"] = "text that stands behind the last cell was added"
            return [*before, *rest], [lines[place] for place in places], []
        return before, [lines[place] for place in places], ([] if ends_row else rest)

    def _runs(self, lines: Sequence[Line], filled: Sequence[int], columns: Sequence[str]) -> list[tuple[int, int]]:
        """Return where cells of these columns follow one another: place among the filled lines, and how many."""
        runs: list[tuple[int, int]] = []
        if columns == ["raci"]:
            # One cell, which may stand on several lines.
            for first in range(1, len(filled)):
                text = lines[filled[first]].text
                last = lines[filled[first - 1]].text
                if not self._is_cell(text):
                    continue
                if (
                    runs
                    and runs[-1][0] + runs[-1][1] == first
                    and (last.endswith(("/", ",")) or text.startswith(("/", ",")))
                ):
                    runs[-1] = (runs[-1][0], runs[-1][1] + 1)
                else:
                    runs.append((first, 1))
            return runs
        for first in range(1, len(filled)):
            length = 0
            for column, place in zip(columns, filled[first:], strict=False):
                if not self._matches(column, lines[place].text):
                    break
                length += 1
            if length:
                runs.append((first, length))
        return runs

    def _with_blanks(self, chunk: Chunk, columns: Sequence[str], lines: Sequence[Line]) -> bool:
        """Take blank lines for blank cells, where lines and columns are as many as each other."""
        if len(lines) < len(columns) or not all(
            not line.text or self._matches(column, line.text) for column, line in zip(columns, lines, strict=True)
        ):
            return False
        for column, line in zip(columns, lines, strict=True):
            chunk.values[column] = line.text
            if not line.text:
                chunk.guesses[column] = "a blank line was taken for a blank cell"
        return True

    def _short(self, chunk: Chunk, columns: Sequence[str], cells: Sequence[str]) -> None:
        """Fewer cells than columns: where each could be any, none is taken for sure."""
        said = ", ".join(column.upper() for column in columns)
        chunk.values[columns[0]] = " ".join(cells) if len(columns) == 1 else ""
        chunk.values["unplaced letters"] = " | ".join(cells)
        chunk.guesses["unplaced letters"] = f"{len(cells)} of the {len(columns)} cells {said} stand in the scrape"

    def _open(self, chunk: Chunk, columns: Sequence[str], lines: Sequence[Line], categories: set[str]) -> None:
        """Give the lines of free text their columns: category, title, guidance and others."""
        cells = [line.text for line in lines if line.text]
        rest = list(columns)
        if rest and rest[0] == "phase":  # never: a phase is told by its look
            rest = rest[1:]
        if "category" in rest and rest.index("category") == 0 and "title" in rest:
            cells = self._category(chunk, cells, rest, categories)
            rest = rest[1:]
        if rest[:1] == ["title"]:
            if len(rest) == 1:
                chunk.values["title"], cells = _joined(cells), []
            elif cells:
                chunk.values["title"], cells = cells[0], cells[1:]
            rest = rest[1:]
        if not cells:
            return
        if len(rest) == len(cells) and len(rest) > 1:
            chunk.values.update(zip(rest, cells, strict=True))
        else:
            column = "guidance" if "guidance" in rest or not rest else rest[0]
            if len(rest) > 1:
                chunk.guesses[column] = f"the cells {', '.join(rest)} cannot be told apart in the scrape"
            chunk.values[column] = "\n".join([*filter(None, [chunk.values.get(column, "")]), *cells])

    def _category(self, chunk: Chunk, cells: list[str], columns: Sequence[str], categories: set[str]) -> list[str]:
        """Take the category off the front of the cells, where there is one. Source: domain.md, "Steps" (3, 35, Outbound 2)."""
        if (
            "phase" not in chunk.values
            and len(cells) > 2
            and fold(cells[0]) not in categories
            and fold(cells[1]) in categories
        ):
            # A word where the phase stands, which is none that we know, before a category that we do.
            chunk.values["phase"], cells = cells[0], cells[1:]
        short = next((place for place, text in enumerate(cells) if reads_on(text)), len(cells))
        if len(cells) < 2 or short == 0:
            return cells
        if fold(cells[0]) in categories and not (short == 1 and len(cells) == 2):
            chunk.values["category"] = cells[0]
            return cells[1:]
        if short == 1:
            return cells
        if (
            short == 3
            and len(cells) > 3
            and fold(cells[1]) not in categories
            and all(len(text.split()) <= 3 for text in cells[:2])
        ):
            chunk.values["category"] = ", ".join(cells[:2])
            chunk.guesses["category"] = "two lines were taken for one cell"
            return cells[2:]
        chunk.values["category"] = cells[0]
        chunk.guesses["category"] = "no other row has this category: the first line was taken for it"
        return cells[1:]


def _groups(columns: Sequence[str], is_closed: Callable[[str], bool]) -> list[tuple[bool, list[str]]]:
    """Return the columns in runs: those told by their look, and those of free text, by turns."""
    groups: list[tuple[bool, list[str]]] = []
    for column in columns:
        closed = is_closed(column)
        if groups and groups[-1][0] is closed:
            groups[-1][1].append(column)
        else:
            groups.append((closed, [column]))
    return groups


def _joined(cells: Sequence[str]) -> str:
    """Join the pieces of one text, which a link has parted: no blank before a mark that ends something."""
    text = ""
    for cell in cells:
        text += cell if not text or cell[:1] in tuple(".,;:)") else f" {cell}"
    return text
