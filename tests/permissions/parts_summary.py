"""The Integration Summary, in the table: the field that is spoken of, and what somebody would send there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from handoff.models import SummaryEntry
from handoff.summary.completeness import completeness
from handoff.summary.fields import FIELDS
from handoff.summary.filling import set_field
from projects.models import Project

KEY, ABSENT = "payments", "nothing"
Parts = dict[str, dict[str, tuple[Any, Any, Any]]]
Body = Callable[[Any, str], dict[str, Any]]


def summary_parts(own: Project, foreign: Project, cast: SimpleNamespace) -> Parts:
    """Fill the summaries of both projects, all but one field that the project knows; a field is called the same on both."""
    link = "https://files.example.org/x"
    SummaryEntry.objects.bulk_create(
        [
            SummaryEntry(
                project=project, key=field.key, value=link if field.kind.value == "links" else field.title, by=by,
                at=timezone.now(), revision=1,
            )
            for project, by in ((own, cast.priya), (foreign, cast.adele))
            for field in FIELDS
            if field.key != "project-schedule"
        ]
    )  # fmt: skip
    return {"summary-field": {"key": (KEY, None, ABSENT)}}


def _project(site: Any, of: str) -> Project:
    found: Project = site.foreign if of == "foreign" else site.own
    return found


def _field(site: Any, of: str) -> dict[str, Any]:
    row = SummaryEntry.objects.get(project=_project(site, of), key=KEY)
    return {"value": "Posted nightly.", "reason": "", "revision": row.revision, "act": "save"}


def _accepted(site: Any, of: str) -> dict[str, Any]:
    """Its last field filled before: what is open is not accepted."""
    project = _project(site, of)
    if not completeness(project).complete and not project.is_archived():
        set_field(project, "project-schedule", revision=0, by=site.cast.adele, value="https://files.example.org/x")
    return {"digest": completeness(project).digest, "note": ""}


BODIES: dict[str, Body] = {
    "summary-field": _field,
    "fill-summary": lambda site, of: {},
}

#: Client Services accept, and nobody who runs the project may.
REFUSED_BODIES: dict[str, Body] = {"accept-summary": _accepted}
