"""What rooms above say on the page of a version: a panel above its steps, and a note beside each step.

A room registers in `AppConfig.ready()`. What it says costs the page its queries: a fixed number, never one for each step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from playbook.models import Version


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page: the template that is included, and the values that it knows as `panel.values`."""

    template: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepNote:
    """A sentence beside a step, and where it leads."""

    text: str
    address: str


#: (version, reader) → a panel or None, and notes by step key.
Source = Callable[[Version, User], tuple[Panel | None, Mapping[str, StepNote]]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Let `source` say something on the page of a version."""
    if source not in _sources:
        _sources.append(source)


def said_of(version: Version, reader: User) -> tuple[list[Panel], dict[str, list[StepNote]]]:
    """Return the panels of a version's page and the notes on its steps, in the order of registration."""
    panels: list[Panel] = []
    notes: dict[str, list[StepNote]] = {}
    for source in _sources:
        panel, of_steps = source(version, reader)
        if panel is not None:
            panels.append(panel)
        for key, note in of_steps.items():
            notes.setdefault(key, []).append(note)
    return panels, notes
