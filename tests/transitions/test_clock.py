"""The company's day begins at midnight in New York, summer time included."""

import datetime as dt

import pytest
import time_machine

from transitions.clock import business_day


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (dt.datetime(2026, 11, 24, 4, 59, 59, tzinfo=dt.UTC), dt.date(2026, 11, 23)),
        (dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC), dt.date(2026, 11, 24)),
        (dt.datetime(2026, 7, 1, 3, 59, 59, tzinfo=dt.UTC), dt.date(2026, 6, 30)),
        (dt.datetime(2026, 7, 1, 4, 0, tzinfo=dt.UTC), dt.date(2026, 7, 1)),
        # The nights in which the clocks change.
        (dt.datetime(2026, 3, 8, 4, 59, tzinfo=dt.UTC), dt.date(2026, 3, 7)),
        (dt.datetime(2026, 3, 9, 4, 0, tzinfo=dt.UTC), dt.date(2026, 3, 9)),
        (dt.datetime(2026, 11, 1, 4, 0, tzinfo=dt.UTC), dt.date(2026, 11, 1)),
        (dt.datetime(2026, 11, 2, 4, 59, tzinfo=dt.UTC), dt.date(2026, 11, 1)),
    ],
)
def test_the_company_s_day(instant, day):
    assert business_day(instant) == day
    with time_machine.travel(instant, tick=False):
        assert business_day() == day
