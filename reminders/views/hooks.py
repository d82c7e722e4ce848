"""Webhooks of a project, for those who run it: what there is, what became of each post, a test, sending again."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from projects.models import Project
from projects.views.getters import get_project, may_manage, signed_in
from projects.views.refusals import add_errors
from reminders.hooks import change_hook, make_hook, send_again, send_test, switch
from reminders.hooks_form import AgainForm, HookForm, SwitchForm
from reminders.hooks_page import hook_lines, post_lines
from reminders.models import Hook, HookPost
from transitions.blockers import MoveRefused

NO_HOOK = "There is no such webhook on this project."


def get_managed(request: HttpRequest, code: str) -> Project:
    """Return the project for those who run it; 404 for who does not see it, 403 for who sees it and does not run it."""
    project = get_project(request, code)
    if not may_manage(project, signed_in(request)):
        raise PermissionDenied
    return project


def get_hook(request: HttpRequest, code: str, hook_id: int) -> Hook:
    """Return a hook of a project for those who run that; 404 where it has no such hook, then 403 as `get_managed`."""
    project = get_project(request, code)
    found = Hook.objects.filter(project=project, pk=hook_id).first() if hook_id < 2**62 else None
    if found is None:
        raise Http404(NO_HOOK)
    if not may_manage(project, signed_in(request)):
        raise PermissionDenied
    found.project = project
    return found


@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def hooks(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project's webhooks; by POST, set one up."""
    project = get_managed(request, code)
    form, status = HookForm(request.POST or None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                hook = make_hook(by=signed_in(request), project=project, **form.cleaned_data)
            except (MoveRefused, ValidationError) as refused:
                status = add_errors(form, refused)
            else:
                messages.success(request, f"“{hook.name}” is told what happens from now on. Send a test.")
                return redirect("hook", project.code, hook.pk)
    context = {"nav": "portfolio", "project": project, "form": form, "lines": hook_lines(project)}
    return render(request, "reminders/hooks.html", context, status=status)


@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, code: str, hook_id: int) -> HttpResponse:
    """Show a webhook and what became of its last posts; by POST, change it."""
    row = get_hook(request, code, hook_id)
    form, status = HookForm(request.POST or None, hook=row), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                change_hook(row, by=signed_in(request), **form.cleaned_data)
            except (MoveRefused, ValidationError) as refused:
                status = add_errors(form, refused)
            else:
                messages.success(request, "Kept.")
                return redirect("hook", code, hook_id)
    context = {
        "nav": "portfolio", "project": row.project, "hook": row, "line": hook_lines(row.project, row.pk)[0],
        "posts": post_lines(row), "form": form, "zone": signed_in(request).zone,
    }  # fmt: skip
    return render(request, "reminders/hook.html", context, status=status)


def _then(request: HttpRequest, row: Hook, act: Callable[[], object], words: str) -> HttpResponse:
    """Do something with a hook and show its page again, with the refusal where there is one."""
    try:
        act()
    except MoveRefused as refused:
        messages.error(request, " ".join(blocker.text for blocker in refused.blockers))
    else:
        messages.success(request, words)
    assert row.project is not None
    return redirect("hook", row.project.code, row.pk)


@require_POST
def test(request: HttpRequest, code: str, hook_id: int) -> HttpResponse:
    """Send a test."""
    row = get_hook(request, code, hook_id)
    words = "A test is on its way; what became of it stands below."
    return _then(request, row, lambda: send_test(row, by=signed_in(request)), words)


@require_POST
def switch_hook(request: HttpRequest, code: str, hook_id: int) -> HttpResponse:
    """Switch a webhook on, or with `on` empty off."""
    row, form = get_hook(request, code, hook_id), SwitchForm(request.POST)
    on = form.is_valid() and form.cleaned_data["on"]
    words = "It is told what happens from now on." if on else "It is told nothing any more."
    return _then(request, row, lambda: switch(row, on, by=signed_in(request)), words)


@require_POST
def again(request: HttpRequest, code: str, hook_id: int) -> HttpResponse:
    """Send a post once more."""
    row, form = get_hook(request, code, hook_id), AgainForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Which post?", content_type="text/plain")
    post = HookPost.objects.filter(hook=row, pk=form.cleaned_data["post"]).first()
    if post is None:
        raise Http404(NO_HOOK)
    post.hook = row
    return _then(request, row, lambda: send_again(post, by=signed_in(request)), "It is sent once more.")
