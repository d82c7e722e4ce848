"""Client Services decides on the tier of support: by the table or otherwise, with a reason and a name (domain.md, Tier)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Side, User
from handoff.models import TierDecision
from handoff.rights import CLIENT_SERVICES, decides_tiers
from handoff.tier.difference import latest_of
from handoff.tier.facts import Facts, facts_of
from handoff.tier.rule import Proposal, Support, Table, Terms, check_terms
from handoff.tier.tables import current_table
from handoff.tier.tsm_meetings import NONE, TsmMeetings, carry_out, meetings_of, plan
from history.context import named
from projects.lookup import live_step, step_row
from projects.models import Project
from projects.team import seat_person
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.moves import perform
from transitions.step import StepStatus

#: The step of the playbook that a decision closes, and the role whose seat the TSM takes.
STEP, SEAT = "transition-to-cs/release.tsm-decision", "TSM"


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody of Client Services says: what the biller gets, from whom, and why where that is not what was proposed."""

    terms: Terms
    tsm: User | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """All that a decision is made on, as the page shows it; `fingerprint` is what its form carries."""

    facts: Facts
    table: Table
    proposal: Proposal | None
    decision: TierDecision | None
    meetings: TsmMeetings

    @property
    def fingerprint(self) -> str:
        """Another one wherever something that the person saw is not so any more."""
        last = self.decision.pk if self.decision else 0
        seen = [self.facts.inputs.as_list(), self.table.version, last, self.meetings.as_list()]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


def position_of(project: Project, now: dt.datetime | None = None) -> Position:
    """Return what a decision on the project would be made on now; a constant number of queries."""
    now = now or timezone.now()
    facts, table = facts_of([project])[project.pk], current_table()
    return Position(
        facts, table, facts.proposal(table), decision_of(project), meetings_of([project], now).get(project.pk, NONE)
    )


def decision_of(project: Project) -> TierDecision | None:
    """Return the decision that counts, the latest; None where there is none. One query."""
    return latest_of([project.pk]).get(project.pk)


def decisions_of(project_ids: Collection[int]) -> dict[int, TierDecision]:
    """Return the decision that counts of each project that has one, by its id; one query."""
    return latest_of(project_ids)


def candidates(project: Project) -> list[User]:
    """Return who may be named TSM or TAM: people of ours in Client Services, by group or by a seat there; a query or two."""
    seated = [seat.person.id for seat in project.board.seats if seat.person and seat.role.team == CLIENT_SERVICES]
    found = User.objects.filter(Q(groups__name=CLIENT_SERVICES) | Q(pk__in=seated), is_active=True, side=Side.INTERNAL)
    return list(found.distinct().order_by("name", "pk"))


@named
@transaction.atomic
def decide(
    project: Project, choice: Choice, *, by: User, key: uuid.UUID, seen: str | None = None,
    change_meetings: bool = False, now: dt.datetime | None = None,
) -> TierDecision:  # fmt: skip
    """Decide on the tier of a project. The TSM takes the seat, the playbook's step is closed where `by` may; the rest stays.

    Args:
        key: of the form: the same one sent twice is one decision. seen: the fingerprint of what it showed; None: nothing.
        change_meetings: let the TSM meetings that are planned follow, as the form said.

    Raises:
        NotPermitted: `by` does not decide for Client Services. Archived. StaleRow: what was shown is not so any more.
        MoveRefused: the project is cancelled. ValidationError: impossible terms, no TSM or reason where one is asked for.
    """
    now = now or timezone.now()
    locked = Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    if not decides_tiers(by):
        raise NotPermitted([Blocker("not-permitted", "Client Services decides on the tier of support.")])
    locked.refuse_if_archived()
    sent = TierDecision.objects.filter(key=key).first()
    if sent is not None:
        return _the_same(sent, locked)
    if locked.standing == "cancelled":
        raise MoveRefused([Blocker("cancelled", f"{locked} is cancelled: there is nothing to support.")])
    position = position_of(locked, now)
    if seen is not None and seen != position.fingerprint:
        text = "What the decision follows from changed since you opened this page. Look at what is so now, then decide."
        raise StaleRow(position, text)
    row = _row(locked, choice, position, by, key, now)
    row.save()
    _seat(locked, row.tsm, by, now)
    _close_step(locked, by=by, now=now)
    if change_meetings:
        today = business_day(now)
        carry_out(plan(position.meetings, row.meetings, locked.target_go_live, today), by=by, now=now)
    return row


def _the_same(sent: TierDecision, project: Project) -> TierDecision:
    if sent.project_id != project.pk:
        raise ValidationError("This form was sent for another project. Open the page again.")
    return sent


def _row(
    project: Project, choice: Choice, position: Position, by: User, key: uuid.UUID, now: dt.datetime
) -> TierDecision:
    """Return the decision (unsaved). Raises ValidationError with every fault at its field."""
    faults: dict[str, list[str]] = {}
    terms, proposal, reason = choice.terms, position.proposal, choice.reason.strip()
    try:
        check_terms(terms)
    except ValidationError as wrong:
        faults |= wrong.message_dict
    if fault := _tsm_fault(project, terms, choice.tsm):
        faults["tsm"] = [fault]
    differs = proposal is not None and terms != proposal.terms
    if (differs or proposal is None) and not reason:
        why = f"The table proposes {proposal.terms.short}" if proposal else "There is no proposal without an MRR"
        faults["reason"] = [f"{why}: say why it is decided this way."]
    if faults:
        raise ValidationError(faults)
    inputs = position.facts.inputs
    row = TierDecision(
        project=project, table_version=position.table.version, integration=inputs.integration, mrr=inputs.mrr,
        vertical=inputs.vertical, state=inputs.state, go_live=inputs.go_live, support=terms.support, days=terms.days,
        meetings=terms.meetings, open_ended=terms.open_ended, proposal=proposal.as_dict() if proposal else {},
        differs=differs, reason=reason, tsm=choice.tsm, by=by, at=now, key=key,
    )  # fmt: skip
    row.full_clean(exclude=("project", "by", "tsm"))
    return row


def _tsm_fault(project: Project, terms: Terms, tsm: User | None) -> str:
    if terms.support == Support.HELP_DESK:
        return "The help desk has no TSM: leave this empty, or choose another tier." if tsm else ""
    if tsm is None:
        return f"Say who the TSM or TAM is: {terms.support.label} has one."
    if all(tsm.pk != person.pk for person in candidates(project)):
        return f"{tsm.name} is not of Client Services: choose somebody who is."
    return ""


def _seat(project: Project, tsm: User | None, by: User, now: dt.datetime) -> None:
    """Put the TSM into the project's seat, where it has one and somebody else, or nobody, sits there."""
    for seat in project.board.seats if tsm is not None else ():
        ours = seat.role.code == SEAT and seat.role.team == CLIENT_SERVICES
        if ours and (seat.person is None or seat.person.id != tsm.pk):  # type: ignore[union-attr]
            seat_person(project, seat.id, tsm, by=by, now=now)
            return  # the seats of that role in other playbooks went with it


@named
def _close_step(project: Project, *, by: User, now: dt.datetime) -> None:
    """Close the step of the decision where its phase is reached and `by` works it; else whoever does closes it there."""
    project.__dict__.pop("board", None)
    if STEP not in project.board.by_path:
        return
    step = live_step(project, STEP)
    moves = {StepStatus.NOT_STARTED: ("start", "complete"), StepStatus.IN_PROGRESS: ("complete",)}
    try:
        with transaction.atomic():
            for move in moves.get(StepStatus(step.status), ()):
                perform(step_row(project, step), move, by=by, now=now)
    except MoveRefused:
        return
