"""Form fields for lists that a person types: one entry a line (texts, changes, documents), or role codes in a seat."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from playbook import vocabulary as words
from playbook.data import CHANGE_KEYS
from playbook.nodes import text_problem
from playbook.reading import is_date
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


class ChangesField(LinesField):
    """The source's change log, an entry a line: `version | date | author | note`."""

    def prepare_value(self, value: Any) -> Any:
        """Show stored entries as lines."""
        if isinstance(value, list):
            value = [self._line(change) for change in value]
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        """Return the entries.

        Raises:
            ValidationError: naming the line that has not four parts, no version or no possible date.
        """
        return [self._entry(at, line) for at, line in enumerate(super().to_python(value), 1)]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as lines."""
        return super().has_changed([self._line(change) for change in initial or []], data)

    def _line(self, change: dict[str, str | None]) -> str:
        return " | ".join(change.get(name) or "" for name in CHANGE_KEYS)

    def _entry(self, at: int, line: str) -> dict[str, str | None]:
        parts = [part.strip() for part in line.split("|", 3)]
        if len(parts) != len(CHANGE_KEYS) or not parts[0]:
            raise ValidationError(
                f"Entry {at}: write it as version | date | author | note, parts left empty where unknown."
            )
        version, date, author, note = parts
        if date and not is_date(date):
            raise ValidationError(f"Entry {at}: “{date}” is no date such as 2025-01-31. Leave it empty where unknown.")
        return {"version": version, "date": date or None, "author": author or None, "note": note}


class DocumentsField(LinesField):
    """The documents of a draft, a document or section a line: `slug | title | mandatory`, `slug/section | title`."""

    def prepare_value(self, value: Any) -> Any:
        """Show stored documents as lines."""
        if isinstance(value, list):
            value = document_lines(value)
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        """Return the documents as plain values.

        Raises:
            ValidationError: naming the line that is no document or section, or stands under a document that is not there.
        """
        found: dict[str, dict[str, Any]] = {}
        for at, line in enumerate(super().to_python(value), 1):
            path, title, marks = self._entry(at, line)
            slug, _, section = path.partition("/")
            one = {"slug": section or slug, "title": title, "mandatory": "mandatory" in marks}
            if not section:
                if slug in found:
                    raise ValidationError(f"Entry {at}: “{slug}” is another document’s slug already.")
                found[slug] = one | {"live": "live" in marks, "sections": []}
            elif slug not in found:
                raise ValidationError(f"Entry {at}: the document “{slug}” has to stand above its sections.")
            else:
                self._put_under(found[slug], one, at)
        return list(found.values())

    def _put_under(self, document: dict[str, Any], section: dict[str, Any], at: int) -> None:
        if any(other["slug"] == section["slug"] for other in document["sections"]):
            raise ValidationError(f"Entry {at}: “{section['slug']}” is another section’s slug already.")
        if document["mandatory"]:
            raise ValidationError(f"Entry {at}: “{document['title']}” has sections: say mandatory of each of them.")
        document["sections"].append(section)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as lines."""
        return super().has_changed(document_lines(initial or []), data)

    def _entry(self, at: int, line: str) -> tuple[str, str, set[str]]:
        path, title, marks = ([part.strip() for part in line.split("|", 2)] + ["", ""])[:3]
        slugs, known = path.split("/"), {"mandatory"} if "/" in path else {"mandatory", "live"}
        said = {mark.strip() for mark in marks.split(",") if mark.strip()}
        if len(slugs) > 2 or not all(words.SLUG_PATTERN.fullmatch(slug) for slug in slugs) or not title:
            raise ValidationError(
                f"Entry {at}: write it as slug | title | mandatory, or slug/section | title | mandatory."
            )
        if len(title) > words.LONGEST_DOCUMENT or max(map(len, slugs)) > words.LONGEST_SLUG:
            most = f"{words.LONGEST_SLUG} characters are the most for a slug, {words.LONGEST_DOCUMENT} for a title."
            raise ValidationError(f"Entry {at}: {most}")
        if said - known:
            raise ValidationError(
                f"Entry {at}: “{', '.join(sorted(said - known))}” is none of {', '.join(sorted(known))}."
            )
        return path, title, said


def document_lines(documents: list[dict[str, Any]]) -> list[str]:
    """Return stored documents as lines, as they are typed."""
    lines = []
    for document in documents:
        lines.append(_document_line(document["slug"], document))
        lines += [_document_line(f"{document['slug']}/{section['slug']}", section) for section in document["sections"]]
    return lines


def _document_line(path: str, one: dict[str, Any]) -> str:
    marks = ", ".join(name for name in ("mandatory", "live") if one.get(name))
    return " | ".join(filter(None, (path, one["title"], marks)))


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
