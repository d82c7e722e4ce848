"""A meeting while it runs: its page, and every form on it. The getter is the permission check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from meetings import deciding, holding
from meetings.closing import add_item, remove_item
from meetings.models import AgendaItem, MeetingAction, Occurrence
from meetings.planned import Planned
from meetings.run_form import (
    ActionForm,
    ActionMoveForm,
    AddForm,
    CloseForm,
    DecideForm,
    DecisionForm,
    NotesForm,
    SayForm,
    presences_of,
)
from meetings.run_page import owners_of, run_values
from meetings.views.getters import get_item, get_meeting, get_row
from projects.models import Project
from projects.signoff import reopenable
from projects.views.getters import signed_in
from projects.views.refusals import add_errors, status_of
from projects.views.signoff import evidence_of
from transitions.blockers import Blocker, MoveRefused, StaleRow
from transitions.moves import perform


@require_GET
def run(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Show the meeting: before it begins its agenda, then one point after the other, then its minutes."""
    meeting = get_meeting(request, series_id, day, inside=True)
    wanted = request.GET.get("item", "")
    return _page(request, meeting, int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None)


@require_POST
def start(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Begin the meeting."""
    meeting = get_meeting(request, series_id, day, inside=True)
    return _act(request, meeting, lambda by: holding.start_meeting(meeting.series, meeting.day, by=by))


@require_POST
def close(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """End the meeting: the minutes go out."""
    meeting, row = get_row(request, series_id, day)
    form = CloseForm(request.POST, auto_id="close-%s")
    said = "The meeting is closed. Everybody on it gets the minutes."
    return _act(
        request,
        meeting,
        lambda by: perform(
            row, "close_meeting", by=by, note=form.cleaned_data["note"], revision=form.cleaned_data["revision"]
        ),
        form=form, name="close", done=said,
    )  # fmt: skip


@require_POST
def notes(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Keep the notes; asked by the page itself while somebody writes, answer what it shows beside them."""
    meeting, row = get_row(request, series_id, day)
    form, status = NotesForm(request.POST, auto_id="notes-%s"), 400
    if form.is_valid():
        try:
            kept = holding.write_notes(
                row, form.cleaned_data["notes"], by=signed_in(request), revision=form.cleaned_data["revision"]
            )
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                form.conflict = refused.row.notes  # type: ignore[attr-defined]
                sent = request.POST.copy()
                sent["revision"] = str(refused.row.revision)
                form.data = sent
        else:
            if _by_htmx(request):
                context = {"saved": timezone.now(), "revision": kept.revision, "problem": ""}
                return render(request, "meetings/_notes_saved.html", context)
            messages.success(request, "The notes are kept.")
            return _back(request, meeting)
    if _by_htmx(request):
        problem = " ".join(str(error) for errors in form.errors.values() for error in errors)
        context = {"saved": None, "revision": request.POST.get("revision", ""), "problem": problem}
        return render(request, "meetings/_notes_saved.html", context, status=status)
    return _page(request, meeting, _item_sent(request), {"notes": form}, status=status)


@require_POST
def attendance(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Note who was there."""
    meeting, row = get_row(request, series_id, day)
    known = [
        int(name.removeprefix("presence-"))
        for name in request.POST
        if name.startswith("presence-") and name.removeprefix("presence-").isdecimal() and len(name) < 27
    ]
    presences = presences_of(request.POST, known)
    said = "Noted who was there."
    return _act(request, meeting, lambda by: holding.note_attendance(row, presences, by=by), done=said)


@require_POST
def add(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Put something on the agenda by hand."""
    meeting = get_meeting(request, series_id, day, inside=True)
    form = AddForm(request.POST, of_company=meeting.series.of_company, auto_id="add-%s")
    if form.is_valid() and (code := form.cleaned_data.get("code", "").strip().upper()):
        form.project = Project.objects.visible_to(signed_in(request)).filter(code=code).first()  # type: ignore[attr-defined]
        if form.project is None:  # type: ignore[attr-defined]
            form.add_error("code", "There is no such project, or you have no seat on it.")

    def act(by: User) -> AgendaItem:
        project = getattr(form, "project", None)
        return add_item(meeting.series, meeting.day, title=form.cleaned_data["title"], project=project, by=by)

    return _act(request, meeting, act, form=form, name="add", done="It is on the agenda.")


@require_POST
def remove(request: HttpRequest, series_id: int, day: dt.date, item_id: int) -> HttpResponse:
    """Take from the agenda what was put on it by hand."""
    meeting, item = get_item(request, series_id, day, item_id)
    return _act(request, meeting, lambda by: remove_item(item, by=by), done=f"{item.title} is off the agenda.")


@require_POST
def say(request: HttpRequest, series_id: int, day: dt.date, item_id: int) -> HttpResponse:
    """Write down what was said of a point."""
    meeting, item = get_item(request, series_id, day, item_id)
    outcomes = holding.outcomes_for(meeting.series.kind, decides=item.step_id is not None)
    form = SayForm(request.POST, outcomes=outcomes, auto_id="say-%s")
    if item.outcome in deciding.DECIDED.values():  # what was decided stands; its note may grow
        form.fields["outcome"].choices = [(item.outcome, item.outcome)]  # type: ignore[attr-defined]

    def act(by: User) -> AgendaItem:
        return holding.settle_item(item, form.cleaned_data["outcome"], note=form.cleaned_data["note"], by=by)

    return _act(request, meeting, act, form=form, name="say", item=item)


@require_POST
def decide(request: HttpRequest, series_id: int, day: dt.date, item_id: int) -> HttpResponse:
    """Decide what the point is about: the step's own decision."""
    meeting, item = get_item(request, series_id, day, item_id)
    offered = [] if item.step is None else [one.path for one in reopenable(item.step, signed_in(request))]
    form = DecideForm(request.POST, reopenable=offered, auto_id="decide-%s")

    def act(by: User) -> AgendaItem:
        data = form.cleaned_data
        return deciding.decide_item(
            item, data["act"], note=data["note"], reopens=tuple(data["reopens"]), shown=data["shown"],
            evidence=evidence_of(request), by=by,
        )  # fmt: skip

    return _act(request, meeting, act, form=form, name="decide", item=item, done="Decided. A receipt is on its way.")


@require_POST
def decision(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Write down what the meeting decided."""
    meeting, row = get_row(request, series_id, day)
    form = DecisionForm(request.POST, auto_id="decision-%s")
    item = _item_named(row, request)

    def act(by: User) -> Any:
        return holding.record_decision(row, form.cleaned_data["text"], item=item, by=by)

    return _act(request, meeting, act, form=form, name="decision", item=item)


@require_POST
def action(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Write down what somebody takes away to do."""
    meeting, row = get_row(request, series_id, day)
    item = _item_named(row, request)
    about = (item is not None and item.project_id is not None) or meeting.series.project_id is not None
    people = owners_of(meeting, timezone.now(), item)
    form = ActionForm(request.POST, people=people, about_project=about, auto_id="action-%s")

    def act(by: User) -> MeetingAction:
        data = form.cleaned_data
        return holding.give_action(
            row, data["text"], owner=User.objects.get(pk=data["owner"]), due=data["due"], item=item, becomes=data["becomes"],
            by=by,
        )  # fmt: skip

    return _act(request, meeting, act, form=form, name="action", item=item)


@require_POST
def move_action(request: HttpRequest, series_id: int, day: dt.date, action_id: int) -> HttpResponse:
    """Say that an action is done, or dropped, or taken up again. It may be one that an earlier meeting left."""
    meeting = get_meeting(request, series_id, day, inside=True)
    found = MeetingAction.objects.filter(
        pk=action_id, occurrence__series__kind=meeting.series.kind,
        occurrence__series__project=meeting.series.project_id,
    ).first()  # fmt: skip
    if found is None:
        raise Http404("There is no such action.")
    form = ActionMoveForm(request.POST)

    def act(by: User) -> Any:
        data = form.cleaned_data
        return perform(found, data["move"], by=by, note=data["note"], revision=data["revision"])

    return _act(request, meeting, act, form=form, name="move")


# Their parts --------------------------------------------------------------------------------------------------------------


def _act(
    request: HttpRequest,
    meeting: Planned,
    act: Callable[[User], object],
    *,
    form: forms.Form | None = None,
    name: str = "",
    item: AgendaItem | None = None,
    done: str = "",
) -> HttpResponse:
    """Let a service act, where what was sent is valid, and lead back; else show the page with what is wrong."""
    item_id = item.pk if item else _item_sent(request)
    refused: list[Blocker] = []
    status = 400
    if form is None or form.is_valid():
        try:
            act(signed_in(request))
        except (MoveRefused, ValidationError) as fault:
            status = status_of(fault) if isinstance(fault, MoveRefused) else 400
            if isinstance(fault, MoveRefused):
                refused = fault.blockers
            elif form is not None:
                add_errors(form, fault)
            else:
                refused = [Blocker("invalid", text) for text in fault.messages]
        else:
            if done:
                messages.success(request, done)
            return _back(request, meeting, item)
    if form is not None and not refused and name in {"decide", "move"}:
        refused = [Blocker("invalid", str(error)) for errors in form.errors.values() for error in errors]
    sent = {name: form} if form is not None and form.errors and name not in {"decide", "move"} else {}
    fresh = get_meeting(request, meeting.series.pk, meeting.day, inside=True)
    return _page(request, fresh, item_id, sent, refused=refused, status=status)


def _page(
    request: HttpRequest,
    meeting: Planned,
    item_id: int | None = None,
    sent: dict[str, forms.Form] | None = None,
    *,
    refused: list[Blocker] | None = None,
    status: int = 200,
) -> HttpResponse:
    values = run_values(meeting, signed_in(request), timezone.now(), item_id=item_id, forms_sent=sent)
    problem = next(iter((sent or {}).values()), None)
    context = {"nav": "meetings", "refused": refused or [], "problem": problem, "typed": request.POST, **values}
    return render(request, "meetings/run.html", context, status=status)


def _back(request: HttpRequest, meeting: Planned, item: AgendaItem | None = None) -> HttpResponse:
    """Lead to the page from which it was sent: the point that was spoken of stays, until it is settled."""
    address = reverse("run-meeting", args=[meeting.series.pk, meeting.day.isoformat()])
    item_id = item.pk if item else _item_sent(request)
    if item is not None and request.POST.get("next") == "point":
        return redirect(address)  # the first that is open
    return redirect(f"{address}?item={item_id}" if item_id else address)


def _item_sent(request: HttpRequest) -> int | None:
    value = request.POST.get("item", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _item_named(row: Occurrence, request: HttpRequest) -> AgendaItem | None:
    found = _item_sent(request)
    if found is None:
        return None
    item = row.items.select_related("project").filter(pk=found).first()
    if item is None:
        raise Http404("There is no such point on this agenda.")
    return item


def _by_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
