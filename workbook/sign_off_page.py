"""The values of the pages on which a run is signed, and of the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from projects.evidence import canonical, shown_values, utc
from transitions.run import RunState
from workbook.models import Run, RunSignOff
from workbook.outcomes import last_run
from workbook.sign_off import head_of, may_sign, may_write_down, run_statement, signed
from workbook.told import WORDS
from workbook.vocabulary import HOLDING, Outcome, Severity

#: Outcomes as a statement says them → the icon beside them.
MARKS = {label: (chip, mark) for label, chip, mark in WORDS.values()}
LEFT_OUT_WORDS = WORDS[Outcome.WAIVED][0]


def sign_values(run: Run, person: User) -> dict[str, Any]:
    """Return what the page shows to `person`: what is signed, whether it can be signed now, and whether by them."""
    statement = run_statement(run)
    made = signed(run)
    newest = last_run(run.project_id, run.kind)
    later = newest if newest is not None and newest.pk != run.pk else None
    ready = run.state == RunState.CLOSED and made is None and later is None and not run.project.is_archived()
    return {
        "shown": statement.values,
        "parts": parts(statement.values),
        "shown_text": statement.text,
        "digest": statement.digest,
        "head": canonical(head_of(statement.values)),
        "made": made,
        "later": later,
        "mine": ready and may_sign(run.project, person),
        "recordable": ready and may_write_down(run.project, person),
        "ready": ready,
    }


def receipt_values(row: RunSignOff, person: User) -> dict[str, Any]:
    """Return what the receipt shows. Outside, another person's address and where they signed from are left out."""
    recomputes = row.recomputes
    values = shown_values(row) if recomputes else {}
    return {
        "row": row,
        "run": row.run,
        "at_utc": utc(row.at),
        "with_evidence": not person.is_outside or row.by_id == person.pk,
        "inside": not person.is_outside,
        "shown": values,
        "parts": parts(values) if recomputes else {},
        "shown_text": row.shown,
        "recomputes": recomputes,
    }


def parts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a statement as they are read: counts with icons, open defects by name, cases by suite."""
    suites: dict[str, list[dict[str, Any]]] = {}
    for case in values["cases"]:
        chip, mark = MARKS.get(case["outcome"], ("", "–"))
        suites.setdefault(case["suite"], []).append({**case, "chip": chip, "mark": mark})
    return {
        "counts": [
            (label, number, *MARKS.get(label, ("", "–")))
            for label, number in sorted(values["counts"].items(), key=_place)
        ],
        "defects": [
            (str(Severity(int(key)).label), number, "blocked" if int(key) in HOLDING else "")
            for key, number in values["open_defects"].items()
        ],
        "left_out": LEFT_OUT_WORDS in values["counts"],
        "suites": list(suites.items()),
        "period": (_day(values["from"]), _day(values["to"]) if values["to"] else "still open"),
    }


def _place(count: tuple[str, int]) -> int:
    """Return the place of an outcome among all: a text that was kept has them by the alphabet."""
    return list(MARKS).index(count[0]) if count[0] in MARKS else len(MARKS)


def _day(moment: str) -> str:
    """`2026-11-23T15:30:00.000000Z` as it is read: the day and the minute, in UTC."""
    return f"{moment[:10]} {moment[11:16]} UTC"
