"""The state of a project as plain data: what `project_status` prints and scripts read."""

from __future__ import annotations

import datetime as dt
from typing import Any

from projects.board import A, Board, LiveStep, R
from projects.health import disagree
from projects.models import Project
from projects.signals import signal_of
from transitions.blockers import Blocker
from transitions.gates import blockers_of, gate


def project_status(project: Project, *, today: dt.date) -> dict[str, Any]:
    """Return where the project stands: phase, standing, dates, totals, the gate with its blockers, every step, every seat.

    Dates are ISO strings; `today` is the company's day, against which waivers expire and steps are overdue.
    """
    board = project.board
    criteria = gate(project.gate_facts(today))
    return {
        "code": project.code,
        "name": project.name,
        "integration_kind": project.integration_kind,
        "phase": project.phase,
        "next_phase": project.next_phase(),
        "phases": list(project.phases),
        "standing": project.standing,
        "revision": project.revision,
        "playbooks": [{"slug": version.playbook, "version": version.number} for version in board.versions],
        "kickoff": _iso(project.kickoff),
        "target_go_live": _iso(project.target_go_live),
        "baseline_go_live": _iso(project.baseline_go_live),
        "actual_go_live": _iso(project.actual_go_live),
        "steps_total": project.steps_total,
        "steps_done": project.steps_done,
        "steps_blocked": project.steps_blocked,
        "steps_overdue": sum(board.reached(step) and step.overdue(today) for step in board.steps),
        "next_due": _iso(project.next_due),
        "health": project.health or None,
        "health_at": project.health_at.isoformat() if project.health_at else None,
        "signal": _signal(project, today),
        "gate": [criterion.as_dict() for criterion in criteria],
        "blockers": [blocker.as_dict() for blocker in blockers_of(criteria)],
        "seats": [
            {
                "playbook": seat.version.playbook,
                "role": seat.role.code,
                "person": seat.person.name if seat.person else None,
            }
            for seat in board.seats
        ],
        "steps": [_step(board, step) for step in board.steps],
    }


def _signal(project: Project, today: dt.date) -> dict[str, Any] | None:
    seen = signal_of(project, today)
    if seen is None:
        return None
    reasons = [{"code": reason.code, "text": reason.text, "health": reason.health.value} for reason in seen.reasons]
    return {"health": seen.health.value, "disagrees": disagree(project.health, seen), "reasons": reasons}


def refusal(blockers: list[Blocker]) -> dict[str, Any]:
    """Return a refused move as the API and the commands print it."""
    return {"blockers": [blocker.as_dict() for blocker in blockers]}


def _step(board: Board, step: LiveStep) -> dict[str, Any]:
    return {
        "key": step.template.key,
        "playbook": step.template.playbook,
        "number": step.template.number,
        "phase": step.template.phase,
        "title": step.template.title,
        "status": step.status,
        "due": _iso(step.due),
        "baseline_due": _iso(step.baseline_due),
        "responsible": [person.name for person in board.people(step, R)],
        "accountable": [person.name for person in board.people(step, A)],
        "reason": step.reason,
        "owner": step.owner.name if step.owner else None,
        "until": _iso(step.until),
    }


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
