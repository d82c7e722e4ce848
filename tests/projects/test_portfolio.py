"""The portfolio: what its rows say, what it can be asked for, who sees what, and what it costs."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from playbook.services import load_playbook
from projects.dates import move_due_date, move_target_go_live
from projects.models import Project
from projects.paging import Paging
from projects.team import name_on_step
from sheets.writing import cell
from tests.cast import finish, finish_phase, move, step_of
from tests.projects.reading import Page
from transitions.moves import perform

#: 8:55 of a Monday where the company is.
NOW = dt.datetime(2026, 11, 23, 13, 55, tzinfo=dt.UTC)
TODAY, FRIDAY, LATER = dt.date(2026, 11, 23), dt.date(2026, 11, 20), dt.date(2026, 12, 7)
TARGET = dt.date(2027, 3, 2)
HTMX = {"HX-Request": "true", "HX-Target": "portfolio"}

Read = Callable[..., Page]


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def read(client: Client, cast: SimpleNamespace) -> Read:
    """Return a function that gets a portfolio as somebody sees it."""

    def get(who: str = "priya", query: str = "", status: int = 200, **headers: str) -> Page:
        client.force_login(getattr(cast, who))
        response = client.get(f"/projects/{query}", headers=headers)
        assert response.status_code == status, response
        return Page(response.content.decode())

    return get


def codes(page: Page) -> list[str]:
    return [row.links[0].split("/")[2] for row in page.rows]


# Rows.


def test_a_row_says_where_the_project_stands_and_what_comes_next(make_project, read):
    make_project(kickoff=FRIDAY, target=TARGET, core_system="Tyndall")
    (row,) = read().rows
    assert row.words == [
        "Marrow County Tax MRW-1 · Partner · Tyndall",
        "– No update yet ▲ Signal: off track",  # the plan of an Integration from Friday on ends after this target
        "Discovery · 0/46 steps",
        "Identity Management/Web Integration/SSO/Multi-User Nov 20 · −3 d overdue",
        "2",
        "–",
        "Mar 2, 2027 on plan",
        "PN PM: Priya Nair",
    ]
    assert row.links == ["/projects/MRW-1/", "/projects/MRW-1/steps/integration/discovery.identity-management/"]


def test_the_phase_bar_has_seven_parts_and_shows_those_left_out(make_project, client, cast):
    make_project(playbooks=("addon-post-live",), kind="add_on", kickoff=FRIDAY)
    client.force_login(cast.dele)
    body = client.get("/projects/").content.decode()
    assert body.count('<i class="skip">') == 6
    assert 'aria-label="Phase 7 of 7: Post-Live"' in body


def test_only_steps_of_phases_reached_are_overdue_and_blocked_ones_are_counted(make_project, cast, read):
    project = make_project(kickoff=dt.date(2026, 10, 5))
    late_in_discovery = sum(step.overdue(TODAY) for step in project.board.steps if step.template.phase == "discovery")
    move(project, "discovery.invoicing", "start", cast.sofia)
    move(project, "discovery.invoicing", "block", cast.sofia, note="No sample files", owner=cast.bo, until=LATER)
    (row,) = read().rows
    assert (late_in_discovery, row[4], row[5]) == (9, "9", "1")


def test_a_go_live_is_held_against_its_baseline(make_project, cast, read):
    for biller, target in (("Late Gas", dt.date(2027, 3, 13)), ("Early Gas", dt.date(2027, 2, 27))):
        project = make_project(biller=biller, kickoff=FRIDAY, target=TARGET)
        move_target_go_live(project, target, by=cast.priya, reason="Asked for")
    make_project(biller="Past Gas", kickoff=dt.date(2026, 10, 5), target=dt.date(2026, 11, 13))
    page = read(query="?sort=name")
    assert [row[6] for row in page.rows] == ["Feb 27, 2027 −3 d", "Mar 13, 2027 +11 d", "Nov 13 10 d past"]


def test_nothing_open_says_what_comes_now(playbooks, make_project, cast, read):
    load_playbook(TWO_PHASES, publish=True)
    playbooks["two-phases"] = playbooks["integration"].__class__.objects.get(playbook__slug="two-phases")
    project = make_project(playbooks=("two-phases",), kickoff=FRIDAY)
    finish(project, "discovery.first", worker=cast.sofia, decider=cast.priya)
    assert read().rows[0][3] == "Ready to advance"
    assert codes(read(query="?settled=1")) == ["MRW-1"]

    project = perform(project, "advance", by=cast.priya).row
    finish(project, "design.second", worker=cast.priya, decider=cast.priya)
    assert read().rows[0][3] == "Name an accountable"
    assert codes(read(query="?settled=1")) == ["MRW-1"]

    name_on_step(step_of(project, "design.second"), "A", cast.ingrid, by=cast.priya)
    assert read().rows[0][3] == "Ready to complete"
    perform(Project.objects.get(pk=project.pk), "complete", by=cast.priya)
    (row,) = read(query="?standing=complete").rows
    assert (row[0], row[3]) == ("Marrow County Tax MRW-1 · Partner ✓ Complete", "–")


@pytest.mark.usefixtures("any_go_live")
def test_going_live_turns_the_target_into_the_day_itself(make_project, cast, read):
    project = make_project(playbooks=("transition-to-cs",), kind="existing", kickoff=FRIDAY, target=TODAY)
    finish_phase(project, cast)
    perform(project, "advance", by=cast.priya)
    assert read().rows[0][6] == "Nov 23 live"


# Order, pages, filters.


def test_the_worst_is_first_and_every_column_sorts_both_ways(make_project, cast, read):
    make_project(biller="Alder Gas", code="ALD", kickoff=LATER, target=dt.date(2027, 4, 1))
    make_project(biller="birch Gas", code="BRC", kickoff=FRIDAY, target=dt.date(2027, 5, 1))
    held_up = make_project(biller="Cedar Gas", code="CDR", kickoff=FRIDAY, target=dt.date(2027, 3, 1))
    add_on = make_project(
        biller="Dogwood Gas", code="DGW", kickoff=dt.date(2026, 9, 1), playbooks=("addon-post-live",), kind="add_on"
    )
    move(held_up, "discovery.payments", "block", cast.sofia, note="No access", owner=cast.bo, until=LATER)
    for key in ("monitor-service", "address-functionality", "transition-to-cs", "mark-complete"):
        finish(add_on, f"post-live.{key}", worker=cast.dele, decider=cast.dele)

    def order(sort: str) -> list[str]:
        return [code[:3] for code in codes(read("adele", f"?sort={sort}" if sort else ""))]

    assert order("") == ["CDR", "BRC", "ALD", "DGW"]
    assert order("name") == ["ALD", "BRC", "CDR", "DGW"]
    assert order("-name") == ["DGW", "CDR", "BRC", "ALD"]
    assert order("phase")[-1] == order("-phase")[0] == "DGW"
    assert order("next") == ["BRC", "CDR", "ALD", "DGW"]
    assert order("-next") == ["ALD", "BRC", "CDR", "DGW"]
    assert order("-overdue") == ["BRC", "CDR", "ALD", "DGW"]
    assert order("-blocked")[0] == "CDR"
    assert order("go_live")[:2] == ["CDR", "DGW"]
    assert order("-go_live") == ["BRC", "ALD", "DGW", "CDR"]

    page = read(query="?sort=name&mine=1")
    assert codes(page) == ["ALD-1", "BRC-1", "CDR-1"]
    assert page.links["Project ↑"] == "/projects/?mine=1&sort=-name"
    # The default is no column's own order since it looks at the health first: it has a link of its own.
    assert page.links["Worst first"] == "/projects/?mine=1"
    assert page.links["Health"] == "/projects/?mine=1&sort=health"
    assert page.links["Next"] == "/projects/?mine=1&sort=next"
    assert page.links["Overdue"] == "/projects/?mine=1&sort=-overdue"


def test_every_filter_finds_its_projects_alone_and_together(make_project, cast, read):
    mine = make_project(biller="Alder Gas", code="ALD", kickoff=FRIDAY, target=dt.date(2026, 12, 18))
    make_project(biller="Birch Tax", code="BRC", kind="custom", kickoff=LATER, people={"PM": cast.ivan}, by=cast.ivan)
    paused = make_project(biller="Cedar Gas", code="CDR", kickoff=FRIDAY)
    make_project(
        biller="Dogwood Gas", code="DGW", kickoff=dt.date(2026, 10, 5), target=dt.date(2027, 2, 1), kind="add_on",
        playbooks=("addon-post-live",), people={"IS": cast.dele},
    )  # fmt: skip
    move(mine, "discovery.payments", "block", cast.sofia, note="No access", owner=cast.bo, until=LATER)
    move(mine, "discovery.invoicing", "wait", cast.sofia, note="Samples", owner=cast.bo, until=LATER)
    perform(paused, "hold", by=cast.priya, note="Budget")
    ivan, priya = cast.ivan.pk, cast.priya.pk
    wanted = {
        "": "ALD BRC DGW",
        "?mine=1": "ALD",
        "?phase=discovery": "ALD BRC",
        "?phase=sit": "",
        "?kind=custom": "BRC",
        f"?pm={ivan}": "BRC",
        f"?pm={priya}": "ALD",
        "?pm=999999": "",
        "?standing=all": "ALD BRC CDR DGW",
        "?standing=on_hold": "CDR",
        "?standing=live": "ALD BRC CDR DGW",
        "?version=addon-post-live-v1": "DGW",
        "?version=integration-v2": "",
        "?version=integration-v1&standing=live": "ALD BRC CDR",
        "?overdue=1": "ALD DGW",
        "?blocked=1": "ALD",
        "?waiting=1": "ALD",
        "?go_live=30": "ALD",
        "?go_live=90": "ALD DGW",
        "?go_live=past": "",
        "?q=gas": "ALD DGW",
        "?q=brc-1": "BRC",
        "?q=%25": "",
        "?q=gas&overdue=1&phase=post_live": "DGW",
    }
    seen = {query: " ".join(sorted(code[:3] for code in codes(read("adele", query)))) for query in wanted}
    seen["?mine=1"] = " ".join(code[:3] for code in codes(read("priya", "?mine=1")))
    assert seen == wanted


def test_what_is_on_shows_as_chips_that_take_themselves_off(make_project, read, cast):
    make_project(kickoff=FRIDAY)
    page = read(query=f"?phase=discovery&overdue=1&pm={cast.priya.pk}&q=marrow&sort=-name")
    off = {words.removesuffix(" × , remove"): address for words, address in page.links.items() if "remove" in words}
    assert off == {
        "“marrow”": f"/projects/?phase=discovery&pm={cast.priya.pk}&overdue=1&sort=-name",
        "Discovery": f"/projects/?q=marrow&pm={cast.priya.pk}&overdue=1&sort=-name",
        "PM: Priya Nair": "/projects/?q=marrow&phase=discovery&overdue=1&sort=-name",
        "With overdue steps": f"/projects/?q=marrow&phase=discovery&pm={cast.priya.pk}&sort=-name",
    }
    assert page.links["Clear"] == "/projects/"
    assert "1 project of 1" in page.text


def test_a_form_sent_as_it_stands_gets_an_address_of_what_differs_alone(make_project, client, cast):
    make_project(kickoff=FRIDAY)
    client.force_login(cast.priya)
    sent = "?phase=design&kind=&pm=&standing=&go_live=&q="
    response = client.get(f"/projects/{sent}")
    assert (response.status_code, response["Location"]) == (302, "/projects/?phase=design")
    response = client.get(f"/projects/{sent}", headers=HTMX)
    assert (response.status_code, response["HX-Push-Url"]) == (200, "/projects/?phase=design")


def test_the_list_alone_answers_htmx_and_the_page_answers_the_history(make_project, client, cast):
    make_project(kickoff=FRIDAY)
    client.force_login(cast.priya)
    part = client.get("/projects/?mine=1", headers=HTMX)
    assert part.content.decode().lstrip().startswith('<div id="portfolio">')
    assert {name.strip() for name in part["Vary"].split(",")} >= {"HX-Request", "HX-Target", "Cookie"}
    for headers in ({**HTMX, "HX-History-Restore-Request": "true"}, {"HX-Request": "true", "HX-Target": "main"}, {}):
        assert client.get("/projects/?mine=1", headers=headers).content.startswith(b"<!doctype html>")


def test_pages_are_of_fifty_and_numbered(make_project, read):
    for number in range(51):
        make_project(
            biller=f"Biller {number:02}", code=f"{chr(65 + number // 26)}{chr(65 + number % 26)}", kickoff=FRIDAY
        )
    first, second, past = read(query="?sort=name"), read(query="?sort=name&page=2"), read(query="?sort=name&page=99")
    assert (len(first.rows), codes(second), codes(past)) == (50, ["BY-1"], ["BY-1"])
    assert "1–50 of 51" in first.text
    assert first.links["Page 2"] == first.links["Next"] == "/projects/?page=2&sort=name"
    assert second.links["Previous"] == "/projects/?sort=name"


@pytest.mark.parametrize(
    ("pages", "number", "shown"),
    [
        (1, 1, ""),
        (3, 1, "1 2 3"),
        (9, 1, "1 2 3 … 9"),
        (9, 5, "1 … 3 4 5 6 7 … 9"),
        (9, 9, "1 … 7 8 9"),
        (9, 40, "1 … 7 8 9"),
    ],
)
def test_the_row_of_page_numbers_keeps_its_ends(pages, number, shown):
    paging = Paging.of(pages * 50, number, 50, lambda page: f"?page={page}")
    assert " ".join(link.label for link in paging.links) == shown


def test_what_cannot_be_read_is_named_and_the_rest_holds(make_project, read):
    make_project(kickoff=FRIDAY)
    make_project(biller="Birch Tax", kind="custom", kickoff=FRIDAY)
    asked = "version=two&phase=testing&page=abc&pm=x&standing=gone&overdue=yes&sort=worst&kind=custom&format=pdf&q=%00"
    page = read(query=f"?{asked}", status=400)
    assert codes(page) == ["BRC-1"]
    problems = {
        "phase: “testing” is no phase",
        "page: That is no page number",
        "pm: That is no person’s number",
        "standing: “gone” is no standing",
        "overdue: overdue is 1 or left out, not “yes”",
        "sort: “worst” is no order",
        "version: A version is named by its playbook and number",
        "format: “pdf” is no format",
        "q: Null characters",
    }
    assert {problem for problem in problems if problem not in page.text} == set()
    assert page.links["Custom × , remove"] == "/projects/"
    for query in ("?page=0", "?page=-1", "?pm=0", f"?pm={10**30}", f"?q={'x' * 101}", "?phase=%3Cscript%3E"):
        assert len(read(query=query, status=400).rows) == 2
    assert len(read(query=f"?page={10**9}").rows) == 2
    assert len(read(query="?utm_source=mail").rows) == 2


# Who sees what.


def test_everybody_sees_their_own_and_the_administrator_all(make_project, cast, read, client):
    make_project(kickoff=FRIDAY, people={"PM": cast.priya, "SE": cast.sofia})
    make_project(biller="Birch Tax", kickoff=FRIDAY, people={"PM": cast.ivan, "B": cast.bo}, by=cast.ivan)
    seen = {who: codes(read(who)) for who in ("priya", "sofia", "ivan", "adele", "mallory", "dele", "tess")}
    assert seen == {
        "priya": ["MRW-1"],
        "sofia": ["MRW-1"],
        "ivan": ["BRC-1"],
        "adele": ["BRC-1", "MRW-1"],
        "mallory": [],
        "dele": [],
        "tess": ["BRC-1", "MRW-1"],  # Client Services see every project
    }
    assert "Ivan Orlov" not in read("sofia").text
    client.force_login(cast.sofia)
    exported = b"".join(client.get("/projects/?format=csv").streaming_content)  # type: ignore[attr-defined]
    assert (b"MRW-1" in exported, b"BRC-1" in exported) == (True, False)


def test_nobody_looks_without_signing_in(client):
    response = client.get("/projects/")
    assert (response.status_code, response["Location"]) == (302, "/sign-in?next=/projects/")


def test_an_empty_page_says_why_and_what_to_do(make_project, cast, read):
    assert "Start from a playbook" in read("priya").links
    never = read("mallory")
    assert "No projects yet" in never.headings
    assert "Start from a playbook" not in never.links
    assert "Start a project" not in never.links

    project = make_project(kickoff=FRIDAY)
    filtered = read(query="?phase=sit")
    assert "No project matches" in filtered.headings
    assert filtered.links["Clear"] == "/projects/"

    perform(project, "hold", by=cast.priya, note="Budget")
    page = read()
    assert "No active project" in page.headings
    assert page.links["Show them"] == "/projects/?standing=all"


# The numbers at the top.


def test_each_number_leads_to_the_projects_that_it_counts(make_project, cast, read):
    project = make_project(kickoff=FRIDAY, target=dt.date(2026, 12, 18))
    make_project(biller="Birch Tax", kickoff=LATER, target=dt.date(2027, 6, 1))
    paused = make_project(biller="Cedar Gas", kickoff=FRIDAY, target=dt.date(2026, 12, 18))
    move(project, "discovery.payments", "block", cast.sofia, note="No access", owner=cast.bo, until=LATER)
    move(project, "discovery.invoicing", "wait", cast.sofia, note="Samples", owner=cast.bo, until=LATER)
    move(paused, "discovery.payments", "block", cast.sofia, note="No access", owner=cast.bo, until=LATER)
    perform(paused, "hold", by=cast.priya, note="Budget")
    page = read()
    assert "2 active projects · as of 8:55, Mon Nov 23, 2026" in page.text
    tiles = {words: address for words, address in page.links.items() if words[0].isdigit()}
    assert tiles == {
        "0 projects at risk or off track": "/projects/?health=below",
        "2 steps overdue, in 1 project": "/projects/?overdue=1",
        "1 step blocked, in 1 project": "/projects/?blocked=1",
        "1 step waiting on the customer": "/projects/?waiting=1",
        "1 go-live in 30 days": "/projects/?go_live=30",
        "0 projects with every step closed": "/projects/?settled=1",
    }
    for address in list(tiles.values())[1:5]:
        assert codes(read(query=address.removeprefix("/projects/"))) == ["MRW-1"]
    move_due_date(step_of(project, "discovery.identity-management"), TODAY, by=cast.priya)
    assert "1 step overdue, in 1 project" in read().links


def test_the_clock_on_the_page_is_the_persons_own(make_project, cast, read):
    make_project(kickoff=FRIDAY)
    cast.priya.time_zone = "Asia/Tokyo"
    cast.priya.save()
    assert "as of 22:55, Mon Nov 23, 2026" in read().text


# The export.


def test_the_export_is_the_list_as_a_spreadsheet_opens_it(make_project, client, cast):
    project = make_project(biller="=HYPERLINK(1)", code="EVL", kickoff=FRIDAY, target=TARGET)
    make_project(biller="Çedar Gás", code="CDR", kind="custom", kickoff=FRIDAY)
    move(project, "discovery.payments", "block", cast.sofia, note="No access", owner=cast.bo, until=LATER)
    client.force_login(cast.priya)
    response = client.get("/projects/?kind=partner&format=csv")
    body = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="portfolio_2026-11-23.csv"'
    assert body.startswith(b"\xef\xbb\xbfCode,Project,")
    assert body.count(b"\r\n") == body.count(b"\n") == 2
    (row,) = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    assert row == {
        "Code": "EVL-1", "Project": "'=HYPERLINK(1)", "Kind": "Partner integration", "Core system": "", "Standing": "Active",
        "Phase": "Discovery", "Steps done": "0", "Steps": "46",
        "Next": "Identity Management/Web Integration/SSO/Multi-User", "Next due": "2026-11-20", "Overdue": "2",
        "Blocked": "1", "Waiting on customer": "0", "Target go-live": "2027-03-02", "Baseline go-live": "2027-03-02",
        "Actual go-live": "", "PM": "Priya Nair", "Health": "", "Updated": "",
    }  # fmt: skip
    everything = b"".join(client.get("/projects/?format=csv&sort=name").streaming_content)  # type: ignore[attr-defined]
    assert [row["Project"] for row in csv.DictReader(io.StringIO(everything.decode("utf-8-sig")))][-1] == "Çedar Gás"


def test_only_text_is_guarded_against_formulas():
    raw = ["=1", "+1", "-1", "@a", "\ta", "\ra", "a=1", "", -1, dt.date(2026, 11, 23), None]
    assert [cell(value) for value in raw] == [
        "'=1",
        "'+1",
        "'-1",
        "'@a",
        "'\ta",
        "'\ra",
        "a=1",
        "",
        -1,
        "2026-11-23",
        "",
    ]


# What it costs.


def test_the_number_of_queries_does_not_grow(make_project, client, cast):
    def count(who: str, query: str = "", **headers: str) -> int:
        client.force_login(getattr(cast, who))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(f"/projects/{query}", headers=headers).status_code == 200
        return len(queries)

    def all_counts() -> dict[str, int]:
        return {
            "page": count("priya"),
            "without seats": count("mallory"),
            "administrator": count("adele"),
            "everything on": count("priya", "?mine=1&phase=discovery&standing=all&overdue=1&q=a&sort=-overdue"),
            "fragment": count("priya", **HTMX),
            "export": count("priya", "?format=csv"),
        }

    make_project(kickoff=FRIDAY)
    at_one = all_counts()
    assert at_one == {
        # One of them looks at the steps of the projects on the page for the machine's signal.
        "page": 7, "without seats": 5, "administrator": 6, "everything on": 7, "fragment": 6, "export": 2,
    }  # fmt: skip
    _more(make_project, 49)
    assert all_counts() == at_one
    _more(make_project, 150, start=49)
    assert all_counts() == at_one
    assert Project.objects.count() == 200


def _more(make_project: Callable[..., Project], count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        make_project(
            biller=f"Biller {number}", code=f"X{chr(65 + number // 26)}{chr(65 + number % 26)}", kickoff=FRIDAY,
            kind=("add_on", "partner")[number % 2], playbooks=(("addon-post-live",), ("integration",))[number % 2],
        )  # fmt: skip


TWO_PHASES = """\
playbook: two-phases
title: Two phases
kind: phased
version: 1
source: {}
changes: []
open_questions: []
roles:
  - {code: PM, name: Project Manager, team: Implementations, side: internal, manages: true}
  - {code: SE, name: Solution Engineer, team: Integrations, side: internal}
steps:
  - key: discovery.first
    number: 1
    phase: discovery
    category: ''
    title: First
    guidance: Do it.
    raci: {R: [SE], A: [PM], C: [], I: []}
    raci_source: SE / PM / /
    derived: []
    applies: always
    approval: null
    duration_days: 1
    needs: []
    documents: []
    meeting: null
    open_questions: []
  - key: design.second
    number: 2
    phase: design
    category: ''
    title: Second
    guidance: Do it.
    raci: {R: [], A: [], C: [], I: []}
    raci_source: ''
    derived: []
    applies: always
    approval: null
    duration_days: 1
    needs: []
    documents: []
    meeting: null
    open_questions: []
"""
