"""What people do who test in the portal: one case, what it came to, and a defect where they say how bad it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from history.context import named
from projects.inbox import cut
from transitions.blockers import Blocker, NotPermitted
from workbook.models import Defect, Result, RunCase
from workbook.outcomes import last_result
from workbook.rights import may_test
from workbook.runs import RunRefused, record_result
from workbook.told import LEFT_OUT
from workbook.vocabulary import LONGEST_TITLE, Outcome, Severity

#: What may be said of a case in the portal: a waiver and N/A are ours to say.
SAYABLE = (Outcome.PASSED, Outcome.FAILED, Outcome.BLOCKED, Outcome.RETEST)
#: Outcomes that may bring a defect with them.
FAULTY = frozenset({Outcome.FAILED.value, Outcome.BLOCKED.value})
#: How bad it is, in the words of who works with it, and the severity that we make of it.
SEVERITIES: Mapping[Severity, str] = {
    Severity.CRITICAL: "I cannot work",
    Severity.MAJOR: "I can work, but only by a detour",
    Severity.MINOR: "It is a nuisance",
    Severity.COSMETIC: "It only looks wrong",
}


@named
def record_as_tester(
    run_case: RunCase,
    outcome: str,
    *,
    by: User,
    note: str = "",
    files: Sequence[UploadedFile[bytes]] = (),
    severity: int | None = None,
    seen: int | None = None,
    now: dt.datetime | None = None,
) -> Result:
    """Add what a case came to, and where `severity` is given open a defect with it; both or neither.

    Args:
        outcome: one of SAYABLE. severity: one of SEVERITIES, with a case that failed or is blocked; the defect is called by the
            first line of the note.

    Raises:
        NotPermitted: `by` does not test here. Archived. StaleRow.
        RunRefused: the run is closed, or the case is not part of it any more.
        ValidationError: no reason, a severity of what passed, impossible files.
    """
    if outcome not in SAYABLE:
        raise ValidationError({"outcome": "Say Pass, Fail, Blocked or Test again."})
    if severity is not None and outcome not in FAULTY:
        raise ValidationError(
            {"severity": "How bad it is goes with Fail or Blocked. Take it away, or say which it is."}
        )
    with transaction.atomic():
        project = run_case.project.locked()
        if not may_test(project, by, run_case.run.kind):
            raise NotPermitted(
                [Blocker("not-permitted", "Testing here is for the people of the customer and who leads it.")]
            )
        last = last_result(run_case)
        if by.is_outside and last is not None and last.outcome in LEFT_OUT:
            raise RunRefused(
                [Blocker("left-out", f"“{run_case}” is not part of this test any more. Go on with the next one.")]
            )
        result = record_result(run_case, outcome, by=by, note=note, files=files, seen=seen, now=now)
        if severity is not None:
            defect = Defect(
                project=project, result=result, title=_title(result), severity=severity, opened_by=by, opened_at=result.at,
            )  # fmt: skip
            defect.full_clean(exclude=("project", "result", "opened_by"))
            defect.save()
    return result


def _title(result: Result) -> str:
    """Return what a defect is called: the first line of what happened."""
    return cut(result.note.splitlines()[0].strip(), LONGEST_TITLE)
