"""The review of production cases with the client: its agenda, ours or the client's version, and that it was held."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from handoff.phased import cases_page
from handoff.phased.cases import hold_review, last_review
from handoff.phased.forms import ReviewForm, VersionForm
from handoff.phased.views.cases import address_of
from projects.models import Project
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from records.raid_rights import may_write
from transitions.blockers import MoveRefused
from transitions.clock import business_day

#: The support task that this meeting is (playbook transition-to-cs).
STEP = "transition-to-cs/post-live.production-case-review"


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, code: str) -> HttpResponse:
    """Show the agenda of the next review; on POST write down that one was held."""
    project = get_project(request, code)
    if request.method == "GET":
        return _page(request, project, ReviewForm(initial={"held_on": business_day()}))
    form, status = ReviewForm(request.POST), 400
    if form.is_valid():
        try:
            row = hold_review(project, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            day = f"{row.held_on:%b} {row.held_on.day}"
            messages.success(request, f"The review of {day} is noted: the next agenda says what is new since.")
            return redirect("case-review", project.code)
    return _page(request, project, form, status=status)


def _page(request: HttpRequest, project: Project, form: ReviewForm, *, status: int = 200) -> HttpResponse:
    asked, today = VersionForm(request.GET), business_day()
    client = asked.is_valid() and asked.cleaned_data["version"] == "client"
    last = last_review(project)
    context = {
        "nav": "portfolio", "project": project, "base": address_of(project), "form": form, "client": client,
        "agenda": cases_page.agenda(project, last, client=client, today=today), "last": last, "today": today,
        "step": project.step_url(STEP) if STEP in project.board.by_path else "",
        "writes": may_write(project, signed_in(request)) and not project.is_archived(),
    }  # fmt: skip
    return render(request, "handoff/phased/review.html", context, status=status)
