"""What a calendar feed tells its person: meetings, due dates, go-lives. The queries do not grow with the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import Max, Q
from icalendar import Component

from accounts.models import User
from history.tracking import history_of
from meetings import rights
from meetings.ical import LOOK_BACK, Look, calendar, day_event, meeting_event, series_events
from meetings.models import CalendarFeed, MeetingAction, Occurrence, Series
from meetings.reach import series_of, series_seen_by
from meetings.vocabulary import FeedScope
from playbook.catalog import version_template
from projects import my_work
from projects.models import Project, ProjectStep, Seat
from transitions.clock import business_day
from transitions.meeting import ActionState
from transitions.standing import Standing

#: Due dates are told a month back and a year ahead, and no more of them than this, the earliest first: a feed stays below 100 KB.
DUE_BACK, DUE_AHEAD = dt.timedelta(days=30), dt.timedelta(days=366)
MOST_DATES = 100


@dataclass(slots=True)
class Content:
    """What a feed says, before it is written."""

    name: str
    events: list[Component] = field(default_factory=list)
    zones: set[str] = field(default_factory=set)

    def as_calendar(self, now: dt.datetime) -> bytes:
        """Return the bytes that a reader gets."""
        return calendar(self.events, zones=self.zones, now=now, name=self.name)


def may_read(feed: CalendarFeed) -> bool:
    """Return whether the person of a feed may still see what it is of."""
    person = feed.person
    if not person.is_active:
        return False
    if feed.project is not None:
        return Project.objects.visible_to(person).filter(pk=feed.project.pk).exists()
    return feed.series is None or rights.may_see(feed.series, person)


def content_of(feed: CalendarFeed, now: dt.datetime) -> Content:
    """Return what a feed tells as of `now`: only what its person may see, and join links only of what they attend."""
    person = feed.person
    if feed.scope == FeedScope.SERIES:
        assert feed.series is not None
        found = Content(str(feed.series))
        _add_series(found, [feed.series], person, now)
        return found
    if feed.scope == FeedScope.PROJECT:
        assert feed.project is not None
        found = Content(f"{feed.project.name} ({feed.project.code})")
        projects = Project.objects.filter(pk=feed.project.pk)
        series = series_seen_by(person).filter(project=feed.project)
        of = Q(project=feed.project_id)
    else:
        found = Content(f"Gatehouse · {person.name}")
        seats = Seat.objects.filter(person=person).order_by().values("project")
        projects = Project.objects.visible_to(person).filter(pk__in=seats)
        series = series_of(person)
        of = Q()
    recent = Q(ended_on=None) | Q(ended_on__gt=business_day(now - LOOK_BACK))
    told = list(series.filter(recent).order_by("pk"))
    _add_series(found, told, person, now)
    _add_single(found, {one.pk for one in told}, projects, person, of, now)
    _add_go_lives(found, projects)
    _add_steps(found, person, of, now)
    _add_actions(found, person, of, now)
    return found


def _add_series(found: Content, told: list[Series], person: User, now: dt.datetime) -> None:
    """Add series with their single meetings, in two queries."""
    ids = [one.pk for one in told]
    attended = set(person.series_attended.present().filter(series__in=ids).values_list("series", flat=True))
    rows: dict[int, list[Occurrence]] = {}
    for row in Occurrence.objects.filter(series__in=ids).select_related("host").order_by("day", "pk"):
        rows.setdefault(row.series_id, []).append(row)
    for one in told:
        own = rows.get(one.pk, [])
        for row in own:
            row.series = one
        link = one.pk in attended or one.host_id == person.pk
        found.events += series_events(one, own, Look(now, link))
        found.zones.add(one.zone_name)


def _add_single(
    found: Content, told: Collection[int], projects: Iterable[Project], person: User, of: Q, now: dt.datetime
) -> None:
    """Add meetings of series that are told in no other way: those that the person hosts, those at which a project is up.

    A project is up at the company's meetings whose agenda is closed. Whoever runs it, or asks for its calendar, goes there.
    """
    if person.is_outside:
        return
    hosted = Q(host=person) & of
    if of:
        up = Q(items__project__in=projects)
    else:
        run = Seat.objects.filter(person=person, role__manages=True).order_by().values("project")
        up = Q(items__project__in=run)
    days = Q(day__gt=business_day(now - LOOK_BACK))
    rows = Occurrence.objects.filter(days & (hosted | up)).exclude(series__in=told).distinct()
    for row in rows.select_related("series__project", "series__host", "host").order_by("day", "pk"):
        event = meeting_event(row, Look(now, link=row.host_id == person.pk))
        # On its own here: the series, of whose UID it would be, is not told.
        event["uid"] = f"{row.series.uid}-{row.day.isoformat()}"
        event.pop("recurrence-id", None)
        found.events.append(event)
        found.zones.add(row.series.zone_name)


def _add_go_lives(found: Content, projects: Iterable[Project]) -> None:
    rows = [project for project in projects if project.standing == Standing.ACTIVE]
    changed = _changed(Project, [project.pk for project in rows])
    for project in sorted(rows, key=lambda project: project.pk):
        day = project.actual_go_live or project.target_go_live
        found.events.append(
            day_event(
                f"go-live-{project.pk}", day, f"Go-live: {project.name}",
                changed_at=changed.get(project.pk, project.started_at), sequence=project.revision,
                address=project.get_absolute_url(),
            )
        )  # fmt: skip


def _add_steps(found: Content, person: User, of: Q, now: dt.datetime) -> None:
    """Add the due dates of open steps of active projects on which the person is R or A."""
    today = business_day(now)
    steps = my_work.open_steps(all_phases=True).filter(of, due__gte=today - DUE_BACK, due__lt=today + DUE_AHEAD)
    if not person.is_outside:
        steps = steps.filter(project__in=Project.objects.visible_to(person))
    mine = {step.id: step.letters for step in my_work.mine(person, steps, today)}
    rows = list(
        ProjectStep.objects.filter(pk__in=mine).select_related("project", "template").order_by("due", "pk")[:MOST_DATES]
    )
    changed = _changed(ProjectStep, [row.pk for row in rows])
    words = {"R": "You are responsible for it.", "A": "You are accountable for it."}
    for row in rows:
        template = version_template(row.template.version_id).steps[row.template_id]
        assert row.due is not None
        found.events.append(
            day_event(
                f"step-{row.pk}", row.due, f"Due: {row} · {row.project.name}",
                changed_at=changed.get(row.pk, row.project.started_at), sequence=row.revision,
                address=row.project.step_url(template.path), words=words.get(mine[row.pk], "It is yours."),
            )
        )  # fmt: skip


def _add_actions(found: Content, person: User, of: Q, now: dt.datetime) -> None:
    """Add the open actions of meetings that the person took away."""
    today = business_day(now)
    open_ones = MeetingAction.objects.filter(of, owner=person, state=ActionState.OPEN, due__gte=today - DUE_BACK)
    rows = list(open_ones.select_related("occurrence").order_by("due", "pk")[:MOST_DATES])
    changed = _changed(MeetingAction, [row.pk for row in rows])
    for row in rows:
        found.events.append(
            day_event(
                f"action-{row.pk}", row.due, f"Action: {row.text[:120]}", changed_at=changed.get(row.pk, row.made_at),
                sequence=row.revision, address=row.occurrence.get_absolute_url(),
            )
        )  # fmt: skip


def _changed(model: type[Project] | type[ProjectStep] | type[MeetingAction], ids: list[int]) -> dict[int, dt.datetime]:
    """Return when each of the rows last changed, where its history says so, in one query."""
    rows = history_of(model).objects.filter(id__in=ids).order_by().values("id").annotate(at=Max("history_date"))
    return dict(rows.values_list("id", "at"))
