"""The values of what shows health: the card of a project's page, the page of its updates, what people outside read of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from projects.health import Health, Signal, disagree, is_stale
from projects.models import Project, StatusUpdate
from projects.outside_asks import Telling
from projects.paging import Paging
from projects.panels import Panel
from projects.signals import signal_of
from projects.updates import may_post
from transitions.clock import business_day

#: So many marks are in the strip.
IN_STRIP = 12


@dataclass(frozen=True, slots=True)
class Card:
    """Health at the top of a project's page."""

    health: str
    latest: StatusUpdate | None
    age: str
    stale: bool
    signal: Signal | None
    disagreement: str
    strip: list[StatusUpdate]
    address: str
    may_post: bool


def card(project: Project, person: User, today: dt.date) -> Panel:
    """Return the card for the project's page: one query beside the board's."""
    updates = list(project.updates.select_related("by")[:IN_STRIP])
    latest, seen = (updates[0] if updates else None), signal_of(project, today)
    updated = business_day(latest.at) if latest else None
    shown = Card(
        health=project.health, latest=latest, age=age_words(updated, today), stale=is_stale(updated, today), signal=seen,
        disagreement=disagreement(project.health, seen), strip=updates[::-1],
        address=f"{project.get_absolute_url()}updates/",
        may_post=may_post(project, person),
    )  # fmt: skip
    return Panel("projects/updates/card.html", {"card": shown, "zone": person.zone})


def disagreement(said: str, seen: Signal | None) -> str:
    """Return in a few words that a person and the machine say opposite things; nothing where they do not."""
    if seen is None or not disagree(said, seen):
        return ""
    return f"The update says {_lower(said)}, the signal {_lower(seen.health)}"


def age_words(day: dt.date | None, today: dt.date) -> str:
    """Return how long ago a day was: `today`, `1 day ago`, `12 days ago`; nothing for none."""
    if day is None:
        return ""
    days = (today - day).days
    return "today" if days <= 0 else f"{days} day{'' if days == 1 else 's'} ago"


def _lower(health: str) -> str:
    return str(Health(health).label).lower()


def updates_page(project: Project, number: int) -> tuple[list[StatusUpdate], Paging]:
    """Return a page of a project's updates, the latest first; in two queries."""
    total = project.updates.count()
    paging = Paging.of(total, number, settings.PAGE_SIZE, lambda page: f"?page={page}" if page > 1 else "?")
    return list(project.updates.select_related("by")[paging.start : paging.stop]), paging


def told_outside(telling: Telling) -> Panel | None:
    """Return the latest update that people outside may read: its health, its text and its day. One query."""
    latest = telling.project.updates.filter(visible_to_customer=True).first()
    if latest is None:
        return None
    told = {"health": latest.health, "text": latest.text, "day": business_day(latest.at)}
    return Panel("projects/updates/outside.html", told)
