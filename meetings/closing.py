"""Agendas as they are written down: closed at their cutoff or as the meeting begins, added to by hand, carried over."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User, validate_one_line
from history.context import named
from meetings import rights
from meetings.agenda import agenda_of
from meetings.agenda_facts import AHEAD, company_series, family_of, read_facts, read_reviews
from meetings.agenda_rules import carried_into, closes_at, same_line
from meetings.models import AgendaItem, Occurrence, Series
from meetings.planned import Planned, as_planned, occurrence_of, planned
from meetings.vocabulary import LONGEST_TITLE, Kind, Outcome, Source
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.meeting import OccurrenceState

#: An agenda closes no earlier than this before its meeting (Series.cutoff_hours).
EARLIEST_CUTOFF = dt.timedelta(days=15)
OPEN_STATES = (OccurrenceState.PLANNED, OccurrenceState.UNDER_WAY)


def close_agendas(now: dt.datetime) -> int:
    """Write down every agenda whose cutoff has passed, of meetings that are not over; return how many. Twice is once."""
    series = [one for one in company_series() if one.cutoff_hours is not None]
    closed = 0
    for meeting in planned(series, now - dt.timedelta(days=1), now + EARLIEST_CUTOFF):
        cutoff = closes_at(meeting)
        is_open = meeting.row is None or meeting.row.agenda_closed_at is None
        due = cutoff is not None and cutoff <= now < meeting.ends
        if due and is_open and meeting.state == OccurrenceState.PLANNED:
            close_agenda(meeting.series, meeting.day, by=None, now=now)
            closed += 1
    return closed


@named
def close_agenda(series: Series, day: dt.date, *, by: User | None, now: dt.datetime | None = None) -> Occurrence:
    """Write down what is on the agenda of a meeting by now: it stays from then on. One that is closed is left as it is.

    Args:
        by: None: its time has come.

    Raises:
        LookupError: the series is not held on that day.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = occurrence_of(series, day, by=by)
        row = Occurrence.objects.select_for_update(of=("self",)).select_related("series__project").get(pk=row.pk)
        if row.agenda_closed_at is None:
            write_agenda(row, now=now)
    return row


def write_agenda(row: Occurrence, *, now: dt.datetime) -> None:
    """Write down the agenda of a meeting whose row is locked, with what earlier meetings that nobody held left to it."""
    agenda = agenda_of(as_planned(row.series, row.day, row), now)
    ruled = [entry for entry in agenda.listed if entry.item is None and entry.source == Source.RULE]
    taken_over = [entry for entry in agenda.listed if entry.item is None and entry.source == Source.CARRIED]
    kept = [entry.item for entry in agenda.listed if entry.item is not None]
    for position, item in enumerate(kept, len(ruled) + 1):
        if item.position != position:
            item.position = position
            item.save(update_fields=["position"])
    new = [
        AgendaItem(
            occurrence=row, project_id=entry.about.id if entry.about else None, step_id=entry.step_id,
            title=entry.title[:LONGEST_TITLE], position=position, source=Source.RULE,
        )
        for position, entry in enumerate(ruled, 1)
    ]  # fmt: skip
    AgendaItem.objects.bulk_create(new)
    if taken_over:
        meeting = as_planned(row.series, row.day, row)
        _move_on(carried_into(meeting, read_facts([meeting], now), now), row, now=now)
    row.agenda_closed_at = now
    row.save(update_fields=["agenda_closed_at"])


@named
def add_item(
    series: Series,
    day: dt.date,
    *,
    by: User,
    title: str = "",
    project: Project | None = None,
    now: dt.datetime | None = None,
) -> AgendaItem:
    """Put something on the agenda of a meeting by hand.

    Until the agenda closes, whoever runs a project puts it on; after that, as for all else, whoever runs the meeting does. A
    project that is put on a design review brings the step that is decided there.

    Args:
        title: what it is; a project's own name where there is none.

    Raises:
        NotPermitted. MoveRefused: the meeting was held or cancelled, or the project is on it already. Archived.
        ValidationError: neither a title nor a project, or a title that is too long. LookupError: no such meeting.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = locked_meeting(occurrence_of(series, day, by=by))
        project = project or row.project
        runs = rights.may_run(series, by, host_id=row.host_id)
        manages = project is not None and not by.is_outside and project.board.manages(by.pk)
        if not runs and not (manages and row.agenda_closed_at is None):
            text = "The agenda is closed: whoever runs the meeting adds to it." if manages else NOT_YOURS
            raise NotPermitted([Blocker("not-permitted", text)])
        if project is not None:
            if not Project.objects.visible_to(by).filter(pk=project.pk).exists():
                raise ValidationError({"project": "There is no such project, or you have no seat on it."})
            project.refuse_if_archived()
        refuse_over(row)
        title = title.strip() or (f"{project.code} {project.name}" if project and series.of_company else "")
        step_id = None
        if project is not None and series.of_company:
            if row.items.filter(project=project, outcome="").exists():
                raise MoveRefused([Blocker("on-it-already", f"{project.code} is on this agenda already.")])
            if series.kind == Kind.TDR:
                step_id = next((review.step_id for review in read_reviews(project.pk)), None)
        last = row.items.aggregate(last=Max("position"))["last"] or 0
        item = AgendaItem(
            occurrence=row, project=project, step_id=step_id, title=title, position=last + 1, source=Source.ADDED,
            added_by=by,
        )  # fmt: skip
        validate_one_line(title)
        item.full_clean(exclude=("occurrence", "project", "step", "added_by", "settled_by", "settled_at"))
        item.save()
    return item


@named
def remove_item(item: AgendaItem, *, by: User) -> None:
    """Take from an agenda what was put on it by hand, as long as nothing was said of it.

    Raises:
        NotPermitted: neither who put it on nor who runs the meeting. MoveRefused: it is there by its rule, was settled, or the
        meeting is over. Archived.
    """
    with transaction.atomic():
        row = locked_meeting(item.occurrence)
        item = row.items.get(pk=item.pk)
        if by.pk != item.added_by_id and not rights.may_run(row.series, by, host_id=row.host_id):
            raise NotPermitted([Blocker("not-permitted", NOT_YOURS)])
        refuse_over(row)
        if item.source == Source.RULE:
            text = "It is on this agenda by its rule. Defer it in the meeting, with a note."
            raise MoveRefused([Blocker("by-rule", text)])
        if item.outcome or item.decisions.exists() or item.actions.exists():
            raise MoveRefused([Blocker("settled", "Something was said of it: it stays in the minutes.")])
        item.delete()


def carry_over(row: Occurrence, *, by: User | None, now: dt.datetime) -> Planned | None:
    """Defer what a meeting leaves open as it closes, and put what was added by hand on the next; return that, if there is any.

    What is there by a rule comes back by its rule, for as long as that holds. For `perform()`, under the lock of the meeting.
    """
    items = list(row.items.all())
    for item in items:
        if not item.outcome:
            item.outcome, item.settled_by, item.settled_at = Outcome.DEFERRED, by, now
            item.save(update_fields=["outcome", "settled_by", "settled_at"])
    left = [item for item in items if item.outcome == Outcome.DEFERRED and item.source != Source.RULE]
    # A design review that is still open comes back by its rule, once it is ready.
    left = [item for item in left if not (row.series.kind == Kind.TDR and item.step_id)]
    following = next_meeting(row, now)
    if following is not None and left:
        target = occurrence_of(following.series, following.day, by=by)
        _copy(left, target)
    return following


def next_meeting(row: Occurrence, now: dt.datetime) -> Planned | None:
    """Return the next meeting of the line that is to be held; None where there is none. Two queries."""
    line = [one for one in family_of(row.series) if same_line(one, row.series)]
    after = planned(line, row.starts, max(row.starts, now) + AHEAD)
    here = (row.series_id, row.day)
    return next(
        (
            one
            for one in after
            if one.state in OPEN_STATES and (one.series.pk, one.day) != here and one.starts > row.starts
        ),
        None,
    )


def locked_meeting(row: Occurrence) -> Occurrence:
    """Return a meeting as it is now, under the lock under which it moves."""
    found = row.locked()
    found.series.project = found.project
    return found


def refuse_over(row: Occurrence) -> None:
    """Raise MoveRefused where a meeting was held or is cancelled: its agenda stays as it was."""
    if row.state not in OPEN_STATES:
        text = f"This meeting is {row.get_state_display().lower()}: its agenda stays as it is."
        raise MoveRefused([Blocker("over", text, row.get_absolute_url())])


NOT_YOURS = "Whoever runs the meeting adds to its agenda, or whoever runs the project that is added."


def _move_on(rows: list[AgendaItem], target: Occurrence, *, now: dt.datetime) -> None:
    """Put what nobody spoke of on another meeting, and leave it where it was as deferred."""
    _copy(rows, target)
    for row in rows:
        row.outcome, row.settled_at = Outcome.DEFERRED, now
        row.save(update_fields=["outcome", "settled_at"])


def _copy(items: list[AgendaItem], target: Occurrence) -> None:
    last = target.items.aggregate(last=Max("position"))["last"] or 0
    AgendaItem.objects.bulk_create(
        AgendaItem(
            occurrence=target, project=item.project, step=item.step, title=item.title, position=last + number,
            source=Source.CARRIED, added_by=item.added_by, note=item.note,
        )
        for number, item in enumerate(items, 1)
    )  # fmt: skip
