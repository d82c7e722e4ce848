"""The services that edit a draft: order, copies, many steps at once, the letters of all; and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.context import acting
from playbook.bulk import Act, Change, Glance, glance
from playbook.data import StepData
from playbook.editing import ChangedMeanwhile, change_steps, duplicate_step, free_key, reorder_steps, save_letters
from playbook.letters import LineError, line_of, read_line
from playbook.lint import lint
from playbook.models import PublishedIsFinal, Step, StepRole, Version
from raci.letters import Raci
from transitions.blockers import MoveRefused, NotPermitted

pytestmark = pytest.mark.django_db
MakeDraft = Callable[..., Version]
MakeStep = Callable[..., StepData]


def numbered(version: Version) -> list[tuple[int, str]]:
    return list(version.steps.values_list("number", "key"))


def ids(version: Version) -> list[int]:
    return list(version.steps.values_list("pk", flat=True))


def seen(version: Version, *numbers: int) -> dict[int, Glance]:
    steps = version.steps.prefetch_related("letters__role")
    return {step.pk: glance(step.as_data()) for step in steps if not numbers or step.number in numbers}


def racis(version: Version) -> list[Raci]:
    return [step.raci for step in version.as_data().steps]


# -- Order ------------------------------------------------------------------------------------------------------------


def test_steps_get_another_order_and_keep_the_gaps_in_their_numbers(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1), make_step(2), make_step(5), make_step(9))
    one, two, five, nine = ids(draft)

    assert reorder_steps(draft, [nine, one, two, five], seen=[one, two, five, nine], by=cast.adele) == 4
    assert numbered(draft) == [(1, "design.step-9"), (2, "design.step-1"), (5, "design.step-2"), (9, "design.step-5")]


def test_the_history_of_a_new_order_has_one_row_for_each_step_that_moved_and_no_parked_number(
    draft: Version, cast: SimpleNamespace
) -> None:
    one, two, three = ids(draft)
    before = Step.history.count()
    with acting(by=cast.priya):
        reorder_steps(draft, [two, one, three], seen=[one, two, three], by=cast.adele)
    rows = Step.history.all()[: Step.history.count() - before]

    assert {(row.id, row.number, row.before["number"], row.history_user) for row in rows} == {
        (one, 2, 1, cast.adele),
        (two, 1, 2, cast.adele),
    }


def test_an_order_that_somebody_else_changed_meanwhile_is_refused_and_told(
    draft: Version, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    one, two, three = ids(draft)
    reorder_steps(draft, [two, one, three], seen=[one, two, three], by=cast.priya_admin)
    with pytest.raises(ChangedMeanwhile) as told:
        reorder_steps(draft, [three, one, two], seen=[one, two, three], by=cast.adele)

    assert [(clash.step, clash.seen, clash.stored, clash.by) for clash in told.value.clashes] == [
        ("1. Step 2", "in place 2", "in place 1", "Priya Admin"),
        ("2. Step 1", "in place 1", "in place 2", "Priya Admin"),
    ]
    assert ids(draft) == [two, one, three]


@pytest.mark.parametrize("wrong", [[], [0, 0, 1], [0, 1], [0, 1, 2, 2]])
def test_an_order_of_other_steps_is_refused(draft: Version, cast: SimpleNamespace, wrong: list[int]) -> None:
    there = ids(draft)
    with pytest.raises(ValueError, match="other steps"):
        reorder_steps(draft, [there[place] for place in wrong], seen=there, by=cast.adele)


def test_a_new_order_costs_the_same_for_3_steps_and_for_60(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    counts = []
    for slug, size in (("small", 3), ("large", 60)):
        draft = make_draft(*(make_step(number) for number in range(1, size + 1)), playbook=slug)
        there = ids(draft)
        with CaptureQueriesContext(connection) as queries:
            reorder_steps(draft, there[::-1], seen=there, by=cast.adele)
        assert ids(draft) == there[::-1]
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 10


# -- Copies -----------------------------------------------------------------------------------------------------------


def test_a_copy_stands_behind_its_original_with_letters_and_needs_and_no_source(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    original = make_step(
        2, guidance="Read it.", needs=("design.step-1",), derived=("A",), documents=("page/a",), source={"row": "7"}
    )
    draft = make_draft(make_step(1), original, make_step(3), make_step(7))
    copy = duplicate_step(draft.steps.get(number=2), by=cast.adele)
    made = Step.objects.prefetch_related("letters__role").get(pk=copy.pk).as_data()

    assert numbered(draft) == [
        *(
            (1, "design.step-1"),
            (2, "design.step-2"),
            (3, "design.step-2-2"),
            (4, "design.step-3"),
            (8, "design.step-7"),
        )
    ]
    assert (made.raci, made.needs, made.derived, made.documents) == (
        *(original.raci, ("design.step-1",), ("A",), ("page/a",)),
    )
    assert (made.title, made.guidance, made.source) == ("Step 2", "Read it.", {})


def test_a_copy_takes_a_free_number_without_moving_others(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1), make_step(5))
    duplicate_step(draft.steps.get(number=1), by=cast.adele)

    assert [number for number, _ in numbered(draft)] == [1, 2, 5]


@pytest.mark.parametrize(
    ("key", "taken", "free"),
    [
        ("sit.run", {"sit.run"}, "sit.run-2"),
        ("sit.run", {"sit.run", "sit.run-2", "sit.run-3"}, "sit.run-4"),
        ("sit." + "a" * 76, set(), "sit." + "a" * 74 + "-2"),
    ],
)
def test_the_key_of_a_copy_is_free_and_not_too_long(key: str, taken: set[str], free: str) -> None:
    assert free_key(key, taken) == free


def test_a_version_of_500_steps_gets_no_more(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playbook.vocabulary.MOST_STEPS", 3)
    draft = make_draft(make_step(1), make_step(2), make_step(3))
    with pytest.raises(MoveRefused, match="3 steps are the most"):
        duplicate_step(draft.steps.get(number=1), by=cast.adele)


# -- Many at once -----------------------------------------------------------------------------------------------------

BOTH = Raci(R=("SE", "PM"), A=("INM",), C=("PM",), I=("B",))


@pytest.mark.parametrize(
    ("change", "letters"),
    [
        (Change(Act.GIVE, role="B", letter="C"), "SE:R, PM:R/C, INM:A, B:C/I"),
        (Change(Act.GIVE, role="SE", letter="R"), "SE:R, PM:R/C, INM:A, B:I"),
        (Change(Act.ONLY, role="SE", letter="A"), "SE:R/A, PM:R/C, B:I"),
        (Change(Act.TAKE, role="PM", letter="R"), "SE:R, INM:A, PM:C, B:I"),
        (Change(Act.TAKE, role="PM"), "SE:R, INM:A, B:I"),
        (Change(Act.TURN, role="PM", letter="C", new_letter="I"), "SE:R, PM:R/I, INM:A, B:I"),
        (Change(Act.TURN, role="B", letter="C", new_letter="R"), "SE:R, PM:R/C, INM:A, B:I"),
        (Change(Act.HAND, role="PM", new_role="SE"), "SE:R/C, INM:A, B:I"),
        (Change(Act.HAND, role="INM", new_role="B"), "SE:R, PM:R/C, B:A/I"),
    ],
)
def test_letters_change_on_the_steps_that_were_chosen_alone(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace, change: Change, letters: str
) -> None:
    draft = make_draft(make_step(1, raci=BOTH), make_step(2, raci=BOTH))
    changed = change_steps(draft, seen(draft, 1), change, by=cast.adele)
    first, second = racis(draft)

    assert sorted(line_of(first).split(", ")) == sorted(letters.split(", "))
    assert second == BOTH
    assert changed == int(first != BOTH)


def test_a_letter_that_changes_in_bulk_is_no_longer_derived(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1, derived=("A", "I")))
    change_steps(draft, seen(draft), Change(Act.ONLY, role="PM", letter="A"), by=cast.adele)

    assert draft.steps.get().derived == ["I"]


def test_duration_and_category_are_set_and_what_says_so_already_is_not_counted(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1, duration_days=3), make_step(2), make_step(3))

    assert change_steps(draft, seen(draft, 1, 2), Change(Act.DURATION, days=3), by=cast.adele) == 1
    assert change_steps(draft, seen(draft, 2, 3), Change(Act.CATEGORY, category="Data"), by=cast.adele) == 2
    assert list(draft.steps.values_list("duration_days", "category")) == [(3, ""), (3, "Data"), (1, "Data")]


def test_steps_that_move_to_a_phase_come_behind_its_last_one_and_lint_tells_what_they_break(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(
        *(make_step(1), make_step(2), make_step(3, needs=("design.step-1",))),
        *(make_step(5, phase="sit"), make_step(6, phase="release")),
    )
    assert change_steps(draft, seen(draft, 1, 2, 5), Change(Act.PHASE, phase="sit"), by=cast.adele) == 2

    assert list(draft.steps.values_list("number", "key", "phase")) == [
        (1, "design.step-3", "design"),
        (2, "design.step-5", "sit"),
        (3, "design.step-1", "sit"),
        (5, "design.step-2", "sit"),
        (6, "design.step-6", "release"),
    ]
    assert [(found.step, found.code) for found in lint(draft.as_data())] == [("design.step-3", "needs-later-phase")]


def test_steps_that_move_to_a_phase_without_steps_come_behind_the_phases_before(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1, phase="release"), make_step(2), make_step(3, phase="sit"))
    change_steps(draft, seen(draft, 1), Change(Act.PHASE, phase="development"), by=cast.adele)

    assert [key for _, key in numbered(draft)] == ["design.step-2", "design.step-1", "design.step-3"]


def test_what_is_done_in_bulk_bears_the_name_of_who_did_it_as_one_act(draft: Version, cast: SimpleNamespace) -> None:
    at = StepRole.history.count()
    change_steps(draft, seen(draft), Change(Act.HAND, role="SE", new_role="B"), by=cast.adele)
    rows = list(StepRole.history.all()[: StepRole.history.count() - at])

    assert {(row.history_type, row.history_user) for row in rows} == {("-", cast.adele), ("+", cast.adele)}
    assert len(rows) == 6  # SE's R goes and B's comes, on three steps; the other letters are left alone


def test_a_bulk_change_costs_the_same_for_3_steps_and_for_60(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    for change in (
        Change(Act.GIVE, role="PM", letter="I"),
        Change(Act.PHASE, phase="sit"),
        Change(Act.DURATION, days=9),
    ):
        counts = []
        for size in (3, 60):
            steps = [make_step(number, derived=("I",)) for number in range(1, size + 1)]
            draft = make_draft(*steps, playbook=f"p-{change.act}-{size}")
            glances = seen(draft)
            with CaptureQueriesContext(connection) as queries:
                assert change_steps(draft, glances, change, by=cast.adele) == size
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 30, change.act


# -- Two at once ------------------------------------------------------------------------------------------------------


def test_a_step_that_somebody_changed_where_the_change_writes_is_a_clash_and_nothing_is_written(
    draft: Version, cast: SimpleNamespace
) -> None:
    mine = seen(draft)
    change_steps(draft, seen(draft, 2), Change(Act.DURATION, days=4), by=cast.priya_admin)
    with pytest.raises(ChangedMeanwhile) as told:
        change_steps(draft, mine, Change(Act.DURATION, days=9), by=cast.adele)

    assert [(clash.step, clash.seen, clash.stored, clash.by) for clash in told.value.clashes] == [
        ("2. Step 2", "Days: 1", "Days: 4", "Priya Admin")
    ]
    assert list(draft.steps.values_list("duration_days", flat=True)) == [1, 4, 1]


def test_a_change_of_something_else_meanwhile_is_no_clash(draft: Version, cast: SimpleNamespace) -> None:
    mine = seen(draft)
    change_steps(draft, seen(draft, 2), Change(Act.DURATION, days=4), by=cast.adele)

    assert change_steps(draft, mine, Change(Act.CATEGORY, category="Data"), by=cast.adele) == 3


@pytest.mark.parametrize("field", ["title", "guidance", "duration_days"])
def test_nothing_is_deleted_that_somebody_changed_in_any_way(draft: Version, cast: SimpleNamespace, field: str) -> None:
    mine = seen(draft)
    Step.objects.filter(version=draft, number=3).update(**{field: 7 if field == "duration_days" else "Theirs"})
    with pytest.raises(ChangedMeanwhile) as told:
        change_steps(draft, mine, Change(Act.DELETE), by=cast.adele)

    assert len(told.value.clashes) == 1
    assert draft.steps.count() == 3


def test_a_step_that_is_gone_is_a_clash_that_names_it(draft: Version, cast: SimpleNamespace) -> None:
    mine = seen(draft)
    Step.objects.get(version=draft, number=2).delete()
    with pytest.raises(ChangedMeanwhile) as told:
        change_steps(draft, mine, Change(Act.DURATION, days=9), by=cast.adele)

    assert [(clash.stored, clash.pk) for clash in told.value.clashes] == [("deleted", None)]
    assert set(draft.steps.values_list("duration_days", flat=True)) == {1}


def test_steps_are_deleted(draft: Version, cast: SimpleNamespace) -> None:
    assert change_steps(draft, seen(draft, 1, 3), Change(Act.DELETE), by=cast.adele) == 2
    assert [number for number, _ in numbered(draft)] == [2]


# -- Who, and what is final --------------------------------------------------------------------------------------------


def every_service(version: Version, by: Any) -> list[Callable[[], Any]]:
    there = ids(version)
    return [
        lambda: reorder_steps(version, there[::-1], seen=there, by=by),
        lambda: duplicate_step(version.steps.get(number=1), by=by),
        lambda: change_steps(version, seen(version), Change(Act.DURATION, days=9), by=by),
        lambda: change_steps(version, seen(version), Change(Act.DELETE), by=by),
        lambda: save_letters(version, {there[0]: Raci()}, seen={there[0]: "SE:R, INM:A, PM:C, B:I"}, by=by),
    ]


def test_no_service_changes_a_published_version(published: Version, cast: SimpleNamespace) -> None:
    before = published.as_data()
    for service in every_service(published, cast.adele):
        with pytest.raises(PublishedIsFinal):
            service()
    assert published.as_data() == before


def test_no_service_serves_who_may_not_change_steps(draft: Version, cast: SimpleNamespace) -> None:
    before = draft.as_data()
    for service in every_service(draft, cast.mallory):
        with pytest.raises(NotPermitted):
            service()
    assert draft.as_data() == before


# -- Letters in a line ------------------------------------------------------------------------------------------------

LISTED = ("PM", "SE", "INM", "IS II", "B")


@pytest.mark.parametrize(
    ("line", "raci"),
    [
        ("", Raci()),
        ("PM:RA", Raci(R=("PM",), A=("PM",))),
        (" pm ".upper() + ": r / a ,", Raci(R=("PM",), A=("PM",))),
        ("SE:R, IS  II:C/I, PM:", Raci(R=("SE",), C=("IS II",), I=("IS II",))),
        ("B:R, PM:R", Raci(R=("B", "PM"))),
    ],
)
def test_a_line_is_read(line: str, raci: Raci) -> None:
    assert read_line(line, listed=LISTED, was=Raci()) == raci


def test_who_keeps_a_letter_keeps_the_place() -> None:
    was = Raci(R=("SE", "PM"), C=("PM", "B"))
    assert read_line("B:C, PM:R/C, INM:R, SE:R", listed=LISTED, was=was) == Raci(R=("SE", "PM", "INM"), C=("PM", "B"))


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("PM:X", [("PM", "PM: “X” is no letter; R, A, C and I are.")]),
        ("PM:RR", [("PM", "PM: R stands twice.")]),
        (
            "XX:R, PM:Q",
            [("XX", "“XX” is not in this version’s role list."), ("PM", "PM: “Q” is no letter; R, A, C and I are.")],
        ),
        ("PM:R, PM:A", [("PM", "PM stands twice.")]),
        (":R", [("", "A role is missing before “:R”.")]),
        ("x" * 1_201, [("", "1,201 characters; 1,200 is the most.")]),
    ],
)
def test_a_wrong_line_is_refused_with_all_that_is_wrong_in_it(line: str, problems: list[tuple[str, str]]) -> None:
    with pytest.raises(LineError) as wrong:
        read_line(line, listed=LISTED, was=Raci())
    assert [(problem.code, problem.text) for problem in wrong.value.problems] == problems


def test_a_line_reads_back_as_the_letters_that_it_was_written_from() -> None:
    raci = Raci(R=("B", "SE"), A=("SE",), C=("IS II", "B"))
    assert line_of(raci) == "B:R/C, SE:R/A, IS II:C"
    assert read_line(line_of(raci), listed=LISTED, was=raci) == raci


@pytest.fixture
def cast(cast: SimpleNamespace) -> SimpleNamespace:
    """The cast, with a second administrator."""
    from accounts.models import User

    cast.priya_admin = User.objects.create_superuser("second@example.org", "Priya Admin")
    return cast
