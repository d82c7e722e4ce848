"""What support asks at the end of a project: a period that runs holds it open, since an archived project takes no more writes."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from handoff.models import SupportPeriod
from projects.days import short
from transitions.blockers import Blocker
from transitions.gates import Criterion, GateFacts


def support_criteria(facts: GateFacts) -> Iterator[Criterion]:
    """Give the criterion of Post-Live where the project has a period; in one query. No waiver sets it aside."""
    rows = SupportPeriod.objects.filter(project=facts.project_id).select_related("project", "tsm").order_by("-number")
    period = rows.first()
    if period is None:
        return
    link = reverse("support", args=[period.project.code])
    if period.state != "running":
        yield Criterion("support-runs", "Support has ended")
        return
    waits = period.evaluate_on
    until = (
        f"waits for its evaluation on {short(waits, facts.today)}"
        if waits
        else f"runs until {short(period.planned_end, facts.today)}"
    )
    who = period.tsm.name if period.tsm else ""
    text = f"{period} {until}: end it, or wait"
    yield Criterion(
        "support-runs",
        "Support has ended",
        (Blocker("support-runs", text, link, who, f"support-{period.number}", waivable=False),),
    )
