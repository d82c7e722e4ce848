"""A project that stands before its go-live, and the ways of making it ready. Nothing here is a test."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from handoff.marks import Ready
from handoff.models import Package, TierDecision
from handoff.package.acts import request_package
from handoff.package.build import build
from handoff.summary.completeness import completeness
from handoff.summary.filling import set_field, take_known
from handoff.tier.decisions import Choice, decide, position_of
from meetings.agenda_facts import company_series
from meetings.closing import add_item
from meetings.holding import settle_item, start_meeting
from meetings.models import Occurrence
from meetings.series import make_series
from meetings.vocabulary import Kind
from projects.lookup import live_step
from projects.models import Project
from tests.cast import MakeProject, move
from tests.meetings.agendas import at, make_go_live
from tests.workbook.uat_scene import write_cases
from transitions.moves import perform
from workbook.models import Run
from workbook.runs import record_result, start_run
from workbook.sign_off import run_statement, sign_run
from workbook.vocabulary import Kind as Testing

#: A Tuesday; the last Monday strictly before the go-live on Thursday the 26th is the 23rd.
TODAY = dt.date(2026, 11, 24)
NOON = at(TODAY, 12)
GO_LIVE = dt.date(2026, 11, 26)
MONDAY = dt.date(2026, 11, 23)
SLUG = "transition-to-cs"
STEPS = (
    "release.introduce-support", "release.tsm-decision", "release.tsm-meetings", "release.integration-summary",
    "release.cs-go-live-presentation",
)  # fmt: skip


def before_go_live(make_project: MakeProject, **values: Any) -> Project:
    """A project of an existing integration in Release, two days before its go-live; call it in the week of TODAY."""
    plain: dict[str, Any] = {
        "kind": "existing", "playbooks": (SLUG,), "kickoff": dt.date(2026, 10, 5), "target": GO_LIVE, "mrr": Decimal("3000"),
    }  # fmt: skip
    return make_project(**plain | values)


def fresh(project: Project) -> Project:
    """The project as it is now."""
    return Project.objects.select_related("biller", "manager", "core_system").get(pk=project.pk)


def close_steps(project: Project, cast: SimpleNamespace) -> None:
    """Do the steps of Release, each by who is responsible for it."""
    for key in STEPS:
        path = f"{SLUG}/{key}"
        if live_step(fresh(project), path).closed:
            continue
        by = cast.cora if key == "release.tsm-decision" else cast.ivan if key.endswith("summary") else cast.priya
        move(project, path, "start", by)
        move(project, path, "complete", by)


def sign_uat(project: Project, cast: SimpleNamespace) -> Run:
    """Let a UAT run of one case pass, and Priya write down that the biller signed it on paper."""
    write_cases(project, Testing.UAT, 1)
    run = start_run(project, Testing.UAT, build="1", environment="Staging", by=cast.priya)
    for case in run.cases.all():
        record_result(case, "passed", by=cast.priya)
    run = perform(run, "close_run", by=cast.priya).row
    run = Run.objects.select_related("project").get(pk=run.pk)
    shown = run_statement(run).digest
    sign_run(run, "approved", by=cast.priya, shown=shown, note="By letter of the day", recorded=True)
    return run


def present(project: Project, cast: SimpleNamespace, monday: dt.date = MONDAY) -> Occurrence:
    """Present the project to Client Services on a Monday."""
    there = company_series(Kind.GO_LIVE)
    series = there[0] if there else make_go_live(host=cast.cora)
    item = add_item(series, monday, project=fresh(project), by=cast.adele, now=at(monday, 9))
    row = start_meeting(series, monday, by=cast.adele, now=at(monday, 9))
    settle_item(item, "presented", by=cast.adele, now=at(monday, 9))
    return perform(Occurrence.objects.get(pk=row.pk), "close_meeting", by=cast.adele, now=at(monday, 10)).row


def decide_tier(project: Project, cast: SimpleNamespace, **terms: Any) -> TierDecision:
    """Let Cora decide as the table proposes, with Tess as TSM; `terms` say otherwise."""
    position = position_of(fresh(project))
    assert position.proposal is not None
    wanted = replace(position.proposal.terms, **terms)
    tsm = cast.tess if wanted.days else None
    return decide(fresh(project), Choice(wanted, tsm, "As agreed"), by=cast.cora, key=uuid.uuid4())


def hold_tsm_meetings(project: Project, cast: SimpleNamespace, count: int = 1) -> None:
    """Hold TSM meetings on the days before TODAY."""
    days = [TODAY - dt.timedelta(days=number) for number in range(1, count + 1)]
    series = make_series(
        "tsm", by=cast.priya, project=fresh(project), days=days, attendees=[cast.ivan, cast.tess], title="TSM meetings",
        starts_on=min(days), starts_at=dt.time(14), minutes=30, host=cast.priya, now=at(min(days), 8),
    )  # fmt: skip
    for day in days:
        row = start_meeting(series, day, by=cast.priya, now=at(day, 14))
        perform(Occurrence.objects.get(pk=row.pk), "close_meeting", by=cast.priya, now=at(day, 15))


def fill_summary(project: Project, cast: SimpleNamespace, *, leave: str = "") -> None:
    """Fill every field of the Integration Summary but `leave`: what the project knows, and a word on the rest."""
    take_known(fresh(project), by=cast.ivan)
    state = completeness(fresh(project))
    for section in state.sections:
        for field in section.gaps:
            if field.key != leave:
                set_field(
                    fresh(project), field.key, revision=0, by=cast.ivan, not_applicable=True, reason="Nothing of the kind"
                )  # fmt: skip


def hand_over(project: Project, cast: SimpleNamespace) -> Package:
    """Build a package, and let Cora accept it."""
    asked = request_package(fresh(project), by=cast.priya)
    build(asked.pk)
    return perform(Package.objects.get(pk=asked.pk), "accept_package", by=cast.cora).row


#: What makes each criterion of Client Services hold, in an order in which it can be done.
WAYS: dict[Ready, Callable[[Project, SimpleNamespace], object]] = {
    Ready.UAT: sign_uat,
    Ready.TIER: decide_tier,
    Ready.TSM_MEETINGS: hold_tsm_meetings,
    Ready.SUMMARY: fill_summary,
    Ready.PRESENTATION: present,
    Ready.PACKAGE: hand_over,
}
