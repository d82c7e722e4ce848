"""Passing one decision on to somebody else, and taking it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects import mails
from projects.inbox import tell
from projects.models import Delegation, Notice, NoticeKind, Project, ProjectStep
from projects.signoff import PartyView
from projects.team import APPROVE, settle_grants
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.step import StepStatus

#: How often one person passes on one decision, taking it back included: each may make an account.
MOST = 10


@named
def delegate(
    step: ProjectStep, *, by: User, reason: str, to: User | None = None, email: str = "", name: str = "",
    now: dt.datetime | None = None,
) -> Delegation:  # fmt: skip
    """Pass `by`'s decision on `step`, in this round, to one other person, in place of whomever they passed it to before.

    Who sits inside chooses an active person of the company (`to`); who sits outside gives the address of a colleague
    (`email`, same mail domain), who is made an account without a password if there is none. Which of the two it was shows
    nowhere. Effects, in one transaction: the delegation, the right to see the project, a line in the delegate's inbox, a mail.

    Raises:
        NotPermitted: `by` holds no party that has still to decide; a delegate passes nothing on. Archived: the project is
        complete. MoveRefused: the step is not in review. ValidationError: nobody to whom it can be passed, or no reason.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row, view = _held(step, by)
        if row.delegations.filter(by=by, round=row.sign_off.round).count() >= MOST:
            raise MoveRefused(
                [Blocker("too-often", "You have passed this decision on too often. Ask whoever runs the project.")]
            )
        if not reason.strip():
            raise ValidationError({"reason": "Say why somebody else decides."})
        person = _colleague(email, name, by) if by.is_outside else _inside(to, by)
        made = Delegation(
            project=row.project,
            step=row,
            party=view.party,
            round=row.sign_off.round,
            by=by,
            to=person,
            reason=reason.strip(),
            at=now,
        )
        made.save()
        settle_grants(row.project)
        words = f"{by.name} passed the decision on “{row}” to you."
        tell([
            Notice(
                person=person, kind=NoticeKind.DELEGATED, project=row.project, step=row, occasion=f"delegation:{made.pk}",
                text=words[:300], why="A decision was passed on to you.", by=by, at=now, heard_from=now,
            )
        ])  # fmt: skip
        mails.post_delegated(made)
    return made


@named
def take_back(step: ProjectStep, *, by: User, now: dt.datetime | None = None) -> None:
    """Take back what `by` passed on and nobody has used yet. The delegate sees the project no longer, unless they have a
    seat there.

    Raises:
        NotPermitted, Archived; MoveRefused: nothing is passed on.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row, view = _held(step, by)
        mine = [old for old in view.delegations if old.by_id == by.pk]
        if not mine:
            raise MoveRefused([Blocker("not-delegated", "You have passed this decision on to nobody.")])
        Delegation(
            project=row.project, step=row, party=view.party, round=row.sign_off.round, by=by, to=None, at=now
        ).save()
        settle_grants(row.project)


def _held(step: ProjectStep, by: User) -> tuple[ProjectStep, PartyView]:
    """Return the step under its project's lock, and the party that `by` holds and that has still to decide."""
    row = step.locked()
    view = next(iter(row.sign_off.held(by.pk)), None) if row.live.template.approval and by.is_active else None
    if view is None:
        raise NotPermitted([Blocker("not-permitted", f"{by} has no decision on “{row}” to pass on.")])
    row.project.refuse_if_archived()
    if row.status != StepStatus.IN_REVIEW:
        raise MoveRefused([Blocker("wrong-state", f"“{row}” is not in review: there is nothing to decide.")])
    return row, view


def _inside(to: User | None, by: User) -> User:
    if to is None or not to.is_active or to.is_outside:
        raise ValidationError({"to": "Choose an active person of the company."})
    if to == by:
        raise ValidationError({"to": "Choose somebody else."})
    return to


def _colleague(email: str, name: str, by: User) -> User:
    """Return the colleague at that address, made if need be. One refusal for all that is wrong with it: it tells nothing of
    who is here."""
    address, domain = email.strip().lower(), by.email.rpartition("@")[2]
    refused = ValidationError({"email": f"Give the address of a colleague of yours, at {domain}."})
    if address == by.email or address.rpartition("@")[2] != domain:
        raise refused
    person = User.objects.filter(email=address).first()
    if person is None:
        return User.objects.create_user(address, " ".join(name.split()) or address.partition("@")[0], side=by.side)
    if person.side != by.side or not person.is_active:
        raise refused
    return person


def grants_of_delegates(project_ids: Collection[int]) -> dict[int, dict[int, set[str]]]:
    """Return what delegations give on these projects: their holders see the project and decide. In one query."""
    found: dict[int, dict[int, set[str]]] = {}
    rows = Delegation.objects.standing().filter(project__in=project_ids, to__is_active=True)
    for project_id, person_id in rows.values_list("project_id", "to_id"):
        found.setdefault(project_id, {}).setdefault(person_id, set()).add(APPROVE)
    return found


def names_in_delegations(person: User) -> dict[int, list[str]]:
    """Return which decisions were passed on to a person and wait for them, as sentences by project id. In one query."""
    found: dict[int, list[str]] = {}
    for row in _waiting_for(person).select_related("by", "step__template"):
        found.setdefault(row.project_id, []).append(f"decides “{row.step}” for {row.by.name}")
    return found


def pass_on_delegations(
    *, person: User, successor: User | None, projects: Collection[Project], by: User, now: dt.datetime
) -> None:
    """Pass the decisions that wait for a leaver to their successor, or take them back. The old rows stay as they are."""
    for row in _waiting_for(person).filter(project__in=[project.pk for project in projects]):
        words = f"{person.name} was replaced by {by.name}."
        Delegation(
            project_id=row.project_id, step_id=row.step_id, party=row.party, round=row.round, by_id=row.by_id,
            to=successor, reason=words, at=now,
        ).save()  # fmt: skip


def _waiting_for(person: User) -> Any:
    return Delegation.objects.standing().filter(to=person, step__status=StepStatus.IN_REVIEW)
