"""What people send with a decision, to pass one on, and to add to a document. Forms validate only; services act."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import URLValidator

from accounts.models import Side, User
from projects.evidence import Evidence, sha256
from projects.models.document import LONGEST_LABEL, LONGEST_LINK
from projects.signoff import Party
from transitions.moves import NOTE_LIMIT

#: The most of a statement that is taken back: one has a few thousand characters.
LONGEST_SHOWN = 200_000
ACTS = {
    "approve": "approve", "reject": "reject", "excuse": "excuse", "record-approve": "approve", "record-reject": "reject",
}  # fmt: skip


class DecisionForm(forms.Form):
    """One decision, with the text that was shown: it is held against what is there when the decision is made."""

    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])
    party = forms.ChoiceField(label="For", required=False, choices=[("", ""), *Party.choices])
    note = forms.CharField(label="Reason", required=False, max_length=NOTE_LIMIT)
    reopens = forms.MultipleChoiceField(label="Steps to reopen", required=False)
    shown = forms.CharField(max_length=LONGEST_SHOWN)

    def __init__(self, *args: Any, reopenable: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reopens"].choices = [(path, path) for path in reopenable]  # type: ignore[attr-defined]

    def clean_shown(self) -> dict[str, Any]:
        """Return what was shown, as values."""
        try:
            shown = json.loads(self.cleaned_data["shown"])
        except (json.JSONDecodeError, RecursionError):
            shown = None
        if not isinstance(shown, dict):
            raise forms.ValidationError("What was shown did not come back with the decision. Look at it again.")
        return shown

    @property
    def move(self) -> str:
        """The machine's word for what was chosen."""
        return ACTS[self.cleaned_data["act"]]

    def details(self, evidence: Evidence) -> dict[str, Any]:
        """Return what the move takes."""
        data = self.cleaned_data
        given: dict[str, Any] = {
            "note": data["note"],
            "evidence": evidence,
            "shown": sha256(self.data["shown"].strip()),
        }
        if data["party"]:
            given["party"] = data["party"]
        if self.move == "reject":
            given["reopens"] = tuple(data["reopens"])
        return given


class DelegateForm(forms.Form):
    """To whom a decision is passed, and why. Inside a person is chosen, outside an address is written."""

    to = forms.ModelChoiceField(
        label="To whom", queryset=User.objects.none(), required=False, empty_label="Choose a person",
        error_messages={"invalid_choice": "Choose one of the people in the list."},
    )  # fmt: skip
    email = forms.EmailField(label="E-mail address", required=False, max_length=254)
    name = forms.CharField(label="Name", required=False, max_length=120)
    reason = forms.CharField(label="Why", max_length=500)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if person.side == Side.INTERNAL:
            del self.fields["email"], self.fields["name"]
            people = User.objects.filter(is_active=True, side=Side.INTERNAL).exclude(pk=person.pk).order_by("name")
            self.fields["to"].queryset = people  # type: ignore[attr-defined]
        else:
            del self.fields["to"]
            domain = person.email.rpartition("@")[2]
            self.fields["email"].help_text = f"A colleague’s, at {domain}. They get a mail that leads here."
            self.fields["name"].help_text = "As it shall stand under the decision."
            self.fields["email"].required = self.fields["name"].required = True


class VersionForm(forms.Form):
    """A link as the next version of a document."""

    slug = forms.SlugField(max_length=120, widget=forms.HiddenInput)
    link = forms.CharField(
        label="Link", max_length=LONGEST_LINK, widget=forms.URLInput,
        validators=[URLValidator(schemes=["https"], message="Give a whole address that begins with https://.")],
    )  # fmt: skip
    label = forms.CharField(
        label="Label", required=False, max_length=LONGEST_LABEL, help_text="Such as: after the review"
    )
    file_sha256 = forms.RegexField(
        r"\A[0-9A-Fa-f]{64}\Z", label="SHA-256 of the file", required=False,
        help_text="Shows later that the file is the same. Without it only the link is held fast.",
        error_messages={"invalid": "A SHA-256 has 64 hexadecimal digits."},
    )  # fmt: skip


class VisibleForm(forms.Form):
    """Whether people outside see a document."""

    slug = forms.SlugField(max_length=120, widget=forms.HiddenInput)
    visible = forms.BooleanField(label="Visible to the customer", required=False)
