"""Talk about the items of the RAID log: on their own page, and outside only where both the item and the comment are shown."""

from __future__ import annotations

from html import unescape
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from records.models import RaidItem
from records.raid import raise_item, show_item
from records.talk import post_comment
from tests.projects.outside_scene import Scene, a_scene
from transitions.blockers import NotPermitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast: SimpleNamespace) -> Scene:
    return a_scene(cast)


@pytest.fixture
def risk(scene: Scene) -> RaidItem:
    return raise_item(scene.project, "risk", title="The file is late", by=scene.cast.priya)


def read(person: User, address: str) -> str:
    client = Client()
    client.force_login(person)
    return unescape(client.get(address).content.decode())


def test_an_item_is_talked_about_on_its_own_page(scene, risk):
    client = Client()
    client.force_login(scene.cast.ivan)
    about = reverse("talk-about", args=[scene.project.code, "raid-item", risk.pk])

    answer = client.post(about, {"text": "Asked them **twice**", "next": risk.get_absolute_url()})

    assert (answer.status_code, answer["Location"].partition("#")[0]) == (302, risk.get_absolute_url())
    assert "Asked them <strong>twice</strong>" in read(scene.cast.priya, risk.get_absolute_url())


def test_outside_hear_of_an_item_only_what_is_shown_of_both(scene, risk):
    page = reverse("project", args=[scene.project.code])
    with pytest.raises(NotPermitted):
        post_comment(scene.fresh, "raid-item", risk.pk, "From outside", by=scene.cast.bo)
    post_comment(scene.fresh, "raid-item", risk.pk, "words for us", by=scene.cast.ivan)
    post_comment(scene.fresh, "raid-item", risk.pk, "words for both", by=scene.cast.ivan, visible=True)
    assert "words for" not in read(scene.cast.bo, page)

    show_item(risk, visible=True, by=scene.cast.priya)

    theirs = read(scene.cast.bo, page)
    assert ("words for both" in theirs, "words for us" in theirs) == (True, False)
    assert post_comment(scene.fresh, "raid-item", risk.pk, "From outside", by=scene.cast.bo).comment.visible


def test_an_item_of_another_project_is_not_talked_about_here(scene, risk, make_project):
    other = make_project(biller="Halden Water", code="HLD")

    with pytest.raises(NotPermitted):
        post_comment(other, "raid-item", risk.pk, "Where am I?", by=scene.cast.priya)
