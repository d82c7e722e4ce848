"""The rules of a support period, pure: how many days it counts, what a move must heed (domain.md, Tier)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from handoff.support.vocabulary import EVALUATE_EARLY, EVALUATED_AFTER, FURTHEST, LONGEST_REASON
from projects.days import short
from transitions.blockers import Blocker


@dataclass(frozen=True, slots=True)
class Facts:
    """A running period as the rules see it. It ends on the morning of `end`: that day is the help desk's first."""

    start: dt.date
    end: dt.date
    open_ended: bool = False
    evaluated: dt.date | None = None

    @property
    def evaluate_on(self) -> dt.date | None:
        """The day on which it is to be evaluated, or None where it is not or was."""
        waits = self.open_ended and self.evaluated is None
        return self.start + dt.timedelta(days=EVALUATED_AFTER) if waits else None


@dataclass(frozen=True, slots=True)
class Count:
    """How far a period is: `day` of `days`, in words, whether something is late, and the share that is over in per cent."""

    day: int
    days: int
    share: int
    words: str
    note: str = ""
    late: bool = False


def end_of(start: dt.date, days: int) -> dt.date:
    """Return the day on which support of so many days ends, the go-live being the first of them."""
    return start + dt.timedelta(days=days)


def count(facts: Facts, today: dt.date) -> Count:
    """Say how far a running period is: `Day 12 of 90, ends Mar 3`; an evaluation that is due, an end that is past."""
    days, day = (facts.end - facts.start).days, (today - facts.start).days + 1
    share = max(0, min(100, round(100 * day / days))) if days else 100
    least = "at least " if facts.evaluate_on else ""
    over = (today - facts.end).days
    end = short(facts.end, today)
    words = f"Day {max(day, 0)} of {least}{days}" + (
        "" if facts.evaluate_on else f", {'ends' if over <= 0 else 'ended'} {end}"
    )
    if facts.evaluate_on:
        left = (facts.evaluate_on - today).days
        when = short(facts.evaluate_on, today)
        if left < 0:
            note = f"Evaluation was due {when}, {_days(-left)} ago"
        else:
            note = f"Evaluation due {when}, {'today' if not left else f'in {_days(left)}'}"
        return Count(day, days, share, words, note, late=left < 0)
    if over > 0:
        return Count(day, days, share, words, f"{_days(over)} past its end", late=True)
    note = "Ends today" if over == 0 else f"{_days(-over)} left"
    return Count(day, days, share, words, note)


def ends_by_itself(facts: Facts, today: dt.date) -> bool:
    """Return whether the period is over: its end has come, and no evaluation is waited for."""
    return facts.end <= today and facts.evaluate_on is None


def evaluate_blockers(facts: Facts, today: dt.date, until: dt.date | None) -> list[Blocker]:
    """Return what stands in the way of writing an evaluation down: a period without one, too early, a day that is none."""
    if not facts.open_ended:
        text = "This support has a fixed length and is not evaluated. Extend it, or let it end."
        return [Blocker("not-evaluated-at-all", text)]
    if facts.evaluate_on is None:
        return [Blocker("evaluated-already", "It was evaluated already. Extend it where it needs more time.")]
    first = facts.evaluate_on - dt.timedelta(days=EVALUATE_EARLY)
    if today < first:
        text = f"It runs {EVALUATED_AFTER} days before it is evaluated: from {short(first, today)} on this can be written down."
        return [Blocker("too-early", text)]
    return _until(facts, today, until) if until is not None else []


def extend_blockers(facts: Facts, today: dt.date, until: dt.date) -> list[Blocker]:
    """Return what stands in the way of an extension: an evaluation that is still due, a day that is not later, or too far."""
    if facts.evaluate_on is not None:
        return [Blocker("evaluate-first", "Evaluate it first: the evaluation says until when it goes on.")]
    return _until(facts, today, until)


def end_blockers(facts: Facts, today: dt.date, *, note: str, by_clock: bool) -> list[Blocker]:
    """Return what stands in the way of an end: fewer days than are promised, no evaluation, no reason before its day."""
    if facts.evaluate_on is not None:
        return [Blocker("evaluate-first", "It cannot end before it was evaluated.")]
    early = today < facts.end
    if early and by_clock:
        return [Blocker("not-yet", f"It runs until {short(facts.end, today)}.")]
    least = facts.start + dt.timedelta(days=EVALUATED_AFTER)
    if facts.open_ended and today < least:
        return [Blocker("at-least", f"It lasts at least {EVALUATED_AFTER} days, until {short(least, today)}.")]
    if early and not note:
        text = f"It would run until {short(facts.end, today)}: say why it ends before."
        return [Blocker("missing-note", text, subject="note")]
    return []


def note_blockers(note: str) -> list[Blocker]:
    """Return what is wrong with a reason, whatever the move."""
    if len(note) <= LONGEST_REASON:
        return []
    return [Blocker("note-too-long", f"{LONGEST_REASON:,} characters are the most.", subject="note")]


def _until(facts: Facts, today: dt.date, until: dt.date) -> list[Blocker]:
    if until <= facts.end:
        text = f"It runs until {short(facts.end, today)} already: choose a later day."
        return [Blocker("not-later", text, subject="until")]
    if until <= today:
        return [Blocker("past", "Choose a day to come.", subject="until")]
    if until > today + dt.timedelta(days=FURTHEST):
        furthest = short(today + dt.timedelta(days=FURTHEST), today)
        return [Blocker("too-far", f"A year is the most at once: choose a day up to {furthest}.", subject="until")]
    return []


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"
