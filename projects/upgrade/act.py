"""The two moves of a project that an upgrade is made of, behind `perform()`: `upgrade` and `undo_upgrade`.

Each is one transaction under the project's lock, with one record. What an upgrade writes to the steps is part of its record: it
names every step and what was decided of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from accounts.models import Side, User
from playbook.catalog import VersionTemplate, version_template
from playbook.models import Version
from projects.board import R
from projects.inbox import LONGEST_TEXT, cut, tell
from projects.models import Notice, NoticeKind, Project, ProjectPlaybook, ProjectStep, Seat, Upgrade
from projects.team import settle_grants, settle_people
from projects.upgrade import image as images
from projects.upgrade.outcome import After, StepAfter, after, refusals
from projects.upgrade.own import fingerprint, read, touched_steps
from projects.upgrade.plan import Chosen, UpgradePlan, plan
from transitions.blockers import Blocker
from transitions.models import TransitionRecord
from transitions.moves import begin
from transitions.step import StepStatus
from transitions.version import VersionStatus

UPGRADE, UNDO = "upgrade", "undo_upgrade"
STALE = "What you were shown has changed meanwhile. Look at what the upgrade would do now, then choose again."


def upgrade_url(project: Project, target: VersionTemplate | Version) -> str:
    """Return the address of the preview."""
    slug = target.playbook if isinstance(target, VersionTemplate) else target.playbook.slug
    return reverse("upgrade-project", args=[project.code, slug, target.number])


def base_of(project: Project, playbook: str) -> VersionTemplate | None:
    """Return the version of a playbook that the project is pinned to; None where it has none of it."""
    return next((version for version in project.board.versions if version.playbook == playbook), None)


class UpgradeAct:
    """Taking a newer version. Its details: `version`, `decisions` and `reasons` by step key, `seen` (a fingerprint)."""

    def blockers(self, project: Project, *, by: User, today: dt.date, details: dict[str, Any]) -> list[Blocker]:
        """Refuse a version that is not to be had, a preview that is no longer true, and choices that cannot be carried out."""
        target: Version = details["version"]
        row = Version.objects.select_related("playbook").get(pk=target.pk)
        base = base_of(project, row.playbook.slug)
        if base is None:
            return [Blocker("not-its-playbook", f"{project} does not follow {row.playbook.title}.", subject="version")]
        if row.status != VersionStatus.PUBLISHED:
            word = "retired" if row.status == VersionStatus.RETIRED else "a draft"
            text = f"{row} is {word}: no project goes to it."
            return [Blocker("version-not-published", text, row.get_absolute_url(), subject="version")]
        link = project.get_absolute_url()
        if row.number <= base.number:
            text = f"{project} is on {base.label} already, and {row} is not newer."
            return [Blocker("version-not-newer", text, link, subject="version")]
        made = plan(base, version_template(row.pk), read(project, today))
        link = upgrade_url(project, made.new)
        if details.get("seen") not in (None, fingerprint(project, made.own, base.id, made.new.id)):
            return [Blocker("preview-stale", STALE, link, subject="seen")]
        chosen = made.choose(details.get("decisions"), details.get("reasons"))
        refused = [Blocker(one.code, one.text, link, subject=one.key) for one in refusals(made, chosen)]
        if not refused:
            project.__dict__["_upgrade"] = (made, chosen, after(made, chosen))
        return refused

    def facts(self, project: Project) -> dict[str, Any]:
        """Freeze the versions, every line with what was decided, the seats, and the steps as they stood."""
        made, chosen, result = _of(project)
        return {
            "playbook": made.new.playbook,
            "from": made.base.label,
            "to": made.new.label,
            "lines": [line_facts(one) for one in chosen],
            "seats_added": [seat.role.code for seat in result.seats if seat.seat is None],
            "seats_gone": [seat.role.code for seat in result.gone],
            "steps": {step.template.path: step.status for step in made.own.steps},
        }

    def settle(self, project: Project, *, by: User, now: dt.datetime, details: dict[str, Any]) -> Sequence[str]:
        """Write the steps, seats and the pin; people and grants follow; keep what it takes to undo it."""
        made, chosen, result = _of(project)
        before = images.take(project)
        _write_steps(project, result, now=now)
        _write_seats(project, made, result)
        ProjectPlaybook.objects.filter(project=project, version=made.base.id).update(version=made.new.id)
        project.phases = list(result.phases)
        settle_people(project, by=by, now=now)
        _tell_of_new_steps(project, made, result, by=by, now=now)
        Upgrade.objects.create(
            project=project,
            source_id=made.base.id,
            target_id=made.new.id,
            by=by,
            at=now,
            lines=[line_facts(one) for one in chosen],
            image=images.difference(before, images.take(project)),
        )
        return ("phases",)


class UndoAct:
    """Taking the last upgrade back, while nothing else has moved and nobody has touched what it wrote."""

    def blockers(self, project: Project, *, by: User, today: dt.date, details: dict[str, Any]) -> list[Blocker]:
        """Refuse where there is nothing to undo, naming the move that came after, or what was changed."""
        last, refused = undoable(project)
        if last is None:
            return refused
        refused = _touched(project, last)
        if not refused:
            project.__dict__["_undo"] = last
        return refused

    def facts(self, project: Project) -> dict[str, Any]:
        """Freeze which upgrade it was."""
        last: Upgrade = project.__dict__["_undo"]
        source, target = version_template(last.source_id), version_template(last.target_id)
        return {"playbook": source.playbook, "from": target.label, "to": source.label, "upgrade": last.pk}

    def settle(self, project: Project, *, by: User, now: dt.datetime, details: dict[str, Any]) -> Sequence[str]:
        """Put back the rows as they were; grants follow."""
        last: Upgrade = project.__dict__["_undo"]
        images.put_back(last.image, project)
        was = last.image["project"]["changed"].get("", [{}])[0]
        for name, value in was.items():
            setattr(project, name, value)
        project.__dict__.pop("board", None)
        settle_grants(project)  # nobody is asked for comments anew: who was asked before is again
        last.undone_by, last.undone_at = by, now
        last.save(update_fields=["undone_by", "undone_at"])
        return ("phases", "manager")


def line_facts(one: Chosen) -> dict[str, Any]:
    """Return a line as the record keeps it."""
    line = one.line
    return {
        "key": line.template.path,
        "title": line.title,
        "kind": str(line.kind),
        "decision": str(one.choice) if one.choice else "",
        "reason": one.out,
        "held": line.untouchable,
        "status": line.own.status if line.own else "",
        "fields": [change.name for change in line.changes],
    }


def undoable(project: Project) -> tuple[Upgrade | None, list[Blocker]]:
    """Return the upgrade that can be undone, by what moved last, or why there is none; in two queries."""
    last = project.upgrades.filter(undone_at=None).first()
    if last is None:
        return None, [Blocker("nothing-to-undo", f"{project} has had no upgrade that could be undone.")]
    record = TransitionRecord.objects.under(project).order_by("-pk").select_related("by").first()
    if record is not None and record.move == UPGRADE and record.at == last.at:
        return last, []
    assert record is not None, "an upgrade has a record"
    who = record.by.name if record.by else "Gatehouse"
    text = f"The upgrade cannot be undone any more: “{record.move.replace('_', ' ')}” of {record.subject} came after it ({who})."
    return None, [Blocker("moved-since", text, project.get_absolute_url())]


def _touched(project: Project, last: Upgrade) -> list[Blocker]:
    """Return a blocker for each thing that somebody changed, or worked on, since the upgrade."""
    changed = images.changed_since(last.image, project)
    made = {int(key) for key in last.image["steps"]["made"]}
    steps = {pk for name, pk in changed if name == "steps"} | (touched_steps(project, dates=True) & made)
    found = []
    for step in project.board.steps:
        if step.id in steps:
            text = f"“{step.template.title}” was changed since the upgrade."
            found.append(Blocker("changed-since", text, project.step_url(step.path)))
    if any(name != "steps" for name, _ in changed):
        text = "Its seats or comments were changed since the upgrade."
        found.append(Blocker("changed-since", text, project.get_absolute_url()))
    return found


def _of(project: Project) -> tuple[UpgradePlan, tuple[Chosen, ...], After]:
    found: tuple[UpgradePlan, tuple[Chosen, ...], After] = project.__dict__["_upgrade"]
    return found


def _write_steps(project: Project, result: After, *, now: dt.datetime) -> None:
    """Write the steps that change, and make those that are new, in so many statements whatever their number."""
    changed = [step for step in result.steps if step.changed]
    rows = {step.chosen.line.own.id: _values(step) for step in changed if step.chosen.line.own}
    images.write(ProjectStep, rows, ("template_id", "due"))
    out = {
        step.chosen.line.own.id: {"status": step.status, "reason": step.out, "status_since": now}
        for step in changed
        if step.chosen.line.own and step.out
    }
    images.write(ProjectStep, out, ("status", "reason", "status_since"), revision=False)
    made = [step for step in result.steps if step.made]
    if made:
        fresh = [
            ProjectStep(
                project=project, template_id=step.template.id, due=step.due, baseline_due=step.due, reason=step.out,
                status_since=now,
            )
            for step in made
        ]  # fmt: skip
        states = [{"status": StepStatus.NOT_APPLICABLE.value} if step.out else {} for step in made]
        begin(fresh, ProjectStep.objects.bulk_create, states=states)


def _values(step: StepAfter) -> dict[str, Any]:
    return {"template_id": step.template.id, "due": step.due}


def _write_seats(project: Project, made: UpgradePlan, result: After) -> None:
    turned = {one.seat.id: {"role_id": one.role.id} for one in result.seats if one.seat}
    images.write(Seat, turned, ("role_id",))
    shut = [one.seat.id for one in result.seats if one.seat and one.seat.role.side != one.role.side]
    if shut:
        Seat.objects.filter(pk__in=shut).update(person=None)
    new = [
        Seat(project=project, role_id=one.role.id, person_id=one.person_id) for one in result.seats if one.seat is None
    ]
    if new:
        Seat.objects.bulk_create(new)
    if result.gone:
        Seat.objects.filter(pk__in=[seat.id for seat in result.gone]).delete()


def _tell_of_new_steps(project: Project, made: UpgradePlan, result: After, *, by: User, now: dt.datetime) -> None:
    """Tell those of ours who are responsible for new steps that can be begun: one notice for each, in two queries."""
    new = {step.template.path for step in result.steps if step.made and not step.out}
    board, titles = project.board, dict[int, list[str]]()
    for step in board.steps:
        if step.path in new and board.reached(step):
            for person in board.people(step, R):
                titles.setdefault(person.id, []).append(board.title(step))
    if not titles:
        return
    ours = User.objects.filter(pk__in=titles, side=Side.INTERNAL).order_by("pk").values_list("pk", flat=True)
    tell(
        Notice(
            person_id=pk, kind=NoticeKind.YOUR_TURN, project=project, occasion=f"upgrade:{project.pk}:{now.timestamp():.6f}",
            text=cut(f"New with {made.new.label}: {', '.join(f'“{title}”' for title in titles[pk])}.", LONGEST_TEXT),
            why="You are responsible for what is new.", by=by, at=now, heard_from=now,
        )
        for pk in ours
    )  # fmt: skip
