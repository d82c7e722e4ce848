"""The portfolio: which projects a person sees, what they add up to, and the values of each row.

Rows are read as plain tuples and made into small values with every word and address ready, since writing a page out costs
more than reading it (design.md, Screens are Jinja2). Four queries, whatever the number of projects: `summary`,
`read_columns`, `findings`, `signals`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import (
    Case,
    Count,
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
from projects.drawn import day, day_line, health_cell, mark, phase_bar
from projects.filters import PortfolioFilter
from projects.health import BELOW, STALE_AFTER, Health, Signal, disagree, is_stale, signal
from projects.models import IntegrationKind, ProjectStep
from projects.models.project import ProjectQuerySet
from projects.people import person
from projects.pins import LIVE, runs_on
from projects.reach import phase_rank, reached
from projects.signals import Course, facts_of
from projects.titles import next_title
from projects.updates_page import age_words
from raci.letters import Letter
from transitions.clock import BUSINESS_ZONE, business_day
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
    health: Markup
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
    """Who manages the projects that a person sees, and counts over them; all but `visible` and `total` over the active ones."""

    managers: list[tuple[int, str]]
    visible: int
    total: int
    active: int
    blocked: int
    blocked_in: int
    waiting: int
    go_lives: int
    past: int
    nothing_open: int
    below: int


COUNTED = len(fields(Summary)) - 1


@dataclass(frozen=True, slots=True)
class Findings:
    """What steps say of projects: how many are overdue in each that has any, and in which one has no accountable."""

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


def nameless_steps(project_ids: Collection[int]) -> Any:
    """Steps of phases reached for which nobody is accountable, by the playbook or by name. A gate asks for that last."""
    with_letter = StepRole.objects.filter(letter=Letter.ACCOUNTABLE).values("step")
    found = ProjectStep.objects.filter(reached(), project__in=project_ids, accountable=None)
    return found.exclude(template__in=with_letter).exclude(status=StepStatus.NOT_APPLICABLE).order_by()


def below_on_track() -> Q:
    """Active projects that a person said are at risk or off track."""
    return active_with(Q(health__in=BELOW))


def of_health(health: str, today: dt.date) -> Q:
    """Projects of a health that a person gave them; `below`, `stale` and `none` are such as well."""
    if health == "below":
        return below_on_track()
    if health == "stale":  # as is_stale() says: an update of the company's day 8 days ago, or an earlier one
        fresh = dt.datetime.combine(today - dt.timedelta(days=STALE_AFTER), dt.time(), BUSINESS_ZONE)
        return active_with(Q(health_at__lt=fresh))
    return Q(health="" if health == "none" else health)


def goes_live(span: str, today: dt.date) -> Q:
    """Projects that are not live, with a target within `span` days from today, or `past` it."""
    waits = Q(actual_go_live=None)
    if span == "past":
        return waits & Q(target_go_live__lt=today)
    return waits & Q(target_go_live__range=(today, today + dt.timedelta(days=int(span))))


def condition(chosen: PortfolioFilter, who: User, today: dt.date) -> Q:
    """Return what the filter asks of a project."""
    parts = [Q()]
    if chosen.standing == "live":
        parts.append(Q(standing__in=LIVE))
    elif chosen.standing != "all":
        parts.append(Q(standing=chosen.standing))
    if chosen.mine:
        parts.append(Q(manager=who))
    if chosen.pm:
        parts.append(Q(manager_id=chosen.pm))
    if chosen.version:
        parts.append(runs_on(chosen.version))
    if chosen.phase:
        parts.append(Q(phase=chosen.phase))
    if chosen.kind:
        parts.append(Q(integration_kind=chosen.kind))
    if chosen.q:
        parts.append(Q(name__icontains=chosen.q) | Q(code__icontains=chosen.q))
    if chosen.go_live:
        parts.append(goes_live(chosen.go_live, today))
    if chosen.health:
        parts.append(of_health(chosen.health, today))
    if chosen.overdue:
        parts.append(has_overdue(today))
    if chosen.blocked:
        parts.append(active_with(Q(steps_blocked__gt=0)))
    if chosen.waiting:
        parts.append(active_with(Q(steps_waiting__gt=0)))
    if chosen.settled:
        parts.append(nothing_open())
    return Q(*parts)


def summary(visible: ProjectQuerySet, chosen: Q, today: dt.date) -> Summary:
    """Count what stands at the top of the page, how many projects are `chosen`, and who manages any; in one query.

    It is grouped by manager, and the groups are added up here: the list of managers comes with the numbers.
    """
    active = active_with(Q())
    groups = (
        visible.order_by()
        .values_list("manager_id", "manager__name")
        .annotate(
            visible=Count("pk"),
            total=Count("pk", filter=chosen),
            active=Count("pk", filter=active),
            blocked=Coalesce(Sum("steps_blocked", filter=active), 0),
            blocked_in=Count("pk", filter=active_with(Q(steps_blocked__gt=0))),
            waiting=Coalesce(Sum("steps_waiting", filter=active), 0),
            go_lives=Count("pk", filter=active_with(goes_live("30", today))),
            past=Count("pk", filter=active_with(goes_live("past", today))),
            nothing_open=Count("pk", filter=nothing_open()),
            below=Count("pk", filter=below_on_track()),
        )
    )
    managers: list[tuple[int, str]] = []
    numbers = [0] * COUNTED
    for manager_id, name, *counted in groups:
        numbers = [so_far + number for so_far, number in zip(numbers, counted, strict=True)]
        if manager_id:
            managers.append((manager_id, name))
    return Summary(sorted(managers, key=lambda person: person[::-1]), *numbers)


def overdue_steps(today: dt.date) -> Any:
    """Open steps of phases reached that were due before today."""
    return ProjectStep.objects.filter(reached(), status__in=OPEN, due__lt=today).order_by()


def findings(visible: ProjectQuerySet, settled: Collection[int], today: dt.date) -> Findings:
    """Look at steps, in one query: the overdue ones of all active projects seen, the nameless ones of those in `settled`."""
    projects = visible.filter(has_overdue(today)).order_by().values("pk")
    late, nameless = (
        steps.values_list("project_id").annotate(number=Count("pk"), late=Value(is_late))
        for steps, is_late in (
            (overdue_steps(today).filter(project__in=projects), 1),
            (nameless_steps(settled), 0),
        )
    )
    found = list(late.union(nameless, all=True))
    return Findings(
        {pk: number for pk, number, is_late in found if is_late}, {pk for pk, _, is_late in found if not is_late}
    )


def with_overdue(projects: ProjectQuerySet, today: dt.date) -> ProjectQuerySet:
    """Annotate `overdue`, for an order or an export; a page counts with `findings`."""
    per_project = overdue_steps(today).filter(project=OuterRef("pk")).values("project")
    counted = Subquery(per_project.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
    return projects.annotate(overdue=Case(When(has_overdue(today), then=counted), default=Value(0)))


#: Off track, at risk, no worse than that, at rest, complete. Nobody having said anything is no better than on track.
HEALTH_RANK = Case(
    When(health=Health.OFF_TRACK, then=Value(0)),
    When(health=Health.AT_RISK, then=Value(1)),
    When(health=Health.ON_HOLD, then=Value(3)),
    When(health=Health.COMPLETE, then=Value(4)),
    default=Value(2),
)


def _worst(today: dt.date) -> Case:
    """Return how bad a project is at first sight: as its health, but nothing overdue hides behind a good word."""
    off_track, overdue = When(health=Health.OFF_TRACK, then=Value(0)), When(has_overdue(today), then=Value(1))
    return Case(off_track, overdue, default=HEALTH_RANK)


def in_order(projects: ProjectQuerySet, sort: str, today: dt.date) -> ProjectQuerySet:
    """Return the projects in the order asked for: by default the worst first.

    Worst is what a person said is off track; then what they said is at risk, and what has something overdue whatever was said of
    it; among these, and among the rest, what is due first.
    """
    worst = (F("next_due").asc(nulls_last=True), "-steps_blocked", "code")
    if not sort:
        return projects.order_by(_worst(today), *worst)
    name, down = sort.lstrip("-"), sort.startswith("-")
    if name == "health":
        return projects.order_by(OrderBy(HEALTH_RANK, descending=down), *worst)
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


# The values of a row.

COLUMNS = (
    "pk", "code", "name", "integration_kind", "core_system__name", "standing", "phase", "phases", "phase_done", "phase_total",
    "steps_done", "steps_total", "steps_blocked", "next_due", "next_title", "next_template__key",
    "next_template__version__playbook__slug", "target_go_live", "baseline_go_live", "actual_go_live", "manager_id",
    "manager__name", "health", "health_at", "kickoff", "started_at", "phase_since",
)  # fmt: skip
NEXT = COLUMNS.index("next_title")


def read_columns(projects: ProjectQuerySet) -> list[tuple[Any, ...]]:
    """Read the columns of the projects, in their order."""
    return list(projects.annotate(next_title=next_title(ProjectStep.objects.all())).values_list(*COLUMNS))


def settled_of(found: Iterable[tuple[Any, ...]]) -> list[int]:
    """Return the ids of the projects read that have nothing open."""
    return [values[0] for values in found if values[NEXT] is None]


def signals(found: Iterable[tuple[Any, ...]], today: dt.date) -> dict[int, Signal]:
    """Return the machine's signals of those of the projects read that run, by id; in one query."""
    courses = []
    for values in found:
        row = dict(zip(COLUMNS, values, strict=True))
        courses.append(
            Course(
                row["pk"], "", row["standing"], row["phases"], row["kickoff"], row["started_at"], row["phase_since"],
                row["target_go_live"], row["actual_go_live"], row["health_at"],
            )
        )  # fmt: skip
    return {pk: signal(facts) for pk, facts in facts_of(courses, today).items()}


def rows(found: Iterable[tuple[Any, ...]], steps: Findings, seen: Mapping[int, Signal], today: dt.date) -> list[Row]:
    """Return the projects read as rows."""
    base = reverse("portfolio")
    made = []
    for (
        pk, code, name, kind, core_system, standing, phase, phases, phase_done, phase_total, steps_done, steps_total, blocked,
        next_due, following, next_key, next_playbook, target, baseline, actual, manager_id, manager_name, health, health_at,
        *_,
    ) in found:  # fmt: skip
        address = f"{base}{code}/"
        works = standing == Standing.ACTIVE
        made.append(
            Row(
                address,
                name,
                code,
                KINDS[kind],
                core_system or "",
                "" if works else standing,
                _health(health, business_day(health_at) if health_at else None, seen.get(pk), today),
                phase_bar(tuple(phases), phase, 10 * phase_done // phase_total if phase_total else 10),
                f"{PHASES[phase]} · {steps_done}/{steps_total} steps",
                following or _nothing_open(works, pk not in steps.nameless, last=phase == phases[-1]),
                f"{address}steps/{next_playbook}/{next_key}/" if following else address,
                day_line(due(next_due, today)) if following and works else NOTHING,
                steps.overdue.get(pk, 0),
                blocked,
                day(go_live(target, baseline, actual, today)),
                mark(person(manager_id, manager_name), "PM"),
            )
        )
    return made


def _health(said: str, updated: dt.date | None, seen: Signal | None, today: dt.date) -> Markup:
    """Return the cell of the health: the word of a person, how old it is, and what the machine says where that is otherwise."""
    contradicts = seen is not None and (disagree(said, seen) or (not said and seen.health in BELOW))
    words = f"Signal: {seen.health.label.lower()}" if seen is not None and contradicts else ""
    stale = seen is not None and is_stale(updated, today)
    return health_cell(said, age_words(updated, today), stale, words)


def _nothing_open(works: bool, ready: bool, *, last: bool) -> str:
    if not works:
        return ""
    if not ready:
        return "Name an accountable"
    return "Ready to complete" if last else "Ready to advance"
