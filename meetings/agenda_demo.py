"""The demo's meetings as they were held: last Tuesday's design review, with its minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils import timezone

from accounts.models import User
from meetings.agenda_facts import company_series
from meetings.closing import add_item
from meetings.holding import give_action, note_attendance, record_decision, settle_item, start_meeting, write_notes
from meetings.models import Occurrence
from meetings.planned import Planned, planned
from meetings.vocabulary import Kind
from projects.models import Project
from transitions.meeting import OccurrenceState
from transitions.moves import perform
from transitions.phase import Phase

NOTES = (
    "{project}: Sofia took everybody through the nightly feed, and through what happens when it is late.\n\n"
    "Open: how long a retry may go on before somebody is called."
)
BEHIND = dt.timedelta(days=9)


def held_review(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Hold the last design review before today, once, with the first demo project that stays in Design on it.

    Nothing where there is no such series yet, or it was held already.
    """
    if leaving or phase != Phase.DESIGN or not {"Adele", "SE", "INM"} <= people.keys():
        return
    meeting = _last(timezone.now())
    manager = project.board.manager()
    if meeting is None or manager is None or project.started_at >= meeting.starts:
        return
    by, at = people["Adele"], meeting.starts
    title = f"A first look at the design of {project.code}"
    item = add_item(meeting.series, meeting.day, title=title, project=project, by=by, now=at)
    row = start_meeting(meeting.series, meeting.day, by=by, now=at)
    presences = {people["SE"].pk: "attended", people["INM"].pk: "attended"}
    if "SA" in people:
        presences[people["SA"].pk] = "excused"
    note_attendance(row, presences, by=by)
    settle_item(item, "discussed", note="Comes back with the retry written down.", by=by, now=at)
    record_decision(row, "A late feed is retried for an hour, then somebody is called.", item=item, by=by, now=at)
    due = at.date() + dt.timedelta(days=14)
    give_action(
        row,
        "Write the retry into the Technical Design page",
        owner=User.objects.get(pk=manager.id),
        due=due,
        item=item,
        by=by,
        now=at,
    )
    write_notes(row, NOTES.format(project=project.name), by=by)
    perform(Occurrence.objects.get(pk=row.pk), "close_meeting", by=by, now=meeting.ends)


def _last(now: dt.datetime) -> Planned | None:
    """Return the last design review that is over, where it was neither held nor cancelled."""
    over = [one for one in planned(company_series(Kind.TDR), now - BEHIND, now) if one.ends <= now]
    last = over[-1] if over else None
    return last if last is not None and last.state == OccurrenceState.PLANNED else None
