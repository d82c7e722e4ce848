"""What people send to import a sheet, in every room that imports some. Forms validate only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator


class UploadForm(forms.Form):
    """A sheet to be imported, of so many rows at most."""

    file = forms.FileField(
        label="Sheet", max_length=150, error_messages={"required": "Choose a sheet first."},
        validators=[FileExtensionValidator(["xlsx", "csv"], "Choose an .xlsx or a .csv file.")],
    )  # fmt: skip

    def __init__(self, *args: Any, most_rows: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = f"XLSX or CSV, {most_rows:,} rows at most."


class ApplyForm(forms.Form):
    """The act itself: what was looked at."""

    fingerprint = forms.CharField(max_length=64, widget=forms.HiddenInput)
