"""What people send about the RAID log. Forms validate only; `records.raid` acts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms

from accounts.models import User
from projects.filters import Filter, ListForm, _choice, _number
from projects.forms import date_field
from projects.people import Person
from records.models.raid import (
    LONGEST_NOTES,
    LONGEST_TEXT,
    LONGEST_TITLE,
    OF_RISKS,
    Impact,
    Probability,
    RaidItem,
    RaidKind,
    Strategy,
    Trend,
)
from transitions.moves import NOTE_LIMIT
from transitions.raid import RaidState

#: Control characters that neither a spreadsheet nor a page can hold; a tab is a blank.
_CONTROL = re.compile(r"[\x01-\x08\t\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
#: How the three texts go on from one another, by the kind of item: what stands before cause, event and effect.
SENTENCES: dict[str, tuple[str, str, str]] = {
    RaidKind.RISK: ("Because", "it may happen that", "and then"),
    RaidKind.ASSUMPTION: ("Because", "we assume that", "and if not,"),
    RaidKind.ISSUE: ("Because", "it came about that", "and so"),
    RaidKind.DEPENDENCY: ("Because", "we depend on", "and without it"),
}


def one_line(text: str) -> str:
    """Return a text with every run of blanks and line ends as one blank."""
    return " ".join(text.split())


class Text(forms.CharField):
    """Text of one or several lines, so that a spreadsheet gives back what it was given: LF alone, no control characters."""

    def __init__(self, label: str, *, most: int, rows: int = 0, **kwargs: Any) -> None:
        self.lines = bool(rows)
        widget = forms.Textarea({"rows": rows}) if rows else forms.TextInput()
        super().__init__(label=label, max_length=most, widget=widget, **kwargs)

    def to_python(self, value: Any) -> str:
        text = _CONTROL.sub(" ", str(super().to_python(value) or "")).replace("\r\n", "\n").replace("\r", "\n")
        return text.strip() if self.lines else one_line(text)


def _weight(label: str, choices: Sequence[tuple[int, str]]) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, coerce=int, empty_value=None, choices=[("", "Not weighed yet"), *choices],
        error_messages={"invalid_choice": f"“%(value)s” is no {label.lower()}: 1 to 5."},
    )  # fmt: skip


class RaidForm(forms.Form):
    """An item as people write it. What only a risk says is not there for the other kinds."""

    title = Text("Title", most=LONGEST_TITLE, help_text="In a few words, as it stands in the list.")
    cause = Text("Cause", most=LONGEST_TEXT, rows=2, required=False)
    event = Text("Event", most=LONGEST_TEXT, rows=2, required=False)
    effect = Text("Effect", most=LONGEST_TEXT, rows=2, required=False)
    probability = _weight("Probability", Probability.choices)
    impact = _weight("Impact", Impact.choices)
    strategy = forms.ChoiceField(
        label="Strategy", required=False, choices=[("", "Not chosen yet"), *Strategy.choices],
        error_messages={"invalid_choice": "“%(value)s” is no strategy: avoid, reduce, transfer or accept."},
    )  # fmt: skip
    response = Text("Response", most=LONGEST_TEXT, rows=3, required=False, help_text="What is done about it.")
    owner = forms.TypedChoiceField(
        label="Owner", required=False, coerce=int, empty_value=None,
        error_messages={"invalid_choice": "That person has no seat on this project. Choose one of those who have."},
    )  # fmt: skip
    due = date_field("Due or trigger date", required=False)
    trend = forms.ChoiceField(
        label="Trend", choices=Trend.choices, initial=Trend.STEADY, required=False,
        error_messages={"invalid_choice": "“%(value)s” is no trend: up, steady or down."},
    )  # fmt: skip
    notes = Text(
        "Internal notes",
        most=LONGEST_NOTES,
        rows=3,
        required=False,
        help_text="Never shown to people outside, whatever is.",
    )
    revision = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, kind: str, people: Iterable[Person], owner: Person | None = None, **kwargs: Any
    ) -> None:
        """`people` may own it; `owner` does, with a seat or without."""
        super().__init__(*args, **kwargs)
        self.names = {person.id: person.name for person in (*people, *([owner] if owner else []))}
        fields: Any = self.fields
        fields["owner"].choices = [("", "Nobody yet"), *self.names.items()]
        for name, words in zip(("cause", "event", "effect"), SENTENCES[kind], strict=True):
            fields[name].help_text = f"{words.capitalize().rstrip(',')} …"
        if kind != RaidKind.RISK:
            for name in OF_RISKS:
                del fields[name]

    @classmethod
    def of(cls, item: RaidItem, people: Iterable[Person], data: Any = None) -> RaidForm:
        """Return the form of an item, filled with what it says."""
        owner = Person(item.owner.pk, item.owner.name) if item.owner else None
        return cls(data, initial=values_of(item), kind=item.kind, people=people, owner=owner, auto_id="edit_%s")

    def clean_trend(self) -> str:
        """Nothing said is steady."""
        return self.cleaned_data["trend"] or Trend.STEADY

    def clean(self) -> dict[str, Any]:
        """Refuse half of an exposure, at the field that is missing."""
        data = super().clean() or self.cleaned_data
        weighed = [data.get(name) for name in ("probability", "impact")]
        if any(weighed) and not all(weighed) and not {"probability", "impact"} & set(self.errors):
            self.add_error(
                "impact" if weighed[0] else "probability",
                "Probability and impact go together: choose both, or neither as long as nobody has weighed it.",
            )
        return data

    def values(self) -> dict[str, Any]:
        """Return what was written, as `records.raid` takes it; in one query where somebody is named the owner."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "revision"}
        data["owner"] = User.objects.filter(pk=data["owner"]).first() if data["owner"] else None
        return data

    def say(self) -> None:
        """Put words in the place of keys, where both values are shown side by side."""
        data = self.cleaned_data
        data["owner"] = self.names.get(data.get("owner") or 0, "")
        for name, choices in (("trend", Trend.choices), ("strategy", Strategy.choices)):
            if name in data:
                data[name] = dict(choices).get(data[name], "")


def values_of(item: RaidItem) -> dict[str, Any]:
    """Return what an item says, as its form has it."""
    return {name: item.owner_id if name == "owner" else getattr(item, name) for name in RaidForm.base_fields}


def said_of(item: RaidItem) -> dict[str, Any]:
    """Return what an item says in words, by the names of the form's visible fields."""
    values = values_of(item) | {
        "owner": item.owner.name if item.owner else "",
        "trend": item.get_trend_display(),
        "strategy": item.get_strategy_display(),
    }
    del values["revision"]
    return {name: value for name, value in values.items() if item.kind == RaidKind.RISK or name not in OF_RISKS}


class KindForm(forms.Form):
    """Which kind of item is to be raised; a risk unless told."""

    kind = forms.ChoiceField(required=False, choices=RaidKind.choices)


class RaidMoveForm(forms.Form):
    """One move of an item."""

    move = forms.CharField(max_length=40)
    revision = forms.IntegerField(min_value=0)
    note = forms.CharField(label="Reason", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 2}))


class RevisionForm(forms.Form):
    """An act that needs no words, on the item as it was seen."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class ShowForm(RevisionForm):
    """Whether people outside read an item, and our response to it."""

    visible = forms.BooleanField(label="Show its title, effect, state and date", required=False)
    response = forms.BooleanField(label="And our response", required=False)


class LinkForm(forms.Form):
    """A link to be made (`target`) or taken away (`remove`)."""

    target = forms.RegexField(
        r"^(step|decision):[1-9][0-9]{0,17}$", required=False, label="Step or decision",
        error_messages={"invalid": "Choose a step or a decision of this project."},
    )  # fmt: skip
    remove = forms.IntegerField(min_value=1, max_value=2**62, required=False)

    def clean(self) -> dict[str, Any]:
        """One of the two is asked for."""
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("target")) == bool(data.get("remove")):
            self.add_error("target", "Choose a step or a decision of this project.")
        return data

    def wanted(self) -> dict[str, Any]:
        """Return the target as `link_item` takes it."""
        what, _, number = self.cleaned_data["target"].partition(":")
        return {f"{what}_id": int(number)}


class ReviewForm(forms.Form):
    """The whole log looked through."""

    note = Text("What came of it", most=500, required=False)


# The list ------------------------------------------------------------------------------------------------------------------

STATES = (("live", "Open and mitigating"), *RaidState.choices, ("all", "Any state"))
SORTS = ("number", "title", "exposure", "due", "owner", "touched")


@dataclass(frozen=True, slots=True)
class RaidFilter(Filter):
    """Which items, in which order. Those that still ask for something, the worst first, unless told otherwise."""

    kind: str = ""
    state: str = "live"
    owner: int | None = None
    cell: str = ""
    q: str = ""
    sort: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but page, order and kind differs from the default."""
        return replace(self, page=1, sort="", kind="") != RaidFilter()

    @property
    def weights(self) -> tuple[int, int] | None:
        """Probability and impact of the cell of the map that is asked for."""
        return (int(self.cell[0]), int(self.cell[2])) if self.cell else None


class RaidFilterForm(ListForm):
    """The parameters of the list."""

    kind = _choice("type of item", RaidKind.choices)
    state = _choice("state", STATES)
    owner = _number("person’s number")
    cell = forms.RegexField(
        r"^[1-5]x[1-5]$", required=False,
        error_messages={"invalid": "A cell of the map is probability x impact, such as 4x5."},
    )  # fmt: skip
    q = forms.CharField(required=False, max_length=100)
    sort = _choice("order", [(sign + name, name) for name in SORTS for sign in ("", "-")])
    format = _choice("format", [("csv", "CSV"), ("xlsx", "XLSX")])
