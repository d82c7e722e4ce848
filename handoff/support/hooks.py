"""What this part hangs into other rooms."""

from __future__ import annotations

from handoff.support import demo, gate, history_page, mails, page, periods, reminding, tasks  # noqa: F401 - a task is known once read
from projects import panels, replace
from projects.demo import register_chapter
from projects.models.project import after_phase
from transitions.gates import register
from transitions.phase import Phase


def register_all() -> None:
    """Called once, by `AppConfig.ready()`."""
    after_phase(periods.follow_phase)
    register(Phase.POST_LIVE, gate.support_criteria)
    replace.register(replace.Part(periods.names_in_support, periods.pass_on_support))
    panels.register("project-aside", page.project_panel)
    panels.register("outside-project", page.outside_panel)
    panels.register_link("Support after go-live", "support")
    mails.register_all()
    reminding.register_all()
    history_page.register_all()
    register_chapter(demo.chapter)
