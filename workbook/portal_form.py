"""What people send from the pages of a test: a result, a signature. Forms validate only; services act."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from transitions.moves import NOTE_LIMIT
from workbook.tester import SAYABLE, SEVERITIES
from workbook.vocabulary import LONGEST_REASON, MOST_FILES

LARGEST_KEY = 2**63 - 1
#: The most of the head of a statement that is taken back: it has a few hundred characters.
LONGEST_HEAD = 20_000


class PicturesInput(forms.FileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Several files, from whichever inputs bear the field's name."""

    widget = PicturesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the uploads.

        Raises:
            ValidationError: more than go with one result, or an empty one.
        """
        given = data or []
        if len(given) > MOST_FILES:
            raise forms.ValidationError(f"{MOST_FILES} pictures at most go with one result.")
        return [super(PicturesField, self).clean(one, initial) for one in given]


class ResultForm(forms.Form):
    """What one case came to. The buttons are the outcome."""

    outcome = forms.ChoiceField(
        label="Result", choices=[(one.value, one.label) for one in SAYABLE], widget=forms.HiddenInput,
        error_messages={"required": "Say Pass, Fail or Blocked.", "invalid_choice": "Say Pass, Fail or Blocked."},
    )  # fmt: skip
    note = forms.CharField(
        label="What happened", required=False, max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Needed with Fail and Blocked. Everybody who works on this test reads it.",
    )  # fmt: skip
    severity = forms.TypedChoiceField(
        label="How bad is it?", required=False, coerce=int, empty_value=None,
        choices=[("", "I would rather not say"), *((one.value, words) for one, words in SEVERITIES.items())],
        help_text="With an answer, the project team gets it as a defect to mend.",
    )  # fmt: skip
    pictures = PicturesField(label="Pictures", required=False)
    seen = forms.IntegerField(
        min_value=0, max_value=LARGEST_KEY, widget=forms.HiddenInput,
        error_messages={"required": "We could not see what you were looking at. Look at the case again, then choose."},
    )  # fmt: skip

    def given(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {"files" if name == "pictures" else name: value for name, value in self.cleaned_data.items()}


class SignForm(forms.Form):
    """The biller's word on a run, with the digest of what was shown, and its head to say what changed since."""

    ACTS = ("approve", "reject", "record-approve", "record-reject")

    act = forms.ChoiceField(choices=[(act, act) for act in ACTS], error_messages={"required": "Approve, or reject."})
    note = forms.CharField(label="Reason", required=False, max_length=NOTE_LIMIT)
    shown = forms.RegexField(
        r"\A[0-9a-f]{64}\Z",
        error_messages={
            "required": "What was shown did not come back with the decision. Look at it again.",
            "invalid": "What was shown did not come back with the decision. Look at it again.",
        },
    )
    head = forms.CharField(required=False, max_length=LONGEST_HEAD)

    def clean_head(self) -> dict[str, Any]:
        """Return the head of what was shown, as values; nothing where it is not readable."""
        try:
            head = json.loads(self.cleaned_data["head"] or "{}")
        except (json.JSONDecodeError, RecursionError):
            return {}
        return head if isinstance(head, dict) else {}

    def given(self) -> dict[str, Any]:
        """Return what the service takes."""
        act = self.cleaned_data["act"]
        return {
            "decision": "approved" if act.endswith("approve") else "rejected",
            "recorded": act.startswith("record-"),
            "note": self.cleaned_data["note"],
            "shown": self.cleaned_data["shown"],
        }
