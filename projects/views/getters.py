"""The getters are the permission check: what a person may not see does not exist for them (404)."""

from __future__ import annotations

from typing import cast

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from accounts.models import User
from projects.models import Project, ProjectStep


def signed_in(request: HttpRequest) -> User:
    """Return who is asking; LoginRequiredMiddleware has let nobody else through."""
    return cast(User, request.user)


def get_project(request: HttpRequest, code: str) -> Project:
    """Return the project if the person may see it; else 404, the same as for one that is not there."""
    try:
        return Project.objects.visible_to(signed_in(request)).select_related("core_system").get(code=code)
    except Project.DoesNotExist:
        raise Http404("There is no such project, or you have no seat on it.") from None


def get_step(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the live step `playbook/step-key` of a project that the person may see; else 404."""
    return _step(request, code, path, ProjectStep.objects.select_related("template", "project"))


def get_shared_project(request: HttpRequest, code: str) -> Project:
    """Return the project for a page that people outside the company see too; else 404."""
    return get_project(request, code)


def get_shared_step(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the step for a page that people outside the company see too, of those that concern them; else 404."""
    return get_step(request, code, path)


def get_step_to_move(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the step as `get_step` does, but only which it is: `perform()` reads it again under the lock."""
    return _step(request, code, path, ProjectStep.objects.only("project"))


def _step(request: HttpRequest, code: str, path: str, steps: QuerySet[ProjectStep]) -> ProjectStep:
    playbook, _, key = path.partition("/")
    projects = Project.objects.visible_to(signed_in(request)).filter(code=code).order_by()
    try:
        return steps.get(project__in=projects, template__key=key, template__version__playbook__slug=playbook)
    except ProjectStep.DoesNotExist:
        raise Http404("There is no such step, or you have no seat on its project.") from None


def may_manage(project: Project, person: User) -> bool:
    """Return whether the person runs the project, or stands in as administrator."""
    return person.is_superuser or project.board.manages(person.pk)
