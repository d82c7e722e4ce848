"""Where live projects depart from what their playbooks mandate: steps that were skipped, waived, renamed or dropped, by key.

Mandated is a step that applies to every project, or to those of its project's kind; it is judged by the version that the step is
of. What departs is read for any number of projects in five queries (`find`), and who did it, when and why in two more for those
that are shown (`tell`). A playbook's author reads here what projects do with the playbook.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Count, Q

from accounts.models import User
from history.tracking import history_of
from playbook.vocabulary import Applies
from projects.filters import Filter
from projects.models import IntegrationKind, Project, ProjectStep, Upgrade, Waiver
from projects.models.project import ProjectQuerySet
from transitions.models import TransitionRecord
from transitions.phase import PHASE_ORDER
from transitions.standing import Standing
from transitions.step import StepStatus

#: Projects that are live: they run, or rest.
LIVE = (Standing.ACTIVE, Standing.ON_HOLD)
#: Criteria of a gate whose lines are about a step's being done; their subject is its path.
OF_STEPS = ("step-open", "approval-missing", "step-blocked")
#: So many ids are asked for at a time.
CHUNK = 500


class Kind(models.TextChoices):
    """How a project departs from a step."""

    SKIPPED = "skipped", "Skipped"
    WAIVED = "waived", "Waived"
    RENAMED = "renamed", "Renamed"
    DROPPED = "dropped", "Dropped"


@dataclass(frozen=True, slots=True)
class Asked(Filter):
    """Which departures; what is empty is not asked for.

    Args:
        playbook: its slug. version: its number. step: `playbook/step-key`. pm: the id of who runs the project.
        optional: steps that apply where applicable as well.
    """

    playbook: str = ""
    version: int | None = None
    step: str = ""
    kind: str = ""
    project: str = ""
    pm: int | None = None
    optional: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether some departures are left out."""
        return replace(self, page=1, optional=False) != Asked()

    def projects(self, who: User) -> ProjectQuerySet:
        """Return the live projects that `who` may see and that are asked for."""
        found: ProjectQuerySet = live_projects(who)
        if self.project:
            found = found.filter(code=self.project)
        return found.filter(manager=self.pm) if self.pm else found

    def steps(self, projects: ProjectQuerySet) -> Any:
        """Return the mandated steps of those projects."""
        wanted = Q(project__in=projects.order_by().values("pk")) & mandated(optional=self.optional)
        return ProjectStep.objects.filter(wanted).order_by()

    def takes(self, row: Departure) -> bool:
        """Whether a departure is asked for. Its step is judged here: few depart, and a database that begins with the steps of a
        version reads all that live projects have of it."""
        return (
            self.kind in ("", row.kind)
            and self.playbook in ("", row.playbook)
            and self.version in (None, row.version)
            and self.step in ("", row.path)
        )


def live_projects(who: User) -> ProjectQuerySet:
    """Return the projects that run or rest and that the person may see."""
    found: ProjectQuerySet = Project.objects.visible_to(who).filter(standing__in=LIVE)
    return found


def mandated(*, optional: bool = False) -> Q:
    """Return the condition under which a live step is mandated: it applies always, or to projects of its project's kind."""
    asked = Q(template__applies=Applies.ALWAYS)
    asked |= Q(template__applies=Applies.PARTNER_ONLY, project__integration_kind=IntegrationKind.PARTNER)
    asked |= Q(template__applies=Applies.PHASED_ONLY, project__phased_go_live=True)
    return asked | Q(template__applies=Applies.IF_APPLICABLE) if optional else asked


@dataclass(frozen=True, slots=True)
class Departure:
    """One project's departure from one step. `title` is the playbook's, `own_title` the project's own.

    `by`, `at` and `reason` of what was read are known once they are told (`tell`); a waiver has its own.
    """

    kind: str
    step_id: int
    playbook: str
    version: int
    key: str
    number: int
    phase: str
    title: str
    own_title: str
    status: str
    project_id: int
    code: str
    project: str
    pm: str
    started_by: str
    status_since: dt.datetime | None
    reason: str = ""
    by: str = ""
    at: dt.datetime | None = None
    expires: dt.date | None = None

    @property
    def path(self) -> str:
        """`playbook/step-key`."""
        return f"{self.playbook}/{self.key}"

    @property
    def place(self) -> tuple[Any, ...]:
        """Where it stands in the list: by step in the order of its playbook, then by project."""
        rank = PHASE_ORDER[self.phase]
        return (self.playbook, rank, self.number, self.key, self.code, Kind.values.index(self.kind))


_COLUMNS = (
    "pk", "template__version__playbook__slug", "template__version__number", "template__key", "template__number",
    "template__phase", "template__title", "own_title", "status", "project_id", "project__code", "project__name",
    "project__manager__name", "project__started_by__name", "status_since", "reason",
)  # fmt: skip


def find(who: User, asked: Asked) -> list[Departure]:
    """Return the departures that are asked for, as `who` may see them, by step and project; in four queries.

    Of several waivers of one step on one project the latest is told.
    """
    projects = asked.projects(who)
    steps = asked.steps(projects)
    out = Q(status=StepStatus.NOT_APPLICABLE)
    rows = [_row(values) for values in steps.filter(out | ~Q(own_title="")).values_list(*_COLUMNS)]
    dropped = _dropped({row.project_id for row in rows if row.status == StepStatus.NOT_APPLICABLE})
    found = [replace(row, kind=Kind.RENAMED.value, reason="") for row in rows if row.own_title]
    for row in rows:
        if row.status == StepStatus.NOT_APPLICABLE:
            by = dropped.get((row.project_id, row.status_since))
            kind = Kind.SKIPPED if by is None else Kind.DROPPED
            found.append(replace(row, kind=kind.value, by=by or "", at=row.status_since))
    found += _waived(projects, steps)
    return sorted(filter(asked.takes, found), key=lambda row: row.place)


def _row(values: Sequence[Any]) -> Departure:
    *plain, project_id, code, project, pm, started_by, since, reason = values
    return Departure("", *plain, project_id, code, project, pm or "", started_by, since, reason)  # type: ignore[call-arg]


def _dropped(project_ids: Collection[int]) -> Mapping[tuple[int, dt.datetime | None], str]:
    """Return who made the upgrades that stand, by project and moment: a step that is N/A since that moment was dropped by it."""
    rows = Upgrade.objects.filter(project__in=project_ids or {0}, undone_at=None).order_by()
    return {(project_id, at): name for project_id, at, name in rows.values_list("project_id", "at", "by__name")}


def _waived(projects: ProjectQuerySet, steps: Any) -> Iterable[Departure]:
    waivers = Waiver.objects.filter(project__in=projects.order_by().values("pk"), code__in=OF_STEPS).order_by(
        "at", "pk"
    )
    latest: dict[tuple[int, str], tuple[Any, ...]] = {
        (project_id, subject): rest
        for project_id, subject, *rest in waivers.values_list(
            "project_id", "subject", "reason", "by__name", "at", "expires"
        )
    }
    keys = {path.partition("/")[2] for _, path in latest} or {""}
    ids = {project_id for project_id, _ in latest} or {0}
    for values in steps.filter(project__in=ids, template__key__in=keys).values_list(*_COLUMNS):
        row = _row(values)
        if told := latest.get((row.project_id, row.path)):
            reason, by, at, expires = told
            yield replace(row, kind=Kind.WAIVED.value, reason=reason, by=by, at=at, expires=expires)


def tell(found: Sequence[Departure]) -> list[Departure]:
    """Return the same with who, when and why: of those renamed from their history, of those skipped from the record of moves; in
    two queries for each 500 of them.

    What is N/A without a record was left out when the project was started, by whoever did.
    """
    told: list[Departure] = []
    for start in range(0, len(found), CHUNK):
        part = found[start : start + CHUNK]
        records = _records([row.step_id for row in part if row.kind == Kind.SKIPPED])
        names = _renames([row.step_id for row in part if row.kind == Kind.RENAMED])
        for row in part:
            if row.kind == Kind.SKIPPED:
                told.append(replace(row, by=records.get(row.step_id, row.started_by)))
            elif row.kind == Kind.RENAMED and row.step_id in names:
                by, at, reason = names[row.step_id]
                told.append(replace(row, by=by, at=at, reason=reason))
            else:
                told.append(row)
    return told


def _records(ids: Collection[int]) -> Mapping[int, str]:
    """Return who last set each step aside."""
    of_step = ContentType.objects.get_for_model(ProjectStep)
    rows = TransitionRecord.objects.filter(
        object_type=of_step, object_id__in=ids or [0], machine="status", target=StepStatus.NOT_APPLICABLE
    ).order_by("at", "pk")
    return {pk: name or "" for pk, name in rows.values_list("object_id", "by__name")}


def _renames(ids: Collection[int]) -> Mapping[int, tuple[str, dt.datetime, str]]:
    """Return who last gave each step a title of its own, when and why."""
    rows: Any = history_of(ProjectStep).objects.filter(id__in=ids or [0], before__has_key="own_title")
    columns = ("id", "history_user__name", "history_date", "history_change_reason")
    return {
        pk: (name or "", at, reason)
        for pk, name, at, reason in rows.order_by("history_date", "history_id").values_list(*columns)
    }


@dataclass(slots=True)
class StepCount:
    """How many live projects depart from one step, out of those that have it."""

    path: str
    title: str
    number: int
    phase: str
    of: int = 0
    projects: set[int] = field(default_factory=set)
    by_kind: dict[str, set[int]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """`7 of 12 projects skip this step`; where they depart in several ways, that they depart from it."""
        verbs = {"skipped": "skip", "waived": "waive", "renamed": "rename", "dropped": "drop"}
        kinds = list(self.by_kind)
        one = len(self.projects) == 1
        verb, rest = (verbs[kinds[0]], "this step") if len(kinds) == 1 else ("depart", "from this step")
        return (
            f"{len(self.projects)} of {self.of} project{'' if self.of == 1 else 's'} {verb}{'s' if one else ''} {rest}"
        )

    def of_kind(self, kind: str) -> int:
        """Return how many projects depart from it in that way."""
        return len(self.by_kind.get(kind, ()))


def count(who: User, asked: Asked, found: Iterable[Departure]) -> list[StepCount]:
    """Return the steps of `found`, those first from which most projects depart; in one query. A title is that of the newest
    version among them."""
    counted: dict[str, StepCount] = {}
    newest: dict[str, int] = {}
    for row in found:
        step = counted.setdefault(row.path, StepCount(row.path, row.title, row.number, row.phase))
        if row.version > newest.get(row.path, 0):
            step.title, step.number, step.phase, newest[row.path] = row.title, row.number, row.phase, row.version
        step.projects.add(row.project_id)
        step.by_kind.setdefault(row.kind, set()).add(row.project_id)
    keys = {path.partition("/")[2] for path in counted} or {""}
    of_version = Q(template__version__number=asked.version) if asked.version else Q()
    rows = asked.steps(asked.projects(who)).filter(of_version, template__key__in=keys)
    columns = ("template__version__playbook__slug", "template__key")
    for playbook, key, number in rows.values_list(*columns).annotate(number=Count("project", distinct=True)):
        if step_count := counted.get(f"{playbook}/{key}"):
            step_count.of = number
    return sorted(counted.values(), key=lambda step: (-len(step.projects), step.path))
