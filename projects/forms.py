"""What people send. Forms validate only; services act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Self

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet

from accounts.models import Side, User
from accounts.paths import is_own_path
from projects.models import ProjectStep
from projects.models.comment_request import LONGEST_ANSWER
from projects.people import Person
from projects.rename import REASON_LIMIT
from projects.schedule import EARLIEST, LATEST
from transitions.machine import MoveSpec
from transitions.moves import NOTE_LIMIT
from transitions.phase import Phase


class DateInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


#: The ways in which people of a US company write a date.
DATE_FORMATS = ["%Y-%m-%d", "%m/%d/%Y", "%b %d, %Y", "%B %d, %Y"]


def date_field(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    """Return a date field that takes 2026-11-24, 11/24/2026 and Nov 24, 2026."""
    return forms.DateField(
        label=label, required=required, help_text=help_text, widget=DateInput(), input_formats=DATE_FORMATS,
        error_messages={"invalid": "Write the date as 2026-11-24 or Nov 24, 2026."},
        validators=[
            MinValueValidator(EARLIEST, f"Choose a date from {EARLIEST} on."),
            MaxValueValidator(LATEST, f"Choose a date up to {LATEST}."),
        ],
    )  # fmt: skip


class MoveForm(forms.Form):
    """One move of a project or a step: its name, the revision seen, and what the move asks for.

    Which of the optional fields a move needs is the machine's to say (`MoveSpec.missing`), so that the page, the command and
    the API refuse alike; here only their shape is checked.
    """

    move = forms.CharField(max_length=40)
    revision = forms.IntegerField(min_value=0)
    note = forms.CharField(label="Reason", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 3}))
    owner = forms.TypedChoiceField(label="Who clears it", required=False, coerce=int, empty_value=None)
    until = date_field("By when", required=False)
    phase = forms.ChoiceField(label="Back to", required=False, choices=[("", "Choose a phase"), *Phase.choices])
    reopens = forms.MultipleChoiceField(
        label="Steps to reopen", required=False, widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    next = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, people: Iterable[Person] = (), reopenable: Iterable[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", "Choose a person"), *((p.id, p.name) for p in people)]  # type: ignore[attr-defined]
        self.fields["reopens"].choices = list(reopenable)  # type: ignore[attr-defined]

    def details(self, spec: MoveSpec) -> dict[str, Any]:
        """Return what the move takes besides its note, as `perform()` wants it."""
        data = self.cleaned_data
        given: dict[str, Any] = {}
        if "owner" in spec.details and data["owner"]:
            given["owner"] = User.objects.filter(pk=data["owner"], is_active=True).first()
        if "until" in spec.details and data["until"]:
            given["until"] = data["until"]
        if "phase" in spec.details and data["phase"]:
            given["phase"] = data["phase"]
        if "reopens" in spec.details:
            given["reopens"] = tuple(data["reopens"])
        if "shown" in spec.details:
            given["shown"] = ""  # this form shows nothing to decide on: there is a page for that
        return given


class DueDateForm(forms.Form):
    """Another due date for a step."""

    due = date_field("Due")
    reason = forms.CharField(label="Why", required=False, max_length=500)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class RenameForm(forms.Form):
    """A step's own title on its project."""

    title = forms.CharField(
        label="Title here", required=False, max_length=ProjectStep._meta.get_field("own_title").max_length,
        help_text="Empty: as in the playbook.",
    )  # fmt: skip
    reason = forms.CharField(label="Why", required=False, max_length=REASON_LIMIT)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    @classmethod
    def of(cls, step: ProjectStep) -> RenameForm:
        """Return the form with what the step is called now."""
        return cls(initial={"title": str(step), "revision": step.revision}, auto_id="rename_%s")


class CustomerForm(forms.Form):
    """Whether people outside the company see a step, and what is asked of them there."""

    visible = forms.BooleanField(label="Visible to everybody outside who has a seat here", required=False)
    note = forms.CharField(
        label="What we ask of them", required=False, max_length=1000, widget=forms.Textarea({"rows": 3}),
        help_text="In plain words. Whoever outside sees the step reads this.",
    )  # fmt: skip
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    @classmethod
    def of(cls, step: ProjectStep) -> CustomerForm:
        """Return the form with what the step says now."""
        now = {"visible": step.visible_to_customer, "note": step.customer_note, "revision": step.revision}
        return cls(initial=now, auto_id="customer_%s")


class ShownFirst(forms.Form):
    """A form that asks for what has consequences elsewhere. Sent again, it carries the values whose consequences were shown.

    Its field `shown` is of the kind of `asked`.
    """

    @property
    def asked(self) -> object:
        """What the consequences follow from; its text is what is carried."""
        raise NotImplementedError

    @property
    def was_shown(self) -> bool:
        """Whether the person has seen what follows from just these values."""
        return bool(self.cleaned_data["shown"] == self.asked)

    def with_shown(self) -> Self:
        """Return the form as it was sent, to be sent again by somebody who sees what follows."""
        sent: Any = self.data
        seen = sent.copy()
        seen["shown"] = str(self.asked)
        return type(self)(seen, initial=self.initial)


class GoLiveForm(ShownFirst):
    """Another target go-live for a project."""

    target_go_live = date_field("Target go-live")
    reason = forms.CharField(label="Why", max_length=500)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    shown = forms.DateField(required=False, widget=forms.HiddenInput)

    @property
    def asked(self) -> object:
        """The date."""
        return self.cleaned_data["target_go_live"]


def _active(*, outside: bool) -> QuerySet[User]:
    """Return the people who are not deactivated, of one side of the table."""
    ours = Q(side=Side.INTERNAL)
    return User.objects.filter(~ours if outside else ours, is_active=True)


class PersonForm(forms.Form):
    """Somebody for a seat, or for a letter of one step; nobody empties it."""

    person = forms.ModelChoiceField(
        label="Person", queryset=User.objects.none(), required=False, empty_label="Nobody yet",
        error_messages={"invalid_choice": "Choose one of the people in the list."},
    )  # fmt: skip

    def __init__(self, *args: Any, side: str = "", **kwargs: Any) -> None:
        """`side`: of the role whose seat it is; only people of that side of the table are offered."""
        super().__init__(*args, **kwargs)
        people = _active(outside=side != Side.INTERNAL) if side else User.objects.filter(is_active=True)
        self.fields["person"].queryset = people.order_by("name")  # type: ignore[attr-defined]


class SeatForm(PersonForm):
    """Somebody for a seat. `seen` says who sat there when the form was shown."""

    seen = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)


class NameOnStepForm(PersonForm):
    """A person named as responsible or accountable on one step."""

    letter = forms.ChoiceField(choices=[("R", "Responsible"), ("A", "Accountable")])
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class CommentForm(forms.Form):
    """A comment that was asked, as plain text."""

    text = forms.CharField(
        label="Your comment", max_length=LONGEST_ANSWER, widget=forms.Textarea({"rows": 8}),
        help_text="Plain text. It is kept with the step and cannot be changed later; you can add to it until the step closes.",
    )  # fmt: skip


class NoticesForm(forms.Form):
    """Which notices were read, as ids with commas between."""

    notices = forms.RegexField(r"^[0-9]{1,18}(,[0-9]{1,18})*$", max_length=20_000)
    unread = forms.BooleanField(required=False)
    next = forms.CharField(required=False, max_length=300)

    def ids(self) -> list[int]:
        """Return the ids, each once."""
        return list(dict.fromkeys(int(pk) for pk in self.cleaned_data["notices"].split(",")))


class SnoozeForm(NoticesForm):
    """Until when notices are put off; `today` is the person's."""

    until = forms.ChoiceField(choices=[(value, value) for value in ("tomorrow", "next-week", "date")])
    day = date_field("Until", required=False)

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Take a day that is to come, a year ahead at most."""
        data = super().clean() or {}
        if data.get("until") == "date" and "day" not in self.errors:
            day = data.get("day")
            if not day or not self.today < day <= self.today + dt.timedelta(days=366):
                self.add_error("day", "Choose a day from tomorrow on, within a year.")
        return data


class SuccessorForm(forms.Form):
    """Who takes over from a person, for the preview."""

    successor = forms.ModelChoiceField(
        label="Who takes over", queryset=User.objects.none(), required=False, empty_label="Nobody: seats become empty",
        error_messages={"invalid_choice": "Choose one of the people in the list."},
    )  # fmt: skip

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = _active(outside=person.is_outside)
        self.fields["successor"].queryset = people.exclude(pk=person.pk).order_by("name")  # type: ignore[attr-defined]


class ReplaceForm(SuccessorForm):
    """The act itself: what was looked at, and whether the person is deactivated with it."""

    fingerprint = forms.CharField(max_length=64, widget=forms.HiddenInput)
    deactivate = forms.BooleanField(label="Deactivate the account too", required=False)


class WaiverForm(forms.Form):
    """One criterion of the gate set aside."""

    code = forms.CharField(max_length=40, widget=forms.HiddenInput)
    subject = forms.CharField(max_length=160, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label="Reason", max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 3}))
    expires = date_field("Holds until", help_text="At most 180 days from today. After that it blocks again.")


class RevertForm(forms.Form):
    """One field to be taken back. `seen` is what it was seen to be, where it was changed again since."""

    field = forms.CharField(max_length=60)
    seen = forms.CharField(required=False, max_length=20_000, strip=False)
    next = forms.CharField(required=False, max_length=300)


def own_path(address: str, *, fallback: str) -> str:
    """Return `address` if it is a path of this site, else `fallback`: nobody is sent to another host."""
    return address if is_own_path(address) else fallback


def iso(day: dt.date | None) -> str:
    """Return a date as a date input wants it."""
    return day.isoformat() if day else ""
