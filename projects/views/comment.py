"""Answering a comment that was asked."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from projects.comments import answer_comment
from projects.forms import CommentForm
from projects.views.getters import get_shared_step, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused
from transitions.clock import business_day


@require_http_methods(["GET", "POST"])
def comment(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Show what was asked of the person on a step, and take their answer."""
    step, person = get_shared_step(request, code, path), signed_in(request)
    asked = step.comment_requests.filter(person=person).order_by("withdrawn_at", "-pk")
    mine = asked.filter(withdrawn_at=None).first() or asked.first()
    form = CommentForm(request.POST or None)
    status = (403 if mine is None else 400) if request.method == "POST" else 200
    if request.method == "POST" and mine is not None and form.is_valid():
        try:
            answer_comment(mine, form.cleaned_data["text"], by=person)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "Your comment is kept with the step.")
            return redirect("comment", code=code, path=path)
    context = {
        "nav": "my-work",
        "project": step.project,
        "step": step,
        "address": step.project.step_url(path),
        "asked": mine,
        "open": mine is not None and mine.withdrawn_at is None and not step.live.closed,
        "answers": list(mine.answers.all()) if mine else [],
        "form": form,
        "today": business_day(),
    }
    return render(request, "projects/comment.html", context, status=status)
