"""What people send to an Integration Summary. Forms validate only; services act."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from handoff.summary.completeness import Said
from handoff.summary.fields import LONGEST_NOTE, LONGEST_REASON, Field, Kind
from handoff.summary.filling import NO_REASON, NO_VALUE
from handoff.summary.values import clean

SAVE, SKIP, TAKE = "save", "not_applicable", "take"


class FieldForm(forms.Form):
    """One field of the summary: what it is to say, or why it does not apply, and the revision that was seen."""

    value = forms.CharField(required=False, strip=False)
    reason = forms.CharField(label="Why it does not apply", required=False, max_length=LONGEST_REASON)
    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    act = forms.ChoiceField(choices=[(SAVE, "Save"), (SKIP, "Does not apply"), (TAKE, "Take over")], required=False)

    def __init__(self, field: Field, said: Said, data: Any = None) -> None:
        initial = {"value": said.value, "reason": said.reason, "revision": said.revision}
        super().__init__(data, auto_id=f"%s-{field.key}", initial=initial)
        self.field, self.said = field, said
        value = self.fields["value"]
        value.label, value.help_text = field.title, field.hint
        if field.kind is not Kind.LINE:
            value.widget = forms.Textarea({"rows": 2 if field.kind is Kind.LINKS else 3})

    def clean(self) -> dict[str, Any]:
        """Read what is meant: a reason alone says that the field does not apply, whichever button sent it."""
        data = super().clean() or self.cleaned_data
        value, reason = data.get("value") or "", data.get("reason") or ""
        act = data.get("act") or SAVE
        if act == SAVE and reason and not value.strip() and reason != self.said.reason:
            act = SKIP
        data["act"] = act
        if act == SKIP and not reason and "reason" not in self.errors:
            self.add_error("reason", NO_REASON)
        if act == SAVE:
            self._check_value(value)
        return data

    def _check_value(self, value: str) -> None:
        try:
            value = clean(self.field, value)
        except ValidationError as wrong:
            self.add_error("value", wrong)
        else:
            if not value and self.said.is_open:
                self.add_error("value", NO_VALUE)


class FillForm(forms.Form):
    """The wish to fill what the project knows; there is nothing to say with it."""


class AcceptForm(forms.Form):
    """The summary as it was looked at, and a word with it."""

    note = forms.CharField(
        label="Note", required=False, max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 2}),
        help_text="What was looked at together, or is still to come.",
    )  # fmt: skip
    digest = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
