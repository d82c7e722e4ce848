"""A book in our own layout (`xlsx_out`): taken as it stands, by the checks of the YAML, so that nothing in it is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from accounts.models import Side
from playbook import vocabulary as words
from playbook.data import PlaybookData
from playbook.importing.columns import columns_of, kind_of
from playbook.importing.grid import COLUMNS_OF, Budget
from playbook.importing.raw import ImportRefused, Note, Page, RawRow, RawTable
from playbook.nodes import FormatError, Node, Problem
from playbook.reading import of_tree
from raci.letters import LETTERS
from sheets.reading import Grid, as_text
from transitions.phase import Phase

#: The sheet that `sheets.writing.book` adds: what the file is, as of when, and whose.
ABOUT = "About"
#: What XLSX cannot hold, or openpyxl takes for something else, and the mark that we put in its place.
_UNHELD = re.compile(r"[\ufffe\uffff]|x(?=005F_)|\\(?=u[0-9A-F]{4})")
_HELD = re.compile(r"\\u([0-9A-F]{4})")
_LINES_OF = {"documents", "questions", "needs"}
#: Lines of a sheet as places in a tree: sheet × this + row.
_SHEET = 1_000_000


def held(text: str) -> str:
    """Return a text as XLSX can hold it and openpyxl gives it back: without the two characters that XML has not."""
    return _UNHELD.sub(lambda found: f"\\u{ord(found.group()):04X}", text)


def _unheld(text: str) -> str:
    return _HELD.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text


def is_own(page: Page) -> bool:
    """Whether a page is a book in our own layout, which `read_own` takes as it stands."""
    return any(table.kind == "playbook" for table in page.tables)


def own_page(found: Sequence[Grid], name: str) -> Page:
    """Return the sheets of a book in our own layout, their texts as they are; what somebody added to them becomes notes.

    Raises:
        ImportRefused: beyond a limit, or without the sheet of its steps.
    """
    budget = Budget()
    tables: list[RawTable] = []
    notes: list[Note] = []
    for grid in found:
        lines = [(number, [_unheld(as_text(value)) for value in line]) for number, line in grid.lines]
        for number, cells in lines:
            budget.take(cells, f"{grid.title}!{number}")
        if not lines or grid.title == ABOUT:
            continue
        kind = kind_of(lines[0][1])
        if kind is None or any(table.kind == kind for table in tables):
            notes.append(Note(grid.title, "\n".join(" | ".join(filter(None, cells)) for _, cells in lines)))
            continue
        places = columns_of(lines[0][1], COLUMNS_OF[kind])
        rows = []
        for number, cells in lines[1:]:
            where = f"{grid.title}!{number}"
            rows.append(
                RawRow(where, {column: (cells[at] if at < len(cells) else "") for at, column in places.items()})
            )
            rest = [cell for at, cell in enumerate(cells) if at not in places and cell]
            if rest:
                notes.append(Note(where, " | ".join(rest)))
        tables.append(RawTable(kind, grid.title, tuple(rows)))
    if not any(table.kind == "steps" for table in tables):
        raise ImportRefused([f"“{name}” has a sheet of the playbook and none of its steps."])
    fields = dict(_fields(tables))
    return Page(name, fields.get("title", ""), fields.get("source page", ""), tuple(tables), tuple(notes))


def _fields(tables: Sequence[RawTable]) -> Iterator[tuple[str, str]]:
    for table in tables:
        if table.kind == "playbook":
            for row in table.rows:
                yield row.values["field"].strip().casefold(), row.values["value"]


def read_own(page: Page) -> PlaybookData:
    """Return the playbook that a book in our own layout says, field by field as it stands.

    Source: issue 7 ("version → XLSX → version"). What is wrong is found by the checks of the YAML (`playbook.reading`).

    Raises:
        ImportRefused: with every problem found, each with its sheet and row.
    """
    tree = _Tree(page)
    try:
        return of_tree(tree.playbook())
    except FormatError as refused:
        raise ImportRefused([tree.told(problem) for problem in refused.problems[:50]]) from refused


class _Tree:
    """The rows of our own sheets as the tree that the YAML would be; a line of it is a row of a sheet."""

    def __init__(self, page: Page) -> None:
        self._tables = page.tables
        self._wheres: dict[int, str] = {}

    def told(self, problem: Problem) -> str:
        """Return a problem with the row in which it is."""
        text = re.sub(r"line (\d{7,9})", lambda found: self._wheres.get(int(found[1]), found[0]), problem.text)
        where = self._wheres.get(problem.line, "")
        return ": ".join(filter(None, (where, problem.key, text)))

    def playbook(self) -> Node:
        """Return the whole tree."""
        node = self._playbook()
        for key, kind, entry in (("changes", "changes", self._change), ("roles", "roles", self._role)):
            self._put(node, key, self._list(node.line, [entry(row, line) for row, line in self._rows(kind)]))
        self._put(node, "documents", self._list(node.line, self._documents()))
        self._put(node, "steps", self._list(node.line, self._steps()))
        return node

    def _rows(self, kind: str) -> Iterator[tuple[RawRow, int]]:
        for place, table in enumerate(self._tables, 1):
            if table.kind == kind:
                for row in table.rows:
                    line = place * _SHEET + int(row.where.rpartition("!")[2])
                    self._wheres[line] = row.where
                    yield row, line

    # Nodes ------------------------------------------------------------------------------------------------------------

    def _map(self, line: int) -> Node:
        return Node("map", line)

    def _put(self, node: Node, key: str, value: Node | None) -> None:
        if value is not None:
            node.items += [Node("str", value.line, key), value]

    def _list(self, line: int, items: Sequence[Node]) -> Node:
        return Node("seq", line, items=list(items))

    def _texts(self, said: Sequence[str], line: int) -> Node:
        return self._list(line, [Node("str", line, text) for text in said])

    def _text(self, text: str, line: int) -> Node | None:
        return Node("str", line, text) if text else None

    def _whole(self, text: str, line: int) -> Node | None:
        if not text:
            return None
        return Node("int" if re.fullmatch(r"\d{1,10}", text) else "str", line, text)

    def _flag(self, text: str, line: int) -> Node | None:
        said = {"yes": "true", "true": "true", "no": "false", "false": "false"}.get(text.strip().casefold(), text)
        return Node("bool", line, said) if text else None

    def _choice(self, text: str, labels: Sequence[tuple[str, str]], line: int) -> Node | None:
        """Return the value whose label the cell has, or the cell as it is."""
        wanted = text.strip().casefold()
        return self._text(next((value for value, label in labels if wanted == label.casefold()), text), line)

    def _source(self, text: str, line: int) -> Node | None:
        """Return `file: a.txt` and the like, one a line."""
        if not text:
            return None
        node = self._map(line)
        for said in text.split("\n"):
            key, _, value = said.partition(":")
            self._put(node, key.strip(), Node("str", line, value.strip()))
        return node

    # Rows -------------------------------------------------------------------------------------------------------------

    def _playbook(self) -> Node:
        rows = list(self._rows("playbook"))
        node = self._map(rows[0][1] if rows else _SHEET)
        self._wheres.setdefault(node.line, "Playbook")
        source, questions = self._map(node.line), self._list(node.line, [])
        for row, line in rows:
            name, value = row.values["field"].strip().casefold(), row.values["value"]
            if name == "playbook":
                self._put(node, "playbook", self._text(value, line))
            elif name == "title":
                self._put(node, "title", self._text(value, line))
            elif name == "kind":
                self._put(node, "kind", self._choice(value, words.PlaybookKind.choices, line))
            elif name == "version":
                self._put(node, "version", self._whole(value, line))
            elif name.startswith("source "):
                self._put(source, name.removeprefix("source "), Node("str", line, value))
            elif name == "open question":
                questions.items.append(Node("str", line, value))
            else:
                self._put(
                    node, row.values["field"].strip(), Node("str", line, value)
                )  # named as no key that belongs here
        self._put(node, "source", source if source.items else None)
        self._put(node, "open_questions", questions)
        return node

    def _change(self, row: RawRow, line: int) -> Node:
        node = self._map(line)
        for key in ("version", "date", "author", "note"):
            self._put(node, key, self._text(row.values.get(key, ""), line))
        return node

    def _role(self, row: RawRow, line: int) -> Node:
        node, values = self._map(line), row.values
        for key in ("code", "name", "team"):
            self._put(node, key, self._text(values.get(key, ""), line))
        self._put(node, "side", self._choice(values.get("side", ""), Side.choices, line))
        self._put(node, "manages", self._flag(values.get("manages", ""), line))
        self._put(node, "signs_as", self._choice(values.get("signs_as", ""), words.SignsAs.choices, line))
        return node

    def _documents(self) -> list[Node]:
        """Return the documents, each with the sections whose rows name its slug."""
        found: dict[str, Node] = {}
        sections: dict[str, Node] = {}
        nodes: list[Node] = []
        for row, line in self._rows("documents"):
            values = row.values
            slug = values.get("slug", "")
            if not values.get("section") or slug not in found:
                node = self._map(line)
                for key in ("slug", "title"):
                    self._put(node, key, self._text(values.get(key, ""), line))
                for key in ("mandatory", "live"):
                    self._put(node, key, self._flag(values.get(key, ""), line))
                nodes.append(node)
                found.setdefault(slug, node)
            if values.get("section"):
                part = self._map(line)
                self._put(part, "slug", self._text(values["section"], line))
                self._put(part, "title", self._text(values.get("section_title", ""), line))
                self._put(part, "mandatory", self._flag(values.get("section_mandatory", ""), line))
                if slug not in sections:
                    sections[slug] = self._list(line, [])
                    self._put(found[slug], "sections", sections[slug])
                sections[slug].items.append(part)
        return nodes

    def _steps(self) -> list[Node]:
        """Return the steps; a row of a key and lists alone goes on with the step above (a cell holds 32,767 characters)."""
        nodes: list[Node] = []
        lists: dict[str, Node] = {}
        above = ""
        for row, line in self._rows("steps"):
            said = {column for column, text in row.values.items() if text}
            goes_on = bool(nodes) and row.values.get("key") == above and said <= {"key", *_LINES_OF}
            if not goes_on:
                nodes.append(self._step(row, line))
                lists = {column: self._list(line, []) for column in sorted(_LINES_OF) if column in row.values}
                for column, key in (("needs", "needs"), ("documents", "documents"), ("questions", "open_questions")):
                    self._put(nodes[-1], key, lists.get(column))
            for column, node in lists.items():
                text = row.values.get(column, "")
                node.items += [Node("str", line, entry) for entry in text.split("\n") if entry.strip()]
            above = row.values.get("key", "")
        return nodes

    def _step(self, row: RawRow, line: int) -> Node:
        node, values = self._map(line), row.values
        for column, key in (
            *(("key", "key"), ("category", "category"), ("title", "title"), ("guidance", "guidance")),
            *(("raci", "raci_source"), ("meeting", "meeting")),
        ):
            self._put(node, key, self._text(values.get(column, ""), line))
        self._put(node, "number", self._whole(values.get("number", ""), line))
        self._put(node, "duration_days", self._whole(values.get("duration", ""), line))
        self._put(node, "phase", self._choice(values.get("phase", ""), Phase.choices, line))
        self._put(node, "applies", self._choice(values.get("applies", ""), words.Applies.choices, line))
        self._put(node, "approval", self._choice(values.get("approval", ""), words.ApprovalKind.choices, line))
        if any(letter.casefold() in values for letter in LETTERS):
            raci = self._map(line)
            for letter in LETTERS:
                self._put(raci, letter, self._texts(_codes(values.get(letter.casefold(), "")), line))
            self._put(node, "raci", raci)
            self._put(node, "derived", self._texts(_codes(values.get("derived", "")), line))
        self._put(node, "source", self._source(values.get("source", ""), line))
        return node


def _codes(cell: str) -> list[str]:
    return [code.strip() for code in cell.split(",") if code.strip()]
