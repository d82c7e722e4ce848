"""Inviting people: the only way into Gatehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.groups import EXTERNAL
from accounts.mail import post
from accounts.models import Side, User
from history.context import named

INVITE = "accounts.invite_person"


@named
@transaction.atomic
def invite(
    email: str, name: str, side: str, *, by: User, groups: Sequence[Group] = (), leads_to: str = "/",
    now: dt.datetime | None = None,
) -> User:  # fmt: skip
    """Mail somebody a link to come in by, once a minute at most, and make their account if there is none.

    Who is known already keeps their name, side and groups. Who is not of the company joins the group External.

    Args:
        email: in any capitals.
        groups: to join. Only who may change people may give them.
        leads_to: the path that the link opens.

    Returns:
        The person, without a password: codes by e-mail and passkeys do without.

    Raises:
        PermissionDenied: `by` may not invite, or may not give these groups.
        ValidationError: of a field, by its name; an account that is closed is for an administrator to open again.
    """
    if not by.has_perm(INVITE) or (groups and not by.has_perm("accounts.change_user")):
        raise PermissionDenied
    person = User.objects.filter(email=email.strip().lower()).first()
    if person is None:
        person = User.objects.create_user(email, name.strip(), None, side=side)
        if side != Side.INTERNAL:
            person.groups.add(Group.objects.get(name=EXTERNAL))
        person.groups.add(*groups)
    if not person.is_active:
        raise ValidationError({"email": "This account is closed. An administrator can open it again."})
    send_invitation(person, by=by, leads_to=leads_to, now=now)
    return person


def send_invitation(person: User, *, by: User, leads_to: str = "/", now: dt.datetime | None = None) -> None:
    """Mail a person, who is there, a link to come in by. Pressing the button twice within a minute sends one."""
    minute = (now or timezone.now()).strftime("%Y%m%d%H%M")
    post("invitation", to=person, key=f"invitation:{person.pk}:{minute}", by=by.pk, leads_to=leads_to)
