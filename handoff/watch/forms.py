"""What people send about the watch. Forms validate only; services act."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import URLValidator

from handoff.watch.vocabulary import (
    LONGEST_CASE,
    LONGEST_LINK,
    LONGEST_NOTE,
    LONGEST_SOURCE,
    MOST_PAYMENTS,
    Outcome,
)  # fmt: skip
from projects.forms import date_field


class ShownForm(forms.Form):
    """Up to which day is looked at. What makes no sense is taken as not said."""

    to = forms.DateField(required=False)

    def day(self) -> dt.date | None:
        """Return the day that was asked for."""
        self.full_clean()
        found: dt.date | None = self.cleaned_data.get("to")
        return found


def _amount(label: str, *, required: bool = True) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=required, min_value=0, max_digits=14, decimal_places=2)


class DayForm(forms.Form):
    """The payments of one day, by hand. `seen` is what the person saw of that day."""

    day = date_field("Day")
    payments = forms.IntegerField(
        label="Payments", min_value=0, max_value=MOST_PAYMENTS, help_text="0 where there were none."
    )
    amount = _amount("Amount, US dollars")
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class ProjectionForm(forms.Form):
    """What was sold. `seen` is what the person saw of the projection from that day."""

    since = date_field("From")
    payments = forms.DecimalField(
        label="Payments a day", min_value=0, max_value=MOST_PAYMENTS, max_digits=10, decimal_places=2,
        help_text="On average; ten a month are 0.33.",
    )  # fmt: skip
    amount = _amount("Amount a day, US dollars", required=False)
    source = forms.CharField(
        label="Where the numbers are from",
        required=False,
        max_length=LONGEST_SOURCE,
        help_text="The order, the sales deck.",
    )
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class RevisionForm(forms.Form):
    """The row as it was seen."""

    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class AnomalyForm(forms.Form):
    """What became of an anomaly; `last` is its last day as it was seen."""

    outcome = forms.ChoiceField(
        label="What became of it", choices=Outcome.choices, widget=forms.RadioSelect,
        error_messages={"required": "Choose what became of it."},
    )  # fmt: skip
    case_number = forms.CharField(
        label="Number of the Client Services case", required=False, max_length=LONGEST_CASE,
        help_text="For a change of scope: the case that was opened, and whose number the biller has.",
    )  # fmt: skip
    case_link = forms.URLField(
        label="Link to the case", required=False, max_length=LONGEST_LINK, assume_scheme="https",
        validators=[URLValidator(schemes=["https"])], error_messages={"invalid": "Write a link that begins with https://."},
    )  # fmt: skip
    note = forms.CharField(
        label="What was done, or what it was",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 3}),
    )
    last = forms.DateField(widget=forms.HiddenInput)

    def values(self) -> dict[str, Any]:
        """Return what `dispose` takes."""
        return dict(self.cleaned_data)
