"""How a project does: what a person says of it, and what the machine sees in its plan. Pure: no clock, no database.

A person owns the health; the machine's signal stands beside it, with its reasons, and never changes it. The rule is `RULE` below,
in words in docs/health.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from projects.schedule import working_days_between
from transitions.phase import PHASE_ORDER, Phase
from transitions.step import OPEN, StepStatus


class Health(models.TextChoices):
    """What a person says of a project (ux.md, Conventions: Health)."""

    ON_TRACK = "on_track", "On track"
    AT_RISK = "at_risk", "At risk"
    OFF_TRACK = "off_track", "Off track"
    ON_HOLD = "on_hold", "On hold"
    COMPLETE = "complete", "Complete"


#: Whoever says one of these says why.
REASON_NEEDED = (Health.AT_RISK, Health.OFF_TRACK, Health.ON_HOLD)
#: What the portfolio counts as wanting attention.
BELOW = (Health.OFF_TRACK, Health.AT_RISK)

#: An update older than this is stale, in calendar days.
STALE_AFTER = 7
#: Nothing moved for longer than this, in calendar days: at risk.
STILL_AFTER = 14
#: Blocked or waiting for longer than this, in working days: at risk. Blocked for the longer one: off track.
BLOCKED_AFTER, BLOCKED_LONG_AFTER, WAITING_AFTER = 5, 15, 10
#: Overdue by more than this, in calendar days, or in so many steps: off track.
OVERDUE_LONG_AFTER, OVERDUE_MANY = 10, 5
#: A plan that ends later than this after the target go-live, in calendar days: off track.
PAST_TARGET_LONG_AFTER = 10

RULE = (
    f"At risk: a step is overdue; the plan ends after the target go-live; a step is blocked for more than {BLOCKED_AFTER} "
    f"working days, or waits on the customer for more than {WAITING_AFTER}; the last update is more than {STALE_AFTER} days old; "
    f"nothing moved for more than {STILL_AFTER} days. Off track: a step is overdue by more than {OVERDUE_LONG_AFTER} days, or "
    f"{OVERDUE_MANY} steps are overdue; the plan ends more than {PAST_TARGET_LONG_AFTER} days after the target; a step is "
    f"blocked for more than {BLOCKED_LONG_AFTER} working days. On track: none of these."
)

_RANK = {Health.ON_TRACK: 0, Health.AT_RISK: 1, Health.OFF_TRACK: 2}


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step as the machine looks at it. `since`: the company's day on which it came into its status, where it ever moved."""

    title: str
    link: str
    phase: str
    status: str
    due: dt.date | None
    since: dt.date | None


@dataclass(frozen=True, slots=True)
class Sight:
    """One day that matters, and of which step, where that is known."""

    day: dt.date
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the signal is worked out from, on the company's day `today`.

    Args:
        begun: the later of kickoff and the day the project was started here: before it nothing can be stale or still.
        target: the target go-live; None where the project is live, or its plan has no such day.
        overdue: how many open steps of phases reached were due before today; `worst` is the earliest due of them.
        planned_end: the last due day of an open step before Post-Live (of any, where the project has none before).
        blocked, waiting: since when the one that is blocked, or waits on the customer, the longest.
        moved: the last day on which a step moved; updated: that of the last update.
        link: the project's page.
    """

    today: dt.date
    begun: dt.date
    target: dt.date | None
    overdue: int = 0
    worst: Sight | None = None
    planned_end: Sight | None = None
    blocked: Sight | None = None
    waiting: Sight | None = None
    moved: dt.date | None = None
    updated: dt.date | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the signal is not on track: a stable code, a sentence, how bad it is alone, and where it is looked at."""

    code: str
    text: str
    health: Health
    link: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What the machine sees: on track, at risk or off track, and the reasons, the worst first."""

    health: Health
    reasons: tuple[Reason, ...]


def gather(
    steps: Iterable[PlanStep],
    *,
    phase: str,
    phases: Iterable[str],
    today: dt.date,
    begun: dt.date,
    target: dt.date | None,
    updated: dt.date | None,
    moved: dt.date | None = None,
    link: str = "",
) -> Facts:
    """Return the facts about a project in `phase`, one of the `phases` that it visits.

    Args:
        moved: when the project came into its phase; the steps' own moves count beside it.
    """
    found = list(steps)
    opened = [step for step in found if step.status in OPEN]
    reached = [step for step in opened if PHASE_ORDER[step.phase] <= PHASE_ORDER[phase]]
    late = [step for step in reached if step.due is not None and step.due < today]
    ends = [step for step in opened if step.phase != Phase.POST_LIVE or set(phases) == {Phase.POST_LIVE}]
    return Facts(
        today=today, begun=begun, target=target, overdue=len(late), worst=_earliest((step, step.due) for step in late),
        planned_end=_latest((step, step.due) for step in ends),
        blocked=_earliest((step, step.since) for step in opened if step.status == StepStatus.BLOCKED),
        waiting=_earliest((step, step.since) for step in opened if step.status == StepStatus.WAITING_ON_CUSTOMER),
        moved=max((day for day in (moved, *(step.since for step in found)) if day), default=None),
        updated=updated, link=link,
    )  # fmt: skip


def _sights(found: Iterable[tuple[PlanStep, dt.date | None]]) -> list[Sight]:
    return [Sight(day, step.title, step.link) for step, day in found if day is not None]


def _earliest(found: Iterable[tuple[PlanStep, dt.date | None]]) -> Sight | None:
    return min(_sights(found), key=lambda sight: sight.day, default=None)


def _latest(found: Iterable[tuple[PlanStep, dt.date | None]]) -> Sight | None:
    return max(_sights(found), key=lambda sight: sight.day, default=None)


def signal(facts: Facts) -> Signal:
    """Return the machine's signal: as bad as the worst of its reasons alone (`RULE`). More reasons never make it better."""
    found = [
        reason for judge in (_overdue, _past_target, _blocked, _waiting, _stale, _still) if (reason := judge(facts))
    ]
    found.sort(key=lambda reason: -_RANK[reason.health])
    return Signal(
        max((reason.health for reason in found), key=_RANK.__getitem__, default=Health.ON_TRACK), tuple(found)
    )


def rank(health: Health) -> int:
    """Return how bad a signal is: 0 on track, 1 at risk, 2 off track."""
    return _RANK[health]


def disagree(said: str, seen: Signal | None) -> bool:
    """Return whether a person and the machine say opposite things: one that all is well, the other that it is not.

    At risk and off track do not disagree, and nobody contradicts an update that puts the project on hold. A project that was
    never spoken of, or that rests (`seen` is None), has nothing to disagree about.
    """
    if seen is None or said not in {Health.ON_TRACK, Health.COMPLETE, *BELOW}:
        return False
    return (said in BELOW) != (seen.health in BELOW)


def is_stale(updated: dt.date | None, today: dt.date) -> bool:
    """Return whether the last update is more than 7 days old; one that there never was is not."""
    return updated is not None and (today - updated).days > STALE_AFTER


# The six things that are looked at.


def _overdue(facts: Facts) -> Reason | None:
    if not facts.overdue or facts.worst is None:
        return None
    days = (facts.today - facts.worst.day).days
    long = days > OVERDUE_LONG_AFTER or facts.overdue >= OVERDUE_MANY
    if facts.overdue == 1:
        text = f"{_name(facts.worst, 'A step')} is overdue by {_days(days)}."
    else:
        longest = f"“{facts.worst.title}” the longest," if facts.worst.title else "the longest"
        text = f"{facts.overdue} steps are overdue, {longest} by {_days(days)}."
    return Reason("overdue", text, _badly(long), facts.worst.link or facts.link)


def _past_target(facts: Facts) -> Reason | None:
    if facts.target is None or facts.planned_end is None:
        return None
    end = max(facts.planned_end.day, facts.today)  # what is not done by today is not done before today
    days = (end - facts.target).days
    if days <= 0:
        return None
    text = f"The plan ends {_date(end)}, {_days(days)} after the target go-live."
    return Reason("past-target", text, _badly(days > PAST_TARGET_LONG_AFTER), facts.planned_end.link or facts.link)


def _blocked(facts: Facts) -> Reason | None:
    if facts.blocked is None or (days := working_days_between(facts.blocked.day, facts.today)) <= BLOCKED_AFTER:
        return None
    text = f"{_name(facts.blocked, 'A step')} is blocked for {_days(days, 'working day')}."
    return Reason("blocked", text, _badly(days > BLOCKED_LONG_AFTER), facts.blocked.link or facts.link)


def _waiting(facts: Facts) -> Reason | None:
    if facts.waiting is None or (days := working_days_between(facts.waiting.day, facts.today)) <= WAITING_AFTER:
        return None
    text = f"{_name(facts.waiting, 'A step')} waits on the customer for {_days(days, 'working day')}."
    return Reason("waiting", text, Health.AT_RISK, facts.waiting.link or facts.link)


def _stale(facts: Facts) -> Reason | None:
    days = (facts.today - (facts.updated or facts.begun)).days
    if days <= STALE_AFTER:
        return None
    text = (
        f"The last update is {_days(days)} old." if facts.updated else f"No update in the {_days(days)} since it began."
    )
    return Reason("stale", text, Health.AT_RISK, f"{facts.link}updates/")


def _still(facts: Facts) -> Reason | None:
    days = (facts.today - max(facts.begun, facts.moved or facts.begun)).days
    if days <= STILL_AFTER:
        return None
    return Reason("still", f"Nothing has moved for {_days(days)}.", Health.AT_RISK, f"{facts.link}history")


def _badly(long: bool) -> Health:
    return Health.OFF_TRACK if long else Health.AT_RISK


def _name(sight: Sight, otherwise: str) -> str:
    return f"“{sight.title}”" if sight.title else otherwise


def _days(number: int, word: str = "day") -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _date(day: dt.date) -> str:
    return f"{day:%b} {day.day}, {day.year}"
