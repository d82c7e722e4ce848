"""How a person wants to hear: by kind, at which hours, of which projects; and what that comes to in words.

A row says only what differs from `kinds.DEFAULTS`, so that a default that is changed later is changed for everybody who has not
chosen. Sign-offs are not among what can be chosen: whoever decides gets a mail at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User, validate_time_zone
from history.context import named
from projects.models import Project
from projects.notice_kinds import GROUPS, NoticeKind, Route
from reminders import hearing
from reminders.hearing import hearing_of
from reminders.kinds import DEFAULTS
from reminders.models import MORNING, Hours, Mute, Preference

Routes: TypeAlias = Mapping[NoticeKind, Route]

#: What always comes by mail at once: somebody's signature waits for them (RACI: A decides, or whoever A named).
ALWAYS = (NoticeKind.APPROVAL_ASKED, NoticeKind.DELEGATED, NoticeKind.RUN_ASKED)
#: What can be chosen.
CHOICES = (Route.NOW, Route.DIGEST, Route.APP, Route.OFF)
#: What reaches people outside the company by mail, of what can be chosen. Nothing yet: the delivery sends them sign-offs and
#: testing, which always come. A kind that is named here is offered to them.
REACH_OUTSIDE: frozenset[NoticeKind] = frozenset()
#: When each comes, in one line.
WHEN: Mapping[NoticeKind, str] = {
    NoticeKind.APPROVAL_ASKED: "A step waits for your decision.",
    NoticeKind.DELEGATED: "Somebody passed their decision on to you.",
    NoticeKind.RUN_ASKED: "Testing begins, or a test run waits for your signature.",
    NoticeKind.COMMENT_ASKED: "A step begins on which you are consulted.",
    NoticeKind.MENTIONED: "Somebody wrote your name with an @.",
    NoticeKind.OWNED: "A RAID item is yours now.",
    NoticeKind.ACTION_GIVEN: "A meeting gave you something to do.",
    NoticeKind.YOUR_TURN: "The last step that yours waited for is closed.",
    NoticeKind.DUE_SOON: "A step of yours is due in two working days.",
    NoticeKind.OVERDUE: "A step of yours, or one that you answer for, is past its date.",
    NoticeKind.WAITING_CUSTOMER: "A step still waits on the customer after the day that was named.",
    NoticeKind.MEETING_SOON: "The working day before a meeting of yours.",
    NoticeKind.MEETING_CHANGED: "A meeting of yours was moved, cancelled or given to another host.",
    NoticeKind.AGENDA_CLOSES: "An agenda on which a project of yours could be is about to close.",
    NoticeKind.PRESENTATION_MISSING: "A project of yours is to be presented, and nothing is prepared.",
    NoticeKind.SEAT_EMPTY: "A seat that this phase or the next one needs is empty.",
    NoticeKind.TIER_UNDECIDED: "Go-live comes near, and whether a TSM is assigned is open.",
    NoticeKind.SUMMARY_INCOMPLETE: "Two weeks before go-live, the Integration Summary is not complete.",
    NoticeKind.SUMMARY_REOPENED: "The Integration Summary was changed after Client Services had accepted it.",
    NoticeKind.SUPPORT_EVALUATION: "A support period of yours is to be evaluated soon, or today.",
    NoticeKind.SUPPORT_ENDING: "A support period of yours ends within a week, or has ended.",
    NoticeKind.ANOMALY: "Payments of an add-on are out of the ordinary: none, far above projection, a drop, or not sent.",
    NoticeKind.DECIDED: "A step of yours was approved, rejected or excused.",
    NoticeKind.STEP_DONE: "A step of which you are informed is done.",
    NoticeKind.SEAT_GIVEN: "You were put in a seat.",
}


@dataclass(frozen=True, slots=True)
class Wants:
    """What a person chose, and what holds where they chose nothing."""

    routes: Routes
    hours: Hours

    def digest_comes(self) -> bool:
        """Whether anything at all comes with the digest."""
        return Route.DIGEST in self.routes.values()


def kinds_for(person: User) -> list[tuple[str, list[NoticeKind]]]:
    """Return the kinds that can reach the person, in groups, those that cannot be chosen left out."""
    found = []
    for title, kinds in GROUPS:
        open_ = [kind for kind in kinds if kind not in ALWAYS and (not person.is_outside or kind in REACH_OUTSIDE)]
        if open_:
            found.append((title, open_))
    return found


def wants_of(person: User) -> Wants:
    """Return how the person wants to hear, in two queries; `hours` is an unsaved row where they set none."""
    chosen = {NoticeKind(kind): Route(route) for kind, route in person.preferences.values_list("kind", "route")}
    routes = {kind: DEFAULTS[kind] if kind in ALWAYS else chosen.get(kind, DEFAULTS[kind]) for kind in NoticeKind}
    hours = Hours.objects.filter(person=person).first() or Hours()
    hours.person = person  # which makes it `person.hours` too: what the page says is of the row that was just read
    return Wants(routes, hours)


@named
@transaction.atomic
def choose(person: User, routes: Routes, *, by: User) -> None:
    """Keep by which way the person hears of each kind named; the others stay.

    Raises:
        ValidationError: a kind that must reach them.
    """
    for kind in routes:
        if kind in ALWAYS:
            raise ValidationError(f"“{kind.label}” cannot be changed: somebody waits for your decision.")
    as_default = [kind for kind, route in routes.items() if route == DEFAULTS[kind]]
    Preference.objects.filter(person=person, kind__in=as_default).delete()
    rows = [
        Preference(person=person, kind=kind, route=route) for kind, route in routes.items() if kind not in as_default
    ]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["person", "kind"], update_fields=["route"]
    )


@named
@transaction.atomic
def set_hours(
    person: User,
    *,
    by: User,
    digest_at: dt.time = MORNING,
    quiet: tuple[dt.time, dt.time] | None = None,
    away: tuple[dt.date, dt.date] | None = None,
    time_zone: str = "",
) -> Hours:
    """Keep when the person hears: the digest's hour, the quiet hours (over midnight where the end is earlier), the days away.

    Args:
        away: first and last day, both included. time_zone: an IANA name, on whose clock all of this is; empty: as it is.

    Raises:
        ValidationError: no such zone, quiet hours without length, days away that end before they begin.
    """
    if quiet and quiet[0] == quiet[1]:
        raise ValidationError({"quiet_until": "Quiet hours end at another hour than they begin."})
    if away and away[1] < away[0]:
        raise ValidationError({"away_until": "The last day away is before the first."})
    if time_zone and time_zone != person.time_zone:
        validate_time_zone(time_zone)
        person.time_zone = time_zone
        person.save(update_fields=["time_zone"])
    quiet_from, quiet_until = quiet or (None, None)
    away_from, away_until = away or (None, None)
    row, _ = Hours.objects.update_or_create(
        person=person,
        defaults={
            "digest_at": digest_at, "quiet_from": quiet_from, "quiet_until": quiet_until, "away_from": away_from,
            "away_until": away_until,
        },
    )  # fmt: skip
    return row


@named
@transaction.atomic
def keep(person: User, routes: Routes, *, by: User, **hours: Any) -> None:
    """Keep the whole page at once: `choose` and `set_hours`, or neither.

    Raises:
        ValidationError: as they do.
    """
    set_hours(person, by=by, **hours)
    choose(person, routes, by=by)


@named
@transaction.atomic
def mute(person: User, project: Project, *, by: User) -> None:
    """Let the person hear of the project in the app alone. Twice is once."""
    Mute.objects.get_or_create(person=person, project=project)


@named
@transaction.atomic
def unmute(person: User, project: Project, *, by: User) -> None:
    """Let the person hear of the project as of any other."""
    Mute.objects.filter(person=person, project=project).delete()


def muted(person: User) -> Sequence[Project]:
    """Return the projects that the person muted and still sees, by name."""
    return list(Project.objects.visible_to(person).filter(pk__in=person.mutes.values("project")).order_by("name", "pk"))


def next_digest(person: User, hours: Hours, now: dt.datetime) -> dt.datetime:
    """Return when the person's next digest goes out if there is something to say (reminders.hearing)."""
    hours.person = person
    return hearing_of(person).next_digest(now)


def zone_of(person: User) -> ZoneInfo:
    """Return the person's zone; the company's where their row names none that is known."""
    return hearing.zone_of(person.time_zone, person.pk)


def in_words(person: User, wants: Wants, now: dt.datetime) -> list[str]:
    """Return what the preferences come to, sentence by sentence."""
    hours = wants.hours
    said: list[str] = []
    if not kinds_for(person):
        return ["You get a mail when a decision or testing waits for you, and nothing else."]
    at = next_digest(person, hours, now)
    when = f"{at:%A}, {at:%b} {at.day}, {clock(at.time())} ({person.time_zone})"
    if wants.digest_comes():
        said.append(f"Your next digest: {when}, if there is something to say.")
    else:
        said.append("No digest comes: nothing is set to it.")
    if hours.quiet_from and hours.quiet_until:
        between = f"From {clock(hours.quiet_from)} to {clock(hours.quiet_until)}"
        said.append(f"{between} nothing is sent at once; it comes with the next digest.")
    if hours.away_from and hours.away_until and hours.away_until >= now.astimezone(zone_of(person)).date():
        said.append(
            f"While you are away, {_day(hours.away_from)} to {_day(hours.away_until)}, only sign-offs are mailed; the rest "
            "comes with the first digest after."
        )
    return said


def clock(at: dt.time) -> str:
    """Return `8:00`."""
    return f"{at.hour}:{at:%M}"


def _day(day: dt.date) -> str:
    return f"{day:%b} {day.day}"
