"""Testing in the demo: half done in SIT and closed good past it; UAT half done in Release, and signed before go-live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from accounts.models import User
from projects.models import Project
from transitions.moves import perform
from transitions.phase import Phase
from workbook.defects import NewDefect, record_case
from workbook.gate import writes_workbook
from workbook.models import Defect, Run, RunCase, StarterSuite
from workbook.outcomes import to_run_again
from workbook.runs import record_result, start_run
from workbook.sign_off import run_statement, sign_run
from workbook.starter import load_set, shipped, starter_cases, take_starter_set
from workbook.tester import record_as_tester
from workbook.vocabulary import Kind, Severity

#: What went wrong, by the title of the case: outcome, note, the defect and its severity.
FINDINGS: Mapping[str, tuple[str, str, tuple[str, int] | None]] = {
    "A corrected invoice replaces the one before it": (
        "failed", "The old invoice can still be paid.", ("Cancelled invoice stays open after a rebill", 2),
    ),
    "A credit balance asks for no payment": (
        "failed", "A credit of 25.00 is shown as due.", ("Credit balance loses its sign", 1),
    ),
    "A debit adjustment raises what is due": ("blocked", "No test account has a late fee yet; the biller makes one.", None),
    "A partial payment leaves the rest due": ("retest", "Mended in the build of tonight.", None),
    "One payment over several invoices is split as designed": (
        "failed", "The second line of the split is a cent short.", ("Split payment is off by a cent", 3),
    ),
    "The same request sent twice pays once": ("failed", "Two payments, one number.", ("A retry of the call pays again", 1)),
    "A check is printed with the right stub": ("failed", "The stub lacks the claim number.", ("Stub without claim number", 3)),
}  # fmt: skip
BUILDS = ("2026.3", "2026.4")
ENVIRONMENT = "Certification"


def sit_chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let the testers of a project in SIT work; before it leaves, until the gate's criteria are met."""
    if phase != Phase.SIT or not writes_workbook(project):
        return
    if not StarterSuite.objects.exists():
        for file in shipped():
            load_set(file.read_text(encoding="utf-8"))
    lead, tester = people["PM"], people["SE"] if _works_in_sit(project, people["SE"]) else people["SA"]
    if not starter_cases(project, Kind.SIT):
        return
    for kind in (Kind.SIT, Kind.UAT):
        take_starter_set(project, kind, by=lead)
    began = now - dt.timedelta(days=9)
    run = start_run(
        project,
        Kind.SIT,
        build=BUILDS[0],
        environment=ENVIRONMENT,
        by=lead,
        due=(now + dt.timedelta(days=5)).date(),
        now=began,
    )
    cases = list(run.cases.order_by("position"))
    _test(cases if leaving else cases[: len(cases) * 3 // 5], tester, began, now)
    if leaving:
        _mend_and_run_again(project, run, lead, tester, now)


def uat_chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let the biller's people test before go-live: through and signed once half of Release is done, and under way until then."""
    biller = people["B"]
    seated = any(seat.person and seat.person.id == biller.pk for seat in project.board.seats)
    cases = project.cases.filter(suite__kind=Kind.UAT, retired=False)
    if phase != Phase.RELEASE or not seated or not cases.exists():
        return
    through = leaving or 2 * project.phase_done >= project.phase_total
    lead, began = people["PM"], now - dt.timedelta(days=4)
    due = (now + dt.timedelta(days=3)).date()
    run = start_run(project, Kind.UAT, build=BUILDS[1], environment="Staging", by=lead, due=due, now=began)
    rows = list(run.cases.order_by("position"))
    for place, case in enumerate(rows if through else rows[: len(rows) * 3 // 5], start=1):
        at = min(began + dt.timedelta(hours=4 * place), now)
        if place == 2 and not through:
            note = "The receipt names last month’s bill.\nIt is right on the second try."
            record_as_tester(case, "failed", note=note, severity=Severity.MINOR, by=biller, now=at)
        else:
            record_as_tester(case, "passed", by=biller, now=at)
    if through:
        perform(run, "close_run", by=lead, note="All cases are through.", now=now)
        fresh = Run.objects.get(pk=run.pk)
        sign_run(fresh, "approved", by=biller, shown=run_statement(fresh).digest, note="We are ready.", now=now)


def _works_in_sit(project: Project, person: User) -> bool:
    return any(
        step.template.phase == Phase.SIT and {"R", "A"} & project.board.letters_of(person.pk, step)
        for step in project.board.steps
    )


def _test(cases: Sequence[RunCase], tester: User, began: dt.datetime, now: dt.datetime) -> None:
    step = (now - began) / (len(cases) + 1)
    for place, case in enumerate(cases):
        at = (began + step * (place + 1)).replace(hour=14 + place % 7)
        outcome, note, found = FINDINGS.get(case.title, ("passed", "", None))
        defect = NewDefect(found[0], found[1], f"https://tracker.example/browse/INT-{140 + place}") if found else None
        record_case(case, outcome, note=note, defect=defect, by=tester, now=min(at, now))


def _mend_and_run_again(project: Project, run: Run, lead: User, tester: User, now: dt.datetime) -> None:
    """Close the run, close its defects, run again what was not good, and let one case be waived by name."""
    at = now - dt.timedelta(minutes=150)
    perform(run, "close_run", by=lead, note="What is left goes into the retest.", now=at)
    for defect in Defect.objects.filter(result__run=run):
        perform(defect, "close_defect", by=lead, note=f"Mended in {BUILDS[1]}.", now=at)
    again = to_run_again(project.pk, Kind.SIT)
    retest = start_run(project, Kind.SIT, build=BUILDS[1], environment=ENVIRONMENT, by=lead, only=again, now=at)
    for number, case in enumerate(retest.cases.order_by("position"), start=1):
        at += dt.timedelta(minutes=20)
        if number == len(again):
            note = "The biller lives with it until the next release, and said so in the review."
            record_result(case, "waived", note=note, by=lead, now=at)
        else:
            record_result(case, "passed", by=tester, now=at)
    perform(retest, "close_run", by=lead, note="Both sides have looked at it.", now=at)
