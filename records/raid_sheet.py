"""The RAID log as a sheet: out as XLSX or CSV, and read again into a plan of what it would do.

A row with an ID is that item, and writes what differs; one without is new. The plan is done in `records.raid_import`. What an
import leaves as it is, is said on its page (`LEFT`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from history.stale import fingerprint
from projects.models import Project
from projects.people import Person
from projects.sheet_drafts import read_upload
from records.models.raid import OF_RISKS, RaidItem, RaidKind, RaidQuerySet
from records.raid import FIELDS
from records.raid_form import RaidForm
from records.raid_rights import people_of
from sheets.planning import Plan, PlanLine, cells_of
from sheets.reading import Column, Row, Table
from sheets.writing import Sheet
from transitions.raid import RaidState

SHEET = "RAID"
MOST_ROWS = 2_000

#: The layout, out and in: heading, key, and other headings under which people keep it.
COLUMNS = (
    Column("ID", "id", also=("Number", "No.", "Ref")),
    Column("Type", "kind", also=("Kind", "Category", "RAID")),
    Column("Title", "title", required=True, also=("Summary", "Name")),
    Column("Cause", "cause"),
    Column("Event", "event", also=("Description",)),
    Column("Effect", "effect", also=("Consequence",)),
    Column("Probability", "probability", also=("Likelihood",)),
    Column("Impact", "impact"),
    Column("Exposure", "exposure", also=("Score", "Rating")),
    Column("Strategy", "strategy"),
    Column("Response", "response", also=("Mitigation", "Action")),
    Column("Owner", "owner"),
    Column("Due", "due", also=("Due date", "Trigger date", "Due or trigger date")),
    Column("State", "state", also=("Status",)),
    Column("Trend", "trend"),
    Column("Reviewed", "reviewed", also=("Reviewed on",)),
    Column("Customer-visible", "visible", also=("Visible to the customer",)),
    Column("Linked steps", "steps"),
    Column("Notes", "notes", also=("Internal notes", "Comments")),
)
HEADER = tuple(column.name for column in COLUMNS)
NAMES = {column.key: column.name for column in COLUMNS}
#: What an import leaves as it is, in words.
LEFT = (
    "State of items that are in the log already: it moves on the item’s page, with its reason. A new row begins in the state "
    "that its sheet says.",
    "Reviewed, Customer-visible and Linked steps: each is an act of its own on the item’s page.",
    "Exposure: it is probability × impact, whatever the sheet says.",
)
_STATES = {name.casefold(): state for state in RaidState for name in (state.value, state.label)} | {
    "in progress": RaidState.MITIGATING, "done": RaidState.CLOSED,
}  # fmt: skip
_KINDS = {name.casefold(): kind for kind in RaidKind for name in (kind.value, kind.letter, f"{kind.label}s")} | {
    "dependencies": RaidKind.DEPENDENCY
}


# Out -----------------------------------------------------------------------------------------------------------------------


def export_rows(project: Project, items: RaidQuerySet) -> Iterator[Sequence[object]]:
    """Yield items as rows of the layout; two queries beside the board's."""
    steps = {step.id: f"{step.template.number} {project.board.title(step)}" for step in project.board.steps}
    for item in items.select_related("owner").prefetch_related("links__decision"):
        linked = dict.fromkeys(
            steps[link.step_id or link.decision.step_id] for link in item.links.all() if link.step_id or link.decision
        )
        yield (
            item.code, item.get_kind_display(), item.title, item.cause, item.event, item.effect, item.probability, item.impact,
            item.exposure, item.get_strategy_display(), item.response, item.owner.name if item.owner else "", item.due,
            item.get_state_display(), item.get_trend_display(), item.reviewed_on, "Yes" if item.visible_to_customer else "No",
            "; ".join(linked), item.notes,
        )  # fmt: skip


def as_sheet(project: Project, items: RaidQuerySet) -> Sheet:
    """Return the sheet of a log."""
    return Sheet(SHEET, HEADER, export_rows(project, items))


# In: what it would do ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Line(PlanLine):
    """What one row of the sheet would do, and to which item."""

    item: RaidItem | None = None
    kind: str = ""


def read_sheet(upload: UploadedFile[bytes]) -> Table:
    """Return the rows of an uploaded sheet.

    Raises:
        SheetRefused: it cannot be read, with why.
    """
    return read_upload(upload, COLUMNS, sheet=SHEET, most_rows=MOST_ROWS)


def plan(project: Project, table: Table) -> Plan[Line]:
    """Return what a sheet would do to the log as it is now; in two queries, whatever the number of its rows."""
    known = {item.code: item for item in RaidItem.objects.filter(project=project).select_related("owner")}
    people = people_of(project)
    seen: set[str] = set()
    lines = [_line(row, known, people, seen, table.letters) for row in table.rows]
    facts = [
        (
            line.number,
            line.what,
            line.code,
            line.item.revision if line.item else None,
            line.state,
            line.values,
            line.problems,
        )
        for line in lines
    ]
    return Plan(lines, table.ignored, fingerprint(facts))


def _line(
    row: Row, known: Mapping[str, RaidItem], people: Sequence[Person], seen: set[str], letters: Mapping[str, str]
) -> Line:
    values, cell = row.text(), cells_of(row.number, NAMES, letters)
    line = Line(row.number, values.get("id", "").strip().upper(), values.get("title", ""))
    kind = _KINDS.get(values.get("kind", "").strip().casefold())
    if values.get("kind", "").strip() and kind is None:
        line.refuse(cell("kind"), f"“{values['kind']}” is no type: risk, assumption, issue or dependency.")
    if line.code:
        line.item = known.get(line.code)
        if line.item is None:
            line.refuse(cell("id"), f"“{line.code}” is not in this log. Leave the ID empty for a new item.")
        elif line.code in seen:
            line.refuse(cell("id"), f"{line.code} is in the sheet twice.")
        elif kind and kind != line.item.kind:
            line.refuse(cell("kind"), f"{line.code} is a {line.item.get_kind_display().lower()}, and stays one.")
        seen.add(line.code)
    elif kind is None and not line.problems:
        line.refuse(cell("kind"), "Say what it is: risk, assumption, issue or dependency.")
    line.kind = line.item.kind if line.item else kind or ""
    line.state = _state(line, values, cell("state"))
    if line.kind and (line.item or not line.code):
        _judge(line, values, people, cell)
    return line


def _state(line: Line, values: Mapping[str, str], cell: str) -> str:
    said = values.get("state", "").strip()
    state = _STATES.get(said.casefold(), "")
    if said and not state:
        line.refuse(cell, f"“{said}” is no state: open, mitigating or closed.")
    return "" if line.item else state or RaidState.OPEN


def _judge(line: Line, values: Mapping[str, str], people: Sequence[Person], cell: Callable[[str], str]) -> None:
    """Ask the form of the item's page, and note what would change. What the sheet has no column for stays as it is."""
    item = line.item
    owner = Person(item.owner.pk, item.owner.name) if item is not None and item.owner is not None else None
    sent = {name: _as_sent(getattr(item, name)) for name in FIELDS} if item is not None else {}
    sent["owner"] = str(owner.id) if owner else ""
    for name in FIELDS:
        said = values.get(name, "").strip()
        if name in OF_RISKS and line.kind != RaidKind.RISK:
            if said:
                line.refuse(cell(name), f"{NAMES[name]} is said of risks alone.")
        elif name == "owner" and name in values:
            sent[name] = _owner(line, said, people, owner, cell(name))
        elif name in values:
            sent[name] = _plain(name, said)
    form = RaidForm(sent, kind=line.kind, people=people, owner=owner)
    if not form.is_valid():
        for name, errors in form.errors.items():
            for message in errors:
                line.refuse(cell(name), str(message))
    if line.problems:
        return
    written = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
    written["owner_id"] = written.pop("owner")
    if item is None:
        line.values = written
        return
    line.values = {name: value for name, value in written.items() if value != getattr(item, name)}
    line.changes = [_change(item, name, value, form.names) for name, value in line.values.items()]
    line.what = "changed" if line.values else "unchanged"


def _plain(name: str, said: str) -> str:
    """Return a value as the form takes it: “Reduce” is `reduce`, “4 Likely” is 4."""
    if name in {"strategy", "trend"}:
        return said.casefold()
    return said.partition(" ")[0] if name in {"probability", "impact"} else said


def _as_sent(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, dt.date) else str(value)


def _owner(line: Line, name: str, people: Sequence[Person], owner: Person | None, cell: str) -> str:
    """Return the id of the person of that name on the project, as a form takes it; who owns it already may go on."""
    wanted = name.casefold()
    if not wanted:
        return ""
    if owner is not None and owner.name.casefold() == wanted:
        return str(owner.id)
    found = [person for person in people if person.name.casefold() == wanted]
    if len(found) != 1:
        why = (
            "has no seat on this project"
            if not found
            else "is the name of two people here; choose the owner on the item’s page"
        )
        line.refuse(cell, f"“{name}” {why}.")
        return ""
    return str(found[0].id)


def _change(item: RaidItem, name: str, value: Any, names: Mapping[int, str]) -> tuple[str, str, str]:
    if name == "owner_id":
        return "Owner", item.owner.name if item.owner else "nobody", names.get(value or 0, "nobody")
    return NAMES[name], _words(getattr(item, name)), _words(value)


def _words(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    return f"{value:%b} {value.day}, {value.year}" if isinstance(value, dt.date) else str(value)
