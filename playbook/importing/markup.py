"""HTML and XHTML as a run of tags and texts, once through and never back: made to be fed anything.

Why not `html.parser`: in the Python that we run on, an opening that is never closed (`<!--`, `<a "`) makes it look to the end
of the file each time, and ten megabytes of those take hours. Here each kind of end is looked for in vain once, and tags that are
none are counted. No entity is expanded but the characters that HTML itself names; a page that declares its own is refused.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from playbook.importing.raw import ImportRefused

LARGEST_FILE = 10 * 1024 * 1024
MOST_TAGS = 200_000
LONGEST_TAG = 16_384
#: So many openings that are no tag, and this is not a page.
MOST_BROKEN = 1_000
_CODINGS = {"utf-8": "utf-8-sig", "ascii": "utf-8-sig", "cp1252": "cp1252", "iso8859-1": "cp1252", "utf-16": "utf-16"}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""(?:<\?xml[^>]{0,100}?encoding|<meta[^>]{0,200}?charset)\s*=\s*["']?([\w.:-]{1,40})""", re.I)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:_.-]{0,60}")
_ATTRIBUTE = re.compile(r"""[\s/]*(?:([^\s=<>"'/]{1,200})(?:\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s<>"']*)))?)""")
_ENTITY = re.compile(r"<!ENTITY", re.I)
#: Their content is text to its own end, whatever it looks like.
_OPAQUE = ("script", "style")
_NO_TEXT = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, entities resolved. `kept`: as they stand, with their line ends (CDATA)."""

    text: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: its name and attribute names in lower case. `closes` for an end tag, `empty` for one that is its own end."""

    name: str
    closes: bool = False
    empty: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return an attribute, empty where it is not there."""
        return self.attributes.get(name, "").strip()


def decoded(data: bytes, name: str) -> str:
    """Return the text of a page, by its mark, by what it says of itself, or as UTF-8.

    Raises:
        ImportRefused: larger than LARGEST_FILE, empty, no text, or not in the encoding that it says; with the line.
    """
    if len(data) > LARGEST_FILE:
        size, most = len(data) / 1024 / 1024, LARGEST_FILE // 1024 // 1024
        raise ImportRefused([f"“{name}” has {size:,.0f} MB; {most} MB is the most that is read."])
    if not data.strip():
        raise ImportRefused([f"“{name}” is empty."])
    coding = next((coding for mark, coding in _BOMS if data.startswith(mark)), "")
    if not coding and b"\x00" in data:
        raise ImportRefused([f"“{name}” is no text: it holds binary data."])
    if not coding and (said := _DECLARED.search(data[:4096])):
        coding = _known(said[1].decode("ascii"), name)
    coding = coding or "utf-8-sig"
    try:
        return data.decode(coding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        told = f"“{name}” is not in {coding.removesuffix('-sig').upper()}: line {line} holds a byte (0x{data[error.start]:02X})"
        raise ImportRefused([f"{told} that cannot be. Save the page as UTF-8."]) from error


def _known(said: str, name: str) -> str:
    try:
        return _CODINGS[codecs.lookup(said).name]
    except LookupError as unknown:
        raise ImportRefused([f"“{name}” says that it is in “{said}”. Save the page as UTF-8."]) from unknown


def tokens(text: str) -> Iterator[Text | Tag]:
    """Return the tags and texts of a page, in order; comments and declarations are left out.

    Raises:
        ImportRefused: entities of its own, too many tags, or too much in it that only looks like tags.
    """
    text = text.translate(_NO_TEXT)
    if _ENTITY.search(text):
        raise ImportRefused(
            ["The page declares entities of its own, which could stand for anything: they are not read."]
        )
    return _Scanner(text).run()


Token = TypeVar("Token", Text, Tag, None)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._tags, self._broken = text, 0, 0, 0
        #: Ends that are not in the rest of the text: they are not looked for again.
        self._absent: set[str] = set()

    def run(self) -> Iterator[Text | Tag]:
        text, size = self._text, len(self._text)
        while self._at < size:
            start = text.find("<", self._at)
            if start < 0:
                start = size
            if start > self._at:
                yield Text(html.unescape(text[self._at : start]))
            if start == size:
                return
            self._at = start
            token = self._opening(start)
            if token is not None:
                yield token
                if isinstance(token, Tag) and token.name in _OPAQUE and not (token.closes or token.empty):
                    self._skip_opaque(token.name)

    def _opening(self, start: int) -> Text | Tag | None:
        text = self._text
        if text.startswith("<![CDATA[", start):
            end = self._find("]]>", start + 9)
            return self._none("<") if end < 0 else self._upto(end + 3, Text(text[start + 9 : end], kept=True))
        if text.startswith("<!--", start):
            end = self._find("-->", start + 4)
            return self._none("<") if end < 0 else self._upto(end + 3, None)
        if text.startswith(("<!", "<?"), start):
            end = self._find(">", start + 2)
            return self._none("<") if end < 0 else self._upto(end + 1, None)
        closes = text.startswith("/", start + 1)
        name = _NAME.match(text, start + 1 + closes)
        if name is None:
            return self._none("<")  # a “<” that somebody wrote
        return self._tag(name, closes)

    def _tag(self, name: re.Match[str], closes: bool) -> Text | Tag | None:
        text, at, last = self._text, name.end(), name.end() + LONGEST_TAG
        attributes: dict[str, str] = {}
        while found := _ATTRIBUTE.match(text, at, last):
            if found.end() == at:
                break
            at = found.end()
            value = next((part for part in found.groups()[1:] if part is not None), "")
            attributes.setdefault(found[1].casefold(), html.unescape(value) if "&" in value else value)
        while at < last and text[at : at + 1] in ("/", " ", "\t", "\n", "\r", "\f"):
            at += 1
        if text[at : at + 1] != ">":
            return self._none("<")
        self._tags += 1
        if self._tags > MOST_TAGS:
            raise ImportRefused([f"The page has more than {MOST_TAGS:,} tags. No page of a playbook has so many."])
        empty = not closes and text[at - 1] == "/"
        return self._upto(at + 1, Tag(name[0].casefold(), closes, empty, attributes))

    def _find(self, end: str, start: int) -> int:
        if end in self._absent:
            return -1
        found = self._text.find(end, start)
        if found < 0:
            self._absent.add(end)
        return found

    def _upto(self, at: int, token: Token) -> Token:
        self._at = at
        return token

    def _none(self, text: str) -> Text:
        self._broken += 1
        if self._broken > MOST_BROKEN:
            raise ImportRefused(["This is no page: too much in it looks like tags and is none."])
        self._at += len(text)
        return Text(text)

    def _skip_opaque(self, name: str) -> None:
        ends = re.compile(rf"</{name}\b", re.I).search(self._text, self._at)
        self._at = ends.span()[0] if ends else len(self._text)
