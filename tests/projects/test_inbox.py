"""The inbox: what is told to whom and when, and how it is read."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.inbox import next_morning, tell
from projects.inbox_page import InboxFilter, entries_of, groups_of, unread_count
from projects.models import Notice, NoticeKind, Project
from projects.team import fill_seat
from raci.letters import Raci
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, publish, started

pytestmark = pytest.mark.django_db

#: A Friday afternoon in New York.
NOW = dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("America/New_York"))
INFORMED = Raci(R=("SE",), A=("INM",), C=(), I=("IS", "B"))


@pytest.fixture
def project(cast) -> Project:
    steps = [a_step(number, raci=INFORMED) for number in (1, 2, 3)]
    asks = a_step(4, approval="architect_review", raci=INFORMED)
    made = started(cast, publish(*steps, asks), now=dt.datetime(2026, 10, 5, 15, tzinfo=dt.UTC))
    Notice.objects.all().delete()  # of the seats
    return made


def told(kind: str = "") -> list[tuple[str, str, str, str]]:
    rows = Notice.objects.select_related("person").order_by("pk")
    return [
        (row.person.get_short_name(), row.kind, row.text, row.why) for row in (rows.filter(kind=kind) if kind else rows)
    ]


def finish(project: Project, cast, *keys: str, now: dt.datetime = NOW) -> None:
    for key in keys:
        for name in ("start", "complete"):
            move(project, key, name, cast.sofia, now=now)


# -- When -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "zone", "heard"),
    [
        ("2026-11-20T20:00+00:00", "America/New_York", "2026-11-23T08:00-05:00"),  # Friday: after the weekend
        ("2026-11-23T12:59+00:00", "America/New_York", "2026-11-23T08:00-05:00"),
        ("2026-11-23T13:00+00:00", "America/New_York", "2026-11-24T08:00-05:00"),
        ("2026-11-25T20:00+00:00", "America/New_York", "2026-11-27T08:00-05:00"),  # over Thanksgiving
        ("2026-10-30T20:00+00:00", "America/New_York", "2026-11-02T08:00-05:00"),  # over the end of summer time
        ("2026-11-22T23:30+00:00", "Asia/Tokyo", "2026-11-24T08:00+09:00"),  # there it is Monday, half past eight
        ("2026-11-22T22:30+00:00", "Asia/Tokyo", "2026-11-23T08:00+09:00"),
    ],
)
def test_a_summary_is_heard_at_eight_on_the_next_working_day_where_its_reader_is(now, zone, heard):
    assert next_morning(dt.datetime.fromisoformat(now), ZoneInfo(zone)) == dt.datetime.fromisoformat(heard)


# -- What -----------------------------------------------------------------------------------------


def test_the_informed_hear_that_a_step_is_done_in_the_morning_and_nobody_at_once(project, cast):
    cast.bo.time_zone = "America/Los_Angeles"
    cast.bo.save()
    finish(project, cast, "design.step-1")

    assert told() == [
        ("Dele", "step_done", "“Step 1” is done.", "You are informed of this step as Implementation Specialist."),
        ("Bo", "step_done", "“Step 1” is done.", "You are informed of this step as Biller."),
    ]
    heard = dict(Notice.objects.values_list("person__name", "heard_from"))
    assert heard == {"Dele Adeyemi": MONDAY, "Bo Halvorsen": MONDAY + dt.timedelta(hours=3)}
    assert [unread_count(cast.dele, at) for at in (NOW, MONDAY)] == [0, 1]


def test_nobody_hears_of_their_own_act(project, cast):
    fill_seat(project, project.seats.get(role__code="IS").pk, cast.sofia, by=cast.priya)
    finish(project, cast, "design.step-1")

    assert [(who, kind) for who, kind, _, _ in told()] == [("Sofia", "seat_given"), ("Bo", "step_done")]


def test_what_is_taken_back_before_the_morning_is_not_heard_of(project, cast):
    finish(project, cast, "design.step-1", "design.step-2")
    move(project, "design.step-1", "reopen", cast.sofia, note="x", now=NOW + dt.timedelta(hours=1))
    assert {text for _, _, text, _ in told()} == {"“Step 2” is done."}

    # What was heard stays; when it is done again it is heard of again.
    move(project, "design.step-2", "reopen", cast.sofia, note="x", now=MONDAY + dt.timedelta(days=1))
    move(project, "design.step-2", "complete", cast.sofia, now=MONDAY + dt.timedelta(days=1))
    assert [text for who, _, text, _ in told() if who == "Dele"] == ["“Step 2” is done."] * 2


def test_who_decides_hears_at_once_and_then_those_who_worked_and_who_run_the_project(project, cast):
    for name, who in (("start", cast.sofia), ("submit", cast.sofia)):
        move(project, "design.step-4", name, who, now=NOW)
    asked = ("Ingrid", "approval_asked", "“Step 4” waits for your decision.", "You are accountable for this step.")
    assert told() == [asked]

    move(project, "design.step-4", "reject", cast.ingrid, note="Secret words", now=NOW)
    runs, works = "You run this project.", "You are responsible for this step."
    no = "Ingrid Berg rejected “Step 4”."
    assert told("decided") == [
        ("Sofia", "decided", no, works),
        ("Priya", "decided", no, runs),
        ("Ivan", "decided", no, runs),
    ]
    move(project, "design.step-4", "submit", cast.sofia, now=NOW)
    move(project, "design.step-4", "approve", cast.ingrid, now=NOW)
    assert [who for who, _, text, _ in told("decided") if text == "Ingrid Berg approved “Step 4”."] == [
        "Sofia", "Priya", "Ivan",
    ]  # fmt: skip
    assert {who for who, _, _, _ in told("step_done")} == {"Dele", "Bo"}
    assert Notice.objects.exclude(kind="step_done").exclude(heard_from=NOW).count() == 0


def test_a_seat_given_is_heard_of_by_who_was_put_in_it(project, cast):
    seat = project.seats.get(role__code="SE").pk
    for person in (cast.tess, cast.tess, None, cast.tess, cast.priya):
        fill_seat(project, seat, person, by=cast.priya)

    given = "You are Solution Engineer on Marrow County Tax now."
    assert told() == [("Tess", "seat_given", given, "You were put in this seat.")] * 2


def test_at_the_start_everybody_hears_of_their_seats_once(cast):
    started(cast, publish(a_step(1)), people={"PM": cast.priya, "IM": cast.ivan, "SE": cast.sofia, "SA": cast.sofia})

    assert told() == [
        ("Ivan", "seat_given", "You are Implementations Manager on Marrow County Tax now.", "You were put in this seat."),
        ("Sofia", "seat_given", "You are Solution Engineer and Solution Architect on Marrow County Tax now.",
         "You were put in these seats."),
    ]  # fmt: skip


def test_long_titles_are_cut_to_what_is_kept(cast):
    project = started(cast, publish(a_step(1, title="T" * 200), a_step(2)), biller_name="N" * 120, biller_code="NNN")
    for name in ("start", "complete"):
        move(project, "design.step-1", name, cast.sofia)
    assert max(map(len, Notice.objects.values_list("text", flat=True))) <= 300


def test_the_same_is_told_once(project, cast):
    for _ in range(2):
        tell(
            [
                Notice(
                    person=cast.dele, kind=NoticeKind.DECIDED, project=project, occasion="x", text="t", why="w", by=None
                )
            ]
        )
    assert Notice.objects.count() == 1


# -- The page -------------------------------------------------------------------------------------

LATER = MONDAY + dt.timedelta(days=1)


def folded(person, now: dt.datetime = LATER, **chosen):
    found = entries_of(person, InboxFilter(**chosen), now)
    return [
        (group.project, group.unread, [(entry.text, [text for text, _ in entry.parts]) for entry in group.entries])
        for group in groups_of(person, found, now)
    ]


def test_a_morning_s_summary_of_a_project_is_one_line(project, cast):
    other = started(cast, project.versions.get(), biller_name="Birch Tax", biller_code="BRC", now=NOW)
    finish(project, cast, "design.step-1", "design.step-2", "design.step-3")
    finish(other, cast, "design.step-1")

    assert folded(cast.dele, kind="step_done") == [
        ("Birch Tax", True, [("“Step 1” is done.", [])]),
        ("Marrow County Tax", True, [
            ("Marrow County Tax: 3 steps done", ["“Step 1” is done.", "“Step 2” is done.", "“Step 3” is done."]),
        ]),
    ]  # fmt: skip


def test_unread_comes_first_and_what_was_read_is_with_all(client, project, cast):
    finish(project, cast, "design.step-1", now=NOW - dt.timedelta(days=7))
    finish(project, cast, "design.step-2")
    newest = Notice.objects.filter(person=cast.dele).latest("heard_from")
    Notice.objects.filter(pk=newest.pk).update(read_at=LATER)

    assert folded(cast.dele) == [("Marrow County Tax", True, [("“Step 1” is done.", [])])]
    assert folded(cast.dele, show="all") == [
        ("Marrow County Tax", True, [("“Step 1” is done.", [])]),
        ("Marrow County Tax", False, [("“Step 2” is done.", [])]),
    ]
    assert folded(cast.dele, show="all", kind="decided") == []


@pytest.fixture
def heard(project, cast) -> Project:
    """Two steps done some days ago, as heard by now."""
    finish(project, cast, "design.step-1", "design.step-2", now=timezone.now() - dt.timedelta(days=10))
    return project


def test_one_entry_is_marked_read_or_all_that_are_shown(client, heard, cast):
    client.force_login(cast.dele)
    assert "2 steps done" in client.get("/inbox").content.decode()
    (first, second) = Notice.objects.filter(person=cast.dele).order_by("pk")
    address = {"next": "/inbox?show=all"}

    answer = client.post("/inbox/read", {"notices": str(first.pk), **address})
    assert (answer.status_code, answer.headers["location"]) == (302, "/inbox?show=all")
    assert unread_count(cast.dele, timezone.now()) == 1
    keys = re.findall(r'name="notices" value="([0-9,]+)"', client.get("/inbox").content.decode())
    assert keys == [str(second.pk)] * 3  # all that is shown, the one, and putting it off
    client.post("/inbox/read", {"notices": keys[0], "next": "https://elsewhere.example/"})
    assert unread_count(cast.dele, timezone.now()) == 0
    assert "All read" in client.get("/inbox").content.decode()


def test_nobody_marks_or_sees_another_s(client, heard, cast):
    client.force_login(cast.mallory)
    theirs = Notice.objects.filter(person=cast.dele).first()
    client.force_login(cast.bo)
    own = Notice.objects.filter(person=cast.bo).first()
    for notices, status in (
        (f"{theirs.pk}", 404), (f"{own.pk},{theirs.pk}", 404), ("999999999", 404), ("x", 400), ("", 400),
        ("1,", 400), ("-1", 400), ("9" * 19, 400), ("1," * 20_000 + "1", 400),
    ):  # fmt: skip
        assert (notices[:20], client.post("/inbox/read", {"notices": notices}).status_code) == (notices[:20], status)
    assert Notice.objects.exclude(read_at=None).count() == 0
    assert client.get("/inbox/read").status_code == 405


def test_what_one_no_longer_sees_is_not_heard(client, heard, cast):
    client.force_login(cast.dele)
    fill_seat(heard, heard.seats.get(role__code="IS").pk, None, by=cast.priya)

    assert unread_count(cast.dele, timezone.now()) == 0
    assert "Marrow" not in client.get("/inbox?show=all").content.decode()
    assert client.get("/inbox/unread").content.decode().strip() == ""


def test_the_bar_counts_what_is_unread(client, heard, cast):
    client.force_login(cast.dele)

    assert '<b class="count">2</b>' in client.get("/inbox/unread").content.decode()
    assert 'hx-get="/inbox/unread"' in client.get("/my-work").content.decode()


def test_the_page_answers_what_it_does_not_know_with_400(client, cast):
    client.force_login(cast.mallory)
    asked = {"": 200, "?show=all": 200, "?kind=decided": 200, "?page=3": 200, "?show=x": 400, "?kind=x": 400, "?page=x": 400,
             "?page=-1": 400, "?page=99999999999999999999": 400}  # fmt: skip

    assert {query: client.get(f"/inbox{query}").status_code for query in asked} == asked


def test_a_full_inbox_takes_no_more_queries_than_an_empty_one_and_is_paged(client, project, cast):
    client.force_login(cast.dele)
    step = step_of(project, "design.step-1")

    def look() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/inbox").status_code == 200
        return len(caught)

    Notice.objects.create(
        person=cast.dele, kind="decided", project=project, step=step, occasion="one", text="t", why="w"
    )
    few = look()
    tell(
        Notice(person=cast.dele, kind="decided", project=project, step=step, occasion=f"o{number}", text="t", why="w")
        for number in range(120)
    )
    assert look() == few
    # Counted too: what is put off. The rooms above add muted projects, an address that was refused, and who decides on tiers.
    assert few <= 9
    assert "1–50 of 121" in client.get("/inbox").content.decode()
    with CaptureQueriesContext(connection) as caught:
        client.get("/inbox/unread")
    assert len(caught) == 3  # the session, the person, the number
