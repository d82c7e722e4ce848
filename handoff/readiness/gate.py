"""What go-live asks at the gate out of Release: the same marks as the board shows, as criteria."""

from __future__ import annotations

from collections.abc import Iterator

from handoff.marks import Ready, marks_of
from projects.models import Project
from transitions.gates import Criterion, GateFacts
from transitions.phase import Phase

#: Told by the steps themselves at every gate (`approval-missing`): named twice they would have to be waived twice.
BY_STEPS = frozenset({Ready.SIGN_OFFS, Ready.SIT})


def go_live_criteria(facts: GateFacts) -> Iterator[Criterion]:
    """Give the criteria of the passage Release → Post-Live, which is the go-live (domain.md, Phases).

    Nothing where Release is the project's last phase: then nothing goes to Client Services.
    """
    if facts.next_phase != Phase.POST_LIVE:
        return
    project = Project.objects.select_related("biller", "manager", "core_system").get(pk=facts.project_id)
    for criterion, mark in marks_of([project], facts.today)[project.pk].items():
        if criterion not in BY_STEPS:
            yield Criterion(criterion.value, f"{criterion.label}: {mark.words}", mark.blockers)
