"""A field taken back to what it was before one change: by the service that changes it, never around that.

The taking back is a change like any other: checked, refused where the project is complete, and in the history itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts.models import User
from history.context import acting, named
from history.reading import label_of
from history.tracking import fields_of
from playbook.models import Role, Step
from playbook.services import edit_draft
from projects.dates import move_due_date, move_target_go_live
from projects.facts import change_project, change_reference
from projects.models import Biller, CoreSystem, Project, ProjectStep, Seat
from projects.rename import rename_step
from projects.team import fill_seat, name_on_step
from transitions.blockers import Blocker, MoveRefused

#: What a history row of each kind is about; the kinds are those of `history_page`.
MODELS: Mapping[str, type[models.Model]] = {
    "project": Project,
    "step": ProjectStep,
    "seat": Seat,
    "biller": Biller,
    "core-system": CoreSystem,
    "playbook-step": Step,
    "role": Role,
}


class ChangedSince(MoveRefused):
    """The field has been changed again. `value` is what it is now; whoever saw that may say so and go on."""

    def __init__(self, value: Any) -> None:
        self.value = value
        super().__init__([Blocker("changed-since", "It was changed again since.")])


@named
def revert(kind: str, row: Any, column: str, *, by: User, seen: str | None = None) -> bool:
    """Give a field the value that it had before the change that `row` tells of.

    Args:
        kind: one of MODELS. row: of its history. column: one of those in `row.before`.
        seen: what the person saw the field to be now, in the database's words (`as_seen`), where it was changed again since.

    Returns:
        False where the field is so already, and nothing has changed.

    Raises:
        ChangedSince: changed again, and not into what was seen. NotPermitted, Archived, StaleRow, MoveRefused: as the service.
        ValidationError: the value is not possible any more.
    """
    model = MODELS[kind]
    was = fields_of(model)[column].to_python(row.before[column])
    with transaction.atomic(), acting(reason=reason_of(model, row, column)):
        fresh = _locked(model, row.id)
        now = getattr(fresh, column)
        if now == was:
            return False
        if now != getattr(row, column) and as_seen(now) != seen:
            raise ChangedSince(now)
        _services(kind, column)(fresh, was, by=by)
    return True


def reason_of(model: type[models.Model], row: Any, column: str) -> str:
    """Return the words that the taking back bears in the history."""
    at = row.history_date
    return f"Reverted {label_of(model, column).lower()} to what it was before {at:%b} {at.day}, {at.year}."


def as_seen(value: Any) -> str:
    """Return a value as a form carries it, to be compared only."""
    return "" if value is None else str(value)


def _locked(model: type[models.Model], pk: int) -> Any:
    """Return the row as it is, under the lock that its service takes."""
    rows: Any = model._default_manager
    if model in (ProjectStep, Seat):
        Project.objects.select_for_update(of=("self",)).get(pk=rows.values_list("project", flat=True).get(pk=pk))
        return rows.select_related("project").get(pk=pk)
    return rows.select_for_update(of=("self",)).get(pk=pk)


def _services(kind: str, column: str) -> Callable[..., object]:
    special: dict[tuple[str, str], Callable[..., object]] = {
        ("step", "due"): partial(_date, move_due_date),
        ("step", "responsible_id"): partial(_name, "R"),
        ("step", "accountable_id"): partial(_name, "A"),
        ("step", "own_title"): _rename,
        ("seat", "person_id"): _seat,
        ("project", "target_go_live"): partial(_date, move_target_go_live),
    }
    if (kind, column) in special:
        return special[kind, column]
    services: dict[str, Callable[..., object]] = {
        "project": change_project,
        "biller": change_reference,
        "core-system": change_reference,
        "playbook-step": edit_draft,
        "role": edit_draft,
    }
    return partial(_plain, services[kind], fields_of(MODELS[kind])[column])


def _date(service: Callable[..., object], row: Any, was: Any, *, by: User) -> None:
    if was is None:
        raise ValidationError("There was no date before.")
    service(row, was, by=by, reason="Reverted from the history.", revision=row.revision)


def _name(letter: str, row: ProjectStep, was: int | None, *, by: User) -> None:
    name_on_step(row, letter, _person(was), by=by, revision=row.revision)


def _rename(row: ProjectStep, was: str, *, by: User) -> None:
    rename_step(row, was, by=by, reason="Reverted from the history.", revision=row.revision)


def _seat(row: Seat, was: int | None, *, by: User) -> None:
    fill_seat(row.project, row.pk, _person(was), by=by)


def _person(pk: int | None) -> User | None:
    person = User.objects.filter(pk=pk).first()
    if pk is not None and person is None:
        raise ValidationError("That person is no longer there.")
    return person


def _plain(service: Callable[..., object], field: Any, row: Any, was: Any, *, by: User) -> None:
    if field.remote_field and was is not None:
        was = field.related_model._default_manager.filter(pk=was).first()
        if was is None:
            raise ValidationError(f"That {field.verbose_name} is no longer there.")
    service(row, field.name, was, by=by)
