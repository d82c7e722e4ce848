"""Where tables begin in a plain-text scrape: runs of lines that are headings, and what their columns are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playbook.importing.columns import (
    CHANGE_COLUMNS,
    DOCUMENT_COLUMNS,
    ROLE_COLUMNS,
    STEP_COLUMNS,
    columns_of,
    fold,
    kind_of,
)
from playbook.importing.raw import ImportRefused, TableKind
from playbook.importing.texts import Line

MOST_COLUMNS = 24
MOST_LOOKS = 4_000
LONGEST_HEADING = 40
_KNOWN = {"steps": STEP_COLUMNS, "roles": ROLE_COLUMNS, "changes": CHANGE_COLUMNS, "documents": DOCUMENT_COLUMNS}
HEADINGS = {name for known in _KNOWN.values() for names in known.values() for name in names}
NUMBER = re.compile(r"(\d{1,4})[.)]?")
_ROLE_CODE = re.compile(r"[A-Z][A-Z0-9&]{1,5}(?: I{1,3})?")
#: One of these is in every heading row that tells what a table is about.
_ESSENTIAL = {*STEP_COLUMNS["title"], *ROLE_COLUMNS["name"], *CHANGE_COLUMNS["version"]}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading row: its lines from `start` to `end`, and its columns in order. `counted`: the row is number 1 itself."""

    start: int
    end: int
    kind: TableKind
    columns: tuple[str, ...]
    counted: bool = False


def headings_in(lines: Sequence[Line]) -> Iterator[Heading]:
    """Return the heading rows of a file, in order.

    Raises:
        ImportRefused: so many lines look like headings that it is no page.
    """
    folded = [fold(line.text) if len(line.text) <= LONGEST_HEADING else "" for line in lines]
    place = looks = 0
    while place < len(lines):
        if folded[place] not in HEADINGS:
            place += 1
            continue
        found, looked = _heading_at(lines, folded, place)
        looks += looked
        if looks > MOST_LOOKS:
            raise ImportRefused([f"{lines[place].where}: too many lines look like headings: this is no page."])
        place = found.end if found else place + 1
        if found:
            yield found


def _heading_at(lines: Sequence[Line], folded: Sequence[str], place: int) -> tuple[Heading | None, int]:
    """Return the heading row that begins on a line (known headings, few strange ones among them), and the tries it took."""
    run: list[str] = []
    seen: set[str] = set()
    best: Heading | None = None
    end = place
    strange = looks = 0
    while end < len(lines) and len(run) < MOST_COLUMNS:
        text, said = lines[end].text, folded[end]
        end += 1
        if not text:
            continue
        strange += said not in HEADINGS and not _ROLE_CODE.fullmatch(text)
        if not said or said in seen or strange > 3 or (NUMBER.fullmatch(text) and text != "#"):
            break
        run.append(text)
        seen.add(said)
        if len(run) < 2 or not seen & _ESSENTIAL:
            continue
        looks += 1
        is_numbered = _number_follows(lines, end)
        found = _columns(run, is_numbered=is_numbered)
        if found is not None:
            kind, columns = found
            before = next((line.text for line in reversed(lines[max(0, place - 3) : place]) if line.text), "")
            counted = kind == "steps" and before == "1" and _number_follows(lines, end, "2")
            best = Heading(place, end, kind, columns, counted)
        elif best is not None and _columns(run[1:], is_numbered=is_numbered) is not None:
            # "Changes Made, Date, Author, Version, Description": the first is the title of the table, not a column of it.
            return None, looks
    return best, looks


def _columns(run: Sequence[str], *, is_numbered: bool) -> tuple[TableKind, tuple[str, ...]] | None:
    kind = kind_of(run) if len(run) > 1 else None
    if kind is None or kind == "playbook":
        # A table of tasks under people's columns has no other column that tells it.
        roles = [text for text in run if _ROLE_CODE.fullmatch(text) and fold(text) not in HEADINGS]
        if len(roles) < 2 or fold(run[0]) not in STEP_COLUMNS["title"]:
            return None
        kind = "steps"
    known = columns_of(run, _KNOWN[kind])
    columns = tuple(known.get(place, text) for place, text in enumerate(run))
    strange = [text for text in columns if text not in _KNOWN[kind] and not (kind == "steps" and is_role_column(text))]
    last_is_strange = columns[-1] in strange
    if strange and not (is_numbered and len(strange) <= 3 and len(strange) < len(known) and kind == "steps"):
        return None
    if last_is_strange and not is_numbered:
        return None
    if len(set(columns)) != len(columns):
        return None
    return kind, columns


def _number_follows(lines: Sequence[Line], place: int, number: str = "") -> bool:
    following = next((line.text for line in lines[place : place + 6] if line.text), "")
    return following == number if number else bool(NUMBER.fullmatch(following))


def is_role_column(column: str) -> bool:
    """Whether a column is headed by the code of a role, and is none of those that we know."""
    return column not in STEP_COLUMNS and bool(_ROLE_CODE.fullmatch(column))
