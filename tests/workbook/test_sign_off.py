"""The biller's signature on a run: who, on what exactly, once; its evidence; the run that a verification of SIT is about."""

from __future__ import annotations

import hashlib
import io
import json
import re
from html import unescape
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import OutgoingMail, User
from projects.evidence import Evidence
from projects.models import Notice, Project
from projects.models.archive import DecisionIsFinal
from projects.notice_kinds import NoticeKind
from projects.signoff import changes as signoff_changes
from projects.signoff import statement
from tests.cast import step_of
from tests.projects.reading import Page
from tests.projects.signing import NOW
from tests.workbook.uat_scene import Uat, a_project, a_run, client_of, write_cases
from transitions.blockers import Archived, NotPermitted
from transitions.moves import perform
from workbook.models import Defect, ExitCriteria, RunSignOff
from workbook.runs import RunRefused, record_result, start_run
from workbook.sign_off import changes, head_of, run_statement, sign_run, signed, uat_signed
from workbook.vocabulary import Kind

pytestmark = pytest.mark.django_db

DOOR = Evidence("192.0.2.7", "Firefox", "password, mfa")


@pytest.fixture
def uat(cast) -> Uat:
    """A run of four that is closed: two passed, one failed with an open defect, one is not part of the test."""
    made = a_run(cast)
    made.record(1, "passed", cast.bo)
    made.record(2, "passed", cast.pat)
    result = made.record(3, "failed", cast.bo, "It hangs")
    Defect(project=made.project, result=result, title="It hangs", severity=2, opened_by=cast.bo).save()
    made.record(4, "waived", cast.priya, "sekret-waiver")
    made.close()
    return made


def get(person: User, address: str, status: int = 200) -> str:
    answer = client_of(person).get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def form_of(person: User, uat: Uat) -> dict[str, str]:
    """What a form on the page carries."""
    html = client_html(person, uat)
    return {name: unescape(re.findall(f'name="{name}" value="([^"]*)"', html)[0]) for name in ("shown", "head")}


def client_html(person: User, uat: Uat) -> str:
    return client_of(person).get(uat.url("uat-sign")).content.decode()


def post(person: User, uat: Uat, act: str, *, carried: dict[str, str] | None = None, **sent: Any) -> Any:
    carried = carried or {
        "shown": run_statement(uat.run).digest,
        "head": json.dumps(head_of(run_statement(uat.run).values)),
    }
    return client_of(person).post(uat.url("uat-sign"), {"act": act, "note": "", **carried, **sent})


def verify(*arguments: str) -> tuple[int, list[str]]:
    out = io.StringIO()
    try:
        call_command("verify_evidence", *arguments, stdout=out)
    except SystemExit as stopped:
        return int(str(stopped.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def behind_our_back(sql: str, *values: Any) -> None:
    """Write to the table of signatures as nobody can who comes through us; PostgreSQL refuses until its trigger is off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE workbook_runsignoff DISABLE TRIGGER append_only")
        cursor.execute(sql, values)
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE workbook_runsignoff ENABLE TRIGGER append_only")


# What is shown.


def test_a_statement_says_every_case_and_what_it_came_to(uat, cast):
    values = run_statement(uat.run).values
    assert [(case["code"], case["title"], case["outcome"], case["by"]) for case in values["cases"]] == [
        ("T-1", "Open a bill", "Passed", "Bo Halvorsen"), ("T-2", "Pay by card", "Passed", "Pat Quinn"),
        ("T-3", "See the payment", "Failed", "Bo Halvorsen"), ("T-4", "Download a receipt", "Not part of this test", None),
    ]  # fmt: skip
    assert all(len(case["text_sha256"]) == 64 for case in values["cases"])
    assert values["cases"][0]["at"].endswith("Z")
    assert values["cases"][3]["at"] is None
    assert (values["run"], values["build"], values["environment"]) == ("UAT run 1", "2026.11", "Staging")
    assert values["counts"] == {"Passed": 2, "Failed": 1, "Not part of this test": 1}
    assert values["open_defects"] == {"2": 1}
    assert values["exit_criteria"]["reasons"] == [
        "75 % passed; 100 % is asked.",
        "1 defect of severity 1 or 2 is open.",
    ]
    assert values["exit_criteria"]["met"] is False


def test_a_statement_is_the_same_whoever_reads_it_and_tells_nothing_internal(uat, cast):
    texts = {person: client_html(person, uat) for person in (cast.bo, cast.pat, cast.priya)}
    digests = {re.findall(r"SHA-256 ([0-9a-f]{64})", html)[0] for html in texts.values()}
    assert digests == {run_statement(uat.run).digest}
    text = run_statement(uat.run).text
    for secret in ("sekret", "@", "Priya", "waive", "Made Up"):
        assert secret not in text


def test_the_digest_is_of_the_text_of_the_cases_as_pinned(uat):
    before = run_statement(uat.run)
    case = uat.case(1).case
    case.steps = "Something else"
    case.save()
    assert run_statement(uat.run).digest == before.digest
    assert hashlib.sha256(before.text.encode()).hexdigest() == before.digest


def test_the_exit_criteria_of_uat_are_those_of_the_project(uat):
    ExitCriteria(project=uat.project, kind=Kind.SIT, share_passed=100).save()
    ExitCriteria(project=uat.project, kind=Kind.UAT, share_passed=75).save()
    perform(Defect.objects.get(), "close_defect", by=uat.cast.priya, note="Mended")
    verdict = run_statement(uat.run).values["exit_criteria"]
    assert (verdict["met"], verdict["share_passed"], verdict["share_asked"], verdict["reasons"]) == (True, 75, 75, [])


def test_mandatory_cases_that_were_not_run_are_counted(cast):
    uat = a_run(cast)
    uat.record(1, "passed", cast.bo)
    uat.close()
    reasons = run_statement(uat.run).values["exit_criteria"]["reasons"]
    assert reasons == ["2 mandatory cases were not run.", "25 % passed; 100 % is asked."]


def test_a_defect_of_sit_is_not_in_what_the_biller_reads(uat, cast):
    before = run_statement(uat.run).digest
    write_cases(uat.project, Kind.SIT, 1)
    run = start_run(uat.project, Kind.SIT, build="1", environment="Test", by=cast.priya)
    result = record_result(run.cases.get(), "failed", by=cast.sofia, note="x")
    Defect(project=uat.project, result=result, title="x", severity=1, opened_by=cast.sofia).save()
    assert run_statement(uat.run).digest == before


# Signing.


def test_bo_approves_exactly_what_was_shown(uat, cast):
    page = Page(get(cast.bo, uat.url("uat-sign")))
    assert {"Sign UAT run 1", "What you sign", "Your decision"} <= set(page.headings)
    answer = post(cast.bo, uat, "approve", carried=form_of(cast.bo, uat), note="Looks right")
    row = RunSignOff.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        reverse("run-sign-off", args=[uat.project.code, row.pk]),
    )
    assert (row.run, row.decision, row.by, row.name, row.email, row.note, row.recorded) == (
        uat.run, "approved", cast.bo, "Bo Halvorsen", "bo@example.org", "Looks right", False,
    )  # fmt: skip
    assert row.shown_sha256 == hashlib.sha256(row.shown.encode()).hexdigest()
    assert json.loads(row.shown)["run"] == "UAT run 1"
    assert (row.method, row.address) != ("unknown", "")
    assert row.recomputes
    assert uat_signed(uat.project) == row == signed(uat.run)


def test_the_evidence_is_what_the_door_says(uat, cast):
    row = sign_run(uat.run, "approved", by=cast.bo, evidence=DOOR, now=NOW)
    assert (row.address, row.agent, row.method, row.at) == ("192.0.2.7", "Firefox", "password, mfa", NOW)


def test_signing_something_else_than_what_was_shown_is_refused_with_what_changed(uat, cast):
    carried = form_of(cast.bo, uat)
    perform(Defect.objects.get(), "close_defect", by=cast.priya, note="Mended")
    answer = post(cast.bo, uat, "approve", carried=carried, note="Looks right")
    text = Page(unescape(answer.content.decode())).text
    assert (answer.status_code, RunSignOff.objects.count()) == (409, 0)
    assert "What you were shown has changed meanwhile." in text
    assert "Open defects: 1 of severity 2 before, none now." in text
    assert "Looks right" in text
    assert post(cast.bo, uat, "approve", carried=form_of(cast.bo, uat)).status_code == 302


def test_what_changed_is_said_in_words():
    head = {
        "open_defects": {"1": 2},
        "exit_criteria": {"met": False},
        "counts": {"Passed": 3},
        "build": "1",
        "environment": "a",
        "project": {},
    }
    assert changes(head, head) == ["What is asked changed."]
    assert changes(head, {**head, "open_defects": {}}) == ["Open defects: 2 of severity 1 before, none now."]
    assert changes(head, {**head, "exit_criteria": {"met": True}}) == ["The exit criteria: not met before, met now."]
    assert changes(head, {**head, "counts": {"Passed": 2}}) == ["The results: 3 of passed before, 2 of passed now."]
    assert changes(head, {**head, "build": "2"}) == ["The build is another now."]
    assert changes({}, head) == ["What is asked changed."]
    assert changes({"open_defects": "<b>", "exit_criteria": 7}, head) == [
        "Open defects: none before, 2 of severity 1 now.", "The exit criteria: not met before, not met now.",
    ]  # fmt: skip


@pytest.mark.parametrize("head", ["", "[]", "{", "7", "[" * 10_000, '{"counts": {"<script>": 1}}'])
def test_a_head_that_is_not_readable_is_no_harm(uat, cast, head):
    answer = post(cast.bo, uat, "approve", carried={"shown": "0" * 64, "head": head})
    assert answer.status_code == 409
    assert "<script>" not in answer.content.decode().partition("<main")[2]


@pytest.mark.parametrize("shown", ["", "x", "0" * 63])
def test_a_decision_without_what_was_shown_is_refused(uat, cast, shown):
    answer = post(cast.bo, uat, "approve", carried={"shown": shown, "head": ""})
    assert (answer.status_code, RunSignOff.objects.count()) == (400, 0)
    assert "What was shown did not come back" in answer.content.decode()


def test_a_rejection_says_why_and_a_next_run_is_made(uat, cast):
    answer = post(cast.bo, uat, "reject")
    assert answer.status_code == 409
    assert "Say why you reject it" in answer.content.decode()
    assert post(cast.bo, uat, "reject", note="Paying hangs").status_code == 302
    assert (signed(uat.run).decision, signed(uat.run).note) == ("rejected", "Paying hangs")
    assert uat_signed(uat.project) is None
    assert "Rejected" in get(cast.pat, uat.url())
    following = start_run(uat.project, Kind.UAT, build="2026.12", environment="Staging", by=cast.priya)
    second = Uat(cast, uat.project, following.pk)
    second.all_pass(cast.bo)
    second.close()
    row = sign_run(second.run, "approved", by=cast.bo)
    assert row.previous_sha256 == signed(uat.run).sha256
    assert uat_signed(uat.project) == row


@pytest.mark.parametrize("first", ["approved", "rejected"])
@pytest.mark.parametrize("then", ["approved", "rejected"])
def test_a_decision_on_a_run_stands_for_good(uat, cast, first, then):
    sign_run(uat.run, first, by=cast.bo, note="So")
    with pytest.raises(RunRefused, match="stands for good"):
        sign_run(uat.run, then, by=cast.bo, note="Or so")
    assert post(cast.bo, uat, "approve").status_code == 409
    assert RunSignOff.objects.count() == 1
    row = RunSignOff.objects.get()
    row.decision = then
    with pytest.raises(DecisionIsFinal):
        row.save()
    with pytest.raises(DecisionIsFinal):
        row.delete()


def test_only_a_closed_run_of_uat_is_signed(cast):
    uat = a_run(cast)
    with pytest.raises(RunRefused, match="still open"):
        sign_run(uat.run, "approved", by=cast.bo)
    assert post(cast.bo, uat, "approve").status_code == 409
    assert "Not to be signed yet" in get(cast.bo, uat.url("uat-sign"))
    perform(uat.run, "abandon_run", by=cast.priya, note="Wrong build")
    with pytest.raises(RunRefused, match="stopped"):
        sign_run(uat.run, "approved", by=cast.bo)
    assert "Nothing to sign" in get(cast.bo, uat.url("uat-sign"))
    write_cases(uat.project, Kind.SIT, 1)
    sit = start_run(uat.project, Kind.SIT, build="1", environment="Test", by=cast.priya)
    perform(sit, "close_run", by=cast.priya)
    with pytest.raises(RunRefused, match="not for the biller"):
        sign_run(sit, "approved", by=cast.bo)


def test_the_run_that_counts_is_the_newest_that_was_not_stopped(uat, cast):
    row = sign_run(uat.run, "approved", by=cast.bo)
    following = start_run(uat.project, Kind.UAT, build="2", environment="Staging", by=cast.priya)
    assert uat_signed(uat.project) is None
    perform(following, "abandon_run", by=cast.priya, note="No")
    assert uat_signed(uat.project) == row


def test_a_run_with_a_later_one_is_not_signed_any_more(uat, cast):
    start_run(uat.project, Kind.UAT, build="2", environment="Staging", by=cast.priya)
    with pytest.raises(RunRefused, match="UAT run 2 came after UAT run 1"):
        sign_run(uat.run, "approved", by=cast.bo)
    page = Page(get(cast.bo, uat.url("uat-sign")))
    assert "UAT run 2 came after it." in page.text
    assert "Your decision" not in page.headings


@pytest.mark.parametrize(
    ("person", "act", "status"),
    [
        ("bo", "approve", 302), ("pat", "approve", 403), ("priya", "approve", 403), ("sofia", "approve", 403),
        ("adele", "approve", 403), ("mallory", "approve", 404), ("dele", "approve", 404),
        ("priya", "record-approve", 302), ("ivan", "record-reject", 302), ("adele", "record-approve", 302),
        ("sofia", "record-approve", 403), ("bo", "record-approve", 403), ("pat", "record-approve", 403),
    ],
)  # fmt: skip
def test_who_signs_and_who_writes_it_down(uat, cast, person, act, status):
    assert post(getattr(cast, person), uat, act, note="By letter of Nov 20").status_code == status
    assert RunSignOff.objects.count() == (status == 302)


def test_what_came_on_paper_stands_as_written_down(uat, cast):
    assert post(cast.priya, uat, "record-approve").status_code == 409
    assert post(cast.priya, uat, "record-approve", note="By letter of Nov 20").status_code == 302
    row = RunSignOff.objects.get()
    assert (row.by, row.recorded, row.note) == (cast.priya, True, "By letter of Nov 20")
    receipt = Page(get(cast.bo, reverse("run-sign-off", args=[uat.project.code, row.pk]))).text
    assert "Written down by Priya Nair" in receipt
    assert "By letter of Nov 20" in receipt
    assert "priya@example.org" not in receipt
    assert uat_signed(uat.project) == row


def test_an_archived_project_is_not_signed(uat, cast):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_project SET standing = 'complete' WHERE id = %s", [uat.project.pk])
    with pytest.raises(Archived):
        sign_run(uat.run, "approved", by=cast.bo)
    assert post(cast.bo, uat, "approve").status_code == 409
    assert "Nothing changes any more" in get(cast.bo, uat.url("uat-sign"))


def test_an_unknown_decision_and_a_book_of_reasons_are_refused(uat, cast):
    with pytest.raises(ValidationError):
        sign_run(uat.run, "maybe", by=cast.bo)
    with pytest.raises(RunRefused, match="4,000 is the most"):
        sign_run(uat.run, "rejected", by=cast.bo, note="x" * 4001)
    assert post(cast.bo, uat, "maybe").status_code == 400
    assert post(cast.bo, uat, "reject", note="x" * 4001).status_code == 400


def test_who_is_deactivated_signs_nothing(uat, cast):
    cast.bo.is_active = False
    with pytest.raises(NotPermitted):
        sign_run(uat.run, "approved", by=cast.bo)


# Evidence, receipts, who hears.


def test_verify_evidence_looks_at_signatures_too(uat, cast):
    sign_run(uat.run, "approved", by=cast.bo, evidence=DOOR)
    assert verify() == (0, ["1 decisions, 0 from before evidence was kept, 0 faults."])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("shown", "{}", "what was shown is not what its SHA-256 says"),
        ("decision", "rejected", "its seal is not that of what it says"),
        ("note", "Never", "its seal is not that of what it says"),
        ("recorded", True, "its seal is not that of what it says"),
        ("name", "Mallory Voss", "its seal is not that of what it says"),
    ],
)
def test_a_signature_that_is_altered_does_not_recompute(uat, cast, column, value, said):
    row = sign_run(uat.run, "approved", by=cast.bo, evidence=DOOR)
    behind_our_back(f"UPDATE workbook_runsignoff SET {column} = %s WHERE id = %s", value, row.pk)  # noqa: S608
    assert verify("MRW-1") == (
        1, [f"MRW-1: run sign-off {row.pk}: {said}", "1 decisions, 0 from before evidence was kept, 1 faults."],
    )  # fmt: skip
    page = get(cast.bo, reverse("run-sign-off", args=[uat.project.code, row.pk]))
    assert "does not recompute" in page
    assert "cannot be read as what was signed" in page


def test_the_receipt_shows_what_was_signed_to_whom_it_concerns(uat, cast):
    row = sign_run(uat.run, "approved", by=cast.bo, evidence=DOOR, note="Looks right")
    address = reverse("run-sign-off", args=[uat.project.code, row.pk])
    own = get(cast.bo, address)
    for text in ("192.0.2.7", "Firefox", "bo@example.org", row.sha256, row.shown_sha256, "Looks right", "recomputes"):
        assert text in own
    assert "password, mfa" in get(cast.priya, address)
    for person in (cast.pat, cast.mallory, cast.dele):
        get(person, address, 404)
    other = a_project(cast, CIS=None)
    get(cast.bo, reverse("run-sign-off", args=[other.code, row.pk]), 404)


def test_past_signatures_stand_on_the_project_s_page_of_who_signs(uat, cast):
    row = sign_run(uat.run, "approved", by=cast.bo)
    page = get(cast.bo, uat.project.get_absolute_url())
    assert f'href="uat/sign-offs/{row.pk}"' in page
    assert "by Bo Halvorsen" in page.partition('id="uat-heading"')[2]
    assert "sign-offs/" not in get(cast.pat, uat.project.get_absolute_url())


def test_a_receipt_goes_to_who_signed_and_a_notice_to_who_runs_the_project(
    uat, cast, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        row = sign_run(uat.run, "rejected", by=cast.bo, note="Paying hangs", evidence=DOOR)
    receipt = outbox.outbox[-1]
    assert (receipt.to, receipt.subject) == (["bo@example.org"], "[MRW-1] Receipt: Rejected: UAT run 1")
    for text in (row.sha256, row.shown_sha256, "Paying hangs", "1 failed"):
        assert text in receipt.body
    told = Notice.objects.filter(kind=NoticeKind.DECIDED)
    assert {(notice.person, notice.text) for notice in told} == {
        (person, "Bo Halvorsen rejected UAT run 1.") for person in (cast.priya, cast.ivan)
    }
    assert all(notice.address == reverse("run-sign-off", args=[uat.project.code, row.pk]) for notice in told)
    asked = OutgoingMail.objects.get(kind="uat_to_sign")
    assert asked.person == cast.bo


# The run that a verification of SIT is about.


@pytest.fixture
def verified(cast) -> Project:
    """SIT with a closed run of two, one of which passed; its verification waits for nobody yet."""
    project = a_project(cast)
    write_cases(project, Kind.SIT, 2)
    run = start_run(project, Kind.SIT, build="7", environment="Test", by=cast.priya)
    record_result(run.cases.get(position=1), "passed", by=cast.sofia)
    record_result(run.cases.get(position=2), "waived", by=cast.sofia, note="Later")
    perform(run, "close_run", by=cast.priya)
    return project


def test_who_verifies_sit_signs_that_run(verified, cast):
    step = step_of(verified, "sit.step-2")
    shown = statement(step, cast.ingrid).values["sit_run"]
    run = verified.runs.get()
    assert (shown["run"], shown["state"], shown["counts"]) == ("SIT run 1", "Closed", {"Passed": 1, "Waived": 1})
    assert shown["sha256"] == run_statement(run).digest
    address = f"{verified.step_url('made-up/sit.step-2')}decide"
    assert shown["sha256"] in get(cast.ingrid, address)
    assert "SIT run 1, closed" in Page(get(cast.ingrid, address)).text


def test_a_later_run_or_result_is_another_statement(verified, cast):
    step = step_of(verified, "sit.step-2")
    before = statement(step, cast.ingrid)
    run = start_run(verified, Kind.SIT, build="8", environment="Test", by=cast.priya)
    opened = statement(step, cast.ingrid)
    record_result(run.cases.get(position=1), "passed", by=cast.sofia)
    later = statement(step, cast.ingrid)
    assert len({before.digest, opened.digest, later.digest}) == 3
    assert later.values["sit_run"]["run"] == "SIT run 2"
    assert signoff_changes(before.values, later.values) == ["What is shown of the sit run is not what it was."]


def test_outside_and_other_steps_are_shown_no_run_of_sit(verified, cast):
    assert "sit_run" not in statement(step_of(verified, "sit.step-2"), cast.bo).values
    assert "sit_run" not in statement(step_of(verified, "design.step-1"), cast.ingrid).values
    assert "sit_run" not in statement(step_of(a_project(cast), "sit.step-2"), cast.ingrid).values


# What it costs.


def test_signing_takes_a_fixed_number_of_queries(cast):
    found = []
    for count in (20, 500):
        uat = a_run(cast, count)
        uat.all_pass(cast.bo)
        uat.close()
        with CaptureQueriesContext(connection) as caught:
            row = sign_run(uat.run, "approved", by=cast.bo)
        signing = len(caught)  # a request forgets what was caught
        client, address = client_of(cast.bo), reverse("run-sign-off", args=[uat.project.code, row.pk])
        client.get(address)
        with CaptureQueriesContext(connection) as read:
            assert client.get(address).status_code == 200
        found.append((signing, len(read)))
    assert found[0] == found[1]
    assert found[0][0] <= 24
    assert found[0][1] <= 7
