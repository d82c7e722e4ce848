"""What testing asks at the gate out of SIT: a run that is closed, and that meets the exit criteria."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import Subquery
from django.urls import reverse

from projects.models import Project
from transitions.blockers import Blocker
from transitions.gates import Criterion, GateFacts
from transitions.phase import Phase
from transitions.run import RunState
from transitions.step import StepStatus
from workbook.exit import CaseFacts, DefectFacts, Verdict, judge
from workbook.models import Defect, ExitCriteria, Run
from workbook.outcomes import counted_runs, facts_of
from workbook.rights import DOCUMENT
from workbook.vocabulary import HOLDING, Kind, Outcome

#: So many blockers of one criterion are told one by one, beside those that are waived.
MOST_TOLD = 25


def sit_criteria(facts: GateFacts) -> Iterator[Criterion]:
    """Give the criteria of SIT, where a step of the phase writes the SIT workbook; in three queries.

    The newest run that is not abandoned is judged. An untested mandatory case stands in the way by itself; a case that failed,
    only while the share is not reached.
    """
    if not _asked(facts):
        return
    code, run_id, number, state, share = _newest(facts.project_id)
    if run_id is None:
        text = "No SIT run was made yet: start one"
        missing = Blocker("sit-run", text, reverse("workbook", args=[code]), facts.manager, "run")
        yield Criterion("sit-run", text, (missing,))
        return
    run = Run(pk=run_id, kind=Kind.SIT, number=number)
    cases = facts_of([run_id], code)[run_id]
    verdict = judge(
        cases, open_defects(facts.project_id, code), asked=share or ExitCriteria().share_passed,
        still_open=state == RunState.OPEN,
    )  # fmt: skip
    yield from _criteria(verdict, run, reverse("run", args=[code, run_id]), facts)


def open_defects(project: int, code: str, kind: str = Kind.SIT) -> list[DefectFacts]:
    """Return the open defects of severity 1 and 2 that testing of a kind found, in one query."""
    rows = Defect.objects.filter(project=project, state="open", severity__in=HOLDING, result__run__kind=kind)
    return [
        DefectFacts(pk, title, severity, reverse("defect", args=[code, pk]))
        for pk, title, severity in rows.order_by("severity", "pk").values_list("pk", "title", "severity")
    ]


def _newest(project: int) -> tuple[str, int | None, int, str, int | None]:
    """Return the project's code, its SIT run that counts (id, number, state), and the share that is asked; in one query."""
    last = counted_runs(project, Kind.SIT).order_by("-number")
    share = ExitCriteria.objects.filter(project=project, kind=Kind.SIT).values("share_passed")
    found: Any = Project.objects.filter(pk=project).order_by()
    row: tuple[str, int | None, int, str, int | None] = found.values_list(
        "code", Subquery(last.values("pk")[:1]), Subquery(last.values("number")[:1]), Subquery(last.values("state")[:1]),
        Subquery(share[:1]),
    ).get()  # fmt: skip
    return row


def _asked(facts: GateFacts) -> bool:
    """Return whether a step of SIT that applies writes the workbook."""
    return any(
        step.phase == Phase.SIT and step.status != StepStatus.NOT_APPLICABLE and DOCUMENT in step.documents
        for step in facts.steps
    )


def writes_workbook(project: Project) -> bool:
    """Return whether a step of the project's SIT writes the workbook; without a query where its board was read."""
    steps = [step for step in project.board.steps if step.template.phase == Phase.SIT]
    return any(DOCUMENT in step.template.documents and step.status != StepStatus.NOT_APPLICABLE for step in steps)


def _criteria(verdict: Verdict, run: Run, link: str, facts: GateFacts) -> Iterator[Criterion]:
    tally = verdict.tally
    text = f"{run} closed"
    still = Blocker("sit-run", f"{run} is still open", link, facts.manager, f"run-{run.number}")
    yield Criterion("sit-run", text, (still,) if verdict.open else ())

    text = "Every mandatory case run" + (f", {len(verdict.missing)} not" if verdict.missing else "")
    yield _capped("sit-mandatory", text, verdict.missing, missing_words, link, facts)

    text = f"Cases passed or waived: {tally.good} of {tally.applying}, {verdict.asked} % asked"
    if not tally.applying:
        nothing = Blocker("sit-passed", f"No case of {run} applies", link, facts.manager, f"run-{run.number}")
        yield Criterion("sit-passed", text, (nothing,))
    elif verdict.share_reached or verdict.short:
        # Where nothing lacks but what was not run, that is said above, case by case: here it would look met, or be told twice.
        yield _capped("sit-passed", text, verdict.short, short_words, link, facts)

    text = "No open defect of severity 1 or 2"
    blockers = [Blocker("sit-defects", defect_words(d), d.link, "", f"defect-{d.id}") for d in verdict.defects]
    yield Criterion("sit-defects", text, tuple(_cap("sit-defects", blockers, link, facts)))


def missing_words(case: CaseFacts) -> str:
    """Say why a mandatory case does not count as run."""
    if case.outcome == Outcome.NOT_APPLICABLE:
        return f"{case.code} “{case.title}” is mandatory and was said not to apply: run it, or waive it"
    return f"{case.code} “{case.title}” is mandatory and {_now(case)}"


def short_words(case: CaseFacts) -> str:
    """Say why a case does not count as good."""
    return f"{case.code} “{case.title}” {_now(case)}"


def defect_words(defect: DefectFacts) -> str:
    """Say that a defect is open."""
    return f"Open defect of severity {defect.severity}: {defect.title}"


def _now(case: CaseFacts) -> str:
    return {
        Outcome.UNTESTED: "was not run",
        Outcome.RETEST: "waits for its retest",
        Outcome.BLOCKED: "is blocked",
        Outcome.FAILED: "failed",
    }[Outcome(case.outcome)]


def _capped(
    code: str, text: str, cases: Sequence[CaseFacts], words: Callable[[CaseFacts], str], link: str, facts: GateFacts
) -> Criterion:
    blockers = [Blocker(code, words(case), case.link, "", case.code) for case in cases]
    return Criterion(code, text, tuple(_cap(code, blockers, link, facts)))


def _cap(code: str, blockers: list[Blocker], link: str, facts: GateFacts) -> list[Blocker]:
    """Leave those that are waived, the first so many that are not, and one line for the rest, which nobody waives unread."""
    waived = {waiver.subject for waiver in facts.waivers if waiver.code == code and facts.today <= waiver.expires}
    known = [blocker for blocker in blockers if blocker.subject in waived]
    left = [blocker for blocker in blockers if blocker.subject not in waived]
    more = len(left) - MOST_TOLD
    if more > 0:
        left = [*left[:MOST_TOLD], Blocker(code, f"and {more} more", link, "", "more", waivable=False)]
    return [*known, *left]
