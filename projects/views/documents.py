"""The documents of a project."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from projects.documents import add_version, document_rows, set_visible
from projects.signoff_form import VersionForm, VisibleForm
from projects.views.getters import get_shared_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused


@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, code: str) -> HttpResponse:
    """Show the documents that the steps name, with their versions; on POST add a version, or show one to the customer."""
    project, person = get_shared_project(request, code), signed_in(request)
    form: Form | None = None
    status = 200
    if request.method == "POST":
        form = (VisibleForm if request.POST.get("act") == "visible" else VersionForm)(request.POST)
        status = 400
        if form.is_valid():
            try:
                if isinstance(form, VisibleForm):
                    row = set_visible(project, **form.cleaned_data, by=person)
                    words = f"{row} is {'visible' if row.visible_to_customer else 'not visible'} to the customer now."
                else:
                    words = f"{add_version(project, by=person, **form.cleaned_data)} is added."
            except (MoveRefused, ValidationError) as refused:
                status = add_errors(form, refused)
            else:
                messages.success(request, words)
                return redirect("documents", project.code)
    context = {"nav": "portfolio", "project": project, "rows": document_rows(project, person), "form": form}
    context |= {"blank": VersionForm(auto_id=False), "inside": person.side == "internal"}
    return render(request, "projects/documents/list.html", context, status=status)
