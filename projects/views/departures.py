"""Departures: where live projects do not do what their playbooks mandate."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import User
from projects.departures import Asked, Departure, Kind, count, find, live_projects, tell
from projects.departures_page import (
    COUNT_HEADER,
    HEADER,
    MOST_STEPS,
    DeparturesForm,
    cells,
    choices,
    count_cells,
    count_rows,
    rows,
)
from projects.filters import has_blanks, read
from projects.paging import Paging
from projects.views.registry import insider
from sheets.writing import Sheet, csv_response, xlsx_response
from transitions.clock import business_day


@require_safe
def departures(request: HttpRequest) -> HttpResponseBase:
    """Show the departures asked for, by step and project, or all of them as a file (`format=xlsx`, `format=csv`)."""
    who, today, base = insider(request), business_day(), request.path
    chosen, problems = read(DeparturesForm, Asked(), request.GET)
    if has_blanks(request.GET) and not problems:
        return redirect(base + chosen.query(page=chosen.page))
    found = find(who, chosen)
    if "format" in request.GET and not problems:
        return _file(request, who, chosen, found)
    counted = count(who, chosen, found)
    paging = Paging.of(len(found), chosen.page, settings.PAGE_SIZE, lambda page: base + chosen.query(page=page))
    query = chosen.query()
    context = {
        "nav": "portfolio", "base": base, "chosen": chosen, "problems": problems, "paging": paging, "choices": choices(who),
        "rows": rows(tell(found[paging.start : paging.stop]), today),
        "counts": count_rows(counted, chosen, base), "steps": len(counted), "most": MOST_STEPS, "kinds": Kind.labels,
        "projects": len({row.project_id for row in found}),
        "any_projects": bool(found) or live_projects(who).exists(),
        "export": base + (f"{query}&" if query else "?") + "format=",
    }  # fmt: skip
    return render(request, "projects/departures.html", context, status=400 if problems else 200)


def _file(request: HttpRequest, who: User, chosen: Asked, found: list[Departure]) -> HttpResponseBase:
    site, name = f"{request.scheme}://{request.get_host()}", f"departures_{business_day()}"
    told = cells(tell(found), site)
    if request.GET["format"] == "csv":
        return csv_response(f"{name}.csv", HEADER, told)
    sheets = [
        Sheet("Departures", HEADER, told),
        Sheet("By step", COUNT_HEADER, count_cells(count(who, chosen, found))),
    ]
    about = [
        ("What", "Steps that live projects skipped, waived, renamed or dropped"),
        ("Filters", chosen.query().lstrip("?") or "none"),
        ("As of", business_day()),
        ("For", who.name),
        ("Times", "UTC"),
        ("Projects", "Those that run or rest, as far as this person sees them."),
    ]
    return xlsx_response(f"{name}.xlsx", sheets, about=about)
