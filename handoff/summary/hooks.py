"""What this part hangs into other rooms."""

from __future__ import annotations

from handoff.marks import Ready
from handoff.marks import register as register_mark
from handoff.summary import demo, history_page
from handoff.summary.completeness import complete_ids
from handoff.summary.mark import summary_marks
from handoff.summary.page import project_panel
from projects import panels, settled
from projects.demo import register_chapter


def register_all() -> None:
    """Called once, by `AppConfig.ready()`."""
    register_mark(Ready.SUMMARY, summary_marks)
    settled.register(settled.Topic.SUMMARY, complete_ids)
    panels.register("project-aside", project_panel)
    panels.register_link("Integration Summary", "summary")
    history_page.register_all()
    register_chapter(demo.chapter)
