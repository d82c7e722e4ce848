"""Waivers: one blocker set aside, by name, for a while, and shown for ever."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from projects.models import Project, Waiver
from projects.models.archive import DecisionIsFinal, RowsStay
from projects.waivers import LONGEST, waive
from tests.cast import move
from tests.transitions.made_up import NOBODY, a_step, everything, publish, refuses_to_be_rewritten, started
from transitions.blockers import MoveRefused, NotPermitted
from transitions.gates import gate
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
A_WEEK = dt.timedelta(days=7)


@pytest.fixture
def project(cast) -> Project:
    """In Design, with one blocker of each kind; then SIT, with nothing to do but the step itself."""
    made = started(
        cast,
        publish(
            a_step(1),
            a_step(2, approval="architect_review"),
            a_step(3),
            a_step(4, raci=NOBODY),
            a_step(5, "sit"),
        ),
        now=NOW,
    )
    details = {"note": "The sandbox is down", "owner": cast.bo, "until": TODAY + A_WEEK, "now": NOW}
    move(made, "design.step-3", "block", cast.sofia, **details)
    for name in ("start", "complete"):
        move(made, "design.step-4", name, cast.priya, now=NOW)
    return made


BLOCKERS = {
    ("step-open", "made-up/design.step-1"),
    ("approval-missing", "made-up/design.step-2"),
    ("step-blocked", "made-up/design.step-3"),
    ("no-accountable", "made-up/design.step-4"),
}


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def standing(project: Project, today: dt.date = TODAY) -> set[tuple[str, str]]:
    criteria = gate(fresh(project).gate_facts(today))
    return {(blocker.code, blocker.subject) for criterion in criteria for blocker in criterion.blockers}


def set_aside(
    project: Project, cast, code: str = "step-open", subject: str = "made-up/design.step-1", **changes
) -> Waiver:
    details = {"by": cast.priya, "reason": "The biller insists", "expires": TODAY + A_WEEK, "now": NOW, **changes}
    return waive(project, code=code, subject=subject, **details)


def test_every_kind_of_blocker_is_waived_one_at_a_time(project, cast):
    assert standing(project) == BLOCKERS

    for code, subject in sorted(BLOCKERS):
        before = standing(project)
        set_aside(project, cast, code, subject)
        assert standing(project) == before - {(code, subject)}
    assert perform(project, "advance", by=cast.priya, now=NOW).row.phase == "sit"


def test_a_waiver_says_what_who_why_and_until_when(project, cast):
    waiver = set_aside(project, cast, reason="  The biller insists \n")

    assert (waiver.text, waiver.by, waiver.reason, waiver.expires, waiver.phase, waiver.at) == (
        "Step 1 is not started", cast.priya, "The biller insists", TODAY + A_WEEK, "design", NOW,
    )  # fmt: skip
    assert str(waiver) == "Step 1 is not started: waived by Priya Nair until 2026-11-30"


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("step-open", "made-up/design.step-2"),
        ("step-open", "made-up/sit.step-5"),
        ("step-open", ""),
        ("step-blocked", "made-up/design.step-1"),
        ("no-such", "made-up/design.step-1"),
        ("", ""),
    ],
)
def test_only_what_blocks_this_gate_now_is_waived(project, cast, code, subject):
    before = everything()

    with pytest.raises(ValidationError) as refused, transaction.atomic():
        set_aside(project, cast, code, subject)
    assert refused.value.message_dict == {"code": ["Nothing of that kind blocks this gate now."]}
    assert everything() == before


def test_what_is_waived_already_blocks_no_more_and_is_not_waived_again(project, cast):
    set_aside(project, cast)

    with pytest.raises(ValidationError):
        set_aside(project, cast)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"reason": " \n"}, {"reason": ["Say why: the reason stays with the project for ever."]}),
        ({"reason": "x" * 10_000}, {"reason": ["The reason has 10,000 characters; 4,000 is the most."]}),
        ({"expires": TODAY - dt.timedelta(days=1)}, {"expires": ["Choose a date from today to May 22, 2027."]}),
        (
            {"expires": TODAY + LONGEST + dt.timedelta(days=1)},
            {"expires": ["Choose a date from today to May 22, 2027."]},
        ),
    ],
)
def test_a_waiver_has_a_reason_and_a_near_end(project, cast, changes, errors):
    before = everything()

    with pytest.raises(ValidationError) as refused, transaction.atomic():
        set_aside(project, cast, **changes)
    assert refused.value.message_dict == errors
    assert everything() == before


@pytest.mark.parametrize("days", [0, 180])
def test_a_waiver_lasts_from_today_to_half_a_year(project, cast, days):
    assert set_aside(project, cast, expires=TODAY + dt.timedelta(days=days)).pk is not None


@pytest.mark.parametrize("who", ["sofia", "ingrid", "arun", "bo", "dele", "mallory", "ivan", "adele"])
def test_who_runs_the_project_waives(project, cast, who):
    before = everything()

    if who in ("ivan", "adele"):
        assert set_aside(project, cast, by=getattr(cast, who)).by == getattr(cast, who)
    else:
        with pytest.raises(NotPermitted), transaction.atomic():
            set_aside(project, cast, by=getattr(cast, who))
        assert everything() == before


def test_who_is_deactivated_waives_nothing(project, cast):
    for person in (cast.priya, cast.adele):
        person.is_active = False
        person.save()
        with pytest.raises(NotPermitted):
            set_aside(project, cast, by=person)


def test_a_waiver_that_runs_out_blocks_again(project, cast):
    set_aside(project, cast)

    assert ("step-open", "made-up/design.step-1") not in standing(project, TODAY + A_WEEK)
    assert standing(project, TODAY + A_WEEK + dt.timedelta(days=1)) == BLOCKERS


def test_a_passage_under_a_waiver_says_so_for_ever_and_the_next_gate_asks_again(project, cast):
    for code, subject in sorted(BLOCKERS):
        set_aside(project, cast, code, subject, expires=TODAY)
    record = perform(project, "advance", by=cast.ivan, now=NOW).record

    (line,) = (line for line in record.facts["criteria"] if line["code"] == "step-open")
    assert line == {
        "code": "step-open",
        "text": "Steps up to Design closed, 1 of 3",
        "met": True,
        "blockers": [],
        "waived": [
            {
                "text": "Step 1 is not started",
                "by": "Priya Nair",
                "reason": "The biller insists",
                "expires": "2026-11-23",
            }
        ],
    }
    assert record.facts["steps"]["made-up/design.step-1"] == "not_started"
    tomorrow = NOW + dt.timedelta(days=1)
    for name in ("start", "complete"):
        move(project, "sit.step-5", name, cast.sofia, now=tomorrow)
    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        perform(project, "complete", by=cast.priya, now=tomorrow)
    assert {(blocker.code, blocker.subject) for blocker in refused.value.blockers} == BLOCKERS
    assert {(waiver.code, waiver.subject) for waiver in fresh(project).waiver_facts} == BLOCKERS
    assert TransitionRecord.objects.get(pk=record.pk).facts == record.facts


def test_a_waiver_is_for_what_it_was_given_for(project, cast):
    set_aside(project, cast)
    details = {"note": "Stuck", "owner": cast.bo, "until": TODAY + A_WEEK, "now": NOW}
    move(project, "design.step-1", "block", cast.sofia, **details)

    assert standing(project) == BLOCKERS - {("step-open", "made-up/design.step-1")} | {
        ("step-blocked", "made-up/design.step-1")
    }


def test_a_waiver_is_evidence(project, cast, subtests):
    refuses_to_be_rewritten(set_aside(project, cast), (DecisionIsFinal, RowsStay), subtests)
