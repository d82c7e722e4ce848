"""Two versions of a playbook and projects on the first. Nothing here is a test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.db.models import Model

from playbook.models import Version
from projects.models import Notice, Project, ProjectGrant, ProjectPlaybook, ProjectStep, Seat
from projects.models.comment_request import CommentRequest
from projects.recount import recount
from raci.letters import Raci
from tests.transitions.made_up import ROLES, a_step, publish, started
from transitions.moves import Outcome, perform

#: Version 1: two steps in Design, two in Development.
V1 = (
    a_step(1),
    a_step(2),
    a_step(3, "development"),
    a_step(4, "development"),
)
WITHOUT_SA = Raci(R=("SE",), A=("INM",), I=("B",))
NEW_ROLE = ROLES[0].__class__("QA", "Quality Analyst", "Integrations", "internal")


def versions(*after: Any, before: tuple[Any, ...] = V1, roles: Any = ROLES, **changes: Any) -> tuple[Version, Version]:
    """Two published versions of one playbook."""
    return publish(*before, **changes), publish(*after, roles=roles, **changes)


def upgrade(project: Project, to: Version, by: Any, **details: Any) -> Outcome[Project]:
    """Take a project to a version."""
    return perform(Project.objects.get(pk=project.pk), "upgrade", by=by, version=to, **details)


def undo(project: Project, by: Any) -> Outcome[Project]:
    """Undo its last upgrade."""
    return perform(Project.objects.get(pk=project.pk), "undo_upgrade", by=by)


def fresh(project: Project) -> Project:
    """Return the project, read afresh."""
    return Project.objects.get(pk=project.pk)


def steps_of(project: Project) -> dict[str, SimpleNamespace]:
    """Return the live steps by key, as plain values."""
    columns = ("pk", "template__key", "template__version__number", "status", "reason", "due", "baseline_due")
    return {
        row[1]: SimpleNamespace(
            id=row[0], version=row[2], status=row[3], reason=row[4], due=row[5], baseline_due=row[6]
        )
        for row in project.steps.order_by().values_list(*columns)
    }


def disagreements(project: Project) -> list[Any]:
    """Return where totals or grants are not what the rows say."""
    return list(recount(Project.objects.filter(pk=project.pk), write=False))


#: Every table that an upgrade writes to, beside its record and its own row.
TABLES: tuple[type[Model], ...] = (Project, ProjectPlaybook, ProjectStep, Seat, CommentRequest, Notice)


def rows_of(project: Project) -> dict[str, Any]:
    """Return every row of a project but for revisions; grants by what they give."""
    found: dict[str, Any] = {}
    for model in TABLES:
        where = {"pk": project.pk} if model is Project else {"project": project}
        rows = model._default_manager.filter(**where).order_by("pk").values()
        found[model.__name__] = [{name: value for name, value in row.items() if name != "revision"} for row in rows]
    grants = ProjectGrant.objects.filter(content_object=project).values_list("user_id", "permission_id")
    found["ProjectGrant"] = sorted(grants)
    return found


__all__ = ["NEW_ROLE", "V1", "WITHOUT_SA", "a_step", "publish", "started"]
