"""The life of a playbook's version: a draft is edited, a published one is immutable, a retired one starts no project."""

from __future__ import annotations

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class VersionStatus(models.TextChoices):
    """Where a version is in its life."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"


class VersionMachine(Machine):
    """draft → published → retired."""

    MOVES = (
        MoveSpec("publish", "Publish", details=("note", "confirmed")),
        MoveSpec("retire", "Retire", details=("note",), required=("note",)),
    )

    status = StateField(default=VersionStatus.DRAFT, choices=VersionStatus.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=status, source=VersionStatus.DRAFT, target=VersionStatus.PUBLISHED)
    def publish(self, *, note: str = "", confirmed: tuple[str, ...] = ()) -> None:
        """Make the version final. `confirmed` are the lint warnings that a person accepts (`step:code`)."""

    @transition(field=status, source=VersionStatus.PUBLISHED, target=VersionStatus.RETIRED)
    def retire(self, *, note: str) -> None:
        """Let no new project start on the version, with a reason."""
