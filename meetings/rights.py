"""Who sees a meeting, who runs it, and who sees its link. No rows are written here, so that the rows may ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from accounts.models import User

if TYPE_CHECKING:
    from meetings.models import Series

#: Kind of meeting → who of our own runs those of any project, besides whoever runs the project.
_also_run: dict[str, Callable[[User], bool]] = {}


def let_run(kind: str, asked: Callable[[User], bool]) -> None:
    """Let those of whom `asked` is true run the meetings of a kind, in `AppConfig.ready()`: a room above knows why."""
    if _also_run.setdefault(kind, asked) is not asked:
        raise ValueError(f"Who else runs meetings of {kind} is said already")


def attends(series: Series, person: User) -> bool:
    """Return whether the person hosts the series or is one of its attendees, in one query at most."""
    if series.host_id == person.pk:
        return True
    return series.attendees.present().filter(person=person).exists()


def may_see(series: Series, person: User) -> bool:
    """Return whether the person may know of the series: a project's with the project, the company's by group or as attendee.

    People outside the company see the meetings of their projects that they attend, and no others.
    """
    if not person.is_active:
        return False
    if series.project is not None:
        seen = type(series.project).objects.visible_to(person).filter(pk=series.project_id).exists()
        return seen and (not person.is_outside or attends(series, person))
    if person.is_outside:
        return False
    return person.has_perm("meetings.see_meetings") or attends(series, person)


def may_run(series: Series, person: User, *, host_id: int | None = None) -> bool:
    """Return whether the person plans, moves, cancels and leads its meetings: the host, whoever runs the project, or by group;
    of some kinds others too (`let_run`).

    Args:
        host_id: the host of the one meeting, where it is another than the series'.
    """
    if not person.is_active or person.is_outside:
        return False
    if person.pk in {series.host_id, host_id} or person.has_perm("meetings.run_meetings"):
        return True
    if series.project is not None and series.project.board.manages(person.pk):
        return True
    also = _also_run.get(series.kind)
    return also is not None and also(person)


def sees_link(series: Series, person: User) -> bool:
    """Return whether the join link is shown to the person: to the host and the attendees, and to nobody else."""
    return person.is_active and attends(series, person)
