"""The playbook browser: what the method says, for everybody inside the company."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from playbook.compare import compare
from playbook.compare_page import counts_of, sections_of
from playbook.data import PlaybookData
from playbook.forms import CompareForm, FilterForm
from playbook.importing.xlsx_out import file_name, sheets_of
from playbook.lint import lint
from playbook.models import Role, Step, Version
from playbook.page import (
    Filter,
    change_rows,
    day_in,
    document_rows,
    phase_marks,
    phase_names,
    role_rows,
    step_groups,
    without_questions,
)
from playbook.panels import said_of
from playbook.use import used_by
from playbook.versions_page import confirmed_rows, edition_rows
from sheets.writing import xlsx_response
from transitions.clock import business_day
from transitions.version import VersionStatus


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """List the playbooks by the version on which a project would start today; staff see drafts as well."""
    reader = get_reader(request)
    versions = listed(visible_versions(reader).order_by("playbook__title", "playbook", "-number"))
    ids = [version.pk for version in versions]
    steps: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    in_phases = Step.objects.filter(version__in=ids).order_by().values_list("version", "phase")
    for version_id, phase, number in in_phases.annotate(number=Count("pk")):
        steps[version_id][phase] = number
    roles = dict(Role.objects.filter(version__in=ids).order_by().values_list("version").annotate(Count("pk")))
    rows = [
        {
            "version": version,
            "published_on": day_in(version.published_at, reader.zone),
            "steps": sum(steps[version.pk].values()),
            "roles": roles.get(version.pk, 0),
            "bar": phase_marks(steps[version.pk]),
            "phases": phase_names(steps[version.pk]),
        }
        for version in versions
    ]
    return render(request, "playbook/list.html", {"nav": "playbooks", "rows": rows})


@require_safe
def show(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """Show one version: its roles and its steps, filtered by phase, role and words."""
    reader = get_reader(request)
    version, siblings = get_version(reader, slug, number)
    data = version.as_data()
    if request.GET.get("format") == "xlsx":
        return download(reader, version, open_to(reader, data))
    form = FilterForm(request.GET, roles=data.roles)
    wanted = form.wanted()
    groups = step_groups(data, wanted, whole_page=request.path, with_questions=reader.is_staff)
    panels, notes = said_of(version, reader)
    context = {
        "nav": "playbooks",
        "version": version,
        "siblings": siblings,
        "published_on": day_in(version.published_at, reader.zone),
        "data": data,
        "roles": role_rows(data),
        "changes": change_rows(data),
        "documents": document_rows(data, whole_page=request.path),
        "groups": groups,
        "panels": panels,
        "notes": notes,
        "shown": sum(len(group.rows) for group in groups),
        "filtered": wanted != Filter(),
        "form": form,
        "phases": phase_names({step.phase for step in data.steps}),
        "questions": data.open_questions if reader.is_staff else (),
        "confirmed": confirmed_rows(version.confirmed_warnings, lint(data)) if reader.is_staff else (),
        "editions": edition_rows(siblings, used_by([one.pk for one in siblings]), reader.zone),
    }
    return render(request, "playbook/version.html", context, status=200 if form.is_valid() else 400)


@require_safe
def compare_versions(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what differs between two versions of a playbook; `from` and `to` are their numbers, `show=all` adds the rest."""
    reader = get_reader(request)
    newest, versions = get_version(reader, slug, None)
    form = CompareForm(request.GET, versions=versions)
    valid = form.is_valid()
    context = {"nav": "playbooks", "version": newest, "versions": versions, "form": form}
    if valid and form.cleaned_data["from"] != form.cleaned_data["to"]:
        by_number = {version.number: version for version in versions}
        before, after = by_number[form.cleaned_data["from"]], by_number[form.cleaned_data["to"]]
        found = compare(open_to(reader, before.as_data()), open_to(reader, after.as_data()))
        everything = form.cleaned_data["show"] == "all"
        paths = {"before_path": before.get_absolute_url(), "after_path": after.get_absolute_url()}
        sections = sections_of(found, everything=everything, **paths)
        editions = edition_rows([before, after], used_by([before.pk, after.pk]), reader.zone)
        context |= {"found": found, "sections": sections, "counts": counts_of(sections), "everything": everything}
        context |= {"editions": editions, "before": before, "after": after}
    return render(request, "playbook/compare.html", context, status=200 if valid else 400)


def download(reader: User, version: Version, data: PlaybookData) -> HttpResponse:
    """Send a version as a book, whole whatever the page's filters: it is read back by the import as the version it was."""
    about = [
        ("What", f"Playbook {version}"),
        ("Status", version.get_status_display()),
        ("As of", business_day()),
        ("For", reader.name),
        ("Open questions", "all" if reader.is_staff else "left out: they are for administrators"),
    ]
    return xlsx_response(file_name(data), sheets_of(data), about=about)


def open_to(reader: User, data: PlaybookData) -> PlaybookData:
    """Return a version as the reader may see it: what its source leaves open is for staff alone."""
    return data if reader.is_staff else without_questions(data)


def get_reader(request: HttpRequest) -> User:
    """Return who asks; playbooks are for people inside the company, and for others they do not exist."""
    if not isinstance(request.user, User) or request.user.is_outside:
        raise Http404
    return request.user


def get_version(reader: User, slug: str, number: int | None) -> tuple[Version, list[Version]]:
    """Return version `number` of the playbook, or without one the newest, and all that the reader may see."""
    siblings = list(visible_versions(reader).filter(playbook__slug=slug).order_by("-number"))
    if number is None:
        found = listed(siblings)[:1]
    else:
        found = [version for version in siblings if version.number == number]
    if not found:
        raise Http404
    return found[0], siblings


def visible_versions(reader: User) -> QuerySet[Version]:
    """Return the versions that the reader may see: drafts are for staff."""
    versions = Version.objects.select_related("playbook", "published_by")
    return versions if reader.is_staff else versions.exclude(status=VersionStatus.DRAFT)


def listed(versions: Iterable[Version]) -> list[Version]:
    """Return of each playbook its newest published version, or its newest retired one, and after it its drafts.

    Args:
        versions: newest first within each playbook.
    """
    by_playbook: dict[int, list[Version]] = {}
    for version in versions:
        by_playbook.setdefault(version.playbook_id, []).append(version)
    found = []
    for editions in by_playbook.values():
        for status in (VersionStatus.PUBLISHED, VersionStatus.RETIRED):
            current = [version for version in editions if version.status == status]
            if current:
                found.append(current[0])
                break
        found += [version for version in editions if version.is_draft]
    return found
