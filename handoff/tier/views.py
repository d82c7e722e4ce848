"""The tier of a project: proposed, decided, looked at before something changes; and the weekly list of Client Services."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from handoff.rights import decides_tiers, get_project_to_take_over, runs
from handoff.tier.decisions import SEAT, Position, candidates, decide, position_of
from handoff.tier.forms import DecideForm, MrrForm, what_if_of
from handoff.tier.page import decisions_shown, difference_at, plans_of, weekly, what_if
from projects.facts import change_project
from projects.models import Project
from projects.models.project import VIEW_ALL
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from raci.grants import holds_globally
from transitions.blockers import MoveRefused, StaleRow
from transitions.clock import business_day


@require_http_methods(["GET", "POST"])
def tier(request: HttpRequest, code: str) -> HttpResponse:
    """Show the proposal with its reasons and what is decided; let Client Services decide."""
    project = get_project_to_take_over(request, code)
    if request.method != "POST":
        return page(request, project)
    person = signed_in(request)
    form, status = DecideForm(request.POST, people=candidates(project)), 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = decide(
                project, form.choice(), by=person, key=data["key"], seen=data["seen"], change_meetings=data["change_meetings"],
            )  # fmt: skip
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                form.shown_anew(refused.row)
        else:
            messages.success(request, f"Decided: {row}.")
            return redirect("tier", project.code)
    return page(request, project, form=form, status=status)


def page(
    request: HttpRequest, project: Project, *, form: DecideForm | None = None, mrr_form: MrrForm | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    """Render the page of a project's tier, with the form that was refused where one was."""
    person, now = signed_in(request), timezone.now()
    today, position = business_day(now), position_of(project, now)
    decides = decides_tiers(person) and not project.is_archived()
    decisions, more = decisions_shown(project, every=request.GET.get("decisions") == "all")
    asked = what_if_of(request.GET, project.mrr, project.target_go_live)
    supposed = None
    if asked.is_bound and asked.is_valid():
        supposed = what_if(position, asked.cleaned_data["mrr"], asked.cleaned_data["go_live"], today)
    elif asked.is_bound and status == 200:
        status = 400
    may_see = Project.objects.visible_to(person).filter(pk=project.pk).exists()
    context = {
        "nav": "portfolio", "project": project, "position": position, "today": today,
        "difference": difference_at(project, position, today),
        "decisions": decisions, "more": more, "decides": decides, "may_see": may_see, "asked": asked, "supposed": supposed,
        "form": (form or _proposed(project, position)) if decides or form else None, "plans": plans_of(position, today),
        "runs": runs(project, person) and not project.is_archived(), "all_tiers": _sees_list(person),
        "mrr_form": mrr_form or MrrForm(initial={"mrr": _supposed_mrr(supposed), "revision": project.revision}, auto_id="mrr_%s"),
    }  # fmt: skip
    return render(request, "handoff/tier/tier.html", context, status=status)


def _proposed(project: Project, position: Position) -> DecideForm:
    people = candidates(project)
    known = {person.pk for person in people}
    seats = (seat for seat in project.board.seats if seat.role.code == SEAT and seat.person)
    seated = next((seat.person.id for seat in seats if seat.person and seat.person.id in known), None)
    return DecideForm.of(position, people, seated)


def _supposed_mrr(supposed: Any) -> Any:
    return supposed.mrr if supposed else None


@require_POST
def enter_mrr(request: HttpRequest, code: str) -> HttpResponse:
    """Enter what a project was sold for, after its consequences were shown; whoever runs the project does."""
    project = get_project(request, code)
    form, status = MrrForm(request.POST, auto_id="mrr_%s"), 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            change_project(project, "mrr", data["mrr"], by=signed_in(request), revision=data["revision"])
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                project = Project.objects.select_related("core_system").get(pk=project.pk)
                sent: Any = form.data
                carried = sent.copy()
                carried["revision"] = project.revision
                form.data = carried
        else:
            messages.success(request, "The MRR is entered. Client Services decides on the tier.")
            return redirect("tier", project.code)
    return page(request, project, mrr_form=form, status=status)


def _sees_list(person: User) -> bool:
    """Return whether the person may go through all projects: for Client Services, or by a group that sees all."""
    if person.is_outside or not person.is_active:
        return False
    return decides_tiers(person) or holds_globally(person, "projects", VIEW_ALL)


@require_safe
def tiers(request: HttpRequest) -> HttpResponse:
    """Show the weekly list: which projects near their go-live without a decision, and which were decided on what has changed."""
    person = signed_in(request)
    if not _sees_list(person):
        raise Http404("There is no such page, or it is not shown to you.")
    found = weekly(timezone.now(), request.GET.get("page", 1))
    context = {"nav": "portfolio", "found": found, "crumbs": [("Portfolio", reverse("portfolio")), ("Tiers", "")]}
    return render(request, "handoff/tier/tiers.html", context)
