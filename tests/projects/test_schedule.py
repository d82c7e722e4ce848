"""Due dates as pure functions: working days, the order of steps, phases one after the other."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.schedule import (
    NeedsCycleError,
    PlannedStep,
    add_working_days,
    is_working_day,
    plan_due_dates,
    working_day_on_or_after,
    working_days_between,
)
from transitions.phase import PHASE_ORDER, Phase

MONDAY = dt.date(2026, 10, 5)
ONE_DAY = dt.timedelta(days=1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# -- Working days ---------------------------------------------------------------------------------


def test_no_work_is_done_at_weekends_and_on_federal_holidays():
    year = [dt.date(2026, 1, 1) + dt.timedelta(days=offset) for offset in range(365)]

    assert [date.isoformat() for date in year if date.weekday() < 5 and not is_working_day(date)] == [
        "2026-01-01",  # New Year
        "2026-01-19",  # Martin Luther King
        "2026-02-16",  # Washington
        "2026-05-25",  # Memorial Day
        "2026-06-19",  # Juneteenth
        "2026-07-03",  # Independence Day falls on a Saturday
        "2026-09-07",  # Labor Day
        "2026-10-12",  # Columbus Day
        "2026-11-11",  # Veterans Day
        "2026-11-26",  # Thanksgiving
        "2026-12-25",  # Christmas
    ]
    assert [date for date in year if date.weekday() >= 5 and is_working_day(date)] == []


def test_a_new_year_on_a_saturday_is_kept_on_the_last_day_of_the_old_one():
    assert dt.date(2028, 1, 1).weekday() == 5
    assert not is_working_day(dt.date(2027, 12, 31))


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-11-23", 0, "2026-11-23"),
        ("2026-11-23", 1, "2026-11-24"),
        ("2026-11-23", 5, "2026-12-01"),
        # Thanksgiving, then the weekend: Friday is worked.
        ("2026-11-25", 1, "2026-11-27"),
        ("2026-11-25", 2, "2026-11-30"),
        # Christmas on a Friday, New Year on the next.
        ("2026-12-24", 1, "2026-12-28"),
        ("2026-12-24", 5, "2027-01-04"),
        ("2026-12-31", 1, "2027-01-04"),
        # From a day on which nobody works, counted from the next one on which somebody does.
        ("2026-11-26", 0, "2026-11-27"),
        ("2026-11-28", 0, "2026-11-30"),
        ("2026-11-28", 1, "2026-12-01"),
    ],
)
def test_working_days_are_added(start, count, end):
    assert add_working_days(day(start), count) == day(end)


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2026-11-23", "2026-11-23", 0),
        ("2026-11-23", "2026-11-24", 1),
        ("2026-11-25", "2026-11-30", 2),
        ("2026-11-30", "2026-11-25", -2),
        ("2026-11-27", "2026-11-29", 0),
        ("2026-12-24", "2027-01-04", 5),
    ],
)
def test_working_days_are_counted(start, end, count):
    assert working_days_between(day(start), day(end)) == count


dates = st.dates(dt.date(2024, 1, 1), dt.date(2034, 12, 31))


@given(dates, st.integers(0, 60))
def test_adding_and_counting_are_each_other_s_opposite(start, count):
    first = working_day_on_or_after(start)

    assert is_working_day(first)
    assert working_days_between(first, add_working_days(start, count)) == count


# -- Plans ----------------------------------------------------------------------------------------


def plan(*steps: PlannedStep, kickoff: dt.date = MONDAY) -> dict[str, str]:
    return {key: due.isoformat() for key, due in plan_due_dates(steps, kickoff).items()}


def test_steps_without_order_begin_together():
    assert plan(PlannedStep("a", "design", 1), PlannedStep("b", "design", 3)) == {"a": "2026-10-05", "b": "2026-10-07"}


def test_a_step_begins_the_working_day_after_the_last_one_it_needs():
    found = plan(
        PlannedStep("a", "design", 2),
        PlannedStep("b", "design", 4),
        PlannedStep("c", "design", 2, ("a", "b")),
    )

    # 12 October is Columbus Day.
    assert found == {"a": "2026-10-06", "b": "2026-10-08", "c": "2026-10-13"}


def test_a_phase_begins_the_working_day_after_the_one_before_it():
    found = plan(
        PlannedStep("sit", "sit", 1),
        PlannedStep("design", "design", 5),
        PlannedStep("short", "design", 1),
    )

    assert found == {"sit": "2026-10-13", "design": "2026-10-09", "short": "2026-10-05"}


@pytest.mark.parametrize("kickoff", ["2026-11-26", "2026-11-27"])
def test_a_kickoff_on_a_holiday_begins_on_the_next_working_day(kickoff):
    assert plan(PlannedStep("a", "design", 2), kickoff=day(kickoff)) == {"a": "2026-11-30"}


def test_a_step_left_out_takes_no_time_and_pushes_nothing():
    found = plan(
        PlannedStep("first", "design", 0),
        PlannedStep("second", "design", 2, ("first",)),
        PlannedStep("third", "design", 0, ("second",)),
        PlannedStep("fourth", "design", 1, ("third", "first")),
    )

    assert found == {"first": "2026-10-05", "second": "2026-10-06", "third": "2026-10-06", "fourth": "2026-10-07"}


def test_a_phase_of_which_every_step_is_left_out_takes_no_time():
    found = plan(PlannedStep("a", "design", 1), PlannedStep("b", "sit", 0), PlannedStep("c", "release", 1))

    assert found == {"a": "2026-10-05", "b": "2026-10-06", "c": "2026-10-06"}


def test_a_step_that_is_not_there_is_waited_for_by_nobody():
    assert plan(PlannedStep("a", "design", 1, ("gone",))) == {"a": "2026-10-05"}


def test_no_steps_have_no_dates():
    assert plan() == {}


@pytest.mark.parametrize(
    "steps",
    [
        [PlannedStep("a", "design", 1, ("a",))],
        [PlannedStep("a", "design", 1, ("b",)), PlannedStep("b", "design", 1, ("a",))],
        [
            PlannedStep("a", "design", 1, ("c",)),
            PlannedStep("b", "design", 1, ("a",)),
            PlannedStep("c", "design", 1, ("b",)),
        ],
    ],
)
def test_steps_that_wait_for_each_other_have_no_dates(steps):
    with pytest.raises(
        NeedsCycleError, match=r"^These steps need each other: " + ", ".join(step.key for step in steps)
    ):
        plan_due_dates([*steps, PlannedStep("free", "design", 1)], MONDAY)


# -- Any plan at all ------------------------------------------------------------------------------


@st.composite
def plans(draw: st.DrawFn) -> list[PlannedStep]:
    """Up to a dozen steps, each needing some of those before it, in phases that do not run backwards."""
    phases = sorted(draw(st.lists(st.sampled_from(Phase.values), max_size=12)), key=PHASE_ORDER.__getitem__)
    steps: list[PlannedStep] = []
    for index, phase in enumerate(phases):
        needs = draw(st.sets(st.sampled_from([step.key for step in steps]))) if steps else ()
        steps.append(PlannedStep(f"s{index}", phase, draw(st.integers(0, 6)), tuple(needs)))
    return steps


def days_until(steps: list[PlannedStep], step: PlannedStep) -> int:
    """How many working days the longest way to the end of a step takes, from the beginning of its phase."""
    needed = [other for other in steps if other.key in step.needs and other.phase == step.phase]
    return step.duration_days + max((days_until(steps, other) for other in needed), default=0)


@given(plans(), dates)
def test_each_phase_takes_as_long_as_its_longest_path(steps, kickoff):
    due = plan_due_dates(steps, kickoff)
    phases = list(dict.fromkeys(step.phase for step in steps))
    length = {phase: max(days_until(steps, step) for step in steps if step.phase == phase) for phase in phases}

    for step in steps:
        before = sum(length[phase] for phase in phases if PHASE_ORDER[phase] < PHASE_ORDER[step.phase])
        last_of_its_days = before + max(days_until(steps, step), 1) - 1
        assert due[step.key] == add_working_days(kickoff, last_of_its_days)


@given(plans(), dates)
def test_no_step_is_due_before_those_it_needs_and_phases_do_not_overlap(steps, kickoff):
    due = plan_due_dates(steps, kickoff)
    by_key = {step.key: step for step in steps}

    for step in steps:
        assert is_working_day(due[step.key])
        assert due[step.key] >= kickoff
        for needed in (by_key[key] for key in step.needs):
            waits = step.duration_days if needed.duration_days else 0
            assert working_days_between(due[needed.key], due[step.key]) >= waits
        for other in steps:
            if PHASE_ORDER[other.phase] < PHASE_ORDER[step.phase] and step.duration_days and other.duration_days:
                assert working_days_between(due[other.key], due[step.key]) >= step.duration_days


@given(plans(), dates, st.randoms(use_true_random=False))
def test_the_order_in_which_steps_are_given_makes_no_difference(steps, kickoff, chance):
    shuffled = list(steps)
    chance.shuffle(shuffled)

    assert plan_due_dates(shuffled, kickoff) == plan_due_dates(steps, kickoff)


@given(plans().filter(bool), dates, st.data())
def test_leaving_a_step_out_makes_none_later(steps, kickoff, data):
    out = data.draw(st.sampled_from(steps))
    fewer = [replace(step, duration_days=0) if step == out else step for step in steps]

    before, after = plan_due_dates(steps, kickoff), plan_due_dates(fewer, kickoff)
    assert {key for key in before if after[key] > before[key]} == set()
