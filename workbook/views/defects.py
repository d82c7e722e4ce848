"""Defects of a project: the list, one of them, its moves."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow
from transitions.models import TransitionRecord
from workbook.charts import by_severity
from workbook.defects import change_defect
from workbook.forms import DefectForm, KindForm
from workbook.models import Defect
from workbook.outcomes import run_path
from workbook.page import ON_A_PAGE
from workbook.views.getters import get_defect
from workbook.views.moves import sent_move


@require_GET
def listed(request: HttpRequest, code: str) -> HttpResponse:
    """Show the defects that testing found: open ones first, the worst first."""
    project = get_project(request, code)
    said = KindForm(request.GET).said()
    found = Defect.objects.filter(project=project).select_related("result__run", "result__run_case__case", "opened_by")
    shown = found.filter(state=said["state"]) if said["state"] else found
    counts = list(found.order_by().values_list("severity", "state"))
    context = {
        "nav": "portfolio", "project": project, "state": said["state"] or "", "by_severity": by_severity(counts),
        "page": Paginator(shown.order_by("-state", "severity", "pk"), ON_A_PAGE).get_page(said["page"]),
        "query": f"state={said['state']}" if said["state"] else "", "all": len(counts),
        "open": sum(state == "open" for _, state in counts),
    }  # fmt: skip
    return render(request, "workbook/defects.html", context)


@require_http_methods(["GET", "POST"])
def defect(request: HttpRequest, code: str, defect_id: int) -> HttpResponse:
    """Show a defect; on POST name, rate or link it otherwise."""
    row = get_defect(request, code, defect_id)
    form = DefectForm(request.POST or None, initial=_said(row))
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            change_defect(row, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                stored = _said(refused.row)
                show_conflict(form, stored=stored, carries={"revision": stored.pop("revision")})
        else:
            messages.success(request, "The defect is changed.")
            return redirect("defect", row.project.code, row.pk)
    return page(request, row, form, None, status)


def page(request: HttpRequest, row: Defect, form: Any, moved: Any, status: int) -> HttpResponse:
    """Render the page of a defect, with what was refused when something was."""
    found = row.result
    may = row.permits("change", signed_in(request)) and not row.project.is_archived()
    records = TransitionRecord.objects.of(row).select_related("by").order_by("pk")
    context = {
        "nav": "portfolio", "project": row.project, "defect": row, "form": form, "moved": moved, "may": may,
        "moves": row.open_moves() if may else [], "records": list(records), "run": found.run, "case": found.run_case.case,
        "where": f"{run_path(row.project.code, found.run_id)}cases/{found.run_case.position}", "result": found,
    }  # fmt: skip
    return render(request, "workbook/defect.html", context, status=status)


@require_POST
def move(request: HttpRequest, code: str, defect_id: int) -> HttpResponse:
    """Close a defect or open it again."""
    moved, form, status = sent_move(request, get_defect(request, code, defect_id))
    if moved is not None:
        messages.success(request, f"“{moved}” is {moved.get_state_display().lower()}.")
        return redirect("defect", moved.project.code, moved.pk)
    row = get_defect(request, code, defect_id)
    return page(request, row, DefectForm(initial=_said(row)), form, status)


def _said(row: Defect) -> dict[str, Any]:
    """Return what the form of a defect begins with."""
    return {"title": row.title, "severity": row.severity, "link": row.link, "revision": row.revision}
