"""A project's own meetings (domain.md, Time): discovery sessions, TSM meetings before go-live, the steering committee."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from history.context import named
from meetings import rights
from meetings.models import Series
from meetings.planned import planned
from meetings.rules import WEEKDAYS, at_wall_clock
from meetings.series import make_series
from meetings.tier import COUNTS
from meetings.vocabulary import Kind
from projects.board import SeatView
from projects.models import Project
from projects.schedule import ONE_DAY, is_working_day, working_day_on_or_after
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.clock import BUSINESS_ZONE, business_day

#: domain.md, Time: three sessions of 90 minutes.
SESSIONS, SESSION_MINUTES = 3, 90
TSM_MINUTES, STEERING_MINUTES = 30, 60
#: TSM meetings lie in the weeks of walkthrough and UAT (domain.md, default durations: about 4 weeks before go-live).
TSM_SPAN = 20
#: A session is looked for no further than so many working days ahead.
MOST_AHEAD = 30
#: How often a steering committee meets, by the word of the form.
RHYTHMS = (("weekly", "Every week"), ("fortnightly", "Every two weeks"), ("monthly", "Every month, on that weekday"))


@dataclass(frozen=True, slots=True)
class Taken:
    """A working day that was passed over, and the meeting that is at that hour."""

    day: dt.date
    title: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Days for sessions, and those passed over on the way."""

    days: Sequence[dt.date]
    taken: Sequence[Taken]

    @property
    def consecutive(self) -> bool:
        """Whether they are on consecutive working days."""
        return all(
            working_day_on_or_after(one + ONE_DAY) == other
            for one, other in zip(self.days, self.days[1:], strict=False)
        )


def in_seats(project: Project, *codes: str) -> list[User]:
    """Return the active people in the seats of these roles, each once; one query where there are any."""
    ids = [seat.person.id for seat in project.board.seats if seat.person and _is(seat, codes)]
    people = {person.pk: person for person in User.objects.filter(pk__in=ids, is_active=True)} if ids else {}
    return [people[pk] for pk in dict.fromkeys(ids) if pk in people]


def _is(seat: SeatView, codes: Collection[str]) -> bool:
    """PM, IM and TSM are ours in every playbook; a code of a customer's or partner's team is another role."""
    return seat.role.code in codes and seat.role.side == "internal"


def present(project: Project, kind: str) -> Series | None:
    """Return the series of a kind that the project has and that has not ended; one query."""
    rows = Series.objects.filter(project=project, kind=kind, ended_on=None).select_related("host")
    return rows.order_by("-pk").first()


def propose_discovery(project: Project, first: dt.date, at: dt.time) -> Proposal:
    """Return three days for discovery sessions: consecutive working days where PM and IM are free at that hour, else the next.

    Args:
        first: the first day that may be one. at: the hour, at the company's wall clock.
    """
    people = in_seats(project, "PM", "IM")
    day = working_day_on_or_after(first)
    busy = _busy(people, day, dt.timedelta(days=MOST_AHEAD * 2))
    days: list[dt.date] = []
    taken: list[Taken] = []
    for _ in range(MOST_AHEAD):
        begins = at_wall_clock(day, at, BUSINESS_ZONE)
        ends = begins + dt.timedelta(minutes=SESSION_MINUTES)
        title = next((title for since, until, title in busy if since < ends and begins < until), "")
        if title:
            taken.append(Taken(day, title))
        else:
            days.append(day)
        if len(days) == SESSIONS:
            break
        day = working_day_on_or_after(day + ONE_DAY)
    return Proposal(days, taken)


def _busy(people: Iterable[User], first: dt.date, span: dt.timedelta) -> list[tuple[dt.datetime, dt.datetime, str]]:
    """Return when the people have meetings by the series they attend or host; two queries."""
    ids = [person.pk for person in people]
    series = Series.objects.filter(Q(host__in=ids) | Q(attendees__person__in=ids)).distinct()
    since = at_wall_clock(first, dt.time(0), BUSINESS_ZONE)
    return [
        (one.starts.astimezone(dt.UTC), one.ends.astimezone(dt.UTC), one.series.title)
        for one in planned(series, since, since + span)
        if not one.cancelled
    ]


def spread(go_live: dt.date, count: int, today: dt.date) -> list[dt.date]:
    """Return `count` working days, evenly spread over the last 20 before a go-live and after today; fewer where there are fewer.

    Pure. The source says how many, not when: that they lie in the weeks of UAT is ours.
    """
    days = [go_live - number * ONE_DAY for number in range(1, (go_live - today).days)]
    working = [day for day in days if is_working_day(day)][:TSM_SPAN][::-1]
    if len(working) <= count:
        return working
    return [working[(2 * number + 1) * len(working) // (2 * count)] for number in range(count)]


def may_plan(project: Project, person: User) -> bool:
    """Return whether the person plans the project's meetings: whoever runs it, or any meeting."""
    return rights.may_run(Series(project=project), person)


def _locked(project: Project, by: User) -> Project:
    locked = Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    if not may_plan(locked, by):
        raise NotPermitted([Blocker("not-permitted", "Whoever runs the project plans its meetings.")])
    locked.refuse_if_archived()
    return locked


def _refuse_second(project: Project, kind: Kind) -> None:
    there = present(project, kind)
    if there is not None:
        text = f"{kind.label} are planned already. Change those, or end them first."
        raise MoveRefused([Blocker("planned-already", text, link=there.get_absolute_url())])


def _refuse_past(day: dt.date, at: dt.time, now: dt.datetime, field: str) -> None:
    if at_wall_clock(day, at, BUSINESS_ZONE) <= now:
        raise ValidationError({field: "No meeting is planned in the past. Choose a later day or hour."})


@named
@transaction.atomic
def plan_discovery(
    project: Project, days: Collection[dt.date], at: dt.time, *, by: User, now: dt.datetime | None = None
) -> Series:  # fmt: skip
    """Plan the discovery sessions of a project, 90 minutes each; PM and IM are invited, whoever plans hosts.

    Args:
        days: as proposed, or others. at: the hour, at the company's wall clock.

    Raises:
        NotPermitted, Archived. MoveRefused: they are planned already. ValidationError: no days, or in the past.
    """
    now = now or timezone.now()
    locked = _locked(project, by)
    _refuse_second(locked, Kind.DISCOVERY)
    if not days:
        raise ValidationError({"first": "No free days were found. Choose another day or hour."})
    _refuse_past(min(days), at, now, "first")
    return make_series(
        Kind.DISCOVERY, by=by, project=locked, days=days, attendees=in_seats(locked, "PM", "IM"), now=now,
        title=Kind.DISCOVERY.label, starts_on=min(days), starts_at=at, minutes=SESSION_MINUTES, host=by,
    )  # fmt: skip


@named
@transaction.atomic
def plan_tsm(
    project: Project, count: int, at: dt.time, *, by: User, minutes: int = TSM_MINUTES, now: dt.datetime | None = None
) -> Series:  # fmt: skip
    """Plan the TSM meetings before a project's go-live, spread over the working days before it. PM, IM and TSM are invited.

    Args:
        count: of tier.COUNTS, more than 0. at: the hour, at the company's wall clock.

    Raises:
        NotPermitted, Archived. MoveRefused: they are planned already.
        ValidationError: no such number, or not so many days left before go-live.
    """
    now = now or timezone.now()
    locked = _locked(project, by)
    _refuse_second(locked, Kind.TSM)
    if count not in COUNTS or not count:
        raise ValidationError(
            {"count": "By the tier there are 1, 2 or 4 meetings; with none there is nothing to plan."}
        )
    days = spread(locked.target_go_live, count, business_day(now))
    if len(days) < count:
        words = (
            f"Only {len(days)} working days are left before go-live"
            if days
            else "No working day is left before go-live"
        )
        raise ValidationError({"count": f"{words}. Plan fewer, or move the go-live."})
    return make_series(
        Kind.TSM, by=by, project=locked, days=days, attendees=in_seats(locked, "PM", "IM", "TSM"), now=now,
        title=Kind.TSM.label, starts_on=days[0], starts_at=at, minutes=minutes, host=by,
    )  # fmt: skip


@named
@transaction.atomic
def plan_steering(
    project: Project, first: dt.date, at: dt.time, rhythm: str, *, by: User, minutes: int = STEERING_MINUTES,
    now: dt.datetime | None = None,
) -> Series:  # fmt: skip
    """Plan the steering committee of a project, from a day on, by a rhythm of RHYTHMS; PM and IM are invited.

    Raises:
        NotPermitted, Archived. MoveRefused: it is planned already. ValidationError: in the past, no such rhythm.
    """
    now = now or timezone.now()
    locked = _locked(project, by)
    _refuse_second(locked, Kind.STEERING)
    _refuse_past(first, at, now, "first")
    return make_series(
        Kind.STEERING, by=by, project=locked, attendees=in_seats(locked, "PM", "IM"), now=now,
        title=Kind.STEERING.label, rule=steering_rule(first, rhythm), starts_on=first, starts_at=at, minutes=minutes, host=by,
    )  # fmt: skip


def steering_rule(first: dt.date, rhythm: str) -> str:
    """Return the rule of a rhythm that begins on `first`, on its weekday; monthly on the first, second … or last of a month.

    Raises:
        ValidationError: no such rhythm.
    """
    weekday = WEEKDAYS[first.weekday()]
    number = (first.day - 1) // 7 + 1
    rules = {
        "weekly": f"FREQ=WEEKLY;BYDAY={weekday}",
        "fortnightly": f"FREQ=WEEKLY;INTERVAL=2;BYDAY={weekday}",
        "monthly": f"FREQ=MONTHLY;BYDAY={number if number < 5 else -1}{weekday}",
    }
    if rhythm not in rules:
        raise ValidationError({"rhythm": "Choose how often it meets."})
    return rules[rhythm]
