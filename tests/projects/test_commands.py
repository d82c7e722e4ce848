"""The commands: start a project, say where it stands, move it, count it again."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError

from projects.models import Project
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, everything, publish, started
from transitions.models import TransitionRecord

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[int, str]:
    """The exit code of a command and what it says on standard output."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue()
    return 0, out.getvalue()


def as_json(*arguments: str) -> tuple[int, Any]:
    code, out = run(*arguments)
    return code, json.loads(out)


# -- start_project --------------------------------------------------------------------------------

START = (
    *("start_project", "--biller", "Marrow County Tax", "--vertical", "tax", "--core-system", "Tyndall"),
    *("--kickoff", "2026-10-05", "--go-live", "2027-03-02", "--by", "priya@example.org"),
)


@pytest.mark.usefixtures("playbooks")
def test_a_project_is_started_on_what_its_kind_proposes(cast):
    code, said = as_json(
        *START,
        "--person",
        "PM=priya@example.org",
        "--person",
        "SE=sofia@example.org",
        "--mrr",
        "4200.50",
        "--format",
        "json",
    )

    project = Project.objects.get()
    assert code == 0
    assert (said["code"], said["phase"], said["phases"]) == ("MRW-1", "discovery", project.phases)
    assert (said["steps"], sorted(said["left_out"])) == (project.steps_total, _left_out(project))
    assert (project.code, str(project.core_system), str(project.mrr)) == ("MRW-1", "Tyndall", "4200.50")
    assert sorted(version.playbook.slug for version in project.versions.all()) == [
        "integration",
        "new-integration-participation",
        "transition-to-cs",
    ]
    assert project.manager == cast.priya
    assert {seat.role.code for seat in project.seats.filter(person=cast.sofia)} == {"SE"}


def _left_out(project: Project) -> list[str]:
    facts = TransitionRecord.objects.of(project).get().facts
    return sorted(f"{path}: {why}" for path, why in facts["left_out"].items())


@pytest.mark.usefixtures("playbooks", "cast")
def test_playbooks_are_chosen_instead(subtests):
    for arguments, steps, left_out in (
        (("--playbook", "integration"), 46, 0),
        (("--playbook", "integration", "--kind", "custom"), 42, 4),
        (("--playbook", "outbound", "--kind", "custom"), 24, 1),
        (("--kind", "add_on"), 4, 0),
    ):
        with subtests.test(" ".join(arguments)):
            _, said = as_json(*START, *arguments, "--format", "json", "--preview")
            assert (said["steps"], len(said["left_out"])) == (steps, left_out)


@pytest.mark.usefixtures("playbooks", "cast")
def test_a_preview_makes_nothing_and_says_what_would_be_made():
    before = everything()
    code, said = run(*START, "--playbook", "addon-post-live", "--preview")

    assert code == 0
    assert [line.split(":")[0] for line in said.splitlines()] == ["steps", "left_out", "phases", "planned_end", "roles"]
    assert said.splitlines()[0] == "steps: 4"
    assert everything() == before


@pytest.mark.usefixtures("playbooks")
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("--playbook", "nope"), "No published playbook nope. There are: addon-post-live, integration, "),
        (("--go-live", "2026-10-04"), "The go-live cannot be before the kickoff."),
        (("--go-live", "soon"), "“soon” is no date: write it as 2026-11-24"),
        (("--kickoff", "9999-12-31", "--go-live", "9999-12-31"), "The kickoff is from 2000-01-01 to 2099-12-31."),
        (("--mrr", "lots"), "“lots” is no amount"),
        (("--mrr", "-1"), "Ensure this value is greater than or equal to 0."),
        (("--person", "XX=sofia@example.org"), "“XX” is no role here. There are: "),
        (("--person", "PM=nobody@example.org"), "Nobody here has the address “nobody@example.org”."),
        (("--person", "PM=dele@example.org"), "Deactivated, and cannot take a seat: Dele Adeyemi."),
        (("--by", "nobody@example.org"), "Nobody here has the address “nobody@example.org”."),
        (("--by", "sofia@example.org"), "Sofia Reyes may not start projects."),
        (("--biller", "x" * 10_000), "Ensure this value has at most 120 characters (it has 10000)."),
        (("--biller", " "), "This field cannot be blank."),
        (("--core-system", "x" * 10_000), "Ensure this value has at most 120 characters (it has 10000)."),
        (("--code", "M1"), "Use two to six capital letters."),
        (("--vertical", "mining"), "argument --vertical: invalid choice: 'mining'"),
        (("--kind", "none"), "argument --kind: invalid choice: 'none'"),
    ],
)
def test_what_cannot_be_started_is_refused_and_makes_nothing(cast, changed, words):
    cast.dele.is_active = False
    cast.dele.save()
    before = everything()

    with pytest.raises(CommandError) as refused:
        run(*START, *changed)
    assert words in str(refused.value)
    assert everything() == before


@pytest.mark.usefixtures("playbooks", "cast")
def test_a_code_that_another_biller_has_is_refused():
    assert run(*START, "--playbook", "addon-post-live")[0] == 0
    before = everything()

    with pytest.raises(CommandError, match="MRW is Marrow County Tax’s code"):
        run(*START, "--playbook", "addon-post-live", "--biller", "Morrow Water", "--code", "mrw")
    assert everything() == before


# -- project_status -------------------------------------------------------------------------------


@pytest.fixture
def project(cast) -> Project:
    made = started(
        cast,
        publish(a_step(1, title="Invoicing"), a_step(2, title="Review", approval="architect_review"), a_step(3, "sit")),
    )
    details = {"note": "The sandbox is down", "owner": cast.bo, "until": dt.date(2026, 11, 30)}
    move(made, "design.step-1", "block", cast.sofia, now=dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC), **details)
    return Project.objects.get(pk=made.pk)


def test_the_status_of_a_project_is_data(project):
    with time_machine.travel(dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)):
        code, status = as_json("project_status", "mrw-1", "--format", "json")

    assert code == 0
    blocked = {
        "code": "step-blocked",
        "text": "Invoicing is blocked: The sandbox is down",
        "link": "/projects/MRW-1/steps/made-up/design.step-1/",
        "owner": "Bo Halvorsen",
    }
    unapproved = {
        "code": "approval-missing",
        "text": "Review is not approved",
        "link": "/projects/MRW-1/steps/made-up/design.step-2/",
        "owner": "Ingrid Berg",
    }
    steps, seats, lines = status.pop("steps"), status.pop("seats"), status.pop("gate")
    signal = status.pop("signal")
    assert (signal["health"], signal["disagrees"]) == ("off_track", False)
    assert signal["reasons"][0] == {
        "code": "overdue",
        "text": "2 steps are overdue, “Invoicing” the longest, by 49 days.",
        "health": "off_track",
    }
    assert status == {
        "code": "MRW-1",
        "name": "Marrow County Tax",
        "integration_kind": "partner",
        "phase": "design",
        "next_phase": "sit",
        "phases": ["design", "sit"],
        "standing": "active",
        "revision": 0,
        "playbooks": [{"slug": "made-up", "version": 1}],
        "kickoff": "2026-10-05",
        "target_go_live": "2027-03-02",
        "baseline_go_live": "2027-03-02",
        "actual_go_live": None,
        "steps_total": 3,
        "steps_done": 0,
        "steps_blocked": 1,
        "steps_overdue": 2,
        "next_due": "2026-10-05",
        "health": None,
        "health_at": None,
        "blockers": [blocked, unapproved],
    }
    assert [line["code"] for line in lines if not line["met"]] == ["step-blocked", "approval-missing"]
    assert steps[0] == {
        "key": "design.step-1",
        "playbook": "made-up",
        "number": 1,
        "phase": "design",
        "title": "Invoicing",
        "status": "blocked",
        "due": "2026-10-05",
        "baseline_due": "2026-10-05",
        "responsible": ["Sofia Reyes"],
        "accountable": ["Ingrid Berg"],
        "reason": "The sandbox is down",
        "owner": "Bo Halvorsen",
        "until": "2026-11-30",
    }
    assert [step["key"] for step in steps] == ["design.step-1", "design.step-2", "sit.step-3"]
    assert seats[0] == {"playbook": "made-up", "role": "PM", "person": "Priya Nair"}


def test_the_status_of_a_project_in_words(project):
    assert run("project_status", "MRW-1") == (
        0,
        "MRW-1 Marrow County Tax: design, active\n"
        "0 of 3 steps done, 1 blocked\n"
        "  - Invoicing is blocked: The sandbox is down (Bo Halvorsen)\n"
        "  - Review is not approved (Ingrid Berg)\n",
    )


def test_the_status_of_a_project_that_there_is_not(project):
    with pytest.raises(CommandError, match="There is no project “MRW-2”"):
        run("project_status", "MRW-2")


# -- move -----------------------------------------------------------------------------------------


def test_a_move_that_happens_says_the_new_state(project):
    key = "made-up/design.step-2"
    assert as_json("move", "MRW-1", "start", "--step", key, "--by", "SOFIA@example.org") == (
        0,
        {"object": "Review", "status": "in_progress", "revision": 1},
    )
    assert as_json("move", "mrw-1", "hold", "--by", "priya@example.org", "--note", "Budget") == (
        0,
        {"object": "MRW-1 Marrow County Tax", "standing": "on_hold", "revision": 1},
    )
    assert Project.objects.get().standing == "on_hold"
    assert step_of(project, key).status == "in_progress"


def test_a_move_takes_what_it_asks_for(project, cast):
    hold_up = ("--note", "Sample file", "--owner", "bo@example.org", "--until", "2030-01-02")
    run("move", "MRW-1", "wait", "--step", "design.step-2", "--by", "sofia@example.org", *hold_up)
    step = step_of(project, "design.step-2")
    assert (step.status, step.reason, step.owner, step.until) == (
        "waiting_on_customer", "Sample file", cast.bo, dt.date(2030, 1, 2),
    )  # fmt: skip

    for name, who in (("resume", "sofia"), ("submit", "sofia"), ("resume", "sofia")):
        run("move", "MRW-1", name, "--step", "design.step-2", "--by", f"{who}@example.org")
    for name in ("resume", "complete"):
        run("move", "MRW-1", name, "--step", "design.step-1", "--by", "sofia@example.org")
    reject = ("reject", "--step", "design.step-2", "--by", "ingrid@example.org", "--note", "x")
    assert run("move", "MRW-1", *reject, "--reopens", "design.step-1")[0] == 0
    assert [step_of(project, key).status for key in ("design.step-1", "design.step-2")] == [
        "in_progress",
        "in_progress",
    ]


def test_a_project_is_sent_back_to_a_phase(cast):
    started(cast, publish(a_step(1, applies="if_applicable"), a_step(2, "sit")))
    by = ("--by", "priya@example.org")
    run("move", "MRW-1", "mark_not_applicable", "--step", "design.step-1", *by, "--note", "x")
    assert as_json("move", "MRW-1", "advance", *by)[1]["phase"] == "sit"
    assert as_json("move", "MRW-1", "return_to", *by, "--phase", "design", "--note", "x")[1]["phase"] == "design"


BLOCK = ("block", "--step", "design.step-2", "--by", "sofia@example.org", "--note", "x")

MOVES = "advance, return_to, hold, resume, cancel, complete, upgrade, undo_upgrade"
REFUSED: dict[str, tuple[tuple[str, ...], list[tuple[str, str]]]] = {
    "the gate": (
        ("MRW-1", "advance", "--by", "priya@example.org"),
        [
            ("step-blocked", "Invoicing is blocked: The sandbox is down"),
            ("approval-missing", "Review is not approved"),
        ],
    ),
    "no such project": (("MRW-2", "advance", "--by", "priya@example.org"), [("unknown-project", "There is no project “MRW-2”.")]),
    "no such step": (
        ("MRW-1", "start", "--step", "design.nope", "--by", "sofia@example.org"),
        [("unknown-step", "MRW-1 has no step “design.nope”.")],
    ),
    "no such person": (
        ("MRW-1", "advance", "--by", "nobody@example.org"),
        [("unknown-person", "Nobody here has the address “nobody@example.org”.")],
    ),
    "no such move": (
        ("MRW-1", "finish", "--by", "priya@example.org"),
        [("unknown-move", f"There is no move “finish”. There are: {MOVES}.")],
    ),
    "a move of steps on the project": (
        ("MRW-1", "start", "--by", "priya@example.org"),
        [("unknown-move", f"There is no move “start”. There are: {MOVES}.")],
    ),
    "not permitted": (
        ("MRW-1", "advance", "--by", "sofia@example.org"),
        [("not-permitted", "Sofia Reyes may not advance here.")],
    ),
    "no reason": (("MRW-1", "hold", "--by", "priya@example.org"), [("missing-note", "“Put on hold” needs a reason.")]),
    "a note too long": (
        ("MRW-1", "hold", "--by", "priya@example.org", "--note", "x" * 10_000),
        [("note-too-long", "The reason has 10,000 characters; 4,000 is the most.")],
    ),
    "no date": (
        ("MRW-1", *BLOCK, "--owner", "bo@example.org", "--until", "soon"),
        [("bad-date", "“soon” is no date: write it as 2026-11-24.")],
    ),
    "a date that is past": (
        ("MRW-1", *BLOCK, "--owner", "bo@example.org", "--until", "2020-02-01"),
        [("date-past", "Feb 1, 2020 is past: say by when it will be cleared.")],
    ),
    "no such owner": (
        ("MRW-1", *BLOCK, "--owner", "nobody@example.org", "--until", "2030-01-02"),
        [("unknown-person", "Nobody here has the address “nobody@example.org”.")],
    ),
    "no such phase": (
        ("MRW-1", "return_to", "--by", "priya@example.org", "--note", "x", "--phase", "uat"),
        [("not-earlier", "“uat” is no earlier phase of this project. There are: none.")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "blockers"), REFUSED.values(), ids=REFUSED.keys())
def test_a_move_that_is_refused_exits_1_with_what_blocks_it_and_changes_nothing(project, arguments, blockers):
    before = everything()
    code, said = as_json("move", *arguments)

    assert code == 1
    assert list(said) == ["blockers"]
    assert [(blocker["code"], blocker["text"]) for blocker in said["blockers"]] == blockers
    assert [sorted(blocker) for blocker in said["blockers"]] == [["code", "link", "owner", "text"]] * len(blockers)
    assert everything() == before


def test_a_step_that_two_playbooks_have_is_asked_for_by_both_names(cast):
    project = started(cast, publish(a_step(1)), publish(a_step(1), slug="second", title="Second"))
    before = everything()

    code, said = as_json("move", "MRW-1", "start", "--step", "design.step-1", "--by", "sofia@example.org")
    assert (code, said["blockers"][0]["text"]) == (
        1,
        "“design.step-1” is in several playbooks. Say which: made-up/design.step-1, second/design.step-1.",
    )
    assert everything() == before
    run("move", "MRW-1", "start", "--step", "second/design.step-1", "--by", "sofia@example.org")
    assert step_of(project, "second/design.step-1").status == "in_progress"


# -- recount --------------------------------------------------------------------------------------


def test_totals_are_compared_and_put_right(project):
    assert run("recount") == (0, "1 projects compared, 0 differed.\n")

    Project.objects.update(steps_done=2, next_due=None)
    said = "MRW-1: steps_done says 2, the steps say 0\nMRW-1: next_due says None, the steps say 2026-10-05\n"
    assert run("recount", "--check") == (1, f"{said}1 projects compared, 1 differed.\n")
    assert run("recount") == (0, f"{said}1 projects compared, 1 differed.\n")
    assert run("recount", "--check") == (0, "1 projects compared, 0 differed.\n")
