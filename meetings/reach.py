"""Which series somebody may know of, as one question to the database, and who belongs to one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from meetings.models import Series, SeriesAttendee
from projects.models import Project


def series_seen_by(person: User) -> QuerySet[Series]:
    """Return the series that the person may see: `rights.may_see`, for many."""
    series: Any = Series.objects.select_related("project", "host")
    if not person.is_active:
        return series.none()
    attended = Q(host=person) | Q(pk__in=SeriesAttendee.objects.present().filter(person=person).values("series"))
    of_projects = Q(project__in=Project.objects.visible_to(person).order_by().values("pk"))
    if person.is_outside:
        return series.filter(attended, of_projects)
    seen = attended & Q(project=None) | of_projects
    if person.has_perm("meetings.see_meetings"):
        seen |= Q(project=None)
    return series.filter(seen)


def series_of(person: User) -> QuerySet[Series]:
    """Return the series that the person hosts or attends, of those that they may see."""
    attended = SeriesAttendee.objects.present().filter(person=person).values("series")
    return series_seen_by(person).filter(Q(host=person) | Q(pk__in=attended))


def attendee_ids(series: Iterable[Series]) -> dict[int, set[int]]:
    """Return the ids of the attendees of each series, its host among them; in one query."""
    every = list(series)
    found: dict[int, set[int]] = {one.pk: {one.host_id} if one.host_id else set() for one in every}
    rows = SeriesAttendee.objects.present().filter(series__in=found)
    for series_id, person_id in rows.values_list("series_id", "person_id"):
        found[series_id].add(person_id)
    return found
