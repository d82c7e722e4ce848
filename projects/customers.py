"""Who is live on which integration, and what follows: whether the next customer on it counts as new (domain.md, Tier).

An integration here is a core system reached by the integration that its billers share. A custom integration is built for one
biller: it is that biller's own, is never counted for others, and is always new to its one customer.

A biller is live on a core system where a project of its has gone live (or stands in Post-Live, as an add-on does) and was neither
cancelled nor returned to an earlier phase, or where an administrator has entered it (`LiveCustomer`: before Gatehouse, or beside
it). All projects are counted, also those that the reader may not open: a count that depended on the reader would be no rule.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import IntegerField, Q, Value
from django.db.models.functions import Coalesce

from projects.models import Biller, CoreSystem, IntegrationKind, LiveCustomer, Project, State, Vertical
from transitions.phase import Phase
from transitions.standing import Standing


@dataclass(frozen=True, slots=True)
class Customer:
    """A biller that is live on a core system, since its first day there; no day where nobody knows it any more."""

    core_system_id: int | None
    core_system: str
    biller_id: int
    name: str
    code: str
    vertical: str
    state: str
    since: dt.date | None
    entered: bool
    custom: bool = False


def _read(where: Q, entered_where: Q, *, custom: bool) -> Iterator[Customer]:
    """Yield every ground for which somebody counts as live, in one query; a biller may come more than once."""
    live = Q(actual_go_live__isnull=False) | Q(phase=Phase.POST_LIVE)
    projects = Project.objects.filter(where, live).exclude(standing=Standing.CANCELLED).order_by()
    if not custom:
        projects = projects.exclude(integration_kind=IntegrationKind.CUSTOM)
    biller = ("biller_id", "biller__name", "biller__code", "biller__vertical", "biller__state")
    # A project that began in Post-Live (an add-on) has no go-live of its own: its biller was live by its kickoff.
    from_projects = projects.values_list(
        "core_system_id", "core_system__name", *biller, Coalesce("actual_go_live", "kickoff"),
        Value(0, output_field=IntegerField()), "integration_kind",
    )  # fmt: skip
    entered = LiveCustomer.objects.filter(entered_where).order_by()
    from_entries = entered.values_list(
        "core_system_id", "core_system__name", *biller, "since", Value(1, output_field=IntegerField()), Value("")
    )
    for system, named, key, name, code, vertical, state, since, by_hand, kind in from_projects.union(
        from_entries, all=True
    ):
        is_custom = kind == IntegrationKind.CUSTOM
        yield Customer(system, named, key, name, code, vertical, state, since, bool(by_hand), is_custom)


def _earlier(one: dt.date | None, other: dt.date | None) -> bool:
    """Return whether `one` is before `other`; a day that nobody knows is before every other."""
    return other is not None and (one is None or one < other)


def _first_of_each(found: Iterable[Customer]) -> list[Customer]:
    """Return each biller once for each core system, as it came live there first; in the order in which they came."""
    first: dict[tuple[int | None, bool, int], Customer] = {}
    for customer in found:
        key = (customer.core_system_id, customer.custom, customer.biller_id)
        known = first.get(key)
        if known is None or _earlier(customer.since, known.since):
            first[key] = customer
    return sorted(first.values(), key=lambda one: (one.since or dt.date.min, one.name.lower(), one.biller_id))


def customers_live(
    core_system: CoreSystem, *, vertical: str | None = None, state: str | None = None, before: dt.date | None = None
) -> list[Customer]:
    """Return who is live on the shared integration with a core system, the first to come first; in one query.

    Args:
        vertical, state: only billers of that trade, or of that state, as they are now.
        before: only those that were live before that day.
    """
    asked = Q(core_system=core_system)
    if vertical is not None:
        asked &= Q(biller__vertical=vertical)
    if state is not None:
        asked &= Q(biller__state=state)
    found = _first_of_each(_read(asked, asked, custom=False))
    return [one for one in found if before is None or _earlier(one.since, before)]


def customers_of(core_system_ids: Collection[int]) -> list[Customer]:
    """Return who is live on the shared integrations with any of these core systems; in one query."""
    asked = Q(core_system__in=core_system_ids)
    return _first_of_each(_read(asked, asked, custom=False))


def counts_live(core_system_ids: Collection[int]) -> dict[int, int]:
    """Return how many billers are live on the shared integration with each core system that has any; in one query."""
    return dict(Counter(one.core_system_id for one in customers_of(core_system_ids) if one.core_system_id is not None))


def live_on(biller_ids: Collection[int]) -> dict[int, list[Customer]]:
    """Return where each of these billers is live, custom integrations too, the first first; in one query."""
    asked = Q(biller__in=biller_ids)
    found: dict[int, list[Customer]] = {}
    for one in _first_of_each(_read(asked, asked, custom=True)):
        found.setdefault(one.biller_id, []).append(one)
    return found


# New or existing.


@dataclass(frozen=True, slots=True)
class FirstCustomers:
    """How many customers of a trade are the first on an integration, and so make it a new one (domain.md, Tier)."""

    utility: int = 2
    tax: int = 3
    other: int = 1

    @classmethod
    def from_settings(cls) -> FirstCustomers:
        """Return what this installation says: NEW_INTEGRATION_TAX and NEW_INTEGRATION_OTHER. Utilities are two, by the source."""
        return cls(tax=settings.NEW_INTEGRATION_TAX, other=settings.NEW_INTEGRATION_OTHER)

    def of(self, vertical: str) -> int:
        """Return how many of a vertical are the first."""
        return {Vertical.UTILITY.value: self.utility, Vertical.TAX.value: self.tax}.get(vertical, self.other)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an integration counts as new for a customer, its place among those of its trade (from 1; 0: none), and in words.

    `doubts` are sentences about what is not entered and might change the answer.
    """

    new: bool
    ordinal: int
    words: str
    doubts: tuple[str, ...] = ()


NOUNS = {
    Vertical.UTILITY.value: "utility",
    Vertical.TAX.value: "tax office",
    Vertical.INSURANCE.value: "insurer",
    Vertical.OTHER.value: "customer of other trades",
}
ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")


def ordinal_word(number: int) -> str:
    """Return `First` to `Tenth`, then `11th`, `21st`, `22nd`, `23rd`."""
    if number <= len(ORDINALS):
        return ORDINALS[number - 1]
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def judge(
    *, kind: str, vertical: str, state: str, biller_id: int | None, customers: Iterable[Customer], first: FirstCustomers
) -> Verdict:
    """Return whether the integration is new for a biller. Pure; it asks nobody.

    A biller that is live keeps the place in which it came; one that is not comes after all who are. Places are counted among
    billers of the same vertical; two that came on the same day share one.

    Args:
        kind: of the integration. biller_id: None for a biller that is not there yet.
        customers: who is live on the core system (`customers_live`), of any trade, the biller itself among them or not.
        first: how many are the first.
    """
    if kind == IntegrationKind.CUSTOM:
        return Verdict(True, 1, "A custom integration, built for this biller alone: new.")
    found = list(customers)
    own = next((one for one in found if one.biller_id == biller_id), None)
    ahead = [
        one
        for one in found
        if one.vertical == vertical
        and one.biller_id != biller_id
        and (own is None or _earlier(one.since, own.since))
    ]  # fmt: skip
    place = len(ahead) + 1
    if kind == IntegrationKind.ADD_ON:
        return Verdict(False, place, "An add-on to a biller that is live already: existing.")
    words = f"{ordinal_word(place)} {NOUNS.get(vertical, 'customer')} on this integration"
    if place <= first.of(vertical):
        return Verdict(True, place, f"{words}: new.")
    if vertical != Vertical.TAX:
        return Verdict(False, place, f"{words}: existing.")
    if not state:
        doubt = "Its state is not entered: a tax office in a new state would be new."
        return Verdict(False, place, f"{words}: existing.", (doubt,))
    if state in {one.state for one in ahead}:
        return Verdict(False, place, f"{words}: existing.")
    stateless = sum(not one.state for one in ahead)
    doubts = (f"Earlier tax offices on it without a state: {stateless}. One of them may be there too.",)
    return Verdict(True, place, f"{words}, the first in {State(state).label}: new.", doubts if stateless else ())


def is_new_integration(project: Project, first: FirstCustomers | None = None) -> Verdict:
    """Return whether the project's integration counts as new for its biller; one query beside the project's own biller.

    Without a core system there is nothing to count from: new, with that as a doubt (more support rather than less).

    Args:
        project: with its biller and core system. first: how many are the first; the installation's setting unless given.
    """
    biller: Biller = project.biller
    return _verdict(project.integration_kind, project.core_system, biller.vertical, biller, first)


def foresee(*, kind: str, core_system: str, biller_name: str, vertical: str) -> Verdict | None:
    """Return the verdict for a project that is only being filled in; None before there is a biller and a core system to go by.

    Args:
        core_system, biller_name: as typed; of a biller that is there, its own vertical counts, not `vertical`.
    """
    if not kind or not core_system.strip() or not biller_name.strip():
        return None
    biller = Biller.objects.filter(name__iexact=biller_name.strip()).first()
    known = CoreSystem.objects.filter(name=core_system.strip()).first()
    return _verdict(kind, known or CoreSystem(name=core_system), biller.vertical if biller else vertical, biller, None)


def _verdict(
    kind: str, core_system: CoreSystem | None, vertical: str, biller: Biller | None, first: FirstCustomers | None
) -> Verdict:
    if core_system is None and kind != IntegrationKind.CUSTOM:
        doubt = "No core system is named, so nobody can be counted. Name it first."
        return Verdict(True, 0, "Not known which integration: taken as new.", (doubt,))
    counted: list[Any] = (
        customers_live(core_system) if core_system and core_system.pk and kind != IntegrationKind.CUSTOM else []
    )
    return judge(
        kind=kind, vertical=vertical, state=biller.state if biller else "", biller_id=biller.pk if biller else None,
        customers=counted, first=first or FirstCustomers.from_settings(),
    )  # fmt: skip
