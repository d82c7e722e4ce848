"""Production cases as people write them: opened, changed, noted, escalated, and passed on. Closing and reopening are moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from handoff.models import CaseEscalation, CaseNote, CaseReview, ProductionCase
from history.context import named
from projects.models import Project
from records.raid_rights import may_write, people_of
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day

#: What a person writes of a case; `owner` is a User or None.
FIELDS = ("external_id", "link", "title", "severity", "owner", "owner_name", "opened_on")
#: So many cases of one project are kept.
MOST_CASES = 5_000


@named
def add_case(project: Project, *, by: User, now: dt.datetime | None = None, **values: Any) -> ProductionCase:
    """Put a case into the triage list, open.

    Args:
        values: of FIELDS; ID, title, severity and the day it was opened must be there.

    Raises:
        NotPermitted, Archived. MoveRefused: the list is full. ValidationError: no such value is possible, or the ID is taken.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = writable(project, by)
        if ProductionCase.objects.filter(project=locked).count() >= MOST_CASES:
            raise MoveRefused([Blocker("full", f"{MOST_CASES:,} cases are kept for a project, and there are as many.")])
        case = ProductionCase(project=locked, made_by=by, made_at=now)
        _write(case, values, today=business_day(now))
        case.save()
    return case


@named
def change_case(
    case: ProductionCase, *, by: User, revision: int | None = None, now: dt.datetime | None = None, **values: Any
) -> ProductionCase:
    """Write other values into a case; where all are as they were, nothing is written.

    Args:
        revision: of the case as the person saw it. values: of FIELDS, those that are to change.

    Raises:
        NotPermitted, Archived, StaleRow (of the case as it is now), ValidationError.
    """
    with transaction.atomic():
        row = locked_case(case, by)
        refuse_stale(row, revision)
        if all(getattr(row, name) == value for name, value in values.items()):
            return row
        _write(row, values, today=business_day(now or timezone.now()))
        row.revision += 1
        row.save()
    return row


@named
def note_case(
    case: ProductionCase, text: str, *, for_customer: bool = False, by: User, now: dt.datetime | None = None
) -> CaseNote:
    """Write down what was found, was done or comes next (domain.md, Phased go-live: keep resolution notes).

    Raises:
        NotPermitted, Archived. ValidationError: nothing written, or too much.
    """
    with transaction.atomic():
        row = locked_case(case, by)
        note = CaseNote(
            project=row.project, case=row, text=text.strip(), for_customer=for_customer, by=by, at=now or timezone.now()
        )
        note.clean_fields(exclude={"project", "case", "by"})
        note.save()
    return note


@named
def escalate_case(
    case: ProductionCase, level: int, *, reason: str, by: User, revision: int | None = None,
    now: dt.datetime | None = None,
) -> ProductionCase:  # fmt: skip
    """Escalate a case to a level, 1 to 3, or say (0) that it is escalated no longer; each with its reason.

    Raises:
        NotPermitted, Archived, StaleRow. MoveRefused: it is closed, or stands at that level. ValidationError: no reason.
    """
    with transaction.atomic():
        row = locked_case(case, by)
        refuse_stale(row, revision)
        if not row.is_open:
            raise MoveRefused([Blocker("closed", f"{row.external_id} is closed. Reopen it first, then escalate it.")])
        if row.escalated == level:
            words = f"is escalated to level {level}" if level else "is not escalated"
            raise MoveRefused([Blocker("same-level", f"{row.external_id} {words} already.", subject="level")])
        step = CaseEscalation(
            project=row.project, case=row, level=level, reason=reason.strip(), by=by, at=now or timezone.now()
        )
        step.clean_fields(exclude={"project", "case", "by"})
        step.save()
        row.escalated = level
        row.revision += 1
        row.save(update_fields=["escalated", "revision"])
    return row


@named
def hold_review(
    project: Project, held_on: dt.date, *, note: str = "", by: User, now: dt.datetime | None = None
) -> CaseReview:
    """Write down that the cases were gone through with the client on a day (domain.md: client meeting to review them).

    Raises:
        NotPermitted, Archived. ValidationError: a day to come, or before the last review.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = writable(project, by)
        if held_on > business_day(now):
            raise ValidationError(
                {"held_on": "A review that is still to come was not held. Choose today or an earlier day."}
            )
        last = last_review(locked)
        if last is not None and held_on <= last.held_on:
            raise ValidationError({"held_on": f"A review was held on {last.held_on} already. Choose a later day."})
        row = CaseReview(project=locked, held_on=held_on, note=note.strip(), by=by, at=now)
        row.clean_fields(exclude={"project", "by"})
        row.save()
    return row


def last_review(project: Project) -> CaseReview | None:
    """Return the last review that was held with the client; one query."""
    return CaseReview.objects.filter(project=project).select_related("by").first()


# What others ask of the cases ----------------------------------------------------------------------------------------------


def open_cases_of(project_ids: Collection[int]) -> Mapping[int, Sequence[tuple[str, str]]]:
    """Return the open cases of projects, the gravest first, as (words, address); one query. For `meetings.production`."""
    today = business_day()
    found: dict[int, list[tuple[str, str]]] = {}
    rows = ProductionCase.objects.open().filter(project__in=project_ids).gravest_first()
    columns = ("project_id", "project__code", "pk", "external_id", "title", "severity", "opened_on", "escalated")
    for owner, code, pk, external_id, title, severity, opened_on, level in rows.values_list(*columns):
        said = triage_words(external_id, title, severity, (today - opened_on).days, level)
        found.setdefault(owner, []).append((said, reverse("production-case", args=[code, pk])))
    return found


def triage_words(external_id: str, title: str, severity: int, age: int, level: int) -> str:
    """Return `C-1234 sev 1, 12 days, escalated: title`."""
    days = f"{age} day" if age == 1 else f"{age} days"
    return f"{external_id} sev {severity}, {days}{', escalated' if level else ''}: {title}"


def names_in_cases(person: User) -> dict[int, list[str]]:
    """Return which open cases a person owns, as sentences by project id. One query."""
    found: dict[int, list[str]] = {}
    rows = ProductionCase.objects.open().filter(owner=person).gravest_first()
    for case in rows.only("project_id", "external_id", "title"):
        found.setdefault(case.project_id, []).append(f"owns case {case.external_id} {case.title}")
    return found


def pass_on_cases(
    *, person: User, successor: User | None, projects: Collection[Project], by: User, now: dt.datetime
) -> None:
    """Give a leaver's open cases to the successor, or to nobody. What is closed keeps its owner."""
    mine = ProductionCase.objects.open().filter(owner=person, project__in=[project.pk for project in projects])
    mine.update(owner=successor, revision=F("revision") + 1)


# Guards --------------------------------------------------------------------------------------------------------------------


def writable(project: Project, by: User) -> Project:
    """Return the project under its lock, where `by` may write its cases; raise NotPermitted or Archived."""
    locked = project.locked()
    _refuse_stranger(locked, by)
    locked.refuse_if_archived()
    return locked


def locked_case(case: ProductionCase, by: User) -> ProductionCase:
    """Return the case as it is, under its project's lock, where `by` may write it; raise NotPermitted or Archived."""
    row = case.locked()
    _refuse_stranger(row.project, by)
    row.project.refuse_if_archived()
    return row


def refuse_stale(row: ProductionCase, revision: int | None) -> None:
    """Raise StaleRow where the person saw another state of the case than it has now."""
    if revision is not None and revision != row.revision:
        raise StaleRow(row, f"{row.external_id} changed since you saw it. Look at what it is now, then choose again.")


def _refuse_stranger(project: Project, by: User) -> None:
    if not may_write(project, by):
        text = f"{by} has no seat on {project.code}, and so writes none of its cases."
        raise NotPermitted([Blocker("not-permitted", text)])


def _write(row: ProductionCase, values: dict[str, Any], *, today: dt.date) -> None:
    if unknown := set(values) - set(FIELDS):
        raise ValueError(f"{', '.join(sorted(unknown))} of a case is written by no form")
    owned_before = row.owner_id
    for name, value in values.items():
        setattr(row, name, value)
    row.external_id = row.external_id.strip()
    if row.owner_id:
        row.owner_name = ""
    if row.owner_id and row.owner_id != owned_before and row.owner_id not in {one.id for one in people_of(row.project)}:
        raise ValidationError({"owner": "That person has no seat on this project. Choose one of those who have."})
    if row.opened_on and row.opened_on > today:
        raise ValidationError({"opened_on": "A case that is opened in days to come is none yet."})
    if row.closed_on and row.opened_on and row.closed_on < row.opened_on:
        raise ValidationError({"opened_on": f"It was closed on {row.closed_on}, so it was opened by then."})
    row.clean_fields(exclude={"project", "owner", "made_by"})
    twins = ProductionCase.objects.filter(project=row.project_id, external_id__iexact=row.external_id)
    if twins.exclude(pk=row.pk).exists():
        raise ValidationError(
            {"external_id": f"{row.external_id} is in the list already: open that case and change it."}
        )
