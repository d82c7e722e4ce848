"""Reading a page as a person does: the words of its rows and links, without its markup."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Cells:
    """The words of one row's cells, and the addresses that the row leads to."""

    words: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, index: int) -> str:
        return self.words[index]


class Page(HTMLParser):
    """A page taken apart: `rows` of its tables' bodies, `links` by their words, and all `text`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[Cells] = []
        self.links: dict[str, str] = {}
        self.headings: list[str] = []
        self._texts: list[str] = []
        self._body = self._cell = self._quiet = False
        self._opened: list[tuple[str, str, int]] = []
        self.feed(html)

    @property
    def text(self) -> str:
        """Every word of the page."""
        return _words(self._texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "tbody":
            self._body = True
        elif tag == "tr" and self._body:
            self.rows.append(Cells())
        elif tag in {"td", "th"} and self._body:
            self.rows[-1].words.append("")
            self._cell = True
        elif tag in {"div", "p", "form"}:
            self.handle_data(" ")
        elif tag in {"a", "h1", "h2"}:
            self._opened.append((tag, given.get("href", ""), len(self._texts)))
            if tag == "a" and self._body:
                self.rows[-1].links.append(given.get("href", ""))
        elif tag in {"input", "form"} and self._body:
            self.rows[-1].fields[given.get("name", "action")] = given.get("value", given.get("action", ""))
        if tag == "form" and self._body:
            self.rows[-1].fields["action"] = given["action"]
        self._quiet = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        if tag == "tbody":
            self._body = False
        elif tag in {"td", "th"}:
            self._cell = False
        elif tag in {"a", "h1", "h2"} and self._opened:
            kind, address, start = self._opened.pop()
            words = _words(self._texts[start:])
            if kind == "a":
                self.links[words] = address
            else:
                self.headings.append(words)
        self._quiet = False

    def handle_data(self, data: str) -> None:
        if self._quiet:
            return
        self._texts.append(data)
        if self._cell and self._body:
            self.rows[-1].words[-1] = _words([self.rows[-1].words[-1], data])


def _words(parts: list[str]) -> str:
    return " ".join(" ".join(parts).split())
