"""What this part hangs into other rooms."""

from __future__ import annotations

from handoff import intake
from handoff.phased import cases, demo, history_page, page
from handoff.phased.cases_import import take_cases
from meetings import production
from projects import panels, replace
from projects.demo import register_chapter


def register_all() -> None:
    """Called once, by `AppConfig.ready()`."""
    panels.register("project-aside", page.project_panel)
    panels.register_link("Phased go-live", "phased")
    panels.register_link("Production cases", "cases")
    history_page.register_all()
    intake.register("cases", "Production cases", take_cases)
    production.register(cases.open_cases_of)
    replace.register(replace.Part(cases.names_in_cases, cases.pass_on_cases))
    register_chapter(demo.chapter)
