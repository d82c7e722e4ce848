"""The life of a version: published with what was confirmed, retired, restored; its number given once."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from playbook.data import StepData
from playbook.lint import lint, warning_ids
from playbook.models import Version
from playbook.services import new_draft, publish_version, retire_version

pytestmark = pytest.mark.django_db
Make = Callable[..., Version]
MakeStep = Callable[..., StepData]


@pytest.fixture
def adele(client: Client, cast: SimpleNamespace) -> Client:
    client.force_login(cast.adele)
    return client


def publish(version: Version, note: str = "More", by: Any = None) -> Version:
    return publish_version(version, by=by, note=note, confirmed=warning_ids(lint(version.as_data()))).row


def text_of(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def act(name: str, version: Version) -> str:
    return reverse(f"admin:playbook_version_{name}", args=[version.pk])


# Restore


def test_an_older_version_is_restored_as_a_new_draft_that_says_so(
    adele: Client, published: Version, make_draft: Make, make_step: MakeStep
) -> None:
    publish(make_draft(make_step(1, title="Otherwise")))
    assert "Restore as a new draft" in text_of(adele.get(published.admin_url()))

    answer = adele.post(act("new_draft", published), follow=True)

    draft = Version.objects.get(status="draft")
    assert (draft.number, draft.change_note) == (3, "Restored from version 1.")
    assert draft.as_data().steps == published.as_data().steps
    assert "Sample v3 is a draft now, restored from version 1." in text_of(answer)
    assert adele.get(act("publish", draft)).context["form"]["note"].value() == "Restored from version 1."


def test_a_retired_version_is_restored_too(adele: Client, published: Version, cast: SimpleNamespace) -> None:
    retire_version(published, by=cast.adele, note="Replaced")

    adele.post(act("new_draft", published))

    assert Version.objects.get(status="draft").change_note == "Restored from version 1."


def test_a_draft_of_the_current_version_is_no_restoration(adele: Client, published: Version) -> None:
    assert "New draft from this version" in text_of(adele.get(published.admin_url()))

    adele.post(act("new_draft", published))

    assert Version.objects.get(status="draft").change_note == ""


def test_restoring_beside_a_draft_is_refused_with_the_way_to_it(
    adele: Client, published: Version, make_draft: Make
) -> None:
    publish(make_draft())
    draft = make_draft()

    answer = adele.post(act("new_draft", published))

    assert answer.status_code == 409
    assert "Sample v3 is a draft already. Go on with that one, or delete it first." in text_of(answer)
    assert f'<a href="{draft.admin_url()}">Go there</a>' in answer.content.decode()
    assert Version.objects.count() == 3


# Numbers


def test_the_number_of_a_deleted_draft_is_not_given_again(adele: Client, published: Version) -> None:
    draft = new_draft(published, None)
    address = reverse("admin:playbook_version_delete", args=[draft.pk])
    adele.post(address, {"post": "yes", "seen": adele.get(address).context["seen"]})
    assert not Version.objects.filter(status="draft").exists()

    assert new_draft(published, None).number == 3


# Publication


def test_a_draft_that_somebody_else_published_meanwhile_is_refused_with_their_name(
    adele: Client, draft: Version, cast: SimpleNamespace
) -> None:
    seen = adele.get(act("publish", draft)).context["seen"]
    publish(draft, note="I was quicker", by=cast.adele)

    answer = adele.post(act("publish", draft), {"note": "Mine", "seen": seen})

    assert answer.status_code == 409
    text = text_of(answer)
    assert "Not published; nothing was changed." in text
    assert "Sample v1 is published; only a draft can be published. Adele Novak published it on" in text
    assert "with the note “I was quicker”." in text
    draft.refresh_from_db()
    assert draft.change_note == "I was quicker"


def test_an_edit_of_a_draft_that_was_published_meanwhile_is_refused_and_leads_on(adele: Client, draft: Version) -> None:
    step = draft.steps.first()
    assert step is not None
    publish(draft)

    answer = adele.post(reverse("admin:playbook_step_change", args=[step.pk]), {"title": "Too late"})

    assert answer.status_code == 409
    assert "Sample v1 is published and does not change any more. Start a new draft." in text_of(answer)
    assert act("new_draft", draft) in answer.content.decode()


def test_confirmed_warnings_stay_on_the_version_with_who_and_when(
    adele: Client, make_draft: Make, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    version = publish(make_draft(make_step(1, open_questions=("Who decides?",))), by=cast.adele)

    page = text_of(adele.get(version.get_absolute_url()))
    assert "1 warning confirmed at publication" in page
    assert re.search(r"Confirmed by Adele Novak on \w+ \d+, \d{4}\. Step 1 : Who decides\?", page)
    assert re.search(
        r"Confirmed by Adele Novak on \w+ \d+, \d{4}: Step 1: Who decides\?", text_of(adele.get(version.admin_url()))
    )

    client = Client()
    client.force_login(cast.mallory)
    assert "Who decides?" not in text_of(client.get(version.get_absolute_url()))


def test_the_admin_page_leads_to_preview_and_comparison(adele: Client, published: Version, make_draft: Make) -> None:
    draft = make_draft()
    comparison = f'href="{reverse("playbook-compare", args=["sample"])}?from=1&amp;to=2"'
    html = adele.get(draft.admin_url()).content.decode()

    assert f'href="{reverse("playbook-preview", args=["sample", 2])}"' in html
    assert comparison in html
    assert comparison in adele.get(act("publish", draft)).content.decode()
