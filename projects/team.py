"""Who sits where: seats filled and emptied, and named on single steps; grants follow in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Side, User
from history.context import named
from playbook.catalog import RoleTemplate
from projects.board import A, LiveStep, R, SeatView, seats_by_role
from projects.comments import bring_in_line
from projects.inbox import seat_given, tell
from projects.models import Project, ProjectGrant, ProjectStep, Seat
from projects.models.project import VIEW
from projects.parties import signers
from raci.grants import set_grants
from transitions.blockers import Blocker, NotPermitted, StaleRow
from transitions.standing import Standing

MANAGE, WAIVE, WORK, APPROVE, HAND_OFF = "manage_project", "waive_gate", "work_step", "approve_step", "hand_off"
#: The team to which a project is handed over; its roles may take it over.
CLIENT_SERVICES = "Client Services"

#: Project ids → what else is due there: `{project id: {person id: codenames}}`.
GrantSource = Callable[[Collection[int]], Mapping[int, Mapping[int, Collection[str]]]]
_sources: list[GrantSource] = []


def register_grants(source: GrantSource) -> None:
    """Add a source of grants beside seats and names, such as a step's own approvers. For `AppConfig.ready()`.

    It is asked in bulk, in a fixed number of queries; whoever changes its rows calls `settle_grants` in that transaction.
    """
    if source not in _sources:
        _sources.append(source)


def also_due(project_ids: Collection[int]) -> dict[int, dict[int, set[str]]]:
    """Return what the registered sources say is due; whoever has anything on a project may see it."""
    found: dict[int, dict[int, set[str]]] = {}
    for source in _sources:
        for project_id, people in source(project_ids).items():
            for person_id, codenames in people.items():
                found.setdefault(project_id, {}).setdefault(person_id, {VIEW}).update(codenames)
    return found


def grants_due(steps: Iterable[LiveStep], seats: Iterable[SeatView]) -> dict[int, set[str]]:
    """Return the permissions that seats and names give people on a project, by the person's id. Pure.

    A seat or a name lets see the project; R on any step lets work steps, A of a step that asks for approval lets decide, as
    does a seat that signs it; a role that runs the project lets move it, waive its gates and hand it off; one of Client
    Services lets take it over. On a step that somebody is named on, the seats do not have that letter. A step's status
    changes nothing.
    """
    seats = list(seats)
    due: dict[int, set[str]] = {}
    steps = list(steps)
    for seat in seats:
        if seat.person is not None:
            due.setdefault(seat.person.id, {VIEW}).update(_of_role(seat.role))
    by_role = {role_id: seat.person.id for role_id, seat in seats_by_role(steps, seats).items() if seat.person}
    for step in steps:
        for letter, person in ((R, step.named_responsible), (A, step.named_accountable)):
            gives = WORK if letter == R else APPROVE if step.template.approval else VIEW
            if person is not None:
                due.setdefault(person.id, {VIEW}).add(gives)
                continue
            for role_id in step.template.letters.get(letter, ()):
                if role_id in by_role:
                    due[by_role[role_id]].add(gives)
        for signer in signers(seats, step):
            due[signer.id].add(APPROVE)
    return due


def _of_role(role: RoleTemplate) -> set[str]:
    if role.manages:
        return {MANAGE, WAIVE, HAND_OFF}
    return {HAND_OFF} if role.team == CLIENT_SERVICES else set()


def settle_grants(project: Project) -> None:
    """Make the grants on a project be what is due there now, in at most three queries and the board's."""
    set_grants(ProjectGrant, project, due_on(project))


def due_on(project: Project) -> dict[int, set[str]]:
    """Return what is due on a project by its board and by what is registered."""
    due = grants_due(project.board.steps, project.board.seats)
    return merged(due, also_due([project.pk]).get(project.pk, {}))


def merged(due: dict[int, set[str]], more: Mapping[int, Collection[str]]) -> dict[int, set[str]]:
    """Return both together."""
    for person_id, codenames in more.items():
        due.setdefault(person_id, set()).update(codenames)
    return due


def may_sit(person: Any, role_side: str) -> bool:
    """Return whether a person's side may take a role of `role_side`: ours sit in our roles, theirs in theirs (docs/adr/0012)."""
    return (person.side == Side.INTERNAL) == (role_side == Side.INTERNAL)


def refuse_other_side(person: User, role: Any) -> None:
    """Raise ValidationError where a person may not take the role (a name, a code, a side) because of the side they sit on."""
    if not may_sit(person, role.side):
        whose = "one of ours" if role.side == Side.INTERNAL else "one of theirs"
        raise ValidationError(
            f"{person.name} does not sit on the side of {role.name} ({role.code}): the seat is for {whose}.",
            code="other-side",
        )


def holder_seen(seat: SeatView) -> str:
    """Return what a form carries of who sits in a seat: the person's id, or `nobody`."""
    return str(seat.person.id) if seat.person else "nobody"


@named
def fill_seat(
    project: Project,
    seat_id: int,
    person: User | None,
    *,
    by: User,
    seen: str | None = None,
    now: dt.datetime | None = None,
) -> None:
    """Put `person` (or nobody) into a seat, and into those of the same role in the project's other playbooks.

    Args:
        seen: who sat there when the form was shown, as `holder_seen` has it; None where nothing was shown.

    Raises:
        NotPermitted: `by` does not run the project. Archived: it is complete. StaleRow (of the seat): another sits there by now.
        ValidationError: no such seat here, the person is deactivated, or sits on the other side than the role.
    """
    now = now or timezone.now()
    with transaction.atomic():
        seat_person(locked_for(project, by), seat_id, person, by=by, seen=seen, now=now)


def seat_person(
    row: Project, seat_id: int, person: User | None, *, by: User, seen: str | None = None, now: dt.datetime
) -> None:
    """Fill a seat as `fill_seat` does, of a project that the caller has locked, for somebody of whom it has asked what they may.

    For acts that bring a seat with them: Client Services names its TSM with the tier, on projects that it does not run.

    Raises:
        Archived, StaleRow, ValidationError.
    """
    row.refuse_if_archived()
    board = row.board
    seat = next((seat for seat in board.seats if seat.id == seat_id), None)
    if seat is None:
        raise ValidationError("This project has no such seat.")
    if seen is not None and seen != holder_seen(seat):
        raise StaleRow(seat, f"{seat.role.name} changed hands since you saw it.")
    if person is not None and not person.is_active:
        raise ValidationError(f"{person.name} is deactivated and cannot take a seat.")
    if person is not None:
        refuse_other_side(person, seat.role)
    twins = Seat.objects.filter(pk__in=[other.id for other in board.seats if other.role.identity == seat.role.identity])
    before = set(twins.values_list("person_id", flat=True))  # on the board a deactivated holder is nobody
    twins.update(person=person)
    settle_people(row, by=by, now=now)
    if person is not None and person.pk not in before:
        tell([seat_given(row, person, [seat.role.name], by=by, now=now, occasion=f"seat:{seat.id}")])


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
        setattr(row, field, person)
        row.revision += 1
        row.save(update_fields=[field, "revision"])
        project.__dict__.pop("board", None)
        settle_grants(project)
    return row


def locked_for(project: Project, by: User) -> Project:
    """Return the project under its lock, for whoever runs it; raise NotPermitted or Archived."""
    row = project.locked()
    if not (by.is_active and (by.is_superuser or row.board.manages(by.pk))):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not run {row}.", row.get_absolute_url())])
    row.refuse_if_archived()
    return row


def settle_people(project: Project, *, by: User | None, now: dt.datetime) -> None:
    """Bring grants, the project's manager and its comment requests in line with the seats and names as they are now.

    The project is locked by the caller. An archived project's grants follow; nothing else in it changes.
    """
    project.__dict__.pop("board", None)
    settle_grants(project)
    if project.is_archived():
        return
    manager = project.board.manager()
    if project.manager_id != (manager.id if manager else None):
        project.manager_id = manager.id if manager else None
        project.save(update_fields=["manager"])
    bring_in_line(project, by=by, now=now)


@named
def settle_activity(person: User, *, by: User | None, now: dt.datetime | None = None) -> None:
    """Follow a person's deactivation, or their return, on every project that names them, locked in the order of their ids.

    Deactivated they hold nothing: grants go, open comment requests are withdrawn, another runs the project. What their seats
    give comes back with them.
    """
    now = now or timezone.now()
    with transaction.atomic():
        for project in list(projects_naming(person).select_for_update(of=("self",)).order_by("pk")):
            settle_people(project, by=by, now=now)


def projects_naming(person: User) -> Any:
    """Return the projects with a seat, a name on a step, a grant or a manager's column that is this person's."""
    seats = Seat.objects.filter(person=person).order_by().values("project")
    steps = ProjectStep.objects.filter(Q(responsible=person) | Q(accountable=person)).order_by().values("project")
    grants = ProjectGrant.objects.filter(user=person).order_by().values("content_object")
    return Project.objects.filter(
        Q(pk__in=seats) | Q(pk__in=steps) | Q(pk__in=grants) | Q(manager=person, standing__in=_LIVE)
    )


_LIVE = tuple(set(Standing) - {Standing.COMPLETE})
