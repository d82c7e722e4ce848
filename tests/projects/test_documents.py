"""Documents: which there are, how far their sections are, who adds versions, who sees them, what a sign-off makes of them."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from playbook.data import DocumentData, SectionData
from projects.documents import add_version, move_section, set_visible
from projects.documents_page import document_rows, state_of
from projects.models import Document, DocumentSection, DocumentVersion, Project, StoredFile
from projects.signoff import changes, statement
from projects.waivers import waive
from raci.letters import Raci
from tests.cast import move, step_of
from tests.projects.signing import decide, in_review, the_step
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.gates import gate
from transitions.models import TransitionRecord
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
    assert (row.title, row.steps, row.may_write) == ("Sit workbook", [], False)
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


def address(project: Project, slug: str = "sit-workbook", act: str = "") -> str:
    return reverse("document", args=[project.code, slug]) + act


def test_the_page_adds_versions_and_shows_them(client, project, cast):
    client.force_login(cast.sofia)

    good = {"link": LINK, "label": "Draft"}
    versions = address(project, act="versions")
    assert client.post(versions, good | {"link": "http://files.example"}).status_code == 400
    assert client.post(versions, good | {"file_sha256": "zz"}).status_code == 400
    assert client.post(versions, {"label": "Draft"}).status_code == 400
    assert client.post(address(project, "budget", "versions"), good).status_code == 404
    assert client.post(versions, good).status_code == 302
    assert client.post(address(project, act="visible"), {"visible": "on"}).status_code == 302
    client.force_login(cast.arun)
    assert client.post(versions, good).status_code == 403
    assert client.post(address(project, act="visible"), {}).status_code == 403
    client.force_login(cast.bo)
    assert client.post(versions, good).status_code == client.get(address(project)).status_code == 404
    text = client.get(reverse("documents", args=[project.code])).text
    assert LINK in text
    assert "Technical design page" not in text
    client.force_login(cast.mallory)
    for path in (reverse("documents", args=[project.code]), address(project)):
        assert client.get(path).status_code == 404


# -- Sections -------------------------------------------------------------------------------------


DESIGN, PAGE = "technical-design-page", "discovery-page"
SECTIONS = (
    SectionData("invoices", "Invoices", mandatory=True),
    SectionData("payments", "Payments", mandatory=True),
    SectionData("extras", "Extras"),
)
DOCUMENTS = (
    DocumentData(PAGE, "Discovery page", sections=SECTIONS),
    DocumentData(DESIGN, "Technical Design page", mandatory=True),
    DocumentData("sit-workbook", "SIT workbook", live=True),
)


@pytest.fixture
def sectioned(cast) -> Project:
    """In Design: one step that writes two sections, one the third and two documents, one later that reads the whole page."""
    steps = (
        a_step(1, title="Invoicing", documents=(f"{PAGE}/invoices", f"{PAGE}/payments")),
        a_step(
            2, title="Extras", documents=(f"{PAGE}/extras", DESIGN, "sit-workbook"), raci=Raci(R=("SA",), A=("INM",))
        ),
        a_step(3, title="Later", phase="development", documents=(PAGE,)),
    )
    return started(cast, publish(*steps, documents=DOCUMENTS))


def moved(
    project: Project, name: str, by: User, section: str = "invoices", slug: str = PAGE, **how: Any
) -> DocumentSection:
    return move_section(project, slug, section, name, by=by, **how).row


def line_of(project: Project, person: User) -> list[tuple[str, str, list[tuple[str, str]]]]:
    rows = document_rows(Project.objects.get(pk=project.pk), person)
    return [(row.slug, row.state, [(part.slug, part.state) for part in row.parts]) for row in rows]


def test_a_section_without_a_row_is_empty_and_a_document_is_as_far_as_its_sections(sectioned, cast):
    assert line_of(sectioned, cast.priya) == [
        (PAGE, "empty", [("invoices", "empty"), ("payments", "empty"), ("extras", "empty")]),
        (DESIGN, "empty", [("", "empty")]),
        ("sit-workbook", "empty", [("", "empty")]),
    ]
    assert DocumentSection.objects.count() == Document.objects.count() == 0

    moved(sectioned, "draft_section", cast.sofia)
    moved(sectioned, "skip_section", cast.priya, "extras", note="No extras sold.")
    assert line_of(sectioned, cast.priya)[0] == (
        PAGE, "drafting", [("invoices", "drafting"), ("payments", "empty"), ("extras", "not_applicable")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["empty", "empty"], "empty"),
        (["empty", "drafting"], "drafting"),
        (["approved", "empty"], "drafting"),
        (["approved", "in_review"], "in_review"),
        (["approved", "approved", "not_applicable"], "approved"),
        (["not_applicable", "not_applicable"], "not_applicable"),
        (["drafting"], "drafting"),
    ],
)
def test_how_far_a_document_is(states, whole):
    assert state_of(states) == whole


def test_a_section_goes_its_way_with_who_and_why(sectioned, cast):
    section = moved(sectioned, "draft_section", cast.sofia)
    assert (section.title, section.revision) == ("Discovery page, Invoices", 1)
    for name, by, note, state in (
        ("hand_in_section", cast.sofia, "", "in_review"),
        ("send_back_section", cast.ingrid, "Rejects are missing.", "drafting"),
        ("hand_in_section", cast.sofia, "", "in_review"),
        ("approve_section", cast.ingrid, "", "approved"),
        ("reopen_section", cast.sofia, "Chargebacks changed.", "drafting"),
        ("skip_section", cast.sofia, "No invoices here.", "not_applicable"),
    ):
        section = moved(sectioned, name, by, note=note)
        assert section.state == state
    assert (section.reason, section.reason_by) == ("No invoices here.", cast.sofia)
    section = moved(sectioned, "reopen_section", cast.sofia, note="There are, after all.")
    assert (section.state, section.reason, section.reason_by) == ("empty", "", None)

    told = TransitionRecord.objects.of(section).order_by("pk").values_list("move", "by__name", "note")
    assert list(told[1:3]) == [
        ("hand_in_section", "Sofia Reyes", ""),
        ("send_back_section", "Ingrid Berg", "Rejects are missing."),
    ]
    assert TransitionRecord.objects.under(sectioned).filter(move__endswith="_section").count() == 8


@pytest.mark.parametrize("name", ["send_back_section", "skip_section", "reopen_section"])
def test_what_is_taken_back_needs_a_reason(sectioned, cast, name):
    moved(sectioned, "draft_section", cast.sofia)
    if name != "skip_section":
        moved(sectioned, "hand_in_section", cast.sofia)
    if name == "reopen_section":
        moved(sectioned, "approve_section", cast.ingrid)
    with pytest.raises(MoveRefused) as refused:
        moved(sectioned, name, cast.priya, note="  ")
    assert [blocker.code for blocker in refused.value.blockers] == ["missing-note"]


#: Who may write and who may approve: R and A of the step that writes Invoices, and who runs the project.
WRITE, APPROVE = {"priya", "ivan", "sofia", "adele"}, {"priya", "ivan", "ingrid", "adele"}


@pytest.mark.parametrize(
    "who", ["priya", "ivan", "sofia", "arun", "ingrid", "tess", "dele", "adele", "bo", "pat", "mallory"]
)
def test_who_writes_and_who_approves_a_section(sectioned, cast, who):
    person = getattr(cast, who)

    def may(name: str, **how: Any) -> bool:
        try:
            with transaction.atomic():
                moved(sectioned, name, person, **how)
                transaction.set_rollback(True)
        except NotPermitted:
            return False
        return True

    writes = {may("draft_section"), may("skip_section", note="x")}
    moved(sectioned, "draft_section", cast.priya)
    writes.add(may("hand_in_section"))
    moved(sectioned, "hand_in_section", cast.priya)
    approves = {may("approve_section"), may("send_back_section", note="x")}

    assert (writes, approves) == ({who in WRITE}, {who in APPROVE})


def test_a_step_that_names_the_whole_document_writes_all_of_its_sections(sectioned, cast):
    (row, *_) = document_rows(sectioned, cast.priya)

    assert [[title for title, _ in part.steps] for part in row.parts] == [
        ["Invoicing", "Later"], ["Invoicing", "Later"], ["Extras", "Later"],
    ]  # fmt: skip


def test_a_stale_move_is_refused_with_both(sectioned, cast):
    moved(sectioned, "skip_section", cast.priya, note="Not sold.", revision=0)
    with pytest.raises(StaleRow) as refused:
        moved(sectioned, "draft_section", cast.sofia, revision=0)
    assert str(refused.value).startswith(
        "Discovery page, Invoices changed since you saw it. It is n/a now (Priya Nair); you asked for “Start drafting”."
    )


@pytest.mark.parametrize(("slug", "section"), [("budget", ""), (PAGE, "budget"), (PAGE, ""), (DESIGN, "invoices")])
def test_a_section_that_no_step_names_is_none(sectioned, cast, slug, section):
    with pytest.raises(NotPermitted):
        moved(sectioned, "draft_section", cast.priya, section, slug)
    assert Document.objects.count() == 0


def test_what_is_kept_here_has_no_state_of_its_own(sectioned, cast):
    with pytest.raises(MoveRefused) as refused:
        moved(sectioned, "draft_section", cast.priya, "", "sit-workbook")
    assert [blocker.code for blocker in refused.value.blockers] == ["kept-here"]
    assert "sit-workbook" not in {section.key for section in sectioned.section_facts}


# -- Versions of sections, and files --------------------------------------------------------------


def a_file(name: str = "Invoices.pdf", content: bytes = b"%PDF-1.7 invoices") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_version_begins_the_section_that_it_is_of(sectioned, cast):
    version = add_version(sectioned, PAGE, by=cast.sofia, section="payments", link=LINK + "#payments")

    assert (version.number, version.section.slug, version.section.state) == (1, "payments", "drafting")
    assert Document.objects.get().current is None
    whole = add_version(sectioned, PAGE, by=cast.sofia, link=LINK)
    assert (whole.number, whole.section, Document.objects.get().current) == (2, None, whole)
    assert add_version(sectioned, DESIGN, by=cast.arun, link=LINK).section is None
    assert DocumentSection.objects.get(document__slug=DESIGN).state == "drafting"


def test_a_new_version_of_what_was_approved_is_drafted_again(sectioned, cast):
    for name, by in (("draft_section", cast.sofia), ("hand_in_section", cast.sofia), ("approve_section", cast.ingrid)):
        moved(sectioned, name, by)
    version = add_version(sectioned, PAGE, by=cast.sofia, section="invoices", link=LINK)

    assert DocumentSection.objects.get(pk=version.section.pk).state == "drafting"
    last = TransitionRecord.objects.of(version.section).first()
    assert (last.move, last.note) == ("reopen_section", "Version 1 was added.")


def test_what_does_not_apply_gets_no_version(sectioned, cast):
    moved(sectioned, "skip_section", cast.sofia, note="Not sold.")
    with pytest.raises(MoveRefused) as refused:
        add_version(sectioned, PAGE, by=cast.sofia, section="invoices", link=LINK)
    assert [blocker.code for blocker in refused.value.blockers] == ["section-skipped"]
    assert DocumentVersion.objects.count() == 0


def test_a_section_that_applies_again_goes_on_where_it_was(sectioned, cast):
    add_version(sectioned, PAGE, by=cast.sofia, section="invoices", link=LINK)
    moved(sectioned, "skip_section", cast.sofia, note="Not sold.")

    assert moved(sectioned, "reopen_section", cast.sofia, note="Sold now.").state == "drafting"


def test_a_file_is_a_version_with_its_own_digest(project, cast):
    version = add_version(project, "sit-workbook", by=cast.sofia, upload=a_file(), label="Signed copy")

    assert (version.sha256, version.of_file) == (hashlib.sha256(b"%PDF-1.7 invoices").hexdigest(), True)
    assert (version.link, version.file.name, version.file.project) == ("", "Invoices.pdf", project)
    assert version.address == f"/projects/{project.code}/documents/sit-workbook/versions/1"
    (_, shown) = statement(the_step(project), cast.ingrid).values["documents"]
    assert shown == {
        "title": "Sit workbook", "version": 1, "label": "Signed copy", "file": "Invoices.pdf", "link": version.address,
        "sha256": version.sha256,
    }  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"link": LINK, "upload": a_file()}])
def test_a_version_is_a_link_or_a_file(project, cast, given):
    with pytest.raises(ValidationError, match="one of the two"):
        add_version(project, "sit-workbook", by=cast.sofia, **given)
    assert (DocumentVersion.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_the_table_takes_neither_both_nor_none(project, cast):
    version = add_version(project, "sit-workbook", by=cast.sofia, upload=a_file())
    for wrong in ({"link": LINK}, {"file": None}):
        values = {"project": project, "document": version.document, "number": 9, "sha256": version.sha256}
        row = DocumentVersion(**values, **({"file": version.file} | wrong), added_by=cast.sofia)
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


def test_a_version_over_another_than_the_latest_is_refused_with_both(client, sectioned, cast):
    add_version(sectioned, PAGE, by=cast.priya, section="invoices", link=LINK, seen=0)
    client.force_login(cast.sofia)
    data = {"section": "invoices", "seen": "0", "link": "https://files.example/mine", "label": "Mine"}
    answer = client.post(address(sectioned, PAGE, "versions"), data)

    assert answer.status_code == 409
    assert "Priya Nair added version 1 since you opened this." in answer.text
    table = answer.text.partition('<section class="conflict"')[2].partition("</section>")[0]
    assert LINK in table
    assert "https://files.example/mine" in table
    assert 'value="https://files.example/mine"' in answer.text
    assert client.post(address(sectioned, PAGE, "versions"), data | {"seen": "1"}).status_code == 302
    assert DocumentVersion.objects.count() == 2


# -- The gate -------------------------------------------------------------------------------------


def criterion(project: Project) -> tuple[str, list[tuple[str, str, str]]]:
    criteria = gate(Project.objects.get(pk=project.pk).gate_facts(dt.date(2026, 11, 23)))
    line = next(line for line in criteria if line.code == "section-empty")
    return line.text, [(blocker.subject, blocker.owner, blocker.link) for blocker in line.blockers]


def test_a_gate_asks_for_what_done_steps_should_have_written(sectioned, cast):
    for name in ("start", "complete"):
        move(sectioned, "design.step-1", name, cast.sofia)
    place = f"/projects/{sectioned.code}/documents#discovery-page--"
    assert criterion(sectioned) == (
        "Sections filled, 0 of 2",
        [(f"{PAGE}/{name}", "Sofia Reyes", f"{place}{name}") for name in ("invoices", "payments")],
    )

    moved(sectioned, "draft_section", cast.sofia)
    moved(sectioned, "skip_section", cast.sofia, "payments", note="None taken.")
    assert criterion(sectioned) == ("Sections filled, 1 of 1, 1 N/A", [])
    for name in ("start", "complete"):
        move(sectioned, "design.step-2", name, cast.arun)
    assert criterion(sectioned) == (
        "Sections filled, 1 of 2, 1 N/A", [(DESIGN, "Arun Patel", f"/projects/{sectioned.code}/documents#{DESIGN}")]
    )  # fmt: skip
    with pytest.raises(MoveRefused) as refused:
        perform(sectioned, "advance", by=cast.priya)
    assert [blocker.code for blocker in refused.value.blockers] == ["section-empty"]

    until = business_day() + dt.timedelta(7)
    waive(sectioned, code="section-empty", subject=DESIGN, by=cast.priya, reason="Next week.", expires=until)
    assert perform(sectioned, "advance", by=cast.priya).row.phase == "development"


def test_a_version_from_before_there_were_lists_asks_for_nothing(project, cast):
    assert {section.mandatory for section in project.section_facts} == {False}
    assert [section.title for section in project.section_facts] == [
        "Technical design page, Invoices", "Solution design document, Whole", "Sit workbook",
    ]  # fmt: skip


def test_the_gate_reads_the_sections_once_and_only_where_a_step_names_some(sectioned, cast):
    fresh = Project.objects.get(pk=sectioned.pk)
    _ = fresh.board, fresh.waiver_facts
    with CaptureQueriesContext(connection) as caught:
        fresh.gate_facts(dt.date(2026, 11, 23))
        fresh.gate_facts(dt.date(2026, 11, 23))
    assert len(caught) == 1

    plain = started(cast, publish(a_step(1), slug="plain"), biller_name="Plain", biller_code="PLN")
    _ = plain.board, plain.waiver_facts
    with CaptureQueriesContext(connection) as caught:
        plain.gate_facts(dt.date(2026, 11, 23))
    assert len(caught) == 0


def test_the_step_says_that_its_section_is_empty_and_lets_itself_be_closed(client, sectioned, cast):
    client.force_login(cast.sofia)
    row = step_of(sectioned, "design.step-1")
    page = sectioned.step_url(row.live.path)
    says = f'<a href="/projects/{sectioned.code}/documents#discovery-page--invoices">Discovery page, Invoices</a>'

    assert "Still empty" not in client.get(page).text
    move(sectioned, "design.step-1", "start", cast.sofia)
    for address_ in (page, page + "menu"):
        text = client.get(address_, headers={"HX-Request": "true"}).text
        assert "Still empty, and written by this step" in text
        assert says in text
    moved(sectioned, "draft_section", cast.sofia, "payments")
    assert "Discovery page, Invoices is empty:" in client.get(page).text
    assert move(sectioned, "design.step-1", "complete", cast.sofia).row.status == "done"
    moved(sectioned, "draft_section", cast.sofia)
    assert "is empty" not in client.get(page).text


# -- The pages ------------------------------------------------------------------------------------


def test_the_page_of_a_document_moves_its_sections(client, sectioned, cast):
    client.force_login(cast.sofia)
    page = address(sectioned, PAGE)
    go = {"section": "invoices", "move": "draft_section", "revision": "0"}

    assert client.post(page + "move", go | {"section": "budget"}).status_code == 403
    assert client.post(page + "move", go | {"move": "fly"}).status_code == 400
    assert client.post(page + "move", go | {"revision": "x"}).status_code == 400
    refused = client.post(page + "move", go | {"move": "reopen_section", "note": "Why not"})
    assert (refused.status_code, "Why not" in refused.text) == (409, True)
    answer = client.post(page + "move", go)
    assert (answer.status_code, answer["Location"]) == (302, f"{page}#discovery-page--invoices")
    stale = client.post(page + "move", go | {"move": "skip_section", "note": "Typed words"})
    assert stale.status_code == 409
    assert "It is drafting now (Sofia Reyes); you asked for “Not applicable”." in stale.text
    assert "Typed words" in stale.text
    back = reverse("documents", args=[sectioned.code]) + "#discovery-page--invoices"
    answer = client.post(page + "move", go | {"move": "hand_in_section", "revision": "1", "next": back})
    assert answer["Location"] == back
    answer = client.post(page + "move", go | {"move": "approve_section", "revision": "2"})
    assert answer.status_code == 403
    client.force_login(cast.ingrid)
    evil = go | {"move": "approve_section", "revision": "2", "next": "https://evil.example/"}
    assert client.post(page + "move", evil)["Location"] == f"{page}#discovery-page--invoices"


def test_the_list_says_how_far_all_is(client, sectioned, cast):
    moved(sectioned, "draft_section", cast.sofia)
    moved(sectioned, "skip_section", cast.priya, "extras", note="No extras <sold>.")
    add_version(sectioned, PAGE, by=cast.sofia, section="invoices", link=LINK)
    client.force_login(cast.priya)
    text = client.get(reverse("documents", args=[sectioned.code])).text

    assert "1 of 3 sections filled" in text
    assert "1 of 2 sections filled, 1 N/A" in text
    assert "N/A: No extras &lt;sold&gt;." in text
    for anchor in ("discovery-page--invoices", "discovery-page--extras", DESIGN, "sit-workbook"):
        assert text.count(f'id="{anchor}"') == 1
    client.force_login(cast.arun)
    text = client.get(reverse("documents", args=[sectioned.code])).text
    assert 'value="hand_in_section"' not in text  # Invoices are Sofia’s to write
    assert 'value="reopen_section"' in text  # Extras are Arun’s


def test_a_file_is_for_those_who_see_it(client, project, cast):
    add_version(project, "sit-workbook", by=cast.sofia, upload=a_file())
    path = f"{address(project)}versions/1"

    def status(who: str, where: str = path) -> int:
        client.force_login(getattr(cast, who))
        return client.get(where).status_code

    assert {who: status(who) for who in ("priya", "tess", "bo", "pat", "mallory")} == {
        "priya": 200, "tess": 200, "bo": 404, "pat": 404, "mallory": 404,
    }  # fmt: skip
    set_visible(project, "sit-workbook", True, by=cast.priya)
    assert (status("bo"), status("mallory")) == (200, 404)
    client.force_login(cast.bo)
    answer = client.get(path)
    assert (b"".join(answer.streaming_content), answer["Content-Disposition"]) == (
        b"%PDF-1.7 invoices", 'attachment; filename="Invoices.pdf"',
    )  # fmt: skip
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert client.get(f"{address(project)}versions/2").status_code == 404
    assert client.get(f"{address(project)}versions/99999").status_code == 404
    assert client.get(f"/projects/{project.code}/documents/a%00b/versions/1").status_code == 404
    assert client.post(path).status_code == 405


def test_outside_an_older_version_is_for_who_signed_it(client, project, cast):
    add_version(project, "sit-workbook", by=cast.sofia, upload=a_file())
    set_visible(project, "sit-workbook", True, by=cast.priya)
    decide(project, "approve", cast.bo)
    add_version(project, "sit-workbook", by=cast.sofia, upload=a_file("Invoices 2.pdf", b"%PDF-1.7 other"))
    path = f"{address(project)}versions/"

    def statuses() -> dict[str, list[int]]:
        found = {}
        for who in ("bo", "pat"):
            client.force_login(getattr(cast, who))
            found[who] = [client.get(f"{path}{number}").status_code for number in (1, 2)]
        return found

    assert statuses() == {"bo": [200, 200], "pat": [404, 200]}
    set_visible(project, "sit-workbook", False, by=cast.priya)
    assert statuses() == {"bo": [200, 404], "pat": [404, 404]}


def test_a_file_of_one_project_is_not_got_through_another(client, project, cast):
    add_version(project, "sit-workbook", by=cast.sofia, upload=a_file())
    other = started(cast, project.versions.get(), people={"PM": cast.mallory}, biller_name="Other", biller_code="OTH")
    client.force_login(cast.mallory)

    for code in (project.code, other.code):
        path = reverse("document-file", args=[code, "sit-workbook", 1])
        assert client.get(path).status_code == 404


def test_outside_the_latest_versions_are_shown_and_nothing_of_how_far_it_is(client, sectioned, cast):
    add_version(sectioned, PAGE, by=cast.sofia, section="invoices", upload=a_file("Old.pdf"), label="Old one")
    add_version(sectioned, PAGE, by=cast.sofia, section="invoices", upload=a_file())
    add_version(sectioned, PAGE, by=cast.sofia, section="payments", link=LINK)
    moved(sectioned, "skip_section", cast.priya, "extras", note="Sekret reason")
    set_visible(sectioned, PAGE, True, by=cast.priya)
    client.force_login(cast.bo)
    text = client.get(reverse("documents", args=[sectioned.code])).text

    assert "Discovery page, Invoices" in text
    assert f"/projects/{sectioned.code}/documents/discovery-page/versions/2" in text
    assert LINK in text
    for inside in ("Old one", "Sekret reason", "Drafting", "Sofia Reyes", "sections filled", "Technical Design page"):
        assert inside not in text
    page = client.get(f"/projects/{sectioned.code}/").text
    assert 'href="documents/discovery-page/versions/2"' in page


def test_whoever_looks_as_the_customer_gets_the_same_file(client, project, cast):
    add_version(project, "sit-workbook", by=cast.sofia, upload=a_file())
    client.force_login(cast.priya)
    seat = project.seats.get(role__code="B").pk
    path = f"/projects/{project.code}/customer/{seat}/documents/sit-workbook/versions/1"

    assert client.get(path).status_code == 404
    set_visible(project, "sit-workbook", True, by=cast.priya)
    answer = client.get(path)
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"%PDF-1.7 invoices")
    client.force_login(cast.bo)
    assert client.get(path).status_code == 404


def test_history_tells_of_sections_by_name(client, sectioned, cast):
    moved(sectioned, "skip_section", cast.priya, note="None taken.")
    client.force_login(cast.priya)
    text = client.get(reverse("project-history", args=[sectioned.code])).text

    assert "Discovery page, Invoices" in text
    assert "set not applicable" in text
    assert "None taken." in text


def test_the_pages_take_a_fixed_number_of_queries(client, cast):
    def a_project(count: int, code: str) -> Project:
        documents = [
            DocumentData(
                f"page-{number}",
                f"Page {number}",
                sections=(SectionData("one", "One", mandatory=True), SectionData("two", "Two")),
            )
            for number in range(count)
        ]
        named = tuple(f"page-{number}/one" for number in range(count)) + tuple(
            f"page-{number}" for number in range(count)
        )
        project = started(
            cast, publish(a_step(1, documents=named), documents=documents, slug=code.lower()), biller_name=code, biller_code=code
        )  # fmt: skip
        for number in range(count):
            moved(project, "skip_section", cast.sofia, "two", f"page-{number}", note="None.")
            add_version(project, f"page-{number}", by=cast.sofia, section="one", upload=a_file())
            add_version(project, f"page-{number}", by=cast.priya, link=LINK)
            set_visible(project, f"page-{number}", True, by=cast.priya)
        return project

    def costs(project: Project) -> list[int]:
        found = []
        for person in (cast.priya, cast.bo):
            client.force_login(person)
            for path in (
                reverse("documents", args=[project.code]),
                project.get_absolute_url(),
                address(project, "page-0"),
            ):
                client.get(path)
                with CaptureQueriesContext(connection) as caught:
                    client.get(path)
                found.append(len(caught))
        return found

    few, many = costs(a_project(1, "FEW")), costs(a_project(30, "MNY"))
    assert few == many
    assert max(few) <= 20  # three of them ask for the talk about the document, one for the meetings
