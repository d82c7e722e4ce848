"""The pages of sign-offs: what each shows to whom, what each refuses, and in how many queries."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.mail import send
from accounts.models import EmailedLink, OutgoingMail, User
from projects.delegation import delegate
from projects.documents import add_version, set_visible
from projects.models import Approval, Project
from projects.signoff import statement
from tests.cast import move
from tests.projects.signing import KEY, PATH, behind_our_back, decide, in_review, the_step
from tests.transitions.made_up import a_step, everything, publish, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(cast) -> Project:
    return in_review(cast)


def listed(client: Client, project: Project) -> list[int]:
    """The decisions on the page of all of them, by their ids."""
    text = client.get(page("sign-offs", project)).text
    return [int(pk) for pk in re.findall(rf"/projects/{project.code}/sign-offs/(\d+)", text)]


def page(name: str, project: Project, *arguments: Any) -> str:
    return reverse(name, args=[project.code, *arguments])


def form(project: Project, person: User, act: str = "approve", **values: Any) -> dict[str, Any]:
    """What the page of the decision would send."""
    return {"act": act, "shown": statement(the_step(project), person).text, **values}


# -- Deciding -------------------------------------------------------------------------------------


def test_a_decision_on_the_page_leads_to_its_evidence(client, project, cast):
    client.force_login(cast.bo)
    address = page("decide", project, PATH)
    assert 'name="party" value="biller"' in client.get(address).text

    answer = client.post(
        address, form(project, cast.bo, note="Fine"), HTTP_USER_AGENT="Firefox", REMOTE_ADDR="192.0.2.7"
    )
    row = Approval.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page("sign-off", project, row.pk))
    assert (row.decision, row.note, row.address, row.agent, row.method) == (
        "approved", "Fine", "192.0.2.7", "Firefox", "unknown",
    )  # fmt: skip
    assert "recomputes ✓" in client.get(answer["Location"]).text


def test_what_changed_meanwhile_is_shown_and_decided_anew(client, project, cast):
    client.force_login(cast.bo)
    add_version(project, "sit-workbook", by=cast.sofia, link="https://files.example/1")
    set_visible(project, "sit-workbook", True, by=cast.priya)
    seen = form(project, cast.bo)
    add_version(project, "sit-workbook", by=cast.sofia, link="https://files.example/2")
    before = everything()

    answer = client.post(page("decide", project, PATH), seen)
    assert answer.status_code == 409
    assert "Sit workbook: version 1 before, version 2 now." in answer.text
    assert everything() == before
    again = json.loads(re.search(r'name="shown" value="([^"]*)"', answer.text)[1].replace("&#34;", '"'))
    assert again["documents"][0]["version"] == 2
    assert client.post(page("decide", project, PATH), form(project, cast.bo)).status_code == 302


@pytest.mark.parametrize(
    ("who", "values", "status"),
    [
        ("bo", {"act": "reject"}, 409),
        ("bo", {"act": "reject", "note": "No", "reopens": "made-up/design.step-2"}, 400),
        ("bo", {"act": "reject", "note": "No", "reopens": "made-up/design.step-1"}, 302),
        ("bo", {"act": "approve", "party": "core_system"}, 409),
        ("bo", {"act": "approve", "party": "bishop"}, 400),
        ("bo", {"act": "burn"}, 400),
        ("bo", {"act": "approve", "shown": "{"}, 400),
        ("bo", {"act": "approve", "shown": "[]"}, 400),
        ("bo", {"act": "approve", "shown": "{}"}, 409),
        ("bo", {"act": "approve", "shown": ""}, 400),
        ("bo", {"act": "approve", "note": "x" * 4_001}, 400),
        ("bo", {"act": "excuse", "note": "x"}, 403),
        ("sofia", {"act": "approve"}, 403),
        ("priya", {"act": "approve"}, 403),
        ("adele", {"act": "approve"}, 403),
        ("mallory", {"act": "approve"}, 404),
        ("priya", {"act": "excuse", "note": "None"}, 302),
        ("ingrid", {"act": "record-approve", "party": "biller"}, 409),
        ("ingrid", {"act": "record-approve", "party": "biller", "note": "By letter"}, 302),
        ("ingrid", {"act": "record-reject", "party": "biller", "note": "By letter"}, 302),
    ],
)  # fmt: skip
def test_what_is_sent_is_answered_so(client, project, cast, who, values, status):
    person = getattr(cast, who)
    client.force_login(person)
    before = everything()

    assert client.post(page("decide", project, PATH), form(project, person) | values).status_code == status
    assert (everything() == before) == (status != 302)


def test_a_refusal_tells_nobody_outside_of_other_steps(client, cast):
    project = in_review(cast, "customer_design_review")
    move(project, "design.step-2", "reopen", cast.sofia, note="A new price")

    client.force_login(cast.bo)
    answer = client.post(page("decide", project, PATH), form(project, cast.bo))
    assert answer.status_code == 409
    assert "other work has to be closed first" in answer.text
    for secret in ("Pricing", "Sofia", "design.step-2"):
        assert secret not in answer.text
    client.force_login(cast.ingrid)
    sent = form(project, cast.ingrid, "record-approve", party="customer", note="By letter")
    assert "Pricing" in client.post(page("decide", project, PATH), sent).text


@pytest.mark.parametrize("who", ["sofia", "priya", "adele", "dele"])
def test_who_decides_nothing_sees_what_is_decided_and_no_form(client, project, cast, who):
    client.force_login(getattr(cast, who))

    answer = client.get(page("decide", project, PATH))
    assert answer.status_code == 200
    assert "What is decided" in answer.text
    assert ">Approve<" not in answer.text


def test_a_step_that_asks_for_no_decision_has_no_such_page(client, project, cast):
    client.force_login(cast.priya)

    for name in ("decide", "delegate"):
        assert client.get(page(name, project, "made-up/design.step-1")).status_code == 404
        assert client.get(page(name, project, "made-up/design.step-99")).status_code == 404


def test_the_moves_of_a_step_lead_to_the_page_and_decide_nothing(client, project, cast):
    client.force_login(cast.ingrid)
    move(project, KEY, "block", cast.sofia, note="x", owner=cast.bo, until=dt.date(2030, 1, 1))
    move(project, KEY, "resume", cast.sofia)
    move(project, KEY, "submit", cast.sofia)
    step = the_step(project)

    assert (
        f'href="{page("decide", project, PATH)}"'
        in client.get(page("step-menu", project, PATH), HTTP_HX_REQUEST="true").text
    )
    sent = {"move": "reject", "note": "x", "revision": step.revision}
    answer = client.post(page("move-step", project, PATH), sent)
    assert answer.status_code == 409
    assert "is decided on a page that shows what is decided" in answer.text
    assert Approval.objects.count() == 0


# -- Passing on -----------------------------------------------------------------------------------


def test_passing_on_and_taking_back(client, project, cast):
    client.force_login(cast.bo)
    address = page("delegate", project, PATH)
    good = {"email": "beth@example.org", "name": "Beth", "reason": "Away"}

    assert client.get(address).status_code == 200
    for wrong in ({"email": "beth@elsewhere.example"}, {"reason": ""}, {"name": ""}, {"email": "x"}):
        assert client.post(address, good | wrong).status_code == 400
    assert client.post(address, {"act": "take-back"}).status_code == 409
    assert client.post(address, good)["Location"] == page("decide", project, PATH)
    assert "You passed this on to Beth" in client.get(page("decide", project, PATH)).text
    assert client.post(address, {"act": "take-back"}).status_code == 302
    for who, status in (("sofia", 403), ("mallory", 404)):
        client.force_login(getattr(cast, who))
        assert client.post(address, {"to": cast.dele.pk, "reason": "x"}).status_code == status


# -- All of them, and one -------------------------------------------------------------------------


def test_outside_people_see_their_side_s_decisions_and_nobody_else_s_address(client, project, cast):
    decide(project, "approve", cast.bo)
    decide(project, "reject", cast.ingrid, note="Ours alone")
    move(project, KEY, "submit", cast.sofia)
    decide(project, "reject", cast.ingrid, note="By letter", party="biller")
    mine, ours, recorded = Approval.objects.order_by("pk")

    client.force_login(cast.bo)
    assert listed(client, project) == [recorded.pk, mine.pk]
    assert "bo@example.org" in client.get(page("sign-off", project, mine.pk)).text
    assert client.get(page("sign-off", project, ours.pk)).status_code == 404
    text = client.get(page("sign-off", project, recorded.pk)).text
    assert "By letter" in text
    assert "Made Up" not in text
    assert "ingrid@example.org" not in text
    client.force_login(cast.pat)
    assert listed(client, project) == []
    assert client.get(page("sign-off", project, mine.pk)).status_code == 404
    client.force_login(cast.priya)
    assert len(listed(client, project)) == 3
    client.force_login(cast.mallory)
    assert client.get(page("sign-offs", project)).status_code == 404
    assert client.get(page("sign-off", project, mine.pk)).status_code == 404


def test_a_decision_of_another_project_is_not_found(client, project, cast):
    decide(project, "approve", cast.bo)
    other = started(cast, publish(a_step(1), slug="other"), biller_name="Old", biller_code="OLD")
    client.force_login(cast.priya)

    assert client.get(page("sign-off", other, Approval.objects.get().pk)).status_code == 404
    assert client.get(page("sign-off", project, 0)).status_code == 404


def test_a_decision_from_before_says_so(client, project, cast):
    decide(project, "approve", cast.bo)
    behind_our_back("UPDATE projects_approval SET shown = '', shown_sha256 = '', sha256 = '', name = '', email = ''")
    client.force_login(cast.priya)

    text = client.get(page("sign-off", project, Approval.objects.get().pk)).text
    assert "before evidence was kept" in text
    assert "recomputes" not in text
    assert "before evidence was kept" in client.get(page("sign-offs", project)).text


def test_a_decision_that_was_altered_says_so(client, project, cast):
    decide(project, "approve", cast.bo)
    behind_our_back("UPDATE projects_approval SET note = 'Never'")
    client.force_login(cast.priya)

    assert "does not recompute" in client.get(page("sign-off", project, Approval.objects.get().pk)).text


@pytest.mark.parametrize("who", ["priya", "ingrid", "bo"])
@pytest.mark.parametrize(("name", "most"), [("decide", 12), ("sign-offs", 10)])
def test_the_pages_take_a_fixed_number_of_queries(client, project, cast, name, most, who):
    client.force_login(getattr(cast, who))
    address = page(name, project, *([PATH] if name == "decide" else []))

    def look() -> list[str]:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        return [query["sql"] for query in caught.captured_queries]

    before = look()
    for _ in range(3):
        decide(project, "approve", cast.bo)
        decide(project, "reject", cast.pat, note="No")
        move(project, KEY, "submit", cast.sofia)
    decide(project, "approve", cast.pat)
    delegate(the_step(project), by=cast.bo, email="beth@example.org", name="Beth", reason="Away")
    for number in range(3):
        add_version(project, "sit-workbook", by=cast.sofia, link=f"https://files.example/{number}")
    after = look()
    # Documents that are not there have no versions to read.
    assert len(after) - len(before) <= (1 if name == "decide" else 0), (before, after)
    assert len(after) <= most, after


# -- Mails ----------------------------------------------------------------------------------------


def sent(kind: str, person: User) -> Any:
    """The mail of a kind to somebody, sent now."""
    row = OutgoingMail.objects.get(kind=kind, person=person)
    outbox.outbox.clear()
    assert send(row.pk)
    return outbox.outbox[0]


def test_outside_the_mail_carries_a_link_and_a_code_and_nothing_internal(project, cast):
    mail = sent("approval_asked", cast.bo)

    link = EmailedLink.objects.get()
    assert (link.person, link.purpose, link.leads_to) == (cast.bo, "sign-off", page("decide", project, PATH))
    assert mail.subject == "[MRW-1] Your decision: Sign-off"
    assert "/link/" in mail.body
    assert re.search(r"\b\d{8}\b", mail.body)
    for secret in ("Made Up", "@example.org", "Sit workbook", "Ingrid"):
        assert secret not in mail.body


def test_inside_the_mail_leads_to_the_page(cast):
    project = in_review(cast, "architect_review")
    mail = sent("approval_asked", cast.ingrid)

    assert page("decide", project, PATH) in mail.body
    assert EmailedLink.objects.count() == 0


def test_a_receipt_says_what_was_decided_and_its_digests(project, cast):
    row = decide(project, "approve", cast.bo, note="Fine").approvals.get()
    body = sent("approval_receipt", cast.bo).body

    for said in (
        "Approved",
        "Fine",
        "2026-11-23T15:30:00",
        row.shown_sha256,
        row.sha256,
        page("sign-off", project, row.pk),
    ):
        assert said in body


def test_what_is_asked_no_longer_is_not_mailed(project, cast):
    decide(project, "reject", cast.bo, note="No")

    asked = OutgoingMail.objects.filter(kind="approval_asked")
    assert [send(row.pk) for row in asked] == [False, False]


def test_the_delegate_s_mail(project, cast):
    delegate(the_step(project), by=cast.bo, email="beth@example.org", name="Beth\r\nBcc: x", reason="Away")
    mail = sent("delegated", User.objects.get(email="beth@example.org"))

    assert mail.subject == "[MRW-1] Passed on to you: Sign-off"
    assert "Bo Halvorsen passed the decision" in mail.body
    assert "Away" in mail.body
