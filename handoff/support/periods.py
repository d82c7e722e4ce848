"""Support periods: begun with the go-live, looked at, passed on, ended. What changes their state is a move (`perform`).

Each turn is told to the biller in writing (domain.md, Tier; issue 6, Support period).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django_fsm import ConcurrentTransition

from accounts.models import User
from handoff.models import SupportPeriod, SupportTurn
from handoff.rights import takes_over
from handoff.support import rules
from handoff.support.mails import post_letter
from handoff.support.people import may_be_contact, may_support, seated_tsm
from handoff.support.terms import Terms, terms_of
from handoff.support.vocabulary import Turn
from history.context import named
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.moves import begin, follow, perform
from transitions.phase import PHASE_ORDER, Phase
from transitions.support import SupportState

logger = structlog.get_logger(__name__)


def follow_phase(project: Project, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
    """Begin support with a go-live, and take it back with a return before it. Called within the project's move."""
    if move == "advance" and project.phase == Phase.POST_LIVE:
        terms = terms_of(project)
        if terms is not None:
            _begin(project, terms, by=by, now=now)
    elif move == "return_to" and PHASE_ORDER[project.phase] < PHASE_ORDER[Phase.POST_LIVE]:
        for period in SupportPeriod.objects.running().select_related("tsm").filter(project=project):
            period.project = project
            follow(period, "withdraw_support", by=by, note=details["note"], now=now)


@named
def ensure_period(project: Project, *, by: User, now: dt.datetime | None = None) -> SupportPeriod | None:
    """Begin the support of a project that went live before its tier was decided, counted from its go-live.

    Returns: the period, or None where nothing is to begin: it is not live, nothing is decided, or this go-live has one.

    Raises:
        NotPermitted: `by` does not take over for Client Services. Archived.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _writable(project, by)
        if not begins_late(locked):
            return None
        terms = terms_of(locked)
        return _begin(locked, terms, by=by, now=now) if terms is not None else None


def begins_late(project: Project) -> bool:
    """Return whether a project is live and this go-live has no period; in one query where it is live."""
    if project.phase != Phase.POST_LIVE or project.actual_go_live is None or project.is_archived():
        return False
    of_this = SupportPeriod.objects.filter(project=project, starts_on__gte=project.actual_go_live)
    return not of_this.exclude(state=SupportState.WITHDRAWN).exists()


def _begin(project: Project, terms: Terms, *, by: User, now: dt.datetime) -> SupportPeriod:
    start = project.actual_go_live
    assert start is not None, "a project that is live has the day on which it went live"
    last = SupportPeriod.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    period = SupportPeriod(
        project=project, number=last + 1, support=terms.support, starts_on=start, days=terms.days,
        planned_end=rules.end_of(start, terms.days), open_ended=terms.open_ended,
        tsm=_tsm_of(project, terms), ended_on=None if terms.days else start,
    )  # fmt: skip
    period.full_clean(exclude=("project", "tsm"), validate_constraints=False)
    state = SupportState.RUNNING if terms.days else SupportState.ENDED
    begin([period], lambda rows: rows[0].save(), states=[{"state": state}])
    period.add_turn(Turn.STARTED, by=by, now=now)
    return period


def _tsm_of(project: Project, terms: Terms) -> User | None:
    """Return who was named, or who sits as TSM where nobody was or has left since; nobody where the help desk supports."""
    if not terms.days:
        return None
    return terms.tsm if terms.tsm is not None and terms.tsm.is_active else seated_tsm(project)


@named
def evaluate(
    period: SupportPeriod,
    *,
    by: User,
    note: str,
    until: dt.date | None = None,
    revision: int | None = None,
    now: dt.datetime | None = None,
) -> SupportPeriod:
    """Write down how support went: it goes on `until` a day, or ends as planned, at once where that day has come.

    Raises:
        NotPermitted, Archived, StaleRow. MoveRefused: too early, evaluated already, a day that is not later.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = perform(period, "evaluate_support", by=by, note=note, until=until, revision=revision, now=now).row
        if rules.ends_by_itself(row.facts_of, business_day(now)):
            row = perform(row, "end_support", by=by, note=note, now=now).row
    return row


@named
def name_tsm(
    period: SupportPeriod, person: User | None, *, by: User, revision: int | None = None, now: dt.datetime | None = None
) -> SupportPeriod:
    """Name who supports the biller from now on; the biller is told.

    Raises:
        NotPermitted, Archived, StaleRow. MoveRefused: the period runs no more. ValidationError: somebody who cannot.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = period.locked()
        if not takes_over(row.project, by):
            raise NotPermitted([Blocker("not-permitted", f"{by} does not take over for Client Services.")])
        row.project.refuse_if_archived()
        if revision is not None and revision != row.revision:
            raise StaleRow(row, f"{row} changed since you saw it. Look at what it is now, then choose again.")
        if row.state != SupportState.RUNNING:
            raise MoveRefused(
                [Blocker("not-running", f"{row} is {row.get_state_display().lower()}: nobody is named on it.")]
            )
        if person is not None and not may_support(row.project).filter(pk=person.pk).exists():
            raise ValidationError({"tsm": f"{person} is not in Client Services. Choose somebody who is."})
        if row.tsm_id != (person.pk if person else None):
            _hand_over(row, person, by=by, now=now)
    return row


def _hand_over(period: SupportPeriod, person: User | None, *, by: User, now: dt.datetime) -> None:
    before = period.tsm.name if period.tsm else "nobody"
    period.tsm = person
    period.revision += 1
    period.save(update_fields=("tsm", "revision"))
    reason = f"{person.name if person else 'Nobody'}, before: {before}"
    period.add_turn(Turn.TSM, by=by, now=now, reason=reason)


@named
def name_contact(
    period: SupportPeriod, person: User, *, by: User, revision: int | None = None, now: dt.datetime | None = None
) -> SupportPeriod:
    """Name who of the biller's gets the letters, where no playbook of the project has a seat for them.

    Raises:
        NotPermitted, Archived, StaleRow. ValidationError: somebody who is not on the biller's side.
    """
    with transaction.atomic():
        locked = _writable(period.project, by)
        row = period.locked()
        row.project = locked
        if revision is not None and revision != row.revision:
            raise StaleRow(row, f"{row} changed since you saw it. Look at what it is now, then choose again.")
        if not may_be_contact().filter(pk=person.pk).exists():
            raise ValidationError({"contact": f"{person} is not on the biller’s side. Choose somebody who is."})
        row.contact = person
        row.revision += 1
        row.save(update_fields=("contact", "revision"))
    return row


def end_due(now: dt.datetime) -> int:
    """End the periods whose day has come and that wait for no evaluation; return how many. Asked twice, it ends each once."""
    today, ended = business_day(now), 0
    due = SupportPeriod.objects.running().filter(planned_end__lte=today).order_by("project_id")
    for period in due:
        if not rules.ends_by_itself(period.facts_of, today):
            continue
        try:
            perform(period, "end_support", by=None, now=now)
        except (MoveRefused, ConcurrentTransition) as refused:
            logger.info("support_not_ended", period=period.pk, why=str(refused))  # somebody was quicker
        else:
            ended += 1
    return ended


# Somebody leaves ------------------------------------------------------------------------------------------------------------


def names_in_support(person: User) -> dict[int, list[str]]:
    """Return which running periods a person is TSM of, as sentences by project id. In one query."""
    rows = SupportPeriod.objects.running().filter(tsm=person).order_by("project_id")
    return {row.project_id: [f"supports the biller ({row.support})"] for row in rows}


def pass_on_support(
    *, person: User, successor: User | None, projects: Collection[Project], by: User, now: dt.datetime
) -> None:
    """Give a leaver's running periods to the successor, or to nobody; the biller is told who supports them."""
    by_id = {project.pk: project for project in projects}
    for period in SupportPeriod.objects.running().select_related("tsm").filter(tsm=person, project__in=by_id):
        period.project = Project.objects.get(pk=period.project_id)  # its board as it is after the seats were passed on
        _hand_over(period, successor, by=by, now=now)


# Letters that nobody got ----------------------------------------------------------------------------------------------------


def _writable(project: Project, by: User) -> Project:
    locked = project.locked()
    if not takes_over(locked, by):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not take over for Client Services.")])
    locked.refuse_if_archived()
    return locked


@named
def send_letter(turn: SupportTurn, *, by: User, now: dt.datetime | None = None) -> list[User]:
    """Send the letter of a turn to those of the biller's people who get letters now and were not sent it; return them.

    Raises:
        NotPermitted, Archived. MoveRefused: there is no letter, or nobody to send it to.
    """
    with transaction.atomic():
        locked = _writable(turn.project, by)
        turn.period.project = locked
        sent = post_letter(turn)
        if not sent:
            why = (
                "This turn has no letter."
                if not turn.letter
                else "Everybody of the biller’s who holds a seat was sent it."
            )
            raise MoveRefused([Blocker("nobody-to-tell", why, locked.get_absolute_url())])
    return sent
