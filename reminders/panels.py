"""What of hearing stands on the pages below: in the inbox, and beside a project."""

from __future__ import annotations

import datetime as dt

from accounts.models import User
from projects.models import Project
from projects.panels import Panel
from projects.views.getters import may_manage
from reminders.failures import bounce_of
from reminders.models import Mute


def address_panel(person: User) -> Panel | None:
    """Say above the inbox that the person's mail does not arrive; one query, nothing where it does."""
    bounce = bounce_of(person)
    return Panel("reminders/panel_bounce.html", {"bounce": bounce}) if bounce else None


def mute_panel(person: User) -> Panel:
    """Mute or unmute each project of the inbox; one query for all of them."""
    return Panel("reminders/panel_mute.html", {"muted": set(person.mutes.values_list("project__code", flat=True))})


def project_panel(project: Project, person: User, today: dt.date) -> Panel:
    """Mute or unmute the project that is looked at, and its webhooks for who runs it; one query."""
    return Panel(
        "reminders/panel_project.html",
        {
            "muted": Mute.objects.filter(person=person, project=project).exists(),
            "hooks": may_manage(project, person),
            "code": project.code,
        },
    )
