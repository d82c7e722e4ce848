"""The pages of the tier: who sees them, what they say, and what becomes of what is sent."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from handoff.models import TierDecision, TierTable
from handoff.tier.decisions import Choice, decide, position_of
from handoff.tier.rule import Support, Terms
from meetings.models import Occurrence
from meetings.project_meetings import plan_tsm
from projects.facts import change_project
from projects.models import Project

NOW = dt.datetime(2027, 1, 20, 15, tzinfo=dt.UTC)
FULL = Terms(Support.TRANSITION_SUCCESS, 30, 1, True)


@pytest.fixture(autouse=True)
def january() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: Any) -> Project:
    made: Project = make_project(
        playbooks=("integration", "transition-to-cs"),
        mrr=Decimal(3000),
        core_system="Lodestar",
        target=dt.date(2027, 3, 2),
    )
    return made


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def got(person: Any, address: str, status: int = 200) -> str:
    answer = client_of(person).get(address)
    assert answer.status_code == status
    return plain(answer.content.decode())


def plain(html: str) -> str:
    """Return a page as it is read."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace(" .", ".").strip()


def form(project: Project, cast: SimpleNamespace, **changed: Any) -> dict[str, Any]:
    sent = {
        "support": "transition_success", "days": "30", "open_ended": "on", "meetings": "1", "tsm": str(cast.tess.pk),
        "reason": "", "seen": position_of(Project.objects.get(pk=project.pk)).fingerprint, "key": str(uuid.uuid4()),
    } | changed  # fmt: skip
    return {name: value for name, value in sent.items() if value is not None}


def decided(project: Project, cast: SimpleNamespace, terms: Terms = FULL, reason: str = "") -> TierDecision:
    row: TierDecision = decide(project, Choice(terms, cast.tess, reason), by=cast.cora, key=uuid.uuid4())
    return row


def page_of(project: Project) -> str:
    return f"/projects/{project.code}/tier"


# Who sees what ------------------------------------------------------------------------------------------------------------


def test_who_sees_the_page_and_who_the_form(make_project: Any, cast: SimpleNamespace) -> None:
    project = make_project(
        playbooks=("integration", "transition-to-cs"), mrr=Decimal(3000), people={"PM": cast.priya, "B": cast.bo}
    )
    assert "Client Services decides on the tier, in its weekly review." in got(cast.priya, page_of(project))
    for person in (cast.cora, cast.tess):  # neither has a seat here
        html = client_of(person).get(page_of(project)).content.decode()
        assert 'name="support"' in html
        assert client_of(person).get(project.get_absolute_url()).status_code == 200  # they see every project
    for person in (cast.bo, cast.mallory, cast.dele):
        got(person, page_of(project), 404)
        assert client_of(person).post(page_of(project), form(project, cast)).status_code == 404
        assert client_of(person).post(f"{page_of(project)}/mrr", {"mrr": "1", "revision": "0"}).status_code == 404
    assert client_of(cast.priya).post(page_of(project), form(project, cast)).status_code == 403
    assert not TierDecision.objects.exists()


def test_the_weekly_list_is_for_client_services_and_who_sees_all(project: Project, cast: SimpleNamespace) -> None:
    for person in (cast.cora, cast.tess, cast.adele):
        got(person, "/tiers")
    for person in (cast.priya, cast.mallory, cast.bo):
        got(person, "/tiers", 404)


# The project's page -------------------------------------------------------------------------------------------------------


def test_the_proposal_is_told_with_its_reasons(project: Project, cast: SimpleNamespace) -> None:
    html = got(cast.priya, page_of(project))
    assert "Proposed: Transition Success, at least 30 days, one TSM meeting" in html
    assert "First tax office on this integration: new." in html
    assert "The table, version 1" in html
    assert "$5,000 to under $20,000" in html
    assert "Not decided yet" in html


def test_without_an_mrr_it_says_where_to_enter_it(make_project: Any, cast: SimpleNamespace) -> None:
    project = make_project(playbooks=("integration", "transition-to-cs"))
    html = got(cast.priya, page_of(project))
    assert "No MRR is entered for this project. Enter it under “What if”" in html
    assert "Whoever runs the project enters it on this page." in got(cast.cora, page_of(project))
    assert 'href="#mrr"' in client_of(cast.priya).get(page_of(project)).content.decode()


def test_cora_decides_and_the_page_says_so(project: Project, cast: SimpleNamespace) -> None:
    answer = client_of(cast.cora).post(page_of(project), form(project, cast), follow=True)
    html = plain(answer.content.decode())
    assert answer.redirect_chain == [(page_of(project), 302)]
    assert "Decided: Transition Success, at least 30 days, one TSM meeting." in html
    assert "TSM/TAM Tess Moreau." in html
    panel = got(cast.priya, project.get_absolute_url())
    assert "Transition Success, at least 30 days, one TSM meeting, Tess Moreau." in panel
    assert "The tier asks for 1." in got(cast.priya, f"/projects/{project.code}/meetings/")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"support": "gold"}, "Tier: Select a valid choice"),
        ({"support": None}, "Tier: This field is required."),
        ({"days": "soon"}, "Days after go-live: Enter a whole number."),
        ({"days": "-1"}, "Days after go-live: Ensure this value is greater than or equal to 0."),
        ({"days": "0"}, "Days after go-live: Transition Success lasts from 1 to 365 days."),
        ({"meetings": "3"}, "TSM meetings before go-live: There are none, 1, 2 or 4 TSM meetings."),
        ({"tsm": ""}, "TSM or TAM: Say who the TSM or TAM is: Transition Success has one."),
        ({"tsm": "x"}, "TSM or TAM: Choose somebody of Client Services."),
        ({"days": "60"}, "Why: The table proposes Transition Success, at least 30 days, one TSM meeting: say why"),
        ({"reason": "x" * 1001}, "Why: Ensure this value has at most 1000 characters"),
        ({"support": "help_desk"}, "TSM or TAM: The help desk has no TSM: leave this empty, or choose another tier."),
        ({"key": "x"}, "Key: Enter a valid UUID."),
    ],
)
def test_bad_input_is_told_and_nothing_is_lost(
    project: Project, cast: SimpleNamespace, changed: dict[str, Any], words: str
) -> None:
    sent = form(project, cast, **({"reason": "As we said."} if changed.get("days") != "60" else {}) | changed)
    answer = client_of(cast.cora).post(page_of(project), sent)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert words in plain(html)
    assert "<title>Error: Tier of support" in html
    assert sent.get("reason", "")[:50] in html
    assert not TierDecision.objects.exists()


def test_what_changed_meanwhile_is_shown_and_the_form_kept(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast)
    sent = form(project, cast, days="45", reason="A little longer.")
    change_project(project, "mrr", Decimal(6000), by=cast.priya)
    client = client_of(cast.cora)
    answer = client.post(page_of(project), sent)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "What the decision follows from changed since you opened this page." in plain(html)
    assert "MRR $3,000 $6,000" in plain(html)
    assert "A little longer." in html
    assert 'value="45"' in html
    assert TierDecision.objects.count() == 1
    seen = re.search(r'name="seen" value="(\w+)"', html)
    assert seen is not None
    assert client.post(page_of(project), sent | {"seen": seen[1]}).status_code == 302
    assert TierDecision.objects.count() == 2


def test_the_form_changes_the_meetings_where_it_is_asked_to(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast, Terms(Support.TRANSITION_SUCCESS, 90, 2), "More of them.")
    plan_tsm(Project.objects.get(pk=project.pk), 2, dt.time(10), by=cast.priya)
    assert "With 1: Feb 23 is dropped." in got(cast.cora, page_of(project))
    assert "With 2: The meetings stay as they are." in got(cast.cora, page_of(project))
    sent = form(project, cast, change_meetings="on")
    assert client_of(cast.cora).post(page_of(project), sent).status_code == 302
    assert list(Occurrence.objects.order_by("day").values_list("state", flat=True)) == ["planned", "cancelled"]


def test_what_changed_since_is_on_the_page_the_panel_and_the_list(project: Project, cast: SimpleNamespace) -> None:
    decided(project, cast)
    change_project(project, "mrr", Decimal(6000), by=cast.priya)
    html = got(cast.priya, page_of(project))
    assert "What it was decided on has changed. Nothing follows until Client Services decides again." in html
    assert "Length at least 30 days 90 days" in html
    panel = got(cast.priya, project.get_absolute_url())
    assert "MRR $3,000 → $6,000. The table proposes Transition Success, 90 days, two TSM meetings now." in panel
    listed = got(cast.cora, "/tiers")
    assert "Decided, but changed since (1)" in listed
    assert "MRR $3,000 → $6,000" in listed


# What if ------------------------------------------------------------------------------------------------------------------


def test_what_if_shows_and_changes_nothing(project: Project, cast: SimpleNamespace) -> None:
    html = got(cast.priya, f"{page_of(project)}?mrr=20000")
    assert "MRR $3,000 → $20,000. Proposed then: Transition Success, 90 days, four TSM meetings." in html
    assert "Enter this MRR" in html
    decided(project, cast)
    html = got(cast.cora, f"{page_of(project)}?mrr=20000&go_live=2027-03-16")
    assert "MRR $3,000 → $20,000; Target go-live Mar 2 → Mar 16." in html
    assert "TSM meetings 1 4" in html
    assert "Enter this MRR" not in html  # Cora does not run the project
    assert Project.objects.get(pk=project.pk).mrr == 3000
    assert "That is as it is now." in got(cast.cora, f"{page_of(project)}?mrr=3000")


@pytest.mark.parametrize("query", ["mrr=-1", "mrr=lots", "mrr=NaN", "mrr=1e99", "mrr=1.999", "go_live=tomorrow"])
def test_what_if_of_nonsense_says_so(project: Project, cast: SimpleNamespace, query: str) -> None:
    html = got(cast.priya, f"{page_of(project)}?{query}", 400)
    assert "This needs a change" in html


def test_the_mrr_is_entered_by_who_runs_the_project(project: Project, cast: SimpleNamespace) -> None:
    address, client = f"{page_of(project)}/mrr", client_of(cast.priya)
    old = {"mrr": "6000", "revision": str(Project.objects.get(pk=project.pk).revision)}
    assert client_of(cast.sofia).post(address, old).status_code == 403
    assert client.post(address, old | {"mrr": "-5"}).status_code == 400
    assert client.post(address, old).status_code == 302
    assert Project.objects.get(pk=project.pk).mrr == 6000
    answer = client.post(address, old | {"mrr": "7000"})
    assert answer.status_code == 409
    assert 'value="7000"' in answer.content.decode()
    assert Project.objects.get(pk=project.pk).mrr == 6000


# The weekly list ----------------------------------------------------------------------------------------------------------


def test_the_list_has_what_is_not_decided_the_earliest_first(
    project: Project, make_project: Any, cast: SimpleNamespace
) -> None:
    make_project(playbooks=("integration", "transition-to-cs"), biller="Ashby Gas", target=dt.date(2027, 2, 9))
    make_project(kind="add_on", playbooks=("addon-post-live",), biller="Sable Gas", target=dt.date(2027, 2, 9))
    html = got(cast.cora, "/tiers")
    assert "Not decided (2)" in html
    assert html.index("Ashby Gas") < html.index(project.name)
    assert "MRR missing" in html
    assert "1 project without an MRR" in html
    assert "Sable Gas" not in html  # it has no go-live ahead
    assert f'href="{page_of(project)}"' in client_of(cast.cora).get("/tiers").content.decode()


def test_an_empty_list_says_so(cast: SimpleNamespace) -> None:
    html = got(cast.cora, "/tiers")
    assert "Nothing to decide" in html
    assert "Nothing changed" in html


def test_pages_cost_the_same_for_few_and_for_many(make_project: Any, cast: SimpleNamespace) -> None:
    client = client_of(cast.cora)
    costs = []
    for index in range(4):
        made = make_project(
            playbooks=("integration", "transition-to-cs"), mrr=Decimal(3000), biller=f"Gas {index}", code=f"GS{chr(65 + index)}",
            core_system=f"System {index}",
        )  # fmt: skip
        if index % 2:
            decided(made, cast)
            change_project(made, "mrr", Decimal(6000), by=cast.priya)
            plan_tsm(Project.objects.get(pk=made.pk), 1, dt.time(10), by=cast.priya)
        if index in (1, 3):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert client.get("/tiers").status_code == 200
            costs.append(len(asked))
    assert costs[0] == costs[1]
    assert costs[0] <= 14


# The admin ----------------------------------------------------------------------------------------------------------------

ADMIN = "/admin/handoff/tiertable/"


def bands(html: str) -> dict[str, str]:
    """Return what the form of a new table sends as it is shown."""
    sent = {}
    for tag in re.findall(r"<input[^>]+>", html):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            sent[name[1]] = value[1] if value else "on" if "checkbox" in tag else ""
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = chosen[1] if chosen else ""
    return {name: value for name, value in sent.items() if name.startswith("bands-") or name == "based_on"}


def test_an_administrator_issues_a_new_table(cast: SimpleNamespace) -> None:
    client = client_of(cast.adele)
    sent = bands(client.get(f"{ADMIN}add/").content.decode()) | {"note": "Light begins later"}
    assert (sent["bands-4-mrr_from"], sent["bands-4-support"], sent["based_on"]) == ("3000", "light", "1")
    same = client.post(f"{ADMIN}add/", sent)
    assert "Nothing is different from version 1" in same.content.decode()
    wrong = client.post(f"{ADMIN}add/", sent | {"bands-4-mrr_from": "6000"})
    assert "Existing: $5,000 stands after $6,000." in wrong.content.decode()
    assert not TierTable.objects.exists()
    answer = client.post(f"{ADMIN}add/", sent | {"bands-4-mrr_from": "3500"})
    assert answer.status_code == 302
    row = TierTable.objects.get()
    assert (row.number, row.note, row.issued_by, row.bands.count()) == (2, "Light begins later", cast.adele, 7)
    late = client.post(f"{ADMIN}add/", sent | {"bands-4-mrr_from": "4000"})
    assert "Version 2 was issued since you opened this form." in late.content.decode()
    looked = client.get(f"{ADMIN}{row.pk}/change/")
    assert looked.status_code == 200
    assert "3500" in looked.content.decode()
    assert client.post(f"{ADMIN}{row.pk}/change/", sent).status_code == 403
    assert client.post(f"{ADMIN}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client_of(cast.cora).get(f"{ADMIN}add/").status_code in {302, 403}


def test_the_list_comes_by_pages(make_project: Any, cast: SimpleNamespace, monkeypatch: Any) -> None:
    monkeypatch.setattr("handoff.tier.page.ON_A_PAGE", 1)
    monkeypatch.setattr("handoff.tier.page.MOST_CHANGED", 1)
    for index, name in enumerate(("Ashby", "Sable", "Clover", "Hollis")):
        made = make_project(
            playbooks=("integration", "transition-to-cs"), mrr=Decimal(3000), biller=f"{name} Gas", code=name.upper()[:4],
            target=dt.date(2027, 3, 2 + index),
        )  # fmt: skip
        if index > 1:
            decided(made, cast)
            change_project(made, "mrr", Decimal(6000), by=cast.priya)
    first, second = got(cast.cora, "/tiers"), got(cast.cora, "/tiers?page=2")
    assert "Not decided (2)" in first
    assert ("Ashby Gas" in first, "Sable Gas" in first) == (True, False)
    assert ("Ashby Gas" in second, "Sable Gas" in second) == (False, True)
    assert "1–1 of 2" in first
    assert "Decided, but changed since (2)" in first
    assert ("Clover Gas" in first, "Hollis Gas" in first) == (True, False)
    assert "1 project more: decide on these first." in first
    assert "Sable Gas" in got(cast.cora, "/tiers?page=99")
    assert "Ashby Gas" in got(cast.cora, "/tiers?page=x")
