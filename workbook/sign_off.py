"""The biller's word on one closed UAT run: the exact text that is signed, the decision with its evidence, who may make it.

A run is decided once, for good: approved or rejected with a reason, after which a next run is made. The run that counts is the
newest that was not abandoned; one that has a later run after it is not signed any more.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from history.context import named
from playbook.vocabulary import ApprovalKind, SignsAs
from projects.board import Board
from projects.evidence import NO_DOOR, Evidence, canonical, seal, sha256, utc
from projects.models import Project, ProjectStep
from projects.outside import Outsider, outsider
from projects.signoff import Statement
from transitions.blockers import Blocker, NotPermitted
from transitions.defect import DefectState
from transitions.moves import NOTE_LIMIT
from transitions.run import RunState
from workbook.exit import CaseFacts, DefectFacts, Verdict, judge
from workbook.models import Defect, ExitCriteria, Run, RunCase, RunSignOff
from workbook.outcomes import last_results, last_run
from workbook.runs import RunRefused
from workbook.told import LEFT_OUT, WORDS
from workbook.vocabulary import Kind, Outcome

#: The format of a statement. A change of what a statement says needs another number.
STATEMENT = "Gatehouse run statement, format 1"
#: How the share in a statement is counted (workbook.exit): it is more than what passed where a case was set aside.
HOW_COUNTED = (
    "In the share, a case that was set aside by name counts as passed, and one that does not apply is not counted."
)


# -- What is shown ----------------------------------------------------------------------------------


def run_statement(run: Run) -> Statement:
    """Return the exact, complete text of what is signed of a run, the same for everybody who reads it; in four queries.

    Of UAT it has nothing internal: who recorded a result stands there by name, what was waived or does not apply is “not part of
    this test”. Of SIT, which stays inside, every outcome has its own name.
    """
    project = run.project
    cases, facts = _cases(run)
    criteria = ExitCriteria.objects.filter(project=project, kind=run.kind).first() or ExitCriteria(kind=run.kind)
    rows: Any = Defect.objects.filter(project=project, result__run__kind=run.kind, state=DefectState.OPEN).order_by(
        "pk"
    )
    defects = [DefectFacts(*row) for row in rows.values_list("pk", "title", "severity")]
    severities = Counter(defect.severity for defect in defects)
    return Statement(
        {
            "format": STATEMENT,
            "project": {"code": project.code, "name": project.name, "biller": project.biller.name},
            "run": str(run),
            "build": run.build,
            "environment": run.environment,
            "from": utc(run.started_at),
            "to": utc(run.ended_at) if run.ended_at else None,
            "asks": f"To approve, or to reject with a reason: the results of {run}.",
            "cases": cases,
            "counts": dict(Counter(case["outcome"] for case in cases)),
            "open_defects": {str(severity): number for severity, number in sorted(severities.items())},
            "exit_criteria": _in_reasons(judge(facts, defects, asked=criteria.share_passed, still_open=False)),
        }
    )


def head_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a statement may still change after its run is closed: all but the cases, which do not."""
    return {name: value for name, value in values.items() if name != "cases"}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return in words what is not in `after` as it was in `before` (heads of two statements), for whoever saw the first."""
    found = []
    for name, words in (
        ("open_defects", "Open defects"),
        ("exit_criteria", "The exit criteria"),
        ("counts", "The results"),
    ):
        if name in before and before[name] != after[name]:
            was, now = (_in_words(name, values[name]) for values in (before, after))
            found.append(f"{words}: {was} before, {now} now.")
    for name, words in (("build", "The build"), ("environment", "The environment"), ("project", "The project’s name")):
        if name in before and before[name] != after[name]:
            found.append(f"{words} is another now.")
    return found or ["What is asked changed."]


def _in_words(name: str, value: Any) -> str:
    """Put a part of a head into words. What came back from a browser may be anything: it is only shown."""
    if name == "exit_criteria":
        return "met" if isinstance(value, Mapping) and value.get("met") else "not met"
    if not (isinstance(value, Mapping) and value):
        return "none"
    prefix = "severity " if name == "open_defects" else ""
    return ", ".join(f"{number} of {prefix}{str(key).lower()}" for key, number in value.items())


def _cases(run: Run) -> tuple[list[dict[str, Any]], list[CaseFacts]]:
    last = last_results(run)
    cases, facts = [], []
    for row in run.cases.select_related("case").order_by("position"):
        result = last.get(row.pk)
        outcome = result.outcome if result else Outcome.UNTESTED.value
        named_ = result is not None and (run.kind == Kind.SIT or outcome not in LEFT_OUT)
        cases.append(
            {
                "code": row.case.code,
                "title": row.title,
                "suite": row.suite_title,
                "text_sha256": text_digest(row),
                "outcome": str(Outcome(outcome).label) if run.kind == Kind.SIT else WORDS[outcome][0],
                "by": result.by.name if result and named_ else None,
                "at": utc(result.at) if result and named_ else None,
            }
        )
        facts.append(CaseFacts(row.pk, row.case.code, row.title, row.mandatory, outcome))
    return cases, facts


def text_digest(case: RunCase) -> str:
    """Return the SHA-256 of a case's text as the run pinned it."""
    names = ("suite_title", "title", "preconditions", "steps", "expected", "mandatory")
    return sha256(canonical({name: getattr(case, name) for name in names}))


def _in_reasons(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in words: whether the exit criteria of the run's kind are met, and why not."""
    missing, bad = len(verdict.missing), len(verdict.defects)
    reasons = []
    if missing:
        reasons.append(f"{missing} mandatory {'case was' if missing == 1 else 'cases were'} not run.")
    if not verdict.share_reached:
        reasons.append(f"{verdict.tally.share} % passed; {verdict.asked} % is asked.")
    if bad:
        reasons.append(
            f"{bad} {'defect' if bad == 1 else 'defects'} of severity 1 or 2 {'is' if bad == 1 else 'are'} open."
        )
    return {
        "met": verdict.met,
        "share_passed": verdict.tally.share,
        "share_asked": verdict.asked,
        "reasons": reasons,
        "how": HOW_COUNTED,
    }


# -- Who signs --------------------------------------------------------------------------------------


def signs(board: Board, who: Outsider) -> bool:
    """Return whether somebody signs for the biller: a seat of theirs, in whichever playbook, signs as such."""
    for seat in board.seats:
        if seat.role.signs_as == SignsAs.BILLER:
            if who.person_id is None and seat.role.id in who.roles:
                return True
            if who.person_id is not None and seat.person is not None and seat.person.id == who.person_id:
                return True
    return False


def may_sign(project: Project, person: User) -> bool:
    """Return whether the person signs for the biller in their own right."""
    return person.is_active and signs(project.board, outsider(person))


def may_write_down(project: Project, person: User) -> bool:
    """Return whether the person may write down what the biller signed on paper: whoever runs the project."""
    if not person.is_active or person.is_outside:
        return False
    return person.is_superuser or project.board.manages(person.pk)


def may_see(project: Project, row: RunSignOff, who: Outsider) -> bool:
    """Return whether somebody outside may see a signature with what was written: who made it, and who signs for the biller."""
    return row.by_id == who.person_id or signs(project.board, who)


# -- What was signed --------------------------------------------------------------------------------


def signed(run: Run) -> RunSignOff | None:
    """Return what was decided of a run, or None."""
    return RunSignOff.objects.filter(run=run).select_related("by").order_by("pk").first()


def signed_by_run(project: Project) -> dict[int, RunSignOff]:
    """Return what was decided of the runs of a project, by the run's id, the latest first; in one query."""
    rows = RunSignOff.objects.filter(project=project).select_related("by", "run").order_by("-pk")
    return {row.run_id: row for row in rows}


def uat_signed(project: Project) -> RunSignOff | None:
    """Return the biller's approval of the UAT run that counts, or None.

    The newest run that was not abandoned counts: a run after one that was signed says that more had to be tested.
    """
    return uat_signed_of([project.pk]).get(project.pk)


def uat_signed_of(project_ids: Collection[int]) -> dict[int, RunSignOff]:
    """Return the biller's approval of the UAT run that counts, by project, for those that have one; in two queries."""
    runs = Run.objects.filter(project__in=project_ids, kind=Kind.UAT).exclude(state=RunState.ABANDONED)
    newest: dict[int, int] = dict(runs.order_by("number").values_list("project_id", "pk"))
    rows = RunSignOff.objects.filter(run__in=newest.values()).select_related("by").order_by("-pk")
    first = {row.project_id: row for row in rows}  # a run is signed once
    return {owner: row for owner, row in first.items() if row.decision == "approved"}


def chain(project: Project) -> Iterable[RunSignOff]:
    """Return the signatures of a project in the order in which they were made, for `verify_evidence`."""
    return RunSignOff.objects.filter(project=project).order_by("pk")


# -- Signing ----------------------------------------------------------------------------------------


@named
def sign_run(
    run: Run,
    decision: str,
    *,
    by: User,
    shown: str | None = None,
    note: str = "",
    recorded: bool = False,
    evidence: Evidence = NO_DOOR,
    now: dt.datetime | None = None,
) -> RunSignOff:
    """Approve or reject one closed UAT run, with the exact text of what was decided on, sealed over the one before.

    Args:
        decision: approved or rejected. note: why, asked for with a rejection; with `recorded` how the biller's word came.
        shown: the digest that the form carried; None where nothing was shown.
        recorded: the biller signed on paper, and `by` writes it down.

    Raises:
        NotPermitted: `by` does not sign for the biller (`recorded`: does not run the project). Archived.
        RunRefused: no UAT, not closed, decided, a later run counts, no reason, or what was shown is not what is there now.
    """
    note, now = note.strip(), now or timezone.now()
    with transaction.atomic():
        project = run.project.locked()
        _refuse_who_may_not(project, by, recorded=recorded)
        project.refuse_if_archived()
        row = Run.objects.get(pk=run.pk)
        row.project = project
        _refuse_what_is_not_to_sign(row)
        _refuse_without_words(decision, note, recorded=recorded)
        statement = run_statement(row)
        if shown is not None and shown != statement.digest:
            text = "What you were shown has changed meanwhile. Look at what it is now, then decide."
            raise RunRefused([Blocker("shown-changed", text, subject="shown")])
        door, before = evidence.cut(), RunSignOff.objects.filter(project=project).order_by("-pk").first()
        made = RunSignOff(
            project=project, run=row, decision=decision, recorded=recorded, by=by, at=now, note=note, name=by.name,
            email=by.email, address=door.address, agent=door.agent, method=door.method,
            shown=statement.text, shown_sha256=statement.digest, previous_sha256=before.sha256 if before else "",
        )  # fmt: skip
        made.full_clean(exclude=("project", "run", "by"))
        made.sha256 = seal(made)
        made.save()
        for follower in _followers:
            follower(made)
    return made


#: What follows from a signature, within its transaction: called with the row.
_followers: list[Any] = []


def after_sign(follower: Any) -> None:
    """Let something follow from every signature, in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


def _refuse_who_may_not(project: Project, by: User, *, recorded: bool) -> None:
    if recorded and not may_write_down(project, by):
        text = "What was signed on paper is written down by whoever runs the project."
        raise NotPermitted([Blocker("not-permitted", text)])
    if not recorded and not may_sign(project, by):
        raise NotPermitted([Blocker("not-permitted", "The biller signs this run, by the people who hold that seat.")])


def _refuse_what_is_not_to_sign(run: Run) -> None:
    refused = None
    if run.kind != Kind.UAT:
        refused = Blocker("not-uat", f"{run} is not for the biller to sign.")
    elif run.state == RunState.OPEN:
        refused = Blocker("run-open", f"{run} is still open: it is signed once our team has closed it.")
    elif run.state == RunState.ABANDONED:
        refused = Blocker("run-abandoned", f"{run} was stopped: there is nothing to sign.")
    elif (made := signed(run)) is not None:
        words = "approved" if made.decision == "approved" else "rejected"
        refused = Blocker("decided", f"{run} was {words} by {made.name} already. A decision on a run stands for good.")
    elif (newest := last_run(run.project_id, run.kind)) is not None and newest.pk != run.pk:
        refused = Blocker("run-superseded", f"{newest} came after {run}: that one is signed.")
    if refused:
        raise RunRefused([refused])


def _refuse_without_words(decision: str, note: str, *, recorded: bool) -> None:
    if recorded and not note:
        text = "Say how the biller’s decision reached you: a letter, a mail, a meeting."
        raise RunRefused([Blocker("missing-note", text, subject="note")])
    if decision == "rejected" and not note:
        raise RunRefused(
            [Blocker("missing-note", "Say why you reject it: the next run is made by that.", subject="note")]
        )
    if len(note) > NOTE_LIMIT:
        raise RunRefused(
            [Blocker("note-too-long", f"The reason has {len(note):,} characters; {NOTE_LIMIT:,} is the most.")]
        )


# -- The SIT run of a verification ------------------------------------------------------------------


def sit_run_shown(step: ProjectStep, viewer: User) -> dict[str, Any] | None:
    """Return what whoever verifies SIT is shown of the run that they verify, or None: another step, no run, or outside."""
    if step.live.template.approval != ApprovalKind.SIT_VERIFICATION or viewer.is_outside:
        return None
    run = last_run(step.project_id, Kind.SIT)
    if run is None:
        return None
    run.project = step.project
    statement = run_statement(run)
    names = ("run", "build", "environment", "from", "to", "counts", "open_defects", "exit_criteria")
    return {
        **{name: statement.values[name] for name in names},
        "state": str(run.get_state_display()),
        "sha256": statement.digest,
    }
