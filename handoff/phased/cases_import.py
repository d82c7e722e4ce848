"""Rows into the triage list, whole or not at all: from a sheet that somebody looked at, or from a machine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from handoff.intake import Taken
from handoff.models import CaseEscalation, CaseNote, ProductionCase
from handoff.phased.cases import FIELDS, writable
from handoff.phased.cases_sheet import COLUMNS, NAMES, Line, plan, plan_rows
from history.context import named
from projects import sheet_drafts
from projects.models import Project, SheetDraft
from sheets.planning import Plan
from sheets.reading import Table, as_text
from transitions.clock import business_day
from transitions.moves import bring_in, perform
from transitions.production_case import CaseState

PURPOSE = "production-cases"


@named
@transaction.atomic
def keep_draft(project: Project, name: str, table: Table, *, by: User, now: dt.datetime | None = None) -> SheetDraft:
    """Keep a sheet that was found good until it is imported.

    Raises:
        NotPermitted, Archived. SheetRefused: it has more text than is kept.
    """
    return sheet_drafts.keep(writable(project, by), PURPOSE, name, table, by=by, now=now)


def plan_of(project: Project, draft: SheetDraft, *, today: dt.date) -> Plan[Line]:
    """Return what a kept sheet would do to the list as it is now."""
    return plan(project, sheet_drafts.table_of(draft), today=today)


@named
@transaction.atomic
def apply_draft(draft: SheetDraft, *, by: User, fingerprint: str, now: dt.datetime | None = None) -> Plan[Line]:
    """Import a kept sheet, whole or not at all, under the project's lock; return what was done. The draft is gone then.

    Args:
        fingerprint: of the plan that was looked at.

    Raises:
        NotPermitted, Archived. StaleRow (of the plan as it is now): the list changed since. MoveRefused: the draft is gone, or
            there is nothing to import.
    """
    now = now or timezone.now()
    project = writable(draft.project, by)
    kept, found = sheet_drafts.agreed(
        draft, project, by=by, now=now, fingerprint=fingerprint, plan=partial(plan, project, today=business_day(now)), of="list"
    )  # fmt: skip
    _do(project, found, source=f"the sheet “{kept.name}”", by=by, now=now)
    kept.delete()
    return found


@named
@transaction.atomic
def take_cases(
    project: Project, rows: Sequence[Mapping[str, Any]], *, by: User, now: dt.datetime | None = None
) -> Taken:
    """Take cases that a machine sends, whole or not at all. For `handoff.intake`.

    Args:
        rows: JSON objects by the columns' headings or keys (docs/intake.md), rows of CSV as well.

    Raises:
        NotPermitted, Archived.
    """
    now = now or timezone.now()
    locked = writable(project, by)
    read, errors = _plain(rows)
    found = plan_rows(locked, read, _field_of_row, today=business_day(now))
    for line in found.of("refused"):
        errors.setdefault(line.number, []).extend(line.problems)
    if errors:
        return Taken(errors=errors)
    _do(locked, found, source="another system", by=by, now=now)
    return Taken(found.count("new"), found.count("changed"), found.count("unchanged"))


def _field_of_row(number: int) -> Callable[[str], str]:
    return lambda key: key


def _plain(rows: Sequence[Mapping[str, Any]]) -> tuple[list[tuple[int, dict[str, str]]], dict[int, list[str]]]:
    """Return the rows with texts by the columns' keys, and what is no plain value or no field, by row."""
    read: list[tuple[int, dict[str, str]]] = []
    errors: dict[int, list[str]] = {}
    for number, row in enumerate(rows, start=1):
        texts: dict[str, str] = {}
        for name, value in row.items():
            key = next((one.key for one in COLUMNS if name == one.key or one.called(str(name))), None)
            if key is None:
                known = ", ".join(NAMES)
                errors.setdefault(number, []).append(f"“{str(name)[:80]}” is no field of a case: {known}.")
            elif key in texts:
                errors.setdefault(number, []).append(f"{key}: is there twice.")
            elif not (value is None or isinstance(value, (str, int, float, bool))):
                errors.setdefault(number, []).append(f"{key}: a text or a number, not a list or an object.")
            else:
                texts[key] = as_text(value).replace("\0", " ")
        read.append((number, texts))
    return read, errors


def _do(project: Project, found: Plan[Line], *, source: str, by: User, now: dt.datetime) -> None:
    new, changed = found.of("new"), found.of("changed")
    cases = _make_new(project, new, source, by, now) + _write_changed(project, changed)
    lines = [*new, *changed]
    CaseNote.objects.bulk_create(
        CaseNote(project=project, case=case, text=line.note, by=by, at=now)
        for case, line in zip(cases, lines, strict=True)
        if line.note
    )
    CaseEscalation.objects.bulk_create(
        CaseEscalation(project=project, case=case, level=line.level, reason=f"From {source}.", by=by, at=now)
        for case, line in zip(cases, lines, strict=True)
        if line.level is not None
    )
    for case, line in zip(cases, lines, strict=True):
        if line.case is not None and line.state:
            move = "close_case" if line.state == CaseState.CLOSED else "reopen_case"
            perform(case, move, by=by, note=f"From {source}.", now=now)


def _make_new(project: Project, lines: Sequence[Line], source: str, by: User, now: dt.datetime) -> list[ProductionCase]:
    today = business_day(now)
    cases = [
        ProductionCase(
            project=project, made_by=by, made_at=now, escalated=line.level or 0,
            closed_on=today if line.state == CaseState.CLOSED else None, **line.values,
        )
        for line in lines
    ]  # fmt: skip
    bring_in(
        cases, ProductionCase.objects.bulk_create, states=[{"state": line.state} for line in lines], by=by,
        note=f"From {source}.", at=[now] * len(cases),
    )  # fmt: skip
    return cases


def _write_changed(project: Project, lines: Sequence[Line]) -> list[ProductionCase]:
    cases = []
    for line in lines:
        case = line.case
        assert case is not None, "what is changed is there"
        for name, value in line.values.items():
            setattr(case, name, value)
        if line.level is not None:
            case.escalated = line.level
        case.project, case.revision = project, case.revision + 1
        cases.append(case)
    ProductionCase.objects.bulk_update(cases, [*FIELDS, "escalated", "revision"], batch_size=200)
    return cases
