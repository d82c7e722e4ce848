"""What two versions of a playbook are compared by, and how each value is said. Pure: no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accounts.models import Side
from playbook.data import ChangeData, DocumentData, PlaybookData, RoleData, StepData
from playbook.page import document_names, document_titles, key_words
from playbook.vocabulary import Applies, ApprovalKind, PlaybookKind, SignsAs
from playbook.words_diff import Effort, Piece, list_diff, words_diff
from raci.letters import Letter
from transitions.phase import Phase

#: A field's plain value, as the format writes it; several of anything are a tuple of strings.
Value = str | int | bool | tuple[str, ...]
#: A value in words; several, one by one.
Said = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs.

    `name` is that of the format (`raci.R` and so on for letters), `before` and `after` are its plain values, and `words` says
    them in pieces: texts word by word, lists entry by entry, all else as one piece removed and one added.
    """

    name: str
    label: str
    before: Value
    after: Value
    words: tuple[Piece, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the field as plain values."""
        return {
            "name": self.name,
            "label": self.label,
            "before": plain(self.before),
            "after": plain(self.after),
            "words": [{"kind": piece.kind, "text": piece.text} for piece in self.words],
        }


@dataclass(frozen=True, slots=True)
class Names:
    """What keys stand for: the titles of steps and documents, of the later version where both have one."""

    steps: Mapping[str, str]
    documents: dict[str, str]

    @classmethod
    def of(cls, before: PlaybookData, after: PlaybookData) -> Names:
        return cls(
            {step.key: step.title for step in (*before.steps, *after.steps)},
            document_titles(before) | document_titles(after),
        )


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is compared: its value, what it says, and whether a text of it is compared word by word."""

    name: str
    label: str
    value: Callable[[Any], Value]
    said: Callable[[Any, Names], Said] = lambda value, names: value if isinstance(value, tuple) else str(value)
    by_word: bool = False
    in_any_order: bool = False


def _get(name: str) -> Callable[[Any], Value]:
    return lambda part: getattr(part, name)


def _label(choices: Any) -> Callable[[Any, Names], Said]:
    return lambda value, names: str(choices(value).label) if value else ""


def _letter(letter: str) -> Callable[[Any], Value]:
    return lambda step: step.raci.under(letter)


def _yes(value: Any, names: Names) -> Said:
    return "yes" if value else "no"


def _lines(source: Callable[[Any], Iterable[str]]) -> Callable[[Any], Value]:
    return lambda part: tuple(source(part))


def _log_line(change: ChangeData) -> str:
    return " | ".join((change.version, change.date or "no date", change.author or "nobody named", change.note))


def _section_lines(document: DocumentData) -> Iterator[str]:
    for section in document.sections:
        yield f"{section.title} ({section.slug}{', mandatory' if section.mandatory else ''})"


STEP_FIELDS = (
    Field("phase", "Phase", _get("phase"), _label(Phase)),
    Field("category", "Category", _get("category")),
    Field("title", "Title", _get("title"), by_word=True),
    Field("guidance", "Guidance", _get("guidance"), by_word=True),
    *(Field(f"raci.{letter.value}", str(letter.label), _letter(letter.value)) for letter in Letter),
    Field("raci_source", "RACI cell of the source", _get("raci_source")),
    Field("derived", "Letters derived by the reading rule", _get("derived"), in_any_order=True),
    Field("applies", "Applies", _get("applies"), _label(Applies)),
    Field("approval", "Approval", _get("approval"), _label(ApprovalKind)),
    Field(
        "duration_days",
        "Duration",
        _get("duration_days"),
        lambda days, names: f"{days} working day{'' if days == 1 else 's'}",
    ),
    Field(
        "needs",
        "Needs",
        _get("needs"),
        lambda keys, names: tuple(names.steps.get(key, key) for key in keys),
        in_any_order=True,
    ),
    Field(
        "documents",
        "Fills in",
        _get("documents"),
        lambda paths, names: document_names(paths, names.documents),
        in_any_order=True,
    ),
    Field("meeting", "Meeting", _get("meeting"), lambda key, names: key_words(key)),
    Field("open_questions", "Open questions", _get("open_questions")),
)
ROLE_FIELDS = (
    Field("name", "Name", _get("name")),
    Field("team", "Team", _get("team")),
    Field("side", "Side", _get("side"), _label(Side)),
    Field("manages", "Runs the project", _get("manages"), _yes),
    Field("signs_as", "Signs as", _get("signs_as"), _label(SignsAs)),
)
DOCUMENT_FIELDS = (
    Field("title", "Title", _get("title")),
    Field("mandatory", "Mandatory", _get("mandatory"), _yes),
    Field("live", "Kept in Gatehouse", _get("live"), _yes),
    Field("sections", "Sections", _lines(_section_lines)),
)
WHOLE_FIELDS = (
    Field("title", "Title", _get("title"), by_word=True),
    Field("kind", "Kind", _get("kind"), _label(PlaybookKind)),
    Field("changes", "Change log of the source", _lines(lambda data: map(_log_line, data.changes))),
    Field("open_questions", "Open questions", _get("open_questions")),
)


def values_of(part: object, fields: Sequence[Field]) -> Iterator[tuple[str, Value]]:
    """Yield the name and the plain value of each of `fields`."""
    for field in fields:
        yield field.name, field.value(part)


def fields_changed(
    before: object, after: object, fields: Sequence[Field], names: Names, effort: Effort
) -> tuple[FieldChange, ...]:
    """Return which of `fields` differ between two parts, each with both values and what it says in pieces."""
    found = []
    for field in fields:
        old, new = field.value(before), field.value(after)
        if old == new or (field.in_any_order and Counter(old) == Counter(new)):  # type: ignore[arg-type]
            continue
        words = _pieces(field, field.said(old, names), field.said(new, names), effort)
        found.append(FieldChange(field.name, field.label, old, new, words))
    return tuple(found)


def said_by(
    part: StepData | RoleData | DocumentData, kind: Literal["added", "removed"], names: Names
) -> tuple[FieldChange, ...]:
    """Return what a part that came or went says, beside one of its key that says nothing."""
    fields: Sequence[Field]
    blank: StepData | RoleData | DocumentData
    if isinstance(part, StepData):
        fields, blank = STEP_FIELDS, StepData(part.key, part.number, "", "", duration_days=0)
    elif isinstance(part, RoleData):
        fields, blank = ROLE_FIELDS, RoleData(part.code, "", side="")
    else:
        fields, blank = DOCUMENT_FIELDS, DocumentData(part.slug, "")
    found = []
    for field in fields:
        value, nothing = field.value(part), field.value(blank)
        if value != nothing:
            said = field.said(value, names)
            words = tuple(Piece(kind, text) for text in (said if isinstance(said, tuple) else (said,)))
            before, after = (nothing, value) if kind == "added" else (value, nothing)
            found.append(FieldChange(field.name, field.label, before, after, words))
    return tuple(found)


def _pieces(field: Field, old: Said, new: Said, effort: Effort) -> tuple[Piece, ...]:
    if isinstance(old, tuple) and isinstance(new, tuple):
        runs = list_diff(old, new, effort)
        if runs is None:
            runs = [("removed", list(old)), ("added", list(new))]
        return tuple(Piece(kind, entry) for kind, entries in runs for entry in entries)
    if field.by_word:
        return words_diff(str(old), str(new), effort)
    return tuple(piece for piece in (Piece("removed", str(old)), Piece("added", str(new))) if piece.text)


def plain(value: Value) -> str | int | list[str]:
    """Return a value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
