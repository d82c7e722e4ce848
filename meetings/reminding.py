"""What is due about meetings: one tomorrow, an agenda that closes, a presentation that is missing.

Each source reads for all meetings and projects at once and decides purely (reminders.due). An occasion names series, day and the
instant: a meeting that was moved is reminded of anew, and nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import User
from meetings.agenda import agendas_of, attendees_by
from meetings.agenda_facts import (
    BACK,
    About,
    Key,
    Review,
    company_series,
    read_going_live,
    read_presented,
    read_reviews,
)
from meetings.agenda_rules import closes_at, counting, is_missing, key_of, local_day
from meetings.models import Series
from meetings.planned import Planned, planned
from meetings.vocabulary import COMPANY, Kind
from meetings.words import day_words, when_words
from projects.inbox import LONGEST_TEXT, cut
from projects.models import Seat
from projects.notice_kinds import NoticeKind
from projects.schedule import ONE_DAY, is_working_day, working_day_on_or_after
from reminders.due import Due, Source, register
from transitions.clock import BUSINESS_ZONE
from transitions.meeting import OccurrenceState
from transitions.standing import Standing

#: A sweep that was off for so long still says what it missed.
MISSED = dt.timedelta(days=2)
#: From a meeting back to the working day before it: over a weekend with a holiday on either side.
LONGEST_BREAK = dt.timedelta(days=7)
#: An agenda is said to close so long before it does (domain.md is silent; issue 5: "agenda closes").
BEFORE_CUTOFF = dt.timedelta(hours=24)
#: So many open steps are near enough to be closed by then.
NEARLY = 3
#: A presentation is missed from so long before the go-live.
TWO_WEEKS = dt.timedelta(days=14)


def register_all() -> None:
    """Let the sweep ask about meetings. For `AppConfig.ready()`."""
    register(Source("meeting-soon", read_soon, decide_soon))
    register(Source("agenda-closes", read_closing, decide_closing))
    register(Source("presentation-missing", read_missing, decide_missing))


# A meeting tomorrow ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Soon:
    """Meetings of these days, who is on each, and the zones in which those people live."""

    meetings: Sequence[Planned]
    people: Mapping[Key, Collection[int]]
    zones: Mapping[int, ZoneInfo]


def read_soon(now: dt.datetime) -> Soon:
    """Read the meetings around `now` and who is on them: of the company and of every project that is active."""
    series = Series.objects.select_related("project").filter(project=None) | Series.objects.select_related(
        "project"
    ).filter(project__standing=Standing.ACTIVE)
    found = planned(series, now - MISSED, now + LONGEST_BREAK)
    meetings = [one for one in found if one.state == OccurrenceState.PLANNED]
    agendas = agendas_of([one for one in meetings if one.series.kind in COMPANY], now)
    people = attendees_by(meetings, agendas)
    ids = {person for one in people.values() for person in one}
    zones = User.objects.filter(pk__in=ids, is_active=True).values_list("pk", "time_zone")
    return Soon(meetings, people, {pk: _zone(name) for pk, name in zones})


def decide_soon(now: dt.datetime, soon: Soon) -> Iterator[Due]:
    """Say to everybody on a meeting, on the working day before it at their own clock, when it is. Pure."""
    for meeting in soon.meetings:
        series = meeting.series
        stamp = int(meeting.starts.timestamp())
        for person_id in sorted(soon.people.get(key_of(meeting), ())):
            zone = soon.zones.get(person_id)
            if zone is None:
                continue
            # From the day's first minute, so that it is there when the digest of that morning is made.
            since = dt.datetime.combine(_working_day_before(meeting.starts.astimezone(zone).date()), dt.time(), zone)
            if since > now:
                continue
            yield Due(
                person_id=person_id, kind=NoticeKind.MEETING_SOON, occasion=f"soon:{series.pk}:{meeting.day}:{stamp}",
                text=cut(f"{series.title}: {when_words(meeting.starts, series.zone, zone)}.", LONGEST_TEXT),
                why="You are on this meeting.", since=since, until=meeting.starts, project_id=series.project_id,
                address=meeting.address,
            )  # fmt: skip


# An agenda that closes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Closing:
    """The design reviews of these days, the projects whose review is open, and who runs each."""

    meetings: Sequence[Planned]
    reviews: Sequence[Review]
    managers: Mapping[int, Collection[int]]


def read_closing(now: dt.datetime) -> Closing:
    """Read the design reviews to come and the projects that are nearly ready, in six queries."""
    meetings = planned(company_series(Kind.TDR), now - MISSED, now + dt.timedelta(days=16))
    reviews = read_reviews()
    return Closing(meetings, reviews, managers_of(review.about.id for review in reviews))


def decide_closing(now: dt.datetime, closing: Closing) -> Iterator[Due]:
    """Say to who runs a project that is nearly ready, a day before, that the agenda closes. Pure."""
    for meeting in closing.meetings:
        cutoff = closes_at(meeting)
        if cutoff is None or meeting.state != OccurrenceState.PLANNED or now < cutoff - BEFORE_CUTOFF:
            continue
        when = when_words(cutoff, meeting.series.zone)
        for review in closing.reviews:
            count = len(review.open_steps)
            if not 0 < count <= NEARLY:
                continue
            steps = "1 step that it needs is" if count == 1 else f"{count} steps that it needs are"
            text = f"The agenda of {day_words(local_day(meeting))} closes {when}: {steps} still open on {review.about.title}."
            for person_id in sorted(closing.managers.get(review.about.id, ())):
                yield Due(
                    person_id=person_id, kind=NoticeKind.AGENDA_CLOSES, text=cut(text, LONGEST_TEXT),
                    occasion=f"closes:{meeting.series.pk}:{meeting.day}:{int(cutoff.timestamp())}:{review.about.id}",
                    why="You run this project.", since=cutoff - BEFORE_CUTOFF, until=cutoff, project_id=review.about.id,
                    step_id=review.step_id,
                )  # fmt: skip


# A presentation that is missing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missing:
    """The presentations to Client Services, the projects that go live, what was presented, and who runs each."""

    meetings: Sequence[Planned]
    going_live: Sequence[About]
    presented: Collection[tuple[int, int, dt.date]]
    managers: Mapping[int, Collection[int]]


def read_missing(now: dt.datetime) -> Missing:
    """Read the presentations around `now` and the projects that go live within two weeks, in five queries."""
    series = company_series(Kind.GO_LIVE)
    if not series:  # where nobody holds them, none is missing
        return Missing((), (), (), {})
    today = now.astimezone(BUSINESS_ZONE).date()
    first, last = today - ONE_DAY - MISSED, today + TWO_WEEKS + ONE_DAY
    soon = [about for about in read_going_live() if first <= about.target <= last]
    meetings = planned(series, now - BACK - MISSED, now + TWO_WEEKS + 2 * ONE_DAY)
    return Missing(meetings, soon, read_presented(), managers_of(about.id for about in soon))


def decide_missing(now: dt.datetime, missing: Missing) -> Iterator[Due]:
    """Say to who runs a project that it can present no more before its go-live, or that it did not. Pure."""
    for about in missing.going_live:
        last = counting(missing.meetings, about.target)
        why = is_missing(about, last, missing.presented, now)
        if not why:
            continue
        since = _start_of(about.target - TWO_WEEKS)
        if last is not None:  # whoever writes the minutes has until the next morning
            since = max(since, _start_of(working_day_on_or_after(local_day(last) + ONE_DAY)))
        if since > now:
            continue
        day = last.day if last else "none"
        for person_id in sorted(missing.managers.get(about.id, ())):
            yield Due(
                person_id=person_id, kind=NoticeKind.PRESENTATION_MISSING, occasion=f"presents:{about.id}:{about.target}:{day}",
                text=cut(f"{about.title} has not been presented to Client Services. {why}", LONGEST_TEXT),
                why="You run this project.", since=since, until=_start_of(about.target + ONE_DAY), project_id=about.id,
            )  # fmt: skip


# Their parts ----------------------------------------------------------------------------------------------------------------


def managers_of(projects: Iterable[int]) -> dict[int, set[int]]:
    """Return who runs each of some projects, in one query."""
    found: dict[int, set[int]] = {}
    seats = Seat.objects.filter(project__in=list(projects), role__manages=True, person__is_active=True)
    for project_id, person_id in seats.order_by().values_list("project_id", "person_id"):
        if person_id is not None:
            found.setdefault(project_id, set()).add(person_id)
    return found


def _working_day_before(day: dt.date) -> dt.date:
    day -= ONE_DAY
    while not is_working_day(day):
        day -= ONE_DAY
    return day


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)


def _zone(name: str) -> ZoneInfo:
    """Return a person's zone; the company's where theirs is none that is known here any more."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return BUSINESS_ZONE
