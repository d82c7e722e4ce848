"""The list of meetings, and the page of a series."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from meetings import pages, rights
from meetings.forms import AttendeesForm, EndForm, SeriesForm, values_of_series
from meetings.models import Series
from meetings.reach import series_of, series_seen_by
from meetings.series import edit_all, end_series, offered_attendees, set_attendees
from meetings.views.getters import NO_MEETING, get_series, get_series_inside, in_reach
from projects.views.conflicts import show_conflict
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow


@require_safe
def meetings(request: HttpRequest) -> HttpResponse:
    """Show the meetings of the next eight weeks, or of a month: one's own, or all that one may see."""
    person = signed_in(request)
    if person.is_outside:
        raise Http404(NO_MEETING)
    now = timezone.now()
    whose = "all" if request.GET.get("whose") == "all" else "mine"
    series = list((series_seen_by if whose == "all" else series_of)(person))
    context: dict[str, Any] = {"nav": "meetings", "whose": whose, "any_series": bool(series), "zone": person.zone}
    if request.GET.get("view") == "month":
        first = _month(request.GET.get("month", ""), now.astimezone(person.zone).date())
        context |= {
            "view": "month", "first": first, "weeks": pages.month(series, person, first, now),
            "before": (first - dt.timedelta(days=1)).replace(day=1), "after": pages.next_month(first),
        }  # fmt: skip
    else:
        weeks, more = pages.weeks(series, person, now)
        context |= {"view": "list", "weeks": weeks, "more": more}
    return render(request, "meetings/index.html", context)


def _month(asked: str, today: dt.date) -> dt.date:
    """Return the first day of the month `2026-12`; of the present one where that is none, or no year of ours."""
    try:
        first = dt.date.fromisoformat(f"{asked}-01")
    except ValueError:
        return today.replace(day=1)
    return first if in_reach(first, today) else today.replace(day=1)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, series_id: int) -> HttpResponse:
    """Show a series; on POST change all of it, or show both values where somebody was quicker."""
    if request.method != "POST":
        return page(request, get_series(request, series_id))
    series, person = get_series_inside(request, series_id), signed_in(request)
    form, status = SeriesForm.of(series, request.POST), 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            edit_all(series, by=person, revision=data["revision"], cancels=data["cancels"], **form.values())
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            tell_conflict(form, refused)
        else:
            messages.success(request, f"{series.title} is saved.")
            return redirect(series)
    return page(request, get_series(request, series_id), form=form, status=status)


def tell_conflict(form: Any, refused: MoveRefused | ValidationError) -> None:
    """Lay both values side by side where the form was stale, and let it agree to what would be cancelled where it was told."""
    if isinstance(refused, StaleRow):
        values = values_of_series(refused.row)
        revision = values.pop("revision")
        values["host"] = refused.row.host
        stored = {name: _clock(value) for name, value in values.items() if name in form.fields}
        form.cleaned_data["starts_at"] = _clock(form.cleaned_data["starts_at"])
        show_conflict(form, stored=stored, carries={"revision": revision})
    elif isinstance(refused, MoveRefused):
        days = [blocker.subject for blocker in refused.blockers if blocker.code == "cancels"]
        if days:
            form.told_of(days)


def _clock(value: Any) -> Any:
    return f"{value.hour}:{value.minute:02}" if isinstance(value, dt.time) else value


def page(
    request: HttpRequest, series: Series, *, form: SeriesForm | None = None, ending: EndForm | None = None,
    attending: AttendeesForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render the page of a series; the forms are those that were refused."""
    person, now = signed_in(request), timezone.now()
    people = pages.people_of(series)
    on = pages.is_on(series, person, people)
    archived = series.project is not None and series.project.is_archived()
    facts = pages.series_facts(series, person, now)
    runs = not archived and not facts["ended"] and rights.may_run(series, person)
    offered = offered_attendees(series) if runs else []
    context = {
        "nav": "meetings", "series": series, "facts": facts, "people": people, "runs": runs,
        "link": series.join_link if on else "", "on": on,
        "dates": pages.next_dates(series, person, now, attends=on), "earlier": pages.earlier_dates(series, person, now),
        "form": form or SeriesForm.of(series),
        "ending": ending or EndForm(initial={"revision": series.revision}, auto_id="end_%s"),
        "attending": attending
        or AttendeesForm(people=offered, initial={"people": [one.id for one in people]}, auto_id="attend_%s"),
    }  # fmt: skip
    return render(request, "meetings/series.html", context, status=status)


@require_POST
def end(request: HttpRequest, series_id: int) -> HttpResponse:
    """End a series."""
    series = get_series_inside(request, series_id)
    form, status = EndForm(request.POST, auto_id="end_%s"), 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            end_series(series, data["day"], by=signed_in(request), reason=data["reason"], revision=data["revision"])
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"{series.title} has its end. What was held stays here.")
            return redirect(series)
    return page(request, get_series(request, series_id), ending=form, status=status)


@require_POST
def attendees(request: HttpRequest, series_id: int) -> HttpResponse:
    """Say who attends a series."""
    series = get_series_inside(request, series_id)
    form, status = AttendeesForm(request.POST, people=offered_attendees(series), auto_id="attend_%s"), 400
    if form.is_valid():
        try:
            set_attendees(series, form.cleaned_data["people"], by=signed_in(request))
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "The attendees are saved.")
            return redirect(series)
    return page(request, get_series(request, series_id), attending=form, status=status)
