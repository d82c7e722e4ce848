"""Dates moved by people. The baseline stays; every change leaves a row that says who moved what, and why."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import acting, named
from projects.models import DateChange, Project, ProjectStep
from projects.start import check_dates
from transitions.blockers import Blocker, NotPermitted, StaleRow


@named
def move_due_date(
    step: ProjectStep,
    due: dt.date,
    *,
    by: User,
    reason: str = "",
    revision: int | None = None,
    now: dt.datetime | None = None,
) -> ProjectStep:
    """Give a step another due date. Its baseline is never touched, and no other step moves with it (yet).

    Raises:
        NotPermitted: neither R nor A of the step nor running the project. Archived. StaleRow.
        ValidationError: a date before the kickoff, or a reason of more than 500 characters.
    """
    with transaction.atomic():
        row = step.locked()
        board = row.project.board
        may = by.is_superuser or board.manages(by.pk) or board.letters_of(by.pk, row.live) & {"R", "A"}
        if not (by.is_active and may):
            raise NotPermitted([Blocker("not-permitted", f"{by} may not move the dates of “{row}”.")])
        row.project.refuse_if_archived()
        if revision is not None and revision != row.revision:
            raise StaleRow(row, f"“{row}” changed since you saw it.")
        _check_reason(reason)
        if due < row.project.kickoff:
            raise ValidationError({"due": "The due date cannot be before the kickoff."})
        if due != row.due:
            _write(row.project, row, "due", row.due, due, by, reason, now)
            row.due, row.live.due = due, due
            row.revision += 1
            with acting(reason=reason):
                row.save(update_fields=["due", "revision"])
            row.project.save_totals()
    return row


@named
def move_target_go_live(
    project: Project,
    target: dt.date,
    *,
    by: User,
    reason: str = "",
    revision: int | None = None,
    now: dt.datetime | None = None,
) -> Project:
    """Give the project another target go-live, keeping the first as baseline.

    Raises:
        NotPermitted, Archived, StaleRow; ValidationError: before the kickoff, or a reason of more than 500 characters.
    """
    with transaction.atomic():
        row = project.locked()
        check_go_live(row, target, by=by, reason=reason, revision=revision)
        if target != row.target_go_live:
            _write(row, None, "target_go_live", row.target_go_live, target, by, reason, now)
            row.target_go_live = target
            row.revision += 1
            with acting(reason=reason):
                row.save(update_fields=["target_go_live", "revision"])
    return row


def check_go_live(row: Project, target: dt.date, *, by: User, reason: str, revision: int | None = None) -> None:
    """Raise what `move_target_go_live` would, asked the same; nothing changes."""
    if not (by.is_active and (by.is_superuser or row.board.manages(by.pk))):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not run {row}.")])
    row.refuse_if_archived()
    if revision is not None and revision != row.revision:
        raise StaleRow(row, f"{row} changed since you saw it.")
    _check_reason(reason)
    check_dates(row.kickoff, target)


def _write(
    project: Project, step: ProjectStep | None, field: str, old: dt.date | None, new: dt.date, by: User, reason: str,
    now: dt.datetime | None,
) -> None:  # fmt: skip
    DateChange.objects.create(
        project=project, step=step, field=field, old=old, new=new, by=by, at=now or timezone.now(), reason=reason
    )


def _check_reason(reason: str) -> None:
    longest = DateChange._meta.get_field("reason").max_length or 0
    if len(reason) > longest:
        raise ValidationError({"reason": f"The reason has {len(reason):,} characters; {longest:,} is the most."})
