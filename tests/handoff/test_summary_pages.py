"""The pages of the Integration Summary: who sees them, what they say, and what becomes of bad input."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.mail import site_address
from handoff.models import SummaryAcceptance, SummaryEntry
from handoff.summary import demo
from handoff.summary.completeness import completeness
from handoff.summary.fields import BY_KEY, FIELDS
from handoff.summary.filling import SummaryRefused, accept_summary, set_field, take_known
from handoff.summary.prefill import CUSTOM, proposals
from projects.documents import add_version
from projects.models import CoreSystem, CoreSystemProduct, Partner, Project
from records.models import RaidKind
from records.raid import raise_item
from tests.cast import MakeProject, run_sit
from transitions.blockers import StaleRow
from transitions.clock import business_day
from workbook.models import Run

BOTH = ("integration", "transition-to-cs")


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A partner integration that is handed over."""
    return make_project(playbooks=BOTH, mrr=Decimal("3000"), core_system="Tyndall")


@pytest.fixture
def at(project: Project) -> str:
    return f"/projects/{project.code}/summary/"


def as_(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(response: Any) -> str:
    """What the page says, without its tags, with single blanks."""
    body = response.content.decode().split("<main", 1)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def fill(project: Project, by: Any) -> None:
    for field in FIELDS:
        value = "/projects/" if field.kind.value == "links" else f"About {field.title}"
        set_field(project, field.key, revision=0, by=by, value=value)


# Who sees it.


@pytest.mark.parametrize(
    ("who", "status"),
    [("priya", 200), ("ivan", 200), ("tess", 200), ("adele", 200), ("bo", 404), ("pat", 404), ("mallory", 404)],
)
def test_who_sees_it(project, cast, at, who, status):
    client = as_(getattr(cast, who))
    assert [client.get(address).status_code for address in (at, f"{at}print")] == [status, status]
    for address in ("payments", "fill", "accept"):
        assert (client.post(f"{at}{address}").status_code == 404) == (status == 404)


def test_client_services_without_a_seat_reads_it_and_no_more(make_project, cast):
    project = make_project(playbooks=BOTH, people={"PM": cast.priya, "IM": cast.ivan})
    at, client = f"/projects/{project.code}/summary/", as_(cast.tess)
    page = client.get(at)
    assert page.status_code == 200
    assert "Whoever has a seat on the project writes here." in text(page)
    assert b"Save" not in page.content
    refused = client.post(f"{at}payments", {"value": "Nightly", "revision": 0})
    assert (refused.status_code, SummaryEntry.objects.count()) == (403, 0)
    assert "has no seat on this project" in text(refused)


def test_an_unknown_field_and_a_look_at_an_act_are_refused(project, cast, at):
    client = as_(cast.ivan)
    assert client.post(f"{at}colour", {"value": "red", "revision": 0}).status_code == 404
    assert client.get(f"{at}payments").status_code == 405


# Filling.


def test_the_page_says_how_far_it_is_and_leads_to_what_is_open(project, cast, at):
    set_field(project, "payments", revision=0, by=cast.ivan, value="Posted <b>nightly</b>.")
    page = as_(cast.priya).get(at)
    said = text(page)
    assert "1 of 20 fields" in said
    assert f"What is missing is {cast.ivan.name}’s to complete, as IM." in said
    assert "Posted &lt;b&gt;nightly&lt;/b&gt;." in page.content.decode()
    assert f"By {cast.ivan.name}" in said
    assert b'href="#biller-software"' not in page.content  # one link to a section: its first gap
    assert b'href="#integrator"' in page.content
    assert f'href="/projects/{project.code}/history?what=summary-entry"'.encode() in page.content


def test_a_field_is_filled_and_one_comes_back_to_it(project, cast, at):
    client = as_(cast.ivan)
    answer = client.post(f"{at}payments", {"value": "Nightly", "revision": 0, "act": "save"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{at}#payments")
    assert SummaryEntry.objects.get(key="payments").value == "Nightly"
    client.post(f"{at}payments", {"value": "", "revision": 1, "act": "save"})
    assert SummaryEntry.objects.get(key="payments").is_open


def test_na_asks_for_a_reason_and_keeps_the_name(project, cast, at):
    client = as_(cast.ivan)
    refused = client.post(f"{at}ivr", {"value": "", "reason": " ", "revision": 0, "act": "not_applicable"})
    assert (refused.status_code, SummaryEntry.objects.count()) == (400, 0)
    assert "Say why it does not apply." in text(refused)
    assert "<title>Error: " in refused.content.decode()
    client.post(f"{at}ivr", {"value": "", "reason": "No telephone", "revision": 0, "act": "not_applicable"})
    assert f"N/A : No telephone By {cast.ivan.name}" in text(client.get(at))
    client.post(
        f"{at}ivr", {"value": "", "reason": "Telephone comes in spring", "revision": 1, "act": "not_applicable"}
    )
    assert SummaryEntry.objects.get(key="ivr").reason == "Telephone comes in spring"
    client.post(f"{at}ivr", {"value": "1-800", "reason": "Telephone comes in spring", "revision": 2, "act": "save"})
    assert SummaryEntry.objects.get(key="ivr").value == "1-800"


def test_a_reason_alone_says_na_whichever_button_sent_it(project, cast, at):
    as_(cast.ivan).post(f"{at}ivr", {"value": "", "reason": "No telephone", "revision": 0, "act": "save"})
    assert SummaryEntry.objects.get(key="ivr").not_applicable


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("payments", "long " * 40_000, "4,000 characters are the most"),
        ("videos", "javascript:alert(1)", "is no link"),
        ("videos", "ftp://files.example.org/", "is no link"),
        ("payments", "   ", "Write something, or say that it does not apply, and why."),
        ("invoice-types", "\n".join(map(str, range(60))), "50 lines are the most"),
    ],
)
def test_what_is_refused_stays_in_the_form(project, cast, at, key, value, says):
    refused = as_(cast.ivan).post(f"{at}{key}", {"value": value, "revision": 0, "act": "save"})
    assert (refused.status_code, SummaryEntry.objects.count()) == (400, 0)
    assert says in text(refused)
    assert f'href="#value-{key}"' in refused.content.decode()
    assert value.strip() in refused.content.decode()


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30])
def test_a_revision_that_is_none_is_refused(project, cast, at, revision):
    refused = as_(cast.ivan).post(f"{at}payments", {"value": "Nightly", "revision": revision})
    assert (refused.status_code, SummaryEntry.objects.count()) == (400, 0)
    assert "Nightly" in refused.content.decode()


def test_whoever_is_late_sees_both_values_and_may_save_theirs(project, cast, at):
    set_field(project, "payments", revision=0, by=cast.sofia, value="Nightly")
    client = as_(cast.ivan)
    refused = client.post(f"{at}payments", {"value": "Hourly", "revision": 0, "act": "save"})
    assert refused.status_code == 409
    said = text(refused)
    assert "Changed meanwhile. Nothing of yours is saved yet." in said
    assert "Payments Nightly Hourly" in said
    form = refused.content.decode().split(f'action="{at}payments"')[1].split("</form>")[0]
    assert 'name="revision" value="1"' in form
    client.post(f"{at}payments", {"value": "Hourly", "revision": 1, "act": "save"})
    assert SummaryEntry.objects.get(key="payments").value == "Hourly"


def test_from_the_page_a_field_comes_back_alone_so_that_the_others_keep_what_is_typed(project, cast, at):
    client = as_(cast.ivan)
    sent = {"value": "Nightly", "revision": 0, "act": "save"}
    answer = client.post(f"{at}payments", sent, headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert answer.status_code == 200
    assert body.count('class="summary-field"') == 1
    assert 'id="far" hx-swap-oob="true"' in body
    assert "1 of 20 fields" in body
    assert "“Payments” is saved." in json.loads(answer.headers["HX-Trigger"])["toast"]["text"]
    late = client.post(f"{at}payments", {**sent, "value": "Hourly"}, headers={"HX-Request": "true"})
    body = late.content.decode()
    assert late.status_code == 409
    assert "<!doctype" not in body.lower()
    assert "Changed meanwhile." in body
    assert "Hourly" in body
    assert "hx-swap-oob" not in body


# What the project knows.


@pytest.fixture
def known(project: Project, cast: Any) -> Project:
    """The project with a partner, a product, an item in its log, a closed run and a version of its design."""
    system = project.core_system
    assert system is not None
    system.vendor = Partner.objects.create(name="Tyndall Software")
    system.save()
    for product, confirm in (("presentment", False), ("claims", True)):
        CoreSystemProduct.objects.create(core_system=system, product=product, stage="released", to_confirm=confirm)
    raise_item(project, RaidKind.RISK, by=cast.priya, title="Files come late", cause="a", event="b", effect="c")
    run_sit(project, cast)
    link = "https://files.example.org/design.docx"
    add_version(project, "solution-design-document", by=cast.priya, link=link, label="Design")
    return Project.objects.get(pk=project.pk)


def test_proposals_are_what_the_rows_say(known):
    found = proposals(known, FIELDS)
    base, run = f"/projects/{known.code}/", Run.objects.get()
    assert {key: one.value for key, one in found.items()} == {
        "integrator": "Tyndall Software",
        "biller-software": "Tyndall",
        "invoice-types": "Bill presentment",
        "raid-log": site_address(f"{base}raid/?state=all&format=xlsx"),
        "project-schedule": site_address(base),
        "sit-results": site_address(f"{base}workbook/runs/{run.pk}/results.xlsx"),
        "scope-plan": "https://files.example.org/design.docx",
    }
    assert found["scope-plan"].source == "Solution Design Document, version 1"
    assert proposals(known, []) == {}


def test_the_addresses_proposed_are_there(known, cast, settings):
    client = as_(cast.ivan)
    for one in proposals(known, [field for field in FIELDS if field.kind.value == "links"]).values():
        if one.value.startswith(settings.SITE_URL):
            assert client.get(one.value.removeprefix(settings.SITE_URL.rstrip("/"))).status_code == 200


def test_a_custom_integration_is_ours(make_project):
    project = make_project(playbooks=BOTH, kind="custom", core_system="Tyndall")
    assert proposals(project, [BY_KEY["integrator"]])["integrator"].value == CUSTOM


def test_one_act_fills_all_that_is_open_and_known(known, cast, at):
    set_field(known, "integrator", revision=0, by=cast.sofia, value="Somebody else")
    client = as_(cast.ivan)
    assert "From the project (core system): Tyndall" in text(client.get(at))
    assert client.post(f"{at}fill").status_code == 302
    rows = {row.key: row for row in SummaryEntry.objects.all()}
    assert rows["integrator"].value == "Somebody else"
    assert (rows["biller-software"].value, rows["biller-software"].prefilled) == ("Tyndall", True)
    assert len(rows) == 7
    page = text(client.get(at))
    assert f"Taken from the project by {cast.ivan.name}" in page
    assert "Fill what the project knows" not in page
    refused = client.post(f"{at}fill")
    assert refused.status_code == 409
    assert "The project knows nothing more of what is open" in text(refused)


def test_one_proposal_is_taken_over(known, cast, at):
    client = as_(cast.ivan)
    assert client.post(f"{at}biller-software", {"act": "take", "value": "", "revision": 0}).status_code == 302
    assert [row.key for row in SummaryEntry.objects.all()] == ["biller-software"]
    again = client.post(f"{at}biller-software", {"act": "take", "value": "", "revision": 0})
    assert again.status_code == 409
    with pytest.raises(StaleRow):
        take_known(known, by=cast.ivan, only="biller-software")
    with pytest.raises(SummaryRefused):
        take_known(known, by=cast.ivan, only="ivr")


# Accepting.


def test_client_services_accepts_on_the_page_and_sees_what_changed_since(project, cast, at):
    client = as_(cast.tess)
    assert "It can be accepted once no field is open." in text(client.get(at))
    fill(project, cast.ivan)
    page = client.get(at)
    assert b"Accept it as it stands" in page.content
    assert b"Accept it as it stands" not in as_(cast.priya).get(at).content
    digest = completeness(project).digest
    assert client.post(f"{at}accept", {"digest": digest, "note": "Good."}).status_code == 302
    page = text(client.get(at))
    assert f"Accepted as it stands by {cast.tess.name}" in page
    assert "“Good.”" in page
    set_field(project, "payments", revision=1, by=cast.sofia, value="Hourly")
    page = client.get(at)
    assert f"Payments About Payments Hourly {cast.sofia.name}" in text(page)
    assert b"Accept it again" in page.content
    assert "Changed since accepted" in text(page)


def test_an_acceptance_that_is_refused_keeps_the_note(project, cast, at):
    client = as_(cast.tess)
    early = client.post(f"{at}accept", {"digest": "0" * 64, "note": "Good"})
    assert early.status_code == 409
    assert "Integration Summary: General lacks Integrator, Biller Software, General comment." in text(early)
    fill(project, cast.ivan)
    stale = client.post(f"{at}accept", {"digest": "0" * 64, "note": "Good, I think"})
    assert stale.status_code == 409
    assert "Look through it again, then accept." in text(stale)
    assert "Good, I think" in stale.content.decode()
    assert completeness(project).digest in stale.content.decode()
    assert client.post(f"{at}accept", {"note": "x"}).status_code == 400
    assert as_(cast.priya).post(f"{at}accept", {"digest": completeness(project).digest}).status_code == 403
    assert not SummaryAcceptance.objects.exists()


def test_a_complete_summary_leads_to_the_step_that_asks_for_it(project, cast, at):
    fill(project, cast.ivan)
    step = f"/projects/{project.code}/steps/transition-to-cs/release.integration-summary/"
    assert f'<a href="{step}">mark the step done</a>' in as_(cast.ivan).get(at).content.decode()
    assert step.encode() in as_(cast.ivan).get(f"/projects/{project.code}/").content


# Elsewhere.


def test_paper_has_every_field_and_no_form(project, cast, at):
    set_field(project, "ivr", revision=0, by=cast.ivan, not_applicable=True, reason="No telephone")
    page = as_(cast.tess).get(f"{at}print")
    assert all(field.title in text(page) for field in FIELDS)
    assert "N/A : No telephone" in text(page)
    assert b"<form" not in page.content.split(b"<main")[1]


def test_the_panel_is_there_where_the_project_is_handed_over(project, make_project, cast, at):
    page = as_(cast.priya).get(f"/projects/{project.code}/")
    assert f'<a class="title" href="{at}">Integration Summary</a>'.encode() in page.content
    other = make_project(biller="Ashby Gas")
    page = as_(cast.priya).get(f"/projects/{other.code}/")
    assert b"By section" not in page.content
    assert as_(cast.priya).get(f"/projects/{other.code}/summary/").status_code == 200


def test_the_history_tells_of_each_field(project, cast, at):
    set_field(project, "payments", revision=0, by=cast.ivan, value="Nightly")
    set_field(project, "payments", revision=1, by=cast.sofia, value="Hourly")
    page = text(as_(cast.priya).get(f"/projects/{project.code}/history?what=summary-entry"))
    assert "Payments, " in page
    assert "Nightly" in page
    assert "Hourly" in page


def test_the_page_costs_the_same_however_much_is_filled(project, cast, at, django_assert_num_queries):
    client = as_(cast.sofia)
    client.get(at)
    with CaptureQueriesContext(connection) as none:
        client.get(at)
    fill(project, cast.ivan)
    with CaptureQueriesContext(connection) as all_of_it:
        client.get(at)
    # What the project knows is asked while something is open: five queries more.
    assert (len(none), len(all_of_it)) == (16, 11)
    accept_summary(project, digest=completeness(project).digest, by=cast.tess)
    with django_assert_num_queries(12):  # and what was accepted before
        client.get(at)


def test_the_demo_is_half_filled_on_the_way_and_accepted_at_the_end(project, cast):
    people = {"IM": cast.ivan, "CSM": cast.cora, "Adele": cast.adele}
    now = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
    demo.chapter(project, "sit", people, now, False)
    assert completeness(project).filled == 0
    demo.chapter(project, "release", people, now, False)
    assert 5 <= completeness(project).filled < 12
    assert not completeness(project).accepted


def test_the_demo_is_accepted_when_the_project_leaves(project, cast):
    people = {"IM": cast.ivan, "CSM": cast.cora, "Adele": cast.adele}
    demo.chapter(project, "release", people, dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC), True)
    state = completeness(project)
    assert state.accepted
    assert state.acceptance is not None
    assert business_day(state.acceptance.at) == dt.date(2026, 11, 20)
    assert reverse("summary", args=[project.code])
    assert CoreSystem.objects.get().name == state.fields["biller-software"].value
