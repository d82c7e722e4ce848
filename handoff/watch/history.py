"""What a project's history tells of the watch."""

from __future__ import annotations

from typing import Any

from handoff.models import PaymentDay, Projection
from history.reading import Name, Names
from projects.history_page import register
from projects.models import Project


def register_all() -> None:
    """Let the history of projects tell of payments and projections. For `AppConfig.ready()`."""
    register("payments", "Payments of a day", PaymentDay, _day)
    register("projection", "Projection", Projection, _projection)


def _day(row: Any, names: Names) -> Name:
    project = names.of(Project, row.project_id)
    return Name(f"{row.day}, {project.label}", project.link and f"{project.link}watch/?to={row.day}")


def _projection(row: Any, names: Names) -> Name:
    project = names.of(Project, row.project_id)
    return Name(f"from {row.since}, {project.label}", project.link and f"{project.link}watch/")
