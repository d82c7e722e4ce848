"""Dates, as pure functions over plain data: a real planner will replace their inside, not their callers.

Durations are in working days: Monday to Friday without the United States' federal holidays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import holidays

from transitions.phase import PHASE_ORDER

ONE_DAY = dt.timedelta(days=1)
#: Days outside of these are slips of the pen; the plan of the last of them still has to fit into a calendar.
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step as the planner sees it. `duration_days` 0 takes no time (a step left out)."""

    key: str
    phase: str
    duration_days: int
    needs: tuple[str, ...] = ()


class NeedsCycleError(ValueError):
    """Steps that wait for each other have no dates."""


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> frozenset[dt.date]:
    return frozenset(holidays.country_holidays("US", years=year))


def is_working_day(day: dt.date) -> bool:
    """Return whether work is done on `day`."""
    return day.weekday() < 5 and day not in _holidays_of(day.year)


def working_day_on_or_after(day: dt.date) -> dt.date:
    """Return `day` itself or the first working day after it."""
    while not is_working_day(day):
        day += ONE_DAY
    return day


def add_working_days(day: dt.date, count: int) -> dt.date:
    """Return the working day `count` working days after `day` (0 gives the first on or after it)."""
    day = working_day_on_or_after(day)
    for _ in range(count):
        day = working_day_on_or_after(day + ONE_DAY)
    return day


def working_days_between(start: dt.date, end: dt.date) -> int:
    """Return how many working days lie after `start` up to and including `end`; negative when `end` is earlier."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + dt.timedelta(days=offset)) for offset in range(1, (end - start).days + 1))


def plan_due_dates(steps: Sequence[PlannedStep], kickoff: dt.date) -> dict[str, dt.date]:
    """Return the due date of every step, by key.

    A phase begins on the working day after the last due date of the phase before it (the first on the kickoff); a step on the
    day its phase begins or the working day after the last step it needs, and is due on the last of its days.

    Raises:
        NeedsCycleError: steps of a phase need each other.
    """
    working = _Ruler(working_day_on_or_after(kickoff))
    due: dict[str, int] = {}
    ends: dict[str, int] = {}  # the last day of a step; of one that takes no time, the day before it would begin
    begin = 0
    for phase in sorted({step.phase for step in steps}, key=PHASE_ORDER.__getitem__):
        finish = begin - 1
        for step in _in_order([step for step in steps if step.phase == phase]):
            start = max([begin, *(ends[key] + 1 for key in step.needs if key in ends)])
            ends[step.key] = start + step.duration_days - 1
            # A step that takes no time is due with what it waits for, and pushes nothing.
            due[step.key] = max(ends[step.key], begin)
            finish = max(finish, ends[step.key])
        begin = finish + 1
    return {key: working[index] for key, index in due.items()}


class _Ruler:
    """The working days from a first one on, by index; grown as far as it is asked for."""

    def __init__(self, first: dt.date) -> None:
        self._days = [first]

    def __getitem__(self, index: int) -> dt.date:
        while len(self._days) <= index:
            self._days.append(working_day_on_or_after(self._days[-1] + ONE_DAY))
        return self._days[index]


def _in_order(steps: Sequence[PlannedStep]) -> list[PlannedStep]:
    """Return the steps so that each comes after those it needs."""
    by_key: Mapping[str, PlannedStep] = {step.key: step for step in steps}
    ordered: dict[str, PlannedStep] = {}
    waiting = list(steps)
    while waiting:
        ready = [step for step in waiting if all(key in ordered or key not in by_key for key in step.needs)]
        if not ready:
            raise NeedsCycleError(f"These steps need each other: {', '.join(step.key for step in waiting)}.")
        ordered |= {step.key: step for step in ready}
        waiting = [step for step in waiting if step.key not in ordered]
    return list(ordered.values())
