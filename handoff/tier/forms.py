"""What people send about the tier of support. Forms validate only; `decisions` and `projects.facts` act."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from handoff.models.tier import LONGEST_REASON, MEETINGS
from handoff.tier.decisions import Choice, Position
from handoff.tier.rule import MOST_DAYS, Support, Terms, check_mrr
from projects.forms import date_field


def mrr_field(*, required: bool) -> forms.DecimalField:
    """Return a field for an MRR in US dollars; `check_mrr` says what is possible."""
    return forms.DecimalField(
        label="MRR, US dollars", required=required, max_digits=15, decimal_places=2,
        error_messages={
            "invalid": "Write the MRR as an amount of US dollars, such as 3000 or 2999.99.",
            "max_decimal_places": "Write the MRR in dollars and whole cents: two digits after the point.",
        },
    )  # fmt: skip


class WhatIfForm(forms.Form):
    """Another MRR or go-live, to look at before it is entered."""

    mrr = mrr_field(required=False)
    go_live = date_field("Target go-live", required=False)

    def clean_mrr(self) -> Decimal | None:
        """Refuse what no MRR is."""
        return _checked(self.cleaned_data["mrr"])


class MrrForm(forms.Form):
    """The MRR that a project is sold for, and the revision of the project that was seen."""

    mrr = mrr_field(required=True)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean_mrr(self) -> Decimal | None:
        """Refuse what no MRR is."""
        return _checked(self.cleaned_data["mrr"])


def _checked(mrr: Decimal | None) -> Decimal | None:
    if mrr is not None:
        try:
            check_mrr(mrr)
        except ValidationError as wrong:
            raise ValidationError(wrong.messages) from None
    return mrr


class DecideForm(forms.Form):
    """The decision of Client Services. `seen` is the fingerprint of what the page showed, `key` makes two clicks one decision."""

    support = forms.ChoiceField(label="Tier", choices=Support.choices)
    days = forms.IntegerField(
        label="Days after go-live",
        min_value=0,
        max_value=MOST_DAYS,
        required=False,
        help_text="None for the help desk.",
    )
    open_ended = forms.BooleanField(label="At least: evaluated then, and extended if needed", required=False)
    meetings = forms.TypedChoiceField(
        label="TSM meetings before go-live", coerce=int, choices=MEETINGS,
        error_messages={"invalid_choice": "There are none, 1, 2 or 4 TSM meetings."},
    )  # fmt: skip
    tsm = forms.TypedChoiceField(
        label="TSM or TAM", required=False, coerce=int, empty_value=None,
        error_messages={"invalid_choice": "Choose somebody of Client Services."},
    )  # fmt: skip
    reason = forms.CharField(
        label="Why", required=False, max_length=LONGEST_REASON, widget=forms.Textarea({"rows": 3}),
        help_text="Asked for where it is not what the table proposes, such as a biller taken in because things go badly.",
    )  # fmt: skip
    change_meetings = forms.BooleanField(label="Change the planned TSM meetings too", required=False)
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        self.fields["tsm"].choices = [("", "Nobody"), *((pk, one.name) for pk, one in self.people.items())]  # type: ignore[attr-defined]

    @classmethod
    def of(cls, position: Position, people: Sequence[User], seated: int | None) -> DecideForm:
        """Return the form as it is proposed: what the table says by now, the TSM who is decided or sits there."""
        terms = position.proposal.terms if position.proposal else position.decision.terms if position.decision else None
        tsm = (position.decision.tsm_id if position.decision else None) or seated
        initial: dict[str, Any] = {"seen": position.fingerprint, "key": uuid.uuid4()}
        if terms is not None:
            initial |= {
                "support": terms.support.value, "days": terms.days, "open_ended": terms.open_ended, "meetings": terms.meetings,
                "tsm": None if terms.support == Support.HELP_DESK else tsm,
            }  # fmt: skip
        return cls(initial=initial, people=people)

    def choice(self) -> Choice:
        """Return what was sent, as `decisions.decide` wants it."""
        data = self.cleaned_data
        terms = Terms(Support(data["support"]), data["days"] or 0, data["meetings"], data["open_ended"])
        return Choice(terms, self.people.get(data["tsm"] or 0), data["reason"])

    def shown_anew(self, position: Position) -> None:
        """Carry what is so by now, so that the same form sent once more is a decision on that."""
        sent: Any = self.data
        carried = sent.copy()
        carried["seen"] = position.fingerprint
        self.data = carried


def what_if_of(data: Any, mrr: Decimal | None, go_live: dt.date) -> WhatIfForm:
    """Return the form of “What if”, filled from an address where that says something."""
    asked = {name: data[name] for name in ("mrr", "go_live") if data.get(name)}
    if not asked:
        return WhatIfForm(initial={"mrr": mrr, "go_live": go_live}, auto_id="if_%s")
    return WhatIfForm({"mrr": "" if mrr is None else mrr, "go_live": go_live, **asked}, auto_id="if_%s")
