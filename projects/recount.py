"""Totals and grants held against their rows: the derived things that are stored, and so those that could ever disagree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import models, transaction

from playbook.catalog import version_template
from projects.board import LiveStep, SeatView, count
from projects.models import Project, ProjectGrant, ProjectStep, Seat, StatusUpdate
from projects.people import person
from projects.team import also_due, due_on, grants_due, merged, settle_grants
from raci.grants import all_held

Differences = dict[str, tuple[object, object]]


def recount(projects: models.QuerySet[Project], *, write: bool) -> Iterator[tuple[Project, Differences]]:
    """Compare every project's totals with its steps, its health with its last update, and its grants with its seats and names;
    yield those that differ.

    A difference is `{field: (stored, true)}`, of grants `{"grants of <person's id>": (codenames, codenames)}`. Five queries for
    the comparison, whatever the number of projects. Each row that is put right is counted once more under its lock: it may
    have moved since it was read. An archived project's totals are reported and left; its grants follow whoever is active.
    """
    rows = ProjectStep.objects.filter(project__in=projects).order_by("project_id").values_list(*_STEP_COLUMNS)
    grouped = groupby(rows.iterator(chunk_size=5000), key=itemgetter(0))
    steps_of = {project_id: [_live(row) for row in group] for project_id, group in grouped}
    seats_of = _seats(projects)
    said = _said(projects)
    held, more = all_held(ProjectGrant, projects), also_due(list(steps_of))
    for project in projects.iterator(chunk_size=500):
        steps = steps_of.get(project.pk, [])
        differences = count(steps, project.phase).differences(project)
        differences |= _health_differs(project, said.get(project.pk, UNSAID))
        due = merged(grants_due(steps, seats_of.get(project.pk, [])), more.get(project.pk, {}))
        differences |= _grants_differ(held.get(project.pk, {}), due)
        if differences and write:
            differences = _put_right(project)
        if differences:
            yield project, differences


def _put_right(project: Project) -> Differences:
    with transaction.atomic():
        row = project.locked()
        totals = row.board.totals().differences(row)
        if totals and not row.is_archived():
            row.write_totals()
            row.save()
        mine = Project.objects.filter(pk=row.pk)
        last = _said(mine).get(row.pk, UNSAID)
        health = _health_differs(row, last)
        if health and not row.is_archived():
            row.health, row.health_at = last
            row.save(update_fields=["health", "health_at"])
        grants = _grants_differ(all_held(ProjectGrant, mine).get(row.pk, {}), due_on(row))
        if grants:
            settle_grants(row)
    return totals | health | grants


#: What an update said of a project, and when.
Said = tuple[str, dt.datetime | None]
UNSAID: Said = ("", None)


def _said(projects: models.QuerySet[Project]) -> dict[int, Said]:
    """Return what the last update of each project said."""
    rows = StatusUpdate.objects.filter(project__in=projects).order_by("at", "pk")
    return {pk: (health, at) for pk, health, at in rows.values_list("project_id", "health", "at")}


def _health_differs(project: Project, said: Said) -> Differences:
    stored = {"health": project.health, "health_at": project.health_at}
    return {name: (stored[name], true) for name, true in zip(stored, said, strict=True) if stored[name] != true}


def _grants_differ(held: Mapping[int, Collection[str]], due: Mapping[int, Collection[str]]) -> Differences:
    return {
        f"grants of {person_id}": (words(held.get(person_id, ())), words(due.get(person_id, ())))
        for person_id in sorted({*held, *due})
        if set(held.get(person_id, ())) != set(due.get(person_id, ()))
    }


def words(codenames: Collection[str]) -> str:
    """Return codenames as a person reads them in a report."""
    return ", ".join(sorted(codenames)) or "nothing"


_STEP_COLUMNS = (
    "project_id", "pk", "template_id", "template__version_id", "status", "due",
    "responsible_id", "responsible__is_active", "accountable_id", "accountable__is_active",
)  # fmt: skip


def _live(row: tuple[Any, ...]) -> LiveStep:
    _, pk, template_id, version_id, status, due, r_id, r_active, a_id, a_active = row
    template = version_template(version_id).steps[template_id]
    return LiveStep(
        pk, template, status, due, None, "", None, None, 0,
        named_responsible=person(r_id, "") if r_active else None,
        named_accountable=person(a_id, "") if a_active else None,
    )  # fmt: skip


def _seats(projects: models.QuerySet[Project]) -> dict[int, list[SeatView]]:
    found: dict[int, list[SeatView]] = {}
    rows = Seat.objects.filter(project__in=projects).values_list(
        "project_id", "pk", "role_id", "role__version_id", "person_id", "person__is_active"
    )
    for project_id, pk, role_id, version_id, person_id, active in rows.iterator(chunk_size=5000):
        version = version_template(version_id)
        seat = SeatView(pk, version.roles[role_id], version, person(person_id, "") if active else None)
        found.setdefault(project_id, []).append(seat)
    return found
