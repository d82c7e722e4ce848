"""A whole year through everything: five projects lived through, meetings, the sweep, the delivery, the mails; five zones.

What is expected is reckoned here once more, from what happened: which step was open when, and when each person's mornings were.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
import time_machine
from django.core import mail as outbox

from accounts.mail import send_due
from accounts.models import OutgoingMail, User
from meetings.models import Occurrence
from meetings.planned import occurrence_of
from projects.models import Notice, Project
from projects.notice_kinds import NoticeKind as Kind
from reminders.delivery import deliver
from reminders.sweep import sweep
from tests.cast import finish_phase
from tests.meetings.agendas import make_go_live, make_tdr
from transitions.clock import BUSINESS_ZONE
from transitions.moves import perform
from transitions.step import StepStatus

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
#: Half an autumn, with three changes of the clock, takes half a minute; the whole year nearly three: WHOLE_YEAR=1, `make faults`.
WHOLE = bool(os.environ.get("WHOLE_YEAR"))
FIRST, LAST = (dt.date(2026, 7, 1), dt.date(2027, 6, 30)) if WHOLE else (dt.date(2026, 9, 28), dt.date(2026, 11, 13))
END = dt.datetime.combine(LAST, dt.time(12), dt.UTC)
DAYS = [FIRST + number * DAY for number in range((LAST - FIRST).days + 1)]
ZONES = {
    "priya": "America/New_York",
    "ivan": "Europe/Berlin",
    "sofia": "Asia/Kolkata",
    "arun": "Australia/Sydney",
    "ingrid": "Pacific/Chatham",
}
#: Of each project: when it is kicked off, when it goes live, and how many days late each of its phases is finished.
LIVES = (
    (dt.date(2026, 7, 6), dt.date(2027, 1, 12), 0),
    (dt.date(2026, 8, 17), dt.date(2027, 2, 23), 2),
    (dt.date(2026, 10, 5), dt.date(2027, 4, 5), 5),  # a Monday
    (dt.date(2026, 11, 9), dt.date(2027, 5, 18), 9),
    (dt.date(2026, 12, 14), dt.date(2027, 6, 22), 40),
)
#: When the company's morning is swept: beat sweeps every ten minutes, and rarely at eight sharp.
AFTER = dt.time(8, 7)


def works(day: dt.date) -> bool:
    """Whether the company works on a day, by the calendar itself."""
    return day.weekday() < 5 and day not in holidays.country_holidays("US", years=day.year)


@dataclass
class Year:
    """What happened in it."""

    projects: list[int]
    #: (project, phase) → when it was come to; step → when it was closed.
    reached: dict[tuple[int, str], dt.datetime] = field(default_factory=dict)
    closed: dict[int, dt.datetime] = field(default_factory=dict)
    sweeps: list[dt.datetime] = field(default_factory=list)


@pytest.fixture
def year(cast: SimpleNamespace, make_project: Any) -> Year:
    """Live through it."""
    for first, zone in ZONES.items():
        User.objects.filter(pk=getattr(cast, first).pk).update(time_zone=zone)
    tdr = make_tdr(host=cast.arun, attendees=[cast.ingrid, cast.sofia])
    make_go_live(host=cast.cora)
    lived = Year([])
    for moment, what in _moments():
        with time_machine.travel(moment, tick=False):
            if what == "day":
                _one_day(lived, moment.astimezone(BUSINESS_ZONE).date(), cast, make_project, tdr)
            if what == "sweep":
                sweep(moment)
                lived.sweeps.append(moment)
            deliver(moment)
            send_due(moment)
    return lived


def _moments() -> Iterator[tuple[dt.datetime, str]]:
    """Sweeps after midnight and eight of the company, its afternoon with what is worked, and around eight of each zone."""
    found: dict[dt.datetime, str] = {}
    for day in DAYS:
        found[dt.datetime.combine(day, dt.time(0, 7), BUSINESS_ZONE).astimezone(dt.UTC)] = "sweep"
        found[dt.datetime.combine(day, dt.time(15), BUSINESS_ZONE).astimezone(dt.UTC)] = "day"
        for name in ZONES.values():
            zone = ZoneInfo(name)
            for time in (dt.time(7, 59), dt.time(8)) if day.day % 7 == 0 else (dt.time(8),):
                found.setdefault(dt.datetime.combine(day, time, zone).astimezone(dt.UTC), "mail")
        found[dt.datetime.combine(day, AFTER, BUSINESS_ZONE).astimezone(dt.UTC)] = "sweep"
    yield from sorted(found.items())


def _one_day(lived: Year, day: dt.date, cast: SimpleNamespace, make_project: Any, tdr: Any) -> None:
    now = dt.datetime.combine(day, dt.time(15), BUSINESS_ZONE)
    for number, (kickoff, target, _) in enumerate(LIVES):
        if day == kickoff:
            project = make_project(
                playbooks=("integration", "transition-to-cs"), kickoff=kickoff, target=target, biller=f"Biller {number}",
                code=f"YR{chr(65 + number)}",
            )  # fmt: skip
            lived.projects.append(project.pk)
            lived.reached[project.pk, project.phase] = now
    for pk, (_, _, late) in zip(lived.projects, LIVES, strict=False):
        project = Project.objects.get(pk=pk)
        here = [step for step in project.board.steps if step.template.phase == project.phase]
        last = max((step.due for step in here if step.due), default=day)
        if works(day) and project.phase != "post_live" and day >= last + late * DAY:
            finish_phase(project, cast)
            lived.closed |= {step.id: now for step in here if step.id not in lived.closed}
            moved = perform(Project.objects.get(pk=pk), "advance", by=cast.priya).row
            lived.reached[pk, moved.phase] = now
    if day.day == 9:  # once a month somebody moves the next review, and calls off the one after
        first, second = (next(day + n * DAY for n in range(k, k + 7) if (day + n * DAY).weekday() == 1) for k in (2, 9))
        moved_to = dt.datetime.combine(first + DAY, dt.time(16), BUSINESS_ZONE)
        Occurrence.objects.create(series=tdr, day=first, moved_to=moved_to)
        perform(occurrence_of(tdr, second, by=cast.arun), "call_off", by=cast.arun, note="Away")


@pytest.mark.django_db
def test_a_year_has_each_reminder_once_at_its_own_morning(cast: SimpleNamespace, year: Year) -> None:
    _nothing_is_said_twice()
    _digests_go_out_at_eight_on_working_days(cast)
    _overdue_steps_are_heard_of_on_the_next_morning(cast, year)


@pytest.mark.django_db
def test_a_meeting_is_heard_of_in_the_digest_of_the_working_day_before_it(
    cast: SimpleNamespace, make_project: Any
) -> None:
    """Beat sweeps every ten minutes and delivers every minute; the review is Tuesday 13:00 in New York."""
    make_tdr(host=cast.arun, attendees=[cast.ingrid])
    monday = dt.datetime(2026, 11, 23, 8, tzinfo=BUSINESS_ZONE).astimezone(dt.UTC)
    Notice.objects.create(  # so that there is a digest at eight
        person=cast.ingrid, kind=Kind.DECIDED, occasion="test", text="Priya approved.", why="You run this project.",
        at=monday - DAY, heard_from=monday - DAY,
    )  # fmt: skip
    for minutes in range(-60, 24 * 60):
        moment = monday + minutes * MINUTE
        with time_machine.travel(moment, tick=False):
            if minutes % 10 == 7:
                sweep(moment)
            if minutes in range(20) or minutes % 60 == 0:
                deliver(moment)
    (notice,) = Notice.objects.filter(kind=Kind.MEETING_SOON, person=cast.ingrid)
    assert notice.mail is not None
    assert notice.mail.made_at.astimezone(BUSINESS_ZONE).date() == dt.date(2026, 11, 23)


def _nothing_is_said_twice() -> None:
    """No text reaches a person more often than they have notices that say it, and nothing is left unsent."""
    texts: dict[tuple[str, str], int] = {}
    for letter in outbox.outbox:
        words = " ".join(str(letter.body).split())
        texts[letter.to[0], letter.extra_headers["Message-ID"]] = 1
        letter.words = words  # type: ignore[attr-defined]
    assert len(texts) == len(outbox.outbox)  # no Message-ID twice
    said: Counter[tuple[str, str]] = Counter()
    mailed = Notice.objects.filter(mail__sent_at__isnull=False).select_related("person", "project", "step", "mail")
    for notice in mailed:
        said[notice.person.email, notice.text] += 1
    for (address, text), most in said.items():
        found = sum(letter.words.count(text) for letter in outbox.outbox if letter.to == [address])
        assert found <= most, (address, text)
    assert not OutgoingMail.objects.filter(sent_at=None, failed_at=None).exists()
    assert {mail.error for mail in OutgoingMail.objects.exclude(failed_at=None)} <= {"Nothing left to say."}


def _digests_go_out_at_eight_on_working_days(cast: SimpleNamespace) -> None:
    zones = {getattr(cast, first).pk: ZoneInfo(name) for first, name in ZONES.items()}
    seen: Counter[tuple[int, dt.date]] = Counter()
    for row in OutgoingMail.objects.filter(kind="digest"):
        local = row.made_at.astimezone(zones.get(row.person_id, BUSINESS_ZONE))
        seen[row.person_id, local.date()] += 1
        assert works(local.date())
        eight = dt.datetime.combine(local.date(), dt.time(8), local.tzinfo)
        # Later that day only where at eight there was nothing to say: what the sweep found after it was due at eight sharp.
        assert local == eight or all(at > eight for at in row.notices.values_list("at", flat=True))
        assert eight <= local < eight + dt.timedelta(hours=12)
        assert row.key == f"digest:{row.person_id}:{local.date()}"
    assert set(seen.values()) == {1}
    assert {person for person, _ in seen} >= set(zones) or not WHOLE


def _overdue_steps_are_heard_of_on_the_next_morning(cast: SimpleNamespace, year: Year) -> None:
    """Reckoned from what happened: a step that is open a day after its date, in a phase that was come to, is heard by each R."""
    zones = {getattr(cast, first).pk: ZoneInfo(name) for first, name in ZONES.items()}
    expected: dict[tuple[int, int], dt.datetime] = {}
    for pk in year.projects:
        project = Project.objects.get(pk=pk)
        for step in project.board.steps:
            reached = year.reached.get((pk, step.template.phase))
            if step.due is None or reached is None or step.status == StepStatus.NOT_APPLICABLE:
                continue
            since = dt.datetime.combine(step.due + DAY, dt.time(), BUSINESS_ZONE)
            swept = next((at for at in year.sweeps if at >= max(since, reached)), None)
            over = min(year.closed.get(step.id, END), since + 30 * DAY)
            if swept is None or swept >= over:
                continue
            for person in project.board.people(step, "R"):
                if person.id in zones or not User.objects.get(pk=person.id).is_outside:
                    expected[person.id, step.id] = swept
    written = {
        (notice.person_id, notice.step_id): notice
        for notice in Notice.objects.filter(kind=Kind.OVERDUE, occasion__endswith=":R").select_related("mail")
    }
    assert written.keys() - expected.keys() == set()
    assert expected.keys() - written.keys() == set()
    heard = 0
    for name, swept in expected.items():
        notice, zone = written[name], zones.get(name[0], BUSINESS_ZONE)
        assert notice.at == swept
        morning = _morning_after(notice.heard_from, zone)
        if morning < END:
            assert notice.mail is not None
            assert notice.mail.made_at == morning
            heard += 1
    assert heard > (50 if WHOLE else 5)


def _morning_after(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first eight o'clock of a working day that is not before a moment."""
    day = moment.astimezone(zone).date()
    while not works(day) or dt.datetime.combine(day, dt.time(8), zone) < moment:
        day += DAY
    return dt.datetime.combine(day, dt.time(8), zone)
