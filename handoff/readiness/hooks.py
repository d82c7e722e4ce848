"""What this part hangs into other rooms."""

from __future__ import annotations

from handoff.marks import Ready, register
from handoff.readiness import criteria, demo, gate, panel
from projects import panels
from projects.demo import register_chapter
from transitions import gates
from transitions.phase import Phase


def register_all() -> None:
    """Called once, by `AppConfig.ready()`."""
    register(Ready.SIGN_OFFS, criteria.sign_offs)
    register(Ready.SIT, criteria.sit_verified)
    register(Ready.UAT, criteria.uat)
    register(Ready.PRESENTATION, criteria.presentation)
    gates.register(Phase.RELEASE, gate.go_live_criteria)
    panels.register("project-aside", panel.project_panel)
    register_chapter(demo.presented)
