"""What sort of file this is, by what is in it and not by its name, and who reads it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import Literal

from playbook.importing.columns import kind_of
from playbook.importing.html import read_html
from playbook.importing.raw import ImportRefused, Page
from playbook.importing.scrape import read_scrape
from playbook.importing.sheet import read_sheet
from playbook.importing.texts import text_of

LARGEST_FILE = 10 * 1024 * 1024
Sort = Literal["sheet", "html", "yaml", "scrape"]

_HEAD = 64 * 1024
_FIRST_LINES = 30
_MARKUP = re.compile(
    r"<(?:!doctype html|html|head|body|table|tbody|div|p|h[1-6]|ul|ol|span|ac:[\w-]+|ri:[\w-]+)\b", re.I
)
_OURS = re.compile(r"^(?:playbook\s*:|[{]\s*\"playbook\"\s*:)", re.M)
_READERS: dict[str, Callable[[bytes, str], Page]] = {"sheet": read_sheet, "html": read_html, "scrape": read_scrape}
_NOT_OURS = {
    b"%PDF": "This is a PDF. Export the page as HTML, or copy its text into a file.",
    b"\xd0\xcf\x11\xe0": "This is an old Office file (.xls, .doc). Save it as .xlsx, or as CSV, and choose it again.",
    b"\x89PNG": "This is a picture.",
    b"\xff\xd8\xff": "This is a picture.",
    b"GIF8": "This is a picture.",
    b"\x1f\x8b": "This is a packed file. Unpack it first.",
}


def sort_of(data: bytes, name: str) -> Sort:
    """Return what sort of file it is.

    Args:
        data: the file. name: what it is called; it decides only between texts that could be either.

    Raises:
        ImportRefused: empty, larger than 10 MB, or of a sort that is not read.
    """
    if not data.strip():
        raise ImportRefused([f"“{name}” is empty."])
    if len(data) > LARGEST_FILE:
        raise ImportRefused([f"“{name}” has {len(data):,} bytes; {LARGEST_FILE // 1024 // 1024} MB is the most."])
    for mark, problem in _NOT_OURS.items():
        if data.startswith(mark):
            raise ImportRefused([f"“{name}”: {problem}"])
    if data.startswith(b"PK"):
        return "sheet"
    head = text_of(data)[0][:_HEAD].lstrip("\ufeff \t\r\n")
    ending = name.casefold().rpartition(".")[2]
    if (head.startswith("<") and _MARKUP.search(head)) or re.search(r"<table\b", head, re.I):
        return "html"
    if _OURS.search(head) or ending in ("yaml", "yml"):
        return "yaml"
    if ending in ("csv", "tsv") or _has_headings(head):
        return "sheet"
    return "scrape"


def read_page(data: bytes, name: str) -> Page:
    """Read a file of any sort but our own YAML into a page.

    Raises:
        ImportRefused: it cannot be read.
    """
    sort = sort_of(data, name)
    if sort == "yaml":
        raise ImportRefused([f"“{name}” is a playbook of our own already, and no page."])
    return _READERS[sort](data, name)


def _has_headings(head: str) -> bool:
    """Whether one of the first lines is a row of headings that we know, parted by commas, semicolons or tabs."""
    lines = [line for line in head.splitlines() if line.strip()][:_FIRST_LINES]
    for line in lines:
        for separator in (",", ";", "\t"):
            if separator in line and len(line) < 2_000:
                try:
                    cells = next(csv.reader([line], delimiter=separator), [])
                except csv.Error:
                    continue
                if len(cells) > 1 and kind_of(cells) is not None:
                    return True
    return False
