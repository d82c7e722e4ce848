"""The playbook browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from playbook.data import ChangeData, DocumentData, PlaybookData, SectionData
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, Version
from playbook.page import Filter, day_in, phase_marks, phase_names, step_groups
from playbook.services import publish_version, write_draft
from raci.letters import Raci
from tests.browser.looks import sideways
from tests.cast import PASSWORD

LIST = reverse("playbooks")
SAMPLE = reverse("playbook", args=["sample"])
Make = Callable[..., Any]


@pytest.fixture
def reader(client: Client, cast: SimpleNamespace) -> Client:
    """Mallory: inside the company, no staff, on nothing."""
    client.force_login(cast.mallory)
    return client


@pytest.fixture
def staff(cast: SimpleNamespace) -> Client:
    client = Client()
    client.force_login(cast.adele)
    return client


@pytest.fixture
def publish(db: None, make_playbook: Make) -> Callable[..., Version]:
    """Return a function that publishes one more version of the playbook `sample`."""

    def make(*steps: Any, note: str = "", **changes: Any) -> Version:
        version = draft_of(make_playbook(*steps, **changes))
        return publish_version(version, by=None, note=note, confirmed=warning_ids(lint(version.as_data()))).row

    return make


def draft_of(data: PlaybookData) -> Version:
    playbook, _ = Playbook.objects.get_or_create(slug=data.playbook, defaults={"title": data.title, "kind": data.kind})
    return write_draft(data, playbook=playbook)


def text_of(answer: Any) -> str:
    """The words of a page's main part, with single spaces."""
    main = answer.content.decode().partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def titles(answer: Any) -> list[str]:
    """The steps shown, in their order."""
    return re.findall(r'class="title" data-number="\d+">([^<]*)<', answer.content.decode())


# The list


def test_the_list_has_the_five_playbooks(reader: Client, playbooks: dict[str, Version]) -> None:
    answer = reader.get(LIST)

    assert answer.status_code == 200
    assert re.findall(r'<a class="title" href="([^"]*)">([^<]*)<', answer.content.decode()) == [
        ("/playbooks/addon-post-live/", "Add-on Post Live"),
        ("/playbooks/new-integration-participation/", "Implementation Team Participation in New Integrations"),
        ("/playbooks/integration/", "Integration"),
        ("/playbooks/outbound/", "Outbound Integration"),
        ("/playbooks/transition-to-cs/", "Transition to Client Services"),
    ]
    day = day_in(playbooks["transition-to-cs"].published_at, answer.wsgi_request.user.zone)
    assert text_of(answer).endswith(
        f"Transition to Client Services Support v1 {day:%b} {day.day}, {day.year} Release, Post-Live 14 4"
    )


def test_the_list_is_empty_before_anything_is_loaded(reader: Client) -> None:
    assert "No playbooks yet" in text_of(reader.get(LIST))


def test_a_draft_is_listed_for_staff_alone(reader: Client, staff: Client, draft: Version) -> None:
    assert "No playbooks yet" in text_of(reader.get(LIST))
    assert "Sample ✎ Draft Phased v1 not published Design 3 4" in text_of(staff.get(LIST))


def test_the_list_has_the_newest_published_version_and_the_drafts(
    staff: Client, publish: Callable[..., Version], make_playbook: Make
) -> None:
    publish()
    publish(title="Sample, second edition")
    draft_of(make_playbook(title="Sample, third edition"))

    assert re.findall(r'<a class="title" href="([^"]*)">([^<]*)<', staff.get(LIST).content.decode()) == [
        (SAMPLE, "Sample, second edition"),
        (f"{SAMPLE}v3/", "Sample, third edition"),
    ]


# One version


def test_a_version_says_who_takes_part(reader: Client, published: Version) -> None:
    answer = reader.get(SAMPLE)

    assert answer.status_code == 200
    assert (
        "Code Role Team Side PM Project Manager Runs the project Implementations Internal "
        "SE Solution Engineer Integrations Internal INM Integrations Manager Integrations Internal "
        "B Biller Customer Customer What changed in version 1 First edition"
    ) in text_of(answer)


def test_a_version_says_what_is_done(reader: Client, publish: Callable[..., Version], make_step: Make) -> None:
    publish(
        make_step(
            1, title="Ask", guidance="Ask first.\n\nThen <listen>.", documents=("sit-workbook",), duration_days=2
        ),
        make_step(
            2,
            title="Answer",
            category="Talk",
            needs=("design.step-1",),
            applies="partner_only",
            approval="technical_design_review",
            meeting="tsm-meetings",
            raci=Raci(R=("SE", "PM"), A=("PM",)),
            derived=("A",),
        ),
    )

    page = reader.get(SAMPLE)

    assert (
        "# Step R A C I Days Design 1 1 Ask Ask first. Then &lt;listen&gt;. Fills in: SIT workbook. SE INM PM B 2 "
        "Design · Talk 1 2 Answer ◇ Technical design review Partner integrations only needs 1 meets: TSM meetings "
        "SE , PM PM – – 1 Dotted"
    ) in text_of(page)
    html = page.content.decode()
    assert '<tr id="step-design.step-2">' in html
    assert '<a href="#step-design.step-1" title="Ask">1</a>' in html
    assert '<abbr class="derived" title="Project Manager: derived by the reading rule">PM</abbr>' in html
    assert '<abbr title="Solution Engineer">SE</abbr>, <abbr title="Project Manager">PM</abbr>' in html


def test_a_step_without_an_accountable_says_so(reader: Client, playbooks: dict[str, Version]) -> None:
    html = reader.get(reverse("playbook", args=["integration"]) + "?q=22+Business+Design+Review").content.decode()

    assert html.count('<span class="none">nobody</span>') == 2


def test_a_version_lists_its_documents_with_the_steps_that_write_them(
    reader: Client, publish: Callable[..., Version], make_step: Make
) -> None:
    sections = (SectionData("invoices", "Invoices", mandatory=True), SectionData("extras", "Extras"))
    publish(
        make_step(1, documents=("discovery-page/invoices",)),
        make_step(2, documents=("discovery-page", "sit-workbook")),
        documents=(
            DocumentData("discovery-page", "Discovery page", sections=sections),
            DocumentData("sit-workbook", "SIT workbook", live=True),
            DocumentData("scope-plan", "Scope plan", mandatory=True),
        ),
    )

    page = reader.get(SAMPLE)

    assert (
        "3 documents that its steps write Discovery page steps 1 , 2 Invoices mandatory Extras "
        "SIT workbook Kept in Gatehouse step 2 Scope plan Mandatory no step writes it"
    ) in text_of(page)
    assert f'<a href="{SAMPLE}#step-design.step-2">2</a>' in page.content.decode()
    assert "Fills in: Discovery page, Invoices." in text_of(page)


def test_the_source_s_change_log_is_shown(reader: Client, publish: Callable[..., Version]) -> None:
    publish(changes=(ChangeData("1.0", "2024-08-29", "Joan", "First"), ChangeData("1.1", None, None, "Second")))

    assert "2 entries Source Date Change 1.0 Aug 29, 2024 First Joan 1.1 no date Second" in text_of(reader.get(SAMPLE))


def test_open_questions_are_for_staff(
    reader: Client, staff: Client, publish: Callable[..., Version], make_step: Make
) -> None:
    publish(make_step(1, open_questions=("Who asks?",)), open_questions=("What for?",))

    assert [question in text_of(reader.get(SAMPLE)) for question in ("Who asks?", "What for?")] == [False, False]
    assert "1 open question seen by staff alone What for?" in text_of(staff.get(SAMPLE))
    assert "Open question: Who asks?" in text_of(staff.get(SAMPLE))


def test_the_bare_address_shows_the_newest_published_version(
    reader: Client, staff: Client, publish: Callable[..., Version], make_playbook: Make
) -> None:
    publish()
    publish()
    draft_of(make_playbook())

    assert "Version 2, published" in text_of(reader.get(SAMPLE))
    assert "Version 2, published" in text_of(staff.get(SAMPLE))
    assert "Version 1, published" in text_of(reader.get(f"{SAMPLE}v1/"))
    assert "Version 3, draft, not published yet" in text_of(staff.get(f"{SAMPLE}v3/"))
    assert re.findall(r'<a class="pill" href="([^"]*)"', reader.get(SAMPLE).content.decode()) == [
        f"{SAMPLE}v2/",
        f"{SAMPLE}v1/",
    ]


@pytest.mark.parametrize("path", ["/playbooks/none/", "/playbooks/sample/v9/", "/playbooks/sample/v0/"])
def test_what_is_not_there_is_a_404(reader: Client, published: Version, path: str) -> None:
    assert reader.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/playbooks/sample/", "/playbooks/sample/v1/"])
def test_a_draft_is_a_404_for_all_but_staff(reader: Client, staff: Client, draft: Version, path: str) -> None:
    assert (reader.get(path).status_code, staff.get(path).status_code) == (404, 200)


@pytest.mark.parametrize("person", ["bo", "pat"])
@pytest.mark.parametrize("path", ["/playbooks/", "/playbooks/sample/", "/playbooks/sample/v1/"])
def test_playbooks_do_not_exist_for_people_outside(
    client: Client, cast: SimpleNamespace, published: Version, person: str, path: str
) -> None:
    client.force_login(getattr(cast, person))

    answer = client.get(path)

    assert answer.status_code == 404
    assert LIST not in answer.content.decode()


# Filters


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Ask", "Answer", "Ship"]),
        ("?phase=design", ["Ask", "Answer"]),
        ("?role=PM", ["Answer"]),
        ("?q=SHIP", ["Ship"]),
        ("?q=gently+ask", ["Ask"]),
        ("?q=3", ["Ship"]),
        ("?phase=design&role=SE&q=an", ["Ask", "Answer"]),
        ("?phase=sit", []),
        ("?q=nothing+of+the+kind", []),
    ],
)
def test_steps_are_found_by_phase_role_and_words(
    reader: Client, publish: Callable[..., Version], make_step: Make, query: str, found: list[str]
) -> None:
    publish(
        make_step(1, title="Ask", guidance="Gently, and once.", raci=Raci(R=("SE",), A=("SE",), C=("INM",), I=("B",))),
        make_step(2, title="Answer", raci=Raci(R=("SE",), A=("PM",))),
        make_step(3, title="Ship", phase="release", key="release.ship", raci=Raci(R=("INM",), A=("INM",))),
    )

    answer = reader.get(SAMPLE + query)

    assert (answer.status_code, titles(answer)) == (200, found)
    assert ("No step matches" in text_of(answer)) is (not found)
    assert (f'href="{SAMPLE}#steps"' in answer.content.decode()) is bool(query)


def test_what_is_found_in_the_guidance_is_open(
    reader: Client, publish: Callable[..., Version], make_step: Make
) -> None:
    publish(make_step(1, title="Ask", guidance="Gently."), make_step(2, title="Gently", guidance="Gently."))

    html = reader.get(f"{SAMPLE}?q=gently").content.decode()

    assert re.findall(r'<details( open)?>\s*<summary class="title" data-number="(\d)"', html) == [
        (" open", "1"),
        ("", "2"),
    ]


def test_a_need_that_is_filtered_out_is_linked_on_the_whole_page(
    reader: Client, publish: Callable[..., Version], make_step: Make
) -> None:
    publish(make_step(1, title="Ask"), make_step(2, title="Answer", needs=("design.step-1",)))

    html = reader.get(f"{SAMPLE}v1/?q=answer").content.decode()

    assert f'<a href="{SAMPLE}v1/#step-design.step-1" title="Ask">1</a>' in html


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?phase=lunch", "Select a valid choice. lunch is not one of the available choices."),
        ("?role=XX", "This version has no role “XX”."),
        ("?q=%00", "Null characters are not allowed."),
        ("?q=" + "a" * 101, "Ensure this value has at most 100 characters (it has 101)."),
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_left_out(
    reader: Client, published: Version, query: str, error: str
) -> None:
    answer = reader.get(SAMPLE + query)

    assert (answer.status_code, len(titles(answer))) == (400, 3)
    assert error in text_of(answer)


# Values


def test_phases_in_marks_and_words() -> None:
    visited = {"release", "post_live"}

    assert [mark.state for mark in phase_marks(visited)] == ["skip"] * 5 + ["done"] * 2
    assert phase_names(visited) == "Release, Post-Live"
    assert phase_names({mark.phase for mark in phase_marks(())}) == "All 7 phases"
    assert phase_names(()) == "No steps yet"


def test_steps_are_grouped_by_phase_and_category(make_playbook: Make, make_step: Make) -> None:
    data = make_playbook(
        make_step(1, phase="release", key="release.a", category="X"),
        make_step(2, category="X"),
        make_step(3, category="Y"),
        make_step(4, category="Y"),
    )

    groups = step_groups(data, Filter(), whole_page="/", with_questions=False)

    assert [(group.phase, group.category, [row.step.number for row in group.rows]) for group in groups] == [
        ("Design", "X", [2]),
        ("Design", "Y", [3, 4]),
        ("Release", "X", [1]),
    ]


# What it costs


def test_the_list_takes_five_queries(
    reader: Client, playbooks: dict[str, Version], django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(5):
        assert reader.get(LIST).status_code == 200


@pytest.mark.parametrize("slug", ["addon-post-live", "integration"])
def test_a_version_takes_twelve_queries_whatever_its_size(
    reader: Client, playbooks: dict[str, Version], slug: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(12):  # four of them for what live projects do with it (projects.departures)
        assert reader.get(reverse("playbook", args=[slug])).status_code == 200


def test_the_largest_page_stays_small(reader: Client, playbooks: dict[str, Version]) -> None:
    html = reader.get(reverse("playbook", args=["integration"])).content

    assert len(html) < 150_000
    assert html.count(b"<") < 4_500


# In a browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 375])
def test_the_pages_are_for_everybody(
    page: Page,
    axe: Callable[[Page], list[str]],
    cast: SimpleNamespace,
    playbooks: dict[str, Version],
    width: int,
    scheme: str,
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{reverse('sign-in')}?next={LIST}")
    page.fill("#id_username", cast.adele.email)
    page.fill("#id_password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"**{LIST}")
    assert axe(page) == []

    page.click("a.title >> text=Outbound Integration")
    page.wait_for_url("**/playbooks/outbound/")
    page.click("summary.title >> nth=0")
    page.click("summary >> text=History of the source")
    assert axe(page) == []

    page.goto("/playbooks/outbound/?q=nothing-of-the-kind&phase=sit")
    assert axe(page) == []
    page.click("text=Clear the filters")
    page.wait_for_url("**/playbooks/outbound/#steps")

    for path in (LIST, "/playbooks/integration/", "/playbooks/transition-to-cs/"):
        page.set_viewport_size({"width": 320, "height": 700})
        page.goto(path)
        assert sideways(page) == 0, path
