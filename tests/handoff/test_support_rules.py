"""The rules of a support period, pure: its days in words, and what stands in the way of a move."""

from __future__ import annotations

import datetime as dt

import pytest

from handoff.support.letters import Letter, Told, letter
from handoff.support.rules import (
    Facts,
    count,
    end_blockers,
    end_of,
    ends_by_itself,
    evaluate_blockers,
    extend_blockers,
    note_blockers,
)
from handoff.support.vocabulary import Turn

START = dt.date(2026, 12, 3)
FIXED = Facts(START, end_of(START, 90))
OPEN = Facts(START, end_of(START, 30), open_ended=True)
EVALUATED = Facts(START, end_of(START, 60), open_ended=True, evaluated=end_of(START, 30))


def day(number: int) -> dt.date:
    """The day of which the count says `Day number`."""
    return START + dt.timedelta(days=number - 1)


@pytest.mark.parametrize(
    ("facts", "today", "words", "note", "late"),
    [
        (FIXED, day(1), "Day 1 of 90, ends Mar 3, 2027", "90 days left", False),
        (FIXED, dt.date(2027, 1, 4), "Day 33 of 90, ends Mar 3", "58 days left", False),
        (FIXED, day(90), "Day 90 of 90, ends Mar 3", "1 day left", False),
        (FIXED, day(91), "Day 91 of 90, ends Mar 3", "Ends today", False),
        (FIXED, day(96), "Day 96 of 90, ended Mar 3", "5 days past its end", True),
        (OPEN, day(12), "Day 12 of at least 30", "Evaluation due Jan 2, 2027, in 19 days", False),
        (OPEN, day(31), "Day 31 of at least 30", "Evaluation due Jan 2, today", False),
        (OPEN, day(34), "Day 34 of at least 30", "Evaluation was due Jan 2, 3 days ago", True),
        (EVALUATED, day(40), "Day 40 of 60, ends Feb 1", "21 days left", False),
        (FIXED, START - dt.timedelta(days=3), "Day 0 of 90, ends Mar 3, 2027", "93 days left", False),
    ],
)
def test_the_days_in_words(facts, today, words, note, late):
    told = count(facts, today)
    assert (told.words, told.note, told.late) == (words, note, late)
    assert 0 <= told.share <= 100


@pytest.mark.parametrize(
    ("facts", "today", "over"),
    [(FIXED, day(90), False), (FIXED, day(91), True), (OPEN, day(200), False), (EVALUATED, day(61), True)],
)
def test_what_ends_by_itself(facts, today, over):
    assert ends_by_itself(facts, today) is over


def codes(blockers) -> list[str]:
    return [blocker.code for blocker in blockers]


@pytest.mark.parametrize(
    ("facts", "today", "until", "expected"),
    [
        (FIXED, day(31), None, ["not-evaluated-at-all"]),
        (EVALUATED, day(40), None, ["evaluated-already"]),
        (OPEN, day(23), None, ["too-early"]),
        (OPEN, day(24), None, []),
        (OPEN, day(31), day(31), ["not-later"]),
        (OPEN, day(40), day(40), ["past"]),
        (OPEN, day(31), day(32), []),
        (OPEN, day(31), day(31 + 366), ["too-far"]),
    ],
)
def test_what_stands_in_the_way_of_an_evaluation(facts, today, until, expected):
    assert codes(evaluate_blockers(facts, today, until)) == expected


@pytest.mark.parametrize(
    ("facts", "today", "until", "expected"),
    [
        (OPEN, day(31), day(60), ["evaluate-first"]),
        (FIXED, day(31), day(91), ["not-later"]),
        (FIXED, day(31), day(92), []),
        (FIXED, day(31), day(31 + 365), []),
        (FIXED, day(31), day(31 + 366), ["too-far"]),
        (EVALUATED, day(70), day(70), ["past"]),
    ],
)
def test_what_stands_in_the_way_of_an_extension(facts, today, until, expected):
    assert codes(extend_blockers(facts, today, until)) == expected


@pytest.mark.parametrize(
    ("facts", "today", "note", "by_clock", "expected"),
    [
        (OPEN, day(200), "x", False, ["evaluate-first"]),
        (FIXED, day(90), "x", True, ["not-yet"]),
        (FIXED, day(91), "", True, []),
        (FIXED, day(20), "", False, ["missing-note"]),
        (FIXED, day(20), "x", False, []),
        (Facts(START, day(61), True, day(28)), day(30), "x", False, ["at-least"]),
        (Facts(START, day(61), True, day(28)), day(31), "x", False, []),
    ],
)
def test_what_stands_in_the_way_of_an_end(facts, today, note, by_clock, expected):
    assert codes(end_blockers(facts, today, note=note, by_clock=by_clock)) == expected


def test_a_reason_has_a_limit():
    assert note_blockers("x" * 2000) == []
    assert codes(note_blockers("x" * 2001)) == ["note-too-long"]


TOLD = Told(
    "Marrow County Tax", "Transition Success", START, end_of(START, 90), "Open a case.", leaflet="https://x.example/a"
)


@pytest.mark.parametrize("turn", list(Turn))
def test_a_letter_is_kept_as_it_was_sent(turn):
    made = letter(turn, TOLD)
    assert Letter.of(made.text) == made
    assert made.subject.startswith("Marrow County Tax: ")
    assert ("Open a case." in made.paragraphs) is (turn != Turn.WITHDRAWN)
    assert any("https://x.example/a" in one for one in made.paragraphs) is (turn in {Turn.STARTED, Turn.ENDED})


def test_a_letter_of_an_open_end_promises_no_day():
    told = Told("M", "Transition Success", START, end_of(START, 30), "c", waits=end_of(START, 30))
    assert "until January 2, 2027 at least" in letter(Turn.STARTED, told).text
