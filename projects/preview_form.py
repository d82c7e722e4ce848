"""What a preview of a version is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from projects.forms import date_field
from projects.models import IntegrationKind
from transitions.clock import business_day


class PreviewForm(forms.Form):
    """Kickoff, kind and phased; what is left out is today, a partner integration, and not phased."""

    kickoff = date_field("Kickoff")
    kind = forms.ChoiceField(
        label="Integration",
        choices=IntegrationKind.choices,
        error_messages={"invalid_choice": "“%(value)s” is no kind of integration."},
    )
    phased = forms.BooleanField(label="Goes live in phases", required=False)

    def __init__(self, data: Mapping[str, Any]) -> None:
        asked = {"kickoff": business_day().isoformat(), "kind": IntegrationKind.PARTNER.value}
        asked |= {name: data[name] for name in ("kickoff", "kind", "phased") if name in data}
        super().__init__(asked, auto_id="preview-%s")
