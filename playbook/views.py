"""The playbook browser: what the method says, for everybody inside the company."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from playbook.forms import FilterForm
from playbook.models import Role, Step, Version
from playbook.page import Filter, change_rows, day_in, phase_marks, phase_names, role_rows, step_groups
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
    form = FilterForm(request.GET, roles=data.roles)
    wanted = form.wanted()
    groups = step_groups(data, wanted, whole_page=request.path, with_questions=reader.is_staff)
    context = {
        "nav": "playbooks",
        "version": version,
        "siblings": siblings,
        "published_on": day_in(version.published_at, reader.zone),
        "data": data,
        "roles": role_rows(data),
        "changes": change_rows(data),
        "groups": groups,
        "shown": sum(len(group.rows) for group in groups),
        "filtered": wanted != Filter(),
        "form": form,
        "phases": phase_names({step.phase for step in data.steps}),
        "questions": data.open_questions if reader.is_staff else (),
    }
    return render(request, "playbook/version.html", context, status=200 if form.is_valid() else 400)


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
