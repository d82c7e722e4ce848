"""The meeting while it runs: who was there, what was said of each point, what was decided, who took what away to do.

All of it is written while the meeting is under way, by whoever runs it; a held one stays as it was. A decision on a step is the
step's own decision, made in the same transaction (domain.md, Time: Engineering decides the design review).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User, validate_one_line
from history.context import named
from meetings import minutes, rights
from meetings.agenda import attendees
from meetings.agenda_rules import local_day
from meetings.closing import carry_over, locked_meeting, write_agenda
from meetings.deciding import DECIDED
from meetings.models import AgendaItem, Attendance, MeetingAction, MeetingDecision, Occurrence, Series
from meetings.planned import as_planned, occurrence_of
from meetings.vocabulary import LONGEST_NOTE, Kind, Outcome, Presence
from meetings.words import day_words
from projects.inbox import LONGEST_TEXT, cut, tell
from projects.models import Notice, NoticeKind, Project
from records.models.raid import LONGEST_TITLE as LONGEST_RAID_TITLE
from records.models.raid import RaidKind
from records.raid import raise_item
from records.talk import post_comment
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.meeting import OccurrenceState
from transitions.moves import perform

#: What an action may become, beside an action that is followed here.
COMMENT = "comment"
BECOMES = (*RaidKind.values, COMMENT)


def outcomes_for(kind: str, *, decides: bool) -> list[Outcome]:
    """Return what may be said of a point in a meeting of `kind`; `decides`: a step is decided under it."""
    if decides:
        return [Outcome.DISCUSSED, Outcome.DEFERRED]
    if kind == Kind.GO_LIVE:
        return [Outcome.PRESENTED, Outcome.DISCUSSED, Outcome.DEFERRED]
    return [Outcome.DISCUSSED, Outcome.DECIDED, Outcome.DEFERRED]


@named
def start_meeting(series: Series, day: dt.date, *, by: User, now: dt.datetime | None = None) -> Occurrence:
    """Begin a meeting: its agenda closes, if it has not yet, and all that is said is written down from now on.

    Raises:
        NotPermitted, Archived. MoveRefused: it is not planned any more, or its day has not come. LookupError: no such meeting.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = occurrence_of(series, day, by=by)
        if rights.may_run(series, by, host_id=row.host_id):
            begins = local_day(as_planned(series, day, row))
            if now.astimezone(series.zone).date() < begins:
                text = f"It is on {day_words(begins)}. Start it on that day, or move it."
                raise MoveRefused([Blocker("too-early", text, row.get_absolute_url())])
        return perform(row, "open_meeting", by=by, now=now).row


def follow(row: Occurrence, move: str, *, by: User, now: dt.datetime) -> None:
    """Write what follows from a move of a meeting: its agenda as it begins; what is carried over, and the minutes, as it ends."""
    if move == "open_meeting" and row.agenda_closed_at is None:
        write_agenda(row, now=now)
    if move == "close_meeting":
        carry_over(row, by=by, now=now)
        minutes.post_minutes(row, now=now)


@named
def write_notes(
    meeting: Occurrence, text: str, *, by: User, revision: int | None = None, now: dt.datetime | None = None
) -> Occurrence:
    """Keep the notes of a meeting that is under way.

    Args:
        revision: of the meeting as the writer saw it; None where nothing was shown.

    Raises:
        NotPermitted, Archived. StaleRow: somebody else wrote meanwhile. MoveRefused: it is not under way. ValidationError.
    """
    with transaction.atomic():
        row = _under_way(meeting, by)
        text = text.replace("\r\n", "\n").strip()
        if text == row.notes:
            return row
        if revision is not None and revision != row.revision:
            raise StaleRow(
                row, "Somebody else wrote notes since you opened this page. Look at theirs, then send yours."
            )
        if len(text) > LONGEST_NOTE:
            raise ValidationError({"notes": f"The notes have {len(text):,} characters; {LONGEST_NOTE:,} is the most."})
        row.notes = text
        row.revision += 1
        row.save(update_fields=["notes", "revision"])
    return row


@named
def note_attendance(meeting: Occurrence, presences: Mapping[int, str], *, by: User) -> None:
    """Note who was there: person id → one of Presence, or "" for what nobody noted. People not named stay as they are.

    Raises:
        NotPermitted, Archived. MoveRefused: not under way. ValidationError: somebody who is no attendee, or no such presence.
    """
    with transaction.atomic():
        row = _under_way(meeting, by)
        there = {one.person_id: one for one in row.attendances.all()}
        known = attendees(row.series, row.day) | there.keys()
        unknown = presences.keys() - known
        if unknown:
            # Whoever came without being asked is one of us.
            inside = set(
                User.objects.filter(pk__in=unknown, is_active=True, side="internal").values_list("pk", flat=True)
            )
            if unknown - inside:
                raise ValidationError({"person": "Somebody of these is no attendee of this meeting."})
        for person_id, presence in presences.items():
            found = there.get(person_id)
            if presence not in ("", *Presence.values):
                raise ValidationError({"presence": f"There is no presence “{presence}”."})
            if found is None and presence:
                Attendance(project=row.project, occurrence=row, person_id=person_id, presence=presence).save()
            elif found is not None and not presence:
                found.delete()
            elif found is not None and found.presence != presence:
                found.presence = presence
                found.save(update_fields=["presence"])


@named
def settle_item(
    item: AgendaItem, outcome: str, *, by: User, note: str = "", now: dt.datetime | None = None
) -> AgendaItem:
    """Say what a meeting made of a point of its agenda; "" takes that back. A step's decision is `decide_item`.

    Raises:
        NotPermitted, Archived. MoveRefused: not under way, or it was decided, which stays. ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _under_way(item.occurrence, by)
        item = row.items.select_related("project", "step").get(pk=item.pk)
        decided = item.outcome in DECIDED.values()
        allowed = {"", *outcomes_for(row.series.kind, decides=item.step_id is not None)}
        if decided and outcome != item.outcome:
            text = f"It is {item.get_outcome_display().lower()}, which stands on its step. It is changed there."
            raise MoveRefused([Blocker("decided", text, _step_address(item))])
        if not decided and outcome not in allowed:
            words = ", ".join(Outcome(one).label for one in sorted(allowed - {""}))
            raise ValidationError({"outcome": f"Of this point can be said: {words}."})
        note = note.strip()
        if len(note) > LONGEST_NOTE:
            raise ValidationError({"note": f"The note has {len(note):,} characters; {LONGEST_NOTE:,} is the most."})
        if (item.outcome, item.note) != (outcome, note):
            item.outcome, item.note = outcome, note
            if not decided:
                item.settled_by, item.settled_at = (by, now) if outcome else (None, None)
            item.save()
    return item


@named
def record_decision(
    meeting: Occurrence, text: str, *, by: User, item: AgendaItem | None = None, now: dt.datetime | None = None
) -> MeetingDecision:
    """Write down what the meeting decided, in its words; for good.

    Raises:
        NotPermitted, Archived. MoveRefused: not under way. ValidationError: no words, or more than 1,000 characters.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _under_way(meeting, by)
        item = _own(row, item)
        decision = MeetingDecision(
            project=item.project if item else row.project, occurrence=row, item=item, text=text.strip(), by=by, at=now
        )
        decision.full_clean(exclude=("project", "occurrence", "item", "by"))
        decision.save()
    return decision


@named
def give_action(
    meeting: Occurrence,
    text: str,
    *,
    owner: User,
    due: dt.date,
    by: User,
    item: AgendaItem | None = None,
    becomes: str = "",
    now: dt.datetime | None = None,
) -> MeetingAction:
    """Write down what somebody took away to do, by which day, and tell them.

    Args:
        becomes: of BECOMES: an item of the project's RAID log, or a comment on what the point is about, where it is followed from
            then on; "" stays an action of the meeting, and is carried over until it is done.

    Raises:
        NotPermitted, Archived. MoveRefused: not under way. ValidationError: no words, a day that is past, an owner who does not
        see the project, or nothing that it could become.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _under_way(meeting, by)
        item = _own(row, item)
        project = item.project if item else row.project
        _refuse_bad_action(text, owner, due, becomes, project, row, business_day(now))
        action = MeetingAction(
            occurrence=row, item=item, project=project, text=text.strip(), owner=owner, due=due, made_by=by, made_at=now
        )
        action.full_clean(exclude=("occurrence", "item", "project", "owner", "made_by"))
        where = f"{row.series}, {day_words(row.day)}"
        if becomes in RaidKind.values and project is not None:
            title = cut(action.text, LONGEST_RAID_TITLE)
            notes = f"From {where}: {action.text}"
            action.raid_item = raise_item(
                project, becomes, title=title, owner=owner, due=due, notes=notes, by=by, now=now
            )
        elif becomes == COMMENT and project is not None:
            kind, pk = ("step", item.step_id) if item and item.step_id else ("project", project.pk)
            words = f"{action.text}\n\n{owner.name}, by {due:%b} {due.day}, {due.year} ({where})."
            action.comment = post_comment(project, kind, pk, words, by=by, now=now).comment
        action.save()
        if action.raid_item is None:  # of that its owner is told by the log
            tell([_given(action, by=by, now=now)])
    return action


def _given(action: MeetingAction, *, by: User, now: dt.datetime) -> Notice:
    text = f"An action for you by {action.due:%b} {action.due.day}, from {action.occurrence}."
    return Notice(
        person=action.owner, kind=NoticeKind.ACTION_GIVEN, project=action.project, occasion=f"action:{action.pk}",
        text=cut(text, LONGEST_TEXT), why="It was given to you in the meeting.", by=by, at=now, heard_from=now,
        address=action.occurrence.get_absolute_url(),
    )  # fmt: skip


def _refuse_bad_action(
    text: str, owner: User, due: dt.date, becomes: str, project: Project | None, row: Occurrence, today: dt.date
) -> None:
    wrong: dict[str, str] = {}
    if not text.strip():
        wrong["text"] = "Say what is to be done."
    else:
        validate_one_line(text.strip())
    if due < today:
        wrong["due"] = f"{due:%b} {due.day}, {due.year} is past: say by when it will be done."
    if becomes and becomes not in BECOMES:
        wrong["becomes"] = "Choose one of those that are offered."
    elif becomes and project is None:
        wrong["becomes"] = "Only what is about a project becomes an item of its log, or a comment."
    if not owner.is_active:
        wrong["owner"] = f"{owner} is deactivated. Choose somebody else."
    elif project is not None and not Project.objects.visible_to(owner).filter(pk=project.pk).exists():
        wrong["owner"] = f"{owner} does not see {project.code}. Give them a seat on it first, or choose somebody else."
    elif project is None and owner.is_outside:
        wrong["owner"] = f"{owner} is not one of us. Choose somebody else."
    if wrong:
        raise ValidationError(wrong)


def _under_way(meeting: Occurrence, by: User) -> Occurrence:
    """Return the meeting under its lock, where `by` runs it and it is under way."""
    row = locked_meeting(meeting)
    if not rights.may_run(row.series, by, host_id=row.host_id):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not run this meeting.")])
    if row.project is not None:
        row.project.refuse_if_archived()
    if row.state != OccurrenceState.UNDER_WAY:
        how = "Start it first." if row.state == OccurrenceState.PLANNED else "What was written of it stays as it is."
        text = f"This meeting is {row.get_state_display().lower()}, not under way. {how}"
        raise MoveRefused([Blocker("not-under-way", text, row.get_absolute_url())])
    return row


def _own(row: Occurrence, item: AgendaItem | None) -> AgendaItem | None:
    """Return the point as a row of this meeting; ValidationError where it is another's."""
    if item is None:
        return None
    if item.occurrence_id != row.pk:
        raise ValidationError({"item": "That point is on the agenda of another meeting."})
    return item


def _step_address(item: AgendaItem) -> str:
    step = item.step
    if step is None or item.project is None:
        return ""
    return f"{item.project.get_absolute_url()}steps/{step.template.version.playbook.slug}/{step.template.key}/"
