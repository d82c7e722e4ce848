"""What people send to the workbook. Forms validate only; services act."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import FileExtensionValidator, URLValidator

from projects import sheet_forms
from projects.forms import date_field
from transitions.machine import MoveSpec
from transitions.moves import NOTE_LIMIT
from workbook.models import Case, Suite
from workbook.vocabulary import (
    LONGEST_LINK,
    LONGEST_REASON,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_FILES,
    Kind,
    Outcome,
    Severity,
)  # fmt: skip


def text_field(label: str, rows: int, *, help_text: str = "", most: int = LONGEST_TEXT) -> forms.CharField:
    """Return a field for a text that may be left empty."""
    return forms.CharField(
        label=label, required=False, max_length=most, widget=forms.Textarea({"rows": rows}), help_text=help_text
    )


class KindForm(forms.Form):
    """Which testing is looked at, and which part of the list. What makes no sense is taken as not said."""

    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    suite = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    page = forms.IntegerField(required=False, min_value=1, max_value=1_000_000)
    outcome = forms.ChoiceField(choices=Outcome.choices, required=False)
    retired = forms.BooleanField(required=False)
    runs = forms.ChoiceField(choices=[("all", "All")], required=False)
    state = forms.ChoiceField(choices=[("open", "Open"), ("closed", "Closed")], required=False)

    def said(self) -> dict[str, Any]:
        """Return what was understood."""
        self.full_clean()
        given: dict[str, Any] = dict.fromkeys(self.fields) | self.cleaned_data
        return given | {"kind": given["kind"] or Kind.SIT.value, "page": given["page"] or 1}


class SuiteForm(forms.Form):
    """A suite, by its title."""

    title = forms.CharField(label="Title of the suite", max_length=LONGEST_TITLE)


class CaseForm(forms.Form):
    """A case: what it says now, and the revision that was seen."""

    suite = forms.ModelChoiceField(
        label="Suite", queryset=Suite.objects.none(), required=False, empty_label="A new one, below",
        error_messages={"invalid_choice": "Choose one of the suites in the list."},
    )  # fmt: skip
    new_suite = forms.CharField(label="New suite", max_length=LONGEST_TITLE, required=False)
    title = forms.CharField(label="Case", max_length=LONGEST_TITLE, help_text="What is tested, in one line.")
    preconditions = text_field("Preconditions", 3)
    steps = text_field("Steps", 6)
    expected = text_field("Expected", 4)
    mandatory = forms.BooleanField(label="Mandatory: the gate asks that it was run", required=False)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, suites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["suite"].queryset = suites  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and bool(cleaned.get("suite")) == bool(cleaned.get("new_suite")):
            self.add_error("suite", "Choose a suite, or name a new one: one of the two.")
        return cleaned

    @classmethod
    def of(cls, case: Case, suites: Any, data: Any = None) -> CaseForm:
        """Return the form of a case that is there: its suite is chosen, not named."""
        names = ("suite", "title", "preconditions", "steps", "expected", "mandatory", "revision")
        form = cls(data, suites=suites, initial={name: getattr(case, name) for name in names})
        del form.fields["new_suite"]
        form.fields["suite"].empty_label = None  # type: ignore[attr-defined]
        form.fields["suite"].required = True
        return form


class ActForm(forms.Form):
    """Where a suite or a case is to go."""

    act = forms.ChoiceField(
        choices=[("up", "Up"), ("down", "Down"), ("retire", "Retire"), ("restore", "Bring back"), ("remove", "Remove")]
    )


#: Excel calls its text in Unicode .txt.
SHEET_ENDINGS = ("xlsx", "csv", "txt")
NO_SHEET = "This is no spreadsheet, or not what its name says: choose an .xlsx or a .csv file."


class ImportForm(forms.Form):
    """A spreadsheet of cases."""

    file = forms.FileField(
        label="Spreadsheet", help_text="XLSX or CSV; 10 MB and 10,000 rows at most.",
        widget=forms.FileInput({"accept": ".xlsx,.csv"}),
        validators=[FileExtensionValidator(SHEET_ENDINGS, NO_SHEET)],
    )  # fmt: skip


class ApplyForm(sheet_forms.ApplyForm):
    """The import that was looked at."""

    draft = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class CriteriaForm(forms.Form):
    """The exit criteria of one kind of testing."""

    share_passed = forms.IntegerField(
        label="Share passed, in per cent", min_value=1, max_value=100,
        help_text="Of the cases that apply. A waived case counts as passed; N/A does not count at all.",
    )  # fmt: skip
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class StartRunForm(forms.Form):
    """A run to begin."""

    build = forms.CharField(label="Build", max_length=80, help_text="What is tested, such as 2026.11.3 on both sides.")
    environment = forms.CharField(
        label="Environment", max_length=80, help_text="Where, such as the biller’s test system."
    )
    due = date_field("Testers are through by", required=False)
    cases = forms.ChoiceField(label="Cases", widget=forms.RadioSelect, initial="all")

    def __init__(self, *args: Any, all_cases: int, again: int, **kwargs: Any) -> None:
        """`all_cases`: how many there are. `again`: how many a retest takes; it is offered where that is not nought."""
        super().__init__(*args, **kwargs)
        choices = [("all", f"All {all_cases:,}")]
        if again:
            choices.append(("again", f"Only what was not good last time, and what is new: {again:,}"))
        self.fields["cases"].choices = choices  # type: ignore[attr-defined]


class FilesInput(forms.FileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, or none."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        """Return the files; what each holds is checked where it is kept."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if len(given) > MOST_FILES:
            raise forms.ValidationError(f"{MOST_FILES} files at most go with one result.")
        return [super(FilesField, self).clean(one, initial) for one in given]


class RecordForm(forms.Form):
    """What a case came to, why, with what evidence, and the defect that it found."""

    outcome = forms.ChoiceField(label="Outcome", widget=forms.RadioSelect)
    note = text_field(
        "What happened", 3, most=LONGEST_REASON,
        help_text="Asked for where it failed, is blocked, does not apply or is waived.",
    )  # fmt: skip
    evidence = FilesField(
        label="Evidence", required=False, help_text=f"Pictures, PDF, logs: {MOST_FILES} files at most."
    )
    defect_title = forms.CharField(label="Defect", required=False, max_length=LONGEST_TITLE)
    severity = forms.TypedChoiceField(
        label="Severity", required=False, coerce=int, empty_value=None, choices=[("", "Choose"), *Severity.choices]
    )
    link = forms.URLField(
        label="Link to the tracker", required=False, max_length=LONGEST_LINK, assume_scheme="https",
        validators=[URLValidator(schemes=["https"])],
    )  # fmt: skip
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, outcomes: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = list(outcomes)  # type: ignore[attr-defined]


def outcomes_for(*, leads: bool) -> list[tuple[str, str]]:
    """Return the outcomes that a tester may record; N/A and waived are said by whoever leads, by name."""
    said = [Outcome.PASSED, Outcome.FAILED, Outcome.BLOCKED, Outcome.RETEST]
    if leads:
        said += [Outcome.NOT_APPLICABLE, Outcome.WAIVED]
    return [(outcome.value, str(outcome.label)) for outcome in said]


class MoveForm(forms.Form):
    """A move of a run or a defect."""

    move = forms.ChoiceField()
    note = forms.CharField(label="Note", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 3}))
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, moves: Sequence[MoveSpec], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["move"].choices = [(spec.name, spec.label) for spec in moves]  # type: ignore[attr-defined]


class DefectForm(forms.Form):
    """A defect, as it is known now."""

    title = forms.CharField(label="Defect", max_length=LONGEST_TITLE)
    severity = forms.TypedChoiceField(label="Severity", coerce=int, choices=Severity.choices)
    link = forms.URLField(
        label="Link to the tracker", required=False, max_length=LONGEST_LINK, assume_scheme="https",
        validators=[URLValidator(schemes=["https"])],
    )  # fmt: skip
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
