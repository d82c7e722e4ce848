"""Replacing a person everywhere."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User
from projects.forms import ReplaceForm, SuccessorForm
from projects.replace import Plan, may_replace, plan, replace_person
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow

#: Projects listed in the preview; the act concerns all of them.
MOST_LISTED = 200


@require_http_methods(["GET", "POST"])
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what replacing a person would do (`?successor=` says by whom), and do what was shown."""
    if not may_replace(signed_in(request)):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    if request.method == "POST":
        return _replace(request, person)
    form = SuccessorForm(request.GET or None, person=person)
    valid = not form.is_bound or form.is_valid()
    successor = form.cleaned_data["successor"] if form.is_bound and valid else None
    return _page(request, plan(person, successor), form, status=200 if valid else 400)


def _replace(request: HttpRequest, person: User) -> HttpResponse:
    form = ReplaceForm(request.POST, person=person)
    if not form.is_valid():
        return _page(request, plan(person), form, status=400)
    data = form.cleaned_data
    successor, deactivate = data["successor"], data["deactivate"]
    try:
        done = replace_person(
            person, successor, by=signed_in(request), deactivate=deactivate, fingerprint=data["fingerprint"]
        )
    except (MoveRefused, ValidationError) as refused:
        stale = isinstance(refused, StaleRow)
        status = add_errors(form, refused)
        return _page(request, plan(person, successor), form, status=status, stale=stale)
    number = len(done.projects)
    messages.success(
        request,
        f"{successor or 'Nobody'} is in {person.name}’s place on {number} project{'s' if number != 1 else ''} now."
        + (f" {person.name} is deactivated." if deactivate else ""),
    )
    return redirect("replace-person", pk=person.pk)


def _page(request: HttpRequest, shown: Plan, form: SuccessorForm, *, status: int, stale: bool = False) -> HttpResponse:
    context = {
        "nav": "people",
        "plan": shown,
        "form": form,
        "chosen": form.is_bound,
        "listed": shown.projects[:MOST_LISTED],
        "more": max(0, len(shown.projects) - MOST_LISTED),
        "deactivate": request.POST.get("deactivate") == "on",
        "stale": stale,
    }
    return render(request, "projects/replace.html", context, status=status)
