"""What people outside the company see, and the same for somebody inside who wants to see what they see.

Both are made by `_project` and `_step` below, from one template each; nobody who only looks is given anything to press.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from projects import drawn
from projects.board import SeatView
from projects.documents import is_latest_shown
from projects.files import as_download
from projects.forms import MoveForm
from projects.models import Project, ProjectStep
from projects.outside import (
    Outsider,
    concerns,
    holder_of,
    in_their_words,
    outside_seats,
    outsider,
    refuse_what_is_ours,
)
from projects.outside_page import project_page, standing_words, step_page
from projects.paging import Paging
from projects.views.getters import NO_STEP, NO_VERSION, get_file, get_project, get_shared_step, get_step, signed_in
from projects.views.refusals import status_of
from transitions.blockers import Blocker, MoveRefused, UnknownMove
from transitions.clock import business_day
from transitions.moves import perform
from transitions.standing import Standing

#: Active projects first in the list, complete ones last.
ORDER = {Standing.ACTIVE: 0, Standing.ON_HOLD: 1}


def projects(request: HttpRequest) -> HttpResponseBase:
    """List the projects of somebody outside; with one alone go there. There is no file of them, and nothing to filter."""
    if "format" in request.GET:
        raise Http404
    columns = ("code", "name", "standing", "phase", "phases", "phase_done", "phase_total")
    found = list(Project.objects.visible_to(signed_in(request)).order_by("name", "code").values_list(*columns))
    if len(found) == 1:
        return redirect("project", found[0][0])
    found.sort(key=lambda row: ORDER.get(Standing(row[2]), 2))
    number = request.GET.get("page", "1")
    page = int(number) if number.isdecimal() and 0 < len(number) < 6 else 1
    paging = Paging.of(len(found), max(page, 1), settings.PAGE_SIZE, lambda page: f"?page={page}")
    rows = [
        (code, name, standing_words(standing, phase), drawn.phase_bar(tuple(phases), phase, 10 * done // (total or 1)))
        for code, name, standing, phase, phases, done, total in found[paging.start : paging.stop]
    ]
    return render(request, "outside/projects.html", {"rows": rows, "paging": paging})


def project(request: HttpRequest, project: Project) -> HttpResponse:
    """Show a project to somebody outside."""
    return _project(request, project, outsider(signed_in(request)))


def step(request: HttpRequest, step: ProjectStep) -> HttpResponse:
    """Show a step to somebody outside whom it concerns."""
    return _step(request, step, outsider(signed_in(request)))


def move(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Move a step for somebody outside. A refusal is their page again, in their words; htmx gets the same as a page does."""
    row, form = get_shared_step(request, code, path), MoveForm(request.POST)
    try:
        if not form.is_valid():
            raise UnknownMove([Blocker("invalid", "")])
        data = form.cleaned_data
        spec = row.move_spec(data["move"])
        if data["revision"] == row.revision:
            refuse_what_is_ours(row, spec.name)
        given = form.details(spec)
        outcome = perform(row, spec.name, by=signed_in(request), note=data["note"], revision=data["revision"], **given)
    except MoveRefused as refused:
        status = 400 if isinstance(refused, UnknownMove) else status_of(refused)
        fresh = get_shared_step(request, code, path)
        who = outsider(signed_in(request))
        return _step(request, fresh, who, refused=refused.blockers, form=form, status=status)
    messages.success(request, f"Thank you. “{outcome.row}” {_moved_words(spec.name)}.")
    return redirect(outcome.row.project)


# View as customer.


@require_GET
def as_customer(request: HttpRequest, code: str, seat_id: int | None = None) -> HttpResponse:
    """Show a project as whoever holds a seat of somebody outside sees it, or will; without a seat, go to the first."""
    project = get_project(request, code)
    seats = outside_seats(project.board)
    if seat_id is None:
        asked = request.GET.get("seat", "")
        first = next((seat for seat in seats if not asked or str(seat.id) == asked), None)
        if first is None and (asked or seats):
            raise Http404("This project has no such seat of somebody outside.")
        if first is not None:
            return redirect("project-as-customer", code, first.id)
        return render(request, "outside/nobody.html", {"nav": "portfolio", "project": project})
    seat = _seat(project, seat_id, seats)
    return _project(request, project, holder_of(project.board, seat), seat=seat, seats=seats)


@require_GET
def step_as_customer(request: HttpRequest, code: str, seat_id: int, path: str) -> HttpResponse:
    """Show a step as whoever holds a seat of somebody outside sees it; 404 where it does not concern them."""
    step = get_step(request, code, path)
    seats = outside_seats(step.project.board)
    seat = _seat(step.project, seat_id, seats)
    who = holder_of(step.project.board, seat)
    if not concerns(step, who):
        raise Http404(NO_STEP)
    return _step(request, step, who, seat=seat, seats=seats)


@require_GET
def file_as_customer(request: HttpRequest, code: str, seat_id: int, document: str, number: int) -> FileResponse:
    """Hand out the file of a version that people outside see the latest of, from the page that shows what they see."""
    project = get_project(request, code)
    _seat(project, seat_id, outside_seats(project.board))
    version = get_file(project, document, number)
    if not is_latest_shown(version):
        raise Http404(NO_VERSION)
    assert version.file is not None, "it was asked for as one"
    return as_download(version.file)


def _seat(project: Project, seat_id: int, seats: list[SeatView]) -> SeatView:
    """Return the seat among those of people outside; twins in the project's other playbooks count as the same."""
    identity = next((seat.role.identity for seat in project.board.seats if seat.id == seat_id), None)
    for seat in seats:
        if seat.role.identity == identity:
            return seat
    raise Http404("This project has no such seat of somebody outside.")


def _project(
    request: HttpRequest,
    project: Project,
    who: Outsider,
    *,
    seat: SeatView | None = None,
    seats: list[SeatView] | None = None,
) -> HttpResponse:
    shown = project_page(project, who, business_day())
    context = {"nav": "portfolio", "project": project, "shown": shown, "seat": seat, "seats": seats or []}
    return render(request, "outside/project.html", context)


def _step(
    request: HttpRequest,
    step: ProjectStep,
    who: Outsider,
    *,
    seat: SeatView | None = None,
    seats: list[SeatView] | None = None,
    refused: list[Blocker] | None = None,
    form: MoveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    board = step.project.board
    context = {
        "nav": "portfolio",
        "project": step.project,
        "shown": step_page(step, who, business_day()),
        "seat": seat,
        "seats": seats or [],
        "refused": in_their_words(refused or [], board, step.live, who),
        "typed": form.data if form else {},
    }
    return render(request, "outside/step.html", context, status=status)


def _moved_words(move: str) -> str:
    return {
        "start": "is under way",
        "complete": "is done",
        "submit": "is handed in for approval",
        "resume": "is taken up again",
    }[move]
