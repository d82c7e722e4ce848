"""What a project's history tells of its support."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from handoff.models import SupportPeriod
from history.reading import Name, Names
from playbook.history_page import MOVE_WORDS
from projects.history_page import register


def register_all() -> None:
    """Let the history of projects tell of support periods and their moves."""
    MOVE_WORDS.update(
        evaluate_support="evaluated", extend_support="extended", end_support="ended", withdraw_support="taken back"
    )
    register("support-period", "Support period", SupportPeriod, _period, namer=_periods)


def _period(row: Any, names: Names) -> Name:
    return names.of(SupportPeriod, row.id)


def _periods(keys: Any) -> dict[int, Name]:
    rows = SupportPeriod.objects.filter(pk__in=keys).values_list("pk", "support", "number", "project__code")
    return {
        pk: Name(f"{SupportPeriod(support=support, number=number)}, {code}", reverse("support", args=[code]))
        for pk, support, number, code in rows
    }
