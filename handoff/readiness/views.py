"""The go-live board."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handoff.marks import Ready
from handoff.readiness.board import board
from projects.views.getters import signed_in
from transitions.clock import business_day


@require_GET
def go_lives(request: HttpRequest) -> HttpResponse:
    """Show who goes live in the coming eight weeks; `?mine=1` only what the reader runs. People outside get 404."""
    person = signed_in(request)
    if person.is_outside:
        raise Http404("There is no such page.")
    mine = request.GET.get("mine") == "1"
    today = business_day()
    context = {
        "nav": "go-lives",
        "told": board(person, today, mine=mine),
        "criteria": list(Ready),
        "mine": mine,
        "today": today,
    }
    return render(request, "handoff/readiness/board.html", context)
