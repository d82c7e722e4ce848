"""Forms of status updates, and of the weekly report."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from accounts.models import Side, User
from projects.filters import ListForm, _number
from projects.health import REASON_NEEDED, Health
from projects.models.status_update import LONGEST_REASON, LONGEST_UPDATE

#: A report goes to so many colleagues at once.
MOST_RECIPIENTS = 50


class PlainField(forms.CharField):
    """Plain text whose line breaks are one character each, as the browser counts them."""

    def to_python(self, value: Any) -> str:
        """Return the text with `\\n` for every line break."""
        return str(super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n").strip()


class UpdateForm(forms.Form):
    """One status update."""

    health = forms.ChoiceField(
        label="Health", choices=Health.choices, widget=forms.RadioSelect,
        error_messages={
            "required": "Say how the project does.", "invalid_choice": "“%(value)s” is no health that an update knows.",
        },
    )  # fmt: skip
    reason = PlainField(
        label="Why", required=False, max_length=LONGEST_REASON, widget=forms.Textarea({"rows": 2}),
        help_text="Needed where it is at risk, off track or on hold. It stays inside.",
    )  # fmt: skip
    text = PlainField(
        label="What there is to say", required=False, max_length=LONGEST_UPDATE, widget=forms.Textarea({"rows": 12}),
        help_text="Drafted from what happened since the last update: edit it. Plain text, 4,000 characters at most.",
    )  # fmt: skip
    visible_to_customer = forms.BooleanField(
        label="The customer reads the health and this text too", required=False,
        help_text="The draft names steps, people and reasons: read it as the customer will before you show it.",
    )  # fmt: skip
    key = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Below on track there is a reason."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("health") in REASON_NEEDED and "reason" in data and not data["reason"]:
            self.add_error("reason", f"Say why it is {Health(data['health']).label.lower()}.")
        if data.get("visible_to_customer") and "text" in data and not data["text"]:
            self.add_error("text", "Say something: the customer reads this text, and never the reason.")
        return data


class WeeklyForm(ListForm):
    """The parameters of the weekly report."""

    week = forms.RegexField(
        r"^\d{4}-W\d{2}$", required=False, error_messages={"invalid": "A week is written as 2026-W47."}
    )
    manager = _number("person’s number")


class SendReportForm(forms.Form):
    """Who gets the report by mail."""

    to_me = forms.BooleanField(label="Me", required=False)
    people = forms.ModelMultipleChoiceField(
        label="Colleagues", queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose from the people in the list.", "invalid_pk_value": "Choose from the list."},
    )  # fmt: skip
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inside = User.objects.filter(side=Side.INTERNAL, is_active=True).exclude(pk=person.pk).order_by("name", "pk")
        self.fields["people"].queryset = inside  # type: ignore[attr-defined]

    @classmethod
    def blank(cls, person: User) -> SendReportForm:
        """Return the form as it is shown first."""
        return cls(person=person, initial={"to_me": True, "key": uuid.uuid4()})

    def clean(self) -> dict[str, Any]:
        """Somebody gets it, and not everybody at once."""
        data: dict[str, Any] = super().clean() or {}
        if "people" in data and not data["people"] and not data.get("to_me"):
            self.add_error("people", "Choose who gets it.")
        elif "people" in data and len(data["people"]) > MOST_RECIPIENTS:
            self.add_error("people", f"Choose {MOST_RECIPIENTS} people at most.")
        return data
