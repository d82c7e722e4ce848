"""What this part hangs into other rooms."""

from __future__ import annotations

import datetime as dt

from handoff import marks
from handoff.marks import Ready
from handoff.models.package import after_move, check_before_acceptance
from handoff.package import bell, demo, history, kept, notices, panels, ready, topics
from handoff.package.contents import Attached, Section, register_part
from handoff.summary.completeness import summary_rows
from projects import demo as demo_below
from projects import panels as places
from projects.models import Project

#: The tasks are known to Celery by their import here: this room has them by part.
TASKS = (bell.build_package, bell.build_due_packages)


def summary_topic(project: Project, now: dt.datetime) -> tuple[list[Section], tuple[Attached, ...]]:
    """Return the Integration Summary as it stands."""
    return topics.summary_sections(summary_rows(project)), ()


def register_all() -> None:
    """Called once, by `AppConfig.ready()`."""
    register_part(10, "project", "The project", topics.project_facts)
    register_part(20, "integration-summary", "Integration Summary", summary_topic)
    register_part(30, "scope-plan", "Scope plan and documents", topics.scope_plan)
    register_part(40, "schedule", "Schedule", topics.schedule)
    register_part(50, "sit-results", "SIT results", topics.sit_results)
    register_part(60, "uat-results", "UAT results", topics.uat_results)
    register_part(70, "raid-log", "RAID log", topics.raid_log)
    register_part(80, "notes", "Project notes", topics.notes)
    register_part(90, "decisions", "Decisions and sign-offs", topics.decisions)
    register_part(100, "team", "Team and contacts", topics.team)
    register_part(110, "open-items", "Open items and promises", topics.open_items)
    after_move(notices.tell_of_move)
    check_before_acceptance(kept.wrong_with)
    marks.register(Ready.PACKAGE, ready.package_marks)
    history.register_all()
    places.register("project-aside", panels.package_panel)
    places.register("project-aside", panels.runbook_panel)
    places.register_link("Package", "package")
    demo_below.register_chapter(demo.package_chapter)
