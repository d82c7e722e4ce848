"""What the pages of the registry share: who may see and keep it, its lists, its forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from projects.filters import Filter
from projects.paging import Paging
from projects.registry import may_keep, seen_of
from projects.registry_form import in_words
from projects.views.conflicts import show_conflict
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow
from transitions.clock import business_day

BILLERS, INTEGRATIONS = ("Billers", "/billers/"), ("Integrations", "/integrations/")
PORTFOLIO = ("Portfolio", "/projects/")
#: So many names are offered while somebody types one.
OFFERED = 500


# Getters: people outside find nothing here.


def insider(request: HttpRequest) -> User:
    """Return who asks, if they are inside the company; else 404."""
    person = signed_in(request)
    if person.is_outside:
        raise Http404
    return person


def keeper(request: HttpRequest) -> User:
    """Return who asks, if they keep the registry; 403 for others inside, 404 outside."""
    person = insider(request)
    if not may_keep(person):
        raise PermissionDenied("The registry is kept by administrators and the Implementations group.")
    return person


def submit(
    request: HttpRequest, form: forms.Form, act: Callable[[], Any], *, compared: tuple[str, ...] = ()
) -> int | None:
    """Do what a form that was sent asks for; return None where it is done, else the status with which the form is shown.

    What refuses it is on the form, with both values where somebody was quicker.

    Args:
        act: asks for the form's values, which are good by then. compared: the fields that are laid side by side.
    """
    if request.method != "POST":
        return 200
    if not form.is_valid():
        return 400
    try:
        act()
    except (MoveRefused, ValidationError) as refused:
        status = add_errors(form, refused)
        if isinstance(refused, StaleRow) and compared:
            stored = in_words(form, compared, refused.row)
            show_conflict(form, stored=stored, carries={"seen": seen_of(refused.row)})
        return status
    return None


def edit_page(
    request: HttpRequest, form: forms.Form, title: str, crumbs: list[tuple[str, str]], *, status: int, **more: Any
) -> HttpResponse:
    """Render a row as a form. The last crumb but one is where its Back leads."""
    context = {"nav": "portfolio", "title": title, "form": form, "crumbs": crumbs, "back": crumbs[-2][1]}
    defaults: dict[str, Any] = {"subtitle": "", "button": "Save", "partners": [], "cell": None, "follows": []}
    return render(request, "registry/edit.html", context | defaults | more, status=status)


def paging_of(request: HttpRequest, chosen: Filter, total: int) -> Paging:
    """Return the pages of a list of `total` rows."""
    return Paging.of(total, chosen.page, settings.PAGE_SIZE, lambda page: request.path + chosen.query(page=page))


def list_values(request: HttpRequest, chosen: Filter, problems: list[str], paging: Paging) -> dict[str, Any]:
    """Return the values that both lists have."""
    query = chosen.query()
    return {
        "nav": "portfolio", "base": request.path, "chosen": chosen, "problems": problems, "paging": paging,
        "export": request.path + (f"{query}&" if query else "?") + "format=xlsx",
    }  # fmt: skip


def about(request: HttpRequest, what: str) -> list[tuple[str, object]]:
    """Return what a file of the registry says of itself."""
    query = request.GET.copy()
    query.pop("format", None)
    return [
        ("What", what),
        ("Filters", query.urlencode() or "none"),
        ("As of", business_day()),
        ("For", signed_in(request).name),
        ("Projects", "Named as far as this person sees them; counts and live customers are of all."),
    ]


def history_values(name: str, back: str, of: tuple[str, str]) -> dict[str, Any]:
    """Return the values around the history of a row; `back` is its page, `of` the crumb of its list."""
    crumbs = [PORTFOLIO, of, (name, back), ("History", "")]
    return {"nav": "portfolio", "title": f"History of {name}", "crumbs": crumbs, "back": back}
