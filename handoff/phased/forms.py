"""What people send about a phased go-live and its cases. Forms validate only; the services act."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.validators import URLValidator

from accounts.models import User
from handoff.models import CriterionCode, ProductionCase
from handoff.models.phased import LONGEST_ID, LONGEST_NOTE, LONGEST_OWNER, LONGEST_REASON
from handoff.phased.switching import LONGEST_WHY
from projects.filters import Filter, ListForm, _choice
from projects.forms import date_field
from projects.people import Person
from records.raid_form import Text
from transitions.moves import NOTE_LIMIT
from workbook.vocabulary import LONGEST_LINK, LONGEST_TITLE, Severity

LEVELS = (
    (1, "Level 1: the manager of TSM"),
    (2, "Level 2: who leads Client Services"),
    (3, "Level 3: who leads the company"),
)
NO_LEVEL = "Escalated no longer"


# Phased go-live -------------------------------------------------------------------------------------------------------------


class AnswerForm(forms.Form):
    """What somebody knows of a criterion."""

    criterion = forms.ChoiceField(choices=CriterionCode.choices, widget=forms.HiddenInput)
    answer = forms.TypedChoiceField(
        label="Answer", choices=[("yes", "Yes"), ("no", "No")], coerce=lambda said: said == "yes",
        error_messages={"required": "Choose yes or no."},
    )  # fmt: skip
    note = Text("What is known", most=LONGEST_REASON, help_text="Which invoice or product, which project, who meets.")


class LinkForm(forms.Form):
    """Another project of the biller, and on which side of this one it stands."""

    side = forms.ChoiceField(label="It is", choices=[("next", "the next phase"), ("previous", "the phase before")])
    other = forms.TypedChoiceField(
        label="Project", coerce=int, error_messages={"invalid_choice": "Choose one of the projects in the list."}
    )

    def __init__(self, *args: Any, offered: Iterable[Any], taken: str = "", **kwargs: Any) -> None:
        """`taken` is the side on which a project is linked already."""
        super().__init__(*args, **kwargs)
        side: Any = self.fields["side"]
        side.choices = [(value, words) for value, words in side.choices if value != taken]
        choices = [("", "Choose one"), *((project.pk, str(project)) for project in offered)]
        self.fields["other"].choices = choices  # type: ignore[attr-defined]


class UnlinkForm(forms.Form):
    """A link to be taken away."""

    link = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)


class SwitchForm(forms.Form):
    """Whether the project is to be treated as phased, why, and the revision of the project that was seen."""

    on = forms.TypedChoiceField(
        choices=[("1", "on"), ("0", "off")], coerce=lambda said: said == "1", widget=forms.HiddenInput
    )
    reason = Text("Why", most=LONGEST_WHY, rows=2, help_text="It stands in the history, and at each of the tasks.")
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SideForm(forms.Form):
    """Which of the two is looked at before it is done; on unless told."""

    on = forms.ChoiceField(choices=[("1", "on"), ("0", "off")], required=False)


# Cases ----------------------------------------------------------------------------------------------------------------------


class CaseForm(forms.Form):
    """A case, as people write it; an import asks the same of each of its rows."""

    external_id = Text("ID", most=LONGEST_ID, help_text="Its number in the case system, such as C-1234.")
    title = Text("Title", most=LONGEST_TITLE)
    severity = forms.TypedChoiceField(
        label="Severity", coerce=int, choices=[("", "Choose"), *Severity.choices],
        error_messages={"invalid_choice": "“%(value)s” is no severity: 1 to 4."},
    )  # fmt: skip
    opened_on = date_field("Opened on")
    link = forms.URLField(
        label="Link", required=False, max_length=LONGEST_LINK, assume_scheme="https",
        help_text="To the case, beginning with https://.",
        validators=[URLValidator(schemes=["https"])],
        error_messages={"invalid": "Write the whole address, beginning with https://."},
    )  # fmt: skip
    owner = forms.TypedChoiceField(
        label="Owner", required=False, coerce=int, empty_value=None,
        error_messages={"invalid_choice": "That person has no seat on this project. Choose one of those who have."},
    )  # fmt: skip
    owner_name = Text(
        "Or somebody else", most=LONGEST_OWNER, required=False, help_text="By name, where they have no seat here."
    )
    revision = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: Iterable[Person], owner: Person | None = None, **kwargs: Any) -> None:
        """`people` may own it; `owner` does, with a seat or without."""
        super().__init__(*args, **kwargs)
        self.names = {person.id: person.name for person in (*people, *([owner] if owner else []))}
        self.fields["owner"].choices = [("", "Nobody of the project"), *self.names.items()]  # type: ignore[attr-defined]

    @classmethod
    def of(cls, case: ProductionCase, people: Iterable[Person], data: Any = None) -> CaseForm:
        """Return the form of a case, filled with what it says."""
        owner = Person(case.owner.pk, case.owner.name) if case.owner else None
        return cls(data, initial=values_of(case), people=people, owner=owner, auto_id="edit_%s")

    def clean(self) -> dict[str, Any]:
        """One owner at most."""
        data = super().clean() or self.cleaned_data
        if data.get("owner") and data.get("owner_name"):
            self.add_error("owner_name", "Choose one of the project, or write somebody else’s name: one of the two.")
        return data

    def values(self) -> dict[str, Any]:
        """Return what was written, as the service takes it; one query where somebody is named the owner."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "revision"}
        data["owner"] = User.objects.filter(pk=data["owner"]).first() if data["owner"] else None
        return data

    def say(self) -> None:
        """Put words in the place of keys, where both values are shown side by side."""
        data = self.cleaned_data
        data["owner"] = self.names.get(data.get("owner") or 0, "")
        data["severity"] = dict(Severity.choices).get(data.get("severity") or 0, "")


def values_of(case: ProductionCase) -> dict[str, Any]:
    """Return what a case says, as its form has it."""
    return {name: case.owner_id if name == "owner" else getattr(case, name) for name in CaseForm.base_fields}


def said_of(case: ProductionCase) -> dict[str, Any]:
    """Return what a case says in words, by the names of the form's visible fields."""
    values = values_of(case) | {
        "owner": case.owner.name if case.owner else "",
        "severity": case.get_severity_display(),
    }
    del values["revision"]
    return values


class NoteForm(forms.Form):
    """A note to a case."""

    text = Text("Note", most=LONGEST_NOTE, rows=3, help_text="What was found, what was done, what comes next.")
    for_customer = forms.BooleanField(label="Stands in the client’s version of the review too", required=False)


class EscalateForm(forms.Form):
    """How far up a case is to go, and why."""

    level = forms.TypedChoiceField(
        label="To", coerce=int, choices=[*((str(level), words) for level, words in LEVELS), ("0", NO_LEVEL)]
    )
    reason = Text(
        "Reason", most=LONGEST_REASON, rows=2, help_text="What it does to the client, what was tried, by when."
    )
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class CaseMoveForm(forms.Form):
    """One move of a case."""

    move = forms.CharField(max_length=40)
    revision = forms.IntegerField(min_value=0)
    note = forms.CharField(label="Reason", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 2}))


class ReviewForm(forms.Form):
    """A review that was held with the client."""

    held_on = date_field("Held on")
    note = Text("What came of it", most=LONGEST_NOTE, rows=3, required=False)


class VersionForm(forms.Form):
    """For whom the agenda is; ours unless told."""

    version = forms.ChoiceField(required=False, choices=[("client", "The client’s")])


class KeyForm(forms.Form):
    """What a machine is to send."""

    intake = forms.ChoiceField(label="What it sends")

    def __init__(self, *args: Any, offered: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["intake"].choices = list(offered)  # type: ignore[attr-defined]


# The list ------------------------------------------------------------------------------------------------------------------

SHOWN = (("open", "Open"), ("closed", "Closed"), ("escalated", "Escalated"), ("mine", "Mine"), ("all", "All"))


@dataclass(frozen=True, slots=True)
class CaseFilter(Filter):
    """Which cases; those that are open unless told otherwise."""

    show: str = "open"
    q: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the page differs from the default."""
        return replace(self, page=1) != CaseFilter()


class CaseFilterForm(ListForm):
    """The parameters of the list."""

    show = _choice("part of the list", SHOWN)
    q = forms.CharField(required=False, max_length=100)
    format = _choice("format", [("csv", "CSV"), ("xlsx", "XLSX")])
