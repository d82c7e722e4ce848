"""What the registry is asked for and sent. Forms validate only; `projects.registry` acts."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from projects.filters import Filter, ListForm, _choice, _flag
from projects.forms import ShownFirst, date_field
from projects.models import Biller, CoreSystem, CoreSystemProduct, Product, Stage, State, Vertical
from projects.registry import seen_of

#: The values of the filter for what is not entered.
NO_STATE = ("none", "State not entered")


@dataclass(frozen=True, slots=True)
class BillerFilter(Filter):
    """Which billers."""

    q: str = ""
    vertical: str = ""
    state: str = ""
    enterprise: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether some billers are left out."""
        return replace(self, page=1) != BillerFilter()

    def condition(self) -> Q:
        """Return what is asked of a biller."""
        parts = [Q()]
        if self.q:
            parts.append(Q(name__icontains=self.q) | Q(code__icontains=self.q))
        if self.vertical:
            parts.append(Q(vertical=self.vertical))
        if self.state:
            parts.append(Q(state="" if self.state == NO_STATE[0] else self.state))
        if self.enterprise:
            parts.append(Q(enterprise=True))
        return Q(*parts)


class BillerListForm(ListForm):
    """The parameters of the list of billers."""

    q = forms.CharField(required=False, max_length=100)
    vertical = _choice("vertical", Vertical.choices)
    state = _choice("state", [NO_STATE, *State.choices])
    enterprise = _flag("enterprise")
    format = _choice("format", [("xlsx", "XLSX")])


@dataclass(frozen=True, slots=True)
class IntegrationFilter(Filter):
    """Which core systems."""

    q: str = ""
    unconfirmed: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether some core systems are left out."""
        return replace(self, page=1) != IntegrationFilter()

    def condition(self) -> Q:
        """Return what is asked of a core system."""
        parts = [Q()]
        if self.q:
            parts.append(Q(name__icontains=self.q) | Q(vendor__name__icontains=self.q))
        if self.unconfirmed:
            waiting = CoreSystemProduct.objects.filter(to_confirm=True).values("core_system")
            parts.append(Q(pk__in=waiting))
        return Q(*parts)


class IntegrationListForm(ListForm):
    """The parameters of the list of integrations."""

    q = forms.CharField(required=False, max_length=100)
    unconfirmed = _flag("unconfirmed")
    format = _choice("format", [("xlsx", "XLSX")])


def _seen() -> forms.CharField:
    return forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class BillerFactsForm(ShownFirst):
    """What is known of a biller. `seen` says what it was filled from."""

    name = forms.CharField(label="Name", max_length=120)
    vertical = forms.ChoiceField(label="Vertical", choices=Vertical.choices)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "Not entered"), *State.choices],
        help_text="For Tax, a customer in a new state is a new integration.",
        error_messages={"invalid_choice": "“%(value)s” is no state of the US: two letters, such as OH."},
    )  # fmt: skip
    enterprise = forms.BooleanField(label="Enterprise: usually gets a TSM", required=False)
    seen = _seen()
    shown = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)

    def said(self) -> dict[str, Any]:
        """Return what the services take."""
        return {name: value for name, value in self.cleaned_data.items() if name != "shown"}

    def supposed(self, biller: Biller) -> Biller:
        """Return the biller as it would be, not saved; itself where nothing that others look at would be another."""
        if not {"vertical", "state", "enterprise"} & set(self.changed_data):
            return biller
        other = copy.copy(biller)
        other.vertical, other.state = self.cleaned_data["vertical"], self.cleaned_data["state"]
        other.enterprise = self.cleaned_data["enterprise"]
        return other

    @property
    def asked(self) -> object:
        """What rooms above look at."""
        return "{vertical} {state} {enterprise}".format(**self.cleaned_data)

    @classmethod
    def filled(cls, biller: Biller) -> dict[str, Any]:
        """Return what the form says of a biller that nobody has changed yet."""
        return {
            "name": biller.name, "vertical": biller.vertical, "state": biller.state, "enterprise": biller.enterprise,
            "seen": seen_of(biller),
        }  # fmt: skip


class NewBillerForm(BillerFactsForm):
    """A biller that has no project yet."""

    field_order = ("name", "code")
    code = forms.RegexField(
        r"^[A-Za-z]{2,6}$", label="Code", max_length=6, help_text="Two to six letters; its projects would begin with it.",
        error_messages={"invalid": "Use two to six letters."},
    )  # fmt: skip

    def said(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {name: value for name, value in super().said().items() if name != "seen"}


class MrrForm(forms.Form):
    """What a biller brings from a day on."""

    as_of = date_field("From")
    amount = forms.DecimalField(
        label="MRR, US dollars", min_value=0, max_digits=12, decimal_places=2,
        widget=forms.TextInput({"inputmode": "decimal"}),
        error_messages={"min_value": "MRR is never below 0.", "invalid": "Write a number, such as 12400 or 12400.50."},
    )  # fmt: skip
    note = forms.CharField(label="Note", required=False, max_length=300)


class CoreSystemForm(forms.Form):
    """A core system and its partner."""

    name = forms.CharField(label="Core system", max_length=120)
    partner = forms.CharField(
        label="Partner", required=False, max_length=120, help_text="The vendor. A new name is added.",
        widget=forms.TextInput({"autocomplete": "off", "list": "partners"}),
    )  # fmt: skip
    seen = _seen()

    @classmethod
    def filled(cls, row: CoreSystem) -> dict[str, Any]:
        """Return what the form says of a core system that nobody has changed yet."""
        return {"name": row.name, "partner": row.vendor.name if row.vendor else "", "seen": seen_of(row)}


class ProductForm(forms.Form):
    """How far a product is on a core system."""

    product = forms.ChoiceField(label="Product", choices=Product.choices)
    stage = forms.ChoiceField(label="How far", required=False, choices=[("", "Not known"), *Stage.choices])
    details = forms.CharField(
        label="Details", required=False, max_length=300, help_text="For whom, and what is particular."
    )
    seen = _seen()

    @classmethod
    def filled(cls, row: CoreSystemProduct) -> dict[str, Any]:
        """Return what the form says of a product that nobody has changed yet."""
        return {"product": row.product, "stage": row.stage, "details": row.details, "seen": seen_of(row)}


class ConfirmForm(forms.Form):
    """What was seen when it was confirmed."""

    seen = _seen()


class LiveCustomerForm(forms.Form):
    """A biller that was live before Gatehouse knew of it, by its code or name."""

    biller = forms.CharField(
        label="Biller", max_length=120, help_text="Its code or its name, as in the list of billers.",
        widget=forms.TextInput({"autocomplete": "off", "list": "billers"}),
    )  # fmt: skip
    since = date_field(
        "Live since", required=False, help_text="Empty where nobody knows any more: before all others, then."
    )
    note = forms.CharField(label="Note", required=False, max_length=300)

    def clean_biller(self) -> Biller:
        """Return the biller that was named."""
        said = str(self.cleaned_data["biller"]).strip()
        found = Biller.objects.filter(Q(code=said.upper()) | Q(name__iexact=said)).order_by("pk").first()
        if found is None:
            raise ValidationError(
                f"There is no biller “{said}”. It comes with its first project, or is added on its list."
            )
        return found


class RemoveForm(forms.Form):
    """Which of the customers from before is taken back."""

    customer = forms.IntegerField(min_value=1, max_value=2**31 - 1)


def in_words(form: forms.Form, names: Iterable[str], row: Any) -> dict[str, object]:
    """Return what the row says by now, by the names of the form's fields, for `show_conflict`."""
    now: dict[str, object] = type(form).filled(row)  # type: ignore[attr-defined]
    return {name: now[name] for name in names}
