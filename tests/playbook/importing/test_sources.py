"""The five pages of `shared/sources`, imported as they are, held against the fixtures that retell them.

What a page says by itself is read with nothing to lean on (`base=None`): there the numbers, phases, categories, titles, cells and
letters can come from nowhere else. The whole way, with the playbook loaded, adds what no page says (see each test).
"""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from playbook.format import PlaybookData, StepData, dump_yaml, parse
from playbook.importing.interpret import interpret
from playbook.importing.scrape import read_scrape
from playbook.importing.services import import_playbook
from playbook.lint import lint
from playbook.models import Version
from playbook.services import load_playbook

ROOT = Path(__file__).parents[3]
SOURCES = ROOT.parent / "shared" / "sources"
FILES = {
    "integration": "integration.txt",
    "outbound": "outbound.txt",
    "addon-post-live": "addon_post_live.txt",
    "transition-to-cs": "transition_to_cs.txt",
    "new-integration-participation": "new_integration_participation.txt",
}
every_page = pytest.mark.parametrize("slug", FILES)


def source(slug: str) -> bytes:
    if not SOURCES.is_dir():
        pytest.skip(f"the source scrapes are not here: {SOURCES}")
    return (SOURCES / FILES[slug]).read_bytes()


def fixture(slug: str) -> PlaybookData:
    return parse((ROOT / "fixtures" / "playbooks" / f"{slug}.yaml").read_text(encoding="utf-8"))


def alone(slug: str) -> PlaybookData:
    """What the page says, read without any version before."""
    return interpret(read_scrape(source(slug), FILES[slug]), slug=slug).data


def said(step: StepData, *fields: str) -> tuple[Any, ...]:
    return tuple(getattr(step, field) for field in fields)


def column(data: PlaybookData, *fields: str) -> list[tuple[Any, ...]]:
    return [said(step, *fields) for step in data.steps]


# -- what the pages say by themselves ---------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["integration", "outbound"])
def test_a_page_with_all_columns_says_everything_but_the_work_of_ours(slug: str) -> None:
    page, retold = alone(slug), fixture(slug)

    fields = ("number", "phase", "category", "title", "raci", "raci_source", "derived", "applies", "approval")
    assert column(page, *fields) == column(retold, *fields)
    assert page.roles == retold.roles
    assert page.title == retold.title
    assert page.source == retold.source
    assert [(one.version, one.date, one.author) for one in page.changes] == [
        (one.version, one.date, one.author) for one in retold.changes
    ]


def test_the_add_on_page_says_numbers_categories_titles_and_what_is_required() -> None:
    page, retold = alone("addon-post-live"), fixture("addon-post-live")

    fields = ("number", "category", "title", "applies")
    assert column(page, *fields) == column(retold, *fields)
    # No column of phases and none of letters: the category names the phase, and the texts name one role.
    assert column(page, "phase", "raci", "derived") == column(retold, "phase", "raci", "derived")
    assert [(role.code, role.name, role.team) for role in page.roles] == [
        ("IS", "Implementation Specialist", "Delivery"),
        ("IS II", "Implementation Specialist II", "Delivery"),
    ]


def test_the_page_of_the_transition_says_nine_tasks_and_who_does_them() -> None:
    page = alone("transition-to-cs")
    tasks = [step for step in fixture("transition-to-cs").steps if step.phase == "post_live"]

    assert column(page, "title", "raci_source", "raci") == [
        said(step, "title", "raci_source", "raci") for step in tasks
    ]
    assert [step.number for step in page.steps] == list(range(1, 10))


def test_the_page_of_participation_says_four_titles() -> None:
    page, retold = alone("new-integration-participation"), fixture("new-integration-participation")

    assert column(page, "number", "title") == column(retold, "number", "title")


@every_page
def test_guidance_is_the_pages_own_text(slug: str) -> None:
    def plain(text: str) -> str:
        text = re.sub("[\u00a0\u200b]", " ", text).replace("â€“", "–")
        return re.sub(r"\s+", "", text)

    whole = plain(source(slug).decode())
    guidance = [step.guidance for step in alone(slug).steps]

    assert [line for text in guidance for line in text.split("\n") if plain(line) not in whole] == []
    assert sum(map(bool, guidance)) >= len(guidance) - 1


# -- the whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@every_page
def test_a_page_becomes_a_draft_that_equals_the_fixture_once(slug: str) -> None:
    """With version 1 loaded: keys, order, days, documents, and on three pages letters, phases and categories, are its own."""
    data, retold = source(slug), fixture(slug)
    load_playbook(dump_yaml(retold), publish=True)

    result = import_playbook(data, FILES[slug])

    draft = result.version.as_data()
    assert (result.slug, result.outcome, result.version.number, result.version.is_draft) == (slug, "drafted", 2, True)
    own = {"guidance": "", "source": {}, "open_questions": ()}
    plain = [{**{name: getattr(step, name) for name in StepData.__slots__}, **own} for step in draft.steps]
    assert plain == [{**{name: getattr(step, name) for name in StepData.__slots__}, **own} for step in retold.steps]
    assert (draft.title, draft.kind, draft.roles, draft.documents, draft.source) == (
        *(retold.title, retold.kind, retold.roles, retold.documents),
        retold.source,
    )
    # The only guidance that is still ours is that of steps which are no row of the page.
    ours = [step.number for step, old in zip(draft.steps, retold.steps, strict=True) if step.guidance == old.guidance]
    assert ours == ([1, 2, 3, 4, 5] if slug == "transition-to-cs" else [])
    assert [found.text for found in lint(draft) if found.is_error] == []
    assert result.drift == ()
    assert parse(dump_yaml(draft)) == draft

    again = import_playbook(data, FILES[slug])
    elsewhere = import_playbook(data.replace(b"\n", b"\r\n"), "copy.txt", slug=slug)
    assert [(one.outcome, one.version.pk) for one in (again, elsewhere)] == [("unchanged", result.version.pk)] * 2
    assert Version.objects.count() == 2


@every_page
def test_every_row_is_reported_with_its_line_and_its_step(slug: str) -> None:
    data = source(slug)
    told = interpret(read_scrape(data, FILES[slug]), slug=slug, base=fixture(slug))

    lines = {step.source["row"]: step.key for step in told.data.steps if step.source.get("row")}
    assert lines.items() <= {row.where: row.step for row in told.report if row.step}.items()
    assert [row for row in told.report if row.outcome == "refused"] == []
    text = data.decode().split("\n")
    assert all(text[int(where.removeprefix("line ")) - 1].strip().isdigit() for where in lines)


def test_what_is_blank_in_a_page_is_marked_and_nothing_else_is() -> None:
    told = interpret(
        read_scrape(source("integration"), "integration.txt"), slug="integration", base=fixture("integration")
    )

    marked = [(row.number, row.outcome) for row in told.report if row.number and row.outcome != "read"]
    assert marked == [(3, "guessed"), (35, "guessed")]


@pytest.mark.django_db
@every_page
def test_with_nothing_loaded_the_shipped_reading_fills_in_and_the_command_says_where(slug: str) -> None:
    source(slug)
    out = StringIO()
    call_command("import_playbook", str(SOURCES / FILES[slug]), format="json", stdout=out)
    told = json.loads(out.getvalue())

    assert (told["slug"], told["version"], told["outcome"], told["drift"]) == (slug, 1, "created", [])
    exported = StringIO()
    call_command("export_playbook", slug, "--version=1", stdout=exported)
    fields = ("number", "key", "phase", "category", "title", "raci", "raci_source", "derived", "needs", "duration_days")
    assert column(parse(exported.getvalue()), *fields) == column(fixture(slug), *fields)


@pytest.mark.django_db
def test_under_another_slug_a_page_is_still_filled_in_by_its_own_reading() -> None:
    result = import_playbook(source("transition-to-cs"), "page.txt", slug="handover")

    fields = ("number", "key", "phase", "category", "title", "raci")
    assert (result.slug, result.outcome) == ("handover", "created")
    assert column(result.version.as_data(), *fields) == column(fixture("transition-to-cs"), *fields)
