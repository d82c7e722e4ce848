"""A sheet into the triage list: taken, looked at, imported."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from handoff.models import ProductionCase
from handoff.phased.cases_import import PURPOSE, apply_draft, keep_draft, plan_of
from handoff.phased.cases_sheet import LEFT, MOST_ROWS, as_sheet, plan, read_sheet
from handoff.phased.views.cases import address_of
from projects.models import Project
from projects.views.getters import get_project, signed_in
from projects.views.sheets import Shown, apply_sheet, get_draft, take_sheet
from records.raid_rights import may_write
from sheets.writing import xlsx_response
from transitions.clock import business_day

STRANGER = "You have no seat on this project, and so write none of its cases."


@require_http_methods(["GET", "POST"])
def import_sheet(request: HttpRequest, code: str) -> HttpResponse:
    """Take a sheet; what it would do is shown before anything is done. One that is refused says where, row by row."""
    project, person = get_project(request, code), signed_in(request)
    shown = take_sheet(
        request, most_rows=MOST_ROWS, read=read_sheet, plan=partial(plan, project, today=business_day()),
        keep=partial(keep_draft, project, by=person), stranger="" if may_write(project, person) else STRANGER,
    )  # fmt: skip
    if shown.draft is not None:
        return redirect("cases-import-look", project.code, shown.draft.pk)
    return _page(request, project, shown)


@require_http_methods(["GET", "POST"])
def import_look(request: HttpRequest, code: str, draft_id: int) -> HttpResponse:
    """Show what a sheet that was taken would do; on POST do it."""
    project, person = get_project(request, code), signed_in(request)
    draft = get_draft(project, PURPOSE, draft_id, by=person)
    shown = apply_sheet(
        request, draft, plan=lambda: plan_of(get_project(request, code), draft, today=business_day()),
        apply=partial(apply_draft, draft, by=person),
    )  # fmt: skip
    return redirect("cases", project.code) if shown.done else _page(request, project, shown)


def _page(request: HttpRequest, project: Project, shown: Shown) -> HttpResponse:
    context = shown.context() | {
        "nav": "portfolio", "project": project, "base": address_of(project), "left": LEFT,
        "writes": may_write(project, signed_in(request)) and not project.is_archived(),
    }  # fmt: skip
    return render(request, "handoff/phased/import.html", context, status=shown.status)


@require_GET
def empty(request: HttpRequest, code: str) -> HttpResponse:
    """Give the empty layout, to be filled in."""
    project = get_project(request, code)
    sheet = as_sheet(ProductionCase.objects.none(), {})
    about = [("What", "Production cases, to be filled in")]
    return xlsx_response(f"{project.code.lower()}_cases_empty.xlsx", [sheet], about=about)
