"""What the cases of runs came to, for the gate, the pages and the files alike: the last result of a case counts.

Each is read in one query, whatever the number of cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from workbook.exit import CaseFacts
from workbook.models import Result, Run, RunCase
from workbook.vocabulary import GOOD, Outcome

#: Cases that still wait for somebody to test them.
WAITING = frozenset({Outcome.UNTESTED.value, Outcome.RETEST.value})
_COLUMNS = ("run_id", "pk", "case__number", "title", "mandatory", "position", "outcome")


def with_outcome(cases: QuerySet[RunCase]) -> Any:
    """Return the queryset of the cases with their `outcome`: that of the last result, untested where there is none."""
    last = Result.objects.filter(run=OuterRef("run"), run_case=OuterRef("pk")).order_by("-pk").values("outcome")[:1]
    return cases.annotate(outcome=Coalesce(Subquery(last), Value(Outcome.UNTESTED.value)))


def outcome_counts(runs: Collection[int]) -> dict[int, Counter[str]]:
    """Return how many cases of each run came to what, by the ids of the runs; a run without cases is not in it."""
    rows: Any = with_outcome(RunCase.objects.filter(run__in=runs)).order_by().values_list("run", "outcome")
    found: dict[int, Counter[str]] = {}
    for run, outcome, number in rows.annotate(number=Count("pk")):
        found.setdefault(run, Counter())[outcome] += number
    return found


def last_results(run: Run) -> dict[int, Result]:
    """Return the last result of each case of a run, with who recorded it, by the case's id; a case without is not in it."""
    return {row.run_case_id: row for row in Result.objects.latest_of(run).order_by().select_related("by")}


def last_outcomes(run: Run) -> dict[int, str]:
    """Return what each case of a run came to, by the case's id; a case without a result is not in it."""
    return dict(Result.objects.latest_of(run).order_by().values_list("run_case_id", "outcome"))


def last_result(case: RunCase) -> Result | None:
    """Return the last result of a case; None where there is none."""
    found: Result | None = Result.objects.filter(run_case=case).order_by("-pk").first()
    return found


def next_place(run: Run, place: int) -> int | None:
    """Return the place of the case that is tested next, as `following` has it."""
    waiting = with_outcome(RunCase.objects.filter(run=run)).filter(outcome__in=WAITING)
    return following(list(waiting.order_by("position").values_list("position", flat=True)), place)


def following(waiting: Sequence[int], place: int) -> int | None:
    """Return the first of the places that wait, in order, after a place, or else from the beginning; None where no other does."""
    return next(
        (other for other in waiting if other > place), next((other for other in waiting if other < place), None)
    )


def facts_of(runs: Collection[int], code: str) -> dict[int, list[CaseFacts]]:
    """Return what the cases of these runs came to, by run, each with its address; in one query.

    Args:
        runs: ids. code: of the project that all of them belong to.
    """
    found: dict[int, list[CaseFacts]] = {run: [] for run in runs}
    rows: Any = with_outcome(RunCase.objects.filter(run__in=runs)).order_by("run", "position").values_list(*_COLUMNS)
    bases = {run: run_path(code, run) for run in runs}
    for run, pk, number, title, mandatory, position, outcome in rows:
        link = f"{bases[run]}cases/{position}"
        found[run].append(CaseFacts(pk, f"T-{number}", title, mandatory, outcome, link=link))
    return found


def run_path(code: str, run: int) -> str:
    """Return the address of a run."""
    return reverse("run", args=[code, run])


def last_run(project: int, kind: str) -> Run | None:
    """Return the run that counts: the newest of its kind that is not abandoned."""
    return counted_runs(project, kind).order_by("-number").first()


def counted_runs(project: int, kind: str) -> QuerySet[Run]:
    """Return the runs of a kind that were not abandoned."""
    runs: QuerySet[Run] = Run.objects.filter(project=project, kind=kind).exclude(state="abandoned")
    return runs


def to_run_again(project: int, kind: str) -> list[int]:
    """Return the ids of the cases that a retest takes: those that the run that counts left not good, and those that are new.

    N/A stays N/A, save for a mandatory case, which the gate does not take for run. New is what no run has had that counts.
    By induction over the runs, a retest that is good throughout leaves nothing behind that any of them found.
    """
    last = last_run(project, kind)
    if last is None:
        return []
    rows: Any = with_outcome(last.cases.all()).values_list("case_id", "mandatory", "outcome")
    fine = {
        pk
        for pk, mandatory, outcome in rows
        if outcome in GOOD or (outcome == Outcome.NOT_APPLICABLE and not mandatory)
    }
    left = [pk for pk, _, _ in rows if pk not in fine]
    had = RunCase.objects.filter(run__in=counted_runs(project, kind)).values("case")
    new = last.project.cases.filter(suite__kind=kind, retired=False).exclude(pk__in=had).values_list("pk", flat=True)
    return [*left, *new]
