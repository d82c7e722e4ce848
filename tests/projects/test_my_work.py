"""My work: whose steps, in which order, what is said of each, and what it costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.dates import move_due_date
from projects.models import Project
from projects.my_work import bucket_of, mine, open_steps
from projects.team import fill_seat, name_on_step
from tests.cast import finish, finish_phase, move, step_of
from tests.projects.reading import Page
from transitions.moves import perform

#: 8:55 of a Monday where the company is.
NOW = dt.datetime(2026, 11, 23, 13, 55, tzinfo=dt.UTC)
TODAY, FRIDAY, LATER = dt.date(2026, 11, 23), dt.date(2026, 11, 20), dt.date(2026, 12, 7)
IDENTITY = "Identity Management/Web Integration/SSO/Multi-User"

Read = Callable[..., Page]


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def read(client: Client, cast: SimpleNamespace) -> Read:
    """Return a function that gets My work as somebody sees it."""

    def get(who: str = "sofia", query: str = "", status: int = 200) -> Page:
        client.force_login(getattr(cast, who))
        response = client.get(f"/my-work{query}")
        assert response.status_code == status, response
        return Page(response.content.decode())

    return get


def keys(page: Page) -> list[str]:
    """The keys of the steps on the page, without their phase, in its order."""
    return [row.links[0].rstrip("/").rpartition(".")[2] for row in page.rows]


DISCOVERY = [
    "identity-management", "conversions-process", "experience-walkthrough", "invoicing", "balance-updates", "account-changes",
    "payments", "bill-presentment", "breakout-sessions",
]  # fmt: skip


# Whose steps.


def test_my_work_is_what_i_am_responsible_or_accountable_for(make_project, read):
    make_project(kickoff=FRIDAY)
    assert keys(read("sofia")) == keys(read("ingrid")) == DISCOVERY
    assert {row[2] for row in read("sofia").rows} == {"R"}
    assert {row[2] for row in read("ingrid").rows} == {"A"}
    for who in ("priya", "ivan", "mallory", "adele"):  # consulted, informed, or on nothing: not theirs to do
        assert keys(read(who)) == []


def test_a_person_in_two_seats_has_each_step_once_with_both_letters(make_project, cast, read):
    make_project(kickoff=FRIDAY, people={"SE": cast.sofia, "INM": cast.sofia, "PM": cast.priya})
    page = read()
    assert keys(page) == DISCOVERY
    assert {row[2] for row in page.rows} == {"R A"}
    assert keys(read(query="?role=R")) == keys(read(query="?role=A")) == DISCOVERY


def test_somebody_named_on_a_step_stands_in_for_the_seats_of_that_letter(make_project, cast, read):
    project = make_project(kickoff=FRIDAY)
    name_on_step(step_of(project, "discovery.payments"), "R", cast.arun, by=cast.priya)
    name_on_step(step_of(project, "discovery.invoicing"), "A", cast.sofia, by=cast.priya)
    assert "payments" not in keys(read("sofia"))
    assert keys(read("arun")) == ["payments"]
    assert [row[2] for row in read("arun").rows] == ["R"]
    assert "invoicing" not in keys(read("ingrid"))
    assert {key: row[2] for key, row in zip(keys(read("sofia")), read("sofia").rows, strict=True)}["invoicing"] == "R A"

    name_on_step(step_of(project, "discovery.payments"), "R", None, by=cast.priya)
    assert (keys(read("arun")), "payments" in keys(read("sofia"))) == ([], True)


def test_work_follows_the_seat(make_project, cast, read):
    project = make_project(kickoff=FRIDAY)
    seat = next(seat for seat in project.board.seats if seat.role.code == "SE")
    fill_seat(project, seat.id, cast.arun, by=cast.priya)
    assert (keys(read("sofia")), keys(read("arun"))) == ([], DISCOVERY)


def test_the_list_says_what_the_board_says_for_everybody(make_project, cast):
    first = make_project(kickoff=FRIDAY, playbooks=("integration", "transition-to-cs"))
    make_project(biller="Birch Tax", kickoff=LATER, people={"SE": cast.ingrid, "INM": cast.ingrid, "PM": cast.sofia})
    finish_phase(first, cast)
    perform(Project.objects.get(pk=first.pk), "advance", by=cast.priya)
    name_on_step(step_of(first, "design.overview-document"), "A", cast.tess, by=cast.priya)
    boards = [project.board for project in Project.objects.all()]
    for who in vars(cast).values():
        for everything in (False, True):
            expected = {
                step.id: "".join(letter for letter in "RA" if letter in board.letters_of(who.pk, step))
                for board in boards
                for step in board.steps
                if not step.closed and (everything or board.reached(step))
            }
            found = mine(who, open_steps(all_phases=everything), TODAY)
            assert {step.id: step.letters for step in found} == {key: held for key, held in expected.items() if held}
            assert len({step.id for step in found}) == len(found)


def test_projects_that_do_not_run_give_no_work(make_project, cast, read):
    paused = make_project(kickoff=FRIDAY)
    dropped = make_project(biller="Birch Tax", kickoff=FRIDAY)
    perform(paused, "hold", by=cast.priya, note="Budget")
    perform(dropped, "cancel", by=cast.priya, note="Gone")
    done = make_project(biller="Cedar Gas", kickoff=FRIDAY, playbooks=("addon-post-live",), people={"IS": cast.dele})
    for key in ("monitor-service", "address-functionality", "transition-to-cs", "mark-complete"):
        finish(done, f"post-live.{key}", worker=cast.dele, decider=cast.dele)
    assert keys(read("sofia", "?scope=all")) == keys(read("dele", "?scope=all")) == []


# In which order.


def test_steps_stand_in_buckets_with_the_next_first(make_project, cast, read):
    project = make_project(kickoff=FRIDAY)
    move_due_date(step_of(project, "discovery.payments"), dt.date(2026, 12, 1), by=cast.priya)
    page = read()
    assert page.headings == ["My work", "Overdue 2", "Today 5", "Next 7 days 1", "Later 1"]
    assert [row[3] for row in page.rows] == [
        "Nov 20 −3 d overdue", "Nov 20 −3 d overdue", *["Mon Nov 23 today"] * 5, "Tue Nov 24 in 1 d", "Dec 1 in 8 d",
    ]  # fmt: skip
    tabs = {words: address for words, address in page.links.items() if words[-1].isdigit() and "-" not in words}
    assert tabs == {
        "All 9": "/my-work",
        "Overdue 2": "/my-work?when=overdue",
        "Today 5": "/my-work?when=today",
        "Next 7 days 1": "/my-work?when=week",
        "Later 1": "/my-work?when=later",
    }
    assert keys(read(query="?when=week")) == ["breakout-sessions"]
    assert read(query="?when=week").headings == ["My work", "Next 7 days 1"]


def test_of_several_projects_the_earlier_due_comes_first(make_project, read):
    make_project(kickoff=dt.date(2026, 11, 30))
    make_project(biller="Birch Tax", kickoff=FRIDAY)
    codes = [row.links[1].split("/")[2] for row in read().rows]
    assert codes == ["BRC-1"] * 9 + ["MRW-1"] * 9
    assert "Birch Tax" in read().rows[0][0]


def test_buckets_end_where_they_say():
    def bucket(day: dt.date | None, status: str = "not_started", letters: str = "RA") -> int:
        return bucket_of(day, status, letters, TODAY)

    days = [
        TODAY - dt.timedelta(1),
        TODAY,
        TODAY + dt.timedelta(1),
        TODAY + dt.timedelta(7),
        TODAY + dt.timedelta(8),
        None,
    ]
    assert [bucket(day) for day in days] == [1, 2, 3, 3, 4, 4]
    assert [bucket(TODAY, "in_review", letters) for letters in ("A", "RA", "R")] == [0, 0, 2]


def test_what_waits_for_my_decision_is_before_all_else(make_project, cast, read):
    project = make_project(kickoff=dt.date(2026, 10, 5))
    finish_phase(project, cast)
    perform(Project.objects.get(pk=project.pk), "advance", by=cast.priya)
    board = Project.objects.get(pk=project.pk).board
    for step in board.steps:
        if step.template.phase == "design" and not step.template.approval:
            people = board.people(step, "R")
            worker = {person.pk: person for person in vars(cast).values()}[people[0].id]
            finish(project, step.path, worker=worker, decider=cast.ingrid)
    move(project, "design.technical-design-review", "start", cast.sofia)
    move(project, "design.technical-design-review", "submit", cast.sofia)

    decider = read("ingrid")
    assert decider.headings[:2] == ["My work", "Waiting for your decision 1"]
    assert keys(decider)[0] == "technical-design-review"
    assert decider.rows[0][4] == "Decide : IC Technical Design Review, MRW-1"
    assert decider.rows[0].links[-1] == "/projects/MRW-1/steps/integration/design.technical-design-review/"
    worker_row = next(row for row in read("sofia").rows if "technical-design-review" in row.links[0])
    assert (worker_row[1], worker_row[4]) == ("◇ In review", "")
    assert "Waiting for your decision" not in read("sofia").text


# What is said of each.


def test_a_row_offers_the_one_move_that_comes_next(make_project, cast, read):
    project = make_project(kickoff=FRIDAY)
    move(project, "discovery.identity-management", "start", cast.sofia)
    why = "Their file transfer account is locked"
    move(project, "discovery.payments", "block", cast.sofia, note=why, owner=cast.bo, until=LATER)
    move(project, "discovery.invoicing", "wait", cast.sofia, note="x" * 200, owner=cast.bo, until=LATER)
    rows = dict(zip(keys(page := read(query="?role=R")), page.rows, strict=True))
    assert rows["identity-management"].words == [
        f"{IDENTITY} MRW-1 · Marrow County Tax", "◐ In progress", "R", "Nov 20 −3 d overdue", f"Done : {IDENTITY}, MRW-1",
    ]  # fmt: skip
    assert rows["payments"][0].endswith(f"Bo Halvorsen by Dec 7: {why}")
    assert rows["invoicing"][0].endswith(f"Bo Halvorsen by Dec 7: {'x' * 140}…")
    moves = {key: row.fields.get("move") for key, row in rows.items()}
    assert moves == {
        **dict.fromkeys(DISCOVERY, "start"),
        "identity-management": "complete",
        "invoicing": "resume",
        "payments": "resume",
        "breakout-sessions": None,
    }
    fields = rows["identity-management"].fields
    assert fields["action"] == "/projects/MRW-1/steps/integration/discovery.identity-management/move"
    assert (fields["revision"], fields["next"]) == ("1", "/my-work?role=R")


def test_the_button_makes_the_move_and_comes_back(make_project, cast, read, client):
    make_project(kickoff=FRIDAY)
    fields = dict(read(query="?when=overdue").rows[0].fields)
    action = fields.pop("action")
    response = client.post(action, fields)
    assert (response.status_code, response["Location"]) == (302, "/my-work?when=overdue")
    page = read(query="?when=overdue")
    assert (page.rows[0][1], page.rows[0].fields["move"]) == ("◐ In progress", "complete")
    assert client.post(action, fields).status_code == 409  # the same button from an old page


def test_a_step_that_cannot_start_says_what_it_waits_for(make_project, cast, read):
    project = make_project(kickoff=FRIDAY)
    held = read().rows[-1]
    assert (held[1], held[4], "move" in held.fields) == ("– Locked", "", False)
    assert held[0].startswith("Breakout Sessions (if Applicable) MRW-1 · Marrow County Tax Needs ")
    assert held[0].endswith(" first")
    assert held.links[2:] == [
        f"/projects/MRW-1/steps/integration/discovery.{key}/"
        for key in ("invoicing", "balance-updates", "account-changes", "payments", "bill-presentment")
    ]
    for key in ("invoicing", "balance-updates", "account-changes", "payments"):
        finish(project, f"discovery.{key}", worker=cast.sofia, decider=cast.ingrid)
    assert read().rows[-1].links[2:] == ["/projects/MRW-1/steps/integration/discovery.bill-presentment/"]
    finish(project, "discovery.bill-presentment", worker=cast.sofia, decider=cast.ingrid)
    assert (read().rows[-1][1], read().rows[-1].fields["move"]) == ("○ Not started", "start")


def test_what_one_project_waits_for_does_not_hold_up_another(make_project, cast, read):
    ready = make_project(kickoff=FRIDAY)
    make_project(biller="Birch Tax", kickoff=FRIDAY)
    for key in ("invoicing", "balance-updates", "account-changes", "payments", "bill-presentment"):
        finish(ready, f"discovery.{key}", worker=cast.sofia, decider=cast.ingrid)
    held = {row.links[1]: row[1] for row in read().rows if "breakout" in row.links[0]}
    assert held == {"/projects/MRW-1/": "○ Not started", "/projects/BRC-1/": "– Locked"}


def test_later_phases_come_on_request_and_say_when_they_open(make_project, read):
    make_project(kickoff=FRIDAY)
    page = read(query="?scope=all&when=later")
    assert page.rows[0].links[0] == "/projects/MRW-1/steps/integration/design.overview-review/"
    assert page.rows[0][1] == "– Locked"
    assert "Opens when the project reaches Design; it is in Discovery." in page.rows[0][0]
    assert read().links["Later phases too"] == "/my-work?scope=all"
    assert page.links["Later phases too × , remove"] == "/my-work?when=later"


# Filters and pages.


def test_one_project_alone(make_project, read, client, cast):
    make_project(kickoff=FRIDAY)
    make_project(biller="Birch Tax", kickoff=FRIDAY)
    assert {row.links[1] for row in read(query="?project=BRC-1").rows} == {"/projects/BRC-1/"}
    assert {row.links[1] for row in read(query="?project=brc-1").rows} == {"/projects/BRC-1/"}
    assert keys(read(query="?project=ZZZ-9")) == []
    client.force_login(cast.sofia)
    response = client.get("/my-work?project=BRC-1&role=")
    assert (response.status_code, response["Location"]) == (302, "/my-work?project=BRC-1")


def test_only_projects_of_mine_can_be_chosen_and_many_are_named_by_code(make_project, client, cast):
    make_project(kickoff=FRIDAY)
    make_project(biller="Birch Tax", kickoff=FRIDAY, people={"SE": cast.arun})
    client.force_login(cast.sofia)
    body = client.get("/my-work").content.decode()
    assert ('<option value="MRW-1">' in body, "BRC-1" in body) == (True, False)
    for number in range(50):
        make_project(
            biller=f"Biller {number}", code=f"X{chr(65 + number // 26)}{chr(65 + number % 26)}", kickoff=FRIDAY
        )
    body = client.get("/my-work").content.decode()
    assert ("<option" in body, 'name="project" value=""' in body) == (False, True)


def test_pages_are_of_fifty_or_five_hundred(make_project, read):
    for number in range(6):
        make_project(biller=f"Biller {number}", code=f"X{chr(65 + number)}", kickoff=FRIDAY)
    first, second, whole = read(), read(query="?page=2"), read(query="?show=500")
    assert (len(first.rows), len(second.rows), len(whole.rows)) == (50, 4, 54)
    assert keys(first) + keys(second) == keys(whole)
    assert "1–50 of 54" in first.text
    assert first.links["Show 500 a page"] == "/my-work?show=500"
    assert "Show 500 a page" not in whole.links
    assert second.headings == ["My work", "Next 7 days 6"]


def test_what_cannot_be_read_is_named_and_the_rest_holds(make_project, read):
    make_project(kickoff=FRIDAY)
    page = read(query="?role=C&when=never&scope=1&show=51&page=x&project=%27&when=today&role=R", status=400)
    assert keys(page) == DISCOVERY[2:8]
    for problem in (
        "“1” is no scope",
        "shows 50 or 500 steps, not “51”",
        "page: That is no page number",
        "such as MRW-1",
    ):
        assert problem in page.text
    for query in ("?role=C", "?when=never", "?page=0", f"?page={10**30}"):
        assert keys(read(query=query, status=400)) == DISCOVERY
    assert keys(read(query="?page=99")) == DISCOVERY


# Empty.


def test_an_empty_page_says_why_and_what_comes(make_project, cast, read):
    assert read("mallory").headings == ["My work", "No work yet"]
    project = make_project(kickoff=FRIDAY)
    assert read("priya").headings == ["My work", "Nothing left"]
    filtered = read(query="?role=A")
    assert filtered.headings == ["My work", "No step matches"]
    assert filtered.links["Clear"] == "/my-work"
    finish_phase(project, cast)
    nothing_due = read()
    assert nothing_due.headings == ["My work", "Nothing due"]
    assert "Next: Create Design Overview Document, Nov 30 (MRW-1, Design)." in nothing_due.text
    assert nothing_due.links["Look at it"] == "/projects/MRW-1/steps/integration/design.overview-document/"


def test_nobody_looks_without_signing_in(client):
    assert client.get("/my-work")["Location"] == "/sign-in?next=/my-work"


# What it costs.


def test_the_number_of_queries_does_not_grow(make_project, client, cast):
    def count(who: str, query: str = "") -> int:
        client.force_login(getattr(cast, who))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/my-work{query}").status_code == 200
        return len(queries)

    def all_counts() -> dict[str, int]:
        return {
            "fifty": count("sofia"),
            "five hundred": count("sofia", "?show=500"),
            "later phases": count("ingrid", "?scope=all&role=A&show=500"),
            "nothing due": count("arun"),
            "nothing mine": count("priya"),
            "without seats": count("mallory"),
        }

    make_project(kickoff=FRIDAY)
    at_one = all_counts()
    assert at_one == {  # one of them asks which comments wait for an answer
        "fifty": 7,
        "five hundred": 7,
        "later phases": 7,
        "nothing due": 7,
        "nothing mine": 6,
        "without seats": 6,
    }
    for number in range(199):
        make_project(
            biller=f"Biller {number}", code=f"X{chr(65 + number // 26)}{chr(65 + number % 26)}", kickoff=FRIDAY
        )
        if number in {48, 198}:
            assert all_counts() == at_one
