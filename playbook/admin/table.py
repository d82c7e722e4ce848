"""Admin: the table of a version's steps on its page, with its filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse

from playbook.data import PlaybookData, StepData
from playbook.forms import FilterForm
from playbook.lint import Finding, lint
from playbook.page import Filter
from raci.letters import LETTERS
from transitions.phase import Phase

#: What the address may say of the filter.
FILTERS = ("q", "phase", "role", "category", "findings")


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step in the table of its version's page."""

    pk: int
    number: int
    phase: str
    title: str
    category: str
    letters: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def url(self) -> str:
        """The step's own form."""
        return reverse("admin:playbook_step_change", args=[self.pk])


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding with the way to where it is mended."""

    finding: Finding
    url: str


class StepFilterForm(FilterForm):
    """Which steps of a version to show to those who edit them."""

    q = forms.CharField(
        label="Search", required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search", "size": 24})
    )
    category = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "No step of this version has the category “%(value)s”."}
    )
    findings = forms.BooleanField(label="With findings only", required=False)

    def __init__(self, *args: Any, categories: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Any category"), *((category, category) for category in categories)]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]

    def takes(self, step: StepData, findings: Sequence[Finding]) -> bool:
        """Whether the step is asked for. What could not be read in the address asks for nothing."""
        asked = {name: self.cleaned_data.get(name, "") for name in ("q", "phase", "role")}
        category = self.cleaned_data.get("category", "")
        if self.cleaned_data.get("findings") and not findings:
            return False
        return category in ("", step.category) and Filter(**asked).takes(step)


def step_table(data: PlaybookData, ids: Mapping[str, int], asked: QueryDict) -> dict[str, Any]:
    """Return what the page shows of the steps: findings, filter, and the rows that it takes.

    Args:
        data: the version.
        ids: the id of each step, by its key.
        asked: the address's query.
    """
    findings = lint(data)
    of_step: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        of_step[finding.step].append(finding)
    form = StepFilterForm(
        {name: asked.get(name, "") for name in FILTERS},
        roles=data.roles,
        categories=sorted({step.category for step in data.steps if step.category}),
    )
    form.full_clean()
    taken = [step for step in data.steps if form.takes(step, of_step[step.key])]
    urls = {key: reverse("admin:playbook_step_change", args=[pk]) for key, pk in ids.items()}
    return {
        "findings": [FindingRow(finding, urls.get(finding.step, "")) for finding in findings],
        "error_count": sum(finding.is_error for finding in findings),
        "step_rows": [_row(ids[step.key], step, of_step[step.key]) for step in taken],
        "step_count": len(data.steps),
        "step_order": " ".join(str(ids[step.key]) for step in data.steps),
        "step_filter": form,
        "filter_query": kept_query(asked),
    }


def kept_query(asked: QueryDict) -> str:
    """Return the part of an address's query that is the filter of the steps, without what is empty."""
    kept = QueryDict(mutable=True)
    for name in FILTERS:
        if value := asked.get(name, "")[:200]:
            kept[name] = value
    return kept.urlencode()


def _row(pk: int, step: StepData, findings: Sequence[Finding]) -> StepRow:
    return StepRow(
        pk=pk,
        number=step.number,
        phase=Phase(step.phase).label,
        title=step.title,
        category=step.category,
        letters=tuple(", ".join(step.raci.under(letter)) for letter in LETTERS),
        findings=tuple(findings),
    )
