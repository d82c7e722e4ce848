"""Who hears that a summary changed after Client Services had accepted it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.urls import reverse

from accounts.models import Side, User
from handoff.models.summary import SummaryAcceptance
from handoff.rights import CLIENT_SERVICES
from handoff.summary.rights import OWNER
from projects.inbox import LONGEST_TEXT, LONGEST_WHY, cut, tell
from projects.models import Notice, NoticeKind, Project


def tell_of_reopening(
    project: Project, acceptance: SummaryAcceptance, titles: Iterable[str], *, by: User, now: dt.datetime
) -> None:
    """Tell who accepted it, Client Services on the project and the IM that a summary is not as it was accepted; once each.

    Args:
        titles: of the fields that differ. What they say is read on the page.
    """
    why = {acceptance.by_id: "You accepted it for Client Services."}
    for seat in project.board.seats:
        if seat.person and (seat.role.team == CLIENT_SERVICES or seat.role.code == OWNER):
            why.setdefault(seat.person.id, f"You are {seat.role.name} on this project.")
    text = f"{by.name} changed the Integration Summary of {project.name} after it was accepted: {', '.join(titles)}."
    people = User.objects.filter(pk__in=why, is_active=True, side=Side.INTERNAL).order_by("pk")
    tell(
        Notice(
            person=person, kind=NoticeKind.SUMMARY_REOPENED, project=project, occasion=f"summary:{acceptance.pk}",
            text=cut(text, LONGEST_TEXT), why=cut(why[person.pk], LONGEST_WHY),
            address=reverse("summary", args=[project.code]), by=by, at=now, heard_from=now,
        )
        for person in people
    )  # fmt: skip
