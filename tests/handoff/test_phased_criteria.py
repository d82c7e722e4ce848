"""The five criteria and the verdict, pure; the RACI of the nine tasks against domain.md."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from handoff.models import CriterionCode as Code
from handoff.phased.criteria import Neighbour, PhasedFacts, Reply, Said, Steering, criteria, verdict
from handoff.phased.page import in_order
from playbook.models import Version

DAY = dt.date(2026, 12, 1)
YES = Said(True, "AutoPay comes in March.", "Priya Nair", "Nov 3")
NO = Said(False, "Nothing more was sold.", "Priya Nair", "Nov 3")
ACTIVE, CANCELLED = Neighbour("MRW-2 Marrow", "active"), Neighbour("MRW-2 Marrow", "cancelled", Decimal(4200))


def facts(**said: Any) -> PhasedFacts:
    return PhasedFacts(**{"raid_active": False, "raid_words": "The log is not active: no item is open.", **said})


def of(code: Code, **said: Any) -> Any:
    return next(one for one in criteria(facts(**said)) if one.code == code)


@pytest.mark.parametrize(
    ("code", "said", "reply", "asked", "why"),
    [
        (Code.STEERING, {}, Reply.UNKNOWN, True, "No steering committee is planned here"),
        (Code.STEERING, {"said": {Code.STEERING: YES}}, Reply.YES, True, "AutoPay comes"),
        (Code.STEERING, {"steering": Steering(False, DAY)}, Reply.YES, False, "meets next on Dec 1, 2026"),
        (Code.STEERING, {"steering": Steering(True, None)}, Reply.NO, False, "has ended"),
        (Code.STEERING, {"steering": Steering(False, None)}, Reply.NO, False, "no meeting is planned ahead"),
        (Code.RAID, {}, Reply.NO, False, "The log is not active"),
        (Code.RAID, {"raid_active": True, "raid_words": "Active."}, Reply.YES, False, "Active."),
        (Code.REVENUE, {}, Reply.UNKNOWN, True, "AutoPay to come?"),
        (Code.REVENUE, {"said": {Code.REVENUE: NO}}, Reply.NO, True, "Nothing more was sold."),
        (Code.REVENUE, {"next": Neighbour("MRW-2", "active", Decimal(4200))}, Reply.YES, False, "$4,200.00 a month"),
        (Code.REVENUE, {"next": ACTIVE}, Reply.UNKNOWN, True, "AutoPay to come?"),
        (Code.REVENUE, {"next": CANCELLED}, Reply.UNKNOWN, True, "AutoPay to come?"),
        (Code.NEXT, {}, Reply.UNKNOWN, True, "No next phase is linked"),
        (Code.NEXT, {"next": ACTIVE}, Reply.YES, False, "MRW-2 Marrow is the next phase"),
        (Code.NEXT, {"next": CANCELLED}, Reply.NO, False, "is cancelled: this criterion no longer holds"),
        (Code.NEXT, {"next": CANCELLED, "said": {Code.NEXT: YES}}, Reply.NO, False, "the data goes first"),
        (Code.PREVIOUS, {}, Reply.UNKNOWN, True, "No phase before this one is linked"),
        (Code.PREVIOUS, {"previous": Neighbour("MRW-1", "complete")}, Reply.YES, False, "complete and archived"),
        (Code.PREVIOUS, {"previous": Neighbour("MRW-1", "on_hold")}, Reply.NO, False, "is on hold, not archived"),
    ],
)
def test_each_criterion_says_what_it_comes_to_and_why(code, said, reply, asked, why):
    found = of(code, **said)
    assert (found.reply, found.asked) == (reply, asked)
    assert why in found.why


def test_an_answer_says_whose_it_is_and_the_data_whose_it_is_not():
    assert of(Code.REVENUE, said={Code.REVENUE: YES}).how == "answered by Priya Nair on Nov 3"
    assert of(Code.RAID).how == "seen in the data"
    assert of(Code.NEXT).how == "nobody has answered"


@pytest.mark.parametrize(
    ("said", "phased", "telling", "words"),
    [
        ({}, False, False, "None of the 5 criteria holds, and 4 are not answered."),
        ({"raid_active": True}, True, False, "1 of 5 holds: RAID log active. Some are enough"),
        ({"raid_active": True, "next": ACTIVE}, True, True, "2 of 5 hold: RAID log active; A new project provisioned"),
        (
            {"said": {Code.REVENUE: YES}},
            True,
            True,
            "1 of 5 holds: New revenue in future phases. So the implementation",
        ),
        ({"said": {Code.REVENUE: NO}}, False, False, "None of the 5 criteria holds, and 3 are not answered."),
        ({"next": CANCELLED}, False, False, "None of the 5 criteria holds"),
    ],
)
def test_some_criteria_make_it_phased_and_the_verdict_says_which(said, phased, telling, words):
    found = verdict(criteria(facts(**said)))
    assert (found.phased, found.telling) == (phased, telling)
    assert words in found.words


def test_the_mark_disagrees_where_no_criterion_holds_or_one_that_tells():
    none, log = verdict(criteria(facts())), verdict(criteria(facts(raid_active=True)))
    more = verdict(criteria(facts(next=ACTIVE)))
    assert [found.disagrees(True) for found in (none, log, more)] == [True, False, False]
    assert [found.disagrees(False) for found in (none, log, more)] == [False, False, True]


@pytest.mark.parametrize(
    ("keys", "follows", "expected"),
    [
        ([1, 2, 3], {}, [(1, 0), (2, 0), (3, 0)]),
        ([1, 2, 3], {3: 1, 2: 3}, [(1, 1), (3, 2), (2, 3)]),
        ([2, 3], {2: 1, 3: 2}, [(2, 2), (3, 3)]),  # the first one is hidden, and counts
        ([1, 4, 2], {2: 1}, [(1, 1), (2, 2), (4, 0)]),
    ],
)
def test_phases_stand_in_the_order_in_which_they_follow_one_another(keys, follows, expected):
    assert in_order(keys, follows) == expected


#: domain.md, Transition to Client Services: the RACI counts PM, IM, TSM, CSM.
TABLE = [
    ("train-on-cases", "I", "I", "R/A", "I"),
    ("case-report", "I", "I", "R/A", "I"),
    ("triage-calls", "I", "C", "R/A", "I"),
    ("engineering-tickets", "I", "C", "R/A", "I"),
    ("resolution-notes", "I", "C", "R/A", "I"),
    ("production-case-review", "R", "C", "A", "I"),
    ("escalate", "I", "C", "R/A", "I"),
    ("technical-advice", "I", "C", "R/A", "I"),
    ("close-cases", "I", "I", "R/A", "I"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "pm", "im", "tsm", "csm"), TABLE)
def test_the_nine_tasks_have_the_letters_of_the_domain(playbooks: dict[str, Version], key, pm, im, tsm, csm):
    step = playbooks["transition-to-cs"].steps.get(key=f"post-live.{key}")
    letters: dict[str, list[str]] = {}
    for code, letter in step.letters.values_list("role__code", "letter"):
        letters.setdefault(code, []).append(letter)
    said = {code: "/".join(sorted(found, key="RACI".index)) for code, found in letters.items()}
    assert said == {"PM": pm, "IM": im, "TSM": tsm, "CSM": csm}
    assert step.applies == "phased_only"
