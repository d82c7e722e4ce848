"""Feeds: who may read what, by which address, how often; that a token opens its own feed and stands in no log."""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any

import icalendar
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.middleware import without_secrets
from config.logs import WithoutSecrets
from meetings.feeds import feeds_of, make_feed, reset_feed, revoke_feed, serve
from meetings.models import AgendaItem, CalendarFeed, MeetingAction, SeriesAttendee
from projects.dates import move_due_date, move_target_go_live
from projects.models import Project, ProjectStep
from projects.team import fill_seat
from tests.cast import finish, step_of
from tests.meetings.calendar_scene import make_row, make_series
from transitions.blockers import MoveRefused, NotPermitted

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
STEP = "integration/discovery.invoicing"
LINK = "https://meet.example/secret-room"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


def path_of(minted: Any) -> str:
    return "/" + str(minted.address.partition("//")[2].partition("/")[2])


def read(address: str) -> list[Any]:
    answer = Client().get(address)
    assert answer.status_code == 200
    return list(icalendar.Calendar.from_ical(answer.content).walk("VEVENT"))


def titles(address: str) -> list[str]:
    return sorted(str(event["summary"]) for event in read(address))


# -- The address ------------------------------------------------------------------------------------


def test_a_token_is_long_shown_once_and_kept_as_its_hash(cast):
    minted = make_feed(by=cast.priya)
    token = re.search(r"/calendar/\d+/([\w-]+)\.ics$", minted.address)
    assert token is not None
    assert len(token[1]) == 43  # 256 bits
    row = CalendarFeed.objects.get()
    assert token[1] not in str(list(CalendarFeed.objects.values_list()))
    assert len(row.token_hash) == 64
    assert minted.webcal == minted.address.replace("http:", "webcal:")


def test_it_is_read_without_signing_in_and_says_so_to_no_cache(cast):
    answer = Client().get(path_of(make_feed(by=cast.priya)))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer["Cache-Control"] == "private, no-cache"
    assert not answer.cookies


def test_whatever_is_wrong_is_not_found_alike(cast, make_project):
    project = make_project()
    mine, other = make_feed(by=cast.priya), make_feed(project=project, by=cast.priya)
    token = path_of(mine).rpartition("/")[2]
    revoked = make_feed(by=cast.ivan)
    revoke_feed(revoked.feed, by=cast.ivan)
    left = make_feed(by=cast.dele)
    type(cast.dele).objects.filter(pk=cast.dele.pk).update(is_active=False)
    wrong = [
        f"/calendar/{mine.feed.pk}/{'A' * 43}.ics",
        f"/calendar/{other.feed.pk}/{token}",  # the token of another feed of the same person
        f"/calendar/999999/{token}",
        f"/calendar/{2**70}/{token}",
        path_of(revoked),
        path_of(left),
        path_of(mine)[:-5] + ".ics",
    ]
    answers = [Client().get(path) for path in wrong]
    assert [answer.status_code for answer in answers] == [404] * len(wrong)
    assert len({re.sub(rb'"X-CSRFToken": "\w+"', b"", answer.content) for answer in answers}) == 1
    assert Client().get(path_of(mine)).status_code == 200
    assert Client().post(path_of(mine)).status_code == 405


def test_a_reset_shuts_the_old_address_and_keeps_the_uids(cast):
    make_series(people=[cast.priya])
    old = make_feed(by=cast.priya)
    uids = {str(event["uid"]) for event in read(path_of(old))}
    new = reset_feed(old.feed, by=cast.priya)
    assert Client().get(path_of(old)).status_code == 404
    assert {str(event["uid"]) for event in read(path_of(new))} == uids
    assert len(uids) == 1


def test_a_feed_is_ones_own_to_reset_and_once(cast):
    minted = make_feed(by=cast.priya)
    with pytest.raises(MoveRefused, match="reset it"):
        make_feed(by=cast.priya)
    for service in (reset_feed, revoke_feed):
        with pytest.raises(NotPermitted):
            service(minted.feed, by=cast.adele)
    revoke_feed(minted.feed, by=cast.priya)
    with pytest.raises(MoveRefused, match="ended"):
        reset_feed(minted.feed, by=cast.priya)
    assert feeds_of(cast.priya) == []
    assert make_feed(by=cast.priya).feed.pk != minted.feed.pk


def test_a_feed_of_what_one_may_not_see_is_none_and_ends_with_the_right(cast, make_project):
    project = make_project()
    series = make_series(project, people=[cast.bo])
    for told in ({"project": project}, {"series": series}):
        with pytest.raises(NotPermitted):
            make_feed(**told, by=cast.mallory)
    of_project, of_series = make_feed(project=project, by=cast.bo), make_feed(series=series, by=cast.bo)
    assert [Client().get(path_of(each)).status_code for each in (of_project, of_series)] == [200, 200]
    for seat in Project.objects.get().seats.filter(person=cast.bo):
        fill_seat(Project.objects.get(), seat.pk, None, by=cast.priya)
    assert Client().get(path_of(of_project)).status_code == 404
    SeriesAttendee.objects.all().delete()
    assert Client().get(path_of(of_series)).status_code == 404


def test_guesses_are_limited_and_readers_are_not(cast):
    minted = make_feed(by=cast.priya)
    client = Client()
    assert [client.get(f"/calendar/1/{n}.ics").status_code for n in range(61)] == [404] * 60 + [429]
    assert client.get(path_of(minted)).status_code == 200
    assert [client.get(path_of(minted)).status_code for _ in range(60)] == [200] * 59 + [429]


def test_no_log_has_the_token(cast, caplog):
    minted = make_feed(by=cast.priya)
    path = path_of(minted)
    shown = f"/calendar/{minted.feed.pk}/…"
    assert without_secrets(path) == shown
    assert without_secrets("/calendar/x/abc.ics?y=1") == "/calendar/x/…?y=1"
    caplog.handler.addFilter(WithoutSecrets())
    type(cast.priya).objects.filter(pk=cast.priya.pk).update(is_active=False)  # its token opens nothing, today
    with caplog.at_level(logging.DEBUG):
        assert Client().get(path).status_code == 404
    lines = [record.getMessage() for record in caplog.records]
    assert f"Not Found: {shown}" in lines
    assert path.rpartition("/")[2] not in "\n".join(lines)


# -- Again and again --------------------------------------------------------------------------------


def test_nothing_new_is_304_and_something_gone_is_not(cast, make_project, clock):
    project = make_project()
    move_due_date(step_of(project, STEP), dt.date(2026, 12, 1), by=cast.sofia)
    path, client = path_of(make_feed(by=cast.sofia)), Client()
    first = client.get(path)
    etag, at = first["ETag"], first["Last-Modified"]
    assert re.fullmatch(r'"[0-9a-f]{64}"', etag)
    clock.shift(dt.timedelta(hours=2))
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": at}):
        again = client.get(path, headers=headers)
        assert (again.status_code, again.content, again["ETag"], again["Last-Modified"]) == (304, b"", etag, at)
        assert again["Cache-Control"] == "private, no-cache"
    # A step that is done leaves the feed, and no row in it says when.
    finish(project, STEP, worker=cast.sofia, decider=cast.ingrid)
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": at}):
        changed = client.get(path, headers=headers)
        assert changed.status_code == 200
        assert changed["ETag"] != etag
        assert changed["Last-Modified"] == "Fri, 20 Nov 2026 17:00:00 GMT"
    assert client.head(path).status_code == 200


def test_that_it_was_read_is_written_once_an_hour(cast, clock):
    minted = make_feed(by=cast.priya)
    path, client = path_of(minted), Client()
    read_at = []
    for _ in range(4):
        client.get(path)
        read_at.append(CalendarFeed.objects.get().last_read_at)
        clock.shift(dt.timedelta(minutes=25))
    assert read_at == [NOW, NOW, NOW, NOW + dt.timedelta(minutes=75)]


# -- What it says -----------------------------------------------------------------------------------


@pytest.fixture
def scene(cast, make_project):
    """A project with meetings, and a company's series; another project that only Adele sees."""
    project = make_project()
    foreign = make_project(biller="Copperline Gas", code="CPG", people={}, by=cast.adele)
    weekly = make_series(
        project, people=[cast.priya, cast.bo], host=cast.ivan, title="Steering", kind="steering", join_link=LINK
    )
    inner = make_series(project, people=[cast.sofia], title="Discovery", kind="discovery")
    review = make_series(people=[cast.arun], title="Technical Design Review", join_link=LINK)
    hidden = make_series(foreign, people=[cast.adele], title="Hidden")
    return {
        "project": project,
        "foreign": foreign,
        "weekly": weekly,
        "inner": inner,
        "review": review,
        "hidden": hidden,
    }


def test_a_persons_feed_has_their_meetings_dates_and_go_lives(cast, scene):
    project = scene["project"]
    move_due_date(step_of(project, STEP), dt.date(2026, 12, 1), by=cast.sofia)
    ProjectStep.objects.exclude(template__key="discovery.invoicing").filter(project=project).update(due=None)
    step = step_of(project, STEP)
    row = make_row(scene["inner"], dt.date(2026, 11, 24))
    MeetingAction(
        occurrence=row, project=project, text="Ask for samples", owner=cast.sofia, due=dt.date(2026, 11, 27), made_by=cast.priya
    ).save()  # fmt: skip
    events = {str(event["summary"]): event for event in read(path_of(make_feed(by=cast.sofia)))}
    due, action = f"Due: {step.template.title} · {project.name}", "Action: Ask for samples"
    assert set(events) == {f"Discovery · {project.name}", due, action, f"Go-live: {project.name}"}
    day = events[due]
    assert (day["dtstart"].dt, day["dtend"].dt) == (dt.date(2026, 12, 1), dt.date(2026, 12, 2))
    assert day["dtstart"].params["VALUE"] == "DATE"
    assert day["transp"] == "TRANSPARENT"
    assert str(day["description"]).endswith(project.step_url(STEP))
    assert events[f"Go-live: {project.name}"]["dtstart"].dt == project.target_go_live
    assert events[action]["dtstart"].dt == dt.date(2026, 11, 27)


def test_a_date_that_moves_keeps_its_uid_and_grows_its_sequence(cast, scene, clock):
    project, path = scene["project"], path_of(make_feed(project=scene["project"], by=cast.ivan))

    def go_live() -> Any:
        return next(event for event in read(path) if str(event["summary"]).startswith("Go-live"))

    before = go_live()
    clock.shift(dt.timedelta(hours=1))
    fresh = Project.objects.get(pk=project.pk)
    move_target_go_live(fresh, dt.date(2027, 4, 2), reason="Later", by=cast.priya)
    after = go_live()
    assert after["uid"] == before["uid"]
    assert after["dtstart"].dt == dt.date(2027, 4, 2)
    assert after["sequence"] > before["sequence"]
    assert after["last-modified"].dt == NOW + dt.timedelta(hours=1)


def test_the_join_link_is_in_the_feeds_of_attendees_alone(cast, scene):
    project, weekly = scene["project"], scene["weekly"]
    having = [
        make_feed(by=cast.priya),
        make_feed(by=cast.bo),
        make_feed(by=cast.ivan),
        make_feed(series=weekly, by=cast.bo),
    ]
    without = [
        make_feed(project=project, by=cast.sofia),
        make_feed(series=weekly, by=cast.sofia),
        make_feed(series=scene["review"], by=cast.ingrid),
    ]
    for minted in having:
        assert LINK.encode() in Client().get(path_of(minted)).content.replace(b"\r\n ", b"")
    for minted in without:
        body = Client().get(path_of(minted)).content.replace(b"\r\n ", b"")
        assert b"VEVENT" in body
        assert LINK.encode() not in body


def test_people_outside_read_of_their_own_meetings_alone(cast, scene):
    project = scene["project"]
    meetings = f"Steering · {project.name}"
    for minted in (make_feed(by=cast.bo), make_feed(project=project, by=cast.bo)):
        said = [title for title in titles(path_of(minted)) if not title.startswith("Due: ")]
        assert said == [f"Go-live: {project.name}", meetings]
        own = {
            step.template.title
            for step in ProjectStep.objects.filter(
                project=project, template__letters__letter__in="RA", template__letters__role__code="B"
            )
        }
        due = {
            title.removeprefix("Due: ").partition(" · ")[0]
            for title in titles(path_of(minted))
            if title.startswith("Due: ")
        }
        assert due <= own


def test_a_foreign_project_is_in_no_feed(cast, scene):
    SeriesAttendee.objects.create(series=scene["hidden"], person=cast.mallory, project=scene["foreign"])
    assert titles(path_of(make_feed(by=cast.mallory))) == []


def test_the_meeting_at_which_a_project_is_up_is_in_its_managers_feed(cast, scene):
    row = make_row(scene["review"], dt.date(2026, 11, 24))
    AgendaItem(occurrence=row, project=scene["project"], title="Marrow").save()
    (event,) = [e for e in read(path_of(make_feed(by=cast.ivan))) if str(e["summary"]) == "Technical Design Review"]
    assert str(event["uid"]) == f"{scene['review'].uid}-2026-11-24"
    assert event["dtstart"].dt == dt.datetime(2026, 11, 24, 15, tzinfo=dt.UTC)
    assert "recurrence-id" not in event


def test_it_costs_the_same_queries_however_much_there_is(cast, make_project):
    """One project, then three, each with two series, three moved meetings and its due dates."""

    def fill(number: int) -> None:
        project = make_project(biller=f"Biller {number}", code="BL" + "ABC"[number - 1])
        make_series(
            project, people=[cast.sofia], title="Steering committee", kind="steering", host=cast.priya, join_link=LINK
        )
        single = make_series(
            project, people=[cast.sofia], title="Discovery sessions", kind="discovery", rule="", place="Room 4"
        )
        for day in range(3):
            make_row(single, dt.date(2026, 12, 1 + day), moved_to=dt.datetime(2026, 12, 4 + day, 15, tzinfo=dt.UTC))

    fill(1)
    feed = make_feed(by=cast.sofia).feed
    serve(feed)
    counts = []
    for upto in (1, 3):
        for number in range(2, upto + 1):
            fill(number)
        fresh = CalendarFeed.objects.select_related("person").get(pk=feed.pk)
        with CaptureQueriesContext(connection) as asked:
            served = serve(fresh, now=timezone.now())
        counts.append(len([q for q in asked if not q["sql"].startswith("UPDATE")]))
    assert counts[0] == counts[1] <= 16
    assert len(served.body) < 100_000


# -- The page ---------------------------------------------------------------------------------------


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_the_page_offers_what_one_may_see_and_shows_an_address_once(cast, scene):
    client = signed_in(cast.priya)
    page = client.get("/calendars/").content.decode()
    assert "No calendar yet" in page
    assert scene["project"].name in page
    assert "Hidden" not in page
    made = client.post("/calendars/make", {"what": f"project:{scene['project'].code}"})
    assert (made.status_code, made["Cache-Control"].split(",")[-1].strip()) == (200, "private")
    feed = CalendarFeed.objects.get()
    assert f"/calendar/{feed.pk}/" in made.content.decode()
    assert f"/calendar/{feed.pk}/" not in client.get("/calendars/").content.decode()
    for what in (
        f"project:{scene['project'].code}",
        "project:CPG-1",
        f"series:{scene['hidden'].pk}",
        "series:x",
        "",
        "all",
    ):
        again = client.post("/calendars/make", {"what": what})
        assert (again.status_code, "Choose one of the calendars in the list." in again.content.decode()) == (400, True)
    assert CalendarFeed.objects.count() == 1
    # One that is not in the list is asked for by its page.
    assert scene["review"].title in client.get(f"/calendars/?of=series:{scene['review'].pk}").content.decode()
    assert "Hidden" not in client.get(f"/calendars/?of=series:{scene['hidden'].pk}").content.decode()
    for act in ("reset", "revoke"):
        assert signed_in(cast.ivan).post(f"/calendars/{feed.pk}/{act}").status_code == 404
    assert client.post(f"/calendars/{feed.pk}/revoke").status_code == 302
    assert client.post(f"/calendars/{feed.pk}/reset").status_code == 404


def test_the_page_costs_the_same_queries_however_many_calendars_there_are(cast, scene, make_project):
    client = signed_in(cast.priya)
    counts = []
    for series in (
        scene["weekly"],
        make_series(make_project(biller="Halden", code="HLD"), people=[cast.priya], title="More"),
    ):
        make_feed(series=series, by=cast.priya)
        make_feed(project=series.project, by=cast.priya)
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/calendars/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10
