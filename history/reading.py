"""History as people read it: who changed what, from what to what, newest first, of many tables in one stream.

Each table is a Source. A page asks each for its newest rows and merges them, so that it takes the same number of queries however
much has happened; names of what rows point at are read for the whole page at once.
"""

from __future__ import annotations

import datetime as dt
import heapq
import re
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from history.context import Origin
from history.tracking import fields_of, history_of

#: The longest text of one value that a page shows, in characters.
LONGEST_SHOWN = 300
NOTHING = "nothing"
ORIGINS = dict(Origin.choices)
KIND_WORDS = {"+": "made", "~": "changed", "-": "deleted"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the stream a page ended: the next one begins behind it."""

    at: dt.datetime
    rank: int
    pk: int

    def __str__(self) -> str:
        return f"{self.at.timestamp():.6f}-{self.rank}-{self.pk}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Return the place that `text` names, or None where it names none."""
        found = re.fullmatch(r"(\d{1,10})\.(\d{6})-(\d{1,2})-(\d{1,18})", text, re.ASCII)
        if found is None:
            return None
        seconds, micro, rank, pk = map(int, found.groups())
        return cls(dt.datetime.fromtimestamp(seconds, dt.UTC) + dt.timedelta(microseconds=micro), rank, pk)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes are asked for; what is empty asks for nothing in particular."""

    what: str = ""
    who: int | None = None
    origin: str = ""
    batch: uuid.UUID | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    object_id: int | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """What a row is called, and where it is seen (or empty)."""

    label: str
    link: str = ""


Namer = Callable[[Collection[Any]], Mapping[Any, Name]]


class Names:
    """The names of rows of many tables: first asked for, then read at once, then known."""

    def __init__(self, namers: Mapping[type[models.Model], Namer]) -> None:
        self._namers = namers
        self._wanted: dict[type[models.Model], set[Any]] = {}
        self._known: dict[type[models.Model], Mapping[Any, Name]] = {}

    def of(self, model: type[models.Model], pk: Any) -> Name:
        """Return the name of a row; of one that is gone, that it is."""
        self._wanted.setdefault(model, set()).add(pk)
        gone = Name(f"{model._meta.verbose_name} {pk}, no longer there")
        return self._known.get(model, {}).get(pk, gone)

    def read(self) -> None:
        """Read the names that were asked for so far, in one query for each table."""
        for model, keys in self._wanted.items():
            self._known[model] = self._namers[model](keys) if model in self._namers else {}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one change, in words. `revert` is the address that takes it back, or empty."""

    name: str
    label: str
    old: str
    new: str
    revert: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the stream. `mark` is `decision` or `waiver` for what stands out."""

    source: str
    pk: int
    at: dt.datetime
    by: str
    by_id: int | None
    origin: str
    batch: uuid.UUID | None
    kind: str
    label: str
    link: str
    words: str
    fields: Sequence[FieldChange] = ()
    note: str = ""
    mark: str = ""


Tell = Callable[[Any, Names], Change]


@dataclass(frozen=True)
class Source:
    """One table of the stream: its rows, what its columns are called, and how a row is told.

    `name` and `title` stand in addresses and in the filter; several tables may share them. `related` is read along with the rows.
    """

    name: str
    title: str
    rows: models.QuerySet[Any]
    tell: Tell
    at: str = "at"
    by: str = "by_id"
    key: str = "id"
    object_id: str = "object_id"
    related: tuple[str, ...] = field(default=())

    def newest(self, wanted: Wanted, rank: int, before: Place | None, most: int) -> list[Any]:
        """Return the newest rows that are wanted, at most `most`, behind the place `before`."""
        conditions = {
            self.by: wanted.who,
            "origin": wanted.origin or None,
            "batch": wanted.batch,
            f"{self.at}__gte": wanted.since,
            f"{self.at}__lt": wanted.until,
            self.object_id: wanted.object_id,
        }
        rows = self.rows.filter(**{name: value for name, value in conditions.items() if value is not None})
        if before is not None:
            rows = rows.filter(self._behind(before, rank))
        return list(rows.select_related(*self.related).order_by(f"-{self.at}", f"-{self.key}")[:most])

    def _behind(self, place: Place, rank: int) -> Q:
        older, same = Q(**{f"{self.at}__lt": place.at}), Q(**{self.at: place.at})
        if rank < place.rank:
            return older
        return older | (same if rank > place.rank else same & Q(**{f"{self.key}__lt": place.pk}))


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the stream, newest first; `older` is the place behind which the next begins."""

    changes: list[Change]
    older: Place | None


def read(
    sources: Sequence[Source],
    wanted: Wanted,
    *,
    namers: Mapping[type[models.Model], Namer],
    most: int,
    before: Place | None = None,
) -> Page:
    """Return the newest changes of all the sources together: a query for each of them, and one for each kind of name.

    Args:
        sources: in an order that stays, since it is part of a Place.
        wanted: which changes. most: how many. before: behind which place.
    """
    streams = []
    for rank, source in enumerate(sources):
        if wanted.what in ("", source.name):
            found = source.newest(wanted, rank, before, most + 1)
            streams.append([(getattr(row, source.at), -rank, row.pk, source, row) for row in found])
    merged = heapq.merge(*streams, key=lambda entry: entry[:3], reverse=True)
    entries = [entry for entry, _ in zip(merged, range(most + 1), strict=False)]
    names = Names(namers)
    for *_, source, row in entries[:most]:
        source.tell(row, names)
    names.read()
    changes = [source.tell(row, names) for *_, source, row in entries[:most]]
    at, rank, pk, *_ = entries[most - 1] if len(entries) > most else (None, 0, 0)
    return Page(changes, Place(at, -rank, pk) if at else None)


def tracked(
    model: type[models.Model],
    *,
    name: str,
    title: str,
    label: Callable[[Any, Names], Name],
    rows: models.QuerySet[Any] | None = None,
    zone: ZoneInfo,
    revert: Callable[[Any, str], str] | None = None,
) -> Source:
    """Return the source of a tracked model's history.

    Args:
        label: what the row that changed is called, from what it was then.
        rows: those that may be seen; all of them unless given.
        zone: of whoever reads.
        revert: the address that takes back a field of a history row, or an empty string.
    """
    tell = partial(_tell, model=model, name=name, title=title, label=label, zone=zone, revert=revert)
    return Source(
        name, title, history_of(model).objects.all() if rows is None else rows, tell, at="history_date",
        by="history_user_id", key="history_id", object_id="id", related=("history_user",),
    )  # fmt: skip


def _tell(
    row: Any,
    names: Names,
    *,
    model: type[models.Model],
    name: str,
    title: str,
    label: Callable[[Any, Names], Name],
    zone: ZoneInfo,
    revert: Callable[[Any, str], str] | None,
) -> Change:
    what = label(row, names)
    changes = [
        FieldChange(
            column, label_of(model, column), in_words(model, column, old, names, zone),
            in_words(model, column, getattr(row, column), names, zone), revert(row, column) if revert else "",
        )
        for column, old in row.before.items()
        if column in fields_of(model)
    ]  # fmt: skip
    return Change(
        name, row.pk, row.history_date, person_name(row.history_user), row.history_user_id,
        ORIGINS.get(row.origin, ""), row.batch, title, what.label, what.link, KIND_WORDS[row.history_type], changes,
        row.history_change_reason,
    )  # fmt: skip


def person_name(person: Any) -> str:
    """Return who did something; Gatehouse itself where nobody is named."""
    return person.name if person else "Gatehouse"


def label_of(model: type[models.Model], column: str) -> str:
    """Return a field's name as people say it: `target go-live`."""
    words = str(fields_of(model)[column].verbose_name).replace("go live", "go-live")
    return words[:1].upper() + words[1:]


def in_words(model: type[models.Model], column: str, value: Any, names: Names, zone: ZoneInfo) -> str:
    """Return a kept value as people read it: rows by their names, choices by their labels, days as `Nov 24, 2026`."""
    kept: Any = fields_of(model)[column]
    if value is None or value == "" or value == []:
        return NOTHING
    if kept.remote_field:
        return names.of(kept.related_model, value).label
    value = kept.to_python(value)
    if kept.flatchoices:
        return str(dict(kept.flatchoices).get(value, value))
    return _plain(value, zone)


def _plain(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        local = value.astimezone(zone)
        return f"{local:%b} {local.day}, {local.year}, {local.hour}:{local.minute:02}"
    if isinstance(value, dt.date):
        return f"{value:%b} {value.day}, {value.year}"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, list):
        return "; ".join(_plain(item, zone) for item in value)
    if isinstance(value, dict):
        return (
            ", ".join(f"{key}: {_plain(item, zone)}" for key, item in value.items() if item not in (None, ""))
            or NOTHING
        )
    return str(value)


# For a page ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneAct:
    """Changes of one batch by one person, one after the other."""

    by: str
    at: dt.datetime
    origin: str
    batch: uuid.UUID | None
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the stream, at the clock of whoever reads."""

    date: dt.date
    acts: list[OneAct]


def by_day(changes: Iterable[Change], zone: ZoneInfo) -> list[Day]:
    """Return the changes day by day and, within a day, act by act; texts cut to what a page shows."""
    days = []
    for date, of_day in groupby(changes, key=lambda change: change.at.astimezone(zone).date()):
        acts = []
        for _, of_act in groupby(of_day, key=lambda change: (change.batch or change.pk, change.by_id)):
            found = [replace(change, fields=[_cut(item) for item in change.fields]) for change in of_act]
            first = found[0]
            acts.append(OneAct(first.by, first.at.astimezone(zone), first.origin, first.batch, found))
        days.append(Day(date, acts))
    return days


def _cut(item: FieldChange) -> FieldChange:
    return replace(item, old=shortened(item.old), new=shortened(item.new))


def shortened(text: str) -> str:
    """Return a text as long as a page shows it."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN].rstrip()}…"
