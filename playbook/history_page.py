"""The history of playbooks: who changed which step, role or letter of a draft, and when it was published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import reverse

from history.reading import ORIGINS, Change, FieldChange, Name, Names, Source, person_name, tracked
from history.tracking import history_of
from playbook.models import Playbook, Role, Step, StepRole, Version
from raci.letters import Letter
from transitions.models import TransitionRecord

#: What a move is called once it is made.
MOVE_WORDS = {
    "begin": "started", "bring_in": "brought in", "start": "started", "complete": "done", "submit": "submitted for approval",
    "approve": "approved", "reject": "rejected", "wait": "set waiting on the customer", "block": "blocked",
    "resume": "resumed", "mark_not_applicable": "set not applicable", "reopen": "reopened", "advance": "advanced",
    "return_to": "returned to an earlier phase", "hold": "put on hold", "cancel": "cancelled", "publish": "published",
    "retire": "retired", "draft_section": "being drafted", "hand_in_section": "handed in for review",
    "approve_section": "approved", "send_back_section": "sent back", "skip_section": "set not applicable",
    "reopen_section": "reopened",
    "upgrade": "upgraded to a newer playbook", "undo_upgrade": "upgrade undone",
    "mitigate": "being mitigated", "close_item": "closed", "reopen_item": "reopened",
}  # fmt: skip


def move_words(move: str) -> str:
    """Return what a move is called once it is made."""
    return MOVE_WORDS.get(move, move.replace("_", " "))


def _versions(keys: Any) -> dict[int, Name]:
    rows = Version.objects.filter(pk__in=keys).values_list("pk", "number", "playbook__title", "playbook__slug")
    return {
        pk: Name(f"{title} v{number}", reverse("playbook-version", args=[slug, number]))
        for pk, number, title, slug in rows
    }


def _playbooks(keys: Any) -> dict[int, Name]:
    rows = Playbook.objects.filter(pk__in=keys).values_list("pk", "title", "slug")
    return {pk: Name(title, reverse("playbook", args=[slug])) for pk, title, slug in rows}


def _roles(keys: Any) -> dict[int, Name]:
    rows = Role.objects.filter(pk__in=keys).values_list("pk", "code", "name")
    return {pk: Name(f"{code} · {name}") for pk, code, name in rows}


def _steps(keys: Any) -> dict[int, Name]:
    rows = Step.objects.filter(pk__in=keys).values_list("pk", "number", "title")
    return {pk: Name(f"{number}. {title}") for pk, number, title in rows}


NAMERS: Mapping[type[models.Model], Any] = {Version: _versions, Playbook: _playbooks, Role: _roles, Step: _steps}

#: What of a draft may be taken back from its history, by kind; `playbook.services.edit_draft` does it.
REVERTABLE: Mapping[str, frozenset[str]] = {
    "playbook-step": frozenset(
        {"title", "category", "guidance", "applies", "approval", "duration_days", "needs", "documents", "meeting"}
    ),
    "role": frozenset({"name", "team", "side", "manages"}),
}


def _playbook(row: Any, names: Names) -> Name:
    return Name(row.title, reverse("playbook", args=[row.slug]))


def _version(row: Any, names: Names) -> Name:
    return names.of(Version, row.id)


def _role(row: Any, names: Names) -> Name:
    version = names.of(Version, row.version_id)
    return Name(f"{row.code} · {row.name}, {version.label}", version.link)


def _step(row: Any, names: Names) -> Name:
    version = names.of(Version, row.version_id)
    return Name(f"{row.number}. {row.title}, {version.label}", version.link)


def _letter(row: Any, names: Names) -> Name:
    letter, role = Letter(row.letter).label, names.of(Role, row.role_id).label
    return Name(f"{role} {letter.lower()} for {names.of(Step, row.step_id).label}")


def sources(zone: ZoneInfo, *, playbook: Playbook | None = None, revert: bool = False) -> list[Source]:
    """Return the tables that tell of one playbook, or of all of them, in the clock of `zone`.

    Args:
        revert: whether the reader may take fields of drafts back, and so gets a button for it.
    """

    def of(model: type[models.Model], **root: Any) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = history_of(model).objects.all()
        return rows if playbook is None else rows.filter(**root)

    # Versions and steps that are gone are told of as well: their ids are those of the history.
    versions = of(Version, playbook=playbook).order_by().values("id")
    steps = of(Step, version__in=versions).order_by().values("id")
    records: models.QuerySet[Any] = TransitionRecord.objects.filter(
        root_type=ContentType.objects.get_for_model(Version)
    )
    if playbook is not None:
        records = records.filter(root_id__in=versions)

    def kept(name: str, title: str, model: type[models.Model], label: Any, rows: models.QuerySet[Any]) -> Source:
        taking_back = _revert(name) if revert and name in REVERTABLE else None
        return tracked(model, name=name, title=title, label=label, rows=rows, zone=zone, revert=taking_back)

    return [
        Source("version-move", "Publication", records, _tell_move, related=("by",)),
        kept("playbook", "Playbook", Playbook, _playbook, of(Playbook, id=playbook.pk if playbook else None)),
        kept("version", "Version", Version, _version, of(Version, playbook=playbook)),
        kept("role", "Role", Role, _role, of(Role, version__in=versions)),
        kept("playbook-step", "Playbook step", Step, _step, of(Step, version__in=versions)),
        kept("letter", "Letter", StepRole, _letter, of(StepRole, step__in=steps)),
    ]


def _revert(kind: str) -> Callable[[Any, str], str]:
    return lambda row, column: (
        reverse("revert", args=[kind, row.pk]) if column in REVERTABLE[kind] and row.history_type == "~" else ""
    )


def _tell_move(row: TransitionRecord, names: Names) -> Change:
    what = names.of(Version, row.object_id)
    words = dict(Version.state_field(row.machine).flatchoices)
    return Change(
        source="version-move", pk=row.pk, at=row.at, by=person_name(row.by), by_id=row.by_id,
        origin=ORIGINS.get(row.origin, ""), batch=row.batch, kind="Version", label=what.label, link=what.link,
        words=move_words(row.move), note=row.note,
        fields=[FieldChange("status", "Status", str(words[row.source]), str(words[row.target]))] if row.source else (),
    )  # fmt: skip
