"""The watch over add-ons, in the table: rows on both projects, and what somebody would send there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from handoff.models import AnomalyWord, Projection
from projects import sheet_drafts
from projects.models import Project, SheetDraft
from sheets.reading import Row, Table

ABSENT = 987654
FIRST = dt.date(2026, 11, 2)
Parts = dict[str, dict[str, tuple[Any, Any, Any]]]


def watch_parts(own: Project, foreign: Project, cast: SimpleNamespace) -> Parts:
    """Make a projection, a word on an anomaly and a sheet that waits, on both projects.

    The rows are made past the services, which refuse a project that is not watched.
    """
    projections, drafts = [], []
    for project, by in ((own, cast.priya), (foreign, cast.adele)):
        row = Projection.objects.create(project=project, since=FIRST, payments=Decimal(40), by=by)
        AnomalyWord.objects.create(
            project=project, kind="none", first=FIRST, last=FIRST, found="Nov 2, 2026: no payments.", outcome="explained",
            note="Closed.", by=by,
        )  # fmt: skip
        projections.append(row.pk)
        drafts.append(_draft(project, by).pk)
    anomaly = {"kind": ("none", "none", "drop"), "first": (FIRST, FIRST, FIRST)}
    return {
        "watch-projection-remove": {"projection_id": (*projections, ABSENT)},
        "watch-anomaly": anomaly,
        "watch-import-look": {"draft_id": (*drafts, ABSENT)},
    }


def _draft(project: Project, by: User) -> SheetDraft:
    values: Mapping[str, Any] = {"day": "2026-11-03", "payments": "4", "amount": "10"}
    return sheet_drafts.keep(project, "payments", "days.csv", Table([Row(2, values)], []), by=by)


def _sheet(site: Any, of: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("days.csv", b"Day,Payments,Amount\n2026-11-03,4,10\n")}


Body = Callable[[Any, str], dict[str, Any]]

#: The table's projects have no add-on: whoever might write is refused with 409, who may not with 403 before that.
REFUSED_BODIES: dict[str, Body] = {
    "watch-day": lambda site, of: {"day": "2026-11-03", "payments": "4", "amount": "10"},
    "watch-projection": lambda site, of: {"since": "2026-11-03", "payments": "40", "source": "The order"},
    "watch-projection-remove": lambda site, of: {"revision": "0"},
    "watch-anomaly": lambda site, of: {"outcome": "explained", "note": "Closed.", "last": FIRST.isoformat()},
    "watch-import": _sheet,
    "watch-import-look": lambda site, of: {"fingerprint": "0" * 32},
}

#: Fields that the forms have and the bodies leave out.
OFFERED: dict[str, dict[str, Any]] = {
    "watch-day": {"seen": ""},
    "watch-projection": {"amount": "", "seen": ""},
    "watch-anomaly": {"case_number": "", "case_link": ""},
}
