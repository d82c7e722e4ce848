"""What a project's history tells of agendas: points, who was there, actions."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from history.reading import Name, Names
from meetings.models import AgendaItem, Attendance, MeetingAction, Occurrence
from meetings.words import day_words
from playbook.history_page import MOVE_WORDS
from projects.history_page import NAMERS, register


def register_all() -> None:
    """Let the history of projects tell of points, attendance and actions, and of the moves of meetings and actions."""
    MOVE_WORDS.update(
        open_meeting="begun", close_meeting="held", call_off="cancelled", call_again="to be held after all",
        finish_action="done as an action", drop_action="dropped as an action", take_up_again="taken up again",
    )  # fmt: skip
    NAMERS.setdefault(Occurrence, _meetings)
    register("agenda-item", "Point of an agenda", AgendaItem, _item, namer=_items)
    register("attendance", "Attendance", Attendance, _attendance)
    register("meeting-action", "Action of a meeting", MeetingAction, _action, namer=_actions)


def _item(row: Any, names: Names) -> Name:
    return names.of(AgendaItem, row.id)


def _action(row: Any, names: Names) -> Name:
    return names.of(MeetingAction, row.id)


def _attendance(row: Any, names: Names) -> Name:
    return names.of(Occurrence, row.occurrence_id)


def _meetings(keys: Any) -> dict[int, Name]:
    rows = Occurrence.objects.filter(pk__in=keys).values_list("pk", "series__title", "series_id", "day")
    return {
        pk: Name(f"{title}, {day_words(day)}", reverse("run-meeting", args=[series_id, day.isoformat()]))
        for pk, title, series_id, day in rows
    }


def _items(keys: Any) -> dict[int, Name]:
    columns = ("pk", "title", "occurrence__series__title", "occurrence__series_id", "occurrence__day")
    return {
        pk: Name(f"{title} ({series}, {day_words(day)})", reverse("run-meeting", args=[series_id, day.isoformat()]))
        for pk, title, series, series_id, day in AgendaItem.objects.filter(pk__in=keys).values_list(*columns)
    }


def _actions(keys: Any) -> dict[int, Name]:
    columns = ("pk", "text", "occurrence__series_id", "occurrence__day")
    return {
        pk: Name(text, reverse("run-meeting", args=[series_id, day.isoformat()]))
        for pk, text, series_id, day in MeetingAction.objects.filter(pk__in=keys).values_list(*columns)
    }
