"""What people say of a phased go-live: answers to the criteria, and which project is the next phase of which."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from handoff.models import CriterionCode, PhasedAnswer, PhaseLink
from handoff.rights import runs
from history.context import named
from projects.models import Biller, Project
from projects.team import locked_for
from transitions.blockers import Blocker, MoveRefused, NotPermitted


@named
@transaction.atomic
def answer_criterion(
    project: Project, criterion: str, *, answer: bool, note: str, by: User, now: dt.datetime | None = None
) -> PhasedAnswer:
    """Write down what somebody knows of a criterion (domain.md, Phased go-live). The latest answer counts.

    Raises:
        NotPermitted: `by` does not run the project. Archived. ValidationError: no such criterion, or no word on what is known.
    """
    locked = locked_for(project, by)
    row = PhasedAnswer(
        project=locked, criterion=criterion, answer=answer, note=note.strip(), by=by, at=now or timezone.now()
    )
    if criterion == CriterionCode.RAID:
        raise ValidationError("Whether the RAID log is active is seen in the log: nobody answers it.")
    if not row.note:
        raise ValidationError({"note": "Say what is known: which invoice or product, which project, who meets."})
    row.clean_fields(exclude={"project", "by"})
    row.save()
    return row


@named
@transaction.atomic
def link_phases(earlier: Project, later: Project, *, by: User) -> PhaseLink:
    """Say that `later` is the next phase after `earlier` (domain.md: a new project provisioned for the next phase).

    The row is the later project's, since the earlier one may be archived by then.

    Raises:
        NotPermitted: `by` runs neither of them, or may not see one. Archived: the later one is complete.
        MoveRefused: one has its neighbour already, they are of two billers, or the phases would go round in a circle.
    """
    # The biller is the lock of all its phases: two links made at once cannot close a circle. Then the projects, in one order.
    Biller.objects.select_for_update().get(pk=later.biller_id)
    rows = Project.objects.select_for_update(of=("self",)).filter(pk__in=[earlier.pk, later.pk]).order_by("pk")
    fresh = {row.pk: row for row in rows}
    before, after = fresh[earlier.pk], fresh[later.pk]
    _refuse_stranger(before, after, by)
    after.refuse_if_archived()
    if found := _in_the_way(before, after):
        raise MoveRefused([Blocker(code, text, subject="other") for code, text in found])
    link = PhaseLink(project=after, follows=before)
    link.save()
    return link


@named
@transaction.atomic
def unlink_phases(link: PhaseLink, *, by: User) -> None:
    """Say that one project is not the next phase of another.

    Raises:
        NotPermitted: `by` runs neither. Archived: the later project is complete. MoveRefused: it is unlinked already.
    """
    Project.objects.select_for_update(of=("self",)).get(pk=link.project_id)
    row = PhaseLink.objects.select_related("project", "follows").filter(pk=link.pk).first()
    if row is None:
        raise MoveRefused([Blocker("unlinked", "These two phases are not linked any more.")])
    _refuse_stranger(row.follows, row.project, by)
    row.project.refuse_if_archived()
    row.delete()


def may_link(project: Project, other: Project, by: User) -> bool:
    """Return whether the person runs one of the two; that both are visible is asked apart."""
    return runs(project, by) or runs(other, by)


def offered(project: Project, *, by: User) -> list[Project]:
    """Return the other projects of the biller that the person may see, by number; one query."""
    rows = Project.objects.visible_to(by).filter(biller=project.biller_id).exclude(pk=project.pk)
    return list(rows.order_by("number"))


def _refuse_stranger(before: Project, after: Project, by: User) -> None:
    seen = Project.objects.visible_to(by).filter(pk__in=[before.pk, after.pk]).count()
    if not by.is_active or seen < len({before.pk, after.pk}) or not may_link(before, after, by):
        text = f"{by} does not run {before.code} or {after.code}, and so does not link them."
        raise NotPermitted([Blocker("not-permitted", text)])


def _in_the_way(before: Project, after: Project) -> list[tuple[str, str]]:
    if before.pk == after.pk:
        return [("itself", "A project is not the next phase of itself. Choose another.")]
    if before.biller_id != after.biller_id:
        return [("other-biller", "Phases are projects of one biller. These two are of different billers.")]
    follows = dict(PhaseLink.objects.filter(project__biller=after.biller_id).values_list("project_id", "follows_id"))
    if follows.get(after.pk) == before.pk:
        return [("linked", f"{after.code} is the next phase of {before.code} already.")]
    if after.pk in follows:
        return [("has-previous", f"{after.code} follows another project already. Unlink that first.")]
    if before.pk in follows.values():
        return [("has-next", f"{before.code} has a next phase already. Unlink that first.")]
    at: int | None = before.pk
    while at is not None:  # each project follows one, and no circle was let in: this ends
        at = follows.get(at)
        if at == after.pk:
            return [("circle", f"{before.code} comes after {after.code}: the phases would go round in a circle.")]
    return []
