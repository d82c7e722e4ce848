"""What the Integration Summary asks for, as data: every field by its key, in the order of the page (domain.md).

The source names nine areas that must be “completely filled out” and gives them no further fields: each is one text, in which the
person who integrated it says what Client Services must know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LONGEST_LINE, LONGEST_TEXT = 200, 4_000
MOST_ITEMS, LONGEST_ITEM = 50, 100
MOST_LINKS, LONGEST_LINK = 20, 500
#: What the column takes: the longest that any kind of field comes to, line ends included.
LONGEST_VALUE = max(LONGEST_TEXT, MOST_ITEMS * (LONGEST_ITEM + 1), MOST_LINKS * (LONGEST_LINK + 1))
LONGEST_REASON, LONGEST_NOTE, LONGEST_KEY = 500, 1_000, 40


class Kind(Enum):
    """What is written into a field: one line, a text, names one to a line, links one to a line."""

    LINE = "line"
    TEXT = "text"
    LIST = "list"
    LINKS = "links"

    @property
    def longest(self) -> int:
        """How many characters a field of the kind takes."""
        if self is Kind.LINE:
            return LONGEST_LINE
        return LONGEST_TEXT if self is Kind.TEXT else LONGEST_VALUE


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, by a slug."""

    slug: str
    title: str

    @property
    def anchor(self) -> str:
        """Its id on the page; apart from those of fields, some of which are called the same."""
        return f"section-{self.slug}"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked for. Each is filled or said not to apply, by name and with a reason; none is left out."""

    key: str
    section: Section
    title: str
    hint: str
    kind: Kind = Kind.TEXT


GENERAL = Section("general", "General")
TYPES = Section("invoice-types", "Invoice types")
VIDEOS = Section("videos", "Integration videos")
FILES = Section("files", "Exported files")

_LINKS = f"One link to a line, {MOST_LINKS} at most: https, or a path of this site."


def _area(key: str, title: str, hint: str) -> Field:
    return Field(key, Section(key, title), title, hint)


FIELDS: tuple[Field, ...] = (
    Field("integrator", GENERAL, "Integrator", "Who built the integration: the partner, or we ourselves.", Kind.LINE),
    Field("biller-software", GENERAL, "Biller Software", "The biller’s own system, as they call it.", Kind.LINE),
    Field(
        "general-comment", GENERAL, "General comment",
        "What Client Services must know first: what is particular, what was promised, what is still open.",
    ),
    Field(
        "invoice-types", TYPES, "Invoice types",
        f"Every invoice type, one to a line: {MOST_ITEMS} at most, {LONGEST_ITEM} characters each.", Kind.LIST,
    ),
    Field("videos", VIDEOS, "Integration videos", f"Recordings of testing are a good source. {_LINKS}", Kind.LINKS),
    Field("project-notes", FILES, "Project notes", _LINKS, Kind.LINKS),
    Field("raid-log", FILES, "RAID log", _LINKS, Kind.LINKS),
    Field("project-schedule", FILES, "Project schedule", _LINKS, Kind.LINKS),
    Field("uat-results", FILES, "UAT results", f"With the UAT plan, if there is one. {_LINKS}", Kind.LINKS),
    Field("sit-results", FILES, "SIT results", _LINKS, Kind.LINKS),
    Field("scope-plan", FILES, "Scope plan", f"The Solution Design, where that is the scope plan. {_LINKS}", Kind.LINKS),
    _area("invoices", "Invoices", "How they arrive, when, and what becomes of a corrected or cancelled one."),
    _area("bif-customizations", "BIF customizations", "What departs from the standard biller interface file, and why."),
    _area("payments", "Payments", "How payments are posted back, how often, and what splits or fees apply."),
    _area("adjustments", "Adjustments", "Which adjustments reach us, and how they change what is due."),
    _area("daily-balance-file", "Daily balance file", "When it comes, from where, and what happens when it does not."),
    _area("change-logs", "Change logs", "Which changes of accounts are passed on, in which direction."),
    _area("rejects", "Rejects", "How returned payments and refused rows are reported, and to whom."),
    _area("conveyance", "Conveyance", "What moves with an account that changes hands, and how."),
    _area("ivr", "IVR", "Whether payers pay by telephone, on which number, with which prompts."),
)  # fmt: skip
BY_KEY = {field.key: field for field in FIELDS}
SECTIONS: tuple[Section, ...] = tuple(dict.fromkeys(field.section for field in FIELDS))
