"""How Integration Summaries stand at the gate and on the go-live board: one of the criteria of readiness (handoff.marks)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from handoff.marks import Mark, Ready
from handoff.summary.completeness import Completeness, completeness_of
from handoff.summary.filling import gap_blockers
from handoff.summary.rights import OWNER
from projects.models import Project, Seat
from transitions.blockers import Blocker

PLAYBOOK = "transition-to-cs"
STEP = f"{PLAYBOOK}/release.integration-summary"


def summary_marks(projects: Sequence[Project], today: dt.date) -> dict[int, Mark]:
    """Return how the summaries of projects stand, by id, in three queries (domain.md: complete before go-live)."""
    ids = [project.pk for project in projects]
    states, owners = completeness_of(ids), owners_of(ids)
    return {
        project.pk: mark_of(states[project.pk], reverse("summary", args=[project.code]), owners.get(project.pk, ""))
        for project in projects
    }


def mark_of(state: Completeness, base: str, owner: str) -> Mark:
    """Return the mark of one summary: a blocker for each section with open fields, and one where an acceptance does not hold.

    Args:
        base: the address of the summary. owner: the name of whoever owns what is missing.
    """
    blockers = gap_blockers(state, base=base, owner=owner)
    words = state.words
    if state.reopened and state.acceptance is not None:
        titles = ", ".join(change.field.title for change in state.changes)
        text = f"Integration Summary changed since it was accepted: {titles}."
        blockers.append(
            Blocker(Ready.SUMMARY.value, text, f"{base}#acceptance", state.acceptance.by.name, "changed-since-accepted")
        )
        words = f"{words}, changed since accepted"
    elif state.accepted:
        words = f"{words}, accepted"
    return Mark(words, tuple(blockers), link=base)


def owners_of(project_ids: Sequence[int]) -> dict[int, str]:
    """Return the name of the IM of each project, by its id; one where nobody sits as IM is not in it. One query."""
    seats: Any = Seat.objects.filter(project__in=project_ids, role__code=OWNER, person__is_active=True)
    # The first of several comes last, and so stays.
    return dict(seats.order_by("-pk").values_list("project_id", "person__name"))
