"""The payments of each day: what rows would change, and the change itself; by sheet, by hand and from machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from handoff.intake import Taken
from handoff.models import PaymentDay
from handoff.watch.rights import writable
from handoff.watch.rows import Sent, gaps, read_rows
from handoff.watch.vocabulary import MOST_ROWS, Source
from history.context import named
from history.stale import fingerprint
from projects import sheet_drafts
from projects.models import Project, SheetDraft
from projects.sheet_drafts import read_upload
from sheets.planning import Plan
from sheets.reading import Column, SheetRefused, Table
from transitions.blockers import Blocker, MoveRefused, StaleRow
from transitions.clock import business_day

PURPOSE = "payments"
#: The layout of a sheet, in and out.
COLUMNS = (
    Column("Day", "day", required=True, also=("Date",)),
    Column("Payments", "payments", required=True, also=("Count", "Number of payments")),
    Column("Amount", "amount", required=True, also=("Amount, US dollars", "Total")),
    Column("Currency", "currency"),
)
HEADER = tuple(column.name for column in COLUMNS)
FIELDS = ("payments", "amount", "source", "by", "at", "revision")


@dataclass(frozen=True, slots=True)
class Line:
    """What one row would do: `new`, `changed` or `unchanged`; and the row of that day as it is."""

    sent: Sent
    what: str
    before: PaymentDay | None


@dataclass(frozen=True, slots=True)
class DaysPlan(Plan[Line]):
    """What rows would do, by day. What is wrong with those that are no line is in `problems`, by their number."""

    problems: Mapping[int, Sequence[str]]
    gaps: list[tuple[dt.date, dt.date]]

    @property
    def refused(self) -> int:
        """How many rows are refused: while one is, nothing is imported."""
        return len(self.problems)


def plan_rows(
    project: Project, rows: Iterable[tuple[int, Mapping[str, str]]], today: dt.date, ignored: Sequence[str] = ()
) -> DaysPlan:
    """Return what rows would do to the payments of a project as they are now; one query, however many rows."""
    read_ = read_rows(rows, today)
    days = [sent.day for sent in read_.rows]
    near = PaymentDay.objects.filter(project=project)
    there = {row.day: row for row in near.filter(day__range=(min(days), max(days)))} if days else {}
    by_day = sorted(read_.rows, key=lambda sent: sent.day)
    lines = [Line(sent, _what(sent, there.get(sent.day)), there.get(sent.day)) for sent in by_day]
    told = [
        (line.sent.day, line.sent.payments, line.sent.amount, line.what, line.before.revision if line.before else None)
        for line in lines
    ]
    seen = fingerprint([told, sorted(read_.problems)])
    return DaysPlan(lines, list(ignored), seen, read_.problems, gaps(days, there))


def _what(sent: Sent, before: PaymentDay | None) -> str:
    if before is None:
        return "new"
    return "unchanged" if (before.payments, before.amount) == (sent.payments, sent.amount) else "changed"


def _write(project: Project, plan: DaysPlan, source: Source, by: User, now: dt.datetime) -> None:
    """Write what a plan says, under the project's lock."""
    new = [
        PaymentDay(
            project=project, day=line.sent.day, payments=line.sent.payments, amount=line.sent.amount, source=source, by=by, at=now
        )
        for line in plan.of("new")
    ]  # fmt: skip
    changed = []
    for line in plan.of("changed"):
        row = line.before
        assert row is not None, "what is changed is there"
        row.project, row.payments, row.amount = project, line.sent.payments, line.sent.amount
        row.source, row.by, row.at, row.revision = source, by, now, row.revision + 1
        changed.append(row)
    PaymentDay.objects.bulk_create(new)
    if changed:
        PaymentDay.objects.bulk_update(changed, FIELDS, batch_size=200)


# By sheet -------------------------------------------------------------------------------------------------------------------


def read_sheet(upload: UploadedFile[bytes]) -> Table:
    """Return the rows of an uploaded sheet.

    Raises:
        SheetRefused: it cannot be read, has more than 1,000 rows, or none.
    """
    table = read_upload(upload, COLUMNS, most_rows=MOST_ROWS)
    if not table.rows:
        raise SheetRefused(["There are headings, and no day under them."])
    return table


def plan_table(project: Project, table: Table, today: dt.date) -> DaysPlan:
    """Return what a sheet would do."""
    return plan_rows(project, ((row.number, row.text()) for row in table.rows), today, table.ignored)


@named
@transaction.atomic
def keep_draft(project: Project, name: str, table: Table, *, by: User, now: dt.datetime | None = None) -> SheetDraft:
    """Keep a sheet that was found good until it is imported.

    Raises:
        NotPermitted, Archived. MoveRefused: the project is not watched. SheetRefused: it has more text than is kept.
    """
    return sheet_drafts.keep(writable(project, by), PURPOSE, name, table, by=by, now=now)


@named
@transaction.atomic
def apply_draft(draft: SheetDraft, *, by: User, fingerprint: str, now: dt.datetime | None = None) -> DaysPlan:
    """Import a kept sheet, whole or not at all; return what was done. The draft is gone then.

    Args:
        fingerprint: of the plan that was looked at.

    Raises:
        NotPermitted, Archived. StaleRow (of the plan as it is now): the days changed since. MoveRefused: the draft is gone,
            a row is refused by now, or there is nothing to do.
    """
    now = now or timezone.now()
    project = writable(draft.project, by)
    kept, plan = sheet_drafts.agreed(
        draft, project, by=by, now=now, fingerprint=fingerprint, plan=lambda table: plan_table(project, table, business_day(now)),
        of="payments",
    )  # fmt: skip
    _write(project, plan, Source.SHEET, by, now)
    kept.delete()
    return plan


# By hand --------------------------------------------------------------------------------------------------------------------


@named
@transaction.atomic
def set_day(
    project: Project, day: dt.date, *, payments: int, amount: Decimal, by: User, seen: int | None = None,
    source: Source = Source.HAND, now: dt.datetime | None = None,
) -> PaymentDay:  # fmt: skip
    """Write the payments of one day; where it says so already nothing is written.

    Args:
        payments: how many. amount: US dollars. seen: the revision of that day's row which the person saw; None for none, so that
            nobody writes over what they did not know of.

    Raises:
        NotPermitted, Archived. MoveRefused: the project is not watched, or the values are refused.
        StaleRow (of the day's row): it says something else.
    """
    now = now or timezone.now()
    locked = writable(project, by)
    said = {"day": day.isoformat(), "payments": str(payments), "amount": str(amount)}
    plan = plan_rows(locked, [(1, said)], business_day(now))
    if plan.problems:
        raise MoveRefused([Blocker("refused", text) for text in plan.problems[1]])
    before = plan.lines[0].before
    if before is not None and plan.lines[0].what == "changed" and before.revision != seen:
        told = f"{day} says {before.payments:,} payments, ${before.amount:,.2f} already."
        raise StaleRow(before, f"{told} Send the form once more to put yours in their place.")
    _write(locked, plan, source, by, now)
    return PaymentDay.objects.get(project=locked, day=day)


# From machines --------------------------------------------------------------------------------------------------------------


@named
@transaction.atomic
def take_payments(
    project: Project, rows: Sequence[Mapping[str, Any]], *, by: User, now: dt.datetime | None = None
) -> Taken:
    """Take rows from a machine (`handoff.intake`), all or none; the same rows again change nothing.

    Args:
        rows: objects with day, payments, amount and, if at all, currency.

    Raises:
        NotPermitted, Archived. MoveRefused: the project is not watched.
    """
    now = now or timezone.now()
    locked = writable(project, by)
    if len(rows) > MOST_ROWS:
        return Taken(errors={MOST_ROWS + 1: [f"More than {MOST_ROWS:,} rows. Send them in parts."]})
    plan = plan_rows(locked, ((number, _as_text(row)) for number, row in enumerate(rows, start=1)), business_day(now))
    if plan.problems:
        return Taken(errors=plan.problems)
    _write(locked, plan, Source.API, by, now)
    return Taken(plan.count("new"), plan.count("changed"), plan.count("unchanged"))


def _as_text(row: Any) -> dict[str, str]:
    """Return a row's values as a sheet has them; a list, or true, is text that is refused where it is read."""
    if not isinstance(row, Mapping):
        return {}
    return {column.key: "" if (value := row.get(column.key)) is None else str(value) for column in COLUMNS}
