"""Billers, for everybody inside; kept by administrators and the Implementations group."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects.filters import has_blanks, read
from projects.history_page import registry_source
from projects.models import Biller, State, Vertical
from projects.panels import Panel, panels
from projects.registry import add_biller, add_mrr, change_biller, may_keep
from projects.registry_form import NO_STATE, BillerFactsForm, BillerFilter, BillerListForm, MrrForm, NewBillerForm
from projects.registry_page import BILLER_HEADER, biller_export, biller_page, biller_rows
from projects.views.getters import signed_in
from projects.views.history import page as history_page
from projects.views.registry import (
    BILLERS,
    PORTFOLIO,
    about,
    edit_page,
    history_values,
    insider,
    keeper,
    list_values,
    paging_of,
    submit,
)  # fmt: skip
from sheets.writing import Sheet, xlsx_response
from transitions.clock import business_day


def get_biller(request: HttpRequest, biller: str) -> Biller:
    """Return the biller of that code, in either case, for whoever is inside; else 404."""
    insider(request)
    return get_object_or_404(Biller, code=biller.upper())


@require_safe
def billers(request: HttpRequest) -> HttpResponseBase:
    """Show the billers asked for, fifty a page, or all of them as a file (`format=xlsx`)."""
    person, today = insider(request), business_day()
    chosen, problems = read(BillerListForm, BillerFilter(), request.GET)
    if has_blanks(request.GET) and not problems:
        return redirect(request.path + chosen.query(page=chosen.page))
    found = Biller.objects.filter(chosen.condition()).order_by("name", "pk")
    if "format" in request.GET and not problems:
        sheet = Sheet("Billers", BILLER_HEADER, biller_export(found, person, today))
        return xlsx_response(f"billers_{today}.xlsx", [sheet], about=about(request, "Billers"))
    paging = paging_of(request, chosen, found.count())
    context = list_values(request, chosen, problems, paging) | {
        "rows": biller_rows(found[paging.start : paging.stop], person, today),
        "any": paging.total or (chosen.narrowed and Biller.objects.exists()),
        "keeps": may_keep(person),
        "choices": {"vertical": Vertical.choices, "state": [NO_STATE, *State.choices]},
    }
    return render(request, "registry/billers.html", context, status=400 if problems else 200)


@require_http_methods(["GET", "POST"])
def new_biller(request: HttpRequest) -> HttpResponse:
    """Add a biller that was live before Gatehouse; others come with their first project."""
    person = keeper(request)
    form = NewBillerForm(request.POST or None)
    status = submit(request, form, lambda: add_biller(**form.said(), by=person))
    if status is None:
        messages.success(request, f"{form.cleaned_data['name']} is added.")
        return redirect("biller", form.cleaned_data["code"].upper())
    crumbs = [PORTFOLIO, BILLERS, ("Add", "")]
    words = "One that was live before Gatehouse. Others come with their project."
    return edit_page(request, form, "Add a biller", crumbs, status=status, subtitle=words, button="Add")


@require_safe
def biller(request: HttpRequest, biller: str) -> HttpResponse:
    """Show a biller: what is known of it, its MRR over time, its projects, and where it is live."""
    return _biller_page(request, get_biller(request, biller))


def _biller_page(request: HttpRequest, row: Biller, *, form: MrrForm | None = None, status: int = 200) -> HttpResponse:
    person, today = signed_in(request), business_day()
    context = biller_page(row, person, today) | {
        "nav": "portfolio", "biller": row, "crumbs": [PORTFOLIO, BILLERS, (row.code, "")], "keeps": may_keep(person),
        "form": form or MrrForm(initial={"as_of": today}),
    }  # fmt: skip
    return render(request, "registry/biller.html", context, status=status)


@require_http_methods(["GET", "POST"])
def edit_biller(request: HttpRequest, biller: str) -> HttpResponse:
    """Change what is known of a biller, once what follows was shown; one that changed meanwhile is shown with both values."""
    row = get_biller(request, biller)
    person = keeper(request)
    form = BillerFactsForm(request.POST or None, initial=BillerFactsForm.filled(row))
    facts = ("name", "vertical", "state", "enterprise")
    follows: list[Panel] = []
    status: int | None = 200
    if form.is_bound and form.is_valid() and not form.was_shown and (other := form.supposed(row)) is not row:
        follows = panels("biller", other, person, business_day())
    if follows:
        form = form.with_shown()
    else:
        status = submit(request, form, lambda: change_biller(row, **form.said(), by=person), compared=facts)
    if status is None:
        messages.success(request, f"{form.cleaned_data['name']} is changed.")
        return redirect(row)
    crumbs = [PORTFOLIO, BILLERS, (row.code, row.get_absolute_url()), ("Edit", "")]
    button = "Save all the same" if follows else "Save"
    return edit_page(request, form, f"Edit {row.name}", crumbs, status=status, follows=follows, button=button)


@require_POST
def add_biller_mrr(request: HttpRequest, biller: str) -> HttpResponse:
    """Note what a biller brings from a day on."""
    row = get_biller(request, biller)
    person, form = keeper(request), MrrForm(request.POST)
    status = submit(request, form, lambda: add_mrr(row, **form.cleaned_data, by=person))
    if status is None:
        messages.success(request, "The MRR is entered.")
        return redirect(row)
    return _biller_page(request, row, form=form, status=status)


@require_safe
def biller_history(request: HttpRequest, biller: str) -> HttpResponseBase:
    """Show all that ever changed in what is known of a biller."""
    row = get_biller(request, biller)
    sources = [registry_source("biller", signed_in(request).zone, id=row.pk)]
    return history_page(
        request, sources, history_values(row.name, row.get_absolute_url(), BILLERS), filename=f"history_{row.code}"
    )
