"""Sign-offs: the page on which a decision is made, passing it on, all decisions of a project, and the evidence of one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.sessions import address_of, agent_of, signed_in_by
from projects.delegation import delegate, take_back
from projects.evidence import Evidence
from projects.models import Approval, ProjectStep
from projects.signoff import changes, reopenable, statement
from projects.signoff_form import DecisionForm, DelegateForm
from projects.signoff_page import decide_values, evidence_values, sign_offs_values, told, visible_decisions
from projects.views.getters import get_shared_project, get_shared_step, signed_in
from projects.views.refusals import add_errors, status_of
from transitions.blockers import Blocker, MoveRefused
from transitions.moves import perform


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Show exactly what is decided; on POST decide it, if it is still what was shown."""
    step, person = _step(request, code, path), signed_in(request)
    if request.method == "GET":
        return _page(request, step)
    form = DecisionForm(request.POST, reopenable=[other.path for other in reopenable(step, person)])
    if not form.is_valid():
        problems = [Blocker("invalid", text) for errors in form.errors.values() for text in map(str, errors)]
        return _page(request, step, refused=problems, status=400)
    try:
        perform(step, form.move, by=person, **form.details(evidence_of(request)))
    except MoveRefused as refused:
        fresh, changed = _step(request, code, path), []
        if any(blocker.code == "shown-changed" for blocker in refused.blockers):
            changed = changes(form.cleaned_data["shown"], statement(fresh, person).values)
        return _page(request, fresh, refused=told(person, refused.blockers), changed=changed, status=status_of(refused))
    row = Approval.objects.filter(step=step, by=person).order_by("-pk")[0]
    messages.success(request, f"{row.get_decision_display()}. A receipt is on its way to {person.email}.")
    return redirect("sign-off", step.project.code, row.pk)


@require_http_methods(["GET", "POST"])
def delegate_decision(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Pass one's decision on to somebody else, or (`act=take-back`) take it back."""
    step, person = _step(request, code, path), signed_in(request)
    taking_back = request.POST.get("act") == "take-back"
    form = DelegateForm(None if taking_back else request.POST or None, person=person)
    if request.method == "GET":
        return _delegate_page(request, step, form)
    try:
        if taking_back:
            take_back(step, by=person)
        elif form.is_valid():
            delegate(step, by=person, **form.cleaned_data)
        else:
            return _delegate_page(request, step, form, status=400)
    except (MoveRefused, ValidationError) as refused:
        if isinstance(refused, ValidationError):
            return _delegate_page(request, step, form, status=add_errors(form, refused))
        fresh = _step(request, code, path)
        return _delegate_page(request, fresh, form, refused=told(person, refused.blockers), status=status_of(refused))
    messages.success(request, "The decision is yours again." if taking_back else "Passed on. They get a mail.")
    return redirect("decide", step.project.code, path)


@require_GET
def sign_offs(request: HttpRequest, code: str) -> HttpResponse:
    """Show every sign-off of a project: those under way, and every decision ever made."""
    project = get_shared_project(request, code)
    context = {"nav": "portfolio", "project": project, **sign_offs_values(project, signed_in(request))}
    return render(request, "projects/signoff/list.html", context)


@require_GET
def evidence(request: HttpRequest, code: str, decision_id: int) -> HttpResponse:
    """Show one decision with its evidence, to be read or printed."""
    project, person = get_shared_project(request, code), signed_in(request)
    found = project.approvals.select_related("by", "delegated_from").filter(pk=decision_id)
    row = next(iter(visible_decisions(project, found, person)), None)
    if row is None:
        raise Http404("There is no such decision on this project.")
    context = {"nav": "portfolio", "project": project, **evidence_values(project, row, person)}
    return render(request, "projects/signoff/evidence.html", context)


def evidence_of(request: HttpRequest) -> Evidence:
    """Return where a request comes from, as it is kept with a decision."""
    return Evidence(address_of(request), agent_of(request), signed_in_by(request))


def _step(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the step, if it asks for a decision at all; else 404."""
    step = get_shared_step(request, code, path)
    if not step.live.template.approval:
        raise Http404("That step asks for no decision.")
    return step


def _page(
    request: HttpRequest,
    step: ProjectStep,
    *,
    refused: list[Blocker] | None = None,
    changed: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "nav": "portfolio", "project": step.project, "step": step, "path": step.live.path, "refused": refused or [],
        "changed": changed or [], "typed": request.POST, **decide_values(step, signed_in(request)),
    }  # fmt: skip
    return render(request, "projects/signoff/decide.html", context, status=status)


def _delegate_page(
    request: HttpRequest,
    step: ProjectStep,
    form: DelegateForm,
    *,
    refused: list[Blocker] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "nav": "portfolio", "project": step.project, "step": step, "path": step.live.path, "form": form, "refused": refused or [],
        **decide_values(step, signed_in(request)),
    }  # fmt: skip
    return render(request, "projects/signoff/delegate.html", context, status=status)
