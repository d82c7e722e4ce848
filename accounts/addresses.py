"""One address for one person: the one in their row. allauth keeps a table of its own, which must not know more."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User


def forget_earlier_addresses(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Drop what allauth remembers of other addresses when a person is saved: nobody signs in by the one they had before."""
    if not created and (update_fields is None or "email" in update_fields):
        EmailAddress.objects.filter(user=instance).exclude(email=instance.email).delete()
