"""Who sits where: seats filled and emptied, and named on single steps; grants follow in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from history.context import named
from playbook.catalog import RoleTemplate
from projects.models import Project, ProjectGrant, ProjectStep, Seat
from projects.models.project import VIEW
from raci.grants import set_grants
from transitions.blockers import Blocker, NotPermitted, StaleRow


def grants_due(seats: Iterable[tuple[RoleTemplate, User]]) -> dict[int, set[str]]:
    """Return the permissions that seats give their people on a project, by the person's id.

    Every seat lets its holder see the project; one that runs it (`manages`) also lets them move it and waive its gates.
    """
    due: dict[int, set[str]] = {}
    for role, person in seats:
        due.setdefault(person.pk, {VIEW}).update({"manage_project", "waive_gate"} if role.manages else ())
    return due


@named
def fill_seat(project: Project, seat_id: int, person: User | None, *, by: User) -> None:
    """Put `person` (or nobody) into a seat, and into those of the same role in the project's other playbooks.

    Raises:
        NotPermitted: `by` does not run the project. Archived: it is complete.
        ValidationError: no such seat here, or the person is deactivated.
    """
    with transaction.atomic():
        row = locked_for(project, by)
        board = row.board
        seat = next((seat for seat in board.seats if seat.id == seat_id), None)
        if seat is None:
            raise ValidationError("This project has no such seat.")
        if person is not None and not person.is_active:
            raise ValidationError(f"{person.name} is deactivated and cannot take a seat.")
        twins = Seat.objects.filter(
            pk__in=[other.id for other in board.seats if other.role.identity == seat.role.identity]
        )
        before = list(twins.values_list("person_id", flat=True))  # on the board a deactivated holder is nobody
        twins.update(person=person)
        _settle_people(row, before=before, after=person)


@named
def name_on_step(
    step: ProjectStep, letter: str, person: User | None, *, by: User, revision: int | None = None
) -> ProjectStep:
    """Name a person as responsible (`R`) or accountable (`A`) on one step, over what the playbook says; None takes it back.

    Raises:
        NotPermitted, Archived, StaleRow; ValidationError for another letter or a deactivated person.
    """
    field = {"R": "responsible", "A": "accountable"}.get(letter)
    if field is None:
        raise ValidationError("Only the responsible and the accountable are named on a step.")
    if person is not None and not person.is_active:
        raise ValidationError(f"{person.name} is deactivated and cannot be named.")
    with transaction.atomic():
        project = locked_for(step.project, by)
        row = ProjectStep.objects.select_related("template").get(pk=step.pk)
        row.project = project
        if revision is not None and revision != row.revision:
            raise StaleRow(row, f"{row} changed since you saw it.")
        before = getattr(row, f"{field}_id")
        setattr(row, field, person)
        row.revision += 1
        row.save(update_fields=[field, "revision"])
        _settle_people(project, before=[before], after=person)
    return row


def locked_for(project: Project, by: User) -> Project:
    """Return the project under its lock, for whoever runs it; raise NotPermitted or Archived."""
    row = project.locked()
    if not (by.is_active and (by.is_superuser or row.board.manages(by.pk))):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not run {row}.", row.get_absolute_url())])
    row.refuse_if_archived()
    return row


def _settle_people(project: Project, *, before: Iterable[int | None], after: User | None) -> None:
    """Bring grants and the project's manager in line with the seats, for the people concerned."""
    project.__dict__.pop("board", None)
    board = project.board
    concerned = {person_id for person_id in (*before, after.pk if after else None) if person_id is not None}
    due: dict[int, set[str]] = {person_id: set() for person_id in concerned}
    for seat in board.seats:
        if seat.person and seat.person.id in concerned:
            due[seat.person.id] |= {VIEW, *({"manage_project", "waive_gate"} if seat.role.manages else ())}
    for step in board.steps:
        for someone in (step.named_responsible, step.named_accountable):
            if someone and someone.id in concerned:
                due[someone.id].add(VIEW)
    set_grants(ProjectGrant, project, due, people=concerned)
    manager = board.manager()
    if project.manager_id != (manager.id if manager else None):
        project.manager_id = manager.id if manager else None
        project.save(update_fields=["manager"])
