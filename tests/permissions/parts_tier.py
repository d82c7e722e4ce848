"""What the table says of the tier of support: its addresses need no more than the project, and what is sent there."""

from __future__ import annotations

import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from handoff.models import TierTable
from handoff.tier.decisions import position_of
from handoff.tier.rule import Band, Integration, Support, Terms
from handoff.tier.tables import issue_table
from projects.models import Project


def parts(own: Project, foreign: Project, cast: SimpleNamespace) -> dict[str, dict[str, tuple[Any, Any, Any]]]:
    """Issue a table, so that the admin has one to show; the addresses have no parts beside the project's code."""
    if not TierTable.objects.exists():
        terms = Terms(Support.LIGHT, 30, 1)
        issue_table([Band(one, Decimal(0), terms) for one in Integration], note="One band", by=cast.adele)
    return {}


def _project(site: Any, of: str) -> Project:
    return Project.objects.get(pk=(site.foreign if of == "foreign" else site.own).pk)


def _decision(site: Any, of: str) -> dict[str, Any]:
    return {
        "support": Support.LIGHT.value, "days": 30, "meetings": 1, "tsm": site.cast.tess.pk, "reason": "As agreed.",
        "seen": position_of(_project(site, of)).fingerprint, "key": str(uuid.uuid4()),
    }  # fmt: skip


#: What somebody who may would send, by the name of the address.
BODIES: dict[str, Any] = {
    "tier-mrr": lambda site, of: {"mrr": "3000", "revision": _project(site, of).revision},
}

#: What Client Services would send, and nobody who runs the project may.
REFUSED_BODIES: dict[str, Any] = {"tier": _decision}

#: Fields that the forms have and the bodies leave out.
OFFERED: dict[str, dict[str, Any]] = {"tier": {"open_ended": "", "change_meetings": ""}}
