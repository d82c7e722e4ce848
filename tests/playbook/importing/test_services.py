"""Import as a service: whole or not at all, the same file once, the right playbook, and what drifted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbook.data import PlaybookData
from playbook.format import dump_json, dump_yaml
from playbook.importing.raw import ImportRefused
from playbook.importing.services import import_playbook
from playbook.importing.sorts import LARGEST_FILE, sort_of
from playbook.models import Playbook, Version
from playbook.services import publish_version
from transitions.blockers import NotPermitted

pytestmark = pytest.mark.django_db
PAGE = """Before the tables
Project Roles
Name
Team
1
Harbour Lead (HL)
Harbour
2
Berth Engineer (BE)
Engineering
3
Skipper (SK)
Customer
Sub-Phase
Category
Step
Description
R / A / C / I
1
Discovery
Survey
Walk the quay
The lead walks it.
HL / BE / SK
2
Discovery
Survey
Measure the depth
Twice.
BE / HL / SK
3
Testing
Survey
Float the pontoon
It floats.
BE / HL / SK
URL:/spaces/(space)/pages/77/P9+-+Berths
"""


def imported(text: str, name: str = "berths.txt", **more: str):
    return import_playbook(text.encode(), name, **more)


def test_a_page_becomes_a_draft_with_its_source_and_its_notes() -> None:
    result = imported(PAGE)
    version = result.version

    assert (result.slug, result.outcome, version.number, version.is_draft) == ("berths", "created", 1, True)
    assert (version.playbook.title, version.source) == ("Berths", {"file": "berths.txt", "page": "77"})
    assert version.notes == [{"where": "lines 1 to 2", "text": "Before the tables\nProject Roles"}]
    assert [step.source for step in version.steps.all()] == [
        {"file": "berths.txt", "page": "77", "row": f"line {line}"} for line in (19, 25, 31)
    ]
    assert [row.where for row in result.rows if row.outcome == "kept"] == ["lines 1 to 2"]


def test_the_same_bytes_change_nothing_even_after_the_draft_was_edited() -> None:
    version = imported(PAGE).version
    version.steps.filter(number=1).update(title="Stroll along the quay")

    again = imported(PAGE, "renamed.txt", slug="berths")
    assert (again.outcome, again.version.pk, again.drift) == ("unchanged", version.pk, ())
    assert Version.objects.count() == 1


def test_a_changed_page_says_what_drifted_since_it_was_last_imported() -> None:
    first = imported(PAGE).version
    changed = PAGE.replace("Twice.", "Three times.").replace(
        "3\nTesting", "3\nTesting\nSurvey\nSink it\nHL / BE / SK\n4\nTesting"
    )

    result = imported(changed)

    assert (result.outcome, result.since, result.version.number) == ("drafted", first.number, 2)
    assert [(one.step, one.change, one.field) for one in result.drift] == [
        ("discovery.measure-depth", "changed", "guidance"),
        ("sit.sink-it", "added", ""),
    ]
    assert list(result.version.steps.values_list("key", flat=True)) == [
        *["discovery.walk-quay", "discovery.measure-depth", "sit.sink-it", "sit.float-pontoon"],
    ]


def test_drift_is_told_since_the_page_and_not_since_an_edit_by_hand() -> None:
    draft = imported(PAGE).version
    draft.steps.filter(number=1).update(duration_days=7, title="Stroll along the quay")
    published = publish_version(draft, by=None, note="", confirmed=_warnings(draft)).row
    copy = imported(
        dump_yaml(published.as_data()).replace("page: '77'", "page: '99'").replace("7\n", "8\n"), slug="berths"
    )

    result = imported(PAGE.replace("It floats.", "It sinks."))

    assert (copy.outcome, result.since) == ("drafted", 1)
    assert [step.duration_days for step in result.version.steps.all()] == [8, 1, 1]


def _warnings(version: Version) -> list[str]:
    from playbook.lint import lint, warning_ids

    return warning_ids(lint(version.as_data()))


# -- which playbook ---------------------------------------------------------------------------------------------------


def test_the_playbook_is_found_by_page_then_by_title(loaded: None) -> None:
    steps = PAGE.partition("URL:")[0]

    assert imported(steps + "URL:/spaces/x/pages/3374284829/Anything").slug == "outbound"
    assert imported(steps + "URL:/spaces/x/pages/1/P5+-+Add+on+Post+Live").slug == "addon-post-live"
    assert imported(steps + "URL:/spaces/x/pages/2/Quite+New").slug == "quite-new"
    assert imported(steps + "URL:/spaces/x/pages/2/Quite+New", slug="other").slug == "other"


def test_a_page_without_a_title_asks_for_the_slug() -> None:
    untitled = "note\n" + PAGE.partition("URL:")[0].replace("Before the tables", "A sentence, and no title.")

    with pytest.raises(ImportRefused) as refused:
        imported(untitled)
    assert refused.value.problems == ["“berths.txt” does not say which playbook it is: give its slug (--slug)."]
    assert imported(untitled, slug="berths").slug == "berths"
    assert imported(untitled + "x", "outbound.txt").slug == "outbound"


def test_two_playbooks_of_one_page_ask_for_the_slug() -> None:
    imported(PAGE)
    imported(PAGE, slug="piers")

    with pytest.raises(ImportRefused, match=r"Several playbooks come from page 77 \(berths, piers\)"):
        imported(PAGE + "more")


# -- our own YAML -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [dump_yaml, dump_json])
def test_our_own_yaml_and_json_are_read_as_they_stand(
    make_playbook: Callable[..., PlaybookData], write: Callable[[PlaybookData], str]
) -> None:
    data = make_playbook()
    text = write(data)
    result = imported(text, "sample.yaml")

    assert (result.slug, result.outcome, result.version.as_data()) == ("sample", "created", data)
    for row in result.rows:
        place = int(row.where.removeprefix("line "))
        assert row.step in "".join(text.split("\n")[place - 1 : place + 1])
    assert imported(text, "sample.yaml").outcome == "unchanged"
    assert imported(text, "sample.yaml", slug="other").slug == "other"


def test_a_circle_in_our_own_yaml_is_reported_at_its_line(make_playbook, make_step) -> None:
    text = dump_yaml(make_playbook(make_step(1, needs=("design.step-2",)), make_step(2, needs=("design.step-1",))))
    refused = [row for row in imported(text, "sample.yaml").rows if row.outcome == "refused"]

    assert [(row.where, row.step) for row in refused] == [
        (f"line {text.split(chr(10)).index('  - key: design.step-1') + 1}", "design.step-1")
    ]
    assert "design.step-1 → design.step-2 → design.step-1" in refused[0].text


# -- whole or not at all ----------------------------------------------------------------------------------------------

REFUSED = {
    "empty": (b" \n", "is empty"),
    "too large": (b"x" * (LARGEST_FILE + 1), "10 MB is the most"),
    "binary": (b"\0\1\2\3" * 9, "binary data"),
    "a PDF": (b"%PDF-1.7 ...", "This is a PDF"),
    "an old sheet": (b"\xd0\xcf\x11\xe0 ...", "old Office file"),
    "prose": (b"P9 - Berths\nA page without any table.\n", "there is no table of steps"),
    "roles alone": (b"P9 - Berths\nName\nTeam\n1\nSkipper (SK)\nCustomer\n", "There are tables of roles."),
    "no rows": (b"P9 - Berths\nPhase\nStep\nDescription\nR / A / C / I\n", "no row below its headings"),
    "too many rows": (
        b"P9 - Berths\nSteps\nDescription\n" + b"".join(b"%d\nTie it\nTwice.\n" % at for at in range(1, 502)),
        "500 steps is the most",
    ),
    "wrong YAML": (b"playbook: a\ntitle: [open\nkind: phased\n", "line 3, kind: this is no YAML"),
    "an alias": (b"playbook: &a a\ntitle: *a\n", "anchors and aliases"),
    "broken UTF-16": (b"\xff\xfe\0\xd8\0", "UTF-16"),
}


@pytest.mark.parametrize(("data", "words_of_it"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_why_and_leaves_nothing_behind(data: bytes, words_of_it: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        import_playbook(data, "berths.txt")
    assert words_of_it in str(refused.value)
    assert (Playbook.objects.count(), Version.objects.count()) == (0, 0)


@pytest.mark.parametrize("slug", ["No Slug", "x" * 61, "a--b", "ä"])
def test_a_slug_that_can_be_none(slug: str) -> None:
    with pytest.raises(ImportRefused, match="cannot be a playbook's slug"):
        imported(PAGE, slug=slug)
    assert Playbook.objects.count() == 0


def test_who_may_not_change_versions_may_not_import(cast) -> None:
    with pytest.raises(NotPermitted):
        import_playbook(PAGE.encode(), "a.txt", by=cast.mallory)
    assert Playbook.objects.count() == 0

    cast.mallory.user_permissions.add(Permission.objects.get(codename="change_version"))
    person = type(cast.mallory).objects.get(pk=cast.mallory.pk)
    assert import_playbook(PAGE.encode(), "a.txt", by=person).outcome == "created"


def test_the_name_of_the_file_is_kept_without_its_path_and_cut() -> None:
    assert imported(PAGE, "C:\\pages\\berths.txt").version.source["file"] == "berths.txt"
    assert len(imported(PAGE, "x" * 300, slug="piers").version.source["file"]) == 200


def test_200_steps_take_as_many_queries_as_three(django_assert_max_num_queries) -> None:
    rows = "".join(f"{at}\nDesign\nDeck\nStep number {at} of many\nDo it.\nHL / BE / SK\n" for at in range(4, 201))
    imported(PAGE)
    with django_assert_max_num_queries(45) as few:
        imported(PAGE.replace("Twice", "Thrice"))
    with django_assert_max_num_queries(45) as many:
        version = imported(PAGE.replace("URL:", f"{rows}URL:")).version
    assert (version.steps.count(), len(many)) == (200, len(few))


# -- what sort of file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "sort"),
    [
        ("PK\3\4...", "a.txt", "sheet"),
        ("Phase,Step,R / A / C / I\nDesign,Draw,SE\n", "a.txt", "sheet"),
        ("Plan of the berths\n\nPhase;Step;Description\n", "a.txt", "sheet"),
        ("Phase\tStep\tNotes\n", "a.txt", "sheet"),
        ("anything, at all\n", "a.csv", "sheet"),
        ("<!DOCTYPE html>\n<html></html>", "a.txt", "html"),
        ("\ufeff  <p>One</p>", "a.txt", "html"),
        ("words <table><tr><td>", "a.txt", "html"),
        ("playbook: a\n", "a.txt", "yaml"),
        ('{\n  "playbook": "a"}', "a.txt", "yaml"),
        ("what is this", "a.yml", "yaml"),
        (PAGE, "a.html", "scrape"),
        ("Walk, measure and draw.\n", "a.txt", "scrape"),
    ],
)
def test_the_sort_of_a_file_is_told_by_what_is_in_it(text: str, name: str, sort: str) -> None:
    assert sort_of(text.encode(), name) == sort


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(st.characters(codec="utf-8"), max_size=200).map(str.encode))
def test_no_text_file_does_anything_but_become_a_draft_or_be_refused(data: bytes) -> None:
    before = Version.objects.count()
    # A sheet or a page of HTML has a reader of its own, and tests of its own.
    if data.startswith(b"PK") or b"<" in data or b"," in data or b";" in data or b"\t" in data:
        return
    try:
        import_playbook(data, "a.txt")
    except ImportRefused as refused:
        assert refused.problems
        assert Version.objects.count() == before
