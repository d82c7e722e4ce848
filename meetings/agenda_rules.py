"""What is on an agenda, who waits, and why, decided from facts: the rules of domain.md (Time, Meetings). Reads no row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from meetings.agenda_facts import About, Facts, Key, Review
from meetings.models import AgendaItem, MeetingAction, Series
from meetings.planned import Planned
from meetings.vocabulary import Kind, Source
from meetings.words import day_words, go_live_words, hour_words, listed
from transitions.clock import business_day
from transitions.meeting import OccurrenceState

END_OF_DAY = dt.time(23, 59)


@dataclass(frozen=True, slots=True)
class Entry:
    """One point of an agenda. `item` is its row, where there is one already."""

    title: str
    about: About | None = None
    step_id: int | None = None
    step_address: str = ""
    source: str = Source.RULE.value
    item: AgendaItem | None = None
    note: str = ""
    points: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A project that belongs to this kind of meeting and is not on this one: why, and at which it will be, if that is known."""

    about: About
    why: str
    expected: Planned | None = None
    links: tuple[tuple[str, str], ...] = ()
    step_id: int | None = None


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a meeting is about, as of now."""

    meeting: Planned
    listed: tuple[Entry, ...]
    waiting: tuple[Waiting, ...] = ()
    notes: tuple[str, ...] = ()
    actions: tuple[MeetingAction, ...] = ()
    closes_at: dt.datetime | None = None
    closed: bool = False

    @property
    def project_ids(self) -> set[int]:
        """The projects that are on it."""
        return {entry.about.id for entry in self.listed if entry.about}


def decide(meeting: Planned, facts: Facts, now: dt.datetime) -> Agenda:
    """Return the agenda of a meeting from the facts. Pure."""
    rows = facts.items.get(key_of(meeting), [])
    closed = _closed(meeting)
    actions = tuple(
        action
        for series in facts.family
        if same_line(series, meeting.series)
        for action in facts.actions.get(series.pk, ())
        if action.occurrence.day < meeting.day
    )
    closes = closes_at(meeting)
    if meeting.state == OccurrenceState.CANCELLED:
        return Agenda(meeting, tuple(map(_of_row, rows)), notes=("This meeting is cancelled.",), closes_at=closes)
    if meeting.state == OccurrenceState.HELD or (closed and meeting.ends <= now):
        return Agenda(meeting, tuple(map(_of_row, rows)), actions=actions, closes_at=closes, closed=True)
    carried = [] if closed else carried_into(meeting, facts, now)
    by_hand = [_of_row(row) for row in rows]
    taken = {entry.about.id for entry in by_hand if entry.about}
    by_rule, waiting, notes = _RULES.get(Kind(meeting.series.kind), _nothing)(meeting, facts, now)
    if meeting.clash:
        notes = (f"It falls on a holiday ({meeting.clash}): hold it all the same, move it, or cancel it.", *notes)
    if closed:
        # What is written stays; what the rule has come to since waits to be put on.
        late = tuple(
            Waiting(entry.about, "It came up after the agenda closed.", step_id=entry.step_id)
            for entry in by_rule
            if entry.about and entry.about.id not in taken
        )
        waiting = (*late, *(one for one in waiting if one.about.id not in taken | {each.about.id for each in late}))
        return Agenda(meeting, tuple(by_hand), waiting, notes, actions, closes, True)
    entries = [entry for entry in by_rule if entry.about is None or entry.about.id not in taken]
    entries += by_hand + [_carried(row) for row in carried]
    waiting = tuple(one for one in waiting if one.about.id not in taken)
    return Agenda(meeting, tuple(entries), waiting, notes, actions, closes)


def closes_at(meeting: Planned) -> dt.datetime | None:
    """Return when the agenda closes, at the wall clock of the series; None: when the meeting begins."""
    hours = meeting.series.cutoff_hours
    if hours is None:
        return None
    # Between two times of one zone it is the wall clock that is counted: Friday at five stays Friday at five.
    return meeting.starts.astimezone(meeting.series.zone) - dt.timedelta(hours=hours)


def carried_into(meeting: Planned, facts: Facts, now: dt.datetime) -> list[AgendaItem]:
    """Return what was put by hand on a meeting before this one that was cancelled, or that nobody held. Pure.

    Only the next meeting that is held takes it over.
    """
    family = [one for one in facts.meetings.get(meeting.series.kind, []) if same_line(one.series, meeting.series)]
    by_key = {key_of(one): one for one in family}
    before = [one for one in family if _may_be_held(one, now) and one.starts < meeting.starts]
    if before:
        return []
    found = []
    for key, rows in facts.items.items():
        other = by_key.get(key)
        gone = other is not None and (other.state == OccurrenceState.CANCELLED or other.ends <= now)
        if other is None or key == key_of(meeting) or not gone or other.starts >= meeting.starts:
            continue
        if other.state == OccurrenceState.UNDER_WAY:
            continue
        found += [row for row in rows if not row.outcome and row.source != Source.RULE]
    return found


def counting(meetings: Sequence[Planned], target: dt.date) -> Planned | None:
    """Return the last meeting, not cancelled, that begins on a date strictly before `target`, at its own wall clock. Pure."""
    before = [one for one in meetings if one.state != OccurrenceState.CANCELLED and local_day(one) < target]
    return max(before, key=lambda one: one.starts, default=None)


def same_line(one: Series, other: Series) -> bool:
    """Return whether two series are of one line: what one meeting leaves open, the next of the line takes up. Pure.

    The company's of a kind are, a project's of a kind are; other meetings of a project are where one continues the other.
    """
    if (one.kind, one.project_id) != (other.kind, other.project_id):
        return False
    return one.kind != Kind.OTHER or one.pk == other.pk or one.pk == other.continues_id or other.pk == one.continues_id


def local_day(meeting: Planned) -> dt.date:
    """Return the date on which a meeting begins, at its own wall clock."""
    return meeting.starts.astimezone(meeting.series.zone).date()


# The rules, each: what is listed, who waits, what else is to be said ----------------------------------------------------------

Ruled = tuple[list[Entry], tuple[Waiting, ...], tuple[str, ...]]


def _nothing(meeting: Planned, facts: Facts, now: dt.datetime) -> Ruled:
    return [], (), ()


def _reviews(meeting: Planned, facts: Facts, now: dt.datetime) -> Ruled:
    """List who is ready by the cutoff, earliest go-live first, up to the capacity; say of the others why, and when."""
    slots = [one for one in facts.meetings.get(Kind.TDR, []) if _may_be_held(one, now)]
    held = {
        key_of(one): {row.project_id for row in facts.items.get(key_of(one), []) if row.project_id} for one in slots
    }
    places = allocate(facts.reviews, slots, held, today=business_day(now))
    here, entries, waiting = key_of(meeting), [], []
    for review in _in_order(facts.reviews):
        slot = places.get(review.about.id)
        if slot is not None and key_of(slot) == here and review.ready_at is not None and not review.held_up:
            note = go_live_words(review.about.target)
            entries.append(Entry(review.about.title, review.about, review.step_id, review.step_address, note=note))
        elif slot is None or slot.starts >= meeting.starts:
            links = tuple((step.title, step.address) for step in review.open_steps)
            why = _why(review, meeting)
            waiting.append(Waiting(review.about, why, slot, links, review.step_id))
    return entries, tuple(waiting), ()


def allocate(
    reviews: Iterable[Review], slots: Sequence[Planned], held: Mapping[Key, Collection[int]], *, today: dt.date
) -> dict[int, Planned]:
    """Return at which meeting each project is reviewed, as far as that can be said by now. Pure.

    Whoever is ready comes before whoever is expected to be; among those the earliest go-live first, then the code. A meeting
    takes its capacity, of those who are ready by its cutoff; one whose agenda is closed takes nobody more.

    Args:
        slots: the meetings that may still be held, in their order. held: the projects that stand on them already.
        today: what was due before it and is still open says nothing of when it will be ready.
    """
    reviews = list(reviews)
    places = {one: slot for slot in reversed(slots) for one in held.get(key_of(slot), ())}
    room = {key_of(slot): 0 if _closed(slot) else (slot.series.capacity or len(reviews)) for slot in slots}
    ready = [one for one in reviews if one.ready_at is not None and not one.held_up]
    for group in (ready, [one for one in reviews if one not in ready]):
        for review in _in_order(group):
            if review.about.id in places:
                continue
            for slot in slots:
                if room[key_of(slot)] and _in_time(review, slot, today):
                    places[review.about.id] = slot
                    room[key_of(slot)] -= 1
                    break
    return places


def _in_time(review: Review, slot: Planned, today: dt.date) -> bool:
    """Whether a review is ready by the cutoff of a meeting, or expected to be: when the last open step it needs is due."""
    cutoff = closes_at(slot) or slot.starts
    if review.ready_at is not None and not review.held_up:
        return review.ready_at <= cutoff
    days = [step.due for step in review.open_steps] + ([review.until] if review.held_up else [])
    if not days or None in days:
        return False
    last = max(day for day in days if day is not None)
    return last >= today and dt.datetime.combine(last, END_OF_DAY, slot.series.zone) <= cutoff


def _why(review: Review, meeting: Planned) -> str:
    if review.open_steps:
        return f"Still open: {listed([step.title for step in review.open_steps])}."
    if review.held_up:
        return f"{review.held_up.rstrip('.')}."
    cutoff = closes_at(meeting) or meeting.starts
    if review.ready_at is not None and review.ready_at > cutoff:
        words = f"{day_words(cutoff.date())}, {hour_words(cutoff, meeting.series.zone)}"
        return f"Ready only after the agenda closed ({words})."
    return f"Over capacity: the meeting takes {meeting.series.capacity}, and others go live earlier."


def _presentations(meeting: Planned, facts: Facts, now: dt.datetime) -> Ruled:
    """List the projects for which this is the last meeting strictly before their go-live; name those that have none left."""
    meetings = [one for one in facts.meetings.get(Kind.GO_LIVE, []) if one.state != OccurrenceState.CANCELLED]
    entries, waiting = [], []
    following = next((one for one in meetings if one.starts > meeting.starts), None)
    for about in sorted(facts.going_live, key=_earliest):
        last = counting(meetings, about.target)
        note = go_live_words(about.target)
        if last is not None and key_of(last) == key_of(meeting):
            entries.append(Entry(about.title, about, note=note))
        elif following is None or _may_be_held(following, now):
            missing = is_missing(about, last, facts.presented, now)
            if missing:
                waiting.append(Waiting(about, f"Presentation missing. {missing}"))
    return entries, tuple(waiting), ()


def is_missing(
    about: About, last: Planned | None, presented: Collection[tuple[int, int, dt.date]], now: dt.datetime
) -> str:
    """Return why a project cannot present any more before its go-live, and did not; else nothing. Pure."""
    goes = f"Go-live {day_words(about.target)}"
    if last is None:
        return f"{goes}: there is no meeting before it."
    if (about.id, *key_of(last)) in presented:
        return ""
    if last.ends <= now and last.state != OccurrenceState.UNDER_WAY:
        return (
            f"{goes}: the last meeting before it was on {day_words(local_day(last))}, and it was not presented there."
        )
    return ""


def _triage(meeting: Planned, facts: Facts, now: dt.datetime) -> Ruled:
    entries = [
        Entry(
            one.about.title, one.about, points=one.issues,
            note=f"{len(one.issues)} open {'issue' if len(one.issues) == 1 else 'issues'}" if one.issues else "No open issue",
        )
        for one in sorted(facts.triaged, key=lambda one: (-len(one.issues), *_earliest(one.about)))
    ]  # fmt: skip
    return entries, (), ()


def _tsm_review(meeting: Planned, facts: Facts, now: dt.datetime) -> Ruled:
    entries = [
        Entry(about.title, about, note=f"{go_live_words(about.target)}, no decision yet")
        for about in sorted(facts.undecided, key=_earliest)
    ]
    return entries, (), ()


_RULES = {
    Kind.TDR: _reviews,
    Kind.GO_LIVE: _presentations,
    Kind.TRIAGE: _triage,
    Kind.TSM_REVIEW: _tsm_review,
}


# Parts --------------------------------------------------------------------------------------------------------------------


def key_of(meeting: Planned) -> Key:
    return meeting.series.pk, meeting.day


def _closed(meeting: Planned) -> bool:
    return meeting.row is not None and meeting.row.agenda_closed_at is not None


def _may_be_held(meeting: Planned, now: dt.datetime) -> bool:
    if meeting.state == OccurrenceState.UNDER_WAY:
        return True
    return meeting.state == OccurrenceState.PLANNED and meeting.ends > now


def _in_order(reviews: Iterable[Review]) -> list[Review]:
    return sorted(reviews, key=lambda review: _earliest(review.about))


def _earliest(about: About) -> tuple[dt.date, str]:
    return about.target, about.code


def _of_row(row: AgendaItem) -> Entry:
    about = None
    if row.project is not None:
        about = About(row.project.pk, row.project.code, row.project.name, row.project.target_go_live)
    address = ""
    if row.step is not None and about is not None:
        template = row.step.template
        address = f"{about.address}steps/{template.version.playbook.slug}/{template.key}/"
    note = go_live_words(about.target) if about and row.source == Source.RULE else ""
    return Entry(row.title, about, row.step_id, address, row.source, row, note)


def _carried(row: AgendaItem) -> Entry:
    entry = _of_row(row)
    note = f"Carried over from {day_words(row.occurrence.day)}"
    return Entry(entry.title, entry.about, entry.step_id, entry.step_address, Source.CARRIED.value, None, note)
