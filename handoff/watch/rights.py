"""Which projects are watched, and who writes there."""

from __future__ import annotations

import datetime as dt

from accounts.models import User
from handoff.rights import runs
from handoff.watch.vocabulary import MONITOR
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.phase import Phase

LETTERS = frozenset("RA")
NOT_LIVE = "Watching begins after go-live: when the project is in Post-Live."
NO_ADD_ON = "This project has no add-on to watch: it does not run through the playbook “Add-on Post Live”."


def has_add_on(project: Project) -> bool:
    """Return whether the project runs through the playbook of add-ons, and so has a service to monitor."""
    return MONITOR in project.board.by_path


def is_watched(project: Project) -> bool:
    """Return whether its payments are watched: it has an add-on, and is in Post-Live (domain.md, Post live, add-ons)."""
    return has_add_on(project) and project.phase == Phase.POST_LIVE


def why_not(project: Project) -> str:
    """Return why the project is not watched, in a sentence; nothing where it is."""
    if not has_add_on(project):
        return NO_ADD_ON
    return "" if project.phase == Phase.POST_LIVE else NOT_LIVE


def first_day(project: Project) -> dt.date:
    """Return the first day that is watched: that of go-live; of an add-on that begins in Post-Live, its kickoff."""
    return project.actual_go_live or project.kickoff


def may_watch(project: Project, person: User) -> bool:
    """Return whether the person writes in the watch: whoever runs the project, and R or A of its monitoring step."""
    if runs(project, person):
        return True
    step = project.board.by_path.get(MONITOR)
    inside = person.is_active and not person.is_outside
    return inside and step is not None and bool(project.board.letters_of(person.pk, step) & LETTERS)


def writable(project: Project, by: User) -> Project:
    """Return the project, locked, for a write in its watch. Within a transaction.

    Raises:
        NotPermitted, Archived. MoveRefused: it is not watched.
    """
    locked = Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    if not may_watch(locked, by):
        text = f"{by} neither runs the project nor monitors its service."
        raise NotPermitted([Blocker("not-permitted", text)])
    locked.refuse_if_archived()
    if reason := why_not(locked):
        raise MoveRefused([Blocker("not-watched", reason)])
    return locked
