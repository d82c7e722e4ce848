"""What a file says before anybody has judged it: tables whose columns are recognised, and the text around them.

The readers of files (`scrape`, `html`, `sheet`) give a Page; `interpret` reads a playbook out of it. Pure: no database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

#: What a table is about. A page may have several of a kind; what is none of these is kept as notes.
TableKind = Literal["steps", "roles", "changes", "documents", "playbook"]
#: What became of a row. `read`: as it stands. `guessed`: something in it was filled in or chosen, and `text` says why.
#: `refused`: not taken, or taken so that publishing refuses it, and `text` says what is wrong. `kept`: it fits nowhere, and is
#: kept on the draft as a note.
Outcome = Literal["read", "guessed", "refused", "kept"]


class ImportRefused(Exception):  # noqa: N818
    """A file of which no draft is made. `problems` say why, each with its place where there is one."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(self.problems))


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a table: where it stands ("line 84", "row 3", "Steps!7") and its texts by column (`columns.py`).

    A column that the table has and the row leaves blank is there with an empty text; one that the table has not is not there.
    A column that is none of the known ones stands under its heading as the file writes it: one headed with a role's code holds
    the letters of that role, and any other is kept as a note (`strangers`).
    `guesses` say of a column why the reader put that text there, where the file does not plainly say so.
    """

    where: str
    values: Mapping[str, str]
    guesses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table of one kind, its heading row left out."""

    kind: TableKind
    where: str
    rows: tuple[RawRow, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A piece of text that fits nowhere in a playbook, and where it stood. It stays with the draft."""

    where: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """Return the note as it is stored (Version.notes)."""
        return {"where": self.where, "text": self.text}


@dataclass(frozen=True, slots=True)
class Page:
    """A file, read: its title, the number of the page it was taken from (both empty where unknown), tables, and the rest.

    `told` are rows of the report that the reader gives itself, on what belongs to no row (an encoding that was guessed).
    """

    file: str
    title: str = ""
    page: str = ""
    tables: tuple[RawTable, ...] = ()
    notes: tuple[Note, ...] = ()
    told: tuple[ReportRow, ...] = ()

    def rows(self, kind: TableKind) -> list[RawRow]:
        """Return the rows of all tables of a kind, in order."""
        return [row for table in self.tables if table.kind == kind for row in table.rows]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What became of one row or piece of text. `step` is the key it went to, if any."""

    where: str
    outcome: Outcome
    text: str
    step: str = ""
    number: int | None = None

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the keys of a row of `import_playbook --format json`."""
        return {
            "where": self.where,
            "outcome": self.outcome,
            "step": self.step,
            "number": self.number,
            "text": self.text,
        }
