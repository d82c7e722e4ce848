"""Cases as a spreadsheet: the template, the export, and the import with its preview."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.models import Project
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from sheets.reading import SheetRefused
from sheets.writing import Sheet, csv_response, xlsx_response
from transitions.blockers import MoveRefused, StaleRow
from transitions.clock import business_day
from workbook.forms import ApplyForm, ImportForm
from workbook.sheet import (
    HEADER,
    SHEET,
    Plan,
    about,
    apply_import,
    export_rows,
    keep_import,
    plan_import,
    read_cases,
    template_sheets,
)  # fmt: skip
from workbook.views.getters import get_kind_of
from workbook.views.workbook import book, leads
from workbook.vocabulary import Kind

SHOWN = 50


@require_GET
def template(request: HttpRequest, code: str) -> HttpResponse:
    """Send the template of an import."""
    project = get_project(request, code)
    told = [("What", "Template for SIT and UAT cases"), ("Project", str(project))]
    return xlsx_response("test_cases_template.xlsx", template_sheets(), about=told)


@require_GET
def export(request: HttpRequest, code: str, kind: str, form: str) -> HttpResponseBase:
    """Send the cases of a kind, as XLSX or CSV, in the layout of the import."""
    project, kind = get_kind_of(request, code, kind)
    name = f"{project.code.lower()}_{kind}_cases_{business_day()}"
    if form == "csv":
        return csv_response(f"{name}.csv", HEADER, export_rows(project, kind))
    if form != "xlsx":
        raise Http404("Cases come as XLSX or CSV.")
    sheet = Sheet(SHEET, HEADER, export_rows(project, kind))
    return xlsx_response(f"{name}.xlsx", [sheet], about=about(project, kind, signed_in(request)))


@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Show what a file would do. Nothing is done yet; what was read is kept until somebody says so."""
    project, kind = get_kind_of(request, code, kind)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, project, kind, form, 400 if request.method == "POST" else 200)
    upload, by = form.cleaned_data["file"], signed_in(request)
    try:
        table = read_cases(upload)
        plan = plan_import(project, kind, table)
        draft = keep_import(project, kind, upload.name, table, plan, by=by)
    except SheetRefused as refused:
        for problem in refused.problems:
            form.add_error("file", problem)
        return _page(request, project, kind, form, 400)
    except (MoveRefused, ValidationError) as refused:
        return _page(request, project, kind, form, add_errors(form, refused))
    return _page(
        request, project, kind, form, 400 if plan.problems else 200, plan=plan, draft=draft.pk if draft else None
    )


@require_POST
def take(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Do what the preview showed; where the cases changed since, show what the file would do now."""
    project, kind = get_kind_of(request, code, kind)
    form, by, status = ApplyForm(request.POST), signed_in(request), 400
    plan, draft = None, None
    if form.is_valid():
        try:
            plan = apply_import(
                project, kind, form.cleaned_data["draft"], fingerprint=form.cleaned_data["fingerprint"], by=by
            )
        except StaleRow as stale:
            plan, status, draft = stale.row, add_errors(form, stale), form.cleaned_data["draft"]
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"Imported: {len(plan.added):,} new, {len(plan.changed):,} changed.")
            return redirect(book(project, kind))
    return _page(request, project, kind, form, status, plan=plan, draft=draft)


def _page(
    request: HttpRequest,
    project: Project,
    kind: str,
    form: Any,
    status: int,
    *,
    plan: Plan | None = None,
    draft: int | None = None,
) -> HttpResponse:
    context = {
        "nav": "portfolio", "project": project, "kind": kind, "label": Kind(kind).label, "back": book(project, kind),
        "form": form, "upload": form if isinstance(form, ImportForm) else ImportForm(), "plan": plan,
        "draft": draft if plan and plan.does_something else None,
        "shown": SHOWN, "may_lead": leads(request, project),
    }  # fmt: skip
    return render(request, "workbook/import.html", context, status=status)
