"""The weekly report: how every project that a person sees did in one week. Nine queries, whatever the number of projects.

A week is one of ISO 8601, `2026-W47`, Monday to Sunday on the company's clock. What is known only of the present (the signal, the
next decisions, the planned end) is told of the present week alone: it is not kept, and of an earlier week it would be made up.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse

from accounts.models import User
from projects.days import DayWords, due, go_live, short
from projects.filters import Filter
from projects.health import Facts, Health, Signal, is_stale, signal
from projects.models import Project, ProjectStep, StatusUpdate
from projects.models.project import ProjectQuerySet
from projects.portfolio import in_order
from projects.signals import Course, facts_of
from projects.titles import title_of
from projects.updates_page import age_words, disagreement
from transitions.clock import BUSINESS_ZONE, business_day
from transitions.models import TransitionRecord
from transitions.phase import Phase
from transitions.standing import Standing
from transitions.step import OPEN, StepStatus

#: A report tells of so many projects, the worst; it is narrowed by its PM.
MOST_PROJECTS = 300
#: So many decisions that come next are named for each project, and so many steps closed.
NEXT, CLOSED = 3, 8
#: What was said is cut to this; the page of the project's updates has all of it.
LONGEST_TEXT = 320
FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class WeeklyFilter(Filter):
    """Which week (the present one where it is empty), and of whose projects."""

    week: str = ""
    manager: int | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """One week: its Monday."""

    monday: dt.date

    @classmethod
    def of(cls, day: dt.date) -> Week:
        """Return the week of a day."""
        return cls(day - dt.timedelta(days=day.weekday()))

    @classmethod
    def read(cls, name: str) -> Week:
        """Return the week called `2026-W47`; ValueError where there is none of that name."""
        year, _, number = name.partition("-W")
        if int(year) < FIRST_YEAR:
            raise ValueError(f"There is no report from before {FIRST_YEAR}.")
        return cls(dt.date.fromisocalendar(int(year), int(number), 1))

    @classmethod
    def problem_of(cls, name: str, today: dt.date) -> str:
        """Return why there is no report of the week called `name`, in a sentence; nothing where there is one."""
        try:
            week = cls.read(name)
        except ValueError:
            return f"There is no week “{name}” to report."
        return f"The week “{name}” has not begun." if week.monday > today else ""

    @property
    def name(self) -> str:
        """`2026-W47`."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def words(self) -> str:
        """`Nov 16 to Nov 22, 2026`."""
        sunday = self.monday + dt.timedelta(days=6)
        return f"{short(self.monday, sunday)} to {sunday:%b} {sunday.day}, {sunday.year}"

    @property
    def begins(self) -> dt.datetime:
        """Midnight of its Monday where the company is."""
        return dt.datetime.combine(self.monday, dt.time(), BUSINESS_ZONE)

    def beside(self, weeks: int) -> Week:
        """Return the week that many weeks later."""
        return Week(self.monday + dt.timedelta(weeks=weeks))


@dataclass(slots=True)
class WeekRow:
    """One project in the report."""

    address: str
    code: str
    name: str
    manager: str
    phase: str
    standing: str
    health: str
    update: StatusUpdate | None
    age: str
    stale: bool
    new: bool
    text: str
    go_live: DayWords
    plan_ends: str
    signal: Signal | None = None
    disagreement: str = ""
    passages: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    closed_more: int = 0
    moved: int = 0
    next: list[tuple[str, DayWords]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """A week, told to one person."""

    week: Week
    present: bool
    as_of: dt.date
    rows: list[WeekRow]
    cut: bool
    counts: list[tuple[str, int]]
    managers: list[tuple[int, str]]
    seen: bool
    manager: str
    before: str
    after: str


def report(person: User, chosen: WeeklyFilter, today: dt.date) -> Report:
    """Return the report of a week as `person` may read it; `today` is the company's present day."""
    week = Week.read(chosen.week) if chosen.week else Week.of(today)
    present, until = week == Week.of(today), week.beside(1).begins
    visible = Project.objects.visible_to(person)
    managers = sorted(
        set(visible.exclude(manager=None).order_by().values_list("manager_id", "manager__name")),
        key=lambda one: one[::-1],
    )
    found = _projects(visible, chosen, week, until, today)
    rows = _rows(found[:MOST_PROJECTS], week, today, until, present=present)
    counted = Counter(row.health for row in rows)
    return Report(
        week=week, present=present, as_of=today, rows=rows, cut=len(found) > MOST_PROJECTS,
        counts=[(words, counted[health]) for health, words in COUNTED if counted[health]],
        managers=managers, seen=bool(managers or found), manager=dict(managers).get(chosen.manager or 0, ""),
        before=chosen.query(week=week.beside(-1).name) if week.monday.year > FIRST_YEAR else "",
        after="" if present else chosen.query(week="" if week.beside(1) == Week.of(today) else week.beside(1).name),
    )  # fmt: skip


COUNTED = (
    *((health.value, health.label.lower()) for health in (Health.OFF_TRACK, Health.AT_RISK, Health.ON_TRACK)),
    *((health.value, health.label.lower()) for health in (Health.ON_HOLD, Health.COMPLETE)),
    ("", "without an update"),
)


def _projects(
    visible: ProjectQuerySet, chosen: WeeklyFilter, week: Week, until: dt.datetime, today: dt.date
) -> list[dict[str, Any]]:
    """Return those that ran in the week or rest, the worst first, each with the id of its last update by then."""
    of_project = ContentType.objects.get_for_model(Project)
    ended = TransitionRecord.objects.filter(
        object_type=of_project, object_id=OuterRef("pk"), move__in=("complete", "cancel"), at__gte=week.begins
    )
    wanted = visible.filter(Q(standing__in=(Standing.ACTIVE, Standing.ON_HOLD)) | Exists(ended))
    if week != Week.of(today):
        wanted = wanted.filter(started_at__lt=until)
    if chosen.manager:
        wanted = wanted.filter(manager_id=chosen.manager)
    last = StatusUpdate.objects.filter(project=OuterRef("pk"), at__lt=until).order_by("-at", "-pk").values("pk")[:1]
    return list(
        in_order(wanted, "", today)
        .annotate(last_update=Subquery(last))
        .values(
            "pk", "code", "name", "manager__name", "phase", "phases", "standing", "kickoff", "started_at", "phase_since",
            "target_go_live", "baseline_go_live", "actual_go_live", "health_at", "last_update",
        )[: MOST_PROJECTS + 1]
    )  # fmt: skip


def _rows(
    found: list[dict[str, Any]], week: Week, today: dt.date, until: dt.datetime, *, present: bool
) -> list[WeekRow]:
    ids = [values["pk"] for values in found]
    updates = StatusUpdate.objects.select_related("by").in_bulk([v["last_update"] for v in found if v["last_update"]])
    courses = [_course(values) for values in found]
    facts = facts_of(courses, today) if present else {}
    coming = _coming(ids, today) if present else {}
    rows: dict[int, WeekRow] = {}
    for values, course in zip(found, courses, strict=True):
        rows[course.id] = _row(values, course, updates.get(values["last_update"]), facts.get(course.id), week, today)
        rows[course.id].next = coming.get(course.id, [])[:NEXT]
    _tell_moves(rows, week.begins, until)
    return list(rows.values())


def _course(values: dict[str, Any]) -> Course:
    return Course(
        values["pk"], reverse("project", args=[values["code"]]), values["standing"], values["phases"], values["kickoff"],
        values["started_at"], values["phase_since"], values["target_go_live"], values["actual_go_live"], values["health_at"],
    )  # fmt: skip


def _row(
    values: dict[str, Any],
    course: Course,
    update: StatusUpdate | None,
    facts: Facts | None,
    week: Week,
    today: dt.date,
) -> WeekRow:
    as_of = min(today, week.monday + dt.timedelta(days=6))
    said = business_day(update.at) if update else None
    seen = signal(facts) if facts else None
    return WeekRow(
        address=course.link, code=values["code"], name=values["name"], manager=values["manager__name"] or "nobody yet",
        phase=str(Phase(values["phase"]).label),
        standing="" if course.runs else str(Standing(values["standing"]).label).lower(),
        health=update.health if update else "", update=update, age=age_words(said, as_of), stale=is_stale(said, as_of),
        new=bool(update and update.at >= week.begins),
        text=_cut(update.text) if update and update.at >= week.begins else "",
        go_live=go_live(values["target_go_live"], values["baseline_go_live"], values["actual_go_live"], today),
        plan_ends=_plan_ends(facts, today), signal=seen, disagreement=disagreement(update.health if update else "", seen),
    )  # fmt: skip


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT].rstrip()}…"


def _plan_ends(facts: Facts | None, today: dt.date) -> str:
    """Return when the steps that are open end by their due dates, where a go-live is still to come."""
    if facts is None or facts.target is None or facts.planned_end is None:
        return ""
    return short(max(facts.planned_end.day, today), today)


def _coming(ids: Iterable[int], today: dt.date) -> dict[int, list[tuple[str, DayWords]]]:
    """Return the open decisions of each project, the earliest first: the milestones of the method. One query."""
    steps = (
        ProjectStep.objects.filter(project__in=list(ids), status__in=OPEN)
        .exclude(template__approval="")
        .exclude(due=None)
    )
    found: dict[int, list[tuple[str, DayWords]]] = {}
    for pk, title, day in steps.order_by("due", "template__number", "pk").values_list("project_id", title_of(), "due"):
        found.setdefault(pk, []).append((title, due(day, today)))
    return found


def _tell_moves(rows: dict[int, WeekRow], begins: dt.datetime, until: dt.datetime) -> None:
    """Tell each row what moved and what was closed from `begins` until `until`. One query."""
    of_project, of_step = (ContentType.objects.get_for_model(model).pk for model in (Project, ProjectStep))
    records = TransitionRecord.objects.filter(
        root_type=of_project, root_id__in=list(rows), at__gte=begins, at__lt=until
    ).exclude(source="")
    closed: dict[int, dict[int, str]] = {}
    for root, kind, pk, move, source, target, subject in records.order_by("at", "pk").values_list(
        "root_id", "object_type_id", "object_id", "move", "source", "target", "subject"
    ):
        row = rows[root]
        if kind == of_project:
            row.passages.append(_passage(move, source, target))
        elif kind == of_step and target == StepStatus.DONE:
            closed.setdefault(root, {})[pk] = subject
        elif kind == of_step:
            closed.get(root, {}).pop(pk, None)  # reopened since
            row.moved += 1
    for root, titles in closed.items():
        rows[root].closed = list(titles.values())[:CLOSED]
        rows[root].closed_more = max(0, len(titles) - CLOSED)


def _passage(move: str, source: str, target: str) -> str:
    if move in {"advance", "return_to"}:
        return f"{Phase(source).label} → {Phase(target).label}"
    return f"now {Standing(target).label.lower()}"
