"""The RAID log's pages: list, map, filters, item, forms that are refused, panels, history, and what they cost."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects import panels
from projects.models import Approval, Project
from records.models import RaidItem, RaidLink
from records.raid import become_issue, change_item, link_item, raise_item, review_log, show_item
from records.raid_page import log_address
from tests.projects.reading import Page
from tests.records.test_raid import a_risk, afresh, complete
from tests.transitions.made_up import a_step, publish, started
from transitions.clock import business_day
from transitions.models import TransitionRecord
from transitions.moves import bring_in, perform

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    return started(cast, publish(a_step(1), a_step(2)))


@pytest.fixture
def priya(cast: SimpleNamespace) -> Client:
    return signed_in(cast.priya)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def codes(html: str) -> list[str]:
    return re.findall(r'<td class="code">([RAID]-\d+)</td>', html)


def form_of(item: RaidItem, **changes: Any) -> dict[str, Any]:
    row = afresh(item)
    values = {
        "title": row.title, "cause": row.cause, "event": row.event, "effect": row.effect, "probability": row.probability or "",
        "impact": row.impact or "", "strategy": row.strategy, "response": row.response, "owner": row.owner_id or "",
        "due": row.due or "", "trend": row.trend, "notes": row.notes, "revision": row.revision,
    }  # fmt: skip
    return {**values, **changes}


def many(project: Project, number: int, cast: SimpleNamespace) -> None:
    """Items of every kind, state and weight, each with an owner and a link."""
    items = [
        RaidItem(
            project=project, kind="risk" if n % 2 else "issue", number=100 + n, title=f"Item {n}", event="it breaks",
            probability=n % 5 + 1 if n % 2 else None, impact=n % 4 + 1 if n % 2 else None, raised_by=cast.priya,
            owner=(cast.sofia, cast.arun)[n % 2], due=dt.date(2027, 1, n % 28 + 1), visible_to_customer=True,
        )
        for n in range(number)
    ]  # fmt: skip
    bring_in(
        items, RaidItem.objects.bulk_create, states=[{"state": "closed" if n % 7 == 6 else "open"} for n in range(number)],
        by=cast.priya, note="x", at=[dt.datetime.now(tz=dt.UTC)] * number,
    )  # fmt: skip
    step = project.steps.order_by("pk").first()
    RaidLink.objects.bulk_create([RaidLink(project=project, item=item, step=step) for item in items])


# The list


def test_the_address_is_what_the_site_map_says(project):
    assert log_address(project) == reverse("raid", args=[project.code])


def test_the_worst_comes_first(project, cast, priya):
    for probability, impact in ((1, 1), (5, 5), (3, 3)):
        a_risk(project, cast.priya, probability=probability, impact=impact, due=None)
    a_risk(project, cast.priya, probability=1, impact=1, due=dt.date(2020, 1, 1))
    raise_item(project, "issue", title="x", by=cast.priya)
    raise_item(project, "assumption", title="x", by=cast.priya)
    closed = a_risk(project, cast.priya, due=None)
    perform(closed, "close_item", by=cast.priya, note="x")

    assert codes(read(priya, log_address(project))) == ["R-4", "R-2", "I-1", "R-3", "A-1", "R-1"]
    assert codes(read(priya, log_address(project) + "?state=all"))[-1] == "R-5"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=risk", ["R-1", "R-2"]),
        ("kind=risk&sort=number", ["R-1", "R-2"]),
        ("sort=-number", ["R-2", "R-1", "I-1"]),
        ("sort=exposure&kind=risk", ["R-2", "R-1"]),
        ("state=closed", ["D-1"]),
        ("state=mitigating", ["I-1"]),
        ("state=all&kind=dependency", ["D-1"]),
        ("cell=4x5", ["R-1"]),
        ("q=cut-off&kind=risk", ["R-1", "R-2"]),
        ("q=r-2", ["R-2"]),
        ("q=%27%3B--", []),
        ("owner={sofia}", ["R-2"]),
        ("page=99&kind=risk", ["R-1", "R-2"]),
    ],
)
def test_the_address_says_which_items_are_shown(project, cast, priya, query, found):
    a_risk(project, cast.priya)
    a_risk(project, cast.priya, probability=1, impact=2, owner=cast.sofia)
    perform(raise_item(project, "issue", title="x", by=cast.priya), "mitigate", by=cast.priya)
    perform(raise_item(project, "dependency", title="x", by=cast.priya), "close_item", by=cast.priya, note="x")

    assert codes(read(priya, f"{log_address(project)}?{query.format(sofia=cast.sofia.pk)}")) == found


@pytest.mark.parametrize(
    "query", ["kind=wish", "state=gone", "owner=x", "owner=0", "cell=9x9", "sort=nothing", "page=0", "format=pdf"]
)
def test_what_an_address_cannot_ask_for_is_named(project, cast, priya, query):
    a_risk(project, cast.priya)
    html = read(priya, f"{log_address(project)}?{query}", 400)
    assert "The address asks for something that is not there" in html
    assert codes(html) == ["R-1"]


def test_an_address_is_tidied(project, priya):
    answer = priya.get(log_address(project), {"state": "", "owner": "", "q": "x", "kind": "risk"})
    assert (answer.status_code, answer["Location"]) == (302, f"{log_address(project)}?kind=risk&q=x")


def test_the_map_counts_open_risks_and_leads_to_them(project, cast, priya):
    for probability, impact in ((4, 5), (4, 5), (1, 1)):
        a_risk(project, cast.priya, probability=probability, impact=impact)
    perform(a_risk(project, cast.priya), "close_item", by=cast.priya, note="x")
    html = read(priya, log_address(project))

    cells = re.findall(
        r'<a href="([^"]*cell=[^"]*)"[^>]*><span aria-hidden="true">(\d+)</span><span[^>]*>([^<]*)', html
    )
    base = log_address(project)
    assert cells == [
        (f"{base}?kind=risk&cell=4x5", "2", "2 open risks with probability 4, impact 5"),
        (f"{base}?kind=risk&cell=1x1", "1", "1 open risk with probability 1, impact 1"),
    ]
    assert codes(read(priya, cells[0][0])) == ["R-1", "R-2"]
    assert len(re.findall(r'<td class="(?:low|medium|high|extreme)', html)) == 25


def test_a_list_that_is_empty_says_why(project, cast, priya):
    base = log_address(project)
    assert "No items yet" in read(priya, base)
    assert "Nobody has looked through the log yet." in read(priya, base)
    assert "Raise the first" in read(priya, base)
    assert "Raise the first" not in read(signed_in(cast.adele), base) or cast.adele.is_superuser
    review_log(project, by=cast.ivan)
    assert f"by {cast.ivan.name}" in read(priya, base)
    risk = a_risk(project, cast.priya)
    assert "No item matches" in read(priya, f"{base}?q=nothing-like-it")
    assert "No issues yet" in read(priya, f"{base}?kind=issue")
    perform(risk, "close_item", by=cast.priya, note="x")
    assert "No open risks" in read(priya, f"{base}?kind=risk")
    assert codes(read(priya, f"{base}?state=closed&kind=risk")) == ["R-1"]


def test_the_log_says_whether_it_is_active_and_when_it_was_looked_through(project, cast, priya):
    assert "The log is not active: no item is open." in read(priya, log_address(project))
    assert priya.post(reverse("raid-log-reviewed", args=[project.code]), {"note": "Quiet"}).status_code == 302
    assert priya.post(reverse("raid-log-reviewed", args=[project.code]), {"note": "x" * 501}).status_code == 400
    a_risk(project, cast.priya)
    html = read(priya, log_address(project))
    assert "The log is active" in html
    assert f"Log reviewed on {business_day():%b} {business_day().day} by Priya Nair." in html
    assert project.raid_reviews.get().note == "Quiet"


# One item


def test_raising_an_item(project, cast, priya):
    address = reverse("raid-new", args=[project.code])
    good = {
        "kind": "risk",
        "title": "Late\nfile",
        "probability": "4",
        "impact": "5",
        "owner": cast.sofia.pk,
        "due": "12/01/2026",
    }
    answer = priya.post(address, good)
    item = RaidItem.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{log_address(project)}R-1/")
    assert (item.title, item.exposure, item.owner, item.due, item.trend) == (
        "Late file",
        20,
        cast.sofia,
        dt.date(2026, 12, 1),
        "steady",
    )
    assert "It may happen that" in read(priya, address)
    assert "we assume that" in read(priya, f"{address}?kind=assumption").lower()
    assert 'name="probability"' not in read(priya, f"{address}?kind=issue")
    read(priya, f"{address}?kind=wish", 404)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": ""}, "Title: This field is required."),
        ({"title": "x" * 201}, "Title: Ensure this value has at most 200 characters"),
        ({"cause": "x" * 2001}, "Cause: Ensure this value has at most 2000 characters"),
        ({"impact": ""}, "Impact: Probability and impact go together"),
        ({"probability": ""}, "Probability: Probability and impact go together"),
        ({"probability": "7"}, "“7” is no probability: 1 to 5."),
        ({"owner": "{tess}"}, "That person has no seat on this project."),
        ({"owner": "x"}, "That person has no seat on this project."),
        ({"due": "soon"}, "Write the date as 2026-11-24"),
        ({"due": "0001-01-01"}, "Choose a date from"),
        ({"strategy": "hope"}, "“hope” is no strategy"),
        ({"title": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(project, cast, priya, changes, told):
    changes = {name: value.format(tess=cast.tess.pk) for name, value in changes.items()}
    sent = {
        "kind": "risk",
        "title": "Late file",
        "event": "what was typed",
        "probability": "4",
        "impact": "5",
        **changes,
    }
    answer = priya.post(reverse("raid-new", args=[project.code]), sent)
    html = unescape(answer.content.decode())
    assert (answer.status_code, RaidItem.objects.count()) == (400, 0)
    assert told in html
    assert ">\nwhat was typed</textarea>" in html


def test_markup_is_text(project, cast, priya):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    texts = dict.fromkeys(("title", "cause", "event", "effect", "response", "notes"), evil)
    item = raise_item(project, "risk", probability=5, impact=5, by=cast.priya, **texts)
    show_item(item, visible=True, with_response=True, by=cast.priya)
    link_item(item, step_id=project.board.steps[0].id, by=cast.priya)
    bo = signed_in(cast.bo)
    for client, address in (
        (priya, log_address(project)), (priya, item.get_absolute_url()), (priya, project.get_absolute_url()),
        (priya, project.step_url(project.board.steps[0].path)), (bo, project.get_absolute_url()),
    ):  # fmt: skip
        page = client.get(address).content.decode()
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page
        assert "<img" not in page


def test_editing_an_item(project, cast, priya):
    risk = a_risk(project, cast.priya)
    answer = priya.post(
        risk.get_absolute_url(), form_of(risk, title="Late", probability="1", impact="2", owner=cast.arun.pk)
    )
    assert (answer.status_code, answer["Location"]) == (302, risk.get_absolute_url())
    row = afresh(risk)
    assert (row.title, row.exposure, row.owner, row.revision) == ("Late", 2, cast.arun, 1)


def test_two_people_one_item(project, cast, priya):
    risk = a_risk(project, cast.priya)
    sent = form_of(risk, title="Mine", trend="down")
    change_item(risk, by=cast.sofia, title="Theirs", owner=cast.sofia)
    answer = priya.post(risk.get_absolute_url(), sent)
    html = unescape(answer.content.decode())

    assert answer.status_code == 409
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>', html)
    assert rows == [("Title", "Theirs", "Mine"), ("Owner", "Sofia Reyes", "–"), ("Trend", "Up", "Down")]
    assert afresh(risk).title == "Theirs"
    again = sent | {"revision": re.search(r'name="revision" value="(\d+)" id="edit_revision"', html)[1]}
    assert priya.post(risk.get_absolute_url(), again).status_code == 302
    assert (afresh(risk).title, afresh(risk).owner) == ("Mine", None)


def test_a_form_without_a_revision_writes_nothing(project, cast, priya):
    risk = a_risk(project, cast.priya)
    assert priya.post(risk.get_absolute_url(), form_of(risk, title="x", revision="")).status_code == 409
    assert afresh(risk).title == risk.title


def test_an_owner_whose_seat_went_may_stay(project, cast, priya):
    risk = a_risk(project, cast.priya, owner=cast.arun)
    project.seats.filter(person=cast.arun).update(person=None)
    assert priya.post(risk.get_absolute_url(), form_of(risk, title="Late")).status_code == 302
    assert (afresh(risk).title, afresh(risk).owner) == ("Late", cast.arun)


def test_moving_an_item(project, cast, priya):
    risk = a_risk(project, cast.priya)
    address = reverse("raid-move", args=[project.code, "R-1"])
    assert priya.post(address, {"move": "mitigate", "revision": 0}).status_code == 302
    assert priya.post(address, {"move": "close_item", "revision": 1, "note": ""}).status_code == 409
    stale = priya.post(address, {"move": "close_item", "revision": 0, "note": "what was typed"})
    assert (stale.status_code, "what was typed" in stale.content.decode()) == (409, True)
    assert priya.post(address, {"move": "fly", "revision": 1}).status_code == 400
    assert priya.post(address, {"move": "mitigate"}).status_code == 400
    assert priya.post(address, {"move": "close_item", "revision": 1, "note": "Two windows"}).status_code == 302
    assert afresh(risk).state == "closed"
    html = read(priya, risk.get_absolute_url())
    assert ("Two windows" in html, "Reopen" in html, "Start mitigating" in html) == (True, True, False)


def test_a_risk_becomes_an_issue_by_one_button(project, cast, priya):
    risk = a_risk(project, cast.priya)
    address = reverse("raid-issue", args=[project.code, "R-1"])
    assert "It happened: make it an issue" in read(priya, risk.get_absolute_url())
    assert priya.post(address, {"revision": 5}).status_code == 409
    answer = priya.post(address, {"revision": 0})
    assert answer["Location"] == f"{log_address(project)}I-1/"
    assert f'<a href="{risk.get_absolute_url()}">R-1' in read(priya, answer["Location"])
    html = read(priya, risk.get_absolute_url())
    assert f'<a href="{answer["Location"]}">I-1' in html
    assert "It happened: make it an issue" not in html
    assert priya.post(address, {"revision": afresh(risk).revision}).status_code == 409


def test_reviewing_showing_and_linking(project, cast, priya):
    risk, step = a_risk(project, cast.priya), project.board.steps[0]
    decision = Approval(project=project, step_id=step.id, decision="approved", by=cast.ingrid)
    decision.save()
    base = risk.get_absolute_url()
    assert priya.post(f"{base}reviewed").status_code == 302
    assert priya.post(f"{base}customer", {"visible": "on", "revision": 0}).status_code == 302
    assert priya.post(f"{base}customer", {"revision": 0}).status_code == 409
    assert priya.post(f"{base}links", {"target": f"step:{step.id}"}).status_code == 302
    assert priya.post(f"{base}links", {"target": f"decision:{decision.pk}"}).status_code == 302
    assert signed_in(cast.sofia).post(f"{base}customer", {"revision": 1}).status_code == 403
    html = read(priya, base)
    assert (f'<a href="{project.step_url(step.path)}">1 Step 1</a>' in html, "Customer sees it" in html) == (True, True)
    assert f'<a href="{reverse("sign-off", args=[project.code, decision.pk])}">Step 1: approved on' in html
    assert "In the RAID log" in read(priya, project.step_url(step.path))
    for bad in (
        {"target": "step:0"},
        {"target": "step:999999"},
        {"target": "x"},
        {},
        {"target": f"step:{step.id}", "remove": 1},
    ):
        assert priya.post(f"{base}links", bad).status_code == 400, bad
    assert priya.post(f"{base}links", {"remove": risk.links.first().pk}).status_code == 302
    assert risk.links.count() == 1


def test_a_step_of_another_project_is_no_target(project, cast, priya):
    foreign = started(
        cast, publish(a_step(1), slug="other"), biller_name="Copperline Gas", biller_code="CPG", people={}
    )
    risk = a_risk(project, cast.priya)
    answer = priya.post(f"{risk.get_absolute_url()}links", {"target": f"step:{foreign.board.steps[0].id}"})
    assert (answer.status_code, RaidLink.objects.count()) == (400, 0)
    assert "Choose a step or a decision of this project." in answer.content.decode()


def test_an_item_of_another_project_is_not_there(project, cast, priya):
    foreign = started(
        cast, publish(a_step(1), slug="other"), biller_name="Copperline Gas", biller_code="CPG", people={}
    )
    item = raise_item(foreign, "issue", title="sekret", by=cast.adele)
    for code in (foreign.code, project.code):
        for name in ("raid-item", "raid-move", "raid-issue", "raid-reviewed", "raid-customer", "raid-links"):
            assert priya.post(reverse(name, args=[code, item.code]), {"revision": 0}).status_code == 404
    read(signed_in(cast.mallory), log_address(project), 404)


def test_who_sees_all_but_has_no_seat_reads(project, cast):
    risk = a_risk(project, cast.priya)
    link_item(risk, step_id=project.board.steps[0].id, by=cast.priya)
    cast.tess.groups.add(Group.objects.get(name="Portfolio"))
    reader = signed_in(cast.tess)
    for address in (log_address(project), risk.get_absolute_url()):
        page = Page(read(reader, address))
        assert not any(
            word in page.text for word in ("Raise an item", "Edit", "Reviewed today", "It happened", "Link it")
        )
    assert reader.post(risk.get_absolute_url(), form_of(risk, title="x")).status_code == 403
    assert reader.post(reverse("raid-new", args=[project.code]), {"kind": "issue", "title": "x"}).status_code == 403
    assert afresh(risk).title == risk.title


def test_a_finished_project_is_read_and_refuses(project, cast, priya):
    risk = a_risk(project, cast.priya)
    complete(project, cast)
    html = read(priya, risk.get_absolute_url())
    assert [word for word in ("Save", "Link it", "Reviewed today") if word in html] == []
    assert priya.post(risk.get_absolute_url(), form_of(risk, title="x")).status_code == 409
    assert (
        priya.post(reverse("raid-move", args=[project.code, "R-1"]), {"move": "mitigate", "revision": 0}).status_code
        == 409
    )
    assert priya.post(reverse("raid-log-reviewed", args=[project.code])).status_code == 409
    assert priya.post(reverse("raid-new", args=[project.code]), {"kind": "issue", "title": "x"}).status_code == 409


# Elsewhere


def test_another_room_may_hang_a_panel_on_an_item(project, cast, priya, monkeypatch):
    seen = []
    monkeypatch.setitem(panels._sources, "raid-item", [lambda *asked: seen.append(asked)])
    risk = a_risk(project, cast.priya)
    read(priya, risk.get_absolute_url())
    assert seen == [(risk, cast.priya, business_day())]


def test_the_projects_page_shows_the_log_in_short(project, cast, priya):
    empty = read(priya, project.get_absolute_url())
    assert ("Nothing in the log yet." in empty, f'href="{log_address(project)}">RAID log' in empty) == (True, True)
    for probability in (1, 5, 3, 4):
        a_risk(project, cast.priya, probability=probability)
    raise_item(project, "issue", title="x", by=cast.priya)
    panel = (
        read(priya, project.get_absolute_url())
        .partition('aria-labelledby="raid-heading"')[2]
        .partition("</section>")[0]
    )
    assert re.findall(r">([RAID]-\d) ", panel) == ["R-2", "R-4", "R-3"]
    assert re.findall(r">(\d \w+)<", panel) == ["4 risks", "0 assumptions", "1 issue", "0 dependencies"]


def test_history_tells_of_items_moves_and_links(project, cast, priya):
    risk = a_risk(project, cast.priya, owner=cast.sofia)
    change_item(risk, by=cast.sofia, title="Late file", owner=cast.arun)
    link_item(risk, step_id=project.board.steps[0].id, by=cast.sofia)
    perform(risk, "close_item", by=cast.priya, note="Done")
    text = Page(read(priya, reverse("project-history", args=[project.code]))).text
    assert "R-1 Late file, MRW-1 → Step 1, MRW-1 made" in text
    assert "R-1 Late file, MRW-1 closed State Open → became Closed “Done”" in text
    assert "Owner Sofia Reyes → became Arun Patel" in text
    one = read(priya, reverse("project-history", args=[project.code]) + f"?what=raid&object={risk.pk}")
    assert one.count('class="change') == 2


# What it costs


def test_pages_and_exports_take_a_fixed_number_of_queries(project, cast, priya):
    def look(client: Client, address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address)
            assert answer.status_code == 200
            assert b"".join(answer) != b""
        return len(asked)

    base, bo = log_address(project), signed_in(cast.bo)
    pages = [
        (priya, base), (priya, f"{base}?state=all&sort=-owner"), (priya, f"{base}?state=all&format=csv"),
        (priya, f"{base}?state=all&format=xlsx"), (priya, project.get_absolute_url()), (priya, f"{base}R-101/"),
        (priya, project.step_url(project.board.steps[0].path)), (bo, project.get_absolute_url()),
    ]  # fmt: skip
    many(project, 20, cast)
    few = [look(*page) for page in pages]
    items = [
        RaidItem(
            project=project, kind="risk", number=1000 + n, title=f"More {n}", probability=n % 5 + 1, impact=n % 4 + 1,
            raised_by=cast.priya, owner=(cast.ivan, cast.ingrid)[n % 2], visible_to_customer=True,
        )
        for n in range(480)
    ]  # fmt: skip
    RaidItem.objects.bulk_create(items)
    RaidLink.objects.bulk_create(
        [RaidLink(project=project, item=item, step_id=project.board.steps[0].id) for item in items]
    )
    many_ = [look(*page) for page in pages]

    assert RaidItem.objects.count() == 500
    assert many_ == few
    assert [most >= cost for most, cost in zip((14, 14, 9, 9, 17, 12, 22, 20), few, strict=True)] == [True] * len(
        few
    ), few


def test_fifty_items_are_on_a_page(project, cast, priya):
    many(project, 140, cast)
    html = read(priya, log_address(project))
    assert (len(codes(html)), "1–50 of 120" in html) == (50, True)
    assert len(codes(read(priya, f"{log_address(project)}?page=3"))) == 20


def test_an_issue_from_a_risk_keeps_both_in_the_record(project, cast):
    issue = become_issue(a_risk(project, cast.priya), by=cast.priya)
    assert [str(record) for record in TransitionRecord.objects.under(project) if record.move == "close_item"] == [
        "R-1 The balance file is late: close_item (open → closed)"
    ]
    assert issue.code == "I-1"
