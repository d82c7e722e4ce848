"""What a row was before each of its changes: one history row for each, by whichever door the change came.

django-simple-history gives a tracked model its table. How rows get into it is ours (docs/adr/0011): it listens to `save()` alone,
and a plain `update()` or `bulk_create()` would leave nothing. Here a save is noted where every save comes through, a bulk write
in the queryset that makes it; what changed is read from the database before, and kept with the row, so that it is known even of
a row that is older than its history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from simple_history.manager import HistoricalQuerySet
from simple_history.models import HistoricalRecords

from history.bulk import NewRowsQuerySet
from history.context import (
    Origin,
    current_actor,
    current_batch,
    current_moment,
    current_origin,
    current_reason,
)
from history.final import FinalRow, FinalRowsQuerySet, RowIsFinal

Kind = Literal["+", "~", "-"]
Values = dict[str, Any]
#: So many rows of a bulk write are read, written and noted at a time.
CHUNK = 5000


class HistoryIsFinal(RowIsFinal):
    """Somebody tried to change or delete a row of history."""


class RowsUnknown(Exception):  # noqa: N818
    """Somebody asked for a bulk write after which nobody can say which rows it made and which it left or changed."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(
            f"{model.__name__} rows have a history: they are not made over, or instead of, rows that are there."
        )


# The table ---------------------------------------------------------------------------------------------------------------


class HistoryRowQuerySet(FinalRowsQuerySet, HistoricalQuerySet):  # type: ignore[misc]
    """Rows of history."""


class HistoryRow(FinalRow):
    """What a row was after one change; `before` has what the changed fields were until then (nothing, where it was made)."""

    refusal = HistoryIsFinal

    origin = models.CharField(max_length=10, choices=Origin.choices)
    batch = models.UUIDField()
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    objects: ClassVar[Any] = HistoryRowQuerySet.as_manager()

    class Meta:
        abstract = True


class HistoryOf(HistoricalRecords):  # type: ignore[misc]
    """Give the model on which it stands a history. The model inherits from Tracked, its queryset from TrackedQuerySet.

    Args:
        root: the field that says what the row belongs to; the history of all that belongs to it is one walk along an index.
        without: fields that are not kept: derived ones, states (the move record has those), secrets.
    """

    def __init__(self, *, root: str = "", without: Collection[str] = ()) -> None:
        self.root = root
        super().__init__(
            bases=(HistoryRow,),
            excluded_fields=list(without),
            history_id_field=models.BigAutoField(),
            history_change_reason_field=models.CharField(max_length=300, blank=True, default=""),
            historical_queryset=HistoryRowQuerySet,
        )

    def add_extra_methods(self, cls: type[models.Model]) -> None:
        """Add none: the library's own would be a way to save without leaving a trace."""

    def copy_fields(self, model: type[models.Model]) -> dict[str, Any]:
        """Copy the columns without their indexes; the history has its own."""
        fields: dict[str, Any] = super().copy_fields(model)
        for field in fields.values():
            field.db_index = False
        return fields

    def _get_history_user_fields(self) -> dict[str, Any]:
        # Neither holds a person back who is to be deleted, nor is changed by it.
        person = models.ForeignKey(
            settings.AUTH_USER_MODEL, null=True, related_name="+", on_delete=models.DO_NOTHING, db_constraint=False
        )
        return {"history_user": person}

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        """Add the indexes that the pages walk along. Nobody is given a right to change history."""
        keys = [model._meta.pk.attname, *([self.root] if self.root else [])]
        indexes = [models.Index(fields=(key, "-history_date", "-history_id")) for key in keys]
        options: dict[str, Any] = super().get_meta_options(model)
        return {**options, "base_manager_name": "objects", "default_permissions": (), "indexes": indexes}

    def post_save(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: Tracked notes what is saved, and knows what was there before."""

    def post_delete(self, instance: models.Model, using: str | None = None, **kwargs: Any) -> None:
        """Note what is deleted: by itself, in bulk, or along with what it belongs to."""
        model = type(instance)
        note(model, [("-", {name: getattr(instance, name) for name in columns(model)}, {})])


def is_tracked(model: type[models.Model]) -> bool:
    """Return whether the model has a history."""
    return hasattr(model._meta, "simple_history_manager_attribute")


def history_of(model: type[models.Model]) -> Any:
    """Return the model of the history of a tracked model."""
    return getattr(model, model._meta.simple_history_manager_attribute).model  # type: ignore[attr-defined]


@cache
def fields_of(model: type[models.Model]) -> Mapping[str, models.Field[Any, Any]]:
    """Return the fields whose changes are kept, by column; none where the model has no history."""
    if not is_tracked(model):
        return {}
    return {field.attname: field for field in history_of(model).tracked_fields}


@cache
def columns(model: type[models.Model]) -> tuple[str, ...]:
    """Return the columns that are kept, the key among them."""
    return tuple(fields_of(model))


@cache
def _column_by_name(model: type[models.Model]) -> Mapping[str, str]:
    """Both names of a foreign key (`person`, `person_id`) stand for its column; so does `pk` for the key."""
    fields = fields_of(model)
    return {name: column for column, field in fields.items() for name in (field.name, column)}


def written_columns(model: type[models.Model], names: Iterable[str] | None) -> set[str]:
    """Return the kept columns among the fields `names` (None for all)."""
    if names is None:
        return set(columns(model))
    known = _column_by_name(model)
    return {known[name] for name in names if name in known}


# Writing -----------------------------------------------------------------------------------------------------------------


def note(model: type[models.Model], changes: Sequence[tuple[Kind, Values, Values]]) -> None:
    """Write one history row for each change, in one statement for a thousand, stamped by the present act.

    Args:
        model: a tracked model.
        changes: what happened (`+` made, `~` changed, `-` deleted), what the row is now, and what its changed fields were.
    """
    if not changes:
        return
    table = history_of(model)
    stamp = {
        "history_user_id": current_actor(),
        "history_date": current_moment(),
        "history_change_reason": current_reason()[:300],
        "origin": current_origin(),
        "batch": current_batch(),
    }
    rows = [table(history_type=kind, before=before, **values, **stamp) for kind, values, before in changes]
    table.objects.bulk_create(rows, batch_size=1000)


def stored(model: type[models.Model], keys: Collection[Any], *, using: str | None = None) -> dict[Any, Values]:
    """Return what the rows with these keys are in the database, by key; in one query, and held until the transaction ends."""
    rows = model._base_manager.using(using).filter(pk__in=keys).order_by("pk").select_for_update()
    key = model._meta.pk.attname
    return {row[key]: row for row in rows.values(*columns(model))}


def changed(model: type[models.Model], was: Values, now: Values) -> Values:
    """Return what those fields were that are no longer so."""
    fields = fields_of(model)
    return {name: was[name] for name in now if name in was and was[name] != fields[name].to_python(now[name])}


class Tracked(models.Model):
    """A row whose saves are noted. Without HistoryOf on the model this does nothing."""

    class Meta:
        abstract = True

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Save the row and its history, both or neither."""
        with transaction.atomic(using=kwargs.get("using"), savepoint=False):
            super().save_base(*args, **kwargs)

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: bool | tuple[Any, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Any = None,
    ) -> bool:
        # Every save comes through here: loaddata too, which calls Model.save_base() past the one above, within its transaction.
        model = type(self)
        written = written_columns(model, update_fields)
        known = stored(model, [self.pk], using=using) if written and self.pk is not None and not force_insert else {}
        updated = bool(super()._save_table(raw, cls, force_insert, force_update, using, update_fields))  # type: ignore[misc]
        if written:
            self._note(written if updated else set(columns(model)), known.get(self.pk) if updated else None, using)
        return updated

    def _note(self, written: set[str], was: Values | None, using: str | None) -> None:
        model = type(self)
        now = {name: getattr(self, name) for name in columns(model) if name in written}
        if any(hasattr(value, "resolve_expression") for value in now.values()):
            now = stored(model, [self.pk], using=using)[self.pk]
        if was is None:
            note(model, [("+", now, {})])
        elif before := changed(model, was, now):
            note(model, [("~", was | now, before)])


class TrackedQuerySet(NewRowsQuerySet):
    """Rows whose bulk writes are noted, a row each. Without HistoryOf on the model this does nothing."""

    def update(self, **kwargs: Any) -> int:
        # bulk_update() and related managers come through here too.
        if not written_columns(self.model, kwargs) or self.query.is_sliced:
            return super().update(**kwargs)
        with transaction.atomic(using=self.db):
            keys = list(self.order_by().values_list("pk", flat=True))
            return (
                sum(self._update_and_note(part, kwargs) for part in _parts(keys)) if keys else super().update(**kwargs)
            )

    def _update_and_note(self, keys: Sequence[Any], values: dict[str, Any]) -> int:
        was = stored(self.model, keys, using=self.db)
        # The rows that were read, and no other that has come to match meanwhile.
        number = super(TrackedQuerySet, self.filter(pk__in=keys)).update(**values)
        now = stored(self.model, keys, using=self.db)
        differences = ((key, changed(self.model, was[key], row)) for key, row in now.items() if key in was)
        note(self.model, [("~", now[key], before) for key, before in differences if before])
        return number

    def _make(self, rows: list[Any], **asked: Any) -> list[Any]:
        if not is_tracked(self.model):
            return super()._make(rows, **asked)
        if asked.get("ignore_conflicts") or asked.get("update_conflicts"):
            raise RowsUnknown(self.model)
        with transaction.atomic(using=self.db, savepoint=False):
            made = super()._make(rows, **asked)
            model: type[models.Model] = self.model
            note(model, [("+", {name: getattr(row, name) for name in columns(model)}, {}) for row in made])
        return made


def _parts(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(keys), CHUNK):
        yield keys[first : first + CHUNK]
