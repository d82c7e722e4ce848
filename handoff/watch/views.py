"""The watch over an add-on: its page, the payments of a day, projections, anomalies, and sheets in and out."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from handoff.models import AnomalyWord, Projection
from handoff.watch.acts import dispose, remove_projection, set_projection
from handoff.watch.forms import (
    AnomalyForm,
    DayForm,
    ProjectionForm,
    RevisionForm,
    ShownForm,
)  # fmt: skip
from handoff.watch.page import CHIPS, anomaly_row, export_rows, watch_page
from handoff.watch.payments import HEADER, PURPOSE, apply_draft, keep_draft, plan_table, read_sheet, set_day
from handoff.watch.reading import Found, watch_over
from handoff.watch.rights import may_watch, why_not
from handoff.watch.vocabulary import MOST_ROWS, Kind
from projects import sheet_drafts
from projects.models import Project
from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from projects.views.sheets import Shown, apply_sheet, get_draft, take_sheet
from sheets.writing import csv_response
from transitions.blockers import MoveRefused, StaleRow
from transitions.clock import business_day

STRANGER = "You neither run this project nor monitor its service, and so import nothing."


@require_GET
def watch(request: HttpRequest, code: str) -> HttpResponse:
    """Show the payments of a project beside what was expected, and what is out of the ordinary."""
    return _page(request, get_project(request, code))


def _page(
    request: HttpRequest, project: Project, *, day: DayForm | None = None, projection: ProjectionForm | None = None,
    refused: RevisionForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = watch_page(project, signed_in(request), business_day(), ShownForm(request.GET).day())
    context |= {
        "nav": "portfolio", "day_form": day or DayForm(auto_id="id_day_%s"),
        "projection_form": projection or ProjectionForm(auto_id="id_projection_%s"), "refused": day or projection or refused,
        "opened": "day" if day else "projection" if projection else "",
    }  # fmt: skip
    return render(request, "handoff/watch/watch.html", context, status=status)


@require_POST
def day(request: HttpRequest, code: str) -> HttpResponse:
    """Write the payments of one day; what is there is written over only by who saw it."""
    project, form, status = get_project(request, code), DayForm(request.POST, auto_id="id_day_%s"), 400
    if form.is_valid():
        try:
            row = set_day(project, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                stored = {"payments": refused.row.payments, "amount": refused.row.amount}
                show_conflict(form, stored=stored, carries={"seen": refused.row.revision})
        else:
            messages.success(request, f"The payments of {row.day} are written down.")
            return redirect("watch", project.code)
    return _page(request, get_project(request, code), day=form, status=status)


@require_POST
def projection(request: HttpRequest, code: str) -> HttpResponse:
    """Write what was sold, from a day on."""
    project, form, status = get_project(request, code), ProjectionForm(request.POST, auto_id="id_projection_%s"), 400
    if form.is_valid():
        try:
            row = set_projection(project, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                stored = {name: getattr(refused.row, name) for name in ("payments", "amount", "source")}
                show_conflict(form, stored=stored, carries={"seen": refused.row.revision})
        else:
            messages.success(request, f"The projection from {row.since} on is written down.")
            return redirect("watch", project.code)
    return _page(request, get_project(request, code), projection=form, status=status)


@require_POST
def projection_remove(request: HttpRequest, code: str, projection_id: int) -> HttpResponse:
    """Take a projection away."""
    project = get_project(request, code)
    row = Projection.objects.filter(project=project, pk=projection_id).first()
    if row is None:
        raise Http404("There is no such projection on this project.")
    row.project, form, status = project, RevisionForm(request.POST), 400
    if form.is_valid():
        try:
            remove_projection(row, revision=form.cleaned_data["revision"], by=signed_in(request))
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"The projection from {row.since} on is gone. Its history stays.")
            return redirect("watch", project.code)
    return _page(request, get_project(request, code), refused=form, status=status)


@require_http_methods(["GET", "POST"])
def anomaly(request: HttpRequest, code: str, kind: str, first: dt.date) -> HttpResponse:
    """Show one anomaly and what was said of it; on POST say what became of it."""
    project, today = get_project(request, code), business_day()
    if kind not in Kind.values:
        raise Http404("There is no such anomaly.")
    form, status = AnomalyForm(request.POST or None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                dispose(project, kind, first, by=signed_in(request), **form.values())
            except (MoveRefused, ValidationError) as refused:
                status = add_errors(form, refused)
            else:
                messages.success(request, "Written down: what became of the anomaly.")
                return redirect("watch", project.code)
    project = get_project(request, code)
    words = list(AnomalyWord.objects.filter(project=project, kind=kind).select_related("by"))
    watched = watch_over(project, today)
    numbered = list(enumerate(watched.found, start=1))
    at = next(((n, one) for n, one in numbered if (one.finding.kind, one.finding.first) == (kind, first)), None)
    said = [word for word in words if _of(word, first, at[1] if at else None)]
    if at is None and not said and request.method == "GET":
        raise Http404("No such anomaly is found, and nobody said anything of one.")
    if at is not None and not form.is_bound:
        form = AnomalyForm(initial={"last": at[1].finding.last})
    elif at is not None and status == 409:
        sent = request.POST.copy()  # sent once more it is of the anomaly as it is now
        sent["last"] = at[1].finding.last.isoformat()
        form.data = sent
    context = {
        "nav": "portfolio", "project": project, "today": today, "form": form, "said": said,
        "row": anomaly_row(project.code, *at, today) if at else None, "label": Kind(kind).label, "first": first,
        "outcomes": CHIPS,
        "writes": at is not None and _writes(request, project),
    }  # fmt: skip
    return render(request, "handoff/watch/anomaly.html", context, status=status)


def _writes(request: HttpRequest, project: Project) -> bool:
    return not why_not(project) and may_watch(project, signed_in(request)) and not project.is_archived()


def _of(word: AnomalyWord, first: dt.date, found: Found | None) -> bool:
    if found is None:
        return word.first == first
    return word.first <= found.finding.last and found.finding.first <= word.last


@require_GET
def export(request: HttpRequest, code: str) -> HttpResponseBase:
    """Send every day of the project as CSV, in the layout of the import."""
    project = get_project(request, code)
    name = f"{project.code.lower()}_payments_{business_day()}.csv"
    return csv_response(name, (*HEADER, "Source", "By"), export_rows(project))


@require_http_methods(["GET", "POST"])
def import_sheet(request: HttpRequest, code: str) -> HttpResponse:
    """Take a sheet; what it would do is shown before anything is done. One that is refused says where, row by row."""
    project, person = get_project(request, code), signed_in(request)
    shown = take_sheet(
        request, most_rows=MOST_ROWS, read=read_sheet, plan=partial(plan_table, project, today=business_day()),
        keep=partial(keep_draft, project, by=person), stranger="" if may_watch(project, person) else STRANGER,
    )  # fmt: skip
    if shown.draft is not None:
        return redirect("watch-import-look", project.code, shown.draft.pk)
    for problem in shown.problems:
        shown.form.add_error("file", problem)
    return _import_page(request, get_project(request, code), shown)


@require_http_methods(["GET", "POST"])
def import_look(request: HttpRequest, code: str, draft_id: int) -> HttpResponse:
    """Show what a sheet that was taken would do; on POST do it."""
    project, person = get_project(request, code), signed_in(request)
    draft = get_draft(project, PURPOSE, draft_id, by=person)
    shown = apply_sheet(
        request, draft, plan=lambda: plan_table(project, sheet_drafts.table_of(draft), business_day()),
        apply=partial(apply_draft, draft, by=person),
    )  # fmt: skip
    return redirect("watch", project.code) if shown.done else _import_page(request, get_project(request, code), shown)


def _import_page(request: HttpRequest, project: Project, shown: Shown) -> HttpResponse:
    context = shown.context() | {
        "nav": "portfolio", "project": project, "today": business_day(), "reason": why_not(project), "shown": 200,
        "columns": HEADER, "writes": may_watch(project, signed_in(request)) and not project.is_archived(),
    }  # fmt: skip
    return render(request, "handoff/watch/import.html", context, status=shown.status)
