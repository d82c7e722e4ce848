"""The pages on which customers test: the runs, one run, one case a screen; and the evidence, to be fetched."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from projects.files import as_download
from projects.models import Project
from projects.views.conflicts import Difference, show_conflict
from projects.views.getters import get_project, get_shared_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow
from transitions.clock import business_day
from workbook.models import Result, ResultFile, Run, RunCase
from workbook.outcomes import next_place
from workbook.portal import case_page, result_line, run_page, uat_page
from workbook.portal_form import ResultForm
from workbook.rights import holds_a_seat
from workbook.tester import record_as_tester
from workbook.told import may_read
from workbook.vocabulary import Kind, Outcome

NO_RUN = "There is no such run, or you have no seat on its project."


@require_GET
def uat(request: HttpRequest, code: str) -> HttpResponse:
    """List the UAT runs of a project, the open one first."""
    project = get_uat_project(request, code)
    context = {"nav": "portfolio", "project": project, **uat_page(project, business_day())}
    return render(request, "workbook/portal/runs.html", context)


@require_GET
def run(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Show one run: how far it is, what is next, and every case of it."""
    row = get_uat_run(request, code, number)
    context = {"nav": "portfolio", "project": row.project, "run": row}
    return render(
        request, "workbook/portal/run.html", context | {"shown": run_page(row, signed_in(request), business_day())}
    )


@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, code: str, number: int, position: int) -> HttpResponse:
    """Show one case; on POST record what it came to and go to the next that waits."""
    row = get_uat_case(request, code, number, position)
    if request.method == "GET":
        return _case(request, row, ResultForm())
    form, person = ResultForm(request.POST, request.FILES), signed_in(request)
    if not form.is_valid():
        return _case(request, row, form, status=400)
    try:
        result = record_as_tester(row, by=person, **form.given())
    except StaleRow as stale:
        _show_both(form, stale.row, request)
        return _case(request, row, form, status=409)
    except (MoveRefused, ValidationError) as refused:
        return _case(request, row, form, status=add_errors(form, refused))
    following = next_place(row.run, row.position)
    messages.success(request, f"{result.get_outcome_display()}: {row.title}")
    if following is None:
        return redirect("uat-run", row.project.code, row.run.number)
    return redirect("uat-case", row.project.code, row.run.number, following)


@require_GET
def file(request: HttpRequest, code: str, file_id: int) -> FileResponse:
    """Give out a file of evidence to whoever sees the run, and may have the words that it came with."""
    project = get_shared_project(request, code)
    found = ResultFile.objects.select_related("file", "result__run", "result__by").filter(project=project)
    row, person = get_object_or_404(found, pk=file_id), signed_in(request)
    if person.is_outside and not (holds_a_seat(project, person) and may_read(row, person)):
        raise Http404(NO_RUN)
    return as_download(row.file)


@require_GET
def as_customer(request: HttpRequest, code: str, seat_id: int, rest: str = "") -> HttpResponse:
    """Lead whoever looks as the customer on to the page of the test: the addresses on what they look at are relative."""
    project = get_project(request, code)
    if not any(seat.id == seat_id for seat in project.board.seats):
        raise Http404("This project has no such seat.")
    return redirect(f"{project.get_absolute_url()}uat/{rest}")


# The getters are the permission check.


def get_uat_project(request: HttpRequest, code: str) -> Project:
    """Return the project for the pages of its UAT; else 404. Outside, a seat opens them, and nothing else does."""
    project, person = get_shared_project(request, code), signed_in(request)
    if person.is_outside and not holds_a_seat(project, person):
        raise Http404(NO_RUN)
    return project


def get_uat_run(request: HttpRequest, code: str, number: int) -> Run:
    """Return a UAT run of a project whose UAT the person may see; else 404. SIT has no number here."""
    project = get_uat_project(request, code)
    row: Run = get_object_or_404(Run, project=project, kind=Kind.UAT, number=number)
    row.project = project
    return row


def get_uat_case(request: HttpRequest, code: str, number: int, position: int) -> RunCase:
    """Return a case of a UAT run that the person may see; else 404."""
    row = get_uat_run(request, code, number)
    found: RunCase = get_object_or_404(row.cases.select_related("case"), position=position)
    found.run, found.project = row, row.project
    return found


def _show_both(form: Form, stored: Result | Run, request: HttpRequest) -> None:
    """Lay what somebody recorded meanwhile beside what was about to be recorded; sent once more it is added after theirs."""
    if not isinstance(
        stored, Result
    ):  # it was recorded and is gone: results are never taken away, but a form may say so
        show_conflict(form, stored={}, carries={"seen": 0})
        return
    theirs = result_line(stored, signed_in(request))
    show_conflict(form, stored={"note": theirs.note}, carries={"seen": stored.pk})
    yours = str(Outcome(form.cleaned_data["outcome"]).label)
    said = f"{theirs.label}, by {theirs.by}" if theirs.by else theirs.label
    form.conflict = [Difference("Result", said, yours), *form.conflict]  # type: ignore[attr-defined]


def _case(request: HttpRequest, row: RunCase, form: Form, *, status: int = 200) -> HttpResponse:
    shown = case_page(row.run, row, signed_in(request))
    context = {"nav": "portfolio", "project": row.project, "run": row.run, "shown": shown, "form": form}
    return render(request, "workbook/portal/case.html", context, status=status)
