"""Who is acting, from where, in which batch: what every written change says of itself.

A request, a command and a task each open an act at their door (`acting`); services name the person inside it (`named`). Rows that
record a change take their stamp from here (`current_origin`, `current_batch`, `current_actor` are the defaults of their columns),
so that no service has to carry it through.
"""

from __future__ import annotations

import datetime as dt
import inspect
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import models
from django.utils import timezone

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


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
    """One request, command or task. All that it writes shares its `batch`.

    `asks` finds the person where no service has named one: a request knows its own only once somebody looks. `at` and `reason`
    are those of a service that was given them.
    """

    origin: str
    batch: uuid.UUID
    actor_id: int | None = None
    asks: Callable[[], int | None] | None = None
    at: dt.datetime | None = None
    reason: str = ""


_act: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(*, origin: str = "", by: Any = None, at: dt.datetime | None = None, reason: str = "") -> Iterator[Act]:
    """Act from `origin` as the person `by`, until the block ends.

    Within an act the batch and, unless given, the origin, the person, the instant and the reason are those of the act around it.
    """
    outer = _act.get()
    actor_id = by.pk if by is not None else None
    if outer is None:
        act = Act(origin or Origin.SHELL, uuid.uuid4(), actor_id, at=at, reason=reason)
    else:
        act = replace(
            outer, origin=origin or outer.origin, actor_id=actor_id or outer.actor_id, at=at or outer.at,
            reason=reason or outer.reason,
        )  # fmt: skip
    with _while(act):
        yield act


@contextmanager
def opening(origin: str, *, asks: Callable[[], int | None]) -> Iterator[Act]:
    """Open an act of its own, whatever act is around it: a server's process may have been started by a command."""
    act = Act(origin, uuid.uuid4(), asks=asks)
    with _while(act):
        yield act


@contextmanager
def _while(act: Act) -> Iterator[None]:
    token = _act.set(act)
    try:
        yield
    finally:
        _act.reset(token)


def named(service: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Let what a service writes bear the name of its argument `by`, at the instant `now` where it is given one."""
    signature = inspect.signature(service)

    @wraps(service)
    def act(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        given = signature.bind_partial(*args, **kwargs).arguments
        with acting(by=given.get("by"), at=given.get("now")):
            return service(*args, **kwargs)

    return act


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
    if act is None:
        return None
    return act.actor_id or (act.asks() if act.asks else None)


def current_moment() -> dt.datetime:
    """Return the instant of the present act where a service was given one, else the present."""
    act = _act.get()
    return (act.at if act else None) or timezone.now()


def current_reason() -> str:
    """Return why the present act is done, where somebody said so."""
    act = _act.get()
    return act.reason if act else ""
