"""Rows for a spreadsheet: CSV that Excel opens clean and that runs nothing (ux.md, CSV)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

#: A text cell that begins with one of these would be taken for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ROWS_A_CHUNK = 200


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Return a download of `rows`, sent as they are read: UTF-8 with a BOM, CRLF, ISO dates, guarded text."""
    response = StreamingHttpResponse(_chunks(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def cell(value: object) -> object:
    """Return a value as a cell: text that would be a formula gets an apostrophe, dates are ISO, nothing is empty."""
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
