"""Rows for a spreadsheet: CSV and XLSX that Excel opens clean and that run nothing (ux.md, CSV and XLSX)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import xlsxwriter
from django.http import HttpResponse, StreamingHttpResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: A text cell that begins with one of these would be taken for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ROWS_A_CHUNK = 200
#: What a cell of Excel holds; xlsxwriter leaves a longer one empty.
LONGEST_CELL = 32_767
NARROWEST, WIDEST = 8, 60
#: Characters that XML cannot hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Return a download of `rows`, sent as they are read: UTF-8 with a BOM, CRLF, ISO dates, guarded text."""
    response = StreamingHttpResponse(_chunks(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def cell(value: object) -> object:
    """Return a value as a cell of CSV: text that would be a formula gets an apostrophe, dates are ISO, nothing is empty."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, dt.date):
        return value.isoformat()
    return "" if value is None else value


def _chunks(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    page.write("\ufeff")
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([cell(value) for value in row])
        if number % ROWS_A_CHUNK == 0:
            yield page.getvalue()
            page.seek(0)
            page.truncate()
    yield page.getvalue()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a book: its title (31 characters at most), headings as the screen has them, and rows of plain values."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[object]]


def book(sheets: Iterable[Sheet], *, about: Sequence[tuple[str, object]]) -> bytes:
    """Return an XLSX file: frozen headings, filters, widths that fit, dates and numbers as such, text never a formula or link.

    Args:
        about: (label, value) pairs for the last sheet, “About”: of what this is, as of when, whose, in which zone.

    Raises:
        ValueError: a sheet's title is too long, used twice, or holds one of `[]:*?/\\`.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as written:
        styles = {
            "head": written.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
            "text": written.add_format({"text_wrap": True, "valign": "top"}),
            "date": written.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"}),
            "moment": written.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left", "valign": "top"}),
        }
        try:
            for sheet in [*sheets, Sheet("About", ("What", "Value"), about)]:
                _write(written.add_worksheet(sheet.title), sheet, styles)
        except xlsxwriter.exceptions.XlsxInputError as refused:
            raise ValueError(str(refused)) from refused
    return out.getvalue()


def xlsx_response(filename: str, sheets: Iterable[Sheet], *, about: Sequence[tuple[str, object]]) -> HttpResponse:
    """Return a download of `book`."""
    response = HttpResponse(book(sheets, about=about), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _write(worksheet: xlsxwriter.worksheet.Worksheet, sheet: Sheet, styles: dict[str, object]) -> None:
    widths = [len(name) for name in sheet.header]
    worksheet.write_row(0, 0, sheet.header, styles["head"])
    last = 0
    for last, row in enumerate(sheet.rows, start=1):
        for column, value in enumerate(row):
            widths[column] = max(widths[column], _put(worksheet, last, column, value, styles))
    for column, width in enumerate(widths):
        worksheet.set_column(column, column, min(max(width + 2, NARROWEST), WIDEST))
    worksheet.freeze_panes(1, 0)
    worksheet.autofilter(0, 0, last, len(sheet.header) - 1)


def _put(
    worksheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object, styles: dict[str, object]
) -> int:
    """Write one value as what it is; return about how many characters wide it is."""
    if value is None or value == "":
        return 0
    if isinstance(value, bool):
        worksheet.write_string(row, column, "Yes" if value else "No", styles["text"])
        return 3
    if isinstance(value, (int, float, Decimal)):
        worksheet.write_number(row, column, value, styles["text"])
        return len(str(value))
    if isinstance(value, dt.datetime):
        naive = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        worksheet.write_datetime(row, column, naive, styles["moment"])
        return 16
    if isinstance(value, dt.date):
        worksheet.write_datetime(row, column, value, styles["date"])
        return 10
    text = _UNWRITABLE.sub(" ", str(value))[:LONGEST_CELL]
    worksheet.write_string(row, column, text, styles["text"])
    return max((len(line) for line in text.split("\n")), default=0)
