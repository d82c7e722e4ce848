"""What people send about packages. Forms validate only; services act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from handoff.models.package import LONGEST_GAP, LONGEST_SETTLEMENT
from transitions.moves import NOTE_LIMIT

#: So many gaps the form has room for; more of them come with the next return.
ROWS = 6


class BuildForm(forms.Form):
    """Ask for a package. There is nothing to fill in."""


class AcceptForm(forms.Form):
    """Accept a package, with a note or without."""

    note = forms.CharField(label="Note", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 2}))
    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class ReturnForm(AcceptForm):
    """Return a package with the gaps that it has, each with who sees to it.

    Args:
        owners: (id, name) of those who may own a gap.
    """

    def __init__(self, *args: Any, owners: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Whoever runs the project"), *owners]
        for row in range(1, ROWS + 1):
            self.fields[f"gap_{row}"] = forms.CharField(label=f"Gap {row}", required=False, max_length=LONGEST_GAP)
            self.fields[f"owner_{row}"] = forms.TypedChoiceField(
                label=f"Who sees to gap {row}", choices=choices, required=False, coerce=int, empty_value=None
            )

    def clean(self) -> dict[str, Any]:
        """Gather the gaps: what is empty is none, and one there has to be."""
        data: dict[str, Any] = super().clean() or {}
        rows = [(data.get(f"gap_{row}") or "", data.get(f"owner_{row}"), row) for row in range(1, ROWS + 1)]
        for text, owner, row in rows:
            if owner and not text and f"gap_{row}" not in self.errors:
                self.add_error(f"gap_{row}", "Say what is missing, or take the name away.")
        data["gaps"] = [(text, owner) for text, owner, _ in rows if text]
        if not data["gaps"] and not self.errors:
            raise ValidationError({"gap_1": "Name what is missing: at least one gap."})
        return data


class SettleForm(forms.Form):
    """Say how a gap was settled."""

    note = forms.CharField(
        label="How it was settled", max_length=LONGEST_SETTLEMENT, widget=forms.Textarea({"rows": 2})
    )
