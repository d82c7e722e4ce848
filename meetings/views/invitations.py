"""Answers to invitations: who comes, one's own answer, and replies that arrived by mail."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from meetings.answers_page import answers_values
from meetings.calendar_forms import AnswerForm, ReplyForm
from meetings.planned import Planned
from meetings.replies import ReplyRefused, answer_meeting, take_reply
from meetings.views.getters import get_meeting
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused


@require_GET
def answers(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Show who comes to a meeting."""
    return page(request, get_meeting(request, series_id, day))


@require_POST
def answer(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Answer for oneself."""
    meeting = get_meeting(request, series_id, day)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return page(request, meeting, form=form, status=400)
    try:
        given = answer_meeting(meeting.series, meeting.day, form.cleaned_data["answer"], by=signed_in(request))
    except MoveRefused as refused:
        return page(request, meeting, form=form, status=add_errors(form, refused))
    messages.success(request, f"Your answer is kept: {given.get_answer_display().lower()}.")
    return redirect("meeting-answers", series_id, meeting.day.isoformat())


@require_POST
def reply(request: HttpRequest, series_id: int, day: dt.date) -> HttpResponse:
    """Take a reply that somebody received by mail."""
    meeting = get_meeting(request, series_id, day)
    form = ReplyForm(request.POST, request.FILES)
    if not form.is_valid():
        return page(request, meeting, form=form, status=400)
    try:
        read = take_reply(form.cleaned_data["reply"].read(), by=signed_in(request), of=meeting.series)
    except ReplyRefused as refused:
        form.add_error("reply", str(refused))
        return page(request, meeting, form=form, status=400)
    except MoveRefused as refused:
        return page(request, meeting, form=form, status=add_errors(form, refused))
    (messages.warning if read.ignored else messages.success)(request, read.words)
    return redirect("meeting-answers", series_id, meeting.day.isoformat())


def page(
    request: HttpRequest, meeting: Planned, *, form: AnswerForm | ReplyForm | None = None, status: int = 200
) -> HttpResponse:
    """Render who comes, with what was refused."""
    shown = answers_values(meeting, signed_in(request))
    if isinstance(form, ReplyForm):
        shown["form"] = form
    context = {"nav": "meetings", "meeting": meeting, "answers": shown, "form": form or AnswerForm()}
    return render(request, "meetings/answers.html", context, status=status)
