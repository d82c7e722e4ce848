"""What stands of the tier on pages: a project's own, the weekly list, the panel on the project's page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from handoff.models import TierDecision
from handoff.rights import decides_tiers
from handoff.tier.decisions import STEP, Position, decision_of, position_of
from handoff.tier.difference import Difference, Line, compare, differences_of, latest_of
from handoff.tier.facts import facts_of
from handoff.tier.rule import Proposal
from handoff.tier.tables import current_table
from handoff.tier.tsm_meetings import NONE, Plan, plan
from meetings.tier import COUNTS
from projects.days import DayWords, due
from projects.days import short as short_day
from projects.models import Biller, Project
from projects.panels import Panel
from projects.registry_page import money
from transitions.clock import business_day
from transitions.phase import Phase

#: The page shows so many decisions; who wants more asks for all.
SHOWN = 10
#: The weekly list shows so many undecided projects a page, and so many of those that changed.
ON_A_PAGE, MOST_CHANGED = 50, 50
_IS_DECIDED = Exists(TierDecision.objects.filter(project=OuterRef("pk")))


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What another MRR or go-live would change: of what the decision stands on, or of the proposal where nothing is decided."""

    asked: tuple[Line, ...]
    proposal: Proposal | None
    difference: Difference | None
    mrr: Decimal | None


def what_if(position: Position, mrr: Decimal | None, go_live: dt.date | None, today: dt.date) -> WhatIf:
    """Return what would follow from another MRR or go-live. Pure: nothing changes."""
    before, supposed = position.facts.inputs, position.facts.having(mrr=mrr, go_live=go_live)
    after = supposed.inputs
    was = "not entered" if before.mrr is None else money(before.mrr)
    lines = [Line("MRR", was, money(after.mrr))] if after.mrr != before.mrr else []
    if after.go_live != before.go_live:
        lines.append(Line("Target go-live", short_day(before.go_live, today), short_day(after.go_live, today)))
    difference = None
    if position.decision is not None:
        difference = compare(position.decision, supposed, position.table, position.meetings, today)
    return WhatIf(tuple(lines), supposed.proposal(position.table), difference, mrr if mrr != before.mrr else None)


def plans_of(position: Position, today: dt.date) -> list[tuple[int, Plan]]:
    """Return what would become of the planned TSM meetings by how many are decided; nothing where none is ahead."""
    if position.meetings.series is None:
        return []
    go_live = position.facts.inputs.go_live
    return [(number, plan(position.meetings, number, go_live, today)) for number in COUNTS]


def difference_at(project: Project, position: Position, today: dt.date) -> Difference | None:
    """Return what changed since the decision that counts; None where nothing did, nothing is decided, or nothing will be."""
    if position.decision is None or project.is_archived():
        return None
    return compare(position.decision, position.facts, position.table, position.meetings, today)


def decisions_shown(project: Project, *, every: bool) -> tuple[list[TierDecision], bool]:
    """Return the decisions of a project, the latest first, and whether there are more; one query."""
    rows = TierDecision.objects.filter(project=project).select_related("by", "tsm").order_by("-pk")
    found = list(rows if every else rows[: SHOWN + 1])
    return (found, False) if every else (found[:SHOWN], len(found) > SHOWN)


# The weekly list ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A project on the weekly list."""

    project: Project
    link: str
    go_live: DayWords
    mrr: str
    proposal: Proposal | None
    decision: TierDecision | None = None
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Weekly:
    """The list of the review: a page of what is not decided, how many of all have no MRR, and what changed since it was decided.

    `more` is how many changed projects there are beyond those shown.
    """

    page: Page[Project]
    undecided: list[Row]
    missing: int
    changed: list[Row]
    more: int


def weekly(now: dt.datetime, number: int | str = 1) -> Weekly:
    """Return the active projects on their way to go-live without a decision, the earliest first, by pages; and those decided
    whose facts changed since (domain.md, Time, TSM assignment review). All projects: it is Client Services' own list.

    Ten queries at most, however many there are.
    """
    today, table = business_day(now), current_table()
    open_ = _on_their_way().exclude(_IS_DECIDED)
    page = Paginator(open_, ON_A_PAGE).get_page(number)
    shown = list(page.object_list)
    facts = facts_of(shown)
    decided = list(_on_their_way().filter(_IS_DECIDED))
    decisions = latest_of([one.pk for one in decided])
    found = differences_of(decided, decisions, now)
    changed = [one for one in decided if one.pk in found]
    return Weekly(
        page, [_row(one, today, facts[one.pk].proposal(table)) for one in shown], open_.filter(mrr=None).count(),
        [_row(one, today, found[one.pk].proposal, decisions[one.pk], found[one.pk]) for one in changed[:MOST_CHANGED]],
        max(0, len(changed) - MOST_CHANGED),
    )  # fmt: skip


def _on_their_way() -> Any:
    """Return the projects that the review goes through: as its agenda has them (meetings.agenda_facts)."""
    rows = Project.objects.active().filter(actual_go_live=None).exclude(phase=Phase.POST_LIVE)
    return rows.select_related("biller", "core_system").order_by("target_go_live", "code")


def _row(
    project: Project, today: dt.date, proposal: Proposal | None, decision: TierDecision | None = None,
    difference: Difference | None = None,
) -> Row:  # fmt: skip
    mrr = "" if project.mrr is None else money(project.mrr)
    link = reverse("tier", args=[project.code])
    return Row(project, link, due(project.target_go_live, today), mrr, proposal, decision, difference)


# The project's page ------------------------------------------------------------------------------------------------------


def project_panel(project: Project, person: User, today: dt.date) -> Panel | None:
    """Return the tier in a line, decided or proposed; nothing where the playbook does not ask for it. Five queries at most."""
    if STEP not in project.board.by_path:
        return None
    facts, table, decision = facts_of([project])[project.pk], current_table(), decision_of(project)
    # What would become of the meetings is told on the page itself.
    difference = compare(decision, facts, table, NONE, today) if decision and not project.is_archived() else None
    values = {
        "link": reverse("tier", args=[project.code]), "decision": decision, "proposal": facts.proposal(table),
        "difference": difference,
    }  # fmt: skip
    return Panel("handoff/tier/panel.html", values)


def go_live_panel(project: Project, day: dt.date, person: User, today: dt.date) -> Panel | None:
    """Return what another go-live would change of what the tier was decided on; nothing where it changes nothing, or none is."""
    if STEP not in project.board.by_path or day == project.target_go_live:
        return None
    position = position_of(project)
    supposed = what_if(position, None, day, today)
    if supposed.difference is None or supposed.difference == difference_at(project, position, today):
        return None
    values = {"link": reverse("tier", args=[project.code]), "difference": supposed.difference, "today": today}
    return Panel("handoff/tier/panel_go_live.html", values)


def biller_panel(biller: Biller, person: User, today: dt.date) -> Panel | None:
    """Return what would differ for decided tiers, were the biller as given; nothing where nothing would. Nine queries."""
    seen = Project.objects.visible_to(person).filter(biller=biller.pk)
    rows = list(_on_their_way().filter(pk__in=seen.values("pk")))
    decisions, now = latest_of([one.pk for one in rows]), timezone.now()
    before = differences_of(rows, decisions, now)
    for one in rows:
        one.biller = biller
    after = differences_of(rows, decisions, now)
    lines = [(one, after[one.pk]) for one in rows if one.pk in after and after[one.pk] != before.get(one.pk)]
    return Panel("handoff/tier/panel_biller.html", {"lines": lines, "today": today}) if lines else None


def inbox_panel(person: User) -> Panel | None:
    """Return how many tiers wait for a decision, to those who decide; two queries, one for anybody else."""
    if not decides_tiers(person):
        return None
    undecided = _on_their_way().exclude(_IS_DECIDED).count()
    return Panel("handoff/tier/panel_inbox.html", {"undecided": undecided}) if undecided else None
