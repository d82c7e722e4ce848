"""What all our tables say, so that two moments can be compared."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

OUR_APPS = (
    "accounts",
    "playbook",
    "projects",
    "records",
    "workbook",
    "reminders",
    "handoff",
    "meetings",
    "transitions",
    "raci",
    "history",
)
#: Columns that no two moments share though nothing happened: when somebody was last here, which act wrote the row, and the
#: name of an event that no other event has.
PASSING = frozenset({"last_login", "batch", "history_id", "uid"})


def same_keys_again() -> None:
    """Let the next rows have the keys that follow the last ones: a sequence of PostgreSQL does not take back what was undone."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models(include_auto_created=True)):
            cursor.execute(statement)


def snapshot() -> dict[str, list[str]]:
    """Return every row of our own tables, as text, by table."""
    found: dict[str, list[str]] = {}
    for model in apps.get_models():
        if model._meta.app_label not in OUR_APPS:
            continue
        names = [field.attname for field in model._meta.concrete_fields if field.attname not in PASSING]
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
