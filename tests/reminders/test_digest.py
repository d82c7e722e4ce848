"""The digest: once a working day, at its reader's own morning, with what is theirs; over a year, in five zones."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail as outbox
from hypothesis import given
from hypothesis import strategies as st

from accounts.mail import send_due
from accounts.models import OutgoingMail, User
from projects.models import Notice, Project, ProjectStep
from projects.notice_kinds import NoticeKind as Kind
from projects.notice_kinds import Route
from projects.schedule import is_working_day
from reminders import due as registry
from reminders.delivery import deliver
from reminders.due import Due, Source
from reminders.hearing import Hearing, hearing_of, zone_of
from reminders.models import Hours
from reminders.project_sources import start_of
from reminders.sweep import sweep
from tests.cast import move, step_of
from transitions.clock import BUSINESS_ZONE

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "Pacific/Chatham")
EIGHT = dt.time(8)
YEAR = [dt.date(2026, 7, 1) + number * DAY for number in range(365)]
#: A Monday, 8:00 in New York.
MORNING = dt.datetime(2026, 11, 23, 13, tzinfo=dt.UTC)
#: Any instant of two years.
INSTANTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + minutes * MINUTE
)


# Hours, as pure functions.


@pytest.mark.parametrize("name", ZONES)
def test_the_hours_of_a_year(name):
    """Every quarter of an hour of a year, both clock changes in it: from 8:00 to 20:00 at the wall clock on working days."""
    zone = ZoneInfo(name)
    hearing = Hearing(zone)
    moment, end = dt.datetime(2026, 7, 1, tzinfo=dt.UTC), dt.datetime(2027, 7, 1, tzinfo=dt.UTC)
    opened = []
    while moment < end:
        local = moment.astimezone(zone)
        day = hearing.digest_day(moment)
        assert (day is not None) == (8 <= local.hour < 20 and is_working_day(local.date()))
        if day and hearing.digest_day(moment - 15 * MINUTE) is None:
            opened.append((day, local.time()))
        moment += 15 * MINUTE
    assert {time for _, time in opened} == {EIGHT}
    days = [day for day, _ in opened]
    assert len(days) == len(set(days))
    assert len(days) in {249, 250, 251}


@given(
    st.sampled_from(ZONES),
    INSTANTS,
    st.times().map(lambda time: time.replace(second=0, microsecond=0)),
)
def test_the_next_digest_is_one_whose_day_it_then_is(name, now, hour):
    hearing = Hearing(ZoneInfo(name), digest_at=hour)
    following = hearing.next_digest(now)
    assert following > now
    assert following - now < 6 * DAY
    # Where the clock jumps over the hour, it is when it has.
    assert hearing.digest_day(following.astimezone(dt.UTC)) == following.date()


@given(st.times(), st.times(), INSTANTS)
def test_what_is_not_quiet_one_way_round_is_the_other(since, until, now):
    if since != until:
        one, other = Hearing(quiet=(since, until)), Hearing(quiet=(until, since))
        assert one.is_quiet(now) != other.is_quiet(now)


def test_an_evening_digest_is_not_over_before_it_begins():
    late = Hearing(digest_at=dt.time(21))
    assert late.digest_day(dt.datetime(2026, 11, 24, 2, tzinfo=dt.UTC)) == dt.date(2026, 11, 23)
    assert late.digest_day(dt.datetime(2026, 11, 24, 1, 59, tzinfo=dt.UTC)) is None


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc", "America"])
def test_somebody_without_a_zone_hears_at_the_company_s_clock(name):
    assert zone_of(name, 1) == BUSINESS_ZONE


# A year of sweeps and deliveries.


@pytest.mark.django_db
def test_a_year_in_five_zones_has_each_reminder_once_and_each_digest_at_eight(cast, monkeypatch):
    """One thing a day falls due for each of five people, who live in five zones; beat runs before and at everybody's morning."""
    firsts = ("sofia", "arun", "ingrid", "tess", "cora")
    for first, zone in zip(firsts, ZONES, strict=True):
        User.objects.filter(pk=getattr(cast, first).pk).update(time_zone=zone)
    people = {getattr(cast, first).pk: ZoneInfo(zone) for first, zone in zip(firsts, ZONES, strict=True)}

    def decide(now: dt.datetime, rows: Any) -> list[Due]:
        today = now.astimezone(BUSINESS_ZONE).date()
        return [
            Due(pk, Kind.OVERDUE, f"day:{day}", f"Due {day}", "You.", start_of(day), start_of(day) + 3 * DAY)
            for day in (today - DAY, today)
            for pk in people
            if day in year
        ]

    year = set(YEAR)
    monkeypatch.setattr(registry, "_sources", {})
    registry.register(Source("days", lambda now: None, decide))
    ticks = {
        dt.datetime.combine(day, time, BUSINESS_ZONE): True for day in YEAR for time in (dt.time(0, 5), dt.time(13))
    }
    for zone in people.values():
        for day in YEAR:
            eight = dt.datetime.combine(day, EIGHT, zone)
            ticks |= {eight - MINUTE: False, eight: False}
    written: dict[str, dt.datetime] = {}
    for moment in sorted(ticks, key=lambda each: each.astimezone(dt.UTC)):
        now = moment.astimezone(dt.UTC)
        if ticks[moment]:
            sweep(now)
        done = deliver(now)
        if done.digests:
            written |= dict.fromkeys(set(OutgoingMail.objects.values_list("key", flat=True)) - set(written), now)
    # Every reminder was written once, and is in one mail at most.
    assert Notice.objects.count() == len(people) * len(YEAR)
    for pk, zone in people.items():
        mails = {key: now.astimezone(zone) for key, now in written.items() if key.startswith(f"digest:{pk}:")}
        assert {key.rpartition(":")[2] for key in mails} == {str(local.date()) for local in mails.values()}
        assert {local.time() for local in mails.values()} == {EIGHT}
        days = {local.date() for local in mails.values()}
        assert days == {day for day in YEAR if is_working_day(day) and day > YEAR[0]} | (days & {YEAR[0]})
        waiting = Notice.objects.filter(person=pk, mail=None).values_list("occasion", flat=True)
        assert {str(day) for day in waiting} <= {f"day:{day}" for day in YEAR[-2:]}


# What it says, and when.


def tell(person: User, project: Project | None, number: int = 1, **fields: Any) -> Notice:
    values: dict[str, Any] = {
        "kind": Kind.DECIDED, "text": f"Told {number}.", "why": "You run this project.", "at": MORNING - HOUR,
        "heard_from": MORNING - HOUR, "occasion": f"test:{number}",
    } | fields  # fmt: skip
    made: Notice = Notice.objects.create(person=person, project=project, **values)
    return made


@pytest.fixture
def project(make_project):
    """A project, of whose start nobody hears here any more."""
    made = make_project()
    Notice.objects.all().delete()
    return made


def at(moment: dt.datetime) -> Any:
    """Deliver at a moment, and send what was written."""
    with time_machine.travel(moment, tick=False):
        done = deliver(moment)
        send_due(moment)
        return done


def keys() -> list[str]:
    return list(OutgoingMail.objects.filter(kind="digest").order_by("pk").values_list("key", flat=True))


@pytest.mark.django_db
def test_before_its_hour_nothing_and_then_once(cast, project):
    tell(cast.sofia, project)
    for moment in (MORNING - MINUTE, MORNING, MORNING + MINUTE, MORNING + 3 * HOUR):
        at(moment)
    assert keys() == [f"digest:{cast.sofia.pk}:2026-11-23"]
    assert [mail.to for mail in outbox.outbox] == [["sofia@example.org"]]


@pytest.mark.django_db
def test_what_comes_after_its_hour_waits_for_the_next_even_where_there_was_none(cast, project):
    tell(cast.sofia, project, at=MORNING + HOUR, heard_from=MORNING + HOUR)
    at(MORNING + HOUR)
    assert keys() == []
    at(MORNING + DAY)
    assert keys() == [f"digest:{cast.sofia.pk}:2026-11-24"]


@pytest.mark.django_db
@pytest.mark.parametrize(("hour", "day"), [(19, 23), (20, 24)])
def test_a_late_beat_sends_the_same_morning_s_until_the_evening(cast, project, hour, day):
    tell(cast.sofia, project)
    at(dt.datetime(2026, 11, 23, hour, 30, tzinfo=BUSINESS_ZONE))
    at(MORNING + DAY)
    assert keys() == [f"digest:{cast.sofia.pk}:2026-11-{day}"]


@pytest.mark.django_db
def test_none_on_thanksgiving_nor_at_the_weekend(cast, project):
    tell(cast.sofia, project, heard_from=MORNING + 2 * DAY + HOUR, at=MORNING + 2 * DAY + HOUR)
    for number in range(3, 8):  # Thursday to Monday
        at(MORNING + number * DAY)
        tell(cast.sofia, project, number, at=MORNING + number * DAY + HOUR, heard_from=MORNING + number * DAY + HOUR)
    assert keys() == [f"digest:{cast.sofia.pk}:2026-11-{day}" for day in (27, 30)]


@pytest.mark.django_db
def test_at_the_hour_and_in_the_zone_of_its_reader(cast, project):
    User.objects.filter(pk=cast.sofia.pk).update(time_zone="Asia/Kolkata")
    Hours.objects.create(person=cast.sofia, digest_at=dt.time(6, 30))
    tell(cast.sofia, project, heard_from=MORNING - DAY, at=MORNING - DAY)
    half_past_six = dt.datetime(2026, 11, 24, 1, tzinfo=dt.UTC)
    for moment in (half_past_six - MINUTE, half_past_six):
        at(moment)
    assert keys() == [f"digest:{cast.sofia.pk}:2026-11-24"]


@pytest.mark.django_db
def test_by_project_with_what_is_overdue_first(cast, make_project):
    one, other = make_project(biller="Alder Water"), make_project(biller="Zephyr Tax")
    Notice.objects.all().delete()
    step = step_of(other, "discovery.invoicing")
    ProjectStep.objects.filter(pk=step.pk).update(due=dt.date(2026, 11, 20))
    tell(cast.sofia, one, 1)
    tell(cast.sofia, None, 2, address="/meetings/")
    tell(cast.sofia, other, 3, kind=Kind.STEP_DONE, step=None)
    tell(
        cast.sofia, other, 4, kind=Kind.OVERDUE, step=step, occasion=f"overdue:{step.pk}:2026-11-20:R", text="It was due.",
        why="You are responsible for this step.",
    )  # fmt: skip
    at(MORNING)
    mail = outbox.outbox[0]
    assert mail.subject == "Your day: 1 overdue, 2 decided"
    heads = [line for line in mail.body.splitlines() if line and line[0] not in "- " and "://" not in line]
    assert heads[:5] == [
        "Your day: 3 things", "1 overdue, 2 decided.", f"Zephyr Tax ({other.code})", f"Alder Water ({one.code})", "Meetings",
    ]  # fmt: skip
    assert (
        f"- It was due. (You are responsible for this step.)\n  http://127.0.0.1:8000/projects/{other.code}/steps/"
        in (mail.body)
    )
    assert "Open the inbox:\nhttp://127.0.0.1:8000/inbox" in mail.body
    html = mail.alternatives[0][0]
    assert html.count("<h2") == 3
    assert html.count("display:inline-block") == 1


@pytest.mark.django_db
def test_a_summary_of_steps_done_is_one_line(cast, project):
    with time_machine.travel(MORNING - 3 * HOUR, tick=False):
        for key in ("discovery.invoicing", "discovery.payments", "discovery.bill-presentment"):
            for name in ("start", "complete"):
                move(project, key, name, cast.sofia)
    at(MORNING)
    mail = next(mail for mail in outbox.outbox if mail.to == ["ivan@example.org"])
    assert mail.subject == "Your day: 3 steps done"
    assert "- 3 steps done (You are informed of these steps as Implementations Manager.)\n" in mail.body


@pytest.mark.django_db
def test_what_is_not_so_any_more_is_not_said(cast, project):
    step = step_of(project, "discovery.invoicing")
    overdue = {"kind": Kind.OVERDUE, "step": step}
    tell(cast.sofia, project, 1, **overdue, occasion=f"overdue:{step.pk}:{step.due}:R", text="As it is.")
    tell(cast.sofia, project, 2, **overdue, occasion=f"overdue:{step.pk}:2026-10-01:R", text="As it was before.")
    at(MORNING)
    assert "As it is." in outbox.outbox[0].body
    assert "As it was before." not in outbox.outbox[0].body


@pytest.mark.django_db
def test_a_step_done_meanwhile_leaves_nothing_to_say(cast, project):
    step = step_of(project, "discovery.invoicing")
    tell(cast.sofia, project, kind=Kind.OVERDUE, step=step, occasion=f"overdue:{step.pk}:{step.due}:R")
    deliver(MORNING)
    for name in ("start", "complete"):
        move(project, "discovery.invoicing", name, cast.sofia)
    with time_machine.travel(MORNING, tick=False):
        send_due(MORNING)
    assert outbox.outbox == []
    assert OutgoingMail.objects.get(kind="digest").error == "Nothing left to say."
    assert Notice.objects.get(kind=Kind.OVERDUE).route == Route.DIGEST


@pytest.mark.django_db
def test_somebody_of_an_unknown_zone_gets_it_at_the_company_s_morning(cast, project):
    User.objects.filter(pk=cast.sofia.pk).update(time_zone="Mars/Olympus")
    assert hearing_of(User.objects.get(pk=cast.sofia.pk)).zone == BUSINESS_ZONE
    tell(cast.sofia, project)
    at(MORNING)
    assert keys() == [f"digest:{cast.sofia.pk}:2026-11-23"]


@pytest.mark.django_db
def test_a_long_digest_says_what_it_leaves_out_and_stays_small(cast, make_project):
    for index in range(6):
        project = make_project(biller=f"{'ABCDEF'[index]}lder Water")
        Notice.objects.filter(kind=Kind.SEAT_GIVEN).delete()
        Notice.objects.bulk_create(
            Notice(
                person=cast.sofia, project=project, kind=Kind.DECIDED, occasion=f"n:{index}:{number}",
                why="You run this project.", text=f"Told {index} {number} " + "x" * 200,
                at=MORNING - HOUR, heard_from=MORNING - HOUR,
            )
            for number in range(40)
        )  # fmt: skip
    at(MORNING)
    mail = outbox.outbox[0]
    assert mail.subject == "Your day: 240 decided"
    assert "- And 15 more\n" in mail.body
    assert "- And 2 more projects\n" in mail.body
    assert len(mail.message().as_bytes()) < 100_000
