"""What stands around the rows of the portfolio: tiles, chips, heads of columns; and the rows as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from projects.filters import GO_LIVES, HEALTHS, STANDINGS, PortfolioFilter
from projects.health import Health
from projects.models import IntegrationKind, ProjectStep
from projects.models.project import ProjectQuerySet
from projects.portfolio import KINDS, PHASES, Findings, Summary, with_overdue
from projects.titles import next_title
from transitions.clock import business_day
from transitions.standing import Standing


@dataclass(frozen=True, slots=True)
class Tile:
    """A number at the top of the page, and the list that it counts."""

    number: int
    text: str
    address: str
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address without it."""

    label: str
    without: str


def tiles(counts: Summary, steps: Findings, base: str) -> list[Tile]:
    """Return the numbers at the top, each leading to the projects that it counts."""

    def address(**only: Any) -> str:
        return base + PortfolioFilter(**only).query()

    late, late_in = sum(steps.overdue.values()), len(steps.overdue)
    past = f", plus {counts.past} past due" if counts.past else ""
    return [
        Tile(counts.below, f"{_many(counts.below, 'project')} at risk or off track", address(health="below"), counts.below > 0),
        Tile(late, f"{_many(late, 'step')} overdue, in {_projects(late_in)}", address(overdue=True), late > 0),
        Tile(
            counts.blocked, f"{_many(counts.blocked, 'step')} blocked, in {_projects(counts.blocked_in)}",
            address(blocked=True), counts.blocked > 0,
        ),
        Tile(counts.waiting, f"{_many(counts.waiting, 'step')} waiting on the customer", address(waiting=True)),
        Tile(counts.go_lives, f"{_many(counts.go_lives, 'go-live')} in 30 days{past}", address(go_live="30")),
        Tile(counts.nothing_open, f"{_many(counts.nothing_open, 'project')} with every step closed", address(settled=True)),
    ]  # fmt: skip


def _many(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"


def _projects(number: int) -> str:
    return f"{number} {_many(number, 'project')}"


def chips(chosen: PortfolioFilter, people: Iterable[tuple[int, str]], base: str) -> list[Chip]:
    """Return what is on, each with the way to turn it off (“My projects” is its own)."""
    names = dict(people)
    words = {
        "q": f"“{chosen.q}”",
        "phase": PHASES.get(chosen.phase, ""),
        "kind": KINDS.get(chosen.kind, ""),
        "pm": f"PM: {names.get(chosen.pm or 0, 'nobody here')}",
        "version": f"On {chosen.version}",
        "standing": dict(STANDINGS).get(chosen.standing, ""),
        "go_live": f"Go-live: {dict(GO_LIVES).get(chosen.go_live, '').lower()}",
        "health": f"Health: {dict(HEALTHS).get(chosen.health, '').lower()}",
        "overdue": "With overdue steps",
        "blocked": "With blocked steps",
        "waiting": "Waiting on a customer",
        "settled": "Every step closed",
    }
    default = PortfolioFilter()
    return [
        Chip(label, base + chosen.query(**{name: getattr(default, name)}))
        for name, label in words.items()
        if getattr(chosen, name) != getattr(default, name)
    ]


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a column. Following it sorts by the column, or turns its order round."""

    label: str
    address: str
    order: str
    number: bool


#: Label, and the order that a column is first sorted in: numbers the most first.
HEADERS = (
    ("Project", "name"), ("Health", "health"), ("Phase", "phase"), ("Next", "next"), ("Overdue", "-overdue"),
    ("Blocked", "-blocked"), ("Go-live", "go_live"),
)  # fmt: skip


def headers(chosen: PortfolioFilter, base: str) -> list[Header]:
    """Return the heads of the columns that sort. Worst first, the default, is no column's own order."""
    now = chosen.sort
    found = []
    for label, first in HEADERS:
        name = first.lstrip("-")
        turned = name if first.startswith("-") else f"-{name}"
        following = turned if now == first else first
        order = "" if now.lstrip("-") != name else "descending" if now.startswith("-") else "ascending"
        address = base + chosen.query(sort=following)
        found.append(Header(label, address, order, first.startswith("-")))
    return found


EXPORT_HEADER = (
    "Code", "Project", "Kind", "Core system", "Standing", "Phase", "Steps done", "Steps", "Next", "Next due", "Overdue",
    "Blocked", "Waiting on customer", "Target go-live", "Baseline go-live", "Actual go-live", "PM", "Health", "Updated",
)  # fmt: skip


def export_rows(projects: ProjectQuerySet, today: dt.date) -> Iterator[tuple[object, ...]]:
    """Yield the projects as cells, read in one query as they are sent."""
    kinds, standings, healths = dict(IntegrationKind.choices), dict(Standing.choices), dict(Health.choices)
    columns = (
        "code", "name", "integration_kind", "core_system__name", "standing", "phase", "steps_done", "steps_total",
        next_title(ProjectStep.objects.all()), "next_due", "overdue",
        "steps_blocked", "steps_waiting", "target_go_live", "baseline_go_live",
        "actual_go_live", "manager__name", "health", "health_at",
    )  # fmt: skip
    found = with_overdue(projects, today).values_list(*columns)
    for code, name, kind, core_system, standing, phase, *rest, health, at in found.iterator(chunk_size=500):
        said = (healths.get(health, ""), business_day(at) if at else None)
        yield (code, name, kinds[kind], core_system, standings[standing], PHASES[phase], *rest, *said)
