"""The documents of a project: which its steps name, where each lies, and who may see it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import Side, User
from projects.board import Board, R
from projects.evidence import sha256
from projects.models import Document, DocumentVersion, Project
from projects.signoff import document_slugs, document_title
from transitions.blockers import Blocker, NotPermitted


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document on the page: what it is called, who writes it, its versions (latest first), what the person may do."""

    slug: str
    title: str
    visible: bool
    versions: tuple[DocumentVersion, ...]
    steps: tuple[tuple[str, str], ...]
    may_write: bool


def document_rows(project: Project, person: User) -> list[DocumentRow]:
    """Return the documents that the project's steps name, in the order of the steps; in two queries beside the board's.

    Who sits outside gets those marked visible, without the steps.
    """
    board, inside = project.board, person.side == Side.INTERNAL
    known = {row.slug: row for row in project.documents.prefetch_related("versions__added_by")}
    rows = []
    for slug, steps in _named(board).items():
        row = known.get(slug)
        if not inside and not (row and row.visible_to_customer):
            continue
        rows.append(
            DocumentRow(
                slug, row.title if row else document_title(slug), bool(row and row.visible_to_customer),
                tuple(row.versions.all()) if row else (), tuple(steps) if inside else (),
                inside and may_write(board, slug, person),
            )
        )  # fmt: skip
    return rows


def may_write(board: Board, slug: str, person: User) -> bool:
    """Return whether the person adds versions of the document: who runs the project, and R of a step that writes it."""
    if person.is_superuser or board.manages(person.pk):
        return True
    return any(
        slug in document_slugs(step) and any(someone.id == person.pk for someone in board.people(step, R))
        for step in board.steps
    )


def add_version(
    project: Project,
    slug: str,
    *,
    by: User,
    link: str,
    label: str = "",
    file_sha256: str = "",
    now: dt.datetime | None = None,
) -> DocumentVersion:
    """Add a link as the next version of a document.

    Args:
        slug: as the project's steps name it. link: https, 500 characters at most. file_sha256: the file's own, where known;
        otherwise
            the digest is of link and label, which shows that the link is the one that was shown, and says nothing of the file.

    Raises:
        NotPermitted: `by` may not write it, or no step names it. Archived. ValidationError: the link or the digest.
    """
    with transaction.atomic():
        row = _written(project, slug, by)
        digest = file_sha256.strip().lower() or sha256(f"{link}\n{label}")
        last = row.versions.order_by("-number").values_list("number", flat=True).first() or 0
        version = DocumentVersion(
            project=row.project, document=row, number=last + 1, link=link, label=label, sha256=digest,
            of_file=bool(file_sha256.strip()), added_by=by, at=now or timezone.now(),
        )  # fmt: skip
        version.full_clean(exclude=("project", "document", "added_by"))
        version.save()
    return version


def set_visible(project: Project, slug: str, visible: bool, *, by: User) -> Document:
    """Let people outside the company see a document, or no longer.

    Raises:
        NotPermitted, Archived.
    """
    with transaction.atomic():
        row = _written(project, slug, by)
        row.visible_to_customer = visible
        row.save(update_fields=["visible_to_customer"])
    return row


def _written(project: Project, slug: str, by: User) -> Document:
    """Return the document's row under the project's lock, made if it is the first time that somebody writes it."""
    locked = project.locked()
    named = slug in _named(locked.board)
    if not (named and by.is_active and by.side == Side.INTERNAL and may_write(locked.board, slug, by)):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not write that document.")])
    locked.refuse_if_archived()
    row, _ = Document.objects.get_or_create(project=locked, slug=slug, defaults={"title": document_title(slug)})
    return row


def _named(board: Board) -> dict[str, list[tuple[str, str]]]:
    """Return the documents that the steps name, each with the steps (title, address) that do."""
    named: dict[str, list[tuple[str, str]]] = {}
    for step in board.steps:
        for slug in document_slugs(step):
            named.setdefault(slug, []).append((board.title(step), board.project.step_url(step.path)))
    return named
