"""The portfolio: which projects a person sees, what they add up to, and the values of each row.

Rows are read as plain tuples and made into small values with every word and address ready, since writing a page out costs
more than reading it (design.md, Screens are Jinja2). Queries, whatever the number of projects: the summary, the overdue steps,
the rows, the managers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OrderBy,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse
from markupsafe import Markup

from accounts.models import User
from playbook.models import StepRole
from projects.days import due, go_live
from projects.drawn import day, day_line, mark, phase_bar
from projects.filters import PortfolioFilter
from projects.models import IntegrationKind, ProjectStep
from projects.models.project import ProjectQuerySet
from projects.people import person
from projects.reach import phase_rank, reached
from raci.letters import Letter
from transitions.phase import Phase
from transitions.standing import Standing
from transitions.step import OPEN, StepStatus

KINDS: Mapping[str, str] = {
    IntegrationKind.PARTNER: "Partner",
    IntegrationKind.CUSTOM: "Custom",
    IntegrationKind.EXISTING: "Existing",
    IntegrationKind.ADD_ON: "Add-on",
}
PHASES: Mapping[str, str] = dict(Phase.choices)
NOTHING = Markup()


@dataclass(slots=True)
class Row:
    """One project on the page."""

    address: str
    name: str
    code: str
    kind: str
    core_system: str
    standing: str
    bar: Markup
    progress: str
    next_title: str
    next_address: str
    next_due: Markup
    overdue: int
    blocked: int
    go_live: Markup
    manager: Markup


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over the projects a person sees; all but `visible` and `total` over the active ones."""

    visible: int
    total: int
    active: int
    blocked: int
    blocked_in: int
    waiting: int
    waiting_in: int
    go_lives: int
    past: int
    nothing_open: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What the steps say of active projects: how many are overdue in each that has any, and where one has no accountable
    though nothing is open.
    """

    overdue: Mapping[int, int]
    nameless: Collection[int]


# Which projects.


def active_with(condition: Q) -> Q:
    """Return the condition, for projects that are being worked on."""
    return Q(standing=Standing.ACTIVE) & condition


def has_overdue(today: dt.date) -> Q:
    """Active projects in which an open step of a phase reached was due before today: `next_due` is the earliest of those."""
    return active_with(Q(next_due__lt=today))


def nothing_open() -> Q:
    """Active projects with nothing open in the phases reached."""
    return active_with(Q(next_template=None))


def nameless_steps() -> Any:
    """Steps of phases reached for which nobody is accountable, by the playbook or by name: all else done, a gate asks for that."""
    has_letter = StepRole.objects.filter(step=OuterRef("template"), letter=Letter.ACCOUNTABLE)
    found = ProjectStep.objects.filter(reached(), ~Exists(has_letter), accountable=None)
    return found.exclude(status=StepStatus.NOT_APPLICABLE).order_by()


def is_ready() -> Q:
    """Active projects with nothing open and an accountable for each step: all that the gate out of their phase asks."""
    return nothing_open() & Q(~Exists(nameless_steps().filter(project=OuterRef("pk"))))


def goes_live(span: str, today: dt.date) -> Q:
    """Projects that are not live, with a target within `span` days from today, or `past` it."""
    waits = Q(actual_go_live=None)
    if span == "past":
        return waits & Q(target_go_live__lt=today)
    return waits & Q(target_go_live__range=(today, today + dt.timedelta(days=int(span))))


def condition(chosen: PortfolioFilter, who: User, today: dt.date) -> Q:
    """Return what the filter asks of a project."""
    parts = [Q()]
    if chosen.standing != "all":
        parts.append(Q(standing=chosen.standing))
    if chosen.mine:
        parts.append(Q(manager=who))
    if chosen.pm:
        parts.append(Q(manager_id=chosen.pm))
    if chosen.phase:
        parts.append(Q(phase=chosen.phase))
    if chosen.kind:
        parts.append(Q(integration_kind=chosen.kind))
    if chosen.q:
        parts.append(Q(name__icontains=chosen.q) | Q(code__icontains=chosen.q))
    if chosen.go_live:
        parts.append(goes_live(chosen.go_live, today))
    if chosen.overdue:
        parts.append(has_overdue(today))
    if chosen.blocked:
        parts.append(active_with(Q(steps_blocked__gt=0)))
    if chosen.waiting:
        parts.append(active_with(Q(steps_waiting__gt=0)))
    if chosen.ready:
        parts.append(is_ready())
    return Q(*parts)


def summary(visible: ProjectQuerySet, chosen: Q, today: dt.date) -> Summary:
    """Count what stands at the top of the page, and how many projects are `chosen`, in one query."""
    counts = visible.order_by().aggregate(
        visible=Count("pk"),
        total=Count("pk", filter=chosen),
        active=Count("pk", filter=active_with(Q())),
        blocked=Coalesce(Sum("steps_blocked", filter=active_with(Q())), 0),
        blocked_in=Count("pk", filter=active_with(Q(steps_blocked__gt=0))),
        waiting=Coalesce(Sum("steps_waiting", filter=active_with(Q())), 0),
        waiting_in=Count("pk", filter=active_with(Q(steps_waiting__gt=0))),
        go_lives=Count("pk", filter=active_with(goes_live("30", today))),
        past=Count("pk", filter=active_with(goes_live("past", today))),
        nothing_open=Count("pk", filter=nothing_open()),
    )
    return Summary(**counts)


def overdue_steps(today: dt.date) -> Any:
    """Open steps of phases reached that were due before today."""
    return ProjectStep.objects.filter(reached(), status__in=OPEN, due__lt=today).order_by()


def findings(visible: ProjectQuerySet, today: dt.date) -> Findings:
    """Look at the steps of active projects that the person sees, in one query."""

    def grouped(steps: Any, of: Q) -> Any:
        projects = visible.filter(of).order_by().values("pk")
        return steps.filter(project__in=projects).values_list("project_id").annotate(number=Count("pk"))

    late = grouped(overdue_steps(today), has_overdue(today)).annotate(late=Value(1))
    nameless = grouped(nameless_steps(), nothing_open()).annotate(late=Value(0))
    found = list(late.union(nameless, all=True))
    return Findings(
        {pk: number for pk, number, is_late in found if is_late}, {pk for pk, _, is_late in found if not is_late}
    )


def with_overdue(projects: ProjectQuerySet, today: dt.date) -> ProjectQuerySet:
    """Annotate `overdue`, for an order or an export; a page counts with `findings`."""
    per_project = overdue_steps(today).filter(project=OuterRef("pk")).values("project")
    counted = Subquery(per_project.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
    return projects.annotate(overdue=Case(When(has_overdue(today), then=counted), default=Value(0)))


def in_order(projects: ProjectQuerySet, sort: str, today: dt.date) -> ProjectQuerySet:
    """Return the projects in the order asked for: by default the worst first."""
    if not sort:
        return projects.order_by(F("next_due").asc(nulls_last=True), "-steps_blocked", "code")
    name, down = sort.lstrip("-"), sort.startswith("-")
    if name == "overdue":
        projects = with_overdue(projects, today)
    key: Any = {
        "name": Lower("name"),
        "phase": phase_rank("phase"),
        "next": F("next_due"),
        "overdue": F("overdue"),
        "blocked": F("steps_blocked"),
        "go_live": F("target_go_live"),
    }[name]
    nulls_last = True if name == "next" else None
    return projects.order_by(OrderBy(key, descending=down, nulls_last=nulls_last), "code")


def managers(visible: ProjectQuerySet) -> list[tuple[int, str]]:
    """Return those who manage a project that the person sees: id and name, by name."""
    managing = visible.filter(manager__isnull=False).order_by().values("manager")
    return list(User.objects.filter(pk__in=managing).order_by("name", "pk").values_list("pk", "name"))


# The values of a row.

COLUMNS = (
    "pk", "code", "name", "integration_kind", "core_system__name", "standing", "phase", "phases", "phase_done", "phase_total",
    "steps_done", "steps_total", "steps_blocked", "next_due", "next_template__title", "next_template__key",
    "next_template__version__playbook__slug", "target_go_live", "baseline_go_live", "actual_go_live", "manager_id",
    "manager__name",
)  # fmt: skip


def rows(projects: ProjectQuerySet, steps: Findings, today: dt.date) -> list[Row]:
    """Read the projects, in their order, as rows."""
    base = reverse("portfolio")
    found = []
    for (
        pk, code, name, kind, core_system, standing, phase, phases, phase_done, phase_total, steps_done, steps_total, blocked,
        next_due, next_title, next_key, next_playbook, target, baseline, actual, manager_id, manager_name,
    ) in projects.values_list(*COLUMNS):  # fmt: skip
        address = f"{base}{code}/"
        works = standing == Standing.ACTIVE
        found.append(
            Row(
                address,
                name,
                code,
                KINDS[kind],
                core_system or "",
                "" if works else standing,
                phase_bar(tuple(phases), phase, 10 * phase_done // phase_total if phase_total else 10),
                f"{PHASES[phase]} · {steps_done}/{steps_total} steps",
                next_title or _nothing_open(works, pk not in steps.nameless, last=phase == phases[-1]),
                f"{address}steps/{next_playbook}/{next_key}/" if next_title else address,
                day_line(due(next_due, today)) if next_title and works else NOTHING,
                steps.overdue.get(pk, 0),
                blocked,
                day(go_live(target, baseline, actual, today)),
                mark(person(manager_id, manager_name), "PM"),
            )
        )
    return found


def _nothing_open(works: bool, ready: bool, *, last: bool) -> str:
    if not works:
        return ""
    if not ready:
        return "Name an accountable"
    return "Ready to complete" if last else "Ready to advance"
