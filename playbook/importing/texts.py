"""Bytes become lines of plain text: encodings are found out, marks that a browser leaves behind are taken away.

What was repaired is told line by line, since a repair is a guess.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from playbook.importing.raw import ImportRefused
from raci.grammar import INVISIBLE

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ITEM = re.compile(r"((?:  ){1,10})- \S")
_LINE_END = re.compile(r"\r\n|\r|\n|\u2028|\u2029|\x85|\x0b|\x0c")
#: A letter of UTF-8 that was read as Windows-1252 shows as one of these, and one to three marks of the upper half.
_UPPER = (
    "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d"
    "\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
)
_TWICE_READ = re.compile(f"[ÂÃÄÅ][{_UPPER}]|â[{_UPPER}]{{2}}|ð[{_UPPER}]{{3}}")
_TAKEN_OUT = dict.fromkeys(map(ord, INVISIBLE + "\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufe0f"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its 1-based place, its text without blanks at the ends, and whether a blank cell's mark stood in it."""

    at: int
    text: str
    held: bool = False

    @property
    def where(self) -> str:
        """The place in words."""
        return f"line {self.at}"


@dataclass(frozen=True, slots=True)
class Lines:
    """All lines of a file, and what was guessed on the way: place to reason. Place 0 is the whole file."""

    lines: tuple[Line, ...]
    guesses: dict[int, str]


def text_of(data: bytes) -> tuple[str, str]:
    """Return the text of a file and, where its encoding had to be guessed, how it was read.

    Raises:
        ImportRefused: it says in its first bytes what it is, and is not that; or it is no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), ""
            except UnicodeDecodeError as error:
                raise ImportRefused([f"The file begins as {encoding.upper()} and is none: {error.reason}."]) from error
    if b"\0" in data[:4096]:
        raise ImportRefused(["The file is no text: it holds binary data."])
    try:
        return data.decode(), ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        told = f"The file is no UTF-8 (line {line}); it was read as Windows-1252, as older programs write."
        return data.decode("cp1252", errors="replace"), told


def lines_of(data: bytes) -> Lines:
    """Return the lines of a text file, tidied.

    Raises:
        ImportRefused: it is no text.
    """
    text, told = text_of(data)
    guesses = {0: told} if told else {}
    lines: list[Line] = []
    for at, raw in enumerate(_LINE_END.split(text), 1):
        if not raw:
            lines.append(Line(at, ""))
            continue
        mended = mend(raw)
        if mended != raw:
            guesses[at] = "letters that were read in a wrong encoding were put right"
        tidied = tidy(mended)
        lines.append(Line(at, tidied, held=not tidied and bool(raw)))
    return Lines(tuple(lines), guesses)


def mend(text: str) -> str:
    """Put right what was written in UTF-8 and read as Windows-1252: `â€“` is a dash."""
    if text.isascii():
        return text
    return _TWICE_READ.sub(_reread, text)


def _reread(found: re.Match[str]) -> str:
    try:
        # Windows-1252 leaves five places empty, which browsers fill with the control characters of those numbers.
        data = b"".join(
            bytes([ord(letter)]) if ord(letter) < 0xA0 else letter.encode("cp1252") for letter in found.group()
        )
        return data.decode()
    except UnicodeError:
        return found.group()


def tidy(text: str) -> str:
    """Return one line of text with single blanks, no invisible marks and no control characters."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_TAKEN_OUT))
    shown = (
        "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)
        if (not text.isprintable())
        else text
    )
    return " ".join(shown.split())


def tidy_block(text: str) -> str:
    """Return text of several lines, each tidied, without blank lines at its ends or two in a row; items stay indented."""
    lines: list[str] = []
    for raw in _LINE_END.split(text):
        line = tidy(raw)
        if line or (lines and lines[-1]):
            indent = _ITEM.match(raw)
            lines.append(indent[1] + line if indent else line)
    return "\n".join(lines).strip()
