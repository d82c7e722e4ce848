"""The meetings' pages: list, month, series, one meeting; who may open them, forms that are refused, and what they cost."""

from __future__ import annotations

import datetime as dt
from html import unescape
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from meetings.clock_words import when
from meetings.models import Occurrence, Series
from meetings.series import make_series, set_attendees
from meetings.single import edit_meeting
from projects.models import Project
from tests.meetings.planning import EASTERN, NOW, TUESDAY, at, tdr
from tests.transitions.made_up import a_step, publish, started

pytestmark = pytest.mark.django_db

LINK = "https://meet.example/sekret"
THANKSGIVING = dt.date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _on_friday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series(cast: SimpleNamespace) -> Series:
    made = tdr(cast.adele, host=cast.ingrid, attendees=[cast.sofia], capacity=6, cutoff_hours=92, place="Room 1")
    Series.objects.filter(pk=made.pk).update(join_link=LINK)
    return Series.objects.get(pk=made.pk)


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    return started(cast, publish(a_step(1), a_step(2)))


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def read(person: Any, address: str, status: int = 200) -> str:
    answer = client_of(person).get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def send(person: Any, address: str, **data: Any) -> Any:
    return client_of(person).post(address, {name: "" if value is None else value for name, value in data.items()})


def meeting(series: Series, day: dt.date = TUESDAY, act: str = "meeting") -> str:
    return reverse(act, args=[series.pk, day.isoformat()])


def form_of(series: Series, **changes: Any) -> dict[str, Any]:
    row = Occurrence.objects.filter(series=series, day=TUESDAY).first()
    return {
        "date": "2026-11-24", "at": "13:00", "minutes": 90, "host": series.host_id, "place": "Room 1", "rule": series.rule,
        "scope": "this", "revision": series.revision, "seen": row.revision if row else 0, "cancels": "", **changes,
    }  # fmt: skip


# Reading ---------------------------------------------------------------------------------------------------------------------


def test_a_time_is_said_at_both_clocks_where_they_differ(cast):
    starts, ends = at(2026, 11, 24, 19), at(2026, 11, 24, 20)
    there = when(starts, ends, EASTERN, ZoneInfo("Europe/Berlin"), NOW)
    assert there.text == "Tue Nov 24, 19:00–20:00 ET · Wed Nov 25, 1:00 for you"
    assert when(starts, ends, EASTERN, ZoneInfo("America/Chicago"), NOW).for_you == "18:00 for you"
    assert when(starts, ends, EASTERN, ZoneInfo("America/Toronto"), NOW).for_you == ""
    assert when(starts, ends, ZoneInfo("Asia/Kolkata"), EASTERN, NOW).hours == "5:30–6:30 Kolkata"


def test_mine_and_all(cast, series):
    assert "You are on no meeting" in read(cast.priya, "/meetings/")
    html = read(cast.priya, "/meetings/?whose=all")
    assert html.count(">Technical Design Review</a>") == 7
    assert "Tue Nov 24, <b>13:00–14:30 ET</b>" in html
    assert LINK not in html
    assert read(cast.sofia, "/meetings/").count(LINK) == 7
    assert "No meetings that you may see" in read(cast.mallory, "/meetings/?whose=all")
    read(cast.bo, "/meetings/", 404)


def test_cancelled_moved_and_clashing_ones_say_so(cast, series):
    send(cast.ingrid, meeting(series, act="cancel-meeting"), note="Nothing to review", seen=0)
    edit_meeting(series, dt.date(2026, 12, 1), by=cast.ingrid, starts=at(2026, 12, 25, 9))
    html = read(cast.sofia, "/meetings/")
    assert "<s><time" in html
    assert "Cancelled" in html
    assert "Moved from Tue Dec 1" in html
    assert "Christmas Day: decide" in html
    month = read(cast.sofia, "/meetings/?view=month&month=2026-12")
    assert "December 2026" in month
    assert month.count(">9:00 Technical Design Review<") == 1
    assert "Christmas Day: decide" in month


@pytest.mark.parametrize("asked", ["2026-13", "garbage", "9999-01", ""])
def test_a_month_that_is_none_is_the_present_one(cast, series, asked):
    assert "November 2026" in read(cast.sofia, f"/meetings/?view=month&month={asked}")


def test_a_series_says_its_rule_dates_people_and_link(cast, series):
    html = read(cast.sofia, series.get_absolute_url())
    assert "Every Tuesday, 13:00–14:30 ET" in html
    assert LINK in html
    assert "Change the series" not in html
    host = read(cast.ingrid, series.get_absolute_url())
    assert "Change the series" in host
    assert LINK in host
    other = read(cast.priya, series.get_absolute_url())
    assert LINK not in other
    assert "shown to those who attend" in other


def test_a_meeting_that_is_none_does_not_exist(cast, series):
    read(cast.sofia, meeting(series, dt.date(2026, 11, 25)), 404)
    read(cast.sofia, f"/meetings/{series.pk}/2026-02-30/", 404)
    read(cast.sofia, "/meetings/987654/", 404)
    read(cast.mallory, meeting(series), 404)
    read(cast.mallory, series.get_absolute_url(), 404)
    read(cast.bo, meeting(series), 404)


def test_a_day_of_the_rule_centuries_ahead_is_out_of_reach(cast, series):
    """What an agenda is made of is planned from today to its day: nobody makes the server plan a thousand years."""
    far = series.starts_on + dt.timedelta(weeks=52 * 1000)

    read(cast.sofia, f"/meetings/{series.pk}/{series.starts_on + dt.timedelta(weeks=8)}/")
    read(cast.sofia, f"/meetings/{series.pk}/{far}/", status=404)


def test_what_is_elsewhere_does_not_exist(cast, series):
    for act in ("change-meeting", "cancel-meeting", "hold-meeting", "hold-on-holiday"):
        assert send(cast.mallory, meeting(series, act=act)).status_code == 404
        assert send(cast.bo, meeting(series, act=act)).status_code == 404
    for name in ("series", "end-series", "series-attendees"):
        assert send(cast.mallory, reverse(name, args=[series.pk])).status_code == 404


def test_somebody_outside_sees_the_meeting_that_they_attend_and_no_act(cast, project):
    own = make_series("other", by=cast.priya, project=project, title="Talk", starts_on=TUESDAY, starts_at=dt.time(9),
                      minutes=30, days=[TUESDAY])  # fmt: skip
    read(cast.bo, own.get_absolute_url(), 404)
    set_attendees(own, [cast.bo], by=cast.priya)
    html = read(cast.bo, meeting(own))
    assert "Change it" not in html
    assert "Talk" in read(cast.bo, own.get_absolute_url())
    assert send(cast.bo, meeting(own, act="cancel-meeting"), note="No", seen=0).status_code == 404
    assert "Our meetings with you" in read(cast.bo, project.get_absolute_url())
    assert meeting(own) in read(cast.priya, project.get_absolute_url())
    assert "Our meetings with you" not in read(cast.priya, project.get_absolute_url())


# Changing --------------------------------------------------------------------------------------------------------------------


def test_a_meeting_is_moved_by_its_form(cast, series):
    answer = send(cast.ingrid, meeting(series, act="change-meeting"), **form_of(series, date="2026-11-25", at="11:00"))
    assert (answer.status_code, answer.url) == (302, meeting(series))
    assert Occurrence.objects.get().moved_to == at(2026, 11, 25, 11)
    assert "Wed Nov 25, <b>11:00–12:30 ET</b>" in read(cast.sofia, meeting(series))


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"date": "2026-12-01"}, 400, "is held on Dec 1 already"),
        ({"date": "2026-11-19"}, 400, "not moved into the past"),
        ({"date": "tomorrow"}, 400, "Write the date as"),
        ({"at": "25:00"}, 400, "Write the time as 13:00"),
        ({"minutes": "0"}, 400, "greater than or equal to 5"),
        ({"scope": "most"}, 400, "not one of the available choices"),
        ({"rule": "FREQ=DAILY"}, 400, "One meeting does not repeat"),
        ({"scope": "all", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, 400, "would never be held"),
        ({"scope": "following", "rule": "every day"}, 400, "is no part of a rule"),
        ({"cancels": "monday"}, 400, "these are no days"),
    ],
)
def test_a_form_that_is_wrong_says_why_and_keeps_what_was_typed(cast, series, changes, status, words):
    answer = send(cast.ingrid, meeting(series, act="change-meeting"), **form_of(series, **changes))
    assert answer.status_code == status
    html = unescape(answer.content.decode())
    assert words in html
    assert "<title>Error: " in html
    assert (Occurrence.objects.filter(revision__gt=0).count(), Series.objects.count()) == (0, 1)


def test_somebody_who_may_look_may_not_change(cast, series):
    answer = send(cast.sofia, meeting(series, act="change-meeting"), **form_of(series, minutes=30))
    assert answer.status_code == 403
    assert "Its host does." in unescape(answer.content.decode())
    assert send(cast.sofia, meeting(series, act="cancel-meeting"), note="No", seen=0).status_code == 403
    assert send(cast.sofia, reverse("end-series", args=[series.pk]), day="2026-12-01", revision=0).status_code == 403
    assert send(cast.sofia, reverse("series-attendees", args=[series.pk])).status_code == 403


def test_this_and_following_go_to_another_weekday(cast, series):
    body = form_of(series, scope="following", date="2026-11-25", at="15:00")
    answer = send(cast.ingrid, meeting(series, act="change-meeting"), **body)
    new = Series.objects.exclude(pk=series.pk).get()
    assert (answer.status_code, answer.url) == (302, new.get_absolute_url())
    assert (new.rule, new.starts_on, new.starts_at) == ("FREQ=WEEKLY;BYDAY=WE", dt.date(2026, 11, 25), dt.time(15))
    assert new.join_link == LINK


def test_the_whole_series_names_what_would_be_cancelled_and_takes_a_second_yes(cast, series):
    edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=60)
    address = meeting(series, dt.date(2026, 12, 1), "change-meeting")
    body = form_of(series, scope="all", date="2026-12-02", at="13:00", seen=0)
    answer = send(cast.ingrid, address, **body)
    html = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "Technical Design Review, Nov 24, 2026 would be cancelled" in html
    assert 'name="cancels" value="2026-11-24"' in html
    assert send(cast.ingrid, address, **body | {"cancels": "2026-11-24"}).status_code == 302
    assert Series.objects.get().rule == "FREQ=WEEKLY;BYDAY=WE"
    assert Occurrence.objects.get(day=TUESDAY).state == "cancelled"


def test_two_editors_are_both_shown(cast, series):
    body = form_of(series, at="15:00")
    edit_meeting(series, TUESDAY, by=cast.adele, minutes=60)
    answer = send(cast.ingrid, meeting(series, act="change-meeting"), **body)
    html = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "Changed meanwhile" in html
    for line in ("<td>13:00</td><td>15:00</td>", "<td>60</td><td>90</td>"):
        assert line in html
    assert Occurrence.objects.get().moved_to is None
    assert send(cast.ingrid, meeting(series, act="change-meeting"), **body | {"seen": 1}).status_code == 302
    assert Occurrence.objects.get().moved_to == at(2026, 11, 24, 15)


def test_two_editors_of_a_series_are_both_shown(cast, series):
    body = {"title": series.title, "rule": series.rule, "starts_at": "13:00", "minutes": 45, "host": series.host_id,
            "place": "Room 1", "revision": 0, "cancels": ""}  # fmt: skip
    assert send(cast.ingrid, series.get_absolute_url(), **body).status_code == 302
    answer = send(cast.adele, series.get_absolute_url(), **body | {"minutes": 30, "starts_at": "14:00"})
    assert answer.status_code == 409
    html = unescape(answer.content.decode())
    assert "<td>45</td><td>30</td>" in html
    assert "<td>13:00</td><td>14:00</td>" in html
    assert Series.objects.get().minutes == 45
    # A change of one meeting, made before the series changed, is shown too.
    stale = send(cast.ingrid, meeting(series, act="change-meeting"), **form_of(series, at="15:00", revision=0))
    assert stale.status_code == 409


def test_a_holiday_is_decided_on_its_page(cast):
    series = make_series("triage", by=cast.adele, title="Triage call", rule="FREQ=WEEKLY;BYDAY=TU,TH",
                         starts_on=dt.date(2026, 11, 3), starts_at=dt.time(10), minutes=60, host=cast.tess)  # fmt: skip
    html = read(cast.tess, meeting(series, THANKSGIVING))
    assert "Thanksgiving Day: hold it all the same, move it, or cancel it?" in html
    assert "Its host decides." in read(cast.priya, meeting(series, THANKSGIVING))
    assert send(cast.priya, meeting(series, THANKSGIVING, "hold-on-holiday")).status_code == 403
    assert send(cast.tess, meeting(series, THANKSGIVING, "hold-on-holiday")).status_code == 302
    assert "Tess Moreau decided that it is held all the same." in read(cast.priya, meeting(series, THANKSGIVING))
    assert send(cast.tess, meeting(series, TUESDAY, "hold-on-holiday")).status_code == 409


def test_a_meeting_is_cancelled_and_held_after_all(cast, series):
    assert send(cast.ingrid, meeting(series, act="cancel-meeting"), note="", seen=0).status_code == 400
    assert send(cast.ingrid, meeting(series, act="cancel-meeting"), note="Nothing to review", seen=0).status_code == 302
    assert "It is cancelled" in read(cast.ingrid, meeting(series))
    assert send(cast.ingrid, meeting(series, act="hold-meeting"), note="", seen=0).status_code == 409
    assert send(cast.ingrid, meeting(series, act="hold-meeting"), note="", seen=1).status_code == 302
    assert send(cast.ingrid, meeting(series, act="hold-meeting"), note="", seen="x").status_code == 400
    assert Occurrence.objects.get().state == "planned"


def test_attendees_and_the_end(cast, series):
    people = reverse("series-attendees", args=[series.pk])
    assert send(cast.ingrid, people, people=[cast.arun.pk, cast.sofia.pk]).status_code == 302
    assert {one.person for one in series.attendees.all()} == {cast.arun, cast.sofia}
    assert send(cast.ingrid, people, people=[cast.bo.pk]).status_code == 400
    ends = reverse("end-series", args=[series.pk])
    assert send(cast.ingrid, ends, day="2026-11-01", revision=1).status_code == 400
    assert send(cast.ingrid, ends, day="2026-12-01", revision=0).status_code == 409
    assert send(cast.ingrid, ends, day="2026-12-01", revision=1).status_code == 302
    assert "ends Dec 1, 2026" in read(cast.sofia, series.get_absolute_url())


# Cost ------------------------------------------------------------------------------------------------------------------------

#: What each page costs, whatever the number of series and meetings; session and person are two of these. A meeting has its agenda
#: and the answers of those who are invited besides.
COSTS = {"mine": 7, "all": 7, "month": 7, "series": 8, "meeting": 16}


@pytest.mark.parametrize("count", [1, 12])
def test_queries_do_not_grow_with_the_meetings(cast, series, count):
    for number in range(count - 1):
        tdr(cast.adele, title=f"Review {number}", attendees=[cast.sofia, cast.arun, cast.tess])
    for number in range(count):
        edit_meeting(series, TUESDAY + number * dt.timedelta(weeks=1), by=cast.ingrid, minutes=30)
    client = client_of(cast.sofia)
    pages = {
        "mine": "/meetings/", "all": "/meetings/?whose=all", "month": "/meetings/?whose=all&view=month",
        "series": series.get_absolute_url(), "meeting": meeting(series),
    }  # fmt: skip
    found = {}
    for name, address in pages.items():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        found[name] = len(queries)
    assert found == COSTS
