"""Whether what a notice says is still so when its mail goes out: a step done meanwhile is not asked for any more.

A room above says so of its own kinds with `register`. The inbox keeps every notice as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from projects.models import CommentRequest, Notice, Seat
from projects.notice_kinds import NoticeKind as Kind
from projects.settled import Topic, settled
from transitions.standing import Standing
from transitions.step import CLOSED, StepStatus

#: Given a person's notices of its kinds, returns the ids of those that are still so. In a constant number of queries.
Still = Callable[[Sequence[Notice]], Iterable[int]]
_rules: dict[str, Still] = {}
#: What settles a kind, beside its step.
SETTLED_BY = {Kind.TIER_UNDECIDED: Topic.TIER, Kind.SUMMARY_INCOMPLETE: Topic.SUMMARY}


def register(kinds: Iterable[Kind], rule: Still) -> None:
    """Let `rule` say of notices of `kinds` whether they are still so, in `AppConfig.ready()`. A kind without a rule always is."""
    for kind in kinds:
        _rules[kind.value] = rule


def still_true(notices: Sequence[Notice]) -> list[Notice]:
    """Return those of the notices that are still so, in their order. Each has its step and project read with it."""
    by_rule: dict[Still, list[Notice]] = {}
    for notice in notices:
        if notice.kind in _rules:
            by_rule.setdefault(_rules[notice.kind], []).append(notice)
    kept = {pk for rule, asked in by_rule.items() for pk in rule(asked)}
    return [notice for notice in notices if notice.kind not in _rules or notice.pk in kept]


def _runs(notice: Notice) -> bool:
    return notice.project is None or notice.project.standing == Standing.ACTIVE


def of_steps(notices: Sequence[Notice]) -> Iterable[int]:
    """Reminders of a step are so while it is open, and due on the day that they name."""
    known = {kind.value: _settled(kind, notices) for kind in SETTLED_BY}
    return [
        notice.pk
        for notice in notices
        if _runs(notice)
        and notice.step
        and _open(notice, notice.step)
        and notice.project_id not in known.get(notice.kind, ())
    ]


def _settled(kind: Kind, notices: Sequence[Notice]) -> frozenset[int]:
    """Return the projects for which a room above knows what notices of the kind ask about to be settled."""
    ids = {notice.project_id for notice in notices if notice.kind == kind and notice.project_id is not None}
    return (settled(SETTLED_BY[kind], ids) or frozenset()) if ids else frozenset()


def _open(notice: Notice, step: Any) -> bool:
    if notice.kind == Kind.YOUR_TURN:
        return bool(step.status == StepStatus.NOT_STARTED)
    if notice.kind == Kind.WAITING_CUSTOMER:
        return step.status == StepStatus.WAITING_ON_CUSTOMER and str(step.until) in notice.occasion
    if notice.kind == Kind.STEP_DONE:
        return bool(step.status == StepStatus.DONE)
    if step.status in CLOSED:
        return False
    if notice.kind in {Kind.TIER_UNDECIDED, Kind.SUMMARY_INCOMPLETE}:
        return str(step.project.target_go_live) in notice.occasion
    return str(step.due) in notice.occasion


def of_decisions(notices: Sequence[Notice]) -> Iterable[int]:
    """A decision on a step is asked for while the step is in review; of a decision on anything else its own mail knows."""
    return [notice.pk for notice in notices if notice.step is None or notice.step.status == StepStatus.IN_REVIEW]


def of_comments(notices: Sequence[Notice]) -> Iterable[int]:
    """A comment is asked for while its request waits."""
    waiting = CommentRequest.objects.waiting().filter(
        person__in={notice.person_id for notice in notices}, step__in={notice.step_id for notice in notices}
    )
    asked = set(waiting.order_by().values_list("person_id", "step_id"))
    return [notice.pk for notice in notices if (notice.person_id, notice.step_id) in asked]


def of_seats(notices: Sequence[Notice]) -> Iterable[int]:
    """A seat is empty while nobody active sits in it."""
    ids = {notice.pk: int(notice.occasion.split(":")[1]) for notice in notices}
    filled = Seat.objects.filter(pk__in=ids.values(), person__is_active=True).order_by()
    taken = set(filled.values_list("pk", flat=True))
    return [notice.pk for notice in notices if _runs(notice) and ids[notice.pk] not in taken]


def register_all() -> None:
    """Make the rules about projects known."""
    register(
        (
            Kind.DUE_SOON, Kind.OVERDUE, Kind.YOUR_TURN, Kind.WAITING_CUSTOMER, Kind.STEP_DONE, Kind.TIER_UNDECIDED,
            Kind.SUMMARY_INCOMPLETE,
        ),
        of_steps,
    )  # fmt: skip
    register((Kind.APPROVAL_ASKED, Kind.DELEGATED), of_decisions)
    register((Kind.COMMENT_ASKED,), of_comments)
    register((Kind.SEAT_EMPTY,), of_seats)
