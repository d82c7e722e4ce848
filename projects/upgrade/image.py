"""What an upgrade wrote, row by row: enough to put back just that, and to see whether anybody has changed it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.functions import Cast

from projects.models import CommentRequest, Notice, Project, ProjectPlaybook, ProjectStep, Seat

#: The columns that are put back, by table. A revision only ever grows.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "steps": (
        *("template_id", "status", "due", "reason", "owner_id", "until", "status_since"),
        *("responsible_id", "accountable_id", "visible_to_customer", "customer_note", "own_title"),
    ),
    "seats": ("role_id", "person_id"),
    "pins": ("version_id",),
    "requests": ("withdrawn_at", "answered_at"),
}
MODELS: Mapping[str, type[models.Model]] = {
    "steps": ProjectStep,
    "seats": Seat,
    "pins": ProjectPlaybook,
    "requests": CommentRequest,
}
#: What the project's own row keeps of it; totals and grants are counted from the rest.
PROJECT = ("phases", "manager_id")

Rows = dict[str, dict[str, Any]]
Image = dict[str, Any]


def plain(value: Any) -> Any:
    """Return a column's value as JSON keeps it, to the microsecond."""
    if value is None or isinstance(value, bool | int | str | list):
        return value
    return value.isoformat()


def take(project: Project) -> dict[str, Rows]:
    """Return the project's rows as they are, by table and id, in five queries."""
    found: dict[str, Rows] = {}
    for name, columns in COLUMNS.items():
        table: Any = MODELS[name]._default_manager
        rows = table.filter(project=project).order_by("pk").values_list("pk", *columns)
        found[name] = {str(row[0]): dict(zip(columns, map(plain, row[1:]), strict=True)) for row in rows}
    heard = Notice.objects.filter(project=project).order_by("pk").values_list("pk", flat=True)
    found["notices"] = {str(pk): {} for pk in heard}
    found["project"] = {"": {name: plain(getattr(project, name)) for name in PROJECT}}
    return found


def difference(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> Image:
    """Return what was changed, made and taken away between two takings: `{table: {changed, made, gone}}`."""
    image: Image = {}
    for name, was in before.items():
        now = after[name]
        image[name] = {
            "changed": {
                key: [_only(was[key], now[key]), _only(now[key], was[key])]
                for key in was
                if key in now and was[key] != now[key]
            },
            "made": {key: now[key] for key in now if key not in was},
            "gone": {key: was[key] for key in was if key not in now},
        }
    return image


def _only(row: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if other[name] != value}


def changed_since(image: Image, project: Project) -> list[tuple[str, int]]:
    """Return the rows that the upgrade wrote and that are not as it left them: (table, id)."""
    now = take(project)
    found = []
    for name in (*COLUMNS, "project"):
        for key, (_, left) in image[name]["changed"].items():
            row = now[name].get(key)
            if row is None or any(row[column] != value for column, value in left.items()):
                found.append((name, int(key or 0)))
        for key, left in image[name]["made"].items():
            if now[name].get(key) != left:
                found.append((name, int(key)))
    return found


def put_back(image: Image, project: Project) -> None:
    """Write the rows as they were, within the move that undoes the upgrade: in so many queries whatever their number."""
    table: Any
    for name in ("steps", "seats", "pins", "requests"):
        model: Any = MODELS[name]
        table = model._default_manager
        made = [int(key) for key in image[name]["made"]]
        if name == "steps" and made:
            Notice.objects.filter(step__in=made).delete()
            table.filter(pk__in=made).take_back()
        elif made:
            table.filter(pk__in=made).delete()
        _write(model, {int(key): was for key, (was, _) in image[name]["changed"].items()})
        gone = [model(pk=int(key), project=project, **values) for key, values in image[name]["gone"].items()]
        if gone:
            table.bulk_create(gone)
    Notice.objects.filter(pk__in=[int(key) for key in image["notices"]["made"]]).delete()


def _write(model: Any, rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Write columns of rows that are there, each its own values; statuses too, where a move opens the door to that."""
    for columns, keys in _by_columns(rows).items():
        convert = {name: model._meta.get_field(name).to_python for name in columns}
        values = {pk: {name: convert[name](rows[pk][name]) for name in columns} for pk in keys}
        write(model, values, columns)


def write(model: Any, rows: Mapping[int, Mapping[str, Any]], columns: Sequence[str], *, revision: bool = True) -> None:
    """Write `columns` of rows, by id, in one statement; each counts one revision up, unless not `revision`.

    Not by `bulk_update()`: that takes rows with their states assigned, which nobody may.
    """
    if not rows:
        return
    changes: dict[str, Any] = {}
    for name in columns:
        field = model._meta.get_field(name)
        whens = [
            models.When(pk=pk, then=models.Value(row[name], output_field=_plain_field(field)))
            for pk, row in rows.items()
        ]
        case: Any = models.Case(*whens, output_field=_plain_field(field))
        if connection.features.requires_casted_case_in_updates:
            case = Cast(case, output_field=_plain_field(field))
        changes[field.name] = case
    if revision and any(field.name == "revision" for field in model._meta.fields):
        changes["revision"] = models.F("revision") + 1
    model._default_manager.filter(pk__in=list(rows)).update(**changes)


def _plain_field(field: Any) -> Any:
    return field.target_field if field.remote_field else field


def _by_columns(rows: Mapping[int, Mapping[str, Any]]) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for pk, row in rows.items():
        if row:
            found.setdefault(tuple(sorted(row)), []).append(pk)
    return found
