"""What is due for whom, as plain data: rooms say it here, the sweep writes it down.

A source has two halves. `read(now)` asks the database, a constant number of queries; `decide(now, rows)` is pure and says from
that who is to hear what, since when, and until when it is of use. The same rows give the same answer however often it is asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from projects.notice_kinds import NoticeKind


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that one person is to hear once: (person, kind, occasion) is its name, as of every notice.

    Args:
        occasion: what happens, and which time, such as `overdue:17:2026-11-20:R`. A date that moves is another occasion.
        since, until: from when it is due, and from when on it is of no more use (it is then skipped, and said to be).
        address: a path that is neither the step nor the project.
    """

    person_id: int
    kind: NoticeKind
    occasion: str
    text: str
    why: str
    since: dt.datetime
    until: dt.datetime
    project_id: int | None = None
    step_id: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A room's reminders: what it reads, and what it makes of that. `name` stands in the log."""

    name: str
    read: Callable[[dt.datetime], Any]
    decide: Callable[[dt.datetime, Any], Iterable[Due]]


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Let a source be asked at every sweep, in `AppConfig.ready()`."""
    _sources[source.name] = source


def sources() -> list[Source]:
    """Return the sources, by name."""
    return [_sources[name] for name in sorted(_sources)]
