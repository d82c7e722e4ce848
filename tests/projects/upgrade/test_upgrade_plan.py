"""The plan alone: what may be chosen of each step, and that any choice leaves what is done where it was. No database."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbook.catalog import RoleTemplate, StepTemplate, VersionTemplate
from projects.upgrade.outcome import after, asked_by_gate, refusals
from projects.upgrade.plan import Choice, Kind, Own, OwnSeat, OwnStep, plan
from transitions.phase import PHASE_ORDER

TODAY, KICKOFF = dt.date(2026, 11, 23), dt.date(2026, 10, 5)
PHASES = ("discovery", "design", "development", "sit")
STATUSES = ("not_started", "in_progress", "waiting_on_customer", "blocked", "in_review", "done", "not_applicable")
HELD = {"done", "in_review", "not_applicable"}


def a_step(version: int, number: int, phase: str = "design", **changes: Any) -> StepTemplate:
    """A step of a version; its key is `step-number`, its roles are those of the version."""
    plain: dict[str, Any] = {
        "id": version * 100 + number, "playbook": "made-up", "version_id": version, "key": f"step-{number}",
        "number": number, "phase": phase, "phase_rank": PHASE_ORDER[phase], "category": "", "title": f"Step {number}",
        "guidance": "", "applies": "always", "approval": "", "duration_days": 1, "needs": (), "documents": (),
        "meeting": "", "letters": {"R": (version * 10,)},
    }  # fmt: skip
    return StepTemplate(**{**plain, **changes})


def a_version(number: int, *steps: StepTemplate, codes: tuple[str, ...] = ("PM", "SE")) -> VersionTemplate:
    """A version of these steps; its first role runs projects."""
    roles = {
        number * 10 + place: RoleTemplate(number * 10 + place, code, code, "", "internal", place == 0)
        for place, code in enumerate(codes)
    }
    return VersionTemplate(number, "made-up", "Made Up", number, "phased", roles, {step.id: step for step in steps})


def a_project(version: VersionTemplate, phase: str = "design", **states: Any) -> Own:
    """A project on the version; `states` say of `step_1` and so on what it is at, or what the project has made of it."""
    steps = []
    for step in version.steps.values():
        said = states.get(step.key.replace("-", "_"), {})
        said = {"status": said} if isinstance(said, str) else said
        steps.append(OwnStep(step.id, step, **{"status": "not_started", "revision": 1, **said}))
    seats = tuple(
        OwnSeat(role.id, role, version.id, "made-up", role.id, f"Holder of {role.code}")
        for role in version.roles.values()
    )
    return Own(phase, PHASES, KICKOFF, "partner", False, TODAY, tuple(steps), seats, {version.id: version})


def only(base: VersionTemplate, new: VersionTemplate, own: Own) -> Any:
    (line,) = plan(base, new, own).lines
    return line


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", ["changed", "removed", "same"])
def test_what_may_be_chosen_of_a_step_that_is_there(kind, status):
    base = a_version(1, a_step(1, 1))
    steps = {"changed": [a_step(2, 1, title="Other")], "removed": [], "same": [a_step(2, 1)]}[kind]
    line = only(base, a_version(2, *steps), a_project(base, step_1=status))
    begun = status != "not_started"
    if status in HELD or (kind == "removed" and begun):
        expected: tuple[str, ...] = ()
    else:
        expected = ("accept",) if kind == "same" else ("accept", "keep")
    assert (str(line.kind), line.allowed, line.default) == (kind, expected, expected[0] if expected else None)
    assert bool(line.untouchable) is (expected == ())


def test_a_step_on_which_somebody_worked_is_not_set_aside():
    base = a_version(1, a_step(1, 1))
    line = only(base, a_version(2), a_project(base, step_1={"touched": True}))
    assert (line.allowed, line.untouchable) == ((), "Work on it has begun, so it stays.")


@pytest.mark.parametrize(
    ("phase", "applies", "expected"),
    [
        ("discovery", "always", None),
        ("discovery", "if_applicable", "leave_out"),
        ("design", "always", "do"),
        ("sit", "if_applicable", "do"),
    ],
)
def test_a_new_required_step_in_a_passed_phase_alone_needs_a_decision(phase, applies, expected):
    base = a_version(1)
    made = plan(base, a_version(2, a_step(2, 1, phase, applies=applies)), a_project(base))
    (line,) = made.lines
    assert (line.default, line.must_decide) == (expected, expected is None)
    assert [one.code for one in refusals(made, made.choose())] == (["undecided"] if expected is None else [])


def test_a_step_that_does_not_apply_to_the_project_comes_as_not_applicable():
    base = a_version(1, a_step(1, 1))
    new = a_version(2, a_step(2, 1, applies="phased_only"), a_step(2, 2, "discovery", applies="phased_only"))
    made = plan(base, new, a_project(base))
    assert made.undecided == ()
    result = after(made, made.choose())
    assert {step.out for step in result.steps} == {"Applies to phased go-lives only."}


def test_a_phase_that_moves_is_told_with_what_the_gate_asks():
    base = a_version(1, a_step(1, 1, "sit"), a_step(1, 2))
    new = a_version(2, a_step(2, 1, "discovery"), a_step(2, 2, "development"))
    made = plan(base, new, a_project(base))
    assert [line.kind for line in made.lines] == [Kind.MOVED, Kind.MOVED]
    result = after(made, made.choose())
    assert asked_by_gate(made, result.steps) == (["Step 1"], ["Step 2"])
    assert result.phases == ("discovery", "design", "development")


def test_people_keep_their_seats_by_the_code_of_their_role():
    base = a_version(1, a_step(1, 1, letters={"R": (11,)}), codes=("PM", "SE"))
    new = a_version(2, a_step(2, 1, title="Other"), codes=("PM", "QA"))
    made = plan(base, new, a_project(base))
    taken = after(made, made.choose())
    assert [(seat.role.code, seat.seat and seat.seat.id, seat.person) for seat in taken.seats] == [
        ("PM", 10, "Holder of PM"), ("QA", None, ""),
    ]  # fmt: skip
    assert [seat.role.code for seat in taken.gone] == ["SE"]
    kept = after(made, made.choose({"step-1": "keep"}))
    assert kept.gone == (), "a step that stays needs the seat"


def test_a_project_is_never_left_without_whoever_runs_it():
    base, new = a_version(1, codes=("PM", "SE")), a_version(2, codes=("IM", "SE"))
    assert after(plan(base, new, a_project(base)), ()).gone == ()


def some_version(number: int, chance: random.Random) -> VersionTemplate:
    codes = ("PM", *chance.sample(["SE", "SA", "QA", "B"], 2))
    steps: list[StepTemplate] = []
    for key in sorted(chance.sample(range(1, 9), chance.randint(1, 7))):
        before = [step.path for step in steps]
        steps.append(
            a_step(
                number, key, chance.choice(PHASES), title=chance.choice("AB"), duration_days=chance.randint(0, 4),
                needs=tuple(chance.sample(before, min(len(before), chance.randrange(2)))),
                applies=chance.choice(["always", "if_applicable", "phased_only"]),
                approval=chance.choice(["", "final_sign_off"]), letters={"R": (number * 10 + chance.randrange(3),)},
            )
        )  # fmt: skip
    return a_version(number, *steps, codes=codes)


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_any_choice_leaves_what_is_done_where_it_was(seed):
    chance = random.Random(seed)
    base, new = some_version(1, chance), some_version(2, chance)
    states = {
        step.key.replace("-", "_"): {"status": chance.choice(STATUSES), "touched": chance.random() < 0.2, "due": TODAY}
        for step in base.steps.values()
    }
    own = a_project(base, chance.choice(PHASES), **states)
    made = plan(base, new, own)
    said = {line.key: chance.choice([*Choice, "nonsense"]) for line in made.lines}
    result = after(made, made.choose(said, dict.fromkeys(said, "Because")))
    there = {step.chosen.line.own.id: step for step in result.steps if step.chosen.line.own}
    assert set(there) == {step.id for step in own.steps}, "every step that is there stays"
    for step in own.steps:
        now = there[step.id]
        if step.status in HELD:
            assert (now.template, now.status, now.due, now.changed) == (step.template, step.status, step.due, False)
        elif step.status != "not_started" or step.touched:
            assert now.status == step.status
    assert len({step.template.path for step in result.steps}) == len(result.steps)
    assert {step.template.phase for step in result.steps} <= set(result.phases)
    codes = [seat.role.code for seat in result.seats]
    left = [seat.role.code for seat in own.seats if seat not in result.gone and seat.role.code not in codes]
    assert len(codes) == len(set(codes))
    roles = {**base.roles, **new.roles}
    named = {roles[role].code for step in result.steps for ids in step.template.letters.values() for role in ids}
    assert named <= {*codes, *left}, "a letter leads to no seat"
    assert all(step.due is None or step.due >= TODAY for step in result.steps if step.made or step.changed)


def test_no_date_moves_where_the_newer_version_takes_no_more_time():
    steps = [(1, 1, ()), (2, 3, ("made-up/step-1",)), (3, 2, ("made-up/step-2",))]
    base = a_version(1, *[a_step(1, number, duration_days=days, needs=needs) for number, days, needs in steps])
    new = a_version(
        2, *[a_step(2, number, duration_days=days, needs=needs, title="Other") for number, days, needs in steps]
    )
    due = {step: dt.date(2027, 1, 4) for step in ("step_1", "step_2", "step_3")}
    planned = {"step_1": dt.date(2026, 10, 5), "step_2": dt.date(2026, 10, 8), "step_3": dt.date(2026, 10, 13)}
    for dates in (due, planned):
        own = a_project(
            base,
            **{key: {"status": "done" if key == "step_1" else "not_started", "due": day} for key, day in dates.items()},
        )
        made = plan(base, new, own)
        assert [step.due for step in after(made, made.choose()).steps] == list(dates.values())


def test_a_date_moves_with_the_schedule_unless_somebody_set_it():
    base = a_version(1, a_step(1, 1), a_step(1, 2, "sit", duration_days=40), a_step(1, 3, "sit", duration_days=40))
    new = a_version(2, a_step(2, 1), a_step(2, 2, "sit", duration_days=45), a_step(2, 3, "sit", duration_days=45))
    scheduled = dt.date(2026, 12, 3)
    own = a_project(base, step_2={"due": scheduled}, step_3={"due": scheduled, "by_hand": True})
    made = plan(base, new, own)
    dates = {step.template.key: step.due for step in after(made, made.choose()).steps}
    assert (dates["step-2"], dates["step-3"]) == (dt.date(2026, 12, 10), scheduled)
