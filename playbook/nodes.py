"""YAML with places: a small tree in which every value knows its line, and a reader that says what is wrong, and where.

Nothing here knows what a playbook is; `playbook.format` does. Anchors, aliases and deep nesting are refused before a tree is
built, so that a short file cannot become a huge one.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import yaml

# libyaml reads the same language some twenty times as fast; wheels have it, a source build may not.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()
_TAG = "tag:yaml.org,2002:"
_DEEPEST = 8
_MOST_SHOWN = 20
_KEY_ON_LINE = re.compile(r"^\s*(?:- +)?[{]?\s*([A-Za-z_][\w-]*)\s*:")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: its 1-based `line`, the `key` that it stands under, and a sentence."""

    line: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.key}: {self.text}" if self.key else f"line {self.line}: {self.text}"


class FormatError(ValueError):
    """A file that is no playbook. `line`, `key` and `text` are those of the first problem; `problems` has them all."""

    def __init__(self, line: int, key: str, text: str, more: Sequence[Problem] = ()) -> None:
        self.line, self.key, self.text = line, key, text
        self.problems = (Problem(line, key, text), *more)
        shown = [str(problem) for problem in self.problems[:_MOST_SHOWN]]
        unshown = len(self.problems) - len(shown)
        super().__init__("; ".join([*shown, f"and {unshown} more"] if unshown else shown))

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> FormatError:
        """Return the error that carries `problems` (at least one), in the order of the file."""
        first, *more = sorted(problems, key=lambda problem: problem.line)
        return cls(first.line, first.key, first.text, more)


@dataclass(slots=True)
class Node:
    """A value of the file: `value` is a text, a list of nodes, or a list of pairs of nodes, as `tag` says."""

    tag: str
    line: int
    text: str = ""
    items: list[Node] = field(default_factory=list)

    @property
    def is_null(self) -> bool:
        """Whether the file says that there is nothing."""
        return self.tag == "null"

    @property
    def kind(self) -> str:
        """What a person would call the value."""
        return {"map": "a mapping", "seq": "a list", "str": "a text", "int": "a number", "null": "nothing"}.get(
            self.tag, f"{self.tag} “{self.text[:40]}”"
        )


def compose(text: str) -> Node:
    """Return the one document of `text` as a tree.

    Raises:
        FormatError: no YAML, no document or several, an anchor, an alias, or nested deeper than any playbook is.
    """
    root = Node("seq", 1)
    open_nodes = [root]
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            _take(event, open_nodes, text)
    except yaml.YAMLError as error:
        line = _line_of(error, text)
        raise FormatError(line, _key_near(text, line), f"this is no YAML: {_words_of(error)}") from error
    if not root.items:
        raise FormatError(1, "", "the file is empty")
    if len(root.items) > 1:
        raise FormatError(root.items[1].line, "", "a file holds one playbook; here a second document begins")
    return root.items[0]


def _take(event: yaml.Event, open_nodes: list[Node], text: str) -> None:
    line = event.start_mark.line + 1 if event.start_mark else 1
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise FormatError(line, _key_near(text, line), "anchors and aliases (&, *) are not taken: write the value out")
    if isinstance(event, yaml.ScalarEvent):
        open_nodes[-1].items.append(Node(_tag_of(event), line, event.value))
    elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        if len(open_nodes) > _DEEPEST:
            raise FormatError(line, _key_near(text, line), f"nested deeper than {_DEEPEST} levels")
        node = Node("map" if isinstance(event, yaml.MappingStartEvent) else "seq", line)
        if event.tag not in (None, "!", f"{_TAG}{node.tag}"):
            node.tag = event.tag
        open_nodes[-1].items.append(node)
        open_nodes.append(node)
    elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        open_nodes.pop()


def _tag_of(event: yaml.ScalarEvent) -> str:
    tag = event.tag
    if tag in (None, "!"):
        tag = _resolved(event) if tag is None else f"{_TAG}str"
    return str(tag).removeprefix(_TAG)


def _resolved(event: yaml.ScalarEvent) -> str:
    return str(_RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]


def _line_of(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    return text.count("\n", 0, getattr(error, "position", 0)) + 1


def _words_of(error: yaml.YAMLError) -> str:
    context, problem = getattr(error, "context", None), getattr(error, "problem", None) or getattr(error, "reason", "")
    return ", ".join(word for word in (context, problem) if word) or "it cannot be read"


def _key_near(text: str, line: int) -> str:
    """Return the key on the line, or the nearest above it: where a person would look."""
    for candidate in reversed(text.splitlines()[:line]):
        found = _KEY_ON_LINE.match(candidate)
        if found:
            return found[1]
    return ""


class Section:
    """One mapping of the file, read key by key. What is wrong is noted in `problems`, and reading goes on.

    Args:
        node: the value; anything but a mapping is a problem, and then every key has its default.
        problems: where problems are noted.
        known: the keys that there are, in their order.
        required: those among them that must be there.
        under: the key that the mapping stands under, for the problems' own key (`raci.R`).
    """

    def __init__(
        self,
        node: Node,
        problems: list[Problem],
        *,
        known: Sequence[str],
        required: Collection[str] = (),
        under: str = "",
    ) -> None:
        self.line, self.problems, self._under, self._required = node.line, problems, under, required
        self._values: dict[str, Node] = {}
        if node.tag != "map":
            problems.append(Problem(node.line, under, f"wants a mapping, not {node.kind}"))
            return
        for key, value in zip(node.items[::2], node.items[1::2], strict=True):
            self._note_key(key, known)
            self._values.setdefault(key.text, value)
        for name in known:
            if name in required and self.get(name) is None:
                self.problem(name, "is empty" if name in self._values else "is missing")

    def _note_key(self, key: Node, known: Sequence[str]) -> None:
        if key.tag in ("map", "seq") or key.text not in known:
            near = difflib.get_close_matches(key.text, known, n=1)
            hint = f"did you mean “{near[0]}”?" if near else f"there are: {', '.join(known)}"
            self.problems.append(Problem(key.line, self._path(key.text[:60]), f"is no key that belongs here; {hint}"))
        elif key.text in self._values:
            self.problems.append(Problem(key.line, self._path(key.text), "stands here twice"))

    def _path(self, name: str) -> str:
        return f"{self._under}.{name}" if self._under else name

    def get(self, name: str) -> Node | None:
        """Return the value of a key, or None where it is absent or null."""
        node = self._values.get(name)
        return None if node is None or node.is_null else node

    def line_of(self, name: str) -> int:
        """Return the line of a key's value, or of the section where the key is absent."""
        return self._values[name].line if name in self._values else self.line

    def problem(self, name: str, text: str, *, line: int | None = None) -> None:
        """Note a problem with the value of a key."""
        self.problems.append(Problem(line or self.line_of(name), self._path(name), text))

    def text(
        self,
        name: str,
        limit: int,
        *,
        default: str = "",
        pattern: tuple[re.Pattern[str], str] | None = None,
        lines: bool = False,
    ) -> str:
        """Return a text of at most `limit` characters, without blanks at its ends.

        Args:
            name: the key.
            limit: the most characters.
            default: what stands for an absent or null value.
            pattern: what the whole text must match, and how to say that.
            lines: whether it may have several lines.
        """
        node = self.get(name)
        if node is None:
            return default
        value = self._text_of(node, name, limit, pattern=pattern, lines=lines)
        if node.tag == "str" and not value and name in self._required:
            self.problem(name, "is empty")
        return value

    def _text_of(
        self,
        node: Node,
        name: str,
        limit: int,
        *,
        pattern: tuple[re.Pattern[str], str] | None = None,
        lines: bool = False,
    ) -> str:
        # An unquoted date or number (`version: 1.0`) is taken as it is written.
        if node.tag not in ("str", "timestamp", "float", "int"):
            self.problem(name, f"wants a text, not {node.kind}", line=node.line)
            return ""
        value = node.text.strip()
        if problem := text_problem(value, limit, lines=lines):
            self.problem(name, problem, line=node.line)
            return value[:limit]
        if value and pattern and not pattern[0].fullmatch(value):
            self.problem(name, f"“{value}” is not {pattern[1]}", line=node.line)
        return value

    def whole(self, name: str, *, least: int, most: int, default: int) -> int:
        """Return a whole number from `least` to `most`."""
        node = self.get(name)
        if node is None:
            return default
        # Decimal digits only: YAML 1.1 would read 010 as eight and 1:30 as ninety.
        if node.tag != "int" or not re.fullmatch(r"0|[1-9][0-9]{0,9}", node.text):
            self.problem(
                name,
                f"wants a whole number, not “{node.text[:40]}”" if node.text else f"wants a number, not {node.kind}",
            )
            return default
        value = int(node.text)
        if not least <= value <= most:
            self.problem(name, f"{value} is not from {least} to {most}")
            return default
        return value

    def flag(self, name: str) -> bool:
        """Return true or false; false where the key is absent."""
        node = self.get(name)
        if node is None or node.text in ("true", "false"):
            return node is not None and node.text == "true"
        self.problem(name, f"wants true or false, not “{node.text[:40]}”")
        return False

    def choice(self, name: str, values: Sequence[str], *, default: str) -> str:
        """Return one of `values`."""
        node = self.get(name)
        if node is None:
            return default
        if node.tag != "str" or node.text not in values:
            self.problem(name, f"“{node.text[:40]}” is none of {', '.join(values)}")
            return default
        return node.text

    def nodes(self, name: str, *, most: int) -> Iterator[Node]:
        """Return the entries of a list of at most `most`."""
        node = self.get(name)
        if node is None:
            return iter(())
        if node.tag != "seq":
            self.problem(name, f"wants a list, not {node.kind}")
            return iter(())
        if len(node.items) > most:
            self.problem(name, f"{len(node.items):,} entries; {most} is the most")
            return iter(())
        return iter(node.items)

    def texts(self, name: str, limit: int, *, most: int) -> tuple[str, ...]:
        """Return a list of different, non-empty texts of at most `limit` characters each."""
        found: list[str] = []
        for node in self.nodes(name, most=most):
            value = self._text_of(node, name, limit)
            if not value:
                self.problem(name, "has an empty entry", line=node.line)
            elif value in found:
                self.problem(name, f"“{value[:60]}” stands in it twice", line=node.line)
            else:
                found.append(value)
        return tuple(found)


def text_problem(value: str, limit: int, *, lines: bool = False) -> str:
    """Return what is wrong with a text for a column or a file, or an empty text.

    Args:
        value: the text.
        limit: the most characters.
        lines: whether it may have several lines.
    """
    if len(value) > limit:
        return f"{len(value):,} characters; {limit:,} is the most"
    if "\n" in value and not lines:
        return "wants one line"
    for character in value:
        # A NUL or half a surrogate pair is taken neither by PostgreSQL nor by a file in UTF-8.
        if character != "\n" and unicodedata.category(character) in ("Cc", "Cs"):
            return f"holds a control character (U+{ord(character):04X})"
    return ""
