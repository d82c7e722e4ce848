"""Comparing two versions: pure, so without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbook.compare import Comparison, StepChange, compare
from playbook.data import DocumentData, PlaybookData, RoleData, SectionData, StepData
from playbook.words_diff import Effort, words_diff
from raci.letters import Raci
from tests.playbook.conftest import a_playbook, a_step
from transitions.phase import Phase

Make = Callable[..., Any]


def step_of(comparison: Comparison, key: str) -> StepChange:
    (found,) = [step for step in comparison.steps if step.key == key]
    return found


def kinds(comparison: Comparison) -> list[tuple[str, str]]:
    return [(step.key.removeprefix("design.step-"), step.kind) for step in comparison.steps]


def renumbered(*steps: StepData) -> PlaybookData:
    return a_playbook(*(replace(step, number=number) for number, step in enumerate(steps, 1)))


ONE, TWO, THREE, FOUR = (a_step(number) for number in range(1, 5))


def test_a_version_compared_with_itself_says_that_nothing_differs() -> None:
    same = compare(a_playbook(), replace(a_playbook(), version=2))

    assert same.is_same
    assert same.counts == {"added": 0, "removed": 0, "moved": 0, "changed": 0, "same": 3}
    assert same.as_dict()["steps"] == []


def test_one_step_put_in_front_moves_none_of_the_later_ones() -> None:
    new = a_step(9)

    found = compare(renumbered(ONE, TWO, THREE), renumbered(new, ONE, TWO, THREE))

    assert kinds(found) == [("9", "added"), ("1", "same"), ("2", "same"), ("3", "same")]


def test_one_step_carried_to_the_end_is_the_only_one_that_moved() -> None:
    found = compare(renumbered(ONE, TWO, THREE, FOUR), renumbered(TWO, THREE, FOUR, ONE))

    assert kinds(found) == [("2", "same"), ("3", "same"), ("4", "same"), ("1", "moved")]


def test_another_phase_is_a_move_and_names_the_phases() -> None:
    away = replace(TWO, phase="sit")

    found = step_of(compare(renumbered(ONE, TWO, THREE), renumbered(ONE, THREE, away)), TWO.key)

    assert (found.kind, found.moved) == ("moved", True)
    assert [(field.name, field.before, field.after) for field in found.fields] == [("phase", "design", "sit")]
    assert [(piece.kind, piece.text) for piece in found.fields[0].words] == [("removed", "Design"), ("added", "SIT")]


def test_a_step_may_be_moved_and_changed() -> None:
    found = compare(renumbered(ONE, TWO, THREE), renumbered(TWO, THREE, replace(ONE, title="Another title")))

    assert (step_of(found, ONE.key).kind, step_of(found, ONE.key).moved) == ("changed", True)
    assert found.counts == {"added": 0, "removed": 0, "moved": 1, "changed": 1, "same": 2}


def test_a_step_that_went_stands_where_it_stood() -> None:
    sit = a_step(4, phase="sit")
    found = compare(renumbered(ONE, TWO, THREE, sit), renumbered(ONE, THREE))

    assert kinds(found) == [("1", "same"), ("2", "removed"), ("3", "same"), ("4", "removed")]


def test_a_step_that_went_does_not_follow_one_that_moved_away() -> None:
    found = compare(renumbered(ONE, TWO, THREE, FOUR), renumbered(THREE, FOUR, ONE))

    assert kinds(found) == [("2", "removed"), ("3", "same"), ("4", "same"), ("1", "moved")]


def test_a_step_that_went_says_what_it_said_with_names_for_keys() -> None:
    needy = a_step(3, needs=(ONE.key,), duration_days=2)
    gone = step_of(compare(renumbered(ONE, needy), renumbered(ONE)), needy.key)

    assert gone.fields == ()
    assert {field.name: [piece.text for piece in field.words] for field in gone.says} == {
        "phase": ["Design"], "title": ["Step 3"], "raci.R": ["SE"], "raci.A": ["INM"], "raci.C": ["PM"], "raci.I": ["B"],
        "duration_days": ["2 working days"], "needs": ["Step 1"],
    }  # fmt: skip
    assert {piece.kind for field in gone.says for piece in field.words} == {"removed"}


def test_the_first_steps_of_a_phase_that_went_stand_before_what_is_left_of_it() -> None:
    found = compare(renumbered(ONE, TWO, THREE), renumbered(THREE))

    assert kinds(found) == [("1", "removed"), ("2", "removed"), ("3", "same")]


def test_neither_number_nor_where_a_step_was_read_is_a_change() -> None:
    read = replace(TWO, number=40, source={"file": "page.html", "row": "line 4"}, key=TWO.key)

    assert compare(a_playbook(ONE, TWO), a_playbook(ONE, read)).is_same


#: name of the field → a value that differs from the healthy step's, before and after in words.
DIFFERENT: dict[str, tuple[Any, list[str], list[str]]] = {
    "category": ("Reviews", [], ["Reviews"]),
    "title": ("Step two", ["2"], ["two"]),
    "guidance": ("Call them.", [], ["Call them."]),
    "raci": (Raci(R=("SE", "PM"), A=("INM",), C=("PM",), I=("B",)), [], ["PM"]),
    "raci_source": ("SE", [], ["SE"]),
    "derived": (("A",), [], ["A"]),
    "applies": ("partner_only", ["Always"], ["Partner integrations only"]),
    "approval": ("final_sign_off", [], ["Final sign-off"]),
    "duration_days": (3, ["1 working day"], ["3 working days"]),
    "needs": ((ONE.key,), [], ["Step 1"]),
    "documents": (("sit-workbook/test-cases",), [], ["SIT workbook, Test cases"]),
    "meeting": ("uat-call", [], ["UAT call"]),
    "open_questions": (("Who decides?",), [], ["Who decides?"]),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_each_field_that_differs_is_named_and_said_in_words(name: str) -> None:
    value, removed, added = DIFFERENT[name]
    found = step_of(compare(a_playbook(ONE, TWO), a_playbook(ONE, replace(TWO, **{name: value}))), TWO.key)

    (field,) = found.fields
    assert (found.kind, field.name.partition(".")[0]) == ("changed", name)
    assert [piece.text for piece in field.words if piece.kind == "removed"] == removed
    assert [piece.text for piece in field.words if piece.kind == "added"] == added


def test_every_field_of_a_step_is_compared_or_left_out_on_purpose() -> None:
    assert set(StepData.__slots__) == {*DIFFERENT, "key", "number", "source", "phase"}


def test_needs_in_another_order_are_no_change() -> None:
    before, after = (a_step(3, needs=keys) for keys in ((ONE.key, TWO.key), (TWO.key, ONE.key)))

    assert compare(a_playbook(ONE, TWO, before), a_playbook(ONE, TWO, after)).is_same


def test_roles_documents_and_the_whole_are_compared() -> None:
    before = a_playbook(documents=(DocumentData("page", "Page", sections=(SectionData("scope", "Scope"),)),))
    roles = (*before.roles[1:], replace(before.roles[0], team="Delivery"), RoleData("TC", "Test Coordinator"))
    sections = (SectionData("scope", "Scope", mandatory=True),)
    documents = (DocumentData("page", "Page", sections=sections), DocumentData("guide", "Guide"))
    after = replace(before, title="Sample two", roles=roles[1:], documents=documents, open_questions=("Why?",))

    found = compare(before, after)

    assert [(part.key, part.kind) for part in found.roles] == [
        ("INM", "same"), ("B", "same"), ("PM", "changed"), ("TC", "added"), ("SE", "removed"),
    ]  # fmt: skip
    assert [(part.key, part.kind) for part in found.documents] == [("page", "changed"), ("guide", "added")]
    assert [piece.text for piece in found.documents[0].fields[0].words] == ["Scope (scope)", "Scope (scope, mandatory)"]
    assert [field.name for field in found.whole] == ["title", "open_questions"]
    assert not found.is_same


def test_what_it_says_as_plain_values_goes_through_json() -> None:
    after = a_playbook(ONE, replace(TWO, guidance="Ring them."), a_step(9), version=2)
    plain = compare(a_playbook(ONE, TWO, THREE), after).as_dict()

    assert json.loads(json.dumps(plain)) == plain
    assert (plain["from"], plain["to"], plain["same"]) == (1, 2, False)
    changed, gone, added = plain["steps"]
    assert (changed["kind"], changed["fields"][0]["words"]) == ("changed", [{"kind": "added", "text": "Ring them."}])
    assert (gone["kind"], gone["number"]) == ("removed", {"before": 3, "after": None})
    assert (added["kind"], added["step"]["raci.R"]) == ("added", ["SE"])


@st.composite
def two_orders(draw: st.DrawFn) -> tuple[PlaybookData, PlaybookData]:
    """Two versions over the same nine keys, each step in any phase and place, or left out."""
    versions = []
    for _ in range(2):
        keys = draw(st.permutations(range(1, 10)))[: draw(st.integers(0, 9))]
        phases = [draw(st.sampled_from(["design", "sit", "release"])) for _ in keys]
        versions.append(
            a_playbook(roles=(), open_questions=())
            if not keys
            else renumbered(*(a_step(key, phase=phase) for key, phase in zip(keys, phases, strict=True)))
        )
    return versions[0], versions[1]


@given(two_orders())
@settings(max_examples=60)
def test_every_step_of_either_version_is_told_of_once_and_what_did_not_move_kept_its_order(
    two: tuple[PlaybookData, PlaybookData],
) -> None:
    before, after = two
    found = compare(before, after)

    assert sorted(step.key for step in found.steps) == sorted({step.key for step in (*before.steps, *after.steps)})
    # The later version reads in its own order.
    read = sorted(after.steps, key=lambda step: (Phase(step.phase).rank, step.number))
    assert [step.key for step in found.steps if step.after] == [step.key for step in read]
    for phase in ("design", "sit", "release"):
        numbers = [
            step.before.number
            for step in found.steps
            if step.before and step.after and step.after.phase == phase and not step.moved
        ]
        assert numbers == sorted(numbers)


# Words


@given(st.text(alphabet="ab. \n", max_size=60), st.text(alphabet="ab. \n", max_size=60))
def test_the_pieces_put_together_are_the_two_texts(before: str, after: str) -> None:
    pieces = words_diff(before, after)

    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def test_a_word_that_changed_is_the_only_piece_that_did() -> None:
    pieces = words_diff(
        "Call the biller once a week.\n\nThen note it.", "Call the biller twice a week.\n\nThen note it."
    )

    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("same", "Call the biller "),
        ("removed", "once"),
        ("added", "twice"),
        ("same", " a week.\n\nThen note it."),
    ]


def test_texts_with_little_in_common_are_shown_whole() -> None:
    pieces = words_diff("Ring the biller and ask for a sample of the invoice file.", "Nothing of that holds any more.")

    assert [piece.kind for piece in pieces] == ["removed", "added"]


def test_a_word_that_stayed_between_two_longer_changes_goes_with_them() -> None:
    pieces = words_diff("one two three and four five six seven", "uno due tre and quattro cinque sei seven")

    assert [piece.kind for piece in pieces] == ["removed", "added", "same"]


HARD = {
    "one word over and over": ("a " * 10_000, "a b " * 5_000),
    "short lines": ("a\n" * 10_000, "b\na\na\n" * 3_333),
    "every other word": (" ".join(f"w{i}" for i in range(3_300)), " ".join(f"w{i - i % 2}" for i in range(3_300))),
}


@pytest.mark.parametrize("name", HARD)
def test_no_text_of_twenty_thousand_characters_takes_more_than_its_share_of_work(name: str) -> None:
    effort = Effort()
    words_diff(*HARD[name], effort)

    # Twice the share at most: by words, then by lines. A step of the search is under a microsecond.
    assert effort.each < 5_000_000 - effort.left < 2 * effort.each + 50_000


def test_hard_texts_use_up_the_work_of_all_and_the_rest_is_shown_whole() -> None:
    effort = Effort()
    for _ in range(20):
        words_diff(*HARD["every other word"], effort)

    assert -2 * effort.each < effort.left <= 0
    assert [piece.kind for piece in words_diff("Call them once a week", "Call them twice a week", effort)] == [
        "removed", "added",
    ]  # fmt: skip
