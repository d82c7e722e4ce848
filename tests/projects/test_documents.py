"""Documents: which there are, who adds versions, who sees them, and what a sign-off makes of them."""

from __future__ import annotations

import hashlib

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.documents import add_version, document_rows, set_visible
from projects.models import Document, DocumentVersion, Project
from projects.signoff import changes, statement
from tests.cast import move
from tests.projects.signing import decide, in_review, the_step
from transitions.blockers import Archived, MoveRefused, NotPermitted
from transitions.moves import perform

pytestmark = pytest.mark.django_db

LINK = "https://files.example/sit?v=1"


@pytest.fixture
def project(cast) -> Project:
    return in_review(cast)


def test_the_documents_are_those_that_the_steps_name(project, cast):
    rows = document_rows(project, cast.priya)

    assert [(row.slug, row.title, len(row.versions), [title for title, _ in row.steps]) for row in rows] == [
        ("technical-design-page", "Technical design page", 0, ["Invoicing"]),
        ("solution-design-document", "Solution design document", 0, ["Sign-off"]),
        ("sit-workbook", "Sit workbook", 0, ["Sign-off"]),
    ]
    assert Document.objects.count() == 0


def test_a_version_is_numbered_and_hashed(project, cast):
    first = add_version(project, "sit-workbook", by=cast.sofia, link=LINK, label="Draft")
    digest = "AB" * 32
    second = add_version(project, "sit-workbook", by=cast.priya, link=LINK, file_sha256=digest)

    assert (first.number, first.sha256, first.of_file) == (
        1,
        hashlib.sha256(f"{LINK}\nDraft".encode()).hexdigest(),
        False,
    )
    assert (second.number, second.sha256, second.of_file) == (2, "ab" * 32, True)
    assert Document.objects.get().current == second


@pytest.mark.parametrize(
    "link",
    [
        "http://files.example/1",
        "javascript:alert(1)",
        "ftp://files.example/1",
        "files.example",
        "",
        "https://x.example/" + "a" * 500,
    ],
)
def test_a_link_is_https_and_not_too_long(project, cast, link):
    with pytest.raises(ValidationError), transaction.atomic():
        add_version(project, "sit-workbook", by=cast.priya, link=link)
    assert DocumentVersion.objects.count() == 0


def test_a_digest_is_one(project, cast):
    with pytest.raises(ValidationError), transaction.atomic():
        add_version(project, "sit-workbook", by=cast.priya, link=LINK, file_sha256="xyz")
    assert DocumentVersion.objects.count() == 0


@pytest.mark.parametrize("who", ["arun", "ingrid", "bo", "pat", "dele", "mallory"])
def test_who_runs_the_project_and_r_write_a_document_and_nobody_else(project, cast, who):
    for act in (
        lambda: add_version(project, "sit-workbook", by=getattr(cast, who), link=LINK),
        lambda: set_visible(project, "sit-workbook", True, by=getattr(cast, who)),
    ):
        with pytest.raises(NotPermitted), transaction.atomic():
            act()
    assert Document.objects.count() == 0


def test_a_document_that_no_step_names_is_none(project, cast):
    with pytest.raises(NotPermitted), transaction.atomic():
        add_version(project, "budget", by=cast.priya, link=LINK)
    assert Document.objects.count() == 0


def test_outside_only_what_is_marked_visible_is_seen(project, cast):
    add_version(project, "sit-workbook", by=cast.sofia, link=LINK)
    assert document_rows(project, cast.bo) == []

    set_visible(project, "sit-workbook", True, by=cast.priya)
    (row,) = document_rows(project, cast.bo)
    assert (row.title, row.steps, row.may_write) == ("Sit workbook", (), False)
    (shown,) = statement(the_step(project), cast.bo).values["documents"]
    assert (shown["title"], shown["version"], shown["link"]) == ("Sit workbook", 1, LINK)
    set_visible(project, "sit-workbook", False, by=cast.priya)
    assert document_rows(project, cast.bo) == []


def test_a_new_version_meanwhile_has_to_be_seen_first(project, cast):
    add_version(project, "sit-workbook", by=cast.sofia, link=LINK)
    set_visible(project, "sit-workbook", True, by=cast.priya)
    seen = statement(the_step(project), cast.bo)
    add_version(project, "sit-workbook", by=cast.sofia, link=LINK + "2")

    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        decide(project, "approve", cast.bo, shown=seen.digest)
    assert [blocker.code for blocker in refused.value.blockers] == ["shown-changed"]
    now = statement(the_step(project), cast.bo)
    assert changes(seen.values, now.values) == ["Sit workbook: version 1 before, version 2 now."]
    assert decide(project, "approve", cast.bo, shown=now.digest).approvals.get().shown == now.text


def test_the_documents_of_a_finished_project_stay(project, cast):
    add_version(project, "sit-workbook", by=cast.sofia, link=LINK)
    for party in (cast.bo, cast.pat):
        decide(project, "approve", party)
    for name in ("start", "complete"):
        move(project, "design.step-3", name, cast.sofia)
    perform(project, "complete", by=cast.priya)

    for act in (
        lambda: add_version(project, "sit-workbook", by=cast.priya, link=LINK),
        lambda: set_visible(project, "sit-workbook", True, by=cast.priya),
        lambda: Document.objects.update(title="x"),
        lambda: Document(project=project, slug="x", title="x").save(),
        lambda: Document.objects.get().delete(),
    ):
        with pytest.raises(Archived), transaction.atomic():
            act()
    assert (Document.objects.get().title, DocumentVersion.objects.count()) == ("Sit workbook", 1)


def test_the_page(client, project, cast):
    client.force_login(cast.sofia)
    address = reverse("documents", args=[project.code])

    good = {"slug": "sit-workbook", "link": LINK, "label": "Draft"}
    assert client.post(address, good | {"link": "http://files.example"}).status_code == 400
    assert client.post(address, good | {"file_sha256": "zz"}).status_code == 400
    assert client.post(address, good | {"slug": "budget"}).status_code == 403
    assert client.post(address, good).status_code == 302
    assert client.post(address, {"act": "visible", "slug": "sit-workbook", "visible": "on"}).status_code == 302
    client.force_login(cast.bo)
    assert client.post(address, good).status_code == 403
    text = client.get(address).text
    assert LINK in text
    assert "Technical design page" not in text
    client.force_login(cast.mallory)
    assert client.get(address).status_code == client.post(address, good).status_code == 404


def test_the_page_takes_a_fixed_number_of_queries(client, project, cast):
    client.force_login(cast.priya)
    address = reverse("documents", args=[project.code])

    def look() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        return len(caught)

    add_version(project, "sit-workbook", by=cast.sofia, link=LINK)
    before = look()
    for slug in ("sit-workbook", "technical-design-page", "solution-design-document"):
        for number in range(3):
            add_version(project, slug, by=cast.priya if number else cast.sofia, link=f"{LINK}{number}")
    assert look() == before <= 9
