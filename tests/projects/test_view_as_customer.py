"""View as customer: exactly what the holder of an outside seat gets, and nothing to press."""

from __future__ import annotations

import re
from html import unescape
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from projects.outside import show_to_customer
from projects.team import fill_seat, settle_grants
from tests.cast import move
from tests.projects.outside_scene import Scene, a_scene
from tests.projects.reading import Page
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

KEYS = ("shared", "theirs", "after", "decide", "marked", "held", "waiting", "left-out", "signed")


@pytest.fixture
def scene(cast: SimpleNamespace) -> Scene:
    return a_scene(cast)


def get(person: User, address: str, status: int = 200) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.content.decode()


def seat(scene: Scene, code: str) -> int:
    return next(seat.id for seat in scene.fresh.board.seats if seat.role.code == code)


def as_customer(scene: Scene, code: str, key: str = "") -> str:
    """The address at which somebody inside sees the page of the seat `code`."""
    base = reverse("project-as-customer", args=[scene.project.code, seat(scene, code)])
    return f"{base}steps/made-up/design.{key}/" if key else base


def content(html: str) -> str:
    """The main content as it was sent, save the banner above it."""
    found = re.search(r'<div class="outside">.*(?=</main>)', html, re.DOTALL)
    assert found is not None
    return found[0]


def pressed(html: str) -> str:
    """The same with what lets somebody act as it is for one who may not: no token, and every button and field disabled."""
    without_tokens = re.sub(r'\s*<input type="hidden" name="csrfmiddlewaretoken"[^>]*>', "", html)
    return re.sub(r"<(button|textarea)((?:(?! disabled)[^>])*)>", r"<\1\2 disabled>", without_tokens)


def alike(html: str) -> str:
    """The main content, but for what only who it is for can press, and for the space that a token leaves."""
    return re.sub(r"\s+", " ", pressed(content(html)))


@pytest.mark.parametrize(("code", "person"), [("B", "bo"), ("CS", "pat")])
def test_the_project_is_byte_for_byte_what_the_holder_gets(scene, cast, code, person):
    theirs = alike(get(getattr(cast, person), scene.address_of))
    assert alike(get(cast.priya, as_customer(scene, code))) == theirs
    assert alike(get(cast.sofia, as_customer(scene, code))) == theirs


@pytest.mark.parametrize("key", KEYS)
def test_a_step_is_byte_for_byte_what_the_holder_gets_save_what_is_pressed(scene, cast, key):
    theirs = content(get(cast.bo, scene.address(key)))
    looked_at = content(get(cast.priya, as_customer(scene, "B", key)))
    assert re.sub(r"\s+", " ", looked_at) == re.sub(r"\s+", " ", pressed(theirs))


def test_a_step_that_is_not_the_holder_s_is_not_there(scene, cast):
    for code, key in (("B", "inside"), ("B", "partner"), ("CS", "theirs"), ("CS", "inside")):
        get(cast.priya, as_customer(scene, code, key), 404)


@pytest.mark.parametrize("name", ["hold", "cancel"])
def test_it_is_the_same_when_the_project_rests(scene, cast, name):
    perform(scene.fresh, name, by=cast.priya, note="Budget")
    assert alike(get(cast.priya, as_customer(scene, "B"))) == alike(get(cast.bo, scene.address_of))


def test_an_empty_seat_is_seen_as_whoever_will_hold_it(scene, cast):
    move(scene.project, "design.waiting", "resume", cast.sofia)  # it waited for Bo by name
    theirs = alike(get(cast.bo, scene.address_of))
    fill_seat(scene.fresh, seat(scene, "B"), None, by=cast.priya)
    get(cast.bo, scene.address_of, 404)
    page = get(cast.priya, as_customer(scene, "B"))
    assert "As whoever will be, Biller, sees it." in Page(page).text
    expected = re.sub(r'<li><a href="steps/made-up/design\.waiting/">.*?</li>\s*', "", theirs, flags=re.DOTALL)
    assert alike(page) == re.sub(r"\s+", " ", expected)


def test_nothing_on_it_can_be_acted_on(scene, cast):
    before = TransitionRecord.objects.count()
    client = Client()
    client.force_login(cast.priya)
    for address in (as_customer(scene, "B"), *(as_customer(scene, "B", key) for key in KEYS)):
        page = content(client.get(address).content.decode())
        assert "csrf" not in page
        assert re.findall(r"<(?:button|textarea|select)(?![^>]* disabled)[^>]*>", page) == []
        assert client.post(address, {"move": "start", "revision": 0}).status_code == 405
        assert client.post(address + "move", {"move": "start", "revision": 0}).status_code == 404
    assert TransitionRecord.objects.count() == before


def test_a_banner_says_whose_page_it_is_and_leads_to_the_other_seats(scene, cast):
    page = Page(get(cast.priya, as_customer(scene, "B")))
    assert "As Bo Halvorsen, Biller, sees it. Nothing here can be acted on." in page.text
    assert page.links["Core System: Pat Quinn"] == as_customer(scene, "CS")
    assert page.links["Back to the project"] == scene.address_of
    assert "as-customer" not in get(cast.bo, scene.address_of)


def test_the_project_s_page_leads_there_and_a_seat_can_be_asked_for(scene, cast):
    client = Client()
    client.force_login(cast.sofia)
    link = Page(client.get(scene.address_of).content.decode()).links["View as customer"]
    assert link == reverse("view-as-customer", args=[scene.project.code])
    assert client.get(link).headers["Location"] == as_customer(scene, "B")
    asked = client.get(link, {"seat": seat(scene, "CS")})
    assert asked.headers["Location"] == as_customer(scene, "CS")


@pytest.mark.parametrize("asked", ["999999", "x", "-1"])
def test_a_seat_that_is_not_there_or_not_outside_is_not_found(scene, cast, asked):
    for wrong in (asked, str(seat(scene, "SE")), str(scene.foreign.board.seats[-1].id)):
        get(cast.priya, f"{scene.address_of}customer?seat={wrong}", 404)
    get(cast.priya, as_customer(scene, "SE"), 404)
    foreign = scene.foreign.board.seats[-1].id
    get(cast.priya, reverse("project-as-customer", args=[scene.project.code, foreign]), 404)


@pytest.mark.parametrize("person", ["bo", "pat", "dele", "mallory"])
def test_it_is_for_people_inside_who_see_the_project(scene, cast, person):
    for address in (f"{scene.address_of}customer", as_customer(scene, "B"), as_customer(scene, "B", "theirs")):
        get(getattr(cast, person), address, 404)


def test_somebody_outside_in_a_seat_of_ours_can_be_looked_at_too(scene, cast):
    scene.project.seats.filter(role__code="SE").update(person=cast.pat)  # no form does that any more
    settle_grants(scene.fresh)
    theirs = alike(get(cast.pat, scene.address_of))
    assert "sekret-inside-title" in theirs  # theirs now: they are to do it
    assert alike(get(cast.priya, as_customer(scene, "SE"))) == theirs


def test_what_is_shown_shows_at_once(scene, cast):
    show_to_customer(scene.step("inside"), visible=True, note="Have a look", by=cast.priya)
    assert "sekret-inside-title" in content(get(cast.priya, as_customer(scene, "B")))
    assert "Have a look" in unescape(get(cast.priya, as_customer(scene, "B", "inside")))


def test_a_project_with_nobody_outside_says_so(cast, make_project):
    project = make_project(kind="add_on", playbooks=("addon-post-live",), people={"IS": cast.dele}, by=cast.adele)
    page = get(cast.dele, reverse("view-as-customer", args=[project.code]))
    assert "Nobody outside has a seat here" in page
