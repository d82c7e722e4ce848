"""Who may do what in a RAID log, by the seats of its project."""

from __future__ import annotations

from accounts.models import User
from projects.models import Project
from projects.people import Person


def may_write(project: Project, person: User) -> bool:
    """Return whether the person writes the log: whoever inside has a seat on the project, or stands in as administrator."""
    if not person.is_active or person.is_outside:
        return False
    return person.is_superuser or any(seat.person and seat.person.id == person.pk for seat in project.board.seats)


def may_show(project: Project, person: User) -> bool:
    """Return whether the person shows items to the customer: who runs the project, or stands in as administrator."""
    if not person.is_active or person.is_outside:
        return False
    return person.is_superuser or project.board.manages(person.pk)


def people_of(project: Project) -> list[Person]:
    """Return who may own an item: everybody with a seat on the project, each once, by name."""
    seated = {seat.person.id: seat.person for seat in project.board.seats if seat.person}
    return sorted(seated.values(), key=lambda person: person.name)
