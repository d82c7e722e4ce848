"""What of the RAID log stands on other pages: a project's, a step's, and the one of people outside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from accounts.models import User
from projects.days import short
from projects.models import Project, ProjectStep
from projects.outside_asks import Telling
from projects.panels import Panel
from records.models.raid import RaidItem
from records.raid_form import RaidFilter
from records.raid_page import CHIP, Counts, in_order, log_address, rows, tabs, worst
from records.raid_rights import may_write
from transitions.raid import RaidState

#: Its state, told to people outside.
TOLD = {RaidState.OPEN: "Open", RaidState.MITIGATING: "Being worked on", RaidState.CLOSED: "Closed"}
#: People outside are shown so many items; the open ones first.
MOST_OUTSIDE = 50
MOST_ON_STEP = 20


def project_panel(project: Project, who: User, today: dt.date) -> Panel:
    """Return the log on a project's page: how many of each kind are open, and the three gravest risks; in two queries."""
    counts, base = Counts.of(project), log_address(project)
    return Panel(
        "records/raid/panel_project.html",
        {
            "base": base,
            "tabs": tabs(counts, RaidFilter(kind="none"), base)[1:],
            "total": counts.total,
            "worst": worst(project, 3, today),
            "may_write": may_write(project, who) and not project.is_archived(),
        },
    )


def step_panel(step: ProjectStep, who: User, today: dt.date) -> Panel | None:
    """Return the open items that are linked to a step, for its page; in one query."""
    linked = RaidItem.objects.live().filter(project=step.project_id, links__step=step).select_related("owner")
    found = rows(step.project, in_order(linked, "", today)[:MOST_ON_STEP], today)
    return Panel("records/raid/panel_step.html", {"rows": found}) if found else None


@dataclass(frozen=True, slots=True)
class ToldItem:
    """An item as people outside read it."""

    code: str
    kind: str
    title: str
    effect: str
    response: str
    state: str
    chip: str
    mark: str
    due: str


def outside_panel(telling: Telling) -> Panel | None:
    """Return what of the log is shown to people outside: number, title, effect, state and date, our response where we show it.

    One query, which reads no more than that.
    """
    shown = RaidItem.objects.filter(project=telling.project, visible_to_customer=True)
    columns = ("kind", "number", "title", "effect", "response", "response_to_customer", "state", "due")
    items = in_order(shown, "", telling.today).only(*columns)[:MOST_OUTSIDE]
    told = [_told(item, telling.today) for item in items]
    return Panel("records/raid/panel_outside.html", {"items": told}) if told else None


def _told(item: RaidItem, today: dt.date) -> ToldItem:
    chip, mark = CHIP[RaidState(item.state)]
    due = f"due {short(item.due, today)}" if item.due and item.is_live else ""
    response = item.response if item.response_to_customer else ""
    kind, state = item.get_kind_display(), TOLD[RaidState(item.state)]
    return ToldItem(item.code, kind, item.title, item.effect, response, state, chip, mark, due)
