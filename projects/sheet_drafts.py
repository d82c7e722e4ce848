"""Spreadsheets between the look at what they would do and the doing: the one home of that, for every room that imports some.

What is kept is what was read, not the file: in whatever code that was, it is read once. A draft is for the person who looked, and
dies when it is applied, when they choose another sheet for the same purpose, or after a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accounts.models import User
from projects.files import clean_name
from projects.models import Project, SheetDraft
from sheets.planning import Plan
from sheets.reading import LARGEST_UNPACKED, Column, Row, SheetRefused, Table, read
from transitions.blockers import Blocker, MoveRefused, StaleRow

#: After so long a sheet that was looked at and not imported is thrown away.
KEPT = dt.timedelta(days=1)
#: Characters in all cells together. One text that an XLSX names in many cells is in the draft as often as it is named.
LONGEST_DRAFT = LARGEST_UNPACKED
GONE = "That sheet was imported already, or is gone. Choose it again."

AnyPlan = TypeVar("AnyPlan", bound=Plan[Any])


def read_upload(upload: UploadedFile[bytes], columns: Sequence[Column], *, sheet: str = "", most_rows: int) -> Table:
    """Return the rows of an uploaded sheet (`sheets.reading.read`).

    Raises:
        SheetRefused: it cannot be read, with why.
    """
    return read(upload.file, clean_name(upload.name or ""), columns, sheet=sheet, most_rows=most_rows)  # type: ignore[arg-type]


def keep(
    project: Project, purpose: str, name: str, table: Table, *, by: User, now: dt.datetime | None = None
) -> SheetDraft:
    """Keep what was read of a sheet, and throw away what lies about from before. The caller has asked whether `by` may, and is
    in a transaction that has the project locked.

    Args:
        purpose: what the sheet is to be imported into, 20 characters at most; a person has one draft for each on a project.

    Raises:
        SheetRefused: more text than is kept.
    """
    now = now or timezone.now()
    # PostgreSQL takes no NUL in JSON.
    rows = [(row.number, {key: text.replace("\0", " ") for key, text in row.text().items()}) for row in table.rows]
    if sum(len(text) for _, values in rows for text in values.values()) > LONGEST_DRAFT:
        raise SheetRefused([f"Unpacked, the file is larger than {LONGEST_DRAFT // 1024 // 1024} MB."])
    SheetDraft.objects.filter(at__lt=now - KEPT).delete()
    SheetDraft.objects.filter(project=project, purpose=purpose, by=by).delete()
    return SheetDraft.objects.create(
        project=project, purpose=purpose, by=by, at=now, name=clean_name(name), rows=rows,
        ignored=[heading.replace("\0", " ") for heading in table.ignored], letters=dict(table.letters),
    )  # fmt: skip


def find(project: Project, purpose: str, pk: int, *, by: User, now: dt.datetime | None = None) -> SheetDraft | None:
    """Return a draft of somebody's own; None where it was applied, is older than a day, or never was."""
    since = (now or timezone.now()) - KEPT
    draft = SheetDraft.objects.filter(project=project, purpose=purpose, by=by, pk=pk, at__gte=since).first()
    if draft is not None:
        draft.project = project
    return draft


def table_of(draft: SheetDraft) -> Table:
    """Return what was read, as `sheets.reading.read` returned it; values are text."""
    return Table([Row(number, values) for number, values in draft.rows], draft.ignored, draft.letters)


def agreed(
    draft: SheetDraft,
    project: Project,
    *,
    by: User,
    now: dt.datetime,
    fingerprint: str,
    plan: Callable[[Table], AnyPlan],
    of: str,
) -> tuple[SheetDraft, AnyPlan]:
    """Return a kept sheet and its plan, if that is the one which was looked at. The caller does it, then deletes the draft.

    Args:
        project: locked by the caller; the draft is read under that lock, so that who sends the form twice imports once.
        fingerprint: of the plan that was looked at. plan: what the sheet would do now. of: what it is imported into.

    Raises:
        StaleRow (of the plan as it is now): it would do something else by now. MoveRefused: the draft is gone, a row is refused,
            or there is nothing to do.
    """
    kept = find(project, draft.purpose, draft.pk, by=by, now=now)
    if kept is None:
        raise MoveRefused([Blocker("draft-gone", GONE)])
    found = plan(table_of(kept))
    if found.fingerprint != fingerprint:
        raise StaleRow(found, f"The {of} changed since you looked at what the sheet would do. Look again, then import.")
    if not found.does_something:
        raise MoveRefused([Blocker("nothing-to-import", "There is nothing in this sheet to import.")])
    return kept, found
