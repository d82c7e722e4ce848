"""The admin's import page: a report of every row, all problems at 400, and for those only who may change versions."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from playbook.importing.own import read_own
from playbook.importing.raw import ImportRefused, ReportRow
from playbook.importing.services import import_playbook
from playbook.importing.sheet import read_sheet
from playbook.lint import lint, warning_ids
from playbook.models import Version
from playbook.services import publish_version
from transitions.blockers import Blocker, NotPermitted

pytestmark = pytest.mark.django_db
URL = reverse("admin:playbook_playbook_import")
ROWS = (
    ReportRow("Plan!2", "read", "“Ask”.", "design.ask", 1),
    ReportRow("Plan!3", "guessed", "phase: as in the row above", "design.build", 2),
    ReportRow("Plan!9", "kept", "Chairs <b>7</b>"),
)


@dataclass
class Told:
    """What the service under the page gives and is given."""

    answer: Callable[..., Any]
    asked: list[dict[str, Any]]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, draft: Version) -> Told:
    """Stand in for `playbook.importing.services`: the page is tested for what it does with its answers."""
    told = Told(
        lambda: SimpleNamespace(slug="sample", version=draft, rows=ROWS, drift=(), since=None, outcome="drafted"), []
    )

    def import_playbook(data: bytes, name: str, *, slug: str = "", by: Any = None) -> Any:
        told.asked.append({"data": data, "name": name, "slug": slug, "by": by})
        return told.answer()

    monkeypatch.setattr("playbook.admin.imports.import_playbook", import_playbook)
    return told


@pytest.fixture
def adele(client: Client, cast: SimpleNamespace) -> Client:
    client.force_login(cast.adele)
    return client


def post(client: Client, data: bytes = b"x", name: str = "plan.csv", **fields: str) -> Any:
    return client.post(URL, {"file": SimpleUploadedFile(name, data), **fields})


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


def refuse(*problems: str) -> Callable[[], Any]:
    def answer() -> Any:
        raise ImportRefused(problems)

    return answer


def test_the_report_tells_every_row_counts_them_and_leads_to_the_draft(
    adele: Client, service: Told, cast: Any, draft: Version
) -> None:
    response = post(adele, b"Step,Phase", slug="sample")
    page = response.content.decode()

    assert response.status_code == 200
    assert service.asked == [{"data": b"Step,Phase", "name": "plan.csv", "slug": "sample", "by": cast.adele}]
    assert [page.count(f'data-outcome="{outcome}"') for outcome in ("read", "guessed", "kept", "refused")] == [
        1,
        1,
        1,
        0,
    ]
    assert f'href="{draft.admin_url()}"' in page
    assert "Chairs &lt;b&gt;7&lt;/b&gt;" in page
    for words in ("Sample v1 is a draft now.", "All 3", "Read 1", "Guessed 1", "Kept 1", "Refused 0"):
        assert words in text_of(response)
    assert LogEntry.objects.get().change_message == "Imported from plan.csv."


def test_a_file_that_changes_nothing_says_so_and_leaves_no_entry(
    adele: Client, service: Told, published: Version
) -> None:
    service.answer = lambda: SimpleNamespace(
        slug="sample", version=published, rows=ROWS, drift=(), since=None, outcome="unchanged"
    )
    page = text_of(post(adele))

    assert f"Nothing was changed: {published} says all that already." in page
    assert "Open the version" in page
    assert not LogEntry.objects.exists()


def test_what_drifted_is_told_with_both_texts(adele: Client, service: Told, draft: Version) -> None:
    one = SimpleNamespace(
        step="design.ask", number=4, change="changed", text="title", field="title", before="Ask", after="Beg"
    )
    service.answer = lambda: SimpleNamespace(
        slug="sample", version=draft, rows=ROWS, drift=(one,), since=1, outcome="drafted"
    )
    page = text_of(post(adele))

    assert "in version 1" in page
    assert "<del>Ask</del> <ins>Beg</ins>" in page


def test_a_refusal_names_all_problems_and_the_file_and_keeps_the_slug(adele: Client, service: Told) -> None:
    service.answer = refuse("Plan!2: a formula.", "Plan!7: <b> is no phase.")
    response = post(adele, name="plan.xlsx", slug="renewals")
    page = response.content.decode()

    assert response.status_code == 400
    assert "Plan!2: a formula." in page
    assert "Plan!7: &lt;b&gt; is no phase." in page
    assert "Nothing was imported of “plan.xlsx”" in page
    assert 'value="renewals"' in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose a file."),
        ({"file": ("plan.csv", b"")}, "The file is empty."),
        ({"file": ("plan.csv", b"x"), "slug": "No Slug"}, "Use lower-case letters, digits and hyphens."),
    ],
)
def test_what_is_wrong_with_the_form_is_said_and_nothing_is_read(
    adele: Client, service: Told, fields: dict[str, Any], words: str
) -> None:
    sent = {key: SimpleUploadedFile(*value) if key == "file" else value for key, value in fields.items()}
    response = adele.post(URL, sent)

    assert response.status_code == 400
    assert words in text_of(response)
    assert service.asked == []


@pytest.mark.parametrize("megabytes", [11, 30])
def test_a_file_that_is_too_large_is_refused_before_it_is_read(adele: Client, service: Told, megabytes: int) -> None:
    response = post(adele, b"x" * megabytes * 1024 * 1024, "page.html")

    assert response.status_code == 400
    assert "“page.html” is larger than 10 MB." in text_of(response)
    assert service.asked == []


def test_who_may_not_change_versions_is_refused(client: Client, cast: SimpleNamespace, service: Told) -> None:
    cast.mallory.is_staff = True
    cast.mallory.save()
    client.force_login(cast.mallory)
    assert [client.get(URL).status_code, post(client).status_code] == [403, 403]
    assert service.asked == []

    cast.mallory.user_permissions.add(Permission.objects.get(codename="change_version"))
    assert [client.get(URL).status_code, post(client).status_code] == [200, 200]


def test_a_permission_that_was_taken_meanwhile_is_403(adele: Client, service: Told) -> None:
    def answer() -> Any:
        raise NotPermitted([Blocker("not-permitted", "no")])

    service.answer = answer
    assert post(adele).status_code == 403


@pytest.mark.parametrize("name", ["priya", "bo", None])
def test_who_is_not_staff_is_asked_to_sign_in(
    client: Client, cast: SimpleNamespace, service: Told, name: str | None
) -> None:
    if name:
        client.force_login(getattr(cast, name))
    assert [client.get(URL).status_code, post(client).status_code] == [302, 302]
    assert service.asked == []


@pytest.mark.parametrize("model", ["playbook", "version"])
def test_both_lists_lead_to_the_import(adele: Client, draft: Version, model: str) -> None:
    assert f'href="{URL}"' in text_of(adele.get(reverse(f"admin:playbook_{model}_changelist")))


# -- The way out ------------------------------------------------------------------------------------------------------


def downloaded(client: Client, version: Version) -> bytes:
    response = client.get(f"{version.get_absolute_url()}?format=xlsx")
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="sample_v{version.number}.xlsx"'
    return response.content


def test_a_version_is_downloaded_as_a_book_that_is_read_back_as_that_version(
    adele: Client, make_draft: Any, make_step: Any
) -> None:
    version = make_draft(make_step(1, title="=1+1", open_questions=("Who?",)), open_questions=("When?",))

    assert f'href="{version.get_absolute_url()}?format=xlsx"' in text_of(adele.get(version.admin_url()))
    assert read_own(read_sheet(downloaded(adele, version), "x.xlsx")) == version.as_data()


def test_a_book_takes_as_many_queries_for_forty_steps_as_for_one(
    adele: Client, make_draft: Any, make_step: Any
) -> None:
    counts = []
    for number in (1, 40):
        version = make_draft(*(make_step(place) for place in range(1, number + 1)))
        with CaptureQueriesContext(connection) as caught:
            downloaded(adele, version)
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_the_browser_leads_to_the_book(client: Client, cast: SimpleNamespace, published: Version) -> None:
    client.force_login(cast.mallory)
    url = published.get_absolute_url()

    assert f'href="{url}?format=xlsx"' in text_of(client.get(url))


def test_open_questions_are_in_the_book_of_staff_alone(
    client: Client, cast: SimpleNamespace, make_draft: Any, make_step: Any
) -> None:
    version = make_draft(make_step(1, open_questions=("Who?",)), open_questions=("When?",))
    confirmed = warning_ids(lint(version.as_data()))
    version = publish_version(version, by=None, note="First", confirmed=confirmed).row
    whole = version.as_data()

    client.force_login(cast.mallory)
    told = read_own(read_sheet(downloaded(client, version), "x.xlsx"))
    assert told == replace(whole, open_questions=(), steps=(replace(whole.steps[0], open_questions=()),))

    client.force_login(cast.adele)
    assert read_own(read_sheet(downloaded(client, version), "x.xlsx")) == whole


# -- Both, with the service itself ------------------------------------------------------------------------------------


def test_a_book_that_was_downloaded_changes_nothing_and_one_that_was_edited_becomes_a_draft(
    adele: Client, published: Version
) -> None:
    data = downloaded(adele, published)
    assert "Nothing was changed" in text_of(post(adele, data, "sample_v1.xlsx"))
    assert Version.objects.count() == 1

    book = openpyxl.load_workbook(io.BytesIO(data))
    book["Steps"]["E3"], book["Steps"]["G3"] = "Ask twice", "PM"
    out = io.BytesIO()
    book.save(out)
    assert "Sample v2 is a draft now." in text_of(post(adele, out.getvalue(), "sample_v1.xlsx"))
    before, after = (version.as_data() for version in Version.objects.order_by("number"))
    changed = replace(before.steps[1], title="Ask twice", raci=replace(before.steps[1].raci, R=("PM",)))
    assert after == replace(before, version=2, steps=(before.steps[0], changed, before.steps[2]))
    assert "Nothing was changed" in text_of(post(adele, out.getvalue(), "sample_v1.xlsx"))


def test_a_fault_in_a_book_makes_no_half_draft(adele: Client, published: Version) -> None:
    book = openpyxl.load_workbook(io.BytesIO(downloaded(adele, published)))
    book["Steps"]["P2"], book["Steps"]["B3"], book["Roles"]["A2"] = "design.none", 1, "P/M"
    out = io.BytesIO()
    book.save(out)
    response = post(adele, out.getvalue(), "own.xlsx")

    assert response.status_code == 400
    for words in (
        "Steps!2: needs: there is no step “design.none”",
        "Steps!3: number: 1 is the number of the step on Steps!2 already",
        "Roles!2: roles.code",
    ):
        assert words in text_of(response)
    assert Version.objects.count() == 1


def test_what_fits_nowhere_and_where_a_step_was_read_are_shown_in_the_admin(adele: Client) -> None:
    draft = import_playbook(
        b"Only a sentence.\n\nStep,Phase,R / A / C / I\nAsk,Design,\n", "plan.csv", slug="a-plan"
    ).version
    assert draft.notes

    page = adele.get(draft.admin_url()).content.decode()
    step = adele.get(reverse("admin:playbook_step_change", args=[draft.steps.get().pk])).content.decode()

    assert "Kept notes" in page
    assert "Only a sentence." in page
    assert "Read in plan.csv" in step


# The report afterwards


def kept_at(version: Version) -> str:
    return reverse("admin:playbook_version_import", args=[version.pk])


def test_the_report_is_kept_with_the_draft_and_found_from_its_page(adele: Client, cast: SimpleNamespace) -> None:
    first = post(adele, b"#,Step,Phase,R / A / C / I\n1,Ask,Discovery,\n2,Beg,Nowhere,\n", slug="begging")
    version = Version.objects.get(playbook__slug="begging")
    shown = text_of(adele.get(kept_at(version)))

    assert first.status_code == 200
    assert f'href="{kept_at(version)}"' in adele.get(version.admin_url()).content.decode()
    told = text_of(first)
    start = told.index('<table class="import-rows">')
    rows = told[start : told.index("</table>", start)]
    assert "Nowhere" in rows
    assert rows in shown
    assert "by Adele Novak" in shown

    second = post(adele, b"#,Step,Phase,R / A / C / I\n1,Plead,Discovery,\n2,Beg,Design,\n", slug="begging")
    newer = Version.objects.get(playbook__slug="begging", number=2)
    assert second.status_code == 200
    assert "in version 1" in text_of(adele.get(kept_at(newer)))
    assert rows in text_of(adele.get(kept_at(version)))


def test_a_version_that_was_not_imported_has_no_report(adele: Client, draft: Version) -> None:
    assert kept_at(draft) not in adele.get(draft.admin_url()).content.decode()
    assert adele.get(kept_at(draft)).status_code == 404


def test_the_report_is_for_those_who_change_versions(adele: Client, client: Client, cast: SimpleNamespace) -> None:
    post(adele, b"Step,Phase\nAsk,Discovery\n", slug="begging")
    version = Version.objects.get(playbook__slug="begging")
    cast.priya.user_permissions.add(Permission.objects.get(codename="view_version"))
    cast.priya.is_staff = True
    cast.priya.save()
    client.force_login(cast.priya)

    assert client.get(version.admin_url()).status_code == 200
    assert "Report of the import" not in client.get(version.admin_url()).content.decode()
    assert client.get(kept_at(version)).status_code == 403
