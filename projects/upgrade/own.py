"""A project as it is, read for the plan of an upgrade: the board's two queries and two more."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models import QuerySet

from playbook.catalog import VersionTemplate
from projects.models import DateChange, Notice, Project, ProjectStep
from projects.upgrade.plan import Own, OwnSeat, OwnStep

#: Says which steps of a project something of a room above hangs on: a queryset of one column, the ids.
Touches = Callable[[Project], QuerySet[Any, Any]]
_touches: list[Touches] = []


def register_touches(source: Touches) -> None:
    """Let what hangs on a step count as work on it, in `AppConfig.ready()` of the room that keeps it."""
    if source not in _touches:
        _touches.append(source)


def touched_steps(project: Project, *, dates: bool = False) -> set[int]:
    """Return the ids of the steps on which comments, evidence, documents or decisions hang, in one query.

    What people hear of a step is no work on it. Dates moved by hand count where `dates`.
    """
    told: tuple[type[models.Model], ...] = (Notice,) if dates else (Notice, DateChange)
    own: list[Any] = [
        relation.related_model._base_manager.order_by()
        .filter(**{f"{relation.field.name}__project": project})
        .values_list(f"{relation.field.name}_id", flat=True)
        for relation in ProjectStep._meta.related_objects
        if relation.related_model not in told
    ]
    every = own + [source(project).order_by() for source in _touches]
    return set(every[0].union(*every[1:]))


def read(project: Project, today: dt.date) -> Own:
    """Return the project as the plan takes it, in two queries beside its board's."""
    board = project.board
    by_hand = set(
        DateChange.objects.filter(project=project, field="due", step__isnull=False)
        .order_by()
        .values_list("step_id", flat=True)
    )
    touched = touched_steps(project)
    steps = tuple(
        OwnStep(
            id=step.id,
            template=board.playbook_step(step),
            status=step.status,
            revision=step.revision,
            due=step.due,
            by_hand=step.id in by_hand,
            touched=step.id in touched,
            responsible=step.named_responsible.name if step.named_responsible else "",
            accountable=step.named_accountable.name if step.named_accountable else "",
            own_title=step.own_title,
            reason=step.reason,
        )
        for step in board.steps
    )
    seats = tuple(
        OwnSeat(
            seat.id, seat.role, seat.version.id, seat.version.playbook,
            seat.person.id if seat.person else None, seat.person.name if seat.person else "",
        )
        for seat in board.seats
    )  # fmt: skip
    versions: dict[int, VersionTemplate] = {version.id: version for version in (*board.versions, *board.older)}
    return Own(
        phase=project.phase,
        phases=tuple(project.phases),
        kickoff=project.kickoff,
        integration_kind=project.integration_kind,
        phased_go_live=project.phased_go_live,
        today=today,
        steps=steps,
        seats=seats,
        versions=versions,
    )


def fingerprint(project: Project, own: Own, source: int, target: int) -> str:
    """Return what a preview was made of, as a form carries it: the project and its steps as they were, and the versions."""
    rows = sorted(
        (step.id, step.template.id, step.status, step.revision, str(step.due), step.responsible, step.accountable)
        for step in own.steps
    )
    said = repr((project.pk, project.revision, project.phase, project.standing, source, target, rows))
    return hashlib.sha256(said.encode()).hexdigest()[:32]
