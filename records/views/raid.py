"""The RAID log of a project: the list, the act on all of it, and new items."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects.days import moment
from projects.filters import has_blanks, read
from projects.models import Project
from projects.paging import Paging
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from records import raid_page
from records.models import RaidKind
from records.raid import log_is_active, raise_item, review_log
from records.raid_form import STATES, KindForm, RaidFilter, RaidFilterForm, RaidForm, ReviewForm
from records.raid_rights import may_write, people_of
from records.raid_sheet import HEADER, as_sheet, export_rows
from sheets.writing import csv_response, xlsx_response
from transitions.blockers import MoveRefused
from transitions.clock import business_day


@require_safe
def log(request: HttpRequest, code: str) -> HttpResponseBase:
    """Show the log: the map, the items asked for, the worst first; or the same as a file (`format=xlsx` or `csv`)."""
    project = get_project(request, code)
    chosen, problems = read(RaidFilterForm, RaidFilter(), request.GET)
    if has_blanks(request.GET) and not problems:
        return redirect(request.path + chosen.query(page=chosen.page))
    if request.GET.get("format") and not problems:
        return _export(request, project, chosen)
    return _list(request, project, chosen, problems=problems, status=400 if problems else 200)


def _list(
    request: HttpRequest, project: Project, chosen: RaidFilter, *, problems: list[str] | None = None,
    review: ReviewForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    person, today, base = signed_in(request), business_day(), raid_page.log_address(project)
    counts, found = raid_page.Counts.of(project), raid_page.found(project, chosen)
    paging = Paging.of(found.count(), chosen.page, settings.PAGE_SIZE, lambda page: base + chosen.query(page=page))
    shown = raid_page.in_order(found, chosen.sort, today).select_related("owner")[paging.start : paging.stop]
    owners, looked = raid_page.owners(project), raid_page.last_review(project)
    writes = may_write(project, person) and not project.is_archived()
    export = base + (f"{query}&" if (query := chosen.query()) else "?") + "format="
    context = {
        "nav": "portfolio", "project": project, "base": base, "writes": writes, "chosen": chosen, "problems": problems or [],
        "counts": counts, "tabs": raid_page.tabs(counts, chosen, base), "map": raid_page.risk_map(project, chosen, base),
        "worst": raid_page.worst(project, raid_page.WORST, today), "rows": raid_page.rows(project, shown, today),
        "paging": paging, "headers": raid_page.headers(chosen, base), "chips": raid_page.chips(chosen, owners, base),
        "nothing": raid_page.nothing(counts, chosen, looked, today), "verdict": log_is_active(project, today),
        "looked": raid_page.review_words(looked, today), "review": review or ReviewForm(), "export": export,
        "choices": {"state": STATES, "owner": owners}, "kinds": RaidKind.choices,
    }  # fmt: skip
    return render(request, "records/raid/list.html", context, status=status)


def _export(request: HttpRequest, project: Project, chosen: RaidFilter) -> HttpResponseBase:
    today = business_day()
    items = raid_page.in_order(raid_page.found(project, chosen), chosen.sort or "number", today)
    name = f"{project.code.lower()}_raid_{today}"
    if request.GET["format"] == "csv":
        return csv_response(f"{name}.csv", HEADER, export_rows(project, items))
    person = signed_in(request)
    about = [
        ("What", f"RAID log of {project.name} ({project.code})"),
        (
            "Filter",
            "; ".join(chip.label for chip in raid_page.chips(chosen, raid_page.owners(project), ""))
            or "none: what is open",
        ),
        ("As of", moment(timezone.now().astimezone(person.zone))),
        ("Time zone", str(person.zone)),
        ("By", person.name),
        ("Page", request.build_absolute_uri(request.path + chosen.query())),
    ]
    return xlsx_response(f"{name}.xlsx", [as_sheet(project, items)], about=about)


@require_POST
def log_reviewed(request: HttpRequest, code: str) -> HttpResponse:
    """Note that the whole log was looked through."""
    project, form = get_project(request, code), ReviewForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            review_log(project, by=signed_in(request), note=form.cleaned_data["note"])
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "The log is noted as reviewed today.")
            return redirect("raid", project.code)
    return _list(request, project, RaidFilter(), review=form, status=status)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Raise an item."""
    project, person = get_project(request, code), signed_in(request)
    asked = KindForm(request.POST if request.method == "POST" else request.GET)
    kind = RaidKind(asked.cleaned_data["kind"] or RaidKind.RISK) if asked.is_valid() else None
    if kind is None:
        return render(request, "404.html", status=404 if request.method == "GET" else 400)
    form = RaidForm(request.POST or None, kind=kind, people=people_of(project))
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            item = raise_item(project, kind, by=person, **form.values())
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"{item.code} is in the log.")
            return redirect(item)
    context = {"nav": "portfolio", "project": project, "form": form, "kind": kind, "kinds": list(RaidKind)}
    context |= {
        "base": raid_page.log_address(project),
        "writes": may_write(project, person) and not project.is_archived(),
    }
    return render(request, "records/raid/new.html", context, status=status)
