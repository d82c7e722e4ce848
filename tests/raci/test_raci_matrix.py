"""The matrix, on the support table of domain.md, "Transition to Client Services"."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from raci.grammar import parse_letters
from raci.letters import LETTERS, Raci
from raci.matrix import Gap, Matrix, MatrixRow, build_matrix

ROLES = ("PM", "IM", "TSM", "CSM")
SUPPORT = """
| train      | I | I | R/A | I |
| report     | I | I | R/A | I |
| triage     | I | C | R/A | I |
| tickets    | I | C | R/A | I |
| notes      | I | C | R/A | I |
| meeting    | R | C | A   | I |
| escalate   | I | C | R/A | I |
| advice     | I | C | R/A | I |
| close      | I | I | R/A | I |
"""


def support_cells() -> list[tuple[str, tuple[str, ...]]]:
    """Each task of the table with its cells as they are written."""
    lines = (line.strip("|").split("|") for line in SUPPORT.strip().splitlines())
    return [(task.strip(), tuple(cell.strip() for cell in cells)) for task, *cells in lines]


def raci_of(cells: tuple[str, ...]) -> Raci:
    """Read one line of a table in column form."""
    held = {role: parse_letters(cell) for role, cell in zip(ROLES, cells, strict=True)}
    return Raci(*(tuple(role for role in ROLES if letter in held[role]) for letter in LETTERS))


def test_the_support_table_comes_back_as_it_is_written() -> None:
    rows = [(task, raci_of(cells)) for task, cells in support_cells()]
    assert build_matrix(rows, ROLES) == Matrix(
        roles=ROLES,
        rows=tuple(MatrixRow(task, cells) for task, cells in support_cells()),
        load={
            "PM": {"R": 1, "A": 0, "C": 0, "I": 8},
            "IM": {"R": 0, "A": 0, "C": 6, "I": 3},
            "TSM": {"R": 8, "A": 9, "C": 0, "I": 0},
            "CSM": {"R": 0, "A": 0, "C": 0, "I": 9},
        },
        gaps=(),
        unlisted=(),
    )


def test_gaps_say_which_letter_nobody_holds() -> None:
    rows = [
        (1, Raci(("SE",), ("INM",))),
        (22, Raci()),
        (23, Raci(("SE",), (), ("PM",))),
        (24, Raci((), ("INM",))),
    ]
    gaps = (Gap(22, ("R", "A")), Gap(23, ("A",)), Gap(24, ("R",)))
    assert build_matrix(rows, ["SE", "INM", "PM"]).gaps == gaps


def test_a_role_that_has_no_column_gets_one_at_the_end() -> None:
    matrix = build_matrix([("step", Raci(("SE",), ("SA",), ("XX",)))], ["SA", "PM"])
    assert matrix.roles == ("SA", "PM", "SE", "XX")
    assert matrix.unlisted == ("SE", "XX")
    assert matrix.rows == (MatrixRow("step", ("A", "", "R", "C")),)
    assert matrix.load["PM"] == {"R": 0, "A": 0, "C": 0, "I": 0}


def test_no_steps_and_no_roles() -> None:
    assert build_matrix([], []) == Matrix(roles=(), rows=(), load={}, gaps=())
    assert build_matrix([("step", Raci())], []).rows == (MatrixRow("step", ()),)


SEATS = st.lists(st.sampled_from([*ROLES, "XX"]), max_size=4, unique=True).map(tuple)
RACIS = st.builds(Raci, SEATS, SEATS, SEATS, SEATS)


@given(st.lists(RACIS, max_size=8))
def test_the_load_counts_every_letter_once(racis: list[Raci]) -> None:
    matrix = build_matrix(list(enumerate(racis)), ROLES)
    for letter in LETTERS:
        assert sum(load[letter] for load in matrix.load.values()) == sum(len(raci.under(letter)) for raci in racis)
    for row, raci in zip(matrix.rows, racis, strict=True):
        assert tuple(map(parse_letters, row.cells)) == tuple(map(raci.letters_of, matrix.roles))
