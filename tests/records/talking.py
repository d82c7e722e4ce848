"""What the tests of talk share. Nothing here is a test."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from projects.models import Project, ProjectStep
from records.models import Comment
from records.talk import Written, post_comment
from tests.cast import step_of
from transitions.standing import Standing

STEP = "integration/discovery.invoicing"


def on_step(project: Project, text: str, *, by: User, key: str = STEP, **given: Any) -> Written:
    """Comment on a step."""
    return post_comment(project, "step", step_of(project, key).pk, text, by=by, **given)


def on_project(project: Project, text: str, *, by: User, **given: Any) -> Written:
    """Comment on the project itself."""
    return post_comment(project, "project", project.pk, text, by=by, **given)


def afresh(comment: Comment) -> Comment:
    """Return a comment as it is now."""
    row: Comment = Comment.objects.get(pk=comment.pk)
    return row


def step(project: Project, key: str = STEP) -> ProjectStep:
    """Return a step of a project, read afresh."""
    return step_of(project, key)


def completed(project: Project) -> Project:
    """Return the project as it is once it is complete: set past the guard, since a whole life would take the test minutes."""
    QuerySet(Project).filter(pk=project.pk).update(standing=Standing.COMPLETE)
    return Project.objects.get(pk=project.pk)
