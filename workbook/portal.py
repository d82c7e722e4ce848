"""The values of the pages on which customers test: the runs of a project, one run, one case a screen (ux.md, 13 and 18)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from projects.days import short
from projects.models import Project
from transitions.clock import business_day
from transitions.run import RunState
from workbook.models import Result, ResultFile, Run, RunCase, RunSignOff
from workbook.outcomes import WAITING, following, last_outcomes, last_results
from workbook.rights import may_test
from workbook.sign_off import signed_by_run
from workbook.told import LEFT_OUT, WORDS, Progress, progress_of, tells, uat_runs
from workbook.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run as people outside are told it. `first` is the position of the case to go on with, or None."""

    run: Run
    progress: Progress
    state: str
    chip: str
    mark: str
    when: str
    late: bool
    begun: bool

    @property
    def open(self) -> bool:
        """Whether it takes results."""
        return self.run.state == RunState.OPEN

    @property
    def done(self) -> bool:
        """Whether it is open and no case of it waits any more."""
        return self.open and not self.progress.waiting


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case of a run as a line of its list."""

    position: int
    title: str
    label: str
    chip: str
    mark: str
    by: str


@dataclass(frozen=True, slots=True)
class SuiteLines:
    """The cases of a suite."""

    title: str
    lines: list[CaseLine]


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run with its cases."""

    line: RunLine
    suites: list[SuiteLines]
    first: int | None
    signed: RunSignOff | None
    may_test: bool


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One result of a case: what, by whom, when, and what they wrote, where the reader may have it."""

    label: str
    chip: str
    mark: str
    by: str
    at: dt.datetime
    note: str
    files: list[ResultFile]


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case, made for a phone. `next` and `before` are positions, None where there is none."""

    case: RunCase
    code: str
    preconditions: list[str]
    steps: list[str]
    expected: list[str]
    label: str
    chip: str
    mark: str
    results: list[ResultLine]
    seen: int
    next: int | None
    before: int | None
    total: int
    left: int
    #: Why nothing can be recorded here; nothing where it can.
    shut: str
    way_out: tuple[str, str]


# The pages.


def uat_page(project: Project, today: dt.date) -> dict[str, Any]:
    """Return the UAT runs of a project, the open one apart; in three queries."""
    runs = uat_runs(project)
    progress, signed = progress_of(runs), signed_by_run(project)
    lines = [run_line(run, progress[run.pk], signed.get(run.pk), today) for run in runs]
    return {
        "now": next((line for line in lines if line.open), None),
        "lines": [line for line in lines if not line.open],
    }


def run_page(run: Run, viewer: User, today: dt.date) -> RunPage:
    """Return one run with all its cases; in a fixed number of queries."""
    last = last_results(run)
    rows: Any = run.cases.order_by("position").values_list("pk", "position", "title", "suite_title")
    suites: dict[str, list[CaseLine]] = {}
    waiting = []
    for pk, position, title, suite in rows:
        result = last.get(pk)
        outcome = result.outcome if result else Outcome.UNTESTED.value
        by = f"{result.by.name}, {_day(result.at, today)}" if result and outcome not in LEFT_OUT else ""
        suites.setdefault(suite, []).append(CaseLine(position, title, *WORDS[outcome], by))
        if outcome in WAITING:
            waiting.append(position)
    signed = signed_by_run(run.project).get(run.pk)
    counted = progress_of([run])[run.pk]
    return RunPage(
        line=run_line(run, counted, signed, today),
        suites=[SuiteLines(title, lines) for title, lines in suites.items()],
        first=following(waiting, 0),
        signed=signed,
        may_test=may_test(run.project, viewer, run.kind),
    )


def case_page(run: Run, case: RunCase, viewer: User) -> CasePage:
    """Return one case of a run for whoever tests it or looks at it; in a fixed number of queries."""
    outcomes = last_outcomes(run)
    rows: Any = run.cases.order_by("position").values_list("pk", "position")
    places = {position: outcomes.get(pk, Outcome.UNTESTED.value) for pk, position in rows}
    waiting = [position for position, each in places.items() if each in WAITING]
    results = list(case.results.select_related("by").prefetch_related("files__file").order_by("-pk"))
    outcome = outcomes.get(case.pk, Outcome.UNTESTED.value)
    shut, way_out = _shut(run, outcome, viewer)
    return CasePage(
        case=case,
        code=case.case.code,
        preconditions=_lines(case.preconditions),
        steps=_lines(case.steps),
        expected=_lines(case.expected),
        **dict(zip(("label", "chip", "mark"), WORDS[outcome], strict=True)),
        results=[result_line(result, viewer) for result in results],
        seen=results[0].pk if results else 0,
        next=following(waiting, case.position),
        before=max((position for position in places if position < case.position), default=None),
        total=len(places),
        left=len(waiting),
        shut=shut,
        way_out=way_out,
    )


# Their parts.


def run_line(run: Run, progress: Progress, signed: RunSignOff | None, today: dt.date) -> RunLine:
    """Return a run in words: how far it is, by when it should be through, what became of it."""
    state, chip, mark = "Open", "progress", "◐"
    if run.state == RunState.ABANDONED:
        state, chip, mark = "Stopped", "", "–"
    elif signed is not None:
        good = signed.decision == "approved"
        state, chip, mark = ("Approved", "done", "✓") if good else ("Rejected", "off", "⨯")
    elif run.state == RunState.CLOSED:
        state, chip, mark = "Waits for a signature", "waiting", "◷"
    when, late = "", False
    if run.state == RunState.OPEN and run.due:
        late = run.due < today
        when = f"{'Was due' if late else 'Due'} {'today' if run.due == today else short(run.due, today)}"
    elif run.ended_at:
        when = f"Ended {_day(run.ended_at, today)}"
    return RunLine(run, progress, state, chip, mark, when, late, bool(progress.run))


def result_line(result: Result, viewer: User) -> ResultLine:
    """Return a result as the viewer may know it (workbook.told): what our people wrote stays inside."""
    told = tells(result, viewer)
    label, chip, mark = WORDS[result.outcome]
    if not viewer.is_outside:
        label = str(result.get_outcome_display())
    named = told or result.outcome not in LEFT_OUT
    return ResultLine(
        label=label, chip=chip, mark=mark, by=result.by.name if named else "", at=result.at,
        note=result.note if told else "", files=list(result.files.all()) if told else [],
    )  # fmt: skip


def _shut(run: Run, outcome: str, viewer: User) -> tuple[str, tuple[str, str]]:
    """Return why the viewer can record nothing, with the way out as words and name of an address; ("", …) where they can."""
    if run.project.is_archived():
        return "The project is complete: nothing in it changes any more.", ("See the run", "uat-run")
    if run.state == RunState.CLOSED:
        return "This run is closed: it takes no more results.", ("See what it came to", "uat-sign")
    if run.state == RunState.ABANDONED:
        return "This run was stopped: it takes no more results.", ("See the other runs", "uat")
    if not may_test(run.project, viewer, run.kind):
        return "The customer’s people test here, and whoever leads the testing.", ("See the run", "uat-run")
    if viewer.is_outside and outcome in LEFT_OUT:
        return "This case is not part of this test any more.", ("See the run", "uat-run")
    return "", ("", "")


def _lines(text: str) -> list[str]:
    """Return a text line by line, without the numbers and dashes that people put before them."""
    return [_bare(line) for line in text.splitlines() if line.strip()]


def _bare(line: str) -> str:
    """`2. Open the bill` and `- Open the bill` say “Open the bill”: the page numbers its steps itself."""
    line = line.strip()
    head, _, rest = line.partition(" ")
    numbered = head[-1:] in {".", ")"} and head[:-1].isdecimal()
    return rest.strip() if rest and (numbered or head in {"-", "*", "•"}) else line


def _day(at: dt.datetime, today: dt.date) -> str:
    return short(business_day(at), today)
