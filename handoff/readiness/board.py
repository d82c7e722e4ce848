"""The go-live board: who goes live in the coming weeks, and what of readiness is missing, the worst first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from handoff.marks import Mark, Ready, marks_of
from handoff.rights import decides_tiers
from projects.days import DayWords, due
from projects.models import Project
from transitions.blockers import Blocker
from transitions.phase import Phase

#: The coming weeks that are shown (issue 6, Readiness).
WEEKS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One project on the board: a mark for each criterion, in the order of Ready, and who is next to clear what.

    `opens`: whether the reader may open its page; Client Services see the criteria of all, the pages of their own.
    """

    project: Project
    phase: str
    go_live: DayWords
    days_left: int
    marks: Sequence[tuple[Ready, Mark]]
    manager: str
    opens: bool = True

    @property
    def open(self) -> int:
        """How many criteria are not met."""
        return sum(not mark.met for _, mark in self.marks)

    @property
    def ready(self) -> bool:
        """Whether every criterion is met."""
        return self.open == 0

    @property
    def next(self) -> Blocker | None:
        """The first thing that is in the way."""
        return next((blocker for _, mark in self.marks for blocker in mark.blockers), None)

    @property
    def left(self) -> str:
        """The days left in words: `12 days`, `today`, `3 days late`."""
        if self.days_left == 0:
            return "today"
        count = abs(self.days_left)
        return f"{count} day{'s' if count != 1 else ''}{' late' if self.days_left < 0 else ''}"


@dataclass(frozen=True, slots=True)
class Board:
    """The lines, and how many projects of the reader's there are at all."""

    lines: Sequence[Line]
    weeks: int = WEEKS

    @property
    def ready(self) -> int:
        """How many are ready."""
        return sum(line.ready for line in self.lines)

    @property
    def late(self) -> int:
        """How many should be live by now."""
        return sum(line.days_left < 0 for line in self.lines)


def board(who: User, today: dt.date, *, mine: bool = False) -> Board:
    """Return the board for a reader: projects that they may see, or all of them where they decide for Client Services.

    A project stands there from eight weeks before its target go-live until it is live, late ones too. The worst first: what is
    not ready by days left, then what is ready by days left; of one day the one with more missing first. A constant number of
    queries.

    Args:
        mine: only projects that the reader runs.
    """
    rows = Project.objects.active() if decides_tiers(who) else Project.objects.visible_to(who).active()
    rows = rows.filter(actual_go_live=None, target_go_live__lte=today + dt.timedelta(weeks=WEEKS))
    rows = rows.exclude(phase=Phase.POST_LIVE)
    if mine:
        rows = rows.filter(manager=who)
    rows = rows.select_related("biller", "manager", "core_system").order_by("target_go_live", "code")
    found = [project for project in rows if Phase.POST_LIVE in project.phases]
    marks = marks_of(found, today)
    found = [project for project in found if marks[project.pk]]
    seen = set(Project.objects.visible_to(who).filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True))
    lines = [_line(project, marks[project.pk], today, project.pk in seen) for project in found]
    return Board(sorted(lines, key=lambda line: (line.ready, line.days_left, -line.open, line.project.code)))


def _line(project: Project, marks: dict[Ready, Mark], today: dt.date, opens: bool) -> Line:
    manager = project.manager.name if project.manager else ""
    return Line(
        project, str(Phase(project.phase).label), due(project.target_go_live, today), (project.target_go_live - today).days,
        tuple(marks.items()), manager, opens,
    )  # fmt: skip
