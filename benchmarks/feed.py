"""How large a calendar feed is and how long it takes: `python -m benchmarks.feed`, on whatever database the settings name.

The busiest person's: all their projects get a steering committee by a rule, four meetings of it moved and two cancelled, and
three discovery sessions; due dates, go-lives and whatever is there already come on top. Nothing is kept.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from meetings.feeds import make_feed, serve  # noqa: E402
from meetings.models import CalendarFeed, Occurrence, Series, SeriesAttendee  # noqa: E402
from meetings.planned import occurrence_of  # noqa: E402
from projects.models import Project  # noqa: E402
from transitions.clock import business_day  # noqa: E402
from transitions.moves import perform  # noqa: E402

ROUNDS, PROJECTS = 30, 12


def fill(person: User, project: Project, today: dt.date) -> None:
    """Give a project its meetings of a year."""
    first = today - dt.timedelta(days=today.weekday() - 1)  # this week's Tuesday
    weekly = Series.objects.create(
        project=project, kind="steering", title="Steering committee", rule="FREQ=WEEKLY;BYDAY=TU", host=person, minutes=60,
        starts_on=first, starts_at=dt.time(10), join_link="https://meet.example/a-room-with-a-long-name/123456789",
    )  # fmt: skip
    single = Series.objects.create(
        project=project, kind="discovery", title="Discovery sessions", starts_on=first, starts_at=dt.time(14), minutes=90,
        place="Room 4, second floor",
    )  # fmt: skip
    for series in (weekly, single):
        SeriesAttendee.objects.create(series=series, person=person, project=project)
    for week in range(2, 6):
        day = first + dt.timedelta(weeks=week)
        moved = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(15), dt.UTC)
        Occurrence(series=weekly, day=day, project=project, moved_to=moved, sequence=1).save()
    for week in (8, 9):
        row = occurrence_of(weekly, first + dt.timedelta(weeks=week), by=person)
        perform(row, "call_off", by=person, note="Holiday")
    for days in range(3):
        Occurrence(series=single, day=first + dt.timedelta(days=14 + days), project=project).save()


def main() -> None:
    """Measure, print, take it all back."""
    with transaction.atomic():
        person = User.objects.annotate(seats_held=Count("seats__project", distinct=True)).order_by("-seats_held")[0]
        now, today = timezone.now(), business_day()
        CalendarFeed.objects.filter(person=person).update(revoked_at=now)
        projects = list(Project.objects.active().filter(seats__person=person).distinct()[:PROJECTS])
        for project in projects:
            fill(person, project, today)
        feed = make_feed(by=person).feed
        took: list[float] = []
        worked: list[float] = []
        for _ in range(ROUNDS):
            fresh = CalendarFeed.objects.select_related("person").get(pk=feed.pk)
            begun, begun_work = time.perf_counter(), time.process_time()
            with CaptureQueriesContext(connection) as asked:
                served = serve(fresh)
            took.append((time.perf_counter() - begun) * 1000)
            worked.append((time.process_time() - begun_work) * 1000)
        events = served.body.count(b"BEGIN:VEVENT")
        print(
            f"{len(projects)} projects, {events} events: {len(served.body) / 1000:.1f} kB, {len(asked)} queries, "
            f"median {statistics.median(took):.0f} ms ({statistics.median(worked):.0f} of the processor), "
            f"slowest {max(took):.0f}, quickest {min(took):.0f} ms"
        )
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
