"""Totals held against their rows: the one derived thing that is stored, and so the one that could ever disagree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import models, transaction

from playbook.catalog import version_template
from projects.board import LiveStep, count
from projects.models import Project, ProjectStep
from transitions.standing import Standing

Differences = dict[str, tuple[object, object]]


def recount(projects: models.QuerySet[Project], *, write: bool) -> Iterator[tuple[Project, Differences]]:
    """Compare every project's totals with its steps; yield those that differ, as `{field: (stored, true)}`.

    Two queries for the comparison, whatever the number of projects. Each row that is put right is counted once more under its
    lock: it may have moved since it was read. An archived project is reported and left as it is.
    """
    rows = (
        ProjectStep.objects.filter(project__in=projects)
        .order_by("project_id")
        .values_list("project_id", "pk", "template_id", "template__version_id", "status", "due")
    )
    grouped = groupby(rows.iterator(chunk_size=5000), key=itemgetter(0))
    steps_of = {project_id: [_live(row) for row in group] for project_id, group in grouped}
    for project in projects.iterator(chunk_size=500):
        true = count(steps_of.get(project.pk, ()), project.phase)
        differences = true.differences(project)
        if differences and write and project.standing != Standing.COMPLETE:
            differences = _put_right(project)
        if differences:
            yield project, differences


def _put_right(project: Project) -> Differences:
    with transaction.atomic():
        row = project.locked()
        differences = row.board.totals().differences(row)
        if differences and not row.is_archived():
            row.write_totals()
            row.save()
    return differences


def _live(row: tuple[Any, ...]) -> LiveStep:
    _, pk, template_id, version_id, status, due = row
    template = version_template(version_id).steps[template_id]
    return LiveStep(pk, template, status, due, None, "", None, None, 0)
