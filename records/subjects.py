"""What can be talked about: each kind of row says what it is called, where it is, and who outside sees it.

A room above lets another kind in with `register_subject`, and its page shows the talk with `projects.panels`:

    register_subject(Case, "case", "Test cases", cases)
    panels.register("case", talk_panel("case"))

where `cases(project, ids, who)` yields a `Subject` for each of those rows that `who` may see.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import reverse

from accounts.models import Side
from projects.board import A, Board, R
from projects.models import Document, Project, ProjectStep
from projects.outside import Outsider
from projects.people import Person
from records.models import RaidItem

#: The largest key that either database takes.
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Subject:
    """One row that is talked about.

    `address` is its page for people inside (a path). `outside` is its page for people outside, relative to the project's; empty
    where that is the project's page itself. `workers` are the ids of those who work it (R) and answer for it (A), `responsible`
    of the former alone: they hear when somebody outside writes. `readers` names the people outside who see it now, for those who
    are about to write to them.
    """

    kind: str
    id: int
    title: str
    address: str
    outside: str = ""
    workers: frozenset[int] = frozenset()
    responsible: frozenset[int] = frozenset()
    readers: tuple[str, ...] = ()


#: Takes a project, the keys of rows, and who outside looks (None inside); yields the rows of that project that they may see.
Finder = Callable[[Project, Collection[int], Outsider | None], Iterable[Subject]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row that can be talked about: its name in addresses, what its rows are called together."""

    name: str
    label: str
    model: type[models.Model]
    finder: Finder

    @property
    def type_id(self) -> int:
        """The key of its content type, which is kept in memory."""
        return int(ContentType.objects.get_for_model(self.model).pk)


_kinds: dict[str, Kind] = {}


def register_subject(model: type[models.Model], name: str, label: str, finder: Finder) -> None:
    """Let rows of a model be talked about, in `AppConfig.ready()`.

    Args:
        name: of the kind in addresses, a slug. label: what its rows are called together.
        finder: who may see and write there: whoever it yields the row for; people inside who see the project.
    """
    _kinds[name] = Kind(name, label, model, finder)


def kinds() -> list[Kind]:
    """Return what can be talked about."""
    return list(_kinds.values())


def kind_of(name: str) -> Kind | None:
    """Return the kind of that name."""
    return _kinds.get(name)


def find(project: Project, kind: str, ids: Collection[int], *, who: Outsider | None = None) -> dict[int, Subject]:
    """Return those rows of a kind that are the project's and that may be seen, by key.

    Args:
        who: the person outside who looks; None for people inside, who see all of a project that they see.
    """
    known = _kinds.get(kind)
    ids = [pk for pk in ids if 0 < pk <= LARGEST_KEY]
    return {subject.id: subject for subject in known.finder(project, ids, who)} if known and ids else {}


def find_all(
    project: Project, pairs: Iterable[tuple[int, int]], *, who: Outsider | None = None
) -> dict[tuple[int, int], Subject]:
    """Return the subjects of comments by (content type, key), those that may be seen; in the queries of each kind's finder."""
    wanted: dict[int, set[int]] = {}
    for type_id, pk in pairs:
        wanted.setdefault(type_id, set()).add(pk)
    return {
        (kind.type_id, subject.id): subject
        for kind in kinds()
        if kind.type_id in wanted
        for subject in find(project, kind.name, wanted[kind.type_id], who=who).values()
    }


# What this room's neighbours below have -----------------------------------------------------------------------------------


def outside_people(board: Board) -> list[Person]:
    """Return who sits outside on a project, each once."""
    outside = (seat.person for seat in board.seats if seat.role.side != Side.INTERNAL)
    return list(dict.fromkeys(person for person in outside if person))


def _project(project: Project, ids: Collection[int], who: Outsider | None) -> Iterable[Subject]:
    if project.pk in ids:
        readers = tuple(person.name for person in outside_people(project.board)) if who is None else ()
        yield Subject("project", project.pk, project.name, project.get_absolute_url(), readers=readers)


def _steps(project: Project, ids: Collection[int], who: Outsider | None) -> Iterable[Subject]:
    board = project.board
    passed_on: frozenset[int] = frozenset()
    if who is not None and who.person_id is not None:
        rows: Any = project.delegations.standing().filter(to=who.person_id)
        passed_on = frozenset(rows.values_list("step_id", flat=True))
    people = outside_people(board) if who is None else []
    for step in board.steps:
        if step.id not in ids or (who is not None and not who.concerned(board, step) and step.id not in passed_on):
            continue
        responsible = frozenset(person.id for person in board.people(step, R))
        accountable = frozenset(person.id for person in board.people(step, A))
        yield Subject(
            "step", step.id,
            # The category that tells two steps of one title apart is ours to know.
            step.template.title if who is not None else board.title(step),
            project.step_url(step.path), f"steps/{step.path}/", responsible | accountable, responsible,
            tuple(person.name for person in people if Outsider(person.id).concerned(board, step)),
        )  # fmt: skip


def _documents(project: Project, ids: Collection[int], who: Outsider | None) -> Iterable[Subject]:
    rows: Any = Document.objects.filter(project=project, pk__in=ids)
    if who is not None:
        rows = rows.filter(visible_to_customer=True)
    people = tuple(person.name for person in outside_people(project.board)) if who is None else ()
    for pk, title, visible in rows.values_list("pk", "title", "visible_to_customer"):
        address = reverse("documents", args=[project.code])
        yield Subject("document", pk, title, address, readers=people if visible else ())


def _raid_items(project: Project, ids: Collection[int], who: Outsider | None) -> Iterable[Subject]:
    rows: Any = RaidItem.objects.filter(project=project, pk__in=ids)
    if who is not None:
        rows = rows.filter(visible_to_customer=True)
    people = tuple(person.name for person in outside_people(project.board)) if who is None else ()
    for item in rows.only("project", "kind", "number", "title", "owner", "visible_to_customer"):
        item.project = project
        owners = frozenset({item.owner_id} if item.owner_id else ())
        yield Subject(
            "raid-item", item.pk, f"{item.code} {item.title}", item.get_absolute_url(), workers=owners, responsible=owners,
            readers=people if item.visible_to_customer else (),
        )  # fmt: skip


def register_all() -> None:
    """Let projects, steps, documents and the items of the RAID log be talked about."""
    register_subject(Project, "project", "The project", _project)
    register_subject(ProjectStep, "step", "Steps", _steps)
    register_subject(Document, "document", "Documents", _documents)
    register_subject(RaidItem, "raid-item", "RAID items", _raid_items)
