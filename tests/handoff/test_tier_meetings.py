"""Days added to a series, and who runs TSM meetings: what the tier asks of the room of meetings."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from meetings import rights
from meetings.models import Occurrence, Series
from meetings.project_meetings import plan_discovery, plan_steering, plan_tsm
from meetings.series import end_series
from meetings.single import add_meetings, cancel_meeting
from projects.models import Notice, Project
from projects.team import seat_person
from tests.records.talking import completed
from transitions.blockers import Archived, MoveRefused, NotPermitted

NOW = dt.datetime(2027, 1, 20, 15, tzinfo=dt.UTC)
FREE = dt.date(2027, 2, 4)


@pytest.fixture(autouse=True)
def january() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: Any) -> Project:
    made: Project = make_project(playbooks=("integration", "transition-to-cs"), target=dt.date(2027, 3, 2))
    return made


@pytest.fixture
def series(project: Project, cast: Any) -> Series:
    return plan_tsm(project, 2, dt.time(10), by=cast.priya)


def test_days_are_added_and_heard_of(series: Series, cast: Any) -> None:
    Notice.objects.all().delete()
    add_meetings(series, [FREE], by=cast.priya)
    row = Occurrence.objects.get(series=series, day=FREE)
    assert (row.state, row.starts.isoformat()) == ("planned", "2027-02-04T10:00:00-05:00")
    assert Notice.objects.filter(kind="meeting_changed", person=cast.ivan, text__contains="Thu Feb 4, 10:00").exists()
    assert add_meetings(series, [], by=cast.priya).occurrences.count() == 3


def test_impossible_days_are_refused(series: Series, cast: Any) -> None:
    there = series.occurrences.first().day
    for day, words in ((NOW.date(), "not added in the past"), (there, "is held on Feb 8 already")):
        with pytest.raises(ValidationError, match=words):
            add_meetings(series, [day], by=cast.priya)
    with pytest.raises(ValidationError, match="60 single days at most"):
        add_meetings(series, [FREE + number * dt.timedelta(weeks=1, days=1) for number in range(70)], by=cast.priya)
    assert series.occurrences.count() == 2


def test_by_rule_ended_or_archived_it_takes_none(project: Project, series: Series, cast: Any) -> None:
    ruled = plan_steering(project, FREE, dt.time(11), "weekly", by=cast.priya)
    with pytest.raises(MoveRefused, match="comes by a rule"):
        add_meetings(ruled, [FREE], by=cast.priya)
    end_series(series, NOW.date(), by=cast.priya)
    with pytest.raises(MoveRefused, match="has ended"):
        add_meetings(series, [FREE], by=cast.priya)
    completed(project)
    with pytest.raises(Archived):
        add_meetings(Series.objects.get(pk=ruled.pk), [FREE], by=cast.adele)


def test_client_services_runs_tsm_meetings_and_no_others(make_project: Any, cast: Any) -> None:
    project = make_project(playbooks=("integration", "transition-to-cs"), people={"PM": cast.priya, "B": cast.bo})
    tsm = plan_tsm(project, 2, dt.time(10), by=cast.priya)
    other = plan_discovery(project, [FREE], dt.time(12), by=cast.priya)
    day = tsm.occurrences.first().day
    for person in (cast.sofia, cast.dele, cast.mallory, cast.bo):
        with pytest.raises(NotPermitted):
            add_meetings(tsm, [FREE], by=person)
    for person in (cast.cora, cast.tess):
        assert rights.may_run(tsm, person)
        with pytest.raises(NotPermitted):
            cancel_meeting(other, FREE, by=person, note="Mine")
    assert cancel_meeting(tsm, day, by=cast.cora, note="The tier asks for one.").state == "cancelled"
    cast.cora.is_active = False
    assert not rights.may_run(tsm, cast.cora)


def test_who_else_runs_a_kind_is_said_once() -> None:
    with pytest.raises(ValueError, match="is said already"):
        rights.let_run("tsm", lambda person: True)


def test_a_seat_is_not_filled_on_an_archived_project(project: Project, cast: Any) -> None:
    seat = next(seat for seat in project.board.seats if seat.role.code == "TSM")
    with pytest.raises(Archived):
        seat_person(completed(project), seat.id, cast.cora, by=cast.cora, now=NOW)
