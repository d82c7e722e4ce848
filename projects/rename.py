"""A step's own title on its project: what the playbook calls otherwise, here and nowhere else."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from history.context import acting, named
from projects.models import ProjectStep
from projects.team import locked_for
from transitions.blockers import StaleRow

#: A reason is kept with the change in the step's history.
REASON_LIMIT = 300


@named
def rename_step(
    step: ProjectStep, title: str, *, by: User, reason: str = "", revision: int | None = None
) -> ProjectStep:
    """Give a step a title of its own on its project; an empty one, or the playbook's, gives it back the playbook's.

    Args:
        revision: of the step when the form was shown; None where nothing was shown.

    Raises:
        NotPermitted: `by` does not run the project. Archived: it is complete. StaleRow: the step changed since.
        ValidationError: a title of more than 200 characters or with characters that do not show, a reason of more than 300.
    """
    title, reason = " ".join(title.split()), reason.strip()
    _check(title, reason)
    with transaction.atomic():
        project = locked_for(step.project, by)
        row = ProjectStep.objects.select_related("template").get(pk=step.pk)
        row.project = project
        if revision is not None and revision != row.revision:
            raise StaleRow(row, f"“{row}” changed since you saw it.")
        own = "" if title == row.template.title else title
        if own != row.own_title:
            row.own_title = own
            row.revision += 1
            with acting(reason=reason):
                row.save(update_fields=["own_title", "revision"])
            project.__dict__.pop("board", None)
    return row


def _check(title: str, reason: str) -> None:
    errors = {}
    longest = ProjectStep._meta.get_field("own_title").max_length or 0
    if len(title) > longest:
        errors["title"] = f"The title has {len(title):,} characters; {longest:,} is the most."
    elif not title.isprintable():
        errors["title"] = "The title has characters that cannot be shown. Type it anew."
    if len(reason) > REASON_LIMIT:
        errors["reason"] = f"The reason has {len(reason):,} characters; {REASON_LIMIT:,} is the most."
    if errors:
        raise ValidationError(errors)
