"""The history of projects, and of all that a reader may see: its sources, its filter, its rows as a file."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import reverse

from accounts.models import User
from history.context import Origin
from history.reading import (
    NOTHING,
    ORIGINS,
    Change,
    FieldChange,
    Name,
    Names,
    Page,
    Place,
    Source,
    Wanted,
    in_words,
    label_of,
    person_name,
    read,
    shortened,
    tracked,
)  # fmt: skip
from history.tracking import history_of
from playbook.history_page import NAMERS as PLAYBOOK_NAMERS
from playbook.history_page import REVERTABLE as PLAYBOOK_REVERTABLE
from playbook.history_page import move_words
from playbook.history_page import sources as playbook_sources
from playbook.models import Role, Version
from projects.filters import Filter, ListForm, _choice, _number
from projects.forms import date_field
from projects.models import (
    Approval,
    Biller,
    CoreSystem,
    DateChange,
    Project,
    ProjectPlaybook,
    ProjectStep,
    Seat,
    Waiver,
)
from raci.grants import holds_globally
from transitions.models import TransitionRecord

ON_A_PAGE, IN_A_FILE, A_READ = 50, 10_000, 500
DECISIONS = ("approve", "reject")
EXPORT_HEADER = (
    *("When (UTC)", "Who", "From", "Batch", "Kind", "What", "Change", "Field", "Old", "New", "Reason"),
)  # fmt: skip


# Names -------------------------------------------------------------------------------------------------------------------


def _projects(keys: Any) -> dict[int, Name]:
    rows = Project.objects.filter(pk__in=keys).values_list("pk", "code", "name")
    return {pk: Name(f"{code} {name}", reverse("project", args=[code])) for pk, code, name in rows}


def _steps(keys: Any) -> dict[int, Name]:
    rows = ProjectStep.objects.filter(pk__in=keys).values_list(
        "pk", "project__code", "template__title", "template__key", "template__version__playbook__slug"
    )
    return {
        pk: Name(f"{title}, {code}", reverse("step", args=[code, f"{slug}/{key}"]))
        for pk, code, title, key, slug in rows
    }


def _named(model: type[models.Model]) -> Callable[[Any], dict[int, Name]]:
    manager: Any = model._default_manager
    return lambda keys: {pk: Name(name) for pk, name in manager.filter(pk__in=keys).values_list("pk", "name")}


NAMERS: Mapping[type[models.Model], Any] = {
    **PLAYBOOK_NAMERS,
    User: _named(User),
    Biller: _named(Biller),
    CoreSystem: _named(CoreSystem),
    Project: _projects,
    ProjectStep: _steps,
}


# Sources -----------------------------------------------------------------------------------------------------------------


def _project(row: Any, names: Names) -> Name:
    return Name(f"{row.code} {row.name}", reverse("project", args=[row.code]))


def _step(row: Any, names: Names) -> Name:
    return names.of(ProjectStep, row.id)


def _seat(row: Any, names: Names) -> Name:
    project, role = names.of(Project, row.project_id), names.of(Role, row.role_id)
    return Name(f"{role.label}, {project.label}", project.link)


def _pin(row: Any, names: Names) -> Name:
    project, version = names.of(Project, row.project_id), names.of(Version, row.version_id)
    return Name(f"{version.label}, {project.label}", project.link)


def _plain(row: Any, names: Names) -> Name:
    return Name(row.name)


def _person(row: Any, names: Names) -> Name:
    return Name(f"{row.name} ({row.email})")


#: What may be taken back from its history, by kind and column; `projects.revert` knows how.
REVERTABLE: Mapping[str, frozenset[str]] = {
    **PLAYBOOK_REVERTABLE,
    "project": frozenset({"target_go_live", "name", "mrr", "core_system_id"}),
    "step": frozenset({"due", "responsible_id", "accountable_id"}),
    "seat": frozenset({"person_id"}),
    "biller": frozenset({"name"}),
    "core-system": frozenset({"name", "partner"}),
}


def _revert(kind: str, *, may: bool) -> Callable[[Any, str], str]:
    fields = REVERTABLE[kind] if may else frozenset()
    return lambda row, column: (
        reverse("revert", args=[kind, row.pk]) if column in fields and row.history_type == "~" else ""
    )


def project_sources(zone: ZoneInfo, *, project: Project | None = None, manages: bool = False) -> list[Source]:
    """Return the tables that tell of one project, or of all of them, in the clock of `zone`.

    Args:
        manages: whether the reader may take fields back, and so gets a button for it.
    """

    def of(model: type[models.Model], root: str) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = history_of(model).objects.all()
        return rows if project is None else rows.filter(**{root: project.pk})

    def kept(name: str, title: str, model: type[models.Model], label: Any, root: str, *, revert: bool = True) -> Source:
        taking_back = _revert(name, may=manages) if revert else None
        return tracked(model, name=name, title=title, label=label, rows=of(model, root), zone=zone, revert=taking_back)

    def decided(model: type[models.Model]) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = model._default_manager.all()
        return rows if project is None else rows.filter(project=project)

    records: models.QuerySet[Any] = TransitionRecord.objects.exclude(move__in=DECISIONS)
    root = ContentType.objects.get_for_model(Project)
    records = records.filter(root_type=root) if project is None else records.filter(root_type=root, root_id=project.pk)
    return [
        Source("move", "Move", records, _tell_move, related=("by",)),
        Source("decision", "Decision", decided(Approval), _tell_approval, object_id="step_id", related=("by",)),
        Source("waiver", "Waiver", decided(Waiver), _tell_waiver, object_id="project_id", related=("by",)),
        kept("project", "Project", Project, _project, "id"),
        kept("step", "Step", ProjectStep, _step, "project"),
        kept("seat", "Seat", Seat, _seat, "project"),
        kept("pin", "Playbook of a project", ProjectPlaybook, _pin, "project", revert=False),
        # A date that was moved is told by the step or the project, save where it is older than their history.
        Source("date", "Date", decided(DateChange).filter(origin=""), _tell_date, object_id="step_id", related=("by",)),
    ]


def step_sources(sources: Sequence[Source], step: ProjectStep) -> list[Source]:
    """Return of a project's sources those that tell of one step, and of them what tells of it."""
    of_step = {"object_type": ContentType.objects.get_for_model(ProjectStep)}
    return [
        replace(
            source, rows=source.rows.filter(**{source.object_id: step.pk}, **(of_step if source.name == "move" else {}))
        )
        for source in sources
        if source.name in {"move", "decision", "step", "date"}
    ]


def _stamp(row: Any) -> dict[str, Any]:
    return {
        "pk": row.pk, "at": row.at, "by": person_name(row.by), "by_id": row.by_id, "origin": ORIGINS.get(row.origin, ""),
        "batch": row.batch,
    }  # fmt: skip


def _tell_move(row: TransitionRecord, names: Names) -> Change:
    of_step = row.object_id != row.root_id or row.object_type_id != row.root_type_id
    what = names.of(ProjectStep if of_step else Project, row.object_id)
    return Change(
        source="move", kind="Step" if of_step else "Project", label=what.label, link=what.link, note=row.note,
        words=move_words(row.move), fields=state_change(ProjectStep if of_step else Project, row), **_stamp(row),
    )  # fmt: skip


def state_change(model: type[Any], row: TransitionRecord) -> list[FieldChange]:
    """Return the state that a move changed, in the words of the machine; none for one that began."""
    if not row.source:
        return []
    words = dict(model.state_field(row.machine).flatchoices)
    return [
        FieldChange(
            row.machine, row.machine.capitalize(), str(words.get(row.source, row.source)),
            str(words.get(row.target, row.target)),
        )
    ]  # fmt: skip


def _tell_approval(row: Approval, names: Names) -> Change:
    what = names.of(ProjectStep, row.step_id)
    note = row.note + (f" Reopened: {', '.join(row.reopened)}." if row.reopened else "")
    return Change(
        source="decision", kind="Sign-off", label=what.label, link=what.link, note=note.strip(),
        words=row.get_decision_display().lower(), mark="decision", **_stamp(row),
    )  # fmt: skip


def _tell_waiver(row: Waiver, names: Names) -> Change:
    project = names.of(Project, row.project_id)
    until = f"{row.expires:%b} {row.expires.day}, {row.expires.year}"
    return Change(
        source="waiver", kind="Waiver", label=row.text, link=project.link, note=row.reason, words=f"waived until {until}",
        mark="waiver", **_stamp(row),
    )  # fmt: skip


def _tell_date(row: DateChange, names: Names) -> Change:
    what = names.of(ProjectStep, row.step_id) if row.step_id else names.of(Project, row.project_id)
    label = label_of(ProjectStep if row.step_id else Project, row.field)
    old, new = (f"{day:%b} {day.day}, {day.year}" if day else NOTHING for day in (row.old, row.new))
    return Change(
        source="date", kind="Step" if row.step_id else "Project", label=what.label, link=what.link, note=row.reason,
        words="changed", fields=[FieldChange(row.field, label, old, new)], **_stamp(row),
    )  # fmt: skip


def all_sources(reader: User) -> list[Source]:
    """Return every table that the reader may read all of: projects for whoever sees them all, the rest for administrators.

    An empty list is the answer to somebody who may read none.
    """
    zone = reader.zone
    found: list[Source] = []
    if holds_globally(reader, "projects", "view_all_projects"):
        found += project_sources(zone, manages=reader.is_superuser)
        for name, title, model in (("biller", "Biller", Biller), ("core-system", "Core system", CoreSystem)):
            may = _revert(name, may=reader.is_superuser)
            found.append(tracked(model, name=name, title=title, label=_plain, zone=zone, revert=may))
    if holds_globally(reader, "playbook", "change_version"):
        found += playbook_sources(zone, revert=True)
    if holds_globally(reader, "accounts", "change_user"):
        found.append(tracked(User, name="person", title="Person", label=_person, zone=zone))
    return found


def told_values(model: type[models.Model], column: str, values: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    """Return values of a field in words, under the names that they came with."""
    names = Names(NAMERS)
    for value in values.values():
        in_words(model, column, value, names, zone)
    names.read()
    return {name: shortened(in_words(model, column, value, names, zone)) for name, value in values.items()}


# The filter --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HistoryFilter(Filter):
    """Which changes."""

    what: str = ""
    who: int | None = None
    origin: str = ""
    batch: uuid.UUID | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    object: int | None = None
    before: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for but where the page begins."""
        return bool(self.query(before=""))

    def wanted(self, zone: ZoneInfo) -> Wanted:
        """Return what is asked for; days are those of `zone`, both inclusive."""
        return Wanted(
            self.what, self.who, self.origin, self.batch, _midnight(self.since, zone),
            _midnight(self.until and self.until + dt.timedelta(days=1), zone), self.object,
        )  # fmt: skip


def _midnight(day: dt.date | None, zone: ZoneInfo) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), zone) if day else None


class HistoryForm(ListForm):
    """The parameters of a page of history."""

    what = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "“%(value)s” is no kind that this history knows."}
    )
    who = _number("person’s number")
    origin = _choice("origin", Origin.choices)
    batch = forms.UUIDField(required=False, error_messages={"invalid": "That is no batch."})
    since = date_field("Since", required=False)
    until = date_field("Until", required=False)
    object = _number("number of an object")
    before = forms.CharField(required=False, max_length=60)
    format = _choice("format", [("csv", "CSV")])

    def clean_before(self) -> str:
        """Refuse what is no place in the stream."""
        given = str(self.cleaned_data["before"])
        if given and Place.read(given) is None:
            raise forms.ValidationError("That is no place in a history.")
        return given


def form_for(sources: Sequence[Source]) -> type[HistoryForm]:
    """Return the form that knows the kinds of these sources."""

    class Form(HistoryForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fields["what"].choices = kinds(sources)  # type: ignore[attr-defined]

    return Form


def kinds(sources: Sequence[Source]) -> list[tuple[str, str]]:
    """Return the kinds of change that may be chosen, as (name, words)."""
    return list(dict.fromkeys((source.name, source.title) for source in sources))


def page_of(sources: Sequence[Source], chosen: HistoryFilter, zone: ZoneInfo, *, most: int = ON_A_PAGE) -> Page:
    """Return the page that is asked for."""
    return read(sources, chosen.wanted(zone), namers=NAMERS, most=most, before=Place.read(chosen.before))


def people_of(sources: Iterable[Source]) -> list[tuple[int, str]]:
    """Return who has changed something in one of the tables, by name: whom the filter offers."""
    has_acted = models.Q()
    for source in sources:
        has_acted |= models.Q(models.Exists(source.rows.order_by().filter(**{source.by: models.OuterRef("pk")})))
    return list(User.objects.filter(has_acted).order_by("name").values_list("pk", "name"))


def export_rows(sources: Sequence[Source], chosen: HistoryFilter, zone: ZoneInfo) -> Iterator[Sequence[object]]:
    """Yield the changes as rows of a file, one for each field; the 10,000 newest, and a last line where there are more."""
    wanted, place = chosen.wanted(zone), Place.read(chosen.before)
    for _ in range(IN_A_FILE // A_READ):
        page = read(sources, wanted, namers=NAMERS, most=A_READ, before=place)
        for change in page.changes:
            yield from _export_rows(change)
        place = page.older
        if place is None:
            return
    yield (f"Only the {IN_A_FILE:,} newest changes are in this file. Choose a span of days for older ones.",)


def _export_rows(change: Change) -> Iterator[Sequence[object]]:
    head = (
        change.at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"), change.by, change.origin,
        str(change.batch) if change.batch else "", change.kind, change.label, change.words,
    )  # fmt: skip
    if not change.fields:
        yield (*head, "", "", "", change.note)
    for item in change.fields:
        yield (*head, item.label, item.old, item.new, change.note)
