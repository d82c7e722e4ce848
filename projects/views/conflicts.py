"""Two people, one value: the second sees both and chooses. Nothing is written over (design.md, Moves)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from projects.forms import iso
from projects.page import short_date
from transitions.clock import business_day


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a form that says otherwise than the row by now."""

    label: str
    stored: str
    yours: str


def show_conflict(form: forms.Form, *, stored: Mapping[str, object], carries: Mapping[str, object]) -> None:
    """Lay both values side by side on a form that was refused as stale.

    Args:
        form: bound and valid; it keeps what was typed.
        stored: what the row says by now, by the names of the form's visible fields.
        carries: what its hidden fields are to say from now on (the row's revision), so that sending it once more is a choice.
    """
    differences = [
        Difference(str(form.fields[name].label or name), words(value), words(form.cleaned_data.get(name)))
        for name, value in stored.items()
        if words(value) != words(form.cleaned_data.get(name))
    ]
    sent: Any = form.data  # a QueryDict
    data = sent.copy()
    for name, value in carries.items():
        data[form.add_prefix(name)] = iso(value) if isinstance(value, dt.date) else str("" if value is None else value)
    form.data = data
    form.conflict = differences  # type: ignore[attr-defined]


def words(value: object) -> str:
    """Return a value as people read it: a date as `Nov 24`, a person by name, nothing as `–`."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return short_date(value, business_day()) if isinstance(value, dt.date) else str(value)
