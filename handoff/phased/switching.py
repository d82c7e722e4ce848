"""A project treated as a phased go-live, or no longer: the nine support tasks come and go with that (domain.md).

The steps are there from the start, as N/A where the project was not phased; here they become live, and N/A again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import acting, named
from playbook.vocabulary import Applies
from projects.board import LiveStep
from projects.models import Project, ProjectStep
from projects.schedule import ONE_DAY, add_working_days, working_day_on_or_after
from projects.team import locked_for
from transitions.blockers import Blocker, MoveRefused, StaleRow
from transitions.clock import business_day
from transitions.models import TransitionRecord
from transitions.moves import perform
from transitions.standing import Standing
from transitions.step import StepStatus

LONGEST_WHY = 300


@dataclass(frozen=True, slots=True)
class Coming:
    """A step that becomes live, and by when it would be due; or (no day) one that goes."""

    step: LiveStep
    due: dt.date | None = None

    @property
    def title(self) -> str:
        """What it is called."""
        return self.step.template.title


@dataclass(frozen=True, slots=True)
class Preview:
    """What turning phased go-live on or off would do: steps that come or go, and what is in the way."""

    on: bool
    steps: tuple[Coming, ...]
    blockers: tuple[Blocker, ...] = ()


def tasks_of(project: Project) -> list[LiveStep]:
    """Return the steps of the project that are for phased go-lives alone, in the order of the playbook."""
    return [step for step in project.board.steps if step.template.applies == Applies.PHASED_ONLY]


def preview(project: Project, on: bool, *, today: dt.date) -> Preview:
    """Return what would happen; nothing is written. Pure beside the project's board."""
    blockers = _not_active(project)
    if project.phased_go_live == on:
        word = "phased go-live" if on else "go-live in one step"
        blockers.append(Blocker("already", f"{project.code} is treated as a {word} already."))
    tasks = tasks_of(project)
    if on:
        coming = [step for step in tasks if step.status == StepStatus.NOT_APPLICABLE]
        return Preview(True, tuple(Coming(step, due_of(project, step, today)) for step in coming), tuple(blockers))
    blockers += [_started(project, step) for step in tasks if step.status not in _UNTOUCHED]
    going = [step for step in tasks if step.status == StepStatus.NOT_STARTED]
    return Preview(False, tuple(Coming(step) for step in going), tuple(blockers))


def due_of(project: Project, step: LiveStep, today: dt.date) -> dt.date:
    """Return when a task that becomes live today is due: its duration after go-live, or after today where that is past."""
    live_from = (project.actual_go_live or project.target_go_live) + ONE_DAY
    begins = working_day_on_or_after(max(live_from, today))
    return add_working_days(begins, max(step.template.duration_days - 1, 0))


@named
@transaction.atomic
def set_phased(
    project: Project, on: bool, *, reason: str, by: User, revision: int | None = None, now: dt.datetime | None = None
) -> Project:
    """Treat a project as a phased go-live, or no longer; its nine support tasks become live, or N/A, each by its own move.

    A task that was never live before gets its first plan, baseline and all; one that was keeps its baseline.

    Args:
        revision: of the project as the person saw it.

    Raises:
        NotPermitted: `by` does not run the project. Archived, StaleRow. ValidationError: no reason, or too long a one.
        MoveRefused: it is so already, is on hold or cancelled, or (off) a task has been started; all of them are named.
    """
    now = now or timezone.now()
    row = locked_for(project, by)
    if revision is not None and revision != row.revision:
        raise StaleRow(
            row, f"{row.code} changed since you saw it. Look at what would come and go now, then choose again."
        )
    _check(reason)
    planned = preview(row, on, today=business_day(now))
    if planned.blockers:
        raise MoveRefused(planned.blockers)
    row.phased_go_live = on
    row.revision += 1
    with acting(reason=reason.strip()):
        row.save(update_fields=["phased_go_live", "revision"])
    move, words = ("reopen", "Treated as") if on else ("mark_not_applicable", "No longer")
    for task in _rows(planned.steps):
        perform(task, move, by=by, note=f"{words} a phased go-live: {reason.strip()}", now=now)
    if on:
        _schedule(planned.steps)
    fresh = Project.objects.get(pk=row.pk)
    fresh.save_totals()
    return fresh


_UNTOUCHED = (StepStatus.NOT_STARTED, StepStatus.NOT_APPLICABLE)


def _rows(steps: Sequence[Coming]) -> list[ProjectStep]:
    found = ProjectStep.objects.select_related("project", "template").in_bulk([one.step.id for one in steps])
    return [found[one.step.id] for one in steps]


def _schedule(steps: Sequence[Coming]) -> None:
    """Give the tasks their dates. What was live once, and so has a plan that somebody agreed to, keeps its baseline."""
    rows = _rows(steps)
    for one, row in zip(steps, rows, strict=True):
        moves = TransitionRecord.objects.of(row).count()
        row.due = one.due
        if moves <= 1:  # the move by which it has just become live
            row.baseline_due = one.due
    ProjectStep.objects.bulk_update(rows, ["due", "baseline_due"])


def _check(reason: str) -> None:
    if not reason.strip():
        raise ValidationError({"reason": "Say why: it stands in the history, and at each of the tasks."})
    if len(reason.strip()) > LONGEST_WHY:
        raise ValidationError({"reason": f"The reason has {len(reason):,} characters; {LONGEST_WHY} is the most."})


def _not_active(project: Project) -> list[Blocker]:
    if project.standing == Standing.ACTIVE:
        return []
    word = Standing(project.standing).label.lower()
    return [Blocker("not-active", f"{project.code} is {word}: no task comes or goes.", project.get_absolute_url())]


def _started(project: Project, step: LiveStep) -> Blocker:
    word = StepStatus(step.status).label.lower()
    owner = ", ".join(person.name for person in project.board.people(step, "R"))
    text = f"“{step.template.title}” is {word}: what was begun is not set aside with the rest."
    return Blocker("task-started", text, project.step_url(step.template.path), owner, step.template.path)
