"""Client Services decides: rights, what it takes, what comes with it, and what changed since."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from handoff.marks import Ready, marks_of
from handoff.models import TierDecision
from handoff.tier.decisions import Choice, candidates, decide, decision_of, decisions_of, position_of
from handoff.tier.demo import TAKEN_IN, chapter
from handoff.tier.difference import reevaluate
from handoff.tier.marks import meeting_marks, tier_marks
from handoff.tier.rule import Band, Integration, Support, Terms
from handoff.tier.tables import issue_table
from handoff.tier.tsm_meetings import NONE, TsmMeetings, meetings_of, plan
from meetings import tier as meeting_tier
from meetings.agenda import agenda_of
from meetings.holding import start_meeting
from meetings.models import Occurrence, Series
from meetings.planned import as_planned
from meetings.project_meetings import plan_tsm
from meetings.vocabulary import Kind
from projects.dates import move_target_go_live
from projects.facts import change_project
from projects.models import LiveCustomer, Notice, Project, Seat
from projects.notice_kinds import NoticeKind
from projects.settled import Topic, settled
from projects.team import fill_seat
from reminders.sweep import sweep
from tests.cast import finish_phase, step_of
from tests.records.talking import completed
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.moves import perform

NOW = dt.datetime(2027, 1, 20, 15, tzinfo=dt.UTC)
TODAY = NOW.date()
#: The target of the usual project; its biller is the first tax office on a system of its own, so that it counts as new.
TARGET = dt.date(2027, 3, 2)
FULL, LIGHT, DESK = (
    Terms(Support.TRANSITION_SUCCESS, 30, 1, True), Terms(Support.LIGHT, 30, 1), Terms(Support.HELP_DESK, 0, 0),
)  # fmt: skip


@pytest.fixture(autouse=True)
def january() -> Any:
    """The middle of January, five weeks and a half before the usual go-live."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: Any) -> Project:
    made: Project = make_project(
        playbooks=("integration", "transition-to-cs"), mrr=Decimal(3000), core_system="Lodestar", target=TARGET
    )
    return made


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def decided(
    project: Project, cast: SimpleNamespace, terms: Terms = FULL, reason: str = "", **said: Any
) -> TierDecision:
    tsm = said.pop("tsm", None if terms.support == Support.HELP_DESK else cast.tess)
    row: TierDecision = decide(
        project, Choice(terms, tsm, reason), by=said.pop("by", cast.cora), key=said.pop("key", uuid.uuid4()), **said
    )
    return row


def live_before(project: Project, number: int) -> None:
    """Let others of the project's trade be live on its core system."""
    for index in range(number):
        biller = type(project.biller).objects.create(
            name=f"Tax {index}", code=f"TX{chr(65 + index)}", vertical=project.biller.vertical
        )
        LiveCustomer.objects.create(core_system=project.core_system, biller=biller, since=dt.date(2026, 1, 1 + index))


# Deciding -----------------------------------------------------------------------------------------------------------------


def test_a_decision_keeps_what_it_was_made_on(project: Project, cast: SimpleNamespace) -> None:
    row = decided(project, cast)
    assert (row.support, row.days, row.meetings, row.open_ended, row.tsm) == (
        "transition_success",
        30,
        1,
        True,
        cast.tess,
    )
    assert (row.integration, row.mrr, row.vertical, row.state, row.go_live) == ("new", 3000, "tax", "", TARGET)
    assert (row.differs, row.reason, row.table_version, row.by, row.at) == (False, "", 1, cast.cora, NOW)
    assert row.proposal["tier"] == "Transition Success"
    assert row.proposal["reasons"][0] == "First tax office on this integration: new."
    assert decision_of(project) == decisions_of([project.pk])[project.pk] == row


@pytest.mark.parametrize("who", ["priya", "ivan", "sofia", "dele", "bo", "mallory"])
def test_nobody_else_decides(project: Project, cast: SimpleNamespace, who: str) -> None:
    with pytest.raises(NotPermitted):
        decided(project, cast, by=getattr(cast, who))
    assert not TierDecision.objects.exists()


def test_otherwise_than_proposed_takes_a_reason(project: Project, cast: SimpleNamespace) -> None:
    live_before(project, 3)
    project = fresh(project)
    change_project(project, "mrr", Decimal(100), by=cast.priya)
    assert position_of(fresh(project)).proposal.terms == DESK  # type: ignore[union-attr]
    taken_in = Terms(Support.TRANSITION_SUCCESS, 60, 2)
    with pytest.raises(ValidationError) as refused:
        decided(project, cast, taken_in, reason="  ")
    assert refused.value.message_dict == {
        "reason": ["The table proposes Client Services Help Desk, no TSM meeting: say why it is decided this way."]
    }
    row = decided(project, cast, taken_in, reason="The PM thinks that things go badly.")
    assert (row.differs, row.reason) == (True, "The PM thinks that things go badly.")


def test_without_an_mrr_it_is_decided_with_a_reason(make_project: Any, cast: SimpleNamespace) -> None:
    project = make_project(playbooks=("integration", "transition-to-cs"))
    assert position_of(project).proposal is None
    with pytest.raises(ValidationError, match="There is no proposal without an MRR"):
        decided(project, cast)
    row = decided(project, cast, reason="A friend of the house.")
    assert (row.mrr, row.proposal, row.differs) == (None, {}, False)


@pytest.mark.parametrize(
    ("terms", "who", "field"),
    [
        (Terms(Support.LIGHT, 30, 1), None, "tsm"),
        (Terms(Support.LIGHT, 30, 1), "sofia", "tsm"),
        (Terms(Support.LIGHT, 30, 1), "bo", "tsm"),
        (Terms(Support.LIGHT, 0, 1), "tess", "days"),
        (Terms(Support.LIGHT, 366, 1), "tess", "days"),
        (Terms(Support.LIGHT, 30, 3), "tess", "meetings"),
        (Terms(Support.HELP_DESK, 0, 1), None, "meetings"),
        (Terms(Support.HELP_DESK, 30, 0), None, "days"),
        (Terms(Support.HELP_DESK, 0, 0), "tess", "tsm"),
    ],
)
def test_impossible_choices_are_told_at_their_field(
    project: Project, cast: SimpleNamespace, terms: Terms, who: str | None, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        decided(project, cast, terms, "Because.", tsm=getattr(cast, who) if who else None)
    assert set(refused.value.message_dict) == {field}
    assert not TierDecision.objects.exists()


def test_nobody_deactivated_is_offered_or_taken(project: Project, cast: SimpleNamespace) -> None:
    assert candidates(project) == [cast.cora, cast.tess]
    cast.tess.is_active = False
    cast.tess.save()
    assert candidates(fresh(project)) == [cast.cora]
    with pytest.raises(ValidationError, match="is not of Client Services"):
        decided(fresh(project), cast)


def test_the_same_form_twice_is_one_decision(project: Project, cast: SimpleNamespace, make_project: Any) -> None:
    key = uuid.uuid4()
    assert decided(project, cast, key=key) == decided(project, cast, key=key)
    assert TierDecision.objects.count() == 1
    other = make_project(playbooks=("integration", "transition-to-cs"), mrr=Decimal(3000), biller="Ashby Gas")
    with pytest.raises(ValidationError, match="sent for another project"):
        decided(other, cast, key=key)


def test_what_was_shown_must_still_be_so(project: Project, cast: SimpleNamespace) -> None:
    seen = position_of(project).fingerprint
    change_project(project, "mrr", Decimal(6000), by=cast.priya)
    with pytest.raises(StaleRow):
        decided(project, cast, seen=seen)
    assert not TierDecision.objects.exists()
    decided(project, cast, Terms(Support.TRANSITION_SUCCESS, 90, 2), seen=position_of(fresh(project)).fingerprint)
    with pytest.raises(StaleRow):  # somebody else was quicker
        decided(project, cast, seen=seen)


def test_an_archived_or_cancelled_project_takes_none(project: Project, cast: SimpleNamespace) -> None:
    perform(project, "cancel", by=cast.priya, note="No budget")
    with pytest.raises(MoveRefused, match="is cancelled"):
        decided(project, cast)
    with pytest.raises(Archived):
        decided(completed(project), cast)
    assert not TierDecision.objects.exists()


def test_the_latest_counts_and_the_others_stay(project: Project, cast: SimpleNamespace) -> None:
    first = decided(project, cast)
    second = decided(project, cast, LIGHT, "Cheaper.")
    assert decision_of(project) == second
    assert list(TierDecision.objects.values_list("pk", flat=True)) == [second.pk, first.pk]


# What comes with it -------------------------------------------------------------------------------------------------------


def test_the_tsm_takes_the_seat(project: Project, cast: SimpleNamespace) -> None:
    seat = next(seat for seat in project.board.seats if seat.role.code == "TSM")
    fill_seat(project, seat.id, None, by=cast.priya)
    decided(fresh(project), cast)
    assert Seat.objects.get(pk=seat.id).person == cast.tess
    assert Notice.objects.filter(person=cast.tess, kind="seat_given", project=project).exists()
    decided(fresh(project), cast, tsm=cast.cora)
    assert Seat.objects.get(pk=seat.id).person == cast.cora


def test_the_help_desk_leaves_the_seat(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast, DESK, "As they wish.")
    assert Seat.objects.filter(project=project, person=cast.tess).exists()


def test_the_step_is_closed_once_its_phase_is_reached(project: Project, cast: SimpleNamespace) -> None:
    path = "transition-to-cs/release.tsm-decision"
    decided(project, cast)
    assert step_of(project, path).status == "not_started"
    for _ in range(5):
        finish_phase(project, cast)
        perform(fresh(project), "advance", by=cast.priya)
    assert fresh(project).phase == "release"
    decided(fresh(project), cast, by=cast.tess)  # Tess is informed: she does not work the step
    assert step_of(project, path).status == "not_started"
    decided(fresh(project), cast)
    assert step_of(project, path).status == "done"


# Known to the rooms below -------------------------------------------------------------------------------------------------


def test_meetings_know_how_many_are_asked_for(project: Project, cast: SimpleNamespace) -> None:
    assert settled(Topic.TIER, [project.pk]) == frozenset()
    assert meeting_tier.count_for(project) is None
    decided(project, cast)
    assert settled(Topic.TIER, [project.pk, 999]) == {project.pk}
    assert meeting_tier.count_for(project) == 1


def test_the_review_has_on_its_agenda_what_is_not_decided(project: Project, cast: SimpleNamespace) -> None:
    series = Series.objects.create(
        kind=Kind.TSM_REVIEW, title="TSM review", rule="FREQ=WEEKLY;BYDAY=WE", starts_on=dt.date(2026, 1, 7),
        starts_at=dt.time(14), minutes=30,
    )  # fmt: skip
    meeting = as_planned(series, dt.date(2027, 1, 27))
    (entry,) = agenda_of(meeting, NOW).listed
    assert (entry.about.code, entry.note) == (project.code, "Go-live Mar 2, 2027, no decision yet")
    decided(project, cast)
    assert list(agenda_of(meeting, NOW).listed) == []


@pytest.mark.parametrize("is_decided", [False, True])
def test_nobody_is_reminded_of_what_is_decided(project: Project, cast: SimpleNamespace, is_decided: bool) -> None:
    if is_decided:
        decided(project, cast)
    sweep(NOW)
    told = Notice.objects.filter(kind=NoticeKind.TIER_UNDECIDED, project=project)
    assert {notice.person for notice in told} == (set() if is_decided else {cast.priya, cast.ivan})


# The marks ----------------------------------------------------------------------------------------------------------------


def mark(project: Project, which: Ready) -> Any:
    return marks_of([fresh(project)], TODAY)[project.pk][which]


def test_the_tier_blocks_until_it_is_decided(project: Project, cast: SimpleNamespace) -> None:
    (blocker,) = mark(project, Ready.TIER).blockers
    assert (blocker.code, blocker.owner, blocker.link) == (
        "tier-undecided", "Client Services", f"/projects/{project.code}/tier",
    )  # fmt: skip
    assert blocker.text == "Client Services has not decided on the tier of support."
    meetings = mark(project, Ready.TSM_MEETINGS)
    assert (meetings.applies, meetings.met, meetings.words) == (False, True, "The tier first")
    decided(project, cast)
    assert (mark(project, Ready.TIER).met, mark(project, Ready.TIER).words) == (
        True, "Transition Success, at least 30 days, one TSM meeting",
    )  # fmt: skip
    change_project(project, "mrr", Decimal(6000), by=cast.priya)
    assert mark(project, Ready.TIER).words == "Transition Success, at least 30 days, one TSM meeting, changed since"
    assert mark(project, Ready.TIER).met


def test_a_project_that_is_not_handed_over_is_not_asked(make_project: Any) -> None:
    project = make_project()
    assert marks_of([fresh(project)], TODAY) == {project.pk: {}}


def test_tsm_meetings_block_until_they_are_held(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast, Terms(Support.TRANSITION_SUCCESS, 90, 2), "More of them.")
    (blocker,) = mark(project, Ready.TSM_MEETINGS).blockers
    assert blocker.text == "0 of 2 TSM meetings held; none is planned."
    series = plan_tsm(fresh(project), 2, dt.time(10), by=cast.priya)
    days = list(Occurrence.objects.filter(series=series).values_list("day", flat=True))
    for held, day in enumerate(days):
        (blocker,) = mark(project, Ready.TSM_MEETINGS).blockers
        ahead = f"{days[held]:%b} {days[held].day}"
        assert blocker.text == f"{held} of 2 TSM meetings held; next {ahead}."
        assert (blocker.code, blocker.owner) == ("tsm-meetings-open", "Priya Nair")
        assert blocker.link == f"/projects/{project.code}/meetings/"
        now = dt.datetime.combine(day, dt.time(16), dt.UTC)
        row = start_meeting(series, day, by=cast.priya, now=now)
        perform(row, "close_meeting", by=cast.priya, now=now)
    assert (mark(project, Ready.TSM_MEETINGS).met, mark(project, Ready.TSM_MEETINGS).words) == (True, "2 of 2 held")
    decided(fresh(project), cast, DESK, "As they wish.")
    assert mark(project, Ready.TSM_MEETINGS).applies is False


def test_marks_cost_the_same_for_one_and_for_many(
    project: Project, cast: SimpleNamespace, make_project: Any, django_assert_max_num_queries: Any
) -> None:
    decided(project, cast)
    many = [project]
    for index in range(3):
        made = make_project(
            playbooks=("integration", "transition-to-cs"),
            mrr=Decimal(3000),
            biller=f"Gas {index}",
            code=f"GS{chr(65 + index)}",
        )
        decided(made, cast)
        plan_tsm(fresh(made), 1, dt.time(10), by=cast.priya)
        many.append(made)
    for count in (1, 4):
        rows = list(
            Project.objects.filter(pk__in=[one.pk for one in many[-count:]]).select_related("biller", "manager")
        )
        with django_assert_max_num_queries(10):
            tier_marks(rows, TODAY)
            meeting_marks(rows, TODAY)


# What changed since -------------------------------------------------------------------------------------------------------


def words(lines: Any) -> list[str]:
    return [str(line) for line in lines]


def test_nothing_changed_is_no_difference(project: Project, cast: SimpleNamespace) -> None:
    assert reevaluate(project) is None
    decided(project, cast)
    assert reevaluate(fresh(project)) is None


def test_another_mrr_shows_what_would_follow_and_changes_nothing(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast)
    change_project(project, "mrr", Decimal(6000), by=cast.priya)
    found = reevaluate(fresh(project))
    assert found is not None
    assert words(found.changed) == ["MRR $3,000 → $6,000"]
    assert words(found.proposes) == ["Length at least 30 days → 90 days", "TSM meetings 1 → 2"]
    assert words(found.dates) == ["Support until Apr 1 at least → May 31"]
    assert found.matters
    assert decision_of(project).terms == FULL  # type: ignore[union-attr]


def test_others_who_went_live_make_it_existing(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast)
    live_before(fresh(project), 3)
    found = reevaluate(fresh(project))
    assert found is not None
    assert words(found.changed) == ["Integration New → Existing"]
    assert words(found.proposes) == [
        "Tier Transition Success → Transition Success Light", "Length at least 30 days → 30 days",
    ]  # fmt: skip
    assert found.proposal is not None
    assert found.proposal.reasons[0] == "Fourth tax office on this integration: existing."


def test_another_trade_or_state_is_told(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast)
    biller = fresh(project).biller
    biller.vertical, biller.state = "utility", "GA"
    biller.save()
    found = reevaluate(fresh(project))
    assert found is not None
    assert words(found.changed) == ["Vertical Tax office → Utility", "State – → Georgia"]
    assert not found.matters


def test_an_mrr_that_is_gone_leaves_no_proposal(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast)
    change_project(project, "mrr", None, by=cast.priya)
    found = reevaluate(fresh(project))
    assert found is not None
    assert words(found.changed) == ["MRR $3,000 → not entered"]
    assert words(found.proposes) == ["Tier Transition Success → no proposal without an MRR"]


def test_a_moved_go_live_names_the_meetings_that_lie_behind_it(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast, Terms(Support.TRANSITION_SUCCESS, 90, 2), "More of them.")
    series = plan_tsm(fresh(project), 2, dt.time(10), by=cast.priya)
    first, last = Occurrence.objects.filter(series=series).values_list("day", flat=True)
    move_target_go_live(fresh(project), last, by=cast.priya)
    found = reevaluate(fresh(project))
    assert found is not None
    assert words(found.changed) == [f"Target go-live Mar 2 → {last:%b} {last.day}"]
    assert found.late == (last,)
    assert not found.matters
    assert [(one.day, day < last, day > TODAY) for one, day in found.meetings.move] == [(last, True, True)]
    decided(fresh(project), cast, Terms(Support.TRANSITION_SUCCESS, 90, 2), "More of them.", change_meetings=True)
    assert reevaluate(fresh(project)) is None
    held = [row.starts.date() for row in Occurrence.objects.filter(series=series)]
    assert first in held
    assert max(held) < last


def test_a_new_table_leaves_old_decisions_alone(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast)
    bands = [Band(one, Decimal(0), LIGHT) for one in Integration]
    issue_table(bands, note="Light for all", by=cast.adele)
    assert reevaluate(fresh(project)) is None
    assert decision_of(project).table_version == 1  # type: ignore[union-attr]
    assert position_of(fresh(project)).proposal.terms == LIGHT  # type: ignore[union-attr]


def test_second_and_third_on_the_same_day_share_their_place(make_project: Any, cast: SimpleNamespace) -> None:
    """Utilities: two are new. Of a second and a third that go live the same day, both are second: both are new."""
    made = [
        make_project(
            playbooks=("integration", "transition-to-cs"), mrr=Decimal(3000), biller=f"{name} Gas", code=name.upper()[:4],
            vertical="utility", core_system="Lodestar",
        )
        for name in ("Ashby", "Sable", "Clover", "Hollis")
    ]  # fmt: skip
    rows = [fresh(one) for one in made]
    for row, day in zip(rows[:3], (1, 5, 5), strict=True):
        LiveCustomer.objects.create(core_system=row.core_system, biller=row.biller, since=dt.date(2027, 1, day))
    said = [position_of(row).facts for row in rows]
    assert [one.verdict.words for one in said] == [
        "First utility on this integration: new.", "Second utility on this integration: new.",
        "Second utility on this integration: new.", "Fourth utility on this integration: existing.",
    ]  # fmt: skip
    assert [one.inputs.integration for one in said] == ["new", "new", "new", "existing"]


def test_a_vertical_that_nobody_knows_counts_like_the_others_and_says_so(project: Project) -> None:
    biller = project.biller
    type(biller).objects.filter(pk=biller.pk).update(vertical="mining")
    proposal = position_of(fresh(project)).proposal
    assert proposal is not None
    assert proposal.reasons[-1] == "“mining” is no vertical that is known: it counts like the other trades."


# Making the meetings fit --------------------------------------------------------------------------------------------------


def planned_days(project: Project, now: dt.datetime = NOW) -> list[dt.date]:
    return [one.held_on for one in meetings_of([project], now)[project.pk].ahead]


def test_fewer_meetings_drop_the_last_first_and_more_are_added(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast, Terms(Support.TRANSITION_SUCCESS, 90, 2), "More of them.")
    plan_tsm(fresh(project), 2, dt.time(10), by=cast.priya)
    first, last = planned_days(project)
    decided(fresh(project), cast)
    assert planned_days(project) == [first, last]  # nothing follows unless it is asked for
    decided(fresh(project), cast, change_meetings=True)
    assert planned_days(project) == [first]
    decided(fresh(project), cast, Terms(Support.TRANSITION_SUCCESS, 90, 4), "Most of them.", change_meetings=True)
    days = planned_days(project)
    assert len(days) == len(set(days)) == 4
    assert first in days
    assert all(TODAY < day < TARGET for day in days)
    decided(fresh(project), cast, DESK, "As they wish.", change_meetings=True)
    assert planned_days(project) == []


def test_what_would_become_of_them_is_told() -> None:
    assert plan(NONE, 0, TARGET, TODAY).words == ("None is planned, and none is asked for.",)
    assert plan(NONE, 2, TARGET, TODAY).words == (
        "None is planned yet: whoever runs the project plans them on its page of meetings.",
    )
    assert not plan(NONE, 2, TARGET, TODAY).changes
    series: Any = SimpleNamespace(rule="")
    some = TsmMeetings(series=series, held=2)
    assert plan(some, 1, TARGET, TODAY).words == ("The meetings stay as they are.",)
    short = plan(some, 4, TODAY + dt.timedelta(days=2), TODAY)
    assert short.words == ("Added: Jan 21.", "For 1 more there is no free working day left before go-live.")


# The demo -----------------------------------------------------------------------------------------------------------------


def test_the_demo_decides_in_release_and_holds_the_meetings_before_it_is_left(
    project: Project, cast: SimpleNamespace
) -> None:
    people = {"PM": cast.priya, "TSM": cast.tess, "CSM": cast.cora, "Adele": cast.adele}
    chapter(project, "finalize", people, NOW, True)
    assert decision_of(project) is None
    chapter(project, "release", people, NOW, False)
    row = decision_of(project)
    assert row is not None
    assert (row.by, row.terms) == (cast.cora, TAKEN_IN)  # a tax office, whatever its MRR
    chapter(fresh(project), "release", people, NOW, True)
    assert mark(project, Ready.TSM_MEETINGS).words == "2 of 2 held"
    assert decision_of(project) == row
