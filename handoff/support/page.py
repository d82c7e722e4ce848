"""The values of the pages about support, ready to be written out: no query and no decision is left to a template."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import OutgoingMail, User
from handoff.models import SupportPeriod, SupportTurn
from handoff.rights import decides_tiers
from handoff.support import rules
from handoff.support.letters import Letter
from handoff.support.mails import mails_of
from handoff.support.periods import begins_late
from handoff.support.terms import Terms, decide_address, terms_of
from handoff.support.vocabulary import NO_HYPERCARE
from projects.models import Project
from projects.outside_asks import Telling
from projects.panels import Panel
from transitions.phase import Phase
from transitions.support import SupportState

#: So many turns are shown on the page of a project; all of them stand in its history.
TURNS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class MailLine:
    """To whom a letter went, and what became of it."""

    name: str
    words: str
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class TurnLine:
    """Something that happened to a period: itself, its letter, to whom that went, and whether nobody got it."""

    turn: SupportTurn
    by: str
    letter: Letter | None
    mails: tuple[MailLine, ...]
    untold: bool


@dataclass(frozen=True, slots=True)
class SupportPage:
    """All that the page of a project's support tells."""

    period: SupportPeriod | None
    count: rules.Count | None
    earlier: tuple[SupportPeriod, ...]
    turns: tuple[TurnLine, ...]
    late: bool
    terms: Terms | None
    decide: str


def support_page(project: Project, today: dt.date) -> SupportPage:
    """Return what the page of a project's support tells, in five queries or so, whatever the number of turns."""
    periods = list(SupportPeriod.objects.filter(project=project).select_related("tsm", "contact").order_by("-number"))
    turns = SupportTurn.objects.filter(project=project).select_related("by", "period").order_by("-at", "-pk")
    period = periods[0] if periods else None
    late = (period is None or period.state != SupportState.RUNNING) and begins_late(project)
    return SupportPage(
        period, _count(period, today), tuple(periods[1:]), _lines(list(turns[:TURNS_SHOWN])), late,
        terms_of(project) if late else None, decide_address(project) if late else "",
    )  # fmt: skip


def _count(period: SupportPeriod | None, today: dt.date) -> rules.Count | None:
    runs = period is not None and period.state == SupportState.RUNNING
    return rules.count(period.facts_of, today) if period is not None and runs else None


def _lines(turns: list[SupportTurn]) -> tuple[TurnLine, ...]:
    sent: dict[int, list[MailLine]] = {}
    if turns:
        for mail in mails_of(turns).select_related("person").order_by("pk"):
            sent.setdefault(int(mail.details["turn"]), []).append(_mail_line(mail))
    return tuple(
        TurnLine(
            turn, turn.by.name if turn.by else "Gatehouse, on its day",
            Letter.of(turn.letter) if turn.letter else None, tuple(sent.get(turn.pk, ())),
            bool(turn.letter) and not turn.told and turn.pk not in sent,
        )
        for turn in turns
    )  # fmt: skip


def _mail_line(mail: OutgoingMail) -> MailLine:
    if mail.sent_at:
        return MailLine(mail.person.name, "sent", mail.sent_at)
    return MailLine(mail.person.name, f"not sent: {mail.error}" if mail.failed_at else "on its way")


# The list -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A period in the list of all that run."""

    period: SupportPeriod
    link: str
    count: rules.Count


def listed(person: User, *, mine: bool) -> QuerySet[SupportPeriod]:
    """Return the periods that run on projects that the person may see (Client Services: on all), what ends next first."""
    rows = SupportPeriod.objects.running().select_related("project", "tsm")
    if not decides_tiers(person):
        rows = rows.filter(project__in=Project.objects.visible_to(person))
    found: QuerySet[SupportPeriod] = rows.filter(tsm=person) if mine else rows
    return found.order_by("planned_end", "pk")


def lines(periods: Any, today: dt.date) -> list[Line]:
    """Return periods as the list shows them, without a query."""
    return [
        Line(period, reverse("support", args=[period.project.code]), rules.count(period.facts_of, today))
        for period in periods
    ]


# Panels ---------------------------------------------------------------------------------------------------------------------


def project_panel(project: Project, person: User, today: dt.date) -> Panel | None:
    """Give the page of a live project its support; one query, two or three where a go-live has none."""
    if project.phase != Phase.POST_LIVE:
        return None
    period = SupportPeriod.objects.filter(project=project).select_related("tsm").order_by("-number").first()
    late = (period is None or period.state != SupportState.RUNNING) and begins_late(project)
    if period is None and not late:
        return None
    values = {
        "period": None if late else period, "count": _count(period, today), "today": today, "no_hypercare": NO_HYPERCARE,
        "link": reverse("support", args=[project.code]), "undecided": late and terms_of(project) is None,
    }  # fmt: skip
    return Panel("handoff/support/panel.html", values)


def outside_panel(telling: Telling) -> Panel | None:
    """Tell people outside who supports them, until when, and how they open a case; in one query."""
    if telling.project.phase != Phase.POST_LIVE:
        return None
    rows = SupportPeriod.objects.filter(project=telling.project).exclude(state=SupportState.WITHDRAWN)
    period = rows.select_related("tsm").order_by("-number").first()
    if period is None:
        return None
    values = {
        "period": period, "today": telling.today, "runs": period.state == SupportState.RUNNING,
        "waits": period.evaluate_on, "cases": settings.HELP_DESK_WORDS, "leaflet": settings.WELCOME_LEAFLET_URL,
    }  # fmt: skip
    return Panel("handoff/support/panel_outside.html", values)
