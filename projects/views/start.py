"""Starting a project: the form, the preview of what will be made, and the making."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from projects.models import Biller, CoreSystem, IntegrationKind
from projects.start import start_project
from projects.start_form import StartForm, offered_versions
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from raci.grants import holds_globally
from transitions.clock import business_day
from transitions.phase import Phase


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Show the form; on `act=preview` what would be made; on `act=start` make it and go there.

    The preview is asked for by htmx on every change, and by a button without JavaScript; nothing is made before `act=start`.
    """
    person = signed_in(request)
    if person.is_outside:
        raise Http404
    if not holds_globally(person, "projects", "add_project"):
        raise PermissionDenied("You may not start projects. Ask an administrator for the Implementations group.")
    versions = offered_versions()
    if request.method == "GET":
        form = StartForm(
            versions=versions, initial={"start_key": uuid.uuid4(), "integration_kind": IntegrationKind.PARTNER}
        )
        return _page(request, form)
    form = StartForm(request.POST, versions=versions)
    if request.POST.get("act") != "start":
        form.propose_code()
        return _page(request, form, preview_only=bool(request.htmx))  # type: ignore[attr-defined]
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        project = start_project(form.start(), by=person)
    except ValidationError as invalid:
        return _page(request, form, status=add_errors(form, invalid))
    messages.success(request, f"{project.code} is started, in {Phase(project.phase).label}.")
    return redirect(project)


def _page(request: HttpRequest, form: StartForm, *, preview_only: bool = False, status: int = 200) -> HttpResponse:
    made, dates = form.draft(), form.dates()
    context = {
        "nav": "portfolio",
        "form": form,
        "made": made,
        "dated": dates.get("kickoff") is not None,
        "target": dates.get("target_go_live"),
        "late_by": bool(
            made and made.planned_end and dates.get("target_go_live") and made.planned_end > dates["target_go_live"]
        ),
        "today": business_day(),
        "verdict": form.verdict(),
        "show_errors": status != 200,
    }
    if not preview_only:
        context["billers"] = Biller.objects.order_by("name").values_list("name", flat=True)[:500]
        context["core_systems"] = CoreSystem.objects.order_by("name").values_list("name", flat=True)[:500]
    template = "projects/parts/start_preview.html" if preview_only else "projects/start.html"
    return render(request, template, context, status=status)
