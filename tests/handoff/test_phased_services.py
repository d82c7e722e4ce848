"""Phases linked, answers given, phased go-live turned on and off: rights, refusals, what follows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from handoff.models import CriterionCode, PhasedAnswer, PhaseLink
from handoff.phased.criteria import Reply
from handoff.phased.linking import answer_criterion, link_phases, unlink_phases
from handoff.phased.page import judged, program_of
from handoff.phased.switching import preview, set_phased, tasks_of
from history.tracking import history_of
from meetings.project_meetings import plan_steering
from meetings.series import end_series
from projects.models import Project, ProjectStep
from records.raid import raise_item
from tests.cast import MakeProject, move
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
BOOKS = ("transition-to-cs",)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(playbooks=BOOKS, mrr=Decimal("3000"))


def afresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def archived(make_project: MakeProject, cast: SimpleNamespace, **fields: Any) -> Project:
    """A project of which every step is done, complete."""
    made = make_project(kind="add_on", playbooks=("addon-post-live",), **fields)
    for step in ProjectStep.objects.filter(project=made).order_by("template__number"):
        perform(step, "start", by=cast.adele)
        perform(step, "complete", by=cast.adele)
    return perform(made, "complete", by=cast.adele).row


def reply(project: Project, reader: Any, code: CriterionCode) -> Reply:
    answers, _ = judged(afresh(project), reader, TODAY)
    return next(one.reply for one in answers if one.code == code)


# Answers -------------------------------------------------------------------------------------------------------------------


def test_the_latest_answer_counts(project, cast):
    answer_criterion(project, "revenue", answer=True, note="AutoPay in March.", by=cast.priya)
    assert reply(project, cast.priya, CriterionCode.REVENUE) == Reply.YES
    answer_criterion(project, "revenue", answer=False, note="Called off.", by=cast.ivan)
    assert reply(project, cast.priya, CriterionCode.REVENUE) == Reply.NO
    assert PhasedAnswer.objects.count() == 2


def test_who_does_not_run_the_project_answers_nothing(project, cast):
    with pytest.raises(NotPermitted):
        answer_criterion(project, "revenue", answer=True, note="x", by=cast.tess)


@pytest.mark.parametrize(("code", "note"), [("raid", "x"), ("revenue", " "), ("revenue", "x" * 1001), ("else", "x")])
def test_an_answer_that_is_none_is_refused(project, cast, code, note):
    with pytest.raises(ValidationError):
        answer_criterion(project, code, answer=True, note=note, by=cast.priya)
    assert not PhasedAnswer.objects.exists()


# Links ---------------------------------------------------------------------------------------------------------------------


def test_a_link_makes_two_criteria_known(project, make_project, cast):
    second = make_project(playbooks=BOOKS, mrr=Decimal("4200"))
    link_phases(project, second, by=cast.priya)
    assert reply(project, cast.priya, CriterionCode.NEXT) == Reply.YES
    assert reply(project, cast.priya, CriterionCode.REVENUE) == Reply.YES
    assert reply(second, cast.priya, CriterionCode.PREVIOUS) == Reply.NO


def test_an_archived_phase_may_still_be_followed(make_project, cast, project):
    first = archived(make_project, cast)
    assert first.biller_id == project.biller_id
    link_phases(first, project, by=cast.adele)
    assert reply(project, cast.adele, CriterionCode.PREVIOUS) == Reply.YES


def test_a_cancelled_next_phase_holds_no_longer(project, make_project, cast):
    second = make_project(playbooks=BOOKS, mrr=Decimal("4200"))
    link_phases(project, second, by=cast.priya)
    perform(second, "cancel", by=cast.priya, note="Not sold after all.")
    answers, verdict = judged(afresh(project), cast.priya, TODAY)
    assert reply(project, cast.priya, CriterionCode.NEXT) == Reply.NO
    assert not verdict.phased
    assert any("is cancelled: this criterion no longer holds" in one.why for one in answers)
    rows = program_of(project.biller, cast.priya, TODAY).rows
    assert [row.note for row in rows] == ["", f"Cancelled: {project.code} has no next phase any more."]


def test_phases_go_one_way_and_in_no_circle(project, make_project, cast):
    second, third = make_project(playbooks=BOOKS), make_project(playbooks=BOOKS)
    link_phases(project, second, by=cast.priya)
    link_phases(second, third, by=cast.priya)
    other = make_project(playbooks=BOOKS, biller="Halden Water", code="HLD")
    fourth = make_project(playbooks=BOOKS)
    for before, after, code in (
        (project, project, "itself"), (project, other, "other-biller"), (project, second, "linked"),
        (fourth, second, "has-previous"), (project, fourth, "has-next"), (third, project, "circle"),
    ):  # fmt: skip
        with pytest.raises(MoveRefused) as told:
            link_phases(before, after, by=cast.priya)
        assert [blocker.code for blocker in told.value.blockers] == [code]
    assert PhaseLink.objects.count() == 2


def test_who_runs_neither_links_nothing_and_an_archived_one_takes_no_link(project, make_project, cast):
    second = make_project(playbooks=BOOKS)
    with pytest.raises(NotPermitted):
        link_phases(project, second, by=cast.tess)
    with pytest.raises(Archived):
        link_phases(project, archived(make_project, cast), by=cast.adele)


def test_a_link_may_be_taken_away_once(project, make_project, cast):
    link = link_phases(project, make_project(playbooks=BOOKS), by=cast.priya)
    with pytest.raises(NotPermitted):
        unlink_phases(link, by=cast.tess)
    unlink_phases(link, by=cast.priya)
    with pytest.raises(MoveRefused):
        unlink_phases(link, by=cast.priya)
    assert history_of(PhaseLink).objects.filter(history_type="-").count() == 1


def test_the_data_answers_for_meetings_and_the_log(project, cast):
    assert reply(project, cast.priya, CriterionCode.STEERING) == Reply.UNKNOWN
    series = plan_steering(project, dt.date(2026, 12, 1), dt.time(11), "fortnightly", by=cast.priya)
    raise_item(project, "issue", by=cast.priya, title="Late files")
    assert reply(project, cast.priya, CriterionCode.STEERING) == Reply.YES
    assert reply(project, cast.priya, CriterionCode.RAID) == Reply.YES
    end_series(series, TODAY, by=cast.priya)
    assert reply(project, cast.priya, CriterionCode.STEERING) == Reply.NO


def test_who_may_not_see_a_neighbour_learns_neither_its_name_nor_its_worth(project, make_project, cast):
    second = make_project(playbooks=BOOKS, mrr=Decimal("4200"), people={"PM": cast.priya})
    link_phases(project, second, by=cast.priya)
    answers, verdict = judged(afresh(project), cast.sofia, TODAY)
    said = repr(answers) + verdict.words
    assert "A project that you may not open is the next phase." in said
    assert (second.code in said, "4,200" in said) == (False, False)


def test_the_program_costs_the_same_for_one_phase_and_three(project, make_project, cast, django_assert_num_queries):
    with django_assert_num_queries(4):
        assert len(program_of(project.biller, cast.priya, TODAY).rows) == 1
    second, third = make_project(playbooks=BOOKS), make_project(playbooks=BOOKS, people={})
    link_phases(project, second, by=cast.priya)
    link_phases(second, third, by=cast.adele)
    with django_assert_num_queries(4):
        found = program_of(project.biller, cast.priya, TODAY)
    assert ([(row.place, row.code) for row in found.rows], found.hidden) == ([(1, project.code), (2, second.code)], 1)


# On and off ----------------------------------------------------------------------------------------------------------------


def statuses(project: Project) -> set[str]:
    return {step.status for step in tasks_of(afresh(project))}


def test_turning_it_on_makes_the_nine_tasks_live_with_dates(project, cast):
    assert statuses(project) == {"not_applicable"}
    seen = preview(afresh(project), True, today=TODAY)
    assert (len(seen.steps), seen.blockers) == (9, ())
    done = set_phased(project, True, reason="Commercial lines come later.", by=cast.priya, revision=project.revision)
    assert done.phased_go_live
    rows = ProjectStep.objects.filter(project=project, template__applies="phased_only")
    assert set(rows.values_list("status", flat=True)) == {"not_started"}
    # Go-live on Tuesday, Mar 2, 2027; twenty working days from Mar 3 on.
    assert set(rows.values_list("due", "baseline_due")) == {(dt.date(2027, 3, 30), dt.date(2027, 3, 30))}
    assert {one.due for one in seen.steps} == {dt.date(2027, 3, 30)}
    assert TransitionRecord.objects.filter(move="reopen").count() == 9
    fresh = afresh(project)
    assert fresh.steps_done == sum(step.closed for step in fresh.board.steps)
    assert history_of(Project).objects.latest("pk").history_change_reason == "Commercial lines come later."


def test_turning_it_off_sets_them_aside_with_the_reason_and_on_again_keeps_the_baseline(project, cast):
    set_phased(project, True, reason="More comes.", by=cast.priya)
    set_phased(project, False, reason="Sold as one.", by=cast.priya)
    rows = ProjectStep.objects.filter(project=project, template__applies="phased_only")
    assert set(rows.values_list("status", "reason")) == {("not_applicable", "No longer a phased go-live: Sold as one.")}
    with time_machine.travel(dt.datetime(2027, 4, 1, 15, tzinfo=dt.UTC), tick=False):
        set_phased(project, True, reason="After all.", by=cast.priya)
    assert set(rows.values_list("baseline_due", flat=True)) == {dt.date(2027, 3, 30)}
    assert set(rows.values_list("due", flat=True)) == {dt.date(2027, 4, 28)}


def test_a_task_that_was_begun_keeps_it_on_and_is_named(make_project, cast):
    project = make_project(playbooks=("transition-to-cs",), kind="existing", phased_go_live=True)
    blocked = afresh(project)
    blocked.board.by_path["transition-to-cs/post-live.escalate"].status = "in_progress"
    found = preview(blocked, False, today=TODAY)
    assert [blocker.code for blocker in found.blockers] == ["task-started"]
    assert "“Escalate production issues” is in progress" in found.blockers[0].text
    assert len(found.steps) == 8


def test_a_phased_task_is_set_aside_by_hand_only_where_the_project_is_not_phased(make_project, cast):
    project = make_project(playbooks=("transition-to-cs",), kind="existing", phased_go_live=True)
    with pytest.raises(MoveRefused) as told:
        move(project, "transition-to-cs/post-live.escalate", "mark_not_applicable", cast.adele, note="x")
    assert told.value.blockers[0].code == "always-applies"


@pytest.mark.parametrize(("reason", "error"), [("", "reason"), ("x" * 301, "reason")])
def test_a_switch_takes_a_reason(project, cast, reason, error):
    with pytest.raises(ValidationError) as told:
        set_phased(project, True, reason=reason, by=cast.priya)
    assert error in told.value.message_dict


def test_a_switch_is_refused_to_strangers_on_stale_pages_and_where_it_says_nothing_new(project, cast):
    with pytest.raises(NotPermitted):
        set_phased(project, True, reason="x", by=cast.tess)
    with pytest.raises(StaleRow):
        set_phased(project, True, reason="x", by=cast.priya, revision=project.revision + 1)
    with pytest.raises(MoveRefused) as told:
        set_phased(project, False, reason="x", by=cast.priya)
    assert told.value.blockers[0].code == "already"
    perform(project, "hold", by=cast.priya, note="x")
    with pytest.raises(MoveRefused) as told:
        set_phased(project, True, reason="x", by=cast.priya)
    assert told.value.blockers[0].code == "not-active"
    assert not afresh(project).phased_go_live


def test_an_archived_project_is_not_switched(make_project, cast):
    with pytest.raises(Archived):
        set_phased(archived(make_project, cast), True, reason="x", by=cast.adele)
