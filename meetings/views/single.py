"""One meeting: its page, and the acts on it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from meetings import pages
from meetings.agenda_page import agenda_values
from meetings.answers_page import answers_values
from meetings.clock_words import when
from meetings.following import edit_following
from meetings.forms import AgainForm, CancelForm, ChangeForm, values_of
from meetings.models import Series
from meetings.planned import Planned, as_planned
from meetings.rules import in_words
from meetings.series import edit_all
from meetings.single import cancel_meeting, edit_meeting, hold_after_all, keep_clash
from meetings.views.getters import NO_MEETING, get_meeting
from projects.people import Person
from projects.views.conflicts import show_conflict
from projects.views.getters import signed_in
from projects.views.refusals import add_errors, status_of
from transitions.blockers import Blocker, MoveRefused, StaleRow
from transitions.meeting import OccurrenceState


@require_safe
def show(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Show one meeting."""
    return page(request, get_meeting(request, series_id, day))


def page(
    request: HttpRequest, meeting: Planned, *, form: ChangeForm | None = None, cancelling: CancelForm | None = None,
    refused: list[Blocker] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render a meeting's page; the forms are those that were refused, `refused` is what stood in the way."""
    person, now, series = signed_in(request), timezone.now(), meeting.series
    people = pages.people_of(series)
    on = pages.is_on(series, person, people) or meeting.host_id == person.pk
    host = (meeting.row.host if meeting.row and meeting.row.host else None) or series.host
    row = meeting.row
    seen = {"seen": row.revision if row else 0}
    context: dict[str, Any] = {
        "nav": "meetings", "meeting": meeting, "series": series, "row": pages.row_of(meeting, person, now, attends=on),
        "when": when(meeting.starts, meeting.ends, series.zone, person.zone, now), "people": people, "on": on,
        "host": Person(host.pk, host.name) if host else None, "rule": in_words(series.rule, series.starts_on),
        "runs": pages.runs(meeting, person), "planned": meeting.state == OccurrenceState.PLANNED,
        "coming": meeting.starts > now, "kept_by": row.clash_kept_by if row else None,
        "form": form or ChangeForm.of(meeting), "cancelling": cancelling or CancelForm(initial=seen, auto_id="cancel_%s"),
        "again": AgainForm(initial=seen, auto_id="again_%s"), "refused": refused or [],
        # What is talked about is for people of the company.
        "agenda": agenda_values(meeting, person, now) if not person.is_outside else {},
        "answers": answers_values(meeting, person),
    }  # fmt: skip
    return render(request, "meetings/meeting.html", context, status=status)


@require_POST
def change(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Change a meeting: this one, this and all that follow, or the whole series."""
    meeting = get_meeting(request, series_id, day, inside=True)
    form, status = ChangeForm.of(meeting, request.POST), 400
    if form.is_valid():
        try:
            series, where = _change(meeting, form, signed_in(request))
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            _tell_conflict(form, meeting, refused)
        except LookupError:
            raise Http404(NO_MEETING) from None
        else:
            messages.success(request, f"{series.title} is saved.")
            return redirect(where)
    return page(request, get_meeting(request, series_id, day), form=form, status=status)


def _change(meeting: Planned, form: ChangeForm, by: Any) -> tuple[Series, str]:
    """Do what the form says; return the series that the meeting is of then, and the page to go on at."""
    data, series = form.cleaned_data, meeting.series
    if meeting.row is not None and meeting.row.revision != data["seen"]:
        raise StaleRow(meeting.row, "Somebody changed this meeting since you opened it.")
    if data["scope"] == "this":
        row = edit_meeting(
            series, meeting.day, by=by, revision=data["seen"], series_revision=data["revision"], **form.for_one()
        )
        return series, row.get_absolute_url()
    said: dict[str, Any] = {"by": by, "revision": data["revision"], "cancels": data["cancels"], **form.for_series()}
    if data["scope"] == "following":
        changed = edit_following(series, meeting.day, **said)
    else:
        said.pop("starts_on", None)
        changed = edit_all(series, **said)
    return changed, changed.get_absolute_url()


def _tell_conflict(form: ChangeForm, meeting: Planned, refused: MoveRefused | ValidationError) -> None:
    if isinstance(refused, StaleRow):
        stale = refused.row
        fresh = (
            as_planned(stale, meeting.day) if isinstance(stale, Series) else as_planned(stale.series, stale.day, stale)
        )
        values = values_of(fresh)
        carries = {name: values.pop(name) for name in ("revision", "seen")}
        if isinstance(stale, Series):
            carries["seen"] = form.cleaned_data["seen"]
        values.pop("scope")
        host = stale.host or (None if isinstance(stale, Series) else stale.series.host)
        stored = {name: value for name, value in values.items() if name in form.fields} | {"host": host}
        for said in (stored, form.cleaned_data):
            said["at"] = f"{said['at'].hour}:{said['at'].minute:02}"
        show_conflict(form, stored=stored, carries=carries)
    elif isinstance(refused, MoveRefused):
        days = [blocker.subject for blocker in refused.blockers if blocker.code == "cancels"]
        if days:
            form.told_of(days)


@require_POST
def cancel(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Cancel one meeting, with a reason."""
    meeting = get_meeting(request, series_id, day, inside=True)
    form, status = CancelForm(request.POST, auto_id="cancel_%s"), 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            cancel_meeting(meeting.series, day, by=signed_in(request), note=data["note"], revision=data["seen"])
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "The meeting is cancelled. Those who attend hear of it.")
            return redirect(meeting.address)
    return page(request, get_meeting(request, series_id, day), cancelling=form, status=status)


@require_POST
def again(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Hold a cancelled meeting after all."""
    meeting, form = get_meeting(request, series_id, day, inside=True), AgainForm(request.POST)
    if not form.is_valid():
        return page(request, meeting, refused=[Blocker("invalid", "Open the page anew and try once more.")], status=400)
    data = form.cleaned_data
    try:
        hold_after_all(meeting.series, day, by=signed_in(request), note=data["note"], revision=data["seen"])
    except MoveRefused as refused:
        return page(request, get_meeting(request, series_id, day), refused=refused.blockers, status=status_of(refused))
    messages.success(request, "The meeting is held after all. Those who attend hear of it.")
    return redirect(meeting.address)


@require_POST
def holiday(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Decide that a meeting on a holiday is held all the same."""
    meeting = get_meeting(request, series_id, day, inside=True)
    try:
        keep_clash(meeting.series, day, by=signed_in(request))
    except MoveRefused as refused:
        return page(request, get_meeting(request, series_id, day), refused=refused.blockers, status=status_of(refused))
    messages.success(request, f"It is held on {meeting.clash or 'that day'} all the same.")
    return redirect(meeting.address)
