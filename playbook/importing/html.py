"""A page of a wiki, as its HTML export or its storage format has it, becomes tables and notes.

Source: issue 7 ("Confluence HTML: tables with header rows, merged and blank cells, nested lists, links, macros, emoji,
non-breaking spaces"). Nothing is fetched and nothing in the page runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from playbook.importing.grid import MOST_COLUMNS, MOST_ROWS, MOST_TEXT, Budget, tables_in, tidy
from playbook.importing.markup import Tag, Text, decoded, tokens
from playbook.importing.merged import Cell, Rows, times, too_wide, unfolded
from playbook.importing.raw import ImportRefused, Note, Page, RawTable
from playbook.importing.wiki import PLAIN_MACROS, emoticon, image, number_in_name, number_of, page_title
from playbook.importing.writer import Writer

MOST_TABLES = 200
DEEPEST = 60
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SKIPPED = {
    *("script", "style", "svg", "noscript", "template", "object", "iframe", "ac:task-id", "ac:task-uuid"),
    *("ac:adf-attribute", "ac:schema-version"),
}
#: What a panel says for readers that do not know it: the same once more, where its own text was there.
_TWICE = "ac:adf-fallback"
_LISTS = ("ul", "ol", "ac:task-list")
#: Elements that are followed to their end; all others only part lines, or words, or nothing.
_FOLLOWED = {
    *_HEADINGS, *_SKIPPED, *_LISTS, "title", "table", "caption", "tr", "td", "th", "li", "pre", "a", "ac:link", "ac:image",
    "ac:structured-macro", "ac:macro", "ac:parameter", "ac:plain-text-body", "ac:plain-text-link-body", "ac:link-body", "ac:task",
    "ac:task-status", "ac:placeholder", "ac:adf-extension", _TWICE,
}  # fmt: skip
_LINED = {
    *("p", "div", "blockquote", "section", "article", "header", "footer", "dl", "dt", "dd", "hr", "address", "figure"),
    *("details", "summary", "br", "thead", "tbody", "tfoot", "ac:rich-text-body", "ac:layout", "ac:layout-section"),
    *("ac:layout-cell", "ac:adf-content", "center", "main", "nav", "aside", "form", "option"),
}
_VOID = {"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "source", "embed", "param"}
#: An opening of one of these ends what is open of those, up to the element after the bar.
_ENDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "td": (("td", "th"), ("tr", "table")),
    "th": (("td", "th"), ("tr", "table")),
    "tr": (("tr",), ("table",)),
    "thead": (("tr", "caption"), ("table",)),
    "tbody": (("tr", "caption"), ("table",)),
    "tfoot": (("tr", "caption"), ("table",)),
    "li": (("li",), (*_LISTS, "td", "th", "table")),
}


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet. `writer`: it had its own text; `mark`: where in the writer around it began."""

    name: str
    writer: Writer | None = None
    mark: int = 0
    data: dict[str, str] = field(default_factory=dict)


def read_html(data: bytes, name: str) -> Page:
    """Return what a page says: its title and number, its tables, and the text around them.

    Args:
        data: the file, HTML as a wiki exports it or XHTML as it stores it.
        name: what the file is called.

    Raises:
        ImportRefused: too large, not in its encoding, entities of its own, beyond a limit, or without a table of steps.
    """
    reader = _Reader(name)
    for token in tokens(decoded(data, name)):
        if isinstance(token, Text):
            reader.text(token)
        elif token.closes:
            reader.close(token.name)
        else:
            reader.open(token)
    return reader.page()


class _Reader:
    """Follows the page from its first tag to its last."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._writers = [Writer()]
        self._tables: list[Rows] = []
        self._seen_tables = self._seen_rows = 0
        self._heading, self._heading_used = "", True
        self._titles: dict[str, str] = {}
        self._number = ""
        self._skipping = 0
        self._budget = Budget()
        self._noted = 0
        self._strange: dict[str, str] = {}
        self._unread: list[str] = []
        self.found: list[RawTable] = []
        self.notes: list[Note] = []

    @property
    def _writer(self) -> Writer:
        return self._writers[-1]

    # What comes in ----------------------------------------------------------------------------------------------------

    def text(self, token: Text) -> None:
        """Take characters."""
        if self._skipping:
            return
        if (token.kept and self._inside("ac:plain-text-body", "pre")) or self._inside("pre"):
            self._writer.kept(token.text.replace("\r\n", "\n"))
        else:
            self._writer.words(token.text)

    def open(self, tag: Tag) -> None:
        """Take a beginning tag."""
        name = tag.name
        if name in _ENDS:
            self._end(*_ENDS[name])
        if self._skipping and name not in _SKIPPED:
            return
        if name == "ac:adf-content" and (holder := self._innermost("ac:adf-extension")) is not None:
            holder.data["=content"] = "here"
        if name in _LINED:
            self._writer.line()
        self._take_alone(tag)
        if name in _FOLLOWED:
            if len(self._open) >= DEEPEST:
                raise ImportRefused([f"“{self._name}” is nested deeper than {DEEPEST} elements."])
            self._open.append(self._begun(tag))
            if tag.empty:
                self.close(name)

    def close(self, name: str) -> None:
        """Take an end tag; one that ends nothing is passed over."""
        if name in _LINED and not self._skipping:
            self._writer.line()
        if name not in _FOLLOWED or (self._skipping and name not in _SKIPPED and name != _TWICE):
            return
        within = (
            () if name == "table" else ("table",) if name in ("td", "th", "tr", "caption") else ("td", "th", "table")
        )
        self._end((name,), within)

    def page(self) -> Page:
        """Return the page when its last tag is in."""
        if (lost := self._innermost(*_SKIPPED)) is not None:
            self._note("end of the page", f"<{lost.name}> has no end: what follows it was not read.")
        while self._open:
            self._finish(self._open.pop())
        self._flush()
        self._note_heading()
        self.notes += [Note(f"macro “{name}”", text) for name, text in self._strange.items()]
        if not any(table.kind == "steps" for table in self.found):
            raise ImportRefused([self._nothing_found()])
        title = self._titles.get("title") or self._titles.get("h1", "")
        return Page(
            file=self._name,
            title=page_title(title),
            page=self._number or number_in_name(self._name),
            tables=tuple(self.found),
            notes=tuple(self.notes),
        )

    # Elements ---------------------------------------------------------------------------------------------------------

    def _inside(self, *names: str) -> bool:
        return any(one.name in names for one in reversed(self._open[-4:]))

    def _innermost(self, *names: str) -> _Open | None:
        return next((one for one in reversed(self._open) if one.name in names), None)

    def _end(self, names: tuple[str, ...], within: tuple[str, ...]) -> None:
        """End the innermost open element of these names, and what is open in it, unless one of `within` stands between."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].name in names:
                while len(self._open) > place:
                    self._finish(self._open.pop())
                return
            if self._open[place].name in within:
                return

    def _begun(self, tag: Tag) -> _Open:
        name, opened = tag.name, _Open(tag.name, mark=self._writer.mark(), data=dict(tag.attributes))
        holder = self._innermost("ac:adf-extension") if name == _TWICE else None
        if name in _SKIPPED or (holder is not None and "=content" in holder.data):
            opened.data["=skipped"] = "yes"
            self._skipping += 1
        elif name in _HEADINGS and not self._tables:
            self._flush()
            opened.writer = Writer()
        elif name in _HEADINGS or name == "pre":
            self._writer.line()
        elif name in ("title", "td", "th", "caption", "ac:parameter", "ac:task-status", "ac:placeholder"):
            if name in ("td", "th") and not self._tables:
                return opened
            opened.writer = Writer()
        elif name == "table":
            self._begin_table()
        elif name == "tr" and self._tables:
            self._begin_row()
        elif name in ("li", "ac:task"):
            self._writer.item(max(1, self._lists()))
        elif name in ("ac:structured-macro", "ac:macro") and tag.get("ac:name") not in ("status", "jira", "anchor"):
            self._writer.line()
        if opened.writer is not None:
            self._writers.append(opened.writer)
        return opened

    def _lists(self) -> int:
        depth = 0
        for one in reversed(self._open):
            if one.name in ("td", "th"):
                break
            depth += one.name in _LISTS
        return depth

    def _finish(self, one: _Open) -> None:
        said = ""
        if one.writer is not None:
            self._writers.remove(one.writer)
            said = tidy(one.writer.text())
        if "=skipped" in one.data:
            self._skipping -= 1
        elif one.name in _HEADINGS:
            self._head(one, said)
        elif (handler := self._HANDLERS.get(one.name)) is not None:
            handler(self, one, said)

    def _head(self, one: _Open, said: str) -> None:
        if one.writer is None:
            self._writer.line()
        elif said:
            self._note_heading()
            self._heading, self._heading_used = " ".join(said.split()), False
            if one.name == "h1":
                self._titles.setdefault("h1", self._heading)

    def _title(self, one: _Open, said: str) -> None:
        self._titles.setdefault("title", " ".join(said.split()))

    def _caption(self, one: _Open, said: str) -> None:
        if said:
            self._note(self._heading or "a table", said)

    def _list(self, one: _Open, said: str) -> None:
        self._writer.line()

    def _link(self, one: _Open, said: str) -> None:
        address, words = one.data.get("href", "").strip(), self._writer.since(one.mark)
        bare = address.removeprefix("mailto:").rstrip("/")
        if re.match(r"(?:https?|mailto):", address, re.I) and bare not in (words, words.rstrip("/")):
            self._writer.words(f" ({address})" if words else address)

    def _wiki_link(self, one: _Open, said: str) -> None:
        target, words = one.data.get("target", ""), self._writer.since(one.mark)
        if target and target not in words:
            self._writer.words(f" ({target})" if words else target)

    def _picture(self, one: _Open, said: str) -> None:
        named = one.data.get("ac:alt") or one.data.get("ac:title") or one.data.get("target", "")
        self._writer.words(f" [picture: {named}] " if named else " [picture] ")

    def _parameter(self, one: _Open, said: str) -> None:
        macro = self._innermost("ac:structured-macro", "ac:macro")
        if macro is None or not said:
            return
        name, parameter = macro.data.get("ac:name", ""), one.data.get("ac:name", "")
        if (name, parameter) in (("status", "title"), ("jira", "key")):
            self._writer.words(said)
        elif parameter == "title" and name in PLAIN_MACROS:
            self._writer.words(said)
            self._writer.line()
        elif name not in PLAIN_MACROS and len(macro.data) < 20:
            macro.data[f"={parameter}"] = said[:200]

    def _macro(self, one: _Open, said: str) -> None:
        name = one.data.get("ac:name", "?")[:80]
        if name in ("status", "jira", "anchor"):
            return
        self._writer.line()
        if name not in PLAIN_MACROS and len(self._strange) < 50:
            told = ", ".join(f"{key[1:]}: {value}" for key, value in one.data.items() if key.startswith("="))
            has_text = self._writer.since(one.mark)
            text = "We do not know this macro. " + ("Its text is kept." if has_text else "It has no text in the page.")
            self._strange.setdefault(name, f"{text} It says {told}." if told else text)

    def _plain_text(self, one: _Open, said: str) -> None:
        self._writer.line()

    def _task_status(self, one: _Open, said: str) -> None:
        self._writer.tick(done=said == "complete")

    def _placeholder(self, one: _Open, said: str) -> None:
        if said:
            self._note(self._heading or "a placeholder", f"A placeholder of the page says: {said}")

    # Tables -----------------------------------------------------------------------------------------------------------

    def _begin_table(self) -> None:
        if not self._tables:
            self._flush()
        else:
            self._writer.line()
        self._seen_tables += 1
        if self._seen_tables > MOST_TABLES:
            raise ImportRefused([f"“{self._name}” has more than {MOST_TABLES} tables."])
        self._tables.append(Rows(self._seen_tables, self._heading))

    def _begin_row(self) -> None:
        self._seen_rows += 1
        table = self._tables[-1]
        table.rows.append([])
        if self._seen_rows > MOST_ROWS:
            where = f"table {table.number}, row {len(table.rows)}"
            raise ImportRefused([f"{where}: more than {MOST_ROWS:,} rows. No playbook has so many."])

    def _cell(self, one: _Open, said: str) -> None:
        if one.writer is None or not self._tables:
            return
        rows = self._tables[-1].rows
        if not rows:
            rows.append([])
        if len(rows[-1]) > MOST_COLUMNS:
            too_wide(self._tables[-1], len(rows))
        rows[-1].append(
            Cell(said, times(one.data.get("colspan"), MOST_COLUMNS + 1), times(one.data.get("rowspan"), 65_534))
        )

    def _table(self, one: _Open, said: str) -> None:
        if not self._tables:
            return
        table = self._tables.pop()
        name = f"table {table.number}"
        lines = unfolded(table, self._budget)
        found, notes = tables_in(lines, name=name, where=lambda number: f"{name}, row {number}")
        if found:
            self.found += found
            self._heading_used = True
            for note in notes:
                self._note(note.where, note.text)
        elif self._tables:
            for note in notes:
                self._writer.kept(note.text)
            self._writer.line()
        else:
            if lines:
                self._unread.append(f"{name}: {', '.join(f'“{cell[:40]}”' for cell in lines[0].cells[:8] if cell)}")
            for note in notes:
                self._note(f"{name}, under “{table.heading}”" if table.heading else name, note.text)
            self._heading_used = True

    # What stands alone ------------------------------------------------------------------------------------------------

    def _take_alone(self, tag: Tag) -> None:
        name = tag.name
        if name == "img":
            self._writer.words(image(tag))
        elif name == "ac:emoticon":
            self._writer.words(emoticon(tag))
        elif name == "time":
            self._writer.words(tag.get("datetime"))
        elif name.startswith("ri:"):
            self._target(tag)
        elif name in ("meta", "link") and not self._number:
            self._number = number_of(tag)

    def _target(self, tag: Tag) -> None:
        holder = self._innermost("ac:link", "ac:image")
        label = next(
            (tag.get(key) for key in ("ri:content-title", "ri:filename", "ri:value", "ri:space-key") if tag.get(key)),
            "",
        )
        if tag.name == "ri:user":
            who = tag.get("ri:username") or tag.get("ri:account-id") or tag.get("ri:userkey")
            label = f"@{who}" if who else "@somebody"
        if holder is not None and label:
            holder.data.setdefault("target", label)
        elif label and self._inside("ac:parameter"):
            self._writer.words(label)

    # Notes ------------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Keep the text that stood outside of tables since the last heading or table."""
        text = tidy(self._writers[0].text())
        # The same writer stays in its place: what is open may hold marks of it.
        self._writers[0] = Writer()
        if text:
            self._note(self._heading or "top of the page", text)
            self._heading_used = True

    def _note_heading(self) -> None:
        if not self._heading_used and self._heading not in self._titles.values():
            self._note("a heading", self._heading)
        self._heading_used = True

    def _note(self, where: str, text: str) -> None:
        self._noted += len(text)
        if self._noted > MOST_TEXT:
            raise ImportRefused(
                [f"“{self._name}” has more than {MOST_TEXT // 1024 // 1024} MB of text outside of its tables."]
            )
        self.notes.append(Note(where[:200], text))

    def _nothing_found(self) -> str:
        told = (
            f"“{self._name}” has no table of steps. Looked for: a heading row with the step (Step, Task, Title) and one at "
            "least of who does it (R / A / C / I), Description, Phase, Required, Number."
        )
        others = [f"{table.where}: {table.kind}" for table in self.found] + self._unread
        return f"{told} Found: {'; '.join(others[:10])}." if others else f"{told} There is no table at all."

    _HANDLERS: dict[str, Callable[[_Reader, _Open, str], None]] = {  # noqa: RUF012
        "title": _title,
        "caption": _caption,
        "td": _cell,
        "th": _cell,
        "table": _table,
        "a": _link,
        "pre": _plain_text,
        "ac:link": _wiki_link,
        "ac:image": _picture,
        "ac:parameter": _parameter,
        "ac:structured-macro": _macro,
        "ac:macro": _macro,
        "ac:plain-text-body": _plain_text,
        "ac:task-status": _task_status,
        "li": _list,
        "ac:placeholder": _placeholder,
        "ul": _list,
        "ol": _list,
        "ac:task-list": _list,
        "ac:task": _list,
    }
