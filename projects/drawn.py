"""Components drawn once for each value and kept: what comes round in row after row of a list costs one look-up.

The components are the templates' own macros; what is kept is what they gave, already escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.template import engines
from markupsafe import Markup

from projects.days import DayWords
from projects.people import Person
from transitions.phase import PHASE_ORDER, Phase

if TYPE_CHECKING:
    from projects.page import StepRow


@dataclass(frozen=True, slots=True)
class BarPart:
    """One of the seven parts of a phase bar; `share` is how much of the present one is done, in tenths."""

    phase: str
    label: str
    state: str
    share: int


@lru_cache(maxsize=2048)
def phase_bar(phases: tuple[str, ...], phase: str, share: int) -> Markup:
    """Return the bar of a project that visits `phases` and is in `phase`, of which `share` tenths are done."""
    bar = [BarPart(each.value, each.label, _state(each.value, phases, phase), share) for each in Phase]
    return _draw("components/phase.html", "phase_bar", bar)


@lru_cache(maxsize=4096)
def day(words: DayWords) -> Markup:
    """Return a date and its note as the cell of a list."""
    return _draw("portfolio/day.html", "day", words)


@lru_cache(maxsize=4096)
def day_line(words: DayWords) -> Markup:
    """Return a date and its note on one line, under a title."""
    return _draw("portfolio/day.html", "day_line", words)


@lru_cache(maxsize=4096)
def health_cell(health: str, age: str, stale: bool, words: str) -> Markup:
    """Return the health of a project as the cell of a list: its chip, how old it is, what the machine says otherwise."""
    return _draw("components/health.html", "health_cell", health, age, stale, words)


@lru_cache(maxsize=1024)
def mark(person: Person | None, title: str) -> Markup:
    """Return the round mark of a person, or of nobody."""
    return _draw("components/person.html", "who", person, title)


@lru_cache(maxsize=8192)
def step_row(row: StepRow) -> Markup:
    """Return a step as a row of its project's page. Most of a page is as it was when it was last looked at."""
    return _draw("projects/parts/rows.html", "step_row", row)


def _state(each: str, phases: tuple[str, ...], now: str) -> str:
    if each == now:
        return "now"
    if each not in phases:
        return "skip"
    return "done" if PHASE_ORDER[each] < PHASE_ORDER[now] else "ahead"


def _draw(template: str, macro: str, *values: Any) -> Markup:
    component: Any = engines["jinja2"].env.get_template(template).module  # type: ignore[attr-defined]
    return Markup(getattr(component, macro)(*values))  # noqa: S704 - a macro of ours has escaped it
