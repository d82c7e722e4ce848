"""The open production cases of projects, which triage goes through: a room above keeps them, and registers here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

#: Takes the ids of projects; returns their open cases as (words, address), the gravest first, in a constant number of queries.
CaseSource = Callable[[Collection[int]], Mapping[int, Sequence[tuple[str, str]]]]
_sources: list[CaseSource] = []


def register(source: CaseSource) -> None:
    """Let `source` tell of production cases, in `AppConfig.ready()`."""
    if source not in _sources:
        _sources.append(source)


def production_cases(project_ids: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the open production cases of each project that has any."""
    found: dict[int, list[tuple[str, str]]] = {}
    for source in _sources:
        for owner, cases in source(project_ids).items():
            found.setdefault(owner, []).extend(cases)
    return found
