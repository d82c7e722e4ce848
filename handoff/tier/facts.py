"""What a tier follows from, read for any number of projects at once: the integration, the MRR, the biller, the go-live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from handoff.models import TierDecision
from handoff.tier.rule import Integration, Proposal, Table, propose
from projects.customers import Customer, FirstCustomers, Verdict, customers_of, is_new_integration, judge
from projects.models import IntegrationKind, Project
from projects.models.registry import Vertical


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a decision stands on; kept with it, and held against what is so by now."""

    integration: Integration
    mrr: Decimal | None
    vertical: str
    state: str
    go_live: dt.date

    @classmethod
    def of_decision(cls, row: TierDecision) -> Inputs:
        """Return what a decision stood on."""
        return cls(Integration(row.integration), row.mrr, row.vertical, row.state, row.go_live)

    def as_list(self) -> list[str]:
        """Return them as texts, for a fingerprint."""
        mrr = "" if self.mrr is None else f"{self.mrr:.2f}"
        return [self.integration.value, mrr, self.vertical, self.state, self.go_live.isoformat()]


@dataclass(frozen=True, slots=True)
class Facts:
    """The inputs of a project as they are, with why its integration is new or existing."""

    inputs: Inputs
    verdict: Verdict
    enterprise: bool = False

    def proposal(self, table: Table) -> Proposal | None:
        """Return what the table proposes; None without an MRR, or with one that cannot be."""
        doubts = list(self.verdict.doubts)
        if self.inputs.vertical not in Vertical.values:
            doubts.append(f"“{self.inputs.vertical}” is no vertical that is known: it counts like the other trades.")
        new = self.inputs.integration == Integration.NEW
        try:
            return propose(
                table, new=new, mrr=self.inputs.mrr, enterprise=self.enterprise, why=self.verdict.words, doubts=doubts
            )
        except ValidationError:
            return None

    def having(self, *, mrr: Decimal | None = None, go_live: dt.date | None = None) -> Facts:
        """Return the facts as they would be with another MRR or go-live."""
        inputs = self.inputs
        changed = replace(inputs, mrr=inputs.mrr if mrr is None else mrr, go_live=go_live or inputs.go_live)
        return replace(self, inputs=changed)


def facts_of(projects: Sequence[Project]) -> dict[int, Facts]:
    """Return the facts of each project, by its id; one query beside the projects' own billers, none where nobody is counted.

    Args:
        projects: with their billers read, or they cost a query each.
    """
    systems = {one.core_system_id for one in projects if _is_counted(one) and one.core_system_id is not None}
    customers: dict[int | None, list[Customer]] = {}
    for one in customers_of(systems) if systems else ():
        customers.setdefault(one.core_system_id, []).append(one)
    first = FirstCustomers.from_settings()
    return {one.pk: _facts(one, customers, first) for one in projects}


def _is_counted(project: Project) -> bool:
    return project.integration_kind != IntegrationKind.CUSTOM


def _facts(project: Project, customers: dict[int | None, list[Customer]], first: FirstCustomers) -> Facts:
    biller: Any = project.biller
    if project.core_system_id is None and _is_counted(project):
        verdict = is_new_integration(project, first)  # no core system, no query
    else:
        verdict = judge(
            kind=project.integration_kind, vertical=biller.vertical, state=biller.state, biller_id=biller.pk,
            customers=customers.get(project.core_system_id, ()) if _is_counted(project) else (), first=first,
        )  # fmt: skip
    inputs = Inputs(Integration.of(verdict.new), project.mrr, biller.vertical, biller.state, project.target_go_live)
    return Facts(inputs, verdict, biller.enterprise)
