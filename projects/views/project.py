"""A project's page, its moves, its dates and its people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.dates import check_go_live, move_target_go_live
from projects.forms import GoLiveForm, MoveForm, SeatForm
from projects.models import Project
from projects.page import gate_panel, phase_sections, short_date, team
from projects.panels import Panel, links, panels
from projects.team import fill_seat, holder_seen
from projects.views import outside
from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, get_shared_project, may_manage, signed_in
from projects.views.refusals import add_errors, status_of
from transitions.blockers import Blocker, MoveRefused, StaleRow, UnknownMove
from transitions.clock import business_day
from transitions.models import TransitionRecord
from transitions.moves import perform
from transitions.phase import PHASE_ORDER, Phase

HISTORY_ON_PAGE = 8


@require_GET
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Show where a project stands: phases, gate, steps, team, what moved last; to people outside, what waits for them."""
    project = get_shared_project(request, code)
    if signed_in(request).is_outside:
        return outside.project(request, project)
    return page(request, project)


def page(
    request: HttpRequest,
    project: Project,
    *,
    refused: list[Blocker] | None = None,
    form: MoveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the project's page, with what refused a move when one was."""
    today, person = business_day(), signed_in(request)
    manages = may_manage(project, person)
    records = TransitionRecord.objects.under(project).select_related("by")[:HISTORY_ON_PAGE]
    context = {
        "nav": "portfolio",
        "project": project,
        "today": today,
        "manages": manages,
        "sections": phase_sections(project.board, today),
        "versions": [version.label for version in project.board.versions],
        "gate": gate_panel(project, today, manages=manages),
        "team": team(project.board),
        "records": list(records),
        "waivers": project.waiver_facts,
        "earlier": [(p, Phase(p).label) for p in project.phases if PHASE_ORDER[p] < PHASE_ORDER[project.phase]],
        "go_live_text": short_date(project.target_go_live, today),
        "refused": refused or [],
        "form": form,
        "panels": panels("project", project, person, today),
        "below": panels("project-below", project, person, today),
        "aside": panels("project-aside", project, person, today),
        "links": links(project),
    }
    return render(request, "projects/project.html", context, status=status)


@require_POST
def move(request: HttpRequest, code: str) -> HttpResponse:
    """Move a project: advance, return, hold, resume, cancel, complete. A refusal shows the page with its reasons."""
    project = get_project(request, code)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return page(request, project, refused=_as_blockers(form), form=form, status=400)
    data = form.cleaned_data
    try:
        spec = project.move_spec(data["move"])
        outcome = perform(
            project,
            spec.name,
            by=signed_in(request),
            note=data["note"],
            revision=data["revision"],
            **form.details(spec),
        )
    except MoveRefused as refused:
        fresh = get_project(request, code)
        status = 400 if isinstance(refused, UnknownMove) else status_of(refused)
        return page(request, fresh, refused=refused.blockers, form=form, status=status)
    messages.success(request, _moved_words(outcome.row, spec.name))
    return redirect(outcome.row)


@require_http_methods(["GET", "POST"])
def go_live(request: HttpRequest, code: str) -> HttpResponse:
    """Move the target go-live, with a reason, once what follows elsewhere was shown; the baseline stays."""
    project, who, today = get_project(request, code), signed_in(request), business_day()
    initial = {"target_go_live": project.target_go_live, "revision": project.revision}
    form = GoLiveForm(request.POST or None, initial=initial)
    status = 400 if request.method == "POST" else 200
    follows: list[Panel] = []
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        target, asked = data["target_go_live"], {"reason": data["reason"], "revision": data["revision"]}
        try:
            if not form.was_shown:
                check_go_live(project, target, by=who, **asked)
                follows = panels("go-live", project, target, who, today)
            row = project if follows else move_target_go_live(project, target, by=who, **asked)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                now: Project = refused.row
                show_conflict(form, stored={"target_go_live": now.target_go_live}, carries={"revision": now.revision})
        else:
            if not follows:
                messages.success(request, f"Target go-live is now {short_date(row.target_go_live, today)}.")
                return redirect(row)
            form, status = form.with_shown(), 200
    context = {"nav": "portfolio", "project": project, "form": form, "follows": follows}
    return render(request, "projects/go_live.html", context, status=status)


@require_http_methods(["GET", "POST"])
def seat(request: HttpRequest, code: str, seat_id: int) -> HttpResponse:
    """Name somebody for a seat, or empty it."""
    project = get_project(request, code)
    chosen = next((seat for seat in project.board.seats if seat.id == seat_id), None)
    if chosen is None:
        return render(request, "404.html", status=404)
    initial = {"person": chosen.person.id if chosen.person else None, "seen": holder_seen(chosen)}
    form = SeatForm(request.POST or None, initial=initial, side=chosen.role.side)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            fill_seat(project, seat_id, data["person"], by=signed_in(request), seen=data["seen"] or None)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                sits = refused.row.person.name if refused.row.person else None
                show_conflict(form, stored={"person": sits}, carries={"seen": holder_seen(refused.row)})
        else:
            who = form.cleaned_data["person"] or "Nobody"
            messages.success(request, f"{who} is {chosen.role.name} now.")
            return redirect(project)
    context: dict[str, Any] = {"nav": "portfolio", "project": project, "seat": chosen, "form": form}
    context["manages"] = may_manage(project, signed_in(request))
    return render(request, "projects/seat.html", context, status=status)


def _as_blockers(form: MoveForm) -> list[Blocker]:
    return [
        Blocker(
            "invalid",
            f"{form.fields[name].label or name}: {message}" if name in form.fields else str(message),
            subject=name,
        )
        for name, errors in form.errors.items()
        for message in errors
    ]


def _moved_words(project: Project, move: str) -> str:
    if move in {"advance", "return_to"}:
        return f"{project.name} is in {Phase(project.phase).label} now."
    return f"{project.name} is {project.get_standing_display().lower()} now."
