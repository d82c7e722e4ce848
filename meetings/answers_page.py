"""Who comes to a meeting: what its page shows of the answers, ready to be written out."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from meetings import rights
from meetings.calendar_forms import ANSWERS, ReplyForm
from meetings.invitations import invited_to
from meetings.planned import Planned
from meetings.replies import answers_of
from meetings.vocabulary import Answer
from transitions.meeting import OccurrenceState

#: How an answer is shown: tone of the chip and its mark.
TONES = {
    Answer.ACCEPTED: ("done", "✓"),
    Answer.TENTATIVE: ("waiting", "◷"),
    Answer.DECLINED: ("off", "⨯"),
    Answer.NEEDS_ACTION: ("", "○"),
}


def answers_values(meeting: Planned, person: User) -> dict[str, Any]:
    """Return what `templates/meetings/_answers.html` knows as `answers`: two queries for the answers, three for who is asked.

    People outside see what they answered themselves, and nobody else's answer.
    """
    series = meeting.series
    said = answers_of(series, meeting.row)
    invited = invited_to(series, meeting.row)
    planned = meeting.state == OccurrenceState.PLANNED
    mine = said.get(person.pk, (Answer.NEEDS_ACTION, None))[0]
    shown = {person.pk} & invited if person.is_outside else invited
    people = User.objects.filter(pk__in=shown).order_by("name", "pk")
    rows = [(one, *_words(said.get(one.pk, (Answer.NEEDS_ACTION, None))[0])) for one in people]
    asked = person.pk in invited and planned
    return {
        "people": rows,
        "asked": asked,
        "mine": mine,
        "choices": [(value, label, value == mine) for value, label in ANSWERS] if asked else [],
        "counts": _counts(rows) if not person.is_outside else "",
        "takes_replies": series.project_id is not None and rights.may_run(series, person, host_id=meeting.host_id),
        "form": ReplyForm(),
        "args": [series.pk, meeting.day.isoformat()],
    }


def _words(answer: Answer) -> tuple[str, str, str]:
    return (str(answer.label), *TONES[answer])


def _counts(rows: list[Any]) -> str:
    """Return such as `2 accepted, 1 no answer yet`; nothing where nobody is asked."""
    found: dict[str, int] = {}
    for _person, label, _tone, _mark in rows:
        found[label] = found.get(label, 0) + 1
    return ", ".join(f"{number} {label.lower()}" for label, number in found.items())
