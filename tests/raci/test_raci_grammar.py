"""The cell grammar against the tables of domain.md, "Reading an R / A / C / I cell"."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raci.grammar import (
    LONGEST_CELL,
    CellError,
    Reading,
    RoleCode,
    Side,
    format_cell,
    parse_cell,
    parse_letters,
    seat_count,
)
from raci.letters import LETTERS, Letter, Raci

INTEGRATION = [
    *(RoleCode(code) for code in ("PM", "IM", "TC", "SE", "INM", "DS", "SA")),
    *(RoleCode(code, "customer") for code in ("B", "CIS")),
]
OUTBOUND = [
    *(RoleCode(code) for code in ("PM", "IM", "SA", "OPM")),
    *(RoleCode(code, "customer") for code in ("B", "CS")),
    RoleCode("TC", "partner"),
]
DELIVERY = [RoleCode("IS"), RoleCode("IS II")]


def table(text: str) -> list[tuple[str, str]]:
    """Read a table laid out as in domain.md: the cell in backticks, then its reading."""
    rows = []
    for line in text.strip().splitlines():
        cell, reading = line.strip().strip("|").split("|")
        rows.append((cell.strip().strip("`"), reading.strip()))
    return rows


def in_words(reading: Reading) -> str:
    """Write a reading the way the second column of domain.md does."""
    parts = []
    for letter in LETTERS:
        names = ", ".join(reading.raci.under(letter)) or "nobody"
        parts.append(f"{letter} {names}{' (derived)' if letter in reading.derived else ''}")
    return " · ".join(parts)


FOUR_SEATS = table("""
| `SE / INM / PM / IM` | R SE · A INM · C PM · I IM |
| `INM / INM / SE / IM` | R INM · A INM · C SE · I IM |
| `INM / INM / IM / SE` | R INM · A INM · C IM · I SE |
| `SA / INM / PM,IM /` | R SA · A INM · C PM, IM · I nobody |
| `SE / INM / PM,IM / ` | R SE · A INM · C PM, IM · I nobody |
| `SE / INM / PM / IM/DS` | R SE · A INM · C PM · I IM, DS |
| `SE / INM / PM / IM / DS, TC` | R SE · A INM · C PM · I IM, DS, TC |
| `SE / / PM / IM` | R SE · A nobody · C PM · I IM |
| `/ INM / PM / IM` | R nobody · A INM · C PM · I IM |
| `SE / INM, PM / IM / B` | R SE · A INM, PM · C IM · I B |
| `SE / INM / PM / PM` | R SE · A INM · C PM · I PM |
| `///` | R nobody · A nobody · C nobody · I nobody |
""")

THREE_SEATS = table("""
| `SA/ B, CS, PM / IM` | R SA · A SA (derived) · C B, CS, PM · I IM |
| `SA / B, CS, PM / IM` | R SA · A SA (derived) · C B, CS, PM · I IM |
| `SA / B, CS, PM, TC / IM` | R SA · A SA (derived) · C B, CS, PM, TC · I IM |
| `SA / PM / IM` | R SA · A SA (derived) · C PM · I IM |
| `SA/ PM / IM` | R SA · A SA (derived) · C PM · I IM |
| `SA / PM,IM /` | R SA · A SA (derived) · C PM, IM · I nobody |
| `SA /PM, IM /` | R SA · A SA (derived) · C PM, IM · I nobody |
| `SA / PM / IM/OPM` | R SA · A SA (derived) · C PM · I IM, OPM |
| `B, CS, SA / PM / IM` | R B, CS, SA · A SA (derived) · C PM · I IM |
| `B / PM / IM` | R B · A B (derived) · C PM · I IM |
| `/ PM / IM` | R nobody · A nobody · C PM · I IM |
| `//` | R nobody · A nobody · C nobody · I nobody |
""")


@pytest.mark.parametrize(("cell", "reading"), FOUR_SEATS)
def test_a_playbook_with_an_integrations_manager_writes_four_seats(cell: str, reading: str) -> None:
    assert in_words(parse_cell(cell, roles=INTEGRATION)) == reading


@pytest.mark.parametrize(("cell", "reading"), THREE_SEATS)
def test_a_playbook_without_one_writes_three_seats_and_derives_the_accountable(cell: str, reading: str) -> None:
    assert in_words(parse_cell(cell, roles=OUTBOUND)) == reading


def test_the_role_list_decides_the_number_of_seats() -> None:
    assert seat_count(INTEGRATION) == 4
    assert seat_count(OUTBOUND) == 3
    assert seat_count([]) == 3
    cell = "SA / PM / IM/TC"
    assert in_words(parse_cell(cell, roles=INTEGRATION)) == "R SA · A PM · C IM · I TC"
    assert in_words(parse_cell(cell, roles=OUTBOUND)) == "R SA · A SA (derived) · C PM · I IM, TC"


@pytest.mark.parametrize("roles", [INTEGRATION, OUTBOUND, []])
@pytest.mark.parametrize("cell", ["", "  ", "\t\r\n", "\u00a0", "\u200b\ufeff"])
def test_a_blank_cell_names_nobody(cell: str, roles: list[RoleCode]) -> None:
    assert parse_cell(cell, roles=roles) == Reading(Raci(), ())


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u202f", "\u3000", "\t", "\n", "\u200b", "\u2060", "\ufeff"])
def test_odd_whitespace_is_whitespace(blank: str) -> None:
    cell = "SA / PM, IM / OPM".replace(" ", blank) + blank
    assert parse_cell(cell, roles=OUTBOUND) == parse_cell("SA / PM, IM / OPM", roles=OUTBOUND)


def test_a_code_may_hold_a_space() -> None:
    reading = parse_cell("IS\u00a0 II / IS / ", roles=DELIVERY)
    assert reading == Reading(Raci(R=("IS II",), A=("IS II",), C=("IS",)), ("A",))


CELL_ERRORS = [
    (INTEGRATION, "SE / XX / PM / IM", 5, "unknown role 'XX' at character 6"),
    (INTEGRATION, "SE / INM / PM / IM / XX", 21, "unknown role 'XX' at character 22"),
    (INTEGRATION, "se / INM / PM / IM", 0, "unknown role 'se' at character 1"),
    (INTEGRATION, "SE / INM / PM IM / B", 11, "unknown role 'PM IM' at character 12"),
    (OUTBOUND, "SA / INM / PM,IM /", 5, "unknown role 'INM' at character 6"),
    (OUTBOUND, "SA / \u00a0XX / IM", 6, "unknown role 'XX' at character 7"),
    (INTEGRATION, "SA / PM / IM", 12, "too few seats: 3 where R / A / C / I wants 4 at character 13"),
    (INTEGRATION, "SE", 2, "too few seats: 1 where R / A / C / I wants 4 at character 3"),
    (OUTBOUND, "SA / PM", 7, "too few seats: 2 where R / C / I wants 3 at character 8"),
    (OUTBOUND, "N/A", 3, "too few seats: 2 where R / C / I wants 3 at character 4"),
    (
        INTEGRATION,
        "SE, SE / INM / PM / IM",
        4,
        "role 'SE' named twice in the responsible seat at character 5",
    ),
    (
        INTEGRATION,
        "SE / INM,INM / PM / IM",
        9,
        "role 'INM' named twice in the accountable seat at character 10",
    ),
    (
        INTEGRATION,
        "SE / INM / PM, PM / IM",
        15,
        "role 'PM' named twice in the consulted seat at character 16",
    ),
    (OUTBOUND, "SA / PM / IM/IM", 13, "role 'IM' named twice in the informed seat at character 14"),
    (OUTBOUND, "SA / PM,, B / IM", 8, "a role is missing in the consulted seat at character 9"),
    (OUTBOUND, ", SA / PM / IM", 0, "a role is missing in the responsible seat at character 1"),
    (OUTBOUND, "SA, / PM / IM", 3, "a role is missing in the responsible seat at character 4"),
    (OUTBOUND, "SA / PM / IM /", 14, "a role is missing in the informed seat at character 15"),
    (OUTBOUND, "SA / PM / / IM", 9, "a role is missing in the informed seat at character 10"),
    (
        OUTBOUND,
        "SA, B, PM / IM / OPM",
        7,
        "no single accountable: SA, PM are all responsible and on our own teams at character 8",
    ),
    (
        OUTBOUND,
        " B, TC / IM / PM",
        1,
        "no accountable: B, TC are all on customer or partner teams at character 2",
    ),
    (
        OUTBOUND,
        "SA / PM / IM" + " " * 189,
        200,
        "cell too long: 201 characters where 200 are allowed, surplus begins at character 201",
    ),
]


@pytest.mark.parametrize(("roles", "cell", "position", "message"), CELL_ERRORS)
def test_an_unreadable_cell_says_what_is_wrong_and_where(
    roles: list[RoleCode], cell: str, position: int, message: str
) -> None:
    with pytest.raises(CellError) as caught:
        parse_cell(cell, roles=roles)
    assert (caught.value.position, str(caught.value)) == (position, message)
    assert caught.value.cell == cell


def test_the_longest_cell_is_still_read() -> None:
    cell = "SA / PM / IM".ljust(LONGEST_CELL)
    assert parse_cell(cell, roles=OUTBOUND).raci.I == ("IM",)


def test_a_cell_error_survives_the_way_between_processes() -> None:
    error = CellError("unknown role 'XX'", "SE / XX", 5)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.problem, copy.cell, copy.position) == (
        str(error),
        "unknown role 'XX'",
        "SE / XX",
        5,
    )


@pytest.mark.parametrize(
    ("cell", "letters"),
    [
        ("R/A", ("R", "A")),
        ("A/R", ("R", "A")),
        ("r / a", ("R", "A")),
        ("I", ("I",)),
        (" c,\u00a0i ", ("C", "I")),
        ("I, C / A, R", ("R", "A", "C", "I")),
        ("", ()),
        (" \u00a0", ()),
    ],
)
def test_letters_under_a_column(cell: str, letters: tuple[str, ...]) -> None:
    assert parse_letters(cell) == letters


@pytest.mark.parametrize(
    ("cell", "position", "message"),
    [
        ("R/X", 2, "unknown letter 'X' at character 3"),
        ("R A", 0, "unknown letter 'R A' at character 1"),
        ("RA", 0, "unknown letter 'RA' at character 1"),
        ("R/ r", 3, "letter R named twice at character 4"),
        ("R/", 2, "a letter is missing at character 3"),
        (",R", 0, "a letter is missing at character 1"),
        (
            "R" * 201,
            200,
            "cell too long: 201 characters where 200 are allowed, surplus begins at character 201",
        ),
    ],
)
def test_unreadable_letters_say_what_is_wrong_and_where(cell: str, position: int, message: str) -> None:
    with pytest.raises(CellError) as caught:
        parse_letters(cell)
    assert (caught.value.position, str(caught.value), caught.value.cell) == (position, message, cell)


@pytest.mark.parametrize(
    ("roles", "raci", "text"),
    [
        (INTEGRATION, Raci(("SE",), ("INM",), ("PM",), ("IM",)), "SE / INM / PM / IM"),
        (INTEGRATION, Raci(("SA",), ("INM",), ("PM", "IM")), "SA / INM / PM, IM /"),
        (INTEGRATION, Raci(R=("SE",), I=("IM",)), "SE / / / IM"),
        (INTEGRATION, Raci(I=("IM",)), "/ / / IM"),
        (INTEGRATION, Raci(), ""),
        (OUTBOUND, Raci(("B", "CS", "SA"), ("SA",), ("PM",), ("IM",)), "B, CS, SA / PM / IM"),
        (OUTBOUND, Raci(("SA",), ("SA",), ("PM",), ("IM", "OPM")), "SA / PM / IM, OPM"),
        (OUTBOUND, Raci(("SA",), ("SA",)), "SA / /"),
        (OUTBOUND, Raci(), ""),
    ],
)
def test_the_canonical_cell(roles: list[RoleCode], raci: Raci, text: str) -> None:
    assert format_cell(raci, roles=roles) == text
    assert parse_cell(text, roles=roles).raci == raci


@pytest.mark.parametrize(
    ("roles", "raci", "message"),
    [
        (OUTBOUND, Raci(("SA",), ("PM",)), "a cell of 3 seats cannot make PM accountable: it reads as SA"),
        (OUTBOUND, Raci(("SA",)), "a cell of 3 seats cannot make nobody accountable: it reads as SA"),
        (OUTBOUND, Raci(A=("SA",)), "a cell of 3 seats cannot make SA accountable: it reads as nobody"),
        (
            OUTBOUND,
            Raci(("SA", "PM"), ("SA",)),
            "no single accountable: SA, PM are all responsible and on our own teams at character 5",
        ),
        (INTEGRATION, Raci(("XX",), ("INM",)), "unknown role 'XX' at character 1"),
        (
            INTEGRATION,
            Raci(("SE, SA",), ("INM",)),
            "no cell reads as Raci(R=('SE, SA',), A=('INM',), C=(), I=()):"
            " 'SE, SA / INM / /' reads as Raci(R=('SE', 'SA'), A=('INM',), C=(), I=())",
        ),
    ],
)
def test_letters_that_no_cell_can_say_are_refused(roles: list[RoleCode], raci: Raci, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        format_cell(raci, roles=roles)
    assert str(caught.value) == message


@pytest.mark.parametrize("code", ["", " ", "PM ", "\u00a0PM", "IS  II", "IS\u00a0II", "P/M", "P,M"])
def test_a_code_that_no_cell_can_hold_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="not a role code"):
        RoleCode(code)


def test_letters_and_codes_of_a_raci() -> None:
    raci = Raci(("PM",), ("TSM",), ("IM",), ("CSM", "PM"))
    assert raci.letters_of("PM") == ("R", "I")
    assert raci.letters_of("XX") == ()
    assert raci.codes() == ("PM", "TSM", "IM", "CSM")
    assert raci.under(Letter.INFORMED) == ("CSM", "PM")
    assert not raci.is_empty
    assert Raci().is_empty


def test_a_raci_as_a_mapping_and_back() -> None:
    raci = Raci(("SE",), ("INM",), ("PM",))
    assert raci.as_dict() == {"R": ["SE"], "A": ["INM"], "C": ["PM"], "I": []}
    assert Raci.from_dict(raci.as_dict()) == raci
    assert Raci.from_dict({"R": ["SE"]}) == Raci(("SE",))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"R": ["SE"], "X": []}, "not a letter of R, A, C, I: 'X'"),
        ({"R": "SE"}, "R wants a list of role codes, not 'SE'"),
        ({"R": None}, "R wants a list of role codes, not None"),
        ({"A": [1]}, "A wants a list of role codes, not [1]"),
        ({"C": ["PM", "PM"]}, "a role is named twice under C: PM, PM"),
    ],
)
def test_a_mapping_that_is_no_raci_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Raci.from_dict(data)
    assert str(caught.value) == message


CODES = st.from_regex(r"[A-Z]{1,4}( [A-Z]{1,2})?", fullmatch=True)
SIDES: st.SearchStrategy[Side] = st.sampled_from(["internal", "customer", "partner"])


@st.composite
def role_lists(draw: st.DrawFn) -> list[RoleCode]:
    """A role list with at least one role of our own, with and without an Integrations Manager."""
    codes = draw(st.lists(CODES.filter(lambda code: code != "INM"), min_size=1, max_size=7, unique=True))
    others = [RoleCode(code, draw(SIDES)) for code in codes[1:]]
    manager = [RoleCode("INM")] if draw(st.booleans()) else []
    return draw(st.permutations([RoleCode(codes[0]), *others, *manager]))


@st.composite
def healthy_racis(draw: st.DrawFn, roles: list[RoleCode]) -> Raci:
    """Exactly one A, at least one R, nobody both C and I; A is what the rule derives in three seats."""
    codes = [role.code for role in roles]
    informed_or_consulted = draw(st.permutations(codes))
    first, second = sorted((draw(st.integers(0, len(codes))), draw(st.integers(0, len(codes)))))
    consulted, informed = informed_or_consulted[:first], informed_or_consulted[first:second]
    own = [role.code for role in roles if role.side == "internal"]
    accountable = draw(st.sampled_from(own))
    if seat_count(roles) == 4:
        responsible = draw(st.lists(st.sampled_from(codes), min_size=1, unique=True))
    else:
        helpers = [code for code in codes if code not in own and draw(st.booleans())]
        responsible = draw(st.permutations([accountable, *helpers]))
    return Raci(tuple(responsible), (accountable,), tuple(consulted), tuple(informed))


@given(st.data())
def test_every_healthy_raci_survives_the_round_trip(data: st.DataObject) -> None:
    roles = data.draw(role_lists())
    raci = data.draw(healthy_racis(roles))
    text = format_cell(raci, roles=roles)
    reading = parse_cell(text, roles=roles)
    assert reading == Reading(raci, () if seat_count(roles) == 4 else ("A",))
    assert format_cell(reading.raci, roles=roles) == text


@given(st.data())
def test_every_raci_is_written_faithfully_or_refused(data: st.DataObject) -> None:
    roles = data.draw(role_lists())
    seat = st.lists(st.sampled_from([role.code for role in roles]), max_size=3, unique=True).map(tuple)
    raci = Raci(*(data.draw(seat) for _ in LETTERS))
    try:
        text = format_cell(raci, roles=roles)
    except ValueError:
        assert seat_count(roles) == 3  # four seats can say everything
    else:
        assert parse_cell(text, roles=roles).raci == raci


LIKELY_CELLS = st.lists(
    st.sampled_from(["SA", "PM", "IM", "INM", "B", "CS", "XX", "R", "a", "/", " / ", ",", " ", "\u00a0", "\u200b"]),
    max_size=30,
).map("".join)
ANY_CELLS = st.one_of(st.text(), st.text(min_size=195, max_size=210), LIKELY_CELLS)


@given(ANY_CELLS, st.sampled_from([INTEGRATION, OUTBOUND, DELIVERY, []]))
def test_any_text_is_read_or_refused_with_a_place(cell: str, roles: list[RoleCode]) -> None:
    try:
        reading = parse_cell(cell, roles=roles)
    except CellError as error:
        assert 0 <= error.position <= len(cell)
        assert error.cell == cell
    else:
        assert set(reading.raci.codes()) <= {role.code for role in roles}
        assert parse_cell(format_cell(reading.raci, roles=roles), roles=roles).raci == reading.raci


@given(ANY_CELLS)
def test_any_letters_are_read_or_refused_with_a_place(cell: str) -> None:
    try:
        letters = parse_letters(cell)
    except CellError as error:
        assert 0 <= error.position <= len(cell)
    else:
        assert letters == tuple(letter for letter in LETTERS if letter in letters)


BLANKS = st.text(st.sampled_from(" \u00a0\t\u200b"), max_size=4)


@given(st.lists(BLANKS, min_size=12, max_size=12), st.integers(0, 5))
def test_the_place_of_an_unknown_role_is_where_it_stands(blanks: list[str], stranger: int) -> None:
    codes = ["B", "SA", "PM", "CS", "IM", "OPM"]
    codes[stranger] = "XX"
    cell = ""
    for code, separator in zip(codes, [",", "/", ",", "/", "/", ""], strict=True):
        cell += blanks.pop() + code + blanks.pop() + separator
    with pytest.raises(CellError) as caught:
        parse_cell(cell, roles=OUTBOUND)
    assert caught.value.problem == "unknown role 'XX'"
    assert caught.value.position == cell.index("XX")
