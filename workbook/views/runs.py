"""Runs: begun, looked at, filled with results, ended; their results as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.views.conflicts import Difference, show_conflict
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from sheets.writing import csv_response, xlsx_response
from transitions.blockers import MoveRefused, StaleRow
from transitions.clock import business_day
from transitions.run import RunState
from workbook.charts import CHIPS, ORDER
from workbook.defects import defect_from, record_case
from workbook.forms import KindForm, RecordForm, StartRunForm, outcomes_for
from workbook.models import Case, Result, Run, RunCase
from workbook.outcomes import last_result, next_place, run_path, to_run_again
from workbook.page import ON_A_PAGE, history_of_case, run_page
from workbook.results_sheet import RESULTS, about, result_rows, results_book
from workbook.rights import may_close, may_lead, may_test
from workbook.runs import start_run
from workbook.views.getters import get_kind_of, get_run, get_run_case
from workbook.views.moves import sent_move
from workbook.views.workbook import book, leads
from workbook.vocabulary import Kind

#: Which key chooses which outcome.
KEYS = {"passed": "p", "failed": "f", "blocked": "b", "not_applicable": "n"}


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Begin a run over all cases, or over what was not good last time."""
    project, kind = get_kind_of(request, code, kind)
    again, number = (
        to_run_again(project.pk, kind),
        Case.objects.filter(project=project, suite__kind=kind, retired=False).count(),
    )
    form = StartRunForm(request.POST or None, all_cases=number, again=len(again))
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            run = start_run(
                project, kind, build=data["build"], environment=data["environment"], due=data["due"], by=signed_in(request),
                only=again if data["cases"] == "again" else None,
            )  # fmt: skip
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"{run} is open. It has the text of its cases as it is now.")
            return redirect(run_path(project.code, run.pk))
    context = {"nav": "portfolio", "project": project, "form": form, "label": Kind(kind).label, "cases": number}
    context |= {"kind": kind, "back": book(project, kind), "may_lead": leads(request, project)}
    return render(request, "workbook/start_run.html", context, status=status)


@require_GET
def show(request: HttpRequest, code: str, run_id: int) -> HttpResponse:
    """Show a run: verdict, pictures, cases by suite, a hundred a page."""
    return page(request, get_run(request, code, run_id))


def page(request: HttpRequest, run: Run, *, form: Any = None, status: int = 200) -> HttpResponse:
    """Render the page of a run, with what was refused when something was."""
    said, project = KindForm(request.GET).said(), run.project
    told = run_page(run, project, business_day())
    lines = [line for line in told.lines if said["outcome"] in ("", None, line.outcome)]
    context = {
        "nav": "portfolio", "project": project, "run": run, "told": told, "today": business_day(), "chips": CHIPS,
        "page": Paginator(lines, ON_A_PAGE).get_page(said["page"]), "outcome": said["outcome"] or "",
        "query": f"outcome={said['outcome']}" if said["outcome"] else "", "order": ORDER,
        "may_test": run.state == RunState.OPEN and not project.is_archived() and may_test(project, signed_in(request), run.kind),
        "moves": run.open_moves() if may_close(project, signed_in(request)) and not project.is_archived() else [],
        "form": form, "back": book(project, run.kind), "path": run_path(project.code, run.pk), "label": run.get_kind_display(),
    }  # fmt: skip
    return render(request, "workbook/run.html", context, status=status)


@require_POST
def move(request: HttpRequest, code: str, run_id: int) -> HttpResponse:
    """Close or abandon a run."""
    moved, form, status = sent_move(request, get_run(request, code, run_id))
    if moved is not None:
        messages.success(request, f"{moved} is {moved.get_state_display().lower()}.")
        return redirect(run_path(moved.project.code, moved.pk))
    return page(request, get_run(request, code, run_id), form=form, status=status)


@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, code: str, run_id: int, place: int) -> HttpResponse:
    """Show a case of a run with all its results, and record what it came to; then the next one."""
    row = get_run_case(request, code, run_id, place)
    last = last_result(row)
    outcomes = outcomes_for(leads=may_lead(row.project, signed_in(request)))
    form = RecordForm(
        request.POST or None, request.FILES or None, outcomes=outcomes, initial={"seen": last.pk if last else 0}
    )
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            result = record_case(
                row, data["outcome"], by=signed_in(request), note=data["note"], files=data["evidence"],
                defect=defect_from(data), seen=data["seen"],
            )  # fmt: skip
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                _both(form, refused.row)
        else:
            messages.success(request, f"{row.case.code}: {result.get_outcome_display()}.")
            following = next_place(row.run, place)
            base = run_path(row.project.code, run_id)
            return redirect(f"{base}cases/{following}" if following else base)
    return case_page(request, row, form, status)


def case_page(request: HttpRequest, row: RunCase, form: RecordForm, status: int) -> HttpResponse:
    """Render a case of a run."""
    run, project, person = row.run, row.project, signed_in(request)
    results = list(row.results.select_related("by").prefetch_related("files__file", "defects").order_by("-pk"))
    open_ones = [d for result in results for d in result.defects.all() if d.state == "open"]
    earlier = [line for line in history_of_case(row.case, project.code) if line.run.pk != run.pk]
    context = {
        "nav": "portfolio", "project": project, "run": run, "row": row, "form": form, "results": results,
        "earlier": earlier, "chips": CHIPS, "path": run_path(project.code, run.pk), "total": run.cases.count(),
        "state": results[0].outcome if results else "untested", "open_defects": open_ones, "back": book(project, run.kind),
        "may_test": run.state == RunState.OPEN and not project.is_archived() and may_test(project, person, run.kind),
        "keys": KEYS, "outcomes": [value for value, _ in form.fields["outcome"].choices],  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "workbook/run_case.html", context, status=status)


def _both(form: RecordForm, stored: Any) -> None:
    """Show what somebody else recorded meanwhile beside what was typed."""
    last = stored if isinstance(stored, Result) else None
    now = {"outcome": last.outcome, "note": last.note} if last else {}
    show_conflict(form, stored=now, carries={"seen": last.pk if last else 0})
    names = {value: label for value, (_, _, label) in CHIPS.items()}
    form.conflict = [  # type: ignore[attr-defined]
        Difference(line.label, names.get(line.stored, line.stored), names.get(line.yours, line.yours))
        for line in form.conflict  # type: ignore[attr-defined]
    ]
    if last:
        form.conflict.insert(0, Difference("Recorded by", last.by.name, "you"))  # type: ignore[attr-defined]


@require_GET
def results(request: HttpRequest, code: str, run_id: int, form: str) -> HttpResponseBase:
    """Send the results of a run, as XLSX or CSV."""
    run = get_run(request, code, run_id)
    project = run.project
    name = f"{project.code.lower()}_{run.kind}_run_{run.number}_{business_day()}"
    if form == "csv":
        return csv_response(f"{name}.csv", RESULTS, result_rows(run, project.code))
    if form != "xlsx":
        raise Http404("Results come as XLSX or CSV.")
    return xlsx_response(f"{name}.xlsx", results_book(run, project), about=about(run, project, signed_in(request)))
