"""Series and meetings for the tests of agendas: the company's Tuesdays and Mondays, and projects that are ready for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from accounts.models import User
from meetings.models import Occurrence, Series, SeriesAttendee
from meetings.planned import Planned, as_planned
from meetings.vocabulary import Kind
from projects.models import Project
from tests.cast import step_of
from tests.transitions.made_up import a_step, publish, started
from transitions.clock import BUSINESS_ZONE
from transitions.moves import perform

#: Thursday before the week of Tuesday Nov 24, 2026; Thanksgiving is on Nov 26.
NOW = dt.datetime(2026, 11, 19, 15, 0, tzinfo=dt.UTC)
TUESDAY, NEXT_TUESDAY = dt.date(2026, 11, 24), dt.date(2026, 12, 1)
#: From Tuesday 13:00 back to Friday 17:00.
CUTOFF_HOURS = 92
REVIEW, BEFORE = "short/design.review", "short/design.draft"


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    """The instant at the company's wall clock."""
    return dt.datetime.combine(day, dt.time(hour, minute), BUSINESS_ZONE)


def make_tdr(host: User | None = None, attendees: Iterable[User] = (), **values: Any) -> Series:
    fields = {"capacity": 2, "cutoff_hours": CUTOFF_HOURS} | values
    series = Series.objects.create(
        kind=Kind.TDR, title="Technical Design Review", rule="FREQ=WEEKLY;BYDAY=TU", starts_on=dt.date(2026, 1, 6),
        starts_at=dt.time(13), minutes=90, host=host, **fields,
    )  # fmt: skip
    SeriesAttendee.objects.bulk_create([SeriesAttendee(series=series, person=person) for person in attendees])
    return series


def make_go_live(host: User | None = None, **values: Any) -> Series:
    return Series.objects.create(
        kind=Kind.GO_LIVE, title="CS go-live presentation", rule="FREQ=WEEKLY;BYDAY=MO", starts_on=dt.date(2026, 1, 5),
        starts_at=dt.time(9), minutes=60, host=host, **values,
    )  # fmt: skip


def meeting_of(series: Series, day: dt.date) -> Planned:
    """The meeting as it is now, read afresh."""
    fresh = Series.objects.select_related("project").get(pk=series.pk)
    return as_planned(fresh, day, Occurrence.objects.filter(series=series, day=day).first())


def review_version() -> Any:
    """A playbook of one draft and its technical design review, both of Design."""
    return publish(
        a_step(1, key="design.draft", phase="design"),
        a_step(2, key="design.review", phase="design", needs=("design.draft",), approval="technical_design_review"),
        slug="short",
    )


def ready(cast: SimpleNamespace, version: Any, *, now: dt.datetime = NOW, **values: Any) -> Project:
    """A project in Design whose review has all it needs since `now`."""
    project = in_design(cast, version, **values)
    perform(step_of(project, BEFORE), "start", by=cast.sofia, now=now)
    perform(step_of(project, BEFORE), "complete", by=cast.sofia, now=now)
    return project


def in_design(cast: SimpleNamespace, version: Any, **values: Any) -> Project:
    """A project in Design whose review waits for its draft; Sofia is responsible for both, Ingrid accountable."""
    code = values.pop("code", "MRW")
    return started(cast, version, biller_name=f"{code.title()} County Tax", biller_code=code, **values)
