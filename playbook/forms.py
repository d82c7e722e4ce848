"""What people ask of the playbook browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from playbook.format import RoleData
from playbook.page import Filter
from transitions.phase import Phase


class FilterForm(forms.Form):
    """Which steps of a version to show. Each field may be left empty."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "data-filter": True, "autocomplete": "off"}),
    )
    phase = forms.ChoiceField(required=False, choices=[("", "Any phase"), *Phase.choices])
    role = forms.ChoiceField(required=False, error_messages={"invalid_choice": "This version has no role “%(value)s”."})

    def __init__(self, *args: Any, roles: Iterable[RoleData], **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "filter-%s")
        super().__init__(*args, **kwargs)
        choices = [("", "Any role"), *((role.code, f"{role.code} · {role.name}") for role in roles)]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]

    def wanted(self) -> Filter:
        """Return the filter, without what could not be read."""
        self.full_clean()
        return Filter(**self.cleaned_data)
