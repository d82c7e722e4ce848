"""What changed since a tier was decided, and what would become of it: shown before anything changes (issue 6, Tier)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from handoff.models import TierDecision
from handoff.tier.facts import Facts, Inputs, facts_of
from handoff.tier.rule import Proposal, Support, Table, Terms
from handoff.tier.tables import current_table
from handoff.tier.tsm_meetings import NONE, Plan, TsmMeetings, meetings_of, plan
from projects.days import short
from projects.models import Project
from projects.models.registry import State, Vertical
from projects.registry_page import money
from transitions.clock import business_day

DASH = "–"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is, or would be, otherwise: `MRR`, `$2,500`, `$6,000`."""

    label: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.label} {self.was} → {self.now}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Between a decision and what is so by now.

    Args:
        changed: of what it stood on. proposes: where the table proposes otherwise than it did then.
        dates: days that move. late: the planned TSM meetings that lie on the go-live or later.
        proposal: what the table proposes now; None where the MRR is gone.
        meetings: what would become of the meetings if that were decided.
    """

    changed: tuple[Line, ...]
    proposes: tuple[Line, ...]
    dates: tuple[Line, ...]
    late: tuple[dt.date, ...]
    proposal: Proposal | None
    meetings: Plan

    @property
    def matters(self) -> bool:
        """Whether the table proposes another tier, length or number of meetings than it did."""
        return bool(self.proposes)

    @property
    def short(self) -> str:
        """What changed, in a line."""
        return "; ".join(map(str, self.changed))


def compare(
    decision: TierDecision, facts: Facts, table: Table, meetings: TsmMeetings, today: dt.date
) -> Difference | None:
    """Return the difference between a decision and the facts; None where nothing that it stood on changed. Pure.

    A new table alone changes nothing: old decisions keep theirs.
    """
    before, inputs = Inputs.of_decision(decision), facts.inputs
    changed = _changed(before, inputs, today)
    if not changed:
        return None
    proposal = facts.proposal(table)
    then = _terms_of(decision.proposal)
    wanted = decision.terms
    if proposal is not None and proposal.terms != then:
        wanted = proposal.terms
    return Difference(
        changed, _proposes(decision.terms, then, proposal), _dates(decision.terms, before.go_live, wanted, inputs.go_live, today),
        tuple(one.held_on for one in meetings.after(inputs.go_live)), proposal,
        plan(meetings, wanted.meetings, inputs.go_live, today),
    )  # fmt: skip


def _changed(before: Inputs, now: Inputs, today: dt.date) -> tuple[Line, ...]:
    pairs = (
        ("Integration", before.integration.label, now.integration.label),
        ("MRR", _mrr(before), _mrr(now)),
        ("Vertical", _label(Vertical, before.vertical), _label(Vertical, now.vertical)),
        ("State", _label(State, before.state), _label(State, now.state)),
        ("Target go-live", short(before.go_live, today), short(now.go_live, today)),
    )
    return tuple(Line(*pair) for pair in pairs if pair[1] != pair[2])


def _mrr(inputs: Inputs) -> str:
    return "not entered" if inputs.mrr is None else money(inputs.mrr)


def _label(choices: type[Vertical] | type[State], value: str) -> str:
    return str(choices(value).label) if value in choices.values else value or DASH


def _terms_of(said: Mapping[str, object]) -> Terms | None:
    """Return the terms of a proposal as a decision keeps it (`Proposal.as_dict`); None where there was none."""
    if not said:
        return None
    support = next(one for one in Support if one.label == said["tier"])
    return Terms(support, int(str(said["days"])), int(str(said["meetings"])), bool(said["open_ended"]))


def _proposes(decided: Terms, then: Terms | None, proposal: Proposal | None) -> tuple[Line, ...]:
    """Return in which of its parts the proposal is another than it was, each against what is decided."""
    now = proposal.terms if proposal else None
    if now == then:
        return ()
    if now is None:
        return (Line("Tier", decided.support.label, "no proposal without an MRR"),)
    pairs = (
        ("Tier", decided.support.label, now.support.label),
        ("Length", decided.length or DASH, now.length or DASH),
        ("TSM meetings", str(decided.meetings), str(now.meetings)),
    )
    return tuple(Line(*pair) for pair in pairs if pair[1] != pair[2])


def _dates(decided: Terms, was: dt.date, wanted: Terms, now: dt.date, today: dt.date) -> tuple[Line, ...]:
    before, after = _until(decided, was, today), _until(wanted, now, today)
    return (Line("Support until", before, after),) if before != after else ()


def _until(terms: Terms, go_live: dt.date, today: dt.date) -> str:
    """Return to which day support lasts that begins with the go-live, in calendar days."""
    if not terms.days:
        return DASH
    last = short(go_live + dt.timedelta(days=terms.days), today)
    return f"{last} at least" if terms.open_ended else last


def latest_of(project_ids: Collection[int]) -> dict[int, TierDecision]:
    """Return the decision that counts of each project that has one, by its id; one query."""
    rows = TierDecision.objects.filter(project__in=project_ids).order_by("pk").select_related("tsm", "by")
    return {row.project_id: row for row in rows}


def differences_of(
    projects: Sequence[Project], decisions: Mapping[int, TierDecision], now: dt.datetime
) -> dict[int, Difference]:
    """Return what changed since for each decided project of which something did, by its id; a constant number of queries.

    Of what is complete and archived nothing is decided again.
    """
    asked = [one for one in projects if one.pk in decisions and not one.is_archived()]
    if not asked:
        return {}
    facts, table, meetings = facts_of(asked), current_table(), meetings_of(asked, now)
    today = business_day(now)
    found = {
        one.pk: compare(decisions[one.pk], facts[one.pk], table, meetings.get(one.pk, NONE), today) for one in asked
    }
    return {pk: difference for pk, difference in found.items() if difference is not None}


def reevaluate(project: Project, now: dt.datetime | None = None) -> Difference | None:
    """Return what changed since the project's tier was decided; None where nothing did, or nothing is decided yet."""
    return differences_of([project], latest_of([project.pk]), now or timezone.now()).get(project.pk)
