"""The Integration Summary of a project: looked at, filled field by field, taken from the project, accepted, printed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from handoff.models.summary import SummaryEntry
from handoff.rights import get_project_to_take_over
from handoff.summary.completeness import OPEN, completeness
from handoff.summary.fields import BY_KEY
from handoff.summary.filling import accept_summary, set_field, take_known
from handoff.summary.forms import SKIP, TAKE, AcceptForm, FieldForm, FillForm
from handoff.summary.page import summary_page
from projects.models import Project
from projects.views.conflicts import show_conflict
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow

NO_FIELD = "The Integration Summary has no such field."


@require_GET
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Show how far the summary is, what each field says, and what is open."""
    return page(request, get_project_to_take_over(request, code))


def page(
    request: HttpRequest, project: Project, *, form: Any = None, accept: AcceptForm | None = None, status: int = 200
) -> HttpResponse:
    """Render the summary, with what was refused when something was: the form of a field, of the whole, or of an acceptance."""
    told = summary_page(project, signed_in(request), refused=form if isinstance(form, FieldForm) else None)
    context = {
        "nav": "portfolio", "project": project, "told": told, "form": form or accept,
        "accept": accept or AcceptForm(auto_id="accept-%s", initial={"digest": told.state.digest}),
        "keep": f"{told.base}#{form.field.key}" if isinstance(form, FieldForm) else told.base,
    }  # fmt: skip
    return render(request, "handoff/summary/summary.html", context, status=status)


@require_POST
def field(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """Fill a field, say that it does not apply, or take over what the project knows of it; whoever is late sees both values."""
    project = get_project_to_take_over(request, code)
    if key not in BY_KEY:
        raise Http404(NO_FIELD)
    said = completeness(project).fields.get(key, OPEN)
    form, status = FieldForm(BY_KEY[key], said, request.POST), 400
    if form.is_valid():
        data, by = form.cleaned_data, signed_in(request)
        try:
            if data["act"] == TAKE:
                take_known(project, by=by, only=key)
            else:
                skip = data["act"] == SKIP
                said_now = {"not_applicable": True, "reason": data["reason"]} if skip else {"value": data["value"]}
                set_field(project, key, revision=data["revision"], by=by, **said_now)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                _both(form, refused.row)
        else:
            words = f"“{BY_KEY[key].title}” is saved."
            if request.htmx:  # type: ignore[attr-defined]
                return trigger_client_event(_alone(request, project, key), "toast", {"text": words, "level": "success"})
            messages.success(request, words)
            return redirect(f"{reverse('summary', args=[project.code])}#{key}")
    if request.htmx:  # type: ignore[attr-defined]
        return _alone(request, project, key, form=form, status=status)
    return page(request, project, form=form, status=status)


def _alone(
    request: HttpRequest, project: Project, key: str, *, form: FieldForm | None = None, status: int = 200
) -> HttpResponse:
    """Answer with one field, so that what is being written in the others stays; and with how far the summary is by now."""
    told = summary_page(project, signed_in(request), refused=form)
    section, row = next((one, row) for one in told.sections for row in one.fields if row.field.key == key)
    context = {
        "project": project, "told": told, "section": section, "row": row, "alone": True,
        "accept": AcceptForm(auto_id="accept-%s", initial={"digest": told.state.digest}),
        "keep": f"{told.base}?#{key}",  # another address than that of the page, so that it is read afresh
    }  # fmt: skip
    return render(request, "handoff/summary/one_field.html", context, status=status)


def _both(form: FieldForm, stored: SummaryEntry) -> None:
    show_conflict(form, stored={"value": stored.value, "reason": stored.reason}, carries={"revision": stored.revision})


@require_POST
def fill(request: HttpRequest, code: str) -> HttpResponse:
    """Fill what is open with what the project knows."""
    project = get_project_to_take_over(request, code)
    form = FillForm(request.POST)
    form.full_clean()
    try:
        rows = take_known(project, by=signed_in(request))
    except (MoveRefused, ValidationError) as refused:
        return page(request, project, form=form, status=add_errors(form, refused))
    messages.success(request, f"Filled from the project: {', '.join(str(row) for row in rows)}. Look through it.")
    return redirect("summary", project.code)


@require_POST
def accept(request: HttpRequest, code: str) -> HttpResponse:
    """Accept the summary as it stands, for Client Services."""
    project = get_project_to_take_over(request, code)
    form, status = AcceptForm(request.POST, auto_id="accept-%s"), 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            accept_summary(project, digest=data["digest"], note=data["note"], by=signed_in(request))
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                _carry(form, digest=completeness(project).digest)
        else:
            messages.success(request, "Accepted as it stands. A field that changes from now on reopens it.")
            return redirect(f"{reverse('summary', args=[project.code])}#acceptance")
    return page(request, project, accept=form, status=status)


def _carry(form: AcceptForm, **values: str) -> None:
    """Let the form go with the summary that is shown now: to send it once more is a choice, made over what it says."""
    sent: Any = form.data  # a QueryDict
    data = sent.copy()
    for name, value in values.items():
        data[name] = value
    form.data = data


@require_GET
def printed(request: HttpRequest, code: str) -> HttpResponse:
    """Show the summary as one plain page, for paper."""
    project = get_project_to_take_over(request, code)
    told = summary_page(project, signed_in(request))
    context = {"nav": "portfolio", "project": project, "told": told, "now": timezone.now()}
    return render(request, "handoff/summary/print.html", context)
