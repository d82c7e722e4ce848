"""What a page says differently from when it was last imported: steps added, removed, moved and changed, by key. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from playbook.compare import ChangeKind, StepChange, compare
from playbook.compared_fields import Value
from playbook.data import PlaybookData

#: What an import writes down of itself, and no page says.
_NOT_OF_THE_PAGE = frozenset({"open_questions", "raci_source", "derived"})
_LONGEST_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that a page says differently: on which step, what happened, and for a change the field with both texts."""

    step: str
    number: int
    change: ChangeKind
    text: str
    field: str = ""
    before: str = ""
    after: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the keys of a row of `drift` in `import_playbook --format json`."""
        return {name: getattr(self, name) for name in self.__slots__}


def drift(before: PlaybookData, after: PlaybookData, *, but: Collection[str] = ()) -> list[Drift]:
    """Return what drifted between two readings of one page, in the order of the later one, what was removed last.

    Args:
        before: the version that was last imported from the page. after: the new draft.
        but: names of fields (playbook.compared_fields) that are not compared.
    """
    left_out = _NOT_OF_THE_PAGE | set(but)
    steps = sorted(compare(before, after).steps, key=lambda step: step.kind == "removed")
    return [row for step in steps for row in _rows(step, left_out)]


def _rows(change: StepChange, left_out: Collection[str]) -> Iterator[Drift]:
    step, was = change.step, change.before
    if change.kind == "added":
        yield Drift(step.key, step.number, "added", f"“{step.title}” is new.")
    elif change.kind == "removed":
        yield Drift(step.key, step.number, "removed", f"“{step.title}” is not there any more.")
    elif was is not None:
        if was.phase != step.phase:
            text = f"“{step.title}” moved from {was.phase} to {step.phase}."
            yield Drift(step.key, step.number, "moved", text, "phase", str(was.phase), str(step.phase))
        elif change.moved:
            text = f"“{step.title}” moved among the steps: it was number {was.number}."
            yield Drift(step.key, step.number, "moved", text, "number", str(was.number), str(step.number))
        for field in change.fields:
            if field.name != "phase" and field.name not in left_out:
                text = f"“{step.title}”: {field.label} changed."
                yield Drift(
                    step.key, step.number, "changed", text, field.name, _shown(field.before), _shown(field.after)
                )


def _shown(value: Value) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
