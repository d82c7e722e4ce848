"""Every criterion of readiness blocks alone, and is cleared alone; and a project that goes the whole way."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from accounts.models import OutgoingMail
from handoff.marks import Ready
from handoff.models import Package, SupportPeriod
from handoff.package import contents
from handoff.summary.filling import set_field
from projects.models import Project
from tests.cast import move
from tests.handoff.scene import (
    NOON,
    SLUG,
    TODAY,
    WAYS,
    before_go_live,
    close_steps,
    decide_tier,
    fill_summary,
    fresh,
    hold_tsm_meetings,
    present,
    sign_uat,
)
from tests.meetings.agendas import make_go_live
from transitions.blockers import MoveRefused
from transitions.moves import perform

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_tuesday(monkeypatch: pytest.MonkeyPatch):
    kept = {slug: part for slug, part in contents._parts.items() if slug in {"project", "integration-summary"}}
    monkeypatch.setattr(contents, "_parts", kept)  # what a package holds is not what these tests are about
    with time_machine.travel(NOON, tick=False):
        yield


def in_the_way(project: Project, cast) -> set[str]:
    """The codes of what refuses the go-live; none where it goes."""
    try:
        perform(fresh(project), "advance", by=cast.priya)
    except MoveRefused as refused:
        return {blocker.code for blocker in refused.blockers}
    return set()


@pytest.mark.parametrize("left_out", list(WAYS), ids=lambda criterion: criterion.name.lower())
def test_each_criterion_blocks_alone_and_is_cleared_alone(left_out: Ready, make_project, cast):
    project = before_go_live(make_project)
    make_go_live(host=cast.cora)
    # Without a decision nobody knows how many TSM meetings there are: they are held all the same.
    for criterion, way in WAYS.items():
        if criterion is not left_out:
            way(project, cast)
    close_steps(project, cast)
    assert in_the_way(project, cast) == {left_out.value}
    assert fresh(project).phase == "release"
    WAYS[left_out](project, cast)
    assert in_the_way(project, cast) == set()
    assert fresh(project).phase == "post_live"


def test_a_step_of_release_that_is_open_blocks_too(make_project, cast):
    project = before_go_live(make_project)
    make_go_live(host=cast.cora)
    for way in WAYS.values():
        way(project, cast)
    close_steps(project, cast)
    move(project, f"{SLUG}/release.introduce-support", "reopen", cast.priya, note="They asked again")
    assert in_the_way(project, cast) == {"step-open"}


def test_a_package_is_returned_and_what_it_lacks_is_in_the_way_until_it_is_settled(make_project, cast):
    from handoff.package.acts import request_package, settle_gap
    from handoff.package.build import build

    project = before_go_live(make_project)
    for way in (sign_uat, decide_tier, hold_tsm_meetings, fill_summary, present):
        way(project, cast)
    close_steps(project, cast)
    first = request_package(fresh(project), by=cast.priya)
    build(first.pk)
    returned = perform(
        Package.objects.get(pk=first.pk),
        "return_package",
        by=cast.cora,
        note="See below",
        gaps=(("The IVR script", cast.ivan),),
    ).row
    second = request_package(fresh(project), by=cast.priya)
    build(second.pk)
    perform(Package.objects.get(pk=second.pk), "accept_package", by=cast.cora)
    assert in_the_way(project, cast) == {Ready.PACKAGE.value}
    settle_gap(returned.gaps.get(), "It is in the files now", by=cast.priya)
    assert in_the_way(project, cast) == set()


def test_a_field_that_changes_after_acceptance_holds_the_gate(make_project, cast):
    from handoff.models import SummaryEntry
    from handoff.summary.completeness import completeness
    from handoff.summary.filling import accept_summary

    project = before_go_live(make_project)
    for way in WAYS.values():
        way(project, cast)
    close_steps(project, cast)
    accept_summary(fresh(project), digest=completeness(fresh(project)).digest, by=cast.cora)
    row = SummaryEntry.objects.get(project=project, key="payments")
    set_field(fresh(project), "payments", revision=row.revision, by=cast.ivan, value="Posted at night now")
    assert in_the_way(project, cast) == {Ready.SUMMARY.value}
    accept_summary(fresh(project), digest=completeness(fresh(project)).digest, by=cast.cora)
    assert in_the_way(project, cast) == set()


def test_support_starts_with_the_go_live_as_it_was_decided(make_project, cast):
    project = before_go_live(make_project)
    for way in WAYS.values():
        way(project, cast)
    close_steps(project, cast)
    assert in_the_way(project, cast) == set()
    period = SupportPeriod.objects.get(project=project)
    decision = project.tier_decisions.get()
    assert (period.starts_on, period.days, period.tsm) == (TODAY, decision.days, cast.tess)
    assert period.planned_end == TODAY + dt.timedelta(days=decision.days)
    assert fresh(project).actual_go_live == TODAY
    assert OutgoingMail.objects.filter(kind__startswith="support-").count() == sum(
        1 for seat in project.seats.all() if seat.person and seat.person.is_outside
    )


def test_the_gate_freezes_what_was_true(make_project, cast):
    project = before_go_live(make_project)
    for way in WAYS.values():
        way(project, cast)
    close_steps(project, cast)
    record = perform(fresh(project), "advance", by=cast.priya).record
    told = {one["code"]: one["met"] for one in record.facts["criteria"]}
    assert {criterion.value for criterion in WAYS} <= told.keys()
    assert all(told.values())
