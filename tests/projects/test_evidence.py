"""Evidence: complete, recomputed, and broken by whoever changes, adds or removes a row behind our back."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from django.core.management import call_command

from projects.delegation import delegate
from projects.documents import add_version
from projects.evidence import Evidence, canonical, faults, sha256, utc
from projects.models import Approval, Delegation, DocumentVersion, Project
from projects.models.archive import DecisionIsFinal, RowsStay
from tests.cast import move
from tests.projects.signing import KEY, NOW, behind_our_back, decide, in_review, the_step
from tests.transitions.made_up import refuses_to_be_rewritten

pytestmark = pytest.mark.django_db

DOOR = Evidence("192.0.2.7", "Firefox", "password, mfa")


@pytest.fixture
def project(cast) -> Project:
    """Bo approved, Pat rejected, and both approved in the second round."""
    made = in_review(cast)
    decide(made, "approve", cast.bo, evidence=DOOR, note="Fine")
    decide(made, "reject", cast.pat, evidence=DOOR, note="A field is missing")
    move(made, KEY, "submit", cast.sofia)
    decide(made, "approve", cast.bo, evidence=DOOR)
    decide(made, "approve", cast.pat, evidence=DOOR)
    return made


def verify(*arguments: str) -> tuple[int, list[str]]:
    out = io.StringIO()
    try:
        call_command("verify_evidence", *arguments, stdout=out)
    except SystemExit as stopped:
        return int(str(stopped.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def test_a_decision_keeps_who_when_where_and_what(project, cast):
    row = Approval.objects.order_by("pk")[0]

    assert (row.name, row.email, row.at) == ("Bo Halvorsen", "bo@example.org", NOW)
    assert (row.address, row.agent, row.method) == ("192.0.2.7", "Firefox", "password, mfa")
    assert row.shown_sha256 == hashlib.sha256(row.shown.encode()).hexdigest()
    assert json.loads(row.shown)["step"] == "Sign-off"
    assert utc(row.at) == "2026-11-23T15:30:00.000000Z"


def test_a_change_of_name_or_address_later_leaves_it(project, cast):
    cast.bo.name, cast.bo.email = "Bo Smith", "bo.smith@example.org"
    cast.bo.save()

    row = Approval.objects.order_by("pk")[0]
    assert (row.name, row.email) == ("Bo Halvorsen", "bo@example.org")
    assert verify() == (0, ["4 decisions, 0 from before evidence was kept, 0 faults."])


def test_the_decisions_of_a_project_are_a_chain(project):
    rows = list(Approval.objects.order_by("pk"))

    assert [row.previous_sha256 for row in rows] == ["", *[row.sha256 for row in rows[:-1]]]
    assert len({row.sha256 for row in rows}) == 4
    assert all(row.recomputes for row in rows)


def test_what_a_client_says_of_itself_is_cut_to_length(cast):
    long = Evidence("9" * 400, "x" * 4_000, "m" * 400)
    row = decide(in_review(cast), "approve", cast.bo, evidence=long).approvals.get()

    assert (len(row.address), len(row.agent), len(row.method)) == (45, 300, 60)
    assert row.recomputes


def test_canonical_text_does_not_depend_on_order():
    assert canonical({"b": 1, "a": ["é", None]}) == '{"a":["é",null],"b":1}' == canonical({"a": ["é", None], "b": 1})
    assert sha256("é") == hashlib.sha256(b"\xc3\xa9").hexdigest()


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("shown", "{}", "what was shown is not what its SHA-256 says"),
        ("note", "Never", "its seal is not that of what it says"),
        ("decision", "approved", "its seal is not that of what it says"),
        ("name", "Mallory Voss", "its seal is not that of what it says"),
        ("address", "203.0.113.9", "its seal is not that of what it says"),
        ("recorded", True, "its seal is not that of what it says"),
        ("sha256", "", "has no seal, though decisions before it have"),
    ],
)
def test_a_row_that_is_altered_does_not_recompute(project, column, value, said):
    row = Approval.objects.order_by("pk")[1]
    behind_our_back(f"UPDATE projects_approval SET {column} = %s WHERE id = %s", value, row.pk)  # noqa: S608

    code, lines = verify("MRW-1")
    assert code == 1
    assert lines[0] == f"MRW-1: decision {row.pk}: {said}"


@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_row_that_is_taken_out_shows(project, index):
    row = Approval.objects.order_by("pk")[index]
    behind_our_back("DELETE FROM projects_approval WHERE id = %s", row.pk)

    code, lines = verify("mrw-1")
    assert (code, lines[-1].split(", ")[0]) == (1, "3 decisions")
    assert any("no such decision is here" in line for line in lines)
    assert any("was taken out" in line for line in lines) == (index != 3)


def test_decisions_from_before_evidence_was_kept_are_no_fault(project):
    behind_our_back("DELETE FROM projects_approval WHERE id > (SELECT MIN(id) FROM projects_approval)")
    behind_our_back("UPDATE projects_approval SET shown = '', shown_sha256 = '', sha256 = ''")
    row = Approval.objects.get()

    assert list(faults([row], [(row.step_id, row.at, "approved")])) == []
    assert not row.has_evidence


def test_an_unknown_project_is_said_so(db):
    code, lines = verify("NO-1")

    assert code == 1
    assert json.loads("\n".join(lines))["blockers"][0]["code"] == "unknown-project"


def test_evidence_is_final(project, cast, subtests):
    move(project, KEY, "reopen", cast.ingrid, note="x")
    move(project, KEY, "submit", cast.sofia)
    delegate(the_step(project), by=cast.bo, email="beth@example.org", name="Beth", reason="Away")
    add_version(project, "sit-workbook", by=cast.priya, link="https://files.example/1")

    for model in (Approval, Delegation, DocumentVersion):
        refuses_to_be_rewritten(model.objects.order_by("pk").first(), (DecisionIsFinal, RowsStay), subtests)
