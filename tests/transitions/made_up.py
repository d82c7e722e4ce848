"""Playbooks made up for one test, and projects on them. Nothing here is a test."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from django.db.models import Model

from accounts.models import User
from playbook.data import PlaybookData, RoleData, StepData
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, Version
from playbook.services import publish_version, write_draft
from projects.models import (
    Approval,
    Biller,
    DateChange,
    Project,
    ProjectGrant,
    ProjectPlaybook,
    ProjectStep,
    Seat,
    Waiver,
)  # fmt: skip
from projects.start import Start, draft, start_project
from raci.letters import Raci
from tests.cast import KICKOFF, TARGET, usual_people
from transitions.models import TransitionRecord

ROLES = (
    RoleData("PM", "Project Manager", "Implementations", "internal", manages=True),
    RoleData("IM", "Implementations Manager", "Implementations", "internal", manages=True),
    RoleData("SE", "Solution Engineer", "Integrations", "internal"),
    RoleData("INM", "Integrations Manager", "Integrations", "internal"),
    RoleData("SA", "Solution Architect", "Integrations", "internal"),
    RoleData("B", "Biller", "Customer", "customer"),
    RoleData("IS", "Implementation Specialist", "Delivery", "internal"),
)
RACI = Raci(R=("SE",), A=("INM",), C=("SA",), I=("B",))
#: No letters at all, as Integration 22 and 46.
NOBODY = Raci()


def a_step(number: int, phase: str = "design", **changes: Any) -> StepData:
    """A plain step that everybody has to do; its key is `phase.step-number`."""
    plain = {"key": f"{phase.replace('_', '-')}.step-{number}", "title": f"Step {number}", "raci": RACI}
    return StepData(number=number, phase=phase, **{**plain, **changes})


def write(
    *steps: StepData, slug: str = "made-up", title: str = "Made Up", roles: tuple[RoleData, ...] = ROLES
) -> Version:
    """A draft of these steps, the next version of the playbook `slug`."""
    playbook, _ = Playbook.objects.get_or_create(slug=slug, defaults={"title": title})
    return write_draft(PlaybookData(slug, title, roles=roles, steps=steps), playbook=playbook)


def publish(*steps: StepData, **changes: Any) -> Version:
    """A published version of these steps, its warnings confirmed."""
    version = write(*steps, **changes)
    return publish_version(version, by=None, note="", confirmed=warning_ids(lint(version.as_data()))).row


def a_start(
    cast: SimpleNamespace, *versions: Version, people: Mapping[str, User] | None = None, **changes: Any
) -> Start:
    """What would be filled in to start a project on these versions, the usual people in the usual seats."""
    ids = tuple(version.pk for version in versions)
    plain = {
        "biller_name": "Marrow County Tax",
        "biller_code": "MRW",
        "vertical": "tax",
        "integration_kind": "partner",
        "version_ids": ids,
        "kickoff": KICKOFF,
        "target_go_live": TARGET,
        "start_key": uuid.uuid4(),
    }
    seated = usual_people(cast) if people is None else people
    roles = draft(ids, integration_kind="partner", phased_go_live=False, kickoff=KICKOFF).roles
    who = {(role.code, role.name): seated[role.code] for role in roles if role.code in seated}
    return Start(**{**plain, "people": who, **changes})


def started(cast: SimpleNamespace, *versions: Version, now: dt.datetime | None = None, **changes: Any) -> Project:
    """A project on these versions, started by Priya."""
    return start_project(a_start(cast, *versions, **changes), by=cast.priya, now=now)


#: Every table in which the life of a project is written.
WRITTEN_IN: tuple[type[Model], ...] = (
    *(Biller, Project, ProjectPlaybook, ProjectStep, Seat, ProjectGrant),
    *(Approval, Waiver, DateChange, TransitionRecord),
)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of all those tables, to be held against what it was."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in WRITTEN_IN}
