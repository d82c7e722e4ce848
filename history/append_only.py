"""Tables whose rows are added and never changed: held by PostgreSQL itself, beside the models that refuse as well."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

FUNCTION = """
CREATE OR REPLACE FUNCTION gatehouse_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are added, never changed or deleted.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION gatehouse_append_only()
"""


class AppendOnly(Operation):
    """Let PostgreSQL refuse UPDATE and DELETE of rows of a model, also to those who come with SQL of their own.

    TRUNCATE stays: it is what a test database is emptied with, and asks for a right of its own. SQLite has nobody but us, and
    rebuilds a table at each change of its columns, triggers and all: there the models' refusal stands alone.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, name: str) -> None:
        self.name = name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing in the models."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make the trigger."""
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(FUNCTION, params=None)  # its % is no placeholder
            schema_editor.execute(TRIGGER.format(table=self._table(app_label, schema_editor, to_state)))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop the trigger; its function stays, others may use it."""
        if schema_editor.connection.vendor == "postgresql":
            table = self._table(app_label, schema_editor, from_state)
            schema_editor.execute(f"DROP TRIGGER append_only ON {table}")

    def _table(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState) -> str:
        model: Any = state.apps.get_model(app_label, self.name)
        return str(schema_editor.quote_name(model._meta.db_table))

    def describe(self) -> str:
        """Say what the operation does."""
        return f"Let rows of {self.name} be added only"
