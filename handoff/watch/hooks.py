"""What this part hangs into other rooms."""

from __future__ import annotations

from handoff import intake
from handoff.watch import demo, gate, history, page, payments, reminding
from handoff.watch.vocabulary import MARK_COMPLETE
from projects import closing, panels
from projects.demo import register_chapter
from transitions import gates
from transitions.phase import Phase


def register_all() -> None:
    """Called once, by `AppConfig.ready()`."""
    gates.register(Phase.POST_LIVE, gate.anomalies_disposed)
    closing.register(MARK_COMPLETE)
    panels.register("project-aside", page.project_panel)
    intake.register("payments", "Daily payments", payments.take_payments)
    history.register_all()
    reminding.register_all()
    register_chapter(demo.watch_chapter)
