"""Suites and cases: written, ordered, retired. A case is never deleted: its number stays its name in files and runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from accounts.models import User
from history.context import named
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from workbook.models import Case, ExitCriteria, Suite
from workbook.rights import may_lead
from workbook.vocabulary import LONGEST_TEXT, MOST_CASES, MOST_SUITES, Kind

#: What a case says. Texts are kept as `plain` gives them.
TEXTS = ("title", "preconditions", "steps", "expected")
#: What neither a spreadsheet nor a page can show.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

Placed = TypeVar("Placed", Suite, Case)


class CaseRefused(MoveRefused):
    """A change to suites or cases that their state does not allow."""


def plain(text: str) -> str:
    """Return a text as it is kept: one kind of line end, no control characters, nothing around it.

    So that what goes out to a spreadsheet and comes back is the same, letter for letter.
    """
    return _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def locked_for(project: Project, by: User) -> Project:
    """Return the project under its lock, if `by` leads its testing and it may still change.

    Raises:
        NotPermitted, Archived.
    """
    locked = project.locked()
    if not may_lead(locked, by):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not lead the testing of this project.")])
    locked.refuse_if_archived()
    return locked


# Suites ------------------------------------------------------------------------------------------------------------------


@named
def add_suite(project: Project, kind: str, title: str, *, by: User) -> Suite:
    """Add a suite, as the last of its kind.

    Raises:
        NotPermitted, Archived. ValidationError: no title, one that is there already, or 200 suites.
    """
    with transaction.atomic():
        locked = locked_for(project, by)
        suites = Suite.objects.filter(project=locked, kind=kind)
        if suites.count() >= MOST_SUITES:
            raise ValidationError(f"{MOST_SUITES} suites are the most for one kind of testing.")
        suite = Suite(project=locked, kind=kind, title=plain(title), position=_last(suites) + 1)
        _save_suite(suite)
    return suite


@named
def rename_suite(suite: Suite, title: str, *, by: User) -> Suite:
    """Give a suite another title; runs that were begun keep the old one.

    Raises:
        NotPermitted, Archived. ValidationError: no title, or another suite of the kind has it.
    """
    with transaction.atomic():
        row = _fresh(Suite, suite, by)
        row.title = plain(title)
        _save_suite(row)
    return row


@named
def move_suite(suite: Suite, *, up: bool, by: User) -> None:
    """Change places with the suite above or below; the first stays first.

    Raises:
        NotPermitted, Archived.
    """
    with transaction.atomic():
        row = _fresh(Suite, suite, by)
        _swap(list(Suite.objects.filter(project=row.project_id, kind=row.kind).order_by("position", "pk")), row, up)


@named
def remove_suite(suite: Suite, *, by: User) -> None:
    """Take away a suite that has no cases, retired ones among them.

    Raises:
        NotPermitted, Archived. CaseRefused: it has cases.
    """
    with transaction.atomic():
        row = _fresh(Suite, suite, by)
        if row.cases.exists():
            raise CaseRefused([Blocker("suite-in-use", f"“{row}” has cases. Put them into another suite first.")])
        row.delete()


def _save_suite(suite: Suite) -> None:
    suite.full_clean(exclude=("project",), validate_unique=False, validate_constraints=False)
    same = Suite.objects.filter(project=suite.project_id, kind=suite.kind, title=suite.title).exclude(pk=suite.pk)
    if same.exists():
        raise ValidationError({"title": f"There is a suite “{suite.title}” already."})
    suite.save()


# Cases -------------------------------------------------------------------------------------------------------------------


@named
def add_case(
    suite: Suite,
    *,
    by: User,
    title: str,
    preconditions: str = "",
    steps: str = "",
    expected: str = "",
    mandatory: bool = True,
) -> Case:
    """Add a case to the end of a suite, under the next number of the project.

    Raises:
        NotPermitted, Archived. ValidationError: no title, a text too long, or 10,000 cases.
    """
    with transaction.atomic():
        row = _fresh(Suite, suite, by)
        refuse_too_many(row.project, row.kind, more=1)
        case = Case(
            project=row.project, suite=row, number=last_number(row.project) + 1, position=_last(row.cases.all()) + 1,
            title=plain(title), preconditions=plain(preconditions), steps=plain(steps), expected=plain(expected),
            mandatory=mandatory,
        )  # fmt: skip
        _save_case(case)
    return case


@named
def change_case(case: Case, *, suite: Suite, revision: int, by: User, mandatory: bool, **texts: str) -> Case:
    """Change what a case says, from the next run on, or put it into another suite of the same kind.

    Args:
        texts: those of `TEXTS`. revision: the case's that the form showed.

    Raises:
        NotPermitted, Archived. StaleRow: somebody else changed it. ValidationError: no title, a text too long, a foreign suite.
    """
    with transaction.atomic():
        row = _fresh(Case, case, by)
        if row.revision != revision:
            raise StaleRow(row, f"{row.code} was changed while you were writing.")
        if (suite.project_id, suite.kind) != (row.project_id, row.suite.kind):
            raise ValidationError({"suite": "Choose one of the suites in the list."})
        if suite.pk != row.suite_id:
            row.suite, row.position = suite, _last(suite.cases.all()) + 1
        for name in TEXTS:
            setattr(row, name, plain(texts[name]))
        row.mandatory = mandatory
        row.revision += 1
        _save_case(row)
    return row


def _save_case(case: Case) -> None:
    long = {name: getattr(case, name) for name in ("preconditions", "steps", "expected")}
    words = f"{LONGEST_TEXT:,} characters are the most."
    if wrong := {name: words for name, text in long.items() if len(text) > LONGEST_TEXT}:
        raise ValidationError(wrong)
    case.full_clean(exclude=("project", "suite"))
    case.save()


@named
def move_case(case: Case, *, up: bool, by: User) -> None:
    """Change places with the case above or below in the suite; retired ones are passed over.

    Raises:
        NotPermitted, Archived.
    """
    with transaction.atomic():
        row = _fresh(Case, case, by)
        shown = row.suite.cases.filter(retired=False).order_by("position", "number")
        _swap(list(shown), row, up)


@named
def set_retired(case: Case, retired: bool, *, by: User) -> Case:
    """Leave a case out of the runs to come, or bring it back; the runs that have it keep it.

    Raises:
        NotPermitted, Archived. ValidationError: brought back where 10,000 are there.
    """
    with transaction.atomic():
        row = _fresh(Case, case, by)
        if row.retired != retired:
            if not retired:
                refuse_too_many(row.project, row.suite.kind, more=1)
            row.retired = retired
            row.revision += 1
            row.save(update_fields=["retired", "revision"])
    return row


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case that is to be: its suite by title, its texts as `plain` gives them, all checked."""

    suite: str
    title: str
    preconditions: str = ""
    steps: str = ""
    expected: str = ""
    mandatory: bool = True


def insert(project: Project, kind: str, wanted: Sequence[NewCase]) -> list[Case]:
    """Add many cases, each to the end of its suite; suites that are not there are made. The caller has locked the project.

    Raises:
        ValidationError: more than 10,000 cases or 200 suites.
    """
    refuse_too_many(project, kind, more=len(wanted))
    suites = ensure_suites(project, kind, [new.suite for new in wanted])
    places = dict(
        Case.objects.filter(suite__in=suites.values()).order_by().values_list("suite").annotate(Max("position"))
    )
    number, cases = last_number(project), []
    for offset, new in enumerate(wanted, start=1):
        suite = suites[new.suite]
        places[suite.pk] = places.get(suite.pk, 0) + 1
        cases.append(
            Case(
                project=project,
                suite=suite,
                number=number + offset,
                position=places[suite.pk],
                title=new.title,
                preconditions=new.preconditions,
                steps=new.steps,
                expected=new.expected,
                mandatory=new.mandatory,
            )
        )
    return Case.objects.bulk_create(cases, batch_size=1000)


def ensure_suites(project: Project, kind: str, titles: Iterable[str]) -> dict[str, Suite]:
    """Return the suites of a kind by title, those among `titles` that are not there made in that order. Locked by the caller.

    Raises:
        ValidationError: more than 200.
    """
    suites = {
        suite.title: suite for suite in Suite.objects.filter(project=project, kind=kind).order_by("position", "pk")
    }
    missing = [title for title in dict.fromkeys(titles) if title not in suites]
    if len(suites) + len(missing) > MOST_SUITES:
        raise ValidationError(f"{MOST_SUITES} suites are the most for one kind of testing.")
    last = max((suite.position for suite in suites.values()), default=0)
    new = [
        Suite(project=project, kind=kind, title=title, position=place)
        for place, title in enumerate(missing, start=last + 1)
    ]
    return suites | {suite.title: suite for suite in Suite.objects.bulk_create(new)}


def last_number(project: Project) -> int:
    """Return the highest number of a case of the project, 0 where there is none."""
    return Case.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0


def refuse_too_many(project: Project, kind: str, *, more: int) -> None:
    """Raise ValidationError where the project would have more cases of a kind than it may."""
    there = Case.objects.filter(project=project, suite__kind=kind, retired=False).count()
    if there + more > MOST_CASES:
        label = Kind(kind).label
        raise ValidationError(
            f"{MOST_CASES:,} {label} cases are the most. There are {there:,}; {more:,} more do not fit."
        )


def _fresh(model: type[Placed], row: Placed, by: User) -> Placed:
    project = locked_for(row.project, by)
    fresh = model.objects.select_related("suite").get(pk=row.pk) if model is Case else model.objects.get(pk=row.pk)
    fresh.project = project
    return fresh


def _last(rows: Any) -> int:
    return rows.aggregate(last=Max("position"))["last"] or 0


def _swap(rows: Sequence[Any], row: Any, up: bool) -> None:
    order = list(rows)
    here = next((place for place, other in enumerate(order) if other.pk == row.pk), None)
    if here is None:
        return
    there = here - 1 if up else here + 1
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
    changed = [other for place, other in enumerate(order, start=1) if other.position != place]
    for place, other in enumerate(order, start=1):
        other.position = place
    if changed:
        type(row).objects.bulk_update(changed, ["position"], batch_size=500)


# Exit criteria -----------------------------------------------------------------------------------------------------------


@named
def set_criteria(project: Project, kind: str, *, share_passed: int, revision: int, by: User) -> ExitCriteria:
    """Say what share of the cases that apply has to be good at the end of one kind of testing.

    Args:
        share_passed: per cent, 1 to 100. revision: that of the row which the form showed, 0 where there was none.

    Raises:
        NotPermitted, Archived. StaleRow: somebody else changed it. ValidationError: no such share.
    """
    with transaction.atomic():
        locked = locked_for(project, by)
        row = ExitCriteria.objects.filter(project=locked, kind=kind).first() or ExitCriteria(project=locked, kind=kind)
        if row.revision != revision:
            raise StaleRow(row, "The exit criteria were changed while you were writing.")
        row.share_passed = share_passed
        row.revision += 1
        row.full_clean(exclude=("project",), validate_constraints=False)
        row.save()
    return row


def share_asked(project: Project, kind: str) -> int:
    """Return the share that has to be good, in per cent: the project's own, or the default."""
    row = ExitCriteria.objects.filter(project=project, kind=kind).first() or ExitCriteria()
    return row.share_passed
