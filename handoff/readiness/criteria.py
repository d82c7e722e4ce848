"""What the rooms below know of readiness: final sign-offs, SIT, UAT, and the presentation to Client Services."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.urls import reverse

from handoff.marks import Mark, Ready
from meetings.agenda_facts import BACK, company_series, read_presented
from meetings.agenda_rules import counting, key_of
from meetings.planned import planned
from meetings.vocabulary import Kind
from playbook.vocabulary import ApprovalKind
from projects.days import short
from projects.models import Project, ProjectStep
from projects.titles import title_of
from transitions.blockers import Blocker
from transitions.step import CLOSED, StepStatus
from workbook.sign_off import uat_signed_of


def manager_of(project: Project) -> str:
    """Return the name of who runs the project, or nothing; the row is read with its manager."""
    return project.manager.name if project.manager else ""


def _approvals(projects: Sequence[Project], kind: str) -> dict[int, list[tuple[str, str, str]]]:
    """Return the approval steps of a kind by project: (title, status, path); one query."""
    rows = ProjectStep.objects.filter(project__in=projects, template__approval=kind).order_by("pk")
    found: dict[int, list[tuple[str, str, str]]] = {}
    for owner, title, status, slug, key in rows.values_list(
        "project_id", title_of(), "status", "template__version__playbook__slug", "template__key"
    ):
        found.setdefault(owner, []).append((title, status, f"{slug}/{key}"))
    return found


def _approval_marks(projects: Sequence[Project], criterion: Ready, kind: str, done: str) -> dict[int, Mark]:
    found = _approvals(projects, kind)
    marks = {}
    for project in projects:
        asked = [step for step in found.get(project.pk, ()) if step[1] != StepStatus.NOT_APPLICABLE]
        if not asked:
            marks[project.pk] = Mark("Not asked", applies=False)
            continue
        blockers = tuple(
            Blocker(
                criterion.value, f"{title} is not approved ({StepStatus(status).label.lower()})", project.step_url(path),
                manager_of(project), path,
            )
            for title, status, path in asked
            if status not in CLOSED
        )  # fmt: skip
        given = len(asked) - len(blockers)
        words = done if not blockers else f"{given} of {len(asked)} given"
        marks[project.pk] = Mark(words, blockers, link=project.step_url(asked[0][2]))
    return marks


def sign_offs(projects: Sequence[Project], today: dt.date) -> dict[int, Mark]:
    """Say of each project whether biller and core system signed off the integration (Integration 44; Outbound 23). One query."""
    return _approval_marks(projects, Ready.SIGN_OFFS, ApprovalKind.FINAL_SIGN_OFF, "Signed")


def sit_verified(projects: Sequence[Project], today: dt.date) -> dict[int, Mark]:
    """Say of each project whether SIT is verified (Integration 41; Outbound 20). One query."""
    return _approval_marks(projects, Ready.SIT, ApprovalKind.SIT_VERIFICATION, "Verified")


def uat(projects: Sequence[Project], today: dt.date) -> dict[int, Mark]:
    """Say of each project whether the biller signed the UAT run that counts (domain.md, Phases: UAT). Two queries."""
    signed = uat_signed_of([project.pk for project in projects])
    marks = {}
    for project in projects:
        link = reverse("workbook", args=[project.code])
        row = signed.get(project.pk)
        if row is not None:
            marks[project.pk] = Mark(f"Signed {short(row.at.date(), today)}", link=link)
            continue
        text = "The biller has not signed a UAT run"
        marks[project.pk] = Mark(
            "Not signed", (Blocker(Ready.UAT.value, text, link, manager_of(project), "uat"),), link=link
        )
    return marks


def go_live_asked(project: Project, today: dt.date) -> dt.date:
    """Return the go-live that counts: the day on which the project went live, else its target, or today where that has passed.

    A project that is late goes live today at the earliest: then the last Monday before today counts, not one long ago.
    """
    return project.actual_go_live or max(project.target_go_live, today)


def presentation(projects: Sequence[Project], today: dt.date) -> dict[int, Mark]:
    """Say of each project whether it presented at the last meeting of Client Services strictly before its go-live.

    Where the go-live moved past another such meeting, that one counts, and what was presented earlier does not (domain.md, Time,
    Meetings). Three queries.
    """
    days = {project.pk: go_live_asked(project, today) for project in projects}
    series = company_series(Kind.GO_LIVE)
    first, last = min(days.values()), max(days.values())
    meetings = planned(series, _noon(first) - BACK, _noon(last))
    presented = read_presented()
    marks = {}
    for project in projects:
        meeting = counting(meetings, days[project.pk])
        if meeting is None:
            text = f"There is no presentation before go-live on {_said(days[project.pk])}: an administrator plans the series"
            marks[project.pk] = Mark("None planned", _missing(project, text, reverse("meetings")))
            continue
        link = meeting.address
        day = _said(meeting.held_on)
        if (project.pk, *key_of(meeting)) in presented:
            marks[project.pk] = Mark(f"Presented {day}", link=link)
            continue
        earlier = sorted(when for owner, _series, when in presented if owner == project.pk)
        text = f"Not presented to Client Services on {day}, the last Monday before go-live"
        if meeting.held_on >= today:
            text = f"Presents to Client Services on {day}"
        if earlier:
            text += f"; go-live moved since it was presented on {_said(earlier[-1])}"
        if project.target_go_live < today and not project.actual_go_live:
            text += f". The go-live of {_said(project.target_go_live)} has passed: set the new date"
        marks[project.pk] = Mark(f"Due {day}", _missing(project, text, link), link=link)
    return marks


def _missing(project: Project, text: str, link: str) -> tuple[Blocker, ...]:
    return (Blocker(Ready.PRESENTATION.value, text, link, manager_of(project), "presentation"),)


def _said(day: dt.date) -> str:
    return f"{day:%b} {day.day}"


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)
