"""The form that starts a project. Its roles depend on the playbooks chosen, so its fields do too."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import QueryDict

from accounts.models import User
from playbook.models import Version
from projects.billers import propose_code
from projects.customers import Verdict, foresee
from projects.forms import date_field
from projects.models import IntegrationKind, Vertical
from projects.start import PROPOSED, RoleToFill, Start, StartDraft, check_dates, draft
from projects.team import may_sit
from transitions.clock import business_day


def offered_versions() -> dict[str, Version]:
    """Return the newest published version of each playbook, by slug, in one query."""
    found = Version.objects.latest_published().select_related("playbook").order_by("playbook__title")
    return {version.playbook.slug: version for version in found}


class StartForm(forms.Form):
    """What is asked to start a project. Roles appear once the playbooks are known; every one may be left for later."""

    start_key = forms.UUIDField(widget=forms.HiddenInput)
    biller_name = forms.CharField(
        label="Biller", max_length=120, widget=forms.TextInput({"autocomplete": "off", "list": "billers"})
    )
    biller_code = forms.CharField(
        label="Code of the biller", max_length=6,
        help_text="Two to six letters; its projects are numbered with it, as MRW-1. An existing biller keeps its own.",
        validators=[RegexValidator(r"^[A-Za-z]{2,6}$", "Use two to six letters.")],
    )  # fmt: skip
    vertical = forms.ChoiceField(label="Vertical", choices=Vertical.choices)
    core_system = forms.CharField(
        label="Core system",
        max_length=120,
        required=False,
        help_text="The CIS or policy system. A new name is added.",
        widget=forms.TextInput({"autocomplete": "off", "list": "core-systems"}),
    )
    integration_kind = forms.ChoiceField(label="Integration", choices=IntegrationKind.choices, widget=forms.RadioSelect)
    playbooks = forms.MultipleChoiceField(
        label="Playbooks",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one playbook."},
    )
    phased_go_live = forms.BooleanField(label="Goes live in phases", required=False)
    kickoff = date_field("Kickoff")
    target_go_live = date_field("Target go-live")
    mrr = forms.DecimalField(
        label="MRR, US dollars",
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput({"inputmode": "decimal"}),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, versions: Mapping[str, Version], **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.versions = versions
        self.fields["playbooks"].choices = [  # type: ignore[attr-defined]
            (slug, f"{version.playbook.title} v{version.number}") for slug, version in versions.items()
        ]
        self.people = {person.pk: person for person in User.objects.filter(is_active=True).order_by("name")}
        self._draft = self._read_draft()
        for role in self._draft.roles if self._draft else ():
            self.fields[role.field_name] = forms.TypedChoiceField(
                label=f"{role.name} ({role.code})", required=False, coerce=int, empty_value=None,
                choices=[
                    ("", "Nobody yet"),
                    *((pk, person.name) for pk, person in self.people.items() if may_sit(person, role.side)),
                ],
            )  # fmt: skip

    #: The code proposed for a new biller, where none was given.
    proposed_code = ""

    def propose_code(self) -> None:
        """Fill in a code where there is a name and no code yet; an existing biller's own where there is one."""
        name = str(self._value("biller_name") or "")
        if self.is_bound and name and not self._value("biller_code"):
            self.proposed_code = propose_code(name)
            self.data = self._with_code(self.proposed_code)

    def _with_code(self, code: str) -> QueryDict:
        data: QueryDict = self.data.copy()  # type: ignore[attr-defined]
        data["biller_code"] = code
        return data

    def _value(self, name: str) -> Any:
        return self.data.get(name) if self.is_bound else self.initial.get(name)

    def proposes_anew(self) -> bool:
        """Return whether the playbooks on the page were proposed for another kind than the one now chosen."""
        return not self.is_bound or self.data.get("proposed_for") != self.kind()

    def roles_for(self) -> str:
        """Return what tells one set of roles from another."""
        return ",".join(role.field_name for role in (self._draft.roles if self._draft else ()))

    def asks_other_roles(self) -> bool:
        """Return whether the roles on the page are not those of the playbooks now chosen."""
        return self.data.get("roles_for") != self.roles_for()

    def chosen_slugs(self) -> list[str]:
        """Return the playbooks ticked; those that the kind proposes where nobody has chosen or the kind just changed."""
        kind = self.kind()
        proposed = [slug for slug in PROPOSED.get(kind, ()) if slug in self.versions]
        if self.proposes_anew():
            return proposed
        return [slug for slug in self.data.getlist("playbooks") if slug in self.versions]  # type: ignore[attr-defined]

    def _read_draft(self) -> StartDraft | None:
        """Return what would be made as far as the form says: a kickoff of today stands in for one not yet given."""
        slugs = self.chosen_slugs()
        if not slugs:
            return None
        return draft(
            [self.versions[slug].pk for slug in slugs],
            integration_kind=self.kind(),
            phased_go_live=bool(self._value("phased_go_live")),
            kickoff=self.dates().get("kickoff") or business_day(),
        )

    def kind(self) -> str:
        """Return the integration kind as it stands on the form."""
        return str(self._value("integration_kind") or "")

    def dates(self) -> dict[str, dt.date]:
        """Return those of the two dates that can be read so far."""
        found = {}
        for name in ("kickoff", "target_go_live") if self.is_bound else ():
            try:
                found[name] = self.fields[name].clean(self.data.get(name))
            except ValidationError:
                continue
        return found

    def verdict(self) -> Verdict | None:
        """Return whether the integration would count as new for the biller, once both are filled in."""
        try:
            typed = {
                name: str(self.fields[name].clean(self._value(name)))
                for name in ("biller_name", "core_system", "vertical")
            }
        except ValidationError:
            return None
        return foresee(kind=self.kind(), **typed)

    def draft(self) -> StartDraft | None:
        """Return what would be made, or None before any playbook is chosen."""
        return self._draft

    def roles(self) -> list[tuple[RoleToFill, forms.BoundField]]:
        """Return the roles to fill, each with its field."""
        return [(role, self[role.field_name]) for role in (self._draft.roles if self._draft else ())]

    def empty_roles(self) -> list[RoleToFill]:
        """Return the roles that nobody takes yet."""
        return [role for role in (self._draft.roles if self._draft else ()) if not self._value(role.field_name)]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("kickoff") and data.get("target_go_live"):
            check_dates(data["kickoff"], data["target_go_live"])
        return data

    def start(self) -> Start:
        """Return what was filled in, as the service takes it."""
        data = self.cleaned_data
        people = {
            (role.code, role.name): self.people[data[role.field_name]]
            for role in (self._draft.roles if self._draft else ())
            if data.get(role.field_name)
        }
        return Start(
            biller_name=data["biller_name"], biller_code=data["biller_code"].upper(), vertical=data["vertical"],
            integration_kind=data["integration_kind"], version_ids=tuple(self.versions[slug].pk for slug in data["playbooks"]),
            kickoff=data["kickoff"], target_go_live=data["target_go_live"], core_system=data["core_system"].strip(),
            mrr=data["mrr"], phased_go_live=data["phased_go_live"], people=people, start_key=data["start_key"] or uuid.uuid4(),
        )  # fmt: skip
