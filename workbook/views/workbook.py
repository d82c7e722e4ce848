"""The workbook of a project: suites, cases, exit criteria."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.models import Project
from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow
from workbook.cases import (
    TEXTS,
    add_case,
    add_suite,
    change_case,
    move_case,
    move_suite,
    remove_suite,
    rename_suite,
    set_criteria,
    set_retired,
)  # fmt: skip
from workbook.charts import CHIPS
from workbook.forms import ActForm, CaseForm, CriteriaForm, KindForm, SuiteForm
from workbook.models import Case, ExitCriteria, Suite
from workbook.page import ON_A_PAGE, RUNS_SHOWN, history_of_case, run_lines, shown_cases, suite_lines
from workbook.rights import may_lead
from workbook.starter import starter_cases, take_starter_set
from workbook.views.getters import get_case, get_kind_of, get_suite
from workbook.vocabulary import Kind


def book(project: Project, kind: str, **said: object) -> str:
    """Return the address of the workbook at one kind of testing."""
    more = "".join(f"&{name}={value}" for name, value in said.items())
    return f"{reverse('workbook', args=[project.code])}?kind={kind}{more}"


def leads(request: HttpRequest, project: Project) -> bool:
    """Return whether the person may change the workbook now."""
    return may_lead(project, signed_in(request)) and not project.is_archived()


@require_GET
def workbook(request: HttpRequest, code: str) -> HttpResponse:
    """Show the suites, cases and runs of SIT or UAT; a hundred cases a page."""
    project = get_project(request, code)
    return page(request, project, KindForm(request.GET).said())


def page(
    request: HttpRequest, project: Project, said: dict[str, Any], *, form: Any = None, status: int = 200
) -> HttpResponse:
    """Render the workbook, with what was refused when something was."""
    kind, suites = said["kind"], suite_lines(project, said["kind"])
    chosen = next((suite for suite in suites if suite.id == said["suite"]), None)
    retired, all_runs = bool(said["retired"]), said["runs"] == "all"
    cases = shown_cases(project, kind, suite=chosen.id if chosen else None, retired=retired)
    runs = run_lines(project, kind, most=None if all_runs else RUNS_SHOWN + 1)
    shown = Paginator(cases, ON_A_PAGE).get_page(said["page"])
    query = f"kind={kind}" + (f"&suite={chosen.id}" if chosen else "") + ("&retired=on" if retired else "")
    may = leads(request, project)
    context = {
        "nav": "portfolio", "project": project, "kind": kind, "label": Kind(kind).label, "kinds": Kind.choices,
        "suites": suites, "chosen": chosen, "retired": retired, "total": sum(suite.cases for suite in suites),
        "gone": sum(suite.retired for suite in suites), "page": shown, "query": query,
        "runs": runs if all_runs else runs[:RUNS_SHOWN], "more_runs": not all_runs and len(runs) > RUNS_SHOWN,
        "chips": CHIPS, "may_lead": may, "offered": len(starter_cases(project, kind)) if may else 0, "form": form,
        "suite_form": form if isinstance(form, SuiteForm) else SuiteForm(),
        "open_run": next((line for line in runs if line.run.state == "open"), None),
    }  # fmt: skip
    return render(request, "workbook/workbook.html", context, status=status)


def refused_page(request: HttpRequest, project: Project, kind: str, form: Any, status: int) -> HttpResponse:
    """Render the workbook with a form that was refused."""
    return page(request, project, KindForm({"kind": kind}).said(), form=form, status=status)


@require_POST
def starter(request: HttpRequest, code: str) -> HttpResponse:
    """Take what the playbooks' starter sets have and the project has not."""
    project, kind = get_project(request, code), KindForm(request.POST).said()["kind"]
    form = KindForm(request.POST)
    form.is_valid()
    try:
        taken = take_starter_set(project, kind, by=signed_in(request))
    except (MoveRefused, ValidationError) as refused:
        return refused_page(request, project, kind, form, add_errors(form, refused))
    messages.success(
        request, f"{taken} {Kind(kind).label} {'case is' if taken == 1 else 'cases are'} added. Change them to fit."
    )
    return redirect(book(project, kind))


@require_POST
def new_suite(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Add a suite."""
    project, kind = get_kind_of(request, code, kind)
    form, status = SuiteForm(request.POST), 400
    if form.is_valid():
        try:
            suite = add_suite(project, kind, form.cleaned_data["title"], by=signed_in(request))
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"The suite “{suite}” is added.")
            return redirect(book(project, kind, suite=suite.pk))
    return refused_page(request, project, kind, form, status)


@require_http_methods(["GET", "POST"])
def suite(request: HttpRequest, code: str, suite_id: int) -> HttpResponse:
    """Rename a suite."""
    row = get_suite(request, code, suite_id)
    form = SuiteForm(request.POST or None, initial={"title": row.title})
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            row = rename_suite(row, form.cleaned_data["title"], by=signed_in(request))
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"The suite is called “{row}” now.")
            return redirect(book(row.project, row.kind, suite=row.pk))
    context = {
        "nav": "portfolio",
        "project": row.project,
        "suite": row,
        "form": form,
        "back": book(row.project, row.kind),
    }
    return render(request, "workbook/suite.html", context | {"may_lead": leads(request, row.project)}, status=status)


@require_POST
def order_suite(request: HttpRequest, code: str, suite_id: int) -> HttpResponse:
    """Put a suite one place up or down, or take an empty one away."""
    row = get_suite(request, code, suite_id)
    form, status = ActForm(request.POST), 400
    if form.is_valid():
        act, by = form.cleaned_data["act"], signed_in(request)
        try:
            if act == "remove":
                remove_suite(row, by=by)
            else:
                move_suite(row, up=act == "up", by=by)
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            return redirect(book(row.project, row.kind))
    return refused_page(request, row.project, row.kind, form, status)


@require_http_methods(["GET", "POST"])
def new_case(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Write a case, in a suite that is there or a new one."""
    project, kind = get_kind_of(request, code, kind)
    suites = Suite.objects.filter(project=project, kind=kind)
    initial = {"suite": request.GET.get("suite"), "mandatory": True, "revision": 0}
    form = CaseForm(request.POST or None, suites=suites, initial=initial)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        data, by = form.cleaned_data, signed_in(request)
        try:
            with transaction.atomic():
                where = data["suite"] or add_suite(project, kind, data["new_suite"], by=by)
                case = add_case(where, by=by, mandatory=data["mandatory"], **{name: data[name] for name in TEXTS})
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"{case.code} is added.")
            return redirect(book(project, kind, suite=case.suite_id))
    context = {"nav": "portfolio", "project": project, "form": form, "case": None, "back": book(project, kind)}
    context |= {"label": Kind(kind).label, "may_lead": leads(request, project)}
    return render(request, "workbook/case.html", context, status=status)


@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Show a case with all its results, and change it; whoever is late sees both values."""
    row = get_case(request, code, number)
    suites = Suite.objects.filter(project=row.project, kind=row.suite.kind)
    form = CaseForm.of(row, suites, request.POST or None)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            row = change_case(row, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                _both(form, refused.row)
        else:
            messages.success(request, f"{row.code} is changed, from the next run on.")
            return redirect("case", row.project.code, row.number)
    return case_page(request, row, form, status)


def case_page(request: HttpRequest, row: Case, form: Any, status: int) -> HttpResponse:
    """Render the page of a case."""
    back = book(row.project, row.suite.kind, suite=row.suite_id)
    context = {"nav": "portfolio", "project": row.project, "case": row, "form": form, "back": back}
    context |= {"label": Kind(row.suite.kind).label, "may_lead": leads(request, row.project), "chips": CHIPS}
    return render(
        request, "workbook/case.html", context | {"history": history_of_case(row, row.project.code)}, status=status
    )


def _both(form: CaseForm, stored: Case) -> None:
    names = ("suite", "title", "preconditions", "steps", "expected", "mandatory")
    show_conflict(form, stored={name: getattr(stored, name) for name in names}, carries={"revision": stored.revision})


@require_POST
def order_case(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Put a case one place up or down in its suite, retire it or bring it back."""
    row = get_case(request, code, number)
    form, status = ActForm(request.POST), 400
    if form.is_valid():
        act, by = form.cleaned_data["act"], signed_in(request)
        try:
            if act in {"retire", "restore"}:
                set_retired(row, act == "retire", by=by)
                messages.success(
                    request, f"{row.code} is {'retired: the runs to come leave it out' if act == 'retire' else 'back'}."
                )
                return redirect("case", row.project.code, row.number)
            move_case(row, up=act == "up", by=by)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            return redirect(f"{book(row.project, row.suite.kind, suite=row.suite_id)}#T-{row.number}")
    return refused_page(request, row.project, row.suite.kind, form, status)


@require_http_methods(["GET", "POST"])
def criteria(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Say what must hold at the end of SIT or UAT on this project."""
    project, kind = get_kind_of(request, code, kind)
    row = ExitCriteria.objects.filter(project=project, kind=kind).first() or ExitCriteria()
    initial = {"share_passed": row.share_passed, "revision": row.revision}
    form = CriteriaForm(request.POST or None, initial=initial)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            row = set_criteria(project, kind, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                now: ExitCriteria = refused.row
                show_conflict(form, stored={"share_passed": now.share_passed}, carries={"revision": now.revision})
        else:
            messages.success(request, f"{Kind(kind).label} needs {row.share_passed} % passed now.")
            return redirect(book(project, kind))
    context = {"nav": "portfolio", "project": project, "form": form, "kind": kind, "label": Kind(kind).label}
    context |= {"back": book(project, kind), "may_lead": leads(request, project)}
    return render(request, "workbook/criteria.html", context, status=status)
