"""The values of the page of departures, of its file, and of what a playbook's own page says of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.urls import reverse

from accounts.models import User
from playbook.models import Version
from playbook.panels import Panel, StepNote
from projects.days import short
from projects.departures import Asked, Departure, Kind, StepCount, count, find, live_projects
from projects.filters import ListForm, _choice, _flag, _number
from projects.models import ProjectPlaybook
from transitions.clock import business_day
from transitions.step import StepStatus

#: So many steps are counted on the page, those from which most projects depart; the file has all of them.
MOST_STEPS = 10
STATUSES: Mapping[str, str] = dict(StepStatus.choices)


class DeparturesForm(ListForm):
    """The parameters of the list of departures."""

    playbook = forms.SlugField(required=False, max_length=60, error_messages={"invalid": "There is no such playbook."})
    version = _number("version")
    step = forms.RegexField(
        r"^[a-z0-9-]{1,60}/[a-z0-9.-]{1,120}$", required=False,
        error_messages={"invalid": "A step is named by its playbook and key, such as integration/design.review."},
    )  # fmt: skip
    kind = _choice("kind of departure", Kind.choices)
    project = forms.RegexField(
        r"^[A-Za-z]{2,6}-\d{1,4}$", required=False,
        error_messages={"invalid": "A project is named by its code, such as MRW-1."},
    )  # fmt: skip
    pm = _number("person’s number")
    optional = _flag("optional")
    format = _choice("format", [("csv", "CSV"), ("xlsx", "XLSX")])

    def clean_project(self) -> str:
        """A code is known in either case."""
        return str(self.cleaned_data["project"]).upper()


@dataclass(frozen=True, slots=True)
class Row:
    """One departure on the page."""

    playbook: str
    key: str
    title: str
    step_address: str
    project: str
    code: str
    project_address: str
    pm: str
    kind: str
    words: str
    detail: str
    by: str
    at: str
    at_iso: str
    status: str


@dataclass(frozen=True, slots=True)
class CountRow:
    """One step from which projects depart: in how many ways, how many, and where its departures are listed."""

    title: str
    path: str
    words: str
    kinds: tuple[int, ...]
    address: str


def rows(found: Iterable[Departure], today: dt.date) -> list[Row]:
    """Return departures that are told, as rows."""
    base = reverse("portfolio")
    made = []
    for one in found:
        project = f"{base}{one.code}/"
        day = business_day(one.at) if one.at else None
        made.append(
            Row(
                f"{one.playbook} v{one.version}", one.key, one.title, f"{project}steps/{one.path}/", one.project, one.code,
                project, one.pm, one.kind, str(Kind(one.kind).label), detail(one, today), one.by,
                short(day, today) if day else "", one.at.isoformat() if one.at else "", STATUSES[one.status],
            )
        )  # fmt: skip
    return made


def detail(one: Departure, today: dt.date) -> str:
    """Return why, with what it is called instead or until when it is waived."""
    if one.kind == Kind.RENAMED:
        return f"“{one.own_title}”{f': {one.reason}' if one.reason else ''}"
    if one.kind == Kind.WAIVED and one.expires:
        over = "held until" if one.expires < today else "holds until"
        return f"{one.reason} ({over} {short(one.expires, today)})"
    return one.reason


def count_rows(counted: Sequence[StepCount], chosen: Asked, base: str) -> list[CountRow]:
    """Return the steps from which most projects depart."""
    return [
        CountRow(
            step.title, step.path, step.words, tuple(step.of_kind(kind) for kind in Kind.values),
            base + chosen.query(step=step.path),
        )
        for step in counted[:MOST_STEPS]
    ]  # fmt: skip


def choices(who: User) -> dict[str, list[tuple[object, str]]]:
    """Return what may be chosen: playbooks and versions of live projects that the person sees, and who runs them. Two queries."""
    projects = live_projects(who).order_by()
    pins = ProjectPlaybook.objects.filter(project__in=projects.values("pk")).order_by()
    columns = ("version__playbook__slug", "version__title", "version__number")
    versions = sorted(set(pins.values_list(*columns)))
    managers = set(projects.exclude(manager=None).values_list("manager_id", "manager__name"))
    return {
        "playbook": list({slug: (slug, title) for slug, title, _ in versions}.values()),
        "version": [(number, f"Version {number}") for number in sorted({number for *_, number in versions})],
        "kind": list(Kind.choices),
        "pm": sorted(managers, key=lambda one: one[1]),
    }


HEADER = (
    "Playbook", "Version", "Step key", "Step", "Project", "Code", "PM", "Kind", "Called here", "Who", "When", "Reason",
    "Waived until", "Step now", "Address",
)  # fmt: skip
COUNT_HEADER = ("Playbook", "Step key", "Step", *Kind.labels, "Projects that depart", "Projects that have it")


def cells(found: Iterable[Departure], site: str) -> Iterator[tuple[object, ...]]:
    """Yield departures that are told, as cells of a file; `site` is the address of this one, without a slash at its end."""
    base = reverse("portfolio")
    for one in found:
        yield (
            one.playbook, one.version, one.key, one.title, one.project, one.code, one.pm, str(Kind(one.kind).label),
            one.own_title, one.by, one.at, one.reason, one.expires, STATUSES[one.status],
            f"{site}{base}{one.code}/steps/{one.path}/",
        )  # fmt: skip


def count_cells(counted: Iterable[StepCount]) -> Iterator[tuple[object, ...]]:
    """Yield steps as cells of a file."""
    for step in counted:
        playbook, _, key = step.path.partition("/")
        yield (
            playbook, key, step.title, *(step.of_kind(kind) for kind in Kind.values), len(step.projects), step.of,
        )  # fmt: skip


def of_version(version: Version, reader: User) -> tuple[Panel | None, Mapping[str, StepNote]]:
    """Return what a version's page says of live projects on it: how many departures there are, and beside each step its own."""
    if version.is_draft:
        return None, {}
    base = reverse("departures")
    asked = Asked(playbook=version.playbook.slug, version=version.number)
    found = find(reader, asked)
    if not found:
        return None, {}
    counted = count(reader, asked, found)
    projects = {pk for step in counted for pk in step.projects}
    notes = {step.path.partition("/")[2]: StepNote(step.words, base + asked.query(step=step.path)) for step in counted}
    values = {"steps": len(counted), "projects": len(projects), "address": base + asked.query()}
    return Panel("projects/parts/version_departures.html", values), notes
