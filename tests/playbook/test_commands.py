"""The three commands, as somebody at a terminal sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from playbook.data import PlaybookData, StepData
from playbook.format import dump_yaml
from playbook.models import Playbook, Step, Version
from playbook.services import load_playbook
from raci.letters import Raci
from transitions.blockers import MoveRefused
from transitions.moves import perform
from transitions.version import VersionStatus

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).parents[2] / "fixtures" / "playbooks"
SLUGS = ["addon-post-live", "integration", "new-integration-participation", "outbound", "transition-to-cs"]


def said(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


# -- load_playbooks ---------------------------------------------------------------------------------------------------


def test_the_five_are_loaded_and_published_and_loaded_again_to_no_effect() -> None:
    first = said("load_playbooks")
    assert first == "".join(f"{slug}: version 1 loaded and published\n" for slug in SLUGS)
    assert set(Version.objects.values_list("number", "status")) == {(1, VersionStatus.PUBLISHED)}

    assert said("load_playbooks") == "".join(f"{slug}: unchanged, version 1 says the same\n" for slug in SLUGS)
    assert Version.objects.count() == len(SLUGS)


def test_a_file_of_ones_own_becomes_a_draft(tmp_path: Path, make_playbook: Callable[..., PlaybookData]) -> None:
    file = tmp_path / "sample.yaml"
    file.write_text(dump_yaml(make_playbook()))

    assert said("load_playbooks", str(file)) == (
        "sample: version 1 is a new draft, to be published in the admin; see lint_playbook sample\n"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"playbook: a\ntitle: [open\nkind: phased\n", "line 3, kind: this is no YAML"),
        (b"playbook: a\ntitle: A\nkind: round\nroles: []\nsteps: []\n", "line 3, kind: “round” is none of phased"),
        (b"playbook: a\ntitle: caf\xe9\n", "line 2: this is no UTF-8."),
    ],
)
def test_a_file_that_cannot_be_loaded_is_named_with_line_and_key(tmp_path: Path, text: bytes, words: str) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_bytes((FIXTURES / "outbound.yaml").read_bytes())
    bad.write_bytes(text)

    with pytest.raises(CommandError) as caught:
        said("load_playbooks", str(good), str(bad))
    assert str(caught.value).startswith(f"{bad}, {words}")
    assert str(caught.value).endswith("Nothing was loaded.")
    assert Playbook.objects.count() == 0


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(
        CommandError, match=r"^nowhere.yaml cannot be read: No such file or directory. Nothing was loaded.$"
    ):
        said("load_playbooks", "nowhere.yaml")


# -- export_playbook --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_an_export_is_the_fixture_byte_for_byte(loaded: None, slug: str) -> None:
    assert said("export_playbook", slug).encode() == (FIXTURES / f"{slug}.yaml").read_bytes()


def test_an_export_takes_a_version_and_a_format(make_playbook: Callable[..., PlaybookData]) -> None:
    load_playbook(dump_yaml(make_playbook()), publish=True)
    load_playbook(dump_yaml(make_playbook(title="Second")))

    assert json.loads(said("export_playbook", "sample", "--format", "json"))["title"] == "Sample"
    second = json.loads(said("export_playbook", "sample", "--version", "2", "--format", "json"))
    assert (second["version"], second["title"]) == (2, "Second")
    assert second["steps"][0]["raci"] == {"R": ["SE"], "A": ["INM"], "C": ["PM"], "I": ["B"]}
    assert said("export_playbook", "sample", "--version=2") == dump_yaml(make_playbook(title="Second", version=2))


@pytest.mark.parametrize("command", ["export_playbook", "lint_playbook"])
def test_what_there_is_not_is_answered_with_what_there_is(loaded: None, command: str) -> None:
    with pytest.raises(CommandError) as caught:
        said(command, "nope")
    assert str(caught.value) == f"There is no playbook “nope”. There are: {', '.join(SLUGS)}."
    with pytest.raises(CommandError) as caught:
        said(command, "outbound", "--version", "7")
    assert str(caught.value) == "Playbook “outbound” has no version 7. There are: 1."


# -- lint_playbook ----------------------------------------------------------------------------------------------------


def test_lint_lists_findings_as_json(loaded: None) -> None:
    findings = json.loads(said("lint_playbook", "integration", "--format", "json"))

    assert findings[0] == {
        "step": "",
        "number": None,
        "code": "open-question",
        "text": "Role number 6 is missing from the source's role list (it goes from 5 to 7).",
        "severity": "warning",
    }
    assert [(found["step"], found["number"]) for found in findings if found["code"] == "missing-raci"] == [
        ("design.business-design-review", 22),
        ("release.internal-notification", 46),
    ]


def test_lint_reads_the_newest_version_and_says_how_many(
    make_playbook: Callable[..., PlaybookData], make_step: Callable[..., StepData]
) -> None:
    load_playbook(dump_yaml(make_playbook()), publish=True)
    assert said("lint_playbook", "sample") == "Sample v1: 0 errors, 0 warnings\n"

    load_playbook(dump_yaml(make_playbook(make_step(1, raci=Raci(R=("SE",), A=("INM", "PM"), C=("B",))))))
    assert said("lint_playbook", "sample") == (
        "   1 design.step-1: error several-accountable: Several roles are accountable (INM, PM); keep exactly one as A.\n"
        "Sample v2: 1 errors, 0 warnings\n"
    )


def test_a_file_with_a_circle_becomes_a_draft_that_lint_names_and_nobody_publishes(
    tmp_path: Path, make_step: Callable[..., StepData], make_playbook: Callable[..., PlaybookData]
) -> None:
    steps = (make_step(1, needs=("design.step-2",)), make_step(2, needs=("design.step-1",)))
    file = tmp_path / "circle.yaml"
    file.write_text(dump_yaml(make_playbook(*steps)), encoding="utf-8")
    assert said("load_playbooks", str(file)) == (
        "sample: version 1 is a new draft, with 1 errors that publishing refuses; see lint_playbook sample\n"
    )

    for named in ("sample", str(file)):
        findings = json.loads(said("lint_playbook", named, "--format", "json"))
        assert [(found["step"], found["code"]) for found in findings] == [("design.step-1", "needs-cycle")]
    with pytest.raises(MoveRefused) as refused:
        perform(Version.objects.get(), "publish", by=None)
    assert [blocker.code for blocker in refused.value.blockers] == ["needs-cycle"]


def test_lint_finds_a_circle_that_came_in_past_the_file(draft: Version) -> None:
    for number, needs in ((1, ["design.step-2"]), (2, ["design.step-1"])):
        Step.objects.filter(version=draft, number=number).update(needs=needs)

    findings = json.loads(said("lint_playbook", "sample", "--format", "json"))
    assert [(found["step"], found["code"], found["severity"]) for found in findings] == [
        ("design.step-1", "needs-cycle", "error")
    ]
