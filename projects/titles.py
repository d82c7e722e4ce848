"""What a live step is called: by its project, where that gave it a title of its own, else by its playbook. For SQL.

In Python a step's title is that of its template on the board, which has the project's own already (`Board.load`), or `str(row)`.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf


def title_of(step: str = "") -> Coalesce:
    """Return the title of a live step as an expression.

    Args:
        step: the way to the step from the rows that are asked: nothing for live steps themselves, else such as `step__`.
    """
    return Coalesce(NullIf(F(f"{step}own_title"), Value("")), F(f"{step}template__title"))


def next_title(steps: QuerySet[Any]) -> Coalesce:
    """Return the title of a project's next step, null where there is none: `steps` are the live steps of whatever project."""
    own = steps.filter(project=OuterRef("pk"), template=OuterRef("next_template")).order_by().values("own_title")
    return Coalesce(NullIf(Subquery(own, output_field=CharField()), Value("")), F("next_template__title"))
