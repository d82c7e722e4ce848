"""What testing adds to the pages of people outside: what waits for them, and how far UAT is.

Addresses are relative to the project's page, so that whoever looks as the customer gets the same words, byte for byte.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from projects.board import LiveStep
from projects.days import short
from projects.evidence import register_chain
from projects.outside_asks import Ask, Telling, register_asks
from projects.panels import Panel, register, register_link
from projects.signoff import show_with
from transitions.clock import business_day
from transitions.run import RunState
from workbook import mails
from workbook.models import Run, RunSignOff
from workbook.portal import RunLine, run_line
from workbook.sign_off import chain, may_see, signed_by_run, signs, sit_run_shown
from workbook.told import Progress, progress_of
from workbook.vocabulary import Kind


def register_all() -> None:
    """Add all this to the pages; for `AppConfig.ready()`."""
    register_asks(asks)
    register("outside-project", panel)
    register_link("UAT as customers see it", "uat")
    show_with("sit_run", sit_run_shown)
    register_chain("run sign-off", chain)
    mails.register_all()


@dataclass(frozen=True, slots=True)
class Signature:
    """One past signature, as a line."""

    title: str
    link: str
    label: str
    approved: bool
    by: str


@dataclass(frozen=True, slots=True)
class Known:
    """The run that counts, and all that was signed."""

    run: Run
    progress: Progress
    signed: dict[int, RunSignOff]


def asks(telling: Telling, steps: Collection[LiveStep]) -> Iterable[Ask]:
    """Yield an open UAT run with cases to test, and a closed one that waits for the word of who signs for the biller."""
    known = _known(telling)
    if known is None:
        return
    run, progress = known.run, known.progress
    if run.state == RunState.OPEN and progress.waiting:
        cases = f"{progress.waiting} {'case' if progress.waiting == 1 else 'cases'}"
        why = f"{run}: {progress.words}. Build {run.build}, {run.environment}."
        yield Ask(
            f"Test {cases}", why, run.due, f"uat/{run.number}/", "Continue testing" if progress.run else "Start testing"
        )
    elif run.state == RunState.CLOSED and run.pk not in known.signed and signs(telling.board, telling.who):
        why = f"{run} is closed: {_in_words(progress)}. Approve its results, or reject them with a reason."
        yield Ask(f"Sign {run}", why, None, f"uat/{run.number}/sign", "Read and decide")


def panel(telling: Telling) -> Panel | None:
    """Return how far UAT is and what was signed, or None where no run was ever made."""
    known = _known(telling)
    if known is None:
        return None
    run, today = known.run, telling.today
    line: RunLine = run_line(run, known.progress, known.signed.get(run.pk), today)
    signatures = [
        Signature(
            str(row.run), f"uat/sign-offs/{row.pk}", row.get_decision_display(), row.decision == "approved",
            f"by {row.name}, {short(business_day(row.at), today)}",
        )
        for row in known.signed.values()
        if may_see(telling.project, row, telling.who)
    ]  # fmt: skip
    return Panel("workbook/portal/panel.html", {"line": line, "signatures": signatures})


def _in_words(progress: Progress) -> str:
    return ", ".join(f"{number} {words}" for words, number in progress.counted)


def _known(telling: Telling) -> Known | None:
    """Return what is known of a project's UAT, read once for a telling: three queries, one without UAT."""
    kept = vars(telling)  # both sources above ask
    if "workbook.uat" not in kept:
        runs = Run.objects.filter(project=telling.project, kind=Kind.UAT).exclude(state=RunState.ABANDONED)
        run = runs.order_by("-number").first()
        kept["workbook.uat"] = (
            Known(run, progress_of([run])[run.pk], signed_by_run(telling.project)) if run is not None else None
        )
    found: Known | None = kept["workbook.uat"]
    return found
