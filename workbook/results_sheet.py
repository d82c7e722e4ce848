"""The results of a run as a spreadsheet: what each case came to, the defects, a summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from accounts.models import User
from projects.models import Project
from sheets.writing import Sheet
from transitions.clock import business_day
from workbook.charts import CHIPS
from workbook.models import Defect, Run, RunCase
from workbook.page import RunPage, case_lines, run_page

RESULTS = (
    *("ID", "Suite", "Case", "Mandatory", "Preconditions", "Steps", "Expected", "Outcome", "Tester", "When (UTC)", "Note"),
    *("Defects", "Results recorded"),
)  # fmt: skip
DEFECTS = ("Defect", "Severity", "State", "Found by", "Case", "Opened by", "Opened (UTC)", "Link")


def result_rows(run: Run, code: str) -> Iterator[tuple[object, ...]]:
    """Yield the cases of a run with what they came to, under RESULTS; in four queries."""
    lines, results = case_lines(run, code)
    recorded: dict[int, int] = {}
    for pk, *_ in results:
        recorded[pk] = recorded.get(pk, 0) + 1
    texts: dict[int, tuple[str, ...]] = {
        pk: rest
        for pk, *rest in RunCase.objects.filter(run=run).values_list("pk", "preconditions", "steps", "expected")
    }
    defects: dict[int, list[str]] = {}
    for case, title, severity in Defect.objects.filter(result__run=run).values_list(
        "result__run_case", "title", "severity"
    ):
        defects.setdefault(case, []).append(f"{severity}: {title}")
    for line in lines:
        yield (
            line.code, line.suite, line.title, "Yes" if line.mandatory else "No", *texts[line.id], CHIPS[line.outcome][2],
            line.by, line.at, line.note, "\n".join(defects.get(line.id, ())), recorded.get(line.id, 0),
        )  # fmt: skip


def defect_rows(run: Run) -> Iterator[tuple[object, ...]]:
    """Yield the defects of a run, under DEFECTS; in one query."""
    rows: Any = Defect.objects.filter(result__run=run).select_related("result__run_case__case", "opened_by")
    for row in rows.order_by("severity", "pk"):
        found = row.result.run_case
        yield (
            row.title, row.severity, row.get_state_display(), f"{run}", f"{found.case.code} {found.title}",
            row.opened_by.name, row.opened_at, row.link,
        )  # fmt: skip


def results_book(run: Run, project: Project) -> list[Sheet]:
    """Return the sheets Results, Defects and Summary."""
    page = run_page(run, project, business_day())
    return [
        Sheet("Results", RESULTS, result_rows(run, project.code)),
        Sheet("Defects", DEFECTS, defect_rows(run)),
        Sheet("Summary", ("What", "Value"), _summary(page)),
    ]


def _summary(page: RunPage) -> list[tuple[object, object]]:
    tally, verdict = page.verdict.tally, page.verdict
    counted = [(CHIPS[outcome][2], tally.counts[outcome]) for outcome in CHIPS]
    suites = [(title, bar.words) for title, bar in page.suites]
    return [
        ("Cases", tally.total), *counted, ("Cases that apply", tally.applying), ("Passed or waived", tally.good),
        ("Share passed, per cent", tally.share), ("Share asked, per cent", verdict.asked),
        ("Mandatory cases not run", len(verdict.missing)), ("Open defects of severity 1 or 2", len(verdict.defects)),
        ("Exit criteria", "Met" if verdict.met else "Not met"), *((reason.text, "") for reason in page.reasons), *suites,
    ]  # fmt: skip


def about(run: Run, project: Project, by: User) -> list[tuple[str, object]]:
    """Return what the sheet “About” says."""
    return [
        ("Project", str(project)), ("Run", str(run)), ("State", run.get_state_display()), ("Build", run.build),
        ("Environment", run.environment), ("Started (UTC)", run.started_at), ("Ended (UTC)", run.ended_at),
        ("As of (UTC)", timezone.now()), ("Exported by", by.name),
        ("What counts", "The last result of each case. N/A does not count; a waived case counts as passed."),
    ]  # fmt: skip
