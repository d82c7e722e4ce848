"""Addresses that a mail server will never take mail for: said once, and nothing more is sent there until somebody mends it."""

from __future__ import annotations

import datetime as dt

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import mail as mails
from accounts.models import OutgoingMail, User
from history.context import named
from reminders.models import Bounce

logger = structlog.get_logger(__name__)


def register_all() -> None:
    """Let refused addresses be kept, and keep mails from going there."""
    mails.tell_when_refused(note)
    mails.hold_back_with(reason)


def note(mail: OutgoingMail, answer: str, now: dt.datetime) -> None:
    """Keep what a mail server said of the address of a mail's person."""
    Bounce.objects.update_or_create(
        person=mail.person, defaults={"address": mail.person.email, "answer": answer, "at": now}
    )
    logger.warning("address_refused", person=mail.person_id, mail=mail.pk)


def reason(mail: OutgoingMail) -> str:
    """Return why nothing is sent to the person of a mail; nothing where their address is another by now."""
    answer = Bounce.objects.filter(person=mail.person_id, address=mail.person.email).values_list("answer", flat=True)
    return f"The address was refused before: {answer[0]}" if answer else ""


@named
@transaction.atomic
def lift(person: User, *, by: User) -> bool:
    """Try a refused address again from now on, at the word of its owner or of an administrator; return whether it was one.

    Raises:
        PermissionDenied: `by` is neither.
    """
    if not by.is_active or (by.pk != person.pk and not by.has_perm("accounts.change_outgoingmail")):
        raise PermissionDenied(f"{by} may not say that the address of {person} works.")
    return bool(Bounce.objects.filter(person=person).delete()[0])
