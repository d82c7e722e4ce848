"""The status updates of the demo: one at each passage and a last one, some stale, some at odds with the machine."""

from __future__ import annotations

import datetime as dt
import uuid

from accounts.models import User
from projects.health import Health
from projects.models import Project
from projects.signals import signal_of
from projects.update_draft import draft_text, read_draft
from projects.updates import post_update
from transitions.clock import business_day
from transitions.phase import Phase

NAMESPACE = uuid.UUID("0d1f7b0e-5a52-4a44-9a3f-7f6a6c0e5b21")
TROUBLE = "Their test environment is down, and nobody there says until when"
WORRY = "The biller’s team is small, and its holidays are close"


def tell_passage(project: Project, index: int, *, by: User, at: dt.datetime) -> None:
    """Say that a phase is done, for the customer to read too."""
    following = project.next_phase()
    text = f"{Phase(project.phase).label} is done. Thank you: what you sent came in good time."
    if following:
        text += f"\nWe go on with {Phase(following).label}."
    post_update(
        project, health=Health.ON_TRACK, text=text, visible_to_customer=True, by=by, now=at,
        key=uuid.uuid5(NAMESPACE, f"{index} {project.phase}"),
    )  # fmt: skip


def tell_now(project: Project, index: int, *, by: User, now: dt.datetime) -> None:
    """Say how it does: most as the machine sees it too, some too well, some too badly; every fourth a while ago."""
    ago = dt.timedelta(days=12 if index % 4 == 3 else index % 5, hours=3)
    at = max(now - ago, (project.health_at or project.started_at) + dt.timedelta(hours=1))
    at = min(at, now - dt.timedelta(minutes=1))
    today = business_day(at)
    seen = signal_of(project, today)
    health, reason = Health.ON_TRACK, ""
    found = [one for one in seen.reasons if one.code != "stale"] if seen else []
    if index % 7 == 3:
        health, reason = Health.OFF_TRACK, TROUBLE
    elif index % 5 == 2:
        health, reason = Health.AT_RISK, WORRY
    elif index % 3 != 1 and found:
        health, reason = found[0].health, found[0].text.rstrip(".")
    post_update(
        project, health=health, reason=reason, text=draft_text(read_draft(project, today)), by=by, now=at,
        key=uuid.uuid5(NAMESPACE, f"{index} now"),
    )  # fmt: skip
