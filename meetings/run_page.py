"""The values of the page of a meeting while it runs: one point after the other, with all that is done about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from meetings import rights
from meetings.agenda import agenda_of, attendees_by
from meetings.agenda_page import values_of
from meetings.agenda_rules import Agenda, key_of
from meetings.deciding import DECIDED
from meetings.holding import outcomes_for
from meetings.models import AgendaItem
from meetings.planned import Planned
from meetings.run_form import (
    PRESENCES,
    ActionForm,
    AddForm,
    CloseForm,
    DecisionForm,
    NotesForm,
    SayForm,
    notes_of,
    said_of,
)
from meetings.words import when_words
from projects.board import A, R
from projects.models import Project, ProjectStep
from projects.people import Person
from projects.signoff import reopenable, statement
from transitions.meeting import OccurrenceState
from transitions.step import StepStatus


@dataclass(frozen=True, slots=True)
class Deciding:
    """What is decided under a point, as the person who looks may decide it."""

    title: str
    address: str
    digest: str
    documents: tuple[tuple[str, str, str], ...]
    may_decide: bool
    may_submit: bool
    submitted: bool
    decided_by: str
    submitted_by: str
    status: str
    reopenable: tuple[tuple[str, str], ...]


def run_values(
    meeting: Planned,
    person: User,
    now: dt.datetime,
    *,
    item_id: int | None = None,
    forms_sent: Mapping[str, forms.Form] | None = None,
) -> dict[str, Any]:
    """Return what the page shows.

    Args:
        item_id: the point that is spoken of; the first that is open where there is none.
        forms_sent: forms that did not go through, by what they are called on the page.
    """
    sent = forms_sent or {}
    agenda = agenda_of(meeting, now)
    values = values_of(agenda, person, now)
    row, series = meeting.row, meeting.series
    args = [series.pk, meeting.day.isoformat()]
    runs = rights.may_run(series, person, host_id=meeting.host_id)
    under_way = meeting.state == OccurrenceState.UNDER_WAY
    items = [entry.item for entry in agenda.listed if entry.item is not None]
    current = _current(items, item_id) if under_way else None
    place = items.index(current) if current else 0
    people = _people(meeting, agenda, current)
    noted = dict(row.attendances.values_list("person_id", "presence")) if row and row.pk else {}
    about = (current is not None and current.project_id is not None) or series.project_id is not None
    return {
        "meeting": meeting,
        "series": series,
        "row": row,
        "when": when_words(meeting.starts, series.zone, person.zone),
        "agenda": values | {"run_address": ""},
        "runs": runs,
        "under_way": under_way,
        "may_start": runs and meeting.state == OccurrenceState.PLANNED,
        "base": reverse("run-meeting", args=args).removesuffix("run"),
        "back": meeting.address,
        "current": current,
        "number": place + 1,
        "count": len(items),
        "before": items[place - 1].pk if current and place else None,
        "after": items[place + 1].pk if current and place + 1 < len(items) else None,
        "deciding": _deciding(current, person) if current and current.step_id else None,
        "decided": current is not None and current.outcome in DECIDED.values(),
        "said": list(current.decisions.all()) if current else [],
        "given": list(current.actions.select_related("owner", "raid_item")) if current else [],
        "people": [(one, noted.get(one.id, "")) for one in people["attendees"]] if under_way else [],
        "presences": PRESENCES,
        "outside": [one.name for one in people["outside"]],
        "open_points": sum(not item.outcome for item in items),
        "notes_form": sent.get("notes") or (NotesForm(initial=notes_of(row), auto_id="notes-%s") if row else None),
        "say_form": sent.get("say") or (_say_form(current, series.kind) if current else None),
        "close_form": sent.get("close") or CloseForm(initial={"revision": row.revision} if row else None, auto_id="close-%s"),
        "decision_form": sent.get("decision")
        or DecisionForm(initial={"item": current.pk if current else None}, auto_id="decision-%s"),
        "action_form": sent.get("action")
        or ActionForm(
            people=people["owners"], about_project=about, initial={"item": current.pk if current else None},
            auto_id="action-%s",
        ),
        "add_form": sent.get("add") or AddForm(of_company=series.of_company, auto_id="add-%s"),
    }  # fmt: skip


def owners_of(meeting: Planned, now: dt.datetime, item: AgendaItem | None) -> list[Person]:
    """Return who can be given an action: who is on the meeting, and who sits on the project of the point."""
    return _people(meeting, agenda_of(meeting, now), item)["owners"]


def _say_form(item: AgendaItem, kind: str) -> SayForm:
    outcomes = outcomes_for(kind, decides=item.step_id is not None)
    return SayForm(initial=said_of(item), outcomes=outcomes, auto_id="say-%s")


def _current(items: list[AgendaItem], item_id: int | None) -> AgendaItem | None:
    named = next((item for item in items if item.pk == item_id), None)
    return named or next((item for item in items if not item.outcome), items[0] if items else None)


def _people(meeting: Planned, agenda: Agenda, item: AgendaItem | None) -> dict[str, list[Person]]:
    """Return who is on the meeting, who of them sits outside, and who can be given an action; in four queries."""
    ids = attendees_by([meeting], {key_of(meeting): agenda} if meeting.series.of_company else {})[key_of(meeting)]
    if meeting.row and meeting.row.pk:
        ids |= set(meeting.row.attendances.values_list("person_id", flat=True))
    project_id = (item.project_id if item else None) or meeting.series.project_id
    wanted = Q(pk__in=ids) | Q(seats__project=project_id) if project_id else Q(pk__in=ids)
    rows = User.objects.filter(wanted, is_active=True).order_by("name", "pk").distinct()
    found = [(Person(pk, name), side != "internal") for pk, name, side in rows.values_list("pk", "name", "side")]
    return {
        "attendees": [one for one, _ in found if one.id in ids],
        "outside": [one for one, outside in found if outside and one.id in ids],
        "owners": [one for one, outside in found if project_id or not outside],
    }


def _deciding(item: AgendaItem, person: User) -> Deciding:
    step = ProjectStep.objects.select_related("template").get(pk=item.step_id)
    step.project = Project.objects.get(pk=step.project_id)
    shown, board = statement(step, person), step.project.board
    documents = tuple(
        (one["title"], f"version {one['version']}" if one["version"] else "no version yet", one.get("link", ""))
        for one in shown.values["documents"]
    )
    needed = {StepStatus.NOT_STARTED: "start", StepStatus.IN_PROGRESS: "submit"}.get(StepStatus(step.status))
    workers = board.people(step.live, R) + board.people(step.live, A)
    return Deciding(
        board.title(step.live), f"{step.project.step_url(step.live.path)}decide", shown.digest, documents,
        step.permits("approve", person), needed is None or step.permits(needed, person), step.status == StepStatus.IN_REVIEW,
        " or ".join(dict.fromkeys(one.name for view in step.sign_off.parties for one in view.people)),
        " or ".join(dict.fromkeys(one.name for one in workers)), step.status,
        tuple((one.path, board.title(one)) for one in reopenable(step, person)),
    )  # fmt: skip
