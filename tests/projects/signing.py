"""A project with a sign-off under way. Nothing here is a test."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from django.db import connection

from accounts.models import User
from playbook.data import RoleData
from projects.models import Project, ProjectStep
from raci.letters import Raci
from tests.cast import move, step_of
from tests.transitions.made_up import ROLES, a_step, publish, started

NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)
KEY = "design.step-4"
PATH = f"made-up/{KEY}"
SEATS = (
    *(role for role in ROLES if role.code != "B"),
    RoleData("B", "Biller", "Customer", "customer", signs_as="biller"),
    RoleData("CIS", "Customer Information System", "Customer", "customer", signs_as="core_system"),
    RoleData("P", "Partner", "Partner", "partner"),
)
INSIDE = Raci(R=("SE",), A=("INM",), C=("SA",))


def in_review(cast: SimpleNamespace, approval: str = "final_sign_off", **people: User | None) -> Project:
    """In Design: two steps done, of which the biller knows the first, one open, and one handed in for a decision.

    Args:
        people: by role code, over the usual ones: Bo signs as the biller, Pat as the core system, nobody as a partner.
    """
    steps = (
        a_step(1, title="Invoicing", documents=("technical-design-page/invoices",)),
        a_step(2, title="Pricing", raci=INSIDE),
        a_step(3, title="Later"),
        a_step(
            4,
            title="Sign-off",
            approval=approval,
            needs=("design.step-2",),
            documents=("solution-design-document/whole", "sit-workbook"),
        ),
    )
    seats: dict[str, Any] = {
        "PM": cast.priya, "IM": cast.ivan, "SE": cast.sofia, "INM": cast.ingrid, "SA": cast.arun, "B": cast.bo, "CIS": cast.pat,
        "IS": cast.dele, **people,
    }  # fmt: skip
    project = started(cast, publish(*steps, roles=SEATS), people={code: who for code, who in seats.items() if who})
    for key in ("design.step-1", "design.step-2"):
        for name in ("start", "complete"):
            move(project, key, name, cast.sofia)
    for name in ("start", "submit"):
        move(project, KEY, name, cast.sofia)
    return project


def decide(project: Project, name: str, by: User, **details: Any) -> ProjectStep:
    """Decide on the step that is in review; return it as it is then."""
    return move(project, KEY, name, by, **{"now": NOW, **details}).row


def the_step(project: Project) -> ProjectStep:
    return step_of(project, KEY)


def behind_our_back(sql: str, *values: Any) -> None:
    """Write to the table of decisions as nobody can who comes through us; PostgreSQL refuses until its trigger is off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table that still has keys to check is not altered
            cursor.execute("ALTER TABLE projects_approval DISABLE TRIGGER append_only")
        cursor.execute(sql, values)
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE projects_approval ENABLE TRIGGER append_only")
