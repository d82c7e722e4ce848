"""Published versions as plain, immutable values, read once a process.

A published version never changes (playbook.models), so what it says may be kept: a project's page then reads its live rows
alone and joins them here, instead of carrying every title and letter through SQL on each request (docs/adr/0005).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from playbook.data import DocumentData
from playbook.models import Role, Step, StepRole, Version
from playbook.vocabulary import ApprovalKind
from transitions.phase import PHASE_ORDER
from transitions.version import VersionStatus


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """A role of a published version."""

    id: int
    code: str
    name: str
    team: str
    side: str
    manages: bool
    signs_as: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """Code and name: `TC` may be two different seats in two playbooks, so the code alone says nothing."""
        return (self.code, self.name)


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A step of a published version, with its letters as role ids in the order of the source."""

    id: int
    playbook: str
    version_id: int
    key: str
    number: int
    phase: str
    phase_rank: int
    category: str
    title: str
    guidance: str
    applies: str
    approval: str
    duration_days: int
    needs: tuple[str, ...]
    documents: tuple[str, ...]
    meeting: str
    letters: Mapping[str, tuple[int, ...]]

    @property
    def path(self) -> str:
        """`playbook/step-key`: unique in a project, stable across versions."""
        return f"{self.playbook}/{self.key}"

    @property
    def approval_label(self) -> str:
        """The decision asked for, in words, or an empty string."""
        return str(ApprovalKind(self.approval).label) if self.approval else ""


@dataclass(frozen=True, slots=True)
class VersionTemplate:
    """A published version: its roles and steps by id, steps in their order."""

    id: int
    playbook: str
    title: str
    number: int
    kind: str
    roles: Mapping[int, RoleTemplate]
    steps: Mapping[int, StepTemplate]
    documents: tuple[DocumentData, ...] = ()

    @property
    def label(self) -> str:
        """`Integration v1`."""
        return f"{self.title} v{self.number}"


@lru_cache(maxsize=512)
def version_template(version_id: int) -> VersionTemplate:
    """Return the published or retired version `version_id`, in four queries the first time and none after.

    Raises:
        Version.DoesNotExist: there is none, or it is a draft, which may still change and so is never kept.
    """
    version = Version.objects.exclude(status=VersionStatus.DRAFT).select_related("playbook").get(pk=version_id)
    slug = version.playbook.slug
    letters: dict[int, dict[str, list[int]]] = {}
    rows = StepRole.objects.filter(step__version=version).order_by("position", "pk")
    for step_id, letter, role_id in rows.values_list("step_id", "letter", "role_id"):
        letters.setdefault(step_id, {}).setdefault(letter, []).append(role_id)
    roles = {
        role.pk: RoleTemplate(role.pk, role.code, role.name, role.team, role.side, role.manages, role.signs_as)
        for role in Role.objects.filter(version=version)
    }
    steps = {
        step.pk: StepTemplate(
            id=step.pk,
            playbook=slug,
            version_id=version_id,
            key=step.key,
            number=step.number,
            phase=step.phase,
            phase_rank=PHASE_ORDER[step.phase],
            category=step.category,
            title=step.title,
            guidance=step.guidance,
            applies=step.applies,
            approval=step.approval,
            duration_days=step.duration_days,
            needs=tuple(f"{slug}/{key}" for key in step.needs),
            documents=tuple(step.documents),
            meeting=step.meeting,
            letters={letter: tuple(ids) for letter, ids in letters.get(step.pk, {}).items()},
        )
        for step in Step.objects.filter(version=version)
    }
    documents = tuple(DocumentData.of(document) for document in version.documents)
    return VersionTemplate(version_id, slug, version.title, version.number, version.kind, roles, steps, documents)


def forget() -> None:
    """Drop what is kept. For tests, whose databases come and go within one process."""
    version_template.cache_clear()
