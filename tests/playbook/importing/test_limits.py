"""No file hangs or fills the machine: what is too large, too deep or made to harm is refused, and says where."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from playbook.importing.html import read_html
from playbook.importing.raw import ImportRefused
from playbook.importing.sheet import read_sheet
from tests.playbook.importing.test_sheet import HEADER, a_book

HEAD = "<table><tr><th>Step</th><th>Phase</th></tr>"
MEGABYTE = 1024 * 1024


def html_refused(text: str) -> str:
    with pytest.raises(ImportRefused) as told:
        read_html(text.encode(), "page.html")
    return " ".join(told.value.problems)


def sheet_refused(data: bytes, name: str = "plan.xlsx") -> str:
    with pytest.raises(ImportRefused) as told:
        read_sheet(data, name)
    return " ".join(told.value.problems)


def repacked(change: dict[str, bytes | None], data: bytes | None = None) -> bytes:
    """A book with some of its parts replaced, added, or taken out (None)."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data or a_book(Plan=[HEADER]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in [*old.namelist(), *(name for name in change if name not in old.namelist())]:
            part = change.get(name, b"") if name in change else old.read(name)
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


def sheet_of(rows: str) -> bytes:
    """A book whose one sheet has these rows, as XML."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'
    return repacked({"xl/worksheets/sheet1.xml": xml.encode()})


def peak_of(read: Callable[[], object]) -> float:
    """The most megabytes that reading takes at a time."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


# -- Pages ------------------------------------------------------------------------------------------------------------


def test_a_page_of_50_mb_is_refused_unread() -> None:
    data = b"<p>" + b"x" * (50 * MEGABYTE)

    def read() -> None:
        with pytest.raises(ImportRefused, match="has 50 MB; 10 MB is the most that is read"):
            read_html(data, "page.html")

    assert peak_of(read) < 1


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<![CDATA[",
        "<a ",
        '<a "',
        "<a '",
        "</",
        "<",
        "<!",
        "<?",
        '<a b="',
        "<a b=c ",
        "&",
        "&#",
        "<script>",
        "<a/",
    ],
)
def test_openings_that_never_end_do_not_make_it_slow(piece: str) -> None:
    # Looking to the end for each of them would take an hour.
    assert html_refused(piece * (2 * MEGABYTE // len(piece)))


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>" * 200_001, "more than 200,000 tags"),
        ("<ul><li>" * 500, "nested deeper than 60 elements"),
        ("<table><tr><td>" * 500, "nested deeper than 60 elements"),
        ("<ac:structured-macro>" * 500, "nested deeper than 60 elements"),
        ("<table></table>" * 201, "more than 200 tables"),
        (HEAD + "<tr><td>x</td></tr>" * 40_000, "table 1, row 2001: more than 2,000 rows"),
        (HEAD + "<tr>" + "<td>x</td>" * 61, "table 1, row 2: there are more than 60 columns"),
        (HEAD + "<tr><td colspan=61>x", "table 1, row 2: there are more than 60 columns"),
        (HEAD + f"<tr><td>{'x' * 32_768}", "table 1, row 2: a cell has more than 32,767 characters"),
        (HEAD + f"<tr><td rowspan=65534>{'x' * 32_000}" + "<tr><td>y" * 200, "more than 4 MB of text in the tables"),
        (f"<p>{'x' * (5 * MEGABYTE)}</p>{HEAD}", "more than 4 MB of text outside of its tables"),
    ],
)  # fmt: skip
def test_a_page_beyond_a_limit_is_refused_with_the_place(html: str, words: str) -> None:
    assert words in html_refused(html)


def test_a_cell_that_covers_a_billion_others_covers_what_is_there() -> None:
    html = (
        f"{HEAD}<tr><td>One</td><td rowspan=99999999999>Design</td></tr><tr><td>Two</td></tr><tr><td></td></tr></table>"
    )

    rows = read_html(html.encode(), "page.html").rows("steps")
    assert [(row.values["title"], row.values["phase"]) for row in rows] == [("One", "Design"), ("Two", "Design")]


# -- Sheets -----------------------------------------------------------------------------------------------------------


def a_long_book(rows: int) -> bytes:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("Plan")
    sheet.append(HEADER)
    for number in range(rows):
        sheet.append([f"Step {number}", "SE / INM / PM /", "Design", f"What to do in step {number}", "Terms"])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_a_book_of_many_rows_is_refused_before_it_is_loaded() -> None:
    data = a_long_book(20_000)

    assert peak_of(lambda: sheet_refused(data)) < 4
    assert sheet_refused(data) == "More than 2,000 rows. No playbook has so many."


def test_csv_of_100_000_rows_is_refused_at_the_limit() -> None:
    data = b"Step,Phase\n" + b"Ask,Design\n" * 100_000

    assert "More than 2,000 rows." in sheet_refused(data, "plan.csv")
    assert peak_of(lambda: sheet_refused(data, "plan.csv")) < 20


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    data = repacked({"xl/styles.xml": b"0" * 60_000_000})

    assert "Unpacked, the file is larger than 50 MB." in sheet_refused(data)
    assert peak_of(lambda: sheet_refused(data)) < 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('<row r="1">' + "<c/>" * 20_000 + "</row>", "A row has more than 16,384 cells."),
        ("<x/>" * 3_100_000, "The book has more in it than any sheet of ours"),
        ('<row r="1"><c r="BI1"><v>1</v></c></row>', "Plan!BI1: there are more than 60 columns."),
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', "There are rows after line 100,000."),
        ('<row r="1"><c r="A1"><f>1+1</f></c><c r="B1"><f>NOW()</f></c></row>',
         "Plan!A1: a formula. Paste its value instead. Plan!B1: a formula."),
        ('<row r="1"><c r="A1" t="s"><v>99</v></c></row>', "cannot be read as a spreadsheet"),
    ],
)  # fmt: skip
def test_a_sheet_beyond_a_limit_is_refused_with_the_place(rows: str, words: str) -> None:
    assert words in sheet_refused(sheet_of(rows))


def test_what_would_grow_when_it_is_loaded_does_not() -> None:
    data = sheet_of('<row r="1">' + "<c/>" * 3_000_000 + "</row>")

    assert peak_of(lambda: sheet_refused(data)) < 20


def test_one_long_text_in_many_cells_is_counted_in_each() -> None:
    rows = [HEADER, *[["x" * 30_000] * 5 for _ in range(40)]]

    assert "more than 4 MB of text in the tables" in sheet_refused(a_book(Plan=rows))


def test_merged_cells_over_one_another_are_refused() -> None:
    rows = [HEADER, *[["x"] * 5 for _ in range(1_900)]]
    data = a_book(Plan=rows)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        part = packed.read("xl/worksheets/sheet1.xml")
    merges = b"<mergeCells>" + b'<mergeCell ref="A2:BH1900"/>' * 50_000 + b"</mergeCells>"
    data = repacked({"xl/worksheets/sheet1.xml": part.replace(b"</sheetData>", b"</sheetData>" + merges)}, data)

    assert "merged cells cover more than 100,000 others" in sheet_refused(data)


def test_more_sheets_than_a_book_has_are_refused() -> None:
    assert "The book has 51 sheets; 50 is the most." in sheet_refused(
        a_book(**{f"S{number}": [] for number in range(51)})
    )


def test_formulas_of_all_sheets_are_named() -> None:
    told = sheet_refused(a_book(One=[HEADER, ["=1+1"]], Two=[["=NOW()"]]))

    assert told == "One!A2: a formula. Paste its value instead. Two!A1: a formula. Paste its value instead."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"x" * (10 * MEGABYTE + 1), "larger than 10 MB"),
        (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)"),
        (b"PK\x03\x04 and nothing else", "cannot be read as a spreadsheet"),
        (b"Step,Phase\n\x00\x00", "neither a spreadsheet (.xlsx) nor text"),
        (b"Step,Phase\n\x81\x8d,\xff\n", "neither UTF-8 nor Windows-1252"),
        (b"Step,Phase\n" + b"," * 20_000, "Line 2 has more than 16,384 cells."),
        (b"Step,Phase\n" + b"a," * 70, "BR2: there are more than 60 columns."),
        (b'Step,Phase\n"' + b"x" * 200_000, "cannot be read as CSV"),
        (repacked({"xl/workbook.xml": None}), "This is no spreadsheet"),
        (repacked({"xl/worksheets/sheet1.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'}), "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_spreadsheet_is_refused_with_the_reason(data: bytes, words: str) -> None:
    assert words in sheet_refused(data, "plan.csv" if data[:2] != b"PK" else "plan.xlsx")
