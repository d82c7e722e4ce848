"""A new table of tiers is issued here, beginning with the present one. What was issued is only looked at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from handoff.models import TierBand, TierTable
from handoff.tier.rule import MOST_BANDS, Band, Integration, Support, Terms, check_bands
from handoff.tier.tables import ISSUE, current_table, issue_table, refuse_same

#: Empty lines under the bands that there are, for more of them.
SPARE = 2


class TierTableForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is different, and which version the form began with."""

    based_on = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = TierTable
        fields = ("note",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["based_on"].initial = current_table().version

    def clean_based_on(self) -> int:
        """Refuse a form that somebody else's table has overtaken."""
        based, now = int(self.cleaned_data["based_on"]), current_table().version
        if based != now:
            raise ValidationError(f"Version {now} was issued since you opened this form. Look at it, then begin again.")
        return based


class BandFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The bands of a table. Lines left empty are none."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        bands = self.bands()
        check_bands(bands)
        refuse_same(bands)

    def bands(self) -> list[Band]:
        """Return what was written, in its order."""
        return [_band(form.cleaned_data) for form in self.forms if form.has_changed()]


def _band(data: Any) -> Band:
    terms = Terms(Support(data["support"]), data["days"], int(data["meetings"]), data["open_ended"])
    return Band(Integration(data["integration"]), data["mrr_from"], terms)


class BandInline(admin.TabularInline):  # type: ignore[type-arg]
    model = TierBand
    formset = BandFormSet
    fields = ("integration", "mrr_from", "support", "days", "open_ended", "meetings")
    ordering = ("integration", "mrr_from")
    max_num = MOST_BANDS

    def get_extra(self, request: HttpRequest, obj: models.Model | None = None, **kwargs: Any) -> int:
        return 0 if obj else len(current_table().bands) + SPARE

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return obj is None and bool(request.user.has_perm(ISSUE))

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return True  # whoever sees the table sees its bands


@admin.register(TierTable)
class TierTableAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Issue a new table: added, never changed or deleted."""

    form = TierTableForm
    inlines = (BandInline,)
    list_display = ("__str__", "note", "issued_by", "issued_at")
    list_select_related = ("issued_by",)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        return ["number", "note", "issued_by", "issued_at"] if obj else ["note", "based_on"]

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """Begin with the bands of the present table."""
        given: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method != "POST":
            given["initial"] = [
                {
                    "integration": band.integration, "mrr_from": band.mrr_from, "support": band.terms.support,
                    "days": band.terms.days, "open_ended": band.terms.open_ended, "meetings": band.terms.meetings,
                }
                for band in current_table().bands
            ]  # fmt: skip
        return given

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: the service writes the table with its bands."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Issue the table."""
        (formset,) = formsets
        formset.save(commit=False)
        by: Any = request.user
        row = issue_table(formset.bands(), note=form.cleaned_data["note"], by=by)
        form.instance.pk, form.instance.number = row.pk, row.number
