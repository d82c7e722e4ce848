"""What is an anomaly: pure, from the payments of each day, the projection and the company's day (docs/watch.md).

A day without data is a gap and never counts as a day without payments. The day that is not over is not judged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from statistics import median

from handoff.watch.vocabulary import Kind
from projects.days import short
from projects.schedule import ONE_DAY, is_working_day

#: None attempted: no payment on a working day for which at least so many were expected.
LEAST_EXPECTED = Decimal(1)
#: Far above: more than so many times what was projected, and more than it by so much.
FAR_ABOVE = 3
MORE_PAYMENTS = 10
MORE_AMOUNT = Decimal(1000)
#: Sudden drop: less than this share of what is usual, where at least so many are usual.
DROP_SHARE = Decimal("0.4")
LEAST_USUAL = 5
#: What is usual: the median of the same weekday in so many weeks; where only one of those is known, of so many days.
WEEKS, LEAST_SAME_DAYS = 4, 2
RECENT_DAYS = 14
LEAST_DAYS = 7
#: Nothing was sent: so many working days in a row without data.
UNSENT_DAYS = 2

#: The rule in words, as the page says it.
WORDS: Mapping[Kind, str] = {
    Kind.NONE: (
        "No payments on a working day for which the projection (where there is none, the biller’s own history) expects at least "
        "one; weekends and holidays beside it without payments belong to it."
    ),
    Kind.ABOVE: (
        f"More than {FAR_ABOVE} times the payments of the projection and at least {MORE_PAYMENTS} more, or more than "
        f"{FAR_ABOVE} times its amount and at least ${MORE_AMOUNT:,.0f} more."
    ),
    Kind.DROP: (
        f"Less than {DROP_SHARE:.0%} of what is usual, where at least {LEAST_USUAL} payments are, and less than projected. Usual "
        f"is the median of the same weekday in the last {WEEKS} weeks; on a working day of which only one is known, of the last "
        f"{RECENT_DAYS} days. It is known after {LEAST_DAYS} days of data. A holiday in the week is not judged."
    ),
    Kind.NOT_SENT: (
        f"{UNSENT_DAYS} working days in a row without data, once there was any. A day without data is never taken for a day "
        "without payments. It is noted, and holds up nothing."
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paid:
    """The payments of one day: how many, and US dollars."""

    payments: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Expected:
    """What is projected for each day from a day on; the amount may be unknown."""

    since: dt.date
    payments: Decimal
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day: what was paid (None: no data), what was projected, what was usual, and what is out of the ordinary."""

    day: dt.date
    paid: Paid | None
    expected: Expected | None
    usual: Decimal | None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A stretch of days in a row with the same out of the ordinary about them. Its kind and first day are its name."""

    kind: Kind
    days: tuple[Day, ...]

    @property
    def first(self) -> dt.date:
        """Its first day."""
        return self.days[0].day

    @property
    def last(self) -> dt.date:
        """Its last day so far."""
        return self.days[-1].day

    def words(self, today: dt.date) -> str:
        """Return what was found, in a sentence; `today` says of which year nothing need be said."""
        when = short(self.first, today) + (f" to {short(self.last, today)}" if len(self.days) > 1 else "")
        return f"{when}: {_TOLD[self.kind](self.days)}."


def judge(
    paid: Mapping[dt.date, Paid], projections: Iterable[Expected], *, live: dt.date, today: dt.date
) -> tuple[list[Day], list[Finding]]:
    """Return the days from go-live to yesterday, and what is out of the ordinary about them, by first day.

    Args:
        paid: by day, those before `live` being the biller's own history; later ones than yesterday are not looked at.
        projections: in any order; the last that began by a day holds for it. live: the first day that is watched.
        today: the company's day, which is not over.
    """
    expected = sorted(projections, key=lambda one: one.since)
    days = [_day(live + ONE_DAY * number, paid, expected) for number in range((today - live).days)]
    none, unsent = _none_attempted(days), _not_sent(days, paid)
    judged = [
        Day(day.day, day.paid, day.expected, day.usual, _kind(day, none, unsent)) for day in days
    ]  # fmt: skip
    runs = groupby(judged, key=lambda day: day.kind)  # the days are all there, one after the other
    return judged, [Finding(kind, tuple(run)) for kind, run in runs if kind is not None]


def usual(day: dt.date, paid: Mapping[dt.date, Paid]) -> Decimal | None:
    """Return how many payments are usual on a day by those before it; None while too few are known."""
    before = [day - ONE_DAY * back for back in range(1, 7 * WEEKS + 1)]
    if sum(one in paid for one in before) < LEAST_DAYS:
        return None
    same = [paid[one].payments for one in before[6::7] if one in paid]
    if len(same) >= LEAST_SAME_DAYS:
        return Decimal(str(median(same)))
    recent = [paid[one].payments for one in before[:RECENT_DAYS] if one in paid]
    if len(recent) < LEAST_DAYS or not is_working_day(day):  # a Saturday is not held against the days of the week
        return None
    return Decimal(str(median(recent)))


def _day(day: dt.date, paid: Mapping[dt.date, Paid], projections: Sequence[Expected]) -> Day:
    held = [one for one in projections if one.since <= day]
    return Day(day, paid.get(day), held[-1] if held else None, usual(day, paid))


def _kind(day: Day, none: set[dt.date], unsent: set[dt.date]) -> Kind | None:
    if day.day in unsent:
        return Kind.NOT_SENT
    if day.day in none:
        return Kind.NONE
    if day.paid is None:
        return None
    return Kind.ABOVE if _far_above(day.paid, day.expected) else Kind.DROP if _dropped(day, day.paid) else None


def _runs(days: Sequence[Day], asked: Callable[[Day], bool]) -> Iterator[list[Day]]:
    return (list(run) for holds, run in groupby(days, key=asked) if holds)


def _none_attempted(days: Sequence[Day]) -> set[dt.date]:
    found: set[dt.date] = set()
    for run in _runs(days, lambda day: day.paid is not None and day.paid.payments == 0):
        if any(is_working_day(day.day) and _wanted(day) >= LEAST_EXPECTED for day in run):
            found |= {day.day for day in run}
    return found


def _wanted(day: Day) -> Decimal:
    """What was to be expected: the projection where there is one, else what is usual."""
    return day.expected.payments if day.expected else day.usual or Decimal(0)


def _not_sent(days: Sequence[Day], paid: Mapping[dt.date, Paid]) -> set[dt.date]:
    if not paid:
        return set()
    earliest, found = min(paid), set[dt.date]()
    for run in _runs(days, lambda day: day.paid is None):
        if run[0].day > earliest and sum(is_working_day(day.day) for day in run) >= UNSENT_DAYS:
            found |= {day.day for day in run}
    return found


def _far_above(paid: Paid, expected: Expected | None) -> bool:
    if expected is None:
        return False
    payments, amount = expected.payments, expected.amount
    if paid.payments > FAR_ABOVE * payments and paid.payments - payments >= MORE_PAYMENTS:
        return True
    return amount is not None and paid.amount > FAR_ABOVE * amount and paid.amount - amount >= MORE_AMOUNT


def _dropped(day: Day, paid: Paid) -> bool:
    if day.usual is None or day.usual < LEAST_USUAL or (day.day.weekday() < 5 and not is_working_day(day.day)):
        return False
    as_projected = day.expected is not None and paid.payments >= day.expected.payments
    return paid.payments < DROP_SHARE * day.usual and not as_projected


# Words ----------------------------------------------------------------------------------------------------------------------


def number_words(value: Decimal | int) -> str:
    """Return a number of payments as it is read: `40`, `1,250`, `0.33`."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def payments_words(payments: int) -> str:
    """Return `1 payment` or `40 payments`."""
    return f"{payments:,} payment{'' if payments == 1 else 's'}"


def _none_words(days: Sequence[Day]) -> str:
    day = next((one for one in days if is_working_day(one.day) and _wanted(one) >= LEAST_EXPECTED), days[0])
    if day.expected is not None:
        return f"no payments; {number_words(day.expected.payments)} a day were projected"
    return f"no payments; {number_words(_wanted(day))} were usual"


def _above_words(days: Sequence[Day]) -> str:
    most = max(days, key=lambda day: (day.paid.payments, day.paid.amount) if day.paid else (0, Decimal(0)))
    assert most.paid is not None, "what is far above was paid"
    assert most.expected is not None, "far above what was projected"
    amount = most.expected.amount
    projected = number_words(most.expected.payments) + (f" (${amount:,.2f})" if amount is not None else "")
    some, a_day = ("up to ", " a day") if len(days) > 1 else ("", "")
    paid = f"{payments_words(most.paid.payments)}{a_day} (${most.paid.amount:,.2f})"
    return f"{some}{paid}; {projected} a day were projected"


def _drop_words(days: Sequence[Day]) -> str:
    counts = [day.paid.payments for day in days if day.paid]
    least, most = min(counts), max(counts)
    some = payments_words(least) if least == most else f"{least:,} to {payments_words(most)}"
    return f"{some}{' a day' if len(days) > 1 else ''}; {number_words(days[0].usual or 0)} were usual"


def _unsent_words(days: Sequence[Day]) -> str:
    return "nothing was sent, so nobody knows what was paid"


_TOLD: Mapping[Kind, Callable[[Sequence[Day]], str]] = {
    Kind.NONE: _none_words,
    Kind.ABOVE: _above_words,
    Kind.DROP: _drop_words,
    Kind.NOT_SENT: _unsent_words,
}
