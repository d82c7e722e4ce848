"""A sheet that is imported, as every room does it: taken, looked at, and done, or refused where it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest

from accounts.models import User
from projects import sheet_drafts
from projects.models import Project, SheetDraft
from projects.sheet_forms import ApplyForm, UploadForm
from projects.views.refusals import add_errors
from sheets.planning import Plan
from sheets.reading import SheetRefused, Table
from transitions.blockers import MoveRefused


@dataclass(slots=True)
class Shown:
    """An import as its page shows it (components/import.html): the form and its status; what the sheet would do, the draft that
    is kept of it, or why it is not read. `done`: it was imported, and there is nothing to show any more."""

    form: forms.Form
    status: int = 200
    plan: Plan[Any] | None = None
    draft: SheetDraft | None = None
    problems: list[str] = field(default_factory=list)
    done: bool = False

    def context(self) -> dict[str, Any]:
        """Return what the template takes."""
        return {"form": self.form, "plan": self.plan, "draft": self.draft, "problems": self.problems}


def take_sheet(
    request: HttpRequest,
    *,
    most_rows: int,
    read: Callable[[UploadedFile[bytes]], Table],
    plan: Callable[[Table], Plan[Any]],
    keep: Callable[[str, Table], SheetDraft],
    stranger: str,
) -> Shown:
    """Read the sheet of a POST, work out what it would do, and keep it if nothing in it is refused: then there is a draft.

    Args:
        keep: called with the file's name and the table. stranger: why the person imports nothing here, where they do not.
    """
    if request.method != "POST":
        return Shown(UploadForm(most_rows=most_rows))
    form = UploadForm(request.POST, request.FILES, most_rows=most_rows)
    shown = Shown(form, 400)
    if stranger:
        shown.status = 403
        form.add_error(None, stranger)
    elif form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            table = read(upload)
            shown.plan = plan(table)
            if not shown.plan.refused:
                shown.draft = keep(upload.name, table)
        except SheetRefused as refused:
            shown.problems = refused.problems
        except MoveRefused as refused:
            shown.status = add_errors(form, refused)
    return shown


def get_draft(project: Project, purpose: str, pk: int, *, by: User) -> SheetDraft:
    """Return a sheet that somebody keeps; 404 where it is gone, or somebody else's."""
    draft = sheet_drafts.find(project, purpose, pk, by=by)
    if draft is None:
        raise Http404(sheet_drafts.GONE)
    return draft


def apply_sheet(
    request: HttpRequest, draft: SheetDraft, *, plan: Callable[[], Plan[Any]], apply: Callable[..., Plan[Any]]
) -> Shown:
    """Do on POST what was looked at, and say so; otherwise show what the sheet would do.

    Args:
        plan: the plan as it is now. apply: called with the `fingerprint` of the plan that was looked at; returns what was done.
    """
    form = ApplyForm(request.POST or None)
    shown = Shown(form, draft=draft)
    if request.method == "POST":
        shown.status = 400
        if form.is_valid():
            try:
                done = apply(fingerprint=form.cleaned_data["fingerprint"])
            except MoveRefused as refused:
                shown.status = add_errors(form, refused)
            else:
                messages.success(request, f"Imported: {done.count('new'):,} new, {done.count('changed'):,} changed.")
                shown.done = True
                return shown
    shown.plan = plan()
    return shown
