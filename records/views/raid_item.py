"""One item of the RAID log: its page, its moves, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from projects.models import Approval
from projects.panels import panels
from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors, status_of
from records import raid_page
from records.models import RaidItem, RaidKind
from records.raid import become_issue, change_item, link_item, review_item, show_item, unlink_item
from records.raid_form import LinkForm, RaidForm, RaidMoveForm, RevisionForm, ShowForm, said_of
from records.raid_rights import may_show, may_write, people_of
from transitions.blockers import Blocker, MoveRefused, StaleRow, UnknownMove
from transitions.clock import business_day
from transitions.models import TransitionRecord
from transitions.moves import perform

NO_ITEM = "There is no such item in this log."
MOVES_ON_PAGE = 20


def get_item(request: HttpRequest, code: str, item: str) -> RaidItem:
    """Return the item `R-1` of a project that the person sees from inside; else 404."""
    project = get_project(request, code)
    related = ("owner", "reviewed_by", "raised_by", "became", "came_from")
    found = RaidItem.objects.filter(project=project).called(item).select_related(*related).first()
    if found is None:
        raise Http404(NO_ITEM)
    found.project = project
    for other in (found.became, getattr(found, "came_from", None)):
        if other is not None:
            other.project = project
    return found


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Show an item; on POST write what its form says, or both values where somebody was quicker."""
    row = get_item(request, code, item)
    if request.method == "GET":
        return page(request, row)
    form = RaidForm.of(row, people_of(row.project), request.POST)
    status = 400
    if form.is_valid():
        try:
            revision = form.cleaned_data["revision"]
            change_item(row, by=signed_in(request), revision=-1 if revision is None else revision, **form.values())
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                form.say()
                now = said_of(refused.row)
                show_conflict(form, stored=now, carries={"revision": refused.row.revision})
        else:
            messages.success(request, f"{row.code} is saved.")
            return redirect(row)
    return page(request, get_item(request, code, item), form=form, status=status)


def page(
    request: HttpRequest, item: RaidItem, *, form: RaidForm | None = None, other: Any = None,
    refused: list[Blocker] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render an item's page; `form` is that of its texts, `other` one that was refused, `refused` what stood in the way."""
    project, person, today = item.project, signed_in(request), business_day()
    board, links = project.board, list(item.links.select_related("decision"))
    writes = may_write(project, person) and not project.is_archived()
    decisions = list(Approval.objects.filter(project=project)) if writes else []
    records = TransitionRecord.objects.of(item).select_related("by")[:MOVES_ON_PAGE]
    context = {
        "nav": "portfolio", "project": project, "item": item, "base": raid_page.log_address(project), "today": today,
        "row": raid_page.row(item, raid_page.log_address(project), today), "writes": writes,
        "shows": may_show(project, person) and not project.is_archived(), "kinds": dict(RaidKind.choices),
        "came_from": getattr(item, "came_from", None), "moves": item.open_moves() if writes else [],
        "links": raid_page.link_rows(links, board), "targets": raid_page.targets(board, decisions, links) if writes else [],
        "form": form or RaidForm.of(item, people_of(project)), "edits": form is not None, "other": other,
        "refused": refused or [], "records": list(records), "panels": panels("raid-item", item, person, today),
    }  # fmt: skip
    return render(request, "records/raid/item.html", context, status=status)


def _refused(request: HttpRequest, item: RaidItem, refused: MoveRefused | ValidationError, form: Any) -> HttpResponse:
    """Show the item as it is now, with why nothing was done; what was typed stays in `form`."""
    fresh = get_item(request, item.project.code, item.code)
    if isinstance(refused, ValidationError):
        return page(
            request, fresh, other=form, refused=[Blocker("invalid", text) for text in refused.messages], status=400
        )
    status = 400 if isinstance(refused, UnknownMove) else status_of(refused)
    return page(request, fresh, other=form, refused=refused.blockers, status=status)


def _unreadable(request: HttpRequest, item: RaidItem, form: Any) -> HttpResponse:
    found = [
        Blocker(
            "invalid",
            f"{form.fields[name].label or name.capitalize()}: {text}" if name in form.fields else str(text),
            subject=name,
        )
        for name, errors in form.errors.items()
        for text in errors
    ]
    return page(request, item, other=form, refused=found, status=400)


def _act(
    request: HttpRequest, code: str, item: str, form: Any, act: Callable[[RaidItem], tuple[RaidItem, str]]
) -> HttpResponse:
    """Do what `form` asks for; `act` returns the item to go to and what is said there. Refused, the page says why."""
    row = get_item(request, code, item)
    if not form.is_valid():
        return _unreadable(request, row, form)
    try:
        done, said = act(row)
    except (MoveRefused, ValidationError) as refused:
        return _refused(request, row, refused, form)
    messages.success(request, said)
    return redirect(done)


@require_POST
def move(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Move an item: mitigate, close, reopen."""
    form = RaidMoveForm(request.POST)

    def act(row: RaidItem) -> tuple[RaidItem, str]:
        data = form.cleaned_data
        moved = perform(row, data["move"], by=signed_in(request), note=data["note"], revision=data["revision"]).row
        return moved, f"{moved.code} is {moved.get_state_display().lower()} now."

    return _act(request, code, item, form, act)


@require_POST
def reviewed(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Note that the item was looked at today."""

    def act(row: RaidItem) -> tuple[RaidItem, str]:
        return review_item(row, by=signed_in(request)), f"{row.code} is noted as reviewed today."

    return _act(request, code, item, Form(request.POST), act)


@require_POST
def issue(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Turn a risk that came about into an issue, in one act."""
    form = RevisionForm(request.POST)

    def act(row: RaidItem) -> tuple[RaidItem, str]:
        made = become_issue(row, by=signed_in(request), revision=form.cleaned_data["revision"])
        return made, f"{row.code} is closed: it became {made.code}."

    return _act(request, code, item, form, act)


@require_POST
def customer(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Show an item to people outside, or no longer."""
    form = ShowForm(request.POST)

    def act(row: RaidItem) -> tuple[RaidItem, str]:
        data = form.cleaned_data
        told = {"visible": data["visible"], "with_response": data["response"], "revision": data["revision"]}
        shown = show_item(row, by=signed_in(request), **told)
        return shown, f"{row.code} is {'shown' if shown.visible_to_customer else 'not shown'} to the customer now."

    return _act(request, code, item, form, act)


@require_POST
def links(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Link an item to a step or a decision, or take a link away."""
    form = LinkForm(request.POST)

    def act(row: RaidItem) -> tuple[RaidItem, str]:
        if form.cleaned_data["remove"]:
            unlink_item(row, form.cleaned_data["remove"], by=signed_in(request))
        else:
            link_item(row, by=signed_in(request), **form.wanted())
        return row, f"The links of {row.code} are saved."

    return _act(request, code, item, form, act)
