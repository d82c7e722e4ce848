"""The page and the command that compare two versions, and the list of versions with who uses them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from playbook.compare import compare
from playbook.data import StepData
from playbook.lint import lint, warning_ids
from playbook.models import Version
from playbook.services import new_draft, publish_version
from playbook.use import list_with, used_by
from tests.cast import MakeProject
from transitions.moves import perform

COMPARE = reverse("playbook-compare", args=["sample"])
Make = Callable[..., Version]
MakeStep = Callable[..., StepData]


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


def publish(version: Version, note: str = "", by: Any = None) -> Version:
    return publish_version(version, by=by, note=note, confirmed=warning_ids(lint(version.as_data()))).row


@pytest.fixture
def two(published: Version, make_draft: Make, make_step: MakeStep, cast: SimpleNamespace) -> tuple[Version, Version]:
    """Two published versions: of three steps one went, one says something else, and one came."""
    second = make_draft(
        make_step(1), make_step(2, guidance="Ring <b>them</b>."), make_step(9, number=4), title="Sample"
    )
    return published, publish(second, note="Shorter", by=cast.adele)


def text_of(answer: Any) -> str:
    main = answer.content.decode().partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def summary(answer: Any) -> list[tuple[str, str]]:
    """What the summary counts, each with the title of the change that it leads to."""
    html = answer.content.decode()
    found = []
    for href, words in re.findall(
        r'<a class="pill \w+" href="#([\w-]+)"><b aria-hidden="true">.</b> ([^<]*)</a>', html
    ):
        article = html.partition(f'id="{href}"')[2]
        found.append((words, re.search(r'<a class="title"[^>]*>([^<]*)<', article)[1]))  # type: ignore[index]
    return found


def test_the_summary_leads_to_the_first_change_of_each_kind(reader: Client, two: tuple[Version, Version]) -> None:
    answer = reader.get(COMPARE, {"from": 1, "to": 2})

    assert answer.status_code == 200
    assert summary(answer) == [
        ("1 step added", "Step 9"), ("1 step removed", "Step 3"), ("1 step changed", "Step 2"),
    ]  # fmt: skip


def test_without_numbers_the_newest_is_compared_with_the_one_before(
    reader: Client, two: tuple[Version, Version]
) -> None:
    assert summary(reader.get(COMPARE)) == summary(reader.get(COMPARE, {"from": 1, "to": 2}))
    assert [words for words, _ in summary(reader.get(COMPARE, {"from": 2}))] == [
        "1 step added", "1 step removed", "1 step changed",
    ]  # fmt: skip


def test_guidance_is_marked_word_by_word_and_escaped(reader: Client, two: tuple[Version, Version]) -> None:
    html = reader.get(COMPARE).content.decode()

    assert "<ins>Ring &lt;b&gt;them&lt;/b&gt;.</ins>" in html
    assert "<b>them" not in html


def test_each_change_leads_to_the_one_before_and_the_one_behind(reader: Client, two: tuple[Version, Version]) -> None:
    html = reader.get(COMPARE).content.decode()

    articles = re.findall(r'id="change-(\d)" .*?<nav[^>]*>(.*?)</nav>', html, re.S)
    assert [(place, re.findall(r'href="#change-(\d)"', nav)) for place, nav in articles] == [
        ("1", ["2"]), ("2", ["1", "3"]), ("3", ["2"]),
    ]  # fmt: skip


def test_what_did_not_change_is_shown_on_demand(reader: Client, two: tuple[Version, Version]) -> None:
    assert "Step 1 Design" not in text_of(reader.get(COMPARE))
    assert "= 1 Step 1 Design, unchanged" in text_of(reader.get(COMPARE, {"show": "all"}))


def test_a_version_compared_with_itself_says_so(reader: Client, two: tuple[Version, Version]) -> None:
    assert "A version is the same as itself" in text_of(reader.get(COMPARE, {"from": 2, "to": 2}))


def test_two_versions_that_say_the_same_say_so(staff: Client, published: Version) -> None:
    new_draft(published, None)

    assert "Nothing differs Versions 1 and 2 say the same" in text_of(staff.get(COMPARE))


def test_a_playbook_of_one_version_has_nothing_to_compare(reader: Client, published: Version) -> None:
    assert "There is one version only" in text_of(reader.get(COMPARE))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"from": "9"}, "From version: There is no version “9” here. There are: 1, 2."),
        ({"to": "x"}, "To version: There is no version “x” here. There are: 1, 2."),
        ({"from": "-1", "to": "2"}, "From version: There is no version “-1” here. There are: 1, 2."),
        ({"show": "some"}, "Show: The page shows only changes, or all, not “some”."),
    ],
)
def test_what_is_not_there_is_named_at_400(
    reader: Client, two: tuple[Version, Version], asked: dict[str, str], words: str
) -> None:
    answer = reader.get(COMPARE, asked)

    assert answer.status_code == 400
    assert re.findall(r'<li><a href="#compare-\w+">([^<]*)<', answer.content.decode()) == [words]


def test_a_draft_is_compared_by_staff_alone(reader: Client, staff: Client, two: tuple[Version, Version]) -> None:
    new_draft(two[1], None)

    assert staff.get(COMPARE, {"from": 1, "to": 3}).status_code == 200
    assert reader.get(COMPARE, {"from": 1, "to": 3}).status_code == 400


def test_open_questions_are_compared_for_staff_alone(
    reader: Client, staff: Client, make_draft: Make, make_step: MakeStep
) -> None:
    publish(make_draft(make_step(1), make_step(2)))
    publish(make_draft(make_step(1, open_questions=("Who decides?",)), make_step(2), open_questions=("Whose is it?",)))

    for words in ("Who decides?", "Whose is it?", "Open questions"):
        assert words in staff.get(COMPARE).content.decode()
        assert words not in reader.get(COMPARE).content.decode()


def test_outside_the_company_there_is_no_comparison(
    client: Client, cast: SimpleNamespace, two: tuple[Version, Version]
) -> None:
    client.force_login(cast.bo)
    assert client.get(COMPARE).status_code == 404


def test_an_unknown_playbook_is_a_404(reader: Client, published: Version) -> None:
    assert reader.get(reverse("playbook-compare", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("steps", [2, 40])
def test_a_comparison_takes_twelve_queries_whatever_its_size(
    reader: Client, make_draft: Make, make_step: MakeStep, steps: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    rows = [make_step(number) for number in range(1, steps + 1)]
    publish(make_draft(*rows))
    publish(make_draft(*(replace(row, title=f"Other {row.number}") for row in rows)))

    with django_assert_num_queries(12):
        assert len(summary(reader.get(COMPARE))) == 1


# The list of versions


def test_the_versions_say_who_published_them_why_and_how_they_differ(
    reader: Client, two: tuple[Version, Version]
) -> None:
    answer = reader.get(reverse("playbook", args=["sample"]))

    text = text_of(answer)
    assert re.search(r"Version 2 \w+ \d+, \d{4} Adele Novak Shorter no live project Compare with 1", text)
    assert re.search(r"Version 1 \w+ \d+, \d{4} by Gatehouse First edition no live project", text)
    assert f'href="{COMPARE}?from=1&amp;to=2"' in answer.content.decode()


def test_live_projects_are_counted_by_version(
    make_project: MakeProject, playbooks: dict[str, Version], cast: SimpleNamespace, reader: Client
) -> None:
    make_project()
    held = make_project(biller="Copperline Gas")
    gone = make_project(biller="Ashby Gas")
    perform(held, "hold", by=cast.priya, note="Waits")
    perform(gone, "cancel", by=cast.priya, note="Gone")
    ids = {slug: playbooks[slug].pk for slug in ("integration", "outbound")}

    assert used_by(ids.values()) == {ids["integration"]: 2, ids["outbound"]: 0}
    assert "2 live projects" in text_of(reader.get(reverse("playbook", args=["integration"])))


def test_the_count_leads_to_the_list_that_another_room_offers(
    make_project: MakeProject, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project()
    address = reverse("playbook", args=["integration"])
    assert 'href="/projects/?version=integration-v1&amp;standing=live"' in reader.get(address).content.decode()

    monkeypatch.setattr("playbook.use._links", [])
    list_with(lambda version: f"/runs-on/{version.playbook.slug}/{version.number}")

    assert '<a href="/runs-on/integration/1">1 live project</a>' in reader.get(address).content.decode()


# The command


def diff(*args: Any, **options: Any) -> str:
    out = StringIO()
    call_command("diff_playbook", *args, stdout=out, **options)
    return out.getvalue()


def test_the_command_writes_what_the_comparison_says(two: tuple[Version, Version]) -> None:
    found = json.loads(diff("sample", "1", "2", format="json"))

    assert found == compare(two[0].as_data(), two[1].as_data()).as_dict()
    assert [(step["key"], step["kind"]) for step in found["steps"]] == [
        ("design.step-2", "changed"), ("design.step-3", "removed"), ("design.step-9", "added"),
    ]  # fmt: skip


def test_the_command_tells_people_in_lines(two: tuple[Version, Version]) -> None:
    assert diff("sample", "1", "2").splitlines() == [
        "sample, version 1 → 2",
        "1 added, 1 removed, 0 moved, 1 changed, 1 same",
        "~ design.step-2 “Step 2”",
        "    Guidance: {+Ring <b>them</b>.+}",
        "− design.step-3 “Step 3”",
        "+ design.step-9 “Step 9”",
    ]
    assert diff("sample", "2", "2").splitlines() == ["sample, version 2 → 2", "They say the same."]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nothing", "1", "2"), "There is no playbook “nothing”. There are: sample."),
        (("sample", "1", "7"), "Playbook “sample” has no version 7. There are: 1, 2."),
        (("sample", "one", "2"), "Error: argument V1: invalid int value: 'one'"),
    ],
)
def test_the_command_names_what_there_is(two: tuple[Version, Version], args: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError) as refused:
        diff(*args)
    assert str(refused.value) == words
