"""What this part hangs into other rooms."""

from __future__ import annotations

from handoff import marks
from handoff.marks import Ready
from handoff.rights import decides_tiers
from handoff.support import terms as support_terms
from handoff.tier import admin as _admin  # registers the tables with the admin
from handoff.tier.decisions import decision_of
from handoff.tier.demo import chapter
from handoff.tier.marks import meeting_marks, settled_for, tier_marks
from handoff.tier.page import biller_panel, go_live_panel, inbox_panel, project_panel
from handoff.tier.rule import Support
from meetings import rights as meeting_rights
from meetings import tier as meeting_tier
from meetings.vocabulary import Kind
from projects import panels, settled
from projects.demo import register_chapter
from projects.models import Project

assert _admin


def register_all() -> None:
    """Called once, by `AppConfig.ready()`."""
    settled.register(settled.Topic.TIER, settled_for)
    marks.register(Ready.TIER, tier_marks)
    marks.register(Ready.TSM_MEETINGS, meeting_marks)
    meeting_tier.register(count_of)
    # Client Services says how many TSM meetings there are: it may cancel, move and add them.
    meeting_rights.let_run(Kind.TSM.value, decides_tiers)
    panels.register("project-aside", project_panel)
    panels.register("go-live", go_live_panel)
    panels.register("biller", biller_panel)
    panels.register("inbox", inbox_panel)
    register_chapter(chapter)
    support_terms.register(terms_of, decide="tier")


def count_of(project: Project) -> int | None:
    """Return how many TSM meetings the decided tier asks for; None where nothing is decided. One query."""
    decision = decision_of(project)
    return None if decision is None else decision.meetings


def terms_of(project: Project) -> support_terms.Terms | None:
    """Return the support that was decided for a project; None where nothing is decided. One query."""
    decision = decision_of(project)
    if decision is None:
        return None
    label = str(Support(decision.support).label)
    return support_terms.Terms(label, decision.days, decision.open_ended, decision.tsm)
