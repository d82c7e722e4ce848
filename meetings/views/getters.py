"""The getters are the permission check: a meeting that a person may not know of does not exist for them (404)."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpRequest

from meetings.models import AgendaItem, Occurrence, Series
from meetings.planned import Planned, as_planned, is_day_of
from meetings.reach import series_seen_by
from projects.views.getters import signed_in
from transitions.clock import business_day

#: No calendar of ours reaches further than so many years before and after today: a rule without an end would go on for ever, and
#: what an agenda is made of is planned from today to its day.
REACH = 5
NO_MEETING = "There is no such meeting, or you are not on it."


def in_reach(day: dt.date, today: dt.date) -> bool:
    """Return whether a day is near enough to be planned for."""
    return abs(day.year - today.year) <= REACH


def get_series(request: HttpRequest, series_id: int) -> Series:
    """Return a series that the person may see; else 404."""
    found = series_seen_by(signed_in(request)).filter(pk=series_id).first()
    if found is None:
        raise Http404(NO_MEETING)
    return found


def get_series_inside(request: HttpRequest, series_id: int) -> Series:
    """Return the series as `get_series` does, for an act of people inside the company; else 404."""
    if signed_in(request).is_outside:
        raise Http404(NO_MEETING)
    return get_series(request, series_id)


def get_meeting(request: HttpRequest, series_id: int, day: dt.date, *, inside: bool = False) -> Planned:
    """Return one meeting of a series that the person may see, by the day that the rule gave it; else 404, as out of reach."""
    series = (get_series_inside if inside else get_series)(request, series_id)
    row = Occurrence.objects.filter(series=series, day=day).select_related("host", "clash_kept_by").first()
    if row is None and not (in_reach(day, business_day()) and is_day_of(series, day)):
        raise Http404(NO_MEETING)
    if row is not None:
        row.project = series.project
    return as_planned(series, day, row)


def get_row(request: HttpRequest, series_id: int, day: dt.date) -> tuple[Planned, Occurrence]:
    """Return a meeting of which there is a row, for people inside the company; else 404: nothing was written of it yet."""
    meeting = get_meeting(request, series_id, day, inside=True)
    if meeting.row is None:
        raise Http404(NO_MEETING)
    return meeting, meeting.row


def get_item(request: HttpRequest, series_id: int, day: dt.date, item_id: int) -> tuple[Planned, AgendaItem]:
    """Return a point of a meeting's agenda, for people inside the company; else 404."""
    meeting, row = get_row(request, series_id, day)
    item = row.items.select_related("project", "step").filter(pk=item_id).first()
    if item is None:
        raise Http404(NO_MEETING)
    item.occurrence = row
    return meeting, item
