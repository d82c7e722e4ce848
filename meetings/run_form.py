"""What people send from a meeting while it runs. Forms validate only; services act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from meetings.holding import COMMENT
from meetings.models import AgendaItem, Occurrence
from meetings.vocabulary import LONGEST_NOTE, LONGEST_TITLE, Outcome, Presence
from projects.forms import date_field
from projects.people import Person
from records.models.raid import RaidKind
from transitions.moves import NOTE_LIMIT

LARGEST_REVISION = 2_147_483_647


def _note(label: str, *, required: bool = False, rows: int = 2, most: int = LONGEST_NOTE) -> forms.CharField:
    return forms.CharField(label=label, required=required, max_length=most, widget=forms.Textarea({"rows": rows}))


def _revision() -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=0, max_value=LARGEST_REVISION, widget=forms.HiddenInput)


class NotesForm(forms.Form):
    """The notes, and the revision of the meeting that their writer saw."""

    notes = _note("Notes", rows=8)
    revision = _revision()


class CloseForm(forms.Form):
    """The end of a meeting."""

    note = _note("A last word", most=NOTE_LIMIT)
    revision = _revision()


class SayForm(forms.Form):
    """What was said of a point."""

    outcome = forms.ChoiceField(label="What came of it", required=False)
    note = _note("Note")

    def __init__(self, *args: Any, outcomes: Iterable[Outcome], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [("", "Open"), *((one.value, one.label) for one in outcomes)]  # type: ignore[attr-defined]


class DecideForm(forms.Form):
    """A decision, with the digest of what was shown."""

    act = forms.ChoiceField(choices=[("approve", "Approve"), ("reject", "Reject")])
    note = _note("Reason", most=NOTE_LIMIT)
    reopens = forms.MultipleChoiceField(label="Steps to reopen", required=False)
    shown = forms.RegexField(
        r"\A[0-9a-f]{64}\Z",
        error_messages={"required": "What was shown did not come back with the decision. Look at it again."},
    )

    def __init__(self, *args: Any, reopenable: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reopens"].choices = [(path, path) for path in reopenable]  # type: ignore[attr-defined]


class AddForm(forms.Form):
    """A point to put on the agenda: a project by its code, or anything else by a title."""

    title = forms.CharField(label="Title", required=False, max_length=LONGEST_TITLE)
    code = forms.CharField(label="Project", required=False, max_length=12, help_text="Its code, such as MRW-1")

    def __init__(self, *args: Any, of_company: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not of_company:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        """Take one of the two at least."""
        data = super().clean() or self.cleaned_data
        if not self.errors and not data.get("title", "").strip() and not data.get("code", "").strip():
            self.add_error("title", "Say what it is about.")
        return data


class DecisionForm(forms.Form):
    """What the meeting decided, in its words."""

    text = _note("Decision", required=True, most=1000)
    item = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


class ActionForm(forms.Form):
    """What somebody takes away to do."""

    text = forms.CharField(label="What", max_length=500)
    owner = forms.TypedChoiceField(label="Who", coerce=int, empty_value=None)
    due = date_field("By when")
    becomes = forms.ChoiceField(label="Kept as", required=False)
    item = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: Iterable[Person], about_project: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", "Choose"), *((one.id, one.name) for one in people)]  # type: ignore[attr-defined]
        choices: list[tuple[str, str]] = [("", "An action of this meeting")]
        if about_project:
            choices += [(kind.value, f"{kind.label} in the RAID log") for kind in RaidKind]
            choices.append((COMMENT, "A comment on what it is about"))
        self.fields["becomes"].choices = choices  # type: ignore[attr-defined]


class ActionMoveForm(forms.Form):
    """A move of an action."""

    move = forms.CharField(max_length=40)
    note = _note("Why", most=NOTE_LIMIT)
    revision = _revision()


def presences_of(data: Mapping[str, Any], known: Iterable[int]) -> dict[int, str]:
    """Return what was sent of who was there: `presence-<id>` for people of whom the page spoke; anything else is no presence."""
    return {person: str(data[f"presence-{person}"]) for person in known if f"presence-{person}" in data}


def said_of(item: AgendaItem) -> dict[str, Any]:
    """Return a point as its form shows it at first."""
    return {"outcome": item.outcome, "note": item.note}


def notes_of(row: Occurrence) -> dict[str, Any]:
    """Return the notes as their form shows them at first."""
    return {"notes": row.notes, "revision": row.revision}


PRESENCES = [("", "Not noted"), *Presence.choices]
