"""Finding what a script or an address names: projects, steps, people; with an answer that names what there is."""

from __future__ import annotations

from accounts.models import User
from projects.board import LiveStep
from projects.models import Project, ProjectStep
from transitions.blockers import Blocker, MoveRefused


class NotFound(MoveRefused):
    """There is nothing of that name."""


def project_by_code(code: str) -> Project:
    """Return the project called `code`; raise NotFound."""
    project = Project.objects.select_related("biller").filter(code=code.strip().upper()).first()
    if project is None:
        raise NotFound([Blocker("unknown-project", f"There is no project “{code}”.")])
    return project


def person_by_email(email: str) -> User:
    """Return the person with the address; raise NotFound."""
    person = User.objects.filter(email=email.strip().lower()).first()
    if person is None:
        raise NotFound([Blocker("unknown-person", f"Nobody here has the address “{email}”.")])
    return person


def live_step(project: Project, key: str) -> LiveStep:
    """Return the project's step `playbook/step-key`, or `step-key` where only one of its playbooks has it.

    Raises:
        NotFound: none, or more than one.
    """
    found = [step for step in project.board.steps if key in (step.path, step.template.key)]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(step.path for step in found)
        raise NotFound(
            [Blocker("ambiguous-step", f"“{key}” is in several playbooks. Say which: {paths}.", subject=key)]
        )
    raise NotFound(
        [Blocker("unknown-step", f"{project.code} has no step “{key}”.", project.get_absolute_url(), subject=key)]
    )


def step_row(project: Project, step: LiveStep) -> ProjectStep:
    """Return the row of a step on the board, knowing its project."""
    row = ProjectStep.objects.select_related("template").get(pk=step.id)
    row.project = project
    return row
