"""Starter sets: cases that projects on a playbook may begin with. They ship as YAML, live in the admin, are taken as copies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django import forms
from django.conf import settings
from django.db import transaction

from accounts.models import User
from history.context import named
from playbook.models import Playbook
from projects.models import Project
from transitions.blockers import Blocker
from workbook.cases import CaseRefused, NewCase, insert, locked_for, plain
from workbook.models import Case, StarterCase, StarterSuite
from workbook.vocabulary import LONGEST_TEXT, LONGEST_TITLE, Kind

FOLDER = Path("fixtures") / "workbook"


class StarterSetRefused(Exception):  # noqa: N818
    """A file that is no starter set; the words say where."""


class _CaseForm(forms.Form):
    title = forms.CharField(max_length=LONGEST_TITLE)
    preconditions = forms.CharField(max_length=LONGEST_TEXT, required=False)
    steps = forms.CharField(max_length=LONGEST_TEXT)
    expected = forms.CharField(max_length=LONGEST_TEXT)


class _SuiteForm(forms.Form):
    kind = forms.ChoiceField(choices=Kind.choices)
    title = forms.CharField(max_length=LONGEST_TITLE)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading one file came to. `cases` is 0 where the playbook had a set, or is not there."""

    playbook: str
    suites: int
    cases: int
    words: str


def shipped() -> list[Path]:
    """Return the files that ship with the product."""
    return sorted((Path(settings.BASE_DIR) / FOLDER).glob("*.yaml"))


def load_set(text: str) -> Loaded:
    """Load a starter set for the playbook that it names, if that has none yet: one that was edited stays as it is.

    Raises:
        StarterSetRefused: the text is no starter set. Nothing is loaded then.
    """
    slug, suites = _parsed(text)
    playbook = Playbook.objects.filter(slug=slug).first()
    if playbook is None:
        return Loaded(slug, 0, 0, "there is no such playbook; load_playbooks first")
    with transaction.atomic():
        if StarterSuite.objects.filter(playbook=playbook).exists():
            return Loaded(slug, 0, 0, "unchanged, it has a starter set that is edited in the admin")
        cases = 0
        for place, (kind, title, wanted) in enumerate(suites, start=1):
            suite = StarterSuite.objects.create(playbook=playbook, kind=kind, title=title, position=place)
            StarterCase.objects.bulk_create(
                [StarterCase(suite=suite, position=number, **case) for number, case in enumerate(wanted, start=1)]
            )
            cases += len(wanted)
    return Loaded(slug, len(suites), cases, f"{len(suites)} suites with {cases} cases loaded")


def _parsed(text: str) -> tuple[str, list[tuple[str, str, list[dict[str, Any]]]]]:
    try:
        data = yaml.safe_load(text)
        slug, listed = data["playbook"], data["suites"]
        return str(slug), [
            (
                _clean(_SuiteForm, suite, f"{suite['title']}")["kind"],
                suite["title"],
                [_clean(_CaseForm, case, f"{suite['title']}, case {n}") | {"mandatory": case.get("mandatory", True) is True}
                 for n, case in enumerate(suite["cases"], start=1)],
            )
            for suite in listed
        ]  # fmt: skip
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as broken:
        raise StarterSetRefused(f"This is no starter set: {broken}") from broken


def _clean(form: type[forms.Form], given: dict[str, Any], where: str) -> dict[str, Any]:
    bound = form({name: str(value) for name, value in given.items()})
    if not bound.is_valid():
        raise StarterSetRefused(
            f"{where}: {' '.join(str(words) for errors in bound.errors.values() for words in errors)}"
        )
    return {name: plain(value) for name, value in bound.cleaned_data.items()}


# Onto a project ----------------------------------------------------------------------------------------------------------


def starter_cases(project: Project, kind: str) -> list[NewCase]:
    """Return the cases of a kind that the project's playbooks offer and it does not have, by suite and title; two queries."""
    offered = StarterCase.objects.filter(suite__kind=kind, suite__playbook__versions__pins__project=project)
    rows: Any = offered.order_by("suite__playbook", "suite__position", "suite", "position", "pk").values_list(
        "suite__title", "title", "preconditions", "steps", "expected", "mandatory"
    )
    there = set(Case.objects.filter(project=project, suite__kind=kind).values_list("suite__title", "title"))
    wanted = (
        NewCase(plain(suite), plain(title), plain(preconditions), plain(steps), plain(expected), mandatory)
        for suite, title, preconditions, steps, expected, mandatory in rows
    )
    return list({(new.suite, new.title): new for new in wanted if (new.suite, new.title) not in there}.values())


@named
def take_starter_set(project: Project, kind: str, *, by: User) -> int:
    """Give the project the cases of its playbooks' starter sets that it does not have; return how many.

    Raises:
        NotPermitted, Archived. CaseRefused: there is nothing to take. ValidationError: 10,000 cases or 200 suites.
    """
    with transaction.atomic():
        locked = locked_for(project, by)
        wanted = starter_cases(locked, kind)
        if not wanted:
            words = f"The project has every {Kind(kind).label} case of its playbooks' sets already, or they have none."
            raise CaseRefused([Blocker("nothing-to-take", words)])
        insert(locked, kind, wanted)
    return len(wanted)
