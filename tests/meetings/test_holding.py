"""The meeting while it runs: it begins, is written down, decides, gives out work, and ends."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection

from meetings.agenda import agenda_of, presentation_of
from meetings.closing import add_item, next_meeting
from meetings.deciding import decide_item
from meetings.holding import (
    give_action,
    note_attendance,
    record_decision,
    settle_item,
    start_meeting,
    write_notes,
)
from meetings.models import AgendaItem, MeetingAction, Occurrence, Series
from meetings.planned import occurrence_of
from meetings.vocabulary import Kind, Outcome
from projects.delegation import delegate
from projects.evidence import Evidence
from projects.models import Approval, Notice, NoticeKind, Project
from projects.models.archive import DecisionIsFinal
from projects.signoff import statement
from tests.cast import move, step_of
from tests.meetings.agendas import (
    BEFORE,
    NEXT_TUESDAY,
    NOW,
    REVIEW,
    TUESDAY,
    at,
    in_design,
    make_go_live,
    make_tdr,
    meeting_of,
    ready,
    review_version,
)
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

BEGUN = at(TUESDAY, 13, 2)


@pytest.fixture(autouse=True)
def on_that_tuesday():
    with time_machine.travel(BEGUN, tick=False):
        yield


@pytest.fixture
def scene(cast) -> SimpleNamespace:
    """Arun hosts Tuesday's review, on which is one project, submitted to Ingrid; it is under way."""
    version = review_version()
    project = ready(cast, version)
    move(project, REVIEW, "start", cast.sofia)
    move(project, REVIEW, "submit", cast.sofia)
    series = make_tdr(host=cast.arun, attendees=[cast.ingrid])
    row = start_meeting(series, TUESDAY, by=cast.arun)
    return SimpleNamespace(series=series, row=row, project=project, version=version, item=row.items.get())


def fresh(item: AgendaItem) -> AgendaItem:
    return AgendaItem.objects.get(pk=item.pk)


# It begins ----------------------------------------------------------------------------------------------------------------


def test_as_it_begins_its_agenda_closes(scene, cast):
    row = Occurrence.objects.get()
    assert (row.state, row.opened_at, row.agenda_closed_at) == ("under_way", BEGUN, BEGUN)
    assert (scene.item.project, scene.item.step) == (scene.project, step_of(scene.project, REVIEW))


def test_whoever_does_not_run_it_starts_nothing(cast):
    series = make_tdr(host=cast.arun)
    with pytest.raises(NotPermitted):
        start_meeting(series, TUESDAY, by=cast.sofia)
    assert Occurrence.objects.count() == 0


def test_it_begins_on_its_day_and_only_where_there_is_one(cast):
    series = make_tdr(host=cast.arun)
    with pytest.raises(MoveRefused, match="It is on Tue Dec 1"):
        start_meeting(series, NEXT_TUESDAY, by=cast.arun)
    with pytest.raises(LookupError):
        start_meeting(series, dt.date(2026, 11, 25), by=cast.arun)
    assert Occurrence.objects.count() == 0


def test_a_cancelled_one_does_not_begin(cast):
    series = make_tdr(host=cast.arun)
    perform(occurrence_of(series, TUESDAY, by=cast.arun), "call_off", by=cast.arun, note="No time")
    with pytest.raises(MoveRefused, match="does not go from cancelled"):
        start_meeting(series, TUESDAY, by=cast.arun)


# Deciding is the step's own decision -------------------------------------------------------------------------------------------


def test_to_approve_the_point_is_to_approve_the_step(scene, cast):
    shown = statement(step_of(scene.project, REVIEW), cast.ingrid).digest
    evidence = Evidence("203.0.113.9", "A browser", "password")
    decide_item(scene.item, "approve", by=cast.ingrid, note="Sound", shown=shown, evidence=evidence)
    item, step = fresh(scene.item), step_of(scene.project, REVIEW)
    assert (item.outcome, item.note, item.settled_by, item.settled_at) == (
        Outcome.APPROVED,
        "Sound",
        cast.ingrid,
        BEGUN,
    )
    assert step.status == "done"
    row = Approval.objects.get()
    assert (row.decision, row.by, row.address, row.shown_sha256, row.step) == (
        "approved",
        cast.ingrid,
        "203.0.113.9",
        shown,
        step,
    )


def test_to_reject_reopens_what_it_names(scene, cast):
    decide_item(scene.item, "reject", by=cast.ingrid, note="No retry", reopens=(BEFORE,))
    assert fresh(scene.item).outcome == Outcome.REJECTED
    assert (step_of(scene.project, REVIEW).status, step_of(scene.project, BEFORE).status) == (
        "in_progress",
        "in_progress",
    )


def test_a_rejection_without_a_reason_changes_nothing(scene, cast):
    with pytest.raises(MoveRefused, match="needs a reason"):
        decide_item(scene.item, "reject", by=cast.ingrid)
    assert (fresh(scene.item).outcome, step_of(scene.project, REVIEW).status) == ("", "in_review")


def test_whoever_runs_the_meeting_is_not_given_the_decision(scene, cast):
    for person in (cast.arun, cast.priya, cast.adele):
        with pytest.raises(NotPermitted) as refused:
            decide_item(scene.item, "approve", by=person)
        (blocker,) = refused.value.blockers
        assert blocker.text == "“Step 2” is decided by Ingrid Berg, who can pass it on."
        assert (blocker.owner, blocker.link) == ("Ingrid Berg", f"/projects/{scene.project.code}/steps/{REVIEW}/decide")
    assert (fresh(scene.item).outcome, Approval.objects.count()) == ("", 0)


def test_what_was_not_submitted_is_submitted_in_the_same_act(cast):
    project = ready(cast, review_version())
    row = start_meeting(make_tdr(host=cast.arun), TUESDAY, by=cast.arun)
    shown = statement(step_of(project, REVIEW), cast.ingrid).digest
    decide_item(row.items.get(), "approve", by=cast.ingrid, shown=shown)
    moves = TransitionRecord.objects.of(step_of(project, REVIEW)).order_by("pk").values_list("move", "by__name")
    assert list(moves) == [("start", "Ingrid Berg"), ("submit", "Ingrid Berg"), ("approve", "Ingrid Berg")]


def test_a_refusal_takes_the_submission_back_with_it(cast):
    project = ready(cast, review_version())
    row = start_meeting(make_tdr(host=cast.arun), TUESDAY, by=cast.arun)
    with pytest.raises(MoveRefused, match="needs a reason"):
        decide_item(row.items.get(), "reject", by=cast.ingrid)
    assert step_of(project, REVIEW).status == "not_started"


def test_who_may_decide_and_not_submit_is_told_who_submits(cast):
    project = ready(cast, review_version())
    row = start_meeting(make_tdr(host=cast.arun), TUESDAY, by=cast.arun)
    step = step_of(project, REVIEW)
    move(project, REVIEW, "start", cast.sofia)
    move(project, REVIEW, "submit", cast.sofia)
    delegate(step_of(project, REVIEW), by=cast.ingrid, to=cast.tess, reason="Away")
    move(project, REVIEW, "reject", cast.ingrid, note="Once more")
    AgendaItem.objects.filter(pk=row.items.get().pk).update(outcome="")
    with pytest.raises(MoveRefused) as refused:
        decide_item(row.items.get(), "approve", by=cast.tess)
    (blocker,) = refused.value.blockers
    assert (blocker.code, blocker.owner) == ("not-submitted", "Sofia Reyes or Ingrid Berg")
    assert step_of(project, REVIEW).status == "in_progress"
    assert step.pk == row.items.get().step_id


def test_what_waits_for_other_steps_says_for_which(cast):
    project = in_design(cast, review_version())
    series = make_tdr(host=cast.arun)
    item = add_item(series, TUESDAY, project=project, by=cast.arun)
    start_meeting(series, TUESDAY, by=cast.arun)
    with pytest.raises(MoveRefused, match="Step 1"):
        decide_item(item, "approve", by=cast.ingrid)
    assert step_of(project, REVIEW).status == "not_started"


def test_what_changed_since_it_was_shown_is_not_decided(scene, cast):
    with pytest.raises(MoveRefused, match="has changed meanwhile"):
        decide_item(scene.item, "approve", by=cast.ingrid, shown="0" * 64)
    assert fresh(scene.item).outcome == ""


def test_a_decision_on_the_steps_own_page_settles_the_point(scene, cast):
    move(scene.project, REVIEW, "reject", cast.ingrid, note="No retry")
    item = fresh(scene.item)
    assert (item.outcome, item.note, item.settled_by) == (Outcome.REJECTED, "No retry", cast.ingrid)
    with pytest.raises(MoveRefused, match="It is rejected already"):
        decide_item(scene.item, "approve", by=cast.ingrid)


def test_nothing_is_decided_before_it_begins_or_after_it_ended(scene, cast):
    close(scene, cast)
    with pytest.raises(MoveRefused, match="The meeting is not under way"):
        decide_item(scene.item, "approve", by=cast.ingrid)
    assert Approval.objects.count() == 0


def test_a_point_without_a_step_is_not_approved(scene, cast):
    item = add_item(scene.series, TUESDAY, title="A word on tools", by=cast.arun)
    with pytest.raises(MoveRefused, match="no step belongs to it"):
        decide_item(item, "approve", by=cast.ingrid)
    with pytest.raises(ValueError, match="approved or rejected"):
        decide_item(item, "excuse", by=cast.ingrid)


# What is said -------------------------------------------------------------------------------------------------------------


def test_what_is_said_of_a_point(scene, cast):
    settle_item(scene.item, "discussed", note="Needs a diagram", by=cast.arun)
    assert (fresh(scene.item).outcome, fresh(scene.item).settled_by) == (Outcome.DISCUSSED, cast.arun)
    settle_item(scene.item, "", by=cast.arun)
    assert (fresh(scene.item).outcome, fresh(scene.item).settled_by) == ("", None)
    for outcome in ("approved", "presented", "nothing"):
        with pytest.raises(ValidationError):
            settle_item(scene.item, outcome, by=cast.arun)
    with pytest.raises(NotPermitted):
        settle_item(scene.item, "discussed", by=cast.sofia)


def test_a_decision_stands_and_its_note_may_grow(scene, cast):
    decide_item(scene.item, "approve", by=cast.ingrid)
    with pytest.raises(MoveRefused, match="stands on its step"):
        settle_item(scene.item, "deferred", by=cast.arun)
    settle_item(scene.item, "approved", note="With thanks to Sofia", by=cast.arun)
    assert (fresh(scene.item).note, fresh(scene.item).settled_by) == ("With thanks to Sofia", cast.ingrid)


def test_notes_are_kept_and_two_who_write_do_not_overwrite(scene, cast):
    seen = scene.row.revision
    row = write_notes(scene.row, "Sofia showed the retry.\r\n", by=cast.arun, revision=seen)
    assert (row.notes, row.revision) == ("Sofia showed the retry.", seen + 1)
    assert write_notes(scene.row, "Sofia showed the retry.", by=cast.arun, revision=seen).revision == seen + 1
    with pytest.raises(StaleRow) as stale:
        write_notes(scene.row, "Something else", by=cast.adele, revision=seen)
    assert stale.value.row.notes == "Sofia showed the retry."
    with pytest.raises(NotPermitted):
        write_notes(scene.row, "Mine", by=cast.sofia)
    with pytest.raises(ValidationError, match="4,000"):
        write_notes(scene.row, "x" * 4001, by=cast.arun)


def test_who_was_there(scene, cast):
    note_attendance(
        scene.row, {cast.ingrid.pk: "attended", cast.sofia.pk: "excused", cast.mallory.pk: "attended"}, by=cast.arun
    )
    note_attendance(scene.row, {cast.sofia.pk: "", cast.ingrid.pk: "absent"}, by=cast.arun)
    assert dict(scene.row.attendances.values_list("person__name", "presence")) == {
        "Ingrid Berg": "absent",
        "Mallory Voss": "attended",
    }
    for presences in ({cast.bo.pk: "attended"}, {cast.ingrid.pk: "there"}, {10**6: "attended"}):
        with pytest.raises(ValidationError):
            note_attendance(scene.row, presences, by=cast.arun)


def test_decisions_are_for_good(scene, cast):
    row = record_decision(scene.row, "  We keep one retry. ", item=scene.item, by=cast.arun)
    assert (row.text, row.project, row.by) == ("We keep one retry.", scene.project, cast.arun)
    with pytest.raises(ValidationError):
        record_decision(scene.row, "  ", by=cast.arun)
    with pytest.raises(DecisionIsFinal):
        row.delete()


# Actions ------------------------------------------------------------------------------------------------------------------

DUE = dt.date(2026, 12, 1)


def test_an_action_tells_its_owner_once(scene, cast):
    action = give_action(scene.row, "Draw the retry", owner=cast.sofia, due=DUE, item=scene.item, by=cast.arun)
    assert (action.state, action.project) == ("open", scene.project)
    notice = Notice.objects.get(kind=NoticeKind.ACTION_GIVEN)
    assert (notice.person, notice.by, notice.occasion) == (cast.sofia, cast.arun, f"action:{action.pk}")
    assert notice.text == "An action for you by Dec 1, from Technical Design Review, Nov 24, 2026."
    give_action(scene.row, "Book a room", owner=cast.arun, due=DUE, by=cast.arun)  # nobody hears of their own act
    assert Notice.objects.filter(kind=NoticeKind.ACTION_GIVEN).count() == 1


def test_an_action_becomes_an_item_of_the_log_or_a_comment(scene, cast):
    series, row = scene.series, scene.row
    Series.objects.filter(pk=series.pk).update(host=cast.priya)
    row = Occurrence.objects.get(pk=row.pk)
    first = give_action(
        row, "Rejects pile up", owner=cast.sofia, due=DUE, item=scene.item, becomes="issue", by=cast.priya
    )
    assert (first.raid_item.code, first.raid_item.owner, first.raid_item.due) == ("I-1", cast.sofia, DUE)
    second = give_action(
        row, "Ask the biller", owner=cast.sofia, due=DUE, item=scene.item, becomes="comment", by=cast.priya
    )
    assert second.comment.text == "Ask the biller\n\nSofia Reyes, by Dec 1, 2026 (Technical Design Review, Tue Nov 24)."
    assert second.comment.subject_id == scene.item.step_id
    assert Notice.objects.filter(person=cast.sofia, kind=NoticeKind.ACTION_GIVEN).count() == 1
    assert Notice.objects.filter(person=cast.sofia, kind=NoticeKind.OWNED).count() == 1


def test_who_has_no_seat_writes_nothing_into_the_log_from_here(scene, cast):
    Series.objects.filter(pk=scene.series.pk).update(host=cast.cora)
    row = Occurrence.objects.get(pk=scene.row.pk)
    with pytest.raises(NotPermitted, match="has no seat on this project"):
        give_action(row, "Rejects", owner=cast.sofia, due=DUE, item=scene.item, becomes="issue", by=cast.cora)
    assert MeetingAction.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text": " "}, "text"),
        ({"due": dt.date(2026, 11, 23)}, "due"),
        ({"owner": "mallory"}, "owner"),
        ({"becomes": "party"}, "becomes"),
        ({"item": None, "becomes": "issue"}, "becomes"),
        ({"item": None, "owner": "bo"}, "owner"),
    ],
)
def test_an_action_that_makes_no_sense_is_refused(scene, cast, wrong, field):
    given = {"text": "Draw", "owner": "sofia", "due": DUE, "item": scene.item, "becomes": ""} | wrong
    owner, text = getattr(cast, given.pop("owner")), given.pop("text")
    with pytest.raises(ValidationError) as refused:
        give_action(scene.row, text, owner=owner, by=cast.arun, **given)
    assert set(refused.value.message_dict) == {field}
    assert (MeetingAction.objects.count(), Notice.objects.filter(kind=NoticeKind.ACTION_GIVEN).count()) == (0, 0)


def test_its_owner_finishes_an_action_and_others_do_not(scene, cast):
    action = give_action(scene.row, "Draw the retry", owner=cast.sofia, due=DUE, by=cast.arun)
    with pytest.raises(NotPermitted):
        perform(action, "finish_action", by=cast.ingrid)
    assert perform(action, "finish_action", by=cast.sofia).row.state == "done"


# It ends ------------------------------------------------------------------------------------------------------------------


def close(scene: SimpleNamespace, cast: SimpleNamespace) -> Occurrence:
    return perform(Occurrence.objects.get(pk=scene.row.pk), "close_meeting", by=cast.arun).row


def test_what_is_open_is_carried_over(scene, cast):
    added = add_item(scene.series, TUESDAY, title="A word on tools", by=cast.arun)
    spoken = add_item(scene.series, TUESDAY, title="Lunch", by=cast.arun)
    settle_item(spoken, "discussed", by=cast.arun)
    give_action(scene.row, "Draw the retry", owner=cast.sofia, due=DUE, by=cast.arun)
    close(scene, cast)
    assert [fresh(item).outcome for item in (scene.item, added, spoken)] == ["deferred", "deferred", "discussed"]
    (carried,) = AgendaItem.objects.filter(occurrence__day=NEXT_TUESDAY)
    assert (carried.title, carried.source) == ("A word on tools", "carried")
    agenda = agenda_of(meeting_of(scene.series, NEXT_TUESDAY), at(TUESDAY, 15))
    assert [(entry.title, entry.source) for entry in agenda.listed] == [
        ("MRW-1 Mrw County Tax", "rule"),
        ("A word on tools", "carried"),
    ]
    assert [action.text for action in agenda.actions] == ["Draw the retry"]


def test_it_is_carried_past_a_cancelled_meeting(scene, cast):
    perform(occurrence_of(scene.series, NEXT_TUESDAY, by=cast.arun), "call_off", by=cast.arun, note="Away")
    assert next_meeting(scene.row, BEGUN).day == NEXT_TUESDAY + dt.timedelta(days=7)


def test_a_held_meeting_stays_as_it_was(scene, cast):
    row = close(scene, cast)
    person = cast.arun
    for act in (
        lambda: write_notes(row, "Later thought", by=person),
        lambda: note_attendance(row, {cast.ingrid.pk: "absent"}, by=person),
        lambda: settle_item(scene.item, "discussed", by=person),
        lambda: record_decision(row, "Later", by=person),
        lambda: give_action(row, "Later", owner=cast.sofia, due=DUE, by=person),
        lambda: add_item(scene.series, TUESDAY, title="Later", by=person),
        lambda: start_meeting(scene.series, TUESDAY, by=person),
    ):
        with pytest.raises(MoveRefused):
            act()
    move(scene.project, REVIEW, "approve", cast.ingrid)
    assert fresh(scene.item).outcome == "deferred"


def test_an_archived_project_holds_no_meetings(cast):
    project = in_design(cast, review_version())
    series = Series.objects.create(
        kind=Kind.STEERING, project=project, title="Steering", rule="FREQ=WEEKLY;BYDAY=TU", starts_on=TUESDAY,
        starts_at=dt.time(10), minutes=60, host=cast.priya,
    )  # fmt: skip
    row = start_meeting(series, TUESDAY, by=cast.priya)
    with connection.cursor() as cursor:  # no gate lets a project in Design end
        cursor.execute("UPDATE projects_project SET standing = 'complete' WHERE id = %s", [project.pk])
    with pytest.raises(Archived):
        write_notes(row, "Too late", by=cast.priya)
    with pytest.raises(Archived):
        perform(row, "close_meeting", by=cast.priya)


def test_presented_is_what_the_handoff_asks_for(cast):
    monday = dt.date(2026, 11, 23)
    project = in_design(cast, review_version(), target_go_live=dt.date(2026, 11, 25))
    row = start_meeting(make_go_live(host=cast.cora), monday, by=cast.cora)
    assert not presentation_of(Project.objects.get(pk=project.pk), BEGUN).presented
    settle_item(row.items.get(), "presented", by=cast.cora)
    found = presentation_of(Project.objects.get(pk=project.pk), BEGUN)
    assert (found.presented, found.meeting.day) == (True, monday)
    assert NOW < BEGUN
