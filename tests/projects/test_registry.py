"""The registry as it is kept: rights, MRR over time, products and what is to be confirmed, the fixture, the admin."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from history.final import RowIsFinal
from projects.models import (
    Biller,
    BillerMrr,
    CoreSystem,
    CoreSystemProduct,
    LiveCustomer,
    Partner,
    Project,
    State,
)  # fmt: skip
from projects.registry import (
    add_biller,
    add_live_customer,
    add_mrr,
    add_product,
    change_biller,
    change_core_system,
    change_product,
    confirm_product,
    mrr_as_of,
    mrr_of,
    remove_live_customer,
    seen_of,
)
from projects.registry_fixture import FixtureError, Loaded, load_core_systems
from projects.revert import revert
from transitions.blockers import MoveRefused, NotPermitted, StaleRow

TODAY = dt.date(2026, 11, 20)
FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "registry" / "core_systems.yaml"

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller() -> Biller:
    return Biller.objects.create(name="Ashby Gas", code="ASH")


@pytest.fixture
def tyndall() -> CoreSystem:
    return CoreSystem.objects.create(name="Tyndall")


def facts(**other: Any) -> dict[str, Any]:
    return {"name": "Ashby Gas", "vertical": "utility", "state": "OH", "enterprise": True} | other


# Billers.


def test_there_are_fifty_states_and_the_district() -> None:
    assert len(State) == 51
    assert all(len(value) == 2 and value.isupper() for value in State.values)
    assert len(set(State.labels)) == 51


def test_what_is_known_of_a_biller_is_changed_with_its_history(cast, biller) -> None:
    change_biller(biller, **facts(), by=cast.priya)
    kept = Biller.history.first()
    assert (kept.history_user, kept.before) == (cast.priya, {"state": "", "enterprise": False})
    assert (kept.state, kept.enterprise) == ("OH", True)


@pytest.mark.parametrize(
    "wrong", [{"state": "XX"}, {"state": "oh"}, {"vertical": "bank"}, {"name": ""}, {"name": "x" * 121}]
)
def test_a_biller_that_is_not_possible_is_refused(cast, biller, wrong) -> None:
    with pytest.raises(ValidationError) as refused:
        change_biller(biller, **facts(**wrong), by=cast.priya)
    assert list(refused.value.message_dict) == list(wrong)
    assert (Biller.objects.get().state, Biller.history.count()) == ("", 1)


def test_the_database_knows_the_states_too(biller) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Biller.objects.update(state="XX")


def test_a_stale_form_changes_nothing(cast, biller) -> None:
    seen = seen_of(biller)
    Biller.objects.update(state="PA")
    with pytest.raises(StaleRow) as refused:
        change_biller(biller, **facts(), by=cast.priya, seen=seen)
    assert (refused.value.row.state, Biller.objects.get().state) == ("PA", "PA")
    change_biller(biller, **facts(), by=cast.priya, seen=seen_of(refused.value.row))
    assert Biller.objects.get().state == "OH"


def test_a_name_or_code_is_had_once(cast, biller) -> None:
    other = {"vertical": "tax", "state": "", "enterprise": False}
    for wrong in (
        {"name": "ashby GAS", "code": "ASX"},
        {"name": "Another", "code": "ash"},
        {"name": "Another", "code": "A1"},
    ):
        with pytest.raises(ValidationError):
            add_biller(**wrong, **other, by=cast.adele)
    assert add_biller(name="Halden Water", code="hld", **other, by=cast.adele).code == "HLD"


def test_who_does_not_keep_the_registry_changes_nothing_in_it(cast, biller, tyndall) -> None:
    row = CoreSystemProduct.objects.create(core_system=tyndall, product="claims", stage="released", to_confirm=True)
    live = LiveCustomer.objects.create(core_system=tyndall, biller=biller)
    acts = {
        "add": lambda by: add_biller(name="N", code="NNN", vertical="tax", state="", enterprise=False, by=by),
        "biller": lambda by: change_biller(biller, **facts(), by=by),
        "mrr": lambda by: add_mrr(biller, as_of=TODAY, amount=Decimal(5), by=by, today=TODAY),
        "system": lambda by: change_core_system(tyndall, name="T", partner="", by=by),
        "product": lambda by: add_product(tyndall, product="payments", stage="", by=by),
        "stage": lambda by: change_product(row, product="claims", stage="", details="", by=by),
        "confirm": lambda by: confirm_product(row, by=by),
        "customer": lambda by: add_live_customer(tyndall, biller, since=None, by=by),
        "remove": lambda by: remove_live_customer(live, by=by),
    }
    cast.bo.groups.set(cast.priya.groups.all())
    for person in (cast.sofia, cast.mallory, cast.bo):
        for act in acts.values():
            with pytest.raises(NotPermitted):
                act(person)
    for name in ("confirm", "customer", "remove"):
        with pytest.raises(NotPermitted):
            acts[name](cast.priya)
    assert (Biller.objects.count(), BillerMrr.objects.count(), LiveCustomer.objects.count()) == (1, 0, 1)
    row.refresh_from_db()
    assert (row.to_confirm, row.stage) == (True, "released")


# MRR.


def test_mrr_is_what_was_last_entered_up_to_a_day(cast, biller) -> None:
    days = [dt.date(2026, 1, 1), dt.date(2026, 6, 1), TODAY]
    for day, amount in zip(days, (Decimal("900"), Decimal("1200.50"), Decimal("0")), strict=True):
        add_mrr(biller, as_of=day, amount=amount, by=cast.priya, today=TODAY)
    asked = [dt.date(2025, 12, 31), *days, dt.date(2026, 5, 31), dt.date(2030, 1, 1)]
    expected = [None, Decimal("900"), Decimal("1200.50"), Decimal("0"), Decimal("900"), Decimal("0")]
    assert [mrr_of(biller, day) for day in asked] == expected
    assert [Biller.objects.annotate(mrr=mrr_as_of(day)).get().mrr for day in asked] == expected


def test_a_wrong_row_is_corrected_by_another_of_its_day_and_stays(cast, biller) -> None:
    for amount in (Decimal("900"), Decimal("990")):
        add_mrr(biller, as_of=TODAY, amount=amount, by=cast.priya, today=TODAY)
    assert (mrr_of(biller, TODAY), BillerMrr.objects.count()) == (Decimal("990"), 2)
    row = BillerMrr.objects.first()
    row.amount = Decimal(1)
    for act in (row.save, row.delete, lambda: BillerMrr.objects.update(amount=1), BillerMrr.objects.all().delete):
        with pytest.raises(RowIsFinal), transaction.atomic():
            act()
    assert BillerMrr.objects.first().amount == Decimal("990")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": Decimal("-0.01")}, "amount"),
        ({"amount": Decimal("1e11")}, "amount"),
        ({"amount": Decimal("1.005")}, "amount"),
        ({"as_of": TODAY + dt.timedelta(days=1)}, "as_of"),
        ({"note": "x" * 301}, "note"),
    ],
)
def test_mrr_that_is_not_possible_is_refused(cast, biller, wrong, field) -> None:
    with pytest.raises(ValidationError) as refused:
        add_mrr(biller, **{"as_of": TODAY, "amount": Decimal(5)} | wrong, by=cast.priya, today=TODAY)
    assert list(refused.value.message_dict) == [field]
    assert not BillerMrr.objects.exists()


def test_the_database_refuses_mrr_below_nothing(cast, biller) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        BillerMrr(biller=biller, as_of=TODAY, amount=-1, by=cast.priya).save()


def test_the_mrr_of_a_project_is_its_own(cast, make_project) -> None:
    project = make_project(mrr=Decimal(700))
    add_mrr(project.biller, as_of=TODAY, amount=Decimal(5), by=cast.priya, today=TODAY)
    assert Project.objects.get().mrr == Decimal(700)


# Core systems, partners, products.


def test_a_partner_is_found_in_any_case_and_added_once(cast, tyndall) -> None:
    other = CoreSystem.objects.create(name="Tyndall Cloud")
    for row, partner in ((tyndall, "Tyndall Systems"), (other, " tyndall systems ")):
        change_core_system(row, name=row.name, partner=partner, by=cast.priya)
    assert list(Partner.objects.values_list("name", flat=True)) == ["Tyndall Systems"]
    assert set(CoreSystem.objects.values_list("vendor__name", flat=True)) == {"Tyndall Systems"}
    change_core_system(other, name="Tyndall Cloud", partner="", by=cast.priya)
    assert CoreSystem.objects.get(pk=other.pk).vendor is None
    with pytest.raises(ValidationError):
        change_core_system(other, name="Tyndall", partner="", by=cast.priya)


def test_a_product_is_there_once(cast, tyndall) -> None:
    row = add_product(tyndall, product="claims", stage="initiated", by=cast.priya)
    with pytest.raises(ValidationError, match="there already"):
        add_product(tyndall, product="claims", stage="released", by=cast.priya)
    other = add_product(tyndall, product="payments", stage="", by=cast.priya)
    with pytest.raises(ValidationError, match="there already"):
        change_product(other, product="claims", stage="", details="", by=cast.priya)
    for wrong in ({"product": "loans"}, {"stage": "done"}):
        with pytest.raises(ValidationError):
            change_product(row, **{"product": "claims", "stage": "released", "details": ""} | wrong, by=cast.priya)
    assert (CoreSystemProduct.objects.get(pk=row.pk).stage, CoreSystemProduct.objects.count()) == ("initiated", 2)


def test_what_is_to_be_confirmed_is_confirmed_by_an_administrator_once(cast, tyndall) -> None:
    row = CoreSystemProduct.objects.create(core_system=tyndall, product="outbound", to_confirm=True, doubt="Lost")
    with pytest.raises(MoveRefused, match="how far"):
        confirm_product(row, by=cast.adele)
    stale = seen_of(row)
    change_product(row, product="claims", stage="released", details="Both", by=cast.priya)
    with pytest.raises(StaleRow):
        confirm_product(row, by=cast.adele, seen=stale)
    now = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
    done = confirm_product(row, by=cast.adele, seen=seen_of(CoreSystemProduct.objects.get()), now=now)
    assert (done.to_confirm, done.confirmed_by, done.confirmed_at) == (False, cast.adele, now)
    confirm_product(row, by=cast.adele, seen=stale)
    assert CoreSystemProduct.objects.get().confirmed_at == now


def test_customers_from_before_are_entered_and_taken_back(cast, biller, tyndall) -> None:
    row = add_live_customer(tyndall, biller, since=dt.date(2024, 3, 1), by=cast.adele, today=TODAY)
    with pytest.raises(ValidationError, match="entered already"):
        add_live_customer(tyndall, biller, since=None, by=cast.adele, today=TODAY)
    with pytest.raises(ValidationError, match="still to come"):
        add_live_customer(tyndall, biller, since=dt.date(2026, 11, 21), by=cast.adele, today=TODAY)
    remove_live_customer(row, by=cast.adele)
    assert not LiveCustomer.objects.exists()
    assert list(LiveCustomer.history.values_list("history_type", flat=True)) == ["-", "+"]


def test_facts_of_the_registry_are_taken_back_from_their_history(cast, biller, tyndall) -> None:
    change_biller(biller, **facts(), by=cast.priya)
    change_core_system(tyndall, name="Tyndall", partner="Tyndall Systems", by=cast.priya)
    told = Biller.history.first()
    assert revert("biller", told, "state", by=cast.adele)
    assert revert("biller", told, "enterprise", by=cast.adele)
    assert revert("core-system", CoreSystem.history.first(), "vendor_id", by=cast.adele)
    row = Biller.objects.get()
    assert (row.state, row.enterprise, CoreSystem.objects.get().vendor) == ("", False, None)


def test_vendors_that_were_typed_become_partners_with_their_history() -> None:
    for name, typed in (("A", "Tyndall Systems"), ("B", "tyndall systems"), ("C", ""), ("D", " ")):
        CoreSystem.objects.create(name=name, partner=typed)
    import_module("projects.migrations._vendors_as_typed").link(apps, connection.schema_editor())
    (partner,) = Partner.objects.all()
    assert list(CoreSystem.objects.order_by("name").values_list("vendor", "partner")) == [
        (partner.pk, "Tyndall Systems"), (partner.pk, "tyndall systems"), (None, ""), (None, " "),
    ]  # fmt: skip
    kept = CoreSystem.history.filter(history_type="~")
    assert {(row.name, tuple(row.before.items()), row.vendor_id) for row in kept} >= {
        ("A", (("vendor_id", None),), partner.pk), ("B", (("vendor_id", None),), partner.pk),
    }  # fmt: skip


# What is certain of Outbound's table.


def load(file: Path | None = None) -> str:
    out = StringIO()
    call_command("load_core_systems", *([file] if file else []), stdout=out)
    return out.getvalue().strip()


def test_the_core_systems_of_outbound_say_what_is_certain_and_mark_the_rest() -> None:
    assert load() == "Core systems added: 4. Products added: 7. To be confirmed: 1."
    columns = ("core_system__name", "product", "stage", "to_confirm")
    assert list(CoreSystemProduct.objects.order_by("core_system__name", "product").values_list(*columns)) == [
        ("Duck Creek (non-Orchestrator)", "agent_commission", "initiated", False),
        ("Guidewire (Accelerator)", "agent_commission", "in_progress", False),
        ("Guidewire (Accelerator)", "outbound", "", True),
        ("Guidewire (Accelerator)", "premium_refund", "in_progress", False),
        ("IMT", "outbound", "released", False),
        ("SimpleSolve", "agent_commission", "in_progress", False),
        ("SimpleSolve", "premium_refund", "in_progress", False),
    ]
    assert CoreSystemProduct.objects.get(to_confirm=True).details == "California Mutual"


def test_loading_again_changes_nothing_that_people_have_made(cast) -> None:
    CoreSystem.objects.create(name="SIMPLESOLVE")
    load()
    row = CoreSystemProduct.objects.get(to_confirm=True)
    change_product(row, product="outbound", stage="released", details="Mine", by=cast.priya)
    confirm_product(row, by=cast.adele)
    before = list(CoreSystemProduct.objects.values())
    histories = CoreSystemProduct.history.count(), CoreSystem.history.count()
    assert load() == "Core systems added: 0. Products added: 0. To be confirmed: 0."
    assert list(CoreSystemProduct.objects.values()) == before
    assert (CoreSystemProduct.history.count(), CoreSystem.history.count()) == histories
    assert CoreSystem.objects.filter(name__iexact="simplesolve").count() == 1


@pytest.mark.parametrize(
    "text",
    [
        "core_systems: [{name: A}, {name: ''}]",
        "core_systems: [{name: A, colour: red}]",
        "core_systems: [{name: A, products: [{product: loans}]}]",
        "core_systems: [{name: A, products: [{product: claims, stage: done}]}]",
        "core_systems: {name: A}",
        "core_systems: [A]",
        "- A",
        "core_systems: [",
        "!!python/object/apply:os.getcwd []",
    ],
)
def test_a_file_that_is_wrong_loads_nothing(text: str, tmp_path: Path) -> None:
    with pytest.raises(FixtureError):
        load_core_systems(text)
    assert not CoreSystem.objects.exists()
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(CommandError, match="Nothing was loaded"):
        load(tmp_path / "wrong.yaml")


def test_a_file_that_is_not_there_or_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    for name in ("nothing.yaml", "bytes.yaml"):
        with pytest.raises(CommandError, match="Nothing was loaded"):
            load(tmp_path / name)
    assert load_core_systems("core_systems: [{name: A, partner: B}]") == Loaded(1, 0, 0)
    assert CoreSystem.objects.get().vendor.name == "B"


# The admin.


def test_the_admin_edits_reference_rows_and_refuses_stale_ones(cast, tyndall) -> None:
    row = CoreSystemProduct.objects.create(core_system=tyndall, product="claims", to_confirm=True, doubt="Lost")
    client = Client()
    client.force_login(cast.adele)
    address = reverse("admin:projects_coresystemproduct_change", args=[row.pk])
    seen = client.get(address).context["adminform"].form.initial["seen"]
    mine = {
        "core_system": tyndall.pk,
        "product": "claims",
        "stage": "initiated",
        "details": "",
        "to_confirm": "",
        "seen": seen,
    }
    CoreSystemProduct.objects.update(stage="released")
    assert client.post(address, mine).status_code == 409
    row.refresh_from_db()
    assert (row.stage, row.to_confirm) == ("released", True)
    fresh = client.get(address).context["adminform"].form.initial["seen"]
    assert client.post(address, mine | {"seen": fresh}).status_code == 302
    row.refresh_from_db()
    assert (row.stage, row.to_confirm) == ("initiated", True), "confirmed by its act alone"


def test_the_admin_finds_what_is_to_be_confirmed(cast, tyndall) -> None:
    for product, waits in (("claims", True), ("payments", False)):
        CoreSystemProduct.objects.create(core_system=tyndall, product=product, to_confirm=waits)
    client = Client()
    client.force_login(cast.adele)
    page = client.get(reverse("admin:projects_coresystemproduct_changelist"), {"to_confirm__exact": "1"})
    assert [row.product for row in page.context["cl"].result_list] == ["claims"]
    for name in ("partner", "livecustomer", "billermrr", "biller", "coresystem"):
        assert client.get(reverse(f"admin:projects_{name}_changelist")).status_code == 200
    assert client.get(reverse("admin:projects_billermrr_add")).status_code == 403
