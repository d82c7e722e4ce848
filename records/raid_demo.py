"""The RAID log's part of the demo: two to five items on each project, raised, weighed, shown and closed through the services."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from accounts.models import User
from projects.board import Board
from projects.models import Project
from projects.schedule import add_working_days
from records.models.raid import RaidItem, RaidKind
from records.raid import become_issue, change_item, link_item, raise_item, review_item, review_log, show_item
from transitions.moves import perform


def chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let the log grow with the project: items are raised in its first phases, and some closed on the way."""
    board = project.board
    manager = board.manager()
    by = User.objects.get(pk=manager.id) if manager else people["Adele"]
    place = project.phases.index(phase)
    if place < 3:
        # Stories differ from project to project, and each project tells up to three of its own.
        _raise(board, STORIES[(project.number * 3 + sum(map(ord, project.code)) + place) % len(STORIES)], by, now)
    if place == 0:
        _raise(board, DEPENDENCY, by, now)
    elif leaving:
        _settle(project, by, now)
    if not leaving:
        _look_through(project, by, now)


def _raise(board: Board, story: Mapping[str, Any], by: User, now: dt.datetime) -> None:
    owners = [seat.person.id for seat in board.seats if seat.person and seat.role.code == story["owner"]]
    item = raise_item(
        board.project, story["kind"], by=by, now=now, **story["texts"],
        owner=User.objects.get(pk=owners[0]) if owners else by, due=add_working_days(now.date(), story["days"]),
    )  # fmt: skip
    here = [step for step in board.steps if step.template.phase == board.project.phase]
    step = next((step for step in here if not step.closed), next(iter(here), None))
    if step is not None:
        link_item(item, by=by, step_id=step.id, now=now)
    if story.get("shown"):
        show_item(item, visible=True, by=by, now=now)
    if story.get("mitigated"):
        perform(item, "mitigate", by=by, now=now)


def _look_through(project: Project, by: User, now: dt.datetime) -> None:
    """Look through the log: the first item stays overdue, what else is past its date gets another; the last is not reviewed."""
    items = list(RaidItem.objects.live().filter(project=project).order_by("pk"))
    for number, item in enumerate(items):
        if number and item.due and item.due < now.date():
            change_item(item, by=by, now=now, due=add_working_days(now.date(), 6 + 4 * number))
        if number < len(items) - 1 or number == 0:
            review_item(item, by=by, now=now)
    review_log(project, by=by, note="Looked through with the team.", now=now)


def _settle(project: Project, by: User, now: dt.datetime) -> None:
    """Close the oldest open item; a grave risk comes about instead."""
    oldest = RaidItem.objects.live().filter(project=project).order_by("raised_at", "pk").first()
    if oldest is None:
        return
    if oldest.kind == RaidKind.RISK and (oldest.exposure or 0) >= 16:
        become_issue(oldest, by=by, now=now)
    else:
        perform(oldest, "close_item", by=by, note="Settled in the weekly call.", now=now)


DEPENDENCY: Mapping[str, Any] = {
    "kind": RaidKind.DEPENDENCY, "owner": "B", "days": 12, "shown": True,
    "texts": {
        "title": "Sample files of last year’s bills",
        "cause": "the layouts are read from real bills",
        "event": "ten sample files of each bill type",
        "effect": "design of bill presentment cannot be finished",
        "response": "Asked for at kickoff; a folder with access for both sides is open.",
        "notes": "Their archive is with a vendor: ask for the vendor’s name if it takes longer than two weeks.",
    },
}  # fmt: skip
STORIES: tuple[Mapping[str, Any], ...] = (
    {
        "kind": RaidKind.RISK, "owner": "SE", "days": 20, "mitigated": True,
        "texts": {
            "title": "Balance file arrives after cut-off",
            "cause": "the core system’s nightly run ends later each month",
            "event": "the balance file misses the 05:00 cut-off",
            "effect": "payers see yesterday’s balance until noon",
            "probability": 3, "impact": 4, "strategy": "reduce", "trend": "up",
            "response": "Move the run before the archive job; agree a second window at 07:00.",
        },
    },
    {
        "kind": RaidKind.RISK, "owner": "SA", "days": 15,
        "texts": {
            "title": "Vendor’s test region is shared",
            "cause": "three billers test on one region of the vendor",
            "event": "our SIT data is overwritten",
            "effect": "a week of SIT has to be repeated",
            "probability": 4, "impact": 4, "strategy": "avoid", "trend": "steady",
            "response": "Ask for a region of our own for the four weeks of SIT.",
        },
    },
    {
        "kind": RaidKind.ASSUMPTION, "owner": "IM", "days": 25,
        "texts": {
            "title": "Account numbers stay as they are",
            "cause": "no migration is planned on their side",
            "event": "account numbers keep their ten digits",
            "effect": "matching of payments has to be designed again",
            "response": "Confirm with the biller at the end of Design.",
        },
    },
    {
        "kind": RaidKind.ISSUE, "owner": "SE", "days": 6, "mitigated": True,
        "texts": {
            "title": "Returned ACH payments are not posted",
            "cause": "the reject file has no reference of ours",
            "event": "rejects stay in suspense",
            "effect": "the biller corrects them by hand each morning",
            "response": "The vendor adds the reference with its next patch.", "trend": "down",
        },
    },
    {
        "kind": RaidKind.RISK, "owner": "PM", "days": 30,
        "texts": {
            "title": "Key people away at year end",
            "cause": "the biller’s treasury closes its year in December",
            "event": "nobody there can take part in UAT",
            "effect": "go-live moves into the next quarter",
            "probability": 2, "impact": 5, "strategy": "accept",
            "response": "Plan UAT around the two weeks; name a deputy for the sign-off.",
        },
    },
)  # fmt: skip
