"""The parties of a sign-off: whose decision each kind of approval is (domain.md, Steps), and which seats hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models

from accounts.models import Side
from playbook.catalog import VersionTemplate, version_template
from playbook.vocabulary import ApprovalKind, SignsAs
from projects.board import A, Board, LiveStep, SeatView
from projects.people import Person


class Party(models.TextChoices):
    """Whose decision it is."""

    ACCOUNTABLE = "accountable", "Accountable"
    BILLER = "biller", "Biller"
    CORE_SYSTEM = "core_system", "Core system"
    CUSTOMER = "customer", "Biller or partner"


#: Who must decide, by kind; every kind that is not here is its accountable's.
PARTIES: Mapping[str, tuple[Party, ...]] = {
    ApprovalKind.FINAL_SIGN_OFF: (Party.BILLER, Party.CORE_SYSTEM),
    ApprovalKind.CUSTOMER_DESIGN_REVIEW: (Party.CUSTOMER,),
}
#: Parties that a project may do without, with a reason (domain.md: the final sign-off of a biller without a core system of
#: its own).
OPTIONAL = frozenset({Party.CORE_SYSTEM})


def parties_of(kind: str) -> tuple[Party, ...]:
    """Return who must decide an approval of `kind`."""
    return PARTIES.get(kind, (Party.ACCOUNTABLE,))


def holders(board: Board, step: LiveStep, party: Party) -> list[Person]:
    """Return the people who may decide for `party`: any one of them does.

    The biller and the core system are the seats of the step's own playbook that sign as such (`signs_as`); a customer design
    review may be signed by either, or by a partner.
    """
    if party == Party.ACCOUNTABLE:
        return board.people(step, A)
    found = (seat.person for seat in board.seats if signs_for(seat, step, party))
    return list(dict.fromkeys(person for person in found if person is not None))


def signers(seats: Iterable[SeatView], step: LiveStep) -> list[Person]:
    """Return the people in seats that sign an approval step, for whichever of its parties outside; nobody where there is none."""
    return list(dict.fromkeys(seat.person for seat in signing_seats(seats, step) if seat.person is not None))


def signing_seats(seats: Iterable[SeatView], step: LiveStep) -> list[SeatView]:
    """Return the seats, filled or not, that sign an approval step for a party outside."""
    outside = [party for party in parties_of(step.template.approval) if party != Party.ACCOUNTABLE]
    return [seat for seat in seats if any(signs_for(seat, step, party) for party in outside)]


#: What a role has to sign as, for each party outside.
_SIGNING: Mapping[Party, frozenset[str]] = {
    Party.BILLER: frozenset({SignsAs.BILLER.value}),
    Party.CORE_SYSTEM: frozenset({SignsAs.CORE_SYSTEM.value}),
    Party.CUSTOMER: frozenset({SignsAs.BILLER.value, SignsAs.CORE_SYSTEM.value}),
}


def signs_for(seat: SeatView, step: LiveStep, party: Party) -> bool:
    """Return whether a seat, filled or not, signs an approval step for a party outside."""
    if not _speaks_for(seat.version, step):
        return False
    return seat.role.signs_as in _SIGNING[party] or (party == Party.CUSTOMER and seat.role.side == Side.PARTNER)


def _speaks_for(version: VersionTemplate, step: LiveStep) -> bool:
    """Whether roles of `version` have a say on the step: it is of its playbook, and no older. A role that the playbook gave up
    signs what is still as it was, and nothing newer."""
    template = step.template
    if version.id == template.version_id:
        return True
    return version.playbook == template.playbook and version.number > version_template(template.version_id).number
