"""Defects: opened with a result, rated and linked to the tracker here; closed and opened again by a move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from transitions.blockers import Blocker, NotPermitted, StaleRow
from transitions.run import RunState
from workbook.cases import plain
from workbook.models import Defect, Result, RunCase
from workbook.rights import may_test
from workbook.runs import RunRefused, record_result


@dataclass(frozen=True, slots=True)
class NewDefect:
    """A defect as its finder describes it."""

    title: str
    severity: int
    link: str = ""


@named
def record_case(
    run_case: RunCase,
    outcome: str,
    *,
    by: User,
    note: str = "",
    files: Sequence[UploadedFile[bytes]] = (),
    defect: NewDefect | None = None,
    seen: int | None = None,
    now: dt.datetime | None = None,
) -> Result:
    """Record a result and the defect that it found, both or neither.

    Args, Raises:
        As `record_result` and `open_defect`.
    """
    with transaction.atomic():
        result = record_result(run_case, outcome, by=by, note=note, files=files, seen=seen, now=now)
        if defect is not None:
            open_defect(result, title=defect.title, severity=defect.severity, link=defect.link, by=by, now=now)
    return result


@named
def open_defect(
    result: Result, *, title: str, severity: int, link: str = "", by: User, now: dt.datetime | None = None
) -> Defect:
    """Open a defect that a result found, while its run is open.

    Args:
        severity: 1 (critical) to 4 (cosmetic). link: to the tracker, https, or empty.

    Raises:
        NotPermitted: `by` does not test there. Archived. RunRefused: the run is closed. ValidationError.
    """
    with transaction.atomic():
        project = result.project.locked()
        run = result.run
        run.refresh_from_db()
        if not may_test(project, by, run.kind):
            raise NotPermitted([Blocker("not-permitted", f"{by} does not test here.")])
        project.refuse_if_archived()
        if run.state != RunState.OPEN:
            raise RunRefused([Blocker("run-closed", f"{run} is {run.get_state_display().lower()}: it finds no more.")])
        defect = Defect(
            project=project, result=result, title=plain(title), severity=severity, link=link.strip(), opened_by=by,
            opened_at=now or timezone.now(),
        )  # fmt: skip
        defect.full_clean(exclude=("project", "result", "opened_by"))
        defect.save()
    return defect


@named
def change_defect(defect: Defect, *, title: str, severity: int, link: str, revision: int, by: User) -> Defect:
    """Name, rate or link a defect otherwise; its history keeps who did.

    Raises:
        NotPermitted, Archived. StaleRow: it changed, or moved, meanwhile. ValidationError.
    """
    with transaction.atomic():
        row = defect.locked()
        if not row.permits("change", by):
            raise NotPermitted([Blocker("not-permitted", f"{by} does not test here.")])
        row.project.refuse_if_archived()
        if row.revision != revision:
            raise StaleRow(row, "The defect was changed while you were writing.")
        row.title, row.severity, row.link = plain(title), severity, link.strip()
        row.full_clean(exclude=("project", "result", "opened_by"))
        row.revision += 1
        row.save(update_fields=["title", "severity", "link", "revision"])
    return row


def defect_from(data: dict[str, object]) -> NewDefect | None:
    """Return the defect that a form describes, None where it describes none.

    Raises:
        ValidationError: half of one.
    """
    title, severity, link = str(data["defect_title"]), data["severity"], str(data["link"])
    if not (title or severity or link):
        return None
    missing = {name: words for name, given, words in (
        ("defect_title", title, "Give the defect a title."), ("severity", severity, "Say how severe the defect is."),
    ) if not given}  # fmt: skip
    if missing:
        raise ValidationError(missing)
    return NewDefect(title, int(str(severity)), link)
