"""Cases out to a spreadsheet and back: a template, an export, a preview of what a file would change, and the change itself."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects import sheet_drafts
from projects.models import Project, SheetDraft
from sheets.reading import MOST_PROBLEMS, Column, Row, SheetRefused, Table
from sheets.writing import Sheet
from transitions.blockers import StaleRow
from workbook.cases import NewCase, ensure_suites, insert, locked_for, plain, refuse_too_many
from workbook.models import Case, Suite
from workbook.vocabulary import LONGEST_TEXT, LONGEST_TITLE, MOST_CASES, MOST_SUITES, Kind

#: The headings, as the screens say them, and what else people call them.
COLUMNS = (
    Column("ID", "code", also=("Case ID", "Test ID", "Number")),
    Column("Suite", "suite", required=True, also=("Group", "Data flow", "Section")),
    Column("Case", "title", required=True, also=("Title", "Test case", "Scenario")),
    Column("Preconditions", "preconditions", also=("Precondition", "Given")),
    Column("Steps", "steps", also=("Test steps", "When")),
    Column("Expected", "expected", also=("Expected result", "Then")),
    Column("Mandatory", "mandatory"),
)
HEADER = tuple(column.name for column in COLUMNS)
SHEET = "Cases"
#: So many rows are changed in one statement: its text grows with their number, and the time to write it faster than that.
BATCH = 100
WRITTEN = ("suite", "title", "preconditions", "steps", "expected", "mandatory")
_YES, _NO = {"yes", "y", "true", "1", "x", "mandatory"}, {"no", "n", "false", "0", "optional"}


class CaseFields(forms.Form):
    """What a row of the file has to say. Its fields are asked one by one: ten thousand forms would take their time."""

    suite = forms.CharField(max_length=LONGEST_TITLE, strip=False)
    title = forms.CharField(max_length=LONGEST_TITLE, strip=False)
    preconditions = forms.CharField(max_length=LONGEST_TEXT, required=False, strip=False)
    steps = forms.CharField(max_length=LONGEST_TEXT, required=False, strip=False)
    expected = forms.CharField(max_length=LONGEST_TEXT, required=False, strip=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """A case that the file says otherwise: what was, and what would be, by heading."""

    case: Case
    new: NewCase
    differences: tuple[tuple[str, str, str], ...]


@dataclass(slots=True)
class Plan:
    """What a file would do. With `problems` it does nothing."""

    added: list[NewCase] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    unchanged: int = 0
    suites: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    untold: int = 0
    #: Rows without an ID that say the suite and title of a case which is there.
    twins: int = 0
    ignored: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """A digest of all that would be done: a preview and its act agree on it, or nothing is done."""
        done = (
            [[new.suite, new.title, new.preconditions, new.steps, new.expected, new.mandatory] for new in self.added],
            [[change.case.pk, change.case.revision, change.differences] for change in self.changed],
        )
        return hashlib.sha256(json.dumps(done).encode()).hexdigest()

    @property
    def does_something(self) -> bool:
        """Whether there is anything to apply."""
        return not self.problems and bool(self.added or self.changed)


# Out ---------------------------------------------------------------------------------------------------------------------


def export_rows(project: Project, kind: str) -> Iterator[tuple[object, ...]]:
    """Yield the cases of a kind that are not retired as rows under HEADER, in one query."""
    cases = Case.objects.filter(project=project, suite__kind=kind, retired=False).select_related("suite")
    for case in cases.order_by("suite__position", "suite_id", "position", "number"):
        yield (
            case.code, case.suite.title, case.title, case.preconditions, case.steps, case.expected, _word(case.mandatory),
        )  # fmt: skip


def template_sheets() -> list[Sheet]:
    """Return the template: the headings with two rows to write over, and what each column takes."""
    rows = [
        ("", "Invoices", "A new invoice reaches the payer", "An account with no open invoice is in both systems",
         "1. Post an invoice in the core system\n2. Wait for the invoice feed", "The payer sees the same amount and due date",
         "Yes"),
        ("", "Payments", "An ACH reject takes a payment back", "A payment by ACH was posted the day before",
         "1. Let the bank return it with R01", "The payment is reversed on both sides, and the balance is as before it", "No"),
    ]  # fmt: skip
    told = [
        ("ID", "Leave it empty for a new case. Exported cases carry theirs (T-14): a row with one changes that case."),
        ("Suite", f"By title; made where it is not there. {LONGEST_TITLE} characters at most."),
        ("Case", f"What is tested, in one line. {LONGEST_TITLE} characters at most."),
        ("Preconditions, Steps, Expected", f"{LONGEST_TEXT:,} characters at most each. A new line is a new line."),
        ("Mandatory", "Yes or No; empty is Yes. The gate asks that mandatory cases were run."),
    ]
    return [Sheet(SHEET, HEADER, rows), Sheet("Columns", ("Column", "What it takes"), told)]


def about(project: Project, kind: str, by: User) -> list[tuple[str, object]]:
    """Return what the sheet “About” says of an export."""
    return [
        ("Project", str(project)), ("Testing", Kind(kind).label), ("As of (UTC)", timezone.now()), ("Exported by", by.name),
        ("Left out", "Retired cases"), ("To import", "Change rows, add rows without an ID, and import the file again."),
    ]  # fmt: skip


def _word(mandatory: bool) -> str:
    return "Yes" if mandatory else "No"


# In ----------------------------------------------------------------------------------------------------------------------


def read_cases(upload: UploadedFile[bytes]) -> Table:
    """Return the rows of an uploaded sheet of cases.

    Raises:
        SheetRefused: it is no spreadsheet that is read, has no case, or more than 10,000 rows.
    """
    table = sheet_drafts.read_upload(upload, COLUMNS, sheet=SHEET, most_rows=MOST_CASES)
    if not table.rows:
        raise SheetRefused(["There are headings, and no case under them."])
    return table


def plan_import(project: Project, kind: str, table: Table) -> Plan:
    """Return what a sheet would do to the cases of a kind; three queries whatever its length."""
    plan = Plan(ignored=table.ignored)
    there = {case.code: case for case in Case.objects.filter(project=project).select_related("suite")}
    known = {(case.suite.title, case.title) for case in there.values() if case.suite.kind == kind and not case.retired}
    problems: list[str] = []
    seen: set[str] = set()
    for row in table.rows:
        said = row.text()
        new, wrong = _checked(row, said, table.letters)
        case, refused = _named_case(row, said.get("code", ""), kind, there, seen, table.letters)
        problems += wrong + refused
        if new is None or refused:
            continue
        if case is None:
            plan.added.append(new)
            plan.twins += (new.suite, new.title) in known
        elif differences := _differences(case, new, said):
            plan.changed.append(Changed(case, _merged(case, new, said), differences))
        else:
            plan.unchanged += 1
    suites = {suite.title for suite in Suite.objects.filter(project=project, kind=kind)}
    wanted = [new.suite for new in plan.added] + [change.new.suite for change in plan.changed]
    plan.suites = [title for title in dict.fromkeys(wanted) if title not in suites]
    problems += _too_many(project, kind, plan, len(suites))
    plan.problems, plan.untold = problems[:MOST_PROBLEMS], max(0, len(problems) - MOST_PROBLEMS)
    return plan


@named
def keep_import(project: Project, kind: str, name: str, table: Table, plan: Plan, *, by: User) -> SheetDraft | None:
    """Keep a sheet whose plan does something until it is imported; None where it does nothing.

    Raises:
        NotPermitted, Archived. SheetRefused: it has more text than is kept.
    """
    with transaction.atomic():
        locked = locked_for(project, by)
        return sheet_drafts.keep(locked, _purpose(kind), name, table, by=by) if plan.does_something else None


@named
def apply_import(project: Project, kind: str, draft: int, *, fingerprint: str, by: User) -> Plan:
    """Do what a preview showed, whole or not at all: new cases, changed ones, and the suites that they need.

    Args:
        draft: the key of what was kept; it is gone then. fingerprint: of the plan that was shown.

    Raises:
        NotPermitted, Archived. StaleRow: the cases changed since, and the sheet would do something else now.
        ValidationError: the sheet has problems by now, or is kept no longer, or not for this person, project and kind.
    """
    with transaction.atomic():
        locked = locked_for(project, by)
        kept = sheet_drafts.find(locked, _purpose(kind), draft, by=by)
        if kept is None:
            raise ValidationError("This preview was imported already, or has run out. Choose the file again.")
        plan = plan_import(locked, kind, sheet_drafts.table_of(kept))
        if plan.problems:
            raise ValidationError(plan.problems)
        if plan.fingerprint != fingerprint:
            raise StaleRow(plan, "The cases changed since the preview. Look at what the file would do now.")
        _change(locked, kind, plan.changed)
        insert(locked, kind, plan.added)
        kept.delete()
    return plan


def _purpose(kind: str) -> str:
    return f"cases-{kind}"


def _change(project: Project, kind: str, changes: Sequence[Changed]) -> None:
    suites = ensure_suites(project, kind, [change.new.suite for change in changes])
    last: Counter[int] = Counter()
    for suite, position in Case.objects.filter(suite__in=suites.values()).values_list("suite", "position"):
        last[suite] = max(last[suite], position)
    rows = []
    for change in changes:
        case, new = change.case, change.new
        suite = suites[new.suite]
        if suite.pk != case.suite_id:
            last[suite.pk] += 1
            case.suite, case.position = suite, last[suite.pk]
        case.title, case.preconditions, case.steps = new.title, new.preconditions, new.steps
        case.expected, case.mandatory = new.expected, new.mandatory
        case.revision += 1
        rows.append(case)
    if rows:
        said = {heading for change in changes for heading, _, _ in change.differences}
        columns = [column.key for column in COLUMNS if column.name in said]
        columns += ["revision", *(["position"] if "suite" in columns else [])]
        Case.objects.bulk_update(rows, columns, batch_size=BATCH)


def _checked(row: Row, said: Mapping[str, str], letters: Mapping[str, str]) -> tuple[NewCase | None, list[str]]:
    values: dict[str, Any] = {}
    problems = []
    for name, asked in CaseFields.base_fields.items():
        try:
            values[name] = asked.clean(plain(said.get(name, "")))
        except ValidationError as wrong:
            problems.append(f"{_cell(name, row, letters)}: {' '.join(wrong.messages)}")
    given = said.get("mandatory", "").strip().casefold()
    if given and given not in _YES | _NO:
        problems.append(f"{_cell('mandatory', row, letters)}: “{said['mandatory']}” is neither Yes nor No.")
    return (None, problems) if problems else (NewCase(mandatory=given not in _NO, **values), [])


def _named_case(
    row: Row,
    code: str,
    kind: str,
    there: Mapping[str, Case],
    seen: set[str],
    letters: Mapping[str, str],
) -> tuple[Case | None, list[str]]:
    code = code.strip().upper()
    if not code:
        return None, []
    cell = _cell("code", row, letters)
    case = there.get(code)
    if case is None:
        return None, [f"{cell}: there is no case {code} here. Leave the ID empty for a new one."]
    if code in seen:
        return None, [f"{cell}: {code} is in the file twice."]
    seen.add(code)
    if case.suite.kind != kind:
        return None, [f"{cell}: {code} is a {Kind(case.suite.kind).label} case. Import it there."]
    if case.retired:
        return None, [f"{cell}: {code} is retired. Bring it back first."]
    return case, []


def _merged(case: Case, new: NewCase, said: Mapping[str, str]) -> NewCase:
    """Return what the file says, and where it has no such column, what the case says."""
    return NewCase(
        **{
            name: getattr(new, name) if name in said and not (name == "mandatory" and not said[name]) else now
            for name, now in _values(case).items()
        }
    )


def _differences(case: Case, new: NewCase, said: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    merged = _merged(case, new, said)
    headings = {column.key: column.name for column in COLUMNS}
    pairs = ((name, now, getattr(merged, name)) for name, now in _values(case).items())
    return tuple((headings[name], _told(now), _told(then)) for name, now, then in pairs if now != then)


def _values(case: Case) -> dict[str, Any]:
    return {
        name: plain(value) if isinstance(value := case.suite.title if name == "suite" else getattr(case, name), str) else value
        for name in WRITTEN
    }  # fmt: skip


def _told(value: object) -> str:
    return _word(value) if isinstance(value, bool) else str(value)


def _too_many(project: Project, kind: str, plan: Plan, suites: int) -> list[str]:
    problems = []
    try:
        refuse_too_many(project, kind, more=len(plan.added))
    except ValidationError as wrong:
        problems += wrong.messages
    if suites + len(plan.suites) > MOST_SUITES:
        problems.append(f"{MOST_SUITES} suites are the most for one kind of testing.")
    return problems


def _cell(name: str, row: Row, letters: Mapping[str, str]) -> str:
    return f"{letters.get(name, 'Row ')}{row.number}"
