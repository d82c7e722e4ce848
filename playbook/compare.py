"""Two versions of a playbook, side by side: what came, went, moved and changed. Pure: no database.

Steps are matched by their key, roles by their code, documents by their slug. A step's number follows from its place, and where
it was read is no part of what it says: neither is a change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from playbook.compared_fields import (
    DOCUMENT_FIELDS,
    ROLE_FIELDS,
    STEP_FIELDS,
    WHOLE_FIELDS,
    Field,
    FieldChange,
    Names,
    fields_changed,
    plain,
    said_by,
    values_of,
)
from playbook.data import DocumentData, PlaybookData, RoleData, StepData
from playbook.words_diff import Effort, Piece
from transitions.phase import PHASE_ORDER

__all__ = ["Comparison", "FieldChange", "PartChange", "Piece", "StepChange", "compare"]

ChangeKind = Literal["added", "removed", "moved", "changed", "same"]


@dataclass(frozen=True, slots=True)
class StepChange:
    """What became of one step.

    `kind` is `moved` for a step that says the same in another place, `changed` for one that says something else; `moved` tells
    for both whether its place changed: its phase, or its place among the steps that were in its phase before and after.
    `fields` are those that differ, the phase among them; empty for steps that came or went. `says` is what one of those says,
    field by field, without what is as it usually is.
    """

    kind: ChangeKind
    key: str
    before: StepData | None
    after: StepData | None
    fields: tuple[FieldChange, ...] = ()
    moved: bool = False
    says: tuple[FieldChange, ...] = ()

    @property
    def step(self) -> StepData:
        """The step as it is now, or as it was last."""
        step = self.after or self.before
        assert step is not None, "a change is of a step that was there before or after"
        return step

    def field(self, name: str) -> FieldChange | None:
        """Return the change of one field, by its name in the format, or None where it says the same."""
        return next((field for field in self.fields if field.name == name), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the change as plain values; of a step that came or went, what it says."""
        found: dict[str, Any] = {
            "key": self.key,
            "kind": self.kind,
            "moved": self.moved,
            "title": self.step.title,
            "number": {"before": _number(self.before), "after": _number(self.after)},
            "phase": {"before": _phase(self.before), "after": _phase(self.after)},
            "fields": [field.as_dict() for field in self.fields],
        }
        if self.kind in ("added", "removed"):
            found["step"] = {name: plain(value) for name, value in values_of(self.step, STEP_FIELDS)}
        return found


Part = TypeVar("Part", RoleData, DocumentData)


@dataclass(frozen=True, slots=True)
class PartChange(Generic[Part]):
    """What became of a role or a document; `key` is its code or slug. `fields` and `says` are as for a step."""

    kind: ChangeKind
    key: str
    before: Part | None
    after: Part | None
    fields: tuple[FieldChange, ...] = ()
    says: tuple[FieldChange, ...] = ()

    @property
    def part(self) -> Part:
        """The part as it is now, or as it was last."""
        part = self.after or self.before
        assert part is not None, "a change is of a part that was there before or after"
        return part

    def as_dict(self) -> dict[str, Any]:
        """Return the change as plain values."""
        name = self.part.name if isinstance(self.part, RoleData) else self.part.title
        fields = [field.as_dict() for field in self.fields]
        return {"key": self.key, "kind": self.kind, "name": name, "fields": fields}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of one playbook. Every step, role and document of either is in it, unchanged ones as `same`.

    `steps` stand in the order of the later version; those that went, behind the step that they stood behind.
    """

    playbook: str
    before: int
    after: int
    whole: tuple[FieldChange, ...]
    roles: tuple[PartChange[RoleData], ...]
    documents: tuple[PartChange[DocumentData], ...]
    steps: tuple[StepChange, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many steps were added, removed, moved, changed and left the same; one moved and changed counts as both."""
        kinds = Counter(step.kind for step in self.steps)
        return {
            "added": kinds["added"],
            "removed": kinds["removed"],
            "moved": sum(step.moved for step in self.steps),
            "changed": kinds["changed"],
            "same": kinds["same"],
        }

    @property
    def is_same(self) -> bool:
        """Whether the two say the same."""
        parts: Iterable[StepChange | PartChange[Any]] = (*self.roles, *self.documents, *self.steps)
        return not self.whole and all(part.kind == "same" for part in parts)

    def as_dict(self) -> dict[str, Any]:
        """Return everything that differs as plain values: what `diff_playbook` and whoever compares by machine read."""
        return {
            "playbook": self.playbook,
            "from": self.before,
            "to": self.after,
            "same": self.is_same,
            "counts": self.counts,
            "whole": [field.as_dict() for field in self.whole],
            "roles": [part.as_dict() for part in self.roles if part.kind != "same"],
            "documents": [part.as_dict() for part in self.documents if part.kind != "same"],
            "steps": [step.as_dict() for step in self.steps if step.kind != "same"],
        }


def compare(before: PlaybookData, after: PlaybookData) -> Comparison:
    """Return what differs between two versions of a playbook, in time that grows with their size and with the changes.

    Source: issue 7, "Compare"; design.md, "Playbook as code" (a key is the step's identity across versions).

    Args:
        before: the version that is compared from.
        after: the version that is compared to. It may be the earlier one: then the comparison reads backwards.
    """
    effort = Effort()
    names = Names.of(before, after)
    return Comparison(
        playbook=after.playbook,
        before=before.version,
        after=after.version,
        whole=fields_changed(before, after, WHOLE_FIELDS, names, effort),
        roles=tuple(_parts(before.roles, after.roles, lambda role: role.code, ROLE_FIELDS, names, effort)),
        documents=tuple(
            _parts(before.documents, after.documents, lambda one: one.slug, DOCUMENT_FIELDS, names, effort)
        ),
        steps=tuple(_steps(before.steps, after.steps, names, effort)),
    )


# Roles and documents --------------------------------------------------------------------------------------------------


def _parts(
    before: Sequence[Part],
    after: Sequence[Part],
    key_of: Callable[[Part], str],
    fields: Sequence[Field],
    names: Names,
    effort: Effort,
) -> Iterator[PartChange[Part]]:
    """Yield the parts of the later version in their order, then those that went."""
    old, new = _by_key(before, key_of), _by_key(after, key_of)
    for place, part in new.items():
        was = old.get(place)
        differ = fields_changed(was, part, fields, names, effort) if was is not None else ()
        kind: ChangeKind = "added" if was is None else "changed" if differ else "same"
        yield PartChange(kind, place[0], was, part, differ, said_by(part, "added", names) if was is None else ())
    for place, part in old.items():
        if place not in new:
            yield PartChange("removed", place[0], part, None, says=said_by(part, "removed", names))


Keyed = TypeVar("Keyed")


def _by_key(parts: Iterable[Keyed], key_of: Callable[[Keyed], str]) -> dict[tuple[str, int], Keyed]:
    """Return the parts by key; what has a key twice, as a file may before lint refuses it, is matched in its order."""
    seen: Counter[str] = Counter()
    found = {}
    for part in parts:
        key = key_of(part)
        found[key, seen[key]] = part
        seen[key] += 1
    return found


# Steps ----------------------------------------------------------------------------------------------------------------


Placed = Mapping[tuple[str, int], StepData]


def _steps(before: Sequence[StepData], after: Sequence[StepData], names: Names, effort: Effort) -> Iterator[StepChange]:
    old = _by_key(sorted(before, key=_place), lambda step: step.key)
    new = _by_key(sorted(after, key=_place), lambda step: step.key)
    moved = _moved(old, new)
    gone = _gone(old, new, moved, names)
    phase = ""
    for place, step in new.items():
        if step.phase != phase:
            # Those that stood first in a phase, and in phases that have no step any more.
            yield from _until(gone, step.phase)
            phase = step.phase
        was = old.get(place)
        differ = fields_changed(was, step, STEP_FIELDS, names, effort) if was is not None else ()
        kind: ChangeKind = "added"
        if was is not None:
            says_else = any(field.name != "phase" for field in differ)
            kind = "changed" if says_else else "moved" if place in moved else "same"
        says = said_by(step, "added", names) if was is None else ()
        yield StepChange(kind, step.key, was, step, differ, place in moved, says)
        yield from gone.pop(place, ())
    yield from _until(gone, None)


def _place(step: StepData) -> tuple[int, int]:
    return PHASE_ORDER[step.phase], step.number


def _moved(old: Placed, new: Placed) -> set[tuple[str, int]]:
    """Return the steps of both that stand elsewhere: in another phase, or outside the longest run that kept its order."""
    rank = {place: at for at, place in enumerate(old)}
    moved = {place for place, step in new.items() if place in old and old[place].phase != step.phase}
    for phase in PHASE_ORDER:
        here = [place for place, step in new.items() if step.phase == phase and place in old and place not in moved]
        moved |= set(here) - {here[at] for at in _longest_rise([rank[place] for place in here])}
    return moved


def _longest_rise(numbers: Sequence[int]) -> list[int]:
    """Return the places of a longest increasing subsequence of different numbers, in n log n."""
    lowest: list[int] = []  # the lowest number on which a rise of that length ends
    ends: list[int] = []  # its place
    behind: list[int | None] = []  # for each place, the place before it in its rise
    for at, number in enumerate(numbers):
        length = bisect_left(lowest, number)
        behind.append(ends[length - 1] if length else None)
        lowest[length : length + 1], ends[length : length + 1] = [number], [at]
    rise: list[int] = []
    at_last = ends[-1] if ends else None
    while at_last is not None:
        rise.append(at_last)
        at_last = behind[at_last]
    return rise[::-1]


def _gone(
    old: Placed, new: Placed, moved: set[tuple[str, int]], names: Names
) -> dict[tuple[str, int] | str, list[StepChange]]:
    """Return the steps that went, by the step behind which they stood; by their phase where they stood first in it."""
    found: dict[tuple[str, int] | str, list[StepChange]] = {}
    behind: tuple[str, int] | str = ""
    phase = ""
    for place, step in old.items():
        if step.phase != phase:
            behind = phase = step.phase
        if place not in new:
            found.setdefault(behind, []).append(
                StepChange("removed", step.key, step, None, says=said_by(step, "removed", names))
            )
        elif place not in moved:
            behind = place
    return found


def _until(gone: dict[tuple[str, int] | str, list[StepChange]], phase: str | None) -> Iterator[StepChange]:
    for earlier in PHASE_ORDER:
        yield from gone.pop(earlier, ())
        if earlier == phase:
            break


def _number(step: StepData | None) -> int | None:
    return step.number if step is not None else None


def _phase(step: StepData | None) -> str | None:
    return step.phase if step is not None else None
