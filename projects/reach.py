"""Which phases a project has come to, as a question to the database."""

from __future__ import annotations

from django.db.models import F, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import LessThanOrEqual

from transitions.phase import Phase

#: The chain as one string. No phase's name is part of an earlier one's, so where a name stands in it is the order of phases:
#: one function call a row where a CASE has seven comparisons.
_CHAIN = " ".join(Phase.values)


def phase_rank(path: str) -> StrIndex:
    """Return an expression that orders the phases in the field `path` as the chain does."""
    return StrIndex(Value(_CHAIN), F(path))


def reached(step_phase: str = "template__phase", project_phase: str = "project__phase") -> LessThanOrEqual:
    """Return the condition that a step's phase is its project's present one or an earlier one."""
    return LessThanOrEqual(phase_rank(step_phase), phase_rank(project_phase))
