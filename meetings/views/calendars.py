"""Calendars that people subscribe to: their page, and the feeds themselves."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.limits import too_many, within
from accounts.security import note
from meetings import feeds
from meetings.calendar_forms import FeedForm
from meetings.models import CalendarFeed
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused

NO_FEED = "There is no such calendar."


@require_GET
def calendars(request: HttpRequest) -> HttpResponse:
    """List one's calendars; `?of=project:MRW-1` asks for one that is not in the list of those offered."""
    return page(request, also=request.GET.get("of", "")[:40])


@never_cache
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Make a calendar, and show its address: here, this once."""
    person = signed_in(request)
    form = FeedForm(request.POST, person=person, feeds=feeds.feeds_of(person))
    if not form.is_valid():
        return page(request, form=form, status=400)
    try:
        minted = feeds.make_feed(by=person, **form.chosen())
    except MoveRefused as refused:
        return page(request, form=form, status=add_errors(form, refused))
    return page(request, minted=minted)


@never_cache
@require_POST
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a calendar another address, and show that: here, this once."""
    return page(request, minted=feeds.reset_feed(get_feed(request, pk), by=signed_in(request)), again=True)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a calendar."""
    feeds.revoke_feed(get_feed(request, pk), by=signed_in(request))
    messages.success(request, "The calendar is ended: its address opens nothing any more.")
    return redirect("calendars")


def page(
    request: HttpRequest,
    *,
    form: FeedForm | None = None,
    minted: feeds.Minted | None = None,
    again: bool = False,
    also: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the page of calendars, with an address that was just made, or what was refused."""
    person = signed_in(request)
    mine = feeds.feeds_of(person)
    context = {
        "nav": "calendars", "feeds": mine, "minted": minted, "again": again,
        "form": form or FeedForm(person=person, feeds=mine, also=also),
    }  # fmt: skip
    return render(request, "meetings/calendars.html", context, status=status)


@login_not_required
@require_safe
def feed(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """Give a calendar program what it subscribed to, or tell it that nothing changed. Whatever is wrong is 404 alike."""
    found = feeds.by_token(pk, token) if pk < 2**63 else None
    if found is None:
        note("feed_refused", request, feed=pk)
        if not within(request, "calendar_wrong"):
            return too_many(request)
        raise Http404(NO_FEED)
    if not within(request, "calendar", key=str(pk)):
        return too_many(request)
    served = feeds.serve(found)
    changed = int(served.changed_at.timestamp())
    headers = {
        "ETag": served.etag,
        "Last-Modified": http_date(changed),
        "Cache-Control": "private, no-cache",
        "Content-Disposition": 'inline; filename="gatehouse.ics"',
        "X-Robots-Tag": "noindex",
    }
    answer = HttpResponse(served.body, content_type="text/calendar; charset=utf-8", headers=headers)
    given = get_conditional_response(request, etag=served.etag, last_modified=changed, response=answer)
    return given or answer


def get_feed(request: HttpRequest, pk: int) -> CalendarFeed:
    """Return an open calendar of the person's own; else 404."""
    return get_object_or_404(CalendarFeed, pk=pk if pk < 2**63 else 0, person=signed_in(request), revoked_at=None)
