"""Who is acting, from where, in which batch: what every written change says of itself.

A request, a command and a task each open an act at their door (`acting`); services name the person inside it. Rows that record a
change take their stamp from here (`current_origin`, `current_batch`, `current_actor` are the defaults of their columns), so that
no service has to carry it through.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from django.db import models


class Origin(models.TextChoices):
    """The door through which a change came in."""

    PAGE = "page", "Page"
    API = "api", "API"
    ADMIN = "admin", "Admin"
    COMMAND = "command", "Command"
    TASK = "task", "Task"
    SHELL = "shell", "Shell"


@dataclass(frozen=True, slots=True)
class Act:
    """One request, command or task. All that it writes shares its `batch`."""

    origin: str
    batch: uuid.UUID
    actor_id: int | None = None


_act: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(*, origin: str = "", by: Any = None) -> Iterator[Act]:
    """Act from `origin` as the person `by`, until the block ends.

    Within an act the batch and, unless given, the origin and the person are those of the act around it.
    """
    outer = _act.get()
    actor_id = by.pk if by is not None else None
    if outer is None:
        act = Act(origin or Origin.SHELL, uuid.uuid4(), actor_id)
    else:
        act = replace(outer, origin=origin or outer.origin, actor_id=actor_id or outer.actor_id)
    token = _act.set(act)
    try:
        yield act
    finally:
        _act.reset(token)


def current_origin() -> str:
    """Return where the present act came from; `shell` where nothing said so."""
    act = _act.get()
    return str(act.origin) if act else str(Origin.SHELL)


def current_batch() -> uuid.UUID:
    """Return the id that all changes of the present act share; a fresh one outside of any."""
    act = _act.get()
    return act.batch if act else uuid.uuid4()


def current_actor() -> int | None:
    """Return the id of the person who acts, or None where nobody was named."""
    act = _act.get()
    return act.actor_id if act else None
