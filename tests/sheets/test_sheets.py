"""Spreadsheets in and out: what goes round comes back, and what is made to harm is refused by name."""

from __future__ import annotations

import datetime as dt
import io
import lzma
import struct
import zipfile
import zlib
from decimal import Decimal

import openpyxl
import pytest

from sheets.reading import LARGEST_FILE, Column, SheetRefused, read
from sheets.writing import Sheet, book, csv_response

COLUMNS = (Column("Title", "title", required=True), Column("Due", "due", also=("Due date",)), Column("Score", "score"))
ROWS = (
    ("=1+1", dt.date(2026, 11, 24), 7),
    ("Café – “quoted”, with commas\nand a second line", None, 2.5),
    ("-dash", dt.date(2027, 1, 2), None),
)


def a_book(rows=ROWS, header=("Title", "Due", "Score")) -> bytes:
    return book([Sheet("Things", header, rows)], about=[("Project", "MRW-1")])


def refused(data: bytes, name: str = "things.xlsx", **how) -> list[str]:
    with pytest.raises(SheetRefused) as told:
        read(io.BytesIO(data), name, COLUMNS, **how)
    return told.value.problems


def repacked(change: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A book with some of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(a_book())) as old, zipfile.ZipFile(out, "w", packing) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
    return out.getvalue()


def changed(name: str, old: bytes, new: bytes) -> bytes:
    """A book with some text of one part replaced."""
    with zipfile.ZipFile(io.BytesIO(a_book())) as book:
        part = book.read(name)
    assert old in part
    return repacked({name: part.replace(old, new)})


def garbled(packing: int) -> bytes:
    """A book with a byte in the middle of its packed workbook turned over."""
    data = bytearray(repacked({}, packing))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as book:
        part = book.getinfo("xl/workbook.xml")
    data[part.header_offset + 30 + len(part.filename) + part.compress_size // 2] ^= 0xFF
    return bytes(data)


def told_of_its_workbook(packing: int = zipfile.ZIP_DEFLATED, **said: int) -> bytes:
    """A book whose list of parts says something else of its workbook: flags, way of packing, sizes."""
    data = bytearray(repacked({}, packing))
    entry = data.rindex(b"xl/workbook.xml") - 46
    for name, value in said.items():
        form, at = {"flags": ("<H", 8), "method": ("<H", 10), "packed": ("<L", 20), "unpacked": ("<L", 24)}[name]
        struct.pack_into(form, data, entry + at, value)
    return bytes(data)


def test_a_book_comes_back_as_it_was_written():
    table = read(io.BytesIO(a_book()), "things.xlsx", COLUMNS)

    assert [(row.number, row.text()) for row in table.rows] == [
        (2, {"title": "=1+1", "due": "2026-11-24", "score": "7"}),
        (3, {"title": "Café – “quoted”, with commas\nand a second line", "due": "", "score": "2.5"}),
        (4, {"title": "-dash", "due": "2027-01-02", "score": ""}),
    ]


def test_csv_comes_back_as_it_was_written_without_the_guard():
    out = csv_response("things.csv", ("Title", "Due", "Score"), ROWS)
    data = b"".join(out.streaming_content)

    assert b"'=1+1" in data
    texts = [row.text()["title"] for row in read(io.BytesIO(data), "things.csv", COLUMNS).rows]
    assert texts == [row[0] for row in ROWS]


@pytest.mark.parametrize(
    "data",
    ["Title;Due;Score\r\nÄ;2026-11-24;7\r\n".encode("cp1252"), "Title\tDue\tScore\nÄ\t2026-11-24\t7".encode("utf-16")],
)
def test_csv_as_excel_saves_it_elsewhere_is_read(data):
    assert read(io.BytesIO(data), "x.csv", COLUMNS).rows[0].text() == {"title": "Ä", "due": "2026-11-24", "score": "7"}


def test_a_book_holds_dates_numbers_frozen_headings_filters_and_an_about_sheet():
    written = openpyxl.load_workbook(io.BytesIO(a_book([("a", dt.date(2026, 11, 24), Decimal("1.5"))])))

    sheet = written["Things"]
    assert (sheet["B2"].value.date(), sheet["B2"].is_date) == (dt.date(2026, 11, 24), True)
    assert sheet["C2"].value == 1.5
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:C2")
    assert [cell.value for cell in written["About"][2]] == ["Project", "MRW-1"]


def test_headings_are_found_in_any_order_and_case_and_others_are_told():
    table = read(io.BytesIO(b"Colour, due date ,TITLE\nred,2026-11-24,One\n"), "x.csv", COLUMNS)

    assert (table.rows[0].text(), table.ignored) == ({"due": "2026-11-24", "title": "One"}, ["Colour"])


def test_a_formula_is_named_by_its_cell():
    evil = openpyxl.Workbook()
    evil.active.append(["Title", "Due"])
    evil.active.append(["fine", "=HYPERLINK(1)"])
    out = io.BytesIO()
    evil.save(out)

    assert refused(out.getvalue()) == ["B2: a formula. Paste its value instead."]


def test_a_bomb_is_refused_before_it_is_unpacked():
    assert refused(repacked({"xl/styles.xml": b"0" * 60_000_000})) == ["Unpacked, the file is larger than 50 MB."]


def test_a_document_that_explodes_in_its_entities_is_refused():
    laughs = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><worksheet>&c;</worksheet>'

    assert refused(repacked({"xl/worksheets/sheet1.xml": laughs})) == ["“things.xlsx” cannot be read as a spreadsheet."]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "The file is empty."),
        (b"x" * (LARGEST_FILE + 1), "The file is larger than 10 MB."),
        (
            b"\xd0\xcf\x11\xe0 old",
            "This is an old Excel file (.xls). Save it as .xlsx, or as CSV, and choose it again.",
        ),
        (b"PK\x03\x04 and no more", "“things.xlsx” cannot be read as a spreadsheet."),
        (b"\x89PNG\x00\x00", "This is neither a spreadsheet (.xlsx) nor text with commas (CSV)."),
        (b"\n\n", "The sheet has no rows."),
        (b"Due,Score\n1,2\n", "These headings are missing in the first row: Title."),
        (b"Title,title\n1,2\n", "B1: the heading “title” is there twice."),
    ],
)
def test_what_is_no_sheet_is_refused_with_the_reason(data, told):
    assert refused(data) == [told]


CHART = changed("xl/_rels/workbook.xml.rels", b"relationships/worksheet", b"relationships/chartsheet")
MUCH = 10_000_000


@pytest.mark.parametrize(
    ("raised", "data"),
    [
        (zipfile.BadZipFile, b"PK\x03\x04 and no more"),
        (zlib.error, garbled(zipfile.ZIP_DEFLATED)),
        (lzma.LZMAError, garbled(zipfile.ZIP_LZMA)),
        (OSError, garbled(zipfile.ZIP_BZIP2)),
        (EOFError, told_of_its_workbook(zipfile.ZIP_STORED, packed=MUCH, unpacked=MUCH)),
        (RuntimeError, told_of_its_workbook(flags=1)),
        (NotImplementedError, told_of_its_workbook(method=99)),
        (OSError, repacked({"[Content_Types].xml": b"<Types/>"})),
        (SyntaxError, repacked({"xl/styles.xml": b""})),
        (LookupError, repacked({"xl/styles.xml": b'<?xml version="1.0" encoding="none"?><styleSheet/>'})),
        (KeyError, repacked({"xl/_rels/workbook.xml.rels": b"<Relationships/>"})),
        (IndexError, repacked({"xl/sharedStrings.xml": b"<sst/>"})),
        (ValueError, changed("xl/worksheets/sheet1.xml", b"<v>", b"<v>x")),
        (TypeError, changed("xl/workbook.xml", b'windowWidth="16095"', b'windowWidth="wide"')),
        (AttributeError, CHART),
        (OverflowError, changed("xl/styles.xml", b'numFmtId="164"', b'numFmtId="99999999999999999999"')),
    ],
)
def test_a_book_that_is_broken_is_refused_whatever_it_breaks(raised, data):
    with pytest.raises(SheetRefused) as told:
        read(io.BytesIO(data), "things.xlsx", COLUMNS, sheet="Things")

    assert told.value.problems == ["“things.xlsx” cannot be read as a spreadsheet."]
    assert isinstance(told.value.__cause__, raised)


def test_a_zip_that_is_no_book_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("word/document.xml", "<x/>")

    assert refused(out.getvalue()) == ["This is no spreadsheet: choose an .xlsx or a CSV file."]


def test_too_many_rows_are_refused_whole():
    data = b"Title\n" + b"one\n" * 11

    assert refused(data, "x.csv", most_rows=10) == ["More than 10 rows. Import them in parts."]


def test_a_row_that_says_it_is_the_billionth_does_not_keep_us_waiting():
    data = changed("xl/worksheets/sheet1.xml", b'r="3"', b'r="1000000000"')
    assert refused(data) == ["There are rows after line 100,000. Delete the blank ones before them."]


def test_a_cell_longer_than_excel_holds_is_named():
    assert refused(b"Title\n" + b"x" * 32_768 + b"\n", "x.csv") == ["A2: longer than 32,767 characters."]


def test_control_characters_and_overlong_text_are_written_so_that_excel_opens_them():
    written = openpyxl.load_workbook(io.BytesIO(a_book([("a\x00b" + "x" * 40_000, None, None)])))

    assert written["Things"]["A2"].value == ("a b" + "x" * 40_000)[:32_767]
