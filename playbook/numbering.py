"""The numbers of a draft's steps: many change places at once, and the history has one row for each that moved."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models

from history.tracking import note, stored
from playbook import vocabulary as words
from playbook.models import Step, refuse_final

#: Numbers are parked this far up while they change places: a version's numbers are unique at every moment.
PARKED = words.LARGEST_NUMBER + 1
#: So many rows are numbered by one statement; SQLite counts the values in it.
CHUNK = 250


def renumber(version_id: int, numbers: Mapping[int, int]) -> int:
    """Give steps of a draft other numbers, within the caller's transaction.

    Args:
        version_id: the draft.
        numbers: by the step's id, the number that it gets. All of them together with those left out stay different.

    Returns:
        How many have another number now.

    Raises:
        PublishedIsFinal: the version is no draft.
    """
    refuse_final([version_id])
    was = stored(Step, list(numbers))
    moved = {pk: number for pk, number in numbers.items() if was[pk]["number"] != number}
    # Past the queryset that notes what it writes: nobody wants to read in the history where a number was parked.
    rows: models.QuerySet[Step] = models.QuerySet(Step).filter(version=version_id)
    parts = [list(moved)[first : first + CHUNK] for first in range(0, len(moved), CHUNK)]
    for part in parts:
        rows.filter(pk__in=part).update(number=models.F("number") + PARKED)
    for part in parts:
        places = [models.When(pk=pk, then=models.Value(moved[pk])) for pk in part]
        rows.filter(pk__in=part).update(number=models.Case(*places))
    note(Step, [("~", was[pk] | {"number": number}, {"number": was[pk]["number"]}) for pk, number in moved.items()])
    return len(moved)
