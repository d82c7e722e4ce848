"""The values of the pages of a phased go-live: criteria, support tasks, program view, the panel of the project's page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.urls import reverse

from accounts.models import User
from handoff.models import PhaseLink, ProductionCase
from handoff.phased.criteria import CriterionAnswer, Verdict, criteria, verdict
from handoff.phased.facts import read_facts
from handoff.phased.switching import tasks_of
from projects import days
from projects.days import DayWords
from projects.models import Biller, Project
from projects.panels import Panel
from transitions.phase import Phase
from transitions.standing import Standing
from workbook.vocabulary import Severity

#: Of a criterion's reply: the chip's kind, its mark, its word.
CHIPS = {"yes": ("done", "✓", "Yes"), "no": ("", "–", "No"), "unknown": ("waiting", "?", "Not answered")}


def judged(project: Project, reader: User, today: dt.date) -> tuple[list[CriterionAnswer], Verdict]:
    """Return the five criteria of a project and the verdict, as `reader` may know them."""
    answers = criteria(read_facts(project, reader=reader, today=today))
    return answers, verdict(answers)


@dataclass(frozen=True, slots=True)
class Task:
    """One of the nine support tasks, with its letters by role code."""

    title: str
    address: str
    status: str
    due: DayWords
    letters: tuple[tuple[str, str], ...]


def support_tasks(project: Project, today: dt.date) -> list[Task]:
    """Return the support tasks with their RACI, from the board that is read already."""
    board = project.board
    found = []
    for step in tasks_of(project):
        by_code: dict[str, list[str]] = {}
        roles = board.version_of(step).roles
        for letter in "RACI":
            for role_id in step.template.letters.get(letter, ()):
                by_code.setdefault(roles[role_id].code, []).append(letter)
        letters = tuple((code, "/".join(said)) for code, said in sorted(by_code.items()))
        address = project.step_url(step.template.path)
        found.append(Task(step.template.title, address, step.status, days.due(step.due, today), letters))
    return found


# The program: phases of one biller ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One project of a program. `place` counts along its chain, 0 where nothing links it."""

    place: int
    code: str
    name: str
    address: str
    phase: str
    standing: str
    health: str
    go_live: DayWords
    phased: bool
    open_cases: int
    note: str


@dataclass(frozen=True, slots=True)
class Program:
    """The projects of a biller that somebody may see, chain by chain, and how many there are besides."""

    rows: list[PhaseRow]
    hidden: int


def program_of(biller: Biller, reader: User, today: dt.date) -> Program:
    """Return the program view of a biller; four queries, whatever the number of its projects."""
    every = Project.objects.filter(biller=biller).count()
    projects = {one.pk: one for one in Project.objects.visible_to(reader).filter(biller=biller).order_by("number")}
    links = dict(PhaseLink.objects.filter(project__biller=biller).values_list("project_id", "follows_id"))
    counted = ProductionCase.objects.open().filter(project__in=projects).order_by().values_list("project")
    cases = dict(counted.annotate(Count("pk")))
    rows = [
        _phase_row(projects[pk], place, projects, links, cases.get(pk, 0), today)
        for pk, place in in_order([*projects], links)
    ]
    return Program(rows, every - len(projects))


def in_order(keys: Sequence[int], follows: dict[int, int]) -> list[tuple[int, int]]:
    """Return the projects chain by chain, each with its place in its chain (from 1; 0 where it is in none). Pure.

    Args:
        keys: of the projects shown, in the order in which chains begin. follows: of the later project, the earlier one, of all.
    """
    after = {earlier: later for later, earlier in follows.items()}
    shown, found = set(keys), []
    starts = list(dict.fromkeys(_first(key, follows) for key in keys))
    for start in starts:
        at: int | None = start
        place = 1 if start in after else 0
        while at is not None:
            if at in shown:
                found.append((at, place))
            at, place = after.get(at), place + 1
    return found


def _first(key: int, follows: dict[int, int]) -> int:
    while key in follows:
        key = follows[key]
    return key


def _phase_row(
    project: Project, place: int, projects: dict[int, Project], follows: dict[int, int], cases: int, today: dt.date
) -> PhaseRow:
    before = projects.get(follows.get(project.pk, 0))
    note = ""
    if project.standing == Standing.CANCELLED and place > 1:
        note = f"Cancelled: {before.code if before else 'the phase before'} has no next phase any more."
    return PhaseRow(
        place, project.code, project.name, project.get_absolute_url(), str(Phase(project.phase).label), project.standing,
        project.health, days.go_live(project.target_go_live, project.baseline_go_live, project.actual_go_live, today),
        project.phased_go_live, cases, note,
    )  # fmt: skip


# The panel -----------------------------------------------------------------------------------------------------------------


def counts_of(project: Project) -> dict[int, int]:
    """Return how many cases are open, by severity; one query."""
    rows = ProductionCase.objects.open().filter(project=project).order_by().values_list("severity")
    return dict(rows.annotate(Count("pk")))


def project_panel(project: Project, who: User, today: dt.date) -> Panel | None:
    """Return the verdict and the open cases for the page of a project that goes live in phases; nothing for any other."""
    if not project.phased_go_live:
        return None
    _, found = judged(project, who, today)
    counts = counts_of(project)
    values: dict[str, Any] = {
        "verdict": found,
        "disagrees": found.disagrees(project.phased_go_live),
        "counts": [
            (str(severity.label)[2:].lower(), counts[severity]) for severity in Severity if counts.get(severity)
        ],
        "address": reverse("phased", args=[project.code]),
        "cases": reverse("cases", args=[project.code]),
    }
    return Panel("handoff/phased/panel_project.html", values)
