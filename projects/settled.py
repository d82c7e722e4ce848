"""What rooms above know to be settled for a project, whatever its step says: a tier is decided weeks before its phase.

Agendas and reminders ask here, so that each question has one answer. A room that knows registers in `AppConfig.ready()`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum


class Topic(Enum):
    """What is asked: whether the tier of support is decided, whether the Integration Summary is complete."""

    TIER = "tier"
    SUMMARY = "summary"


#: Takes the ids of projects, returns those for which it is settled; in a constant number of queries.
SettledSource = Callable[[Collection[int]], Collection[int]]
_sources: dict[Topic, list[SettledSource]] = {}


def register(topic: Topic, source: SettledSource) -> None:
    """Let `source` say for which projects a topic is settled."""
    sources = _sources.setdefault(topic, [])
    if source not in sources:
        sources.append(source)


def settled(topic: Topic, project_ids: Collection[int]) -> frozenset[int] | None:
    """Return for which of the projects a topic is settled; None where no room says so, and the step alone does."""
    sources = _sources.get(topic)
    if not sources:
        return None
    return frozenset(one for source in sources for one in source(project_ids))
