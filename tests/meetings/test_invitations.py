"""Invitations to the meetings of projects: real mails, updates where something changed, one for many, none for nothing."""

from __future__ import annotations

import datetime as dt
import smtplib
from typing import Any

import icalendar
import pytest
import time_machine
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from accounts.models import OutgoingMail
from accounts.tasks import send_due_mail
from meetings.changes import Change, announce
from meetings.invitations import SETTLE
from meetings.models import Invitation, Series, SeriesAttendee
from meetings.replies import answer_meeting
from tests.meetings.calendar_scene import call_off, make_row, make_series
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 24)
LINK = "https://meet.example/secret-room"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


@pytest.fixture
def project(make_project):
    made = make_project()
    outbox.outbox.clear()
    OutgoingMail.objects.update(sent_at=NOW)
    return made


def changed(series: Series, by: Any = None, days: Any = ()) -> None:
    announce(Change(series, days, "changed", by, timezone.now()))


def edit(series: Series, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(series, name, value)
    series.sequence += 1
    series.changed_at = timezone.now()
    series.save()
    changed(series)


def sent(clock: Any, *, after: dt.timedelta = SETTLE) -> list[Any]:
    """Let the sweep go by, and return what went out, by reader."""
    outbox.outbox.clear()
    clock.shift(after)
    send_due_mail()
    return sorted(outbox.outbox, key=lambda message: message.to)


def event_in(message: Any) -> Any:
    content, kind = message.alternatives[-1]
    assert kind.startswith("text/calendar; method=")
    found = icalendar.Calendar.from_ical(content)
    assert kind == f"text/calendar; method={found['method']}"
    (event,) = found.walk("VEVENT")
    return event


def test_attendees_and_host_get_a_real_invitation(clock, project, cast):
    series = make_series(
        project, people=[cast.bo, cast.priya], host=cast.ivan, title="Steering", join_link=LINK, place="Room 4"
    )
    changed(series, by=cast.priya)
    assert outbox.outbox == []
    mails = sent(clock)
    assert [message.to for message in mails] == [["bo@example.org"], ["ivan@example.org"], ["priya@example.org"]]
    message = mails[0]
    raw = message.message()
    assert raw.get_content_type() == "multipart/alternative"
    parts = raw.get_payload()
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "text/calendar"]
    assert (parts[-1].get_param("method"), parts[-1]["Content-Disposition"]) == ("REQUEST", None)
    assert parts[-1].get_param("charset") == "utf-8"
    assert message.subject == f"[{project.code}] Invitation: Steering, Tue Nov 24"
    assert (message.from_email, message.reply_to) == ("Gatehouse <gatehouse@example.org>", ["ivan@example.org"])
    event = event_in(message)
    assert (str(event["uid"]), event["sequence"]) == (series.uid, 0)
    assert str(event["organizer"]) == "mailto:gatehouse@example.org"
    assert not event["organizer"].params
    reader = event["attendee"]
    assert (str(reader), reader.params["PARTSTAT"], reader.params["RSVP"]) == (
        "mailto:bo@example.org",
        "NEEDS-ACTION",
        "TRUE",
    )
    assert LINK in str(event["description"])
    assert event["rrule"].to_ical() == b"FREQ=WEEKLY;BYDAY=TU"
    assert "List-Unsubscribe" not in raw


def test_the_same_again_is_not_sent_again(clock, project, cast):
    series = make_series(project, people=[cast.bo])
    changed(series)
    assert len(sent(clock)) == 1
    changed(series)
    Series.objects.filter(pk=series.pk).update(changed_at=timezone.now())
    changed(Series.objects.get())
    assert sent(clock) == []
    assert OutgoingMail.objects.filter(kind="meeting_invitation").count() == 1


def test_a_hundred_edits_are_one_mail_that_says_the_last(clock, project, cast):
    series = make_series(project, people=[cast.bo])
    with transaction.atomic():
        for minutes in range(30, 80):
            edit(series, minutes=minutes)
    clock.shift(dt.timedelta(seconds=90))
    for minutes in range(80, 130):
        edit(series, minutes=minutes)
    (message,) = sent(clock)
    event = event_in(message)
    assert event["dtend"].dt - event["dtstart"].dt == dt.timedelta(minutes=129)
    assert OutgoingMail.objects.filter(kind="meeting_invitation").count() == 1


def test_an_update_has_the_same_uid_and_a_greater_sequence_and_asks_again_only_where_the_time_changed(
    clock, project, cast
):
    series = make_series(project, people=[cast.bo], title="Steering")
    changed(series)
    first = event_in(sent(clock)[0])
    Invitation.objects.update(answer="ACCEPTED", answered_at=timezone.now())
    edit(series, place="Room 9")
    (message,) = sent(clock)
    placed = event_in(message)
    assert message.subject.startswith(f"[{project.code}] Changed: Steering")
    assert placed["uid"] == first["uid"]
    assert placed["sequence"] > first["sequence"]
    assert placed["attendee"].params["PARTSTAT"] == "ACCEPTED"
    # Whoever edits forgets to count: the invitation counts all the same.
    Series.objects.filter(pk=series.pk).update(starts_at=dt.time(11), sequence=0)
    changed(Series.objects.get())
    timed = event_in(sent(clock)[0])
    assert timed["sequence"] > placed["sequence"]
    assert timed["dtstamp"].dt > placed["dtstamp"].dt
    assert timed["attendee"].params["PARTSTAT"] == "NEEDS-ACTION"


def test_who_is_taken_off_is_told_so_once_and_may_come_back(clock, project, cast):
    series = make_series(project, people=[cast.bo, cast.priya])
    changed(series)
    sent(clock)
    answer_meeting(series, DAY, "ACCEPTED", by=cast.bo)  # for one of them, which is struck with the rest
    seat = SeriesAttendee.objects.get(person=cast.bo)
    seat.delete()
    changed(series)
    (message,) = sent(clock)
    event = event_in(message)
    assert message.to == ["bo@example.org"]
    assert message.alternatives[-1][1] == "text/calendar; method=CANCEL"
    assert (str(event["uid"]), str(event["status"])) == (series.uid, "CANCELLED")
    assert event["sequence"] == 1
    assert "PARTSTAT" not in event["attendee"].params
    changed(series)
    assert sent(clock) == []
    SeriesAttendee.objects.create(series=series, person=cast.bo, project=project)
    changed(series)
    (again,) = sent(clock)
    assert (again.to, event_in(again)["sequence"]) == (["bo@example.org"], 2)


def test_one_moved_meeting_is_an_update_of_that_one(clock, project, cast):
    series = make_series(project, people=[cast.bo])
    changed(series)
    sent(clock)
    make_row(series, DAY, moved_to=dt.datetime(2026, 11, 25, 16, tzinfo=dt.UTC), sequence=1, changed_at=NOW)
    changed(series, days=[DAY])
    (message,) = sent(clock)
    event = event_in(message)
    assert str(event["uid"]) == series.uid
    assert event["recurrence-id"].dt == dt.datetime(2026, 11, 24, 15, tzinfo=dt.UTC)
    assert event["dtstart"].dt == dt.datetime(2026, 11, 25, 16, tzinfo=dt.UTC)
    assert event["sequence"] == 1
    assert "rrule" not in event


def test_one_cancelled_meeting_of_a_rule_is_struck_alone(clock, project, cast):
    series = make_series(project, people=[cast.bo], host=cast.priya)
    changed(series)
    sent(clock)
    row = call_off(series, DAY, by=cast.priya, now=timezone.now())
    struck = sent(clock)
    assert [(m.to[0], m.alternatives[-1][1]) for m in struck] == [
        ("bo@example.org", "text/calendar; method=CANCEL"),
        ("priya@example.org", "text/calendar; method=CANCEL"),
    ]
    event = event_in(struck[0])
    assert (str(event["uid"]), event["sequence"]) == (series.uid, 1)
    assert event["recurrence-id"].dt == dt.datetime(2026, 11, 24, 15, tzinfo=dt.UTC)
    changed(series)
    assert sent(clock) == []
    perform(row, "call_again", by=cast.priya)
    back = [event_in(m) for m in sent(clock)]
    assert [(str(e["status"]), e["sequence"]) for e in back] == [("CONFIRMED", 2)] * 2


def test_a_cancellation_reaches_whoever_was_invited(clock, project, cast):
    series = make_series(project, people=[cast.bo], host=cast.priya, rule="")
    row = make_row(series, DAY)
    changed(series)
    assert [event_in(m)["uid"] for m in sent(clock)] == [f"{series.uid}-2026-11-24"] * 2
    perform(row, "call_off", by=cast.priya, note="Ill")
    gone = sent(clock)
    assert [(m.to[0], str(event_in(m)["status"]), m.alternatives[-1][1]) for m in gone] == [
        ("bo@example.org", "CANCELLED", "text/calendar; method=CANCEL"),
        ("priya@example.org", "CANCELLED", "text/calendar; method=CANCEL"),
    ]
    assert "Ill" not in gone[0].body
    perform(row, "call_again", by=cast.priya)
    back = [event_in(m) for m in sent(clock)]
    assert [(str(e["status"]), e["sequence"]) for e in back] == [("CONFIRMED", 2)] * 2
    perform(row, "open_meeting", by=cast.priya)
    assert sent(clock) == []


def test_who_comes_late_is_not_invited_to_what_was_cancelled(clock, project, cast):
    series = make_series(project, people=[cast.bo], host=cast.priya)
    call_off(series, DAY, by=cast.priya, now=NOW)
    changed(series)
    events = [event_in(m) for m in sent(clock)]
    assert [e["exdate"].dts[0].dt for e in events] == [dt.datetime(2026, 11, 24, 15, tzinfo=dt.UTC)] * 2
    changed(series)
    assert sent(clock) == []


def test_a_changed_meeting_that_goes_over_to_the_next_series_is_sent_anew(clock, project, cast):
    series = make_series(project, people=[cast.bo])
    moved = dt.datetime(2026, 12, 9, 16, tzinfo=dt.UTC)
    rows = [make_row(series, dt.date(2026, 12, 8), moved_to=moved, sequence=1), make_row(series, dt.date(2026, 12, 15))]
    changed(series)
    assert len(sent(clock)) == 2
    Invitation.objects.update(answer="ACCEPTED", answered_at=NOW)
    later = make_series(
        project, people=[cast.bo], starts_on=dt.date(2026, 12, 1), starts_at=dt.time(11), continues=series
    )
    series.ended_on = dt.date(2026, 12, 1)
    edit(series)
    for row in rows:
        row.series, row.sequence = later, row.sequence + 1
        row.save()
    changed(later)
    events = {(str(e["uid"]), "recurrence-id" in e): e for e in map(event_in, sent(clock))}
    assert set(events) == {(series.uid, False), (later.uid, False), (later.uid, True)}
    assert events[later.uid, True]["recurrence-id"].dt == dt.datetime(2026, 12, 8, 16, tzinfo=dt.UTC)
    assert events[later.uid, True]["dtstart"].dt == moved
    assert events[later.uid, True]["attendee"].params["PARTSTAT"] == "NEEDS-ACTION"
    changed(later)
    changed(series)
    assert sent(clock) == []


def test_the_past_and_the_companys_series_send_nothing(clock, project, cast):
    make_row(past := make_series(project, people=[cast.bo], rule=""), dt.date(2026, 11, 17))
    company = make_series(people=[cast.arun])
    over = make_series(project, people=[cast.bo], rule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261101")
    for series in (past, company, over):
        changed(series)
    late = make_series(project, people=[cast.bo])
    announce(Change(late, (), "brought in", cast.priya, NOW - dt.timedelta(days=2)))
    assert sent(clock) == []
    assert not Invitation.objects.exists()


def test_a_series_that_ends_is_updated_and_one_that_never_began_is_struck(clock, project, cast):
    series = make_series(project, people=[cast.bo])
    changed(series)
    sent(clock)
    edit(series, ended_on=dt.date(2026, 12, 1))
    (message,) = sent(clock)
    assert event_in(message)["rrule"]["UNTIL"] == [dt.datetime(2026, 11, 24, 15, tzinfo=dt.UTC)]
    edit(series, ended_on=dt.date(2026, 1, 1))
    (message,) = sent(clock)
    assert message.alternatives[-1][1] == "text/calendar; method=CANCEL"


def test_somebody_deactivated_gets_nothing(clock, project, cast):
    series = make_series(project, people=[cast.bo, cast.dele])
    type(cast.dele).objects.filter(pk=cast.dele.pk).update(is_active=False)
    changed(series)
    assert [m.to for m in sent(clock)] == [["bo@example.org"]]


def test_a_mail_server_that_is_down_loses_no_update(clock, project, cast, monkeypatch):
    series = make_series(project, people=[cast.bo])
    changed(series)
    sends = EmailBackend.send_messages

    def down(*_: Any) -> int:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(EmailBackend, "send_messages", down)
    assert sent(clock) == []
    edit(series, minutes=45)  # while the first is tried again and again
    monkeypatch.setattr(EmailBackend, "send_messages", sends)
    (message,) = sent(clock)
    event = event_in(message)
    assert event["dtend"].dt - event["dtstart"].dt == dt.timedelta(minutes=45)
    assert OutgoingMail.objects.filter(kind="meeting_invitation").count() == 1
    assert sent(clock) == []


def test_a_change_while_its_mail_is_being_sent_makes_the_next(clock, project, cast):
    series = make_series(project, people=[cast.bo])
    changed(series)
    OutgoingMail.objects.filter(kind="meeting_invitation").update(
        leased_until=timezone.now() + dt.timedelta(minutes=10)
    )
    edit(series, minutes=45)
    assert OutgoingMail.objects.filter(kind="meeting_invitation").count() == 2


def test_a_mail_that_failed_for_good_is_made_up_for_by_the_next_change(clock, project, cast):
    series = make_series(project, people=[cast.bo])
    changed(series)
    sent(clock)
    OutgoingMail.objects.filter(kind="meeting_invitation").update(sent_at=None, failed_at=timezone.now())
    changed(series)
    (message,) = sent(clock)
    assert event_in(message)["sequence"] == 1


def test_renewing_costs_the_same_queries_however_many_meetings_there_are(
    clock, project, cast, django_assert_num_queries
):
    # Three for the invitations, three for the notices to those who attend.
    series = make_series(project, people=[cast.bo, cast.priya], rule="")
    for day in range(3):
        make_row(series, dt.date(2026, 12, 1 + day))
    changed(series)
    sent(clock)
    with django_assert_num_queries(6):
        changed(series)
    for day in range(10):
        make_row(series, dt.date(2026, 11, 1 + day))
    with django_assert_num_queries(6):
        changed(series)
