"""The values of the watch's pages, ready to be written out: no query and no decision is left to a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from handoff.models import AnomalyWord, PaymentDay, Projection
from handoff.watch.chart import SHOWN, Chart, days_shown, draw
from handoff.watch.gate import path_of
from handoff.watch.reading import Found, Watched, watch_over
from handoff.watch.rights import first_day, is_watched, may_watch, why_not
from handoff.watch.rule import WORDS, number_words
from handoff.watch.vocabulary import CURRENCY, Kind, Outcome
from projects.models import Project
from projects.panels import Panel
from projects.schedule import ONE_DAY
from transitions.blockers import Blocker
from transitions.gates import blockers_of, gate
from transitions.standing import Standing

#: The chip of what was said, by outcome: kind and icon.
CHIPS = {Outcome.REMEDIED: ("done", "✓"), Outcome.CASE: ("review", "◇"), Outcome.EXPLAINED: ("", "≈")}


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """One line of the list of anomalies."""

    number: int
    kind: str
    label: str
    words: str
    link: str
    said: AnomalyWord | None
    chip: tuple[str, str, str]
    goes_on: bool


def anomaly_row(code: str, number: int, found: Found, today: dt.date) -> AnomalyRow:
    """Return the values of an anomaly in the list."""
    finding = found.finding
    return AnomalyRow(
        number, finding.kind.value, finding.kind.label, finding.words(today), path_of(code, found), found.said,
        chip_of(found), found.goes_on,
    )  # fmt: skip


def chip_of(found: Found) -> tuple[str, str, str]:
    """Return kind, icon and words of the chip that says how an anomaly stands."""
    if found.goes_on:
        return ("blocked", "↻", "Goes on")
    if found.said is None:
        return ("blocked", "⨯", "Open") if found.finding.kind.holds else ("waiting", "◷", "Noted")
    outcome = Outcome(found.said.outcome)
    return (*CHIPS[outcome], outcome.label)


def watch_page(project: Project, person: User, today: dt.date, to: dt.date | None) -> dict[str, Any]:
    """Return the values of the page: the picture, the anomalies, the numbers, what is left to do.

    Args:
        to: the last day that is shown; yesterday unless an earlier one is asked for.
    """
    live, reason = first_day(project), why_not(project)
    watched = watch_over(project, today)
    yesterday = last_shown(project, watched, today)
    earliest = min([*watched.paid, live], default=live)
    last = min(max(to or yesterday, earliest), yesterday)
    days = days_shown(watched.days, watched.paid, last=last)
    writes = not reason and may_watch(project, person) and not project.is_archived()
    return {
        "project": project, "today": today, "reason": reason, "writes": writes, "live": live,
        "chart": draw(days, watched.found, live) if any(day.paid for day in days) else None,
        "rows": list(reversed(days)), "labels": dict(Kind.choices), "number": number_words,
        "anomalies": [anomaly_row(project.code, n, one, today) for n, one in enumerate(watched.found, start=1)],
        "holding": len(watched.holding), "past": watched.past, "rule": [(kind.label, words) for kind, words in WORDS.items()],
        "projections": list(Projection.objects.filter(project=project).select_related("by")),
        "known": sum(day >= live for day in watched.paid), "history": sum(day < live for day in watched.paid),
        "latest": max(watched.paid, default=None), "left": left_to_do(project, watched, today), "outcomes": CHIPS,
        "earlier": days[0].day - ONE_DAY if days and days[0].day > earliest else None,
        "later": min(last + ONE_DAY * SHOWN, yesterday) if last < yesterday else None,
    }  # fmt: skip


def last_shown(project: Project, watched: Watched, today: dt.date) -> dt.date:
    """Return the last day that is shown: yesterday; of a project that is complete, the last that is known."""
    yesterday = today - ONE_DAY
    return min(yesterday, max(watched.paid, default=yesterday)) if project.is_archived() else yesterday


def left_to_do(project: Project, watched: Watched, today: dt.date) -> list[Blocker]:
    """Return what stands between the project and its completion; nothing where it does not run, or its gate leads elsewhere."""
    if project.standing != Standing.ACTIVE or not is_watched(project) or project.next_phase() is not None:
        return []
    return blockers_of(gate(project.gate_facts(today)))


@dataclass(frozen=True, slots=True)
class PanelValues:
    """What the project's page says of the watch."""

    link: str
    chart: Chart | None
    latest: dt.date | None
    anomalies: Sequence[AnomalyRow]
    today: dt.date


def project_panel(project: Project, person: User, today: dt.date) -> Panel | None:
    """Return the panel of a project that is watched; three queries."""
    if not is_watched(project):
        return None
    watched = watch_over(project, today)
    rows = [anomaly_row(project.code, n, one, today) for n, one in enumerate(watched.found, start=1) if one.open]
    days = days_shown(watched.days, watched.paid, last=last_shown(project, watched, today))
    chart = draw(days, watched.found, first_day(project)) if any(day.paid for day in days) else None
    latest = max(watched.paid, default=None)
    return Panel("handoff/watch/panel.html", {"watch": PanelValues(
        reverse("watch", args=[project.code]), chart, latest, rows, today,
    )})  # fmt: skip


def export_rows(project: Project) -> Iterator[Sequence[object]]:
    """Yield every day of the project in the layout of the import, with how it came here."""
    rows = PaymentDay.objects.filter(project=project).select_related("by").order_by("day")
    for row in rows.iterator(chunk_size=500):
        yield row.day, row.payments, row.amount, CURRENCY, row.get_source_display(), row.by.name
