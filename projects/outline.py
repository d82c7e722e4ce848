"""What documents a project's playbooks ask for: each with its sections, and the steps that write them. Pure.

A playbook lists its documents; what a step names beyond the list is a document too, called after its slug and never
mandatory, as are all documents of versions from before there were lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from accounts.models import User
from playbook.catalog import VersionTemplate
from playbook.data import DocumentData
from raci.letters import Letter

if TYPE_CHECKING:
    from projects.board import Board, LiveStep


@dataclass(slots=True)
class Part:
    """A section of a document, or a document that has none: what has a state."""

    document: str
    slug: str
    title: str
    mandatory: bool = False
    steps: list[LiveStep] = field(default_factory=list)

    @property
    def key(self) -> str:
        """`discovery-page/invoices`, or `scope-plan`: as steps name it, and unique in a project."""
        return f"{self.document}/{self.slug}" if self.slug else self.document

    @property
    def anchor(self) -> str:
        """Its id on the pages: `discovery-page--invoices`."""
        return self.key.replace("/", "--")


@dataclass(slots=True)
class Outline:
    """One document: its sections in the playbook's order, or itself as its one part."""

    slug: str
    title: str
    live: bool = False
    sections: dict[str, Part] = field(default_factory=dict)
    whole: Part = field(init=False)
    steps: list[LiveStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.whole = Part(self.slug, "", self.title)

    @property
    def parts(self) -> Sequence[Part]:
        """What has a state: the sections, or the document itself where it has none."""
        return list(self.sections.values()) or [self.whole]

    def part(self, slug: str) -> Part | None:
        """Return the section of that slug; of "" the document itself where it has no sections."""
        return next((part for part in self.parts if part.slug == slug), None)

    def full_title(self, part: Part) -> str:
        """`Discovery page, Invoices`, or the document's own title."""
        return f"{self.title}, {part.title}" if part.slug else self.title


def may_write(board: Board, slug: str, person: User, section: str | None = None) -> bool:
    """Return whether the person writes a section, or any of the document: R of a step that does, and who runs the project."""
    return _may(board, slug, person, section, Letter.RESPONSIBLE.value)


def may_approve(board: Board, slug: str, person: User, section: str | None = None) -> bool:
    """Return whether the person approves what is written: A of a step that writes it, and who runs the project."""
    return _may(board, slug, person, section, Letter.ACCOUNTABLE.value)


def _may(board: Board, slug: str, person: User, section: str | None, letter: str) -> bool:
    outline = board.outlines.get(slug)
    of = outline if section is None or outline is None else outline.part(section)
    if of is None or person.is_outside or not person.is_active:
        return False
    if person.is_superuser or board.manages(person.pk):
        return True
    return any(someone.id == person.pk for step in of.steps for someone in board.people(step, letter))


def document_title(slug: str) -> str:
    """Return what a document is called that no playbook lists: `sit-workbook` → `Sit workbook`."""
    return slug.replace("-", " ").capitalize()


def outlines(
    steps: Iterable[LiveStep], versions: Iterable[VersionTemplate], older: Iterable[VersionTemplate] = ()
) -> Mapping[str, Outline]:
    """Return the documents that `steps` name, by slug, in the order of the steps; two playbooks that name one share it.

    A step that names a document as a whole writes all of its sections.

    Args:
        versions: what the project is pinned to. older: versions that some of the steps are still of, the newest first: they tell
            of what the pinned ones list no more.
    """
    steps = list(steps)
    found: dict[str, Outline] = {}
    for slug in dict.fromkeys(path.partition("/")[0] for step in steps for path in step.template.documents):
        found[slug] = Outline(slug, document_title(slug))
    all_listed = [document for version in versions for document in version.documents]
    gone = _gone(all_listed, steps, older)
    for listed in (document for document in (*all_listed, *gone) if document.slug in found):
        outline = found[listed.slug]
        outline.title, outline.live = listed.title, outline.live or listed.live
        outline.whole.title, outline.whole.mandatory = listed.title, outline.whole.mandatory or listed.mandatory
        for section in listed.sections:
            part = outline.sections.setdefault(section.slug, Part(listed.slug, section.slug, section.title))
            part.mandatory = part.mandatory or section.mandatory
    paths = [(step, *path.partition("/")[::2]) for step in steps for path in step.template.documents]
    for _, slug, name in paths:
        if name:
            found[slug].sections.setdefault(name, Part(slug, name, document_title(name)))
    for step, slug, name in paths:
        outline = found[slug]
        parts = [outline.sections[name]] if name else outline.parts
        for written in (outline.steps, *(part.steps for part in parts)):
            if not written or written[-1] is not step:
                written.append(step)
    return found


def _gone(
    listed: Iterable[DocumentData], steps: Sequence[LiveStep], older: Iterable[VersionTemplate]
) -> list[DocumentData]:
    """Return what only older versions list: whole documents, and of one that is listed the sections that a step still names."""
    known = {document.slug: document for document in listed}
    named = {path for step in steps for path in step.template.documents}
    found = []
    for document in (document for version in older for document in version.documents):
        present = known.setdefault(document.slug, document)
        if present is not document:
            there = {section.slug for section in present.sections}
            kept = (
                one for one in document.sections if f"{document.slug}/{one.slug}" in named and one.slug not in there
            )
            document = replace(present, sections=tuple(kept))
        found.append(document)
    return found
