"""Who may do what in a workbook, by the seats of its project; pure beside the project's board."""

from __future__ import annotations

from accounts.models import User
from projects.board import A, R
from projects.models import Project
from transitions.phase import Phase
from workbook.vocabulary import Kind

#: Steps that name this document are those of testing; who works them leads it.
DOCUMENT = "sit-workbook"


def may_lead(project: Project, person: User) -> bool:
    """Return whether the person writes cases, starts runs and waives: who runs the project, and R or A of a step of testing."""
    if not person.is_active or person.is_outside:
        return False
    board = project.board
    if person.is_superuser or board.manages(person.pk):
        return True
    return any(
        DOCUMENT in step.template.documents and board.letters_of(person.pk, step) & {R, A} for step in board.steps
    )


def may_close(project: Project, person: User) -> bool:
    """Return whether the person ends a run."""
    return may_lead(project, person)


def may_test(project: Project, person: User, kind: str) -> bool:
    """Return whether the person records results.

    Whoever leads does; in SIT whoever works a step of that phase; in UAT the customer's people.
    """
    if not person.is_active:
        return False
    if person.is_outside:
        return kind == Kind.UAT and holds_a_seat(project, person)
    if may_lead(project, person):
        return True
    board = project.board
    return kind == Kind.SIT and any(
        step.template.phase == Phase.SIT and board.letters_of(person.pk, step) & {R, A} for step in board.steps
    )


def holds_a_seat(project: Project, person: User) -> bool:
    """Return whether the person sits anywhere on the project."""
    return any(seat.person and seat.person.id == person.pk for seat in project.board.seats)
