"""A version of a playbook as a project: real dates, what would be left out, and a picture of the flow. It writes nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from playbook.flow import NODE_HEIGHT, NODE_WIDTH
from playbook.views import get_reader, get_version
from projects.preview import preview
from projects.preview_form import PreviewForm


@require_safe
def preview_version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show what a project on this version, draft or not, would be made of; the address says when and of which kind."""
    version, _ = get_version(get_reader(request), slug, number)
    form = PreviewForm(request.GET)
    valid = form.is_valid()
    context = {"nav": "playbooks", "version": version, "form": form, "node": (NODE_WIDTH, NODE_HEIGHT)}
    if valid:
        asked = form.cleaned_data
        context["made"] = preview(
            version.as_data(),
            integration_kind=asked["kind"],
            phased_go_live=asked["phased"],
            kickoff=asked["kickoff"],
        )
    return render(request, "projects/preview.html", context, status=200 if valid else 400)
