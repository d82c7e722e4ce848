"""What machines may send to a project, and what takes it: production cases, daily payments.

Each part registers what it takes; the address, its key and its answers have one home (`handoff.phased.keys`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of rows that were sent: how many are new, changed, and as they were; and what is wrong, by row (from 1).

    Where anything is wrong nothing was taken.
    """

    made: int = 0
    changed: int = 0
    same: int = 0
    errors: Mapping[int, Sequence[str]] | None = None


#: Takes the project, rows as plain JSON objects, and who acts (by name `by`); returns what became of them.
Take = Callable[..., Taken]


@dataclass(frozen=True, slots=True)
class Intake:
    """One kind of rows: its name in addresses, its title, what takes it."""

    name: str
    title: str
    take: Take


_intakes: dict[str, Intake] = {}


def register(name: str, title: str, take: Take) -> None:
    """Let `take(project, rows, by=person)` receive rows of a kind, in `AppConfig.ready()`."""
    _intakes.setdefault(name, Intake(name, title, take))


def intakes() -> dict[str, Intake]:
    """Return what there is, by name."""
    return dict(_intakes)


def take(name: str, project: Project, rows: Sequence[Mapping[str, Any]], *, by: User) -> Taken:
    """Hand rows to what takes them. Raises KeyError where nothing of that name does."""
    return _intakes[name].take(project, rows, by=by)
