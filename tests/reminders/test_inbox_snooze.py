"""What one does with the inbox: put off, read and unread again; what is folded; where it belongs."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from projects.inbox_acts import mark_read, mark_unread, snooze, until, wake
from projects.inbox_page import InboxFilter, counts, entries_of, groups_of, unread_count
from projects.models import Notice, Project
from reminders.preferences import mute, muted
from tests.transitions.made_up import a_step, publish, started

pytestmark = pytest.mark.django_db

#: A Friday, three in the afternoon in New York.
NOW = dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)


@pytest.fixture
def project(cast) -> Project:
    made = started(cast, publish(a_step(1)), now=NOW - dt.timedelta(days=30))
    Notice.objects.all().delete()  # of the seats
    return made


def tell(person, project: Project | None, occasion: str, kind: str = "decided", **changes) -> Notice:
    plain = {"text": f"About {occasion}", "why": "A reason.", "at": NOW, "heard_from": NOW}
    return Notice.objects.create(person=person, project=project, kind=kind, occasion=occasion, **{**plain, **changes})


def shown(person, now: dt.datetime = NOW, **chosen):
    found = entries_of(person, InboxFilter(**chosen), now)
    return [
        (group.project, group.day, group.unread, [entry.text for entry in group.entries])
        for group in groups_of(person, found, now)
    ]


# -- Until when -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "now", "zone", "comes"),
    [
        ("tomorrow", "2026-11-20T20:00+00:00", "America/New_York", "2026-11-21T08:00-05:00"),
        ("tomorrow", "2026-11-20T20:00+00:00", "Australia/Sydney", "2026-11-22T08:00+11:00"),  # it is Saturday there
        ("next-week", "2026-11-20T20:00+00:00", "America/New_York", "2026-11-23T08:00-05:00"),
        ("next-week", "2026-11-23T20:00+00:00", "America/New_York", "2026-11-30T08:00-05:00"),  # asked on a Monday
        ("tomorrow", "2026-03-07T20:00+00:00", "America/New_York", "2026-03-08T08:00-04:00"),  # summer time begins
        ("tomorrow", "2026-10-31T20:00+00:00", "America/New_York", "2026-11-01T08:00-05:00"),  # and ends
        ("date", "2026-11-20T20:00+00:00", "Asia/Kolkata", "2026-12-01T08:00+05:30"),
    ],
)
def test_what_is_put_off_comes_back_at_eight_on_one_s_own_clock(cast, choice, now, zone, comes):
    cast.sofia.time_zone = zone
    at = until(cast.sofia, choice, dt.datetime.fromisoformat(now), dt.date(2026, 12, 1))
    assert at == dt.datetime.fromisoformat(comes)


def test_what_is_put_off_is_away_and_comes_back_unread_on_its_day(cast, project):
    one, two = tell(cast.sofia, project, "one"), tell(cast.sofia, project, "two", read_at=NOW)
    back = until(cast.sofia, "next-week", NOW)
    assert snooze(cast.sofia, [one.pk, two.pk], until=back)

    assert (shown(cast.sofia), shown(cast.sofia, show="all"), counts(cast.sofia, NOW)) == ([], [], (0, 2))
    assert unread_count(cast.sofia, NOW) == 0
    away = ("Marrow County Tax", "Mon Nov 23", True, ["About two", "About one"])
    assert shown(cast.sofia, show="snoozed") == [away]
    assert shown(cast.sofia, back) == [away]
    assert (counts(cast.sofia, back), unread_count(cast.sofia, back)) == ((2, 0), 2)

    assert wake(cast.sofia, [one.pk])
    assert shown(cast.sofia) == [("Marrow County Tax", "Fri Nov 20", True, ["About one"])]


def test_what_was_read_is_unread_again(cast, project):
    one = tell(cast.sofia, project, "one")
    assert mark_read(cast.sofia, [one.pk], now=NOW)
    assert unread_count(cast.sofia, NOW) == 0
    assert mark_unread(cast.sofia, [one.pk])
    assert unread_count(cast.sofia, NOW) == 1


@pytest.mark.parametrize("act", ["read", "unread", "snooze", "wake"])
def test_nobody_does_any_of_it_with_another_s(cast, project, act):
    own, theirs = tell(cast.sofia, project, "one"), tell(cast.arun, project, "one")
    ids = [own.pk, theirs.pk]
    done = {
        "read": lambda: mark_read(cast.sofia, ids, now=NOW),
        "unread": lambda: mark_unread(cast.sofia, ids),
        "snooze": lambda: snooze(cast.sofia, ids, until=NOW),
        "wake": lambda: wake(cast.sofia, ids),
    }[act]()
    assert done is False
    assert set(Notice.objects.values_list("read_at", "snoozed_until")) == {(None, None)}


# -- What is folded, and where it stands ----------------------------------------------------------


def test_what_one_person_did_of_a_kind_on_a_project_in_a_day_is_one_entry(cast, project):
    for number in range(3):
        tell(cast.sofia, project, f"i{number}", by=cast.ingrid)
    tell(cast.sofia, project, "other", by=cast.arun)
    tell(cast.sofia, project, "earlier", by=cast.ingrid, heard_from=NOW - dt.timedelta(days=1))
    tell(cast.sofia, project, "read", by=cast.ingrid, read_at=NOW)
    for number in range(2):
        tell(cast.sofia, project, f"sys{number}")
        tell(cast.sofia, project, f"ask{number}", kind="approval_asked", by=cast.ingrid)

    assert shown(cast.sofia, show="all") == [
        ("Marrow County Tax", "Fri Nov 20", True,
         ["About ask1", "About sys1", "About ask0", "About sys0", "About other", "Ingrid Berg: decided, 3 times"]),
        ("Marrow County Tax", "Thu Nov 19", True, ["About earlier"]),
        ("Marrow County Tax", "Fri Nov 20", False, ["About read"]),
    ]  # fmt: skip
    entry = groups_of(cast.sofia, entries_of(cast.sofia, InboxFilter(), NOW), NOW)[0].entries[-1]
    assert [text for text, _ in entry.parts] == ["About i0", "About i1", "About i2"]
    assert len(entry.ids) == 3


def test_the_company_s_meetings_stand_under_meetings(cast, project):
    tell(cast.sofia, None, "tdr", kind="meeting_soon", address="/meetings/1/2026-11-24/")
    tell(cast.sofia, None, "action", kind="action_given", address="/meetings/1/2026-11-24/")
    tell(cast.sofia, None, "hook", kind="owned", address="/somewhere")
    assert shown(cast.sofia) == [
        ("Meetings", "Fri Nov 20", True, ["About action", "About tdr"]),
        ("Of no one project", "Fri Nov 20", True, ["About hook"]),
    ]


# -- The page -------------------------------------------------------------------------------------


def test_an_entry_is_put_off_and_brought_back_from_the_page(client, cast, project):
    one = tell(cast.sofia, project, "one")
    client.force_login(cast.sofia)
    with time_machine.travel(NOW, tick=False):
        answer = client.post("/inbox/snooze", {"notices": one.pk, "until": "tomorrow"}, follow=True)
        page = answer.content.decode()
        assert "Put off: it comes back on Saturday, Nov 21, at 8:00." in page
        assert "Snoozed (1)" in page
        assert "Unread (" not in page
        page = client.get("/inbox?show=snoozed").content.decode()
        assert "comes back Saturday, Nov 21, 8:00" in page
        client.post("/inbox/wake", {"notices": one.pk})
        assert "Unread (1)" in client.get("/inbox").content.decode()
        client.post("/inbox/snooze", {"notices": one.pk, "until": "date", "day": "2026-12-01"})
    one.refresh_from_db()
    assert one.snoozed_until == dt.datetime(2026, 12, 1, 13, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"until": "date", "day": ""}, 302), ({"until": "date", "day": "2026-11-20"}, 302),
        ({"until": "date", "day": "2030-01-01"}, 302), ({"until": "date", "day": "soon"}, 302),
        ({"until": "never"}, 400), ({}, 400), ({"until": "tomorrow", "notices": "x"}, 400),
        ({"until": "tomorrow", "notices": "999999999"}, 404),
    ],
)  # fmt: skip
def test_what_cannot_be_put_off_like_that_stays(client, cast, project, sent, status):
    one = tell(cast.sofia, project, "one")
    client.force_login(cast.sofia)
    with time_machine.travel(NOW, tick=False):
        assert client.post("/inbox/snooze", {"notices": one.pk, **sent}).status_code == status
    one.refresh_from_db()
    assert one.snoozed_until is None


def test_read_and_unread_by_the_button_beside_it(client, cast, project):
    one = tell(cast.sofia, project, "one")
    client.force_login(cast.sofia)
    client.post("/inbox/read", {"notices": one.pk})
    assert "Mark unread" in client.get("/inbox?show=all").content.decode()
    client.post("/inbox/read", {"notices": one.pk, "unread": "1"})
    one.refresh_from_db()
    assert one.read_at is None


def test_each_entry_leads_to_where_its_kind_is_chosen_and_each_project_can_be_muted(client, cast, project):
    tell(cast.sofia, project, "one", kind="overdue")
    client.force_login(cast.sofia)
    page = client.get("/inbox?kind=overdue").content.decode()
    assert 'href="/account/notifications#id_kind-overdue"' in page
    assert 'id="id_kind-overdue"' in client.get("/account/notifications").content.decode()
    assert f'action="/projects/{project.code}/mute"' in page
    assert '<option value="overdue" selected>Step overdue</option>' in page
    mute(cast.sofia, project, by=cast.sofia)
    assert ">Unmute<" in client.get("/inbox").content.decode()
    assert muted(cast.sofia) == [project]


def test_each_list_says_when_it_is_empty(client, cast):
    client.force_login(cast.mallory)
    for query, said in (
        ("", "All read"),
        ("?show=all", "Nothing yet"),
        ("?show=snoozed", "Nothing is put off"),
        ("?kind=overdue", "Nothing of that kind"),
    ):
        assert said in client.get(f"/inbox{query}").content.decode()
