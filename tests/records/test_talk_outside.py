"""Talk with people outside: what reaches them and what does not, what they write, and that “View as customer” shows just that."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from projects.documents import add_version, set_visible
from projects.models import Document, Notice
from records.models import Comment
from records.talk import delete_comment, edit_comment, mark_decision, post_comment
from tests.projects.outside_scene import Scene, a_scene
from tests.projects.reading import Page
from tests.projects.test_view_as_customer import alike, as_customer, content
from tests.records.talking import completed

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast: SimpleNamespace) -> Scene:
    return a_scene(cast)


def get(person: User, address: str, status: int = 200) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def say(scene: Scene, words: str, by: User, key: str = "", **given) -> Comment:
    """Comment on the step `design.<key>`, or on the project."""
    kind, pk = ("step", scene.step(key).pk) if key else ("project", scene.project.pk)
    return post_comment(scene.fresh, kind, pk, words, by=by, **given).comment


def thread(scene: Scene, key: str = "") -> str:
    kind, pk = ("step", scene.step(key).pk) if key else ("project", scene.project.pk)
    return reverse("talk-about", args=[scene.project.code, kind, pk])


def talked_about(scene: Scene) -> dict[str, Comment]:
    """Everything that may or may not reach Bo, with words of its own."""
    cast = scene.cast
    for person in (cast.tess, cast.arun):  # they see every project, and no page for people outside names them
        person.groups.add(Group.objects.get(name="Portfolio"))
    rows = {
        "internal": say(scene, "sekret-internal @PM", cast.tess, "theirs"),
        "internal project": say(scene, "sekret-internal", cast.tess),
        "hidden step": say(scene, "sekret-hidden-step", cast.arun, "inside", visible=True),
        "deleted": say(scene, "sekret-deleted", cast.priya, "theirs", visible=True),
        "edited": say(scene, "sekret-before", cast.sofia, "theirs", visible=True),
        "for them": say(scene, "Ten bills are enough", cast.sofia, "theirs", visible=True),
        "project": say(scene, "Welcome", cast.priya, visible=True),
        "partner": say(scene, "We opened the region", cast.pat),
        "own": say(scene, "Which month?", cast.bo, "theirs"),
    }
    delete_comment(rows["deleted"], by=cast.adele, revision=0)
    edit_comment(rows["edited"], "Any month", by=cast.sofia, revision=0)
    mark_decision(rows["for them"], True, by=cast.adele, revision=0)
    return rows


def test_what_is_for_both_sides_reaches_them_and_nothing_else(scene, cast):
    talked_about(scene)
    step, project = get(cast.bo, scene.address("theirs")), get(cast.bo, scene.address_of)
    for words in ("Ten bills are enough", "Any month", "Which month?"):
        assert words in step
        assert words in project
    assert "Welcome" in project
    assert "We opened the region" in project
    for page in (step, project, get(cast.bo, thread(scene)), get(cast.bo, thread(scene, "theirs"))):
        assert "sekret" not in page
        for name in ("Tess Moreau", "Adele Novak", "Arun Patel"):
            assert name not in page
    assert re.search(r"Deleted on \w+ \d+, \d{4}\.", Page(step).text)
    assert re.search(r"Decision of \w+ \d+, \d{4}", Page(step).text)


def test_what_is_not_theirs_is_not_there(scene, cast):
    rows = talked_about(scene)
    project = scene.project.code
    get(cast.bo, thread(scene, "inside"), 404)
    for name in ("internal", "internal project", "hidden step"):
        for act in ("comment", "edit", "delete"):
            get(cast.bo, reverse(f"talk-{act}", args=[project, rows[name].pk]), 404)
    for act in ("show", "versions"):
        get(cast.bo, reverse(f"talk-{act}", args=[project, rows["own"].pk]), 404)
    get(cast.bo, reverse("talk", args=[project]), 404)
    get(cast.bo, reverse("talk-edit", args=[project, rows["for them"].pk]), 404)


def test_they_write_on_the_step_and_ours_hear(scene, cast):
    client = Client()
    client.force_login(cast.bo)
    client.post(thread(scene, "shared"), {"text": "Two bills are *missing*"})
    row = Comment.objects.get()
    assert (row.visible, row.by_side) == (True, "customer")
    heard = Notice.objects.filter(kind="mentioned").values_list("person__email", flat=True)
    assert sorted(heard) == ["ivan@example.org", "priya@example.org", "sofia@example.org"]
    page = get(cast.sofia, scene.address("shared"))
    assert "Bo Halvorsen Customer" in Page(page).text
    assert "Two bills are <em>missing</em>" in page


@pytest.mark.parametrize("key", ["", "theirs"])
def test_what_they_post_leads_back_to_their_page(scene, cast, key):
    client = Client()
    client.force_login(cast.bo)
    answer = client.post(thread(scene, key), {"text": "Hello"})
    row = Comment.objects.get()
    assert answer.headers["Location"] == f"{scene.address(key) if key else scene.address_of}#comment-{row.pk}"
    assert f'id="comment-{row.pk}"' in get(cast.bo, answer.headers["Location"])


def test_a_refusal_keeps_their_words(scene, cast):
    client = Client()
    client.force_login(cast.bo)
    answer = client.post(thread(scene), {"text": "x" * 10_001})
    assert answer.status_code == 400
    assert "x" * 10_001 in answer.content.decode()


def test_they_edit_and_delete_what_is_theirs(scene, cast):
    row = say(scene, "Which month?", cast.bo, "theirs")
    client = Client()
    client.force_login(cast.bo)
    address = reverse("talk-edit", args=[scene.project.code, row.pk])
    assert "Which month?" in get(cast.bo, address)
    assert client.post(address, {"text": "Which year?", "revision": 0}).status_code == 302
    stale = client.post(address, {"text": "Which day?", "revision": 0})
    assert (stale.status_code, "Which year?" in stale.content.decode()) == (409, True)
    address = reverse("talk-delete", args=[scene.project.code, row.pk])
    assert "Delete this comment?" in get(cast.bo, address)
    assert client.post(address, {"revision": 1}).status_code == 302
    page = get(cast.bo, scene.address("theirs"))
    assert "Which" not in page
    assert "Deleted on" in page


def test_documents_that_they_see_are_talked_about_on_their_project_page(scene, cast):
    slug = "inner-page"
    add_version(scene.fresh, slug, by=cast.priya, link="https://files.example/1")
    document = Document.objects.get(slug=slug)
    post_comment(scene.fresh, "document", document.pk, "Have a look", by=cast.priya, visible=True)
    assert "Have a look" not in get(cast.bo, scene.address_of)
    set_visible(scene.fresh, slug, True, by=cast.priya)
    page = get(cast.bo, scene.address_of)
    assert "Have a look" in page
    assert f'href="talk/document/{document.pk}/"' in page
    assert "Have a look" in get(cast.bo, reverse("talk-about", args=[scene.project.code, "document", document.pk]))


def test_a_mention_waits_for_them_until_they_answer(scene, cast):
    row = say(scene, "@Bo which month?", cast.sofia, "theirs", visible=True)
    page = get(cast.bo, scene.address_of)
    assert "Sofia Reyes wrote to you." in page
    link = f"talk/step/{scene.step('theirs').pk}/#comment-{row.pk}"
    assert f'href="{link}"' in page
    say(scene, "Any", cast.bo, "theirs")
    assert "Sofia Reyes wrote to you." not in get(cast.bo, scene.address_of)


def test_a_mention_waits_no_longer_than_two_weeks_or_than_the_comment(scene, cast):
    now = timezone.now()
    say(scene, "@Bo old", cast.sofia, "theirs", visible=True, now=now - dt.timedelta(days=16))
    row = say(scene, "@Bo new", cast.sofia, "shared", visible=True)
    assert get(cast.bo, scene.address_of).count("wrote to you.") == 1
    delete_comment(row, by=cast.sofia, revision=0)
    assert "wrote to you." not in get(cast.bo, scene.address_of)


@pytest.mark.parametrize("key", ["", "theirs", "shared", "decide"])
def test_view_as_customer_is_byte_for_byte_what_they_see_save_what_is_pressed(scene, cast, key):
    talked_about(scene)
    theirs = get(cast.bo, scene.address(key) if key else scene.address_of)
    for person in (cast.priya, cast.arun):
        looked_at = get(person, as_customer(scene, "B", key))
        assert alike(looked_at) == alike(theirs)
        assert "csrf" not in content(looked_at)
        assert re.findall(r"<(?:button|textarea)(?![^>]* disabled)[^>]*>", content(looked_at)) == []


@pytest.mark.parametrize("key", ["", "theirs"])
def test_a_thread_as_customer_is_what_they_see_too(scene, cast, key):
    talked_about(scene)
    kind, pk = ("step", scene.step(key).pk) if key else ("project", scene.project.pk)
    base = as_customer(scene, "B")
    looked_at = get(cast.priya, f"{base}talk/{kind}/{pk}/")
    assert alike(looked_at) == alike(get(cast.bo, thread(scene, key)))
    assert "As Bo Halvorsen, Biller, sees it." in Page(looked_at).text
    get(cast.bo, f"{base}talk/{kind}/{pk}/", 404)
    get(cast.priya, f"{base}talk/step/{scene.step('inside').pk}/", 404)
    get(cast.priya, f"{scene.address_of}customer/987654/talk/{kind}/{pk}/", 404)


def test_their_pages_take_a_fixed_number_of_queries(scene, cast):
    say(scene, "First @Bo", cast.sofia, "theirs", visible=True)
    say(scene, "First", cast.priya, visible=True)
    addresses = (scene.address_of, scene.address("theirs"), thread(scene, "theirs"))
    client = Client()
    client.force_login(cast.bo)

    def costs() -> list[int]:
        found = []
        for address in addresses:
            client.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(address).status_code == 200
            found.append(len(caught))
        return found

    few = costs()
    first = Comment.objects.filter(by=cast.sofia).get()
    Comment.objects.bulk_create(
        [
            Comment(
                project=scene.project, subject_type=first.subject_type, subject_id=first.subject_id, by=by, by_side="internal",
                text=f"Number {n}", visible=True,
            )
            for n, by in enumerate([cast.sofia, cast.arun] * 150)
        ]
    )  # fmt: skip
    assert costs() == few
    assert max(few) <= 21


def test_a_project_that_is_complete_still_shows_them_its_talk(scene, cast):
    talked_about(scene)
    completed(scene.project)
    page = get(cast.bo, scene.address_of)
    assert "Ten bills are enough" in page
    assert "<textarea" not in page
