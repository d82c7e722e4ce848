"""The steps-by-roles table: who does what, who carries how much, and where nobody does.

Pure: given the rows, it counts. Screens and exports only lay the result out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from raci.letters import LETTERS, Letter, Raci

Key = TypeVar("Key")

NEEDED_LETTERS = (Letter.RESPONSIBLE.value, Letter.ACCOUNTABLE.value)


@dataclass(frozen=True)
class MatrixRow(Generic[Key]):
    """One step: a cell per role of `Matrix.roles`, such as `R/A`, or empty."""

    key: Key
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Gap(Generic[Key]):
    """A step on which nobody is responsible or nobody accountable: `missing` says which, of R and A."""

    key: Key
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Matrix(Generic[Key]):
    """Steps by roles.

    Args:
        roles: the columns: the roles asked for, then the unlisted ones.
        rows: in the order given.
        load: for each column, on how many steps it holds each of the four letters.
        gaps: the steps without R or without A, in the order given.
        unlisted: roles that a step names though nobody asked for their column.
    """

    roles: tuple[str, ...]
    rows: tuple[MatrixRow[Key], ...]
    load: Mapping[str, Mapping[str, int]]
    gaps: tuple[Gap[Key], ...]
    unlisted: tuple[str, ...] = ()


def build_matrix(rows: Sequence[tuple[Key, Raci]], roles: Sequence[str]) -> Matrix[Key]:
    """Lay steps out against roles.

    Source: domain.md, "Reading an R / A / C / I cell", whose column form (`R/A`) the cells have.

    Args:
        rows: each step's key with its letters.
        roles: the codes of the columns, in order. A code that a step names and this leaves out gets
            a column at the end, so that a total never hides anybody.
    """
    named = (code for _, raci in rows for code in raci.codes())
    columns = tuple(dict.fromkeys([*roles, *named]))
    return Matrix(
        roles=columns,
        rows=tuple(MatrixRow(key, _cells(raci, columns)) for key, raci in rows),
        load={code: _load(code, (raci for _, raci in rows)) for code in columns},
        gaps=tuple(Gap(key, missing) for key, raci in rows if (missing := _missing(raci))),
        unlisted=tuple(code for code in columns if code not in roles),
    )


def _cells(raci: Raci, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple("/".join(raci.letters_of(code)) for code in columns)


def _load(code: str, racis: Iterable[Raci]) -> dict[str, int]:
    held = [letter for raci in racis for letter in raci.letters_of(code)]
    return {letter: held.count(letter) for letter in LETTERS}


def _missing(raci: Raci) -> tuple[str, ...]:
    return tuple(letter for letter in NEEDED_LETTERS if not raci.under(letter))
