"""Invitations to the meetings of projects: real ones (RFC 5546), which calendars take up, change and strike by themselves.

Who is invited: the attendees of the series and its host, at a changed meeting also whoever hosts that one. The series is one
invitation, with its rule; a meeting that somebody changed is another, of the same UID, with its RECURRENCE-ID; meetings of no
rule are one each. `Invitation` says what each person was sent last. Whoever changed a meeting is sent it too: this is their
calendar, not news.

One mail for many changes: a change finds the mail that has not gone out yet and leaves it, or makes one that goes out SETTLE
later. What it says is found out when it goes out (`_words`): an update, a cancellation, or nothing where the person was told the
same already. A change takes a lock on the waiting mail, so that either the sender sees the change or the change sees that the
mail is on its way.

ORGANIZER is the address from which the mail comes (DEFAULT_FROM_EMAIL), bare: Outlook and Gmail trust an invitation whose
organizer is its sender, and show another's as somebody's forwarded mail. So replies come to that mailbox, where
`read_calendar_reply` takes them from; the host is named in the event, and a letter in answer goes to them (Reply-To). ATTENDEE
is the reader alone: nobody's address is handed around, and people outside learn no one else's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone
from icalendar import Event, vCalAddress

from accounts.mail import Message, register, site_address
from accounts.models import OutgoingMail, User
from meetings import changes
from meetings.ical import Look, calendar, differs, first_day, meeting_event, rule_event, title_of
from meetings.models import Invitation, Occurrence, Series
from meetings.models.series import after_move
from meetings.planned import is_day_of, planned
from meetings.vocabulary import HORIZON, Answer
from transitions.meeting import OccurrenceState

KIND = "meeting_invitation"
#: A mail waits so long for further changes before it goes out.
SETTLE = dt.timedelta(minutes=2)
#: What changed longer ago is no news: a project that is brought in with its past, the demo.
NEWS = dt.timedelta(days=1)
DIGEST_HALF = 32
#: The digest of what somebody may or may not have been told: their mail failed for good.
UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Unit:
    """What one invitation is to: a series as a whole (`row` is None), or one meeting of it."""

    series: Series
    row: Occurrence | None
    #: Everything that the event says, in two halves: when it is, and the rest.
    digest: str
    #: Whether it is held at all, and whether there is anything of it still to tell: the past is not.
    held: bool
    ahead: bool
    #: When the meeting begins; of a series the next one, or its first where all are over.
    begins: dt.datetime


def register_all() -> None:
    """Make the words of these mails known, and send invitations with what they follow from."""
    register(KIND, _words)
    changes.follow_with(follow_change)
    after_move(follow_move)


def follow_change(change: changes.Change) -> None:
    """Renew the invitations of a series that changed. The company's series have none: there are feeds of them."""
    renew(change.series, now=change.at)


def follow_move(row: Occurrence, move: str, *, now: dt.datetime, **_: Any) -> None:
    """Renew the invitations to a meeting that was called off, or called again."""
    if move in {"call_off", "call_again"}:
        renew(row.series, now=now)


def renew(series: Series, *, now: dt.datetime) -> None:
    """Let everybody who is invited otherwise than they were told hear of it.

    Three queries (four for a rule), two more where there is anything to tell, and a few for each mail that it takes.

    Args:
        series: as it is now, whatever its rows in memory say; its single meetings are read afresh.
    """
    if series.project_id is None or now < timezone.now() - NEWS:
        return
    units = _units(series, now)
    people = _invited(series)
    there = {
        (invitation.occurrence_id, invitation.person_id): invitation
        for invitation in Invitation.objects.select_for_update(of=("self",))
        .filter(Q(series=series) | Q(occurrence__series=series))
        .select_related("mail")
    }
    _take_over(series, there.values())
    asked: list[Invitation] = []
    for unit in units:
        row_id, invited = unit.row.pk if unit.row else None, _at(unit, people)
        for person_id in sorted(invited | {of[1] for of in there if of[0] == row_id}):
            whole = there.get((None, person_id)) if row_id else None
            invitation = there.get((row_id, person_id)) or Invitation(
                series=series, occurrence=unit.row, person_id=person_id
            )
            if _has_news(invitation, unit, person_id in invited, whole):
                if invitation._state.adding:
                    invitation.save(force_insert=True)
                    there[row_id, person_id] = invitation
                asked.append(invitation)
    _post(asked, now)


def _take_over(series: Series, there: Iterable[Invitation]) -> None:
    """Begin anew with meetings that came over from the series that this one continues: their UID is another now."""
    for invitation in there:
        if invitation.series_id != series.pk:
            invitation.series, invitation.digest, invitation.sequence = series, "", 0
            invitation.cancelled, invitation.sent_at = False, None
            invitation.answer, invitation.answered_at = Answer.NEEDS_ACTION, None
            invitation.save()


def invited_to(series: Series, row: Occurrence | None = None) -> set[int]:
    """Return the ids of those who are invited to a series, or to one meeting of it: attendees and hosts who are active."""
    found = set(_invited(series))
    if row is not None and row.host_id is not None:
        found |= set(User.objects.filter(pk=row.host_id, is_active=True).values_list("pk", flat=True))
    return found


def _invited(series: Series) -> set[int]:
    of = Q(pk__in=series.attendees.present().order_by().values("person")) | Q(pk=series.host_id)
    return set(User.objects.filter(of, is_active=True).order_by().values_list("pk", flat=True))


def _at(unit: Unit, people: set[int]) -> set[int]:
    if unit.row is not None and unit.row.host_id is not None and unit.row.host and unit.row.host.is_active:
        return people | {unit.row.host_id}
    return people


def _has_news(invitation: Invitation, unit: Unit, invited: bool, whole: Invitation | None) -> bool:
    """Return whether the person would be told something else now than they were last.

    Args:
        whole: their invitation to the series, where the unit is one meeting of it: that tells of every meeting of the rule that
            nobody changed.
    """
    if not unit.ahead:
        return False
    told = bool(invitation.digest) and not invitation.cancelled
    if told and _never_arrived(invitation):
        return True
    row = unit.row
    if row is not None and not invitation.digest and is_day_of(unit.series, row.day):
        told = whole is not None and bool(whole.digest) and not whole.cancelled
        if not invited or (unit.held and not differs(row)):
            return False  # the invitation to the series says it, or its end does
    if invited and unit.held:
        return not told or invitation.digest != unit.digest
    return told


def _never_arrived(invitation: Invitation) -> bool:
    mail = invitation.mail
    return mail is not None and mail.failed_at is not None and bool(mail.details.get("said"))


def _post(asked: Iterable[Invitation], now: dt.datetime) -> None:
    """See to it that a mail is on its way for each of `asked`: the one that waits already, or a new one."""
    wanted = list(asked)
    waiting = [one.mail_id for one in wanted if one.mail_id and one.mail and one.mail.sent_at is None]
    free = OutgoingMail.objects.filter(pk__in=waiting, sent_at=None, failed_at=None, leased_until=None)
    # Writing what stands there takes the lock: the sender waits for this transaction, or has taken it before.
    if waiting:
        free.update(due_at=F("due_at"))
    still = set(free.values_list("pk", flat=True)) if waiting else set()
    for one in wanted:
        if one.mail_id in still:
            continue
        mail, _made = OutgoingMail.objects.get_or_create(
            key=f"{KIND}:{one.pk}:{one.mail_id or 0}",
            defaults={
                "kind": KIND, "person_id": one.person_id, "details": {"invitation": one.pk},
                "due_at": timezone.now() + SETTLE,
            },
        )  # fmt: skip
        if _never_arrived(one):
            one.digest = UNKNOWN
        one.mail = mail
        one.save(update_fields=["mail", "digest"])


# What there is to be invited to.


def _units(series: Series, now: dt.datetime) -> list[Unit]:
    rows = list(Occurrence.objects.filter(series=series).select_related("host").order_by("day", "pk"))
    for row in rows:
        row.series = series
    found = [_of_series(series, now)] if series.rule else []
    return found + [_of_meeting(row, now) for row in rows]


def _of_series(series: Series, now: dt.datetime) -> Unit:
    first = first_day(series)
    coming = [one for one in planned([series], now, now + HORIZON) if one.state == OccurrenceState.PLANNED]
    # One that has come to its end is not worth a mail, unless it was cut short.
    ahead = bool(coming) or first is None or series.ended_on is not None
    begins = (
        coming[0].starts if coming else dt.datetime.combine(first or series.starts_on, series.starts_at, series.zone)
    )
    when = [
        series.rule,
        str(first),
        series.starts_at.isoformat(),
        series.zone_name,
        series.minutes,
        str(series.ended_on),
    ]
    return Unit(series, None, _digest(when, _rest(series, None)), first is not None, ahead, begins)


def _of_meeting(row: Occurrence, now: dt.datetime) -> Unit:
    when = [row.starts.astimezone(dt.UTC).isoformat(), row.ends.astimezone(dt.UTC).isoformat(), row.series.zone_name]
    held = row.state != OccurrenceState.CANCELLED
    return Unit(row.series, row, _digest(when, _rest(row.series, row)), held, row.ends > now, row.starts)


def _rest(series: Series, row: Occurrence | None) -> list[Any]:
    host = (row.host_id if row else None) or series.host_id
    place = (row.place if row else "") or series.place
    return [title_of(series), place, series.join_link, host]


def _digest(when: list[Any], rest: list[Any]) -> str:
    halves = (hashlib.sha256(json.dumps(half).encode()).hexdigest()[:DIGEST_HALF] for half in (when, rest))
    return "".join(halves)


# The words, when the mail goes out.


def _words(mail: OutgoingMail) -> Message | None:
    """Say what is true now, and write down that it was said; None where the person was told that already."""
    now = timezone.now()
    with transaction.atomic():
        found = Invitation.objects.select_for_update(of=("self",)).filter(pk=mail.details["invitation"])
        invitation = found.select_related("series__project", "series__host", "person").first()
        if invitation is None:
            return None
        row = invitation.occurrence
        if row is not None:
            row.series = invitation.series
        unit = _of_meeting(row, now) if row is not None else _of_series(invitation.series, now)
        invited = invitation.person_id in invited_to(invitation.series, row)
        mine = Invitation.objects.filter(series=invitation.series_id, person=invitation.person_id)
        whole = mine.filter(occurrence=None).first() if row is not None else None
        again = bool(mail.details.get("said"))  # this mail was tried before, and says it still
        if not again and not _has_news(invitation, unit, invited, whole):
            return None
        held = invited and unit.held
        update = bool(invitation.digest or (whole and whole.digest)) and not invitation.cancelled
        if not (again and invitation.digest == unit.digest and invitation.cancelled is not held):
            _say(invitation, unit, held, now)
        if row is None and held:
            _say_without(invitation, now)
        mail.details |= {"said": True}
        OutgoingMail.objects.filter(pk=mail.pk).update(details=mail.details)
    return _message(invitation, unit, "CANCEL" if not held else "REQUEST", update=update)


def _say(invitation: Invitation, unit: Unit, held: bool, now: dt.datetime) -> None:
    """Write down what is said: a SEQUENCE above all that went out under its UID. An answer to another hour is none now."""
    own = unit.series.sequence + (unit.row.sequence if unit.row else 0)
    alone = unit.row is not None and not is_day_of(unit.series, unit.row.day)
    of_uid = Invitation.objects.filter(series=unit.series, person=invitation.person_id, sent_at__isnull=False)
    last = (of_uid.filter(pk=invitation.pk) if alone else of_uid).aggregate(last=Max("sequence"))["last"]
    invitation.sequence = own if last is None else max(own, last + 1)
    if invitation.digest[:DIGEST_HALF] not in {"", unit.digest[:DIGEST_HALF]}:
        invitation.answer = Answer.NEEDS_ACTION
    invitation.digest, invitation.cancelled, invitation.sent_at = unit.digest, not held, now
    invitation.save(update_fields=["sequence", "digest", "cancelled", "sent_at", "answer"])


def _say_without(whole: Invitation, now: dt.datetime) -> None:
    """Write down that the invitation to a series left out what is cancelled: nobody is to strike what they never had."""
    for row in _cancelled(whole.series):
        found = Invitation.objects.filter(occurrence=row, person=whole.person).first()
        found = found or Invitation(occurrence=row, person=whole.person)
        if not found.digest:
            found.series, found.digest, found.sequence = whole.series, _of_meeting(row, now).digest, whole.sequence
            found.cancelled, found.sent_at = True, now
            found.save()


def _cancelled(series: Series) -> list[Occurrence]:
    """Return the cancelled meetings of days that the rule of a series gives."""
    rows = list(Occurrence.objects.filter(series=series, state=OccurrenceState.CANCELLED).order_by("day"))
    for row in rows:
        row.series = series
    return [row for row in rows if is_day_of(series, row.day)]


def _message(invitation: Invitation, unit: Unit, method: str, *, update: bool) -> Message:
    series, row, person = unit.series, unit.row, invitation.person
    assert series.project is not None
    event = event_of(invitation, unit, method)
    zone = series.zone
    begins = unit.begins
    label = "When" if row is not None else "Next meeting"
    facts = [(label, f"{_moment(begins.astimezone(zone))} ({series.zone_name})")]
    if person.time_zone != series.zone_name:
        facts.append(("For you", f"{_moment(begins.astimezone(person.zone))} ({person.time_zone})"))
    facts.append(("Length", f"{(row.minutes if row is not None else None) or series.minutes} minutes"))
    host = (row.host if row is not None else None) or series.host
    place = (row.place if row is not None else "") or series.place
    facts += [("Where", place)] if place else []
    facts += [("Host", host.name)] if host else []
    held = method == "REQUEST"
    facts += [("Join", series.join_link)] if held and series.join_link else []
    word = "Cancelled" if not held else "Changed" if update and invitation.sequence else "Invitation"
    opening = {
        "Cancelled": f"“{series.title}” is not held, or not with you. Your calendar strikes it.",
        "Changed": f"“{series.title}” changed. Your calendar takes the change up; what it says now is below.",
        "Invitation": f"You are invited to “{series.title}” of {series.project.name}.",
    }[word]
    path = row.get_absolute_url() if row is not None else series.get_absolute_url()
    return Message(
        subject=f"[{series.project.code}] {word}: {series.title}, {_day(begins.astimezone(zone))}",
        heading=f"{word}: {series.title}",
        paragraphs=[opening],
        button=("Open the meeting" if row is not None else "Open the meetings", site_address(path)),
        facts=facts,
        small_print="You get this because you attend this meeting, or did.",
        thread=series.project.code,
        reply_to=host.email if host else "",
        calendar=calendar([event], zones=[series.zone_name], now=timezone.now(), method=method).decode(),
        method=method,
    )


def event_of(invitation: Invitation, unit: Unit, method: str) -> Event:
    """Return the event that an invitation sends: with its reader as ATTENDEE, and the SEQUENCE that was written down."""
    look = Look(timezone.now(), link=method == "REQUEST")
    if unit.row is not None:
        event = meeting_event(unit.row, look)
    else:
        event = rule_event(unit.series, _cancelled(unit.series), look, cancelled=True) or _of_ended(unit.series, look)
    event.pop("sequence", None)
    event.add("sequence", invitation.sequence)
    event["status"] = "CANCELLED" if method == "CANCEL" else "CONFIRMED"
    event.pop("dtstamp", None)
    event.add("dtstamp", (invitation.sent_at or look.now).astimezone(dt.UTC).replace(microsecond=0))
    reader = vCalAddress(f"mailto:{invitation.person.email}")
    reader.params["cn"] = invitation.person.name
    reader.params["role"] = "REQ-PARTICIPANT"
    if method == "REQUEST":
        reader.params["partstat"] = invitation.answer
        reader.params["rsvp"] = "TRUE"
    event.add("attendee", reader)
    return event


def _of_ended(series: Series, look: Look) -> Event:
    """Return the event of a series that ended before it began, to strike it: its first day by the rule alone."""
    ended, series.ended_on = series.ended_on, None
    event = rule_event(series, [], look)
    series.ended_on = ended
    assert event is not None
    return event


def _moment(at: dt.datetime) -> str:
    return f"{_day(at)}, {at.year}, {at.hour}:{at.minute:02}"


def _day(at: dt.datetime) -> str:
    return f"{at:%a} {at:%b} {at.day}"
