"""Mentions: whom `@PM` and `@Priya Nair` mean, who of them hears, and what the writer is told of those who do not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Side, User
from projects.models import Notice, Project
from projects.outside import show_to_customer
from projects.team import fill_seat
from records.mentions import MOST, can_be_mentioned, phrases, readers
from records.models import Mention
from records.talk import change_visibility, edit_comment
from tests.records.talking import on_project, on_step, step

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(make_project) -> Project:
    return make_project()


def told() -> list[str]:
    """The first names of who heard of a mention."""
    return sorted(Notice.objects.filter(kind="mentioned").values_list("person__email", flat=True))


def names(*people: str) -> list[str]:
    return sorted(f"{name}@example.org" for name in people)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@PM please look", ["PM please look"]),
        ("ask @Priya Nair, or @SE.", ["Priya Nair", "SE"]),
        ("(@PM) [@IM] *@SE* @PM", ["PM", "IM", "SE"]),
        ("bo@example.org a.b@PM x/@PM @@PM", []),
        ("`@PM` and ``a ` @IM`` \n```\n@SE\n```\n@SA", ["SA"]),
        ("@Anne-Marie O’Hara's turn", ["Anne-Marie O’Hara's turn"]),
        ("@Élodie 😀 @", ["Élodie"]),
        ("@a b c d e f", ["a b c d"]),
    ],
)
def test_what_stands_after_the_sign(text, found):
    assert phrases(text) == found


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("@PM look", ["priya"]),
        ("@PM @SE @INM", ["priya", "sofia", "ingrid"]),
        ("@pm", ["priya"]),
        ("@Priya Nair please", ["priya"]),
        ("@priya nair", ["priya"]),
        ("@priya", ["priya"]),
        ("@Priya and @PM", ["priya"]),
        ("@Adele", ["adele"]),
    ],
)
def test_a_mention_by_seat_or_by_name_is_heard(project, cast, text, people):
    written = on_step(project, text, by=cast.arun)
    assert (told(), written.untold) == (names(*people), ())
    notice = Notice.objects.filter(kind="mentioned").first()
    assert notice.address == f"/projects/{project.code}/talk/{written.comment.pk}"
    assert notice.step == step(project)


def test_somebody_without_a_seat_who_sees_every_project_can_be_mentioned(project, cast):
    assert on_project(project, "@Dele", by=cast.sofia).untold == ("Dele Adeyemi may not see this project: not told.",)
    cast.dele.groups.add(Group.objects.get(name="Portfolio"))
    assert on_project(project, "@Dele Adeyemi", by=cast.sofia).untold == ()
    assert told() == names("dele")


def test_the_notice_says_who_where_and_why_and_nothing_of_what_was_written(project, cast):
    on_step(project, "@PM sekret words", by=cast.sofia)
    notice = Notice.objects.get(kind="mentioned")
    assert (notice.text, notice.why) == (
        "Sofia Reyes mentioned you on “Invoicing (IC System)”.", "You were mentioned: @PM.",
    )  # fmt: skip


def test_a_seat_is_whoever_sits_there_now_in_every_playbook_that_knows_its_code(make_project, cast):
    project = make_project(playbooks=("integration", "outbound"))
    codes = {seat.role.code for seat in project.board.seats}
    assert "TC" in codes
    fill_seat(project, next(s.id for s in project.board.seats if s.role.code == "SE"), cast.dele, by=cast.priya)
    on_project(Project.objects.get(pk=project.pk), "@SE @TC", by=cast.arun, visible=True)
    sitting = {
        s.person.id for s in Project.objects.get(pk=project.pk).board.seats if s.person and s.role.code in {"SE", "TC"}
    }
    assert told() == sorted(User.objects.filter(pk__in=sitting).values_list("email", flat=True))
    assert cast.dele.pk in sitting


def test_nobody_hears_of_their_own_mention_and_nobody_twice(project, cast):
    written = on_project(project, "@PM @Priya @IM", by=cast.priya)
    assert (told(), written.untold) == (names("ivan"), ())
    assert list(Mention.objects.values_list("person", "words")) == [(cast.ivan.pk, "@IM")]


def test_an_edit_tells_only_who_is_new(project, cast):
    row = on_project(project, "@PM", by=cast.sofia).comment
    edit_comment(row, "@PM @IM", by=cast.sofia, revision=0)
    edit_comment(row, "@IM", by=cast.sofia, revision=1)
    edit_comment(row, "@PM @IM", by=cast.sofia, revision=2)
    assert told() == names("priya", "ivan")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@Mallory Voss look", "Mallory Voss may not see this project: not told."),
        ("@mallory", "Mallory Voss may not see this project: not told."),
        ("@Nobody", "“@Nobody” is no seat and nobody here: nobody was told."),
        ("@Bo", "Bo Halvorsen sits outside and does not read an internal comment: not told."),
        ("@B", "Bo Halvorsen sits outside and does not read an internal comment: not told."),
    ],
)
def test_who_cannot_be_told_is_told_to_the_writer(project, cast, text, said):
    written = on_project(project, f"{text}, @PM", by=cast.sofia)
    assert (written.untold, told()) == ((said,), names("priya"))


def test_an_empty_seat_is_told_to_the_writer(project, cast):
    seat = next(seat for seat in project.board.seats if seat.role.code == "SA")
    fill_seat(project, seat.id, None, by=cast.priya)
    written = on_project(Project.objects.get(pk=project.pk), "@SA", by=cast.sofia)
    assert written.untold == (f"Nobody sits in the seat “SA” ({seat.role.name}): nobody was told.",)


def test_a_first_name_that_several_bear_means_nobody_until_it_is_written_in_full(project, cast):
    other = User.objects.create_user("priya.berg@example.org", "Priya Berg")
    on_project(project, "@priya", by=cast.sofia)
    assert told() == names("priya")  # the other may not see the project: it can mean her alone
    other.groups.add(Group.objects.get(name="Portfolio"))
    written = on_project(project, "@priya again", by=cast.sofia)
    assert written.untold == ("“@priya” may be Priya Berg or Priya Nair: write the name in full. Nobody was told.",)
    assert on_project(project, "@Priya Berg", by=cast.sofia).untold == ()
    assert told() == sorted(["priya@example.org", "priya.berg@example.org"])


def test_somebody_deactivated_is_nobody(project, cast):
    User.objects.filter(pk=cast.arun.pk).update(is_active=False)
    assert on_project(project, "@Arun Patel", by=cast.sofia).untold == (
        "“@Arun” is no seat and nobody here: nobody was told.",
    )


def test_somebody_outside_hears_of_what_they_see(project, cast):
    assert on_project(project, "@Bo please", by=cast.sofia, visible=True).untold == ()
    assert told() == names("bo")
    hidden = next(
        s for s in project.board.steps if not project.board.letters_of(cast.bo.pk, s) and not s.template.approval
    )
    written = on_step(project, "@Bo and this", by=cast.sofia, visible=True, key=hidden.path)
    assert written.untold == (f"Bo Halvorsen does not see “{project.board.title(hidden)}”: not told.",)
    assert told() == names("bo")


def test_when_a_comment_is_shown_whom_it_mentions_outside_hears(project, cast):
    row = on_project(project, "@Bo fine?", by=cast.sofia).comment
    assert told() == []
    assert change_visibility(row, True, by=cast.sofia, revision=0).untold == ()
    assert told() == names("bo")


def test_what_somebody_outside_is_told_says_nothing_of_who_is_here(project, cast):
    show_to_customer(step(project), visible=True, note="", by=cast.priya)
    said = {
        name: on_step(project, f"@{name}", by=cast.bo).untold
        for name in ("Mallory", "Cora", "Sofia", "SE", "INM", "Nobody", "Pat", "CIS")
    }
    assert said == {
        name: (f"“@{name}” is nobody you can mention here. Those who run the project read this anyway.",)
        for name in said
    }
    assert on_step(project, "@PM and @Ivan Orlov", by=cast.bo).untold == ()


def test_more_than_twenty_are_not_looked_at(project, cast):
    text = "@PM " + " ".join(f"@nobody{number}." for number in range(40))
    written = on_project(project, text, by=cast.sofia)
    assert (len(written.untold), written.untold[0]) == (MOST, "Only the first 20 mentions were looked at.")
    assert told() == names("priya")


def test_markup_in_a_mention_stays_words(project, cast):
    written = on_project(project, "@<script>alert(1)</script> @PM<b> @x'\"--", by=cast.sofia)
    assert written.untold == ("“@x” is no seat and nobody here: nobody was told.",)
    assert told() == names("priya")


def test_readers_are_those_to_whom_the_project_is_visible(make_project, cast):
    own = make_project()
    foreign = make_project(biller="Copperline Gas", people={}, by=cast.adele)
    for person in (cast.cora, cast.bo):  # it opens nothing to somebody outside
        person.groups.add(Group.objects.get(name="Portfolio"))
    for project in (own, foreign):
        seen = {
            p.pk
            for p in User.objects.filter(is_active=True)
            if Project.objects.visible_to(p).filter(pk=project.pk).exists()
        }
        assert set(readers(project).values_list("pk", flat=True)) == seen


def test_whom_one_may_mention_is_listed_for_who_types(project, cast):
    found = can_be_mentioned(project, cast.sofia)
    assert ("@PM", "Priya Nair (Project Manager)") in {(one.insert, one.says) for one in found}
    assert "@Priya Nair" in {one.insert for one in found}
    assert not {"@Sofia Reyes", "@Mallory Voss"} & {one.insert for one in found}
    theirs = {one.insert for one in can_be_mentioned(project, cast.bo)}
    assert {"@PM", "@Priya Nair"} <= theirs
    assert not {"@SE", "@Sofia Reyes", "@Cora Lindqvist", "@Pat Quinn"} & theirs


def test_mentions_take_a_fixed_number_of_queries(project, cast):
    def cost(text: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            on_project(Project.objects.get(pk=project.pk), text, by=cast.sofia)
        return len(caught)

    assert cost("first @PM") == cost("second @PM @IM @SA @INM @Adele Novak @Arun Patel")


def test_a_colleague_of_the_same_side_can_be_mentioned_from_outside(project, cast):
    other = User.objects.create_user("bea@example.org", "Bea Lang", side=Side.CUSTOMER)
    seat = next(seat for seat in project.board.seats if seat.role.code == "B")
    row = project.seats.get(pk=seat.id)
    assert row.person == cast.bo
    fill_seat(project, seat.id, other, by=cast.priya)
    fresh = Project.objects.get(pk=project.pk)
    assert {"@Bea Lang", "@B"} & {one.insert for one in can_be_mentioned(fresh, other)} == {"@B"}
