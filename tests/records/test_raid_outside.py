"""The RAID log and people outside: what is shown to them item by item, and that nothing else of it ever reaches them."""

from __future__ import annotations

from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from projects.models import Project
from records.raid import change_item, link_item, raise_item, review_item, review_log, show_item
from records.raid_page import log_address
from tests.projects.reading import Page
from tests.transitions.made_up import a_step, publish, started
from transitions.moves import perform

pytestmark = pytest.mark.django_db

SECRETS = {
    name: f"sekret-{name}"
    for name in (
        "title",
        "cause",
        "event",
        "effect",
        "response",
        "notes",
        "close",
        "review",
        "shown-cause",
        "shown-notes",
    )
}


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    """One item that nobody outside sees, one of which they read title and effect, one with the response too."""
    project = started(cast, publish(a_step(1), a_step(2)))
    hidden = raise_item(
        project, "risk", by=cast.sofia, probability=5, impact=5,
        **{name: SECRETS[name] for name in ("title", "cause", "event", "effect", "response", "notes")},
    )  # fmt: skip
    link_item(hidden, step_id=project.board.steps[0].id, by=cast.sofia)
    perform(hidden, "mitigate", by=cast.sofia, note=SECRETS["close"])
    review_log(project, by=cast.sofia, note=SECRETS["review"])
    review_item(hidden, by=cast.sofia)
    inside = {"cause": SECRETS["shown-cause"], "event": SECRETS["event"], "notes": SECRETS["shown-notes"]}
    shown = raise_item(
        project, "dependency", by=cast.priya, title="Ten sample bills", effect="Design waits", response=SECRETS["response"],
        owner=cast.arun, **inside,
    )  # fmt: skip
    told = raise_item(
        project, "issue", by=cast.priya, title="Rejects stay", effect="", response="A patch comes", **inside
    )
    show_item(shown, visible=True, by=cast.priya)
    show_item(told, visible=True, with_response=True, by=cast.priya)
    perform(told, "close_item", by=cast.priya, note=SECRETS["close"])
    return project


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def main_of(html: str) -> str:
    return unescape(html).partition("<main")[2].partition("</main>")[0]


def test_they_read_number_title_effect_state_and_what_is_opted_in(project, cast):
    html = main_of(signed_in(cast.bo).get(project.get_absolute_url()).content.decode())
    text = Page(html.partition("Risks and issues we share with you")[2].partition("</section>")[0]).text
    assert " ".join(text.split()) == (
        "D-1 Ten sample bills Design waits Dependency ○ Open I-1 Rejects stay What we do: A patch comes Issue ✓ Closed"
    )
    assert cast.arun.name not in html


@pytest.mark.parametrize("person", ["bo", "pat", "priya"])
def test_nothing_else_of_the_log_is_on_any_page_made_for_them(project, cast, person):
    seat = project.seats.get(role__code="B")
    as_customer = reverse("project-as-customer", args=[project.code, seat.pk])
    addresses = [as_customer] if person == "priya" else [project.get_absolute_url(), "/projects/", "/inbox", "/account"]
    client = signed_in(getattr(cast, person))
    for address in addresses:
        html = main_of(client.get(address).content.decode())
        assert [secret for secret in SECRETS.values() if secret in html] == [], address


def test_both_see_the_same(project, cast):
    seat = project.seats.get(role__code="B")
    pages = [
        main_of(signed_in(person).get(address).content.decode())
        .partition('aria-labelledby="raid-heading"')[2]
        .partition("</section>")[0]
        for person, address in (
            (cast.bo, project.get_absolute_url()),
            (cast.priya, reverse("project-as-customer", args=[project.code, seat.pk])),
        )
    ]
    assert pages[0] == pages[1] != ""


def test_a_log_of_which_nothing_is_shown_is_not_there(cast):
    quiet = started(cast, publish(a_step(1), slug="quiet"), biller_name="Quiet", biller_code="QUI")
    item = raise_item(quiet, "risk", title="sekret", by=cast.priya)
    bo = signed_in(cast.bo)
    assert "we share with you" not in bo.get(quiet.get_absolute_url()).content.decode()
    show_item(item, visible=True, by=cast.priya)
    assert "we share with you" in bo.get(quiet.get_absolute_url()).content.decode()
    show_item(item, visible=False, by=cast.priya)
    assert "sekret" not in bo.get(quiet.get_absolute_url()).content.decode()


@pytest.mark.parametrize("person", ["bo", "pat", "mallory"])
def test_every_address_of_the_log_is_not_there_for_them(project, cast, person):
    client = signed_in(getattr(cast, person))
    values = {"code": project.code, "item": "D-1", "draft_id": 1}
    names = [
        (pattern.name, pattern.pattern.converters)
        for resolver in get_resolver().url_patterns
        for pattern in getattr(resolver, "url_patterns", [])
        if (getattr(pattern, "name", "") or "").startswith("raid")
    ]
    assert len(names) == 12
    for name, parts in names:
        address = reverse(name, kwargs={part: values[part] for part in parts})
        for method in (client.get, client.post):
            answer = method(address, {"revision": 0})
            assert answer.status_code in {404, 405}, (name, answer.status_code)
            assert "sekret" not in answer.content.decode()
    assert client.get(f"{log_address(project)}?format=xlsx").status_code == 404


def test_a_change_of_what_is_shown_reaches_them_and_its_history_does_not(project, cast):
    item = project.raid_items.get(kind="dependency")
    change_item(item, by=cast.priya, effect="Design waits longer")
    bo = signed_in(cast.bo)
    assert "Design waits longer" in bo.get(project.get_absolute_url()).content.decode()
    assert bo.get(reverse("project-history", args=[project.code])).status_code == 404
