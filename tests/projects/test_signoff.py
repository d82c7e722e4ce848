"""Sign-offs: who decides, in which order, what they are shown, and what becomes of the step."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.models import OutgoingMail, User
from projects.models import Approval, Project
from projects.parties import parties_of
from projects.signoff import changes, statement
from projects.team import fill_seat, name_on_step
from tests.cast import move, step_of
from tests.projects.signing import KEY, NOW, decide, in_review, the_step
from tests.transitions.made_up import everything
from transitions.blockers import MoveRefused, NotPermitted
from transitions.models import TransitionRecord

pytestmark = pytest.mark.django_db


def refused(project: Project, name: str, by: User, **details: Any) -> list[str]:
    """The codes of a refusal that left nothing behind."""
    before = everything()
    with pytest.raises(MoveRefused) as told, transaction.atomic():
        decide(project, name, by, **details)
    assert everything() == before
    return [blocker.code for blocker in told.value.blockers]


def made(project: Project) -> list[tuple[Any, ...]]:
    """The decisions in their order: which, for whom, by whom, recorded, round."""
    rows = Approval.objects.filter(project=project).order_by("pk").select_related("by")
    return [(row.decision, row.party, row.by.get_short_name(), row.recorded, row.round) for row in rows]


# -- Who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "parties"),
    [
        ("business_design_review", ("accountable",)),
        ("technical_design_review", ("accountable",)),
        ("customer_design_review", ("customer",)),
        ("sit_verification", ("accountable",)),
        ("architect_review", ("accountable",)),
        ("final_sign_off", ("biller", "core_system")),
    ],
)
def test_the_parties_follow_from_the_kind(kind, parties):
    assert parties_of(kind) == parties


def test_the_final_sign_off_waits_for_both(cast):
    project = in_review(cast)

    assert decide(project, "approve", cast.bo, note="Fine").status == "in_review"
    assert decide(project, "approve", cast.pat).status == "done"
    assert made(project) == [
        ("approved", "biller", "Bo", False, 1),
        ("approved", "core_system", "Pat", False, 1),
    ]
    records = TransitionRecord.objects.of(the_step(project)).filter(move="approve").order_by("pk")
    assert [(record.source, record.target) for record in records] == [("in_review", "in_review"), ("in_review", "done")]


def test_the_date_of_the_status_is_that_of_the_change(cast):
    project = in_review(cast)
    since = the_step(project).status_since

    assert decide(project, "approve", cast.bo).status_since == since
    assert decide(project, "approve", cast.pat).status_since == NOW


@pytest.mark.parametrize("name", ["approve", "reject"])
@pytest.mark.parametrize("who", ["sofia", "priya", "ivan", "adele", "arun", "dele", "mallory"])
def test_nobody_decides_for_a_party_but_its_own(cast, who, name):
    project = in_review(cast)
    before = everything()

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, name, getattr(cast, who), note="x", party="biller")
    assert everything() == before


def test_a_party_decides_for_itself_alone_and_once(cast):
    project = in_review(cast)

    assert refused(project, "approve", cast.bo, party="core_system") == ["not-your-decision"]
    assert refused(project, "approve", cast.bo, party="accountable") == ["already-decided"]
    assert refused(project, "approve", cast.bo, party="bishop") == ["unknown-party"]
    decide(project, "approve", cast.bo)
    assert refused(project, "approve", cast.bo, party="biller") == ["already-decided"]
    assert refused(project, "approve", cast.bo) == ["not-your-decision"]


def test_who_signs_as_two_decides_twice(cast):
    project = in_review(cast, CIS=cast.bo)

    assert decide(project, "approve", cast.bo).status == "in_review"
    assert decide(project, "approve", cast.bo).status == "done"
    assert [row[1] for row in made(project)] == ["biller", "core_system"]


@pytest.mark.parametrize(("who", "seat"), [("bo", "B"), ("pat", "CIS"), ("pat", "P")])
def test_a_customer_design_review_is_signed_by_the_biller_or_a_partner(cast, who, seat):
    person = getattr(cast, who)
    project = in_review(cast, "customer_design_review", **{"B": None, "CIS": None, "P": None, seat: person})

    assert decide(project, "approve", person).status == "done"
    assert [row[:2] for row in made(project)] == [("approved", "customer")]


def test_every_other_kind_is_its_accountable_s(cast):
    project = in_review(cast, "sit_verification")

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", cast.bo)
    assert decide(project, "approve", cast.ingrid).status == "done"
    assert made(project) == [("approved", "accountable", "Ingrid", False, 1)]


# -- Recorded, excused ----------------------------------------------------------------------------


def test_the_accountable_records_what_was_decided_elsewhere_and_says_how(cast):
    project = in_review(cast)

    assert refused(project, "approve", cast.ingrid, note="By letter") == ["which-party"]
    assert refused(project, "approve", cast.ingrid, party="biller") == ["missing-note"]
    assert decide(project, "approve", cast.ingrid, party="biller", note="By letter of Nov 20").status == "in_review"
    assert decide(project, "approve", cast.ingrid, note="By mail").status == "done"
    assert made(project) == [
        ("approved", "biller", "Ingrid", True, 1),
        ("approved", "core_system", "Ingrid", True, 1),
    ]
    assert {row.name for row in Approval.objects.all()} == {"Ingrid Berg"}


def test_the_accountable_rejects_on_their_own_account_or_records_a_rejection(cast):
    project = in_review(cast)

    assert decide(project, "reject", cast.ingrid, note="Not ready").status == "in_progress"
    move(project, KEY, "submit", cast.sofia)
    assert decide(project, "reject", cast.ingrid, party="biller", note="They said no by phone").status == "in_progress"
    assert made(project) == [
        ("rejected", "accountable", "Ingrid", False, 1),
        ("rejected", "biller", "Ingrid", True, 2),
    ]


def test_the_core_system_may_be_excused_and_the_biller_never(cast):
    project = in_review(cast, CIS=None)

    assert refused(project, "excuse", cast.priya) == ["missing-note"]
    assert refused(project, "excuse", cast.priya, party="biller", note="x") == ["nothing-to-excuse"]
    assert decide(project, "excuse", cast.priya, note="No core system").status == "in_review"
    assert refused(project, "excuse", cast.priya, note="x") == ["nothing-to-excuse"]
    assert decide(project, "approve", cast.bo).status == "done"
    assert [row[:3] for row in made(project)] == [("excused", "core_system", "Priya"), ("approved", "biller", "Bo")]


def test_what_would_close_the_step_is_excused_by_the_accountable_alone(cast):
    project = in_review(cast, CIS=None)
    decide(project, "approve", cast.bo)

    assert refused(project, "excuse", cast.priya, note="No core system") == ["last-word"]
    assert decide(project, "excuse", cast.ingrid, note="No core system").status == "done"


@pytest.mark.parametrize("who", ["sofia", "adele", "bo", "pat", "mallory"])
def test_to_excuse_takes_the_accountable_or_who_runs_the_project(cast, who):
    project = in_review(cast)

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "excuse", getattr(cast, who), note="x")


# -- Rounds ---------------------------------------------------------------------------------------


def test_a_rejection_ends_the_round_and_what_was_approved_in_it_counts_no_more(cast):
    project = in_review(cast)
    decide(project, "approve", cast.bo)

    step = decide(project, "reject", cast.pat, note="A field is missing", reopens=())
    assert step.status == "in_progress"
    move(project, KEY, "submit", cast.sofia)
    assert decide(project, "approve", cast.pat).status == "in_review"
    assert decide(project, "approve", cast.bo).status == "done"
    assert [(row[0], row[2], row[4]) for row in made(project)] == [
        ("approved", "Bo", 1), ("rejected", "Pat", 1), ("approved", "Pat", 2), ("approved", "Bo", 2),
    ]  # fmt: skip


def test_who_sits_outside_reopens_only_what_concerns_them(cast):
    project = in_review(cast)

    assert refused(project, "reject", cast.bo, note="x", reopens=("made-up/design.step-2",)) == ["unknown-step"]
    assert refused(project, "reject", cast.bo, note="x", reopens=("made-up/design.step-9",)) == ["unknown-step"]
    decide(project, "reject", cast.bo, note="x", reopens=("made-up/design.step-1",))
    assert step_of(project, "design.step-1").status == "in_progress"


def test_a_seat_that_is_withdrawn_decides_no_more(cast):
    project = in_review(cast)
    fill_seat(project, project.seats.get(role__code="B").pk, cast.pat, by=cast.priya)

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", cast.bo)
    assert decide(project, "approve", cast.pat).status == "in_review"


def test_an_accountable_named_on_the_step_takes_the_role_s_place(cast):
    project = in_review(cast, "architect_review")
    name_on_step(the_step(project), "A", cast.arun, by=cast.priya)

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", cast.ingrid)
    assert decide(project, "approve", cast.arun).status == "done"


# -- What is shown --------------------------------------------------------------------------------


def test_what_was_shown_must_be_what_is_there(cast):
    project = in_review(cast)
    shown = statement(the_step(project), cast.pat)
    decide(project, "approve", cast.bo)

    assert refused(project, "approve", cast.pat, shown=shown.digest) == ["shown-changed"]
    assert refused(project, "approve", cast.pat, shown="") == ["not-shown"]
    now = statement(the_step(project), cast.pat)
    assert changes(shown.values, now.values) == ["Bo Halvorsen decided: approved."]
    row = decide(project, "approve", cast.pat, shown=now.digest).approvals.get(by=cast.pat)
    assert (row.shown, row.shown_sha256) == (now.text, now.digest)


def test_a_statement_is_the_same_text_each_time(cast):
    project = in_review(cast)

    assert statement(the_step(project), cast.bo).text == statement(the_step(project), cast.bo).text
    assert statement(the_step(project), cast.bo).text.startswith(
        '{"asks":"To approve, or to reject with a reason: Final sign-off'
    )


def test_outside_nothing_internal_is_shown(cast):
    project = in_review(cast)
    inside, outside = (statement(the_step(project), who) for who in (cast.ingrid, cast.bo))

    assert inside.values["playbook"] == {"title": "Made Up", "version": 1}
    assert [one["title"] for one in inside.values["documents"]] == ["Solution design document", "Sit workbook"]
    assert sorted(outside.values) == [
        "asks", "decision", "decisions", "documents", "format", "parties", "project", "round", "step",
    ]  # fmt: skip
    assert outside.values["documents"] == []
    for secret in ("Made Up", "workbook", "@", "Pricing", "Invoicing"):
        assert secret not in outside.text


# -- Mails ----------------------------------------------------------------------------------------


def test_each_who_may_decide_is_asked_and_who_decided_gets_a_receipt(cast):
    project = in_review(cast)
    decide(project, "approve", cast.bo)
    decide(project, "reject", cast.pat, note="x")
    move(project, KEY, "submit", cast.sofia)

    mails = OutgoingMail.objects.order_by("pk").values_list("kind", "person__name")
    assert list(mails) == [
        ("approval_asked", "Bo Halvorsen"), ("approval_asked", "Pat Quinn"), ("approval_receipt", "Bo Halvorsen"),
        ("approval_receipt", "Pat Quinn"), ("approval_asked", "Bo Halvorsen"), ("approval_asked", "Pat Quinn"),
    ]  # fmt: skip
