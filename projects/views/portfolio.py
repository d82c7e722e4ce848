"""The portfolio: every project that a person sees, the worst first."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from projects.days import moment
from projects.filters import GO_LIVES, HEALTHS, STANDINGS, PortfolioFilter, PortfolioForm, has_blanks, read
from projects.models import Project
from projects.paging import Paging
from projects.portfolio import (
    KINDS,
    PHASES,
    condition,
    findings,
    in_order,
    read_columns,
    rows,
    settled_of,
    signals,
    summary,
)
from projects.portfolio_page import EXPORT_HEADER, chips, export_rows, headers, tiles
from projects.views import outside
from projects.views.getters import signed_in
from raci.grants import holds_globally
from sheets.writing import csv_response
from transitions.clock import business_day

#: The part of the page that a filter changes; htmx asks for it by this id.
LIST = "portfolio"


@require_safe
def portfolio(request: HttpRequest) -> HttpResponseBase:
    """Show the projects asked for, as a page, as its list alone (htmx) or as a file (`format=csv`); to people outside, theirs."""
    if signed_in(request).is_outside:
        return outside.projects(request)
    chosen, problems = read(PortfolioForm, PortfolioFilter(), request.GET)
    wants_list = asks_for_list(request)
    if has_blanks(request.GET) and not problems and not wants_list:
        return redirect(request.path + chosen.query(page=chosen.page))
    if "format" in request.GET and not problems:
        return _export(request, chosen)
    template = "portfolio/list.html" if wants_list else "portfolio/index.html"
    context = _context(request, chosen, with_page=not wants_list) | {"problems": problems, "alone": wants_list}
    response = render(request, template, context, status=400 if problems else 200)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return push_url(response, request.path + chosen.query(page=chosen.page)) if wants_list else response


def asks_for_list(request: HttpRequest) -> bool:
    """Return whether htmx wants the list alone; going back in the history always gets the page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and htmx.target == LIST and not htmx.history_restore_request


def _context(request: HttpRequest, chosen: PortfolioFilter, *, with_page: bool) -> dict[str, object]:
    who, now, base = signed_in(request), timezone.now(), request.path
    today = business_day(now)
    visible = Project.objects.visible_to(who)
    wanted = condition(chosen, who, today)
    counts = summary(visible, wanted, today)
    paging = Paging.of(counts.total, chosen.page, settings.PAGE_SIZE, lambda page: base + chosen.query(page=page))
    found = read_columns(in_order(visible.filter(wanted), chosen.sort, today)[paging.start : paging.stop])
    steps = findings(visible, settled_of(found), today)
    return {
        "nav": "portfolio",
        "base": base,
        "as_of": moment(now.astimezone(who.zone)),
        "may_start": (with_page or not counts.visible) and holds_globally(who, "projects", "add_project"),
        "export": base + (f"{query}&" if (query := chosen.query()) else "?") + "format=csv",
        "tiles": tiles(counts, steps, base) if with_page else [],
        "counts": counts,
        "rows": rows(found, steps, signals(found, today), today),
        "headers": headers(chosen, base),
        "paging": paging,
        "chosen": chosen,
        "toggle_mine": base + chosen.query(mine=not chosen.mine),
        "chips": chips(chosen, counts.managers, base),
        "choices": {
            "phase": PHASES,
            "kind": KINDS,
            "pm": counts.managers,
            "standing": STANDINGS,
            "go_live": GO_LIVES,
            "health": HEALTHS,
        },
    }


def _export(request: HttpRequest, chosen: PortfolioFilter) -> HttpResponseBase:
    who, today = signed_in(request), business_day()
    found = Project.objects.visible_to(who).filter(condition(chosen, who, today))
    return csv_response(
        f"portfolio_{today}.csv", EXPORT_HEADER, export_rows(in_order(found, chosen.sort, today), today)
    )
