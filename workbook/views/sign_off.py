"""Signing a UAT run: the page on which it is approved or rejected, and the receipt."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from projects.outside import outsider
from projects.views.getters import signed_in
from projects.views.refusals import add_errors, status_of
from projects.views.signoff import evidence_of
from transitions.blockers import MoveRefused
from workbook.models import Run, RunSignOff
from workbook.portal_form import SignForm
from workbook.sign_off import changes, head_of, may_see, run_statement, sign_run
from workbook.sign_off_page import receipt_values, sign_values
from workbook.views.portal import get_uat_project, get_uat_run


@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Show exactly what is signed of a run; on POST decide it, if it is still what was shown."""
    run, person = get_uat_run(request, code, number), signed_in(request)
    if request.method == "GET":
        return _page(request, run, SignForm())
    form = SignForm(request.POST)
    if not form.is_valid():
        return _page(request, run, form, status=400)
    try:
        row = sign_run(run, by=person, evidence=evidence_of(request), **form.given())
    except ValidationError as refused:
        return _page(request, run, form, status=add_errors(form, refused))
    except MoveRefused as refused:
        changed = []
        if any(blocker.code == "shown-changed" for blocker in refused.blockers):
            changed = changes(form.cleaned_data["head"], head_of(run_statement(run).values))
        for blocker in refused.blockers:
            form.add_error("note" if blocker.subject == "note" else None, blocker.text)
        return _page(request, run, form, changed=changed, status=status_of(refused))
    messages.success(request, f"{row.get_decision_display()}. A receipt is on its way to {person.email}.")
    return redirect("run-sign-off", run.project.code, row.pk)


@require_GET
def receipt(request: HttpRequest, code: str, sign_off_id: int) -> HttpResponse:
    """Show one signature with its evidence, to be read or printed."""
    project, person = get_uat_project(request, code), signed_in(request)
    found = RunSignOff.objects.filter(project=project).select_related("by", "run")
    row: RunSignOff = get_object_or_404(found, pk=sign_off_id)
    if person.is_outside and not may_see(project, row, outsider(person)):
        raise Http404("There is no such signature on this project, or it is not yours to see.")
    context = {"nav": "portfolio", "project": project, **receipt_values(row, person)}
    return render(request, "workbook/portal/receipt.html", context)


def _page(
    request: HttpRequest, run: Run, form: SignForm, *, changed: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "nav": "portfolio", "project": run.project, "run": run, "form": form, "typed": request.POST, "changed": changed or [],
        **sign_values(run, signed_in(request)),
    }  # fmt: skip
    return render(request, "workbook/portal/sign.html", context, status=status)
