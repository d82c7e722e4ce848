"""`import_playbook`, as somebody at a terminal sees it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from playbook.models import Playbook

pytestmark = pytest.mark.django_db
PAGE = "P9 - Berths\nPhase\nStep\nR / A / C / I\n1\nDesign\nDraw\nPM / B / SE\n2\n\nInk\nPM / XX / SE\nAppendix\n"
ROLES = "Name\nTeam\n1\nProject Manager (PM)\nUs\n2\nBiller (B)\nCustomer\n3\nSolution Engineer (SE)\nUs\n"


def said(*args: str) -> str:
    out = StringIO()
    call_command("import_playbook", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "berths.txt"
    file.write_text(PAGE.replace("Phase", f"{ROLES}Phase"), encoding="utf-8")
    return file


def test_json_is_one_object_with_every_row(page: Path) -> None:
    told = json.loads(said(str(page), "--format", "json"))

    assert {name: told[name] for name in ("slug", "version", "outcome", "drift", "since")} == {
        "slug": "berths",
        "version": 1,
        "outcome": "created",
        "drift": [],
        "since": None,
    }
    assert [(row["where"], row["outcome"], row["step"], row["number"]) for row in told["rows"] if row["number"]] == [
        ("line 16", "guessed", "design.draw", 1),
        ("line 20", "guessed", "design.ink", 2),
        ("line 20", "refused", "design.ink", 2),
    ]
    assert list(told["rows"][0]) == ["where", "outcome", "step", "number", "text"]
    out = StringIO()
    call_command("export_playbook", "berths", "--version=1", "--format=json", stdout=out)
    assert [step["title"] for step in json.loads(out.getvalue())["steps"]] == ["Draw", "Ink"]


def test_the_text_says_the_same_to_people(page: Path) -> None:
    told = said(str(page)).splitlines()

    assert "line 20: refused 2 design.ink: XX is used in R / A / C / I “PM / XX / SE” but not in the role list." in told
    assert told[-1].startswith("berths: version 1 is a new draft (")
    assert said(str(page)).splitlines()[-1] == "berths: unchanged, version 1 says the same"
    page.write_text(page.read_text().replace("Ink", "Ink it twice"))
    assert "since version 1: added 2 design.ink-it-twice: “Ink it twice” is new." in said(str(page)).splitlines()


def test_a_refused_file_names_each_problem_on_a_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("playbook: a\ntitle: A\nkind: round\nroles: []\nsteps: 7\n", encoding="utf-8")

    with pytest.raises(CommandError) as caught:
        said(str(file))
    lines = str(caught.value).splitlines()
    assert (lines[0][:13], lines[1][:13], lines[-1]) == ("line 3, kind:", "line 5, steps", "Nothing was imported.")
    assert Playbook.objects.count() == 0


def test_a_file_that_is_not_there_and_one_that_is_a_folder(tmp_path: Path) -> None:
    for file in ("nowhere.txt", str(tmp_path)):
        with pytest.raises(CommandError, match=r"cannot be read: .*\. Nothing was imported\.$"):
            said(file)


def test_a_slug_may_be_given(page: Path) -> None:
    assert json.loads(said(str(page), "--slug", "piers", "--format=json"))["slug"] == "piers"
    with pytest.raises(CommandError, match="cannot be a playbook's slug"):
        said(str(page), "--slug", "No Slug")
