"""The text of a cell or a paragraph, put together from the pieces of a page: blanks run together, lists stay lists."""

from __future__ import annotations

_STEP, _KEPT = "\x01", "\x02"


class Writer:
    """Takes words and line ends in order, and gives the text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_fresh = True

    def words(self, text: str) -> None:
        """Add running text; its line ends are blanks."""
        if not text or (self._is_fresh and text.isspace()):
            return
        self._parts.append(" ".join(text.split("\n")))
        self._is_fresh = self._is_fresh and text.isspace()

    def kept(self, text: str) -> None:
        """Add text whose lines and indents stay as they are."""
        for place, line in enumerate(text.split("\n")):
            if place:
                self._parts.append("\n")
            self._parts.append(f"{_KEPT}{line}" if not self._parts or self._parts[-1].endswith("\n") else line)
        self._is_fresh = False

    def line(self) -> None:
        """End the line, unless nothing is on it."""
        if not self._is_fresh:
            self._parts.append("\n")
            self._is_fresh = True

    def item(self, depth: int) -> None:
        """Begin an item of a list that is `depth` lists deep."""
        # An item before that has nothing in it yet is on a line, too.
        if self._parts and not self._parts[-1].endswith("\n"):
            self._parts.append("\n")
        self._parts.append(f"{_STEP * (depth - 1)}- ")
        self._is_fresh = True

    def tick(self, *, done: bool) -> None:
        """Say of the item that has just begun whether it is done."""
        self._parts.append("[x] " if done else "[ ] ")

    def mark(self) -> int:
        """Return the place at which the next piece will stand."""
        return len(self._parts)

    def since(self, mark: int) -> str:
        """Return on one line what was added since a mark."""
        text = "".join(self._parts[mark:]).replace(_STEP, "").replace(_KEPT, "")
        return " ".join(text.split())

    def text(self) -> str:
        """Return what was added, its lines without blanks at their ends and items indented by two for each list around theirs."""
        lines: list[str] = []
        for line in "".join(self._parts).split("\n"):
            if line.startswith(_KEPT):
                lines.append(line[1:].rstrip())
                continue
            bare = line.lstrip(" ")
            depth = len(bare) - len(bare.lstrip(_STEP))
            words = " ".join(bare[depth:].replace(_STEP, "").replace(_KEPT, "").split())
            if words not in ("", "-"):
                lines.append("  " * depth + words)
        return "\n".join(lines).strip()
