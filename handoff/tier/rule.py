"""What the table of tiers proposes for a biller: pure, and the table is data with a version (domain.md, Tier)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from meetings.tier import COUNTS
from projects.registry_page import money

#: No support lasts longer than a year, and no MRR has more than ten digits before the point (`Project.mrr`).
MOST_DAYS = 365
MOST_MRR = Decimal("9999999999.99")
#: A table has so many bands at most.
MOST_BANDS = 20
NUMBER_WORDS = {0: "no TSM meeting", 1: "one TSM meeting", 2: "two TSM meetings", 4: "four TSM meetings"}


class Support(models.TextChoices):
    """Who supports a biller after its go-live, in the words of the table."""

    TRANSITION_SUCCESS = "transition_success", "Transition Success"
    LIGHT = "light", "Transition Success Light"
    HELP_DESK = "help_desk", "Client Services Help Desk"


class Integration(models.TextChoices):
    """Whether a biller is among the first on its integration."""

    NEW = "new", "New"
    EXISTING = "existing", "Existing"

    @classmethod
    def of(cls, new: bool) -> Integration:
        """Return what a verdict (`projects.customers.Verdict`) comes to."""
        return cls.NEW if new else cls.EXISTING


@dataclass(frozen=True, slots=True)
class Terms:
    """What a biller gets: who supports it, for how many days (0: no period; `open_ended`: at least), how many meetings."""

    support: Support
    days: int
    meetings: int
    open_ended: bool = False

    @property
    def length(self) -> str:
        """The length in words: `90 days`, `at least 30 days`; nothing for the help desk."""
        if not self.days:
            return ""
        words = f"{self.days} {'day' if self.days == 1 else 'days'}"
        return f"at least {words}" if self.open_ended else words

    @property
    def short(self) -> str:
        """All of it in a line: `Transition Success Light, 30 days, one TSM meeting`."""
        return ", ".join(filter(None, (self.support.label, self.length, meetings_words(self.meetings))))


def meetings_words(number: int) -> str:
    """Return `one TSM meeting`."""
    return NUMBER_WORDS.get(number, f"{number} TSM meetings")


@dataclass(frozen=True, slots=True)
class Band:
    """One line of the table: of which integration, from which MRR on (US dollars), and what it gives."""

    integration: Integration
    mrr_from: Decimal
    terms: Terms


@dataclass(frozen=True, slots=True)
class Table:
    """A version of the table."""

    version: int
    bands: tuple[Band, ...]

    def band_for(self, integration: Integration, mrr: Decimal) -> Band:
        """Return the band of an amount, which is not below 0. A boundary belongs to the upper band."""
        return max((b for b in self.bands_of(integration) if b.mrr_from <= mrr), key=lambda band: band.mrr_from)

    def bands_of(self, integration: Integration) -> list[Band]:
        """Return the bands of an integration, the lowest first."""
        return sorted((band for band in self.bands if band.integration == integration), key=lambda band: band.mrr_from)

    def rows(self) -> list[tuple[str, str, Terms]]:
        """Return the table as people read it: integration, MRR, what it gives."""
        found = []
        for integration in Integration:
            bands = self.bands_of(integration)
            for band, above in zip(bands, [*bands[1:], None], strict=True):
                upper = f"{money(band.mrr_from)} to under {money(above.mrr_from)}" if above else ""
                found.append((integration.label, upper or f"{money(band.mrr_from)} and over", band.terms))
        return found


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the table proposes, and why; `advised`: more than it says is usual, as for an enterprise biller."""

    integration: Integration
    terms: Terms
    reasons: tuple[str, ...]
    table_version: int
    advised: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs: `tier` is the label of the table, `days` is 0 for the help desk."""
        terms = self.terms
        return {
            "tier": terms.support.label, "days": terms.days, "meetings": terms.meetings, "open_ended": terms.open_ended,
            "reasons": list(self.reasons), "integration": self.integration.value, "table": self.table_version,
        }  # fmt: skip


def check_mrr(mrr: Decimal) -> Decimal:
    """Return an MRR (US dollars) as it is. Raises ValidationError: no number, below 0, too large, or not in whole cents."""
    if not mrr.is_finite():
        raise ValidationError({"mrr": "Write the MRR as an amount of US dollars, such as 3000 or 2999.99."})
    if mrr < 0:
        raise ValidationError({"mrr": "The MRR is never below 0."})
    if mrr > MOST_MRR:
        raise ValidationError({"mrr": "The MRR has ten digits before the point at most."})
    if mrr != round(mrr, 2):
        raise ValidationError({"mrr": "Write the MRR in dollars and whole cents: two digits after the point."})
    return mrr


def propose(
    table: Table, *, new: bool, mrr: Decimal | None, enterprise: bool = False, why: str = "", doubts: Iterable[str] = ()
) -> Proposal | None:
    """Return what the table proposes; None without an MRR, which somebody has to enter first.

    Args:
        new: whether the integration counts as new (projects.customers). mrr: US dollars a month.
        enterprise: such billers usually get a TSM; what is proposed stays by the table, and says so.
        why: the verdict on the integration in words. doubts: what is not entered and might change it.

    Raises:
        ValidationError: an impossible MRR.
    """
    if mrr is None:
        return None
    check_mrr(mrr)
    integration = Integration.of(new)
    terms = table.band_for(integration, mrr).terms
    reasons = [why or f"{integration.label} integration.", f"MRR {money(mrr)}: {terms.short}."]
    if terms.open_ended:
        reasons.append(f"After {terms.days} days the support is evaluated, and extended if needed.")
    if terms.support == Support.HELP_DESK:
        reasons.append("Share the welcome leaflet, and show how to reach support from the Biller Portal.")
    advised = enterprise and terms.support == Support.HELP_DESK
    if enterprise:
        say = " The table gives none: consider one." if advised else ""
        reasons.append(f"An enterprise biller: those usually get a TSM.{say}")
    return Proposal(integration, terms, (*reasons, *doubts), table.version, advised)


# What a table must be ----------------------------------------------------------------------------------------------------


def check_terms(terms: Terms) -> None:
    """Raise ValidationError where terms are none: the help desk has no period and no meetings, all other support has a period."""
    if terms.meetings not in COUNTS:
        raise ValidationError({"meetings": "There are none, 1, 2 or 4 TSM meetings."})
    if terms.support == Support.HELP_DESK:
        if terms.days or terms.open_ended:
            raise ValidationError({"days": "The help desk has no period: write 0 days, and not “at least”."})
        if terms.meetings:
            raise ValidationError({"meetings": "The help desk has no TSM, and so no TSM meetings."})
    elif not 1 <= terms.days <= MOST_DAYS:
        raise ValidationError({"days": f"{terms.support.label} lasts from 1 to {MOST_DAYS} days."})


def check_bands(bands: Sequence[Band]) -> None:
    """Raise ValidationError, with every fault, where bands make no table: for each integration they begin at 0 and rise."""
    faults = [f"{MOST_BANDS} bands at most make a table."] if len(bands) > MOST_BANDS else []
    for integration in Integration:
        amounts = [band.mrr_from for band in bands if band.integration == integration]
        if not amounts:
            faults.append(f"{integration.label}: there is no band. The lowest begins at 0.")
        elif amounts[0] != 0:
            faults.append(f"{integration.label}: the first band begins at 0, not at {money(amounts[0])}.")
        for lower, upper in pairwise(amounts):
            if upper <= lower:
                words = "twice" if upper == lower else f"after {money(lower)}"
                faults.append(
                    f"{integration.label}: {money(upper)} stands {words}. Each band begins above the one before."
                )
    for band in bands:
        faults += _faults_of(band)
    if faults:
        raise ValidationError(faults)


def _faults_of(band: Band) -> list[str]:
    place = f"{band.integration.label} from {money(band.mrr_from)}"
    found: list[str] = []
    checks: tuple[Callable[[], object], ...] = (lambda: check_mrr(band.mrr_from), lambda: check_terms(band.terms))
    for check in checks:
        try:
            check()
        except ValidationError as wrong:
            found += [f"{place}: {message}" for message in wrong.messages]
    return found


def table_of_data(data: Mapping[str, Any]) -> Table:
    """Return the table that a file says. Raises ValidationError, KeyError or ValueError where it says none."""
    bands = tuple(
        Band(
            Integration(row["integration"]), Decimal(row["mrr_from"]),
            Terms(Support(row["support"]), row["days"], row["meetings"], row.get("open_ended", False)),
        )
        for row in data["bands"]
    )  # fmt: skip
    check_bands(bands)
    return Table(data["version"], bands)
