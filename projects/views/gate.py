"""The gate: its panel, and the waiving of one criterion."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from projects.forms import WaiverForm
from projects.page import gate_panel, phase_sections
from projects.views.getters import get_project, may_manage, signed_in
from projects.views.refusals import add_errors
from projects.waivers import waive
from transitions.blockers import MoveRefused
from transitions.clock import business_day
from transitions.gates import blockers_of


@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show the gate: a fragment for the project's page, or a page of its own (on a phone, or without JavaScript)."""
    project = get_project(request, code)
    today = business_day()
    manages = may_manage(project, signed_in(request))
    context = {
        "nav": "portfolio",
        "project": project,
        "today": today,
        "manages": manages,
        "gate": gate_panel(project, today, manages=manages),
        "waivers": project.waiver_facts,
    }
    if request.htmx:  # type: ignore[attr-defined]
        context["sections"] = phase_sections(project.board, today)
        return render(request, "projects/parts/moved.html", context)
    return render(request, "projects/gate.html", context)


@require_http_methods(["GET", "POST"])
def waive_criterion(request: HttpRequest, code: str) -> HttpResponse:
    """Waive one blocker of the gate: who, why and until when stay with the project for ever."""
    project = get_project(request, code)
    given = request.POST if request.method == "POST" else request.GET
    wanted = (given.get("code", ""), given.get("subject", ""))
    standing = blockers_of(gate_panel(project, business_day(), manages=False).criteria)
    blocker = next((item for item in standing if (item.code, item.subject) == wanted), None)
    form = WaiverForm(request.POST or None, initial={"code": wanted[0], "subject": wanted[1]})
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            waive(project, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "Waived. It stays visible at the gate and in the record of the passage.")
            return redirect(project)
    context = {"nav": "portfolio", "project": project, "form": form, "blocker": blocker}
    context["manages"] = may_manage(project, signed_in(request))
    return render(request, "projects/waive.html", context, status=status)
