"""The one order in which rows of a project are locked: the project first, then the row."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

from projects.models.project import Project

Row = TypeVar("Row", bound=models.Model)


def under_project(row: Row, *related: str) -> Row:
    """Return a row of a project read afresh under the project's lock: two acts on one project take turns. Two queries.

    Args:
        row: of a model with a `project`. related: what is read with it, as `select_related` takes it.
    """
    asked: Any = row
    project = Project.objects.select_for_update(of=("self",)).get(pk=asked.project_id)
    rows = type(asked).objects.all()
    fresh = (rows.select_related(*related) if related else rows).get(pk=row.pk)
    fresh.project = project
    found: Row = fresh
    return found
