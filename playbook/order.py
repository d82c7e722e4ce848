"""What comes before what: circles among the `needs` of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def circles(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the circles in `needs`, each as the keys along it, beginning with the one that stands first in the mapping.

    Source: domain.md, "Order inside a phase": a step waits for those that it needs, so a circle waits for ever. Circles that
    share a step are reported one at a time: mend the first, and ask again.

    Args:
        needs: for each step, in the playbook's order, the keys of the steps it needs. Unknown keys are passed over.
    """
    waiting = {key: [need for need in needed if need in needs] for key, needed in needs.items()}
    found: list[list[str]] = []
    while True:
        _drop_those_that_can_be_done(waiting)
        if not waiting:
            return found
        circle = _follow(waiting)
        found.append(circle)
        for key in circle:
            del waiting[key]


def circle_words(circle: Sequence[str]) -> str:
    """Return a circle as a person reads it: `a → b → a`."""
    return " → ".join([*circle, circle[0]])


def _drop_those_that_can_be_done(waiting: dict[str, list[str]]) -> None:
    while ready := [key for key, needed in waiting.items() if not any(need in waiting for need in needed)]:
        for key in ready:
            del waiting[key]


def _follow(waiting: Mapping[str, Sequence[str]]) -> list[str]:
    """Walk from the first step along its needs until the walk meets itself. Every step that is left has a need left."""
    path: list[str] = []
    key = next(iter(waiting))
    while key not in path:
        path.append(key)
        key = next(need for need in waiting[key] if need in waiting)
    circle = path[path.index(key) :]
    order = list(waiting)
    first = min(range(len(circle)), key=lambda at: order.index(circle[at]))
    return circle[first:] + circle[:first]
