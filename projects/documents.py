"""The documents of a project: how far their sections are, where each lies, version by version, and who may see it."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects.evidence import sha256, shown_values
from projects.files import store_file
from projects.models import Document, DocumentSection, DocumentVersion, Project
from projects.models.document import ONE_OF_TWO
from projects.outline import Outline, may_write
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.moves import Outcome, perform
from transitions.section import SectionState


@named
def add_version(
    project: Project,
    slug: str,
    *,
    by: User,
    link: str = "",
    upload: UploadedFile[bytes] | None = None,
    section: str = "",
    label: str = "",
    file_sha256: str = "",
    seen: int | None = None,
    now: dt.datetime | None = None,
) -> DocumentVersion:
    """Add a link or an uploaded file as the next version of a document, or of one of its sections.

    What was empty is being drafted from then on, and so is what was approved: the approval was of another version.

    Args:
        slug: as the project's steps name it. section: of that document; "" for the whole.
        link: https, 500 characters at most. upload: a file of a kind that is taken; one of the two.
        file_sha256: of a file that lies elsewhere, where known; otherwise the digest is of link and label, which shows that the
            link is the one that was shown, and says nothing of the file. One that is uploaded has its own.
        seen: the number of the version that the form was made over, 0 for none; None where nothing was shown.

    Raises:
        NotPermitted: `by` may not write it, or no step names it. Archived. MoveRefused: the section is N/A.
        StaleRow: somebody added a version meanwhile. ValidationError: the link, the digest or the file.
    """
    with transaction.atomic():
        row, outline = _written(project, slug, by, section)
        states = not outline.live and outline.part(section)
        of = _section_row(row, outline, section) if states else None
        if of is not None and of.state == SectionState.NOT_APPLICABLE:
            raise MoveRefused([Blocker("section-skipped", f"{of} is N/A. Reopen it first, with the reason.")])
        _refuse_stale(row, of if section else None, seen)
        if upload is not None and link:
            raise ValidationError({"upload": ONE_OF_TWO})
        version = DocumentVersion(
            project=row.project, document=row, section=of if section else None, number=_last(row) + 1, link=link,
            label=label, sha256=file_sha256.strip().lower() or sha256(f"{link}\n{label}"),
            of_file=bool(file_sha256.strip()), added_by=by, at=now or timezone.now(),
        )  # fmt: skip
        # The file comes last: none is kept for a form that is refused.
        version.full_clean(exclude=("project", "document", "section", "added_by"), validate_constraints=upload is None)
        if upload is not None:
            version.file = store_file(row.project, upload, by=by)
            version.sha256, version.of_file = version.file.sha256, True
        version.save()
        if of is not None and of.state in {SectionState.EMPTY, SectionState.APPROVED}:
            moved = _draft(of, by=by, note=f"Version {version.number} was added.", now=now)
            version.section = moved if section else None
    return version


def _draft(section: DocumentSection, *, by: User, note: str, now: dt.datetime | None) -> DocumentSection:
    if section.state == SectionState.EMPTY:
        return perform(section, "draft_section", by=by, now=now).row
    return perform(section, "reopen_section", by=by, note=note, now=now).row


@named
def move_section(
    project: Project,
    slug: str,
    section: str,
    move: str,
    *,
    by: User,
    note: str = "",
    revision: int | None = None,
    now: dt.datetime | None = None,
) -> Outcome[DocumentSection]:
    """Move a section of a document, or (`section` "") a document that has none; its row is made if it has none yet.

    Args:
        move: the machine's word for it (transitions.section). revision: as the form saw it; 0 for a section without a row.

    Raises:
        NotPermitted: no step names it, or as `perform`. Archived, UnknownMove, StaleRow, or MoveRefused with the blockers.
    """
    with transaction.atomic():
        locked = project.locked()
        outline = locked.board.outlines.get(slug)
        if by.is_outside or outline is None or outline.part(section) is None:
            raise NotPermitted([Blocker("not-permitted", f"{by} may not change that document.")])
        if outline.live:
            text = f"{outline.title} is kept in Gatehouse itself: how far it is shows there."
            raise MoveRefused([Blocker("kept-here", text)])
        locked.refuse_if_archived()
        row = _section_row(_document_row(locked, outline), outline, section)
        return perform(row, move, by=by, revision=revision, now=now, **({"note": note} if note else {}))


@named
def set_visible(project: Project, slug: str, visible: bool, *, by: User) -> Document:
    """Let people outside the company see a document, or no longer.

    Raises:
        NotPermitted, Archived.
    """
    with transaction.atomic():
        row, _ = _written(project, slug, by, None)
        row.visible_to_customer = visible
        row.save(update_fields=["visible_to_customer"])
    return row


def may_read(version: DocumentVersion, person: User) -> bool:
    """Return whether somebody who sees the project may have a version of one of its documents.

    Inside everybody; outside the latest version of what is marked visible, and any that they were shown when they decided.
    """
    if not person.is_outside:
        return True
    if is_latest_shown(version):
        return True
    decided = version.project.approvals.filter(by=person)
    shown = (one for row in decided for one in shown_values(row).get("documents", ()))
    return any(one.get("link") == version.address and one.get("sha256") == version.sha256 for one in shown)


def is_latest_shown(version: DocumentVersion) -> bool:
    """Return whether people outside see the version: the latest of a document, or of its section, that is marked visible."""
    document = version.document
    return document.visible_to_customer and document.latest_of(version.section_id) == version


def _written(project: Project, slug: str, by: User, section: str | None) -> tuple[Document, Outline]:
    """Return the document's row under the project's lock, made if it is the first time that somebody writes it.

    Args:
        section: the section that is written; "" or None for the document as a whole, which any of its writers may write.
    """
    locked = project.locked()
    outline = locked.board.outlines.get(slug)
    if outline is None or not may_write(locked.board, slug, by, section or None):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not write that document.")])
    locked.refuse_if_archived()
    return _document_row(locked, outline), outline


def _document_row(locked: Project, outline: Outline) -> Document:
    row, _ = Document.objects.get_or_create(project=locked, slug=outline.slug, defaults={"title": outline.title})
    row.project = locked
    return row


def _section_row(document: Document, outline: Outline, slug: str) -> DocumentSection:
    part = outline.part(slug)
    assert part is not None, "the caller has asked"
    row, _ = DocumentSection.objects.get_or_create(
        project=document.project, document=document, slug=slug, defaults={"title": outline.full_title(part)}
    )
    return row


def _last(document: Document) -> int:
    return document.versions.order_by("-number").values_list("number", flat=True).first() or 0


def _refuse_stale(document: Document, section: DocumentSection | None, seen: int | None) -> None:
    """Refuse a form that was made over another version than the latest: what it is added after has to be seen first."""
    last = document.versions.filter(section=section).select_related("added_by", "file").order_by("-number").first()
    if seen is None or seen == (last.number if last else 0):
        return
    assert last is not None, "versions are never taken away"
    text = f"{last.added_by.name} added version {last.number} since you opened this. Look at it, then choose again."
    raise StaleRow(last, text)
