"""The inbox: what one hears, how much of it is unread, and marking it read."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.comments import asked_of
from projects.forms import NoticesForm, own_path
from projects.inbox_page import PER_PAGE, InboxFilter, entries_of, groups_of, mark_read, unread_count
from projects.models import NoticeKind
from projects.paging import Paging
from projects.views.getters import signed_in
from transitions.clock import business_day


class InboxForm(forms.Form):
    """The parameters of the inbox."""

    show = forms.ChoiceField(required=False, choices=[("all", "All")])
    kind = forms.ChoiceField(required=False, choices=NoticeKind.choices)
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what the person hears, unread first; summaries folded, comments asked of them above."""
    person, now, base = signed_in(request), timezone.now(), reverse("inbox")
    form = InboxForm(request.GET)
    valid = form.is_valid()
    given = {name: value for name, value in form.cleaned_data.items() if value}
    chosen = InboxFilter(**given)
    found = entries_of(person, chosen, now)
    paging = Paging.of(len(found), chosen.page, PER_PAGE, lambda page: base + chosen.query(page=page))
    groups = groups_of(person, found[paging.start : paging.stop], now)
    unread = [entry.key for group in groups for entry in group.entries if entry.unread]
    today = business_day(now)
    context = {
        "nav": "inbox",
        "groups": groups,
        "unread": ",".join(unread),
        "asked": asked_of(person, today) if chosen == InboxFilter() else [],
        "chosen": chosen,
        "here": base + chosen.query(page=paging.number),
        "shows": [("Unread", base + chosen.query(show=""), not chosen.show),
                  ("All", base + chosen.query(show="all"), chosen.show == "all")],
        "kinds": [(label, base + chosen.query(kind="" if kind == chosen.kind else kind), kind == chosen.kind)
                  for kind, label in NoticeKind.choices],
        "paging": paging,
        "today": today,
        "problems": [] if valid else ["The address asks for something that the inbox does not know; the rest of it holds."],
    }  # fmt: skip
    return render(request, "inbox/index.html", context, status=200 if valid else 400)


@require_GET
def unread(request: HttpRequest) -> HttpResponse:
    """Show how many notices are unread: the number in the bar, which loads it after the page."""
    number = unread_count(signed_in(request), timezone.now())
    return render(request, "inbox/unread.html", {"number": number})


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark notices read: one, or all that the page shows. One that is somebody else's is not there."""
    form = NoticesForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Which notices?", content_type="text/plain")
    if not mark_read(signed_in(request), form.ids(), now=timezone.now()):
        raise Http404("There is no such notice.")
    return redirect(own_path(form.cleaned_data["next"], fallback=reverse("inbox")))
