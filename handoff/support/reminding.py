"""What is due about support: an evaluation in three days and on its day, an end within a week, an end that came.

One source reads every period that runs or has just ended; what to say of them is decided purely (reminders.due).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from handoff.models import SupportPeriod
from handoff.support.people import CSM_SEATS, TSM_SEATS, seated_by_project
from handoff.support.vocabulary import HELP_DESK
from projects.days import short
from projects.inbox import LONGEST_TEXT, cut
from projects.models import Notice
from projects.notice_kinds import NoticeKind
from reminders.due import Due, Source, register
from reminders.still import register as register_still
from transitions.clock import BUSINESS_ZONE, business_day
from transitions.standing import Standing
from transitions.support import SupportState

#: How long before an evaluation and before an end it is said, and how long after an end.
BEFORE_EVALUATION, BEFORE_END, AFTER_END = dt.timedelta(days=3), dt.timedelta(days=7), dt.timedelta(days=7)
#: An evaluation that is due is of use until it is written down; a sweep that was off for so long still says it.
LIFE = dt.timedelta(days=30)


def register_all() -> None:
    """Let the sweep ask about support. For `AppConfig.ready()`."""
    register(Source("support", read, decide))
    register_still((NoticeKind.SUPPORT_EVALUATION, NoticeKind.SUPPORT_ENDING), still_so)


@dataclass(frozen=True, slots=True)
class Read:
    """The periods, and who sits as TSM and as CSM, by project."""

    periods: Sequence[SupportPeriod]
    tsms: Mapping[int, set[int]]
    csms: Mapping[int, set[int]]


def read(now: dt.datetime) -> Read:
    """Read the periods that run or ended within a week, and their seats; in three queries."""
    recent = Q(state=SupportState.ENDED, ended_on__gte=business_day(now) - AFTER_END, days__gt=0)
    rows = SupportPeriod.objects.filter(Q(state=SupportState.RUNNING) | recent).exclude(
        project__standing__in=(Standing.COMPLETE, Standing.CANCELLED)
    )
    periods = list(rows.select_related("project", "tsm").order_by("pk"))
    ids = [period.project_id for period in periods]
    return Read(periods, seated_by_project(ids, TSM_SEATS), seated_by_project(ids, CSM_SEATS))


def decide(now: dt.datetime, found: Read) -> Iterator[Due]:
    """Say what is due of each period. Pure."""
    for period in found.periods:
        tsms = set(found.tsms.get(period.project_id, ()))
        if period.tsm is not None and period.tsm.is_active:
            tsms.add(period.tsm.pk)
        yield from _of(period, tsms, tsms | found.csms.get(period.project_id, set()), now)


def _of(period: SupportPeriod, tsms: set[int], all_: set[int], now: dt.datetime) -> Iterator[Due]:
    today, name = business_day(now), period.project.name
    if period.state == SupportState.ENDED:
        assert period.ended_on is not None, "what has ended has its day"
        text = f"Support of {name} has ended. The {HELP_DESK} supports the biller now."
        occasion = f"support-ended:{period.pk}:{period.ended_on}"
        yield from _each(period, all_, NoticeKind.SUPPORT_ENDING, occasion, text, period.ended_on, AFTER_END, now)
        return
    if (waits := period.evaluate_on) is not None:
        for since, word in ((waits - BEFORE_EVALUATION, "soon"), (waits, "today")):
            text = f"Support of {name} is to be evaluated by {short(waits, today)}: does it go on?"
            occasion = f"support-evaluate:{period.pk}:{waits}:{word}"
            life = BEFORE_EVALUATION if word == "soon" else LIFE
            yield from _each(period, tsms, NoticeKind.SUPPORT_EVALUATION, occasion, text, since, life, now)
        return
    text = f"Support of {name} ends {short(period.planned_end, today)}. Extend it where it needs more time."
    occasion = f"support-ends:{period.pk}:{period.planned_end}"
    since = period.planned_end - BEFORE_END
    yield from _each(period, all_, NoticeKind.SUPPORT_ENDING, occasion, text, since, BEFORE_END, now)


def _each(
    period: SupportPeriod, people: Iterable[int], kind: NoticeKind, occasion: str, text: str, since: dt.date,
    life: dt.timedelta, now: dt.datetime,
) -> Iterator[Due]:  # fmt: skip
    start = _start_of(since)
    if start > now:
        return
    for person_id in sorted(people):
        yield Due(
            person_id=person_id, kind=kind, occasion=occasion, text=cut(text, LONGEST_TEXT),
            why="You look after this biller for Client Services.", since=start, until=_start_of(since + life),
            project_id=period.project_id, address=reverse("support", args=[period.project.code]),
        )  # fmt: skip


def still_so(notices: Sequence[Notice]) -> Iterable[int]:
    """A reminder of support is so while its period is as the reminder says: not evaluated, its end not moved, ended."""
    keys = {notice.pk: notice.occasion.split(":") for notice in notices}
    rows = SupportPeriod.objects.in_bulk({int(parts[1]) for parts in keys.values()})
    return [
        pk for pk, parts in keys.items() if (period := rows.get(int(parts[1]))) and _still(period, parts[0], parts[2])
    ]


def _still(period: SupportPeriod, what: str, day: str) -> bool:
    if what == "support-ended":
        return period.state == SupportState.ENDED
    runs = period.state == SupportState.RUNNING
    wanted = period.evaluate_on if what == "support-evaluate" else period.planned_end
    return runs and str(wanted) == day


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)
