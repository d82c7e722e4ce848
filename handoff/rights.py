"""Who may do what on the way to Client Services."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from accounts.models import User
from projects.models import Project
from projects.views.getters import NO_PROJECT, get_project, signed_in
from raci.grants import holds_globally

CLIENT_SERVICES = "Client Services"
DECIDE_TIER = "decide_tier"


def runs(project: Project, person: User) -> bool:
    """Return whether the person runs the project, or stands in as administrator."""
    return person.is_active and not person.is_outside and (person.is_superuser or project.board.manages(person.pk))


def decides_tiers(person: User) -> bool:
    """Return whether the person decides for Client Services, on any project (the group of that name); one query."""
    inside = person.is_active and not person.is_outside
    return inside and (person.is_superuser or holds_globally(person, "projects", DECIDE_TIER))


def seated_for_client_services(project: Project, person: User) -> bool:
    """Return whether the person sits on the project for Client Services (TSM, TAM, CSM)."""
    return any(
        seat.person and seat.person.id == person.pk and seat.role.team == CLIENT_SERVICES
        for seat in project.board.seats
    )


def takes_over(project: Project, person: User) -> bool:
    """Return whether the person accepts the project for Client Services: by a seat there, or by the group."""
    inside = person.is_active and not person.is_outside
    return inside and (seated_for_client_services(project, person) or decides_tiers(person))


def get_project_to_take_over(request: HttpRequest, code: str) -> Project:
    """Return the project if the person may see it, or decides for Client Services, who see whatever comes to them; else 404."""
    person = signed_in(request)
    if not decides_tiers(person):
        return get_project(request, code)
    try:
        return Project.objects.select_related("core_system").get(code=code)
    except Project.DoesNotExist:
        raise Http404(NO_PROJECT) from None
