"""Rows whose state nobody sets: the guarded field, the guarded queryset and the base of every machine.

`django-fsm-2` gives the transitions. Three doors that it leaves open are closed here (docs/adr/0003): construction with a
state of one's choice, `QuerySet.update()` and its kin, and fixtures. A door in the wall is opened by `transitions.moves` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

from django.db import models
from django_fsm import ConcurrentTransition, FSMField, FSMFieldDescriptor

from history.tracking import Tracked, TrackedQuerySet
from transitions.blockers import Blocker, UnknownMove

_door_open: ContextVar[bool] = ContextVar("door_open", default=False)
_loading: ContextVar[bool] = ContextVar("loading", default=False)


class StateGuarded(Exception):  # noqa: N818
    """Somebody tried to write a state without a move."""


@contextmanager
def door() -> Iterator[None]:
    """Let states be written inside the block. For `transitions.moves` only; a test greps for other callers."""
    token = _door_open.set(True)
    try:
        yield
    finally:
        _door_open.reset(token)


def in_move() -> bool:
    """Return whether a move is being made right now, its own checks passed."""
    return _door_open.get()


class _StateDescriptor(FSMFieldDescriptor):
    """Refuses assignment once a value is there, unless the row is being read from the database."""

    def __set__(self, instance: Any, value: Any) -> None:
        present = instance.__dict__.get(self.field.name, value)  # full_clean() sets every field to what it is
        if present != value and not _loading.get():
            raise AttributeError(f"{self.field.name} is changed by perform(), not by assignment")
        self.field.set_state(instance, value)


class StateField(FSMField):
    """A state that only a transition inside `perform()` changes.

    Unlike `FSMField(protected=True)` the protection is asked of the moment, not kept on the class, so a
    `refresh_from_db()` that fails or runs beside another thread cannot leave it off (dependencies.md, FSM, bug 1).
    """

    descriptor_class = _StateDescriptor

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False, **kwargs: Any) -> None:
        """Be a plain text on the models of migrations: they have no transitions to collect.

        Migrating renders thousands of them, and django-fsm would have each listen for every later one: half of the time.
        """
        if cls.__module__ == "__fake__":
            models.CharField.contribute_to_class(self, cls, name, private_only=private_only, **kwargs)
        else:
            super().contribute_to_class(cls, name, private_only=private_only, **kwargs)

    def change_state(self, instance: Any, method: Any, *args: Any, **kwargs: Any) -> Any:
        if not _door_open.get():
            raise StateGuarded(f"{method.__name__}() is called by perform(), not directly")
        return super().change_state(instance, method, *args, **kwargs)


class GuardedQuerySet(TrackedQuerySet):
    """A queryset through which no state can be written and no row deleted."""

    def _guard(self, names: Iterable[str]) -> None:
        states = set(names) & set(self.model.state_names())
        if states and not _door_open.get():
            raise StateGuarded(f"{', '.join(sorted(states))} of {self.model.__name__} is changed by perform() alone")

    def update(self, **kwargs: Any) -> int:
        self._guard(kwargs)
        return super().update(**kwargs)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        fields = list(fields)
        self._guard(fields)
        return super().bulk_update(objs, fields, batch_size)

    def _make(self, rows: list[Any], **asked: Any) -> list[Any]:
        if asked.get("update_conflicts"):
            raise StateGuarded(f"{self.model.__name__} rows that are there are not written over by new ones")
        for row in rows:
            row.refuse_unmoved_states(born=True)
        return super()._make(rows, **asked)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise StateGuarded(f"{self.model.__name__} rows are cancelled or archived, never deleted")


@dataclass(frozen=True, slots=True)
class MoveSpec:
    """What a move asks of the person who makes it.

    `label` is the words on its button; `details` are the named values that it takes, those in `required` must be given
    (`note` among them where a reason is due).
    """

    name: str
    label: str
    details: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    def missing(self, given: dict[str, object]) -> list[Blocker]:
        """Return a blocker for each required value that `given` lacks."""
        words = {"note": "a reason", "owner": "an owner", "until": "a date", "phase": "a phase", "version": "a version"}
        return [
            Blocker(f"missing-{name}", f"“{self.label}” needs {words.get(name, name)}.", subject=name)
            for name in self.required
            if not given.get(name)
        ]


class Machine(Tracked):
    """A live row. `revision` counts its changes: a form carries it, and a stale one is refused, never saved over."""

    MOVES: ClassVar[tuple[MoveSpec, ...]] = ()
    #: States that a row may be born in, by field, beside the field's default.
    BIRTH_STATES: ClassVar[dict[str, Collection[str]]] = {}

    revision = models.PositiveIntegerField(default=0, editable=False)

    objects = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True
        # Related managers write through the base manager (`project.steps.add`): it has to be the guarded one too.
        base_manager_name = "objects"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if _loading.get():
            self._remember_states()
        else:
            self._loaded_states: dict[str, str] = {}
            self.refuse_unmoved_states()

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        token = _loading.set(True)
        try:
            return super().from_db(*args, **kwargs)
        finally:
            _loading.reset(token)

    @classmethod
    def state_names(cls) -> tuple[str, ...]:
        """Return the names of the state fields."""
        names = cls.__dict__.get("_state_names")
        if names is None:
            names = tuple(field.name for field in cls._meta.concrete_fields if isinstance(field, StateField))
            cls._state_names = names  # type: ignore[attr-defined]
        return cast(tuple[str, ...], names)

    @classmethod
    def state_field(cls, name: str) -> StateField:
        """Return the state field called `name`."""
        return cast(StateField, cls._meta.get_field(name))

    def _remember_states(self) -> None:
        values = self.__dict__
        self._loaded_states = {name: values[name] for name in self.state_names() if name in values}

    def refuse_unmoved_states(self, *, born: bool = False) -> None:
        """Raise StateGuarded where a state is neither what was loaded nor, `born` or never read, what a new row begins with."""
        if _door_open.get():
            return
        for name in self.state_names():
            if name not in self.__dict__:
                continue
            value, first = self.__dict__[name], self.state_field(name).get_default()
            if value != (first if born else self._loaded_states.get(name, first)):
                raise StateGuarded(f"{name} of {type(self).__name__} is changed by perform() alone")

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        token = _loading.set(True)
        try:
            super().refresh_from_db(*args, **kwargs)
        finally:
            _loading.reset(token)
        self._remember_states()

    def _save_table(self, raw: bool = False, *args: Any, **kwargs: Any) -> bool:
        # Every save comes through here: loaddata too, which calls Model.save_base() past any of our own.
        if raw and not _door_open.get():
            raise StateGuarded(f"{type(self).__name__} rows are live: they are not loaded from fixtures")
        self.refuse_unmoved_states()
        updated = super()._save_table(raw, *args, **kwargs)
        self._remember_states()
        return bool(updated)

    def _do_insert(self, *args: Any, **kwargs: Any) -> Any:
        # A row that was read and is saved as a new one (`row.pk = None`) has states that nobody moved it to.
        self.refuse_unmoved_states(born=True)
        return super()._do_insert(*args, **kwargs)  # type: ignore[misc]

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, *args: Any) -> bool:  # type: ignore[override]
        """Write only over the states that were read: a second process that moved the row meanwhile wins."""
        known = {
            name: self.__dict__[name] for name in self.state_names() if name in self.__dict__
        } | self._loaded_states
        updated = super()._do_update(base_qs.filter(**known), using, pk_val, *args)
        if not updated and base_qs.filter(pk=pk_val).exists():
            raise ConcurrentTransition(f"{type(self).__name__} {pk_val} was moved by somebody else meanwhile")
        return bool(updated)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise StateGuarded(f"{type(self).__name__} rows are cancelled or archived, never deleted")

    # What perform() asks of a row. A machine answers the first three; the concrete model the rest.

    @classmethod
    def move_spec(cls, name: str) -> MoveSpec:
        """Return the move called `name`; raise UnknownMove, naming those there are."""
        for spec in cls.MOVES:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in cls.MOVES)
        raise UnknownMove([Blocker("unknown-move", f"There is no move “{name}”. There are: {known}.")])

    def leaves_from_here(self, move: str) -> bool:
        """Return whether the machine has an edge for `move` out of the present state."""
        meta = getattr(type(self), move)._django_fsm
        return bool(meta.has_transition(self.__dict__[meta.field.name]))

    def open_moves(self) -> list[MoveSpec]:
        """Return the moves that have an edge out of the present state, in the machine's order."""
        return [spec for spec in self.MOVES if self.leaves_from_here(spec.name)]

    def locked(self) -> Self:
        """Return this row read afresh, with the lock under which its whole aggregate moves."""
        raise NotImplementedError

    def root(self) -> Machine:
        """Return the row that owns this one and whose history its moves belong to."""
        return self

    def is_archived(self) -> bool:
        """Return whether nothing here may change any more."""
        return False

    def permits(self, move: str, by: Any) -> bool:
        """Return whether the person may make the move, whatever the state."""
        raise NotImplementedError

    def blockers(self, move: str, *, by: Any, today: Any, details: dict[str, Any]) -> Sequence[Blocker]:
        """Return what stands in the way of the move."""
        raise NotImplementedError

    def facts(self, move: str) -> dict[str, Any]:
        """Return what was true at the passage, as JSON, to be frozen in the record."""
        return {}

    def settle(self, move: str, *, by: Any, now: Any, details: dict[str, Any]) -> None:
        """Save the moved row, and write what follows from the move (totals, decisions) in the same transaction."""
        self.save()
