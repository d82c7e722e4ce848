"""Packages: asked for, followed while they are built, handed out, accepted or returned; the export; the overview slide."""

from __future__ import annotations

import tempfile
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from handoff.models import Package, PackageGap
from handoff.package.acts import request_package, settle_gap
from handoff.package.archive import write_archive
from handoff.package.build import MISSING, ZIP, read_at_one_instant
from handoff.package.forms import AcceptForm, BuildForm, ReturnForm, SettleForm
from handoff.package.kept import wrong_with
from handoff.package.overview import overview_pdf
from handoff.package.page import owners_of, page_values
from handoff.package.slide import slide_of
from handoff.rights import get_project_to_take_over
from projects.files import as_download
from projects.models import Project
from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused
from transitions.clock import business_day
from transitions.moves import perform
from transitions.package import PackageState

NO_PACKAGE = "There is no such package of this project."
LIVES = "This project is not complete yet, so there is nothing final to export. Build a package of it instead."


def get_package(request: HttpRequest, code: str, number: int) -> Package:
    """Return a package of a project that the person may see or take over; else 404."""
    project = get_project_to_take_over(request, code)
    row: Package | None = Package.objects.filter(project=project, number=number).select_related("file").first()
    if row is None:
        raise Http404(NO_PACKAGE)
    row.project = project
    return row


@require_GET
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Show the packages of a project, the newest first, and the gaps."""
    return _page(request, get_project_to_take_over(request, code))


def _page(
    request: HttpRequest, project: Project, form: forms.Form | None = None, *, status: int = 200, **refused: Any
) -> HttpResponse:
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    context = {"nav": "portfolio", "project": project, "today": business_day(), "form": form or refused.get("form")}
    context |= page_values(project, signed_in(request), page=page, **refused)
    return render(request, "handoff/package/list.html", context, status=status)


@require_POST
def build(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for another package."""
    project = get_project_to_take_over(request, code)
    form = BuildForm(request.POST)
    form.full_clean()
    try:
        package = request_package(project, by=signed_in(request))
    except MoveRefused as refused:
        return _page(request, project, form, status=add_errors(form, refused))
    messages.success(request, f"{package} is being built. You may leave this page.")
    return redirect("package", project.code)


@require_GET
def progress(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Say how far the building is; once it has ended, have the page loaded afresh."""
    package = get_package(request, code, number)
    if package.state != PackageState.BUILDING:
        done = HttpResponse(status=200)
        done["HX-Refresh"] = "true"
        return done
    return render(request, "handoff/package/progress.html", {"project": package.project, "building": package})


@require_POST
def accept(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Accept a package for Client Services."""
    package, form = get_package(request, code, number), AcceptForm(request.POST)
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = perform(
                package, "accept_package", by=signed_in(request), note=data["note"], revision=data["revision"]
            ).row
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, f"{row} is accepted.")
            return redirect("package", package.project.code)
    return _page(request, package.project, form, accept=form, status=status)


@require_POST
def give_back(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Return a package with the gaps that it has."""
    package = get_package(request, code, number)
    form = ReturnForm(request.POST, owners=owners_of(package.project), prefix="back")
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        people = User.objects.in_bulk([owner for _, owner in data["gaps"] if owner])
        gaps = [(text, people.get(owner)) for text, owner in data["gaps"]]
        going: dict[str, Any] = {"note": data["note"], "revision": data["revision"], "gaps": gaps}
        try:
            row = perform(package, "return_package", by=signed_in(request), **going).row
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            messages.success(
                request, f"{row} is returned. Its gaps are in the way of the go-live until they are settled."
            )
            return redirect("package", package.project.code)
    return _page(request, package.project, form, giving_back=form, status=status)


@require_POST
def settle(request: HttpRequest, code: str, gap_id: int) -> HttpResponse:
    """Say how a gap was settled."""
    project = get_project_to_take_over(request, code)
    gap = PackageGap.objects.filter(project=project, pk=gap_id).first()
    if gap is None:
        raise Http404("There is no such gap on this project.")
    form, status = SettleForm(request.POST, auto_id=f"gap-{gap.pk}-%s"), 400
    if form.is_valid():
        try:
            settle_gap(gap, form.cleaned_data["note"], by=signed_in(request))
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
        else:
            messages.success(request, "The gap is settled.")
            return redirect("package", project.code)
    return _page(request, project, form, settle=(gap.pk, form), status=status)


@require_GET
def download(request: HttpRequest, code: str, number: int) -> HttpResponseBase:
    """Hand out a package as an attachment, if its file is still the one that was built; else say what is wrong, with 409."""
    package = get_package(request, code, number)
    if package.file is None:
        raise Http404(f"{package} has no file.")
    if words := wrong_with(package):
        form = BuildForm({})
        form.add_error(None, words)
        return _page(request, package.project, form, status=409)
    return as_download(package.file)


@require_GET
def export(request: HttpRequest, code: str) -> HttpResponseBase:
    """Send the archive of a completed project, made for this download; no row is written."""
    project = get_project_to_take_over(request, code)
    if not project.is_archived():
        raise Http404(LIVES)
    now = timezone.now()
    out = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        write_archive(read_at_one_instant(project, now), out, number=None, by=signed_in(request).name)
    except FileNotFoundError:
        raise Http404(MISSING) from None
    out.seek(0)
    name = f"{project.code.lower()}_export_{business_day(now)}.zip"
    return _sent(FileResponse(out, as_attachment=True, filename=name, content_type=ZIP))


@require_GET
def overview(request: HttpRequest, code: str) -> HttpResponse:
    """Send the Integration Overview slide, made of what the project says now."""
    seen = get_project_to_take_over(request, code)
    project = Project.objects.select_related("biller", "core_system__vendor").get(pk=seen.pk)
    response = HttpResponse(overview_pdf(slide_of(project, timezone.now())), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{project.code.lower()}_overview.pdf"'
    return _sent(response)


def _sent(response: Any) -> Any:
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
