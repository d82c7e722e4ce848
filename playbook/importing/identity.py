"""Which step each row of a page is: its number, the step of the version before that it was, and its key. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from playbook import vocabulary as words
from playbook.data import PlaybookData, StepData
from playbook.importing import keys
from playbook.importing.columns import fold
from playbook.importing.raw import ReportRow
from playbook.importing.rows import StepRow
from transitions.phase import Phase

NOT_ON_PAGE = "not on the page"
WHOLE_PAGE = "the whole page"


@dataclass(frozen=True, slots=True)
class Identified:
    """Who is who: by the place of a row, the step of the version before and the key; and the steps that stay though no row."""

    before: Mapping[int, StepData]
    kept: Sequence[StepData]
    keys: Sequence[str]
    report: Sequence[ReportRow]


def identify(
    rows: Sequence[StepRow], base: PlaybookData | None, label: str, *, named: bool, page_phase: str | None
) -> Identified:
    """Number the rows (in place), and find which step each is.

    Args:
        rows: as they stand on the page; what is found out of one is added to its guesses and refusals.
        base: the version before, called `label` in the report; None where there is none.
        named: whether rows name their keys themselves, as our own layout does.
        page_phase: the phase that the page's title names.
    """
    report = _number(rows)
    before = _matched(rows, base, label)
    kept = _renumbered(rows, before, [] if named else _kept(base, before))
    return Identified(before, kept, _keys(rows, before, kept, page_phase), report)


def _number(rows: Sequence[StepRow]) -> list[ReportRow]:
    """Give every row a number of its own: the page's, or its place where numbers are missing or stand twice."""
    if all(row.number is None for row in rows):
        for place, row in enumerate(rows, 1):
            row.number = place
        text = "The rows have no numbers: the steps are numbered by their place."
        return [ReportRow(WHOLE_PAGE, "guessed", text)]
    seen: dict[int, str] = {}
    wrong = False
    for row in rows:
        if row.number is None:
            row.guesses.append("the row has no number: it has the one of its place")
            wrong = True
        elif row.number in seen:
            row.refusals.append(
                f"Number {row.number} is the number of the step at {seen[row.number]} already: it has another."
            )
            wrong = True
        else:
            seen[row.number] = row.row.where
    if wrong:
        for place, row in enumerate(rows, 1):
            if row.number is not None and row.number != place:
                row.guesses.append(f"number {row.number} on the page, {place} by its place")
            row.number = place
    return []


def _matched(rows: Sequence[StepRow], base: PlaybookData | None, label: str) -> dict[int, StepData]:
    if base is None:
        return {}
    found = [keys.Found(row.title, row.number or 0, row.phase, row.category, row.guidance, row.key) for row in rows]
    matched = keys.match(found, base.steps)
    for place, step in matched.items():
        if not rows[place].key and fold(rows[place].title) != fold(step.title):
            rows[place].guesses.append(f"taken for {step.key} (“{step.title}” in {label}), which was reworded")
    return matched


def _kept(base: PlaybookData | None, before: Mapping[int, StepData]) -> list[StepData]:
    """Return the steps of the version before that were never a row of a page: they stay."""
    if base is None:
        return []
    found = {step.key for step in before.values()}
    gone = [step for step in base.steps if step.key not in found]
    if any(step.source.get("row") for step in base.steps):
        return [step for step in gone if not step.source.get("row")]
    # Written by hand after the page: a row has a cell of letters, or stands among such rows.
    phases_of_rows = {step.phase for step in base.steps if step.raci_source}
    return [step for step in gone if phases_of_rows and not step.raci_source and step.phase not in phases_of_rows]


def _renumbered(rows: Sequence[StepRow], before: Mapping[int, StepData], kept: Sequence[StepData]) -> list[StepData]:
    """Return the steps that stay with numbers among the rows, each before the first row that came after it."""
    if not kept:
        return []
    waiting = sorted(kept, key=lambda step: step.number)
    order: list[StepRow | StepData] = []
    for place, row in sorted(enumerate(rows), key=lambda pair: pair[1].number or 0):
        old = before.get(place)
        while waiting and old is not None and waiting[0].number < old.number:
            order.append(waiting.pop(0))
        order.append(row)
    order += waiting
    stay = []
    for number, one in enumerate(order, 1):
        if isinstance(one, StepData):
            stay.append(replace(one, number=number))
        elif one.number != number:
            one.guesses.append(
                f"number {one.number} on the page, {number} here: the playbook has steps that the page has not"
            )
            one.number = number
    return stay


def _keys(
    rows: Sequence[StepRow], before: Mapping[int, StepData], kept: Sequence[StepData], page_phase: str | None
) -> list[str]:
    """Return a key for each row: the one it names, else that of the step it was, else a new one."""
    taken: dict[str, str] = {step.key: NOT_ON_PAGE for step in kept}
    given: list[str] = [""] * len(rows)
    for place, row in enumerate(rows):
        if row.key and not keys.is_key(row.key):
            row.refusals.append(f"“{row.key[:100]}” cannot be a key: use {words.KEY_WORDS}.")
        elif row.key and row.key in taken:
            row.refusals.append(f"{row.key} is the key of the step at {taken[row.key]} already: it has another.")
        elif row.key:
            given[place] = row.key
            taken[row.key] = row.row.where
    for place, row in enumerate(rows):
        if not given[place] and place in before and before[place].key not in taken:
            given[place] = before[place].key
            taken[given[place]] = row.row.where
    phase = page_phase
    for place, row in enumerate(rows):
        phase = row.phase or (before[place].phase if place in before else None) or phase
        if not given[place]:
            given[place] = keys.new_key(phase or Phase.DISCOVERY.value, row.title, row.category or "", taken)
            taken[given[place]] = row.row.where
    return given
