"""Playbooks made up for one test, and projects on them. Nothing here is a test."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import Model

from accounts.models import User
from playbook.data import DocumentData, PlaybookData, RoleData, StepData
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, Version
from playbook.services import publish_version, write_draft
from projects.models import (
    Approval,
    Biller,
    CommentAnswer,
    CommentRequest,
    DateChange,
    Delegation,
    Document,
    DocumentSection,
    DocumentVersion,
    Notice,
    Project,
    ProjectGrant,
    ProjectPlaybook,
    ProjectStep,
    Seat,
    StoredFile,
    Waiver,
)  # fmt: skip
from projects.start import Start, draft, start_project
from raci.letters import Raci
from tests.cast import KICKOFF, TARGET, sitter, usual_people
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
LONG_AGO = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


def a_step(number: int, phase: str = "design", **changes: Any) -> StepData:
    """A plain step that everybody has to do; its key is `phase.step-number`."""
    plain = {"key": f"{phase.replace('_', '-')}.step-{number}", "title": f"Step {number}", "raci": RACI}
    return StepData(number=number, phase=phase, **{**plain, **changes})


def write(
    *steps: StepData,
    slug: str = "made-up",
    title: str = "Made Up",
    roles: tuple[RoleData, ...] = ROLES,
    documents: Sequence[DocumentData] = (),
) -> Version:
    """A draft of these steps, the next version of the playbook `slug`."""
    playbook, _ = Playbook.objects.get_or_create(slug=slug, defaults={"title": title})
    data = PlaybookData(slug, title, roles=roles, documents=tuple(documents), steps=steps)
    return write_draft(data, playbook=playbook)


def publish(*steps: StepData, **changes: Any) -> Version:
    """A published version of these steps, its warnings confirmed."""
    version = write(*steps, **changes)
    return publish_version(version, by=None, note="", confirmed=warning_ids(lint(version.as_data()))).row


def a_start(
    cast: SimpleNamespace, *versions: Version, people: Mapping[Any, User] | None = None, **changes: Any
) -> Start:
    """What would be filled in to start a project on these versions.

    `people` are by role code, or by code and name; unless given, the usual people sit in the usual seats.
    """
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
    who = {(role.code, role.name): sitter(seated, role.code, role.name) for role in roles}
    known = {role: person for role, person in who.items() if person is not None}
    return Start(**{**plain, "people": known, **changes})


def started(cast: SimpleNamespace, *versions: Version, now: dt.datetime | None = None, **changes: Any) -> Project:
    """A project on these versions, started by Priya."""
    return start_project(a_start(cast, *versions, **changes), by=cast.priya, now=now)


#: Every table in which the life of a project is written.
WRITTEN_IN: tuple[type[Model], ...] = (
    *(Biller, Project, ProjectPlaybook, ProjectStep, Seat, ProjectGrant),
    *(Approval, Waiver, DateChange, TransitionRecord, Delegation, Document, DocumentSection, DocumentVersion),
    *(CommentRequest, CommentAnswer, Notice, StoredFile),
)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of all those tables, to be held against what it was."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in WRITTEN_IN}


def _again(row: Any, **changes: Any) -> Any:
    """A row that was never read, with the values of one that is there."""
    return type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields} | changes)


def _edited(row: Any, **changes: Any) -> Any:
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def _loaded(row: Any) -> None:
    for item in serializers.deserialize("json", serializers.serialize("json", [row])):
        item.save()


#: Every way in which Django would write over a row that says what happened, or take it away.
REWRITES: dict[str, Callable[[Any], object]] = {
    "save": lambda row: row.save(),
    "save, edited": lambda row: _edited(row, at=LONG_AGO).save(),
    "save one field": lambda row: _edited(row, at=LONG_AGO).save(update_fields=["at"]),
    "save_base": lambda row: _edited(row, at=LONG_AGO).save_base(),
    "save_base raw": lambda row: _edited(row, at=LONG_AGO).save_base(raw=True),
    "save under its key": lambda row: _again(row, at=LONG_AGO).save(),
    "force_update under its key": lambda row: _again(row, at=LONG_AGO).save(force_update=True),
    "fixture": lambda row: _loaded(_edited(row, at=LONG_AGO)),
    "delete": lambda row: row.delete(),
    "delete under its key": lambda row: _again(row).delete(),
    "update": lambda row: type(row).objects.update(at=LONG_AGO),
    "filter.update": lambda row: type(row).objects.filter(pk=row.pk).update(at=LONG_AGO),
    "base manager": lambda row: type(row)._base_manager.filter(pk=row.pk).update(at=LONG_AGO),
    "bulk_update": lambda row: type(row).objects.bulk_update([_edited(row, at=LONG_AGO)], ["at"]),
    "update_or_create": lambda row: type(row).objects.update_or_create(pk=row.pk, defaults={"at": LONG_AGO}),
    "update_conflicts": lambda row: type(row).objects.bulk_create(
        [_again(row, at=LONG_AGO)], update_conflicts=True, update_fields=["at"], unique_fields=["id"]
    ),
    "update_conflicts by position": lambda row: type(row).objects.bulk_create(
        [_again(row, at=LONG_AGO)], None, False, True, ["at"], ["id"]
    ),
    "filter.delete": lambda row: type(row).objects.filter(pk=row.pk).delete(),
    "none.delete": lambda row: type(row).objects.none().delete(),
    "base manager's delete": lambda row: type(row)._base_manager.filter(pk=row.pk).delete(),
}


def refuses_to_be_rewritten(row: Model, refusals: tuple[type[Exception], ...], subtests: pytest.Subtests) -> None:
    """Hold every one of `REWRITES` against a row that is there: each is refused and leaves all rows as they were."""
    before = everything()
    for name, rewrite in REWRITES.items():
        with subtests.test(name):
            with pytest.raises((*refusals, IntegrityError)), transaction.atomic():
                rewrite(type(row)._default_manager.get(pk=row.pk))
            assert everything() == before
