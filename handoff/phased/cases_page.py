"""The values of the pages of production cases: the list, one case, and the agenda of the review with the client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import User
from handoff.models import CaseNote, CaseReview, ProductionCase
from handoff.models.phased import ProductionCaseQuerySet
from handoff.phased.cases_sheet import last_notes
from handoff.phased.forms import SHOWN, CaseFilter
from projects.days import short
from projects.models import Project
from projects.people import Person, person
from transitions.production_case import CaseState
from workbook.vocabulary import Severity

#: Of a severity: the chip's kind and mark.
SEVERITY_CHIPS = {1: ("off", "▲"), 2: ("blocked", "▲"), 3: ("waiting", "●"), 4: ("", "○")}
STATE_CHIPS = {CaseState.OPEN: ("waiting", "○"), CaseState.CLOSED: ("done", "✓")}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in a list."""

    external_id: str
    address: str
    link: str
    title: str
    severity: str
    severity_chip: tuple[str, str]
    state: str
    state_chip: tuple[str, str]
    owner: Person | None
    owner_name: str
    age: str
    opened: str
    level: int
    note: str
    noted: str


def row(case: ProductionCase, notes: Mapping[int, CaseNote], today: dt.date) -> CaseRow:
    """Return a case (its owner read) ready to be written out."""
    note = notes.get(case.pk)
    age = case.age(today)
    owner = person(case.owner_id, case.owner.name if case.owner else None)
    return CaseRow(
        case.external_id, case.get_absolute_url(), case.link, case.title, case.get_severity_display(),
        SEVERITY_CHIPS[case.severity], case.get_state_display(), STATE_CHIPS[CaseState(case.state)], owner,
        case.owner.name if case.owner else case.owner_name, f"{age} day" if age == 1 else f"{age} days",
        short(case.opened_on, today), case.escalated if case.is_open else 0, note.text if note else "",
        f"{note.by.name}, {short(note.at.date(), today)}" if note else "",
    )  # fmt: skip


def rows(
    project: Project, cases: Iterable[ProductionCase], notes: Mapping[int, CaseNote], today: dt.date
) -> list[CaseRow]:
    """Return cases of a project as rows."""
    found = []
    for case in cases:
        case.project = project
        found.append(row(case, notes, today))
    return found


def notes_of(cases: Sequence[ProductionCase]) -> dict[int, CaseNote]:
    """Return the last note of each of these cases; one query."""
    found: dict[int, CaseNote] = {}
    for note in CaseNote.objects.filter(case__in=[case.pk for case in cases]).select_related("by").order_by("pk"):
        found[note.case_id] = note
    return found


def found(project: Project, chosen: CaseFilter, reader: User) -> ProductionCaseQuerySet:
    """Return the cases asked for, the gravest first."""
    cases: ProductionCaseQuerySet = ProductionCase.objects.filter(_shown(chosen.show, reader), project=project)
    if chosen.q:
        cases = cases.filter(Q(external_id__icontains=chosen.q) | Q(title__icontains=chosen.q))
    return cases.gravest_first()


def _shown(show: str, reader: User) -> Q:
    still = Q(state=CaseState.OPEN)
    return {
        "open": still,
        "closed": Q(state=CaseState.CLOSED),
        "escalated": still & Q(escalated__gt=0),
        "mine": still & Q(owner=reader),
        "all": Q(),
    }[show]


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the list, how many cases are in it, and its address."""

    label: str
    number: int
    address: str
    here: bool


def tabs(project: Project, chosen: CaseFilter, reader: User, base: str) -> list[Tab]:
    """Return the parts of the list with their numbers; one query."""
    counts = ProductionCase.objects.filter(project=project).aggregate(
        **{name: Count("pk", filter=_shown(name, reader)) for name, _ in SHOWN if name != "all"}, all=Count("pk")
    )
    return [
        Tab(words, counts[name], base + chosen.query(show=name, q=""), name == chosen.show) for name, words in SHOWN
    ]


# The review with the client --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """One case on the agenda of a review. Of the client's version, owner and note are what the client may read."""

    external_id: str
    link: str
    address: str
    title: str
    severity: str
    chip: tuple[str, str]
    age: str
    new: bool
    escalated: bool
    owner: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the agenda, with its points; a part without any is left out."""

    title: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is gone through with the client."""

    since: dt.date | None
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """How many cases are on it."""
        return sum(len(part.points) for part in self.parts)


def agenda(project: Project, review: CaseReview | None, *, client: bool, today: dt.date) -> Agenda:
    """Return the agenda of the next review: each case once, in the first part that it belongs to; two queries.

    Severity 1 and 2 come first, then what else is escalated, what is new since the last review, what is open besides, and what
    was closed since (domain.md, Phased go-live: client meeting to review production cases).

    Args:
        client: the version for the client: no owners, and of the notes those alone that were written for them.
    """
    since = review.held_on if review else None
    cases = list(ProductionCase.objects.filter(project=project).select_related("owner").gravest_first())
    notes = _client_notes(project) if client else last_notes(project)
    parts: dict[str, list[Point]] = {title: [] for title in _PARTS}
    for case in cases:
        title = part_of(case, since)
        if title:
            case.project = project
            parts[title].append(_point(case, notes.get(case.pk), since, client=client, today=today))
    return Agenda(since, tuple(Part(title, tuple(points)) for title, points in parts.items() if points))


_PARTS = ("Severity 1 and 2", "Escalated", "New", "Also open", "Closed")


def part_of(case: ProductionCase, since: dt.date | None) -> str:
    """Return to which part of the agenda a case belongs; nothing where it was closed before the last review. Pure."""
    if not case.is_open:
        return _PARTS[4] if case.closed_on and (since is None or case.closed_on >= since) else ""
    if case.severity <= Severity.MAJOR:
        return _PARTS[0]
    if case.escalated:
        return _PARTS[1]
    return _PARTS[2] if is_new(case, since) else _PARTS[3]


def is_new(case: ProductionCase, since: dt.date | None) -> bool:
    """Return whether the client has not gone through the case with us: all are new before the first review."""
    return since is None or case.opened_on >= since


def _client_notes(project: Project) -> dict[int, CaseNote]:
    found: dict[int, CaseNote] = {}
    for note in CaseNote.objects.filter(project=project, for_customer=True).order_by("pk"):
        found[note.case_id] = note
    return found


def _point(
    case: ProductionCase, note: CaseNote | None, since: dt.date | None, *, client: bool, today: dt.date
) -> Point:
    age = case.age(today)
    owner = "" if client else case.owner.name if case.owner else case.owner_name or "nobody yet"
    return Point(
        case.external_id, case.link, "" if client else case.get_absolute_url(), case.title, case.get_severity_display(),
        SEVERITY_CHIPS[case.severity], f"{age} day" if age == 1 else f"{age} days",
        since is not None and is_new(case, since), bool(case.escalated and case.is_open), owner, note.text if note else "",
    )  # fmt: skip
