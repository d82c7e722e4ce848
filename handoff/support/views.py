"""The pages of support after go-live: of one project, and of all that runs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from handoff.models import SupportPeriod, SupportTurn
from handoff.rights import get_project_to_take_over, takes_over
from handoff.support.forms import FORMS, ActForm, ContactForm, ListForm, TsmForm
from handoff.support.page import lines, listed, support_page
from handoff.support.people import billers, may_be_contact, may_support
from handoff.support.periods import ensure_period, evaluate, name_contact, name_tsm, send_letter
from handoff.support.vocabulary import NO_HYPERCARE
from projects.models import Project
from projects.views.getters import signed_in
from projects.views.refusals import add_errors, status_of
from transitions.blockers import MoveRefused
from transitions.clock import business_day
from transitions.moves import perform
from transitions.support import SupportState

ON_A_PAGE = 50


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show every support period that runs and that the person may see, what ends next first."""
    person = signed_in(request)
    if person.is_outside:
        raise Http404("There is no such page.")
    said, today = ListForm(request.GET).said(), business_day()
    page = Paginator(listed(person, mine=said["mine"]), ON_A_PAGE).get_page(said["page"])
    context = {
        "nav": "portfolio", "page": page, "lines": lines(page.object_list, today), "mine": said["mine"], "today": today,
        "query": "mine=on" if said["mine"] else "", "no_hypercare": NO_HYPERCARE,
    }  # fmt: skip
    return render(request, "handoff/support/index.html", context)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project's support, and evaluate, extend or end it."""
    project = get_project_to_take_over(request, code)
    if request.method != "POST":
        return _page(request, project)
    period = SupportPeriod.objects.filter(project=project).order_by("-number").first()
    asked = ActForm(request.POST)
    if not asked.is_valid() or period is None:
        text = "Choose what to do." if period else "There is no support here yet."
        return _page(request, project, problem=text, status=400 if period else 409)
    act = asked.cleaned_data["act"]
    form = FORMS[act](request.POST, auto_id=f"{act}_%s")
    if not form.is_valid():
        return _page(request, project, form=form, act=act, status=400)
    try:
        row = _act(period, act, form.cleaned_data, signed_in(request))
    except MoveRefused as refused:
        return _page(request, project, form=form, act=act, status=add_errors(form, refused))
    messages.success(request, _done(row))
    return redirect("support", code=code)


def _act(period: SupportPeriod, act: str, data: dict[str, Any], by: User) -> SupportPeriod:
    if act == "evaluate":
        return evaluate(period, by=by, note=data["note"], until=data["until"], revision=data["revision"])
    name = {"extend": "extend_support", "end": "end_support"}[act]
    until = {"until": data["until"]} if act == "extend" else {}
    return perform(period, name, by=by, note=data["note"], revision=data["revision"], **until).row


def _done(row: SupportPeriod) -> str:
    if row.state == SupportState.ENDED:
        return "Support has ended. The help desk supports the biller now, and the biller is told."
    return f"Support runs until {row.planned_end:%b} {row.planned_end.day}, {row.planned_end.year}. The biller is told."


def _page(
    request: HttpRequest,
    project: Project,
    *,
    form: forms.Form | None = None,
    act: str = "",
    tsm_form: TsmForm | None = None,
    contact_form: ContactForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    today = business_day()
    told = support_page(project, today)
    may = not project.is_archived() and takes_over(project, signed_in(request))
    runs = told.period is not None and told.period.state == SupportState.RUNNING
    offered: dict[str, forms.Form] = {}
    if may and runs:
        assert told.period is not None, "what runs is there"
        offered = {name: made(auto_id=f"{name}_%s") for name, made in FORMS.items() if name in _offered(told.period)}
        tsm_form = tsm_form or TsmForm(
            people=may_support(project), initial={"tsm": told.period.tsm_id}, auto_id="tsm_%s"
        )
    if may and told.period is not None and contact_form is None and (told.period.contact_id or not billers(project)):
        chosen = {"contact": told.period.contact_id}
        contact_form = ContactForm(people=may_be_contact(), initial=chosen, auto_id="contact_%s")
    if form is not None:
        offered[act] = form
    context = {
        "nav": "portfolio", "project": project, "told": told, "today": today, "may": may, "forms": offered, "act": act,
        "form": form, "tsm_form": tsm_form, "contact_form": contact_form, "problem": problem, "no_hypercare": NO_HYPERCARE,
        "here": reverse("support", args=[project.code]),
    }  # fmt: skip
    return render(request, "handoff/support/support.html", context, status=status)


def _offered(period: SupportPeriod) -> tuple[str, ...]:
    """Return what can be done to a running period: what waits for its evaluation is neither extended nor ended before."""
    return ("evaluate",) if period.evaluate_on is not None else ("extend", "end")


@require_POST
def begin(request: HttpRequest, code: str) -> HttpResponse:
    """Begin the support of a project that went live before its tier was decided."""
    project = get_project_to_take_over(request, code)
    try:
        period = ensure_period(project, by=signed_in(request))
    except MoveRefused as refused:
        return _page(request, project, problem=str(refused), status=status_of(refused))
    if period is None:
        text = "Nothing begins: the project is not live, its support runs already, or no tier is decided."
        return _page(request, project, problem=text, status=409)
    messages.success(request, "Support has begun, counted from the go-live. The biller is told.")
    return redirect("support", code=code)


@require_POST
def tsm(request: HttpRequest, code: str) -> HttpResponse:
    """Name who supports the biller."""
    project = get_project_to_take_over(request, code)
    period = SupportPeriod.objects.filter(project=project).order_by("-number").first()
    if period is None:
        return _page(request, project, problem="There is no support here yet.", status=409)
    form = TsmForm(request.POST, people=may_support(project), auto_id="tsm_%s")
    if not form.is_valid():
        return _page(request, project, tsm_form=form, status=400)
    try:
        name_tsm(period, form.cleaned_data["tsm"], by=signed_in(request), revision=form.cleaned_data["revision"])
    except (MoveRefused, ValidationError) as refused:
        return _page(request, project, tsm_form=form, status=add_errors(form, refused))
    messages.success(request, f"{form.cleaned_data['tsm'].name} supports the biller now.")
    return redirect("support", code=code)


@require_POST
def contact(request: HttpRequest, code: str) -> HttpResponse:
    """Name who of the biller's gets the letters."""
    project = get_project_to_take_over(request, code)
    period = SupportPeriod.objects.filter(project=project).order_by("-number").first()
    if period is None:
        return _page(request, project, problem="There is no support here yet.", status=409)
    form = ContactForm(request.POST, people=may_be_contact(), auto_id="contact_%s")
    if not form.is_valid():
        return _page(request, project, contact_form=form, status=400)
    chosen = form.cleaned_data["contact"]
    try:
        name_contact(period, chosen, by=signed_in(request), revision=form.cleaned_data["revision"])
    except (MoveRefused, ValidationError) as refused:
        return _page(request, project, contact_form=form, status=add_errors(form, refused))
    messages.success(request, f"{chosen.name} gets the letters from now on. What nobody was told can be sent below.")
    return redirect("support", code=code)


@require_POST
def letter(request: HttpRequest, code: str, turn_id: int) -> HttpResponse:
    """Send a letter to those of the biller's people who hold a seat now and were not sent it."""
    project = get_project_to_take_over(request, code)
    turn = SupportTurn.objects.filter(project=project, pk=turn_id).select_related("project").first()
    if turn is None:
        raise Http404("There is no such letter on this project.")
    try:
        sent = send_letter(turn, by=signed_in(request))
    except MoveRefused as refused:
        return _page(request, project, problem=str(refused), status=status_of(refused))
    messages.success(request, f"On its way to {', '.join(person.name for person in sent)}.")
    return redirect("support", code=code)
