"""Comments: who writes them, edits, deletes, shows them and marks decisions, what is refused, and what trace is left."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from history.tracking import history_of
from projects.models import Document, Notice, Project
from projects.models.archive import DecisionIsFinal
from projects.outside import show_to_customer
from records.models import Comment, CommentVersion, Mention
from records.subjects import Subject, find, kind_of, kinds, register_subject
from records.talk import (
    MOST_A_MINUTE,
    TooOften,
    change_visibility,
    delete_comment,
    edit_comment,
    mark_decision,
    post_comment,
)
from tests.records.talking import afresh, completed, on_project, on_step, step
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow

pytestmark = pytest.mark.django_db

TEN = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)


@pytest.fixture
def project(make_project) -> Project:
    return make_project()


def told(project: Project) -> set[str]:
    return set(Notice.objects.filter(project=project, kind="mentioned").values_list("person__email", flat=True))


# -- Writing ----------------------------------------------------------------------------------------------------------------


def test_a_comment_is_kept_as_it_was_written_and_is_internal(project, cast):
    row = on_step(project, "  **Two** formats\r\nhere <b>  ", by=cast.sofia, now=TEN).comment
    assert (row.text, row.by, row.by_side, row.at, row.visible) == (
        "**Two** formats\nhere <b>", cast.sofia, "internal", TEN, False,
    )  # fmt: skip
    assert (row.subject_type.model_class().__name__, row.subject_id) == ("ProjectStep", step(project).pk)


def test_what_somebody_outside_writes_is_always_for_both_sides(project, cast):
    assert on_project(project, "When?", by=cast.bo, visible=False).comment.visible is True
    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.update(visible=False)


@pytest.mark.parametrize("text", ["", "  \n ", "\u202e\x00"])
def test_nothing_is_no_comment(project, cast, text):
    with pytest.raises(ValidationError, match="Write your comment"):
        on_project(project, text, by=cast.sofia)


def test_ten_thousand_characters_are_taken_and_no_more(project, cast):
    assert len(on_project(project, "x" * 10_000, by=cast.sofia).comment.text) == 10_000
    with pytest.raises(ValidationError, match="10,001 characters; 10,000 is the most"):
        on_project(project, "x" * 10_001, by=cast.sofia)


@pytest.mark.parametrize("person", ["mallory", "bo"])
def test_who_does_not_see_the_project_or_the_step_writes_nothing_there(make_project, project, cast, person):
    foreign = make_project(biller="Copperline Gas", people={}, by=cast.adele)
    with pytest.raises(NotPermitted):
        on_project(foreign, "x", by=getattr(cast, person))
    unseen = next(
        s for s in project.board.steps if not project.board.letters_of(cast.bo.pk, s) and not s.template.approval
    )
    with pytest.raises(NotPermitted):
        post_comment(project, "step", unseen.id, "x", by=getattr(cast, person))
    with pytest.raises(NotPermitted):
        post_comment(project, "step", step(foreign).pk, "x", by=cast.sofia)
    assert not Comment.objects.exists()


@pytest.mark.parametrize(("kind", "pk"), [("nothing", 1), ("step", 987654), ("step", 0), ("document", 10**30)])
def test_there_is_nothing_to_say_about_what_is_not_there(project, cast, kind, pk):
    with pytest.raises(NotPermitted):
        post_comment(project, kind, pk, "x", by=cast.priya)


def test_a_document_is_talked_about_by_those_who_see_it(project, cast):
    row = Document.objects.create(project=project, slug="discovery-page", title="Discovery page")
    post_comment(project, "document", row.pk, "Section 2 is thin", by=cast.sofia)
    with pytest.raises(NotPermitted):
        post_comment(project, "document", row.pk, "x", by=cast.bo)
    Document.objects.update(visible_to_customer=True)
    assert post_comment(project, "document", row.pk, "Fine by us", by=cast.bo).comment.visible


def test_another_kind_of_row_is_let_in_by_registering_it(project, cast):
    seats = list(project.seats.order_by("pk"))

    def find_seats(owner, ids, who):
        rows = owner.seats.filter(pk__in=ids)
        return [Subject("seat", row.pk, str(row), owner.get_absolute_url()) for row in rows if who is None]

    register_subject(type(seats[0]), "seat", "Seats", find_seats)
    try:
        row = post_comment(project, "seat", seats[0].pk, "Who is next?", by=cast.priya).comment
        assert row.subject_id == seats[0].pk
        with pytest.raises(NotPermitted):
            post_comment(project, "seat", seats[0].pk, "x", by=cast.bo)
    finally:
        from records import subjects

        del subjects._kinds["seat"]
    assert kind_of("seat") is None
    assert [kind.name for kind in kinds()] == ["project", "step", "document", "raid-item"]


def test_the_same_words_sent_twice_are_one_comment(project, cast):
    first = on_project(project, "@PM look", by=cast.sofia, now=TEN).comment
    again = on_project(project, "@PM look", by=cast.sofia, now=TEN + dt.timedelta(seconds=3)).comment
    assert (again, Comment.objects.count(), Notice.objects.filter(kind="mentioned").count()) == (first, 1, 1)
    on_project(project, "@PM look", by=cast.sofia, visible=True, now=TEN + dt.timedelta(seconds=3))
    on_project(project, "@PM look", by=cast.sofia, now=TEN + dt.timedelta(seconds=30))
    assert Comment.objects.count() == 3


def test_thirty_in_a_minute_are_taken_and_no_more(project, cast):
    for number in range(MOST_A_MINUTE):
        on_project(project, f"{number}", by=cast.sofia, now=TEN)
    with pytest.raises(TooOften, match="30 comments in a minute"):
        on_project(project, "one more", by=cast.sofia, now=TEN + dt.timedelta(seconds=59))
    on_project(project, "mine", by=cast.priya, now=TEN + dt.timedelta(seconds=59))
    on_project(project, "one more", by=cast.sofia, now=TEN + dt.timedelta(seconds=61))


def test_who_runs_the_project_and_r_hear_what_somebody_outside_writes(project, cast):
    show_to_customer(step(project), visible=True, note="", by=cast.priya)
    row = on_step(project, "We need a week", by=cast.bo).comment
    assert told(project) == {"priya@example.org", "ivan@example.org", "sofia@example.org"}
    notice = Notice.objects.get(person=cast.sofia, kind="mentioned")
    assert (notice.text, notice.why) == (
        f"Bo Halvorsen wrote about “{project.board.title(step(project).live)}”.", "You are responsible for what it is on.",
    )  # fmt: skip
    assert notice.address == f"/projects/{project.code}/talk/{row.pk}"
    assert "We need" not in notice.text


# -- Editing ----------------------------------------------------------------------------------------------------------------


def test_an_edit_keeps_what_was_said_before(project, cast):
    row = on_project(project, "One", by=cast.sofia, now=TEN).comment
    hour = dt.timedelta(hours=1)
    edit_comment(row, "Two", by=cast.sofia, revision=0, now=TEN + hour)
    edit_comment(row, "Three", by=cast.sofia, revision=1, now=TEN + 2 * hour)
    edit_comment(row, " Three\r\n", by=cast.sofia, revision=2)  # nothing else than it says
    now = afresh(row)
    assert (now.text, now.edited_at, now.revision) == ("Three", TEN + 2 * hour, 2)
    assert list(now.versions.values_list("number", "text", "at")) == [(2, "Two", TEN + hour), (1, "One", TEN)]


def test_only_its_author_edits_a_comment(project, cast):
    row = on_project(project, "One", by=cast.sofia).comment
    for person in (cast.priya, cast.adele, cast.ingrid, cast.bo, cast.mallory):
        with pytest.raises(NotPermitted):
            edit_comment(row, "Two", by=person, revision=0)
    assert afresh(row).text == "One"


def test_a_stale_edit_is_refused_with_what_it_says_now(project, cast):
    row = on_project(project, "One", by=cast.sofia).comment
    edit_comment(row, "Two", by=cast.sofia, revision=0)
    with pytest.raises(StaleRow) as refused:
        edit_comment(row, "Three", by=cast.sofia, revision=0)
    assert refused.value.row.text == "Two"


def test_former_texts_and_mentions_are_final(project, cast):
    row = on_project(project, "One @PM", by=cast.sofia).comment
    edit_comment(row, "Two", by=cast.sofia, revision=0)
    for kept in (CommentVersion.objects.get(), Mention.objects.get()):
        with pytest.raises(DecisionIsFinal):
            kept.save()
        with pytest.raises(DecisionIsFinal):
            type(kept).objects.all().delete()


# -- Deleting ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["sofia", "priya", "ivan", "adele"])
def test_a_deletion_leaves_the_row_and_who_deleted_it(project, cast, person):
    row = on_project(project, "Oops", by=cast.sofia).comment
    delete_comment(row, by=getattr(cast, person), revision=0, now=TEN)
    now = afresh(row)
    assert (now.deleted_by, now.deleted_at, now.text) == (getattr(cast, person), TEN, "Oops")
    with pytest.raises(MoveRefused, match="was deleted"):
        edit_comment(row, "Back", by=cast.sofia, revision=1)
    with pytest.raises(MoveRefused, match="was deleted"):
        delete_comment(row, by=getattr(cast, person), revision=1)


def test_nobody_else_deletes_it(project, cast):
    row = on_project(project, "Mine", by=cast.sofia, visible=True).comment
    for person in (cast.ingrid, cast.bo, cast.mallory):
        with pytest.raises(NotPermitted):
            delete_comment(row, by=person, revision=0)


def test_somebody_outside_edits_and_deletes_their_own(project, cast):
    row = on_project(project, "Ours", by=cast.bo).comment
    edit_comment(row, "Ours too", by=cast.bo, revision=0)
    with pytest.raises(NotPermitted):
        delete_comment(row, by=cast.pat, revision=1)
    delete_comment(row, by=cast.bo, revision=1)
    assert afresh(row).deleted_by == cast.bo


# -- Who reads it -----------------------------------------------------------------------------------------------------------


def test_an_internal_comment_is_shown_by_an_act_of_its_own(project, cast):
    row = on_project(project, "Fine to share", by=cast.sofia).comment
    for person in (cast.ingrid, cast.mallory):
        with pytest.raises(NotPermitted):
            change_visibility(row, True, by=person, revision=0)
    change_visibility(row, True, by=cast.priya, revision=0)
    assert (afresh(row).visible, afresh(row).revision) == (True, 1)


def test_after_others_answered_it_takes_a_confirmation(project, cast):
    row = on_project(project, "They are late again", by=cast.sofia).comment
    on_project(project, "I add", by=cast.sofia)
    change = {"by": cast.sofia, "revision": 0}
    on_project(project, "Between us, yes", by=cast.priya)
    with pytest.raises(MoveRefused) as refused:
        change_visibility(row, True, **change)
    assert [(b.code, b.text) for b in refused.value.blockers] == [
        ("answered", "1 comment was written after it by others. Confirm that it may be shown.")
    ]
    change_visibility(row, True, confirmed=True, **change)
    assert list(Comment.objects.filter(visible=True)) == [row]


def test_what_was_shown_is_not_made_internal_again(project, cast):
    row = on_project(project, "To you too", by=cast.sofia, visible=True).comment
    with pytest.raises(MoveRefused) as refused:
        change_visibility(row, False, by=cast.priya, revision=0)
    assert refused.value.blockers[0].code == "may-have-been-read"
    assert afresh(row).visible
    delete_comment(row, by=cast.priya, revision=0)


def test_a_stale_page_shows_nothing_to_the_customer(project, cast):
    row = on_project(project, "Harmless", by=cast.sofia).comment
    edit_comment(row, "Not for them", by=cast.sofia, revision=0)
    with pytest.raises(StaleRow):
        change_visibility(row, True, by=cast.priya, revision=0)
    assert not afresh(row).visible


# -- Decisions --------------------------------------------------------------------------------------------------------------


def test_a_decision_has_a_name_and_a_date_and_the_history_tells_of_both(project, cast):
    row = on_step(project, "We read both formats", by=cast.ingrid).comment
    mark_decision(row, True, by=cast.sofia, revision=0, now=TEN)  # R of the step
    assert (afresh(row).decided_by, afresh(row).decided_at) == (cast.sofia, TEN)
    mark_decision(row, False, by=cast.priya, revision=1)
    assert (afresh(row).decided_by, afresh(row).decided_at) == (None, None)
    kept = history_of(Comment).objects.filter(id=row.pk).order_by("history_id")
    assert [(h.history_type, h.history_user, h.decided_by_id) for h in kept] == [
        ("+", cast.ingrid, None), ("~", cast.sofia, cast.sofia.pk), ("~", cast.priya, None),
    ]  # fmt: skip


def test_not_everybody_marks_decisions(project, cast):
    row = on_step(project, "Maybe", by=cast.arun, visible=True).comment
    for person in (cast.arun, cast.tess, cast.bo, cast.mallory):
        with pytest.raises(NotPermitted):
            mark_decision(row, True, by=person, revision=0)
    assert mark_decision(row, False, by=cast.priya, revision=9).decided_at is None  # it is none: nothing to do


def test_what_was_decided_stands_until_the_mark_is_off(project, cast):
    row = on_project(project, "Agreed", by=cast.sofia).comment
    mark_decision(row, True, by=cast.priya, revision=0)
    with pytest.raises(MoveRefused, match="marked as a decision"):
        edit_comment(row, "Not agreed", by=cast.sofia, revision=1)
    with pytest.raises(MoveRefused, match="marked as a decision"):
        delete_comment(row, by=cast.priya, revision=1)
    mark_decision(row, False, by=cast.priya, revision=1)
    edit_comment(row, "Not agreed", by=cast.sofia, revision=2)


def test_the_text_is_not_in_the_history(project, cast):
    on_project(project, "secret words", by=cast.sofia)
    assert "text" not in {field.name for field in history_of(Comment)._meta.get_fields()}


# -- The end ----------------------------------------------------------------------------------------------------------------


def test_a_complete_project_takes_nothing(project, cast):
    row = on_project(project, "Before", by=cast.sofia).comment
    done = completed(project)
    row.project = done
    acts = (
        lambda: on_project(done, "After", by=cast.priya),
        lambda: on_project(done, "After", by=cast.bo),
        lambda: edit_comment(row, "After", by=cast.sofia, revision=0),
        lambda: delete_comment(row, by=cast.priya, revision=0),
        lambda: change_visibility(row, True, by=cast.priya, revision=0),
        lambda: mark_decision(row, True, by=cast.priya, revision=0),
        lambda: Comment.objects.update(text="x"),
        lambda: CommentVersion(project=done, comment=row, number=1, text="x", at=timezone.now()).save(),
    )
    for act in acts:
        with pytest.raises(Archived), transaction.atomic():
            act()
    assert afresh(row).text == "Before"


def test_what_is_found_is_the_project_s_own(project, make_project, cast):
    foreign = make_project(biller="Copperline Gas", people={}, by=cast.adele)
    assert find(project, "project", [foreign.pk]) == {}
    assert find(project, "step", [step(foreign).pk]) == {}
    assert find(project, "step", []) == {}
