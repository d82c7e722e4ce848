"""What the history of a project tells of its RAID log."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.urls import reverse

from history.reading import Name, Names
from projects.history_page import NAMERS, register
from projects.models import Approval, ProjectStep
from records.models.raid import KIND_OF_LETTER, RaidItem, RaidLink

_LETTERS = {kind.value: letter for letter, kind in KIND_OF_LETTER.items()}


def items_by_key(keys: Collection[Any]) -> dict[Any, Name]:
    """Return the names of items by their keys, in one query."""
    columns = ("pk", "kind", "number", "title", "project__code")
    rows = RaidItem.objects.filter(pk__in=keys).values_list(*columns)
    return {
        pk: Name(
            f"{_LETTERS[kind]}-{number} {title}, {code}",
            reverse("raid-item", args=[code, f"{_LETTERS[kind]}-{number}"]),
        )
        for pk, kind, number, title, code in rows
    }


def decisions_by_key(keys: Collection[Any]) -> dict[Any, Name]:
    """Return the names of recorded decisions by their keys, in one query."""
    rows = Approval.objects.filter(pk__in=keys).select_related("by", "project", "step__template")
    return {row.pk: Name(f"{row.step}, {row}", reverse("sign-off", args=[row.project.code, row.pk])) for row in rows}


def _item(row: Any, names: Names) -> Name:
    return names.of(RaidItem, row.id)


def _link(row: Any, names: Names) -> Name:
    item = names.of(RaidItem, row.item_id)
    to = names.of(ProjectStep, row.step_id) if row.step_id else names.of(Approval, row.decision_id)
    return Name(f"{item.label} → {to.label}", item.link)


def register_all() -> None:
    """Let the history of projects tell of items and their links. For `AppConfig.ready()`."""
    register("raid", "RAID item", RaidItem, _item, namer=items_by_key)
    register("raid-link", "RAID link", RaidLink, _link)
    NAMERS.setdefault(Approval, decisions_by_key)
