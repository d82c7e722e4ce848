"""What all our tables say, so that two moments can be compared."""

from __future__ import annotations

from typing import Any

from django.apps import apps

OUR_APPS = ("accounts", "playbook", "projects", "transitions", "raci", "history")
#: Columns that no two moments share though nothing happened: when somebody was last here, and which act wrote the row.
PASSING = frozenset({"last_login", "batch", "history_id"})
#: Columns in which new rows name each other by keys, which a sequence does not take back.
GROWN = frozenset({"id", "document_id", "request_id", "occasion"})


def snapshot(*, with_keys: bool = True) -> dict[str, list[str]]:
    """Return every row of our own tables, as text, by table; without their keys where new rows are to be compared."""
    found: dict[str, list[str]] = {}
    for model in apps.get_models():
        if model._meta.app_label not in OUR_APPS:
            continue
        key = model._meta.pk.attname
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if field.attname not in PASSING and (with_keys or field.attname not in {key, *GROWN})
        ]
        rows: Any = model._base_manager.order_by().values_list(*names)
        found[model._meta.label] = sorted(str(row) for row in rows)
    return found


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, tuple[list[str], list[str]]]:
    """Return the tables that differ, with the rows that are gone and those that are new."""
    return {
        table: ([row for row in rows if row not in after[table]], [row for row in after[table] if row not in rows])
        for table, rows in before.items()
        if rows != after[table]
    }
