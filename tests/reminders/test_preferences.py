"""How one hears: what is kept, what it means in words, and the page."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.notice_kinds import GROUPS, NoticeKind, Route
from reminders.kinds import DEFAULTS
from reminders.models import Bounce, Hours, Mute, Preference
from reminders.preferences import (
    ALWAYS,
    CHOICES,
    WHEN,
    choose,
    in_words,
    kinds_for,
    mute,
    muted,
    next_digest,
    set_hours,
    unmute,
    wants_of,
)

pytestmark = pytest.mark.django_db

#: A Friday, three in the afternoon in New York.
NOW = dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)
NEW_YORK = ZoneInfo("America/New_York")


def sent(**changes: str) -> dict[str, str]:
    """What the form sends when nothing was touched."""
    kinds = {f"kind-{kind.value}": DEFAULTS[kind].value for kind in NoticeKind if kind not in ALWAYS}
    plain = {"digest_at": "08:00", "time_zone": "America/New_York"}
    return {**kinds, **plain, "quiet_from": "", "quiet_until": "", "away_from": "", "away_until": "", **changes}


# -- What is kept ---------------------------------------------------------------------------------


def test_every_kind_stands_in_one_group_with_a_line_on_when_it_comes():
    listed = [kind for _, kinds in GROUPS for kind in kinds]
    assert sorted(listed) == sorted(NoticeKind)
    assert set(WHEN) == set(DEFAULTS) == set(NoticeKind)
    assert {DEFAULTS[kind] for kind in NoticeKind} <= set(CHOICES)


def test_only_what_differs_from_the_default_is_kept(cast):
    choose(cast.sofia, {NoticeKind.MENTIONED: Route.NOW, NoticeKind.OVERDUE: Route.NOW}, by=cast.sofia)
    assert list(Preference.objects.values_list("person", "kind", "route")) == [(cast.sofia.pk, "overdue", "now")]
    choose(cast.sofia, {NoticeKind.MENTIONED: Route.OFF, NoticeKind.OVERDUE: Route.APP}, by=cast.sofia)
    assert dict(Preference.objects.values_list("kind", "route")) == {"mentioned": "off", "overdue": "app"}
    choose(cast.sofia, {NoticeKind.OVERDUE: DEFAULTS[NoticeKind.OVERDUE]}, by=cast.sofia)
    assert dict(Preference.objects.values_list("kind", "route")) == {"mentioned": "off"}
    assert wants_of(cast.sofia).routes == {**DEFAULTS, NoticeKind.MENTIONED: Route.OFF}
    assert wants_of(cast.arun).routes == DEFAULTS


@pytest.mark.parametrize("kind", ALWAYS)
def test_sign_offs_cannot_be_switched_off(cast, kind):
    with pytest.raises(ValidationError):
        choose(cast.sofia, {NoticeKind.OVERDUE: Route.OFF, kind: Route.OFF}, by=cast.sofia)
    assert Preference.objects.count() == 0
    Preference.objects.create(person=cast.sofia, kind=kind, route=Route.OFF)  # by whatever door it came
    assert wants_of(cast.sofia).routes[kind] == DEFAULTS[kind]


def test_hours_are_held_together(cast):
    night = (dt.time(22), dt.time(7))
    set_hours(cast.sofia, by=cast.sofia, digest_at=dt.time(9), quiet=night, time_zone="Asia/Kolkata")
    cast.sofia.refresh_from_db()
    row = Hours.objects.get(person=cast.sofia)
    assert (row.digest_at, row.quiet_from, row.quiet_until, cast.sofia.time_zone) == (
        dt.time(9),
        *night,
        "Asia/Kolkata",
    )
    for wrong in (
        {"quiet": (dt.time(22), dt.time(22))},
        {"away": (dt.date(2026, 12, 2), dt.date(2026, 12, 1))},
        {"time_zone": "Moon/Tycho"},
    ):
        with pytest.raises(ValidationError):
            set_hours(cast.sofia, by=cast.sofia, **wrong)
    assert Hours.objects.get(person=cast.sofia) == row
    assert Hours.objects.count() == 1


def test_muting_twice_is_once_and_what_one_no_longer_sees_is_not_listed(cast, make_project):
    project = make_project()
    for _ in range(2):
        mute(cast.sofia, project, by=cast.sofia)
    mute(cast.mallory, project, by=cast.mallory)
    assert Mute.objects.count() == 2
    assert (muted(cast.sofia), muted(cast.mallory)) == ([project], [])
    unmute(cast.sofia, project, by=cast.sofia)
    assert muted(cast.sofia) == []


# -- What it means --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "zone", "hours", "comes"),
    [
        ("2026-11-20T20:00+00:00", "America/New_York", {}, "2026-11-23T08:00-05:00"),  # over the weekend
        ("2026-11-23T12:59+00:00", "America/New_York", {}, "2026-11-23T08:00-05:00"),
        ("2026-11-23T13:00+00:00", "America/New_York", {}, "2026-11-24T08:00-05:00"),
        ("2026-11-25T20:00+00:00", "America/New_York", {}, "2026-11-27T08:00-05:00"),  # over Thanksgiving
        ("2026-10-30T20:00+00:00", "America/New_York", {}, "2026-11-02T08:00-05:00"),  # over the end of summer time
        ("2026-03-06T20:00+00:00", "America/New_York", {}, "2026-03-09T08:00-04:00"),  # and over its beginning
        ("2026-11-22T22:00+00:00", "Australia/Sydney", {}, "2026-11-24T08:00+11:00"),
        ("2026-11-23T03:00+00:00", "Asia/Kolkata", {"digest_at": dt.time(9)}, "2026-11-23T09:00+05:30"),
        ("2026-11-20T20:00+00:00", "America/New_York",
         {"away_from": dt.date(2026, 11, 21), "away_until": dt.date(2026, 11, 29)}, "2026-11-30T08:00-05:00"),
        ("2026-11-20T20:00+00:00", "America/New_York",
         {"away_from": dt.date(2026, 12, 1), "away_until": dt.date(2026, 12, 29)}, "2026-11-23T08:00-05:00"),
    ],
)  # fmt: skip
def test_the_next_digest_is_at_one_s_own_hour_on_a_working_day(cast, now, zone, hours, comes):
    cast.sofia.time_zone = zone
    said = next_digest(cast.sofia, Hours(person=cast.sofia, **hours), dt.datetime.fromisoformat(now))
    assert said == dt.datetime.fromisoformat(comes)


@pytest.mark.parametrize("zone", ["", "Nowhere/Else", "../etc"])
def test_who_has_no_zone_has_the_company_s(cast, zone):
    cast.sofia.time_zone = zone
    assert next_digest(cast.sofia, Hours(), NOW) == dt.datetime(2026, 11, 23, 8, tzinfo=NEW_YORK)


def test_it_is_said_in_words(cast):
    assert in_words(cast.sofia, wants_of(cast.sofia), NOW) == [
        "Your next digest: Monday, Nov 23, 8:00 (America/New_York), if there is something to say."
    ]
    set_hours(
        cast.sofia, by=cast.sofia, quiet=(dt.time(22), dt.time(7, 30)),
        away=(dt.date(2026, 11, 23), dt.date(2026, 11, 24)),
    )  # fmt: skip
    choose(cast.sofia, {kind: Route.APP for kind in NoticeKind if kind not in ALWAYS}, by=cast.sofia)
    said = in_words(cast.sofia, wants_of(cast.sofia), NOW)
    assert said[0] == "No digest comes: nothing is set to it."
    assert said[1].startswith("From 22:00 to 7:30 nothing is sent at once")
    assert said[2].startswith("While you are away, Nov 23 to Nov 24, only sign-offs are mailed")


# -- The page -------------------------------------------------------------------------------------


def test_the_page_keeps_what_was_chosen_and_says_it(client, cast):
    client.force_login(cast.sofia)
    with time_machine.travel(NOW, tick=False):
        page = client.get("/account/notifications").content.decode()
        assert "Monday, Nov 23, 8:00 (America/New_York)" in page
        assert page.count('type="radio"') == 4 * (len(NoticeKind) - len(ALWAYS))
        data = sent(**{"kind-overdue": "off", "digest_at": "09:00", "quiet_from": "22:00", "quiet_until": "07:00",
                       "away_from": "2026-12-24", "away_until": "2026-12-31", "time_zone": "America/Chicago"})  # fmt: skip
        answer = client.post("/account/notifications", data, follow=True)
    assert answer.redirect_chain == [("/account/notifications", 302)]
    assert "Monday, Nov 23, 9:00 (America/Chicago)" in answer.content.decode()
    assert dict(Preference.objects.values_list("kind", "route")) == {"overdue": "off"}
    row = Hours.objects.get(person=cast.sofia)
    assert (row.quiet_from, row.away_until) == (dt.time(22), dt.date(2026, 12, 31))
    cast.sofia.refresh_from_db()
    assert cast.sofia.time_zone == "America/Chicago"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind-overdue": ""}, "Choose one of the four."),
        ({"kind-overdue": "carrier-pigeon"}, "Select a valid choice"),
        ({"digest_at": "03:17"}, "Select a valid choice"),
        ({"digest_at": ""}, "This field is required"),
        ({"time_zone": "Moon/Tycho"}, "is not a time zone"),
        ({"quiet_from": "22:00"}, "a beginning and an end"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "another hour"),
        ({"quiet_from": "late", "quiet_until": "07:00"}, "Write the hour as 22:00."),
        ({"away_until": "2026-12-01"}, "the first and the last day"),
        ({"away_from": "2026-12-02", "away_until": "2026-12-01"}, "before the first"),
        ({"away_from": "2026-10-02", "away_until": "2026-10-05"}, "That day is over"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_kept(client, cast, changes, said):
    client.force_login(cast.sofia)
    with time_machine.travel(NOW, tick=False):
        answer = client.post("/account/notifications", sent(**{"kind-mentioned": "off", **changes}))
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert (Preference.objects.count(), Hours.objects.count()) == (0, 0)


def test_people_outside_are_told_that_sign_offs_come_and_choose_their_zone(client, cast):
    """The delivery mails them sign-offs and testing alone: a choice that changes nothing is not offered."""
    client.force_login(cast.bo)
    page = client.get("/account/notifications").content.decode()
    assert kinds_for(cast.bo) == []
    assert "You get a mail when a decision or testing waits for you, and nothing else." in page
    for inside in ("<fieldset", "RAID", "TSM", "Integration Summary", "agenda", "digest", "Muted"):
        assert inside not in page
    answer = client.post("/account/notifications", sent(**{"kind-overdue": "now", "time_zone": "America/Chicago"}))
    assert answer.status_code == 302
    cast.bo.refresh_from_db()
    assert (cast.bo.time_zone, Preference.objects.count()) == ("America/Chicago", 0)


def test_days_away_that_are_over_are_not_shown_again(client, cast):
    Hours.objects.create(person=cast.sofia, away_from=dt.date(2026, 11, 2), away_until=dt.date(2026, 11, 6))
    client.force_login(cast.sofia)
    with time_machine.travel(NOW, tick=False):
        assert "2026-11-06" not in client.get("/account/notifications").content.decode()
        assert client.post("/account/notifications", sent()).status_code == 302
    assert Hours.objects.get().away_until is None


def test_the_page_takes_a_fixed_number_of_queries(client, cast, make_project):
    client.force_login(cast.sofia)

    def look() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/account/notifications").status_code == 200
        return len(caught)

    few = look()
    for number in range(3):
        mute(cast.sofia, make_project(code=f"AA{'ABC'[number]}"), by=cast.sofia)
    choose(cast.sofia, {kind: Route.APP for kind in NoticeKind if kind not in ALWAYS}, by=cast.sofia)
    assert (few, look()) == (6, 6)


# -- Muting and one's own address -----------------------------------------------------------------


def test_a_project_is_muted_from_where_one_is_and_by_who_sees_it(client, cast, make_project):
    project = make_project()
    client.force_login(cast.sofia)
    answer = client.post(f"/projects/{project.code}/mute", {"on": "1", "next": "/inbox"})
    assert (answer.status_code, answer["Location"]) == (302, "/inbox")
    assert muted(cast.sofia) == [project]
    assert "Unmute" in client.get("/account/notifications").content.decode()
    assert "Unmute" in client.get(f"/projects/{project.code}/").content.decode()
    answer = client.post(f"/projects/{project.code}/mute", {"on": "", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/account/notifications"
    assert muted(cast.sofia) == []
    assert client.get(f"/projects/{project.code}/mute").status_code == 405
    client.force_login(cast.mallory)
    assert client.post(f"/projects/{project.code}/mute", {"on": "1"}).status_code == 404
    assert Mute.objects.count() == 0


def test_an_address_that_was_refused_is_said_and_tried_again(client, cast):
    Bounce.objects.create(person=cast.sofia, address="sofia@example.org", answer="550 No such mailbox")
    client.force_login(cast.sofia)
    for page in ("/account/notifications", "/inbox"):
        said = client.get(page).content.decode()
        assert "Mail to sofia@example.org could not be delivered" in said
        assert "550 No such mailbox" in said
    answer = client.post("/account/notifications/address", {"next": "/inbox"}, follow=True)
    assert "could not be delivered" not in answer.content.decode()
    assert Bounce.objects.count() == 0


def test_a_refusal_of_an_address_that_one_has_no_longer_is_not_said(client, cast):
    Bounce.objects.create(person=cast.sofia, address="old@example.org", answer="550 No such mailbox")
    client.force_login(cast.sofia)
    assert "could not be delivered" not in client.get("/inbox").content.decode()
