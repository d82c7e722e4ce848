"""Who is meant by `@PM` or `@Priya Nair` in a comment, and who of them may hear of it.

A seat is meant by its role's code: whoever sits there now, in every playbook of the project that knows the code. A person is
meant by their name or a first name that is unambiguous among those who see the project. What cannot be told to anybody is told
to the writer, who may have thought otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q

from accounts.models import Side, User
from projects.board import Board, SeatView
from projects.models import Project, ProjectGrant
from projects.models.project import VIEW, VIEW_ALL
from projects.outside import Outsider
from raci.grants import permission_ids
from records.models.talk import LONGEST_MENTION
from records.subjects import Subject, find

#: So many different words after `@` are looked at in one comment.
MOST = 20
#: A name has so many words at most, as a mention.
WORDS = 4
_WORD = r"[^\W_](?:[\w'’-]*[^\W_])?"
_MENTION = re.compile(rf"(?<![\w@.+/-])@({_WORD}(?: {_WORD}){{0,{WORDS - 1}}})")
_CODE = re.compile(r"(```|~~~).*?(?:\1|\Z)|(`+)(?!`).+?(?<!`)\2(?!`)", re.DOTALL)


@dataclass(slots=True)
class Meant:
    """What the mentions of a comment come to: who hears, by the words that mean them, and what the writer is told."""

    told: dict[User, str] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def hears(self, person: User, words: str) -> None:
        """Let a person hear, by the first words that mean them."""
        self.told.setdefault(person, words)
        self.words.append(words)


@dataclass(frozen=True, slots=True)
class Someone:
    """Somebody or a seat that can be mentioned, for the list that helps to type."""

    insert: str
    says: str


def phrases(text: str) -> list[str]:
    """Return what stands after each `@`, up to four words of it, each once; nothing of code, and no e-mail addresses."""
    return list(dict.fromkeys(found[1] for found in _MENTION.finditer(_CODE.sub(" ", text))))


def readers(project: Project) -> Any:
    """Return the active people who may see the project: as `Project.objects.visible_to`, asked from the other side."""
    ids = permission_ids(Project)
    granted = ProjectGrant.objects.filter(content_object=project, user=OuterRef("pk"), permission=ids[VIEW])
    groups = Group.objects.filter(permissions=ids[VIEW_ALL], user=OuterRef("pk"))
    ours = Q(side=Side.INTERNAL) & (Q(is_superuser=True) | Exists(groups))
    return User.objects.filter(Exists(granted) | ours, is_active=True)


def meant(text: str, project: Project, subject: Subject, *, by: User, visible: bool) -> Meant:
    """Return who hears of a comment by being mentioned in it, and what could not be told.

    In three queries, and one for each person outside who is mentioned.

    Args:
        subject: what is commented on. visible: whether people outside read the comment.
    """
    result = Meant()
    given = phrases(text)
    if not given:
        return result
    if len(given) > MOST:
        result.untold.append(f"Only the first {MOST} mentions were looked at.")
    found = _Directory.read(project, given[:MOST], by)
    for phrase in given[:MOST]:
        found.resolve(phrase, result)
    outside = [person for person in result.told if person.is_outside and person != by]
    for person in outside:
        if not visible:
            result.untold.append(f"{person.name} sits outside and does not read an internal comment: not told.")
        elif not find(project, subject.kind, [subject.id], who=Outsider(person.pk)):
            result.untold.append(f"{person.name} does not see “{subject.title}”: not told.")
        else:
            continue
        del result.told[person]
    return result


@dataclass(slots=True)
class _Directory:
    """Who may be meant: seats by code, people by name."""

    seats: dict[str, list[SeatView]]
    people: list[User]
    may_see: frozenset[int]
    inside: bool

    @classmethod
    def read(cls, project: Project, given: Sequence[str], by: User) -> _Directory:
        board = project.board
        seats = _seats(board, by)
        sitting = {seat.person.id for held in seats.values() for seat in held if seat.person}
        wanted = Q(pk__in=sitting)
        for phrase in given:
            wanted |= Q(name__istartswith=phrase.split()[0])
        if by.is_outside:  # who else is here is not theirs to try
            wanted = Q(pk__in=sitting)
        people = list(User.objects.filter(wanted, is_active=True).order_by("name", "pk")[:500])
        may_see = readers(project).filter(pk__in=[person.pk for person in people]).values_list("pk", flat=True)
        return cls(seats, people, frozenset(may_see), not by.is_outside)

    def resolve(self, phrase: str, result: Meant) -> None:
        """Find who is meant by the longest part of the phrase that means anybody."""
        words = phrase.split()
        for count in range(len(words), 0, -1):
            part = " ".join(words[:count])
            if count == 1 and part in self.seats:
                return self._seat(part, result)
            if named := [person for person in self.people if _same(person.name, part)]:
                return self._person(f"@{part}", named, result)
        first = words[0]
        if code := next((code for code in self.seats if _same(code, first)), ""):
            return self._seat(code, result, words=f"@{first}")
        called = [person for person in self.people if _same(person.name.split()[0], first)]
        if called:
            return self._person(f"@{first}", called, result)
        if self.inside:
            result.untold.append(f"“@{first}” is no seat and nobody here: nobody was told.")
        else:
            result.untold.append(
                f"“@{first}” is nobody you can mention here. Those who run the project read this anyway."
            )
        return None

    def _seat(self, code: str, result: Meant, *, words: str = "") -> None:
        held = self.seats[code]
        by_id = {person.pk: person for person in self.people}
        sitting = {seat.person.id for seat in held if seat.person} & self.may_see
        if not sitting:
            result.untold.append(f"Nobody sits in the seat “{code}” ({held[0].role.name}): nobody was told.")
        for person_id in sorted(sitting):
            result.hears(by_id[person_id], (words or f"@{code}")[:LONGEST_MENTION])

    def _person(self, words: str, named: Sequence[User], result: Meant) -> None:
        here = [person for person in named if person.pk in self.may_see]
        if len(here) == 1:
            result.hears(here[0], words[:LONGEST_MENTION])
        elif here:
            names = " or ".join(person.name for person in here[:4])
            result.untold.append(f"“{words}” may be {names}: write the name in full. Nobody was told.")
        else:
            result.untold.append(f"{named[0].name} may not see this project: not told.")


def _seats(board: Board, by: User) -> dict[str, list[SeatView]]:
    """Return the seats that the writer may mention, by code; for one outside one query.

    Outside, they are those that run the project and those in which somebody of the writer's own side sits: who else is here is
    not for them to find out by trying.
    """
    found: dict[str, list[SeatView]] = {}
    sitting = {seat.person.id for seat in board.seats if seat.person}
    theirs = User.objects.filter(pk__in=sitting, side=by.side).values_list("pk", flat=True) if by.is_outside else ()
    beside = set(theirs)
    for seat in board.seats:
        if not by.is_outside or seat.role.manages or (seat.person and seat.person.id in beside):
            found.setdefault(seat.role.code, []).append(seat)
    return found


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def can_be_mentioned(project: Project, by: User, *, most: int = 300) -> list[Someone]:
    """Return the seats and people for the list that helps to type a mention, in one query beside the board's."""
    board = project.board
    seats = _seats(board, by)
    found = [Someone(f"@{code}", _says(held)) for code, held in seats.items()]
    people: Iterable[User] = readers(project).order_by("name")[:most]
    if by.is_outside:
        sitting = {seat.person.id for held in seats.values() for seat in held if seat.person}
        people = [person for person in people if person.pk in sitting]
    return found + [Someone(f"@{person.name}", "") for person in people if person.pk != by.pk]


def _says(held: Collection[SeatView]) -> str:
    names = dict.fromkeys(seat.person.name for seat in held if seat.person)
    roles = dict.fromkeys(seat.role.name for seat in held)
    return f"{', '.join(names) or 'nobody yet'} ({', '.join(roles)})"
