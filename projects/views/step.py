"""One step: its page, its menu of moves, its dates and its people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from projects.comments import comments_on
from projects.dates import move_due_date
from projects.forms import CustomerForm, DueDateForm, MoveForm, NameOnStepForm, RenameForm, own_path
from projects.models import ProjectStep
from projects.models.step import DECISIONS
from projects.outside import show_to_customer
from projects.page import board_label, empty_sections, needs_of, step_moves, step_row
from projects.panels import panels
from projects.people import Person
from projects.rename import rename_step
from projects.signoff import documents_shown
from projects.team import name_on_step
from projects.views import outside
from projects.views.conflicts import show_conflict
from projects.views.getters import get_shared_step, get_step, get_step_to_move, may_manage, signed_in
from projects.views.refusals import add_errors, status_of
from raci.letters import Letter
from transitions.blockers import Blocker, MoveRefused, StaleRow, UnknownMove
from transitions.clock import business_day
from transitions.gates import needed_by
from transitions.models import TransitionRecord
from transitions.moves import perform
from transitions.step import StepStatus


@require_GET
def show(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Show a step: what to do, who, by when, what it waits for and what waits for it, and what happened to it."""
    step = get_shared_step(request, code, path)
    if signed_in(request).is_outside:
        return outside.step(request, step)
    return page(request, step)


@require_GET
def menu(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Show the moves from here, for the dialog on the project's page; the step's own page without htmx."""
    step = get_step(request, code, path)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(step.project.step_url(path))
    return render(request, "projects/parts/step_menu.html", moves_context(request, step))


@require_POST
def move(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Move a step. With htmx the answer is its row; a refusal is its menu again, with the reasons, at 409."""
    if signed_in(request).is_outside:
        return outside.move(request, code, path)
    step = (get_step if _names_others(request) else get_step_to_move)(request, code, path)
    form = move_form(step, request)
    try:
        if not form.is_valid():
            raise InvalidForm([Blocker("invalid", message, subject=name) for name, message in _messages(form)])
        data = form.cleaned_data
        spec = step.move_spec(data["move"])
        outcome = perform(
            step, spec.name, by=signed_in(request), note=data["note"], revision=data["revision"], **form.details(spec)
        )
    except MoveRefused as refused:
        return _refused(request, code, path, form, refused)
    row = outcome.row
    words = f"{row} is {row.get_status_display().lower()} now."
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, words)
        return redirect(own_path(data["next"], fallback=row.project.step_url(path)))
    return _moved_fragment(request, row, words)


@require_POST
def due(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Give a step another due date."""
    step = get_step(request, code, path)
    form = DueDateForm(request.POST)
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            move_due_date(step, data["due"], by=signed_in(request), reason=data["reason"], revision=data["revision"])
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                show_conflict(form, stored={"due": refused.row.due}, carries={"revision": refused.row.revision})
        else:
            messages.success(request, f"{step} is due {data['due']:%b} {data['due'].day}, {data['due'].year} now.")
            return redirect(step.project.step_url(path))
    return page(request, get_step(request, code, path), due_form=form, status=status)


@require_http_methods(["GET", "POST"])
def name_person(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Name the responsible or the accountable of one step, over what the playbook says."""
    step = get_step(request, code, path)
    manages = may_manage(step.project, signed_in(request))
    form = NameOnStepForm(request.POST or None, initial={"revision": step.revision, "letter": "A"})
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            name_on_step(step, data["letter"], data["person"], by=signed_in(request), revision=data["revision"])
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                row = refused.row
                named = row.responsible if data["letter"] == "R" else row.accountable
                show_conflict(form, stored={"person": named}, carries={"revision": row.revision})
        else:
            letter = Letter(data["letter"]).label.lower()
            messages.success(request, f"{data['person'] or 'Nobody by name'} is {letter} for {step} now.")
            return redirect(step.project.step_url(path))
    context = {
        "nav": "portfolio",
        "project": step.project,
        "step": step,
        "path": path,
        "form": form,
        "manages": manages,
    }
    return render(request, "projects/name_on_step.html", context, status=status)


@require_POST
def rename(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Give a step a title of its own on this project, or the playbook's again."""
    step = get_step(request, code, path)
    form = RenameForm(request.POST, auto_id="rename_%s")
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = rename_step(
                step, data["title"], by=signed_in(request), reason=data["reason"], revision=data["revision"]
            )
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                row = refused.row
                show_conflict(form, stored={"title": str(row)}, carries={"revision": row.revision})
        else:
            words = f"The step is called “{row}” here." if row.own_title else f"“{row}” is called as in the playbook."
            messages.success(request, words)
            return redirect(step.project.step_url(path))
    return page(request, get_step(request, code, path), rename_form=form, status=status)


@require_POST
def customer(request: HttpRequest, code: str, path: str) -> HttpResponse:
    """Mark a step visible to people outside, and say in plain words what is asked of them."""
    step = get_step(request, code, path)
    form = CustomerForm(request.POST, auto_id="customer_%s")
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = show_to_customer(
                step, visible=data["visible"], note=data["note"], by=signed_in(request), revision=data["revision"]
            )
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                row = refused.row
                stored = {"visible": row.visible_to_customer, "note": row.customer_note}
                show_conflict(form, stored=stored, carries={"revision": row.revision})
        else:
            seen = (
                "visible to people outside" if row.visible_to_customer else "seen outside by those with a letter alone"
            )
            messages.success(request, f"{row} is {seen} now.")
            return redirect(step.project.step_url(path))
    return page(request, get_step(request, code, path), customer_form=form, status=status)


def page(
    request: HttpRequest,
    step: ProjectStep,
    *,
    status: int = 200,
    form: MoveForm | None = None,
    refused: list[Blocker] | None = None,
    due_form: DueDateForm | None = None,
    customer_form: CustomerForm | None = None,
    rename_form: RenameForm | None = None,
) -> HttpResponse:
    """Render a step's page, with what refused an act when one was."""
    board, today, person = step.project.board, business_day(), signed_in(request)
    manages, facts = may_manage(step.project, person), step.step_facts
    context = moves_context(request, step, form=form, refused=refused) | {
        "nav": "portfolio",
        "row": step_row(board, step.live, today),
        "template": step.live.template,
        "playbook": board.version_of(step.live),
        "letters": [(letter.label, letter.value, board.holders(step.live, letter.value)) for letter in Letter],
        "needs": [step_row(board, needed, today) for needed in needs_of(board, facts)],
        "needed_by": [step_row(board, board.by_path[other.key], today) for other in needed_by(facts, board.all_facts)],
        "approvals": list(step.approvals.select_related("by", "delegated_from")),
        "documents": documents_shown(step, inside=True),
        "records": list(TransitionRecord.objects.of(step).select_related("by")[:50]),
        "comments": comments_on(step, person, today),
        "date_changes": list(step.date_changes.select_related("by")[:20]),
        "due_form": due_form or DueDateForm(initial={"due": step.due, "revision": step.revision}),
        "customer_form": customer_form or CustomerForm.of(step),
        "rename_form": rename_form or RenameForm.of(step),
        "playbook_title": board.playbook_step(step.live).title if step.live.own_title else "",
        "panels": panels("step", step, person, today),
        "manages": manages,
        "may_date": not step.is_archived() and (manages or board.letters_of(person.pk, step.live) & {"R", "A"}),
        "today": today,
    }
    return render(request, "projects/step.html", context, status=status)


def moves_context(
    request: HttpRequest, step: ProjectStep, *, form: MoveForm | None = None, refused: list[Blocker] | None = None
) -> dict[str, Any]:
    """Return what the list of moves needs: those that this person may make from here, and why some cannot be made now."""
    person, board = signed_in(request), step.project.board
    mine = [spec for spec in step.open_moves() if step.permits(spec.name, person)]
    decides = {spec.name for spec in mine} & set(DECISIONS)
    mine = [spec for spec in mine if spec.name not in DECISIONS]
    return {
        "decide": "" if not decides else "Look and decide" if "approve" in decides else "Look at the sign-off",
        "project": step.project,
        "step": step,
        "label": board_label(board, step.live),
        "empty_sections": empty_sections(step),
        "moves": [] if step.is_archived() else step_moves(board, step.live, mine, person, business_day()),
        "choices": move_form(step).fields,
        "typed": form.data if form else QueryDict(),
        "refused": refused or [],
        "statuses": StepStatus,
        "row": step_row(board, step.live, business_day()),
    }


def move_form(step: ProjectStep, request: HttpRequest | None = None) -> MoveForm:
    """Return the form of a step's move: owners are the project's people, and a rejection may reopen what is done.

    Most moves name neither; then the board is not read before the move locks the project and reads it anyway.
    """
    if request and not _names_others(request):
        return MoveForm(request.POST)
    board = step.project.board
    people: dict[int, Person] = {seat.person.id: seat.person for seat in board.seats if seat.person}
    reopenable = [
        (other.path, f"{other.template.number} · {other.template.title}")
        for other in board.steps
        if other.status == StepStatus.DONE and other.template.phase == step.project.phase
    ]
    return MoveForm(request.POST if request else None, people=people.values(), reopenable=reopenable)


def _moved_fragment(request: HttpRequest, row: ProjectStep, words: str) -> HttpResponse:
    """Answer with the row that moved and, out of band, those that waited for it; `moved` lets the gate look again."""
    board, today = row.project.board, business_day()
    freed = [step_row(board, board.by_path[other.key], today) for other in needed_by(row.step_facts, board.all_facts)]
    context = {"row": step_row(board, row.live, today), "freed": freed}
    response = render(request, "projects/parts/step_row.html", context)
    trigger_client_event(response, "moved", {"focus": f"status-{row.pk}"})
    return trigger_client_event(response, "toast", {"text": words, "level": "success"})


def _names_others(request: HttpRequest) -> bool:
    """Return whether the move names a person or steps, which are held against the project's own."""
    return any(request.POST.get(name) for name in ("owner", "reopens"))


class InvalidForm(MoveRefused):
    """What was sent has the wrong shape."""


def _refused(request: HttpRequest, code: str, path: str, form: MoveForm, refused: MoveRefused) -> HttpResponse:
    fresh = get_step(request, code, path)
    status = 400 if isinstance(refused, InvalidForm | UnknownMove) else status_of(refused)
    if not request.htmx:  # type: ignore[attr-defined]
        return page(request, fresh, form=form, refused=refused.blockers, status=status)
    context = moves_context(request, fresh, form=form, refused=refused.blockers)
    response = render(request, "projects/parts/step_menu.html", context, status=status)
    return reswap(retarget(response, "#dialog-slot"), "innerHTML")


def _messages(form: MoveForm) -> list[tuple[str, str]]:
    return [
        (name, f"{form.fields[name].label}: {message}" if name in form.fields else str(message))
        for name, errors in form.errors.items()
        for message in errors
    ]
