"""The getters are the permission check: what a person may not see does not exist for them (404)."""

from __future__ import annotations

from typing import cast

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from accounts.models import User
from projects.models import DocumentVersion, Project, ProjectStep
from projects.outside import concerns, outsider

NO_PROJECT = "There is no such project, or you have no seat on it."
NO_VERSION = "There is no such version of a document, or it is not shown to you."
NO_STEP = "There is no such step, or you have no seat on its project."


def signed_in(request: HttpRequest) -> User:
    """Return who is asking; LoginRequiredMiddleware has let nobody else through."""
    return cast(User, request.user)


def get_project(request: HttpRequest, code: str) -> Project:
    """Return the project if the person may see it from inside the company; else 404, the same as for one that is not there.

    Whoever is outside gets 404 too: a page is shut to them unless it is made for them (`get_shared_project`).
    """
    if signed_in(request).is_outside:
        raise Http404(NO_PROJECT)
    return get_shared_project(request, code)


def get_shared_project(request: HttpRequest, code: str) -> Project:
    """Return the project for a page that people outside the company see too, each in their own version; else 404."""
    try:
        return Project.objects.visible_to(signed_in(request)).select_related("core_system").get(code=code)
    except Project.DoesNotExist:
        raise Http404(NO_PROJECT) from None


def get_step(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the live step `playbook/step-key` of a project that the person may see from inside; else 404."""
    if signed_in(request).is_outside:
        raise Http404(NO_STEP)
    return _step(request, code, path, ProjectStep.objects.select_related("template", "project"))


def get_shared_step(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the step for a page that people outside the company see too, of those that concern them; else 404."""
    person = signed_in(request)
    step = _step(request, code, path, ProjectStep.objects.select_related("template", "project"))
    if person.is_outside and not concerns(step, outsider(person)):
        raise Http404(NO_STEP)
    return step


def get_step_to_move(request: HttpRequest, code: str, path: str) -> ProjectStep:
    """Return the step as `get_step` does, but only which it is: `perform()` reads it again under the lock."""
    if signed_in(request).is_outside:
        raise Http404(NO_STEP)
    return _step(request, code, path, ProjectStep.objects.only("project"))


def _step(request: HttpRequest, code: str, path: str, steps: QuerySet[ProjectStep]) -> ProjectStep:
    playbook, _, key = path.partition("/")
    projects = Project.objects.visible_to(signed_in(request)).filter(code=code).order_by()
    try:
        return steps.get(project__in=projects, template__key=key, template__version__playbook__slug=playbook)
    except ProjectStep.DoesNotExist:
        raise Http404(NO_STEP) from None


def get_file(project: Project, slug: str, number: int) -> DocumentVersion:
    """Return a version of a project's document that is a file, whoever may have it; else 404."""
    of = project.document_versions.filter(document__slug=slug, file__isnull=False)
    found = of.select_related("document", "file").filter(number=number).first() if number < 32_768 else None
    if found is None:
        raise Http404(NO_VERSION)
    found.project = found.document.project = project
    return found


def may_manage(project: Project, person: User) -> bool:
    """Return whether the person runs the project, or stands in as administrator; nobody outside the company does."""
    return not person.is_outside and (person.is_superuser or project.board.manages(person.pk))
