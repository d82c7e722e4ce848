"""Answers to invitations: by mail, of every shape, and by a button. Nothing that arrives may end in a crash."""

from __future__ import annotations

import datetime as dt
import io
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meetings.models import Invitation, Occurrence, SeriesAttendee
from meetings.replies import MOST_BYTES, MOST_OF_MAIL, ReplyRefused, answer_meeting, answers_of, parse, take_reply
from meetings.vocabulary import Answer
from tests.meetings.calendar_scene import call_off, make_row, make_series
from transitions.blockers import MoveRefused, NotPermitted

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 24)
ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Eastern Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:-0400\r\n"
    "TZOFFSETTO:-0500\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\n"
    "TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


@pytest.fixture
def series(make_project, cast):
    made = make_series(make_project(), people=[cast.bo, cast.pat], host=cast.priya, title="Steering")
    for person in (cast.bo, cast.pat):
        Invitation.objects.create(series=made, person=person, sequence=2, digest="a" * 64, sent_at=NOW)
    return made


def event(series: Any, **changes: Any) -> str:
    """The event of a reply of Bo's, with lines changed, or taken out where they are None."""
    lines: dict[str, Any] = {
        "UID": f"UID:{series.uid}", "DTSTAMP": "DTSTAMP:20261120T145900Z", "SEQUENCE": "SEQUENCE:2",
        "ATTENDEE": "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Bo@Example.org", "ORGANIZER": "ORGANIZER:mailto:gatehouse@example.org",
        "DTSTART": "DTSTART:20261124T150000Z",
    } | changes  # fmt: skip
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", *lines.values(), "END:VEVENT") if line)


def ics(*events: str, method: str | None = "REPLY", before: str = "") -> bytes:
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Other//EN\r\n" + (f"METHOD:{method}\r\n" if method else "")
    return f"{head}{before}{''.join(events)}END:VCALENDAR\r\n".encode()


def answer_of_bo() -> tuple[str, dt.datetime | None]:
    row = Invitation.objects.get(person__email="bo@example.org", occurrence=None)
    return row.answer, row.answered_at


# -- What counts ------------------------------------------------------------------------------------


def test_a_reply_is_written_down(series):
    read = take_reply(ics(event(series)), by=None)
    assert read.words == "Bo Halvorsen: Accepted, Steering."
    assert answer_of_bo() == ("ACCEPTED", NOW - dt.timedelta(minutes=1))


def test_a_whole_mail_will_do(series):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "bo@example.org", "Declined: Steering"
    mail.set_content("No")
    body = event(series, ATTENDEE='ATTENDEE;CN="Bo, H";PARTSTAT=DECLINED:MAILTO:bo@example.org')
    mail.add_alternative(ics(body).decode(), subtype="calendar", params={"method": "REPLY"})
    take_reply(mail.as_bytes(), by=None)
    assert answer_of_bo()[0] == "DECLINED"


@pytest.mark.parametrize(
    "named",
    ["RECURRENCE-ID:20261124T150000Z", "RECURRENCE-ID;TZID=America/New_York:20261124T100000",
     "RECURRENCE-ID;TZID=Eastern Standard Time:20261124T100000"],
)  # fmt: skip
def test_one_meeting_of_the_series_is_answered_apart(series, cast, named):
    body = event(series, RECURRENCE=named, ATTENDEE="ATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.org")
    read = take_reply(ics(body, before=ZONE), by=None)
    assert read.invitation.occurrence is not None
    assert read.invitation.occurrence.day == DAY
    assert answer_of_bo()[0] == "NEEDS-ACTION"
    assert answers_of(series, read.invitation.occurrence)[cast.bo.pk][0] == Answer.DECLINED
    assert answers_of(series, None)[cast.bo.pk][0] == Answer.NEEDS_ACTION


def test_a_meeting_of_no_rule_is_named_by_its_uid(make_project, cast):
    single = make_series(make_project(), people=[cast.bo], rule="")
    row = make_row(single, DAY)
    Invitation.objects.create(series=single, occurrence=row, person=cast.bo, sequence=2, digest="a" * 64, sent_at=NOW)
    read = take_reply(ics(event(single, UID=f"UID:{single.uid}-2026-11-24")), by=None)
    assert read.invitation.occurrence == row


def test_the_later_of_two_answers_stands_whichever_comes_first(series):
    early = event(
        series, DTSTAMP="DTSTAMP:20261120T120000Z", ATTENDEE="ATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.org"
    )
    take_reply(ics(event(series)), by=None)
    read = take_reply(ics(early), by=None)
    assert read.ignored == "a later answer is here already."
    assert answer_of_bo()[0] == "ACCEPTED"
    late = event(
        series, DTSTAMP="DTSTAMP:20261120T145930Z", ATTENDEE="ATTENDEE;PARTSTAT=TENTATIVE:mailto:bo@example.org"
    )
    assert not take_reply(ics(late), by=None).ignored
    assert answer_of_bo()[0] == "TENTATIVE"


@pytest.mark.parametrize("sequence", ["SEQUENCE:1", "SEQUENCE:0", None])
def test_an_answer_to_what_it_was_before_is_left_aside(series, sequence):
    read = take_reply(ics(event(series, SEQUENCE=sequence)), by=None)
    assert read.ignored == "it answers what the meeting was before it changed."
    assert answer_of_bo() == ("NEEDS-ACTION", None)


def test_an_answer_to_a_cancelled_invitation_is_left_aside(series):
    Invitation.objects.update(cancelled=True)
    assert take_reply(ics(event(series)), by=None).ignored == "the invitation was cancelled."


# -- What does not ----------------------------------------------------------------------------------

ACCEPTED = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:"
SHAPES: dict[str, tuple[Any, str]] = {
    "a request": (lambda s: ics(event(s), method="REQUEST"), "METHOD is REQUEST"),
    "a counter": (lambda s: ics(event(s), method="COUNTER"), "another time"),
    "no method": (lambda s: ics(event(s), method=None), "METHOD is missing"),
    "two events": (lambda s: ics(event(s), event(s)), "2 events"),
    "no event": (lambda s: ics(), "0 events"),
    "a task": (lambda s: ics(event(s).replace("VEVENT", "VTODO")), "0 events"),
    "no attendee": (lambda s: ics(event(s, ATTENDEE=None)), "who answers"),
    "two attendees": (lambda s: ics(event(s, MORE="ATTENDEE;PARTSTAT=DECLINED:mailto:pat@example.org")), "2 values"),
    "a foreign attendee": (lambda s: ics(event(s, ATTENDEE=f"{ACCEPTED}mallory@example.org")), "was invited"),
    "an unknown attendee": (lambda s: ics(event(s, ATTENDEE=f"{ACCEPTED}x@evil.example")), "was invited"),
    "no answer": (lambda s: ics(event(s, ATTENDEE="ATTENDEE:mailto:bo@example.org")), "PARTSTAT"),
    "delegated": (lambda s: ics(event(s, ATTENDEE="ATTENDEE;PARTSTAT=DELEGATED:mailto:bo@example.org")), "PARTSTAT"),
    "no uid": (lambda s: ics(event(s, UID=None)), "UID"),
    "an empty uid": (lambda s: ics(event(s, UID="UID:")), "UID"),
    "another uid": (lambda s: ics(event(s, UID="UID:somebody@else")), "has this UID"),
    "a uid of no day": (lambda s: ics(event(s, UID=f"UID:{s.uid}-2026-99-99")), "has this UID"),
    "a long uid": (lambda s: ics(event(s, UID="UID:" + "x" * 500)), "UID"),
    "a later sequence": (lambda s: ics(event(s, SEQUENCE="SEQUENCE:3")), "later version"),
    "a negative sequence": (lambda s: ics(event(s, SEQUENCE="SEQUENCE:-1")), "no number"),
    "a broken sequence": (lambda s: ics(event(s, SEQUENCE="SEQUENCE:two")), "no number"),
    "no stamp": (lambda s: ics(event(s, DTSTAMP=None)), "DTSTAMP"),
    "a broken stamp": (lambda s: ics(event(s, DTSTAMP="DTSTAMP:yesterday")), "DTSTAMP"),
    "a stamp of no zone": (lambda s: ics(event(s, DTSTAMP="DTSTAMP:20261120T145900")), "zone"),
    "a stamp ahead": (lambda s: ics(event(s, DTSTAMP="DTSTAMP:20271120T145900Z")), "future"),
    "a stamp of year one": (lambda s: ics(event(s, DTSTAMP="DTSTAMP:00010101T000000Z")), "DTSTAMP"),
    "the wrong zone": (lambda s: ics(event(s, R="RECURRENCE-ID;TZID=Europe/Berlin:20261124T100000")), "no meeting at that time"),
    "a zone of nowhere": (lambda s: ics(event(s, R="RECURRENCE-ID;TZID=Nowhere/Zone:20261124T100000")), "zone"),
    "a floating time": (lambda s: ics(event(s, R="RECURRENCE-ID:20261124T100000")), "zone"),
    "a day": (lambda s: ics(event(s, R="RECURRENCE-ID;VALUE=DATE:20261124")), "zone"),
    "another day": (lambda s: ics(event(s, R="RECURRENCE-ID:20261125T150000Z")), "was invited"),
    "garbage": (lambda s: b"garbage", "neither a calendar"),
    "nothing": (lambda s: b"", "neither a calendar"),
    "half": (lambda s: ics(event(s))[:60], "cannot be read"),
    "no utf-8": (lambda s: ics(event(s)).replace(b"Other", b"\xff\xfe"), "cannot be read"),
    "two calendars": (lambda s: ics(event(s)) + ics(event(s)), "cannot be read"),
    "too much": (lambda s: ics(event(s)) + b" " * MOST_BYTES, "larger than 64 KB"),
    "far too much": (lambda s: b"x" * (MOST_OF_MAIL + 1), "larger than 1024 KB"),
    "a mail without": (lambda s: b"From: bo@example.org\r\nSubject: Hello\r\n\r\nYes!", "neither a calendar"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_another_shape_is_refused_with_its_reason(series, shape):
    make, words = SHAPES[shape]
    with pytest.raises(ReplyRefused, match=words):
        take_reply(make(series), by=None)
    assert set(Invitation.objects.values_list("answer", flat=True)) == {"NEEDS-ACTION"}
    assert not Occurrence.objects.exists()


LINES = ["BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "METHOD:REPLY", "UID:x", "DTSTAMP:20261120T145900Z",
         "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@example.org", "SEQUENCE:1", "RECURRENCE-ID;TZID=:99999999T999999",
         "RECURRENCE-ID;RANGE=THISANDFUTURE:20261124T150000Z", "ATTENDEE;=:", "X;Y=\"",
         "BEGIN:VTIMEZONE", "TZID:x", "END:VTIMEZONE",
         "RRULE:FREQ=", " folded", "DTSTAMP;VALUE=PERIOD:20261120T145900Z/PT1H", "BEGIN:", "", "\x00"]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(LINES), max_size=14), st.binary(max_size=40))
def test_no_garbage_is_a_crash(lines, tail):
    for raw in ("\r\n".join(["BEGIN:VCALENDAR", *lines]).encode() + tail, tail):
        try:
            parse(raw, NOW)
        except ReplyRefused as refused:
            assert str(refused)


# -- By whom ----------------------------------------------------------------------------------------


def test_the_command_reads_a_file_or_what_is_piped_in(series, tmp_path, monkeypatch):
    file = tmp_path / "reply.ics"
    file.write_bytes(ics(event(series)))
    said = io.StringIO()
    call_command("read_calendar_reply", str(file), stdout=said)
    assert said.getvalue() == "Bo Halvorsen: Accepted, Steering.\n"

    class Piped:
        buffer = io.BytesIO(ics(event(series), method="REQUEST"))

    monkeypatch.setattr("sys.stdin", Piped)
    with pytest.raises(CommandError, match="METHOD is REQUEST"):
        call_command("read_calendar_reply", "-")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("read_calendar_reply", str(tmp_path / "nothing"))


def test_whoever_runs_the_meeting_hands_replies_in_on_its_page(series, cast):
    address = f"/meetings/{series.pk}/2026-11-24/reply"

    def post(person: Any, raw: bytes) -> Any:
        client = Client()
        client.force_login(person)
        return client.post(address, {"reply": SimpleUploadedFile("reply.ics", raw)})

    assert post(cast.mallory, ics(event(series))).status_code == 404
    assert post(cast.sofia, ics(event(series))).status_code == 403
    assert post(cast.bo, ics(event(series))).status_code == 403
    refused = post(cast.priya, b"garbage")
    assert refused.status_code == 400
    assert "neither a calendar reply nor a mail with one" in refused.content.decode()
    assert answer_of_bo() == ("NEEDS-ACTION", None)
    assert post(cast.priya, ics(event(series))).status_code == 302
    assert answer_of_bo()[0] == "ACCEPTED"
    other = make_series(series.project, host=cast.priya)
    with pytest.raises(ReplyRefused, match="another meeting"):
        take_reply(ics(event(series)), by=cast.priya, of=other)


def test_an_attendee_answers_by_a_button_and_sees_no_one_elses_answer_from_outside(series, cast):
    client = Client()
    client.force_login(cast.bo)
    address = f"/meetings/{series.pk}/2026-11-24/answer"
    assert client.post(address, {"answer": "NEEDS-ACTION"}).status_code == 400
    assert client.post(address, {"answer": "DECLINED"}).status_code == 302
    page = client.get(f"{address}s").content.decode()
    assert "Declined" in page
    assert "Pat Quinn" not in page
    client.force_login(cast.priya)
    page = client.get(f"{address}s").content.decode()
    assert "Pat Quinn" in page
    assert "1 declined" in page
    assert [
        client.get(f"/meetings/{series.pk}/{day}/answers").status_code
        for day in ("2026-11-25", "x", "2026-02-30", "20261124")
    ] == [404] * 4
    assert client.get(f"/meetings/{2**70}/2026-11-24/answers").status_code == 404


def test_who_is_not_asked_or_too_late_is_refused(series, cast, clock):
    with pytest.raises(NotPermitted):
        answer_meeting(series, DAY, "ACCEPTED", by=cast.sofia)
    with pytest.raises(MoveRefused, match="over"):
        answer_meeting(series, dt.date(2026, 11, 17), "ACCEPTED", by=cast.bo)
    call_off(series, DAY, by=cast.priya, now=NOW)
    with pytest.raises(MoveRefused, match="cancelled"):
        answer_meeting(series, DAY, "ACCEPTED", by=cast.bo)
    with pytest.raises(LookupError):
        answer_meeting(series, dt.date(2026, 11, 25), "ACCEPTED", by=cast.bo)


def test_a_button_pressed_after_a_reply_was_sent_wins_and_the_other_way_round(series, cast, clock):
    answer_meeting(series, DAY, "TENTATIVE", by=cast.bo)
    reply = event(series, R="RECURRENCE-ID:20261124T150000Z")
    assert take_reply(ics(reply), by=None).ignored
    clock.shift(dt.timedelta(minutes=5))
    later = event(series, R="RECURRENCE-ID:20261124T150000Z", DTSTAMP="DTSTAMP:20261120T150300Z")
    assert not take_reply(ics(later), by=None).ignored
    row = Occurrence.objects.get()
    assert answers_of(series, row)[cast.bo.pk][0] == Answer.ACCEPTED


def test_who_comes_costs_the_same_queries_however_many_are_asked(series, cast):
    client = Client()
    client.force_login(cast.priya)
    counts = []
    for more in ((), (cast.sofia, cast.arun, cast.tess)):
        for person in more:
            SeriesAttendee.objects.create(series=series, person=person, project=series.project)
            answer_meeting(series, DAY, "ACCEPTED", by=person)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/meetings/{series.pk}/2026-11-24/answers").status_code == 200
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1 <= 14  # the host of the row, which is there by then
