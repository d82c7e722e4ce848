"""Deactivating a person, and taking them back: the one act after which what they hold elsewhere changes too.

Higher rooms listen to `activity_changed`; it is sent within the transaction, so that both happen or neither does.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import Signal

from accounts.models import User
from history.context import named

#: Sent when a person was deactivated or taken back, with `person` (saved) and `by` (a User, or None for the system).
activity_changed = Signal()


@named
def set_active(person: User, active: bool, *, by: User | None) -> None:
    """Deactivate a person (`active=False`) or take them back; nothing happens where they are so already.

    Raises:
        ValidationError: somebody would deactivate themselves, or an administrator with all rights without being one.
    """
    with transaction.atomic():
        # Not the key: rows that name the person are written meanwhile, by those who hold a project's lock.
        row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if row.is_active == active:
            return
        if by is not None and by.pk == row.pk:
            raise ValidationError("Nobody deactivates themselves: ask another administrator.", code="oneself")
        if by is not None and row.is_superuser and not by.is_superuser:
            raise ValidationError(
                f"{row.name} has every right; only somebody who has them too may do that.", code="outranked"
            )
        row.is_active = person.is_active = active
        row.save(update_fields=["is_active"])
        activity_changed.send(sender=User, person=row, by=by)
