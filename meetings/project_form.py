"""What people send to plan a project's meetings. Forms validate only; `project_meetings` acts."""

from __future__ import annotations

from django import forms

from meetings.forms import DayList, minutes_field, time_field
from meetings.project_meetings import RHYTHMS, STEERING_MINUTES, TSM_MINUTES
from meetings.tier import COUNTS
from projects.forms import date_field


class DiscoveryForm(forms.Form):
    """From which day, at which hour; `days` are those that were proposed for them."""

    first = date_field(
        "From", help_text="Three working days from then on, one after the other where that hour is free."
    )
    at = time_field("Begins", help_text="Eastern time, 90 minutes each.")
    days = DayList(required=False, max_length=200)


class TsmForm(forms.Form):
    """How many meetings, at which hour."""

    count = forms.TypedChoiceField(
        label="Meetings before go-live", coerce=int, choices=[(number, str(number) if number else "None") for number in COUNTS],
        error_messages={"invalid_choice": "There are none, 1, 2 or 4."},
    )  # fmt: skip
    at = time_field("Begins", help_text="Eastern time.")
    minutes = minutes_field(initial=TSM_MINUTES)


class SteeringForm(forms.Form):
    """From which day, at which hour, how often."""

    first = date_field("First meeting")
    at = time_field("Begins", help_text="Eastern time.")
    minutes = minutes_field(initial=STEERING_MINUTES)
    rhythm = forms.ChoiceField(label="How often", choices=RHYTHMS)
