"""Spreadsheets: headings anywhere and in any order, merged and blank cells, several tables; our own layout without a loss."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbook.data import STEP_SOURCE_KEYS, ChangeData, DocumentData, PlaybookData, SectionData
from playbook.format import dump_yaml, parse
from playbook.importing.own import is_own, read_own
from playbook.importing.raw import ImportRefused, Page
from playbook.importing.sheet import read_sheet
from playbook.importing.xlsx_out import sheets_of
from sheets.writing import book
from tests.playbook.conftest import a_playbook, a_step
from tests.playbook.test_format import FIXTURES, SLUGS, playbooks, texts

HEADER = ("Step", "R / A / C / I", "Sub-Phase", "Notes", "Category")


def a_book(**sheets: list[list[Any]]) -> bytes:
    """A book with these sheets; a row may be a string such as `A2:B3`, which merges those cells."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title.replace("_", " "))
        for row in rows:
            if isinstance(row, str):
                sheet.merge_cells(row)
            else:
                sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def steps_of(page: Page) -> list[tuple[str, dict[str, str]]]:
    return [(row.where, dict(row.values)) for row in page.rows("steps")]


def refusal(data: bytes, name: str = "plan.xlsx") -> list[str]:
    with pytest.raises(ImportRefused) as told:
        read_sheet(data, name)
    return told.value.problems


def written(data: PlaybookData) -> bytes:
    return book(sheets_of(data), about=[("What", data.title)])


def comes_back(data: PlaybookData) -> PlaybookData:
    page = read_sheet(written(data), "out.xlsx")
    assert is_own(page)
    assert page.notes == ()
    return read_own(page)


# -- Sheets of other people -------------------------------------------------------------------------------------------


def test_headings_are_found_below_other_lines_in_any_order_and_by_meaning() -> None:
    rows = [["Renewals playbook"], [], HEADER, ["Ask", "SE / INM / PM /", "Design", "Ask the biller", "Terms"]]
    page = read_sheet(a_book(Plan=rows), "plan.xlsx")

    assert page.title == "Renewals playbook"
    assert [(note.where, note.text) for note in page.notes] == [("Plan!1", "Renewals playbook")]
    assert steps_of(page) == [
        (
            "Plan!4",
            {
                "title": "Ask",
                "raci": "SE / INM / PM /",
                "phase": "Design",
                "guidance": "Ask the biller",
                "category": "Terms",
            },
        )
    ]


def test_a_heading_row_after_the_twentieth_is_not_looked_for() -> None:
    lines = [[f"line {number}", "more"] for number in range(1, 21)]
    step = ["Ask", "SE", "Design", "x", "y"]

    assert read_sheet(a_book(Plan=[*lines[:19], list(HEADER)[:3], step]), "p.xlsx").rows("steps")
    assert "in the first 20 rows" in refusal(a_book(Plan=[*lines, ["Step no one knows", *HEADER], ["x", *step]]))[0]


def test_each_sheet_is_read_for_what_it_is() -> None:
    page = read_sheet(
        a_book(
            Steps=[HEADER, ["Ask", "", "Design", "", ""]],
            People=[["Name", "Team"], ["Project Manager (PM)", "Implementations"]],
            Log=[["Date", "Author", "Version", "Description"], ["2026-03-01", "", 1.0, "First"]],
            Budget=[["Item", "Cost"], ["Chairs", 7]],
        ),
        "p.xlsx",
    )

    assert [(table.kind, table.where) for table in page.tables] == [
        ("steps", "Steps"), ("roles", "People"), ("changes", "Log"),
    ]  # fmt: skip
    assert dict(page.rows("roles")[0].values) == {"code": "PM", "name": "Project Manager", "team": "Implementations"}
    assert dict(page.rows("changes")[0].values)["version"] == "1"
    assert [(note.where, note.text) for note in page.notes] == [("Budget", "Item | Cost\nChairs | 7")]


def test_a_merged_cell_says_its_text_in_every_row_and_that_it_is_a_guess() -> None:
    rows = [HEADER, ["One", "", "Design", "", ""], ["Two", "", None, "", ""], ["Three", "", None, "", ""], "C2:C3"]
    steps = read_sheet(a_book(Plan=rows), "p.xlsx").rows("steps")

    assert [row.values["phase"] for row in steps] == ["Design", "Design", ""]
    assert [dict(row.guesses) for row in steps] == [{}, {"phase": "merged cell: it is written in row 2"}, {}]


def test_two_tables_below_one_another_are_two_tables_and_a_line_between_is_a_note() -> None:
    roles = [["Roles"], ["Code", "Name", "Team"], ["PM", "Project Manager", "Us"]]
    page = read_sheet(a_book(Plan=[HEADER, ["Ask", "PM", "Design", "", ""], [], *roles]), "p.xlsx")

    assert [(table.kind, len(table.rows)) for table in page.tables] == [("steps", 1), ("roles", 1)]
    assert [(note.where, note.text) for note in page.notes] == [("Plan!4", "Roles")]


def test_two_tables_side_by_side_are_two_tables() -> None:
    page = read_sheet(
        a_book(Plan=[["Step", "Phase", None, "Name", "Team"], ["Ask", "Design", None, "Project Manager (PM)", "Us"]]),
        "p.xlsx",
    )

    assert [(table.kind, dict(table.rows[0].values)) for table in page.tables] == [
        ("steps", {"title": "Ask", "phase": "Design"}),
        ("roles", {"code": "PM", "name": "Project Manager", "team": "Us"}),
    ]


def test_a_line_across_the_table_is_the_phase_of_the_rows_below() -> None:
    rows = [
        ["Step", "Phase", "Notes"],
        ["Design", None, None],
        "A2:C2",
        ["Ask", None, "x"],
        ["Build", "Development", "y"],
    ]
    steps = read_sheet(a_book(Plan=rows), "p.xlsx").rows("steps")

    assert [(row.values["title"], row.values["phase"]) for row in steps] == [
        ("Ask", "Design"),
        ("Build", "Development"),
    ]
    assert steps[0].guesses["phase"] == "it stands below “Design” (Plan!2)"


def test_a_first_column_of_numbers_without_a_heading_is_the_number() -> None:
    page = read_sheet(a_book(Plan=[["", *HEADER], [7, "Ask", "", "Design", "", ""]]), "p.xlsx")

    assert page.rows("steps")[0].values["number"] == "7"


def test_letters_in_a_column_for_each_role_stay_under_its_heading() -> None:
    page = read_sheet(b"Task,PM,TSM,Notes\nTrain,I,R/A,kick off\nClose,I,R/A,\n", "p.csv")

    assert dict(page.rows("steps")[0].values) == {"title": "Train", "guidance": "kick off", "PM": "I", "TSM": "R/A"}


def test_a_column_that_we_do_not_know_becomes_a_note() -> None:
    page = read_sheet(b"Step,Phase,Mood\nAsk,Design,good\nBuild,Development,\n", "p.csv")

    assert [(note.where, note.text) for note in page.notes] == [("row 2", "Mood: good")]


@pytest.mark.parametrize(
    "data",
    [
        "A title, with a comma\nStep;Phase;R / A / C / I\nÄndern;Design;SE\n".encode(),
        "\ufeffStep\tPhase\tRACI\nÄndern\tDesign\tSE\n".encode("utf-16"),
        "Step,Phase,RACI\r\nÄndern,Design,SE\r\n".encode("cp1252"),
    ],
)
def test_csv_is_read_as_programs_save_it(data: bytes) -> None:
    page = read_sheet(data, "plan.csv")

    assert [dict(row.values) for row in page.rows("steps")] == [{"title": "Ändern", "phase": "Design", "raci": "SE"}]


def test_csv_that_was_read_as_windows_1252_says_so() -> None:
    notes = read_sheet("Step,Phase\nÄndern,Design\n".encode("cp1252"), "plan.csv").notes

    assert [note.text for note in notes] == [
        "It is no UTF-8: it was read as Windows-1252, as Excel saves CSV on Windows."
    ]


def test_a_sheet_of_another_kind_is_refused_with_what_was_looked_for_and_what_was_there() -> None:
    problem = refusal(a_book(Budget=[["Item", "Cost"], ["Chairs", 7]]))[0]

    assert problem.startswith("“plan.xlsx” has no table of steps. Looked for, in the first 20 rows of each sheet")
    assert problem.endswith("Found: Budget: “Item”, “Cost”.")


# -- Our own layout ---------------------------------------------------------------------------------------------------


@st.composite
def with_sources(draw: st.DrawFn) -> PlaybookData:
    data = draw(playbooks())
    sources = st.dictionaries(st.sampled_from(STEP_SOURCE_KEYS), texts(20))
    return replace(data, steps=tuple(replace(step, source=draw(sources)) for step in data.steps))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(with_sources())
def test_a_version_comes_back_from_xlsx_and_from_yaml_as_it_was(data: PlaybookData) -> None:
    assert comes_back(data) == data
    assert parse(dump_yaml(data)) == data


@pytest.mark.parametrize("slug", SLUGS)
def test_a_fixture_comes_back_from_xlsx(slug: str) -> None:
    data = parse((FIXTURES / f"{slug}.yaml").read_text(encoding="utf-8"))

    assert comes_back(data) == data


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-x", "@SUM(A1)", "'=1", "1.0", "TRUE", "2026-01-01", "a\u00a0b", "\ufffe\uffff", "_x0041_"),
        *("_x005F_", "x005F_", "\\uFFFE", "\\u005C", "#N/A", "http://example.org", "a\u2028b"),
    ],
)  # fmt: skip
def test_text_that_a_spreadsheet_would_take_for_something_else_comes_back(text: str) -> None:
    step = a_step(1, title=text, guidance=f"{text}\n{text}", open_questions=(text,), documents=(text,), category=text)
    data = a_playbook(step, title=text, changes=(ChangeData(text, "0900-01-01", text, text),))

    assert comes_back(data) == data


def test_lists_longer_than_a_cell_go_on_in_further_rows() -> None:
    questions = tuple(f"{number} {'x' * 900}" for number in range(100))
    data = a_playbook(
        a_step(1, open_questions=questions, documents=("a, b", "c; d")), a_step(2, needs=("design.step-1",))
    )

    assert comes_back(data) == data
    assert [row.values["key"] for row in read_sheet(written(data), "o.xlsx").rows("steps")].count("design.step-1") > 2


def changed(sheet: str, cell: str, value: Any, data: PlaybookData | None = None) -> Page:
    """Our own book of a playbook, with one cell changed by hand."""
    data = data or a_playbook(documents=(DocumentData("plan", "Plan", sections=(SectionData("scope", "Scope"),)),))
    made = openpyxl.load_workbook(io.BytesIO(written(data)))
    made[sheet][cell] = value
    out = io.BytesIO()
    made.save(out)
    return read_sheet(out.getvalue(), "own.xlsx")


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "problem"),
    [
        ("Steps", "C3", "Dsign", "Steps!3: phase: “Dsign” is none of discovery, design"),
        ("Steps", "A3", None, "Steps!3: key: is missing"),
        ("Steps", "A3", "design.step-1", "Steps!3: key: design.step-1 is the key of the step on Steps!2 already"),
        ("Steps", "B3", "two", "Steps!3: number: wants a whole number, not “two”"),
        ("Steps", "G2", "XX", "Steps!2: raci.R: “XX” is not in this playbook's role list"),
        ("Steps", "P2", "design.none", "Steps!2: needs: there is no step “design.none”"),
        ("Steps", "T2", "fil: x", "Steps!2: source.fil: is no key that belongs here"),
        ("Roles", "E2", "perhaps", "Roles!2: roles.manages: wants true or false, not “perhaps”"),
        ("Documents", "E3", "No slug", "Documents!3: sections.slug: “No slug” is not lower-case letters"),
        ("Playbook", "B4", "Phase", "Playbook!4: kind: “Phase” is none of phased"),
        ("Playbook", "A3", "Titel", "Playbook!3: Titel: is no key that belongs here; did you mean “title”?"),
    ],
)
def test_a_fault_in_our_own_book_is_named_with_its_sheet_and_row(
    sheet: str, cell: str, value: Any, problem: str
) -> None:
    with pytest.raises(ImportRefused) as told:
        read_own(changed(sheet, cell, value))

    assert any(one.startswith(problem) for one in told.value.problems), told.value.problems


def test_what_somebody_adds_to_our_own_book_is_kept_as_a_note() -> None:
    page = changed("Steps", "U2", "remember this")

    assert [(note.where, note.text) for note in page.notes] == [("Steps!2", "remember this")]
    assert len(read_own(page).steps) == 3
