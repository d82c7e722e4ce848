"""What people send with a decision, to pass one on, and of a document. Forms validate only; services act."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import URLValidator

from accounts.models import Side, User
from playbook.vocabulary import LONGEST_DOCUMENT
from projects.evidence import Evidence, sha256
from projects.files import ENDINGS, size_words
from projects.models.document import LONGEST_LABEL, LONGEST_LINK, ONE_OF_TWO
from projects.parties import Party
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
        if not person.is_outside:
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
    """A link or a file as the next version of a document or section."""

    section = forms.CharField(required=False, max_length=LONGEST_DOCUMENT, widget=forms.HiddenInput)
    seen = forms.IntegerField(required=False, min_value=0, max_value=32_767, widget=forms.HiddenInput)
    link = forms.CharField(
        label="Link", required=False, max_length=LONGEST_LINK, widget=forms.URLInput,
        validators=[URLValidator(schemes=["https"], message="Give a whole address that begins with https://.")],
        help_text="To where it lies, with the part of the page where there is one: https://…#invoices",
    )  # fmt: skip
    upload = forms.FileField(
        label="Or a file", required=False, error_messages={"empty": "The file is empty. Choose another one."}
    )
    label = forms.CharField(
        label="Label", required=False, max_length=LONGEST_LABEL, help_text="Such as: after the review"
    )
    file_sha256 = forms.RegexField(
        r"\A[0-9A-Fa-f]{64}\Z", label="SHA-256 of the linked file", required=False,
        help_text="Shows later that it is the same. Without it only the link is held fast.",
        error_messages={"invalid": "A SHA-256 has 64 hexadecimal digits."},
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds, most = ", ".join(ENDINGS), size_words(settings.UPLOAD_LIMIT)
        self.fields["upload"].help_text = f"{most} at most: {kinds}. Whoever may see the document can load it down."
        self.fields["upload"].widget.attrs["accept"] = ",".join(f".{ending}" for ending in ENDINGS)

    def clean(self) -> dict[str, Any]:
        """Take one of the two."""
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("link")) == bool(data.get("upload")):
            self.add_error("link", ONE_OF_TWO)
        return data


class SectionMoveForm(forms.Form):
    """A move of a section, as a form sends it."""

    section = forms.CharField(required=False, max_length=LONGEST_DOCUMENT, widget=forms.HiddenInput)
    move = forms.CharField(max_length=40, widget=forms.HiddenInput)
    revision = forms.IntegerField(required=False, min_value=0, max_value=2_147_483_647, widget=forms.HiddenInput)
    note = forms.CharField(label="Why", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea(attrs={"rows": 3}))
    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)


class VisibleForm(forms.Form):
    """Whether people outside see a document."""

    visible = forms.BooleanField(label="Visible to the customer", required=False)
