"""What is due about meetings: over a whole year, each once, at the right morning."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from meetings.agenda_facts import About, OpenStep, Review
from meetings.closing import close_agenda
from meetings.models import AgendaItem, Occurrence, Series, SeriesAttendee
from meetings.planned import as_planned, occurrence_of
from meetings.reminding import (
    Closing,
    Missing,
    Soon,
    decide_closing,
    decide_missing,
    decide_soon,
    read_closing,
    read_missing,
    read_soon,
)
from meetings.vocabulary import Kind, Outcome
from projects.schedule import is_working_day
from reminders.due import Due, sources
from tests.cast import step_of
from tests.meetings.agendas import BEFORE, NOW, REVIEW, TUESDAY, at, in_design, make_go_live, make_tdr, review_version
from transitions.moves import perform

DAY = dt.timedelta(days=1)
ZONES = {
    1: "America/New_York",
    2: "Europe/Berlin",
    3: "Asia/Kolkata",
    4: "Australia/Sydney",
    5: "Pacific/Chatham",
}


def a_series(kind: str, rule: str, hour: int, **values: object) -> Series:
    return Series(
        pk=7, kind=kind, title=str(Kind(kind).label), rule=rule, starts_on=dt.date(2025, 1, 6), starts_at=dt.time(hour),
        minutes=60, **values,
    )  # fmt: skip


def year_of(series: Series, weekday: int) -> list[object]:
    first = dt.date(2026, 1, 1)
    days = [first + number * DAY for number in range(365)]
    return [as_planned(series, day) for day in days if day.weekday() == weekday]


def near(meetings: list, now: dt.datetime, days: int = 9) -> list:
    """Those around an instant, as the sources read them."""
    return [one for one in meetings if abs(one.starts - now) < days * DAY]


def heard(decide, read, step: dt.timedelta) -> dict[tuple[int, str], tuple[dt.datetime, Due]]:
    """Sweep through the year, reading each time what is near; return each notice with the sweep that made it first."""
    found: dict[tuple[int, str], tuple[dt.datetime, Due]] = {}
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    while now < dt.datetime(2027, 1, 1, tzinfo=dt.UTC):
        for due in decide(now, read(now)):
            if due.since <= now < due.until:
                found.setdefault((due.person_id, due.occasion), (now, due))
        now += step
    return found


def test_over_a_year_each_meeting_is_heard_of_once_on_the_working_day_before():
    """In five zones, over both clock changes; Eastern Tuesdays at ten."""
    meetings = year_of(a_series(Kind.TRIAGE, "FREQ=WEEKLY;BYDAY=TU", 10), 1)
    zones = {pk: ZoneInfo(name) for pk, name in ZONES.items()}
    people = {(7, meeting.day): set(zones) for meeting in meetings}
    found = heard(decide_soon, lambda now: Soon(near(meetings, now), people, zones), dt.timedelta(minutes=30))
    first_week = [meeting for meeting in meetings if meeting.day > dt.date(2026, 1, 6)]
    for pk, zone in zones.items():
        for meeting in first_week:
            ((at_, due),) = [
                pair for (person, occasion), pair in found.items() if person == pk and f":{meeting.day}:" in occasion
            ]
            local = due.since.astimezone(zone)
            day = meeting.starts.astimezone(zone).date()
            assert (local.hour, local.minute) == (0, 0)  # it is there before the digest of that morning is made
            assert is_working_day(local.date())
            assert not any(is_working_day(local.date() + n * DAY) for n in range(1, (day - local.date()).days))
            assert due.since <= at_ < due.since + dt.timedelta(minutes=45) < due.until
    assert len(found) == len({(due.person_id, due.occasion) for _, due in found.values()}) == len(meetings) * 5


def test_over_a_year_every_monday_presentation_that_is_missing_is_heard_of_once():
    meetings = year_of(a_series(Kind.GO_LIVE, "FREQ=WEEKLY;BYDAY=MO", 9), 0)
    projects = [About(number, f"P-{number}", "Project", dt.date(2026, 2, 1) + number * DAY) for number in range(1, 300)]
    presented = {
        (about.id, 7, about.target - DAY - ((about.target - DAY).weekday() * DAY)) for about in projects if about.id % 2
    }
    managers = {about.id: {50} for about in projects}

    def read(now: dt.datetime) -> Missing:
        soon = [about for about in projects if abs((about.target - now.date()).days) < 16]
        return Missing(near(meetings, now, 62), soon, presented, managers)

    found = heard(decide_missing, read, dt.timedelta(hours=12))
    told = {due.project_id for _, due in found.values()}
    for about in projects:
        last = about.target - DAY - ((about.target - DAY).weekday() * DAY)
        assert last < about.target
        if about.id % 2:
            assert about.id not in told
        else:
            ((when, due),) = [pair for pair in found.values() if pair[1].project_id == about.id]
            assert when.date() > last
            assert due.until > when
    assert len(found) == len(told)


def test_over_a_year_each_cutoff_is_heard_of_once_a_day_before():
    meetings = year_of(a_series(Kind.TDR, "FREQ=WEEKLY;BYDAY=TU", 13, cutoff_hours=92), 1)
    still = (OpenStep("Payments", "", None),)
    reviews = [
        Review(About(1, "P-1", "Nearly", dt.date(2027, 1, 4)), 11, "", None, still),
        Review(About(2, "P-2", "Far", dt.date(2027, 1, 4)), 12, "", None, still * 4),
        Review(About(3, "P-3", "Ready", dt.date(2027, 1, 4)), 13, "", NOW),
    ]
    managers = {1: {50}, 2: {50}, 3: {50}}
    found = heard(decide_closing, lambda now: Closing(near(meetings, now), reviews, managers), dt.timedelta(minutes=30))
    assert {due.project_id for _, due in found.values()} == {1}
    for when, due in found.values():
        local = due.since.astimezone(ZoneInfo("America/New_York"))
        assert (local.weekday(), local.hour) in {(3, 17)}  # Thursday at five, over both clock changes
        assert when - due.since < dt.timedelta(minutes=30)
    assert len(found) == 52


def test_the_same_facts_say_the_same():
    meetings = year_of(a_series(Kind.TRIAGE, "FREQ=WEEKLY;BYDAY=TU", 10), 1)
    facts = Soon(meetings, {(7, meeting.day): {1} for meeting in meetings}, {1: ZoneInfo("America/New_York")})
    assert list(decide_soon(NOW, facts)) == list(decide_soon(NOW, facts))


# With rows ------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_meeting_is_heard_of_by_who_is_on_it(cast):
    series = make_tdr(host=cast.arun, attendees=[cast.ingrid, cast.sofia])
    cast.sofia.is_active = False
    cast.sofia.save()
    monday = at(TUESDAY - DAY, 9)
    due = list(decide_soon(monday, read_soon(monday)))
    assert {one.person_id for one in due} == {cast.arun.pk, cast.ingrid.pk}
    assert {one.text for one in due} == {"Technical Design Review: Tue Nov 24, 13:00 ET."}
    assert due[0].address == f"/meetings/{series.pk}/2026-11-24/"
    friday = at(TUESDAY - 4 * DAY, 9)
    assert list(decide_soon(friday, read_soon(friday))) == []


@pytest.mark.django_db
def test_a_moved_meeting_is_heard_of_anew_and_a_cancelled_one_not(cast):
    series = make_tdr(host=cast.arun)
    monday = at(TUESDAY - DAY, 9)
    (before,) = decide_soon(monday, read_soon(monday))
    Occurrence.objects.create(series=series, day=TUESDAY, moved_to=at(TUESDAY + DAY, 15))
    assert list(decide_soon(monday, read_soon(monday))) == []
    tuesday = at(TUESDAY, 9)
    (after,) = decide_soon(tuesday, read_soon(tuesday))
    assert before.occasion != after.occasion
    assert after.text == "Technical Design Review: Wed Nov 25, 15:00 ET."
    perform(occurrence_of(series, TUESDAY, by=cast.arun), "call_off", by=cast.arun, note="Away", now=tuesday)
    assert list(decide_soon(tuesday, read_soon(tuesday))) == []


@pytest.mark.django_db
def test_a_projects_meeting_is_heard_of_with_its_project(cast):
    project = in_design(cast, review_version())
    series = Series.objects.create(
        kind=Kind.STEERING, project=project, title="Steering", rule="FREQ=WEEKLY;BYDAY=TU", starts_on=TUESDAY,
        starts_at=dt.time(15), minutes=60,
    )  # fmt: skip
    SeriesAttendee.objects.create(series=series, person=cast.bo, project=project)
    monday = at(TUESDAY - DAY, 9)
    due = list(decide_soon(monday, read_soon(monday)))
    assert {one.person_id for one in due} == {cast.bo.pk, cast.priya.pk, cast.ivan.pk}
    assert {one.project_id for one in due} == {project.pk}
    perform(project, "hold", by=cast.priya, note="Budget")
    assert list(decide_soon(monday, read_soon(monday))) == []


@pytest.mark.django_db
def test_an_agenda_that_closes_is_heard_of_by_who_runs_a_project_that_is_nearly_ready(cast):
    make_tdr(host=cast.arun)
    project = in_design(cast, review_version())
    thursday = at(dt.date(2026, 11, 19), 17, 5)
    due = list(decide_closing(thursday, read_closing(thursday)))
    assert {one.person_id for one in due} == {cast.priya.pk, cast.ivan.pk}
    assert due[0].text == (
        "The agenda of Tue Nov 24 closes Fri Nov 20, 17:00 ET: 1 step that it needs is still open on MRW-1 Mrw County Tax."
    )
    assert (due[0].step_id, due[0].until) == (step_of(project, REVIEW).pk, at(dt.date(2026, 11, 20), 17))
    early = at(dt.date(2026, 11, 19), 16, 55)
    assert [one for one in decide_closing(early, read_closing(early)) if one.until > early] == []
    perform(step_of(project, BEFORE), "start", by=cast.sofia)
    perform(step_of(project, BEFORE), "complete", by=cast.sofia)
    assert list(decide_closing(thursday, read_closing(thursday))) == []


@pytest.mark.django_db
def test_a_presentation_is_missed_from_the_next_morning_on(cast):
    series = make_go_live(host=cast.cora)
    project = in_design(cast, review_version(), target_go_live=dt.date(2026, 11, 27))
    monday, after = at(dt.date(2026, 11, 23), 16), at(dt.date(2026, 11, 24), 8)
    assert list(decide_missing(monday, read_missing(monday))) == []
    due = list(decide_missing(after, read_missing(after)))
    assert {one.person_id for one in due} == {cast.priya.pk, cast.ivan.pk}
    assert "the last meeting before it was on Mon Nov 23" in due[0].text
    row = close_agenda(series, dt.date(2026, 11, 23), by=None, now=monday)
    AgendaItem.objects.filter(occurrence=row, project=project).update(outcome=Outcome.PRESENTED)
    assert list(decide_missing(after, read_missing(after))) == []


@pytest.mark.django_db
def test_where_nobody_holds_presentations_none_is_missing(cast):
    in_design(cast, review_version(), target_go_live=dt.date(2026, 11, 27))
    after = at(dt.date(2026, 11, 24), 8)
    assert list(decide_missing(after, read_missing(after))) == []


@pytest.mark.django_db
def test_reading_costs_the_same_for_any_number(cast):
    version = review_version()
    make_tdr(host=cast.arun)
    make_go_live(host=cast.cora)

    def cost() -> list[int]:
        counts = []
        for read in (read_soon, read_closing, read_missing):
            with CaptureQueriesContext(connection) as caught:
                read(NOW)
            counts.append(len(caught.captured_queries))
        return counts

    in_design(cast, version, target_go_live=dt.date(2026, 11, 27))
    cost()
    few = cost()
    for code in ("AAA", "BBB", "CCC"):
        in_design(cast, version, code=code, target_go_live=dt.date(2026, 11, 27))
    assert cost() == few == [13, 5, 5]


def test_the_sweep_asks_them():
    assert {"agenda-closes", "meeting-soon", "presentation-missing"} <= {source.name for source in sources()}
