"""What people send about series and single meetings. Forms validate only; services act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Side, User
from meetings.models import Series
from meetings.planned import Planned
from meetings.rules import at_wall_clock, in_words, on_weekday, tidy
from meetings.vocabulary import LONGEST_PLACE, LONGEST_RULE, MOST_MINUTES
from projects.forms import date_field
from transitions.moves import NOTE_LIMIT

SCOPES = (("this", "This meeting alone"), ("following", "This and all that follow"), ("all", "The whole series"))


class TimeInput(forms.TimeInput):
    """The browser's own clock."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def time_field(label: str, **kwargs: Any) -> forms.TimeField:
    """Return a field for a time of day, at the meeting's wall clock."""
    wrong = {"invalid": "Write the time as 13:00."}
    return forms.TimeField(label=label, widget=TimeInput(), input_formats=["%H:%M"], error_messages=wrong, **kwargs)


def minutes_field(**kwargs: Any) -> forms.IntegerField:
    """Return a field for how long a meeting takes."""
    return forms.IntegerField(label="Minutes", min_value=5, max_value=MOST_MINUTES, **kwargs)


def inside() -> QuerySet[User]:
    """Return who may host a meeting: everybody of the company."""
    return User.objects.filter(is_active=True, side=Side.INTERNAL).order_by("name")


class DayList(forms.CharField):
    """Days as hidden text with commas between: those of which a person was told that they go."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            return [dt.date.fromisoformat(day) for day in str(value or "").split(",") if day]
        except ValueError:
            raise forms.ValidationError("Open the page anew: these are no days.") from None


def _key(value: Any) -> Any:
    return value.pk if isinstance(value, User) else value


class _Changes(forms.Form):
    """A form that tells which of its values differ from what it was filled with."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    cancels = DayList(required=False, max_length=5000)

    def changes(self, *names: str) -> dict[str, Any]:
        """Return the values of `names` that were changed on the page."""
        return {
            name: self.cleaned_data[name]
            for name in names
            if name in self.fields and _key(self.cleaned_data.get(name)) != self.initial.get(name)
        }

    def told_of(self, days: Iterable[str]) -> None:
        """Let the form, sent once more, agree to the cancelling of meetings on `days`."""
        sent: Any = self.data
        data = sent.copy()
        data[self.add_prefix("cancels")] = ",".join(days)
        self.data = data


def host_field() -> forms.ModelChoiceField[User]:
    """Return a field for a host."""
    return forms.ModelChoiceField(
        label="Host", queryset=inside(), required=False, empty_label="Nobody yet",
        error_messages={"invalid_choice": "Choose one of the people in the list."},
    )  # fmt: skip


class ChangeForm(_Changes):
    """One meeting as it is, for this one, this and following, or all."""

    date = date_field("Day")
    at = time_field("Begins")
    minutes = minutes_field()
    host = host_field()
    place = forms.CharField(label="Place", max_length=LONGEST_PLACE, required=False)
    scope = forms.ChoiceField(label="What is changed", choices=SCOPES, widget=forms.RadioSelect, initial="this")
    rule = forms.CharField(label="Repeats", max_length=LONGEST_RULE, required=False)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, meeting: Planned, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meeting = meeting
        if not meeting.series.rule:
            del self.fields["rule"]
            fields: Any = self.fields
            fields["scope"].choices = [SCOPES[0], SCOPES[2]]
        else:
            words = in_words(meeting.series.rule, meeting.series.starts_on)
            self.fields["rule"].help_text = f"Now: {words}. An RFC 5545 rule; not for this meeting alone."

    @classmethod
    def of(cls, meeting: Planned, data: Any = None) -> ChangeForm:
        """Return the form of a meeting, filled with what it is."""
        return cls(data, initial=values_of(meeting), meeting=meeting, auto_id="change_%s")

    def for_one(self) -> dict[str, Any]:
        """Return what changed of this meeting, as `single.edit_meeting` takes it."""
        values = self.changes("minutes", "host", "place")
        if self.changes("date", "at"):
            data = self.cleaned_data
            values["starts"] = at_wall_clock(data["date"], data["at"], self.meeting.series.zone)
        return values

    def for_series(self) -> dict[str, Any]:
        """Return what changed, as `series.edit_all` and `following.edit_following` take it.

        Another day is another weekday of the rule; `starts_on` is that day then.
        """
        values = self.changes("minutes", "host", "place", "rule")
        moved = self.changes("date", "at")
        if "at" in moved:
            values["starts_at"] = moved["at"]
        if "date" in moved:
            values["starts_on"] = moved["date"]
            values.setdefault("rule", on_weekday(self.meeting.series.rule, moved["date"]) or "")
        return values

    def clean_rule(self) -> str:
        """Keep a rule as it is kept."""
        return tidy(self.cleaned_data["rule"])

    def clean(self) -> dict[str, Any]:
        """Refuse another day for a series whose rule says more than a weekday, and a rule for one meeting."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        one, series = data["scope"] == "this", self.meeting.series
        if one and self.changes("rule"):
            self.add_error("rule", "One meeting does not repeat. Choose which of them are changed, or leave the rule.")
        if not one and self.changes("date"):
            if not series.rule:
                self.add_error("date", "Single days are moved one by one: choose “This meeting alone”.")
            elif not self.changes("rule") and on_weekday(series.rule, data["date"]) is None:
                self.add_error(
                    "date", "The rule says more than a weekday: write another rule below, or move this one alone."
                )
        return data


def values_of(meeting: Planned) -> dict[str, Any]:
    """Return what a meeting is, as its form has it."""
    series, row = meeting.series, meeting.row
    host = row.host if row and row.host else series.host
    return {
        "date": meeting.held_on, "at": meeting.starts.astimezone(series.zone).time(), "host": host.pk if host else None,
        "minutes": row.minutes if row and row.minutes else series.minutes, "place": meeting.place, "rule": series.rule,
        "scope": "this", "revision": series.revision, "seen": row.revision if row else 0,
    }  # fmt: skip


class SeriesForm(_Changes):
    """A whole series as its host writes it; what only an administrator says of it is in the admin."""

    title = forms.CharField(label="Title", max_length=120)
    rule = forms.CharField(label="Repeats", max_length=LONGEST_RULE, required=False)
    starts_at = time_field("Begins")
    minutes = minutes_field()
    host = host_field()
    place = forms.CharField(label="Place", max_length=LONGEST_PLACE, required=False)

    def __init__(self, *args: Any, series: Series, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not series.rule:
            del self.fields["rule"]
        else:
            words = in_words(series.rule, series.starts_on)
            self.fields["rule"].help_text = f"Now: {words}. An RFC 5545 rule, such as FREQ=WEEKLY;BYDAY=TU."

    @classmethod
    def of(cls, series: Series, data: Any = None) -> SeriesForm:
        """Return the form of a series, filled with what it says."""
        return cls(data, initial=values_of_series(series), series=series, auto_id="series_%s")

    def clean_rule(self) -> str:
        """Keep a rule as it is kept."""
        return tidy(self.cleaned_data["rule"])

    def values(self) -> dict[str, Any]:
        """Return what changed, as `series.edit_all` takes it."""
        return self.changes("title", "rule", "starts_at", "minutes", "host", "place")


def values_of_series(series: Series) -> dict[str, Any]:
    """Return what a series says, as its form has it."""
    return {
        "title": series.title, "rule": series.rule, "starts_at": series.starts_at, "minutes": series.minutes,
        "host": series.host_id, "place": series.place, "revision": series.revision,
    }  # fmt: skip


class CancelForm(forms.Form):
    """One meeting called off."""

    note = forms.CharField(label="Why", max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 2}))
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class AgainForm(forms.Form):
    """One meeting held after all."""

    note = forms.CharField(label="Why", max_length=NOTE_LIMIT, required=False)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class EndForm(forms.Form):
    """A series ended."""

    day = date_field("First day without it")
    reason = forms.CharField(label="Why", required=False, max_length=500)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class AttendeesForm(forms.Form):
    """Who attends a series."""

    people = forms.ModelMultipleChoiceField(
        label="Attendees", queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose people in the list."},
    )  # fmt: skip

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["people"]
        field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name")
        field.label_from_instance = lambda person: person.name
