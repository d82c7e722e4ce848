"""Who is live on which integration, and whether it counts as new: domain.md, Tier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.customers import (
    Customer,
    FirstCustomers,
    Verdict,
    counts_live,
    customers_live,
    foresee,
    is_new_integration,
    judge,
    live_on,
    ordinal_word,
)
from projects.models import Biller, CoreSystem, IntegrationKind, LiveCustomer, Project, Vertical
from tests.cast import finish_phase
from transitions.moves import perform
from transitions.phase import Phase

DAY = dt.date(2026, 1, 5)
FIRST = FirstCustomers()
UTILITY, TAX, INSURANCE = "utility", "tax", "insurance"


def customer(number: int, vertical: str = UTILITY, state: str = "OH", since: dt.date | None = DAY) -> Customer:
    return Customer(1, "Tyndall", number, f"Biller {number}", f"B{number}", vertical, state, since, entered=False)


def verdict(
    live: list[Customer], vertical: str = UTILITY, state: str = "OH", biller: int | None = 99, kind: str = "partner"
) -> Verdict:
    return judge(kind=kind, vertical=vertical, state=state, biller_id=biller, customers=live, first=FIRST)


# The rule.


@pytest.mark.parametrize(
    ("vertical", "already", "new", "words"),
    [
        (UTILITY, 0, True, "First utility on this integration: new."),
        (UTILITY, 1, True, "Second utility on this integration: new."),
        (UTILITY, 2, False, "Third utility on this integration: existing."),
        (TAX, 2, True, "Third tax office on this integration: new."),
        (TAX, 3, False, "Fourth tax office on this integration: existing."),
        (INSURANCE, 0, True, "First insurer on this integration: new."),
        (INSURANCE, 1, False, "Second insurer on this integration: existing."),
        ("other", 1, False, "Second customer of other trades on this integration: existing."),
    ],
)
def test_the_first_customers_of_a_trade_are_new(vertical: str, already: int, new: bool, words: str) -> None:
    live = [customer(number, vertical) for number in range(already)]
    assert verdict(live, vertical) == Verdict(new, already + 1, words)


def test_any_tax_office_in_a_new_state_is_new() -> None:
    live = [customer(number, TAX) for number in range(5)]
    assert verdict(live, TAX, "PA") == Verdict(
        True, 6, "Sixth tax office on this integration, the first in Pennsylvania: new."
    )
    assert not verdict([*live, customer(7, TAX, "PA")], TAX, "PA").new
    assert not verdict([customer(number) for number in range(5)], UTILITY, "PA").new, "for Tax alone"
    assert verdict([*live, customer(7, UTILITY, "PA")], TAX, "PA").new, "a utility there makes no tax office there"


def test_what_is_not_entered_is_said() -> None:
    live = [customer(1, TAX), customer(2, TAX), customer(3, TAX, state="")]
    assert verdict(live, TAX, "") == Verdict(
        False, 4, "Fourth tax office on this integration: existing.",
        ("Its state is not entered: a tax office in a new state would be new.",),
    )  # fmt: skip
    found = verdict(live, TAX, "PA")
    assert (found.new, found.doubts) == (
        True,
        ("Earlier tax offices on it without a state: 1. One of them may be there too.",),
    )
    assert verdict(live[:1], TAX, "").doubts == (), "it is among the first whatever its state"


def test_customers_of_other_trades_do_not_count() -> None:
    live = [customer(1, TAX), customer(2, INSURANCE), customer(3, UTILITY)]
    assert (verdict(live).ordinal, verdict(live).new) == (2, True)


def test_a_customer_that_is_live_keeps_its_place() -> None:
    days = [dt.date(2025, month, 1) for month in (1, 2, 3, 4)]
    live = [customer(number, since=day) for number, day in enumerate(days)]
    assert [verdict(live, biller=number).ordinal for number in range(4)] == [1, 2, 3, 4]
    assert [verdict(live, biller=number).new for number in range(4)] == [True, True, False, False]
    twins = [customer(1), customer(2), customer(3)]
    assert {verdict(twins, biller=number).ordinal for number in (1, 2, 3)} == {1}, "of one day share a place"
    unknown = [customer(1, since=None), customer(2), customer(3, since=None)]
    assert [verdict(unknown, biller=number).ordinal for number in (1, 2, 3)] == [1, 3, 1]


def test_custom_is_always_new_and_an_add_on_never() -> None:
    live = [customer(number) for number in range(9)]
    assert verdict(live, kind="custom") == Verdict(True, 1, "A custom integration, built for this biller alone: new.")
    assert not verdict([], kind="add_on").new
    assert verdict(live[:1], kind="existing") == verdict(live[:1], kind="partner")


def test_the_few_are_settings(settings) -> None:
    settings.NEW_INTEGRATION_TAX, settings.NEW_INTEGRATION_OTHER = 5, 4
    first = FirstCustomers.from_settings()
    assert [first.of(vertical) for vertical in Vertical.values] == [2, 5, 4, 4]


customers = st.lists(
    st.builds(
        customer, st.integers(0, 40), st.sampled_from(Vertical.values), st.sampled_from(["", "OH", "PA", "TX"]),
        st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2026, 12, 31)),
    ),
    unique_by=lambda one: one.biller_id, max_size=12,
)  # fmt: skip


@given(customers, st.sampled_from(Vertical.values), st.sampled_from(["", "OH", "PA", "CA"]))
def test_the_rule_holds_for_whoever_is_live(live: list[Customer], vertical: str, state: str) -> None:
    found = verdict(live, vertical, state)
    same = [one for one in live if one.vertical == vertical]
    assert found.ordinal == len(same) + 1
    in_new_state = vertical == TAX and state != "" and state not in {one.state for one in same}
    assert found.new == (found.ordinal <= FIRST.of(vertical) or in_new_state)
    assert found.words.endswith("new." if found.new else "existing.")


@given(customers, st.sampled_from([UTILITY, INSURANCE]), st.integers(0, 12))
def test_one_more_customer_never_makes_it_new_again(live: list[Customer], vertical: str, number: int) -> None:
    assert verdict(live[:number], vertical).new or not verdict(live, vertical).new


@given(customers)
def test_places_do_not_depend_on_the_order_of_reading(live: list[Customer]) -> None:
    for one in live:
        place = verdict(live, one.vertical, one.state, one.biller_id)
        assert place == verdict(live[::-1], one.vertical, one.state, one.biller_id)
        assert 1 <= place.ordinal <= len(live)


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "First"), (10, "Tenth"), (11, "11th"), (13, "13th"), (21, "21st"), (22, "22nd"), (23, "23rd"), (111, "111th")],
)
def test_places_in_words(number: int, word: str) -> None:
    assert ordinal_word(number) == word


# Who is counted.


@pytest.fixture
def go_live(make_project: Callable[..., Project], cast: SimpleNamespace) -> Callable[..., Project]:
    """Return a function that lets a biller go live on Tyndall on a day, as projects brought in from elsewhere are."""

    def make(biller: str, day: dt.date | None, *, vertical: str = UTILITY, state: str = "OH", **fields: Any) -> Project:
        project = make_project(biller=biller, vertical=vertical, core_system="Tyndall", **fields)
        Biller.objects.filter(pk=project.biller_id).update(state=state)
        Project.objects.filter(pk=project.pk).update(actual_go_live=day)
        return Project.objects.select_related("biller", "core_system").get(pk=project.pk)

    return make


def names(found: list[Customer]) -> list[str]:
    return [one.name for one in found]


def tyndall() -> CoreSystem:
    return CoreSystem.objects.get(name="Tyndall")


def test_projects_that_went_live_and_customers_from_before_count(go_live, cast, django_assert_num_queries) -> None:
    go_live("Saltgrass Water", dt.date(2026, 3, 1))
    go_live("Ashby Gas", None)
    go_live("Marrow County Tax", dt.date(2026, 2, 1), vertical=TAX, state="PA")
    before = Biller.objects.create(name="Halden Water", code="HLD", vertical=UTILITY, state="TX")
    unknown = Biller.objects.create(name="Pinecrest Gas", code="PCG", vertical=UTILITY)
    LiveCustomer.objects.create(core_system=tyndall(), biller=before, since=dt.date(2026, 2, 15))
    LiveCustomer.objects.create(core_system=tyndall(), biller=unknown)
    system = tyndall()
    with django_assert_num_queries(1):
        everybody = customers_live(system)
    assert names(everybody) == ["Pinecrest Gas", "Marrow County Tax", "Halden Water", "Saltgrass Water"]
    assert [one.entered for one in everybody] == [True, False, True, False]
    assert names(customers_live(system, vertical=TAX)) == ["Marrow County Tax"]
    assert names(customers_live(system, state="TX")) == ["Halden Water"]
    assert names(customers_live(system, before=dt.date(2026, 2, 15))) == ["Pinecrest Gas", "Marrow County Tax"]
    assert names(customers_live(system, vertical=UTILITY, before=dt.date(2026, 3, 2))) == [
        "Pinecrest Gas", "Halden Water", "Saltgrass Water"
    ]  # fmt: skip
    with django_assert_num_queries(1):
        assert counts_live([system.pk]) == {system.pk: 4}
    CoreSystem.objects.create(name="Lodestar")
    assert customers_live(CoreSystem.objects.get(name="Lodestar")) == []


def test_a_biller_counts_once_from_its_first_day(go_live) -> None:
    first = go_live("Saltgrass Water", dt.date(2026, 3, 1))
    go_live("Saltgrass Water", dt.date(2026, 1, 1))
    LiveCustomer.objects.create(core_system=tyndall(), biller=first.biller, since=dt.date(2026, 2, 1))
    (one,) = customers_live(tyndall())
    assert (one.since, one.entered) == (dt.date(2026, 1, 1), False)


def test_cancelled_and_custom_projects_do_not_count_and_complete_ones_do(go_live, cast) -> None:
    go_live("Ashby Gas", DAY, kind="custom")
    cancelled = go_live("Fenwick Gas", DAY)
    perform(cancelled, "cancel", by=cast.priya, note="They chose another")
    live = go_live("Juniper Gas", None, playbooks=("addon-post-live",), kind="add_on")
    assert live.phase == Phase.POST_LIVE
    assert names(customers_live(tyndall())) == ["Juniper Gas"]
    finish_phase(live, cast)
    perform(Project.objects.get(pk=live.pk), "complete", by=cast.dele)
    assert names(customers_live(tyndall())) == ["Juniper Gas"]
    places = live_on(Biller.objects.values_list("pk", flat=True))
    assert sorted((one.name, one.custom) for found in places.values() for one in found) == [
        ("Ashby Gas", True), ("Juniper Gas", False),
    ]  # fmt: skip


@pytest.mark.usefixtures("any_go_live")
def test_a_project_that_returned_from_post_live_does_not_count(make_project, cast) -> None:
    project = make_project(playbooks=("transition-to-cs", "addon-post-live"), kind="existing", core_system="Tyndall")
    finish_phase(project, cast)
    project = perform(Project.objects.get(pk=project.pk), "advance", by=cast.priya).row
    assert names(customers_live(tyndall())) == ["Marrow County Tax"]
    perform(project, "return_to", by=cast.priya, phase="release", note="Payments fail")
    assert customers_live(tyndall()) == []


def test_a_project_is_judged_by_its_own_biller_and_core_system(
    go_live, make_project, django_assert_num_queries
) -> None:
    for number, name in enumerate(("Ashby Gas", "Fenwick Gas", "Juniper Gas")):
        go_live(name, DAY + dt.timedelta(days=number))
    waiting = go_live("Saltgrass Water", None)
    with django_assert_num_queries(1):
        assert is_new_integration(waiting, FIRST) == Verdict(False, 4, "Fourth utility on this integration: existing.")
    second = Project.objects.select_related("biller", "core_system").get(name="Fenwick Gas")
    assert is_new_integration(second) == Verdict(True, 2, "Second utility on this integration: new.")
    assert is_new_integration(make_project(biller="Orchard Water")) == Verdict(
        True, 0, "Not known which integration: taken as new.",
        ("No core system is named, so nobody can be counted. Name it first.",),
    )  # fmt: skip
    assert is_new_integration(make_project(biller="Windham Gas", kind="custom")).ordinal == 1


def test_a_project_being_filled_in_is_judged_by_what_is_typed(go_live) -> None:
    go_live("Ashby Gas", DAY)
    go_live("Fenwick Gas", DAY)
    typed = {"kind": IntegrationKind.PARTNER, "core_system": "Tyndall", "biller_name": "New Gas", "vertical": UTILITY}
    assert foresee(**typed) == Verdict(False, 3, "Third utility on this integration: existing.")
    assert foresee(**typed | {"vertical": TAX}).ordinal == 1
    assert (
        foresee(**typed | {"vertical": TAX, "biller_name": "ashby gas"}).words
        == "First utility on this integration: new."
    )
    assert foresee(**typed | {"core_system": "Lodestar"}) == Verdict(True, 1, "First utility on this integration: new.")
    assert foresee(**typed | {"core_system": " "}) is None
    assert foresee(**typed | {"biller_name": ""}) is None
