"""The minutes of a meeting: what everybody on it gets by mail when it closes, and what its page shows from then on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.mail import Line, Message, Section, post, register, site_address
from accounts.models import OutgoingMail, User
from meetings.agenda import attendees
from meetings.models import AgendaItem, MeetingAction, MeetingDecision, Occurrence
from meetings.vocabulary import Presence
from meetings.words import when_words
from projects.models import Project

MINUTES = "minutes"
#: What is told later than this is no news: a meeting that is brought in with its past, the demo.
NEWS = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Minutes:
    """What was said in a meeting, as one reader may know it."""

    items: tuple[AgendaItem, ...]
    decisions: tuple[MeetingDecision, ...]
    actions: tuple[MeetingAction, ...]
    present: tuple[str, ...]
    missing: tuple[str, ...]
    notes: str


def register_all() -> None:
    """Make the words of the minutes known."""
    register(MINUTES, _mail)


def minutes_of(row: Occurrence, reader: User) -> Minutes:
    """Return the minutes for a reader, in five queries: whoever is outside reads nothing of projects that they do not see, and of
    a meeting of the company no notes, which may name any."""
    items: Any = row.items.select_related("project", "step", "settled_by")
    decisions: Any = row.decisions.select_related("project", "by")
    actions: Any = row.actions.select_related("project", "owner", "raid_item")
    if reader.is_outside:
        seen = Project.objects.visible_to(reader).values("pk")
        items, decisions, actions = (rows.filter(project__in=seen) for rows in (items, decisions, actions))
    people = list(row.attendances.select_related("person").order_by("person__name"))
    return Minutes(
        tuple(items), tuple(decisions), tuple(actions),
        tuple(one.person.name for one in people if one.presence == Presence.ATTENDED),
        tuple(f"{one.person.name} ({one.get_presence_display().lower()})" for one in people if one.presence != Presence.ATTENDED),
        "" if reader.is_outside and row.project_id is None else row.notes,
    )  # fmt: skip


def readers(row: Occurrence) -> list[User]:
    """Return who gets the minutes: everybody who is on the meeting, and whoever else was there."""
    ids = attendees(row.series, row.day) | set(row.attendances.values_list("person_id", flat=True))
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def post_minutes(row: Occurrence, *, now: dt.datetime) -> None:
    """Write down that each reader is to get the minutes, once. Of a meeting that is brought in with its past, nobody."""
    if now < timezone.now() - NEWS:
        return
    for person in readers(row):
        post(MINUTES, to=person, key=f"{MINUTES}:{row.pk}:{person.pk}", meeting=row.pk)


def _mail(mail: OutgoingMail) -> Message | None:
    row = Occurrence.objects.select_related("series", "project").get(pk=mail.details["meeting"])
    told = minutes_of(row, mail.person)
    sections = [
        Section("Agenda", [_item_line(item, mail.person) for item in told.items]),
        Section("Decisions", [Line(decision.text, note=_code(decision.project)) for decision in told.decisions]),
        Section("Actions", [_action_line(action) for action in told.actions]),
    ]
    facts = [("When", when_words(row.starts, row.series.zone, mail.person.zone))]
    if told.present:
        facts.append(("There", ", ".join(told.present)))
    if told.missing:
        facts.append(("Not there", ", ".join(told.missing)))
    code = row.project.code if row.project else ""
    return Message(
        subject=f"{f'[{code}] ' if code else ''}Minutes: {row}",
        heading=f"Minutes: {row}",
        paragraphs=[part for part in told.notes.split("\n\n") if part.strip()] or ["No notes were taken."],
        button=("Look at the meeting", site_address(row.get_absolute_url())),
        facts=facts,
        sections=[section for section in sections if section.lines],
        small_print="You get the minutes because you belong to this meeting.",
        thread=code or f"meeting-{row.series_id}",
    )


def _item_line(item: AgendaItem, reader: User) -> Line:
    said = item.get_outcome_display() or "Not spoken of"
    inside = item.project is not None and not reader.is_outside
    address = site_address(item.project.get_absolute_url()) if inside and item.project else ""
    return Line(f"{item.title}: {said}", address, item.note)


def _action_line(action: MeetingAction) -> Line:
    followed = f", in the log as {action.raid_item.code}" if action.raid_item else ""
    note = f"{action.owner.name}, by {action.due:%b} {action.due.day}, {action.due.year}{followed}"
    return Line(action.text, note=f"{_code(action.project)}{' · ' if action.project else ''}{note}")


def _code(project: Project | None) -> str:
    return project.code if project else ""
