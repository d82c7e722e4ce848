"""The values of the pages about sign-offs, ready to be written out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from projects.evidence import shown_values, utc
from projects.models import Approval, Project, ProjectStep
from projects.outside import NOT_NOW
from projects.parties import Party, holders
from projects.signoff import SignOff, may_know_of, reopenable, sign_offs_of, statement
from transitions.blockers import Blocker
from transitions.standing import Standing
from transitions.step import StepStatus


@dataclass(frozen=True, slots=True)
class PartyLine:
    """One party of a sign-off: who decides, or what was decided."""

    value: str
    label: str
    who: str
    optional: bool
    decision: Approval | None


def decide_values(step: ProjectStep, person: User) -> dict[str, Any]:
    """Return what the page of a decision shows to `person`: what is decided, by whom, and which acts are theirs."""
    sign_off, inside = step.sign_off, not person.is_outside
    shown = statement(step, person, sign_off)
    open_ = step.status == StepStatus.IN_REVIEW and step.project.standing == Standing.ACTIVE and person.is_active
    own = sign_off.own(person.pk) if open_ else []
    accountable = open_ and sign_off.is_accountable(person.pk)
    theirs = {view.party for view in own}
    manages = open_ and sign_off.board.manages(person.pk)
    return {
        "shown": shown.values,
        "shown_text": shown.text,
        "digest": shown.digest,
        "open": open_,
        "lines": party_lines(sign_off),
        "mine": own[0] if own else None,
        "passed_to": _passed_to(sign_off, person) if open_ else "",
        "may_delegate": bool(open_ and sign_off.held(person.pk)),
        "recordable": [view for view in sign_off.outstanding if view.party not in theirs] if accountable else [],
        "may_reject_alone": bool(accountable and not own),
        "excusable": [view for view in sign_off.outstanding if view.optional] if accountable or manages else [],
        "reopenable": [
            (other.path, f"{other.template.number} · {sign_off.board.title(other)}")
            for other in reopenable(step, person)
        ],
        "inside": inside,
    }


def party_lines(sign_off: SignOff) -> list[PartyLine]:
    """Return the parties of a round, each with who decides for it."""
    lines = []
    for view in sign_off.parties:
        names = [person.name for person in view.people]
        names += [f"{row.to.name} for {row.by.name}" for row in view.delegations if row.to]
        lines.append(PartyLine(view.party.value, view.label, ", ".join(names), view.optional, view.decision))
    return lines


def _passed_to(sign_off: SignOff, person: User) -> str:
    return next(
        (
            row.to.name
            for view in sign_off.held(person.pk)
            for row in view.delegations
            if row.by_id == person.pk and row.to
        ),
        "",
    )


#: Refusals of a decision, or of passing it on, that speak of nothing but what the person did and sees: told outside as they are.
PLAIN = frozenset(
    {
        "already-decided", "archived", "missing-note", "not-active", "not-delegated", "not-done", "not-permitted", "not-shown",
        "not-your-decision", "note-too-long", "phase-ahead", "shown-changed", "stale", "too-often", "unknown-party",
        "unknown-step", "which-party", "wrong-state",
    }
)  # fmt: skip
OTHER_WORK = "This cannot be decided yet: other work has to be closed first. Look again later."


def told(person: User, blockers: Iterable[Blocker]) -> list[Blocker]:
    """Return a refusal as `person` may hear it: outside no title or owner of other steps, no link, and in general words what is
    not known here."""
    if not person.is_outside:
        return list(blockers)
    general = {"needs-open": OTHER_WORK}
    texts = [blocker.text if blocker.code in PLAIN else general.get(blocker.code, NOT_NOW) for blocker in blockers]
    return [Blocker("refused", text) for text in dict.fromkeys(texts)]


@dataclass(frozen=True, slots=True)
class OpenSignOff:
    """A round that is under way."""

    title: str
    url: str
    asks: str
    lines: tuple[PartyLine, ...]
    mine: bool


def sign_offs_values(project: Project, person: User) -> dict[str, Any]:
    """Return every sign-off of a project that `person` may know of: those under way, theirs first, and the decisions, latest
    first."""
    under_way, decisions = sign_offs_of(project)
    rows = [
        OpenSignOff(
            sign_off.board.title(sign_off.step), f"{project.step_url(sign_off.step.path)}decide",
            sign_off.step.template.approval_label, tuple(party_lines(sign_off)), bool(sign_off.own(person.pk)),
        )
        for sign_off in under_way
        if not person.is_outside or sign_off.concerns(person.pk)
    ]  # fmt: skip
    return {
        "under_way": sorted(rows, key=lambda row: not row.mine),
        "decisions": visible_decisions(project, decisions, person),
        "inside": not person.is_outside,
    }


def visible_decisions(project: Project, decisions: Iterable[Approval], person: User) -> list[Approval]:
    """Return the decisions that `person` may see: inside all; outside their own, their side's, and what was recorded for
    their party."""
    if not person.is_outside:
        return list(decisions)
    return [row for row in decisions if _is_theirs(project, row, person)]


def _is_theirs(project: Project, row: Approval, person: User) -> bool:
    if person.pk in (row.by_id, row.delegated_from_id) or row.by.side == person.side:
        return True
    step = next(step for step in project.board.steps if step.id == row.step_id)
    stands_for = row.recorded or row.decision == "excused"
    return stands_for and any(other.id == person.pk for other in holders(project.board, step, Party(row.party)))


def evidence_values(project: Project, row: Approval, person: User) -> dict[str, Any]:
    """Return what the page of one decision shows. Outside, another person's address and what was shown to us are left out."""
    inside, own = not person.is_outside, row.by_id == person.pk
    step = next(step for step in project.board.steps if step.id == row.step_id)
    with_text = inside or row.by.is_outside
    named = [project.board.by_path[path] for path in row.reopened if path in project.board.by_path]
    return {
        "row": row,
        "title": project.board.title(step),
        "at_utc": utc(row.at),
        "step_url": project.step_url(step.path) if inside else f"{project.step_url(step.path)}decide",
        "with_evidence": row.has_evidence and (inside or own),
        "shown": shown_values(row) if with_text else {},
        "shown_text": row.shown if with_text else "",
        "recomputes": row.has_evidence and row.recomputes,
        "reopened": [project.board.title(other) for other in named if may_know_of(project.board, other, person)],
        "inside": inside,
    }
