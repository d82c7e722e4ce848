"""The registry as it is kept: billers and their MRR, core systems with their partners, products and customers from before.

Everybody inside reads it. Whoever holds `keep_registry` (administrators and the Implementations group) writes it; what the
sources left open is confirmed, and customers from before Gatehouse are entered, by an administrator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import User
from history.context import named
from history.stale import fingerprint
from projects.models import Biller, BillerMrr, CoreSystem, CoreSystemProduct, LiveCustomer, Partner
from projects.models.registry import KEEP_REGISTRY
from raci.grants import holds_globally
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day

CONFIRM, ENTER_CUSTOMERS = "change_coresystemproduct", "add_livecustomer"
#: What a person compares, and a form was filled from.
BILLER_FACTS = ("name", "vertical", "state", "enterprise")
CORE_SYSTEM_FACTS = ("name", "vendor_id")
PRODUCT_FACTS = ("product", "stage", "details", "to_confirm")


# Reading.


def mrr_as_of(day: dt.date, biller: str = "pk") -> Subquery:
    """Return an expression: what the biller in the field `biller` brings on a day; of two rows of one day, the later written."""
    rows = BillerMrr.objects.filter(biller=OuterRef(biller), as_of__lte=day).order_by("-as_of", "-at", "-pk")
    return Subquery(rows.values("amount")[:1])


def mrr_of(biller: Biller, on: dt.date) -> Decimal | None:
    """Return what the biller brings a month on a day, in US dollars; None where nothing was entered up to then. One query."""
    amount: Decimal | None = (
        BillerMrr.objects.filter(biller=biller, as_of__lte=on).values_list("amount", flat=True).first()
    )
    return amount


def may_keep(person: User) -> bool:
    """Return whether the person may write the registry."""
    return not person.is_outside and holds_globally(person, "projects", KEEP_REGISTRY)


def may_confirm(person: User) -> bool:
    """Return whether the person may confirm what the sources left open, and enter customers from before: administrators."""
    return not person.is_outside and holds_globally(person, "projects", CONFIRM)


def seen_of(row: Biller | CoreSystem | CoreSystemProduct) -> str:
    """Return what a form carries of the row that it was filled from: it differs once any of the row's facts has changed."""
    names: Sequence[str] = {Biller: BILLER_FACTS, CoreSystem: CORE_SYSTEM_FACTS, CoreSystemProduct: PRODUCT_FACTS}[
        type(row)
    ]
    return fingerprint([str(getattr(row, name)) for name in names])


# Writing.


def _refuse_others(by: User, codename: str, what: str) -> None:
    if by.is_outside or not holds_globally(by, "projects", codename):
        raise NotPermitted([Blocker("not-permitted", f"{by} may not {what}. Ask an administrator.")])


def _locked(row: Any, seen: str | None) -> Any:
    """Return the row as it is, locked; raise StaleRow if it is not what was seen."""
    fresh = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    if seen is not None and seen != seen_of(fresh):
        raise StaleRow(fresh, f"{fresh} changed since you saw it.")
    return fresh


def _save(row: models.Model) -> None:
    row.full_clean()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        row.full_clean()  # somebody was as quick: what they made is there by now, and the refusal says so
        raise


@named
def add_biller(*, name: str, code: str, vertical: str, state: str, enterprise: bool, by: User) -> Biller:
    """Add a biller without a project: one that was live before Gatehouse. Others come with their first project.

    Raises:
        NotPermitted. ValidationError: the name or code is taken, or no such code, state or vertical is possible.
    """
    _refuse_others(by, KEEP_REGISTRY, "add billers")
    row = Biller(name=name, code=code.upper(), vertical=vertical, state=state, enterprise=enterprise)
    with transaction.atomic():
        _save(row)
    return row


@named
def change_biller(
    biller: Biller, *, name: str, vertical: str, state: str, enterprise: bool, by: User, seen: str | None = None
) -> Biller:
    """Change what is known of a biller. Its code stays: the codes of its projects begin with it.

    Args:
        state: two letters, or empty. seen: what the form was filled from (`seen_of`).

    Raises:
        NotPermitted. StaleRow. ValidationError: no such state or vertical, or another biller of that name.
    """
    _refuse_others(by, KEEP_REGISTRY, "change billers")
    with transaction.atomic():
        row: Biller = _locked(biller, seen)
        row.name, row.vertical, row.state, row.enterprise = name, vertical, state, enterprise
        _save(row)
    return row


@named
def add_mrr(
    biller: Biller, *, as_of: dt.date, amount: Decimal, note: str = "", by: User, today: dt.date | None = None
) -> BillerMrr:
    """Note what a biller brings from a day on, in US dollars a month. What was noted stays; the same day again corrects it.

    Raises:
        NotPermitted. ValidationError: below 0, or a day that is still to come.
    """
    _refuse_others(by, KEEP_REGISTRY, "enter MRR")
    if as_of > (today or business_day()):
        raise ValidationError({"as_of": "That day is still to come. MRR is entered once it is so."})
    row = BillerMrr(biller=biller, as_of=as_of, amount=amount, note=note, by=by)
    with transaction.atomic():
        _save(row)
    return row


@named
def change_core_system(
    core_system: CoreSystem, *, name: str, partner: str, by: User, seen: str | None = None
) -> CoreSystem:
    """Change a core system's name and its partner. A partner of a new name is added; an empty name is none.

    Raises:
        NotPermitted. StaleRow. ValidationError: another core system of that name.
    """
    _refuse_others(by, KEEP_REGISTRY, "change core systems")
    with transaction.atomic():
        row: CoreSystem = _locked(core_system, seen)
        row.name, row.vendor = name, partner_called(partner)
        _save(row)
    return row


def partner_called(name: str) -> Partner | None:
    """Return the partner of that name in any case, made if need be; None for no name."""
    if not name.strip():
        return None
    found = Partner.objects.filter(name__iexact=name.strip()).first()
    if found is None:
        found = Partner(name=name.strip())
        _save(found)
    return found


@named
def add_product(core_system: CoreSystem, *, product: str, stage: str, details: str = "", by: User) -> CoreSystemProduct:
    """Say how far a product is on a core system for the first time.

    Raises:
        NotPermitted. ValidationError: no such product or stage, or the product is there already.
    """
    _refuse_others(by, KEEP_REGISTRY, "say how far integrations are")
    row = CoreSystemProduct(core_system=core_system, product=product, stage=stage, details=details)
    with transaction.atomic():
        _save(row)
    return row


@named
def change_product(
    row: CoreSystemProduct, *, product: str, stage: str, details: str, by: User, seen: str | None = None
) -> CoreSystemProduct:
    """Say anew how far a product is. What was to be confirmed stays so until somebody confirms it.

    Raises:
        NotPermitted. StaleRow. ValidationError: as `add_product`.
    """
    _refuse_others(by, KEEP_REGISTRY, "say how far integrations are")
    with transaction.atomic():
        fresh: CoreSystemProduct = _locked(row, seen)
        fresh.product, fresh.stage, fresh.details = product, stage, details
        _save(fresh)
    return fresh


@named
def confirm_product(
    row: CoreSystemProduct, *, by: User, seen: str | None = None, now: dt.datetime | None = None
) -> CoreSystemProduct:
    """Confirm what the source left open: who and when is kept with it. Confirmed already, it stays as it was.

    Raises:
        NotPermitted: not an administrator. StaleRow. MoveRefused: nobody has said yet how far it is.
    """
    _refuse_others(by, CONFIRM, "confirm what the sources left open")
    with transaction.atomic():
        fresh: CoreSystemProduct = _locked(row, None)
        if not fresh.to_confirm:
            return fresh
        if seen is not None and seen != seen_of(fresh):
            raise StaleRow(fresh, f"{fresh} changed since you saw it. Look at it again, then confirm it.")
        if not fresh.stage:
            raise MoveRefused([Blocker("stage-unknown", f"Say first how far {fresh} is, then confirm it.")])
        fresh.to_confirm, fresh.confirmed_by, fresh.confirmed_at = False, by, now or timezone.now()
        _save(fresh)
    return fresh


@named
def add_live_customer(
    core_system: CoreSystem, biller: Biller, *, since: dt.date | None, note: str = "", by: User, today: dt.date | None = None
) -> LiveCustomer:  # fmt: skip
    """Enter a biller that was live on the core system's shared integration before Gatehouse knew of it.

    Args:
        since: the day; None where nobody knows it any more.

    Raises:
        NotPermitted: not an administrator. ValidationError: entered already, or a day that is still to come.
    """
    _refuse_others(by, ENTER_CUSTOMERS, "enter customers from before Gatehouse")
    if since and since > (today or business_day()):
        raise ValidationError({"since": "That day is still to come. A go-live to come is a project."})
    row = LiveCustomer(core_system=core_system, biller=biller, since=since, note=note)
    with transaction.atomic():
        _save(row)
    return row


@named
def remove_live_customer(row: LiveCustomer, *, by: User) -> None:
    """Take back a customer that was entered by mistake; the history keeps it.

    Raises:
        NotPermitted: not an administrator.
    """
    _refuse_others(by, ENTER_CUSTOMERS, "remove customers from before Gatehouse")
    row.delete()
