"""The getters are the permission check: what a person may not see does not exist for them (404)."""

from __future__ import annotations

from typing import cast

from django.http import Http404, HttpRequest

from accounts.models import User
from projects.models import Project, ProjectStep


def signed_in(request: HttpRequest) -> User:
    """Return who is asking; LoginRequiredMiddleware has let nobody else through."""
    return cast(User, request.user)


def get_project(request: HttpRequest, code: str) -> Project:
    """Return the project if the person may see it; else 404, the same as for one that is not there."""
    visible = Project.objects.visible_to(signed_in(request)).select_related("core_system")
    project = visible.filter(code=code).first()
    if project is None:
        raise Http404("There is no such project, or you have no seat on it.")
    return project


def get_step(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the live step `playbook/step-key` of a project that the person may see; else 404."""
    visible = Project.objects.visible_to(signed_in(request))
    playbook, _, key = path.partition("/")
    step = (
        ProjectStep.objects.filter(project__in=visible.filter(code=code))
        .filter(template__key=key, template__version__playbook__slug=playbook)
        .select_related("template", "project")
        .first()
    )
    if step is None:
        raise Http404("There is no such step, or you have no seat on its project.")
    return step


def may_manage(project: Project, person: User) -> bool:
    """Return whether the person runs the project, or stands in as administrator."""
    return person.is_superuser or project.board.manages(person.pk)
