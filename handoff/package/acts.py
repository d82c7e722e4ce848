"""What people do about packages besides the moves: ask for one, settle a gap."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from handoff.models import GapSettlement, Package, PackageGap
from handoff.models.package import LONGEST_SETTLEMENT
from handoff.package.bell import ring
from handoff.rights import runs
from history.context import named
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.package import PackageState


@named
@transaction.atomic
def request_package(project: Project, *, by: User, now: dt.datetime | None = None) -> Package:
    """Ask for a package of a project as it is; the worker builds it after the transaction (issue 6, Package).

    Raises:
        NotPermitted: `by` does not run the project. Archived. MoveRefused: one is being built already.
    """
    locked = project.locked()
    if not runs(locked, by):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not run this project.")])
    locked.refuse_if_archived()
    under_way = Package.objects.filter(project=locked, state=PackageState.BUILDING).first()
    if under_way is not None:
        words = f"{under_way} is being built already. Wait for it: it will be there in a minute."
        raise MoveRefused([Blocker("package-building", words, under_way.get_absolute_url())])
    last = Package.objects.filter(project=locked).aggregate(last=Max("number"))["last"] or 0
    package = Package.objects.create(
        project=locked, number=last + 1, requested_by=by, requested_at=now or timezone.now()
    )
    transaction.on_commit(lambda: ring(package.pk))
    return package


@named
@transaction.atomic
def settle_gap(gap: PackageGap, note: str, *, by: User, now: dt.datetime | None = None) -> GapSettlement:
    """Say how a gap was closed: it is in the way of the go-live no more.

    Raises:
        NotPermitted: `by` does not run the project. Archived. StaleRow (of the settlement): somebody else settled it.
        ValidationError: no note, or one that is too long.
    """
    locked = Project.objects.select_for_update(of=("self",)).get(pk=gap.project_id)
    if not runs(locked, by):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not run this project.")])
    locked.refuse_if_archived()
    there = GapSettlement.objects.filter(gap=gap).select_related("by").first()
    if there is not None:
        raise StaleRow(there, f"{there.by.name} settled this gap already: “{there.note}”.")
    note = note.strip()
    if not note:
        raise ValidationError({"note": "Say how it was settled."})
    if len(note) > LONGEST_SETTLEMENT:
        raise ValidationError({"note": f"{LONGEST_SETTLEMENT:,} characters is the most."})
    return GapSettlement.objects.create(project=locked, gap=gap, by=by, at=now or timezone.now(), note=note)
