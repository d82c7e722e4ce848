"""A version as a book: what it says, sheet by sheet, so that `own.read_own` gives back the same value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from accounts.models import Side
from playbook import vocabulary as words
from playbook.data import PlaybookData, StepData
from playbook.importing.own import held
from raci.letters import LETTERS
from sheets.writing import LONGEST_CELL, Sheet
from transitions.phase import Phase

STEPS = (
    *(
        "Key",
        "Number",
        "Phase",
        "Category",
        "Step",
        "Description",
        *LETTERS,
        "R / A / C / I",
        "Derived",
        "Applies",
        "Approval",
    ),
    *("Duration", "Needs", "Documents", "Meeting", "Open questions", "Source"),
)
ROLES = ("Code", "Name", "Team", "Side", "Manages", "Signs as")
DOCUMENTS = ("Slug", "Title", "Mandatory", "Live", "Section", "Section title", "Section mandatory")
CHANGES = ("Version", "Date", "Author", "Description")
Row = Sequence[object]


def sheets_of(data: PlaybookData) -> list[Sheet]:
    """Return the sheets Playbook, Roles, Documents, Steps and Changes, for `sheets.writing`.

    Words are those of the screen (“Post-Live”), lists stand one entry a line. A step whose lists are longer than a cell goes on
    in further rows that have its key and nothing else.
    """
    return [
        Sheet("Playbook", ("Field", "Value"), _held(_fields(data))),
        Sheet("Roles", ROLES, _held(_roles(data))),
        Sheet("Documents", DOCUMENTS, _held(_documents(data))),
        Sheet("Steps", STEPS, _held(row for step in data.steps for row in _step(step))),
        Sheet("Changes", CHANGES, _held((one.version, _day(one.date), one.author, one.note) for one in data.changes)),
    ]


def file_name(data: PlaybookData) -> str:
    """Return what the file is called."""
    return f"{data.playbook}_v{data.version}.xlsx"


def _held(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield [held(value) if isinstance(value, str) else value for value in row]


def _fields(data: PlaybookData) -> Iterator[Row]:
    yield "Playbook", data.playbook
    yield "Title", data.title
    yield "Kind", words.PlaybookKind(data.kind).label
    yield "Version", data.version
    for name, value in data.source.items():
        yield f"Source {name}", value
    for question in data.open_questions:
        yield "Open question", question


def _roles(data: PlaybookData) -> Iterator[Row]:
    for role in data.roles:
        signs = words.SignsAs(role.signs_as).label if role.signs_as else ""
        yield role.code, role.name, role.team, Side(role.side).label, role.manages, signs


def _documents(data: PlaybookData) -> Iterator[Row]:
    for document in data.documents:
        yield document.slug, document.title, document.mandatory, document.live
        for section in document.sections:
            yield document.slug, "", "", "", section.slug, section.title, section.mandatory


def _day(iso: str | None) -> object:
    """Return a date as such where a spreadsheet has it; its calendar begins with 1900, and has that year wrong."""
    if iso is None:
        return None
    day = dt.date.fromisoformat(iso)
    return day if day.year > 1900 else iso


def _step(step: StepData) -> Iterator[Row]:
    lists = [_cells(entries) for entries in (step.needs, step.documents, step.open_questions)]
    first, *more = zip_longest(*lists, fillvalue="") if any(lists) else [("", "", "")]
    source = "\n".join(f"{name}: {value}" for name, value in step.source.items())
    yield (
        *(step.key, step.number, Phase(step.phase).label, step.category, step.title, step.guidance),
        *(", ".join(step.raci.under(letter)) for letter in LETTERS),
        *(step.raci_source, ", ".join(step.derived), words.Applies(step.applies).label),
        words.ApprovalKind(step.approval).label if step.approval else "",
        *(step.duration_days, first[0], first[1], step.meeting, first[2], source),
    )
    between = len(STEPS) - 6
    for needs, documents, questions in more:
        yield (step.key, *[""] * (between), needs, documents, "", questions)


def _cells(entries: Sequence[str]) -> list[str]:
    """Return a list as texts that fit into a cell, one entry a line."""
    cells: list[list[str]] = []
    room = 0
    for entry in entries:
        size = len(held(entry)) + 1
        if size > room:
            cells.append([])
            room = LONGEST_CELL
        cells[-1].append(entry)
        room -= size
    return ["\n".join(cell) for cell in cells]
