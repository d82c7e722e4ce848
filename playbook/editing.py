"""What is done to the steps of a draft beside the form of each: order, copies, many at once, the letters of all.

Each service holds the draft, compares what the person saw with what is stored, and writes all of it or nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from history.context import named
from history.tracking import history_of
from playbook import vocabulary as words
from playbook.bulk import LABELS, Act, Change, Glance, after, glance, touched
from playbook.data import StepData
from playbook.models import Role, Step, StepRole, Version, refuse_final
from playbook.numbering import renumber
from raci.letters import LETTERS, Raci
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.phase import PHASE_ORDER

#: Who changed something, and when.
Changer = tuple[str, dt.datetime | None]
_UNKNOWN: Changer = ("", None)


@dataclass(frozen=True, slots=True)
class Clash:
    """A step that is no longer what a person saw, and who changed it last, where that is known."""

    step: str
    seen: str
    stored: str
    by: str = ""
    at: dt.datetime | None = None
    #: The step's id; None where it is gone.
    pk: int | None = None


class ChangedMeanwhile(Exception):  # noqa: N818 - an answer, not a fault
    """Nothing was written: somebody changed what a person was about to change. `clashes` is never empty."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        self.clashes = list(clashes)
        super().__init__(f"{len(self.clashes)} steps changed meanwhile")


# Order -------------------------------------------------------------------------------------------------------------------


@named
@transaction.atomic
def reorder_steps(version: Version, order: Sequence[int], *, seen: Sequence[int], by: User) -> int:
    """Put the steps of a draft into another order. Their numbers are the same ones, gaps and all; phases stay.

    Args:
        version: the draft.
        order: the ids of all its steps, in the order that they get.
        seen: the ids in the order that the person saw.

    Returns:
        How many steps have another number now.

    Raises:
        PublishedIsFinal, NotPermitted.
        ChangedMeanwhile: the steps stand in another order than `seen`, or there are more or fewer.
        ValueError: `order` is not `seen` in another order.
    """
    _hold(version, by)
    numbers = dict(version.steps.values_list("pk", "number"))
    if list(numbers) != list(seen):
        raise ChangedMeanwhile(_moved(version, seen))
    if len(order) != len(numbers) or set(order) != set(numbers):
        raise ValueError("The order names other steps than those there are.")
    return renumber(version.pk, dict(zip(order, sorted(numbers.values()), strict=True)))


def _moved(version: Version, seen: Sequence[int]) -> list[Clash]:
    """Return the steps that came or went; where none did, those that stand in another place."""
    steps = {step.pk: step for step in version.steps.all()}
    then, now = ({pk: place for place, pk in enumerate(pks, 1)} for pks in (seen, steps))
    gone = [pk for pk in then if pk not in now]
    changed = [*gone, *(pk for pk in now if pk not in then)] or [pk for pk in now if now[pk] != then[pk]]
    names, changers = _past_names(gone), last_changes(changed)
    return [
        Clash(
            str(steps[pk]) if pk in steps else names.get(pk, "A step"),
            f"in place {then[pk]}" if pk in then else "not there",
            f"in place {now[pk]}" if pk in now else "deleted",
            *changers.get(pk, _UNKNOWN),
            pk if pk in steps else None,
        )
        for pk in changed
    ]


@named
@transaction.atomic
def duplicate_step(step: Step, *, by: User) -> Step:
    """Copy a step of a draft, letters and needs with it, and put the copy behind it under a key of its own.

    The copy was read nowhere, so it has no source; its cell in the source and the marks of what was derived stay, as they explain
    the letters.

    Raises:
        PublishedIsFinal, NotPermitted.
        MoveRefused: the draft has as many steps as a file may have, or no number is left.
    """
    version = step.version
    _hold(version, by)
    original = version.steps.prefetch_related("letters__role").get(pk=step.pk)
    numbers = dict(version.steps.values_list("pk", "number"))
    if len(numbers) >= words.MOST_STEPS:
        raise MoveRefused([Blocker("too-many-steps", f"{words.MOST_STEPS} steps are the most that a version has.")])
    number = original.number + 1
    if number in numbers.values():
        if max(numbers.values()) >= words.LARGEST_NUMBER:
            raise MoveRefused([Blocker("no-number", f"{words.LARGEST_NUMBER:,} is the highest number of a step.")])
        renumber(version.pk, {pk: other + 1 for pk, other in numbers.items() if other >= number})
    plain = {name: value for name, value in asdict(original.as_data()).items() if name not in ("raci", "source")}
    lists = {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
    key = free_key(original.key, set(version.steps.values_list("key", flat=True)))
    copy = Step(version=version, **{**plain, **lists, "key": key, "number": number})
    copy.save()
    StepRole.objects.bulk_create(
        StepRole(step=copy, role=row.role, letter=row.letter, position=row.position) for row in original.letters.all()
    )
    return copy


def free_key(key: str, taken: set[str]) -> str:
    """Return the first of `key-2`, `key-3` … that no step has, cut where it would be too long."""
    for number in range(2, len(taken) + 3):
        ending = f"-{number}"
        wanted = key[: words.LONGEST_KEY - len(ending)].rstrip("-.") + ending
        if wanted not in taken:
            return wanted
    raise AssertionError("there are more endings than keys")


# Many at once ------------------------------------------------------------------------------------------------------------


@named
@transaction.atomic
def change_steps(version: Version, seen: Mapping[int, Glance], change: Change, *, by: User) -> int:
    """Make one change to several steps of a draft.

    Steps that move to a phase come behind those of that phase or of the phases before, in the order that they have. A letter that
    changes is no longer a derived one. What needs a step that is deleted, or moved to a later phase, is told by lint.

    Args:
        version: the draft.
        seen: the steps, by id, with what the person saw of each.
        change: what is done.

    Returns:
        How many steps were changed or deleted; the others said so already.

    Raises:
        PublishedIsFinal, NotPermitted.
        ChangedMeanwhile: a step is gone, or somebody changed what this would write over.
        KeyError: a role that is not in the role list.
    """
    _hold(version, by, delete=change.act == Act.DELETE)
    rows = {row.pk: row for row in version.steps.filter(pk__in=seen).prefetch_related("letters__role")}
    steps = {pk: row.as_data() for pk, row in rows.items()}
    compare_steps(steps, seen, change)
    changed = {pk: new for pk, step in steps.items() if (new := after(step, change)) != step}
    if change.act == Act.DELETE:
        Step.objects.filter(pk__in=changed).delete()
    elif change.act == Act.PHASE:
        _to_phase(version, list(changed), change.phase)
    elif change.act == Act.DURATION:
        Step.objects.filter(pk__in=changed).update(duration_days=change.days)
    elif change.act == Act.CATEGORY:
        Step.objects.filter(pk__in=changed).update(category=change.category)
    else:
        _write_letters(rows, {pk: step.raci for pk, step in changed.items() if step is not None})
    return len(changed)


def compare_steps(steps: Mapping[int, StepData], seen: Mapping[int, Glance], change: Change) -> None:
    """Do nothing where the steps still say what a person saw, as far as the change writes over it.

    Raises:
        ChangedMeanwhile: with those that do not, or are gone.
    """
    if clashes := _clashes(steps, seen, touched(change)):
        raise ChangedMeanwhile(clashes)


def _clashes(steps: Mapping[int, StepData], seen: Mapping[int, Glance], parts: Sequence[str]) -> list[Clash]:
    """Return the steps of which one of those parts is no longer what was seen, and those that are gone."""
    now = {pk: glance(step) for pk, step in steps.items()}
    differing = {pk: [part for part in parts if now[pk][part] != seen[pk].get(part)] for pk in seen if pk in now}
    gone = [pk for pk in seen if pk not in now]
    changed = [pk for pk in seen if pk not in now or differing[pk]]
    if not changed:
        return []
    names, changers = _past_names(gone), last_changes(changed)
    return [
        Clash(
            f"{steps[pk].number}. {now[pk]['title']}" if pk in now else names.get(pk, "A step"),
            _in_words(seen[pk], differing[pk]) if pk in now else "there",
            _in_words(now[pk], differing[pk]) if pk in now else "deleted",
            *changers.get(pk, _UNKNOWN),
            pk if pk in now else None,
        )
        for pk in changed
    ]


def _in_words(said: Glance, parts: Iterable[str]) -> str:
    return "; ".join("other fields" if part == "rest" else f"{LABELS[part]}: {said.get(part) or '–'}" for part in parts)


@named
@transaction.atomic
def move_to_phase(step: Step, phase: str, *, by: User) -> int:
    """Move one step of a draft to a phase: it comes behind the last one there, or of the phases before.

    Returns:
        Its number.

    Raises:
        PublishedIsFinal, NotPermitted.
    """
    _hold(step.version, by)
    _to_phase(step.version, [step.pk], phase)
    step.refresh_from_db(fields=["phase", "number"])
    return step.number


def _to_phase(version: Version, moved: Sequence[int], phase: str) -> None:
    """Let steps take their place behind the last one of the phase, or of the phases before, as a new step does."""
    Step.objects.filter(pk__in=moved).update(phase=phase)
    rows = list(version.steps.values_list("pk", "number", "phase"))
    others = [(pk, PHASE_ORDER[its]) for pk, _, its in rows if pk not in set(moved)]
    behind = max((place for place, (_, rank) in enumerate(others, 1) if rank <= PHASE_ORDER[phase]), default=0)
    kept = [pk for pk, _ in others]
    order = [*kept[:behind], *(pk for pk, _, _ in rows if pk in set(moved)), *kept[behind:]]
    renumber(version.pk, dict(zip(order, sorted(number for _, number, _ in rows), strict=True)))


# The letters of all --------------------------------------------------------------------------------------------------------


@named
@transaction.atomic
def save_letters(version: Version, wanted: Mapping[int, Raci], *, seen: Mapping[int, str], by: User) -> int:
    """Give several steps of a draft these letters and no others. A letter that changes is no longer a derived one.

    Args:
        version: the draft.
        wanted: by the step's id, its letters; codes out of the version's role list.
        seen: by the step's id, the line of letters that the person saw (playbook.letters).

    Returns:
        How many steps have other letters now.

    Raises:
        PublishedIsFinal, NotPermitted.
        ChangedMeanwhile: a step is gone, or somebody gave it other letters.
        KeyError: a code that is not in the role list.
    """
    _hold(version, by)
    rows = {row.pk: row for row in version.steps.filter(pk__in=wanted).prefetch_related("letters__role")}
    said = {pk: {"letters": seen.get(pk, "")} for pk in wanted}
    if clashes := _clashes({pk: row.as_data() for pk, row in rows.items()}, said, ("letters",)):
        raise ChangedMeanwhile(clashes)
    changed = {pk: raci for pk, raci in wanted.items() if raci != rows[pk].raci}
    _write_letters(rows, changed)
    return len(changed)


def _write_letters(rows: Mapping[int, Step], wanted: Mapping[int, Raci]) -> None:
    """Write the letters of several steps; rows that stay as they are are left alone, in the history too."""
    if not wanted:
        return
    version_id = rows[next(iter(wanted))].version_id
    role_of = {role.code: role for role in Role.objects.filter(version=version_id)}
    gone: list[int] = []
    new: list[StepRole] = []
    placed: list[StepRole] = []
    loosened: list[Step] = []
    for pk, raci in wanted.items():
        step, before = rows[pk], rows[pk].raci
        place = {(letter, code): at for letter in LETTERS for at, code in enumerate(raci.under(letter))}
        for row in step.letters.all():
            at = place.pop((row.letter, row.role.code), None)
            if at is None:
                gone.append(row.pk)
            elif at != row.position:
                row.position = at
                placed.append(row)
        new += (
            StepRole(step=step, role=role_of[code], letter=letter, position=at) for (letter, code), at in place.items()
        )
        derived = [letter for letter in step.derived if raci.under(letter) == before.under(letter)]
        if derived != step.derived:
            step.derived = derived
            loosened.append(step)
    if gone:
        StepRole.objects.filter(pk__in=gone).delete()
    StepRole.objects.bulk_create(new)
    if placed:
        StepRole.objects.bulk_update(placed, ["position"])
    if loosened:
        Step.objects.bulk_update(loosened, ["derived"])


# What they have in common ------------------------------------------------------------------------------------------------


def _hold(version: Version, by: User, *, delete: bool = False) -> None:
    """Keep the draft as it is until the transaction ends.

    Raises:
        NotPermitted: `by` may not change, or delete, steps. PublishedIsFinal: it is no draft.
    """
    if not by.has_perm("playbook.delete_step" if delete else "playbook.change_step"):
        raise NotPermitted([Blocker("not-permitted", f"{by} may not {'delete' if delete else 'change'} steps.")])
    refuse_final([version.pk])


def last_changes(pks: Sequence[int]) -> dict[int, Changer]:
    """Return who changed each step or its letters last, and when, for those whose history has it. Two queries."""
    found: dict[int, Changer] = {}
    for model, name in ((Step, "id"), (StepRole, "step_id")):
        table = history_of(model)
        newest = table.objects.filter(**{f"{name}__in": pks}).order_by().values(name).annotate(newest=Max("history_id"))
        rows: Any = table.objects.filter(history_id__in=newest.values("newest"))
        for pk, person, at in rows.values_list(name, "history_user__name", "history_date"):
            if pk not in found or at > (found[pk][1] or at):
                found[pk] = (person or "", at)
    return found


def _past_names(pks: Sequence[int]) -> dict[int, str]:
    """Return what steps that are gone were called, where their history has it."""
    rows = history_of(Step).objects.filter(id__in=pks).order_by("history_id")
    return {row.id: f"{row.number}. {row.title}" for row in rows} if pks else {}
