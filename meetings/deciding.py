"""Deciding in the meeting what a point is about: the step's own decision, in the transaction of the point's outcome.

Whose decision it is, what they are shown and what it brings with it is the step's matter (projects.signoff); to run the meeting
gives nobody a decision (domain.md, Time: Engineering decides the design review).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from meetings.models import AgendaItem, Occurrence
from meetings.vocabulary import LONGEST_NOTE, Outcome
from projects.board import A, R
from projects.evidence import Evidence
from projects.models import ProjectStep
from projects.signoff import statement
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.meeting import OccurrenceState
from transitions.moves import perform
from transitions.step import StepStatus

#: What a step's decision makes of the point under which it was made.
DECIDED = {"approve": Outcome.APPROVED, "reject": Outcome.REJECTED}


@named
def decide_item(
    item: AgendaItem,
    move: str,
    *,
    by: User,
    note: str = "",
    reopens: tuple[str, ...] = (),
    shown: str | None = None,
    evidence: Evidence | None = None,
    now: dt.datetime | None = None,
) -> AgendaItem:
    """Decide in the meeting what a point is about: the step's own decision and the point's outcome, in one act or not at all.

    What was not submitted yet is started and submitted in the same act where `by` may do that. Who may decide is asked of the
    step alone: to run the meeting gives nobody a decision.

    Args:
        move: `approve` or `reject`. note, reopens: as of the step's move. evidence: where the decision is made.
        shown: the digest of what was shown (projects.signoff.statement); None where nothing was.

    Raises:
        NotPermitted: it is somebody else's decision, who is named. MoveRefused: the meeting is not under way, nothing is decided
        under this point, or the step cannot be decided, with the way out. StaleRow, Archived.
    """
    if move not in DECIDED:
        raise ValueError(f"A point is approved or rejected, not {move}")
    now = now or timezone.now()
    with transaction.atomic():
        item = AgendaItem.objects.select_related("occurrence__series", "project").get(pk=item.pk)
        if item.step_id is None:
            raise MoveRefused([Blocker("no-decision", "Nothing is decided under this point: no step belongs to it.")])
        # The project is locked before the meeting, as by every move of a step.
        step = ProjectStep.objects.select_related("template").get(pk=item.step_id).locked()
        meeting = Occurrence.objects.select_for_update(of=("self",)).get(pk=item.occurrence_id)
        item.refresh_from_db(fields=["outcome"])
        address = f"{step.project.step_url(step.live.path)}decide"
        if meeting.state != OccurrenceState.UNDER_WAY:
            text = "The meeting is not under way. Start it, or decide on the page of the step."
            raise MoveRefused([Blocker("not-under-way", text, address)])
        if item.outcome in DECIDED.values():
            raise MoveRefused([Blocker("decided", f"It is {item.get_outcome_display().lower()} already.", address)])
        _refuse_others_decision(step, move, by, address)
        if shown is not None and shown != statement(step, by).digest:
            text = "What you were shown has changed meanwhile. Look at what it is now, then decide."
            raise MoveRefused([Blocker("shown-changed", text, address, subject="shown")])
        step = _submitted(step, by, now)
        details: dict[str, Any] = {"note": note, "evidence": evidence, "shown": statement(step, by).digest}
        if move == "reject":
            details["reopens"] = reopens
        perform(step, move, by=by, now=now, **details)
        item.refresh_from_db()
    return item


def settle_decided(step: ProjectStep, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
    """Settle the points under which a step was to be decided, as a follower of its moves: whichever page it was decided on."""
    if move not in DECIDED or (move == "approve" and step.status != StepStatus.DONE):
        return
    waiting = AgendaItem.objects.filter(
        step=step.pk, outcome="", occurrence__state__in=(OccurrenceState.PLANNED, OccurrenceState.UNDER_WAY)
    )
    for item in waiting:
        item.outcome, item.settled_by, item.settled_at = DECIDED[move], by, now
        item.note = item.note or details["note"][:LONGEST_NOTE]
        item.save(update_fields=["outcome", "note", "settled_by", "settled_at"])


def _refuse_others_decision(step: ProjectStep, move: str, by: User, address: str) -> None:
    if step.permits(move, by):
        return
    names = [person.name for view in step.sign_off.parties for person in view.people]
    who = " or ".join(dict.fromkeys(names))
    text = (
        f"“{step}” is decided by {who}, who can pass it on."
        if who
        else f"Nobody decides “{step}” yet: name its accountable."
    )
    raise NotPermitted(
        [Blocker("not-your-decision", text, address if who else step.project.step_url(step.live.path), who)]
    )


def _submitted(step: ProjectStep, by: User, now: dt.datetime) -> ProjectStep:
    """Return the step in review: as it is, or started and submitted in this act by somebody who may."""
    address, board = step.project.step_url(step.live.path), step.project.board
    if step.status in (StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER):
        label = step.get_status_display().lower()
        raise MoveRefused([Blocker("held-up", f"“{step}” is {label}: {step.reason} Resume it first.", address)])
    for state, move in ((StepStatus.NOT_STARTED, "start"), (StepStatus.IN_PROGRESS, "submit")):
        if step.status != state:
            continue
        if not step.permits(move, by):
            people = board.people(step.live, R) + board.people(step.live, A)
            who = " or ".join(dict.fromkeys(person.name for person in people))
            text = f"“{step}” has not been submitted. {who or 'Whoever runs the project'} has to submit it."
            raise MoveRefused([Blocker("not-submitted", text, address, who)])
        step = perform(step, move, by=by, now=now).row
    return step
