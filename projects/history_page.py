"""The history of projects, and of all that a reader may see: the tables that tell of it, and what their rows are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from history.reading import (
    NOTHING,
    ORIGINS,
    Change,
    FieldChange,
    Name,
    Namer,
    Names,
    Source,
    in_words,
    label_of,
    person_name,
    shortened,
    tracked,
)  # fmt: skip
from history.tracking import history_of
from playbook.history_page import NAMERS as PLAYBOOK_NAMERS
from playbook.history_page import REVERTABLE as PLAYBOOK_REVERTABLE
from playbook.history_page import move_words
from playbook.history_page import sources as playbook_sources
from playbook.models import Role, Version
from projects.models import (
    Approval,
    Biller,
    CoreSystem,
    CoreSystemProduct,
    DateChange,
    Document,
    DocumentSection,
    LiveCustomer,
    Partner,
    Project,
    ProjectPlaybook,
    ProjectStep,
    Seat,
    StatusUpdate,
    Waiver,
)
from projects.titles import title_of
from raci.grants import holds_globally
from transitions.models import TransitionRecord

DECISIONS = ("approve", "reject")
UPGRADES = ("upgrade", "undo_upgrade")


# Names -------------------------------------------------------------------------------------------------------------------


def _projects(keys: Any) -> dict[int, Name]:
    rows = Project.objects.filter(pk__in=keys).values_list("pk", "code", "name")
    return {pk: Name(f"{code} {name}", reverse("project", args=[code])) for pk, code, name in rows}


def _steps(keys: Any) -> dict[int, Name]:
    rows = ProjectStep.objects.filter(pk__in=keys).values_list(
        "pk", "project__code", title_of(), "template__key", "template__version__playbook__slug"
    )
    return {
        pk: Name(f"{title}, {code}", reverse("step", args=[code, f"{slug}/{key}"]))
        for pk, code, title, key, slug in rows
    }


def _named(model: type[models.Model]) -> Callable[[Any], dict[int, Name]]:
    manager: Any = model._default_manager
    return lambda keys: {pk: Name(name) for pk, name in manager.filter(pk__in=keys).values_list("pk", "name")}


NAMERS: dict[type[models.Model], Any] = {
    **PLAYBOOK_NAMERS,
    User: _named(User),
    Biller: _named(Biller),
    CoreSystem: _named(CoreSystem),
    Partner: _named(Partner),
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


def _product(row: Any, names: Names) -> Name:
    product = dict(CoreSystemProduct._meta.get_field("product").flatchoices).get(row.product, row.product)
    return Name(f"{product} on {names.of(CoreSystem, row.core_system_id).label}")


def _live_customer(row: Any, names: Names) -> Name:
    return Name(f"{names.of(Biller, row.biller_id).label} on {names.of(CoreSystem, row.core_system_id).label}")


def _person(row: Any, names: Names) -> Name:
    return Name(f"{row.name} ({row.email})")


def document_label(row: Any, names: Names) -> Name:
    """Return what a document or a section of one is called, and where it is."""
    return Name(f"{row.title}, {names.of(Project, row.project_id).label}", _documents(names, row.project_id))


def _documents(names: Names, project_id: int) -> str:
    link = names.of(Project, project_id).link
    return f"{link}documents" if link else ""


def documents_by_key(keys: Any) -> dict[int, Name]:
    """Return the names of documents, for the sections that tell of them."""
    rows = Document.objects.filter(pk__in=keys).values_list("pk", "title", "project__code", "slug")
    return {pk: Name(f"{title}, {code}", reverse("document", args=[code, slug])) for pk, title, code, slug in rows}


def sections_by_key(keys: Any) -> dict[int, Name]:
    """Return the names of sections of documents, for the moves that tell of them."""
    rows = DocumentSection.objects.filter(pk__in=keys).values_list("pk", "title", "project__code", "document__slug")
    return {pk: Name(f"{title}, {code}", reverse("document", args=[code, slug])) for pk, title, code, slug in rows}


#: What may be taken back from its history, by kind and column; `projects.revert` knows how.
REVERTABLE: Mapping[str, frozenset[str]] = {
    **PLAYBOOK_REVERTABLE,
    "project": frozenset({"target_go_live", "name", "mrr", "core_system_id"}),
    "step": frozenset({"due", "own_title", "responsible_id", "accountable_id"}),
    "seat": frozenset({"person_id"}),
    "biller": frozenset({"name", "vertical", "state", "enterprise"}),
    "core-system": frozenset({"name", "partner", "vendor_id"}),
}
#: The tables of the registry, which belong to no project: what a kind is called, its rows, and what one is called.
REGISTRY: Mapping[str, tuple[str, type[models.Model], Any]] = {
    "biller": ("Biller", Biller, _plain),
    "core-system": ("Core system", CoreSystem, _plain),
    "partner": ("Partner", Partner, _plain),
    "core-system-product": ("Product on a core system", CoreSystemProduct, _product),
    "live-customer": ("Customer from before", LiveCustomer, _live_customer),
}


def _revert(kind: str, *, may: bool) -> Callable[[Any, str], str]:
    fields = REVERTABLE[kind] if may else frozenset()
    return lambda row, column: (
        reverse("revert", args=[kind, row.pk]) if column in fields and row.history_type == "~" else ""
    )


#: Tables of the rooms above that belong to projects: (name, title, model, how a row is called).
Labelled = Callable[[Any, Names], Name]
_registered: list[tuple[str, str, type[models.Model], Labelled]] = []


def register(name: str, title: str, model: type[models.Model], label: Labelled, *, namer: Namer | None = None) -> None:
    """Let the history of projects tell of a tracked model that has a `project`, in `AppConfig.ready()`.

    Args:
        name: of the kind in addresses, a slug. title: the kind in words.
        label: what a row of its history is called, and where it is.
        namer: the names of its rows by their keys, where other rows point to them.
    """
    if all(name != known for known, *_ in _registered):
        _registered.append((name, title, model, label))
    if namer is not None:
        NAMERS[model] = namer


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
        Source("update", "Status update", decided(StatusUpdate), _tell_update, object_id="project_id", related=("by",)),
        kept("project", "Project", Project, _project, "id"),
        kept("step", "Step", ProjectStep, _step, "project"),
        kept("seat", "Seat", Seat, _seat, "project"),
        kept("pin", "Playbook of a project", ProjectPlaybook, _pin, "project", revert=False),
        # A date that was moved is told by the step or the project, save where it is older than their history.
        Source("date", "Date", decided(DateChange).filter(origin=""), _tell_date, object_id="step_id", related=("by",)),
        *(kept(name, title, model, label, "project", revert=False) for name, title, model, label in _registered),
    ]


def step_sources(sources: Sequence[Source], step: ProjectStep) -> list[Source]:
    """Return of a project's sources those that tell of one step, and of them what tells of it."""
    types = ContentType.objects
    moved = Q(object_type=types.get_for_model(ProjectStep), object_id=step.pk)
    # An upgrade has one record, of the project: it says of each of the playbook's steps what was decided.
    upgraded = Q(
        object_type=types.get_for_model(Project), move__in=UPGRADES, facts__playbook=step.live.template.playbook
    )
    return [
        replace(
            source,
            rows=source.rows.filter(moved | upgraded if source.name == "move" else Q(**{source.object_id: step.pk})),
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
    # The key of a content type is known from the cache; the row itself is not asked for.
    model = ContentType.objects.get_for_id(row.object_type_id).model_class()
    assert model is not None, "a record keeps its model alive"
    kinds: dict[type[models.Model], str] = {Project: "Project", ProjectStep: "Step"}
    called = str(model._meta.verbose_name)
    kind = kinds.get(model) or called[:1].upper() + called[1:]
    what = names.of(model, row.object_id)
    return Change(
        source="move", kind=kind, label=what.label, link=what.link, note=row.note, words=move_words(row.move),
        fields=state_change(model, row), **_stamp(row),
    )  # fmt: skip


def state_change(model: type[Any], row: TransitionRecord) -> list[FieldChange]:
    """Return the state that a move changed, in the words of the machine; none for one that began."""
    if not row.source:
        return []
    if row.move in UPGRADES:
        return [FieldChange("version", "Playbook", row.facts["from"], row.facts["to"])]
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


def _tell_update(row: StatusUpdate, names: Names) -> Change:
    project = names.of(Project, row.project_id)
    words = f"posted: {row.get_health_display().lower()}"
    return Change(
        source="update", kind="Status update", label=project.label, link=project.link and f"{project.link}updates/",
        note=row.reason, words=words, mark="", **_stamp(row),
    )  # fmt: skip


def _tell_date(row: DateChange, names: Names) -> Change:
    what = names.of(ProjectStep, row.step_id) if row.step_id else names.of(Project, row.project_id)
    label = label_of(ProjectStep if row.step_id else Project, row.field)
    old, new = (f"{day:%b} {day.day}, {day.year}" if day else NOTHING for day in (row.old, row.new))
    return Change(
        source="date", kind="Step" if row.step_id else "Project", label=what.label, link=what.link, note=row.reason,
        words="changed", fields=[FieldChange(row.field, label, old, new)], **_stamp(row),
    )  # fmt: skip


def registry_source(name: str, zone: ZoneInfo, *, revert: bool = False, **only: Any) -> Source:
    """Return a table of the registry by its name in REGISTRY, in the clock of `zone`.

    Args:
        revert: whether the reader may take fields back. only: which rows of its history; all of them unless given.
    """
    title, model, label = REGISTRY[name]
    taking_back = _revert(name, may=revert) if name in REVERTABLE else None
    rows = history_of(model).objects.filter(**only)
    return tracked(model, name=name, title=title, label=label, rows=rows, zone=zone, revert=taking_back)


def all_sources(reader: User) -> list[Source]:
    """Return every table that the reader may read all of: projects for whoever sees them all, the rest for administrators.

    An empty list is the answer to somebody who may read none.
    """
    zone = reader.zone
    found: list[Source] = []
    if holds_globally(reader, "projects", "view_all_projects"):
        found += project_sources(zone, manages=reader.is_superuser)
        found += [registry_source(name, zone, revert=reader.is_superuser) for name in REGISTRY]
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
