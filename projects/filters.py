"""What the lists of projects and of one's work may be asked for, read from the address.

The forms validate. What is left is a small value that writes itself back into an address, with only what differs from the
default; a parameter that cannot be read is named and left out, and the others hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from projects.health import Health
from projects.models import IntegrationKind
from transitions.phase import Phase
from transitions.standing import Standing

#: The largest number that either database takes, for an id as for an offset.
LARGEST_NUMBER = 2**31 - 1
STANDINGS = (("active", "Active"), ("all", "Any standing"), ("live", "Active or on hold"), *Standing.choices[1:])
GO_LIVES = (("30", "In 30 days"), ("90", "In 90 days"), ("past", "Past its date"))
HEALTHS = (
    ("below", "At risk or off track"),
    *Health.choices,
    ("stale", "Update older than 7 days"),
    ("none", "No update yet"),
)
SORTS = ("health", "name", "phase", "next", "overdue", "blocked", "go_live")
LETTERS = (("R", "Responsible"), ("A", "Accountable"))
BUCKETS = (
    ("decide", "Waiting for your decision"),
    ("overdue", "Overdue"),
    ("today", "Today"),
    ("week", "Next 7 days"),
    ("later", "Later"),
)
PAGE_SIZES = (50, 500)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for. A field at its default is not in the address."""

    page: int = 1

    def query(self, **changes: Any) -> str:
        """Return the address' query with `changes`, from the first page unless `page` is among them; `""` for all defaults."""
        changed = replace(self, **{"page": 1, **changes})
        given = {
            field.name: "1" if value is True else value
            for field in fields(changed)
            if (value := getattr(changed, field.name)) != field.default
        }
        return f"?{urlencode(given)}" if given else ""


@dataclass(frozen=True, slots=True)
class PortfolioFilter(Filter):
    """Which projects, in which order."""

    q: str = ""
    mine: bool = False
    phase: str = ""
    kind: str = ""
    pm: int | None = None
    version: str = ""
    standing: str = "active"
    go_live: str = ""
    health: str = ""
    overdue: bool = False
    blocked: bool = False
    waiting: bool = False
    settled: bool = False
    sort: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but page and order differs from the default."""
        return replace(self, page=1, sort="") != PortfolioFilter()


@dataclass(frozen=True, slots=True)
class MyWorkFilter(Filter):
    """Which of my steps."""

    role: str = ""
    project: str = ""
    when: str = ""
    scope: str = ""
    show: int = PAGE_SIZES[0]

    @property
    def narrowed(self) -> bool:
        """Whether some of my work in the phases reached is left out."""
        return bool(self.role or self.project or self.when)


def _choice(what: str, choices: Any, **kwargs: Any) -> forms.ChoiceField:
    message = f"“%(value)s” is no {what} that the list knows."
    return forms.ChoiceField(choices=choices, required=False, error_messages={"invalid_choice": message}, **kwargs)


def _flag(what: str) -> forms.TypedChoiceField:
    message = f"{what} is 1 or left out, not “%(value)s”."
    return forms.TypedChoiceField(
        choices=[("1", "Yes")], required=False, coerce=bool, error_messages={"invalid_choice": message}
    )


def _number(what: str) -> forms.IntegerField:
    messages = dict.fromkeys(("invalid", "min_value", "max_value"), f"That is no {what}.")
    return forms.IntegerField(min_value=1, max_value=LARGEST_NUMBER, required=False, error_messages=messages)


class ListForm(forms.Form):
    """What every list takes."""

    page = _number("page number")


class PortfolioForm(ListForm):
    """The portfolio's parameters."""

    q = forms.CharField(required=False, max_length=100)
    mine = _flag("mine")
    phase = _choice("phase", Phase.choices)
    kind = _choice("kind", IntegrationKind.choices)
    pm = _number("person’s number")
    version = forms.RegexField(
        r"^[a-z0-9-]+-v[0-9]{1,6}$",
        required=False,
        max_length=100,
        error_messages={"invalid": "A version is named by its playbook and number, such as integration-v2."},
    )
    standing = _choice("standing", STANDINGS)
    go_live = _choice("span of go-lives", GO_LIVES)
    health = _choice("health", HEALTHS)
    overdue = _flag("overdue")
    blocked = _flag("blocked")
    waiting = _flag("waiting")
    settled = _flag("settled")
    sort = _choice("order", [(sign + name, name) for name in SORTS for sign in ("", "-")])
    format = _choice("format", [("csv", "CSV")])


class MyWorkForm(ListForm):
    """The parameters of My work."""

    role = _choice("letter", LETTERS)
    project = forms.RegexField(
        r"^[A-Za-z]{2,6}-\d{1,4}$",
        required=False,
        error_messages={"invalid": "A project is named by its code, such as MRW-1."},
    )
    when = _choice("span of days", BUCKETS)
    scope = _choice("scope", [("all", "Later phases too")])
    show = forms.TypedChoiceField(
        choices=[(str(size), str(size)) for size in PAGE_SIZES], required=False, coerce=int,
        error_messages={"invalid_choice": "A page shows 50 or 500 steps, not “%(value)s”."},
    )  # fmt: skip

    def clean_project(self) -> str:
        """A code is known in either case."""
        return str(self.cleaned_data["project"]).upper()


Asked = TypeVar("Asked", bound=Filter)


def read(form_class: type[ListForm], default: Asked, data: QueryDict) -> tuple[Asked, list[str]]:
    """Return what `data` asks for, and a sentence for each parameter that cannot be read and was left out."""
    if not data:
        return default, []
    form = form_class(data)
    form.is_valid()
    known: Mapping[str, Any] = {
        name: value
        for name, value in form.cleaned_data.items()
        if value not in (None, "") and name in default.__dataclass_fields__
    }
    problems = [f"{name}: {message}" for name, errors in form.errors.items() for message in errors]
    return replace(default, **known), problems


def has_blanks(data: QueryDict) -> bool:
    """Return whether a form was sent as it stands, empty controls and all: its address wants tidying."""
    return "" in data.values()
