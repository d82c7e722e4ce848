"""What is said in the demo: a few comments on each project, some for the customer too, one a decision, one with a mention."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from accounts.models import Side, User
from projects.board import LiveStep, R
from projects.models import Project
from records.models import Comment
from records.subjects import find, outside_people
from records.talk import mark_decision, may_decide, post_comment
from transitions.step import StepStatus

WELCOME = (
    "Welcome everybody. What we agree **here** is what counts; please no side threads by mail.\n\n"
    "- Meetings are on the calendar\n- Documents are linked on their steps"
)
QUESTION = (
    "@{code} the sample files have *two* date formats. I would read both and warn about the older one:\n\n"
    "```\n2026-11-24\n11/24/26\n```\n\nAny objection?"
)
DECISION = "We read both formats until go-live, and only the ISO one after it."
ANSWER = "Thank you. We can send the corrected files by the end of the week."
INSIDE = "Their contact is out until Monday. I would not press them before."


def talk(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let the people of a demo project say what they say: at first, and where the project stays."""
    manager = _user(project.board.manager())
    if manager is None or not _sees(project, manager):
        return
    if not Comment.objects.filter(project=project).exists():
        _begin(project, phase, manager, now)
    if not leaving:
        post_comment(project, "project", project.pk, INSIDE, by=manager, now=now)


def _begin(project: Project, phase: str, manager: User, now: dt.datetime) -> None:
    first = project.pk
    post_comment(project, "project", first, WELCOME, by=manager, visible=True, now=now)
    step = _step(project, phase)
    worker = _user(next(iter(project.board.people(step, R)), None)) if step else None
    if step and worker and worker.side == Side.INTERNAL:
        code = next(seat.role.code for seat in project.board.seats if seat.person and seat.person.id == manager.pk)
        later = now + dt.timedelta(minutes=4)
        post_comment(project, "step", step.id, QUESTION.format(code=code), by=worker, now=now)
        agreed = post_comment(project, "step", step.id, DECISION, by=manager, visible=True, now=later).comment
        subject = find(project, "step", [step.id])[step.id]
        if may_decide(project, subject, manager):
            mark_decision(agreed, True, by=manager, revision=agreed.revision, now=later)
    customer = next(
        (
            someone
            for person in outside_people(project.board)
            if (someone := _user(person)) and someone.side == Side.CUSTOMER
        ),
        None,
    )
    if customer is not None:
        post_comment(project, "project", first, ANSWER, by=customer, now=now + dt.timedelta(minutes=9))


def _step(project: Project, phase: str) -> LiveStep | None:
    """Return the step that is spoken of: one of the phase that somebody inside works, begun rather than not."""
    steps = [step for step in project.board.steps if step.template.phase == phase and project.board.people(step, R)]
    begun = [step for step in steps if step.status != StepStatus.NOT_STARTED]
    return next(iter(begun or steps), None)


def _user(person: object) -> User | None:
    return User.objects.filter(pk=getattr(person, "id", None), is_active=True).first()


def _sees(project: Project, person: User) -> bool:
    return bool(Project.objects.visible_to(person).filter(pk=project.pk).exists())
