"""A live project on a newer version: what the move writes, what it refuses, and that undoing gives the rows back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from projects.dates import move_due_date
from projects.models import Notice, ProjectPlaybook, Upgrade
from tests.cast import finish, move, step_of
from tests.projects.upgrade.scene import (
    NEW_ROLE,
    V1,
    WITHOUT_SA,
    a_step,
    disagreements,
    fresh,
    publish,
    rows_of,
    started,
    steps_of,
    undo,
    upgrade,
    versions,
)
from tests.transitions.made_up import ROLES
from transitions.blockers import Archived, MoveRefused, NotPermitted
from transitions.machine import door
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db


def refused(act) -> list[str]:
    with pytest.raises(MoveRefused) as caught:
        act()
    return [blocker.code for blocker in caught.value.blockers]


def test_one_record_and_every_kind_of_line(cast):
    one, two = versions(
        V1[0], replace(V1[2], title="Build it", duration_days=9), a_step(4, "development"), a_step(5, "development")
    )
    project = started(cast, one)
    before = TransitionRecord.objects.count()
    outcome = upgrade(project, two, cast.priya, note="The new one is better")
    assert TransitionRecord.objects.count() == before + 1
    facts = outcome.record.facts
    assert (facts["from"], facts["to"], outcome.record.note) == ("Made Up v1", "Made Up v2", "The new one is better")
    told = {line["key"]: (line["kind"], line["decision"]) for line in facts["lines"]}
    assert told == {
        "made-up/design.step-1": ("same", "accept"),
        "made-up/design.step-2": ("removed", "accept"),
        "made-up/development.step-3": ("changed", "accept"),
        "made-up/development.step-4": ("same", "accept"),
        "made-up/development.step-5": ("added", "do"),
    }
    steps = steps_of(project)
    assert (steps["design.step-2"].status, steps["design.step-2"].reason) == ("not_applicable", "Not in Made Up v2")
    assert steps["development.step-3"].version == 2
    assert steps["development.step-3"].due > steps["development.step-3"].baseline_due
    assert steps["development.step-5"].status == "not_started"
    assert list(ProjectPlaybook.objects.values_list("version_id", flat=True)) == [two.pk]
    assert disagreements(project) == []
    assert Upgrade.objects.get().by == cast.priya


@pytest.mark.parametrize("status", ["done", "in_review", "not_applicable"])
def test_what_is_done_in_review_or_not_applicable_stays_with_its_version(cast, status):
    approval = "technical_design_review" if status == "in_review" else ""
    applies = "if_applicable" if status == "not_applicable" else "always"
    first = replace(V1[0], approval=approval, applies=applies)
    one, two = versions(replace(first, title="Other words", duration_days=7), V1[1], before=(first, V1[1]))
    project = started(cast, one)
    if status == "not_applicable":
        move(project, "made-up/design.step-1", "mark_not_applicable", cast.sofia, note="No need")
    else:
        move(project, "made-up/design.step-1", "start", cast.sofia)
        move(project, "made-up/design.step-1", {"done": "complete", "in_review": "submit"}[status], cast.sofia)
    was = project.steps.filter(template__key="design.step-1").values().get()
    upgrade(project, two, cast.priya, decisions={"design.step-1": "accept"})
    assert project.steps.filter(template__key="design.step-1").values().get() == was
    assert disagreements(project) == []


def test_a_removed_step_that_was_begun_stays_whatever_is_chosen(cast):
    one, two = versions(V1[1], before=V1[:2])
    project = started(cast, one)
    move(project, "made-up/design.step-1", "start", cast.sofia)
    upgrade(project, two, cast.priya, decisions={"design.step-1": "accept"})
    assert steps_of(project)["design.step-1"].status == "in_progress"
    move(project, "made-up/design.step-1", "complete", cast.sofia)


def test_a_removed_step_can_be_kept_and_worked_on(cast):
    one, two = versions(V1[1], before=V1[:2])
    project = started(cast, one)
    upgrade(project, two, cast.priya, decisions={"design.step-1": "keep"})
    finish(project, "made-up/design.step-1", worker=cast.sofia, decider=cast.ingrid)
    assert disagreements(project) == []


def test_a_new_step_in_a_passed_phase_asks_for_a_decision(cast):
    one, two = versions(*V1, a_step(5))
    project = started(cast, one)
    for key in ("made-up/design.step-1", "made-up/design.step-2"):
        finish(project, key, worker=cast.sofia, decider=cast.ingrid)
    perform(fresh(project), "advance", by=cast.priya)
    before = rows_of(project)
    assert refused(lambda: upgrade(project, two, cast.priya)) == ["undecided"]
    assert refused(lambda: upgrade(project, two, cast.priya, decisions={"design.step-5": "leave_out"})) == [
        "reason-missing"
    ]
    assert rows_of(project) == before
    upgrade(project, two, cast.priya, decisions={"design.step-5": "do"})
    subjects = {blocker.subject for blocker in _gate(project)}
    assert "made-up/design.step-5" in subjects
    undo(project, cast.priya)
    upgrade(
        project,
        two,
        cast.priya,
        decisions={"design.step-5": "leave_out"},
        reasons={"design.step-5": "Done at the bank"},
    )
    step = steps_of(project)["design.step-5"]
    assert (step.status, step.reason) == ("not_applicable", "Done at the bank")


def _gate(project):
    from transitions.gates import blockers_of, gate

    return blockers_of(gate(fresh(project).gate_facts(dt.date(2026, 11, 23))))


def test_a_date_that_somebody_set_stays(cast):
    one, two = versions(*[replace(step, duration_days=8) for step in V1])
    project = started(cast, one)
    move_due_date(step_of(project, "made-up/development.step-3"), dt.date(2027, 1, 29), by=cast.priya)
    before = steps_of(project)
    upgrade(project, two, cast.priya)
    after = steps_of(project)
    assert after["development.step-3"].due == dt.date(2027, 1, 29)
    assert after["development.step-4"].due > before["development.step-4"].due
    assert all(after[key].baseline_due == step.baseline_due for key, step in before.items())


def test_people_keep_their_seats_and_new_roles_get_empty_ones(cast):
    roles = (*[role for role in ROLES if role.code != "SA"], NEW_ROLE)
    plain = [replace(step, raci=WITHOUT_SA) for step in V1]
    one, two = versions(*plain, before=V1, roles=roles)
    project = started(cast, one)
    held = dict(project.seats.values_list("role__code", "person_id"))
    outcome = upgrade(project, two, cast.priya)
    assert dict(project.seats.values_list("role__code", "person_id")) == {
        **{code: person for code, person in held.items() if code != "SA"},
        "QA": None,
    }
    assert (outcome.record.facts["seats_added"], outcome.record.facts["seats_gone"]) == (["QA"], ["SA"])
    assert disagreements(project) == []
    assert not project.grants.filter(user=cast.arun).exists()


def test_a_removed_role_keeps_its_seat_while_a_step_needs_it(cast):
    roles = tuple(role for role in ROLES if role.code != "SA")
    one, two = versions(*[replace(step, raci=WITHOUT_SA) for step in V1], before=V1, roles=roles)
    project = started(cast, one)
    upgrade(project, two, cast.priya, decisions={"design.step-1": "keep"})
    assert project.seats.filter(role__code="SA", person=cast.arun).exists()
    assert disagreements(project) == []
    assert [seat.person.name for seat in fresh(project).board.seats_of(_live(project, "design.step-1"), "C")] == [
        cast.arun.name
    ]


def _live(project, key):
    return fresh(project).board.by_path[f"made-up/{key}"]


def test_undoing_gives_every_row_back(cast):
    roles = (*[role for role in ROLES if role.code not in {"SA", "IM"}], NEW_ROLE)
    one, two = versions(
        replace(V1[0], raci=WITHOUT_SA, title="Other words"), replace(V1[2], phase="sit", raci=WITHOUT_SA),
        a_step(5, "finalize", raci=WITHOUT_SA), a_step(6, raci=WITHOUT_SA), roles=roles,
    )  # fmt: skip
    project = started(cast, one)
    move(project, "made-up/design.step-1", "start", cast.sofia)
    before = rows_of(project)
    upgrade(project, two, cast.priya)
    changed = rows_of(project)
    assert all(changed[name] != before[name] for name in ("Project", "ProjectPlaybook", "ProjectStep", "Seat"))
    assert fresh(project).phases == ["design", "development", "sit", "finalize"]
    undo(project, cast.priya)
    assert rows_of(project) == before
    assert disagreements(project) == []
    assert refused(lambda: undo(project, cast.priya)) == ["nothing-to-undo"]


def test_an_upgrade_is_not_undone_after_another_move(cast):
    one, two = versions(*V1[:3])
    project = started(cast, one)
    upgrade(project, two, cast.priya)
    move(project, "made-up/design.step-1", "start", cast.sofia)
    with pytest.raises(MoveRefused, match=r"start.*Step 1.*Sofia") as caught:
        undo(project, cast.priya)
    assert caught.value.blockers[0].code == "moved-since"


def test_an_upgrade_is_not_undone_over_what_somebody_touched(cast):
    one, two = versions(*V1, a_step(5))
    project = started(cast, one)
    upgrade(project, two, cast.priya)
    move_due_date(step_of(project, "made-up/design.step-5"), dt.date(2027, 1, 29), by=cast.priya)
    with pytest.raises(MoveRefused, match=r"Step 5.*changed since"):
        undo(project, cast.priya)


@pytest.mark.parametrize("standing", ["hold", "cancel"])
def test_only_an_active_project_is_upgraded(cast, standing):
    one, two = versions(*V1[:3])
    project = started(cast, one)
    perform(project, standing, by=cast.priya, note="x")
    assert refused(lambda: upgrade(project, two, cast.priya)) == ["wrong-state"]


def test_an_archived_project_is_not_upgraded(cast):
    one, two = versions(V1[0], before=V1[:2])
    project = started(cast, one)
    for key in ("made-up/design.step-1", "made-up/design.step-2"):
        finish(project, key, worker=cast.sofia, decider=cast.ingrid)
    perform(fresh(project), "complete", by=cast.priya)
    with pytest.raises(Archived):
        upgrade(project, two, cast.priya)


def test_who_does_not_run_the_project_upgrades_nothing(cast):
    one, two = versions(*V1[:3])
    project = started(cast, one)
    for person in (cast.sofia, cast.mallory, cast.bo):
        with pytest.raises(NotPermitted):
            upgrade(project, two, person)


def test_a_version_that_is_not_to_be_had_is_refused(cast):
    one, two = versions(*V1[:3])
    project = started(cast, two)
    other = publish(*V1, slug="other", title="Other")
    assert refused(lambda: upgrade(project, one, cast.priya)) == ["version-not-newer"]
    assert refused(lambda: upgrade(project, two, cast.priya)) == ["version-not-newer"]
    assert refused(lambda: upgrade(project, other, cast.priya)) == ["not-its-playbook"]
    third = publish(*V1)
    perform(third, "retire", by=cast.adele, note="No good")
    assert refused(lambda: upgrade(project, third, cast.priya)) == ["version-not-published"]


def test_a_preview_that_is_no_longer_true_is_refused(cast):
    from projects.upgrade.services import preview

    one, two = versions(*V1[:3])
    project = started(cast, one)
    seen = preview(fresh(project), two).seen
    move(project, "made-up/design.step-1", "start", cast.sofia)
    assert refused(lambda: upgrade(project, two, cast.priya, seen=seen)) == ["preview-stale"]
    upgrade(project, two, cast.priya, seen=preview(fresh(project), two).seen)


def test_steps_that_would_need_each_other_are_refused(cast):
    before = (a_step(1, needs=("design.step-2",)), a_step(2))
    one, two = versions(a_step(1), a_step(2, needs=("design.step-1",)), before=before)
    project = started(cast, one)
    assert refused(lambda: upgrade(project, two, cast.priya, decisions={"design.step-1": "keep"})) == ["needs-cycle"]
    upgrade(project, two, cast.priya)


def test_a_removed_step_that_somebody_talked_about_stays(cast):
    from records.talk import post_comment

    one, two = versions(V1[1], before=V1[:2])
    project = started(cast, one)
    step = step_of(project, "made-up/design.step-1")
    post_comment(project, "step", step.pk, "Is that needed?", by=cast.sofia)
    record = upgrade(project, two, cast.priya).record
    assert steps_of(project)["design.step-1"].status == "not_started"
    assert record.facts["lines"][-1]["held"] == "Work on it has begun, so it stays."


def test_a_name_and_a_title_of_its_own_survive_what_is_taken(cast):
    from projects.team import name_on_step

    one, two = versions(replace(V1[0], title="Other words"))
    project = started(cast, one)
    name_on_step(step_of(project, "made-up/design.step-1"), "R", cast.dele, by=cast.priya)
    with door():
        project.steps.filter(template__key="design.step-1").update(own_title="Ours")
    upgrade(project, two, cast.priya)
    step = _live(project, "design.step-1")
    assert (step.named_responsible.name, step.template.title) == (cast.dele.name, "Ours")


def test_who_is_responsible_for_a_new_step_hears_of_it_until_it_is_undone(cast):
    one, two = versions(*V1[:2], a_step(5), a_step(6, "development"), before=V1[:2])
    project = started(cast, one)
    heard = Notice.objects.filter(project=project, person=cast.sofia, kind="your_turn")
    upgrade(project, two, cast.priya)
    assert [notice.text for notice in heard] == ["New with Made Up v2: “Step 5”."]
    undo(project, cast.priya)
    assert not heard.all().exists()
