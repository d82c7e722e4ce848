"""The TSM meetings that projects have, against those that their tier asks for; and making them fit (domain.md, Tier)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from accounts.models import User
from meetings.models import Series
from meetings.planned import Planned, planned
from meetings.project_meetings import TSM_SPAN, spread
from meetings.rules import at_wall_clock
from meetings.single import add_meetings, cancel_meeting, edit_meeting
from meetings.vocabulary import Kind
from projects.days import short as short_day
from projects.models import Project
from transitions.meeting import OccurrenceState

#: Meetings are looked for so far back and ahead.
SPAN = dt.timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class TsmMeetings:
    """The TSM meetings of a project: `series` is the one that takes more, `ahead` are planned and still to come, in order."""

    series: Series | None = None
    held: int = 0
    running: int = 0
    ahead: tuple[Planned, ...] = ()
    taken: frozenset[dt.date] = frozenset()

    def after(self, go_live: dt.date) -> list[Planned]:
        """Return those that lie on the go-live or later, where they help nobody any more."""
        return [one for one in self.ahead if one.held_on >= go_live]

    def as_list(self) -> list[str]:
        """Return them as texts, for a fingerprint."""
        return [str(self.held + self.running), *(one.starts.astimezone(dt.UTC).isoformat() for one in self.ahead)]


NONE = TsmMeetings()


def meetings_of(projects: Collection[Project], now: dt.datetime) -> dict[int, TsmMeetings]:
    """Return the TSM meetings of each project that has a series of them, by its id; two queries, one where none has."""
    ids = [one.pk for one in projects]
    series = list(Series.objects.filter(project__in=ids, kind=Kind.TSM).order_by("pk")) if ids else []
    if not series:
        return {}
    every: dict[int, list[Planned]] = {}
    for one in planned(series, now - SPAN, now + SPAN):
        every.setdefault(one.series.project_id or 0, []).append(one)
    goes_on = {one.project_id: one for one in series if one.ended_on is None}
    return {
        pk: _read(goes_on.get(pk), every.get(pk, []), now)
        for pk in {one.project_id for one in series}
        if pk is not None
    }


def _read(series: Series | None, every: Sequence[Planned], now: dt.datetime) -> TsmMeetings:
    states = [one.state for one in every]
    ahead = tuple(one for one in every if one.state == OccurrenceState.PLANNED and one.starts > now)
    taken = frozenset(day for one in every for day in (one.day, one.held_on))
    return TsmMeetings(
        series, states.count(OccurrenceState.HELD), states.count(OccurrenceState.UNDER_WAY), ahead, taken
    )


# Making them fit ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What would become of the meetings ahead, so that there are as many as are asked for, all before go-live.

    `drop` are cancelled, the last first; `move` lie on the go-live or later, each with the day it would move to; `add` are new
    days; `short` is how many find no day. Without a series nothing is planned yet: whoever runs the project plans them.
    """

    wanted: int
    series: Series | None
    drop: tuple[Planned, ...] = ()
    move: tuple[tuple[Planned, dt.date], ...] = ()
    add: tuple[dt.date, ...] = ()
    short: int = 0
    words: tuple[str, ...] = field(default=())

    @property
    def changes(self) -> bool:
        """Whether there is anything to do that a decision can do."""
        return self.series is not None and bool(self.drop or self.move or (self.add and not self.series.rule))


def plan(meetings: TsmMeetings, wanted: int, go_live: dt.date, today: dt.date) -> Plan:
    """Return what would become of the meetings with `wanted` of them before `go_live`. Pure.

    What was held, or is under way, counts. Of those ahead the last are dropped first.
    """
    need = max(0, wanted - meetings.held - meetings.running)
    late = meetings.after(go_live)
    good = [one for one in meetings.ahead if one not in late]
    drop = good[need:][::-1]
    missing = need - len(good[:need])
    days = _free_days(go_live, missing, today, meetings.taken)
    move = tuple(zip(late, days, strict=False))
    drop = [*late[missing:][::-1], *drop]
    made = Plan(wanted, meetings.series, tuple(drop), move, tuple(days[len(late) :]), missing - len(days))
    return Plan(made.wanted, made.series, made.drop, made.move, made.add, made.short, tuple(_words(made, today)))


def _free_days(go_live: dt.date, count: int, today: dt.date, taken: Collection[dt.date]) -> list[dt.date]:
    free = [day for day in spread(go_live, TSM_SPAN, today) if day not in taken]
    if len(free) <= count:
        return free
    return [free[(2 * number + 1) * len(free) // (2 * count)] for number in range(count)]


def _words(made: Plan, today: dt.date) -> list[str]:
    if made.series is None:
        if not made.wanted:
            return ["None is planned, and none is asked for."]
        return ["None is planned yet: whoever runs the project plans them on its page of meetings."]
    found = [f"{short_day(one.held_on, today)} is dropped." for one in made.drop]
    found += [f"{short_day(one.held_on, today)} moves to {short_day(day, today)}." for one, day in made.move]
    if made.add and made.series.rule:
        found.append(
            f"{len(made.add)} more are needed; they come by a rule, which is changed on the page of the series."
        )
    elif made.add:
        found.append(f"Added: {', '.join(short_day(day, today) for day in made.add)}.")
    if made.short:
        found.append(f"For {made.short} more there is no free working day left before go-live.")
    return found or ["The meetings stay as they are."]


def carry_out(made: Plan, *, by: User, now: dt.datetime) -> None:
    """Cancel, move and add meetings as planned, by the services of meetings.

    Raises:
        What those raise: NotPermitted, Archived, MoveRefused, ValidationError.
    """
    if not made.changes or made.series is None:
        return
    reason = f"The tier of support asks for {made.wanted or 'no'} TSM meeting{'' if made.wanted == 1 else 's'} before go-live."
    for one in made.drop:
        cancel_meeting(one.series, one.day, by=by, note=reason, now=now)
    for one, day in made.move:
        starts = at_wall_clock(day, one.series.starts_at, one.series.zone)
        edit_meeting(one.series, one.day, by=by, starts=starts, now=now)
    if made.add and not made.series.rule:
        add_meetings(made.series, made.add, by=by, now=now)
