"""Form fields for lists that a person types: one entry a line, or role codes in a seat."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from playbook import vocabulary as words
from playbook.nodes import text_problem
from raci.grammar import CellError


class LinesField(forms.CharField):
    """A list of different texts, one a line; empty lines do not count."""

    def __init__(self, *, entry_limit: int, rows: int = 3, **kwargs: Any) -> None:
        self.entry_limit = entry_limit
        attrs = {"rows": rows, "cols": 100, "class": "vLargeTextField"}
        super().__init__(required=False, widget=forms.Textarea(attrs=attrs), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a stored list as lines; what somebody typed stays as it was typed."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        """Return the lines.

        Raises:
            ValidationError: naming the line that is too long or stands there twice.
        """
        entries = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        if len(entries) > words.MOST_LISTED:
            raise ValidationError(f"{len(entries):,} entries; {words.MOST_LISTED} is the most.")
        for at, entry in enumerate(entries, 1):
            if problem := text_problem(entry, self.entry_limit):
                raise ValidationError(f"Entry {at}: {problem}.")
            if entry in entries[: at - 1]:
                raise ValidationError(f"Entry {at} stands there twice: “{entry[:60]}”.")
        return entries

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists, not the texts that show them."""
        lines = [line.strip() for line in str(data or "").splitlines() if line.strip()]
        return list(initial or []) != lines


def read_codes(text: str, *, listed: Collection[str]) -> tuple[str, ...]:
    """Read one seat: role codes parted by commas or slashes, as in a source cell.

    Source: domain.md, "Reading an R / A / C / I cell".

    Args:
        text: what was typed; blank is nobody.
        listed: the codes of the version's role list.

    Raises:
        CellError: a code that is missing, not listed or named twice, with its place.
    """
    if not text.strip():
        return ()
    found: list[str] = []
    at = 0
    for piece in re.split("[,/]", text):
        code, start = " ".join(piece.split()), at + len(piece) - len(piece.lstrip())
        at += len(piece) + 1
        if not code:
            raise CellError("a role is missing", text, start)
        if code not in listed:
            raise CellError(f"unknown role {code!r}", text, start)
        if code in found:
            raise CellError(f"role {code!r} named twice", text, start)
        found.append(code)
    return tuple(found)
