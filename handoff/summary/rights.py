"""Who writes an Integration Summary. Who accepts it is `handoff.rights.takes_over`."""

from __future__ import annotations

from accounts.models import User
from projects.models import Project

#: Owns what is missing (domain.md, Integration Summary).
OWNER = "IM"


def may_write(project: Project, person: User) -> bool:
    """Return whether the person fills fields: everybody inside who has a seat on the project, and an administrator."""
    if not person.is_active or person.is_outside:
        return False
    return person.is_superuser or any(seat.person and seat.person.id == person.pk for seat in project.board.seats)
