"""The form of how one hears: a choice for each kind that reaches the person, and their hours."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms

from accounts.models import User, validate_time_zone
from projects.forms import date_field
from projects.notice_kinds import NoticeKind, Route
from reminders.models import Hours
from reminders.preferences import CHOICES, WHEN, Wants, clock, kinds_for

#: The hours that are offered for the digest: a digest of the evening would tell of a day that is over.
HOURS = tuple(dt.time(hour) for hour in range(5, 19))
#: Offered while somebody types; every other zone is taken too.
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Halifax", "America/St_Johns", "Europe/London", "Europe/Berlin",
    "Asia/Kolkata", "Asia/Manila", "Australia/Sydney", "UTC",
)  # fmt: skip


def time_field(label: str, help_text: str = "") -> forms.TimeField:
    """Return an optional field for an hour on the clock."""
    widget = forms.TimeInput({"type": "time"}, format="%H:%M")
    return forms.TimeField(
        label=label, required=False, widget=widget, help_text=help_text,
        error_messages={"invalid": "Write the hour as 22:00."},
    )  # fmt: skip


class PreferencesForm(forms.Form):
    """How one hears of each kind, and when."""

    digest_at = forms.TypedChoiceField(label="The digest comes at", coerce=dt.time.fromisoformat)
    time_zone = forms.CharField(
        label="Your time zone", max_length=64, validators=[validate_time_zone],
        widget=forms.TextInput({"list": "zones", "autocomplete": "off"}),
        help_text="All hours here are on this clock. A name such as America/New_York.",
    )  # fmt: skip
    quiet_from = time_field("Quiet from")
    quiet_until = time_field("Quiet until", "Nothing is sent at once between these hours.")
    away_from = date_field("Away from", required=False)
    away_until = date_field(
        "Away until", required=False, help_text="The last day away. Sign-offs are mailed all the same."
    )

    def __init__(self, *args: Any, person: User, wants: Wants, today: dt.date, **kwargs: Any) -> None:
        self.person, self.today = person, today
        super().__init__(*args, **{"initial": _initial(person, wants, today), **kwargs})
        if not kinds_for(person):  # nobody sends them anything that could wait
            for name in ("digest_at", "quiet_from", "quiet_until", "away_from", "away_until"):
                del self.fields[name]
            return
        offered = sorted({*HOURS, wants.hours.digest_at})
        self.fields["digest_at"].choices = [(hour.isoformat("minutes"), clock(hour)) for hour in offered]  # type: ignore[attr-defined]
        for _, kinds in kinds_for(person):
            for kind in kinds:
                self.fields[f"kind-{kind.value}"] = forms.ChoiceField(
                    label=kind.label, help_text=WHEN[kind], widget=forms.RadioSelect,
                    choices=[(route.value, route.label) for route in CHOICES],
                    error_messages={"required": "Choose one of the four."},
                )  # fmt: skip

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields of the kinds, by group."""
        return [
            (title, [self[f"kind-{kind.value}"] for kind in kinds]) for title, kinds in kinds_for(self.person)
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Hold what goes together against each other."""
        data = super().clean() or {}
        for first, last, words in (
            ("quiet_from", "quiet_until", "Quiet hours have a beginning and an end."),
            ("away_from", "away_until", "Say the first and the last day away."),
        ):
            if {first, last} & set(self.errors):
                continue
            if bool(data.get(first)) != bool(data.get(last)):
                self.add_error(last if data.get(first) else first, words)
        until = data.get("away_until")
        if until and until < self.today and "away_until" not in self.errors:
            self.add_error("away_until", "That day is over. Leave both days empty where you are back.")
        return data

    def routes(self) -> dict[NoticeKind, Route]:
        """Return the way chosen for each kind."""
        return {
            kind: Route(self.cleaned_data[f"kind-{kind.value}"])
            for _, kinds in kinds_for(self.person)
            for kind in kinds
        }

    def hours(self) -> dict[str, Any]:
        """Return the hours as `set_hours` takes them."""
        data = self.cleaned_data
        if "digest_at" not in self.fields:
            return {"time_zone": data["time_zone"]}
        return {
            "digest_at": data["digest_at"],
            "time_zone": data["time_zone"],
            "quiet": (data["quiet_from"], data["quiet_until"]) if data["quiet_from"] else None,
            "away": (data["away_from"], data["away_until"]) if data["away_from"] else None,
        }


def _initial(person: User, wants: Wants, today: dt.date) -> dict[str, Any]:
    hours: Hours = wants.hours
    gone = hours.away_until is not None and hours.away_until < today
    chosen = {f"kind-{kind.value}": route.value for kind, route in wants.routes.items()}
    return chosen | {
        "digest_at": hours.digest_at.isoformat("minutes"), "time_zone": person.time_zone,
        "quiet_from": hours.quiet_from, "quiet_until": hours.quiet_until,
        "away_from": None if gone else hours.away_from, "away_until": None if gone else hours.away_until,
    }  # fmt: skip
