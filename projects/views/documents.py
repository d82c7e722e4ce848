"""The documents of a project: all of them, one of them, and what is done to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects.documents import add_version, may_read, move_section, set_visible
from projects.documents_page import DocumentRow, document_rows, list_values
from projects.files import as_download
from projects.forms import own_path
from projects.models import Project
from projects.panels import panels
from projects.signoff_form import SectionMoveForm, VersionForm, VisibleForm
from projects.views.conflicts import show_conflict
from projects.views.getters import NO_VERSION, get_file, get_project, get_shared_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused, StaleRow, UnknownMove
from transitions.clock import business_day

NO_DOCUMENT = "No step of this project names such a document."


@require_GET
def documents(request: HttpRequest, code: str) -> HttpResponse:
    """Show the documents that the steps name, and how far each is; to people outside those that are shown to them."""
    project = get_shared_project(request, code)
    context = {"nav": "portfolio", "project": project, **list_values(project, signed_in(request))}
    return render(request, "projects/documents/list.html", context)


@require_GET
def document(request: HttpRequest, code: str, document: str) -> HttpResponse:
    """Show one document: its sections, its versions, and what rooms above say of it."""
    project = get_project(request, code)
    return _page(request, project, _row(request, project, document))


@require_POST
def add(request: HttpRequest, code: str, document: str) -> HttpResponse:
    """Add a link or a file as the next version of a document or section."""
    project, person = get_project(request, code), signed_in(request)
    row = _row(request, project, document)
    form = VersionForm(request.POST, request.FILES, auto_id=f"%s-{_anchor(row, request)}")
    status = 400
    if form.is_valid():
        try:
            version = add_version(project, document, by=person, **form.cleaned_data)
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                last = refused.row
                stored = {"link": last.link, "upload": last.file, "label": last.label}
                show_conflict(form, stored=stored, carries={"seen": last.number})
        else:
            messages.success(request, f"{version} is added.")
            return redirect(f"{row.url}#{_anchor(row, request)}")
    return _page(request, project, _row(request, get_project(request, code), document), form=form, status=status)


@require_POST
def move(request: HttpRequest, code: str, document: str) -> HttpResponse:
    """Move a section of a document: draft, hand in, approve, send back, skip, reopen."""
    project, person = get_project(request, code), signed_in(request)
    row = _row(request, project, document)
    form = SectionMoveForm(request.POST, auto_id=f"move-%s-{_anchor(row, request)}")
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        going = {"by": person, "note": data["note"], "revision": data["revision"]}
        try:
            section = move_section(project, document, data["section"], data["move"], **going).row
        except MoveRefused as refused:
            status = add_errors(form, refused)
            status = 400 if isinstance(refused, UnknownMove) else status
        else:
            messages.success(request, f"{section} is {section.get_state_display().lower()} now.")
            return redirect(own_path(data["next"], fallback=f"{row.url}#{_anchor(row, request)}"))
    return _page(request, project, _row(request, get_project(request, code), document), form=form, status=status)


@require_POST
def visible(request: HttpRequest, code: str, document: str) -> HttpResponse:
    """Show a document to people outside the company, or no longer."""
    project = get_project(request, code)
    row = _row(request, project, document)
    form = VisibleForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            shown = set_visible(project, document, form.cleaned_data["visible"], by=signed_in(request))
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            seen = "visible" if shown.visible_to_customer else "not visible"
            messages.success(request, f"{shown} is {seen} to the customer now.")
            return redirect(row.url)
    return _page(request, project, row, form=form, status=status)


@require_GET
def file(request: HttpRequest, code: str, document: str, number: int) -> FileResponse:
    """Hand out the file of a version, as an attachment."""
    project = get_shared_project(request, code)
    version = get_file(project, document, number)
    if not may_read(version, signed_in(request)):
        raise Http404(NO_VERSION)
    assert version.file is not None, "it was asked for as one"
    return as_download(version.file)


def _row(request: HttpRequest, project: Project, slug: str) -> DocumentRow:
    rows = document_rows(project, signed_in(request), only=slug)
    if not rows:
        raise Http404(NO_DOCUMENT)
    return rows[0]


def _anchor(row: DocumentRow, request: HttpRequest) -> str:
    """Return the id of the part that a form is of."""
    section = request.POST.get("section", "")
    return next((part.anchor for part in row.parts if part.slug == section), row.slug)


def _page(
    request: HttpRequest, project: Project, row: DocumentRow, *, form: Form | None = None, status: int = 200
) -> HttpResponse:
    """Render a document's page; a form that was refused stands where it was sent from, with what was typed."""
    placed = form is None or _put_back(row, form)
    today, person = business_day(), signed_in(request)
    context: dict[str, Any] = {"nav": "portfolio", "project": project, "row": row, "form": form, "today": today}
    context["loose"] = None if placed else form
    stored = project.documents.filter(slug=row.slug).first()  # none while nobody has touched it
    context["panels"] = panels("document", stored, person, today) if stored else []
    return render(request, "projects/documents/document.html", context, status=status)


def _put_back(row: DocumentRow, form: Form) -> bool:
    """Put a form where the page shows one of its kind to the person; return whether there is such a place."""
    section = form.data.get("section", "")
    part = next((part for part in row.parts if part.slug == section), None)
    if isinstance(form, SectionMoveForm) and part:
        part.typed = form
        return True
    if isinstance(form, VersionForm) and part and part.form:
        part.form = form
        return True
    if isinstance(form, VersionForm) and row.form:
        row.form = form
        return True
    return False
