"""Pictures as plain numbers."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from workbook.charts import BURN_HEIGHT, BURN_WIDTH, burn_up, by_severity, outcome_bar

DAY = dt.date(2026, 11, 16)


def test_a_bar_is_as_wide_as_its_parts_and_says_them():
    bar = outcome_bar(Counter(passed=6, failed=1, untested=2, not_applicable=1))
    assert [(s.outcome, s.x, s.width) for s in bar.segments] == [
        ("passed", 0, 60), ("failed", 60, 10), ("untested", 70, 20), ("not_applicable", 90, 10),
    ]  # fmt: skip
    assert bar.words == "6 passed, 1 failed, 2 untested, 1 N/A"
    assert outcome_bar(Counter()).words == "no cases"


def test_a_burn_up_counts_each_case_by_its_last_result_of_the_day():
    results = [(1, "passed", DAY), (2, "failed", DAY), (2, "passed", DAY + dt.timedelta(days=2)), (3, "blocked", DAY)]
    burn = burn_up(results, 4, DAY, DAY + dt.timedelta(days=3))
    assert [(day.run, day.good) for day in burn.days] == [(2, 1), (2, 1), (2, 2), (2, 2)]
    assert [day.day.day for day in burn.told] == [16, 18, 19]
    last = burn.good_points.split()[-1]
    assert (burn.good_points.split()[0], last) == (f"0.0,{BURN_HEIGHT:.1f}", f"{BURN_WIDTH:.1f},{BURN_HEIGHT / 2:.1f}")
    assert burn.words == "2 of 4 cases run and 2 passed or waived on Nov 19"


def test_a_result_before_the_first_day_counts_on_it():
    burn = burn_up([(1, "passed", DAY - dt.timedelta(days=3))], 1, DAY, DAY)
    assert [(day.day, day.good) for day in burn.days] == [(DAY, 1)]


def test_severities():
    assert by_severity([]) == []
    lines = by_severity([(1, "open"), (1, "closed"), (3, "open")])
    assert [(line.severity, line.open, line.closed, line.open_width, line.closed_width) for line in lines] == [
        (1, 1, 1, 50, 50), (2, 0, 0, 0, 0), (3, 1, 0, 50, 0), (4, 0, 0, 0, 0),
    ]  # fmt: skip
