"""One change to many steps of a draft, as a value: what it would make of each step. Pure: no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from django.db import models

from history.stale import fingerprint
from playbook.data import StepData
from playbook.letters import line_of
from raci.letters import LETTERS, Raci
from transitions.phase import Phase


class Act(models.TextChoices):
    """What may be done to many steps at once."""

    GIVE = "give", "Give a role a letter"
    ONLY = "only", "Make a role the only one with a letter"
    TAKE = "take", "Take a letter from a role"
    TURN = "turn", "Turn a role’s letter into another"
    HAND = "hand", "Hand a role’s letters to another role"
    DURATION = "duration", "Set the duration"
    PHASE = "phase", "Move to a phase"
    CATEGORY = "category", "Set the category"
    DELETE = "delete", "Delete the steps"


#: The acts on letters.
ON_LETTERS = frozenset({Act.GIVE, Act.ONLY, Act.TAKE, Act.TURN, Act.HAND})


@dataclass(frozen=True, slots=True)
class Change:
    """An act with what it needs; the rest is empty. For TAKE an empty `letter` is all of them."""

    act: str
    role: str = ""
    letter: str = ""
    new_letter: str = ""
    new_role: str = ""
    days: int = 0
    phase: str = ""
    category: str = ""


#: What a step says, field by field, as it is shown and compared. `rest` stands for all that no bulk change touches.
Glance = dict[str, str]
LABELS = {
    "title": "Title",
    "phase": "Phase",
    "category": "Category",
    "days": "Days",
    "letters": "Letters",
    "rest": "Text",
}


def glance(step: StepData) -> Glance:
    """Return what a person sees of a step before changing it along with others. Its number is no part: others move around it."""
    known = ("number", "title", "phase", "category", "duration_days", "raci")
    rest = {name: value for name, value in asdict(step).items() if name not in known}
    return {
        "title": step.title,
        "phase": Phase(step.phase).label,
        "category": step.category,
        "days": str(step.duration_days),
        "letters": line_of(step.raci),
        "rest": fingerprint(rest),
    }


def touched(change: Change) -> tuple[str, ...]:
    """Return the parts of a glance that a change writes over: where somebody else changed one of them, it waits."""
    if change.act in ON_LETTERS:
        return ("letters",)
    return {Act.DURATION: ("days",), Act.PHASE: ("phase",), Act.CATEGORY: ("category",)}.get(
        Act(change.act), tuple(LABELS)
    )


def after(step: StepData, change: Change) -> StepData | None:
    """Return the step as a change leaves it, its number aside; None where it is deleted."""
    if change.act == Act.DELETE:
        return None
    if change.act == Act.DURATION:
        return replace(step, duration_days=change.days)
    if change.act == Act.PHASE:
        return replace(step, phase=change.phase)
    if change.act == Act.CATEGORY:
        return replace(step, category=change.category)
    raci = Raci(**{letter: tuple(_under(letter, step.raci, change)) for letter in LETTERS})
    kept = tuple(letter for letter in step.derived if raci.under(letter) == step.raci.under(letter))
    return replace(step, raci=raci, derived=kept)


def _under(letter: str, raci: Raci, change: Change) -> Iterator[str]:
    """Yield who holds a letter after a change of letters, in the order that was there, a new holder last."""
    codes, role = raci.under(letter), change.role
    if change.act == Act.ONLY and letter == change.letter:
        yield role
    elif change.act == Act.HAND:
        yield from dict.fromkeys(change.new_role if code == role else code for code in codes)
    else:
        gains = (change.act == Act.GIVE and letter == change.letter) or (
            change.act == Act.TURN and letter == change.new_letter and role in raci.under(change.letter)
        )
        loses = (change.act in (Act.TAKE, Act.TURN) and letter == change.letter) or (
            change.act == Act.TAKE and not change.letter
        )
        yield from (code for code in codes if code != role or not loses)
        if gains and role not in codes:
            yield role
