"""Steps that say of their project what completing it does: the act closes them, so that nobody does the same thing twice.

“Mark Project Complete” (Add-on 4) is done by completing the project. Such a step counts as closed at the gate once all that it
needs is closed, and is closed, with a record of its own, in the transaction of `complete`. Rooms above say which steps are such.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from transitions.gates import GateFacts, StepFacts
from transitions.moves import follow
from transitions.step import StepStatus

#: From here the step is begun, if it is not, and done. What is blocked or waits says why, and holds the project up.
CLOSABLE = (StepStatus.NOT_STARTED, StepStatus.IN_PROGRESS)
NOTE = "Done by completing the project."
_paths: set[str] = set()


def register(path: str) -> None:
    """Let completing a project close its step `playbook/step-key`, in `AppConfig.ready()`."""
    _paths.add(path)


def closing_keys(steps: Sequence[StepFacts]) -> list[str]:
    """Return the steps that completing the project would close now: open, and nothing that they need is. Pure."""
    by_key = {step.key: step for step in steps}
    return [
        step.key
        for step in steps
        if step.key in _paths
        and step.status in CLOSABLE
        and not step.approval
        and all(by_key[key].closed for key in step.needs if key in by_key)
    ]


def as_completed(facts: GateFacts) -> GateFacts:
    """Return what the gate to completion is asked about: what completing closes is closed. Other gates are asked as they are."""
    keys = closing_keys(facts.steps) if facts.next_phase is None else []
    if not keys:
        return facts
    steps = [replace(step, status=StepStatus.DONE) if step.key in keys else step for step in facts.steps]
    return replace(facts, steps=steps)


def close_steps(project: Any, *, by: Any, now: dt.datetime) -> None:
    """Close those steps, each with its own records, under the lock of the project's move. For its `settle` alone."""
    board = project.board
    ids = [board.by_path[key].id for key in closing_keys(board.all_facts)]
    if not ids:
        return
    running = project.locked()  # the steps write its totals; this one is complete already, and saved last
    for row in project.steps.select_related("template").filter(pk__in=ids):
        row.project = running
        if row.status == StepStatus.NOT_STARTED:
            follow(row, "start", by=by, note=NOTE, now=now)
        follow(row, "complete", by=by, note=NOTE, now=now)
    project.__dict__.pop("board", None)
