"""Production cases as rows of a sheet or of a machine: out, and in again into a plan of what they would do.

A row whose ID is in the list writes that case where it differs; any other is new. The plan is done in
`handoff.phased.cases_import`, whole or not at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from handoff.models import CaseNote, ProductionCase
from handoff.models.phased import HIGHEST_LEVEL, LONGEST_NOTE, LONGEST_OWNER
from handoff.phased.cases import MOST_CASES
from handoff.phased.forms import CaseForm
from history.stale import fingerprint
from projects.models import Project
from projects.people import Person
from projects.sheet_drafts import read_upload
from records.raid_rights import people_of
from sheets.planning import Plan, PlanLine, cells_of
from sheets.reading import Column, Table
from sheets.writing import Sheet
from transitions.production_case import CaseState
from workbook.vocabulary import Severity

SHEET = "Cases"
MOST_ROWS = 2_000

#: The layout, out and in: heading, key, and other headings under which case systems export it.
COLUMNS = (
    Column("ID", "id", required=True, also=("Case Number", "Case", "Case ID", "Number")),
    Column("Title", "title", required=True, also=("Subject", "Summary")),
    Column("Severity", "severity", required=True, also=("Priority", "Sev")),
    Column("Opened", "opened", also=("Opened on", "Date/Time Opened", "Created Date", "Open date")),
    Column("Link", "link", also=("URL", "Case link")),
    Column("Owner", "owner", also=("Case Owner", "Assigned to")),
    Column("Notes", "notes", also=("Note", "Resolution notes", "Comments")),
    Column("Escalated", "escalated", also=("Escalation", "Escalation level")),
    Column("State", "state", also=("Status",)),
)
HEADER = tuple(column.name for column in COLUMNS)
NAMES = {column.key: column.name for column in COLUMNS}
#: What the form calls what a sheet calls otherwise.
_FIELDS = {"external_id": "id", "opened_on": "opened", "owner_name": "owner"}
LEFT = (
    "What is empty in the sheet stays as it is in a case that is in the list already.",
    "A note that is the last one of its case already is not written twice.",
    "Cases that are in the list and not in the sheet: nothing is deleted or closed by being left out.",
)
_STATES = {
    **dict.fromkeys(
        ("open", "new", "in progress", "working", "on hold", "pending", "escalated", "reopened"), CaseState.OPEN
    ),
    **dict.fromkeys(("closed", "solved", "resolved", "done"), CaseState.CLOSED),
}
_SEVERITIES = {
    name: severity.value
    for severity in Severity
    for name in (str(severity.value), severity.label.casefold(), severity.label[2:].casefold())
} | {f"{letter}{number}": number for letter in ("p", "s", "sev ", "sev") for number in range(1, 5)}
_LEVELS = {"yes": 1, "true": 1, "no": 0, "false": 0} | {str(level): level for level in range(HIGHEST_LEVEL + 1)}


# Out -----------------------------------------------------------------------------------------------------------------------


def export_rows(cases: Any, notes: Mapping[int, CaseNote]) -> Iterator[Sequence[object]]:
    """Yield cases (with their owners read) as rows of the layout; `notes` is the last one of each."""
    for case in cases:
        yield (
            case.external_id, case.title, case.severity, case.opened_on, case.link,
            case.owner.name if case.owner else case.owner_name, notes[case.pk].text if case.pk in notes else "",
            str(case.escalated) if case.escalated else "No", case.get_state_display(),
        )  # fmt: skip


def as_sheet(cases: Any, notes: Mapping[int, CaseNote]) -> Sheet:
    """Return the sheet of a triage list."""
    return Sheet(SHEET, HEADER, export_rows(cases, notes))


def last_notes(project: Project) -> dict[int, CaseNote]:
    """Return the last note of each case of a project that has any; one query."""
    found: dict[int, CaseNote] = {}
    for note in CaseNote.objects.filter(project=project).select_related("by").order_by("pk"):
        found[note.case_id] = note
    return found


# In: what it would do ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Line(PlanLine):
    """What one row would do, and to which case."""

    case: ProductionCase | None = None
    note: str = ""
    level: int | None = None


def read_sheet(upload: UploadedFile[bytes]) -> Table:
    """Return the rows of an uploaded sheet.

    Raises:
        SheetRefused: it cannot be read, with why.
    """
    return read_upload(upload, COLUMNS, sheet=SHEET, most_rows=MOST_ROWS)


def plan(project: Project, table: Table, *, today: dt.date) -> Plan[Line]:
    """Return what a sheet would do to the list as it is now; three queries, whatever the number of its rows."""

    def cell_of(number: int) -> Callable[[str], str]:
        return cells_of(number, NAMES, table.letters)

    return plan_rows(project, [(row.number, row.text()) for row in table.rows], cell_of, table.ignored, today=today)


def plan_rows(
    project: Project, rows: Sequence[tuple[int, Mapping[str, str]]], cell_of: Callable[[int], Callable[[str], str]],
    ignored: Sequence[str] = (), *, today: dt.date,
) -> Plan[Line]:  # fmt: skip
    """Return what rows (number, texts by the columns' keys) would do; `cell_of` names the places of a row."""
    cases = ProductionCase.objects.filter(project=project).select_related("owner")
    known = {case.external_id.casefold(): case for case in cases}
    reading = _Reading(known, last_notes(project), people_of(project), today)
    lines = [reading.line(number, values, cell_of(number)) for number, values in rows]
    room = MOST_CASES - len(known)
    for line in [line for line in lines if line.what == "new"][max(room, 0) :]:
        line.refuse(f"row {line.number}", f"{MOST_CASES:,} cases are kept for a project; this is one too many.")
    facts = [
        (line.number, line.what, line.code, line.case.revision if line.case else None, line.state, line.values, line.note,
         line.level, line.problems)
        for line in lines
    ]  # fmt: skip
    return Plan(lines, list(ignored), fingerprint(facts))


@dataclass
class _Reading:
    """What rows are held against."""

    known: Mapping[str, ProductionCase]
    notes: Mapping[int, CaseNote]
    people: Sequence[Person]
    today: dt.date
    seen: dict[str, int] = field(default_factory=dict)

    def line(self, number: int, given: Mapping[str, str], cell: Callable[[str], str]) -> Line:
        values = {key: value.strip() for key, value in given.items()}
        line = Line(number, values.get("id", ""), values.get("title", ""))
        line.case = self.known.get(line.code.casefold()) if line.code else None
        if not line.code:
            line.refuse(cell("id"), "Each case has an ID, by which it is found again.")
        elif line.code.casefold() in self.seen:
            line.refuse(cell("id"), f"{line.code} is in row {self.seen[line.code.casefold()]} already.")
        self.seen.setdefault(line.code.casefold(), number)
        for key in ("id", "title", "link", "owner", "notes"):
            if values.get(key, "").startswith("="):
                line.refuse(cell(key), "a formula. Write its value instead.")
        self._state(line, values, cell)
        self._escalation(line, values, cell)
        self._note(line, values, cell)
        self._judge(line, values, cell)
        if line.what == "new" and line.case is not None:
            line.what = "changed" if line.changes else "unchanged"
        return line

    def _state(self, line: Line, values: Mapping[str, str], cell: Callable[[str], str]) -> None:
        said = values.get("state", "")
        state = _STATES.get(said.casefold(), "")
        if said and not state:
            line.refuse(cell("state"), f"“{said}” is no state: open or closed.")
        if line.case is None:
            line.state = state or CaseState.OPEN
        elif state and state != line.case.state:
            line.state = state
            line.changes.append(("State", line.case.get_state_display(), str(CaseState(state).label)))

    def _escalation(self, line: Line, values: Mapping[str, str], cell: Callable[[str], str]) -> None:
        said = values.get("escalated", "")
        if not said:
            return
        level = _LEVELS.get(said.casefold())
        now = line.case.escalated if line.case else 0
        if level is None:
            line.refuse(cell("escalated"), f"“{said}” is no escalation: yes, no, or a level from 1 to {HIGHEST_LEVEL}.")
        elif level != now and not (said.casefold() in {"yes", "true"} and now):
            line.level = level
            if line.case is not None:
                line.changes.append(("Escalated", str(now or "no"), str(level or "no")))
        ends = line.state or (line.case.state if line.case else CaseState.OPEN)
        if line.level and ends == CaseState.CLOSED:
            line.refuse(cell("escalated"), "A case that is closed is not escalated.")

    def _note(self, line: Line, values: Mapping[str, str], cell: Callable[[str], str]) -> None:
        said = values.get("notes", "").replace("\r\n", "\n")
        if len(said) > LONGEST_NOTE:
            line.refuse(cell("notes"), f"A note has {LONGEST_NOTE:,} characters at most; this has {len(said):,}.")
        last = self.notes.get(line.case.pk) if line.case else None
        if said and (last is None or last.text != said):
            line.note = said
            if line.case is not None:
                line.changes.append(("Notes", last.text if last else "nothing", said))

    def _judge(self, line: Line, values: Mapping[str, str], cell: Callable[[str], str]) -> None:
        """Ask the form of the case's page, and note what would change."""
        case = line.case
        now = values_now(case)
        sent = dict(now) | {
            "external_id": case.external_id if case else line.code,
            "title": values.get("title") or now["title"],
            "severity": self._severity(values) or now["severity"],
            "opened_on": _day(values.get("opened", "")) or now["opened_on"],
            "link": values.get("link") or now["link"],
        }
        owner = Person(case.owner.pk, case.owner.name) if case and case.owner else None
        if values.get("owner"):
            sent["owner"], sent["owner_name"] = self._owner(values["owner"], owner)
        form = CaseForm(sent, people=self.people, owner=owner)
        if not form.is_valid():
            for name, errors in form.errors.items():
                for message in errors if name != "external_id" or line.code else ():  # that there is none was said
                    line.refuse(cell(_FIELDS.get(name, name)), str(message))
            return
        data = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
        data["owner_id"] = data.pop("owner")
        if data["opened_on"] > self.today:
            line.refuse(cell("opened"), f"{data['opened_on']} is still to come.")
        elif case is not None and case.closed_on and data["opened_on"] > case.closed_on:
            line.refuse(cell("opened"), f"It was closed on {case.closed_on}, so it was opened by then.")
        if case is None:
            line.values = data
            return
        line.values = {name: value for name, value in data.items() if value != getattr(case, name)}
        line.changes += [self._change(case, name, value, form.names) for name, value in line.values.items()]

    def _severity(self, values: Mapping[str, str]) -> str:
        said = values.get("severity", "")
        return str(_SEVERITIES.get(said.casefold(), said))

    def _owner(self, name: str, owner: Person | None) -> tuple[str, str]:
        """Return the id of the one person of that name here; anybody else is kept by name."""
        found = [one for one in (*self.people, *([owner] if owner else [])) if one.name.casefold() == name.casefold()]
        if len({one.id for one in found}) == 1:
            return str(found[0].id), ""
        return "", name[: LONGEST_OWNER + 1]  # one too many is for the form to refuse

    def _change(self, case: ProductionCase, name: str, value: Any, names: Mapping[int, str]) -> tuple[str, str, str]:
        if name == "owner_id":
            return "Owner", case.owner.name if case.owner else "nobody", names.get(value or 0, "nobody of the project")
        label = {"opened_on": "Opened", "owner_name": "Owner by name"}.get(name, NAMES.get(name, name))
        return label, str(getattr(case, name) or "nothing"), str(value or "nothing")


def values_now(case: ProductionCase | None) -> dict[str, str]:
    """Return what a case says as a form takes it; empty texts where there is none."""
    if case is None:
        return dict.fromkeys(("external_id", "title", "severity", "opened_on", "link", "owner", "owner_name"), "")
    return {
        "external_id": case.external_id, "title": case.title, "severity": str(case.severity),
        "opened_on": case.opened_on.isoformat(), "link": case.link, "owner": str(case.owner_id or ""),
        "owner_name": case.owner_name,
    }  # fmt: skip


def _day(said: str) -> str:
    """Return the date of a moment: “2026-11-03 09:15:00” is a day for us, and so is “11/3/2026, 9:15 AM”."""
    head = said.partition("T")[0] if said[:4].isdigit() else said
    if head[:1].isdigit():
        head = head.partition(" ")[0].rstrip(",")
    return head
