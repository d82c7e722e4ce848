"""Where talk shows beside its own pages: with what is talked about, in the history, among what waits for people outside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import User
from history.reading import Name
from projects import history_page, panels
from projects.models import Project
from projects.outside_asks import Ask, Telling, register_asks
from projects.panels import Panel
from records import subjects
from records.models import Comment, Mention
from records.subjects import find, find_all
from records.talk_page import ON_PANEL, UP, Reader, box_about, box_for_outside, box_of_project
from transitions.clock import BUSINESS_ZONE
from transitions.standing import Standing

#: A mention waits on the page of somebody outside for so long, unless they answer before.
WAITS = dt.timedelta(days=14)
TEMPLATE = "records/talk/panel.html"


def talk_panel(kind: str) -> Callable[..., Panel | None]:
    """Return the source of a panel for the pages of a kind of row, for `projects.panels.register`."""

    def panel(row: Any, person: User, today: dt.date) -> Panel | None:
        project = row if isinstance(row, Project) else row.project
        subject = find(project, kind, [row.pk]).get(row.pk)
        if subject is None:
            return None
        return Panel(TEMPLATE, {"box": box_about(subject, Reader(project, person), next=subject.address)})

    return panel


def project_panel(project: Project, person: User, today: dt.date) -> Panel:
    """The latest of a project’s talk, below its steps."""
    return Panel(TEMPLATE, {"box": box_of_project(project, person)})


def outside_step_panel(telling: Telling, step: Any) -> Panel | None:
    """What both sides said about a step, on the page of somebody outside."""
    subject = find(telling.project, "step", [step.pk], who=telling.who).get(step.pk)
    if subject is None:
        return None
    return Panel(TEMPLATE, {"box": box_about(subject, Reader(telling.project, who=telling.who, up=UP))})


def outside_project_panel(telling: Telling) -> Panel:
    """What both sides said on a project, for somebody outside."""
    return Panel(TEMPLATE, {"box": box_for_outside(telling.project, telling.who)})


def mentioned(telling: Telling, steps: Any) -> Iterable[Ask]:
    """Yield what was written to somebody outside by name and waits for their answer, for `projects.outside_asks`."""
    if telling.who.person_id is None or telling.project.standing != Standing.ACTIVE:
        return
    answered = Comment.objects.filter(
        by=telling.who.person_id, subject_type=OuterRef("comment__subject_type"),
        subject_id=OuterRef("comment__subject_id"), pk__gt=OuterRef("comment"),
    )  # fmt: skip
    since = dt.datetime.combine(telling.today, dt.time(), BUSINESS_ZONE) - WAITS
    rows = Mention.objects.filter(
        ~Exists(answered), project=telling.project, person=telling.who.person_id, comment__visible=True,
        comment__deleted_at=None, at__gte=since,
    ).order_by("comment__at", "pk")  # fmt: skip
    columns = ("comment", "comment__subject_type", "comment__subject_id", "comment__by__name")
    waiting = list(rows.values_list(*columns)[:ON_PANEL])
    subjects = find_all(telling.project, {(row[1], row[2]) for row in waiting}, who=telling.who)
    for pk, type_id, subject_id, name in waiting:
        if (subject := subjects.get((type_id, subject_id))) is not None:
            link = f"talk/{subject.kind}/{subject.id}/#comment-{pk}"
            yield Ask(subject.title, f"{name} wrote to you.", None, link, "Read and answer")


def _told_in_history(row: Any, names: Any) -> Name:
    project = names.of(Project, row.project_id)
    by = names.of(User, row.by_id)
    return Name(f"Comment by {by.label}, {project.label}", f"{project.link}talk/{row.id}" if project.link else "")


def register_all() -> None:
    """Let talk show on the pages of what is talked about, in the history, and among what waits for people outside."""
    subjects.register_all()
    panels.register("project-below", project_panel)
    panels.register("step", talk_panel("step"))
    panels.register("document", talk_panel("document"))
    panels.register("raid-item", talk_panel("raid-item"))
    panels.register("outside-project", outside_project_panel)
    panels.register("outside-step", outside_step_panel)
    panels.register_link("Talk", "talk")
    register_asks(mentioned)
    history_page.register("comment", "Comment", Comment, _told_in_history)
