"""What drifted between two readings of one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playbook.data import PlaybookData, StepData
from playbook.importing.drift import drift
from raci.letters import Raci

Make = Callable[..., PlaybookData]
MakeStep = Callable[..., StepData]


def test_the_same_reading_has_not_drifted(make_playbook: Make) -> None:
    assert drift(make_playbook(), replace(make_playbook(), version=9, source={"file": "b.txt"})) == []


def test_added_removed_changed_and_moved_by_key(make_playbook: Make, make_step: MakeStep) -> None:
    before = make_playbook(*(make_step(number) for number in range(1, 6)))
    one, two, three, four, _ = before.steps
    after = make_playbook(
        replace(four, number=1),
        replace(one, number=2, title="Reworded", raci=Raci(R=("PM",), A=("INM",))),
        make_step(9, number=3),
        replace(two, number=4, phase="sit"),
        replace(three, number=5, guidance="More."),
    )

    found = drift(before, after)

    assert [(one.step, one.change, one.field, one.before, one.after) for one in found] == [
        ("design.step-4", "moved", "number", "4", "1"),
        ("design.step-1", "changed", "title", "Step 1", "Reworded"),
        ("design.step-1", "changed", "raci.R", "SE", "PM"),
        ("design.step-1", "changed", "raci.C", "PM", ""),
        ("design.step-1", "changed", "raci.I", "B", ""),
        ("design.step-9", "added", "", "", ""),
        ("design.step-3", "changed", "guidance", "", "More."),
        ("design.step-2", "moved", "phase", "design", "sit"),
        ("design.step-5", "removed", "", "", ""),
    ]


def test_steps_that_only_make_room_have_not_moved(make_playbook: Make, make_step: MakeStep) -> None:
    before = make_playbook()
    after = make_playbook(make_step(8, number=1), *(replace(step, number=step.number + 1) for step in before.steps))

    assert [one.change for one in drift(before, after)] == ["added"]


def test_fields_may_be_left_out(make_playbook: Make, make_step: MakeStep) -> None:
    after = make_playbook(make_step(1, guidance="x" * 5_000, duration_days=3), make_step(2), make_step(3))

    assert [one.field for one in drift(make_playbook(), after, but=("guidance",))] == ["duration_days"]
    (long,) = drift(make_playbook(), after, but=("duration_days",))
    assert (len(long.after), long.as_dict()["field"]) == (2_001, "guidance")
