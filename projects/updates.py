"""Status updates: what whoever runs a project says of its health."""

from __future__ import annotations

import datetime as dt
import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects.health import REASON_NEEDED, Health
from projects.models import Project, StatusUpdate
from projects.models.status_update import LONGEST_UPDATE
from projects.team import locked_for
from transitions.blockers import Blocker, NotPermitted, StaleRow


def may_post(project: Project, person: User) -> bool:
    """Return whether the person posts updates of the project: whoever runs it, or an administrator who stands in."""
    runs = person.is_superuser or project.board.manages(person.pk)
    return runs and not person.is_outside and not project.is_archived()


@named
def post_update(
    project: Project,
    *,
    health: str,
    by: User,
    key: uuid.UUID,
    reason: str = "",
    text: str = "",
    visible_to_customer: bool = False,
    seen: int | None = None,
    now: dt.datetime | None = None,
) -> StatusUpdate:
    """Say how a project does. What is said stays; a correction is another update.

    Args:
        key: of the form. The same said twice under one key is one update, and that one is returned.
        reason: why; below on track (at risk, off track, on hold) there is one. text: plain, 4,000 characters at most.
        visible_to_customer: people outside read the health, the text and the day; never the reason.
        seen: the id of the latest update that the person was shown, 0 for none; None where nothing was shown.

    Raises:
        NotPermitted: `by` does not run the project. Archived. ValidationError.
        StaleRow: somebody posted meanwhile, or something else was said under this key; its row is that update.
    """
    said = {
        "health": health, "reason": reason.strip(), "text": text.strip(), "visible_to_customer": visible_to_customer,
    }  # fmt: skip
    with transaction.atomic():
        row = locked_for(project, by)
        if by.is_outside:
            raise NotPermitted([Blocker("not-permitted", f"{by} does not post updates of {row}.")])
        if (posted := row.updates.filter(key=key).select_related("by").first()) is not None:
            if any(getattr(posted, name) != value for name, value in said.items()):
                raise StaleRow(posted, "This form was posted before, and what it said then stays.")
            return posted
        latest = row.updates.select_related("by").first()
        if seen is not None and seen != (latest.pk if latest else 0):
            raise StaleRow(latest or row, f"{latest.by if latest else 'Somebody'} posted an update since you began.")
        made = StatusUpdate(project=row, by=by, key=key, at=now or timezone.now(), **said)
        _check(made)
        made.save()
        if latest is None or made.at >= latest.at:  # one that is told late is no news
            row.health, row.health_at = made.health, made.at
            row.save(update_fields=["health", "health_at"])
    project.health, project.health_at = row.health, row.health_at
    return made


def _check(update: StatusUpdate) -> None:
    errors: dict[str, str] = {}
    if update.health in REASON_NEEDED and not update.reason:
        errors["reason"] = f"Say why it is {Health(update.health).label.lower()}."
    if update.visible_to_customer and not update.text:
        errors["text"] = "Say something: the customer reads this text, and never the reason."
    if len(update.text) > LONGEST_UPDATE:
        errors["text"] = f"The text has {len(update.text):,} characters; {LONGEST_UPDATE:,} is the most."
    if errors:
        raise ValidationError(errors)
    update.full_clean(exclude=("project", "by"), validate_constraints=False)
