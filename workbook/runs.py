"""Runs: begun with the text of their cases pinned, filled with results, ended by a move (`close_run`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects.files import store_file
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.run import RunState
from workbook.models import Case, Result, ResultFile, Run, RunCase
from workbook.outcomes import last_result
from workbook.rights import may_lead, may_test
from workbook.vocabulary import LONGEST_REASON, MOST_FILES, REASONED, Kind, Outcome


class RunRefused(MoveRefused):
    """A result that a run does not take."""


#: What follows from the start of a run, within its transaction: called with the run, and `by` and `now` by name.
Follower = Callable[..., None]
_followers: list[Follower] = []


def after_start(follower: Follower) -> None:
    """Let something follow from every start of a run, in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


@named
def start_run(
    project: Project,
    kind: str,
    *,
    build: str,
    environment: str,
    by: User,
    due: dt.date | None = None,
    only: Iterable[int] | None = None,
    now: dt.datetime | None = None,
) -> Run:
    """Begin a run over the cases of a kind that are not retired, each with its text as it is now.

    Args:
        build, environment: what is tested, and where; 80 characters each. due: by when the testers should be through.
        only: ids of the cases to run (a retest of what failed); all of them otherwise.

    Raises:
        NotPermitted, Archived. MoveRefused: a run of the kind is open, or there are no cases. ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = project.locked()
        if not may_lead(locked, by):
            raise NotPermitted([Blocker("not-permitted", f"{by} does not lead the testing of this project.")])
        locked.refuse_if_archived()
        open_run = Run.objects.filter(project=locked, kind=kind, state=RunState.OPEN).first()
        if open_run is not None:
            raise MoveRefused([Blocker("run-open", f"{open_run} is still open. Close it first.")])
        cases = Case.objects.filter(project=locked, suite__kind=kind, retired=False).select_related("suite")
        if only is not None:
            cases = cases.filter(pk__in=list(only))
        chosen = list(cases.order_by("suite__position", "suite_id", "position", "number"))
        if not chosen:
            raise MoveRefused(
                [Blocker("no-cases", f"There are no {Kind(kind).label} cases to run. Import or write some.")]
            )
        last = Run.objects.filter(project=locked, kind=kind).aggregate(last=Max("number"))["last"] or 0
        run = Run(
            project=locked, kind=kind, number=last + 1, build=build.strip(), environment=environment.strip(), due=due,
            started_by=by, started_at=now,
        )  # fmt: skip
        run.full_clean(exclude=("project", "started_by"))
        run.save()
        RunCase.objects.bulk_create(
            [
                RunCase(
                    project=locked, run=run, case=case, position=place, suite_title=case.suite.title, title=case.title,
                    preconditions=case.preconditions, steps=case.steps, expected=case.expected, mandatory=case.mandatory,
                )
                for place, case in enumerate(chosen, start=1)
            ]
        )  # fmt: skip
        for follower in _followers:
            follower(run, by=by, now=now)
    return run


@named
def record_result(
    run_case: RunCase,
    outcome: str,
    *,
    by: User,
    note: str = "",
    files: Sequence[UploadedFile[bytes]] = (),
    seen: int | None = None,
    now: dt.datetime | None = None,
) -> Result:
    """Add what a case came to, with evidence; the results before it stay.

    Args:
        note: what happened, or why; asked for where the case failed, is blocked, N/A or waived.
        seen: the id of the result that the form showed, 0 for none; None where nothing was shown.

    Raises:
        NotPermitted: `by` does not test here; only who leads waives a case or says that it does not apply. Archived.
        RunRefused: the run is closed. StaleRow (of the result that is there now): somebody else was quicker.
        ValidationError: unknown outcome, no reason, too many or impossible files.
    """
    with transaction.atomic():
        project = run_case.project.locked()
        run = Run.objects.get(pk=run_case.run_id)
        _refuse_who_may_not(project, run, outcome, by)
        project.refuse_if_archived()
        if run.state != RunState.OPEN:
            raise RunRefused(
                [Blocker("run-closed", f"{run} is {run.get_state_display().lower()}: it takes no more results.")]
            )
        last = last_result(run_case)
        if seen is not None and seen != (last.pk if last else 0):
            raise StaleRow(last or run, f"“{run_case}” has a result by now that you did not see.")
        if len(files) > MOST_FILES:
            raise ValidationError({"files": f"{MOST_FILES} files at most go with one result."})
        result = Result(
            project=project,
            run=run,
            run_case=run_case,
            outcome=outcome,
            note=note.strip(),
            by=by,
            at=now or timezone.now(),
        )
        result.full_clean(exclude=("project", "run", "run_case", "by"))
        if len(result.note) > LONGEST_REASON:
            raise ValidationError({"note": f"{LONGEST_REASON:,} characters are the most."})
        if outcome in REASONED and not result.note:
            raise ValidationError({"note": _why_asked(outcome)})
        result.save()
        for upload in files:
            ResultFile(project=project, result=result, file=store_file(project, upload, by=by)).save()
    return result


def _refuse_who_may_not(project: Project, run: Run, outcome: str, by: User) -> None:
    if not may_test(project, by, run.kind):
        raise NotPermitted([Blocker("not-permitted", f"{by} does not test here.")])
    if outcome in {Outcome.WAIVED, Outcome.NOT_APPLICABLE} and not may_lead(project, by):
        label = Outcome(outcome).label
        raise NotPermitted([Blocker("not-permitted", f"“{label}” is said by whoever leads the testing, by name.")])


def _why_asked(outcome: str) -> str:
    return {
        Outcome.FAILED: "Say what happened instead of what was expected.",
        Outcome.BLOCKED: "Say what keeps you from running it.",
        Outcome.NOT_APPLICABLE: "Say why it does not apply.",
        Outcome.WAIVED: "Say why it is waived.",
    }[Outcome(outcome)]
