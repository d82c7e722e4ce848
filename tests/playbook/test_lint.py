"""Lint: one broken playbook for each code."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from playbook.data import DocumentData, PlaybookData, RoleData, SectionData, StepData
from playbook.lint import Finding, lint, publish_blockers, warning_ids
from playbook.order import circles
from playbook.services import version_of
from raci.letters import Raci

ROLES = tuple(RoleData(code, code) for code in ("PM", "SE", "INM", "B"))
SIGNS = RoleData("B2", "Biller", signs_as="biller")
HEALTHY = Raci(R=("SE",), A=("INM",), C=("PM",), I=("B",))

A_PAGE = DocumentData("a", "A page", sections=(SectionData("b", "B"),))


def step(number: int, /, **changes: Any) -> StepData:
    data = StepData(key=f"design.step-{number}", number=number, phase="design", title=f"Step {number}", raci=HEALTHY)
    return replace(data, **changes)


def playbook(*steps: StepData, **changes: Any) -> PlaybookData:
    return replace(PlaybookData("sample", "Sample", roles=ROLES, steps=steps or (step(1), step(2))), **changes)


def test_a_healthy_playbook_has_no_finding() -> None:
    assert lint(playbook()) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (playbook(step(1, raci=Raci())), [("design.step-1", 1, "missing-raci", "warning")]),
        (playbook(step(1, approval="final_sign_off")), [("", None, "nobody-signs", "warning")]),
        (playbook(step(1, approval="final_sign_off"), roles=(*ROLES, SIGNS)), []),
        (playbook(step(1, derived=("A",))), [("design.step-1", 1, "derived-accountable", "warning")]),
        (playbook(step(1, raci=replace(HEALTHY, A=()))), [("design.step-1", 1, "no-accountable", "warning")]),
        (
            playbook(step(1, raci=replace(HEALTHY, A=("INM", "PM")))),
            [("design.step-1", 1, "several-accountable", "error")],
        ),
        (playbook(step(1, raci=replace(HEALTHY, I=("XX",)))), [("design.step-1", 1, "unknown-role", "error")]),
        (playbook(step(1, raci=replace(HEALTHY, R=()))), [("design.step-1", 1, "nobody-responsible", "error")]),
        (playbook(step(1, raci=replace(HEALTHY, C=()))), [("design.step-1", 1, "nobody-consulted", "warning")]),
        (
            playbook(step(1, raci=replace(HEALTHY, I=("PM",)))),
            [("design.step-1", 1, "consulted-and-informed", "error")],
        ),
        (
            playbook(step(1, open_questions=("Why?", "When?"))),
            [("design.step-1", 1, "open-question", "warning"), ("design.step-1", 1, "open-question", "warning")],
        ),
        (
            playbook(
                step(1, needs=("design.step-3",)), step(2, needs=("design.step-1",)), step(3, needs=("design.step-2",))
            ),
            [("design.step-1", 1, "needs-cycle", "error")],
        ),
        (playbook(step(1, needs=("design.step-1",))), [("design.step-1", 1, "needs-cycle", "error")]),
        (playbook(step(1, needs=("design.gone",))), [("design.step-1", 1, "needs-unknown", "error")]),
        (
            playbook(step(1, needs=("design.step-2",)), step(2, phase="sit")),
            [("design.step-1", 1, "needs-later-phase", "error")],
        ),
        (
            playbook(step(1), step(2, key="design.step-1")),
            [("design.step-1", 1, "duplicate-key", "error"), ("design.step-1", 2, "duplicate-key", "error")],
        ),
        (
            playbook(step(1), step(2, number=1)),
            [("design.step-1", 1, "duplicate-number", "error"), ("design.step-2", 1, "duplicate-number", "error")],
        ),
        (playbook(roles=(*ROLES, ROLES[0])), [("", None, "duplicate-role", "error")]),
        (playbook(step(1, documents=("a", "a/b")), documents=(A_PAGE,)), []),
        (
            playbook(step(1, documents=("c",)), documents=(A_PAGE,)),
            [("design.step-1", 1, "document-unlisted", "warning")],
        ),
        (
            playbook(step(1, documents=("a/c",)), documents=(A_PAGE,)),
            [("design.step-1", 1, "section-unlisted", "warning")],
        ),
        (playbook(step(1, documents=("a",))), [("design.step-1", 1, "document-unlisted", "warning")]),
        (playbook(documents=(A_PAGE, A_PAGE)), [("", None, "duplicate-document", "error")]),
        (
            playbook(documents=(replace(A_PAGE, sections=A_PAGE.sections * 2),)),
            [("", None, "duplicate-section", "error")],
        ),
        (playbook(open_questions=("Whose?",)), [("", None, "open-question", "warning")]),
        (PlaybookData("sample", "Sample", roles=ROLES), [("", None, "no-steps", "error")]),
    ],
)
def test_one_fault_one_finding(data: PlaybookData, expected: list[tuple[str, int | None, str, str]]) -> None:
    assert [(found.step, found.number, found.code, found.severity) for found in lint(data)] == expected


def test_findings_come_in_step_order_those_on_the_whole_first() -> None:
    data = playbook(step(2, raci=Raci()), step(1, derived=("A",)), open_questions=("Whose?",))

    assert [found.id for found in lint(data)] == [
        ":open-question",
        "design.step-1:derived-accountable",
        "design.step-2:missing-raci",
    ]


def test_a_circle_is_named_whole_and_once() -> None:
    data = playbook(
        step(1, needs=("design.step-2",)), step(2, needs=("design.step-1",)), step(3, needs=("design.step-1",))
    )

    assert [found.text for found in lint(data)] == [
        "These steps wait for one another for ever: design.step-1 → design.step-2 → design.step-1."
    ]


def test_two_circles_are_two() -> None:
    assert circles({"a": ["b"], "b": ["a"], "c": ["d", "a"], "d": ["c"], "e": ["a"]}) == [["a", "b"], ["c", "d"]]


def test_errors_block_whatever_is_confirmed() -> None:
    findings = [Finding("design.step-1", 1, "several-accountable", "Two.", "error")]

    blockers = publish_blockers(findings, confirmed=["design.step-1:several-accountable"], link="/there")

    assert [blocker.as_dict() for blocker in blockers] == [
        {"code": "several-accountable", "text": "Step 1 (design.step-1): Two.", "link": "/there", "owner": ""}
    ]


def test_each_warning_is_confirmed_by_itself() -> None:
    data = playbook(step(1, derived=("A",)), step(2, derived=("A",)), open_questions=("Whose?", "Which?"))
    findings = lint(data)

    assert warning_ids(findings) == [
        ":open-question",
        ":open-question:2",
        "design.step-1:derived-accountable",
        "design.step-2:derived-accountable",
    ]
    blockers = publish_blockers(findings, confirmed=[":open-question", "design.step-1:derived-accountable"])
    assert [(blocker.code, blocker.subject) for blocker in blockers] == [
        ("unconfirmed-warning", ":open-question:2"),
        ("unconfirmed-warning", "design.step-2:derived-accountable"),
    ]
    assert publish_blockers(findings, confirmed=warning_ids(findings)) == []


@pytest.mark.parametrize(
    ("slug", "counts"),
    [
        ("integration", {"open-question": 7, "missing-raci": 2}),
        ("outbound", {"open-question": 22, "derived-accountable": 25}),
        ("addon-post-live", {"open-question": 5, "derived-accountable": 4, "nobody-consulted": 4}),
        ("transition-to-cs", {"open-question": 8, "derived-accountable": 5, "nobody-consulted": 5}),
        ("new-integration-participation", {"open-question": 5, "derived-accountable": 4, "nobody-consulted": 4}),
    ],
)
def test_what_the_five_playbooks_leave_open(loaded: None, slug: str, counts: dict[str, int]) -> None:
    findings = lint(version_of(slug).as_data())

    assert Counter(found.code for found in findings) == counts
    assert {found.severity for found in findings} == {"warning"}
