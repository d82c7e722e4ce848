"""The values of the workbook's pages, ready to be written out: no query and no decision is left to a template."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from accounts.models import User
from projects.models import Project
from projects.panels import Panel
from transitions.clock import business_day
from transitions.run import RunState
from workbook.charts import Bar, BurnUp, SeverityLine, burn_up, by_severity, outcome_bar
from workbook.exit import CaseFacts, DefectFacts, Verdict, judge
from workbook.gate import defect_words, missing_words, short_words, writes_workbook
from workbook.models import Case, Defect, ExitCriteria, Result, Run, RunCase, Suite
from workbook.outcomes import counted_runs, facts_of, outcome_counts, run_path
from workbook.vocabulary import Outcome

ON_A_PAGE = 100
RUNS_SHOWN = 10
REASONS_SHOWN = 8


# The workbook ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SuiteLine:
    """A suite in the list beside the cases."""

    id: int
    title: str
    cases: int
    retired: int


def suite_lines(project: Project, kind: str) -> list[SuiteLine]:
    """Return the suites of a kind with how many cases they have, in one query."""
    suites = Suite.objects.filter(project=project, kind=kind).order_by("position", "pk")
    counted = suites.annotate(
        live=Count("cases", filter=Q(cases__retired=False)), gone=Count("cases", filter=Q(cases__retired=True))
    )
    return [SuiteLine(*row) for row in counted.values_list("pk", "title", "live", "gone")]


def shown_cases(project: Project, kind: str, *, suite: int | None, retired: bool) -> QuerySet[Case]:
    """Return the cases of a list in their order, each with its last `outcome` and the `run_number` that it is of."""
    last = Result.objects.filter(run_case__case=OuterRef("pk"), run__in=counted_runs(project.pk, kind)).order_by("-pk")
    cases = Case.objects.filter(project=project, suite__kind=kind, retired=retired).select_related("suite")
    if suite is not None:
        cases = cases.filter(suite=suite)
    return cases.annotate(
        outcome=Subquery(last.values("outcome")[:1]), run_number=Subquery(last.values("run__number")[:1])
    ).order_by("suite__position", "suite_id", "position", "number")


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list: itself, and the bar of its outcomes."""

    run: Run
    link: str
    bar: Bar


def run_lines(project: Project, kind: str, *, most: int | None = RUNS_SHOWN) -> list[RunLine]:
    """Return the runs of a kind, newest first, in two queries."""
    runs = list(Run.objects.filter(project=project, kind=kind).select_related("started_by").order_by("-number")[:most])
    counts = outcome_counts([run.pk for run in runs])
    return [RunLine(run, run_path(project.code, run.pk), outcome_bar(counts.get(run.pk, Counter()))) for run in runs]


@dataclass(frozen=True, slots=True)
class CaseRun:
    """A run that had a case, and all that was recorded of it there, latest first."""

    run: Run
    link: str
    results: tuple[Result, ...]


def history_of_case(case: Case, code: str) -> list[CaseRun]:
    """Return the runs that had the case, newest first, in three queries."""
    pinned = case.pinned.select_related("run").order_by("-run__number", "-pk")
    found: list[Any] = list(pinned.prefetch_related("results__by"))
    return [
        CaseRun(
            pin.run, f"{run_path(code, pin.run_id)}cases/{pin.position}",
            tuple(sorted(pin.results.all(), key=lambda result: -result.pk)),
        )
        for pin in found
    ]  # fmt: skip


# A run -------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CaseLine:
    """A case of a run: what it came to, by whom and when, and how many of its defects are open."""

    id: int
    code: str
    title: str
    suite: str
    mandatory: bool
    position: int
    link: str
    outcome: str = Outcome.UNTESTED.value
    by: str = ""
    at: dt.datetime | None = None
    note: str = ""
    defects: int = 0

    def facts(self) -> CaseFacts:
        """Return the case as the exit criteria see it."""
        return CaseFacts(self.id, self.code, self.title, self.mandatory, self.outcome, self.by, self.note, self.link)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run does not meet the criteria: in words, and where to look."""

    text: str
    link: str


@dataclass(slots=True)
class RunPage:
    """All that the page of a run tells."""

    lines: list[CaseLine]
    bar: Bar
    suites: list[tuple[str, Bar]]
    verdict: Verdict
    reasons: list[Reason]
    more_reasons: int
    burn: BurnUp | None
    severities: list[SeverityLine]
    counts: Counter[str] = field(default_factory=Counter)


def case_lines(run: Run, code: str) -> tuple[list[CaseLine], list[tuple[Any, ...]]]:
    """Return the cases of a run in their order, and its results in theirs (case, outcome, when, who, note); two queries."""
    base = run_path(code, run.pk)
    rows: Any = RunCase.objects.filter(run=run).order_by("position")
    lines = {
        pk: CaseLine(pk, f"T-{number}", title, suite, mandatory, position, f"{base}cases/{position}")
        for pk, number, title, suite, mandatory, position in rows.values_list(
            "pk", "case__number", "title", "suite_title", "mandatory", "position"
        )
    }
    found: Any = Result.objects.filter(run=run).order_by("pk")
    results = list(found.values_list("run_case_id", "outcome", "at", "by__name", "note"))
    for pk, outcome, at, by, note in results:
        line = lines[pk]
        line.outcome, line.at, line.by, line.note = outcome, at, by, note
    return list(lines.values()), results


def run_page(run: Run, project: Project, today: dt.date) -> RunPage:
    """Return what the page of a run tells, in four queries whatever the number of cases."""
    lines, results = case_lines(run, project.code)
    found: Any = Defect.objects.filter(project=project, result__run__kind=run.kind)
    defects = list(
        found.order_by("severity", "pk").values_list(
            "pk", "title", "severity", "state", "result__run_id", "result__run_case_id"
        )
    )
    by_id = {line.id: line for line in lines}
    for _, _, _, state, of_run, of_case in defects:
        if state == "open" and of_run == run.pk:
            by_id[of_case].defects += 1
    verdict = judge(
        [line.facts() for line in lines],
        [
            DefectFacts(pk, title, severity, reverse("defect", args=[project.code, pk]))
            for pk, title, severity, state, *_ in defects
            if state == "open"
        ],
        asked=share_of(run), still_open=run.state == RunState.OPEN,
    )  # fmt: skip
    suites: dict[str, Counter[str]] = {}
    for line in lines:
        suites.setdefault(line.suite, Counter())[line.outcome] += 1
    first, last = business_day(run.started_at), business_day(run.ended_at) if run.ended_at else today
    told = reasons(verdict, run)
    return RunPage(
        lines=lines,
        bar=outcome_bar(verdict.tally.counts),
        suites=[(title, outcome_bar(counts)) for title, counts in suites.items()],
        verdict=verdict,
        reasons=told[:REASONS_SHOWN],
        more_reasons=max(0, len(told) - REASONS_SHOWN),
        burn=burn_up([(pk, outcome, business_day(at)) for pk, outcome, at, *_ in results], len(lines), first, max(first, last))
        if results else None,
        severities=by_severity((severity, state) for _, _, severity, state, of_run, _ in defects if of_run == run.pk),
        counts=verdict.tally.counts,
    )  # fmt: skip


def share_of(run: Run) -> int:
    """Return the share that is asked of runs of this kind; in one query."""
    found = ExitCriteria.objects.filter(project=run.project_id, kind=run.kind).values_list("share_passed", flat=True)
    return found.first() or ExitCriteria().share_passed


def reasons(verdict: Verdict, run: Run) -> list[Reason]:
    """Return why a run does not meet its criteria, what weighs most first; none where it does."""
    found = [Reason(f"{run} is still open", "")] if verdict.open else []
    if not verdict.tally.applying:
        found.append(Reason("No case applies", ""))
    elif not verdict.share_reached:
        tally = verdict.tally
        words = f"{tally.good:,} of {tally.applying:,} passed or waived ({tally.share} %); {verdict.asked} % is asked"
        found.append(Reason(words, ""))
    found += [Reason(defect_words(defect), defect.link) for defect in verdict.defects]
    found += [Reason(short_words(case), case.link) for case in verdict.short if case.outcome != Outcome.UNTESTED]
    found += [Reason(missing_words(case), case.link) for case in verdict.missing]
    return found + [Reason(short_words(case), case.link) for case in verdict.short if case.outcome == Outcome.UNTESTED]


# The project's page ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PanelRun:
    """The run that counts, on the project's page."""

    run: Run
    link: str
    bar: Bar
    verdict: Verdict
    words: str


def project_panel(project: Project, person: User, today: dt.date) -> Panel | None:
    """Give the project's page the runs that count, each with its bar and verdict; three queries, one where none was made."""
    share = ExitCriteria.objects.filter(project=project, kind=OuterRef("kind")).values("share_passed")[:1]
    counted = Run.objects.filter(project=project).exclude(state=RunState.ABANDONED)
    newest = counted.filter(kind=OuterRef("kind")).order_by("-number").values("pk")[:1]
    runs: list[Any] = list(counted.filter(pk=Subquery(newest)).annotate(share=Subquery(share)).order_by("kind"))
    if not runs and not writes_workbook(project):
        return None
    shown = []
    if runs:
        facts = facts_of([run.pk for run in runs], project.code)
        rows: Any = Defect.objects.filter(project=project, state="open", severity__lte=2)
        defects = list(rows.values_list("pk", "title", "severity", "result__run__kind"))
        for run in runs:
            of_kind = [DefectFacts(pk, title, severity) for pk, title, severity, kind in defects if kind == run.kind]
            verdict = judge(
                facts[run.pk], of_kind, asked=run.share or ExitCriteria().share_passed,
                still_open=run.state == RunState.OPEN,
            )  # fmt: skip
            why = [reason.text for reason in reasons(replace(verdict, open=False), run)]
            words = why[0] if why else ""
            shown.append(
                PanelRun(run, run_path(project.code, run.pk), outcome_bar(verdict.tally.counts), verdict, words)
            )
    return Panel("workbook/panel.html", {"runs": shown, "link": reverse("workbook", args=[project.code])})
