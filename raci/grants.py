"""Object permissions: the only importer of guardian.

What a person may do on a project is a row in that project's own grant table (direct foreign keys, no generic ones): written
and withdrawn here, in the transaction that fills or empties the seat.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from guardian.models import UserObjectPermissionBase


class Grant(UserObjectPermissionBase):
    """One permission of one person on one row. A concrete table adds `content_object`."""

    class Meta(UserObjectPermissionBase.Meta):
        abstract = True


@lru_cache(maxsize=64)
def permission_ids(model: type[models.Model]) -> Mapping[str, int]:
    """Return the ids of the permissions of `model`, by codename; read once a process, as Django does content types."""
    content_type = ContentType.objects.get_for_model(model)
    return dict(Permission.objects.filter(content_type=content_type).values_list("codename", "pk"))


@receiver(post_migrate)
def _forget_permission_ids(**_: Any) -> None:
    permission_ids.cache_clear()


def set_grants(
    table: type[models.Model],
    row: models.Model,
    wanted: Mapping[int, Collection[str]],
) -> None:
    """Make the grants on `row` be `wanted`, of everybody, in at most three queries; one that is there stays as it is.

    The caller holds the lock under which they change.

    Args:
        table: the concrete grant table.
        row: the object.
        wanted: the codenames due to each person, by the person's id. Whoever is not in it has none.
    """
    ids = permission_ids(type(row))
    due = {(person, ids[codename]) for person, codenames in wanted.items() for codename in codenames}
    manager: Any = table._default_manager
    rows = manager.filter(content_object=row).values_list("pk", "user_id", "permission_id")
    existing = {(user_id, permission_id): pk for pk, user_id, permission_id in rows}
    gone = [pk for pair, pk in existing.items() if pair not in due]
    if gone:
        manager.filter(pk__in=gone).delete()
    manager.bulk_create(
        [
            table(content_object=row, user_id=person, permission_id=permission)
            for person, permission in sorted(due - existing.keys())
        ],
        ignore_conflicts=True,
    )


def all_held(table: type[models.Model], rows: Any) -> dict[int, dict[int, set[str]]]:
    """Return what is granted on each of `rows` (a queryset): `{object id: {person id: codenames}}`, in one query."""
    manager: Any = table._default_manager
    names = {pk: codename for codename, pk in permission_ids(rows.model).items()}
    found: dict[int, dict[int, set[str]]] = {}
    granted = manager.filter(content_object__in=rows).values_list("content_object_id", "user_id", "permission_id")
    for object_id, person_id, permission_id in granted.iterator(chunk_size=5000):
        found.setdefault(object_id, {}).setdefault(person_id, set()).add(names[permission_id])
    return found


def held(table: type[models.Model], row: models.Model, person: Any) -> frozenset[str]:
    """Return the codenames that `person` holds on `row`, in one query."""
    manager: Any = table._default_manager
    return frozenset(manager.filter(content_object=row, user=person).values_list("permission__codename", flat=True))


def holds_globally(person: Any, app_label: str, codename: str) -> bool:
    """Return whether `person` has a permission on no object in particular, by group or by name, in one query.

    `User.has_perm` takes two. An administrator has every one, nobody deactivated has any.
    """
    if not person.is_active or person.is_superuser:
        return bool(person.is_active)
    mine = models.Q(group__user=person) | models.Q(user=person)
    return Permission.objects.filter(mine, content_type__app_label=app_label, codename=codename).exists()


def set_grants_of_new(
    table: type[models.Model], model: type[models.Model], wanted: Mapping[int, Mapping[int, Collection[str]]]
) -> None:
    """Write the grants of rows that were just made, in bulk: `{object id: {person id: codenames}}`; none may have any yet."""
    ids = permission_ids(model)
    manager: Any = table._default_manager
    manager.bulk_create(
        [
            table(content_object_id=pk, user_id=person, permission_id=ids[codename])
            for pk, people in wanted.items()
            for person, codenames in people.items()
            for codename in sorted(codenames)
        ],
        batch_size=1000,
    )
