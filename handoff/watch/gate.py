"""The gate to completion of an add-on: each anomaly that is found has somebody's word on what became of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from handoff.watch.reading import Found, watch_over
from handoff.watch.vocabulary import MONITOR
from projects.models import Project
from transitions.blockers import Blocker
from transitions.gates import Criterion, GateFacts

CODE = "anomaly-open"
#: So many are named; one line stands for the rest.
MOST_TOLD = 20


def path_of(code: str, found: Found) -> str:
    """Return the address of the page of an anomaly."""
    return reverse("watch-anomaly", args=[code, found.finding.kind.value, found.finding.first])


def anomalies_disposed(facts: GateFacts) -> Iterable[Criterion]:
    """Give the criterion for a project that has an add-on to monitor; four queries, and none for any other (issue 6)."""
    if all(step.key != MONITOR for step in facts.steps):
        return []
    project = Project.objects.only("code", "actual_go_live", "kickoff", "standing").get(pk=facts.project_id)
    watched = watch_over(project, facts.today)
    return [Criterion(CODE, _words(watched.found), tuple(blockers(watched.holding, project.code, facts)))]


def blockers(holding: list[Found], code: str, facts: GateFacts) -> list[Blocker]:
    """Return a blocker for each anomaly that nobody has said anything of, the first twenty, and one line for the rest."""
    found = [
        Blocker(
            CODE, f"Say what became of it. {one.finding.words(facts.today)}", path_of(code, one), facts.manager,
            f"{one.finding.kind.value}-{one.finding.first}",
        )
        for one in holding
    ]  # fmt: skip
    if len(found) <= MOST_TOLD:
        return found
    link = reverse("watch", args=[code])
    more = Blocker(CODE, f"and {len(found) - MOST_TOLD} more", link, "", "more", waivable=False)
    return [*found[:MOST_TOLD], more]


def _words(found: list[Found]) -> str:
    asked = [one for one in found if one.finding.kind.holds]
    said = sum(not one.open for one in asked)
    return f"Anomalies in the payments disposed of, {said} of {len(asked)}" if asked else "No anomaly in the payments"
