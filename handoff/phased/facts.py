"""What the criteria of a phased go-live are asked of, read from meetings, the RAID log, links and answers."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from handoff.models import PhasedAnswer, PhaseLink
from handoff.phased.criteria import Neighbour, PhasedFacts, Said, Steering
from meetings.models import Series
from meetings.planned import planned
from meetings.vocabulary import Kind
from projects.days import short
from projects.models import Project
from records.raid import log_is_active
from transitions.clock import business_day

#: A committee that meets next later than this does not meet regularly.
AHEAD = dt.timedelta(days=100)
UNSEEN = "A project that you may not open"


def read_facts(project: Project, *, reader: User, today: dt.date, now: dt.datetime | None = None) -> PhasedFacts:
    """Return the facts about one project as `reader` may know them; at most seven queries."""
    log = log_is_active(project, today)
    before, after = neighbours(project)
    seen = set(
        Project.objects.visible_to(reader)
        .filter(pk__in=[one.pk for one in (before, after) if one])
        .values_list("pk", flat=True)
        if before or after
        else ()
    )
    return PhasedFacts(
        raid_active=log.active,
        raid_words=log.words,
        raid_link=reverse("raid", args=[project.code]),
        steering=_steering(project, now or timezone.now()),
        next=_told(after, seen),
        previous=_told(before, seen),
        said=_said(project, today),
    )


def neighbours(project: Project) -> tuple[Project | None, Project | None]:
    """Return the projects of the phase before and of the phase after, where they are linked; in one query."""
    links = PhaseLink.objects.filter(project=project) | PhaseLink.objects.filter(follows=project)
    before = after = None
    for link in links.select_related("project", "follows"):
        if link.project_id == project.pk:
            before = link.follows
        else:
            after = link.project
    return before, after


def _told(project: Project | None, seen: set[int]) -> Neighbour | None:
    if project is None:
        return None
    if project.pk in seen:
        return Neighbour(str(project), project.standing, project.mrr, project.get_absolute_url())
    # That it brings revenue is no secret here; how much is.
    return Neighbour(UNSEEN, project.standing)


def _steering(project: Project, now: dt.datetime) -> Steering | None:
    series = list(Series.objects.filter(project=project, kind=Kind.STEERING).order_by("-pk"))
    if not series:
        return None
    coming = [one for one in planned(series, now, now + AHEAD) if not one.cancelled]
    ended = all(one.ended_on is not None and one.ended_on <= business_day(now) for one in series)
    link = reverse("project-meetings", args=[project.code])
    return Steering(ended, coming[0].held_on if coming else None, link)


def _said(project: Project, today: dt.date) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for row in PhasedAnswer.objects.filter(project=project).select_related("by").order_by("pk"):
        found[row.criterion] = Said(row.answer, row.note, row.by.name, short(business_day(row.at), today))
    return found
