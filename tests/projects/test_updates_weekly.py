"""The weekly report: what it says of a week and to whom, on the page and by mail."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.mail import send
from accounts.models import OutgoingMail, User
from projects.models import Project
from projects.team import fill_seat
from projects.updates import post_update
from projects.weekly import Week, WeeklyFilter, report
from projects.weekly_mail import send_report
from tests.cast import MakeProject, finish, move
from tests.projects.reading import Page
from transitions.blockers import NotPermitted
from transitions.moves import perform

pytestmark = pytest.mark.django_db

#: A Thursday: the week began on Nov 16.
NOW = dt.datetime(2026, 11, 19, 13, 55, tzinfo=dt.UTC)
TODAY, LATER, FAR = dt.date(2026, 11, 19), dt.date(2026, 12, 7), dt.date(2027, 6, 1)
ADDRESS = "/reports/weekly"
KEY = uuid.UUID("4f5b3a1e-0000-4000-8000-000000000003")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


def say(project: Project, health: str = "on_track", *, by: User, days_ago: int = 0, **given: Any) -> None:
    at = NOW - dt.timedelta(days=days_ago)
    post_update(project, health=health, by=by, key=uuid.uuid4(), now=at, **given)


def get(client: Client, who: Any, query: str = "", status: int = 200) -> Page:
    client.force_login(who)
    response = client.get(f"{ADDRESS}{query}")
    assert response.status_code == status, response
    return Page(response.content.decode())


def names(page: Page) -> list[str]:
    return [row.links[0].split("/")[2] for row in page.rows]


@pytest.fixture
def project(make_project: MakeProject, clock: time_machine.Coordinates) -> Project:
    """A project that began in the week before."""
    clock.move_to(NOW - dt.timedelta(days=8))
    made = make_project(kickoff=dt.date(2026, 11, 11), target=FAR)
    clock.move_to(NOW)
    return made


# Weeks.


def test_a_week_has_a_name_and_an_end():
    week = Week.of(dt.date(2027, 1, 3))
    assert (week.monday, week.name, Week.read("2026-W53")) == (dt.date(2026, 12, 28), "2026-W53", week)
    assert week.words == "Dec 28, 2026 to Jan 3, 2027"
    assert (Week.of(TODAY).words, Week.of(TODAY).name) == ("Nov 16 to Nov 22, 2026", "2026-W47")
    assert week.begins.isoformat() == "2026-12-28T00:00:00-05:00"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("week=nothing", "week: A week is written as 2026-W47."),
        ("week=2026-W54", "week: There is no week “2026-W54” to report."),
        ("week=2025-W53", "week: There is no week “2025-W53” to report."),
        ("week=2026-W00", "week: There is no week “2026-W00” to report."),
        ("week=1999-W10", "week: There is no week “1999-W10” to report."),
        ("week=9999-W52", "week: The week “9999-W52” has not begun."),
        ("week=2026-W48", "week: The week “2026-W48” has not begun."),
        ("manager=x", "manager: That is no person’s number."),
        (f"manager={10**30}", "manager: That is no person’s number."),
        ("week=%00", "Null characters"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_holds(project, cast, client, query, problem):
    page = get(client, cast.priya, f"?{query}", status=400)
    assert problem in page.text
    assert names(page) == ["MRW-1"]
    assert "Nov 16 to Nov 22, 2026, so far: as of Nov 19, 2026" in page.text
    client.force_login(cast.priya)
    assert client.post(f"{ADDRESS}?{query}", {"to_me": "on", "key": KEY}).status_code == 400
    assert OutgoingMail.objects.count() == 0


# What it says.


def test_a_row_says_how_it_does_what_moved_and_what_comes(project, cast, client):
    finish(project, "discovery.invoicing", worker=cast.sofia, decider=cast.ingrid)
    move(project, "discovery.payments", "start", cast.sofia)
    say(project, "at_risk", by=cast.ivan, days_ago=7, reason="Before")
    say(project, by=cast.priya, days_ago=1, text="All <b>files</b> came.")
    (row,) = get(client, cast.priya).rows
    assert row[0] == "Marrow County Tax MRW-1 · Discovery PM: Priya Nair"
    assert row[1] == "● On track 1 day ago"
    assert row[2].startswith(
        "All <b>files</b> came. Priya Nair · All of it : Marrow County Tax ▲ The update says on track, the"
    )
    assert "signal off track" in row[2]
    assert "steps are overdue" in row[2]
    assert row[3] == "Closed 1: Invoicing 2 other moves"
    assert row[4].startswith("Go-live Jun 1, 2027 on plan Plan ends ")
    assert "Business Design Review" in row[4]


def test_an_earlier_week_says_what_was_known_then(project, cast, client):
    say(project, "at_risk", by=cast.ivan, days_ago=7, reason="Before", text="Then")
    say(project, by=cast.priya, days_ago=1, text="Now")
    move(project, "discovery.payments", "start", cast.sofia, now=NOW - dt.timedelta(days=6))
    page = get(client, cast.priya, "?week=2026-W46")
    (row,) = page.rows
    assert (row[1], row[3]) == ("◷ At risk 3 days ago", "1 other move")
    assert row[2] == "Before Then Ivan Orlov · All of it : Marrow County Tax"
    assert "known of the present week alone" in page.text
    assert page.links["Week after"] == ADDRESS
    assert page.links["Week before"] == f"{ADDRESS}?week=2026-W45"
    assert "Nothing ran in this week" in get(client, cast.priya, "?week=2026-W45").headings
    assert get(client, cast.priya, "?week=2026-W44").links["Week after"] == f"{ADDRESS}?week=2026-W45"


def test_what_rests_is_told_and_what_is_over_only_in_its_week(project, make_project, cast, client, clock):
    paused = make_project(biller="Birch Gas", code="BRC", kickoff=TODAY)
    perform(paused, "hold", by=cast.priya, note="Budget")
    perform(project, "cancel", by=cast.priya, note="No money")
    rows = {row.links[0].split("/")[2]: row for row in get(client, cast.priya).rows}
    assert set(rows) == {"MRW-1", "BRC-1"}
    assert "cancelled" in rows["MRW-1"][0]
    assert rows["MRW-1"][3] == "now cancelled"
    assert "on hold" in rows["BRC-1"][0]
    clock.move_to(NOW + dt.timedelta(days=7))
    assert names(get(client, cast.priya)) == ["BRC-1"]
    assert set(names(get(client, cast.priya, "?week=2026-W47"))) == {"BRC-1", "MRW-1"}


def test_a_step_that_was_reopened_is_not_closed(project, cast):
    finish(project, "discovery.invoicing", worker=cast.sofia, decider=cast.ingrid)
    move(project, "discovery.invoicing", "reopen", cast.sofia, note="More came")
    (row,) = report(cast.priya, WeeklyFilter(), TODAY).rows
    assert (row.closed, row.moved) == ([], 2)


def test_everybody_reads_of_their_own_by_pm_where_they_choose(project, make_project, cast, client):
    make_project(biller="Birch Gas", code="BRC", kickoff=TODAY, people={"PM": cast.ivan}, by=cast.ivan)
    assert names(get(client, cast.adele)) == ["MRW-1", "BRC-1"]
    assert names(get(client, cast.adele, f"?manager={cast.ivan.pk}")) == ["BRC-1"]
    assert names(get(client, cast.sofia)) == ["MRW-1"]
    nobody = get(client, cast.sofia, f"?manager={cast.ivan.pk}")
    assert "No project of this PM" in nobody.headings
    assert "Ivan Orlov" not in nobody.text
    assert "No projects yet" in get(client, cast.mallory).headings
    client.force_login(cast.adele)
    response = client.get(f"{ADDRESS}?week=&manager={cast.ivan.pk}")
    assert (response.status_code, response["Location"]) == (302, f"{ADDRESS}?manager={cast.ivan.pk}")


def test_nobody_outside_and_nobody_unknown_reads_or_sends(project, cast, client):
    for who in (cast.bo, cast.pat):
        client.force_login(who)
        found = [client.get(ADDRESS), client.post(ADDRESS, {"to_me": "on", "key": KEY})]
        assert [response.status_code for response in found] == [404, 404]
    client.force_login(cast.mallory)  # who sees no project has nothing to send
    response = client.post(ADDRESS, {"to_me": "on", "key": KEY})
    assert response.status_code == 403
    assert "Mallory Voss sees no project to report of." in Page(response.content.decode()).text
    client.logout()
    assert client.get(ADDRESS).status_code == 302
    assert OutgoingMail.objects.count() == 0


def test_the_portfolio_leads_there_and_the_paper_has_no_form(project, cast, client):
    client.force_login(cast.priya)
    assert Page(client.get("/projects/").content.decode()).links["Weekly report"] == ADDRESS
    body = client.get(ADDRESS).content.decode()
    assert '<section class="card pad no-print" id="send"' in body
    assert "<thead><tr><th" in body


def test_it_takes_the_same_number_of_queries_for_forty_projects(make_project, cast, client):
    def cost(query: str = "") -> int:
        client.force_login(cast.priya)
        client.get(ADDRESS)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"{ADDRESS}{query}").status_code == 200
        return len(caught)

    def add(number: int) -> None:
        made = make_project(
            biller=f"Biller {number}",
            code=f"{chr(65 + number // 26)}{chr(65 + number % 26)}",
            kickoff=TODAY,
            target=FAR,
        )
        say(made, by=cast.priya, text="All is well")
        move(made, "discovery.payments", "start", cast.sofia)

    for number in range(2):
        add(number)
    few = cost(), cost("?week=2026-W46"), cost(f"?manager={cast.priya.pk}")
    for number in range(2, 40):
        add(number)
    assert (cost(), cost("?week=2026-W46"), cost(f"?manager={cast.priya.pk}")) == few
    # Session, person, managers, projects, updates, facts of their steps, coming decisions, moves, colleagues.
    assert few[0] <= 9


# By mail.


def deliver() -> dict[str, str]:
    """Send what is waiting; return the text that each person got."""
    mail.outbox.clear()
    for pk in OutgoingMail.objects.filter(sent_at=None, failed_at=None).values_list("pk", flat=True):
        send(pk)
    return {message.to[0].partition("@")[0]: str(message.body) for message in mail.outbox}


def test_each_gets_a_mail_of_what_they_may_see_when_it_is_sent(project, make_project, cast, client):
    other = make_project(biller="Birch Gas", code="BRC", kickoff=TODAY, people={"PM": cast.ivan}, by=cast.ivan)
    say(project, "at_risk", by=cast.priya, reason="The files are late", days_ago=1)
    finish(project, "discovery.invoicing", worker=cast.sofia, decider=cast.ingrid)
    client.force_login(cast.adele)
    sent = {"to_me": "on", "people": [cast.sofia.pk, cast.mallory.pk, cast.dele.pk], "key": KEY}
    for _ in range(2):  # a double click is one mail each
        response = client.post(ADDRESS, sent)
        assert (response.status_code, response["Location"]) == (302, ADDRESS)
    assert OutgoingMail.objects.count() == 4
    fill_seat(other, other.seats.get(role__code="TSM").pk if other.seats.filter(role__code="TSM") else
              other.seats.get(role__code="SE").pk, cast.dele, by=cast.ivan)  # fmt: skip
    got = deliver()
    assert set(got) == {"adele", "sofia", "dele"}  # Mallory sees no project, and gets no mail
    assert ("MRW-1" in got["adele"], "BRC-1" in got["adele"]) == (True, True)
    assert ("MRW-1" in got["sofia"], "BRC-1" in got["sofia"]) == (True, False)
    assert ("MRW-1" in got["dele"], "BRC-1" in got["dele"]) == (False, True)
    assert "MRW-1 Marrow County Tax: At risk: The files are late (Priya Nair, 1 day ago)." in got["sofia"]
    assert "Closed: Invoicing." in got["sofia"]
    assert "Adele Novak sent you this report." in got["sofia"]
    message = next(one for one in mail.outbox if one.to == ["sofia@example.org"])
    assert message.subject == "Weekly report 2026-W47: 1 at risk"
    (html,) = [str(part.content) for part in message.alternatives]  # type: ignore[attr-defined]
    assert "The files are late" in html
    assert re.findall(r'href="([^"]*)"', html)[0].endswith(ADDRESS)


def test_a_mail_of_an_earlier_week_leads_to_that(project, cast):
    say(project, by=cast.priya, days_ago=7, text="Then")
    send_report("2026-W46", manager=cast.priya.pk, to=[cast.priya], by=cast.priya, key=KEY)
    text = deliver()["priya"]
    assert "Week of Nov 9 to Nov 15, 2026" in text
    assert f"{ADDRESS}?week=2026-W46&manager={cast.priya.pk}" in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose who gets it."),
        ({"people": ["999999"]}, "Choose one of the people in the list|Choose from the people in the list"),
        ({"people": ["x"]}, "Choose from the list."),
        ({"people": ["bo"]}, "Choose from the people in the list."),
        ({"to_me": "on", "key": "x"}, "Enter a valid UUID"),
    ],
)
def test_a_report_that_goes_nowhere_is_400(project, cast, client, given, words):
    client.force_login(cast.priya)
    sent = {"key": str(KEY), **given}
    if sent.get("people") == ["bo"]:
        sent["people"] = [cast.bo.pk]
    response = client.post(ADDRESS, sent)
    page = Page(response.content.decode())
    assert response.status_code == 400
    assert any(one in page.text for one in words.split("|"))
    assert OutgoingMail.objects.count() == 0


def test_a_report_stays_inside_by_any_door(project, cast):
    with pytest.raises(ValidationError):
        send_report("2026-W47", manager=None, to=[cast.bo], by=cast.priya, key=KEY)
    with pytest.raises(NotPermitted):
        send_report("2026-W47", manager=None, to=[cast.priya], by=cast.bo, key=KEY)
    assert OutgoingMail.objects.count() == 0
    send_report("2026-W47", manager=None, to=[cast.sofia], by=cast.priya, key=KEY)
    User.objects.filter(pk=cast.sofia.pk).update(side="customer")
    assert deliver() == {}
