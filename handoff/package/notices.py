"""Who hears of a package: Client Services that one waits, whoever runs the project what became of it, owners of their gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from accounts.models import User
from handoff.models import Package, PackageGap
from handoff.rights import CLIENT_SERVICES
from projects.inbox import LONGEST_TEXT, cut, tell
from projects.models import Notice
from projects.notice_kinds import NoticeKind


def tell_of_move(package: Package, move: str, *, by: User | None, now: dt.datetime) -> None:
    """Tell those concerned of a package's move, as a follower of moves; nobody hears of their own act."""
    seats = package.project.board.seats
    runs = {seat.person.id for seat in seats if seat.person and seat.role.manages}
    if move == "finish_package":
        receive = {seat.person.id for seat in seats if seat.person and seat.role.team == CLIENT_SERVICES}
        text = f"{package} of {package.project.name} waits for you to accept or return it."
        tell(_notices(package, receive, NoticeKind.APPROVAL_ASKED, text, "You sit here for Client Services.", by, now))
    elif move == "fail_package":
        text = f"{package} of {package.project.name} could not be built."
        tell(_notices(package, {package.requested_by_id}, NoticeKind.DECIDED, text, "You asked for it.", by, now))
    else:
        done = "accepted" if move == "accept_package" else "returned"
        told = runs | {package.requested_by_id}
        text = f"{by} {done} {str(package).lower()} of {package.project.name}."
        tell(_notices(package, told, NoticeKind.DECIDED, text, "You run this project.", by, now))
        if move == "return_package":
            tell(_of_gaps(package, by, now))


def _notices(
    package: Package, people: Iterable[int], kind: NoticeKind, text: str, why: str, by: User | None, now: dt.datetime
) -> list[Notice]:
    active: Any = User.objects.filter(pk__in=set(people), is_active=True)
    return [
        Notice(
            person=person, kind=kind, project=package.project, occasion=f"package:{package.pk}:{package.state}",
            text=cut(text, LONGEST_TEXT), why=why, address=reverse("package", args=[package.project.code]), by=by, at=now,
            heard_from=now,
        )
        for person in active
        if not person.is_outside
    ]  # fmt: skip


def _of_gaps(package: Package, by: User | None, now: dt.datetime) -> list[Notice]:
    gaps: Any = PackageGap.objects.filter(package=package, owner__is_active=True).select_related("owner")
    return [
        Notice(
            person=gap.owner, kind=NoticeKind.OWNED, project=package.project, occasion=f"gap:{gap.pk}",
            text=cut(f"A gap of {str(package).lower()} of {package.project.name} is yours.", LONGEST_TEXT),
            why="Client Services named you.", address=reverse("package", args=[package.project.code]), by=by, at=now,
            heard_from=now,
        )
        for gap in gaps
    ]  # fmt: skip
