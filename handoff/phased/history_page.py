"""What a project's history tells of its phases, its production cases and the keys of machines."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from handoff.models import IntakeKey, PhaseLink, ProductionCase
from history.reading import Name, Names
from playbook.history_page import MOVE_WORDS
from projects.history_page import register
from projects.models import Project


def register_all() -> None:
    """Let the history of projects tell of them. For `AppConfig.ready()`."""
    MOVE_WORDS.update(close_case="closed as a case", reopen_case="opened again")
    register("production-case", "Production case", ProductionCase, _case, namer=_cases)
    register("phase-link", "Phase of a program", PhaseLink, _link)
    register("intake-key", "Key of another system", IntakeKey, _key)


def _case(row: Any, names: Names) -> Name:
    return names.of(ProductionCase, row.id)


def _link(row: Any, names: Names) -> Name:
    later, earlier = names.of(Project, row.project_id), names.of(Project, row.follows_id)
    return Name(f"{later.label} follows {earlier.label}", later.link and f"{later.link}phased/")


def _key(row: Any, names: Names) -> Name:
    project = names.of(Project, row.project_id)
    return Name(f"Key for {row.intake}, {project.label}", project.link and f"{project.link}keys/")


def _cases(keys: Any) -> dict[int, Name]:
    rows = ProductionCase.objects.filter(pk__in=keys).values_list("pk", "external_id", "title", "project__code")
    return {
        pk: Name(f"{external_id} {title}, {code}", reverse("production-case", args=[code, pk]))
        for pk, external_id, title, code in rows
    }
