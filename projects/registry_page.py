"""The values of the registry's pages and files: billers, their MRR drawn, core systems by product, who is live on each.

Projects are named only to those who may see them; customers and counts are of all projects (`projects.customers`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse

from accounts.models import User
from projects.customers import Customer, FirstCustomers, customers_live, judge, live_on
from projects.models import Biller, BillerMrr, CoreSystem, CoreSystemProduct, Product, Project, Stage, State, Vertical
from projects.registry import mrr_as_of, seen_of
from transitions.clock import BUSINESS_ZONE
from transitions.phase import Phase
from transitions.standing import Standing

VERTICALS, STATES, STAGES = dict(Vertical.choices), dict(State.choices), dict(Stage.choices)
PHASES = dict(Phase.choices)
NOT_ENTERED = "–"
#: Kind and icon of the chip of a stage; the word is its label.
STAGE_CHIPS: Mapping[str, tuple[str, str]] = {
    Stage.RELEASED.value: ("done", "✓"),
    Stage.IN_PROGRESS.value: ("progress", "◐"),
    Stage.INITIATED.value: ("", "○"),
    "": ("outline", "–"),
}
#: So many customers are listed on a page; the file has all.
CUSTOMERS_SHOWN = 300


def money(amount: Decimal | None) -> str:
    """Return `$12,400`, with cents only where there are any; a dash where nothing is known."""
    if amount is None:
        return NOT_ENTERED
    return f"${amount:,.0f}" if amount == amount.to_integral_value() else f"${amount:,.2f}"


# Projects, as far as the reader sees them.


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A project in a few words. `health` is what was last said of it, or ""; `standing` is "" for an active one."""

    code: str
    name: str
    address: str
    phase: str
    health: str
    standing: str
    go_live: dt.date
    live: bool


def _project_lines(person: User, **only: Any) -> dict[int, list[ProjectLine]]:
    """Return the projects that the person sees, by their biller, in one query."""
    columns = ("biller_id", "code", "name", "phase", "health", "standing", "target_go_live", "actual_go_live")
    found: dict[int, list[ProjectLine]] = {}
    for biller, code, name, phase, health, standing, target, actual in (
        Project.objects.visible_to(person).filter(**only).order_by("biller_id", "number").values_list(*columns)
    ):
        line = ProjectLine(
            code, name, reverse("project", args=[code]), PHASES[phase], health,
            "" if standing == Standing.ACTIVE else standing, actual or target, actual is not None,
        )  # fmt: skip
        found.setdefault(biller, []).append(line)
    return found


# Billers.


@dataclass(frozen=True, slots=True)
class BillerRow:
    """A biller on the list."""

    name: str
    code: str
    address: str
    vertical: str
    state: str
    enterprise: bool
    mrr: str
    projects: Sequence[ProjectLine]
    live_since: str


def since_words(customers: Sequence[Customer]) -> str:
    """Return since when a biller is live: its first day, `before Gatehouse` where that is not known, a dash if it is not."""
    if not customers:
        return NOT_ENTERED
    days = [one.since for one in customers if one.since]
    return _day(min(days)) if len(days) == len(customers) else "before Gatehouse"


def _day(day: dt.date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def biller_rows(billers: Any, person: User, today: dt.date) -> list[BillerRow]:
    """Return billers as rows, in three queries, whatever their number.

    Args:
        billers: a queryset, filtered, ordered and cut to its page.
    """
    found = list(billers.annotate(mrr_now=mrr_as_of(today)))
    keys = [row.pk for row in found]
    projects, live = _project_lines(person, biller__in=keys), live_on(keys)
    return [
        BillerRow(
            row.name, row.code, row.get_absolute_url(), VERTICALS[row.vertical], STATES.get(row.state, NOT_ENTERED),
            row.enterprise, money(row.mrr_now), projects.get(row.pk, []), since_words(live.get(row.pk, [])),
        )
        for row in found
    ]  # fmt: skip


BILLER_HEADER = (
    "Name", "Code", "Vertical", "State", "Enterprise", "MRR, US dollars", "Live since", "Projects", "Projects that you see",
)  # fmt: skip


def biller_export(billers: Any, person: User, today: dt.date) -> Iterator[tuple[object, ...]]:
    """Yield billers as cells of a sheet: real numbers and dates. Live since is empty where the first day is not known."""
    found = list(billers.annotate(mrr_now=mrr_as_of(today)))
    keys = [row.pk for row in found]
    projects, live, counts = _project_lines(person, biller__in=keys), live_on(keys), _counts(keys)
    for row in found:
        days = [one.since for one in live.get(row.pk, [])]
        since = min((day for day in days if day), default=None) if None not in days else None
        seen = "; ".join(f"{line.code} {line.phase}" for line in projects.get(row.pk, []))
        yield (
            row.name, row.code, VERTICALS[row.vertical], row.state, row.enterprise, row.mrr_now, since,
            counts.get(row.pk, 0), seen,
        )  # fmt: skip


def _counts(billers: Collection[int]) -> dict[int, int]:
    counted: dict[int, int] = {}
    for biller in Project.objects.filter(biller__in=billers).order_by().values_list("biller_id", flat=True):
        counted[biller] = counted.get(biller, 0) + 1
    return counted


# MRR over time.


@dataclass(frozen=True, slots=True)
class MrrRow:
    """One row of the table of a biller's MRR. `corrected`: a later row says otherwise of the same day."""

    as_of: dt.date
    amount: str
    note: str
    by: str
    at: dt.datetime
    corrected: bool


@dataclass(frozen=True, slots=True)
class MrrChart:
    """The same as steps, drawn into 640 by 120: the line, its end, and what it says in words."""

    line: str
    area: str
    end_x: float
    end_y: float
    first: str
    last: str
    words: str


LEFT, RIGHT, TOP, BOTTOM = 4, 636, 10, 110


def mrr_chart(values: Iterable[tuple[dt.date, Decimal]], today: dt.date) -> MrrChart | None:
    """Return the chart of amounts by day, the first day first and each day once; None where there is nothing to draw.

    An amount holds until the next: steps, no slopes. The scale begins at nothing.
    """
    known = [(day, amount) for day, amount in values if day <= today]
    if not known:
        return None
    first, last = known[0], known[-1]
    span, most = max((today - first[0]).days, 1), max(amount for _, amount in known) or Decimal(1)

    def x(day: dt.date) -> float:
        return round(LEFT + (RIGHT - LEFT) * (day - first[0]).days / span, 1)

    def y(amount: Decimal) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * float(amount / most), 1)

    line = (
        f"M{x(first[0])} {y(first[1])}" + "".join(f"H{x(day)}V{y(amount)}" for day, amount in known[1:]) + f"H{RIGHT}"
    )
    then = f"from {money(first[1])} on {_day(first[0])} to {money(last[1])}" if len(known) > 1 else money(last[1])
    return MrrChart(
        line, f"{line}V{BOTTOM}H{LEFT}Z", RIGHT, y(last[1]), _day(first[0]),
        _day(today), f"MRR {then}, as of today",
    )  # fmt: skip


def biller_page(biller: Biller, person: User, today: dt.date) -> dict[str, Any]:
    """Return the values of a biller's page, in four queries."""
    rows = list(BillerMrr.objects.filter(biller=biller).select_related("by"))
    by_day: dict[dt.date, Decimal] = {}
    lines: list[MrrRow] = []
    for row in rows:  # the latest day first, and of a day the latest row
        lines.append(MrrRow(row.as_of, money(row.amount), row.note, row.by.name, row.at, row.as_of in by_day))
        by_day.setdefault(row.as_of, row.amount)
    now = next((amount for day, amount in by_day.items() if day <= today), None)
    projects = _project_lines(person, biller=biller).get(biller.pk, [])
    live = live_on([biller.pk]).get(biller.pk, [])
    return {
        "vertical": VERTICALS[biller.vertical],
        "state": STATES.get(biller.state, "Not entered"),
        "mrr_now": money(now),
        "mrr": lines,
        "chart": mrr_chart(sorted(by_day.items()), today),
        "projects": projects,
        "hidden": Project.objects.filter(biller=biller).count() - len(projects),
        "live": [(one, since_words([one]), _integration(one)) for one in live],
        "since": since_words(live),
    }


def _integration(one: Customer) -> str:
    return reverse("integration", args=[one.core_system_id]) if one.core_system_id else ""


# Integrations.


@dataclass(frozen=True, slots=True)
class ProductCell:
    """How far a product is on a core system, as a chip and what goes with it."""

    product: str
    stage: str
    kind: str
    icon: str
    details: str
    to_confirm: bool
    doubt: str
    confirmed: str
    address: str
    confirm_address: str
    seen: str


def product_cell(row: CoreSystemProduct) -> ProductCell:
    """Return a product as it is shown. What is confirmed says by whom and when, on the company's day."""
    kind, icon = STAGE_CHIPS[row.stage]
    confirmed = ""
    if row.confirmed_at and row.confirmed_by:
        confirmed = f"Confirmed by {row.confirmed_by.name}, {_day(row.confirmed_at.astimezone(BUSINESS_ZONE).date())}"
    return ProductCell(
        row.get_product_display(), STAGES.get(row.stage, "Not known"), kind, icon, row.details, row.to_confirm,
        row.doubt if row.to_confirm else "", confirmed,
        reverse("integration-product", args=[row.core_system_id, row.pk]),
        reverse("confirm-product", args=[row.core_system_id, row.pk]), seen_of(row),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class IntegrationRow:
    """A core system on the list: one cell for each product of the table's columns, None where nothing is said."""

    name: str
    address: str
    partner: str
    cells: Sequence[ProductCell | None]
    live: int


def integration_rows(
    core_systems: Iterable[CoreSystem], products: Mapping[int, Mapping[str, CoreSystemProduct]], live: Mapping[int, int]
) -> list[IntegrationRow]:
    """Return core systems as rows of the table; no query."""
    return [
        IntegrationRow(
            row.name, row.get_absolute_url(), row.vendor.name if row.vendor else "",
            [
                product_cell(here[product.value]) if product.value in here else None
                for here in (products.get(row.pk, {}),)
                for product in Product
            ],
            live.get(row.pk, 0),
        )
        for row in core_systems
    ]  # fmt: skip


def products_of(core_system_ids: Collection[int]) -> dict[int, dict[str, CoreSystemProduct]]:
    """Return the products of these core systems, by core system and product; in one query."""
    found: dict[int, dict[str, CoreSystemProduct]] = {}
    rows = CoreSystemProduct.objects.filter(core_system__in=core_system_ids).select_related(
        "confirmed_by", "core_system"
    )
    for row in sorted(rows, key=lambda row: Product.values.index(row.product)):
        found.setdefault(row.core_system_id, {})[row.product] = row
    return found


INTEGRATION_HEADER = (
    "Core system", "Partner", "Product", "How far", "Details", "To be confirmed", "What is not certain", "Confirmed by",
    "Confirmed at (UTC)", "Customers live",
)  # fmt: skip
CUSTOMER_HEADER = ("Core system", "Customer", "Code", "Vertical", "State", "Live since", "From")


def integration_export(
    core_systems: Iterable[CoreSystem], products: Mapping[int, Mapping[str, CoreSystemProduct]], live: Mapping[int, int]
) -> Iterator[tuple[object, ...]]:
    """Yield a row for each product of each core system, and one for a core system of which nothing is said."""
    for system in core_systems:
        partner, number = system.vendor.name if system.vendor else "", live.get(system.pk, 0)
        for row in products.get(system.pk, {}).values():
            yield (
                system.name, partner, row.get_product_display(), STAGES.get(row.stage, ""), row.details, row.to_confirm,
                row.doubt, row.confirmed_by.name if row.confirmed_by else "", row.confirmed_at, number,
            )  # fmt: skip
        if not products.get(system.pk):
            yield (system.name, partner, "", "", "", "", "", "", None, number)


def customer_cells(customers: Iterable[Customer]) -> Iterator[tuple[object, ...]]:
    """Yield customers as cells of a sheet."""
    for one in customers:
        yield (
            one.core_system, one.name, one.code, VERTICALS[one.vertical], one.state, one.since,
            "Entered" if one.entered else "Project",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NextCustomer:
    """How many of a vertical are live on an integration, and what the next one of them would be."""

    vertical: str
    live: int
    words: str
    new: bool
    note: str


def next_customers(customers: Sequence[Customer], kind: str, first: FirstCustomers) -> list[NextCustomer]:
    """Return, for each vertical, how many are live and whether one more would make the integration new for it. No query."""
    found = []
    for vertical, label in Vertical.choices:
        verdict = judge(kind=kind, vertical=vertical, state="", biller_id=None, customers=customers, first=first)
        states = sorted({one.state for one in customers if one.vertical == vertical and one.state})
        tax = vertical == Vertical.TAX and not verdict.new
        note = f"In a state other than {', '.join(states) or 'theirs'}: new." if tax else ""
        number = sum(one.vertical == vertical for one in customers)
        found.append(NextCustomer(label, number, verdict.words, verdict.new, note))
    return found


def integration_page(core_system: CoreSystem, person: User) -> dict[str, Any]:
    """Return the values of an integration's page, in four queries."""
    customers = customers_live(core_system)
    projects = [line for lines in _project_lines(person, core_system=core_system).values() for line in lines]
    removable = dict(core_system.live_customers.values_list("biller_id", "pk"))
    return {
        "products": [product_cell(row) for row in products_of([core_system.pk]).get(core_system.pk, {}).values()],
        "next": next_customers(customers, "partner", FirstCustomers.from_settings()),
        "customers": [
            (one, STATES.get(one.state, NOT_ENTERED), VERTICALS[one.vertical], since_words([one]), removable.get(one.biller_id))
            for one in customers[:CUSTOMERS_SHOWN]
        ],
        "number": len(customers),
        "more": max(0, len(customers) - CUSTOMERS_SHOWN),
        "projects": projects,
    }  # fmt: skip
