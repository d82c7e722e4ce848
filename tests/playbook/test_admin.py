"""The admin: drafts are edited and published, what is published is shown, and nothing is lost between two admins."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from playbook.data import DocumentData, SectionData, StepData
from playbook.models import Playbook, Role, Step, StepRole, Version
from playbook.services import new_draft
from raci.letters import Raci
from transitions.version import VersionStatus

pytestmark = pytest.mark.django_db
MakeDraft = Callable[..., Version]
MakeStep = Callable[..., StepData]

INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')


@pytest.fixture
def adele(client: Client, cast: SimpleNamespace) -> Client:
    client.force_login(cast.adele)
    return client


def filled(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """What a browser would send from the form on that page, with some fields changed."""
    response = client.get(url)
    assert response.status_code == 200
    form = response.context["adminform"].form
    formsets = [inline.formset for inline in response.context["inline_admin_formsets"]]
    forms = [form, *(part for formset in formsets for part in [formset.management_form, *formset.forms])]
    sent = {}
    for part in forms:
        for bound in part:
            value = bound.field.prepare_value(bound.value())
            if value is not None and value is not False:
                sent[bound.html_name] = "on" if value is True else value
    return {**sent, **changes}


def step_url(step: Step) -> str:
    return reverse("admin:playbook_step_change", args=[step.pk])


def publish_url(version: Version) -> str:
    return reverse("admin:playbook_version_publish", args=[version.pk])


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


def everything() -> tuple[Any, ...]:
    return (
        list(Version.objects.order_by("pk").values()),
        *(list(model.objects.order_by("pk").values()) for model in (Playbook, Role, Step, StepRole)),
    )


def ids_on(response: Any) -> list[str]:
    """The ids of the warnings that the publish page asks to confirm."""
    boxes = [dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(text_of(response))]
    return [box["value"] for box in boxes if box.get("name") == "confirmed"]


# -- Lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["playbook_playbook", "playbook_version", "playbook_step", "accounts_user"])
def test_the_lists_open(adele: Client, published: Version, name: str) -> None:
    assert adele.get(reverse(f"admin:{name}_changelist")).status_code == 200


def test_steps_are_not_in_the_index(adele: Client) -> None:
    page = text_of(adele.get(reverse("admin:index")))

    assert reverse("admin:playbook_version_changelist") in page
    assert reverse("admin:playbook_step_changelist") not in page


def test_a_new_playbook_begins_with_an_empty_draft(adele: Client) -> None:
    response = adele.post(
        reverse("admin:playbook_playbook_add"), {"slug": "renewals", "title": "Renewals", "kind": "checklist"}
    )
    version = Version.objects.get()

    assert response["Location"] == version.admin_url()
    assert (version.number, version.status, version.title, version.kind) == (1, "draft", "Renewals", "checklist")
    assert "This version has no step yet." in text_of(adele.get(version.admin_url()))


@pytest.mark.parametrize(
    ("slug", "words"), [("sample", "Playbook with this Slug already exists."), ("A b", "lower-case letters, digits")]
)
def test_a_playbook_with_a_wrong_slug_is_refused(adele: Client, draft: Version, slug: str, words: str) -> None:
    before = everything()
    response = adele.post(reverse("admin:playbook_playbook_add"), {"slug": slug, "title": "x", "kind": "phased"})

    assert words in text_of(response)
    assert everything() == before


# -- The version's page -----------------------------------------------------------------------------------------------


def test_the_page_shows_steps_letters_and_findings_with_links(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    draft = make_draft(
        make_step(1), make_step(2, raci=Raci(R=("SE",), A=("INM", "PM"), C=("B",))), open_questions=("Whose?",)
    )
    page = text_of(adele.get(draft.admin_url()))
    steps = list(draft.steps.all())

    assert all(f'<a href="{step_url(step)}">{step.title}</a>' in page for step in steps)
    assert "<td>SE</td><td>INM, PM</td><td>B</td><td>–</td>" in page
    assert f'<a href="{step_url(steps[1])}">Step 2</a>:' in page
    assert "Several roles are accountable (INM, PM); keep exactly one as A." in page
    assert "1 error: mend it before publishing." in page
    assert "Whole playbook:\n      Whose?" in page


def test_the_page_costs_the_same_with_two_steps_and_with_200(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    counts = []
    for slug, size in (("warm-up", 1), ("small", 2), ("large", 200)):
        steps = [make_step(number, derived=("A",)) for number in range(1, size + 1)]
        draft = make_draft(*steps, playbook=slug)
        with CaptureQueriesContext(connection) as queries:
            response = adele.get(draft.admin_url())
        assert response.status_code == 200
        counts.append(len(queries))

    assert counts[1] == counts[2]
    assert counts[2] <= 25


def test_a_version_of_200_steps_saves_with_few_fields(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    draft = make_draft(*(make_step(number) for number in range(1, 201)))
    sent = filled(adele, draft.admin_url(), title="Large")

    assert len(sent) < 100
    assert adele.post(draft.admin_url(), sent).status_code == 302
    draft.refresh_from_db()
    assert draft.title == "Large"


def test_the_pages_keep_to_the_content_security_policy(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep, published: Version
) -> None:
    draft = new_draft(published, None)
    Step.objects.filter(version=draft, number=1).update(derived=["A"])
    pages = [
        *(draft.admin_url(), published.admin_url(), publish_url(draft)),
        *(step_url(draft.steps.get(number=1)), step_url(published.steps.get(number=1))),
        f"{reverse('admin:playbook_step_add')}?version={draft.pk}",
        reverse("admin:playbook_version_retire", args=[published.pk]),
    ]
    for url in pages:
        response = adele.get(url)
        assert response.status_code == 200
        page = response.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
        assert re.findall(r"<style|\sstyle=|\son(?:click|change|submit|load)=", page) == []


def test_metadata_is_saved(adele: Client, draft: Version) -> None:
    sent = filled(
        adele,
        draft.admin_url(),
        title="Mended",
        source_file="a.txt",
        changes="1.0 | 2025-01-31 | | First\r\n1.1 | | Jo | Second | third\r\n",
        open_questions="Whose?\r\n\r\n  Which?  \r\n",
    )
    assert adele.post(draft.admin_url(), sent).status_code == 302
    draft.refresh_from_db()

    assert (draft.title, draft.source, draft.open_questions) == ("Mended", {"file": "a.txt"}, ["Whose?", "Which?"])
    assert draft.changes == [
        {"version": "1.0", "date": "2025-01-31", "author": None, "note": "First"},
        {"version": "1.1", "date": None, "author": "Jo", "note": "Second | third"},
    ]
    assert filled(adele, draft.admin_url())["changes"] == "1.0 | 2025-01-31 |  | First\n1.1 |  | Jo | Second | third"


DOCUMENTS = """discovery-page | Discovery page
discovery-page/invoices | Invoices | mandatory
discovery-page/payments | Payments
scope-plan | Scope plan | mandatory
sit-workbook | SIT workbook | live"""


def test_documents_are_written_one_a_line(adele: Client, draft: Version) -> None:
    sent = filled(adele, draft.admin_url(), documents=DOCUMENTS.replace("\n", "\r\n"))
    assert adele.post(draft.admin_url(), sent).status_code == 302
    draft.refresh_from_db()

    assert draft.as_data().documents == (
        DocumentData(
            "discovery-page",
            "Discovery page",
            sections=(SectionData("invoices", "Invoices", mandatory=True), SectionData("payments", "Payments")),
        ),
        DocumentData("scope-plan", "Scope plan", mandatory=True),
        DocumentData("sit-workbook", "SIT workbook", live=True),
    )
    before = everything()
    assert filled(adele, draft.admin_url())["documents"] == DOCUMENTS
    assert adele.post(draft.admin_url(), filled(adele, draft.admin_url())).status_code == 302
    assert everything() == before


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Scope plan", "Entry 1: write it as slug | title | mandatory"),
        ("scope-plan |", "Entry 1: write it as slug | title | mandatory"),
        ("a/b/c | C", "Entry 1: write it as slug | title | mandatory"),
        ("a | A | optional", "Entry 1: “optional” is none of live, mandatory."),
        ("a | A\na/b | B | live", "Entry 2: “live” is none of mandatory."),
        ("a/b | B", "Entry 1: the document “a” has to stand above its sections."),
        ("a | A\na | B", "Entry 2: “a” is another document’s slug already."),
        ("a | A\na/b | B\na/b | C", "Entry 3: “b” is another section’s slug already."),
        ("a | A | mandatory\na/b | B", "Entry 2: “A” has sections: say mandatory of each of them."),
        ("a | " + "x" * 121, "Entry 1: 60 characters are the most for a slug, 120 for a title."),
    ],
)
def test_a_wrong_list_of_documents_is_refused_by_its_line(
    adele: Client, draft: Version, typed: str, words: str
) -> None:
    response = adele.post(draft.admin_url(), filled(adele, draft.admin_url(), documents=typed))

    assert response.status_code == 400
    assert words in text_of(response)
    draft.refresh_from_db()
    assert draft.documents == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "x" * 10_000}, "at most 120 characters (it has 10000)"),
        ({"title": ""}, "This field is required."),
        ({"changes": "1.0 | 3/10/225 | | x"}, "Entry 1: “3/10/225” is no date"),
        ({"changes": "1.0 first"}, "Entry 1: write it as version | date | author | note"),
        ({"open_questions": "Why?\nWhy?"}, "Entry 2 stands there twice: “Why?”"),
        ({"roles-1-code": "PM"}, "Please correct the duplicate data for"),
        ({"roles-1-code": "S/E"}, "“S/E” cannot stand in a cell"),
        ({"roles-1-DELETE": "on"}, "would require deleting the following protected related objects"),
    ],
)
def test_a_wrong_version_is_refused_at_the_field(
    adele: Client, draft: Version, changes: dict[str, str], words: str
) -> None:
    before = everything()
    response = adele.post(draft.admin_url(), filled(adele, draft.admin_url(), **changes))

    assert response.status_code == 400
    assert words in text_of(response)
    assert everything() == before


def test_roles_are_edited_on_the_page(adele: Client, draft: Version) -> None:
    sent = filled(adele, draft.admin_url(), **{"roles-0-name": "Program Manager", "roles-TOTAL_FORMS": "5"})
    sent.update(
        {"roles-4-code": "TC", "roles-4-name": "Technical Consultant", "roles-4-side": "partner", "roles-4-position": 9}
    )
    sent["roles-4-version"] = str(draft.pk)

    assert adele.post(draft.admin_url(), sent).status_code == 302
    roles = [(role.code, role.name) for role in draft.as_data().roles]
    assert roles == [
        ("PM", "Program Manager"),
        ("SE", "Solution Engineer"),
        ("INM", "Integrations Manager"),
        ("B", "Biller"),
        ("TC", "Technical Consultant"),
    ]


def test_two_admins_on_one_version(adele: Client, draft: Version) -> None:
    first = filled(adele, draft.admin_url(), title="Mine")
    Version.objects.filter(pk=draft.pk).update(title="Theirs")
    response = adele.post(draft.admin_url(), first)

    assert response.status_code == 409
    assert "Stored meanwhile: “Theirs”. In your form: “Mine”." in text_of(response)
    draft.refresh_from_db()
    assert draft.title == "Theirs"


def test_two_admins_on_the_roles(adele: Client, draft: Version) -> None:
    first = filled(adele, draft.admin_url(), **{"roles-1-name": "Mine"})
    Role.objects.filter(version=draft, code="SE").update(name="Theirs")
    response = adele.post(draft.admin_url(), first)

    assert response.status_code == 409
    assert "They are now: PM Project Manager; SE Theirs; INM Integrations Manager; B Biller." in text_of(response)
    assert draft.roles.get(code="SE").name == "Theirs"


# -- Order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "number", "titles"),
    [
        ("up", 2, ["Step 2", "Step 1", "Step 3"]),
        ("down", 2, ["Step 1", "Step 3", "Step 2"]),
        ("up", 1, ["Step 1", "Step 2", "Step 3"]),
    ],
)
def test_a_button_moves_a_step(adele: Client, draft: Version, direction: str, number: int, titles: list[str]) -> None:
    step = draft.steps.get(number=number)
    response = adele.post(reverse("admin:playbook_version_order", args=[draft.pk]), {direction: step.pk})

    assert response["Location"] == f"{draft.admin_url()}#step-{step.pk}"
    assert list(draft.steps.values_list("title", flat=True)) == titles


@pytest.mark.parametrize("sent", [{}, {"up": "x"}, {"up": "9" * 30}, {"down": "0"}])
def test_a_button_of_no_step_is_404(adele: Client, draft: Version, sent: dict[str, str]) -> None:
    assert adele.post(reverse("admin:playbook_version_order", args=[draft.pk]), sent).status_code == 404


def test_a_step_of_another_version_is_404(adele: Client, draft: Version, make_draft: MakeDraft) -> None:
    other = make_draft(playbook="other").steps.get(number=1)

    assert adele.post(reverse("admin:playbook_version_order", args=[draft.pk]), {"up": other.pk}).status_code == 404


def test_order_is_changed_by_post_alone(adele: Client, draft: Version) -> None:
    assert adele.get(reverse("admin:playbook_version_order", args=[draft.pk])).status_code == 405


# -- A step -----------------------------------------------------------------------------------------------------------


def test_a_step_is_saved_with_its_letters(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=2)
    sent = filled(
        adele,
        step_url(step),
        title="Changed",
        guidance="One.\r\n\r\nTwo.\r\n",
        responsible="SE / PM",
        accountable=" INM",
        consulted="",
        needs=["design.step-1"],
        documents="discovery-page/invoices\r\nscope-plan",
        open_questions="Why?",
    )
    response = adele.post(step_url(step), sent)

    assert response["Location"] == f"{draft.admin_url()}#step-{step.pk}"
    data = draft.steps.get(number=2).as_data()
    assert (data.title, data.guidance) == ("Changed", "One.\n\nTwo.")
    assert data.raci == Raci(R=("SE", "PM"), A=("INM",), I=("B",))
    assert data.needs == ("design.step-1",)
    assert data.documents == ("discovery-page/invoices", "scope-plan")
    assert data.open_questions == ("Why?",)


def test_saving_without_a_change_changes_nothing(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(
        make_step(1, guidance="a\n\nb", documents=("x/y",), open_questions=("Why?",), derived=("A",)),
        make_step(2, needs=("design.step-1",), approval="architect_review", meeting="tdr"),
    )
    before = everything()
    for step in draft.steps.all():
        assert adele.post(step_url(step), filled(adele, step_url(step))).status_code == 302
    assert adele.post(draft.admin_url(), filled(adele, draft.admin_url())).status_code == 302

    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": "x" * 10_000}, "title", "at most 200 characters (it has 10000)"),
        ({"guidance": "x" * 20_001}, "guidance", "20,001 characters; 20,000 is the most"),
        ({"title": "a\x01b"}, "title", "holds a control character (U+0001)"),
        ({"key": "First step"}, "key", "Use phase.short-name"),
        ({"key": "design.step-2"}, "key", "Step 2, “Step 2”, has this key already."),
        ({"phase": "nowhere"}, "phase", "nowhere is not one of the available choices."),
        ({"duration_days": "-1"}, "duration_days", "greater than or equal to 0"),
        ({"duration_days": "1e9"}, "duration_days", "Enter a whole number."),
        ({"responsible": "SE, XX"}, "responsible", "Unknown role 'XX' at character 5."),
        ({"accountable": "SE,,PM"}, "accountable", "A role is missing at character 4."),
        ({"consulted": "SE,"}, "consulted", "A role is missing at character 4."),
        ({"informed": "SE, SE"}, "informed", "Role 'SE' named twice at character 5."),
        ({"needs": ["design.step-2"]}, "needs", "design.step-1 → design.step-2 → design.step-1"),
        ({"needs": ["design.gone"]}, "needs", "design.gone is not one of the available choices."),
        ({"documents": "x" * 121}, "documents", "Entry 1: 121 characters; 120 is the most."),
    ],
)
def test_a_wrong_step_is_refused_at_the_field(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep, changes: dict[str, Any], field: str, words: str
) -> None:
    draft = make_draft(make_step(1), make_step(2, needs=("design.step-1",)))
    step = draft.steps.get(number=1)
    before = everything()
    response = adele.post(step_url(step), filled(adele, step_url(step), **changes))

    assert response.status_code == 400
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert words in unescape(errors[field].as_text())
    assert everything() == before


def test_a_renamed_key_is_renamed_where_it_is_needed(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1), make_step(2, needs=("design.step-1",)))
    step = draft.steps.get(number=1)
    adele.post(step_url(step), filled(adele, step_url(step), key="design.renamed"))

    assert draft.steps.get(number=2).needs == ["design.renamed"]


def test_a_step_is_added_behind_its_phase(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1), make_step(2, phase="sit"))
    url = f"{reverse('admin:playbook_step_add')}?version={draft.pk}"
    sent = filled(adele, url, key="design.new", title="New", phase="design", responsible="PM", accountable="PM")
    response = adele.post(url, sent)
    new = draft.steps.get(key="design.new")

    assert response["Location"] == f"{draft.admin_url()}#step-{new.pk}"
    assert list(draft.steps.values_list("number", "title")) == [(1, "Step 1"), (2, "New"), (3, "Step 2")]
    assert new.raci == Raci(R=("PM",), A=("PM",))


@pytest.mark.parametrize("query", ["?version=999", "?version=x", "?version="])
def test_a_step_of_no_version_is_not_added(adele: Client, query: str) -> None:
    assert adele.get(reverse("admin:playbook_step_add") + query).status_code == 404


def test_a_step_is_deleted(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=2)
    url = reverse("admin:playbook_step_delete", args=[step.pk])
    response = adele.post(url, {"post": "yes", "seen": adele.get(url).context["seen"]})

    assert response["Location"] == draft.admin_url()
    assert list(draft.steps.values_list("number", flat=True)) == [1, 3]


def test_a_draft_is_deleted(adele: Client, draft: Version) -> None:
    url = reverse("admin:playbook_version_delete", args=[draft.pk])
    response = adele.post(url, {"post": "yes", "seen": adele.get(url).context["seen"]})

    assert response.status_code == 302
    assert (Version.objects.count(), Step.objects.count(), Role.objects.count()) == (0, 0, 0)


# -- Two admins on one step -------------------------------------------------------------------------------------------


def test_the_second_save_is_shown_both_values_and_saves_nothing(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=1)
    first, second = filled(adele, step_url(step), title="Theirs"), filled(adele, step_url(step), title="Mine")
    assert adele.post(step_url(step), first).status_code == 302
    before = everything()
    response = adele.post(step_url(step), second)

    assert response.status_code == 409
    assert "Stored meanwhile: “Theirs”. In your form: “Mine”." in text_of(response)
    assert response.context["adminform"].form["title"].value() == "Mine"
    assert everything() == before

    again = {**second, "seen": response.context["adminform"].form["seen"].value()}
    assert adele.post(step_url(step), again).status_code == 302
    assert draft.steps.get(number=1).title == "Mine"


def test_a_change_of_letters_or_lists_is_seen_too(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=1)
    stale = filled(adele, step_url(step), title="Mine")
    adele.post(step_url(step), filled(adele, step_url(step), consulted="", documents="a/b"))
    response = adele.post(step_url(step), stale)

    assert response.status_code == 409
    assert set(response.context["adminform"].form.errors) == {"__all__", "title", "consulted", "documents"}
    assert draft.steps.get(number=1).documents == ["a/b"]


def test_a_wrong_field_does_not_hide_what_was_stored_in_it(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=1)
    stale = filled(adele, step_url(step), title="Mine", consulted="XX")
    adele.post(step_url(step), filled(adele, step_url(step), title="Theirs", consulted="B, PM", informed=""))
    first = adele.post(step_url(step), stale)
    assert first.status_code == 409

    sent = {**stale, "consulted": "SE", "seen": first.context["adminform"].form["seen"].value()}
    second = adele.post(step_url(step), sent)
    assert second.status_code == 409
    assert "Stored meanwhile: “B, PM”. In your form: “SE”." in text_of(second)
    assert draft.steps.get(number=1).raci.C == ("B", "PM")


def test_a_form_that_says_not_what_it_saw_is_stale(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=1)
    sent = filled(adele, step_url(step), title="Mine")
    del sent["seen"]

    assert adele.post(step_url(step), sent).status_code == 409
    assert draft.steps.get(number=1).title == "Step 1"


def test_moving_a_step_does_not_make_its_form_stale(adele: Client, draft: Version) -> None:
    step = draft.steps.get(number=1)
    sent = filled(adele, step_url(step), title="Mine")
    adele.post(reverse("admin:playbook_version_order", args=[draft.pk]), {"down": step.pk})

    assert adele.post(step_url(step), sent).status_code == 302
    assert draft.steps.get(number=2).title == "Mine"


# -- Publication ------------------------------------------------------------------------------------------------------


def publication(client: Client, version: Version, **changes: Any) -> dict[str, Any]:
    return {"note": "First", "seen": client.get(publish_url(version)).context["seen"], **changes}


def test_a_healthy_draft_is_published(adele: Client, draft: Version, cast: SimpleNamespace) -> None:
    response = adele.post(publish_url(draft), publication(adele, draft))
    draft.refresh_from_db()

    assert response["Location"] == draft.admin_url()
    assert (draft.status, draft.published_by, draft.change_note) == ("published", cast.adele, "First")


def test_errors_leave_no_button_and_refuse_the_post(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1, raci=Raci(R=("SE",), A=("INM", "PM"), C=("B",))))
    page = adele.get(publish_url(draft))
    assert "This draft cannot be published while it has errors." in text_of(page)
    assert 'value="Publish"' not in text_of(page)

    before = everything()
    response = adele.post(
        publish_url(draft), publication(adele, draft, confirmed=["design.step-1:several-accountable"])
    )
    assert response.status_code == 409
    assert [blocker.code for blocker in response.context["blockers"]] == ["several-accountable"]
    assert "Several roles are accountable (INM, PM)" in text_of(response)
    assert everything() == before


def test_warnings_are_confirmed_one_by_one(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1, derived=("A",)), make_step(2, open_questions=("Why?", "When?")))
    ids = ids_on(adele.get(publish_url(draft)))
    assert ids == [
        "design.step-1:derived-accountable", "design.step-2:open-question", "design.step-2:open-question:2",
    ]  # fmt: skip

    before = everything()
    for some in ([], ids[:1], ids[1:], ["made-up:id"]):
        response = adele.post(publish_url(draft), publication(adele, draft, confirmed=some))
        assert response.status_code == 409
        assert [blocker.subject for blocker in response.context["blockers"]] == [one for one in ids if one not in some]
        assert text_of(response).count(" checked") == len(set(some) & set(ids))
    assert everything() == before

    assert adele.post(publish_url(draft), publication(adele, draft, confirmed=ids)).status_code == 302
    draft.refresh_from_db()
    assert (draft.status, draft.confirmed_warnings) == ("published", ids)


def test_only_warnings_that_there_are_are_kept(adele: Client, draft: Version) -> None:
    adele.post(publish_url(draft), publication(adele, draft, confirmed=["made-up:id"]))
    draft.refresh_from_db()

    assert (draft.status, draft.confirmed_warnings) == ("published", [])


def test_a_note_is_asked_for(adele: Client, draft: Version) -> None:
    response = adele.post(publish_url(draft), publication(adele, draft, note=" "))

    assert response.status_code == 400
    assert "Say what is new in this version." in text_of(response)
    draft.refresh_from_db()
    assert draft.is_draft


def test_what_nobody_saw_is_not_published(adele: Client, draft: Version) -> None:
    sent = publication(adele, draft)
    Step.objects.filter(version=draft, number=1).update(title="Slipped in")
    response = adele.post(publish_url(draft), sent)

    assert response.status_code == 409
    assert [blocker.code for blocker in response.context["blockers"]] == ["stale"]
    draft.refresh_from_db()
    assert draft.is_draft


def test_a_published_version_is_not_published_again(adele: Client, published: Version) -> None:
    before = everything()
    response = adele.post(publish_url(published), publication(adele, published))

    assert response.status_code == 409
    assert [blocker.code for blocker in response.context["blockers"]] == ["wrong-state"]
    assert everything() == before


def test_retiring_asks_for_a_reason(adele: Client, published: Version) -> None:
    url = reverse("admin:playbook_version_retire", args=[published.pk])
    assert adele.post(url, {"note": ""}).status_code == 400
    assert adele.post(url, {"note": "Replaced"}).status_code == 302
    published.refresh_from_db()
    assert published.status == VersionStatus.RETIRED
    assert adele.post(url, {"note": "Again"}).status_code == 409


# -- What is published ------------------------------------------------------------------------------------------------


def test_a_published_page_says_why_and_offers_a_draft(adele: Client, published: Version) -> None:
    for url in (published.admin_url(), step_url(published.steps.get(number=1))):
        page = text_of(adele.get(url))
        assert "is published and does not change any more" in page
        assert "New draft from this version" in page
        assert 'name="_save"' not in page
        assert 'name="up"' not in page


def test_posts_to_what_is_published_are_refused_with_the_reason(adele: Client, published: Version) -> None:
    step = published.steps.get(number=1)
    before = everything()
    posts = {
        published.admin_url(): {"title": "x"},
        reverse("admin:playbook_version_delete", args=[published.pk]): {"post": "yes"},
        reverse("admin:playbook_version_order", args=[published.pk]): {"down": step.pk},
        step_url(step): {"title": "x"},
        reverse("admin:playbook_step_delete", args=[step.pk]): {"post": "yes"},
        f"{reverse('admin:playbook_step_add')}?version={published.pk}": {"title": "x"},
    }
    for url, sent in posts.items():
        response = adele.post(url, sent)
        assert response.status_code == 409, url
        assert "Sample v1 is published and does not change any more. Start a new draft." in text_of(response)
    assert everything() == before


def test_no_list_action_deletes(adele: Client, published: Version) -> None:
    before = everything()
    for name, pk in (
        ("version", published.pk),
        ("step", published.steps.get(number=1).pk),
        ("playbook", published.playbook_id),
    ):
        adele.post(
            reverse(f"admin:playbook_{name}_changelist"),
            {"action": "delete_selected", "_selected_action": [pk], "post": "yes"},
        )
    assert everything() == before


def test_a_new_draft_is_a_copy(adele: Client, published: Version) -> None:
    url = reverse("admin:playbook_version_new_draft", args=[published.pk])
    assert adele.get(url).status_code == 405
    response = adele.post(url)
    draft = Version.objects.get(status=VersionStatus.DRAFT)
    assert response["Location"] == draft.admin_url()

    before = everything()
    again = adele.post(url)
    assert again.status_code == 409
    assert "Sample v2 is a draft already." in text_of(again)
    assert f'<a href="{draft.admin_url()}">Go there</a>' in text_of(again)
    assert everything() == before


# -- Who --------------------------------------------------------------------------------------------------------------


def urls_of(version: Version) -> list[tuple[str, str]]:
    step = version.steps.get(number=1)
    return [
        ("get", version.admin_url()),
        ("post", version.admin_url()),
        ("get", step_url(step)),
        ("post", step_url(step)),
        ("get", publish_url(version)),
        ("post", publish_url(version)),
        ("post", reverse("admin:playbook_version_new_draft", args=[version.pk])),
        ("post", reverse("admin:playbook_version_order", args=[version.pk])),
        ("post", reverse("admin:playbook_version_retire", args=[version.pk])),
        ("post", reverse("admin:playbook_step_delete", args=[step.pk])),
    ]


@pytest.mark.parametrize("name", ["priya", "mallory", "bo", None])
def test_who_is_not_staff_gets_nowhere(client: Client, cast: SimpleNamespace, draft: Version, name: str | None) -> None:
    if name:
        client.force_login(getattr(cast, name))
    before = everything()
    for method, url in urls_of(draft):
        response = getattr(client, method)(url)
        assert response.status_code == 302
        assert "sign-in" in response["Location"] or "login" in response["Location"]
    assert everything() == before


def test_staff_without_permissions_is_refused(client: Client, cast: SimpleNamespace, draft: Version) -> None:
    cast.mallory.is_staff = True
    cast.mallory.save()
    client.force_login(cast.mallory)
    before = everything()
    assert [getattr(client, method)(url).status_code for method, url in urls_of(draft)] == [403] * 10
    assert everything() == before


def test_an_editor_edits_and_does_not_publish(client: Client, cast: SimpleNamespace, draft: Version) -> None:
    wanted = ["change_version", "change_step", "add_step", "change_role", "view_version"]
    cast.mallory.is_staff = True
    cast.mallory.save()
    cast.mallory.user_permissions.set(
        Permission.objects.filter(content_type__app_label="playbook", codename__in=wanted)
    )
    client.force_login(cast.mallory)
    step = draft.steps.get(number=1)

    assert "Publish…" not in text_of(client.get(draft.admin_url()))
    assert client.post(publish_url(draft), {"note": "x"}).status_code == 403
    assert client.post(step_url(step), filled(client, step_url(step), title="Edited")).status_code == 302
    assert draft.steps.get(number=1).title == "Edited"


@pytest.mark.parametrize(
    "path", ["version/987654/publish/", "version/987654/retire/", "version/99999999999999999999/publish/"]
)
def test_no_such_version_is_404(adele: Client, path: str) -> None:
    assert adele.get(f"{reverse('admin:app_list', args=['playbook'])}{path}").status_code == 404
