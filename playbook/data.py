"""A playbook as a value. Pure: no database, no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accounts.models import Side
from playbook import vocabulary as words
from raci.letters import Raci

# The keys of the format, in the order in which they are written (design.md, "Playbook as code").
PLAYBOOK_KEYS = (
    *("playbook", "title", "kind", "version", "source", "changes", "open_questions", "roles", "documents", "steps"),
)
CHANGE_KEYS = ("version", "date", "author", "note")
DOCUMENT_KEYS = ("slug", "title", "mandatory", "live", "sections")
SECTION_KEYS = ("slug", "title", "mandatory")
SOURCE_KEYS = ("file", "page")
#: Where a step was read: the page, and its row there, in words ("line 84", "row 3", "Steps!7").
STEP_SOURCE_KEYS = (*SOURCE_KEYS, "row")
ROLE_KEYS = ("code", "name", "team", "side", "manages", "signs_as")
STEP_KEYS = (
    *(
        "key",
        "number",
        "phase",
        "category",
        "title",
        "guidance",
        "raci",
        "raci_source",
        "derived",
        "applies",
        "approval",
    ),
    *("duration_days", "needs", "documents", "meeting", "open_questions", "source"),
)


#: The letters of a step on which nobody holds one.
NOBODY = Raci()


@dataclass(frozen=True, slots=True)
class ChangeData:
    """One entry of the source's change log. `date` is an ISO date; None where the source gives none, or no possible one."""

    version: str
    date: str | None = None
    author: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RoleData:
    """A role of the playbook's own list. `manages`: whoever holds it runs the project; `signs_as`: whose word it gives, if
    any."""

    code: str
    name: str
    team: str = ""
    side: str = Side.INTERNAL.value
    manages: bool = False
    signs_as: str = ""


@dataclass(frozen=True, slots=True)
class SectionData:
    """One section of a document. `mandatory`: a gate is not passed while a step that writes it is done and it is empty."""

    slug: str
    title: str
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class DocumentData:
    """One document that the steps write: `mandatory` by itself where it has no sections, else each section says so.

    `live`: it is kept in Gatehouse itself (the SIT workbook), and its own criteria hold the gate.
    """

    slug: str
    title: str
    mandatory: bool = False
    live: bool = False
    sections: tuple[SectionData, ...] = ()

    @classmethod
    def of(cls, stored: dict[str, Any]) -> DocumentData:
        """Return the value that `asdict` made plain."""
        sections = tuple(SectionData(**section) for section in stored.get("sections", ()))
        return cls(**{**stored, "sections": sections})


@dataclass(frozen=True, slots=True)
class StepData:
    """One step. What is not known is empty; `derived` are the letters that the reading rule filled in.

    `source` says where the step was read (STEP_SOURCE_KEYS); it is empty in what was written here.
    """

    key: str
    number: int
    phase: str
    title: str
    category: str = ""
    guidance: str = ""
    raci: Raci = NOBODY
    raci_source: str = ""
    derived: tuple[str, ...] = ()
    applies: str = words.Applies.ALWAYS.value
    approval: str = ""
    duration_days: int = 1
    needs: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    meeting: str = ""
    open_questions: tuple[str, ...] = ()
    source: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlaybookData:
    """One version of one playbook. `source` has the keys `file` and `page`, as far as they are known."""

    playbook: str
    title: str
    kind: str = words.PlaybookKind.PHASED.value
    version: int = 1
    source: dict[str, str] = field(default_factory=dict)
    changes: tuple[ChangeData, ...] = ()
    open_questions: tuple[str, ...] = ()
    roles: tuple[RoleData, ...] = ()
    documents: tuple[DocumentData, ...] = ()
    steps: tuple[StepData, ...] = ()
