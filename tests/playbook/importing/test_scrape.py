"""Plain-text scrapes, read into raw tables: what is told by its look, what is guessed, and what is no table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from playbook import vocabulary as words
from playbook.importing.raw import ImportRefused, Page, RawRow
from playbook.importing.scrape import MOST_LINES, read_scrape

ROLES = "Project Roles|Name|Team|1|Harbour Lead (HL)|Harbour|2|Berth Engineer (BE)|Engineering|3|Skipper (SK)|Customer"
FIVE = "Process Steps|Sub-Phase|Category|Step|Description|R / A / C / I"
ADDRESS = "URL:/spaces/(space)/pages/77/P9+-+Berths"


def page_of(*parts: str) -> Page:
    """Read lines parted by bars."""
    return read_scrape("\n".join(line for part in parts for line in part.split("|")).encode(), "berths.txt")


def steps(page: Page) -> list[RawRow]:
    return page.rows("steps")


def cells(page: Page, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row.values.get(column, "?") for column in columns) for row in steps(page)]


def test_a_row_begins_with_its_number_and_says_its_line() -> None:
    page = page_of(
        ROLES,
        FIVE,
        "1|Discovery|Survey|Walk the quay|The lead walks it.|With a lamp.|HL / BE / SK",
        "2|Discovery|Survey|Measure the depth|Twice.|BE / HL / SK",
        ADDRESS,
    )

    assert [dict(row.values) for row in steps(page)] == [
        {
            "number": "1",
            "phase": "Discovery",
            "category": "Survey",
            "title": "Walk the quay",
            "guidance": "The lead walks it.\nWith a lamp.",
            "raci": "HL / BE / SK",
        },
        {
            "number": "2",
            "phase": "Discovery",
            "category": "Survey",
            "title": "Measure the depth",
            "guidance": "Twice.",
            "raci": "BE / HL / SK",
        },
    ]
    assert [row.where for row in steps(page)] == ["line 19", "line 26"]
    assert (page.title, page.page) == ("P9 - Berths", "77")
    assert [(row.values["name"], row.values["team"]) for row in page.rows("roles")] == [
        ("Harbour Lead (HL)", "Harbour"),
        ("Berth Engineer (BE)", "Engineering"),
        ("Skipper (SK)", "Customer"),
    ]


def test_blank_phase_and_category_are_told_from_texts_by_what_other_rows_repeat() -> None:
    page = page_of(
        ROLES,
        FIVE,
        "1|Discovery|Survey|Walk the quay|Walk it.|HL / BE / SK",
        "2|Discovery|Survey|Measure the depth|Measure it|HL / BE / SK",
        "3|Look at the lamps|Look at each of them.|HL / BE / SK",
        "4|Discovery|Draw the chart|The engineer draws it.|HL / BE / SK",
        "5|Survey|Count the rings|There are nine.|HL / BE / SK",
    )

    assert cells(page, "phase", "category", "title") == [
        ("Discovery", "Survey", "Walk the quay"),
        ("Discovery", "Survey", "Measure the depth"),
        ("", "", "Look at the lamps"),
        ("Discovery", "", "Draw the chart"),
        ("", "Survey", "Count the rings"),
    ]


def test_a_category_that_stands_once_is_guessed_and_so_is_one_of_two_lines() -> None:
    page = page_of(
        ROLES,
        FIVE,
        "1|Discovery|Survey|Walk the quay|Walk it.|HL / BE / SK",
        "2|Design|Deck Plan|Hull Plan|Meet the yard|They meet as needed.|HL / BE / SK",
    )

    assert cells(page, "category", "title") == [("Survey", "Walk the quay"), ("Deck Plan, Hull Plan", "Meet the yard")]
    assert [list(row.guesses) for row in steps(page)] == [["category"], ["category"]]


def test_a_row_without_letters_and_a_cell_on_several_lines() -> None:
    page = page_of(
        ROLES,
        FIVE,
        "1|Discovery|Survey|Walk the quay|Walk it.",
        "2|Design|Survey|Draw|It is drawn.|HL /|BE / SK",
        "3|Design|Survey|Ink|It is inked.|HL /|BE /|SK",
        "Appendix|More.",
    )

    assert cells(page, "guidance", "raci") == [
        ("Walk it.", ""),
        ("It is drawn.", "HL / BE / SK"),
        ("It is inked.", "HL / BE / SK"),
    ]
    assert page.notes[-1].text == "Appendix\nMore."


def test_numbers_inside_a_text_begin_no_row() -> None:
    page = page_of(
        ROLES,
        FIVE,
        "1|Discovery|Survey|Walk the quay|Hold at least|2|walks.|HL / BE / SK",
        "2|Discovery|Survey|Measure|See chart|9|for it.|HL / BE / SK",
    )

    assert cells(page, "title", "guidance") == [
        ("Walk the quay", "Hold at least\n2\nwalks."),
        ("Measure", "See chart\n9\nfor it."),
    ]


def test_a_number_that_is_missing_twice_or_skipped_is_read_as_it_stands() -> None:
    page = page_of(
        ROLES,
        FIVE,
        "1|Discovery|Survey|Walk|Walk it.|HL / BE / SK",
        "Design|Survey|Draw|Draw it.|HL / BE / SK",
        "4|Design|Survey|Ink|Ink it.|HL / BE / SK",
        "4|Design|Survey|Dry|Dry it.|HL / BE / SK",
    )

    assert cells(page, "number", "title") == [("1", "Walk"), ("", "Draw"), ("4", "Ink"), ("4", "Dry")]


def test_four_columns_of_letters_are_placed_only_where_all_of_them_stand() -> None:
    page = page_of(
        "Task|R|A|C|I|Notes",
        "1|Walk the quay|HL|BE|SK, PM|HL|Mind the rope.",
        "2|Measure|HL|BE||SK|A blank line for a blank cell.",
        "3|Sink|HL|BE|SK|Which is blank?",
    )

    assert cells(page, "r", "a", "c", "i", "guidance")[:2] == [
        ("HL", "BE", "SK, PM", "HL", "Mind the rope."),
        ("HL", "BE", "", "SK", "A blank line for a blank cell."),
    ]
    assert steps(page)[1].guesses == {"c": "a blank line was taken for a blank cell"}
    assert steps(page)[2].values["unplaced letters"] == "HL | BE | SK"


def test_a_column_for_each_role_and_a_heading_row_that_is_number_one() -> None:
    page = page_of(
        "Who does what.|1|Task|HL|BE|SK|Notes",
        "2|Make a|list|of ropes|R/A|C|I|Share it.",
        "3|Coil them|I|R/A|I|\u00a0",
        "Another Part|:|of the page",
    )

    assert cells(page, "number", "title", "HL", "BE", "SK", "guidance") == [
        ("1", "Make a list of ropes", "R/A", "C", "I", "Share it."),
        ("2", "Coil them", "I", "R/A", "I", ""),
    ]
    assert page.notes[-1].text == "Another Part\n:\nof the page"


def test_a_last_row_ends_where_the_next_part_of_the_page_begins() -> None:
    page = page_of(
        "Steps|Description",
        "1|Find a pilot|Ask the harbour.|Any pilot will do.",
        "2|Thank the pilot|Say it aloud.|What Happens Then|Nobody knows.",
    )

    assert cells(page, "title", "guidance")[1] == ("Thank the pilot", "Say it aloud.")
    assert page.notes[-1].text == "What Happens Then\nNobody knows."


def test_rows_without_numbers_are_told_by_a_phase_and_a_last_cell() -> None:
    page = page_of(
        "Phase|Task|Description|Required?",
        "Discovery|Walk|Look at it.|Yes",
        "Discovery|Measure|Twice|and write it down|Optional",
        "Design|Draw|Ink it.|Yes",
    )

    assert cells(page, "phase", "title", "guidance", "required") == [
        ("Discovery", "Walk", "Look at it.", "Yes"),
        ("Discovery", "Measure", "Twice\nand write it down", "Optional"),
        ("Design", "Draw", "Ink it.", "Yes"),
    ]


def test_two_tables_and_headings_in_another_order() -> None:
    page = page_of(
        "Step|R / A / C / I|Phase|1|Walk|PM / IM / B / SE|Discovery|2|Draw|PM / IM / B / SE|Design",
        "Step|R / A / C / I|Phase|3|Test|PM / IM / B / SE|Testing",
    )

    assert cells(page, "title", "raci", "phase") == [
        ("Walk", "PM / IM / B / SE", "Discovery"),
        ("Draw", "PM / IM / B / SE", "Design"),
        ("Test", "PM / IM / B / SE", "Testing"),
    ]
    assert [table.where for table in page.tables] == ["line 1", "line 12"]


def test_a_strange_column_keeps_its_heading() -> None:
    page = page_of(
        "Phase|Step|R / A / C / I|Crew size", "1|Design|Draw|PM / IM / B / SE|Nine|2|Design|Ink|PM / IM / B / SE|Two"
    )

    assert cells(page, "title", "Crew size") == [("Draw", "Nine"), ("Ink", "Two")]


@pytest.mark.parametrize(
    ("log", "read"),
    [
        (["8/29/24|(author)|1.0|First"], [("8/29/24", "(author)", "1.0", "First")]),
        ([" | |1|Under review"], [("", "", "1", "Under review")]),
        (
            ["April 2025|(author)|1.1|One line|and one more"],
            [("April 2025", "(author)", "1.1", "One line and one more")],
        ),
        ([], []),
    ],
)
def test_a_change_log(log: Sequence[str], read: list[tuple[str, ...]]) -> None:
    page = page_of("Change Log|Change Details|Date|Author|Version|Description", *log, "note", ROLES)

    rows = [
        tuple(row.values[column] for column in ("date", "author", "version", "note")) for row in page.rows("changes")
    ]
    assert rows == read
    assert len(page.rows("roles")) == 3


@pytest.mark.parametrize(
    "data",
    [
        "Steps\r\nDescription\r\n1\r\nBerth – “A”\r\nTie it.\r\n".encode(),
        "\ufeffSteps\nDescription\n1\nBerth – “A”\nTie it.\n".encode(),
        "Steps\nDescription\n1\nBerth – “A”\nTie it.\n".encode("utf-16"),
        "Steps\nDescription\n1\nBerth – “A”\nTie it.\n".encode("cp1252"),
        "Steps\nDescription\n1\nBerth â€“ â€œAâ€\x9d\nTie it.\n".encode(),
        "Steps\nDescription\n1\nBerth\u00a0–\u200b “A”\u00ad\nTie\u00a0it.\n".encode(),
    ],
)
def test_encodings_line_ends_and_invisible_marks(data: bytes) -> None:
    assert cells(read_scrape(data, "a.txt"), "title", "guidance") == [("Berth – “A”", "Tie it.")]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("Steps\nDescription\n1\nBerth â€“ A\nTie.\n".encode(), "line 4"),
        ("Steps\nDescription\n1\nCafé\nTie.\n".encode("cp1252"), "the whole file"),
    ],
)
def test_what_was_put_right_is_told(data: bytes, where: str) -> None:
    assert [(row.where, row.outcome) for row in read_scrape(data, "a.txt").told] == [(where, "guessed")]


def test_every_line_is_in_a_table_or_a_note() -> None:
    text = "\n".join(
        ["Before", *FIVE.split("|"), "1", "Design", "Deck", "Draw", "Ink it.", "HL / BE / SK", "After.", ADDRESS]
    )
    page = read_scrape(text.encode(), "a.txt")

    kept = {line for note in page.notes for line in note.text.split("\n")}
    assert kept == {"Before", "Process Steps", "After."}


@pytest.mark.parametrize(
    ("data", "words_of_it"),
    [
        (b"x\n" * (words.LONGEST_FILE // 2 + 1), "bytes; 2,097,152 is the most"),
        (b"\n" * (MOST_LINES + 1), f"{MOST_LINES:,} is the most"),
        (b"Step\nNumber\nTeam\nSide\nDate\n" * 5_000, "too many lines look like headings"),
        (
            b"Steps\nDescription\n" + b"".join(b"%d\na\nb\n" % n for n in range(1, 1101)),
            "the table has 1,100 rows; 500 is the most",
        ),
        (b"\0\1\2" * 50, "binary data"),
        (b"\xff\xfe\0\xd8\0", "UTF-16"),
    ],
)
def test_limits(data: bytes, words_of_it: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_scrape(data, "a.txt")
    assert words_of_it in str(refused.value)
