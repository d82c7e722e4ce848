"""Who is concerned by a project's support: its biller's people, and who supports them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from accounts.models import Side, User
from handoff.rights import CLIENT_SERVICES, DECIDE_TIER
from projects.models import Project, Seat

#: The seats of who supports the biller, and of who is told beside them.
TSM_SEATS, CSM_SEATS = ("TSM", "TAM"), ("CSM",)


def billers(project: Project) -> list[User]:
    """Return the biller's people who hold a seat and can be written to, by name; in one query."""
    ids = {seat.person.id for seat in project.board.seats if seat.person and seat.role.side == Side.CUSTOMER}
    people = User.objects.filter(pk__in=ids, is_active=True, side=Side.CUSTOMER) if ids else User.objects.none()
    return list(people.order_by("name", "pk"))


def may_be_contact() -> QuerySet[User]:
    """Return who can be named as the biller's contact: whoever has an account on the biller's side."""
    return User.objects.filter(is_active=True, side=Side.CUSTOMER)


def seated_tsm(project: Project) -> User | None:
    """Return who sits as TSM on the project, or None; in one query."""
    ids = [
        seat.person.id
        for seat in project.board.seats
        if seat.person and seat.role.team == CLIENT_SERVICES and seat.role.code in TSM_SEATS
    ]
    return User.objects.filter(pk__in=ids, is_active=True, side=Side.INTERNAL).order_by("pk").first() if ids else None


def may_support(project: Project) -> QuerySet[User]:
    """Return who can be named as TSM: whoever decides for Client Services, and who sits there for them."""
    seated = [seat.person.id for seat in project.board.seats if seat.person and seat.role.team == CLIENT_SERVICES]
    inside = User.objects.filter(is_active=True, side=Side.INTERNAL)
    of_team = inside.filter(
        groups__permissions__codename=DECIDE_TIER, groups__permissions__content_type__app_label="projects"
    )
    return inside.filter(pk__in=of_team.values("pk")) | inside.filter(pk__in=seated)


def seated_by_project(projects: Iterable[int], codes: Collection[str]) -> dict[int, set[int]]:
    """Return who sits in seats of these codes for Client Services, by project; in one query."""
    found: dict[int, set[int]] = {}
    seats = Seat.objects.filter(
        project__in=list(projects), role__code__in=codes, role__team=CLIENT_SERVICES, person__is_active=True
    )
    for project_id, person_id in seats.order_by().values_list("project_id", "person_id"):
        if person_id is not None:
            found.setdefault(project_id, set()).add(person_id)
    return found
