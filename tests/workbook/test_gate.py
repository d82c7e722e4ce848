"""What the gate out of SIT asks: a closed run, every mandatory case run, the share passed, no severe defect open."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.urls import reverse

from projects.models import Project
from projects.waivers import waive
from tests.workbook.conftest import place
from transitions.clock import business_day
from transitions.gates import WaiverFacts, gate
from transitions.moves import perform
from workbook.cases import set_criteria
from workbook.defects import NewDefect, change_defect, record_case
from workbook.gate import MOST_TOLD, sit_criteria
from workbook.models import Defect
from workbook.runs import record_result

TODAY = dt.date(2026, 11, 21)


def asked(project: Project, **changes):
    """Return the criteria of testing as the gate out of SIT has them."""
    facts = replace(Project.objects.get(pk=project.pk).gate_facts(TODAY), phase="sit", **changes)
    return {c.code: c for c in gate(facts) if c.code.startswith("sit-")}


def lines(project, **changes):
    return [(b.code, b.subject, b.text) for c in asked(project, **changes).values() for b in c.blockers]


def close(run, cast):
    return perform(run, "close_run", by=cast.priya).row


def test_without_a_run_the_gate_asks_for_one(project):
    assert lines(project) == [("sit-run", "run", "No SIT run was made yet: start one")]
    assert asked(project)["sit-run"].blockers[0].link == reverse("workbook", args=[project.code])


def test_an_open_run_blocks_and_so_does_each_mandatory_case_that_was_not_run(project, write, begin):
    write(2), write(1, suite="Balances", mandatory=False)
    run = begin("passed", None, None)
    base = reverse("run", args=[project.code, run.pk])
    assert lines(project) == [
        ("sit-run", "run-1", "SIT run 1 is still open"),
        ("sit-mandatory", "T-2", "T-2 “Case 2” is mandatory and was not run"),
        ("sit-passed", "T-3", "T-3 “Case 1” was not run"),
    ]
    links = [b.link for c in asked(project).values() for b in c.blockers]
    assert links == [base, f"{base}cases/2", f"{base}cases/3"]


def test_a_good_closed_run_meets_everything(project, cast, write, begin):
    write(2)
    close(begin("passed", "waived"), cast)
    assert {code: (c.met, c.text) for code, c in asked(project).items()} == {
        "sit-run": (True, "SIT run 1 closed"),
        "sit-mandatory": (True, "Every mandatory case run"),
        "sit-passed": (True, "Cases passed or waived: 2 of 2, 100 % asked"),
        "sit-defects": (True, "No open defect of severity 1 or 2"),
    }


def test_a_failed_case_blocks_with_a_link_until_it_passes_or_is_waived_in_the_run(project, cast, write, begin):
    write(2)
    run = begin("passed", "failed")
    assert lines(project)[1:] == [("sit-passed", "T-2", "T-2 “Case 2” failed")]
    record_result(place(run, 2), "waived", note="Agreed with the biller.", by=cast.priya)
    close(run, cast)
    assert lines(project) == []


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        ("passed", []),
        ("waived", []),
        (
            "not_applicable",
            [("sit-mandatory", "T-2", "T-2 “Case 2” is mandatory and was said not to apply: run it, or waive it")],
        ),
        ("blocked", [("sit-mandatory", "T-2", "T-2 “Case 2” is mandatory and is blocked")]),
        ("retest", [("sit-mandatory", "T-2", "T-2 “Case 2” is mandatory and waits for its retest")]),
        ("failed", [("sit-passed", "T-2", "T-2 “Case 2” failed")]),
    ],
)
def test_waived_na_and_passed_do_not_count_alike(project, cast, write, begin, outcome, found):
    write(2)
    close(begin("passed", outcome), cast)
    assert lines(project) == found


def test_an_optional_case_may_be_na_and_leaves_the_share(project, cast, write, begin):
    write(1), write(1, suite="Balances", mandatory=False)
    close(begin("passed", "not_applicable"), cast)
    assert asked(project)["sit-passed"].text == "Cases passed or waived: 1 of 1, 100 % asked"
    assert lines(project) == []


def test_a_run_in_which_nothing_applies_is_not_passed(project, cast, write, begin):
    write(1, mandatory=False)
    close(begin("not_applicable"), cast)
    assert lines(project) == [("sit-passed", "run-1", "No case of SIT run 1 applies")]


def test_the_share_is_the_projects_own(project, cast, write, begin):
    write(4)
    close(begin("passed", "passed", "passed", "failed"), cast)
    assert lines(project) == [("sit-passed", "T-4", "T-4 “Case 4” failed")]
    set_criteria(project, "sit", share_passed=75, revision=0, by=cast.priya)
    assert lines(project) == []
    set_criteria(project, "sit", share_passed=76, revision=1, by=cast.priya)
    assert [code for code, *_ in lines(project)] == ["sit-passed"]


def test_an_open_defect_of_severity_1_or_2_blocks_until_it_is_closed_or_rated_lower(project, cast, write, begin):
    write(1)
    run = begin()
    record_case(place(run, 1), "passed", defect=NewDefect("No invoice", 1), by=cast.sofia)
    close(run, cast)
    defect = Defect.objects.get()
    assert lines(project) == [("sit-defects", f"defect-{defect.pk}", "Open defect of severity 1: No invoice")]
    assert asked(project)["sit-defects"].blockers[0].link == reverse("defect", args=[project.code, defect.pk])

    change_defect(defect, title="No invoice", severity=3, link="", revision=0, by=cast.sofia)
    assert lines(project) == []
    change_defect(defect, title="No invoice", severity=2, link="", revision=1, by=cast.sofia)
    assert len(lines(project)) == 1
    perform(defect, "close_defect", note="Mended in 1.1", by=cast.sofia)
    assert lines(project) == []
    perform(Defect.objects.get(), "reopen_defect", note="Again in 1.2", by=cast.sofia)
    assert len(lines(project)) == 1


def test_defects_of_uat_are_no_matter_of_this_gate(project, cast, write, begin):
    write(1), write(1, kind="uat")
    close(begin("passed"), cast)
    record_case(place(begin(kind="uat"), 1), "failed", note="x", defect=NewDefect("Ugly", 1), by=cast.priya)
    assert lines(project) == []


def test_the_newest_run_that_is_not_abandoned_is_judged(project, cast, write, begin):
    write(1)
    close(begin("passed"), cast)
    second = begin("failed")
    assert [subject for _, subject, _ in lines(project)] == ["run-2", "T-1"]
    perform(second, "abandon_run", note="The wrong build.", by=cast.priya)
    assert lines(project) == []


def test_many_blockers_are_capped_and_the_rest_is_nobodys_to_waive(project, cast, write, begin):
    write(30)
    begin()
    told = asked(project)["sit-mandatory"].blockers
    assert (len(told), told[-1].text, told[-1].waivable) == (MOST_TOLD + 1, "and 5 more", False)

    waivers = [
        WaiverFacts("sit-mandatory", f"T-{number}", "x", "Priya", "Agreed", TODAY) for number in range(1, MOST_TOLD + 1)
    ]
    left = asked(project, waivers=waivers)["sit-mandatory"]
    assert [blocker.subject for blocker in left.blockers] == ["T-26", "T-27", "T-28", "T-29", "T-30"]
    assert len(left.waived) == MOST_TOLD


def test_where_no_step_writes_the_workbook_nothing_is_asked(make_project):
    other = make_project(playbooks=("addon-post-live",), kind="add_on", biller="Ashby Gas")
    assert asked(other) == {}


def test_where_every_step_that_writes_it_is_na_nothing_is_asked(project):
    facts = replace(project.gate_facts(TODAY), phase="sit")
    left_out = [replace(s, status="not_applicable") if s.phase == "sit" else s for s in facts.steps]
    assert list(sit_criteria(replace(facts, steps=left_out))) == []


def test_the_gate_itself_refuses_and_a_case_is_waived_by_name(project, cast, write, begin):
    from tests.cast import finish_phase

    for _ in range(3):
        finish_phase(project, cast)
        perform(Project.objects.get(pk=project.pk), "advance", by=cast.priya)
    project = Project.objects.get(pk=project.pk)
    assert project.phase == "sit"
    finish_phase(project, cast)  # a run of one case that passed
    write(1)
    run = begin("passed", None)
    close(run, cast)

    expires = business_day() + dt.timedelta(days=9)
    waive(project, code="sit-mandatory", subject="T-2", by=cast.priya, reason="Next month.", expires=expires)
    moved = perform(Project.objects.get(pk=project.pk), "advance", by=cast.priya)
    assert moved.row.phase == "finalize"
    kept = {c["code"]: c for c in moved.record.facts["criteria"]}
    assert [w["reason"] for w in kept["sit-mandatory"]["waived"]] == ["Next month."]
