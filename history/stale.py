"""Two admins, one row: a form carries what it was filled from, and a stale one is shown again instead of saved over.

ux.md, finding 2: stock admin lets the second save silently revert the first.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.forms.models import model_to_dict
from django.http import HttpRequest

if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[Any]
    AnyAdmin = admin.ModelAdmin[Any]
else:
    AnyModelForm = forms.ModelForm
    AnyAdmin = admin.ModelAdmin


def fingerprint(value: object) -> str:
    """Return a short text that differs where `value` (of plain values) does."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:32]


class StaleCheck(AnyModelForm):
    """A form for an existing row that is refused when the row changed since the form was shown."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    is_stale = False
    #: Fields that are no part of what a person compares.
    uncompared: ClassVar[frozenset[str]] = frozenset({"seen"})

    def stored(self) -> object:
        """Return what the row says now, as plain values."""
        raise NotImplementedError

    def remember(self) -> None:
        """Note what the row says, for the hidden field. To be called at the end of `__init__`, before anything is bound."""
        self._stored = fingerprint(self.stored())
        self.initial["seen"] = self._stored

    def refuse_stale(self) -> None:
        """Add an error to each field that the form would write back over somebody's change, with both values.

        Where nothing else is wrong the form then carries what is stored now: sending it once more is a decision.
        """
        if self.instance.pk is None or self.cleaned_data.get("seen") == self._stored:
            return
        differing = [name for name in self.fields if name not in self.uncompared and self._differs(name)]
        if not differing:
            return
        self.is_stale = True
        was_wrong = bool(self.errors)
        for name in differing:
            theirs, yours = self._shown(name, self.initial.get(name)), self._shown(name, self.cleaned_data.get(name))
            self.add_error(name, f"Stored meanwhile: “{theirs}”. In your form: “{yours}”.")
        self.add_error(
            None,
            "Somebody changed this since you opened it; nothing of yours is saved. Compare the fields marked below, "
            "then save again to keep what your form says.",
        )
        # A field that is wrong was not compared: the form stays stale until the person has seen all there is to see.
        if not was_wrong:
            self.carry("seen", self._stored)

    def carry(self, name: str, value: str) -> None:
        """Put what is stored now into a hidden field, though the form shows what was sent."""
        data: Any = self.data
        data = data.copy()
        data[self.add_prefix(name)] = value
        self.data = data

    def _differs(self, name: str) -> bool:
        if name in self.errors:
            return False
        return self._shown(name, self.initial.get(name)) != self._shown(name, self.cleaned_data.get(name))

    def _shown(self, name: str, value: object) -> str:
        value = self.fields[name].prepare_value(value)
        if isinstance(value, list | tuple):
            return "; ".join(map(str, value))
        return "" if value is None else str(value)


class RowForm(StaleCheck):
    """The admin's form of a row of reference data, guarded as above: what it compares are the row's own fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remember()

    def stored(self) -> object:
        """Return the fields of the form as the row has them; of rows that it points to, their keys."""
        values = model_to_dict(self.instance, fields=[name for name in self.fields if name not in self.uncompared])
        return {
            name: sorted(row.pk for row in value) if isinstance(value, list) else value
            for name, value in values.items()
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.refuse_stale()
        return cleaned


class AnswersErrors(AnyAdmin):
    """An admin page that answers 409 where its form is stale and 400 where it is wrong, not 200."""

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Render the form with the status that its errors have."""
        response = super().render_change_form(request, context, *args, **kwargs)
        if context.get("errors"):
            form = context["adminform"].form
            response.status_code = 409 if getattr(form, "is_stale", False) else 400
        return response


class RowAdmin(AnswersErrors):
    """The admin page of a row of reference data, guarded against stale forms."""

    form = RowForm
