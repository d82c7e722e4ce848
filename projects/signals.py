"""The machine's signal of projects, from what the database has: of one from its board, of a list in one query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q

from projects.health import Facts, PlanStep, Sight, Signal, gather, signal
from projects.models import Project, ProjectStep
from projects.reach import reached
from transitions.clock import business_day
from transitions.phase import Phase
from transitions.standing import Standing
from transitions.step import OPEN, StepStatus


@dataclass(frozen=True, slots=True)
class Course:
    """What of a project's row the signal looks at."""

    id: int
    link: str
    standing: str
    phases: Collection[str]
    kickoff: dt.date
    started_at: dt.datetime
    phase_since: dt.datetime
    target: dt.date
    actual: dt.date | None
    health_at: dt.datetime | None

    @property
    def runs(self) -> bool:
        """Whether it is worked on: the machine says nothing of a project that rests."""
        return self.standing == Standing.ACTIVE

    @property
    def begun(self) -> dt.date:
        """The later of kickoff and the day on which it was started here."""
        return max(self.kickoff, business_day(self.started_at))

    @property
    def updated(self) -> dt.date | None:
        """The company's day of the last update."""
        return business_day(self.health_at) if self.health_at else None


def signal_of(project: Project, today: dt.date) -> Signal | None:
    """Return the signal of one project, with the steps that it is about; None while it rests. The board is all that is read."""
    course = Course(
        project.pk, project.get_absolute_url(), project.standing, project.phases, project.kickoff, project.started_at,
        project.phase_since, project.target_go_live, project.actual_go_live, project.health_at,
    )  # fmt: skip
    if not course.runs:
        return None
    steps = [
        PlanStep(
            project.board.title(step), project.step_url(step.path), step.template.phase, step.status, step.due,
            business_day(step.status_since) if step.status_since else None,
        )
        for step in project.board.steps
    ]  # fmt: skip
    facts = gather(
        steps, phase=project.phase, phases=project.phases, today=today, begun=course.begun, link=course.link,
        target=None if course.actual else course.target, updated=course.updated,
        moved=business_day(project.phase_since),
    )  # fmt: skip
    return signal(facts)


def facts_of(courses: Iterable[Course], today: dt.date) -> dict[int, Facts]:
    """Return the facts of those of the projects that run, by id, without the names of steps; in one query."""
    running = {course.id: course for course in courses if course.runs}
    late, opened = Q(reached(), status__in=OPEN, due__lt=today), Q(status__in=OPEN)
    before_live = opened & ~Q(template__phase=Phase.POST_LIVE)
    rows = (
        ProjectStep.objects.filter(project__in=list(running))
        .order_by()
        .values_list("project_id")
        .annotate(
            late=Count("pk", filter=late),
            worst=Min("due", filter=late),
            end_before_live=Max("due", filter=before_live),
            end=Max("due", filter=opened),
            blocked=Min("status_since", filter=Q(status=StepStatus.BLOCKED)),
            waiting=Min("status_since", filter=Q(status=StepStatus.WAITING_ON_CUSTOMER)),
            moved=Max("status_since"),
        )
    )
    found = {pk: values for pk, *values in rows}
    made = {}
    for pk, course in running.items():
        overdue, worst, end_before, end, blocked, waiting, moved = found.get(pk, (0, *[None] * 6))
        only_post_live = set(course.phases) == {Phase.POST_LIVE}
        made[pk] = Facts(
            today=today, begun=course.begun, target=None if course.actual else course.target, overdue=overdue,
            worst=_sight(worst), planned_end=_sight(end if only_post_live else end_before), blocked=_on(blocked),
            waiting=_on(waiting), moved=business_day(max(filter(None, (moved, course.phase_since)))),
            updated=course.updated, link=course.link,
        )  # fmt: skip
    return made


def _sight(day: dt.date | None) -> Sight | None:
    return Sight(day) if day else None


def _on(at: dt.datetime | None) -> Sight | None:
    return Sight(business_day(at)) if at else None
