"""What a project's history tells of its Integration Summary."""

from __future__ import annotations

from typing import Any

from handoff.models.summary import SummaryEntry
from handoff.summary.fields import BY_KEY
from history.reading import Name, Names
from projects.history_page import register
from projects.models import Project

#: The kind in addresses: `history?what=summary-entry` is the trail of a summary.
KIND = "summary-entry"


def register_all() -> None:
    """Let the history of projects tell of the fields of their summaries."""
    register(KIND, "Integration Summary", SummaryEntry, _entry)


def _entry(row: Any, names: Names) -> Name:
    project, field = names.of(Project, row.project_id), BY_KEY.get(row.key)
    title = field.title if field else row.key
    return Name(f"{title}, {project.label}", project.link and f"{project.link}summary/#{row.key}")
