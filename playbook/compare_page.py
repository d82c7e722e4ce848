"""What the page that compares two versions shows, as ready values. Pure: no query, no request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from playbook.compare import Comparison, FieldChange, PartChange, Piece, StepChange
from playbook.data import DocumentData, RoleData
from playbook.page import anchor
from transitions.phase import Phase


@dataclass(frozen=True, slots=True)
class Sign:
    """How a kind of change is told: a sign and a word; the colour only repeats them."""

    kind: str
    sign: str
    word: str


SIGNS = {
    "added": Sign("added", "+", "Added"),
    "removed": Sign("removed", "−", "Removed"),
    "moved": Sign("moved", "↕", "Moved"),
    "changed": Sign("changed", "~", "Changed"),
    "same": Sign("same", "=", "Unchanged"),
}


#: What the head of a step says already, where the whole step came or went.
IN_ITS_HEAD = frozenset({"phase", "category", "title"})


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field that differs. `listed`: its pieces are entries, one a line; else they are one running text."""

    label: str
    listed: bool
    pieces: tuple[Piece, ...]

    @property
    def was_empty(self) -> bool:
        """Whether the earlier version says nothing here."""
        return all(piece.kind == "added" for piece in self.pieces)

    @property
    def is_empty(self) -> bool:
        """Whether the later version says nothing here."""
        return all(piece.kind == "removed" for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change with its place in the row of all of them. `place` is 0 for what did not change; it has no neighbours."""

    section: str
    signs: tuple[Sign, ...]
    number: str
    title: str
    about: str
    where: str
    href: str
    fields: tuple[FieldRow, ...]
    place: int = 0
    last: int = 0

    @property
    def anchor(self) -> str:
        """The id of the change on the page."""
        return f"change-{self.place}"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its heading, and its rows."""

    name: str
    title: str
    rows: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """One number of the summary, with the sign it goes by and the first of those that it counts."""

    sign: Sign
    words: str
    href: str


def sections_of(found: Comparison, *, everything: bool, before_path: str, after_path: str) -> list[Section]:
    """Return the changes, numbered through, section by section; sections with nothing to show are left out.

    Args:
        found: the comparison.
        everything: whether steps, roles and documents that did not change are shown among the others.
        before_path: the page of the earlier version, to which steps that went lead.
        after_path: the page of the later version.
    """
    rows = [row for row in _rows(found, before_path, after_path) if everything or row.signs != (SIGNS["same"],)]
    last = sum(row.signs != (SIGNS["same"],) for row in rows)
    numbered: dict[str, list[ChangeRow]] = {}
    place = 0
    for row in rows:
        changed = row.signs != (SIGNS["same"],)
        place += changed
        numbered.setdefault(row.section, []).append(replace(row, place=place, last=last) if changed else row)
    titles = {"whole": "The playbook itself", "roles": "Roles", "documents": "Documents", "steps": "Steps"}
    return [Section(name, title, tuple(numbered[name])) for name, title in titles.items() if name in numbered]


def counts_of(sections: Iterable[Section]) -> list[Count]:
    """Return the summary: of steps by kind, then of all else, each with the way to the first of them."""
    rows = {section.name: [row for row in section.rows if row.place] for section in sections}
    found = []
    for kind in ("added", "removed", "moved", "changed"):
        of_kind = [row for row in rows.get("steps", ()) if SIGNS[kind] in row.signs]
        if of_kind:
            words = f"{len(of_kind)} step{'s' * (len(of_kind) != 1)} {SIGNS[kind].word.lower()}"
            found.append(Count(SIGNS[kind], words, f"#{of_kind[0].anchor}"))
    for name, one, many in (("roles", "role", "roles"), ("documents", "document", "documents")):
        if here := rows.get(name):
            words = f"{len(here)} {one if len(here) == 1 else many} differ{'s' * (len(here) == 1)}"
            found.append(Count(SIGNS["changed"], words, f"#{here[0].anchor}"))
    if whole := rows.get("whole"):
        found.append(Count(SIGNS["changed"], "The playbook itself", f"#{whole[0].anchor}"))
    return found


def place_words(change: StepChange) -> str:
    """Return where a step that moved stood and stands: `from Design to SIT`, or `3 → 7 in Design`."""
    before, after = change.before, change.after
    if before is None or after is None:
        return ""
    if before.phase != after.phase:
        return f"from {Phase(before.phase).label} to {Phase(after.phase).label}"
    return f"{before.number} → {after.number} in {Phase(after.phase).label}"


def _rows(found: Comparison, before_path: str, after_path: str) -> Iterator[ChangeRow]:
    if found.whole:
        yield ChangeRow(
            "whole", (SIGNS["changed"],), "", "What it says as a whole", "", "", after_path, _fields(found.whole)
        )
    for role in found.roles:
        yield _part_row("roles", role, role.part.name, before_path, after_path)
    for document in found.documents:
        yield _part_row("documents", document, document.part.title, before_path, after_path)
    for change in found.steps:
        yield _step_row(change, before_path, after_path)


def _part_row(
    section: str, part: PartChange[RoleData] | PartChange[DocumentData], title: str, before_path: str, after_path: str
) -> ChangeRow:
    fields = part.fields or [field for field in part.says if field.name not in ("name", "title")]
    path = after_path if part.after is not None else before_path
    return ChangeRow(section, (SIGNS[part.kind],), part.key, title, "", "", path, _fields(fields))


def _step_row(change: StepChange, before_path: str, after_path: str) -> ChangeRow:
    signs = [SIGNS[change.kind]]
    if change.moved and change.kind != "moved":
        signs.append(SIGNS["moved"])
    numbers = dict.fromkeys(str(step.number) for step in (change.before, change.after) if step is not None)
    step = change.step
    phase = str(Phase(step.phase).label)
    return ChangeRow(
        section="steps",
        signs=tuple(signs),
        number=" → ".join(numbers),
        title=step.title,
        about=f"{phase} · {step.category}" if step.category else phase,
        where=place_words(change) if change.moved else "",
        href=f"{after_path if change.after is not None else before_path}#{anchor(step.key)}",
        fields=_fields(change.fields or [field for field in change.says if field.name not in IN_ITS_HEAD]),
    )


def _fields(fields: Iterable[FieldChange]) -> tuple[FieldRow, ...]:
    return tuple(
        FieldRow(field.label, isinstance(field.after, tuple), tuple(map(_visible, field.words))) for field in fields
    )


def _visible(piece: Piece) -> Piece:
    """Show that there is something where only spaces or line breaks came or went."""
    if piece.kind == "same" or not piece.text.isspace():
        return piece
    return Piece(piece.kind, "¶" + piece.text if "\n" in piece.text else "␣")
