"""The values of the pages about documents, ready to be written out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from accounts.models import User
from projects.models import Document, DocumentSection, DocumentVersion, Project
from projects.outline import Outline, Part, may_approve, may_write
from projects.signoff_form import SectionMoveForm, VersionForm
from transitions.machine import MoveSpec
from transitions.section import FILLED, SectionMachine, SectionState

#: Moves of whoever approves; the others are for whoever writes.
APPROVING = {"approve_section", "send_back_section"}


@dataclass(slots=True)
class VersionLine:
    """One version: what it is called, where it is, who added it when, and its digest."""

    number: int
    name: str
    label: str
    path: str
    here: bool
    by: str
    at: dt.datetime
    digest: str
    of_file: bool


@dataclass(slots=True)
class PartRow:
    """A section, or the document itself where it has none. The forms are there for whoever may use them."""

    slug: str
    title: str
    anchor: str
    state: str
    mandatory: bool
    revision: int
    reason: str
    reason_by: str
    versions: list[VersionLine]
    steps: list[tuple[str, str]]
    moves: list[MoveSpec]
    form: VersionForm | None = None
    typed: SectionMoveForm | None = None

    @property
    def quick(self) -> list[MoveSpec]:
        """The moves that ask for nothing."""
        return [spec for spec in self.moves if not spec.required]

    @property
    def reasoned(self) -> list[MoveSpec]:
        """The moves that ask for a reason."""
        return [spec for spec in self.moves if spec.required]


@dataclass(slots=True)
class DocumentRow:
    """One document: its parts, the versions of the whole where it has sections, what the person may do."""

    slug: str
    title: str
    url: str
    visible: bool
    live: bool
    state: str
    parts: list[PartRow]
    versions: list[VersionLine]
    steps: list[tuple[str, str]]
    may_write: bool
    form: VersionForm | None = None

    @property
    def sectioned(self) -> bool:
        """Whether it has sections."""
        return bool(self.parts[0].slug)

    @property
    def filled(self) -> int:
        """How many of its parts have something in them."""
        return sum(part.state in FILLED for part in self.parts)

    @property
    def counted(self) -> int:
        """How many of its parts apply."""
        return sum(part.state != SectionState.NOT_APPLICABLE for part in self.parts)

    @property
    def current(self) -> VersionLine | None:
        """The latest version of the whole."""
        versions = self.versions if self.sectioned else self.parts[0].versions
        return versions[0] if versions else None


def document_rows(project: Project, person: User, *, only: str = "") -> list[DocumentRow]:
    """Return the documents that the project's steps name, in the order of the steps; in three queries beside the board's.

    Who sits outside gets those marked visible with the latest version of each, and nothing of how far they are.

    Args:
        only: the slug of one document.
    """
    versions = DocumentVersion.objects.select_related("added_by", "file").order_by("-number")
    sections = DocumentSection.objects.select_related("reason_by")
    found = project.documents.prefetch_related(Prefetch("versions", versions), Prefetch("sections", sections))
    known = {row.slug: row for row in (found.filter(slug=only) if only else found)}
    outlines = [outline for slug, outline in project.board.outlines.items() if only in ("", slug)]
    if person.is_outside:
        seen = [(outline, known[outline.slug]) for outline in outlines if outline.slug in known]
        return [_outside(project, outline, row) for outline, row in seen if row.visible_to_customer]
    return [_inside(project, outline, known.get(outline.slug), person) for outline in outlines]


def progress(rows: Iterable[DocumentRow]) -> tuple[int, int]:
    """Return how many sections have something in them, and of how many: those that are N/A or kept elsewhere left out."""
    asked = [row for row in rows if not row.live]
    return sum(row.filled for row in asked), sum(row.counted for row in asked)


def state_of(states: Sequence[str]) -> str:
    """Return how far a document is by its sections: as far as all of them are, and drafting where some are begun."""
    counted = {state for state in states if state != SectionState.NOT_APPLICABLE}
    if not counted:
        return SectionState.NOT_APPLICABLE.value
    if len(counted) == 1:
        return counted.pop()
    begun = {SectionState.IN_REVIEW.value, SectionState.APPROVED.value}
    return (SectionState.IN_REVIEW if counted <= begun else SectionState.DRAFTING).value


def _inside(project: Project, outline: Outline, row: Document | None, person: User) -> DocumentRow:
    rows = {section.slug: section for section in row.sections.all()} if row else {}
    url, archived = reverse("document", args=[project.code, outline.slug]), project.is_archived()
    parts = [_part(project, outline, part, row, rows.get(part.slug), person) for part in outline.parts]
    whole = _lines(project, row, None)
    may = not archived and may_write(project.board, outline.slug, person)
    return DocumentRow(
        outline.slug, row.title if row else outline.title, url, bool(row and row.visible_to_customer), outline.live,
        state_of([part.state for part in parts]), parts, whole if parts[0].slug else [], _steps(project, outline), may,
        _form(outline.slug, "", whole) if may and parts[0].slug else None,
    )  # fmt: skip


def _part(
    project: Project, outline: Outline, part: Part, row: Document | None, section: DocumentSection | None, person: User
) -> PartRow:
    of_section = section.pk if section and part.slug else None
    versions = _lines(project, row, of_section) if of_section or not part.slug else []
    state = section.state if section else SectionState.EMPTY.value
    may = {
        True: may_approve(project.board, outline.slug, person, part.slug),
        False: may_write(project.board, outline.slug, person, part.slug),
    }
    fixed = project.is_archived() or outline.live
    open_moves = (section or _UNTOUCHED).open_moves()
    writes = may[False] and not project.is_archived() and state != SectionState.NOT_APPLICABLE
    return PartRow(
        part.slug, part.title, part.anchor, state, part.mandatory, section.revision if section else 0,
        section.reason if section else "", section.reason_by.name if section and section.reason_by else "", versions,
        _steps(project, part), [] if fixed else [spec for spec in open_moves if may[spec.name in APPROVING]],
        _form(part.anchor, part.slug, versions) if writes else None,
    )  # fmt: skip


#: What a section without a row is like.
_UNTOUCHED: SectionMachine = DocumentSection()


def _form(anchor: str, section: str, versions: Sequence[VersionLine]) -> VersionForm:
    seen = versions[0].number if versions else 0
    return VersionForm(auto_id=f"%s-{anchor}", initial={"section": section, "seen": seen})


def _outside(project: Project, outline: Outline, row: Document) -> DocumentRow:
    titles: dict[int | None, str] = {section.pk: section.title for section in row.sections.all()}
    latest = [row.latest_of(None), *(row.latest_of(pk) for pk in titles)]
    titles[None] = row.title
    parts = [
        PartRow("", titles[one.section_id], outline.slug, "", False, 0, "", "", [_line(project, one)], [], [])
        for one in latest
        if one is not None
    ]
    return DocumentRow(outline.slug, row.title, "", True, outline.live, "", parts, [], [], may_write=False)


def _steps(project: Project, of: Outline | Part) -> list[tuple[str, str]]:
    return [(project.board.title(step), project.step_url(step.path)) for step in of.steps]


def _lines(project: Project, row: Document | None, section_id: int | None) -> list[VersionLine]:
    return [_line(project, one) for one in row.versions.all() if one.section_id == section_id] if row else []


def _line(project: Project, one: DocumentVersion) -> VersionLine:
    return VersionLine(
        one.number, one.file.name if one.file else one.link, one.label, one.path_from(project.get_absolute_url()),
        one.file is not None, one.added_by.name, one.at, one.sha256, one.of_file,
    )  # fmt: skip


def list_values(project: Project, person: User) -> dict[str, Any]:
    """Return what the page of all documents shows to `person`."""
    rows = document_rows(project, person)
    filled, counted = progress(rows)
    return {"rows": rows, "filled": filled, "counted": counted, "inside": not person.is_outside}
