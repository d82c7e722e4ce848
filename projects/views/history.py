"""Pages of history: of a project, of a step, of all that the reader may see; and a field taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from history.context import Origin
from history.reading import Source, by_day, label_of
from history.tracking import history_of
from playbook.history_page import sources as playbook_sources
from playbook.models import Playbook
from projects.filters import has_blanks
from projects.filters import read as read_filter
from projects.forms import RevertForm, own_path
from projects.history_filter import (
    EXPORT_HEADER,
    IN_A_FILE,
    HistoryFilter,
    export_rows,
    form_for,
    kinds,
    page_of,
    people_of,
)  # fmt: skip
from projects.history_page import REVERTABLE, all_sources, project_sources, step_sources, told_values
from projects.models import Project
from projects.revert import MODELS, ChangedSince, as_seen, revert
from projects.views.getters import get_project, get_step, may_manage, signed_in
from projects.views.refusals import status_of
from raci.grants import holds_globally
from sheets.writing import csv_response
from transitions.blockers import Blocker, MoveRefused
from transitions.clock import business_day

#: The largest key that either database takes.
LARGEST_KEY = 2**63 - 1


@require_safe
def of_project(request: HttpRequest, code: str) -> HttpResponseBase:
    """Show all that ever changed in a project: its moves and decisions, its fields, steps and seats."""
    project = get_project(request, code)
    context = {
        "nav": "portfolio",
        "title": f"History of {project.name}",
        "crumbs": [("Portfolio", "/projects/"), (project.code, project.get_absolute_url()), ("History", "")],
        "back": project.get_absolute_url(),
    }
    return page(request, _sources(request, project), context, filename=f"history_{project.code}")


@require_safe
def of_step(request: HttpRequest, code: str, path: str) -> HttpResponseBase:
    """Show all that ever changed in one step."""
    step = get_step(request, code, path)
    project = step.project
    at_step = project.step_url(path)
    context = {
        "nav": "portfolio",
        "title": f"History of {step}",
        "crumbs": [
            ("Portfolio", "/projects/"),
            (project.code, project.get_absolute_url()),
            (str(step), at_step),
            ("History", ""),
        ],
        "back": at_step,
    }
    sources = step_sources(_sources(request, project), step)
    return page(request, sources, context, filename=f"history_{project.code}_step")


def _sources(request: HttpRequest, project: Project) -> list[Source]:
    manages = may_manage(project, signed_in(request)) and not project.is_archived()
    return project_sources(signed_in(request).zone, project=project, manages=manages)


@require_safe
def overall(request: HttpRequest) -> HttpResponseBase:
    """Show all that ever changed, as far as the reader may see all of it."""
    reader = signed_in(request)
    if reader.is_outside:
        raise Http404
    sources = all_sources(reader)
    if not sources:
        raise PermissionDenied("The whole history is for those who see every project. A project’s own is on its page.")
    context = {"nav": "history", "title": "History", "crumbs": [], "back": "/"}
    return page(request, sources, context, filename="history")


@require_safe
def of_playbook(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show all that ever changed in a playbook, to those who may change it."""
    reader = signed_in(request)
    if not holds_globally(reader, "playbook", "change_version"):
        raise Http404
    playbook = get_object_or_404(Playbook, slug=slug)
    context = {
        "nav": "playbooks",
        "title": f"History of {playbook}",
        "crumbs": [("Playbooks", reverse("playbooks")), (str(playbook), playbook.get_absolute_url()), ("History", "")],
        "back": playbook.get_absolute_url(),
    }
    sources = playbook_sources(reader.zone, playbook=playbook, revert=True)
    return page(request, sources, context, filename=f"history_{slug}")


@require_POST
def take_back(request: HttpRequest, kind: str, pk: int) -> HttpResponseBase:
    """Give a field the value that it had before one change. Changed again since: both values, and the choice, at 409."""
    person = signed_in(request)
    form = RevertForm(request.POST)
    row = _row(person, kind, pk)
    if not form.is_valid() or form.cleaned_data["field"] not in row.before.keys() & REVERTABLE[kind]:
        raise BadRequest("This field cannot be taken back.")
    data, model = form.cleaned_data, MODELS[kind]
    back = own_path(data["next"], fallback="/")
    label = label_of(model, data["field"])
    try:
        done = revert(kind, row, data["field"], by=person, seen=data["seen"] if "seen" in request.POST else None)
    except ChangedSince as refused:
        words = {"now": refused.value, "was": row.before[data["field"]]}
        context = {"nav": "", "label": label, "field": data["field"], "next": back, "seen": as_seen(refused.value)}
        context |= told_values(model, data["field"], words, person.zone)
        return render(request, "history/changed_since.html", context, status=409)
    except MoveRefused as refused:
        context = {"nav": "", "refused": refused.blockers, "next": back}
        return render(request, "history/refused.html", context, status=status_of(refused))
    except ValidationError as invalid:
        context = {"nav": "", "refused": [Blocker("invalid", text) for text in invalid.messages], "next": back}
        return render(request, "history/refused.html", context, status=409)
    messages.success(request, f"{label} is as it was before." if done else f"{label} is so already.")
    return redirect(back)


def _row(person: User, kind: str, pk: int) -> Any:
    """Return the row of history if the person may see it; else 404."""
    if kind not in MODELS or pk > LARGEST_KEY or person.is_outside:
        raise Http404
    row = get_object_or_404(history_of(MODELS[kind]).objects, pk=pk)
    project_id = row.id if kind == "project" else getattr(row, "project_id", None)
    if project_id is not None:
        seen = Project.objects.visible_to(person).filter(pk=project_id).exists()
    else:
        seen = kind in {source.name for source in all_sources(person)}
    if not seen:
        raise Http404
    return row


def page(
    request: HttpRequest, sources: Sequence[Source], context: dict[str, Any], *, filename: str
) -> HttpResponseBase:
    """Render a page of the stream of these sources, or send it as a file (`format=csv`)."""
    zone = signed_in(request).zone
    chosen, problems = read_filter(form_for(sources), HistoryFilter(), request.GET)
    base = request.path
    if has_blanks(request.GET) and not problems:
        return redirect(base + chosen.query())
    if "format" in request.GET and not problems:
        rows = export_rows(sources, chosen, zone)
        return csv_response(f"{filename}_{business_day()}.csv", EXPORT_HEADER, rows)
    found = page_of(sources, chosen, zone)
    query = chosen.query(before="")
    context |= {
        "base": base,
        "chosen": chosen,
        "problems": problems,
        "days": by_day(found.changes, zone),
        "zone": zone,
        "newest": base + query if chosen.before else "",
        "older": base + chosen.query(before=str(found.older)) if found.older else "",
        "everything": base,
        "export": base + (f"{query}&" if query else "?") + "format=csv",
        "in_a_file": IN_A_FILE,
        "choices": {"what": kinds(sources), "origin": Origin.choices, "who": people_of(sources)},
    }
    return render(request, "history/index.html", context, status=400 if problems else 200)
