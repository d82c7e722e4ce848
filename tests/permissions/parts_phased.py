"""Phased go-lives in the table: the rows of cases, drafts, links and keys, and what somebody would send there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from handoff.models import ProductionCase
from handoff.phased.cases import add_case
from handoff.phased.cases_import import keep_draft, plan_of
from handoff.phased.keys import make_key
from projects.models import Project, SheetDraft
from sheets.reading import Row, Table
from transitions.clock import business_day

ABSENT = 987654
Parts = dict[str, dict[str, tuple[Any, Any, Any]]]
SHEET = Table([Row(2, {"id": "C-9", "title": "Late", "severity": "2", "opened": "2026-11-02"})], [], {})


def phased_parts(own: Project, foreign: Project, cast: SimpleNamespace) -> Parts:
    """Make a case, a kept sheet and a key on both projects; return the parts of addresses by the addresses' names."""
    cases, drafts, keys = [], [], []
    for project, by in ((own, cast.priya), (foreign, cast.adele)):
        day = dt.date(2026, 11, 2)
        cases.append(add_case(project, by=by, external_id="C-1", title="Late", severity=2, opened_on=day).pk)
        drafts.append(keep_draft(project, "cases.csv", SHEET, by=by).pk)
        keys.append(make_key(project, "cases", by=by))
    case_id, key_id = {"case_id": (*cases, ABSENT)}, {"key_id": (*(one.key.pk for one in keys), ABSENT)}
    tokens = [one.address.rpartition("/")[2] for one in keys]
    biller = {"biller": (own.biller.code, None, "ZZZ")}  # whoever is inside sees every biller: none is foreign
    return {
        "production-case": case_id, "move-production-case": case_id, "note-case": case_id, "escalate-case": case_id,
        "cases-import-look": {"draft_id": (*drafts, ABSENT)}, "reset-intake-key": key_id, "revoke-intake-key": key_id,
        "intake": {"token": (*tokens, "nothing")}, "program": biller,
    }  # fmt: skip


def _project(site: Any, of: str) -> Project:
    project: Project = Project.objects.get(pk=(site.foreign if of == "foreign" else site.own).pk)
    return project


def _revision(site: Any, of: str) -> int:
    return int(
        ProductionCase.objects.filter(project=_project(site, of), external_id="C-1").values_list("revision", flat=True)[
            0
        ]
    )


def _look(site: Any, of: str) -> dict[str, Any]:
    project = _project(site, of)
    draft = SheetDraft.objects.filter(project=project, purpose="production-cases").first()
    return {"fingerprint": plan_of(project, draft, today=business_day()).fingerprint if draft else "x"}


def _case(number: int) -> dict[str, Any]:
    return {"external_id": f"C-{number}", "title": "Late", "severity": "2", "opened_on": "2026-11-02", "link": "",
            "owner": "", "owner_name": ""}  # fmt: skip


Body = Callable[[Any, str], dict[str, Any]]
#: Of a project: what would be done by whoever may.
BODIES: dict[str, Body] = {
    "phased-answer": lambda site, of: {"criterion": "revenue", "answer": "yes", "note": "AutoPay."},
    "phased-switch": lambda site, of: {
        "on": "0" if _project(site, of).phased_go_live else "1", "reason": "x", "revision": _project(site, of).revision,
    },
    "new-production-case": lambda site, of: _case(2),
    "production-case": lambda site, of: {**_case(1), "severity": "3", "revision": _revision(site, of)},
    "move-production-case": lambda site, of: {"move": "close_case", "note": "Fixed.", "revision": _revision(site, of)},
    "note-case": lambda site, of: {"text": "Reproduced."},
    "escalate-case": lambda site, of: {"level": "1", "reason": "x", "revision": _revision(site, of)},
    "cases-import-look": _look,
    "case-review": lambda site, of: {"held_on": "2026-11-02", "note": ""},
    "revoke-intake-key": lambda site, of: {},
}  # fmt: skip

#: What needs another project of the biller, a file, a key that is not there yet, or no person at all.
REFUSED_BODIES: dict[str, Body] = {
    "phased-link": lambda site, of: {"side": "next", "other": "1"},
    "phased-unlink": lambda site, of: {"link": "1"},
    "cases-import": lambda site, of: {},
    "intake-keys": lambda site, of: {"intake": "cases"},
    "intake": lambda site, of: {},
    # The new address is shown at once, on a page of its own.
    "reset-intake-key": lambda site, of: {},
}

#: Fields that the forms have and the bodies leave out.
OFFERED: dict[str, dict[str, Any]] = {"note-case": {"for_customer": ""}}
