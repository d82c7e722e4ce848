"""Waivers: one criterion of a gate set aside by a named person, with a reason and an expiry, and shown for ever."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects.models import Project, Waiver
from transitions.blockers import Blocker, NotPermitted
from transitions.clock import business_day
from transitions.gates import blockers_of, gate
from transitions.moves import NOTE_LIMIT

#: No waiver lasts longer than this.
LONGEST = dt.timedelta(days=180)


@named
def waive(
    project: Project,
    *,
    code: str,
    subject: str,
    by: User,
    reason: str,
    expires: dt.date,
    now: dt.datetime | None = None,
) -> Waiver:
    """Set aside the blocker `(code, subject)` of the present gate until `expires`, inclusive.

    Raises:
        NotPermitted: the person does not run the project. Archived.
        ValidationError: no such blocker stands now, or one that stands for several; no reason, or one of more than 4,000
            characters; an expiry in the past or over 180 days away.
    """
    now = now or timezone.now()
    today = business_day(now)
    with transaction.atomic():
        row = project.locked()
        if not (by.is_active and (by.is_superuser or row.board.manages(by.pk))):
            raise NotPermitted([Blocker("not-permitted", f"{by} may not waive a gate of {row}.")])
        row.refuse_if_archived()
        standing = blockers_of(gate(row.gate_facts(today)))
        blocker = next((item for item in standing if (item.code, item.subject) == (code, subject)), None)
        errors = {}
        if blocker is None:
            errors["code"] = "Nothing of that kind blocks this gate now."
        elif not blocker.waivable:
            errors["code"] = "That line stands for several. Waive them one by one."
        if not reason.strip():
            errors["reason"] = "Say why: the reason stays with the project for ever."
        if len(reason) > NOTE_LIMIT:
            errors["reason"] = f"The reason has {len(reason):,} characters; {NOTE_LIMIT:,} is the most."
        if not today <= expires <= today + LONGEST:
            errors["expires"] = f"Choose a date from today to {today + LONGEST:%b %d, %Y}."
        if errors or blocker is None:
            raise ValidationError(errors)
        return Waiver.objects.create(
            project=row, code=code, subject=subject, text=blocker.text[:500], phase=row.phase, by=by,
            reason=reason.strip(), expires=expires, at=now,
        )  # fmt: skip
