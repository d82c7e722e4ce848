"""Status updates of a project, and the weekly report of all of them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from projects.filters import Filter, ListForm, has_blanks, read
from projects.health import RULE, Health
from projects.models import Project, StatusUpdate
from projects.signals import signal_of
from projects.update_draft import draft_text, read_draft
from projects.updates import may_post, post_update
from projects.updates_form import SendReportForm, UpdateForm, WeeklyForm
from projects.updates_page import updates_page
from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from projects.weekly import Week, WeeklyFilter, report
from projects.weekly_mail import send_report
from transitions.blockers import MoveRefused, StaleRow
from transitions.clock import business_day


@require_GET
def updates(request: HttpRequest, code: str) -> HttpResponse:
    """Show every update of a project, the latest first."""
    project = get_project(request, code)
    chosen, problems = read(ListForm, Filter(), request.GET)
    rows, paging = updates_page(project, chosen.page)
    context = {
        "nav": "portfolio", "project": project, "rows": rows, "paging": paging, "problems": problems,
        "may_post": may_post(project, signed_in(request)),
    }  # fmt: skip
    return render(request, "projects/updates/list.html", context, status=400 if problems else 200)


@require_http_methods(["GET", "POST"])
def post(request: HttpRequest, code: str) -> HttpResponse:
    """Post an update: a form with a draft of what happened since the last one."""
    project, person = get_project(request, code), signed_in(request)
    status = 200
    if request.method == "POST":
        form, status = UpdateForm(request.POST), 400
        if form.is_valid():
            try:
                made = post_update(project, by=person, **form.cleaned_data)
            except (MoveRefused, ValidationError) as refused:
                status = add_errors(form, refused)
                if isinstance(refused, StaleRow):
                    _lay_side_by_side(form, refused.row)
            else:
                messages.success(request, f"Posted: {made.get_health_display().lower()}.")
                return redirect(project)
    else:
        form = _blank(project)
    today = business_day()
    context = {
        "nav": "portfolio", "project": project, "form": form, "signal": signal_of(project, today), "rule": RULE,
        "may_post": may_post(project, person),
    }  # fmt: skip
    return render(request, "projects/updates/new.html", context, status=status)


def _blank(project: Project) -> UpdateForm:
    latest = project.updates.values_list("pk", flat=True).first()
    draft = draft_text(read_draft(project, business_day()))
    return UpdateForm(initial={"text": draft, "key": uuid.uuid4(), "seen": latest or 0})


def _lay_side_by_side(form: UpdateForm, posted: StatusUpdate | Project) -> None:
    """Show what was posted meanwhile beside what the form says; sending that once more is another update."""
    if not isinstance(posted, StatusUpdate):
        return
    form.cleaned_data["health"] = Health(form.cleaned_data["health"]).label
    stored = {"health": posted.get_health_display(), "reason": posted.reason, "text": posted.text}
    latest = posted.project.updates.values_list("pk", flat=True).first()
    show_conflict(form, stored=stored, carries={"seen": latest, "key": uuid.uuid4()})


# The weekly report.


@require_http_methods(["GET", "POST"])
def weekly(request: HttpRequest) -> HttpResponse:
    """Show a week of every project that the person sees; on POST mail it to them or to colleagues, each what they may see."""
    person, today = signed_in(request), business_day()
    if person.is_outside:
        raise Http404("There is no such page.")
    chosen, problems = _weekly_filter(request)
    if has_blanks(request.GET) and not problems and request.method == "GET":
        return redirect(request.path + chosen.query())
    form, status = SendReportForm.blank(person), 400 if problems else 200
    if request.method == "POST" and not problems:
        form, status = _send(request, chosen)
        if status == 302:
            return redirect(request.path + chosen.query())
    shown = report(person, chosen, today)
    context = {"nav": "portfolio", "report": shown, "chosen": chosen, "form": form, "problems": problems}
    return render(request, "projects/updates/weekly.html", context, status=status)


def _weekly_filter(request: HttpRequest) -> tuple[WeeklyFilter, list[str]]:
    chosen, problems = read(WeeklyForm, WeeklyFilter(), request.GET)
    if chosen.week and (problem := Week.problem_of(chosen.week, business_day())):
        return WeeklyFilter(manager=chosen.manager), [*problems, f"week: {problem}"]
    return chosen, problems


def _send(request: HttpRequest, chosen: WeeklyFilter) -> tuple[SendReportForm, int]:
    """Mail the report to whom the form names; return the form, and the status to answer with."""
    person = signed_in(request)
    form = SendReportForm(request.POST, person=person)
    if not form.is_valid():
        return form, 400
    data = form.cleaned_data
    to = [*([person] if data["to_me"] else []), *data["people"]]
    week = chosen.week or Week.of(business_day()).name
    try:
        sent = send_report(week, manager=chosen.manager, to=to, by=person, key=data["key"])
    except (MoveRefused, ValidationError) as refused:
        return form, add_errors(form, refused)
    messages.success(request, f"On its way to {sent} {'person' if sent == 1 else 'people'}.")
    return form, 302
