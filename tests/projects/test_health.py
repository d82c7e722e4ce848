"""The machine's signal: each thing that it looks at, the rule, and that more trouble never makes it better."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.health import RULE, Facts, Health, PlanStep, Sight, Signal, disagree, gather, is_stale, rank, signal
from transitions.phase import Phase
from transitions.step import OPEN, StepStatus

#: A Monday.
TODAY = dt.date(2026, 11, 23)
CALM = Facts(
    today=TODAY, begun=dt.date(2026, 10, 5), target=dt.date(2027, 3, 2), moved=TODAY, updated=TODAY, link="/projects/MRW-1/"
)  # fmt: skip


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def on(day: dt.date) -> Sight:
    return Sight(day, "Invoicing", "/step/")


def test_a_project_of_which_nothing_is_wrong_is_on_track():
    assert signal(CALM) == Signal(Health.ON_TRACK, ())


@pytest.mark.parametrize(
    ("facts", "health", "text", "link"),
    [
        ({"overdue": 1, "worst": on(ago(1))}, "at_risk", "“Invoicing” is overdue by 1 day.", "/step/"),
        ({"overdue": 1, "worst": on(ago(10))}, "at_risk", "“Invoicing” is overdue by 10 days.", "/step/"),
        ({"overdue": 1, "worst": on(ago(11))}, "off_track", "“Invoicing” is overdue by 11 days.", "/step/"),
        ({"overdue": 4, "worst": on(ago(2))}, "at_risk", "4 steps are overdue, “Invoicing” the longest, by 2 days.", "/step/"),
        ({"overdue": 5, "worst": Sight(ago(2))}, "off_track", "5 steps are overdue, the longest by 2 days.", CALM.link),
        ({"planned_end": on(dt.date(2027, 3, 2))}, "on_track", "", ""),
        (
            {"planned_end": on(dt.date(2027, 3, 12))}, "at_risk",
            "The plan ends Mar 12, 2027, 10 days after the target go-live.", "/step/",
        ),
        (
            {"planned_end": on(dt.date(2027, 3, 13))}, "off_track",
            "The plan ends Mar 13, 2027, 11 days after the target go-live.", "/step/",
        ),
        ({"planned_end": on(dt.date(2027, 3, 13)), "target": None}, "on_track", "", ""),
        (  # what is open is not done before today, whatever its due date says
            {"planned_end": on(ago(9)), "target": ago(3)}, "at_risk",
            "The plan ends Nov 23, 2026, 3 days after the target go-live.", "/step/",
        ),
        ({"blocked": on(dt.date(2026, 11, 16))}, "on_track", "", ""),
        ({"blocked": on(dt.date(2026, 11, 13))}, "at_risk", "“Invoicing” is blocked for 6 working days.", "/step/"),
        # Veterans Day, Nov 11, lies between.
        ({"blocked": on(dt.date(2026, 10, 30))}, "at_risk", "“Invoicing” is blocked for 15 working days.", "/step/"),
        ({"blocked": on(dt.date(2026, 10, 29))}, "off_track", "“Invoicing” is blocked for 16 working days.", "/step/"),
        ({"waiting": on(dt.date(2026, 11, 6))}, "on_track", "", ""),
        (
            {"waiting": on(dt.date(2026, 11, 5))}, "at_risk",
            "“Invoicing” waits on the customer for 11 working days.", "/step/",
        ),
        ({"updated": ago(7)}, "on_track", "", ""),
        ({"updated": ago(8)}, "at_risk", "The last update is 8 days old.", f"{CALM.link}updates/"),
        ({"updated": None, "begun": ago(7)}, "on_track", "", ""),
        (
            {"updated": None, "begun": ago(8)}, "at_risk",
            "No update in the 8 days since it began.", f"{CALM.link}updates/",
        ),
        ({"updated": None, "begun": TODAY + dt.timedelta(days=30)}, "on_track", "", ""),
        ({"moved": ago(14)}, "on_track", "", ""),
        ({"moved": ago(15)}, "at_risk", "Nothing has moved for 15 days.", f"{CALM.link}history"),
        ({"moved": None, "begun": ago(15)}, "at_risk", "Nothing has moved for 15 days.", f"{CALM.link}history"),
    ],
)  # fmt: skip
def test_each_thing_that_is_looked_at(facts, health, text, link):
    seen = signal(replace(CALM, **facts))
    assert (seen.health.value, [(reason.text, reason.link) for reason in seen.reasons]) == (
        health,
        [(text, link)] if text else [],
    )


def test_the_worst_reason_is_the_signal_and_comes_first():
    seen = signal(replace(CALM, updated=ago(9), overdue=1, worst=on(ago(30)), waiting=on(ago(40))))
    assert seen.health == Health.OFF_TRACK
    assert [(reason.code, reason.health.value) for reason in seen.reasons] == [
        ("overdue", "off_track"),
        ("waiting", "at_risk"),
        ("stale", "at_risk"),
    ]


def test_the_rule_is_written_up(root: Path):
    assert " ".join((root / "docs/health.md").read_text().split()).find(RULE) > 0


# What is gathered from steps.


def a_step(number: int, phase: str, status: str, due: dt.date | None, since: dt.date | None = None) -> PlanStep:
    return PlanStep(f"Step {number}", f"/{number}/", phase, status, due, since)


def gathered(*steps: PlanStep, phase: str = "design", phases: tuple[str, ...] = tuple(Phase.values)) -> Facts:
    return gather(
        steps, phase=phase, phases=phases, today=TODAY, begun=CALM.begun, target=CALM.target, updated=TODAY, link=CALM.link
    )  # fmt: skip


def test_what_is_gathered():
    facts = gathered(
        a_step(1, "discovery", StepStatus.DONE, ago(30), ago(20)),
        a_step(2, "discovery", StepStatus.IN_PROGRESS, ago(3)),
        a_step(3, "design", StepStatus.BLOCKED, ago(5), ago(6)),
        a_step(4, "design", StepStatus.BLOCKED, None, ago(4)),
        a_step(5, "design", StepStatus.WAITING_ON_CUSTOMER, TODAY, ago(2)),
        a_step(6, "sit", StepStatus.NOT_STARTED, ago(9)),  # of a phase that is not reached: not overdue
        a_step(7, "release", StepStatus.NOT_STARTED, dt.date(2027, 2, 1)),
        a_step(8, "post_live", StepStatus.NOT_STARTED, dt.date(2027, 6, 1)),
        a_step(9, "release", StepStatus.NOT_APPLICABLE, dt.date(2027, 5, 1)),
    )
    assert (facts.overdue, facts.worst) == (2, Sight(ago(5), "Step 3", "/3/"))
    assert facts.planned_end == Sight(dt.date(2027, 2, 1), "Step 7", "/7/")
    assert (facts.blocked, facts.waiting) == (Sight(ago(6), "Step 3", "/3/"), Sight(ago(2), "Step 5", "/5/"))
    assert facts.moved == ago(2)


def test_a_plan_of_post_live_alone_ends_with_its_last_step():
    facts = gathered(
        a_step(1, "post_live", StepStatus.NOT_STARTED, dt.date(2027, 6, 1)), phase="post_live", phases=("post_live",)
    )
    assert facts.planned_end == Sight(dt.date(2027, 6, 1), "Step 1", "/1/")


days = st.integers(-60, 200).map(lambda number: TODAY + dt.timedelta(days=number))
past = st.integers(0, 200).map(ago)
steps = st.lists(
    st.builds(
        a_step, st.integers(1, 99), st.sampled_from(Phase.values), st.sampled_from([status.value for status in StepStatus]),
        st.none() | days, st.none() | past,
    ),
    max_size=8,
)  # fmt: skip


@given(
    steps=steps,
    phase=st.sampled_from(Phase.values),
    overdue=st.builds(
        a_step, st.just(100), st.just("discovery"), st.sampled_from([status.value for status in OPEN]),
        st.integers(1, 300).map(ago), st.none() | past,
    ),
)  # fmt: skip
def test_one_more_overdue_step_never_betters_it(steps, phase, overdue):
    without, with_it = signal(gathered(*steps, phase=phase)), signal(gathered(*steps, overdue, phase=phase))
    assert rank(with_it.health) >= max(1, rank(without.health))


@given(
    late=st.integers(1, 60), many=st.integers(1, 9), blocked=past, waiting=past, end=days, updated=past, moved=past,
    longer=st.integers(1, 30),
)  # fmt: skip
def test_what_lasts_longer_never_betters_it(late, many, blocked, waiting, end, updated, moved, longer):
    facts = replace(
        CALM, overdue=many, worst=on(ago(late)), blocked=on(blocked), waiting=on(waiting), planned_end=on(end),
        updated=updated, moved=moved,
    )  # fmt: skip
    before, later = dt.timedelta(days=-longer), dt.timedelta(days=longer)
    worse = [
        replace(facts, overdue=many + longer), replace(facts, worst=on(ago(late) + before)),
        replace(facts, blocked=on(blocked + before)), replace(facts, waiting=on(waiting + before)),
        replace(facts, planned_end=on(end + later)), replace(facts, updated=updated + before),
        replace(facts, moved=moved + before),
    ]  # fmt: skip
    assert [one for one in worse if rank(signal(one).health) < rank(signal(facts).health)] == []


# A person and the machine.


def test_who_disagrees_with_whom():
    seen = {name: Signal(Health(name), ()) for name in ("on_track", "at_risk", "off_track")}
    table = {said: [disagree(said, signal) for signal in seen.values()] for said in ("", *Health.values)}
    assert table == {
        "": [False, False, False],
        "on_track": [False, True, True],
        "at_risk": [True, False, False],
        "off_track": [True, False, False],
        "on_hold": [False, False, False],
        "complete": [False, True, True],
    }
    assert not any(disagree(said, None) for said in Health.values)


def test_an_update_is_stale_from_the_eighth_day():
    assert [is_stale(day, TODAY) for day in (None, TODAY, ago(7), ago(8))] == [False, False, False, True]
