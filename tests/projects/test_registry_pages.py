"""The pages of the registry: what they say, to whom, what they refuse, and what they cost."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Biller, BillerMrr, CoreSystem, CoreSystemProduct, LiveCustomer, Partner, Project
from projects.registry import add_live_customer, add_mrr, seen_of
from projects.registry_page import mrr_chart
from projects.updates import post_update
from tests.projects.reading import Page
from transitions.moves import perform

NOW = dt.datetime(2026, 11, 23, 13, 55, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
INSIDE = ("priya", "ivan", "sofia", "tess", "dele", "adele", "mallory")
#: As a sheet has it: a date is a moment without a zone there.
MARCH = dt.datetime(2024, 3, 1)  # noqa: DTZ001
MARKUP = "<script>alert(1)</script>"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def tyndall() -> CoreSystem:
    return CoreSystem.objects.create(name="Tyndall", vendor=Partner.objects.create(name="Tyndall Systems"))


@pytest.fixture
def ashby(cast: SimpleNamespace) -> Biller:
    row = Biller.objects.create(name="Ashby Gas", code="ASH", vertical="utility", state="OH", enterprise=True)
    for day, amount in ((dt.date(2026, 1, 5), 900), (dt.date(2026, 6, 1), 12400)):
        add_mrr(row, as_of=day, amount=Decimal(amount), note="Contract", by=cast.priya)
    return row


Ask = Callable[..., Any]


@pytest.fixture
def ask(cast: SimpleNamespace) -> Ask:
    """Return a function that gets (or, with data, posts to) an address as somebody, and holds the status."""

    def go(who: str, address: str, data: dict[str, Any] | None = None, *, status: int = 200) -> Any:
        client = Client()
        client.force_login(getattr(cast, who))
        response = client.get(address) if data is None else client.post(address, data)
        assert response.status_code == status, (who, address, response.status_code)
        return response

    return go


def page_of(response: Any) -> Page:
    return Page(response.content.decode())


def seen_in(response: Any) -> str:
    """Return what the form of a page carries of the row that it was filled from."""
    found = re.search(r'name="seen" value="([0-9a-f]+)"', response.content.decode())
    assert found, "the form carries nothing"
    return found[1]


def path(name: str, *parts: Any) -> str:
    return reverse(name, args=parts)


# Billers.


def test_the_list_names_billers_and_the_projects_that_one_sees(ask, ashby, tyndall, make_project, cast) -> None:
    own = make_project(biller="Marrow County Tax", core_system="Tyndall")
    make_project(biller="Copperline Gas", vertical="utility", people={}, by=cast.adele)
    add_live_customer(tyndall, ashby, since=dt.date(2024, 3, 1), by=cast.adele)
    rows = page_of(ask("priya", "/billers/")).rows
    assert [row.words for row in rows] == [
        ["Ashby Gas ASH ◆ Enterprise", "Utility", "Ohio", "$12,400", "–", "Mar 1, 2024"],
        ["Copperline Gas CPR", "Utility", "–", "–", "–", "–"],
        ["Marrow County Tax MRW", "Tax office", "–", "–", "MRW-1 Discovery – No update yet", "–"],
    ]
    assert rows[2].links == ["/billers/MRW/", own.get_absolute_url()]
    assert page_of(ask("adele", "/billers/")).rows[1][4] == "CPR-1 Discovery – No update yet"
    assert page_of(ask("mallory", "/billers/")).rows[2][4] == "–"


def test_a_project_shows_what_was_last_said_of_its_health_and_costs_no_query_for_it(ask, make_project, cast) -> None:
    project = make_project(biller="Marrow County Tax")
    post_update(project, health="at_risk", reason="The file layout is late.", by=cast.priya, key=uuid.uuid4())
    assert page_of(ask("priya", "/billers/")).rows[0][4] == "MRW-1 Discovery ◷ At risk"
    assert "MRW-1 Discovery ◷ At risk" in page_of(ask("priya", "/billers/MRW/")).text

    perform(Project.objects.get(), "hold", by=cast.priya, note="Budget")
    assert page_of(ask("priya", "/billers/")).rows[0][4] == "MRW-1 Discovery ◷ On hold ◷ At risk"
    assert counted(cast.priya, ["/billers/", "/billers/MRW/"]) == [7, 8]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("?q=ash", ["ASH"]),
        ("?q=water", ["HLD", "WND"]),
        ("?vertical=tax", ["MRW"]),
        ("?state=OH", ["ASH", "HLD"]),
        ("?state=none", ["MRW", "WND"]),
        ("?enterprise=1", ["ASH"]),
        ("?state=OH&enterprise=1&q=gas", ["ASH"]),
        ("?state=TX", []),
    ],
)
def test_filters_are_in_the_address(ask, ashby, query, codes) -> None:
    others = (
        ("Halden Water", "HLD", "utility", "OH"), ("Marrow County Tax", "MRW", "tax", ""),
        ("Windham Water", "WND", "utility", ""),
    )  # fmt: skip
    for name, code, vertical, state in others:
        Biller.objects.create(name=name, code=code, vertical=vertical, state=state)
    page = page_of(ask("mallory", f"/billers/{query}"))
    assert [row.links[0].split("/")[2] for row in page.rows] == codes
    assert ("No biller matches" in page.text) == (not codes)


def test_an_address_that_asks_for_nothing_known_says_so_and_the_rest_holds(ask, ashby) -> None:
    page = page_of(ask("priya", f"/billers/?state=XX&vertical={MARKUP}&q=ash&page=0", status=400))
    assert "“XX” is no state that the list knows." in page.text
    assert len(page.rows) == 1
    assert MARKUP not in ask("priya", f"/billers/?q={MARKUP}").content.decode()
    assert ask("priya", "/billers/?q=&state=OH", status=302)["Location"] == "/billers/?state=OH"
    assert ask("priya", "/integrations/?unconfirmed=2", status=400)


def test_lists_that_are_empty_say_why_and_what_to_do(ask) -> None:
    assert "No billers yet" in page_of(ask("mallory", "/billers/")).text
    assert page_of(ask("priya", "/billers/")).links["Add a biller"] == "/billers/add"
    assert "No core systems yet" in page_of(ask("mallory", "/integrations/")).text
    CoreSystem.objects.create(name="Tyndall")
    assert "No core system matches" in page_of(ask("mallory", "/integrations/?q=orion")).text


def test_the_page_of_a_biller_shows_its_mrr_as_steps_and_as_a_table(ask, ashby, cast) -> None:
    add_mrr(ashby, as_of=dt.date(2026, 6, 1), amount=Decimal("12500.50"), note=MARKUP, by=cast.ivan)
    response = ask("sofia", "/billers/ash/")
    page = page_of(response)
    assert page.headings[:2] == ["Ashby Gas", "MRR over time"]
    assert "$12,500.50 a month, as of today" in page.text
    assert [row.words[:2] for row in page.rows] == [
        ["Jun 1, 2026", "$12,500.50"],
        ["Jun 1, 2026", "$12,400 corrected"],
        ["Jan 5, 2026", "$900"],
    ]
    body = response.content.decode()
    assert 'aria-label="MRR from $900 on Jan 5, 2026 to $12,500.50, as of today"' in body
    assert MARKUP not in body
    assert "style=" not in body


def test_the_line_of_the_chart_steps_from_day_to_day() -> None:
    days = [
        (dt.date(2026, 1, 1), Decimal(500)),
        (dt.date(2026, 1, 6), Decimal(1000)),
        (dt.date(2027, 1, 1), Decimal(9)),
    ]
    chart = mrr_chart(days, dt.date(2026, 1, 11))
    assert chart is not None
    assert chart.line == "M4.0 60.0H320.0V10.0H636"
    assert (chart.end_y, chart.first, chart.last) == (10.0, "Jan 1, 2026", "Jan 11, 2026")
    nothing = mrr_chart([(TODAY, Decimal(0))], TODAY)
    assert nothing is not None
    assert (nothing.line, nothing.words) == ("M4.0 110.0H636", "MRR $0, as of today")
    assert mrr_chart([], TODAY) is None
    assert mrr_chart([(dt.date(2027, 1, 1), Decimal(9))], TODAY) is None


def test_projects_that_one_may_not_open_are_counted_and_not_named(ask, make_project, cast) -> None:
    make_project(biller="Copperline Gas", people={}, by=cast.adele)
    text = page_of(ask("priya", "/billers/CPR/")).text
    assert "1 project on which you have no seat." in text
    assert "CPR-1" not in text
    assert "CPR-1 Discovery" in page_of(ask("adele", "/billers/CPR/")).text


def test_mrr_is_entered_on_the_page(ask, ashby) -> None:
    ask("ivan", "/billers/ASH/mrr", {"as_of": "11/23/2026", "amount": "15000", "note": ""}, status=302)
    assert "$15,000 a month" in page_of(ask("ivan", "/billers/ASH/")).text
    for wrong, words in (
        ({"as_of": "2026-11-24"}, "That day is still to come"),
        ({"amount": "-1"}, "MRR is never below 0."),
        ({"amount": "lots"}, "Write a number"),
        ({"as_of": "soon"}, "Write the date as"),
        ({"as_of": ""}, "This field is required"),
    ):
        refused = ask(
            "ivan", "/billers/ASH/mrr", {"as_of": "2026-11-01", "amount": "7", "note": "kept"} | wrong, status=400
        )
        assert words in page_of(refused).text
        assert 'value="kept"' in refused.content.decode()
    assert BillerMrr.objects.count() == 3


def test_facts_are_edited_and_a_stale_form_shows_both_values(ask, ashby) -> None:
    opened = ask("priya", "/billers/ASH/edit")
    mine = {"name": "Ashby Gas Works", "vertical": "utility", "state": "PA", "seen": seen_in(opened)}
    Biller.objects.update(state="TX")
    refused = ask("priya", "/billers/ASH/edit", mine, status=409)
    assert [row.words for row in page_of(refused).rows] == [
        ["Name", "Ashby Gas", "Ashby Gas Works"], ["State", "TX", "PA"], ["Enterprise: usually gets a TSM", "yes", "no"],
    ]  # fmt: skip
    assert (Biller.objects.get().state, Biller.objects.get().name) == ("TX", "Ashby Gas")
    again = mine | {"seen": seen_in(refused)}
    assert ask("priya", "/billers/ASH/edit", again, status=302)["Location"] == "/billers/ASH/"
    assert Biller.objects.get().state == "PA"
    text = page_of(ask("mallory", "/billers/ASH/history")).text
    assert "Texas → became Pennsylvania" in text.replace("  ", " ")


def test_an_unknown_state_is_refused_with_what_was_typed(ask, ashby) -> None:
    seen = seen_of(ashby)
    refused = ask(
        "priya", "/billers/ASH/edit", {"name": MARKUP, "vertical": "utility", "state": "ZZ", "seen": seen}, status=400
    )
    assert "“ZZ” is no state of the US" in page_of(refused).text
    assert MARKUP not in refused.content.decode()
    assert "&lt;script&gt;" in refused.content.decode()


def test_a_biller_from_before_is_added(ask) -> None:
    data = {"name": "Halden Water", "code": "hld", "vertical": "utility", "state": "OH", "enterprise": "on"}
    assert ask("priya", "/billers/add", data, status=302)["Location"] == "/billers/HLD/"
    row = Biller.objects.get()
    assert (row.code, row.state, row.enterprise) == ("HLD", "OH", True)
    assert "already exists" in page_of(ask("priya", "/billers/add", data | {"name": "Another"}, status=400)).text


# Integrations.


def test_the_matrix_has_a_chip_for_each_product_and_counts_customers(ask, ashby, tyndall, cast) -> None:
    tyndall.products.create(product="payments", stage="released")
    tyndall.products.create(product="claims", to_confirm=True, doubt="Lost by the scrape")
    CoreSystem.objects.create(name="Lodestar")
    add_live_customer(tyndall, ashby, since=None, by=cast.adele)
    page = page_of(ask("mallory", "/integrations/"))
    assert [row.words for row in page.rows] == [
        ["Lodestar", *["– nothing"] * 6, "0"],
        [
            "Tyndall Tyndall Systems",
            "✓ Released",
            *["– nothing"] * 3,
            "– Not known ? To be confirmed",
            "– nothing",
            "1",
        ],
    ]
    assert page.links["To be confirmed: 1"] == "/integrations/?unconfirmed=1"
    assert [row[0] for row in page_of(ask("mallory", "/integrations/?unconfirmed=1")).rows] == [
        "Tyndall Tyndall Systems"
    ]
    assert [row[0] for row in page_of(ask("mallory", "/integrations/?q=systems")).rows] == ["Tyndall Tyndall Systems"]


def test_the_page_of_an_integration_says_what_the_next_customer_would_be(ask, ashby, tyndall, cast) -> None:
    for number in range(3):
        row = Biller.objects.create(name=f"Tax {number}", code=f"TX{'ABC'[number]}", vertical="tax", state="PA")
        add_live_customer(tyndall, row, since=None, by=cast.adele)
    text = page_of(ask("mallory", path("integration", tyndall.pk))).text
    assert (
        "Tax office ✓ Existing 3 live. Fourth tax office on this integration: existing. In a state other than PA: new."
        in text
    )
    assert "Utility ✦ New 0 live. First utility on this integration: new." in text
    assert "Remove" not in text


def test_a_product_is_added_changed_and_confirmed(ask, tyndall, cast) -> None:
    products = path("add-product", tyndall.pk)
    ask("priya", products, {"product": "claims", "stage": "", "details": MARKUP}, status=302)
    twice = ask("priya", products, {"product": "claims", "stage": "released", "details": "kept"}, status=400)
    assert "there already for this core system" in page_of(twice).text
    assert 'value="kept"' in twice.content.decode()
    assert MARKUP not in twice.content.decode()
    row = CoreSystemProduct.objects.get()
    CoreSystemProduct.objects.update(to_confirm=True, doubt="Lost by the scrape")
    row.refresh_from_db()
    here, confirm = path("integration-product", tyndall.pk, row.pk), path("confirm-product", tyndall.pk, row.pk)
    assert "Lost by the scrape" in page_of(ask("priya", here)).text
    ask("priya", confirm, {"seen": seen_of(row)}, status=403)
    unknown = ask("adele", confirm, {"seen": seen_of(row)}, status=409)
    assert "Say first how far Claims on Tyndall is" in page_of(unknown).text
    mine = {"product": "claims", "stage": "in_progress", "details": "", "seen": seen_of(row)}
    CoreSystemProduct.objects.update(stage="released")
    stale = ask("priya", here, mine, status=409)
    assert ["How far", "released", "in_progress"] in [line.words for line in page_of(stale).rows]
    ask("priya", here, mine | {"seen": seen_in(stale)}, status=302)
    assert "changed since you saw it" in page_of(ask("adele", confirm, {"seen": seen_of(row)}, status=409)).text
    row.refresh_from_db()
    ask("adele", confirm, {"seen": seen_of(row)}, status=302)
    row.refresh_from_db()
    assert (row.to_confirm, row.confirmed_by, row.stage) == (False, cast.adele, "in_progress")
    assert "Confirmed by Adele Novak, Nov 23, 2026" in page_of(ask("mallory", path("integration", tyndall.pk))).text
    assert "In progress" in page_of(ask("mallory", path("integration-history", tyndall.pk))).text


def test_customers_from_before_are_entered_by_code_or_name_and_taken_back(ask, ashby, tyndall) -> None:
    here = path("live-customers", tyndall.pk)
    ask("priya", here, {"biller": "ASH", "since": ""}, status=403)
    for wrong, words in (
        ({"biller": "Nobody"}, "There is no biller “Nobody”"),
        ({"biller": MARKUP}, "There is no biller"),
        ({"since": "2026-11-24"}, "That day is still to come"),
    ):
        refused = ask("adele", here, {"biller": "ash", "since": "", "note": "kept"} | wrong, status=400)
        assert words in page_of(refused).text
        assert MARKUP not in refused.content.decode()
        assert 'value="kept"' in refused.content.decode()
    ask("adele", here, {"biller": "ashby gas", "since": "Mar 1, 2024", "note": "List of 2024"}, status=302)
    assert "entered already" in page_of(ask("adele", here, {"biller": "ASH", "since": ""}, status=400)).text
    row = LiveCustomer.objects.get()
    shown = page_of(ask("adele", path("integration", tyndall.pk)))
    assert shown.rows[0].words[:4] == ["Ashby Gas", "Utility", "Ohio", "Mar 1, 2024"]
    other = CoreSystem.objects.create(name="Lodestar")
    gone = {"act": "remove", "customer": row.pk}
    ask("adele", path("live-customers", other.pk), gone, status=404)
    ask("priya", here, gone, status=403)
    ask("adele", here, {"act": "remove", "customer": "x"}, status=400)
    ask("adele", here, gone, status=302)
    assert not LiveCustomer.objects.exists()


def test_a_core_system_is_edited_with_its_partner(ask, tyndall) -> None:
    here = path("edit-integration", tyndall.pk)
    mine = {"name": "Tyndall", "partner": "Orion", "seen": seen_of(tyndall)}
    CoreSystem.objects.update(vendor=None)
    stale = ask("priya", here, mine, status=409)
    assert [row.words for row in page_of(stale).rows] == [["Partner", "–", "Orion"]]
    ask("priya", here, mine | {"seen": seen_in(stale)}, status=302)
    assert CoreSystem.objects.get().vendor.name == "Orion"
    CoreSystem.objects.create(name="Lodestar")
    taken = {"name": "Lodestar", "partner": "", "seen": seen_of(CoreSystem.objects.get(name="Tyndall"))}
    assert "already exists" in page_of(ask("priya", here, taken, status=400)).text


# Who.


def addresses(ashby: Biller, tyndall: CoreSystem) -> dict[str, str]:
    row = CoreSystemProduct.objects.create(core_system=tyndall, product="claims", stage="released", to_confirm=True)
    return {
        "billers": "/billers/", "biller": "/billers/ASH/", "history": "/billers/ASH/history", "add": "/billers/add",
        "edit": "/billers/ASH/edit", "mrr": "/billers/ASH/mrr", "integrations": "/integrations/",
        "integration": path("integration", tyndall.pk), "edit-integration": path("edit-integration", tyndall.pk),
        "integration-history": path("integration-history", tyndall.pk), "customers": path("live-customers", tyndall.pk),
        "add-product": path("add-product", tyndall.pk), "product": path("integration-product", tyndall.pk, row.pk),
        "confirm": path("confirm-product", tyndall.pk, row.pk),
    }  # fmt: skip


def test_everybody_inside_reads_it_keepers_write_it_and_nobody_outside_finds_it(ask, ashby, tyndall) -> None:
    found = addresses(ashby, tyndall)
    kept = {"add", "edit", "edit-integration", "product"}
    posted = {"mrr", "customers", "add-product", "confirm"}
    for name, address in found.items():
        for who in INSIDE:
            status = 405 if name in posted else 403 if name in kept and who not in {"priya", "ivan", "adele"} else 200
            ask(who, address, status=status)
        for who in ("bo", "pat"):
            ask(who, address, status=405 if name in posted else 404)
            ask(who, address, {"seen": ""}, status=404 if name in kept | posted else 405)
        if name in kept | posted:
            for who in ("sofia", "mallory"):
                ask(who, address, {"seen": "", "biller": "ASH"}, status=403)


def test_what_is_not_there_is_404(ask, tyndall) -> None:
    nobody = tyndall.pk + 1
    for address in (
        "/billers/NIL/",
        "/billers/NIL/edit",
        f"/integrations/{nobody}/",
        f"/integrations/{10**30}/",
        f"/integrations/{nobody}/products/1/",
    ):
        ask("adele", address, status=404)
    other = CoreSystem.objects.create(name="Lodestar").products.create(product="claims")
    ask("adele", path("integration-product", tyndall.pk, other.pk), status=404)


def test_the_portfolio_leads_to_the_registry(ask) -> None:
    assert page_of(ask("mallory", "/projects/")).links["Registry"] == "/billers/"


# Files.


def sheets(response: Any) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_billers_as_a_file_have_numbers_and_dates(ask, ashby, tyndall, make_project, cast) -> None:
    add_live_customer(tyndall, ashby, since=dt.date(2024, 3, 1), by=cast.adele)
    Biller.objects.create(name="=1+1", code="EQ")
    make_project(biller="Copperline Gas", people={}, by=cast.adele)
    found = sheets(ask("priya", "/billers/?format=xlsx"))
    assert found["Billers"][1:] == [
        ("=1+1", "EQ", "Utility", None, "No", None, None, 0, None),
        ("Ashby Gas", "ASH", "Utility", "OH", "Yes", 12400, MARCH, 0, None),
        ("Copperline Gas", "CPR", "Tax office", None, "No", None, None, 1, None),
    ]
    only = sheets(ask("priya", "/billers/?enterprise=1&format=xlsx"))
    assert [row[0] for row in only["Billers"][1:]] == ["Ashby Gas"]
    assert ("Filters", "enterprise=1") in only["About"]


def test_integrations_as_a_file_have_their_products_and_customers(ask, ashby, tyndall, cast) -> None:
    tyndall.products.create(product="claims", to_confirm=True, doubt="Lost")
    CoreSystem.objects.create(name="Lodestar")
    add_live_customer(tyndall, ashby, since=dt.date(2024, 3, 1), by=cast.adele)
    found = sheets(ask("mallory", "/integrations/?format=xlsx"))
    assert found["Integrations"][1:] == [
        ("Lodestar", None, None, None, None, None, None, None, None, 0),
        ("Tyndall", "Tyndall Systems", "Claims", None, None, "Yes", "Lost", None, None, 1),
    ]
    assert found["Customers live"][1:] == [("Tyndall", "Ashby Gas", "ASH", "Utility", "OH", MARCH, "Entered")]


# The start of a project.


def test_the_preview_of_a_start_says_whether_the_integration_is_new(ask, tyndall, playbooks, cast) -> None:
    for code in ("AAA", "BBB"):
        row = Biller.objects.create(name=f"Gas {code}", code=code, vertical="utility")
        add_live_customer(tyndall, row, since=None, by=cast.adele)
    typed = {
        "act": "preview",
        "biller_name": "New Gas",
        "vertical": "utility",
        "core_system": "Tyndall",
        "integration_kind": "partner",
    }
    words = "Third utility on this integration: existing."
    assert words in page_of(ask("priya", "/projects/start", typed)).text
    assert "this integration" not in page_of(ask("priya", "/projects/start", typed | {"core_system": ""})).text
    assert "this integration" not in page_of(ask("priya", "/projects/start", typed | {"core_system": "a\x00b"})).text
    assert "this integration" not in page_of(ask("priya", "/projects/start")).text


# What it costs.


def counted(person: Any, addresses: list[str]) -> list[int]:
    client = Client()
    client.force_login(person)
    found = []
    for address in addresses:
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        found.append(len(caught))
    return found


def many(cast: SimpleNamespace, start: int, stop: int) -> None:
    """Make billers with MRR, each live on a core system of its own and on Tyndall, whose product it is."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    shared = CoreSystem.objects.get(name="Tyndall")
    for number in range(start, stop):
        code = f"Q{letters[number // 26]}{letters[number % 26]}"
        row = Biller.objects.create(name=f"Biller {number:03}", code=code, state="OH")
        BillerMrr(biller=row, as_of=TODAY, amount=number, by=cast.priya).save()
        own = CoreSystem.objects.create(name=f"System {number:03}", vendor=shared.vendor)
        own.products.create(product="claims", stage="released", confirmed_by=cast.adele, confirmed_at=NOW)
        for system in (own, shared):
            LiveCustomer.objects.create(core_system=system, biller=row, since=TODAY)


def test_queries_are_the_same_for_three_billers_and_for_two_hundred(ashby, tyndall, make_project, cast) -> None:
    make_project(biller="Marrow County Tax", core_system="Tyndall", mrr=Decimal(5))
    pages = [
        "/billers/", "/integrations/", "/billers/ASH/", path("integration", tyndall.pk), "/billers/?format=xlsx",
        "/integrations/?format=xlsx",
    ]  # fmt: skip
    many(cast, 0, 3)
    few = counted(cast.priya, pages)
    for number in range(10, 30):
        make_project(biller=f"Biller {number:03}", code=f"W{chr(55 + number)}", core_system="Tyndall")
    many(cast, 30, 227)
    assert counted(cast.priya, pages) == few
    assert max(few) <= 15, few


def test_a_long_list_has_pages_of_fifty(ask, ashby, tyndall, cast) -> None:
    many(cast, 0, 60)
    first = ask("priya", "/billers/")
    assert len(page_of(first).rows) == 50
    assert "1–50 of 61" in page_of(first).text
    assert len(page_of(ask("priya", "/billers/?page=2")).rows) == 11
    assert len(page_of(ask("priya", "/integrations/?page=2")).rows) == 11
    assert re.search(r'href="/billers/\?page=2"', first.content.decode())


def test_projects_keep_their_words_where_a_biller_is_renamed(ask, make_project) -> None:
    project = make_project(biller="Marrow County Tax")
    data = {"name": "Marrow Tax Office", "vertical": "tax", "state": "PA", "seen": seen_of(project.biller)}
    ask("priya", "/billers/MRW/edit", data, status=302)
    assert (Project.objects.get().name, Biller.objects.get().name) == ("Marrow County Tax", "Marrow Tax Office")
