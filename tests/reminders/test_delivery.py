"""Which way a notice goes, and in which mail: by its person's preferences, at their hours, once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core import mail as outbox

from accounts.mail import send_due
from accounts.models import OutgoingMail, User
from projects.models import Notice, Project
from projects.notice_kinds import NoticeKind as Kind
from projects.notice_kinds import Route
from reminders.delivery import GATHER, NEWS_FOR, URGENT_FOR, Unrouted, deliver, route_of
from reminders.hearing import Hearing
from reminders.models import Hours, Mute, Preference

pytestmark = pytest.mark.django_db

#: A Monday, 10:00 in New York.
NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
NEW_YORK = Hearing()


def unrouted(kind: Kind = Kind.MENTIONED, occasion: str = "comment:1", told_at: dt.datetime = NOW) -> Unrouted:
    return Unrouted(kind.value, occasion, 1, told_at)


@pytest.mark.parametrize(
    ("kind", "occasion", "given", "expected"),
    [
        (Kind.MENTIONED, "comment:1", {}, Route.NOW),
        (Kind.OVERDUE, "overdue:1", {}, Route.DIGEST),
        (Kind.MENTIONED, "comment:1", {"chosen": "digest"}, Route.DIGEST),
        (Kind.OVERDUE, "overdue:1", {"chosen": "now"}, Route.NOW),
        (Kind.MENTIONED, "comment:1", {"chosen": "off"}, Route.OFF),
        (Kind.MENTIONED, "comment:1", {"chosen": "off", "muted": True}, Route.OFF),
        (Kind.MENTIONED, "comment:1", {"muted": True}, Route.APP),
        (Kind.MENTIONED, "comment:1", {"outside": True}, Route.APP),
        (Kind.APPROVAL_ASKED, "step:1:3", {}, Route.APP),  # its own mail asks
        (Kind.APPROVAL_ASKED, "again:1:3", {}, Route.NOW),
        (Kind.APPROVAL_ASKED, "step:1:3", {"chosen": "digest"}, Route.APP),
        (Kind.RUN_ASKED, "run:1", {}, Route.APP),
    ],
)
def test_the_route_follows_from_kind_and_preference(kind, occasion, given, expected):
    assert route_of(unrouted(kind, occasion), NOW, NEW_YORK, **given) == expected


@pytest.mark.parametrize(
    ("age", "kind", "expected"),
    [
        (URGENT_FOR, Kind.MENTIONED, Route.NOW),
        (URGENT_FOR + MINUTE, Kind.MENTIONED, Route.DIGEST),
        (NEWS_FOR, Kind.DECIDED, Route.DIGEST),
        (NEWS_FOR + MINUTE, Kind.DECIDED, Route.APP),
        (NEWS_FOR + MINUTE, Kind.MENTIONED, Route.APP),
    ],
)
def test_what_is_old_is_not_heard_at_once_and_then_in_the_app_alone(age, kind, expected):
    assert route_of(unrouted(kind, told_at=NOW - age), NOW, NEW_YORK) == expected


def test_in_quiet_hours_and_while_away_nothing_is_heard_at_once():
    quiet = Hearing(quiet=(dt.time(9, 30), dt.time(11)))
    away = Hearing(away=(dt.date(2026, 11, 20), dt.date(2026, 11, 23)))
    assert [route_of(unrouted(), NOW, how) for how in (quiet, away)] == [Route.DIGEST, Route.DIGEST]
    assert route_of(unrouted(), NOW, Hearing(quiet=(dt.time(18), dt.time(7)))) == Route.NOW


def tell(person: User, project: Project | None, number: int = 1, **fields: Any) -> Notice:
    values: dict[str, Any] = {
        "kind": Kind.MENTIONED, "text": f"Told {number}.", "why": "You are mentioned.", "at": NOW, "heard_from": NOW,
    } | fields  # fmt: skip
    made: Notice = Notice.objects.create(person=person, project=project, occasion=f"test:{number}", **values)
    return made


@pytest.fixture
def project(make_project):
    """A project, of whose start nobody hears here any more."""
    made = make_project()
    Notice.objects.all().delete()
    return made


def said() -> list[tuple[str, str, int]]:
    """Return the mails that were written: to whom, of what kind, of how many notices."""
    return [
        (mail.person.name.split()[0], mail.kind, mail.notices.count())
        for mail in OutgoingMail.objects.exclude(kind="approval_asked").order_by("pk")
    ]


def at(moment: dt.datetime) -> Any:
    """Deliver at a moment, and send what was written."""
    with time_machine.travel(moment, tick=False):
        done = deliver(moment)
        send_due(moment)
        return done


def test_what_is_heard_at_once_gathers_for_two_minutes(cast, project):
    for number in range(100):
        tell(cast.sofia, project, number, by=cast.priya)
    assert at(NOW + MINUTE).at_once == 0
    assert at(NOW + GATHER).at_once == 1
    assert at(NOW + GATHER + MINUTE).at_once == 0
    assert said() == [("Sofia", "notices_at_once", 100)]
    assert [(mail.to, mail.subject) for mail in outbox.outbox] == [
        (["sofia@example.org"], f"[{project.code}] 100 things of {project.name}")
    ]
    assert "And 75 more" in outbox.outbox[0].body


def test_one_mail_for_each_person_and_project(cast, project, make_project):
    other = make_project(biller="Halden Water")
    Notice.objects.all().delete()
    for number, (person, about) in enumerate(
        [(cast.sofia, project), (cast.sofia, other), (cast.arun, project), (cast.sofia, None), (cast.sofia, project)]
    ):
        tell(person, about, number)
    at(NOW + GATHER)
    assert sorted(said()) == [("Arun", "notices_at_once", 1)] + [("Sofia", "notices_at_once", n) for n in (1, 1, 2)]
    assert sorted(mail.subject for mail in outbox.outbox if "sofia" in mail.to[0]) == sorted(
        [f"[{project.code}] 2 things of {project.name}", f"[{other.code}] Told 1.", "[Meetings] Told 3."]
    )


def test_one_notice_is_said_with_whom_it_is_from_and_where_it_leads(cast, project):
    tell(cast.sofia, project, address="/projects/x", by=cast.priya)
    at(NOW + GATHER)
    mail = outbox.outbox[0]
    assert mail.subject == f"[{project.code}] Told 1."
    assert "From Priya Nair." in mail.body
    assert "Open:\nhttp://127.0.0.1:8000/projects/x" in mail.body
    assert "You are mentioned. You hear of this at once." in mail.body
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"
    assert mail.extra_headers["References"] == f"<{project.code.lower()}.thread@127.0.0.1>"


def test_what_was_read_meanwhile_is_not_mailed(cast, project):
    notice = tell(cast.sofia, project)
    at(NOW + MINUTE)
    Notice.objects.filter(pk=notice.pk).update(read_at=NOW + MINUTE)
    at(NOW + GATHER)
    notice.refresh_from_db()
    assert (said(), notice.route) == ([], Route.APP)


def test_what_is_read_between_writing_and_sending_is_not_said(cast, project):
    notice = tell(cast.sofia, project)
    deliver(NOW + GATHER)
    Notice.objects.filter(pk=notice.pk).update(read_at=NOW + GATHER)
    send_due(NOW + GATHER)
    mail = OutgoingMail.objects.get(kind="notices_at_once")
    assert (outbox.outbox, mail.error) == ([], "Nothing left to say.")


def test_quiet_hours_keep_it_for_the_digest(cast, project):
    Hours.objects.create(person=cast.sofia, quiet_from=dt.time(9), quiet_until=dt.time(11))
    tell(cast.sofia, project)
    for moment in (NOW + GATHER, NOW + 2 * HOUR):
        at(moment)
    assert said() == []
    at(dt.datetime(2026, 11, 24, 13, tzinfo=dt.UTC))
    assert said() == [("Sofia", "digest", 1)]


def test_what_gathers_into_quiet_hours_waits_until_they_are_over(cast, project):
    Hours.objects.create(person=cast.sofia, quiet_from=dt.time(10, 1), quiet_until=dt.time(11))
    tell(cast.sofia, project)
    for moment in (NOW, NOW + GATHER, NOW + HOUR - MINUTE):
        at(moment)
    assert said() == []
    at(NOW + HOUR)
    assert said() == [("Sofia", "notices_at_once", 1)]


def test_while_away_nothing_comes_and_then_everything_in_one(cast, project):
    Hours.objects.create(person=cast.sofia, away_from=dt.date(2026, 11, 23), away_until=dt.date(2026, 11, 24))
    tell(cast.sofia, project)
    tell(cast.sofia, project, 2, kind=Kind.DECIDED)
    for day in range(3):
        at(NOW + day * DAY)
    assert said() == [("Sofia", "digest", 2)]
    assert OutgoingMail.objects.get(kind="digest").key == f"digest:{cast.sofia.pk}:2026-11-25"


def test_preferences_and_mutes_are_asked_for(cast, project, make_project):
    other = make_project(biller="Halden Water")
    Notice.objects.all().delete()
    Preference.objects.create(person=cast.sofia, kind=Kind.MENTIONED, route=Route.APP)
    Mute.objects.create(person=cast.arun, project=project)
    tell(cast.sofia, project)
    tell(cast.arun, project)
    tell(cast.arun, other, 2)
    done = at(NOW + GATHER)
    assert done.routed == {"app": 2, "now": 1}
    assert said() == [("Arun", "notices_at_once", 1)]


def test_people_outside_get_no_mail_of_notices(cast, project):
    tell(cast.bo, project)
    assert at(NOW + GATHER).routed == {"app": 1}
    assert said() == []


def test_who_left_gets_none(cast, project):
    tell(cast.sofia, project)
    User.objects.filter(pk=cast.sofia.pk).update(is_active=False)
    at(NOW + GATHER)
    assert said() == []


def test_of_a_project_that_is_seen_no_more_nothing_is_said(cast, project):
    tell(cast.mallory, project)
    at(NOW + GATHER)
    assert outbox.outbox == []


def test_what_is_put_off_waits(cast, project):
    tell(cast.sofia, project, snoozed_until=NOW + HOUR)
    at(NOW + GATHER)
    assert said() == []
    at(NOW + HOUR)
    assert said() == [("Sofia", "notices_at_once", 1)]


def test_two_that_deliver_at_once_write_one_mail(cast, project, monkeypatch):
    """The other delivers between our looking and our writing."""
    from reminders import delivery

    tell(cast.sofia, project)
    tell(cast.sofia, project, 2)
    bind, turns = delivery._bind, []

    def bind_after_another(kind, key, person_id, notices, **details):
        if not turns:
            turns.append(1)
            deliver(NOW + GATHER)
        return bind(kind, key, person_id, notices, **details)

    monkeypatch.setattr(delivery, "_bind", bind_after_another)
    assert deliver(NOW + GATHER).at_once == 0
    assert said() == [("Sofia", "notices_at_once", 2)]


def test_a_mail_whose_notices_all_went_with_another_is_not_written(cast, project):
    from reminders.delivery import Pending, _bind

    notice = tell(cast.sofia, project)
    at(NOW + GATHER)
    late = Pending(notice.pk, cast.sofia.pk, project.pk, "now", NOW, NOW)
    assert _bind("notices_at_once", "another key", cast.sofia.pk, [late]) == 0
    assert said() == [("Sofia", "notices_at_once", 1)]


def test_a_delivery_asks_as_often_whatever_there_is_to_route(cast, project, django_assert_num_queries):
    for number in range(5):
        tell(cast.sofia, project, number, kind=Kind.DECIDED)
    with django_assert_num_queries(10):
        deliver(NOW)
    for number in range(300):
        tell(cast.sofia, project, 100 + number, kind=Kind.DECIDED)
    with django_assert_num_queries(10):
        deliver(NOW)
