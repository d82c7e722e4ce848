"""Rows of daily payments as they are sent, read and found good or not: from a sheet, a machine or the form. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from handoff.watch.vocabulary import CURRENCY, MOST_PAYMENTS, OLDEST
from projects.forms import DATE_FORMATS
from projects.schedule import ONE_DAY

_NUMBER = re.compile(r"(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d+))?", re.ASCII)
LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Sent:
    """One row that is good: its number in what was sent, and what it says."""

    number: int
    day: dt.date
    payments: int
    amount: Decimal


@dataclass(slots=True)
class Read:
    """What was sent: the rows that are good, and what is wrong with the others, by their number."""

    rows: list[Sent] = field(default_factory=list)
    problems: dict[int, list[str]] = field(default_factory=dict)


def read_rows(rows: Iterable[tuple[int, Mapping[str, str]]], today: dt.date) -> Read:
    """Return what rows say.

    Args:
        rows: their numbers, as the sender counts, and their values as text: day, payments, amount, currency.
        today: the company's day; nothing is taken of a later one, nor of more than two years ago.
    """
    read = Read()
    seen: dict[dt.date, int] = {}
    for number, values in rows:
        problems: list[str] = []
        day = _day(values.get("day", ""), today, problems)
        payments = _payments(values.get("payments", ""), problems)
        amount = _amount(values.get("amount", ""), problems)
        _currency(values.get("currency", ""), problems)
        if payments == 0 and amount:
            problems.append(f"No payments cannot come to {amount:,.2f}.")
        if day is not None and seen.setdefault(day, number) != number:
            first = seen[day]
            problems.append(f"{day} is there twice, in rows {first} and {number}. Leave the one that is right.")
        if problems:
            read.problems.setdefault(number, []).extend(problems)
        elif day is not None and payments is not None and amount is not None:
            read.rows.append(Sent(number, day, payments, amount))
    return read


def gaps(days: Collection[dt.date], known: Collection[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Return the stretches between the first and last of `days` that are neither among them nor `known`: (first, last)."""
    if not days:
        return []
    there, found = {*days, *known}, list[tuple[dt.date, dt.date]]()
    day, last = min(days), max(days)
    while day < last:
        if day not in there:
            begun = day
            while day + ONE_DAY not in there:
                day += ONE_DAY
            found.append((begun, day))
        day += ONE_DAY
    return found


def _shown(text: str) -> str:
    return f"“{text[:LONGEST_SHOWN]}{'…' if len(text) > LONGEST_SHOWN else ''}”"


def _day(text: str, today: dt.date, problems: list[str]) -> dt.date | None:
    said = text.strip()
    if not said:
        problems.append("Say which day.")
        return None
    day = _date(said)
    if day is None:
        problems.append(f"{_shown(said)} is no date: write it as 2026-11-24.")
    elif day > today:
        problems.append(f"{day} is not over yet: it lies in the future.")
    elif day < today - OLDEST:
        problems.append(f"{day} is more than two years ago.")
    else:
        return day
    return None


def _date(text: str) -> dt.date | None:
    for form in DATE_FORMATS:
        try:
            return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    return None


def _payments(text: str, problems: list[str]) -> int | None:
    said = text.strip()
    if not said:
        problems.append("Say how many payments: 0 where there were none. Leave the row out where nobody knows.")
        return None
    if said.startswith(("-", "−")):
        problems.append(f"{_shown(said)}: there are no fewer payments than none.")
        return None
    found = _NUMBER.fullmatch(said)
    if found is None or (found[1] or "0").strip("0"):
        problems.append(f"{_shown(said)} is no number of payments: write a whole one, such as 40.")
        return None
    count = int(said.partition(".")[0].replace(",", ""))
    if count > MOST_PAYMENTS:
        problems.append(f"{count:,} payments in a day are more than are taken: {MOST_PAYMENTS:,}.")
        return None
    return count


def _amount(text: str, problems: list[str]) -> Decimal | None:
    said = text.strip()
    if not said:
        problems.append("Say what they came to, in US dollars: 0 where there were none.")
        return None
    plain = said.removeprefix("$").strip()
    if plain.startswith(("-", "−")) or said.startswith(("-", "−")):
        problems.append(f"{_shown(said)}: an amount is not below 0. Leave refunds out.")
        return None
    found = _NUMBER.fullmatch(plain)
    if found is None:
        problems.append(f"{_shown(said)} is no amount: write it in US dollars, such as 5200.50.")
        return None
    if len((found[1] or "").rstrip("0")) > 2:
        problems.append(f"{_shown(said)} has more than two decimals.")
        return None
    return Decimal(plain.replace(",", "")).quantize(Decimal("0.01"))


def _currency(text: str, problems: list[str]) -> None:
    said = text.strip()
    if said and said.upper() != CURRENCY:
        problems.append(f"The currency {_shown(said)} is not taken: amounts are in {CURRENCY}.")
