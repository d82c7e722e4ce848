"""Health on the pages: the card, the form, all updates, the portfolio, and the page of people outside."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Project, ProjectStep, StatusUpdate
from projects.portfolio import read_columns, signals
from projects.signals import signal_of
from projects.updates import post_update
from tests.cast import MakeProject, finish, finish_phase, move
from tests.projects.reading import Page
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 13, 55, tzinfo=dt.UTC)
TODAY, FRIDAY, LATER = dt.date(2026, 11, 23), dt.date(2026, 11, 20), dt.date(2026, 12, 7)
FAR = dt.date(2027, 6, 1)


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A project of which nothing is wrong yet."""
    return make_project(kickoff=TODAY, target=FAR)


def say(project: Project, health: str = "on_track", *, by: Any, days_ago: int = 0, **given: Any) -> StatusUpdate:
    at = NOW - dt.timedelta(days=days_ago)
    return post_update(project, health=health, by=by, key=uuid.uuid4(), now=at, **given)


def get(client: Client, who: Any, address: str, status: int = 200) -> Page:
    client.force_login(who)
    response = client.get(address)
    assert response.status_code == status, response
    return Page(response.content.decode())


def card_of(client: Client, who: Any, project: Project) -> str:
    client.force_login(who)
    body = client.get(project.get_absolute_url()).content.decode()
    (card,) = re.findall(r'<section class="card pad health-card".*?</section>', body, re.DOTALL)
    return str(card)


# The card.


def test_the_card_says_who_said_what_and_what_the_machine_sees(project, cast, client):
    move(project, "discovery.payments", "block", cast.sofia, note="No access", owner=cast.bo, until=LATER,
         now=NOW - dt.timedelta(days=12))  # fmt: skip
    say(project, by=cast.ivan, days_ago=3)
    say(project, by=cast.priya, text="First line\n<b>second</b>", days_ago=2, visible_to_customer=True)
    card = card_of(client, cast.sofia, project)
    words = Page(card).text
    for said in (
        "● On track",
        "Priya Nair, Nov 21, 2026, 8:55 , 2 days ago · the customer reads it",
        "The update says on track, the signal at risk",
        "“Payments (IC System)” is blocked for 8 working days.",
        "Nov 20, 2026: On track",
    ):
        assert said in words
    assert "&lt;b&gt;second&lt;/b&gt;" in card
    assert card.count('<li class="chip progress"') == 2
    assert "Post update" not in words
    assert "Post update" in Page(card_of(client, cast.priya, project)).text


def test_the_card_before_anybody_has_spoken(project, cast, client):
    card = Page(card_of(client, cast.sofia, project))
    assert "Nobody has said how this project does." in card.text
    assert "The machine’s signal: ● On track 0 reasons" in card.text
    assert "All updates" not in card.links
    assert Page(card_of(client, cast.priya, project)).links["Post update"] == "/projects/MRW-1/updates/new"


def test_the_strip_has_the_last_twelve_in_their_order(project, cast, client):
    for days in range(15, 0, -1):
        say(project, "at_risk" if days % 2 else "on_track", by=cast.priya, reason="Late", days_ago=days)
    (strip,) = re.findall(r'<ol class="strip".*?</ol>', card_of(client, cast.sofia, project), re.DOTALL)
    marks = re.findall(r'<li class="chip (\w+)" title="([^"]+)"', strip)
    assert [kind for kind, _ in marks] == ["progress", "waiting"] * 6
    assert (marks[0][1], marks[-1][1]) == ("Nov 11, 2026: On track", "Nov 22, 2026: At risk")
    assert 'aria-label="Last 12 updates, the latest at the end"' in strip


def test_a_stale_update_is_flagged_and_a_project_that_rests_has_no_signal(project, cast, client):
    say(project, by=cast.priya, days_ago=8)
    assert "stale: 8 days ago" in card_of(client, cast.sofia, project)
    perform(Project.objects.get(pk=project.pk), "hold", by=cast.priya, note="Budget")
    assert "The machine has no signal for a project that rests." in card_of(client, cast.sofia, project)


def test_the_card_costs_one_query(project, cast, client):
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(project.get_absolute_url()).status_code == 200
        return len(caught)

    client.force_login(cast.priya)
    cost()
    none = cost()
    for days in range(40, 0, -1):
        say(project, by=cast.priya, days_ago=days)
    with CaptureQueriesContext(connection) as caught:
        client.get(project.get_absolute_url())
    assert len(caught) == none
    assert len([query for query in caught.captured_queries if "projects_statusupdate" in query["sql"]]) == 1


# The form.


def typed(client: Client, project: Project, **given: Any) -> dict[str, Any]:
    """Return what the form sends as it is shown, with `given` typed into it."""
    body = client.get(reverse("post-update", args=[project.code])).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(key|seen)" value="([^"]*)"', body))
    assert set(hidden) == {"key", "seen"}
    return {"health": "on_track", "reason": "", "text": "", **hidden, **given}


def test_the_form_comes_with_a_draft_and_posts_once(project, cast, client):
    client.force_login(cast.priya)
    address = reverse("post-update", args=[project.code])
    shown = get(client, cast.priya, address)
    assert "Nothing has moved since the start, Nov 23." in shown.text
    assert "The machine’s signal" in shown.headings
    sent = typed(client, project, health="at_risk", reason="Late files", text="One\r\nTwo", visible_to_customer="on")
    for _ in range(2):
        response = client.post(address, sent)
        assert (response.status_code, response["Location"]) == (302, "/projects/MRW-1/")
    row = StatusUpdate.objects.get()
    assert (row.health, row.reason, row.text, row.visible_to_customer, row.by, row.origin) == (
        "at_risk", "Late files", "One\nTwo", True, cast.priya, "page",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"health": ""}, "Health: Say how the project does."),
        ({"health": "fine"}, "Health: “fine” is no health that an update knows."),
        ({"health": "off_track", "reason": ""}, "Why: Say why it is off track."),
        ({"health": "on_hold", "reason": "  "}, "Why: Say why it is on hold."),
        ({"text": "x" * 4001}, "at most 4000 characters"),
        ({"text": "a\x00b"}, "Null characters"),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"visible_to_customer": "on", "text": " "}, "What there is to say: Say something"),
        ({"key": "nothing"}, "Enter a valid UUID"),
        ({"seen": str(2**70)}, "less than or equal"),
        ({"seen": "-1"}, "greater than or equal"),
    ],
)
def test_what_cannot_be_posted_is_400_and_stays_in_the_form(project, cast, client, given, words):
    client.force_login(cast.priya)
    sent = typed(client, project, **{"reason": "Because it is", "text": "What I typed", **given})
    response = client.post(reverse("post-update", args=[project.code]), sent)
    page = Page(response.content.decode())
    assert response.status_code == 400
    assert words in page.text
    assert ("What I typed" in page.text) == ("text" not in given)
    assert StatusUpdate.objects.count() == 0


def test_a_text_at_its_limit_counts_a_line_break_as_one(project, cast, client):
    client.force_login(cast.priya)
    text = "\r\n".join(["x" * 39] * 100)
    response = client.post(reverse("post-update", args=[project.code]), typed(client, project, text=f"{text}y"))
    assert response.status_code == 302
    assert len(StatusUpdate.objects.get().text) == 4000


def test_who_did_not_see_the_last_one_gets_both_and_may_post_again(project, cast, client):
    client.force_login(cast.priya)
    sent = typed(client, project, health="at_risk", reason="Late files", text="Mine")
    by_ivan = say(project, by=cast.ivan, text="All is well")
    response = client.post(reverse("post-update", args=[project.code]), sent)
    page = Page(response.content.decode())
    assert response.status_code == 409
    assert "Ivan Orlov posted an update since you began." in page.text
    assert [row.words for row in page.rows] == [
        ["Health", "On track", "At risk"],
        ["Why", "–", "Late files"],
        ["What there is to say", "All is well", "Mine"],
    ]
    hidden = dict(re.findall(r'<input type="hidden" name="(key|seen)" value="([^"]*)"', response.content.decode()))
    assert hidden["seen"] == str(by_ivan.pk)
    assert hidden["key"] != sent["key"]
    assert client.post(reverse("post-update", args=[project.code]), {**sent, **hidden}).status_code == 302
    assert [row.health for row in StatusUpdate.objects.all()] == ["at_risk", "on_track"]


def test_a_form_gone_back_to_and_changed_posts_another_only_when_asked_again(project, cast, client):
    client.force_login(cast.priya)
    address = reverse("post-update", args=[project.code])
    sent = typed(client, project, text="First")
    assert client.post(address, sent).status_code == 302
    response = client.post(address, {**sent, "text": "Second"})
    assert response.status_code == 409
    assert "This form was posted before, and what it said then stays." in Page(response.content.decode()).text
    assert StatusUpdate.objects.get().text == "First"


def test_who_may_not_post_is_told_so(project, cast, client):
    address = reverse("post-update", args=[project.code])
    client.force_login(cast.priya)
    sent = typed(client, project)
    assert "Not yours to post" in get(client, cast.sofia, address).headings
    response = client.post(address, sent)
    assert response.status_code == 403
    assert "Sofia Reyes does not run MRW-1" in Page(response.content.decode()).text
    for who in (cast.mallory, cast.bo, cast.pat):
        client.force_login(who)
        found = [client.get(address), client.post(address, sent), client.get(reverse("updates", args=[project.code]))]
        assert [response.status_code for response in found] == [404, 404, 404]
    assert StatusUpdate.objects.count() == 0


def test_an_archived_project_refuses_and_still_reads(make_project, cast, client):
    project = make_project(kickoff=FRIDAY, kind="add_on", playbooks=("addon-post-live",))
    client.force_login(cast.dele)
    sent = typed(client, project)
    say(project, by=cast.dele, text="All is done")
    for key in ("monitor-service", "address-functionality", "transition-to-cs", "mark-complete"):
        finish(project, f"post-live.{key}", worker=cast.dele, decider=cast.dele)
    perform(Project.objects.get(pk=project.pk), "complete", by=cast.dele)
    address = reverse("post-update", args=[project.code])
    response = client.post(address, sent)
    assert response.status_code == 409
    assert "complete and archived" in Page(response.content.decode()).text
    assert "Complete and archived" in get(client, cast.dele, address).headings
    updates = get(client, cast.dele, reverse("updates", args=[project.code]))
    assert "All is done" in updates.text
    assert "Post update" not in updates.links
    assert "Post update" not in Page(card_of(client, cast.dele, project)).links


# All of them.


def test_all_updates_come_in_pages_the_latest_first_in_a_fixed_number_of_queries(project, cast, client):
    address = reverse("updates", args=[project.code])
    assert "No updates yet" in get(client, cast.sofia, address).headings
    assert get(client, cast.priya, address).links["Post update"] == "/projects/MRW-1/updates/new"

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        return len(caught)

    say(project, "at_risk", by=cast.priya, reason="R & D is late", text="a\n<script>", days_ago=60)
    one = cost()
    for days in range(55, 0, -1):
        say(project, by=(cast.priya, cast.ivan)[days % 2], text=f"Day {days}.", days_ago=days)
    assert cost() == one <= 7
    first, second = get(client, cast.sofia, address), get(client, cast.sofia, f"{address}?page=2")
    assert first.text.index("Day 1.") < first.text.index("Day 2.") < first.text.index("Day 50.")
    assert "1–50 of 56" in first.text
    assert first.links["Next"] == "?page=2"
    assert "R & D is late" in second.text
    assert second.links["Previous"] == "?"
    assert "&lt;script&gt;" in client.get(f"{address}?page=2").content.decode()
    assert "page: That is no page number" in get(client, cast.sofia, f"{address}?page=x", status=400).text


# The portfolio.


def listed(client: Client, who: Any, query: str = "") -> dict[str, str]:
    """Return what the list says of the health of each project, by its code, in its order."""
    return {row.links[0].split("/")[2]: row[1] for row in get(client, who, f"/projects/{query}").rows}


@pytest.fixture
def several(make_project: MakeProject, cast: Any) -> dict[str, Project]:
    """Projects of each health, one with a step overdue whatever was said of it."""
    made = {}
    for code, kickoff in (
        ("AAA", TODAY),
        ("BBB", TODAY),
        ("CCC", FRIDAY),
        ("DDD", TODAY),
        ("EEE", TODAY),
        ("FFF", LATER),
    ):
        made[code] = make_project(biller=f"{code} Gas", code=code, kickoff=kickoff, target=FAR)
    say(made["AAA"], by=cast.priya, days_ago=9)
    say(made["BBB"], "off_track", by=cast.priya, reason="Their server burnt", days_ago=1)
    say(made["CCC"], by=cast.priya)
    say(made["DDD"], "at_risk", by=cast.priya, reason="Holidays")
    say(made["EEE"], "on_hold", by=cast.priya, reason="A merger")
    return made


def test_the_list_says_health_age_and_what_the_machine_says_otherwise(several, cast, client):
    assert listed(client, cast.priya) == {
        "BBB-1": "⨯ Off track 1 day ago ▲ Signal: on track",
        "CCC-1": "● On track today ▲ Signal: at risk",  # with something overdue: a good word hides nothing
        "DDD-1": "◷ At risk today ▲ Signal: on track",
        "AAA-1": "● On track Stale, 9 days ago ▲ Signal: at risk",
        "FFF-1": "– No update yet",
        "EEE-1": "‖ On hold today",
    }


def test_health_filters_sorts_and_is_counted(several, cast, client):
    wanted = {
        "?health=at_risk": ["DDD-1"], "?health=off_track": ["BBB-1"], "?health=below": ["BBB-1", "DDD-1"],
        "?health=stale": ["AAA-1"], "?health=none": ["FFF-1"], "?health=on_hold": ["EEE-1"], "?health=complete": [],
        "?health=on_track&overdue=1": ["CCC-1"],
        "?sort=health": ["BBB-1", "DDD-1", "CCC-1", "AAA-1", "FFF-1", "EEE-1"],
        "?sort=-health": ["EEE-1", "CCC-1", "AAA-1", "FFF-1", "DDD-1", "BBB-1"],
    }  # fmt: skip
    assert {query: list(listed(client, cast.priya, query)) for query in wanted} == wanted
    page = get(client, cast.priya, "/projects/?health=below&sort=-name")
    assert page.links["Health: at risk or off track × , remove"] == "/projects/?sort=-name"
    assert page.links["Worst first"] == "/projects/?health=below"
    assert page.links["2 projects at risk or off track"] == "/projects/?health=below"
    problem = get(client, cast.priya, "/projects/?health=fine", status=400)
    assert "health: “fine” is no health that the list knows." in problem.text


def test_the_export_has_health_and_its_day(several, cast, client):
    client.force_login(cast.priya)
    body = b"".join(client.get("/projects/?format=csv&sort=name").streaming_content)  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert [(row["Health"], row["Updated"]) for row in rows] == [
        ("On track", "2026-11-14"), ("Off track", "2026-11-22"), ("On track", "2026-11-23"), ("At risk", "2026-11-23"),
        ("On hold", "2026-11-23"), ("", ""),
    ]  # fmt: skip


@pytest.mark.usefixtures("any_go_live")
def test_a_list_and_a_page_see_the_same_signal(make_project, several, cast):
    move(several["DDD"], "discovery.payments", "block", cast.sofia, note="No access", owner=cast.bo, until=LATER,
         now=NOW - dt.timedelta(days=30))  # fmt: skip
    move(several["EEE"], "discovery.payments", "wait", cast.sofia, note="No files", owner=cast.bo, until=LATER,
         now=NOW - dt.timedelta(days=30))  # fmt: skip
    ProjectStep.objects.filter(project=several["AAA"], template__phase="release").update(due=dt.date(2027, 8, 1))
    add_on = make_project(biller="GGG Gas", code="GGG", kickoff=FRIDAY, kind="add_on", playbooks=("addon-post-live",),
                          target=FRIDAY)  # fmt: skip
    live = make_project(biller="HHH Gas", code="HHH", kickoff=FRIDAY, target=FRIDAY, kind="existing",
                        playbooks=("transition-to-cs",))  # fmt: skip
    finish_phase(live, cast)
    perform(Project.objects.get(pk=live.pk), "advance", by=cast.priya)
    rests = make_project(biller="III Gas", code="III", kickoff=FRIDAY)
    perform(Project.objects.get(pk=rests.pk), "hold", by=cast.priya, note="Budget")

    def codes(seen: Any) -> Any:
        return seen and (seen.health.value, sorted((reason.code, reason.health.value) for reason in seen.reasons))

    projects = Project.objects.all()
    for today in (TODAY, TODAY + dt.timedelta(days=20), TODAY + dt.timedelta(days=200)):
        listed_ones = signals(read_columns(projects), today)
        by_list = {project.code: codes(listed_ones.get(project.pk)) for project in projects}
        assert by_list == {project.code: codes(signal_of(project, today)) for project in projects}
    assert {reason for seen in by_list.values() if seen for reason, _ in seen[1]} == {
        "overdue", "past-target", "blocked", "waiting", "stale", "still",
    }  # fmt: skip
    assert by_list["III-1"] is None
    assert "past-target" in dict(by_list[add_on.code][1])
    assert "past-target" not in dict(by_list[live.code][1])


# People outside.


def test_people_outside_read_the_latest_that_is_for_them_and_nothing_else(project, cast, client):
    def told(who: Any, address: str) -> str:
        client.force_login(who)
        return client.get(address).content.decode()

    seat = project.seats.get(role__code="B").pk
    as_bo = reverse("project-as-customer", args=[project.code, seat])
    say(project, "off_track", by=cast.priya, reason="sekret-reason", text="sekret-text", days_ago=4)
    assert "Latest update" not in told(cast.bo, project.get_absolute_url())
    say(project, by=cast.priya, text="Older words", visible_to_customer=True, days_ago=3)
    say(project, "at_risk", by=cast.priya, reason="sekret-why", text="Your files\n<i>are late</i>",
        visible_to_customer=True, days_ago=2)  # fmt: skip
    say(project, "off_track", by=cast.priya, reason="sekret-reason", text="sekret-again", days_ago=1)
    for who, address in ((cast.bo, project.get_absolute_url()), (cast.priya, as_bo)):
        body = told(who, address)
        (section,) = re.findall(
            r'<section class="card pad update" aria-labelledby="update-heading">.*?</section>', body, re.DOTALL
        )
        words = Page(section).text
        assert words == "Latest update ◷ At risk Nov 21, 2026 Your files <i>are late</i>"
        assert "&lt;i&gt;are late&lt;/i&gt;" in section
        assert ("sekret" in body, "Older words" in body, "signal" in body.lower()) == (False, False, False)
