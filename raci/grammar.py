"""Read and write the R / A / C / I cells of the source tables.

The rule is domain.md, "Reading an R / A / C / I cell":

    cell  = seat "/" seat "/" …            four seats, or three where the playbook has no INM
    seat  = blank | role { ("," | "/") role }
    role  = a code of the playbook's own role list

Only the last seat can hold a slash of its own: seats are counted off from the left, and what is left
over belongs to the last one (`SA / PM / IM/OPM`).

Whether the letters make sense (one accountable, nobody both consulted and informed) is not grammar:
see `raci.health`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from raci.letters import LETTERS, Letter, Raci

Side = Literal["internal", "customer", "partner"]

LONGEST_CELL = 200
INTEGRATIONS_MANAGER = "INM"
FOUR_SEATS = LETTERS
THREE_SEATS = tuple(letter for letter in LETTERS if letter != Letter.ACCOUNTABLE)

# Python does not count these as whitespace, but a wiki page copied from a browser is full of them.
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


class CellError(ValueError):
    """A cell that cannot be read.

    Args:
        problem: what is wrong, without the place.
        cell: the whole cell as it was given.
        position: 0-based offset in the cell, from 0 to `len(cell)`. The message counts from 1, as
            people do.
    """

    def __init__(self, problem: str, cell: str, position: int) -> None:
        super().__init__(problem, cell, position)
        self.problem = problem
        self.cell = cell
        self.position = position

    def __str__(self) -> str:
        return f"{self.problem} at character {self.position + 1}"


@dataclass(frozen=True)
class RoleCode:
    """One line of a playbook's role list, as far as a cell needs it.

    Args:
        code: how cells write the role. It may hold single spaces (`IS II`), no slash and no comma.
        side: whose team it is on. Only `internal` can break a tie for the accountable.

    Raises:
        ValueError: the code could not be written in a cell.
    """

    code: str
    side: Side = "internal"

    def __post_init__(self) -> None:
        if not self.code or _trimmed(_Piece(self.code, 0)).text != self.code:
            raise ValueError(f"not a role code: {self.code!r} is blank or has stray blanks")
        if "/" in self.code or "," in self.code:
            raise ValueError(f"not a role code: {self.code!r} holds a slash or a comma")


@dataclass(frozen=True)
class Reading:
    """What a cell says.

    Args:
        raci: who holds which letter.
        derived: the letters that the reading rule filled in because the cell has no seat for them:
            `("A",)` or nothing.
    """

    raci: Raci
    derived: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Piece:
    """A stretch of the cell that remembers where it began."""

    text: str
    start: int


def seat_count(roles: Sequence[RoleCode]) -> int:
    """Return how many seats the cells of a playbook have.

    Source: domain.md, "Reading an R / A / C / I cell": a playbook with an Integrations Manager writes
    four seats, one without writes three.

    Args:
        roles: the playbook's role list.
    """
    return len(_seat_letters(roles))


def parse_cell(cell: str, *, roles: Sequence[RoleCode]) -> Reading:
    """Read one R / A / C / I cell.

    Source: domain.md, "Reading an R / A / C / I cell". A blank cell names nobody and is no error. In a
    cell of three seats the accountable is the responsible role; where several are responsible, the
    one that is not on a customer or partner team; where nobody is, nobody.

    Args:
        cell: the cell as it stands in the source.
        roles: the playbook's role list; it decides the number of seats and which codes exist.

    Raises:
        CellError: too long, too few seats, a code that is missing, not listed or named twice in one
            seat, or an accountable that cannot be derived.
    """
    _refuse_long(cell)
    if _is_blank(cell):
        return Reading(Raci())
    letters = _seat_letters(roles)
    listed = {role.code for role in roles}
    seats = {
        letter: _seat_roles(cell, seat, letter, listed)
        for letter, seat in zip(letters, _seats(cell, letters), strict=True)
    }
    derived: tuple[str, ...] = ()
    if Letter.ACCOUNTABLE not in seats:
        seats["A"] = _derived_accountable(cell, seats["R"], roles)
        derived = ("A",) if seats["A"] else ()
    raci = Raci(**{letter: tuple(piece.text for piece in pieces) for letter, pieces in seats.items()})
    return Reading(raci, derived)


def parse_letters(cell: str) -> tuple[str, ...]:
    """Read a cell under one role's own column, such as `R/A`.

    Source: domain.md, "Reading an R / A / C / I cell", last line of the first table.

    Args:
        cell: letters parted by slashes or commas, in either case. A blank cell holds none.

    Returns:
        The letters in the order R, A, C, I, however they were written.

    Raises:
        CellError: too long, or a letter that is missing, unknown or named twice.
    """
    _refuse_long(cell)
    if _is_blank(cell):
        return ()
    found: set[str] = set()
    for piece in map(_trimmed, _split(_Piece(cell, 0), "/,")):
        letter = piece.text.upper()
        if not letter:
            raise CellError("a letter is missing", cell, piece.start)
        if letter not in LETTERS:
            raise CellError(f"unknown letter {piece.text!r}", cell, piece.start)
        if letter in found:
            raise CellError(f"letter {letter} named twice", cell, piece.start)
        found.add(letter)
    return tuple(letter for letter in LETTERS if letter in found)


def format_cell(raci: Raci, *, roles: Sequence[RoleCode]) -> str:
    """Write the canonical cell, so that `parse_cell` reads the same letters back.

    Args:
        raci: who holds which letter.
        roles: the playbook's role list; it decides the number of seats.

    Returns:
        For instance `SE / INM / PM / IM`, or `SA / PM, IM /`; an empty text for nobody.

    Raises:
        ValueError: no cell reads as this raci: the accountable is not the one that a cell of three
            seats would derive, a role is not listed, or the text would be too long.
    """
    text = "" if raci.is_empty else _written([raci.under(letter) for letter in _seat_letters(roles)])
    # Reading it back is the whole check: whatever the grammar cannot carry comes back different.
    read_back = parse_cell(text, roles=roles).raci
    if read_back.A != raci.A:
        raise ValueError(
            f"a cell of {seat_count(roles)} seats cannot make {_names(raci.A)} accountable:"
            f" it reads as {_names(read_back.A)}"
        )
    if read_back != raci:
        raise ValueError(f"no cell reads as {raci}: {text!r} reads as {read_back}")
    return text


def _seat_letters(roles: Sequence[RoleCode]) -> tuple[str, ...]:
    has_integrations_manager = any(role.code == INTEGRATIONS_MANAGER for role in roles)
    return FOUR_SEATS if has_integrations_manager else THREE_SEATS


def _seats(cell: str, letters: Sequence[str]) -> list[_Piece]:
    """Count the seats off from the left; the last one takes the rest of the cell, slashes and all."""
    parts = _split(_Piece(cell, 0), "/")
    if len(parts) < len(letters):
        wanted = " / ".join(letters)
        raise CellError(f"too few seats: {len(parts)} where {wanted} wants {len(letters)}", cell, len(cell))
    last_start = parts[len(letters) - 1].start
    return [*parts[: len(letters) - 1], _Piece(cell[last_start:], last_start)]


def _seat_roles(cell: str, seat: _Piece, letter: str, listed: Collection[str]) -> list[_Piece]:
    if _is_blank(seat.text):
        return []
    found: list[_Piece] = []
    for piece in map(_trimmed, _split(seat, "/,")):
        _refuse_role(cell, piece, letter, listed=listed, seated={other.text for other in found})
        found.append(piece)
    return found


def _refuse_role(cell: str, piece: _Piece, letter: str, *, listed: Collection[str], seated: Collection[str]) -> None:
    seat_name = Letter(letter).name.lower()
    if not piece.text:
        # Never skipped in silence: `SA / PM / IM /` in a playbook of three seats may well be a cell
        # of four, and skipping would read its accountable as consulted.
        raise CellError(f"a role is missing in the {seat_name} seat", cell, piece.start)
    if piece.text not in listed:
        raise CellError(f"unknown role {piece.text!r}", cell, piece.start)
    if piece.text in seated:
        raise CellError(f"role {piece.text!r} named twice in the {seat_name} seat", cell, piece.start)


def _derived_accountable(cell: str, responsible: list[_Piece], roles: Sequence[RoleCode]) -> list[_Piece]:
    if len(responsible) <= 1:
        return responsible
    internal = {role.code for role in roles if role.side == "internal"}
    candidates = [piece for piece in responsible if piece.text in internal]
    if len(candidates) == 1:
        return candidates
    if candidates:
        names = _names(piece.text for piece in candidates)
        problem = f"no single accountable: {names} are all responsible and on our own teams"
        raise CellError(problem, cell, candidates[1].start)
    names = _names(piece.text for piece in responsible)
    problem = f"no accountable: {names} are all on customer or partner teams"
    raise CellError(problem, cell, responsible[0].start)


def _written(seats: Sequence[Sequence[str]]) -> str:
    """Join seats with single blanks, without doubling them where a seat is empty."""
    words = [", ".join(seats[0])]
    for seat in seats[1:]:
        words += ["/", ", ".join(seat)]
    return " ".join(word for word in words if word)


def _names(codes: Iterable[str]) -> str:
    return ", ".join(codes) or "nobody"


def _refuse_long(cell: str) -> None:
    if len(cell) > LONGEST_CELL:
        problem = f"cell too long: {len(cell)} characters where {LONGEST_CELL} are allowed, surplus begins"
        raise CellError(problem, cell, LONGEST_CELL)


def _is_blank(text: str) -> bool:
    return not _trimmed(_Piece(text, 0)).text


def _trimmed(piece: _Piece) -> _Piece:
    """Take the blanks off both ends and make one space of each run inside; start at the first letter."""
    spaced = "".join(" " if letter.isspace() or letter in INVISIBLE else letter for letter in piece.text)
    leading = len(spaced) - len(spaced.lstrip(" "))
    words = spaced.split()
    return _Piece(" ".join(words), piece.start + leading if words else piece.start)


def _split(piece: _Piece, separators: str) -> list[_Piece]:
    """Part a piece at every separator, each part keeping its place in the cell."""
    parts: list[_Piece] = []
    start = 0
    for offset, letter in enumerate(piece.text):
        if letter in separators:
            parts.append(_Piece(piece.text[start:offset], piece.start + start))
            start = offset + 1
    parts.append(_Piece(piece.text[start:], piece.start + start))
    return parts
