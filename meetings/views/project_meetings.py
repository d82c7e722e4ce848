"""A project's meetings: what there is, and the three that are planned here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from meetings.models import Series
from meetings.project_form import DiscoveryForm, SteeringForm, TsmForm
from meetings.project_meetings import may_plan, plan_discovery, plan_steering, plan_tsm, propose_discovery, spread
from meetings.project_page import project_values
from meetings.tier import TABLE, count_for
from projects.models import Project
from projects.schedule import ONE_DAY, working_day_on_or_after
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused
from transitions.clock import business_day

MORNING = dt.time(10)


@require_safe
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project's meetings, with the forms that plan more of them."""
    return page(request, get_project(request, code))


def page(request: HttpRequest, project: Project, *, status: int = 200, **refused: Any) -> HttpResponse:
    """Render a project's meetings; `refused` are forms that were, by their names, and what was proposed."""
    person, now = signed_in(request), timezone.now()
    today = business_day(now)
    by_tier = count_for(project)
    soon = {"first": working_day_on_or_after(today + ONE_DAY), "at": MORNING}
    forms = {
        "discovery": DiscoveryForm(initial=soon, auto_id="discovery_%s"),
        "tsm": TsmForm(initial={"at": MORNING, "count": by_tier or 1}, auto_id="tsm_%s"),
        "steering": SteeringForm(initial=soon, auto_id="steering_%s"),
    }
    context = {
        "nav": "portfolio", "project": project, "by_tier": by_tier, "table": TABLE,
        "plans": may_plan(project, person) and not project.is_archived(), "proposal": None,
        "spread": spread(project.target_go_live, by_tier or 1, today), **project_values(project, person, now), **forms, **refused,
    }  # fmt: skip
    return render(request, "meetings/project.html", context, status=status)


def _planned(request: HttpRequest, project: Project, name: str, form: Any, act: Callable[[], Series]) -> HttpResponse:
    try:
        series = act()
    except (MoveRefused, ValidationError) as refused:
        return page(request, project, status=add_errors(form, refused), **{name: form})
    messages.success(request, f"{series.title}: planned. Those who attend hear of it.")
    return redirect("project-meetings", project.code)


@require_POST
def discovery(request: HttpRequest, code: str) -> HttpResponse:
    """Propose three days for discovery sessions; with those days sent back, plan them."""
    project, form = get_project(request, code), DiscoveryForm(request.POST, auto_id="discovery_%s")
    if not may_plan(project, signed_in(request)):
        return _not_theirs(request, project, "discovery", form)
    if not form.is_valid():
        return page(request, project, status=400, discovery=form)
    data = form.cleaned_data
    proposal = propose_discovery(project, data["first"], data["at"])
    if list(data["days"]) != list(proposal.days):
        sent: Any = form.data
        carried = sent.copy()
        carried["days"] = ",".join(day.isoformat() for day in proposal.days)
        form.data = carried
        return page(request, project, discovery=form, proposal=proposal)
    by = signed_in(request)
    return _planned(
        request, project, "discovery", form, lambda: plan_discovery(project, data["days"], data["at"], by=by)
    )


def _not_theirs(request: HttpRequest, project: Project, name: str, form: Any) -> HttpResponse:
    form.is_valid()
    form.add_error(None, "Whoever runs the project plans its meetings.")
    return page(request, project, status=403, **{name: form})


@require_POST
def tsm(request: HttpRequest, code: str) -> HttpResponse:
    """Plan the TSM meetings before go-live."""
    project, form = get_project(request, code), TsmForm(request.POST, auto_id="tsm_%s")
    if not form.is_valid():
        return page(request, project, status=400, tsm=form)
    data, by = form.cleaned_data, signed_in(request)
    return _planned(
        request,
        project,
        "tsm",
        form,
        lambda: plan_tsm(project, data["count"], data["at"], minutes=data["minutes"], by=by),
    )


@require_POST
def steering(request: HttpRequest, code: str) -> HttpResponse:
    """Plan the steering committee."""
    project, form = get_project(request, code), SteeringForm(request.POST, auto_id="steering_%s")
    if not form.is_valid():
        return page(request, project, status=400, steering=form)
    data, by = form.cleaned_data, signed_in(request)
    return _planned(
        request, project, "steering", form,
        lambda: plan_steering(project, data["first"], data["at"], data["rhythm"], minutes=data["minutes"], by=by),
    )  # fmt: skip
