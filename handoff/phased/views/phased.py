"""Phased go-live of a project: the criteria, the phases before and after, the switch; and the program of a biller."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from handoff.models import PhaseLink
from handoff.phased import page
from handoff.phased.facts import neighbours
from handoff.phased.forms import AnswerForm, LinkForm, SideForm, SwitchForm, UnlinkForm
from handoff.phased.linking import answer_criterion, link_phases, offered, unlink_phases
from handoff.phased.switching import preview, set_phased
from handoff.rights import runs
from projects.models import Project
from projects.views.billers import get_biller
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import Blocker, MoveRefused, StaleRow
from transitions.clock import business_day


@require_safe
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Show whether a project goes live in phases, and why."""
    return _page(request, get_project(request, code))


def _page(
    request: HttpRequest, project: Project, *, answering: AnswerForm | None = None, linking: LinkForm | None = None,
    refused: forms.Form | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    person, today = signed_in(request), business_day()
    answers, verdict = page.judged(project, person, today)
    before, after = neighbours(project)
    seen = {one.pk: one for one in offered(project, by=person)}
    links = {
        link.project_id: link for link in PhaseLink.objects.filter(project__in=[project.pk, after.pk if after else 0])
    }
    open_now = not project.is_archived()
    runs_it = runs(project, person)
    context: dict[str, Any] = {
        "nav": "portfolio", "project": project, "base": project.get_absolute_url() + "phased/",
        "answers": answers, "verdict": verdict, "chips": page.CHIPS,
        "disagrees": verdict.disagrees(project.phased_go_live),
        "tasks": page.support_tasks(project, today),
        "phases": [
            ("Phase before", before, before and before.pk in seen, links.get(project.pk)),
            ("Next phase", after, after and after.pk in seen, links.get(after.pk) if after else None),
        ],
        "program": project.biller.code, "runs": runs_it and open_now, "archived": not open_now,
        "answering": answering,
        "blank": {one.code: AnswerForm(initial={"criterion": one.code}, auto_id=f"{one.code}_%s") for one in answers},
        "linking": linking or LinkForm(offered=seen.values(), taken="next" if after else "previous" if before else ""),
        "may_link": runs_it and bool(seen) and not (before and after),
        "refused": refused or answering or linking or forms.Form(),
    }  # fmt: skip
    return render(request, "handoff/phased/show.html", context, status=status)


@require_POST
def answer(request: HttpRequest, code: str) -> HttpResponse:
    """Write down what somebody knows of a criterion."""
    project = get_project(request, code)
    form = AnswerForm(request.POST, auto_id=f"{request.POST.get('criterion', '')[:10]}_%s")
    status = 400
    if form.is_valid():
        try:
            answer_criterion(project, by=signed_in(request), **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "Your answer counts from now on.")
            return redirect("phased", project.code)
    return _page(request, project, answering=form, status=status)


@require_POST
def link(request: HttpRequest, code: str) -> HttpResponse:
    """Link the phase before or after."""
    project, person = get_project(request, code), signed_in(request)
    choices = {one.pk: one for one in offered(project, by=person)}
    form = LinkForm(request.POST, offered=choices.values())
    status = 400
    if form.is_valid():
        other = choices[form.cleaned_data["other"]]
        pair = (project, other) if form.cleaned_data["side"] == "next" else (other, project)
        try:
            link_phases(*pair, by=person)
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"{pair[1].code} is the next phase of {pair[0].code} now.")
            return redirect("phased", project.code)
    return _page(request, project, linking=form, status=status)


@require_POST
def unlink(request: HttpRequest, code: str) -> HttpResponse:
    """Take away the link to the phase before or after."""
    project, form = get_project(request, code), UnlinkForm(request.POST)
    status = 400
    if form.is_valid():
        links = PhaseLink.objects.filter(project=project) | PhaseLink.objects.filter(follows=project)
        found = links.filter(pk=form.cleaned_data["link"]).first()
        try:
            if found is None:
                raise MoveRefused([Blocker("unlinked", "These two phases are not linked any more.")])
            unlink_phases(found, by=signed_in(request))
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "The two phases are linked no more.")
            return redirect("phased", project.code)
    return _page(request, project, refused=form, status=status)


@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest, code: str) -> HttpResponse:
    """Show which of the support tasks would come or go; on POST let them."""
    project, person = get_project(request, code), signed_in(request)
    if request.method == "GET":
        asked = SideForm(request.GET)
        on = asked.cleaned_data["on"] != "0" if asked.is_valid() else True
        form = SwitchForm(initial={"on": "1" if on else "0", "revision": project.revision})
        return _switch_page(request, project, form, on)
    form, status = SwitchForm(request.POST), 400
    on = request.POST.get("on") != "0"
    if form.is_valid():
        data = form.cleaned_data
        try:
            set_phased(project, data["on"], reason=data["reason"], by=person, revision=data["revision"])
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):  # what is shown now is what is there: sending it once more is a choice
                sent: Any = form.data.copy()  # type: ignore[attr-defined]
                sent["revision"] = str(refused.row.revision)
                form.data = sent
        else:
            said = "is treated as a phased go-live now" if data["on"] else "is no phased go-live any more"
            messages.success(request, f"{project.code} {said}.")
            return redirect("phased", project.code)
    return _switch_page(request, get_project(request, code), form, on, status=status)


def _switch_page(
    request: HttpRequest, project: Project, form: SwitchForm, on: bool, *, status: int = 200
) -> HttpResponse:
    today = business_day()
    found = preview(project, on, today=today)
    context = {
        "nav": "portfolio", "project": project, "base": project.get_absolute_url() + "phased/", "form": form,
        "preview": found, "on": on, "runs": runs(project, signed_in(request)) and not project.is_archived(),
        "steps": [(one.title, project.step_url(one.step.template.path), one.due) for one in found.steps],
    }  # fmt: skip
    return render(request, "handoff/phased/switch.html", context, status=status)


@require_safe
def program(request: HttpRequest, biller: str) -> HttpResponse:
    """Show the phases of a biller, chain by chain, to whoever is inside."""
    row, person, today = get_biller(request, biller), signed_in(request), business_day()
    context = {"nav": "portfolio", "biller": row, "program": page.program_of(row, person, today)}
    return render(request, "handoff/phased/program.html", context)
