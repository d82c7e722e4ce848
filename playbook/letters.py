"""The letters of a step in one line, as a person types them: `SE:R, INM:A, PM:C/I`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from raci.letters import LETTERS, Raci

#: Fifty roles of ten characters, each with all its letters.
LONGEST_LINE = 1_200


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong in a line, and at which role; `code` is empty where no role was named."""

    code: str
    text: str


class LineError(ValueError):
    """A line that cannot be read; `problems` has all that is wrong with it."""

    def __init__(self, problems: list[Wrong]) -> None:
        self.problems = problems
        super().__init__(" ".join(problem.text for problem in problems))


def line_of(raci: Raci) -> str:
    """Return the letters as a line; `read_line` reads the same ones back."""
    return ", ".join(f"{code}:{'/'.join(raci.letters_of(code))}" for code in raci.codes())


def pieces_of(line: str) -> dict[str, str]:
    """Return what a line says of each role, unread: for showing it in cells. The first word on a role stands."""
    found: dict[str, str] = {}
    for code, letters in _pieces(line):
        found.setdefault(code, letters)
    return found


def read_line(line: str, *, listed: Collection[str], was: Raci) -> Raci:
    """Read a line of roles and letters.

    Source: domain.md, "Reading an R / A / C / I cell", the form with a column for each role (`R/A`); ux.md, 8.

    Args:
        line: roles parted by commas, each with its letters behind a colon: `PM:R/A` or `PM:RA`, in either case. A role without
            letters holds none.
        listed: the codes of the version's role list.
        was: the step's letters so far. Who keeps a letter keeps the place among those who hold it.

    Raises:
        LineError: with every role that is not listed or stands twice, and every letter that is none.
    """
    if len(line) > LONGEST_LINE:
        raise LineError([Wrong("", f"{len(line):,} characters; {LONGEST_LINE:,} is the most.")])
    held: dict[str, str] = {}
    problems: list[Wrong] = []
    for code, typed in _pieces(line):
        letters = "".join(typed.replace("/", " ").split()).upper()
        if text := _problem(code, letters, listed, held):
            problems.append(Wrong(code, text))
        else:
            held[code] = letters
    if problems:
        raise LineError(problems)
    return Raci(**{letter: tuple(_under(letter, held, was)) for letter in LETTERS})


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    for piece in line.split(","):
        if piece.strip():
            # A code may hold a colon, letters never do.
            code, colon, letters = piece.rpartition(":")
            code, letters = (code, letters) if colon else (piece, "")
            yield " ".join(code.split()), letters.strip()


def _problem(code: str, letters: str, listed: Collection[str], held: Mapping[str, str]) -> str:
    if not code:
        return f"A role is missing before “:{letters[:20]}”."
    if code not in listed:
        return f"“{code[:40]}” is not in this version’s role list."
    if code in held:
        return f"{code} stands twice."
    for place, letter in enumerate(letters):
        if letter not in LETTERS:
            return f"{code}: “{letter}” is no letter; R, A, C and I are."
        if letter in letters[:place]:
            return f"{code}: {letter} stands twice."
    return ""


def _under(letter: str, held: Mapping[str, str], was: Raci) -> Iterator[str]:
    now = [code for code, letters in held.items() if letter in letters]
    yield from (code for code in was.under(letter) if code in now)
    yield from (code for code in now if code not in was.under(letter))
