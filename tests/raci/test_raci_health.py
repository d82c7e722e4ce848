"""The rule for a healthy step: domain.md, "Reading an R / A / C / I cell", last sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raci.health import Finding, check
from raci.letters import Raci

LISTED = ("SE", "INM", "PM", "IM")

MISSING_RACI = Finding("missing-raci", "Nobody has a letter on this step.", "warning")
NOBODY_RESPONSIBLE = Finding("nobody-responsible", "Nobody is responsible; name at least one role as R.", "error")
NO_ACCOUNTABLE = Finding("no-accountable", "Nobody is accountable; name exactly one role as A.", "warning")
NOBODY_CONSULTED = Finding("nobody-consulted", "Nobody is consulted on this step.", "warning")


def several_accountable(names: str) -> Finding:
    return Finding("several-accountable", f"Several roles are accountable ({names}); keep exactly one as A.", "error")


def derived_accountable(names: str) -> Finding:
    text = f"The source names nobody accountable; {names} follows from the responsible role."
    return Finding("derived-accountable", text, "warning")


def consulted_and_informed(code: str) -> Finding:
    return Finding("consulted-and-informed", f"{code} is both consulted and informed; keep one of C and I.", "error")


def unknown_role(code: str) -> Finding:
    return Finding("unknown-role", f"{code} is not in this playbook's role list.", "error")


@pytest.mark.parametrize(
    ("raci", "derived", "findings"),
    [
        (Raci(("SE",), ("INM",), ("PM",), ("IM",)), (), []),
        (Raci(("INM",), ("INM",), ("SE",), ("IM",)), (), []),
        (Raci(("SE",), ("INM",), ("PM", "IM")), (), []),
        (Raci(), (), [MISSING_RACI]),
        (Raci(), ("A",), [MISSING_RACI]),
        (Raci(("SE",), (), ("PM",)), (), [NO_ACCOUNTABLE]),
        (Raci(("SE",), (), ("PM",)), ("A",), [NO_ACCOUNTABLE]),
        (Raci(("SE",), ("INM", "PM"), ("IM",)), (), [several_accountable("INM, PM")]),
        (Raci((), ("INM",), ("PM",)), (), [NOBODY_RESPONSIBLE]),
        (Raci(("SE",), ("SE",), ("PM",)), ("A",), [derived_accountable("SE")]),
        (Raci(("SE",), ("INM",), (), ("IM",)), (), [NOBODY_CONSULTED]),
        (Raci(("SE",), ("INM",), ("PM",), ("PM",)), (), [consulted_and_informed("PM")]),
        (
            Raci(("SE",), ("INM",), ("PM", "IM"), ("IM", "PM")),
            (),
            [consulted_and_informed("PM"), consulted_and_informed("IM")],
        ),
        (Raci(("TC",), ("INM",), ("PM",), ("TC", "CS")), (), [unknown_role("TC"), unknown_role("CS")]),
        (Raci(I=("CS",)), (), [NOBODY_RESPONSIBLE, NO_ACCOUNTABLE, NOBODY_CONSULTED, unknown_role("CS")]),
        (
            Raci(("SE",), ("SE", "XX"), ("PM",), ("PM",)),
            {"A"},
            [
                several_accountable("SE, XX"),
                derived_accountable("SE, XX"),
                consulted_and_informed("PM"),
                unknown_role("XX"),
            ],
        ),
    ],
)
def test_findings(raci: Raci, derived: tuple[str, ...], findings: list[Finding]) -> None:
    assert check(raci, listed=LISTED, derived=derived) == findings


SEATS = st.lists(st.sampled_from([*LISTED, "XX"]), max_size=4, unique=True).map(tuple)


@given(st.builds(Raci, SEATS, SEATS, SEATS, SEATS))
def test_a_step_has_no_finding_but_a_missing_consultation_exactly_when_it_is_healthy(raci: Raci) -> None:
    healthy = (
        len(raci.A) == 1 and len(raci.R) >= 1 and not set(raci.C) & set(raci.I) and set(raci.codes()) <= set(LISTED)
    )
    findings = [finding for finding in check(raci, listed=LISTED) if finding != NOBODY_CONSULTED]
    assert (findings == []) == healthy
