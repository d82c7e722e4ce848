"""Production cases of a project: the list, a new one, one case and the acts on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from handoff.models import ProductionCase
from handoff.phased import cases_page
from handoff.phased.cases import add_case, change_case, escalate_case, last_review, note_case
from handoff.phased.cases_sheet import HEADER, as_sheet, export_rows, last_notes
from handoff.phased.forms import (
    CaseFilter,
    CaseFilterForm,
    CaseForm,
    CaseMoveForm,
    EscalateForm,
    NoteForm,
    said_of,
)
from projects.days import moment
from projects.filters import has_blanks, read
from projects.models import Project
from projects.paging import Paging
from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors, status_of
from records.raid_rights import may_write, people_of
from sheets.writing import csv_response, xlsx_response
from transitions.blockers import Blocker, MoveRefused, StaleRow, UnknownMove
from transitions.clock import business_day
from transitions.models import TransitionRecord
from transitions.moves import perform
from workbook.vocabulary import Severity

NO_CASE = "There is no such case on this project."
MOST_ON_PAGE = 50


def address_of(project: Project) -> str:
    """Return the address of the list."""
    return f"{project.get_absolute_url()}cases/"


def get_case(request: HttpRequest, code: str, case_id: int) -> ProductionCase:
    """Return a case of a project that the person sees from inside; else 404."""
    project = get_project(request, code)
    cases = ProductionCase.objects.filter(project=project).select_related("owner", "made_by")
    found = cases.filter(pk=case_id).first() if case_id < 2**63 else None
    if found is None:
        raise Http404(NO_CASE)
    found.project = project
    return found


@require_safe
def cases(request: HttpRequest, code: str) -> HttpResponseBase:
    """Show the triage list, the gravest first; or the same as a file (`format=xlsx` or `csv`)."""
    project, person, today = get_project(request, code), signed_in(request), business_day()
    chosen, problems = read(CaseFilterForm, CaseFilter(), request.GET)
    if has_blanks(request.GET) and not problems:
        return redirect(request.path + chosen.query(page=chosen.page))
    if request.GET.get("format") and not problems:
        return _export(request, project, chosen)
    base, wanted = address_of(project), cases_page.found(project, chosen, person)
    tabs = cases_page.tabs(project, chosen, person, base)
    paging = Paging.of(wanted.count(), chosen.page, settings.PAGE_SIZE, lambda page: base + chosen.query(page=page))
    shown = list(wanted.select_related("owner")[paging.start : paging.stop])
    context = {
        "nav": "portfolio", "project": project, "base": base, "chosen": chosen, "problems": problems, "paging": paging,
        "rows": cases_page.rows(project, shown, cases_page.notes_of(shown), today), "tabs": tabs, "any": tabs[-1].number,
        "writes": may_write(project, person) and not project.is_archived(),
        "export": base + (f"{query}&" if (query := chosen.query()) else "?") + "format=",
        "reviewed": last_review(project),
    }  # fmt: skip
    return render(request, "handoff/phased/cases.html", context, status=400 if problems else 200)


def _export(request: HttpRequest, project: Project, chosen: CaseFilter) -> HttpResponseBase:
    person, today = signed_in(request), business_day()
    wanted, notes = cases_page.found(project, chosen, person).select_related("owner"), last_notes(project)
    name = f"{project.code.lower()}_cases_{today}"
    if request.GET["format"] == "csv":
        return csv_response(f"{name}.csv", HEADER, export_rows(wanted, notes))
    about = [
        ("What", f"Production cases of {project}"),
        ("As of", moment(timezone.now().astimezone(person.zone))),
        ("For", person.name),
    ]
    return xlsx_response(f"{name}.xlsx", [as_sheet(wanted, notes)], about=about)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Put a case into the list."""
    project, person = get_project(request, code), signed_in(request)
    start = {"opened_on": business_day(), "severity": Severity.MINOR}
    form, status = CaseForm(request.POST or None, people=people_of(project), initial=start), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                case = add_case(project, by=person, **form.values())
            except (MoveRefused, ValidationError) as refused:
                status = add_errors(form, refused)
            else:
                messages.success(request, f"{case.external_id} is in the list.")
                return redirect(case)
    writes = may_write(project, person) and not project.is_archived()
    context = {"nav": "portfolio", "project": project, "base": address_of(project), "form": form, "writes": writes}
    return render(request, "handoff/phased/new_case.html", context, status=status)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, code: str, case_id: int) -> HttpResponse:
    """Show a case; on POST write what its form says, or both values where somebody was quicker."""
    case = get_case(request, code, case_id)
    if request.method == "GET":
        return page(request, case)
    form, status = CaseForm.of(case, people_of(case.project), request.POST), 400
    if form.is_valid():
        try:
            revision = form.cleaned_data["revision"]
            change_case(case, by=signed_in(request), revision=-1 if revision is None else revision, **form.values())
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                form.say()
                show_conflict(form, stored=said_of(refused.row), carries={"revision": refused.row.revision})
        else:
            messages.success(request, f"{case.external_id} is saved.")
            return redirect(case)
    return page(request, get_case(request, code, case_id), form=form, status=status)


def page(
    request: HttpRequest, case: ProductionCase, *, form: CaseForm | None = None, noting: NoteForm | None = None,
    escalating: EscalateForm | None = None, moving: CaseMoveForm | None = None, refused: list[Blocker] | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render a case's page; each form is one that was refused, `refused` what stood in the way of a move."""
    project, today = case.project, business_day()
    writes = may_write(project, signed_in(request)) and not project.is_archived()
    initial = {"level": min(case.escalated + 1, 3), "revision": case.revision}
    context = {
        "nav": "portfolio", "project": project, "case": case, "base": address_of(project), "writes": writes,
        "row": cases_page.row(case, {}, today), "edits": form is not None,
        "form": form or CaseForm.of(case, people_of(project)), "noting": noting or NoteForm(auto_id="note_%s"),
        "escalating": escalating or EscalateForm(initial=initial, auto_id="up_%s"),
        "typed": moving.data if moving else {}, "wrong": form or noting or escalating or moving,
        "moves": case.open_moves() if writes else [], "refused": refused or [],
        "notes": list(case.notes.select_related("by")[:MOST_ON_PAGE]),
        "escalations": list(case.escalations.select_related("by")[:MOST_ON_PAGE]),
        "records": list(TransitionRecord.objects.of(case).select_related("by")[:MOST_ON_PAGE]),
    }  # fmt: skip
    return render(request, "handoff/phased/case.html", context, status=status)


def _act(
    request: HttpRequest, code: str, case_id: int, form: Any, name: str, act: Callable[[ProductionCase], str]
) -> HttpResponse:
    """Do what `form` (on the page as `name`) asks for; `act` returns what is said. Refused, the page says why."""
    case = get_case(request, code, case_id)
    again: dict[str, Any] = {name: form}
    if not form.is_valid():
        return page(request, case, status=400, **again)
    try:
        said = act(case)
    except (MoveRefused, ValidationError) as refused:
        fresh = get_case(request, code, case_id)
        if isinstance(refused, MoveRefused) and name == "moving":
            status = 400 if isinstance(refused, UnknownMove) else status_of(refused)
            return page(request, fresh, refused=refused.blockers, status=status, **again)
        status = add_errors(form, refused)
        if isinstance(refused, StaleRow):  # the page shows what is there now: sending it once more is a choice
            sent = form.data.copy()
            sent["revision"] = str(refused.row.revision)
            form.data = sent
        return page(request, fresh, status=status, **again)
    messages.success(request, said)
    return redirect(case)


@require_POST
def move(request: HttpRequest, code: str, case_id: int) -> HttpResponse:
    """Close or reopen a case, with the reason."""
    form = CaseMoveForm(request.POST)

    def act(case: ProductionCase) -> str:
        data = form.cleaned_data
        moved = perform(case, data["move"], by=signed_in(request), note=data["note"], revision=data["revision"]).row
        return f"{moved.external_id} is {moved.get_state_display().lower()} now."

    return _act(request, code, case_id, form, "moving", act)


@require_POST
def note(request: HttpRequest, code: str, case_id: int) -> HttpResponse:
    """Write a note to a case."""
    form = NoteForm(request.POST, auto_id="note_%s")

    def act(case: ProductionCase) -> str:
        data = form.cleaned_data
        note_case(case, data["text"], for_customer=data["for_customer"], by=signed_in(request))
        return "The note is kept."

    return _act(request, code, case_id, form, "noting", act)


@require_POST
def escalate(request: HttpRequest, code: str, case_id: int) -> HttpResponse:
    """Escalate a case to a level, or no longer, with the reason."""
    form = EscalateForm(request.POST, auto_id="up_%s")

    def act(case: ProductionCase) -> str:
        data = form.cleaned_data
        done = escalate_case(
            case, data["level"], reason=data["reason"], by=signed_in(request), revision=data["revision"]
        )
        return (
            f"{done.external_id} is escalated to level {done.escalated}."
            if done.escalated
            else "It is escalated no longer."
        )

    return _act(request, code, case_id, form, "escalating", act)
