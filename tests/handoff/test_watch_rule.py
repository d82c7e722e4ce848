"""What is an anomaly: the rule alone, by examples and by what must hold of any payments."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.watch.reading import pair
from handoff.watch.rows import gaps, read_rows
from handoff.watch.rule import Expected, Paid, judge, usual
from handoff.watch.vocabulary import Kind

LIVE = dt.date(2026, 11, 30)  # a Monday, no holiday in the three weeks after it
DAY = dt.timedelta(days=1)
FORTY = [Expected(LIVE, Decimal(40), Decimal(6000))]


def on(number: int) -> dt.date:
    """The day `number` days after go-live."""
    return LIVE + DAY * number


def paid(*counts: int | None, begin: dt.date = LIVE) -> dict[dt.date, Paid]:
    """Payments of days in a row, 150 dollars each; None for a day without data."""
    return {
        begin + DAY * place: Paid(count, Decimal(150) * count)
        for place, count in enumerate(counts)
        if count is not None
    }


def found(payments: dict[dt.date, Paid], projections: list[Expected] = FORTY, days: int | None = None) -> list[tuple]:
    today = on(days) if days is not None else max(payments) + DAY
    return [
        (one.kind.value, (one.first - LIVE).days, (one.last - LIVE).days)
        for one in judge(payments, projections, live=LIVE, today=today)[1]
    ]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((40, 40, 40), []),
        ((40, 0, 40), [("none", 1, 1)]),
        ((0, 0, 0), [("none", 0, 2)]),
        ((40, 40, 40, 40, 40, 0, 40), []),  # a Saturday alone is no working day
        ((40, 40, 40, 40, 0, 0, 0, 0, 40), [("none", 4, 7)]),  # the weekend between belongs to it
        ((0, None, 0), [("none", 0, 0), ("none", 2, 2)]),  # a day without data parts them
        ((40, 120, 40), []),  # three times is not more than three times
        ((40, 121, 130, 40), [("above", 1, 2)]),
        ((40, None, 40), []),
        ((40, None, None, 40), [("not_sent", 1, 2)]),
        ((40, 40, 40, 40, 40, None, None, 40), []),  # nobody sends at the weekend
        ((None, None, None, 40), []),  # before the first data nothing was missed
    ],
)
def test_by_examples(counts, expected):
    assert found(paid(*counts)) == expected


def test_a_few_more_than_few_is_not_far_above():
    assert found(paid(2, 9), [Expected(LIVE, Decimal(2))]) == []
    assert found(paid(2, 12), [Expected(LIVE, Decimal(2))]) == [("above", 1, 1)]


def test_an_amount_far_above_is_one_though_the_count_is_not():
    payments = paid(40, 40)
    payments[on(1)] = Paid(40, Decimal(18001))
    assert found(payments) == [("above", 1, 1)]
    assert found(payments, [Expected(LIVE, Decimal(40))]) == []  # where no amount was projected none is compared


def test_without_a_projection_the_history_says_what_is_expected():
    before = paid(*[20] * 14, begin=LIVE - 14 * DAY)
    assert found(before | paid(0, 20), []) == [("none", 0, 0)]
    assert found(paid(0, 20), []) == []  # nobody knows whether anything was to be expected
    assert found(before | paid(0), [Expected(LIVE, Decimal(0))]) == []  # none were projected, and none came


def test_a_drop_is_against_the_same_weekday():
    weeks = [100, 100, 100, 100, 100, 20, 20] * 2
    assert found(paid(*weeks, 39, 40, 100, 100, 100, 20, 20), []) == [("drop", 14, 14)]
    assert found(paid(*weeks, 39), [Expected(LIVE, Decimal(39))]) == []  # as projected
    assert found(paid(*weeks, 39), [Expected(LIVE, Decimal(60))]) == [("drop", 14, 14)]


def test_a_drop_is_known_after_seven_days():
    assert found(paid(100, 100, 100, 100, 100, 30, 100, 30), []) == [("drop", 7, 7)]  # Monday, against all seven
    assert found(paid(100, 100, 100, 100, 100, 100, 30), []) == []
    assert found(paid(4, 4, 4, 4, 4, 4, 4, 1), []) == []  # four is too few to tell


def test_a_holiday_is_not_held_against_its_weekday():
    thanksgiving = dt.date(2026, 11, 26)
    payments = paid(*[100] * 28, begin=thanksgiving - 28 * DAY) | {thanksgiving: Paid(5, Decimal(500))}
    assert judge(payments, [], live=thanksgiving, today=thanksgiving + DAY)[1] == []


def test_today_is_not_judged():
    assert found(paid(40, 0), days=1) == []
    assert found(paid(40, 0), days=2) == [("none", 1, 1)]


def test_the_last_projection_that_began_holds():
    two = [Expected(on(3), Decimal(10)), Expected(LIVE, Decimal(100))]
    assert found(paid(50, 50, 50, 50), two) == [("above", 3, 3)]


def test_the_words():
    days = judge(paid(40, 0, 0, 130, 150, None, None, None), FORTY, live=LIVE, today=on(8))[1]
    assert [one.words(LIVE) for one in days] == [
        "Dec 1 to Dec 2: no payments; 40 a day were projected.",
        "Dec 3 to Dec 4: up to 150 payments a day ($22,500.00); 40 ($6,000.00) a day were projected.",
    ]
    assert days[0].words(dt.date(2027, 1, 4)) == "Dec 1, 2026 to Dec 2, 2026: no payments; 40 a day were projected."
    drop = judge(paid(*[60] * 14, 12), [], live=LIVE, today=on(15))[1]
    assert [one.words(LIVE) for one in drop] == ["Dec 14: 12 payments; 60 were usual."]


counts = st.lists(st.none() | st.integers(0, 500), max_size=60)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60), st.lists(st.booleans(), min_size=60, max_size=60))
def test_what_is_as_projected_is_no_anomaly(projected, known):
    """Whatever is projected, and whichever of the days are known."""
    payments = {on(n): Paid(c, Decimal(10) * c) for n, c in enumerate(projected) if known[n]}
    expected = [Expected(on(n), Decimal(c), Decimal(10) * c) for n, c in enumerate(projected)]
    findings = judge(payments, expected, live=LIVE, today=on(len(projected)))[1]
    assert {one.kind for one in findings} <= {Kind.NOT_SENT}


@given(counts, st.integers(0, 2**32))
def test_order_and_repetition_say_nothing_else(given_counts, seed):
    payments = paid(*given_counts)
    shuffled = list(payments.items())
    random.Random(seed).shuffle(shuffled)
    projections = [*FORTY, Expected(on(9), Decimal(7)), Expected(on(20), Decimal(100))]
    first = judge(payments, projections, live=LIVE, today=on(60))
    assert judge(dict(shuffled), projections[::-1], live=LIVE, today=on(60)) == first
    assert judge(payments, projections, live=LIVE, today=on(60)) == first


@given(counts)
def test_a_gap_is_never_taken_for_a_day_without_payments(given_counts):
    payments = paid(*given_counts)
    for one in judge(payments, FORTY, live=LIVE, today=on(60))[1]:
        for day in one.days:
            assert (day.paid is None) == (one.kind == Kind.NOT_SENT)


@given(counts)
def test_stretches_are_whole_and_apart(given_counts):
    days, findings = judge(paid(*given_counts), FORTY, live=LIVE, today=on(60))
    assert [day.day for day in days] == [on(n) for n in range(60)]
    assert sorted(day.day for one in findings for day in one.days) == [day.day for day in days if day.kind]
    for one, following in itertools.pairwise(findings):
        assert one.last < following.first
        assert one.kind != following.kind or one.last + DAY < following.first


def test_usual_takes_days_before_alone():
    payments = paid(*[10] * 14, 1000)
    assert usual(on(14), payments) == 10
    assert usual(LIVE, payments) is None


# What was said ---------------------------------------------------------------------------------------------------------------


class Word:
    def __init__(self, kind, first, last, outcome, at):
        self.kind, self.first, self.last, self.outcome = kind, on(first), on(last), outcome
        self.at = dt.datetime.combine(on(at), dt.time(17), dt.UTC)


@pytest.mark.parametrize(
    ("words", "is_open"),
    [
        ([], True),
        ([("none", 1, 2, "explained", 3)], False),
        ([("above", 1, 2, "explained", 3)], True),  # of something else
        ([("none", 6, 8, "explained", 9)], True),  # of other days
        ([("none", 0, 1, "case", 2)], False),  # the stretch grew, and the case is open
        ([("none", 1, 2, "remedied", 3)], False),  # the day on which it was remedied may still be bad
        ([("none", 1, 1, "remedied", 2)], True),  # it goes on the day after
        ([("none", 1, 1, "remedied", 2), ("none", 1, 3, "case", 4)], False),  # the last word counts
    ],
)
def test_a_word_holds_for_its_stretch(words, is_open):
    finding = judge(paid(40, 0, 0, 0, 40), FORTY, live=LIVE, today=on(5))[1][0]
    assert pair(finding, [Word(*word) for word in words]).open is is_open


# Rows ------------------------------------------------------------------------------------------------------------------------

TODAY = dt.date(2026, 12, 15)


def row(**values: str) -> dict[str, str]:
    return {"day": "2026-12-01", "payments": "40", "amount": "6000.00"} | values


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"day": ""}, "Say which day."),
        ({"day": "32/13/2026"}, "is no date"),
        ({"day": "2026-12-16"}, "lies in the future"),
        ({"day": "2024-12-01"}, "more than two years ago"),
        ({"payments": ""}, "Say how many payments"),
        ({"payments": "-1"}, "no fewer payments than none"),
        ({"payments": "1.5"}, "is no number of payments"),
        ({"payments": "many"}, "is no number of payments"),
        ({"payments": "1e3"}, "is no number of payments"),
        ({"payments": "99999999999"}, "more than are taken"),
        ({"amount": ""}, "Say what they came to"),
        ({"amount": "-5"}, "is not below 0"),
        ({"amount": "$-5"}, "is not below 0"),
        ({"amount": "5.001"}, "more than two decimals"),
        ({"amount": "NaN"}, "is no amount"),
        ({"amount": "€5"}, "is no amount"),
        ({"amount": "1,00"}, "is no amount"),
        ({"currency": "EUR"}, "The currency “EUR” is not taken: amounts are in USD."),
        ({"payments": "0"}, "No payments cannot come to 6,000.00."),
    ],
)
def test_a_row_that_is_refused_says_why(values, problem):
    read = read_rows([(5, row(**values))], TODAY)
    assert read.rows == []
    assert list(read.problems) == [5]
    assert problem in " ".join(read.problems[5])


@pytest.mark.parametrize(
    "values",
    [
        {}, {"currency": "usd"}, {"amount": "$6,000"}, {"amount": "6000.000"}, {"day": "12/01/2026"}, {"day": "Dec 1, 2026"},
        {"payments": "40.0"}, {"payments": " 40 "},
    ],
)  # fmt: skip
def test_a_good_row_however_it_is_written(values):
    (sent,) = read_rows([(2, row(**values))], TODAY).rows
    assert (sent.day, sent.payments, sent.amount) == (dt.date(2026, 12, 1), 40, Decimal("6000.00"))


def test_a_day_twice_names_both_rows():
    read = read_rows([(2, row()), (3, row(day="2026-12-02")), (4, row(payments="41"))], TODAY)
    assert read.problems == {4: ["2026-12-01 is there twice, in rows 2 and 4. Leave the one that is right."]}


def test_gaps_are_between_the_first_day_and_the_last():
    assert gaps([], []) == []
    assert gaps([on(0), on(1)], []) == []
    assert gaps([on(0), on(4), on(6)], [on(2)]) == [(on(1), on(1)), (on(3), on(3)), (on(5), on(5))]
    assert gaps([on(5), on(0)], []) == [(on(1), on(4))]
