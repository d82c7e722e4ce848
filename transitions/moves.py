"""The one way in which anything changes state.

`perform()` moves a row that lives; `begin()` brings rows into the world in a state other than the default, which only the
start of a project needs. Both leave a record, or nothing at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from history.context import named
from transitions.blockers import Archived, Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.machine import Machine, MoveSpec, door
from transitions.models import TransitionRecord
from transitions.signals import moved

Row = TypeVar("Row", bound=Machine)

#: The longest note that is taken, in characters.
NOTE_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Row]):
    """A move that happened: the row as it now is, and the record of it."""

    row: Row
    record: TransitionRecord


@named
def perform(
    obj: Row,
    move: str,
    *,
    by: Any,
    note: str = "",
    revision: int | None = None,
    now: dt.datetime | None = None,
    **details: Any,
) -> Outcome[Row]:
    """Make one move, whole or not at all.

    In order: the transaction opens and the row is read again under its lock; the move, the person's right, the archive, the
    form's `revision`, the edge, what the move asks for and the gate are checked, and the first that fails refuses; the row
    moves and is saved; what follows from it is settled; the record is written; `moved` is sent on commit.

    Args:
        obj: the row to move; the caller's own copy is left as it is.
        move: the machine's word for it, as in `obj.MOVES`.
        by: the person who acts, or None for the system.
        note: a reason, required by some moves, kept with the record; 4,000 characters at most.
        revision: the row's revision that the person saw; None where nothing was shown.
        now: the instant of the move, aware; the present unless given.
        details: what the move takes besides (`owner`, `until`, `phase`, `reopens`; of a decision `party`, `evidence`, `shown`).

    Raises:
        UnknownMove, NotPermitted, Archived, StaleRow, or MoveRefused with the blockers. Nothing has changed then.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = obj.locked()
        spec = row.move_spec(move)
        today = business_day(now)
        given = {"note": note.strip(), **details}
        _refuse_unknown_details(spec.details, details, move)
        if not row.permits(move, by):
            raise NotPermitted([Blocker("not-permitted", f"{by or 'The system'} may not {spec.label.lower()} here.")])
        if row.is_archived():
            raise Archived(str(row.root()))
        if revision is not None and revision != row.revision:
            raise StaleRow(row, _changed_meanwhile(row, spec))
        blockers = _wrong_state(row, spec) or spec.missing(given) or _too_long(given["note"])
        blockers = blockers or list(row.blockers(move, by=by, today=today, details=given))
        if blockers:
            raise MoveRefused(blockers)
        return Outcome(row, _make(row, spec, by=by, now=now, given={**given, "today": today}))


def follow(row: Row, move: str, *, by: Any, note: str, now: dt.datetime) -> TransitionRecord:
    """Make a move that another move brings with it (a rejection reopens steps), and record it as a move of its own.

    For `Machine.settle` only, under the lock that `perform` holds: the person's right and the gate were asked of the move
    that it follows from. The edge must exist.

    Raises:
        MoveRefused: the row's state has no such edge.
    """
    spec = row.move_spec(move)
    refused = _wrong_state(row, spec)
    if refused:
        raise MoveRefused(refused)
    return _make(row, spec, by=by, now=now, given={"note": note, "today": business_day(now)})


def _make(row: Machine, spec: MoveSpec, *, by: Any, now: dt.datetime, given: dict[str, Any]) -> TransitionRecord:
    field = _field_of(row, spec.name)
    source = getattr(row, field)
    facts = row.facts(spec.name)
    with door():
        getattr(row, spec.name)(**{name: given[name] for name in spec.details if name in given})
        row.revision += 1
        row.settle(spec.name, by=by, now=now, details=given)
    return write_record(row, spec.name, field=field, source=source, by=by, note=given["note"], at=now, facts=facts)


def begin(
    rows: Sequence[Row],
    save: Callable[[Sequence[Row]], object],
    *,
    states: Sequence[dict[str, str]],
) -> None:
    """Bring new rows into the world, each in the states given, by calling `save(rows)` once.

    Args:
        rows: unsaved rows.
        save: inserts them (one `bulk_create`, or one `save`).
        states: for each row its states by field; each must be one of the machine's BIRTH_STATES or the default.

    Raises:
        ValueError: a state in which rows of that machine are not born.
    """
    for row, wanted in zip(rows, states, strict=True):
        for name, value in wanted.items():
            if value != row.state_field(name).get_default() and value not in row.BIRTH_STATES.get(name, ()):
                raise ValueError(f"{type(row).__name__} rows are not born with {name} {value!r}")
    _insert(rows, save, states)


@named
def bring_in(
    rows: Sequence[Row],
    save: Callable[[Sequence[Row]], object],
    *,
    states: Sequence[dict[str, str]],
    by: Any,
    note: str,
    at: Sequence[dt.datetime],
) -> None:
    """Bring in rows that were already under way elsewhere (a spreadsheet, the demo), in any state, in bulk.

    Each row that is not in its first state gets a record `bring_in` that says so, with `note`: a passage that no gate here
    has judged is never mistaken for one that it has.

    Args:
        rows, save, states: as `begin`.
        by: who brings them in. note: where from. at: for each row, since when it has been so.

    Raises:
        ValueError: a state that the machine does not have.
    """
    for row, wanted in zip(rows, states, strict=True):
        for name, value in wanted.items():
            if value not in dict(row.state_field(name).flatchoices):
                raise ValueError(f"{type(row).__name__} has no {name} {value!r}")
    with transaction.atomic():
        _insert(rows, save, states)
        TransitionRecord.objects.bulk_create(
            [
                TransitionRecord(
                    **_identity(row, name), move="bring_in", source="", target=value, by=by, note=note, at=moment
                )
                for row, wanted, moment in zip(rows, states, at, strict=True)
                for name, value in wanted.items()
                if value != row.state_field(name).get_default()
            ],
            batch_size=1000,
        )


def _insert(rows: Sequence[Row], save: Callable[[Sequence[Row]], object], states: Sequence[dict[str, str]]) -> None:
    with door():
        for row, wanted in zip(rows, states, strict=True):
            if not row._state.adding:
                raise ValueError(f"{row} lives already: move it with perform()")
            for name, value in wanted.items():
                row.__dict__[name] = str(value)
        save(rows)
        for row in rows:
            row._remember_states()


def write_record(
    row: Machine, move: str, *, field: str, source: str, by: Any, note: str, at: dt.datetime, facts: dict[str, Any]
) -> TransitionRecord:
    """Record a birth: the `move` by which `row` came to be what its `field` says. Announced on commit like any other."""
    record = TransitionRecord.objects.create(
        **_identity(row, field),
        move=move,
        source=source,
        target=getattr(row, field),
        by=by,
        note=note,
        at=at,
        facts=facts,
    )
    _announce(type(row), record)
    return record


def _identity(row: Machine, field: str) -> dict[str, Any]:
    root: models.Model = row.root()
    content_types = ContentType.objects
    return {
        "object_type": content_types.get_for_model(row),
        "object_id": row.pk,
        "root_type": content_types.get_for_model(root),
        "root_id": root.pk,
        "subject": str(row)[:300],
        "machine": field,
    }


def _announce(sender: type[Machine], record: TransitionRecord) -> None:
    transaction.on_commit(lambda: moved.send(sender=sender, record=record))


def _refuse_unknown_details(known: tuple[str, ...], given: dict[str, Any], move: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise TypeError(f"{move} takes no {', '.join(unknown)}")


def _field_of(row: Machine, move: str) -> str:
    return str(getattr(type(row), move)._django_fsm.field.name)


def _wrong_state(row: Machine, spec: MoveSpec) -> list[Blocker]:
    if row.leaves_from_here(spec.name):
        return []
    state = getattr(row, f"get_{_field_of(row, spec.name)}_display")()
    can = ", ".join(other.name for other in row.open_moves()) or "nothing"
    return [Blocker("wrong-state", f"“{spec.label}” does not go from {state.lower()}. From here: {can}.")]


def _changed_meanwhile(row: Machine, spec: MoveSpec) -> str:
    """Say both: what the row is by now, through whom, and what the person wanted."""
    state = getattr(row, f"get_{_field_of(row, spec.name)}_display")()
    last = TransitionRecord.objects.of(row).select_related("by").first()
    through = f" ({last.by.name if last.by else 'the system'})" if last else ""
    return (
        f"{row} changed since you saw it. It is {state.lower()} now{through}; you asked for “{spec.label}”. "
        "Look at what it is now, then choose again."
    )


def _too_long(note: str) -> list[Blocker]:
    if len(note) <= NOTE_LIMIT:
        return []
    return [
        Blocker(
            "note-too-long", f"The reason has {len(note):,} characters; {NOTE_LIMIT:,} is the most.", subject="note"
        )
    ]
