"""What readiness asks of the tier: that it is decided, and that its TSM meetings were held (domain.md, Tier)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from django.urls import reverse
from django.utils import timezone

from handoff.marks import Mark, Ready
from handoff.models import TierDecision
from handoff.rights import CLIENT_SERVICES
from handoff.tier.difference import differences_of, latest_of
from handoff.tier.tsm_meetings import NONE, TsmMeetings, meetings_of
from projects.days import short
from projects.models import Project
from transitions.blockers import Blocker


def settled_for(project_ids: Collection[int]) -> Collection[int]:
    """Return the projects whose tier is decided; one query."""
    rows = TierDecision.objects.filter(project__in=project_ids).order_by()
    return set(rows.values_list("project", flat=True))


def tier_marks(projects: Sequence[Project], today: dt.date) -> Mapping[int, Mark]:
    """Return whether each project's tier is decided; a constant number of queries."""
    decisions = latest_of([one.pk for one in projects])
    changed = differences_of(projects, decisions, timezone.now())
    return {
        one.pk: _tier_mark(one, decisions.get(one.pk), one.pk in changed and changed[one.pk].matters)
        for one in projects
    }


def _tier_mark(project: Project, decision: TierDecision | None, changed: bool) -> Mark:
    link = reverse("tier", args=[project.code])
    if decision is not None:
        return Mark(f"{decision}, changed since" if changed else str(decision), link=link)
    text = "Client Services has not decided on the tier of support."
    return Mark("Not decided", (Blocker(Ready.TIER.value, text, link, CLIENT_SERVICES),), link=link)


def meeting_marks(projects: Sequence[Project], today: dt.date) -> Mapping[int, Mark]:
    """Return whether the TSM meetings of each project's tier were held; a constant number of queries."""
    decisions = latest_of([one.pk for one in projects])
    wanting = [one for one in projects if one.pk in decisions and decisions[one.pk].meetings]
    meetings = meetings_of(wanting, timezone.now())
    return {one.pk: _meeting_mark(one, decisions.get(one.pk), meetings.get(one.pk, NONE), today) for one in projects}


def _meeting_mark(project: Project, decision: TierDecision | None, meetings: TsmMeetings, today: dt.date) -> Mark:
    link = reverse("project-meetings", args=[project.code])
    if decision is None:
        return Mark("The tier first", applies=False, link=link)
    wanted = decision.meetings
    if not wanted:
        return Mark("None asked for", applies=False, link=link)
    words = f"{min(meetings.held, wanted)} of {wanted} held"
    if meetings.held >= wanted:
        return Mark(words, link=link)
    ahead = f"next {short(meetings.ahead[0].held_on, today)}" if meetings.ahead else "none is planned"
    text = f"{meetings.held} of {wanted} TSM meeting{'' if wanted == 1 else 's'} held; {ahead}."
    return Mark(words, (Blocker(Ready.TSM_MEETINGS.value, text, link, _manager(project)),), link=link)


def _manager(project: Project) -> str:
    return project.manager.name if project.manager else "PM"
