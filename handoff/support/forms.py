"""What people send about support. Forms validate only; services act."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import User
from handoff.support.vocabulary import LONGEST_REASON
from projects.forms import date_field

#: What can be done to a period that runs, by what the page sends.
ACTS = [("evaluate", "Evaluate"), ("extend", "Extend"), ("end", "End")]


def _reason(label: str, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=LONGEST_REASON, widget=forms.Textarea({"rows": 3}),
        help_text="For us: it stands in no letter to the biller.",
    )  # fmt: skip


class ActForm(forms.Form):
    """Which of the forms below was sent."""

    act = forms.ChoiceField(choices=ACTS)


class EvaluateForm(forms.Form):
    """How support went, and whether it goes on."""

    goes_on = forms.ChoiceField(
        label="Does it go on?", widget=forms.RadioSelect,
        choices=[("yes", "Yes, until the day below"), ("no", "No, the help desk takes over when its days are over")],
    )  # fmt: skip
    until = date_field("Goes on until", required=False, help_text="The first day on which the help desk supports.")
    note = _reason("What was seen", required=True)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["goes_on"] == "yes" and not cleaned.get("until"):
            self.add_error("until", "Say until when it goes on.")
        if cleaned["goes_on"] == "no" and cleaned.get("until"):
            self.add_error("until", "Where it does not go on there is no day: leave this empty, or choose Yes.")
        return cleaned


class ExtendForm(forms.Form):
    """A later end, and why."""

    until = date_field("Until", help_text="The first day on which the help desk supports; a year ahead at most.")
    note = _reason("Why it needs more time", required=True)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class EndForm(forms.Form):
    """An end now; before its day with a reason, which the service asks for."""

    note = _reason("Why now", required=False)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class TsmForm(forms.Form):
    """Who supports the biller."""

    tsm = forms.ModelChoiceField(
        label="TSM", queryset=User.objects.none(), empty_label="Choose somebody",
        error_messages={"invalid_choice": "Choose one of the people in the list."},
    )  # fmt: skip
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tsm"].queryset = people.order_by("name", "pk")  # type: ignore[attr-defined]


class ContactForm(forms.Form):
    """Who of the biller's gets the letters."""

    contact = forms.ModelChoiceField(
        label="Contact at the biller", queryset=User.objects.none(), empty_label="Choose somebody",
        error_messages={"invalid_choice": "Choose one of the people in the list."},
        help_text="Gets the letters; no project opens to them by it. Who is not in the list is invited first.",
    )  # fmt: skip
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"].queryset = people.order_by("name", "pk")  # type: ignore[attr-defined]


class ListForm(forms.Form):
    """Which periods are looked at. What makes no sense is taken as not said."""

    mine = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=1_000_000)

    def said(self) -> dict[str, Any]:
        """Return what was understood."""
        self.full_clean()
        return {"mine": bool(self.cleaned_data.get("mine")), "page": self.cleaned_data.get("page") or 1}


FORMS: dict[str, type[forms.Form]] = {"evaluate": EvaluateForm, "extend": ExtendForm, "end": EndForm}
