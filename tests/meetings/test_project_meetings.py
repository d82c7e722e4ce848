"""A project's own meetings: discovery sessions, TSM meetings, the steering committee; their page, the panels, the demo."""

from __future__ import annotations

import datetime as dt
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from meetings import tier
from meetings.demo import chapter
from meetings.models import Series
from meetings.planned import planned
from meetings.project_meetings import plan_discovery, plan_steering, plan_tsm, propose_discovery, spread, steering_rule
from meetings.project_page import project_panel
from meetings.series import end_series, make_series, set_attendees
from projects.models import Project
from projects.schedule import is_working_day
from tests.cast import step_of
from tests.meetings.planning import NOW, at
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import MoveRefused, NotPermitted
from transitions.clock import business_day

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2026, 11, 23)
NINE = dt.time(9)


@pytest.fixture(autouse=True)
def _on_friday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    return started(cast, publish(a_step(1, meeting="discovery-sessions"), a_step(2)))


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def send(person: Any, project: Project, act: str, **data: Any) -> Any:
    return client_of(person).post(reverse(act, args=[project.code]), data)


def times(series: Series) -> list[str]:
    return [f"{one.starts:%a %b %-d %H:%M}–{one.ends:%H:%M}" for one in planned([series], NOW, at(2027, 3, 10))]


def names(series: Series) -> list[str]:
    return sorted(row.person.name for row in series.attendees.select_related("person"))


# Discovery -------------------------------------------------------------------------------------------------------------------


def test_three_sessions_on_consecutive_working_days(cast, project):
    proposal = propose_discovery(project, dt.date(2026, 11, 24), NINE)
    # Thanksgiving and the weekend are no working days; the Friday between is.
    assert [f"{day:%a %-d}" for day in proposal.days] == ["Tue 24", "Wed 25", "Fri 27"]
    assert (proposal.consecutive, list(proposal.taken)) == (True, [])
    series = plan_discovery(project, proposal.days, NINE, by=cast.priya)
    assert times(series) == ["Tue Nov 24 09:00–10:30", "Wed Nov 25 09:00–10:30", "Fri Nov 27 09:00–10:30"]
    assert (names(series), series.host, series.rule) == (["Ivan Orlov", "Priya Nair"], cast.priya, "")


def test_a_day_on_which_pm_or_im_is_not_free_is_passed_over_and_named(cast, project):
    triage = make_series("triage", by=cast.adele, title="Triage call", rule="FREQ=WEEKLY;BYDAY=TU,TH", starts_on=MONDAY,
                         starts_at=dt.time(10), minutes=60, attendees=[cast.ivan])  # fmt: skip
    proposal = propose_discovery(project, MONDAY, NINE)
    assert [f"{day:%a %-d}" for day in proposal.days] == ["Mon 23", "Wed 25", "Fri 27"]
    assert [(f"{one.day:%a %-d}", one.title) for one in proposal.taken] == [("Tue 24", "Triage call")]
    assert not proposal.consecutive
    # An hour that does not meet it is free, and so is the whole day once Ivan does not attend.
    assert propose_discovery(project, MONDAY, dt.time(11)).taken == []
    set_attendees(triage, [cast.tess], by=cast.adele)
    assert propose_discovery(project, MONDAY, NINE).taken == []


def test_sessions_are_planned_once_and_by_whoever_runs_the_project(cast, project):
    for person in (cast.sofia, cast.mallory, cast.bo):
        with pytest.raises(NotPermitted):
            plan_discovery(project, [MONDAY], NINE, by=person)
    with pytest.raises(ValidationError, match="in the past"):
        plan_discovery(project, [dt.date(2026, 11, 19)], NINE, by=cast.priya)
    with pytest.raises(ValidationError, match="No free days"):
        plan_discovery(project, [], NINE, by=cast.priya)
    series = plan_discovery(project, [MONDAY], NINE, by=cast.ivan)
    with pytest.raises(MoveRefused, match="planned already"):
        plan_discovery(project, [MONDAY], NINE, by=cast.priya)
    end_series(series, MONDAY, by=cast.priya)
    assert plan_discovery(project, [MONDAY], NINE, by=cast.priya) != series


# TSM -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "days"),
    [
        (1, ["2027-02-16"]),
        (2, ["2027-02-08", "2027-02-23"]),
        (4, ["2027-02-03", "2027-02-10", "2027-02-18", "2027-02-25"]),
    ],
)
def test_meetings_are_spread_over_the_weeks_before_go_live(count, days):
    assert [str(day) for day in spread(dt.date(2027, 3, 2), count, dt.date(2026, 11, 20))] == days


@given(
    st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31)), st.sampled_from([1, 2, 4]),
    st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31)),
)  # fmt: skip
def test_every_one_is_a_working_day_of_its_own_after_today_and_before_go_live(go_live, count, today):
    days = spread(go_live, count, today)
    assert days == sorted(set(days))
    assert len(days) <= count
    assert all(today < day < go_live and is_working_day(day) for day in days)


def test_tsm_meetings_are_as_many_as_said(cast):
    version = publish(a_step(1))
    project = started(cast, version)
    series = plan_tsm(project, 2, dt.time(14), by=cast.priya)
    assert len(times(series)) == 2
    assert {line[-11:] for line in times(series)} == {"14:00–14:30"}
    assert names(series) == ["Ivan Orlov", "Priya Nair"]
    for wrong in (0, 3, 5, -1):
        other = started(cast, version)
        with pytest.raises(ValidationError, match="1, 2 or 4"):
            plan_tsm(other, wrong, dt.time(14), by=cast.priya)


def test_no_room_before_go_live(cast, project):
    with time_machine.travel(dt.datetime.combine(project.target_go_live - dt.timedelta(days=4), dt.time(15), dt.UTC)):
        left = len(spread(project.target_go_live, 4, business_day()))
        assert left < 4
        with pytest.raises(ValidationError, match=f"Only {left} working days are left"):
            plan_tsm(project, 4, dt.time(14), by=cast.priya)
    with (
        time_machine.travel(dt.datetime.combine(project.target_go_live, dt.time(15), dt.UTC)),
        pytest.raises(ValidationError, match="No working day is left"),
    ):
        plan_tsm(project, 1, dt.time(14), by=cast.priya)


def test_the_tier_says_how_many_where_a_room_knows_it(cast, project, monkeypatch):
    assert tier.count_for(project) is None
    monkeypatch.setattr(tier, "_counts", [])
    tier.register(lambda _: None)
    tier.register(lambda asked: 4 if asked == project else None)
    assert tier.count_for(project) == 4
    html = client_of(cast.priya).get(reverse("project-meetings", args=[project.code])).content.decode()
    assert "The tier asks for 4." in html
    assert '<option value="4" selected>' in html


# Steering --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "rhythm", "rule"),
    [
        (MONDAY, "weekly", "FREQ=WEEKLY;BYDAY=MO"),
        (MONDAY, "fortnightly", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
        (MONDAY, "monthly", "FREQ=MONTHLY;BYDAY=4MO"),
        (dt.date(2026, 12, 31), "monthly", "FREQ=MONTHLY;BYDAY=-1TH"),
    ],
)
def test_a_steering_committee_meets_by_a_rhythm(cast, project, first, rhythm, rule):
    assert steering_rule(first, rhythm) == rule
    series = plan_steering(project, first, NINE, rhythm, by=cast.priya)
    assert (series.rule, series.starts_on) == (rule, first)


# Pages -----------------------------------------------------------------------------------------------------------------------


def test_days_are_proposed_first_and_planned_then(cast, project):
    answer = send(cast.priya, project, "plan-discovery", first="2026-11-24", at="09:00")
    html = unescape(answer.content.decode())
    assert answer.status_code == 200
    assert "Tue Nov 24, 2026; Wed Nov 25, 2026; Fri Nov 27, 2026" in html
    assert not Series.objects.exists()
    days = "2026-11-24,2026-11-25,2026-11-27"
    assert f'value="{days}"' in html
    assert send(cast.priya, project, "plan-discovery", first="2026-11-24", at="09:00", days=days).status_code == 302
    assert len(times(Series.objects.get())) == 3
    # Days that were not proposed are proposed anew: nothing is planned that nobody looked at.
    Series.objects.update(ended_on=MONDAY)
    answer = send(cast.priya, project, "plan-discovery", first="2026-11-24", at="09:00", days="2026-11-28")
    assert (answer.status_code, Series.objects.count()) == (200, 1)


def test_the_other_two_are_planned_by_their_forms(cast, project):
    assert send(cast.priya, project, "plan-tsm", count="2", at="14:00", minutes="30").status_code == 302
    steering = {"first": "2026-11-24", "at": "11:00", "minutes": "60", "rhythm": "monthly"}
    assert send(cast.priya, project, "plan-steering", **steering).status_code == 302
    assert sorted(Series.objects.values_list("kind", flat=True)) == ["steering", "tsm"]
    assert send(cast.priya, project, "plan-tsm", count="2", at="14:00", minutes="30").status_code == 409
    assert send(cast.priya, project, "plan-tsm", count="3", at="14:00", minutes="30").status_code == 400
    html = client_of(cast.priya).get(reverse("project-meetings", args=[project.code])).content.decode()
    assert "Plan the discovery sessions" in html
    assert "Plan the TSM meetings before go-live" not in html


@pytest.mark.parametrize("act", ["plan-discovery", "plan-tsm", "plan-steering"])
def test_who_plans_on_the_page(cast, project, act):
    body = {"first": "2026-11-24", "at": "09:00", "count": "1", "minutes": "30", "rhythm": "weekly"}
    assert send(cast.sofia, project, act, **body).status_code == 403
    assert send(cast.mallory, project, act, **body).status_code == 404
    assert send(cast.bo, project, act, **body).status_code == 404
    assert not Series.objects.exists()


def test_steps_lead_to_their_meeting(cast, project):
    address = reverse("step", args=[project.code, step_of(project, "design.step-1").live.path])
    html = client_of(cast.priya).get(address).content.decode()
    assert "Discovery sessions: not planned yet" in html
    series = plan_discovery(project, [MONDAY], NINE, by=cast.priya)
    html = client_of(cast.priya).get(address).content.decode()
    assert f'<a href="{series.get_absolute_url()}">Discovery sessions</a>' in html


@pytest.mark.parametrize("count", [1, 4])
def test_the_panel_costs_two_queries_however_many_meetings(cast, project, count):
    plan_discovery(project, [MONDAY + dt.timedelta(days=number) for number in range(count)], NINE, by=cast.priya)
    for number in range(count):
        make_series("other", by=cast.priya, project=project, title=f"Talk {number}", starts_on=MONDAY, starts_at=NINE,
                    minutes=30, rule="FREQ=WEEKLY")  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        panel = project_panel(project, cast.priya, business_day())
    assert len(panel.values["rows"]) == min(3, 2 * count + 1)
    assert len(queries) == 2


# The demo --------------------------------------------------------------------------------------------------------------------


def test_the_demo_has_the_company_s_series_and_plans_discovery(cast, make_project):
    people = {first.title(): person for first, person in vars(cast).items()} | {"B": cast.bo}
    project = make_project()
    for _ in range(2):
        chapter(Project.objects.get(pk=project.pk), "discovery", people, NOW, False)
    assert sorted(Series.objects.values_list("kind", flat=True)) == [
        "discovery",
        "go_live",
        "tdr",
        "triage",
        "tsm_review",
    ]
    assert names(Series.objects.get(kind="tdr")) == ["Arun Patel", "Ivan Orlov", "Priya Nair", "Sofia Reyes"]
    assert len(times(Series.objects.get(kind="discovery"))) == 3
    chapter(Project.objects.get(pk=project.pk), "release", people, NOW, False)
    assert Series.objects.filter(kind="tsm", project=project).count() == 1
