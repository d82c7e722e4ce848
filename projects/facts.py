"""Plain facts changed by people: a project's name, its worth, its core system; the names of billers and core systems."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from history.context import named
from projects.models import Biller, CoreSystem, Project
from projects.team import locked_for
from transitions.blockers import Blocker, NotPermitted, StaleRow

#: The fields of a project that no other service changes.
PLAIN = ("name", "mrr", "core_system")


@named
def change_project(project: Project, field: str, value: Any, *, by: User, revision: int | None = None) -> Project:
    """Give a project another name, MRR or core system.

    Args:
        revision: of the project as the person saw it; None where nothing was shown.

    Raises:
        NotPermitted: `by` does not run the project. Archived: it is complete. StaleRow. ValidationError: no such value is
        possible.
    """
    if field not in PLAIN:
        raise ValueError(f"{field} of a project is changed by a service of its own")
    with transaction.atomic():
        row = locked_for(project, by)
        if revision is not None and revision != row.revision:
            raise StaleRow(row, f"{row} changed since you saw it.")
        setattr(row, field, value)
        row.clean_fields(exclude={other.name for other in Project._meta.fields} - {field})
        row.revision += 1
        row.save(update_fields=[field, "revision"])
    return row


@named
def change_reference(row: Biller | CoreSystem, field: str, value: Any, *, by: User) -> None:
    """Change a field of a biller or a core system.

    Raises:
        NotPermitted: `by` may not change reference data. ValidationError: no such value is possible, or another has it.
    """
    if not by.has_perm(f"projects.change_{row._meta.model_name}"):
        raise NotPermitted([Blocker("not-permitted", f"{by} may not change {row._meta.verbose_name_plural}.")])
    with transaction.atomic():
        fresh: Any = type(row)._default_manager.select_for_update().get(pk=row.pk)
        setattr(fresh, field, value)
        fresh.full_clean()
        fresh.save(update_fields=[field])
