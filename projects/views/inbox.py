"""The inbox: what one hears, how much of it is unread; marking it read, and putting it off."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from projects.comments import asked_of
from projects.forms import NoticesForm, SnoozeForm, own_path
from projects.inbox_acts import mark_read, mark_unread, snooze, until, wake
from projects.inbox_page import PER_PAGE, SNOOZED, InboxFilter, counts, entries_of, groups_of, unread_count
from projects.models import NoticeKind
from projects.notice_kinds import GROUPS
from projects.paging import Paging
from projects.panels import panels
from projects.views.getters import signed_in
from transitions.clock import business_day

NOT_THERE = "There is no such notice."


class InboxForm(forms.Form):
    """The parameters of the inbox."""

    show = forms.ChoiceField(required=False, choices=[("all", "All"), (SNOOZED, "Snoozed")])
    kind = forms.ChoiceField(required=False, choices=NoticeKind.choices)
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what the person hears, unread first; what belongs together folded, comments asked of them above."""
    person, now, base = signed_in(request), timezone.now(), reverse("inbox")
    form = InboxForm(request.GET)
    valid = form.is_valid()
    given = {name: value for name, value in form.cleaned_data.items() if value}
    chosen = InboxFilter(**given)
    found = entries_of(person, chosen, now)
    paging = Paging.of(len(found), chosen.page, PER_PAGE, lambda page: base + chosen.query(page=page))
    groups = groups_of(person, found[paging.start : paging.stop], now)
    unread = [entry.key for group in groups for entry in group.entries if entry.unread and chosen.show != SNOOZED]
    today, number = business_day(now), dict(zip(("", SNOOZED), counts(person, now), strict=True))
    context = {
        "nav": "inbox",
        "groups": groups,
        "unread": ",".join(unread),
        "asked": asked_of(person, today) if chosen == InboxFilter() else [],
        "chosen": chosen,
        "here": base + chosen.query(page=paging.number),
        "shows": [(label, number.get(show, 0), base + chosen.query(show=show), chosen.show == show)
                  for show, label in (("", "Unread"), ("all", "All"), (SNOOZED, "Snoozed"))],
        "kinds": GROUPS,
        "all_kinds": base + chosen.query(kind=""),
        "tomorrow": until(person, "tomorrow", now).date(),
        "panels": panels("inbox", person),
        "group_panels": panels("inbox-group", person),
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


Act = Callable[[User, Iterable[int]], bool]


def _act(request: HttpRequest, form: NoticesForm, act: Act, words: str = "") -> HttpResponse:
    """Do something with the notices of a form, all of them or none; one that is somebody else's is not there."""
    if not act(signed_in(request), form.ids()):
        raise Http404(NOT_THERE)
    if words:
        messages.success(request, words)
    return redirect(own_path(form.cleaned_data["next"], fallback=reverse("inbox")))


def _which() -> HttpResponse:
    return HttpResponseBadRequest("Which notices?", content_type="text/plain")


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark notices read: one, or all that the page shows; with `unread`, unread again."""
    form = NoticesForm(request.POST)
    if not form.is_valid():
        return _which()
    if form.cleaned_data["unread"]:
        return _act(request, form, mark_unread)
    now = timezone.now()
    return _act(request, form, lambda person, ids: mark_read(person, ids, now=now))


@require_POST
def put_off(request: HttpRequest) -> HttpResponse:
    """Put notices off until tomorrow's morning, next Monday's, or that of a day."""
    person, now = signed_in(request), timezone.now()
    form = SnoozeForm(request.POST, today=now.astimezone(person.zone).date())
    if not form.is_valid():
        if "notices" in form.errors or "until" in form.errors:
            return _which()
        messages.error(request, " ".join(str(words) for errors in form.errors.values() for words in errors))
        return redirect(own_path(form.cleaned_data.get("next", ""), fallback=reverse("inbox")))
    at = until(person, form.cleaned_data["until"], now, form.cleaned_data["day"])
    said = f"Put off: it comes back on {at:%A}, {at:%b} {at.day}, at {at.hour}:{at:%M}."
    return _act(request, form, lambda who, ids: snooze(who, ids, until=at), said)


@require_POST
def back(request: HttpRequest) -> HttpResponse:
    """Show again what was put off."""
    form = NoticesForm(request.POST)
    return _act(request, form, wake) if form.is_valid() else _which()
