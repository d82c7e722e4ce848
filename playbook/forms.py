"""What people ask of the playbook browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from playbook.format import RoleData
from playbook.models import Version
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


class CompareForm(forms.Form):
    """Which two versions to compare, and whether to show what did not change as well."""

    def __init__(self, data: Mapping[str, Any], *, versions: Sequence[Version]) -> None:
        """Take what was asked for; a version that is left out is the newest, and the one before it.

        Args:
            data: the address' parameters.
            versions: those that the reader may see, newest first; at least one.
        """
        asked = {name: value for name in ("from", "to", "show") if (value := data.get(name))}
        newest = [str(version.number) for version in versions]
        asked.setdefault("to", next((number for number in newest if number != asked.get("from")), newest[0]))
        others = [number for number in newest if number != asked["to"]] or newest
        behind = newest[newest.index(asked["to"]) + 1 :] if asked["to"] in newest else []
        asked.setdefault("from", (behind or others)[0])
        super().__init__(asked, auto_id="compare-%s")
        known = ", ".join(reversed(newest))
        for name, label in (("from", "From version"), ("to", "To version")):
            self.fields[name] = forms.TypedChoiceField(
                label=label,
                coerce=int,
                choices=[(version.number, _version_words(version)) for version in versions],
                error_messages={"invalid_choice": f"There is no version “%(value)s” here. There are: {known}."},
            )
        self.fields["show"] = forms.ChoiceField(
            label="Show",
            required=False,
            choices=[("", "Only changes"), ("all", "Everything")],
            error_messages={"invalid_choice": "The page shows only changes, or all, not “%(value)s”."},
        )


def _version_words(version: Version) -> str:
    status = "" if version.status == "published" else f", {version.get_status_display().lower()}"
    return f"Version {version.number}{status}"
