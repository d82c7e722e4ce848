"""The registry in the demo: states and MRR of its billers, products of its core systems, customers from before Gatehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from projects.models import Biller, BillerMrr, CoreSystem, LiveCustomer
from projects.registry import add_biller, add_live_customer, add_mrr, add_product, change_biller, change_core_system
from transitions.clock import business_day

STATES = ("OH", "PA", "CA", "TX", "NY", "GA", "WA", "CO", "NC", "")
#: Core system → its partner, and how far which product is on it.
SYSTEMS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Milliken CIS": ("Milliken Software", {"payments": "released", "presentment": "released"}),
    "Tyndall": ("Tyndall Systems", {"payments": "released", "presentment": "in_progress"}),
    "Orchard PAS": ("Orchard Insurance Software", {"payments": "in_progress", "claims": "initiated"}),
    "Lodestar": ("Lodestar", {"payments": "initiated"}),
}
#: Core system → who is live on it since before Gatehouse: name, code, vertical, state, since when; nobody knows any more of some.
FROM_BEFORE: Mapping[str, tuple[tuple[str, str, str, str, dt.date | None], ...]] = {
    "Milliken CIS": (
        ("Halden Water", "HLDN", "utility", "OH", dt.date(2023, 4, 3)),
        ("Pinecrest Gas", "PCGS", "utility", "PA", None),
        ("Larch Mutual", "LRCH", "insurance", "CA", dt.date(2024, 9, 16)),
        ("Quarry County Tax", "QRCT", "tax", "OH", dt.date(2022, 10, 3)),
        ("Heron County Tax", "HRCT", "tax", "PA", dt.date(2023, 2, 6)),
        ("Thistle Town Treasurer", "THTT", "tax", "WA", dt.date(2024, 5, 13)),
    ),
    "Lodestar": (
        ("Alder Water", "ALDR", "utility", "WA", dt.date(2022, 1, 10)),
        ("Birchfield Power", "BRFP", "utility", "OR", dt.date(2023, 6, 5)),
        ("Cobalt Mutual", "CBLT", "insurance", "NY", dt.date(2025, 2, 3)),
    ),
}
HISTORY = ((400, "0.8", "As contracted"), (190, "0.95", ""), (20, "1", "Second invoice type"))


@transaction.atomic
def seed_registry(people: Mapping[str, User], now: dt.datetime, *, limit: int) -> None:
    """Enter what the registry of the demo knows beside projects, through the services; a second time adds nothing.

    Args:
        people: by first name. now: the instant the demo looks back from. limit: so many billers, the oldest, get MRR.
    """
    by, today = people["Adele"], business_day(now)
    before = {code for customers in FROM_BEFORE.values() for _, code, *_ in customers}
    told = set(BillerMrr.objects.values_list("biller_id", flat=True))
    for index, biller in enumerate(Biller.objects.exclude(code__in=before).order_by("pk")[:limit]):
        if biller.pk in told:
            continue
        state, enterprise = STATES[index % len(STATES)], index % 5 == 3
        change_biller(biller, name=biller.name, vertical=biller.vertical, state=state, enterprise=enterprise, by=by)
        whole = Decimal(900 + index * 2370 % 26000)
        for days, share, note in HISTORY:
            day = today - dt.timedelta(days=days)
            add_mrr(biller, as_of=day, amount=round(whole * Decimal(share), -1), note=note, by=by, today=today)
    for core_system in CoreSystem.objects.filter(name__in=SYSTEMS, products=None):
        partner, products = SYSTEMS[core_system.name]
        change_core_system(core_system, name=core_system.name, partner=partner, by=by)
        for product, stage in products.items():
            add_product(core_system, product=product, stage=stage, by=by)


@transaction.atomic
def seed_customers_from_before(people: Mapping[str, User], now: dt.datetime) -> None:
    """Enter who was live before Gatehouse, before any project asks whether its integration is new; twice is once."""
    by, today = people["Adele"], business_day(now)
    for name, customers in FROM_BEFORE.items():
        core_system, _made = CoreSystem.objects.get_or_create(name=name)
        if LiveCustomer.objects.filter(core_system=core_system).exists():
            continue
        for called, code, vertical, state, since in customers:
            biller = Biller.objects.filter(code=code).first() or add_biller(
                name=called, code=code, vertical=vertical, state=state, enterprise=False, by=by
            )
            add_live_customer(core_system, biller, since=since, note="From the list of 2024", by=by, today=today)
