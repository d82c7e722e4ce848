"""Exit criteria as pure functions: waived and N/A do not count alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.exit import CaseFacts, DefectFacts, Tally, judge
from workbook.vocabulary import Outcome


def facts(*cases: tuple[str, bool]) -> list[CaseFacts]:
    return [CaseFacts(n, f"T-{n}", "x", mandatory, outcome) for n, (outcome, mandatory) in enumerate(cases, start=1)]


def verdict(*cases, asked=100, defects=(), still_open=False):
    return judge(
        facts(*cases), [DefectFacts(n, "d", s) for n, s in enumerate(defects)], asked=asked, still_open=still_open
    )


@pytest.mark.parametrize(
    ("cases", "asked", "met", "missing", "short"),
    [
        ([("passed", True)], 100, True, [], []),
        ([("waived", True)], 100, True, [], []),
        ([("passed", True), ("not_applicable", False)], 100, True, [], []),
        ([("passed", True), ("not_applicable", True)], 100, False, ["T-2"], []),
        ([("passed", True), ("failed", False)], 100, False, [], ["T-2"]),
        ([("passed", True), ("failed", True)], 50, True, [], []),
        ([("passed", True), ("untested", True)], 50, False, ["T-2"], []),
        ([("passed", True), ("untested", False)], 50, True, [], []),
        ([("passed", True), ("blocked", True)], 50, False, ["T-2"], []),
        ([("passed", True), ("retest", True)], 50, False, ["T-2"], []),
        ([("not_applicable", False)], 1, False, [], []),
        ([], 1, False, [], []),
    ],
)
def test_verdict(cases, asked, met, missing, short):
    found = verdict(*cases, asked=asked)
    assert (found.met, [c.code for c in found.missing], [c.code for c in found.short]) == (met, missing, short)


def test_an_open_run_and_a_severe_defect_are_never_good():
    assert not verdict(("passed", True), still_open=True).met
    assert [verdict(("passed", True), defects=[severity]).met for severity in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]


def test_the_share_is_rounded_down():
    tally = Tally.of(["passed"] * 999 + ["failed"])
    assert (tally.share, tally.applying, tally.good) == (99, 1000, 999)


@given(st.lists(st.tuples(st.sampled_from(Outcome.values), st.booleans()), max_size=30), st.integers(1, 100))
def test_no_case_is_told_twice_and_what_is_met_lacks_nothing(cases, asked):
    found = verdict(*cases, asked=asked)
    told = [case.id for case in (*found.missing, *found.short)]
    assert len(told) == len(set(told))
    assert found.met == (found.share_reached and not found.missing)
    if found.share_reached:
        assert found.short == ()
