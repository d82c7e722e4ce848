"""The forms of the playbook admin. They check; services write."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from history.stale import StaleCheck, fingerprint
from playbook import vocabulary as words
from playbook.admin.bases import AnyInlineFormSet, AnyModelForm
from playbook.admin.fields import ChangesField, DocumentsField, LinesField, read_codes
from playbook.models import Role, Step, Version
from playbook.nodes import text_problem
from playbook.order import circle_words, circles
from raci.grammar import CellError, RoleCode
from raci.letters import LETTERS, Letter, Raci
from transitions.moves import NOTE_LIMIT

#: The form's field for each letter.
SEATS = {letter: Letter(letter).label.lower() for letter in LETTERS}


def tidy(form: forms.BaseForm, *, lines: frozenset[str] = frozenset()) -> None:
    """Refuse control characters in every text; make the line ends of a browser those of a file.

    Args:
        form: cleaned.
        lines: the fields that may have several lines.
    """
    for name, value in list(form.cleaned_data.items()):
        if isinstance(value, str):
            value = value.replace("\r\n", "\n").strip()
            form.cleaned_data[name] = value
            if problem := text_problem(value, words.LONGEST_GUIDANCE, lines=name in lines):
                form.add_error(name, f"This text: {problem}.")


class RoleForm(AnyModelForm):
    """One role of a draft."""

    class Meta:
        model = Role
        fields = ("code", "name", "team", "side", "manages", "signs_as", "position")
        widgets = {  # noqa: RUF012 - Django's own form
            "code": forms.TextInput(attrs={"size": 6}),
            "name": forms.TextInput(attrs={"size": 26}),
            "team": forms.TextInput(attrs={"size": 18}),
            "position": forms.NumberInput(attrs={"class": "playbook-position"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            self.say_whose(field)

    def say_whose(self, field: forms.Field) -> None:
        """Name a field of the table, which has headings and no labels, for who hears it alone."""
        field.widget.attrs["aria-label"] = f"{field.label} of {self.instance.code or 'a new role'}"

    def clean_code(self) -> str:
        """Refuse a code that no cell could hold."""
        code = str(self.cleaned_data["code"])
        try:
            RoleCode(code)
        except ValueError as error:
            raise ValidationError(f"“{code}” cannot stand in a cell: no slash, no comma, single spaces.") from error
        return code

    def clean(self) -> dict[str, Any]:
        super().clean()
        tidy(self)
        return self.cleaned_data


class RoleFormSet(AnyInlineFormSet):
    """The roles of a draft."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.say_whose(form.fields["DELETE"])


class VersionForm(StaleCheck):
    """What a draft says of itself as a whole."""

    source_file = forms.CharField(required=False, max_length=words.LONGEST_TITLE)
    source_page = forms.CharField(required=False, max_length=words.LONGEST_TITLE)
    changes = ChangesField(
        entry_limit=words.LONGEST_QUESTION,
        label="Change log of the source",
        help_text="One a line: version | date | author | note",
    )
    open_questions = LinesField(
        entry_limit=words.LONGEST_QUESTION, help_text="What the source leaves open. One a line."
    )
    documents = DocumentsField(
        entry_limit=words.LONGEST_QUESTION,
        rows=8,
        help_text="Those that steps write, one a line: slug | title | mandatory. A section as slug/section | title | mandatory. "
        "“live” is kept in Gatehouse itself.",
    )
    roles_seen = forms.CharField(widget=forms.HiddenInput, required=False)
    uncompared = frozenset({"seen", "roles_seen"})

    class Meta:
        model = Version
        fields = ("title", "kind", "changes", "open_questions", "documents", "change_note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("file", "page"):
            self.initial[f"source_{name}"] = self.instance.source.get(name, "")
        roles = [asdict(role.as_data()) for role in self.instance.roles.all()] if self.instance.pk else []
        self._roles = "; ".join(f"{role['code']} {role['name']}" for role in roles)
        self._roles_stored = fingerprint(roles)
        self.initial["roles_seen"] = self._roles_stored
        self.remember()

    def stored(self) -> object:
        """Return the version's own fields."""
        version = self.instance
        return [
            version.title,
            version.kind,
            version.source,
            version.changes,
            version.open_questions,
            version.documents,
            version.change_note,
        ]

    def clean(self) -> dict[str, Any]:
        super().clean()
        tidy(self, lines=frozenset({"change_note"}))
        self.refuse_stale()
        self._refuse_stale_roles()
        self.instance.source = {
            name: value for name in ("file", "page") if (value := self.cleaned_data.get(f"source_{name}"))
        }
        return self.cleaned_data

    def _refuse_stale_roles(self) -> None:
        if self.cleaned_data.get("roles_seen") == self._roles_stored:
            return
        self.is_stale = True
        self.add_error(
            None,
            f"Somebody changed the roles since you opened this; nothing of yours is saved. They are now: {self._roles}.",
        )
        self.carry("roles_seen", self._roles_stored)


class StepForm(StaleCheck):
    """One step of a draft, with its letters. `version` is set by the admin on a class of its own for each request."""

    version: ClassVar[Version]

    needs = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Steps that come first; those that are ticked stand on top.",
    )
    responsible = forms.CharField(required=False, max_length=words.LONGEST_CELL)
    accountable = forms.CharField(required=False, max_length=words.LONGEST_CELL)
    consulted = forms.CharField(required=False, max_length=words.LONGEST_CELL)
    informed = forms.CharField(required=False, max_length=words.LONGEST_CELL)
    documents = LinesField(entry_limit=words.LONGEST_DOCUMENT, help_text="One a line, such as discovery-page/invoices.")
    open_questions = LinesField(
        entry_limit=words.LONGEST_QUESTION, help_text="What the source leaves open, one a line. Lint reports each."
    )

    class Meta:
        model = Step
        fields = (
            *("key", "title", "phase", "category", "guidance", "raci_source", "applies", "approval", "duration_days"),
            *("needs", "documents", "meeting", "open_questions"),
        )
        labels = {"raci_source": "Cell in the source"}  # noqa: RUF012 - Django's own form
        help_texts = {  # noqa: RUF012 - Django's own form
            "key": "The step's stable name across versions: phase.short-name.",
            "raci_source": "The R / A / C / I cell as the source has it. Kept as it is; the letters above count.",
            "duration_days": "0 for a milestone.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = list(self.version.roles.values_list("code", flat=True))
        others = Step.objects.filter(version=self.version).exclude(pk=self.instance.pk)
        rows = others.values_list("key", "number", "title", "needs")
        self.others = {key: (number, title, needs) for key, number, title, needs in rows}
        self.raci = self.instance.raci if self.instance.pk else Raci()
        for letter, name in SEATS.items():
            self.initial[name] = ", ".join(self.raci.under(letter))
        if "needs" in self.fields:
            self.fields["needs"].choices = self._choices()  # type: ignore[attr-defined]
        if "responsible" in self.fields:
            self.fields["responsible"].help_text = f"Role codes, parted by commas: {', '.join(self.codes)}."
        self.remember()

    def _choices(self) -> list[tuple[str, str]]:
        known = [(key, f"{number}. {title}") for key, (number, title, _) in self.others.items()]
        known.sort(key=lambda choice: choice[0] not in self.instance.needs)
        # A need whose step is gone stays visible, so that saving something else does not drop it unseen.
        gone = [(key, f"{key} (no such step)") for key in self.instance.needs if key not in self.others]
        return gone + known

    def stored(self) -> object:
        """Return the step without its number: others may be moved around it meanwhile."""
        if self.instance.pk is None:
            return None
        return {**asdict(self.instance.as_data()), "number": None}

    def clean_key(self) -> str:
        """Refuse a key that another step of the version has."""
        key = str(self.cleaned_data["key"])
        if key in self.others:
            number, title, _ = self.others[key]
            raise ValidationError(f"Step {number}, “{title}”, has this key already.")
        return key

    def clean_needs(self) -> list[str]:
        """Keep the order that the needs have: boxes are sent in the order of the page."""
        ticked = self.cleaned_data["needs"]
        kept = [key for key in self.instance.needs if key in ticked]
        return [*kept, *(key for key in ticked if key not in kept)]

    def clean(self) -> dict[str, Any]:
        super().clean()
        tidy(self, lines=frozenset({"guidance"}))
        self._read_letters()
        self._refuse_circles()
        self.refuse_stale()
        return self.cleaned_data

    def _read_letters(self) -> None:
        codes: dict[str, tuple[str, ...]] = {}
        for letter, name in SEATS.items():
            try:
                codes[letter] = read_codes(self.cleaned_data.get(name, ""), listed=self.codes)
            except CellError as error:
                said, roles = str(error), ", ".join(self.codes) or "none"
                self.add_error(name, f"{said[0].upper()}{said[1:]}. Roles of this version: {roles}.")
            else:
                self.cleaned_data[name] = ", ".join(codes[letter])
        if len(codes) == len(SEATS):
            self.raci = Raci(**codes)

    def _refuse_circles(self) -> None:
        old, new = self.instance.key, self.cleaned_data.get("key") or self.instance.key
        graph = {new: list(self.cleaned_data.get("needs", ()))}
        for key, (_, _, needs) in self.others.items():
            graph[key] = [new if old and need == old else need for need in needs]
        for circle in circles(graph):
            if new in circle:
                self.add_error("needs", f"These steps would wait for one another for ever: {circle_words(circle)}.")


class _AnyChoices(forms.MultipleChoiceField):
    """Whatever was ticked: perform() says which confirmations are missing, and one too many confirms nothing."""

    def valid_value(self, value: str) -> bool:
        """Take every value."""
        return True


class PublishForm(forms.Form):
    """The note and the confirmations that publishing asks for."""

    note = forms.CharField(
        label="Change note",
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 100}),
        help_text="What is new in this version, for those who read the list of versions.",
        error_messages={"required": "Say what is new in this version."},
    )
    confirmed = _AnyChoices(required=False)
    seen = forms.CharField(required=False)


class RetireForm(forms.Form):
    """The reason that retiring asks for."""

    note = forms.CharField(
        label="Reason",
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 100}),
        error_messages={"required": "Say why no new project should start on this version."},
    )
