"""Gates as pure functions: what blocks, what clears it, what a waiver does. No database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transitions import gates
from transitions.blockers import Blocker
from transitions.gates import (
    Criterion,
    GateFacts,
    SectionFacts,
    StepFacts,
    WaiverFacts,
    advance_blockers,
    blockers_of,
    complete_blockers,
    gate,
    needed_by,
    register,
    return_blockers,
    step_blockers,
)
from transitions.phase import PHASE_ORDER, Phase
from transitions.step import StepStatus

TODAY = dt.date(2026, 11, 23)
LATER = dt.date(2026, 11, 30)


@pytest.fixture(autouse=True)
def no_room_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the gates of this room alone: the criteria of the rooms above read rows, and have tests of their own."""
    monkeypatch.setattr(gates, "_registered", {})


def a_step(key: str = "p/one", **changes: object) -> StepFacts:
    plain = StepFacts(
        key=key,
        title=key.removeprefix("p/").title(),
        phase="design",
        status="done",
        responsible_names="Sofia Reyes",
        accountable_names="Ingrid Berg",
        link=f"/projects/MRW-1/steps/{key}/",
    )
    return replace(plain, **changes)


def facts_of(*steps: StepFacts, **changes: object) -> GateFacts:
    plain = GateFacts(
        project_id=1,
        phase="design",
        next_phase="development",
        standing="active",
        steps=steps or (a_step(),),
        today=TODAY,
        link="/projects/MRW-1/",
        manager="Priya Nair",
    )
    return replace(plain, **changes)


def a_waiver(
    code: str = "step-open", subject: str = "p/one", expires: dt.date = TODAY, by: str = "Priya Nair"
) -> WaiverFacts:
    return WaiverFacts(code, subject, "what it was", by, "The biller insists.", expires)


def told(blockers: list[Blocker]) -> list[tuple[str, str, str]]:
    return [(blocker.code, blocker.subject, blocker.owner) for blocker in blockers]


# -- Criteria -------------------------------------------------------------------------------------

BLOCKED = {"reason": "The sandbox is down", "owner": "Bo Halvorsen", "until": LATER}
#: What is wrong with the one step, what the gate says of it and to whom, and what clears it.
ALONE = [
    ({"status": "not_started"}, ("step-open", "p/one", "Sofia Reyes"), {"status": "done"}),
    ({"status": "in_progress"}, ("step-open", "p/one", "Sofia Reyes"), {"status": "not_applicable"}),
    ({"status": "waiting_on_customer"}, ("step-open", "p/one", "Sofia Reyes"), {"status": "done"}),
    ({"status": "not_started", "approval": "sit_verification"}, ("approval-missing", "p/one", "Ingrid Berg"), {"status": "done"}),
    ({"status": "in_review", "approval": "sit_verification"}, ("approval-missing", "p/one", "Ingrid Berg"), {"status": "done"}),
    ({"status": "blocked", **BLOCKED}, ("step-blocked", "p/one", "Bo Halvorsen"), {"status": "done"}),
    (
        {"status": "blocked", "approval": "sit_verification", **BLOCKED},
        ("step-blocked", "p/one", "Bo Halvorsen"),
        {"status": "not_applicable"},
    ),
    ({"accountable": False}, ("no-accountable", "p/one", ""), {"accountable": True}),
    ({"accountable": False}, ("no-accountable", "p/one", ""), {"status": "not_applicable"}),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "said", "cleared"), ALONE)
def test_each_criterion_blocks_alone_and_is_cleared_alone(wrong, said, cleared):
    broken = a_step(**wrong)
    others = (a_step("p/two"), a_step("p/three", status="not_applicable"))

    assert told(advance_blockers(facts_of(broken, *others))) == [said]
    assert [criterion.code for criterion in gate(facts_of(broken, *others)) if not criterion.met] == [said[0]]
    assert advance_blockers(facts_of(replace(broken, **cleared), *others)) == []


def test_a_gate_with_nothing_open_is_met_line_by_line():
    criteria = gate(facts_of(a_step(), a_step("p/two", approval="architect_review")))

    assert [(criterion.code, criterion.met, criterion.blockers, criterion.waived) for criterion in criteria] == [
        ("step-blocked", True, (), ()),
        ("no-accountable", True, (), ()),
        ("approval-missing", True, (), ()),
        ("step-open", True, (), ()),
    ]


def test_a_gate_without_approvals_does_not_speak_of_them():
    assert [criterion.code for criterion in gate(facts_of())] == ["step-blocked", "no-accountable", "step-open"]


def test_everything_that_is_wrong_is_said_at_once():
    steps = (
        a_step("p/open", status="not_started"),
        a_step("p/review", status="in_review", approval="architect_review"),
        a_step("p/stuck", status="blocked", **BLOCKED),
        a_step("p/orphan", accountable=False),
        a_step("p/both", status="in_progress", accountable=False),
    )

    assert sorted(told(advance_blockers(facts_of(*steps)))) == [
        ("approval-missing", "p/review", "Ingrid Berg"),
        ("no-accountable", "p/both", ""),
        ("no-accountable", "p/orphan", ""),
        ("step-blocked", "p/stuck", "Bo Halvorsen"),
        ("step-open", "p/both", "Sofia Reyes"),
        ("step-open", "p/open", "Sofia Reyes"),
    ]


@pytest.mark.parametrize("phase", Phase.values)
@pytest.mark.parametrize("here", Phase.values)
def test_steps_of_this_phase_and_of_earlier_ones_count_and_later_ones_do_not(phase, here):
    facts = facts_of(a_step(status="not_started", phase=phase), phase=here, next_phase=None)

    expected = [("step-open", "p/one", "Sofia Reyes")] if PHASE_ORDER[phase] <= PHASE_ORDER[here] else []
    assert told(blockers_of(gate(facts))) == expected


@pytest.mark.parametrize("status", ["done", "not_applicable"])
def test_a_step_that_is_done_or_does_not_apply_is_closed(status):
    assert a_step(status=status).closed
    assert (
        advance_blockers(facts_of(a_step(status=status), a_step("p/two", status=status, approval="sit_verification")))
        == []
    )


def test_the_texts_say_what_to_do():
    steps = (
        a_step("p/invoicing", status="in_progress"),
        a_step("p/payments", status="waiting_on_customer", owner="Bo Halvorsen", until=LATER),
        a_step("p/review", status="in_review", approval="architect_review"),
        a_step("p/mock-up", status="blocked", **BLOCKED),
        a_step("p/notification", accountable=False),
    )

    assert {
        criterion.text: [blocker.text for blocker in criterion.blockers] for criterion in gate(facts_of(*steps))
    } == {
        "Steps up to Design closed, 1 of 4": [
            "Invoicing is in progress",
            "Payments is waiting on the customer (Bo Halvorsen, Nov 30)",
        ],
        "Approvals given, 0 of 1": ["Review is not approved"],
        "No step blocked": ["Mock-Up is blocked: The sandbox is down"],
        "Every step has an accountable": ["Notification has no accountable: name one"],
    }


def test_a_blocker_links_to_the_place_where_it_is_cleared():
    (blocker,) = advance_blockers(facts_of(a_step(status="not_started")))

    assert blocker.as_dict() == {
        "code": "step-open",
        "text": "One is not started",
        "link": "/projects/MRW-1/steps/p/one/",
        "owner": "Sofia Reyes",
    }


# -- Waivers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waiver", "holds"),
    [
        (a_waiver(), True),
        (a_waiver(expires=LATER), True),
        (a_waiver(expires=TODAY - dt.timedelta(days=1)), False),
        (a_waiver(subject="p/two"), False),
        (a_waiver(subject=""), False),
        (a_waiver(code="step-blocked"), False),
        (a_waiver(code="approval-missing"), False),
    ],
)
def test_a_waiver_holds_for_its_own_criterion_and_step_until_its_day_is_over(waiver, holds):
    facts = facts_of(a_step(status="not_started"), waivers=[waiver])

    assert told(advance_blockers(facts)) == ([] if holds else [("step-open", "p/one", "Sofia Reyes")])


def test_a_waived_blocker_stays_to_be_seen_with_who_and_until_when():
    (criterion,) = (
        criterion
        for criterion in gate(facts_of(a_step(status="not_started"), waivers=[a_waiver(expires=LATER)]))
        if criterion.code == "step-open"
    )

    assert criterion.met
    assert criterion.as_dict() == {
        "code": "step-open",
        "text": "Steps up to Design closed, 0 of 1",
        "met": True,
        "blockers": [],
        "waived": [
            {
                "text": "One is not started",
                "by": "Priya Nair",
                "reason": "The biller insists.",
                "expires": "2026-11-30",
            }
        ],
    }


def test_a_waiver_takes_away_its_own_blocker_and_leaves_the_others():
    steps = (a_step(status="not_started"), a_step("p/two", status="not_started"))

    assert told(advance_blockers(facts_of(*steps, waivers=[a_waiver()]))) == [("step-open", "p/two", "Sofia Reyes")]


def test_an_unspent_waiver_is_not_shown_once_the_step_is_closed():
    assert [criterion.waived for criterion in gate(facts_of(waivers=[a_waiver(expires=LATER)]))] == [(), (), ()]


def test_a_new_waiver_takes_over_from_one_that_ran_out():
    old, new = a_waiver(expires=TODAY - dt.timedelta(days=1)), a_waiver(expires=LATER, by="Ivan Orlov")
    facts = facts_of(a_step(status="not_started"), waivers=[old, new])

    assert [item.waiver.by for criterion in gate(facts) for item in criterion.waived] == ["Ivan Orlov"]


def test_a_step_passed_under_a_waiver_holds_up_the_next_gate_when_it_runs_out():
    steps = (a_step(status="not_started", phase="discovery"), a_step("p/two"))
    waivers = [a_waiver(expires=TODAY)]

    assert advance_blockers(facts_of(*steps, waivers=waivers)) == []
    tomorrow = facts_of(*steps, waivers=waivers, today=TODAY + dt.timedelta(days=1))
    assert told(advance_blockers(tomorrow)) == [("step-open", "p/one", "Sofia Reyes")]


# -- Criteria of a higher room --------------------------------------------------------------------

SUMMARY = Blocker("summary-open", "The Integration Summary has 3 empty fields", "/summary", "Ivan Orlov")


def summary(facts: GateFacts) -> list[Criterion]:
    return [Criterion("summary-open", f"Integration Summary of {facts.project_id} complete", (SUMMARY,))]


def test_a_higher_room_adds_a_criterion_to_one_gate():
    register("design", summary)

    assert advance_blockers(facts_of()) == [SUMMARY]
    assert gate(facts_of())[-1].text == "Integration Summary of 1 complete"
    assert advance_blockers(facts_of(phase="development", next_phase="sit")) == []


def test_a_criterion_registered_twice_is_asked_once():
    register("design", summary)
    register("design", summary)

    assert advance_blockers(facts_of()) == [SUMMARY]


def test_a_criterion_of_a_higher_room_is_waived_like_any_other():
    register("design", summary)

    assert advance_blockers(facts_of(waivers=[a_waiver("summary-open", "")])) == []


# -- Moves of a project ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        ("on_hold", "The project is on hold. Resume it first."),
        ("cancelled", "The project is cancelled."),
        ("complete", "The project is complete."),
    ],
)
def test_only_an_active_project_moves_on_or_back(standing, text):
    facts = facts_of(a_step(status="not_started"), standing=standing)

    assert [blocker.text for blocker in advance_blockers(facts)] == [text]
    assert [blocker.text for blocker in return_blockers(facts, to="discovery", visited=["discovery", "design"])] == [
        text
    ]
    assert [blocker.text for blocker in step_blockers("start", facts.steps[0], facts)] == [text]


def test_the_last_phase_leads_nowhere():
    assert told(advance_blockers(facts_of(next_phase=None))) == [("last-phase", "", "")]


@pytest.mark.parametrize("to", ["design", "development", "release", "", "no-phase"])
def test_a_project_goes_back_only_to_an_earlier_phase_that_it_visits(to):
    facts = facts_of(phase="sit", next_phase="release")
    visited = ["discovery", "design", "sit", "release"]

    expected = [] if to == "design" else [("not-earlier", "", "")]
    assert told(return_blockers(facts, to=to, visited=visited)) == expected


def test_a_refused_return_names_the_phases_there_are():
    (blocker,) = return_blockers(facts_of(phase="sit"), to="release", visited=["discovery", "design", "sit", "release"])
    (none,) = return_blockers(facts_of(), to="discovery", visited=["design", "sit"])

    assert blocker.text == "“release” is no earlier phase of this project. There are: Discovery, Design."
    assert none.text == "“discovery” is no earlier phase of this project. There are: none."


def test_a_project_is_completed_in_its_last_phase_with_everything_closed():
    open_step = a_step(status="in_progress")

    assert complete_blockers(facts_of(next_phase=None)) == []
    assert told(complete_blockers(facts_of(open_step, next_phase=None))) == [("step-open", "p/one", "Sofia Reyes")]
    assert told(complete_blockers(facts_of())) == [("not-last-phase", "", "Priya Nair")]


# -- Moves of a step ------------------------------------------------------------------------------

STEP_MOVES = (
    "start",
    "complete",
    "submit",
    "approve",
    "reject",
    "excuse",
    "wait",
    "block",
    "resume",
    "mark_not_applicable",
    "reopen",
)


def codes_by_move(step: StepFacts, facts: GateFacts) -> dict[str, list[str]]:
    """Which moves something stands in the way of, and what."""
    found = {move: [blocker.code for blocker in step_blockers(move, step, facts)] for move in STEP_MOVES}
    return {move: codes for move, codes in found.items() if codes}


def test_a_plain_step_is_closed_without_a_decision_and_not_set_aside():
    step = a_step(status="in_progress")

    assert codes_by_move(step, facts_of(step)) == {
        "submit": ["no-approval-asked"],
        "mark_not_applicable": ["always-applies"],
    }


def test_an_approval_step_is_closed_by_a_decision():
    step = a_step(status="in_progress", approval="sit_verification", may_be_skipped=True)

    assert codes_by_move(step, facts_of(step)) == {"complete": ["approval-missing"]}
    (blocker,) = step_blockers("complete", step, facts_of(step))
    assert blocker.text == "“One” is closed by a decision: submit it, and Ingrid Berg approves."


def test_a_step_of_a_phase_to_come_opens_with_it():
    step = a_step(phase="sit", may_be_skipped=True, approval="sit_verification", status="not_started")

    assert codes_by_move(step, facts_of(step)) == {
        **{move: ["phase-ahead"] for move in STEP_MOVES if move != "mark_not_applicable"},
        "complete": ["approval-missing", "phase-ahead"],
    }
    (blocker,) = step_blockers("start", step, facts_of(step))
    assert (blocker.text, blocker.owner) == ("“One” opens when the project reaches SIT; it is in Design.", "Priya Nair")


def test_a_step_set_aside_ahead_of_its_phase_is_taken_back_ahead_of_it():
    step = a_step(phase="sit", may_be_skipped=True, status="not_applicable")

    assert step_blockers("reopen", step, facts_of(step)) == []


def test_a_step_of_a_passed_phase_is_not_reopened_but_may_still_be_closed():
    step = a_step(phase="discovery", approval="sit_verification", may_be_skipped=True, status="in_progress")

    assert codes_by_move(step, facts_of(step)) == {"complete": ["approval-missing"], "reopen": ["phase-left"]}


@pytest.mark.parametrize("status", StepStatus.values)
def test_a_step_waits_for_those_it_needs_unless_they_are_closed(status):
    needed = a_step("p/first", status=status)
    step = a_step(
        "p/second", status="in_review", approval="sit_verification", may_be_skipped=True, needs=("p/first", "p/gone")
    )

    closed = status in ("done", "not_applicable")
    waits = {} if closed else {move: ["needs-open"] for move in ("start", "submit", "approve", "excuse", "resume")}
    kind = ["approval-missing"] if closed else ["approval-missing", "needs-open"]
    assert codes_by_move(step, facts_of(needed, step)) == {**waits, "complete": kind}


def test_a_step_that_waits_says_for_what_and_whom():
    needed = a_step("p/first", status="waiting_on_customer")
    step = a_step("p/second", status="not_started", needs=("p/first",))

    assert step_blockers("start", step, facts_of(needed, step)) == [
        Blocker(
            "needs-open",
            "“Second” needs “First” first, which is waiting on customer.",
            "/projects/MRW-1/steps/p/first/",
            "Sofia Reyes",
            "p/first",
        )
    ]


def test_who_waits_for_a_step_is_found_from_the_other_end():
    first, second, third = a_step("p/1"), a_step("p/2", needs=("p/1",)), a_step("p/3", needs=("p/2", "p/1"))

    assert needed_by(first, [first, second, third]) == [second, third]
    assert needed_by(third, [first, second, third]) == []


# -- Any gate at all ------------------------------------------------------------------------------

KEYS = ("p/a", "p/b", "p/c")
anything = st.builds(
    a_step,
    st.sampled_from(KEYS),
    phase=st.sampled_from(Phase.values),
    status=st.sampled_from(StepStatus.values),
    approval=st.sampled_from(["", "sit_verification"]),
    accountable=st.booleans(),
)
waivers = st.builds(
    a_waiver,
    st.sampled_from(["step-open", "approval-missing", "step-blocked", "no-accountable"]),
    st.sampled_from(KEYS),
    st.sampled_from([TODAY - dt.timedelta(days=1), TODAY, LATER]),
)


@given(
    st.lists(anything, max_size=3, unique_by=lambda step: step.key),
    st.lists(waivers, max_size=3),
    st.sampled_from(Phase.values),
)
def test_a_gate_opens_exactly_when_all_that_is_reached_is_closed_and_answered_for_or_waived(steps, given_waivers, here):
    facts = facts_of(phase=here, next_phase="post_live", waivers=given_waivers, steps=tuple(steps))
    set_aside = {(waiver.code, waiver.subject) for waiver in given_waivers if waiver.expires >= TODAY}

    def wrong(step: StepFacts) -> set[str]:
        if Phase.values.index(step.phase) > Phase.values.index(here) or step.status == "not_applicable":
            return set()
        if step.status == "done":
            found = set()
        elif step.status == "blocked":
            found = {"step-blocked"}
        else:
            found = {"approval-missing" if step.approval else "step-open"}
        return found if step.accountable else found | {"no-accountable"}

    expected = {(code, step.key) for step in steps for code in wrong(step)} - set_aside
    assert {(blocker.code, blocker.subject) for blocker in advance_blockers(facts)} == expected


# -- Sections of documents ------------------------------------------------------------------------


def a_section(name: str = "invoices", state: str = "empty", **changes: object) -> SectionFacts:
    plain = SectionFacts(
        key=f"discovery-page/{name}",
        title=f"Discovery page, {name.title()}",
        state=state,
        mandatory=True,
        steps=("p/one",),
        link=f"/projects/MRW-1/documents#discovery-page--{name}",
    )
    return replace(plain, **changes)


def sections_line(facts: GateFacts) -> Criterion | None:
    return next((criterion for criterion in gate(facts) if criterion.code == "section-empty"), None)


def test_an_empty_section_of_a_step_that_is_done_blocks_by_name_owner_and_link():
    assert advance_blockers(facts_of(sections=[a_section()])) == [
        Blocker(
            "section-empty",
            "Discovery page, Invoices is empty, and “One”, which writes it, is done",
            "/projects/MRW-1/documents#discovery-page--invoices",
            "Sofia Reyes",
            "discovery-page/invoices",
        )
    ]


@pytest.mark.parametrize("state", ["drafting", "in_review", "approved"])
def test_a_section_with_something_in_it_is_filled(state):
    line = sections_line(facts_of(sections=[a_section(state=state), a_section("payments", "drafting")]))

    assert line == Criterion("section-empty", "Sections filled, 2 of 2")


def test_a_section_that_is_not_applicable_is_out_of_the_count_and_said_to_be():
    line = sections_line(
        facts_of(sections=[a_section(state="not_applicable"), a_section("payments", "drafting"), a_section("ivr")])
    )

    assert line is not None
    assert (line.text, [blocker.subject for blocker in line.blockers]) == (
        "Sections filled, 1 of 2, 1 N/A",
        ["discovery-page/ivr"],
    )


@pytest.mark.parametrize(
    ("section", "step"),
    [
        ({"mandatory": False}, {}),
        ({"steps": ()}, {}),
        ({"steps": ("p/two",)}, {}),
        ({}, {"status": "not_applicable"}),
        ({}, {"status": "in_progress"}),
        ({}, {"phase": "sit"}),
    ],
    ids=["optional", "nobody writes it", "another step writes it", "step N/A", "step open", "phase ahead"],
)
def test_what_no_gate_asks_of_a_section(section, step):
    assert sections_line(facts_of(a_step(**step), sections=[a_section(**section)])) is None


def test_a_section_of_a_phase_that_is_passed_is_asked_for_still():
    facts = facts_of(a_step(), a_step("p/two", phase="discovery"), sections=[a_section(steps=("p/two",))])

    assert told(advance_blockers(facts)) == [("section-empty", "discovery-page/invoices", "Sofia Reyes")]


def test_an_empty_section_is_waived_by_itself():
    waiver = a_waiver("section-empty", "discovery-page/invoices")
    sections = [a_section(), a_section("payments")]
    line = sections_line(facts_of(sections=sections, waivers=[waiver]))

    assert line is not None
    assert [blocker.subject for blocker in line.blockers] == ["discovery-page/payments"]
    assert [item.blocker.subject for item in line.waived] == ["discovery-page/invoices"]


def test_a_section_does_not_hold_up_the_moves_of_steps():
    facts = facts_of(a_step(status="in_progress"), sections=[a_section()])

    assert step_blockers("complete", a_step(status="in_progress"), facts) == []
