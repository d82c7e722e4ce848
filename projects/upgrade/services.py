"""Upgrades as people ask for them: what is newer, what it would do, doing it, for one project or many, and undoing it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from history.context import named
from playbook.catalog import VersionTemplate, version_template
from playbook.models import Version
from projects.models import Project, ProjectPlaybook
from projects.upgrade.act import UNDO, UPGRADE, base_of, upgrade_url
from projects.upgrade.own import fingerprint, read
from projects.upgrade.plan import UpgradePlan, plan
from transitions.blockers import Blocker, MoveRefused
from transitions.clock import business_day
from transitions.moves import Outcome, perform
from transitions.standing import Standing

#: So many projects are upgraded with one button.
MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan, and the fingerprint of what it was made of, which the form carries."""

    plan: UpgradePlan
    seen: str


def preview(project: Project, target: Version, today: dt.date | None = None) -> Preview | None:
    """Return what going to `target` would do; None where the project has no older version of its playbook.

    The same number of queries whatever the number of steps.
    """
    base = base_of(project, target.playbook.slug)
    if base is None or base.number >= target.number:
        return None
    own = read(project, today or business_day())
    made = plan(base, version_template(target.pk), own)
    return Preview(made, fingerprint(project, own, base.id, made.new.id))


def newer_versions(project: Project) -> list[tuple[VersionTemplate, Version]]:
    """Return, for each of the project's playbooks, the version that it has and the newest published one, where that is newer.

    In one query.
    """
    pinned = {version.playbook: version for version in project.board.versions}
    newest = Version.objects.latest_published().filter(playbook__slug__in=pinned).select_related("playbook")
    found = [(pinned[version.playbook.slug], version) for version in newest.order_by("title")]
    return [(base, version) for base, version in found if version.number > base.number]


def on_older_versions(target: Version, person: User) -> QuerySet[Project]:
    """Return the live projects that follow an older version of the playbook, of those that the person may see."""
    older = ProjectPlaybook.objects.filter(
        project=OuterRef("pk"), version__playbook=target.playbook_id, version__number__lt=target.number
    )
    live = Project.objects.visible_to(person).filter(Exists(older), standing__in=(Standing.ACTIVE, Standing.ON_HOLD))
    found: QuerySet[Project] = live.order_by("code")
    return found


@named
def upgrade_project(
    project: Project,
    target: Version,
    *,
    by: User,
    note: str = "",
    decisions: Mapping[str, str] | None = None,
    reasons: Mapping[str, str] | None = None,
    seen: str | None = None,
    now: dt.datetime | None = None,
) -> Outcome[Project]:
    """Take a project to a newer version of one of its playbooks, in one transaction with one record.

    Args:
        decisions: by step key (`plan.Choice`); what nothing is said of has its default. reasons: of steps that are left out.
        seen: the fingerprint of the preview that the person saw; None where nothing was shown.

    Raises:
        NotPermitted, Archived; MoveRefused with the blockers: not active, no newer version to be had, a step that a person has to
        decide on, choices that cannot be carried out, or a preview that is no longer true.
    """
    return perform(
        project, UPGRADE, by=by, note=note, now=now, version=target, decisions=dict(decisions or {}),
        reasons=dict(reasons or {}), seen=seen,
    )  # fmt: skip


@named
def undo_upgrade(project: Project, *, by: User, note: str = "", now: dt.datetime | None = None) -> Outcome[Project]:
    """Take back a project's last upgrade: every row as it was.

    Raises:
        NotPermitted, Archived; MoveRefused: there is none, something moved since, or was changed.
    """
    return perform(project, UNDO, by=by, note=note, now=now)


@dataclass(frozen=True, slots=True)
class ManyResult:
    """What became of one project among many: upgraded, or why not and where to decide."""

    project: Project
    blockers: Sequence[Blocker] = ()
    link: str = ""

    @property
    def done(self) -> bool:
        """Whether it was upgraded."""
        return not self.blockers


@named
def upgrade_many(
    projects: Collection[Project],
    target: Version,
    *,
    by: User,
    note: str = "",
    seen: Mapping[int, str] | None = None,
    now: dt.datetime | None = None,
) -> list[ManyResult]:
    """Upgrade each project with the defaults, each in its own transaction; one that is refused keeps none of the others.

    Args:
        projects: `MOST_AT_ONCE` at most. seen: by project id, the fingerprint of what the table showed.

    Raises:
        ValueError: too many.
    """
    if len(projects) > MOST_AT_ONCE:
        raise ValueError(f"{len(projects)} projects at once; {MOST_AT_ONCE} is the most")
    template = version_template(target.pk)
    found = []
    for project in projects:
        link = upgrade_url(project, template)
        try:
            upgrade_project(project, target, by=by, note=note, seen=(seen or {}).get(project.pk), now=now)
        except MoveRefused as refused:
            found.append(ManyResult(project, tuple(refused.blockers), link))
        else:
            found.append(ManyResult(project, (), link))
    return found
