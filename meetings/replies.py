"""Answers to invitations: by a button in the app, or as the reply that a calendar program mails (RFC 5546, 3.2.3).

A reply is read with distrust: bounded, of one shape, and only of somebody who was invited. What cannot count is refused with its
reason (`ReplyRefused`), what came too late is left aside with one (`Read.ignored`); nothing that arrives may end in a crash.
"""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from icalendar import Calendar, Event
from icalendar.error import BrokenCalendarProperty

from accounts.models import User
from history.context import named
from meetings import rights
from meetings.models import Invitation, Occurrence, Series
from meetings.planned import as_planned, is_day_of, occurrence_of
from meetings.vocabulary import Answer
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.meeting import OccurrenceState

#: The largest reply that is read, and the largest mail around it, in bytes.
MOST_BYTES, MOST_OF_MAIL = 64 * 1024, 1024 * 1024
#: A sender's clock may be so far ahead of ours. One further ahead would win over every later answer.
AHEAD = dt.timedelta(hours=24)
GIVEN = {answer.value: answer for answer in (Answer.ACCEPTED, Answer.TENTATIVE, Answer.DECLINED)}
OF_MEETING = re.compile(r"(?P<uid>.+)-(?P<day>\d{4}-\d{2}-\d{2})")
LONGEST_UID = 120


class ReplyRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """What arrived is no reply that can count; its words say why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a reply says, before it is held against what was sent."""

    uid: str
    recurrence: dt.datetime | None
    address: str
    answer: Answer
    sequence: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Read:
    """What became of a reply: the invitation that it answers, or why it was left aside."""

    invitation: Invitation
    ignored: str = ""

    @property
    def words(self) -> str:
        """One line for whoever handed the reply in."""
        row = self.invitation
        what = f"{row.person}: {row.get_answer_display()}, {row.occurrence or row.series}"
        return f"{what}. This reply was left aside: {self.ignored}" if self.ignored else f"{what}."


# By a reply.


@named
@transaction.atomic
def take_reply(raw: bytes, *, by: User | None, of: Series | None = None, now: dt.datetime | None = None) -> Read:
    """Read a reply, and write down what it answers. Of two answers of one person the later by its DTSTAMP stands.

    Args:
        raw: the mail, or its text/calendar part alone.
        by: who handed it in, who has to run the meeting; None for the mailbox.
        of: the series on whose page it was handed in: a reply to another is refused.

    Raises:
        ReplyRefused: it is no reply to anything that was sent.
        NotPermitted: `by` does not run the meeting.
    """
    now = now or timezone.now()
    reply = parse(raw, now)
    series, day = _named(reply)
    if by is not None and not rights.may_run(series, by):
        raise NotPermitted([Blocker("not_permitted", "Whoever runs the meeting hands replies in.")])
    if of is not None and series.pk != of.pk:
        raise ReplyRefused("This reply is to another meeting.")
    invitation, sent = _invitations(series, day, reply)
    if sent.cancelled:
        return Read(invitation, "the invitation was cancelled.")
    if reply.sequence < sent.sequence:
        return Read(invitation, "it answers what the meeting was before it changed.")
    if reply.sequence > sent.sequence:
        raise ReplyRefused("This reply answers a later version than was ever sent.")
    if invitation.answered_at is not None and reply.at < invitation.answered_at:
        return Read(invitation, "a later answer is here already.")
    _write(invitation, reply.answer, reply.at)
    return Read(invitation)


def parse(raw: bytes, now: dt.datetime) -> Reply:
    """Return what a reply says.

    Raises:
        ReplyRefused: it is not exactly one answer of one person to one event.
    """
    event = _only_event(_calendar_of(raw))
    uid = str(_one(event, "uid", "It names no event (UID).")).strip()
    if not uid or len(uid) > LONGEST_UID:
        raise ReplyRefused("It names no event (UID).")
    attendee: Any = _one(event, "attendee", "It does not say who answers (ATTENDEE).")
    address = str(attendee).strip().lower().removeprefix("mailto:")
    params = getattr(attendee, "params", {})
    answer = GIVEN.get(str(params.get("PARTSTAT", "")).upper())
    if answer is None:
        raise ReplyRefused("It neither accepts nor declines (PARTSTAT).")
    sequence: Any = event.get("sequence", 0)
    if not isinstance(sequence, int) or sequence < 0:
        raise ReplyRefused("Its SEQUENCE is no number.")
    at = _instant(event, "dtstamp")
    if at is None:
        raise ReplyRefused("It does not say when it was made (DTSTAMP).")
    if at > now + AHEAD:
        raise ReplyRefused("It says that it was made in the future (DTSTAMP).")
    return Reply(uid, _instant(event, "recurrence-id"), address, answer, sequence, at)


def _calendar_of(raw: bytes) -> Calendar:
    if len(raw) > MOST_OF_MAIL:
        raise ReplyRefused(f"It is larger than {MOST_OF_MAIL // 1024} KB.")
    if not raw.lstrip(b"\xef\xbb\xbf\r\n\t ")[:15].upper().startswith(b"BEGIN:VCALENDAR"):
        raw = _part_of_mail(raw)
    if len(raw) > MOST_BYTES:
        raise ReplyRefused(f"It is larger than {MOST_BYTES // 1024} KB.")
    try:
        text = raw.decode("utf-8-sig")
        found = Calendar.from_ical(text.strip())
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # whatever garbage does to a parser
        raise ReplyRefused("It cannot be read as a calendar (RFC 5545).") from None
    if not isinstance(found, Calendar):
        raise ReplyRefused("It is no calendar (VCALENDAR).")
    return found


def _part_of_mail(raw: bytes) -> bytes:
    try:
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        parts = [part for part in message.walk() if part.get_content_type() in {"text/calendar", "application/ics"}]
    except RecursionError:  # a mail in a mail in a mail, without end
        raise ReplyRefused("This mail cannot be read.") from None
    if not parts:
        raise ReplyRefused("It is neither a calendar reply nor a mail with one.")
    if len({part.get_payload(decode=True) for part in parts}) > 1:
        raise ReplyRefused("The mail has more than one calendar in it.")
    found = parts[0].get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _only_event(found: Calendar) -> Event:
    method = str(found.get("method", "")).upper()
    if method == "COUNTER":
        raise ReplyRefused("It proposes another time (COUNTER). Whoever runs the meeting can move it.")
    if method != "REPLY":
        raise ReplyRefused(f"It is no reply: its METHOD is {method[:20] or 'missing'}.")
    others = [part.name for part in found.subcomponents if part.name not in {"VEVENT", "VTIMEZONE"}]
    events = [part for part in found.subcomponents if isinstance(part, Event)]
    if len(events) != 1 or others:
        raise ReplyRefused(f"It has {len(events)} events: a reply is to one.")
    return events[0]


def _one(event: Event, name: str, missing: str) -> Any:
    value = event.get(name)
    if value is None:
        raise ReplyRefused(missing)
    if isinstance(value, list):
        raise ReplyRefused(f"It has {len(value)} values of {name.upper()}: a reply has one.")
    return value


def _instant(event: Event, name: str) -> dt.datetime | None:
    """Return an instant of the event, None where it has none. One of no zone, or of one that nobody knows, is refused."""
    if event.get(name) is None:
        return None
    try:
        moment = _one(event, name, "").dt
    except (BrokenCalendarProperty, AttributeError, ValueError):
        raise ReplyRefused(f"Its {name.upper()} is no date and time.") from None
    if not isinstance(moment, dt.datetime) or moment.tzinfo is None:
        raise ReplyRefused(f"Its {name.upper()} is in no zone that is known.")
    try:
        utc = moment.astimezone(dt.UTC)
    except OverflowError:
        utc = None
    if utc is None or not 1990 <= utc.year <= 2200:
        raise ReplyRefused(f"Its {name.upper()} is no date and time of ours.")
    return utc


def _named(reply: Reply) -> tuple[Series, dt.date | None]:
    """Return the series that a reply is to and, where it is to one meeting, the day of that."""
    rows = Series.objects.select_related("project")
    series, day = rows.filter(uid=reply.uid).first(), None
    single = OF_MEETING.fullmatch(reply.uid)
    if series is None and single is not None:
        series = rows.filter(uid=single["uid"]).first()
        try:
            day = dt.date.fromisoformat(single["day"])
        except ValueError:
            series = None
    if series is None:
        raise ReplyRefused("No invitation of ours has this UID.")
    if reply.recurrence is not None and day is None:
        day = reply.recurrence.astimezone(series.zone).date()
        given = as_planned(series, day).starts.astimezone(dt.UTC)
        if given != reply.recurrence:
            raise ReplyRefused("The series has no meeting at that time (RECURRENCE-ID).")
    return series, day


def _invitations(series: Series, day: dt.date | None, reply: Reply) -> tuple[Invitation, Invitation]:
    """Return the invitation that keeps the answer, and the one that was sent: of a rule's meeting that may be the series'."""
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("series", "occurrence", "person")
    rows = rows.filter(series=series, person__email__iexact=reply.address, person__is_active=True)
    whole = rows.filter(occurrence=None, sent_at__isnull=False).first()
    if day is None:
        found = sent = whole
    else:
        found = rows.filter(occurrence__day=day).first()
        sent = found if found is not None and found.sent_at is not None else whole
        if sent is whole and not is_day_of(series, day):
            sent = None
    if sent is None:
        raise ReplyRefused("Nobody of this address was invited to it.")
    if found is None:
        assert day is not None
        row = occurrence_of(series, day, by=None)
        found = Invitation.objects.create(series=series, occurrence=row, person=sent.person)
    return found, sent


def _write(invitation: Invitation, answer: Answer, at: dt.datetime) -> None:
    invitation.answer, invitation.answered_at = answer, at
    invitation.save(update_fields=["answer", "answered_at"])


# By a button.


@named
@transaction.atomic
def answer_meeting(
    series: Series, day: dt.date, answer: str, *, by: User, now: dt.datetime | None = None
) -> Invitation:
    """Write down what an attendee answers for one meeting; it can be answered again until it is held.

    Raises:
        NotPermitted: they do not attend it.
        MoveRefused: it is cancelled or over.
        LookupError: the series has no meeting on that day.
    """
    now = now or timezone.now()
    row = occurrence_of(series, day, by=by)
    if not may_answer(series, row, by):
        raise NotPermitted(
            [Blocker("not_permitted", "You are not invited to this meeting: nobody waits for your answer.")]
        )
    if row.state != OccurrenceState.PLANNED:
        raise MoveRefused([Blocker("not_planned", f"This meeting is {row.get_state_display().lower()}.")])
    if row.ends <= now:
        raise MoveRefused([Blocker("over", "This meeting is over.")])
    rows = Invitation.objects.select_for_update(of=("self",))
    found, _made = rows.get_or_create(series=series, occurrence=row, person=by)
    _write(found, Answer(answer), now)
    return found


def may_answer(series: Series, row: Occurrence, person: User) -> bool:
    """Return whether somebody is asked whether they come: attendees, and whoever hosts it."""
    return person.is_active and (row.host_id == person.pk or rights.attends(series, person))


def answers_of(series: Series, row: Occurrence | None) -> dict[int, tuple[Answer, dt.datetime | None]]:
    """Return what everybody answered for one meeting, by person, in one query: for itself, or else for the whole series."""
    found: dict[int, tuple[Answer, dt.datetime | None]] = {}
    for invitation in Invitation.objects.filter(series=series).order_by("pk"):
        whole = invitation.occurrence_id is None
        if not whole and (row is None or invitation.occurrence_id != row.pk):
            continue
        said = Answer(invitation.answer), invitation.answered_at
        if (not whole and said[0] != Answer.NEEDS_ACTION) or invitation.person_id not in found:
            found[invitation.person_id] = said
    return found
