"""The whole table: every state, every move, every person; each cell is tried and must come out as it stands here."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from playbook.data import RoleData
from projects.models import Project, ProjectStep
from raci.letters import Raci
from tests.cast import move, step_of
from tests.transitions.made_up import ROLES, a_step, everything, publish, started
from transitions.blockers import MoveRefused
from transitions.models import TransitionRecord
from transitions.moves import perform
from transitions.phase import Phase
from transitions.standing import Standing
from transitions.step import StepStatus

pytestmark = pytest.mark.django_db

#: The people of the table. Those in `gone` are deactivated: Tess beside Sofia among the responsible, Cora among those who run
#: the project. Dele sits in a seat that has nothing to do with the step, Mallory in none.
PEOPLE = {
    "R": "sofia", "A": "ingrid", "C": "arun", "I": "bo", "PM": "priya", "IM": "ivan", "other": "dele", "admin": "adele",
    "nobody": "mallory", "gone-R": "tess", "gone-PM": "cora",
}  # fmt: skip

#: Who may make a move, whatever the state: who works the step or runs the project, who is accountable, who runs the project.
MAY = {"*": {"R", "A", "PM", "IM", "admin"}, "A": {"A"}, "+": {"PM", "IM", "admin"}, "x": {"A", "PM", "IM"}}

#: What becomes of a step, by move (down) and by the status that it is in (across), for those who may make the move (`?`, as
#: above; `x`: who is accountable, or holds a seat that runs the project); everybody else is `not-permitted`. A status: it is
#: that then. A code: it is refused with that blocker. `-`: it is refused, for there is no edge. `.`: such a step never has
#: that status.
STEPS = """
always              ? not_started    in_progress       waiting        blocked        in_review   done        n/a
start               * in_progress    -                 -              -              .           -           .
complete            * -              done              -              -              .           -           .
submit              * -              no-approval-asked -              -              .           -           .
approve             A -              -                 -              -              .           -           .
reject              A -              -                 -              -              .           -           .
excuse              x -              -                 -              -              .           -           .
wait                * waiting        waiting           -              waiting        .           -           .
block               * blocked        blocked           blocked        -              .           -           .
resume              * -              -                 in_progress    in_progress    .           -           .
mark_not_applicable * always-applies always-applies    always-applies always-applies .           -           .
reopen              * -              -                 -              -              .           in_progress .

approval            ? not_started    in_progress       waiting        blocked        in_review   done        n/a
start               * in_progress    -                 -              -              -           -           .
complete            * -              approval-missing  -              -              -           -           .
submit              * -              in_review         -              -              -           -           .
approve             A -              -                 -              -              done        -           .
reject              A -              -                 -              -              in_progress -           .
excuse              x -              -                 -              -              nothing-to-excuse - .
wait                * waiting        waiting           -              waiting        -           -           .
block               * blocked        blocked           blocked        -              blocked     -           .
resume              * -              -                 in_progress    in_progress    -           -           .
mark_not_applicable * always-applies always-applies    always-applies always-applies -           -           .
reopen              * -              -                 -              -              -           in_progress .

if_applicable       ? not_started    in_progress       waiting        blocked        in_review   done        n/a
start               * in_progress    -                 -              -              .           -           -
complete            * -              done              -              -              .           -           -
submit              * -              no-approval-asked -              -              .           -           -
approve             A -              -                 -              -              .           -           -
reject              A -              -                 -              -              .           -           -
excuse              x -              -                 -              -              .           -           -
wait                * waiting        waiting           -              waiting        .           -           -
block               * blocked        blocked           blocked        -              .           -           -
resume              * -              -                 in_progress    in_progress    .           -           -
mark_not_applicable * n/a            n/a               n/a            n/a            .           -           -
reopen              * -              -                 -              -              .           in_progress not_started
"""

#: The same for the project, in Design, Development and Release: `first` and so on with every step closed, `open` with one open.
#: `return_to` is to Design.
PROJECT = """
project    ? first-open      first           middle          last        last-open   held        cancelled   complete
advance    + step-open       development     release         last-phase  last-phase  not-active  not-active  archived
return_to  + not-earlier     not-earlier     design          design      design      not-active  not-active  archived
hold       + on_hold         on_hold         on_hold         on_hold     on_hold     -           -           archived
resume     + -               -               -               -           -           active      -           archived
cancel     + cancelled       cancelled       cancelled       cancelled   cancelled   -           -           archived
complete   + not-last-phase  not-last-phase  not-last-phase  complete    step-open   -           -           archived
upgrade    + missing-version missing-version missing-version missing-version missing-version - -       archived
undo_upgrade + nothing-to-undo nothing-to-undo nothing-to-undo nothing-to-undo nothing-to-undo - -     archived
"""  # fmt: skip

LONG = {"waiting": "waiting_on_customer", "n/a": "not_applicable"}
Cells = dict[tuple[str, str, str], str]


def tables(text: str) -> dict[str, tuple[list[str], Cells]]:
    """Read the tables: by name, the states across and the outcome by state, move and person."""
    found = {}
    for block in text.strip().split("\n\n"):
        head, *lines = block.splitlines()
        name, _, *states = (LONG.get(word, word) for word in head.split())
        cells: Cells = {}
        for line in lines:
            named, may, *outcomes = (LONG.get(word, word) for word in line.split())
            for state, outcome in zip(states, outcomes, strict=True):
                for person in PEOPLE:
                    cells[state, named, person] = outcome if person in MAY[may] or outcome == "." else "not-permitted"
        found[name] = (states, cells)
    return found


STEP_TABLES, PROJECT_TABLES = tables(STEPS), tables(PROJECT)


def test_the_table_is_whole():
    assert {name: states for name, (states, _) in STEP_TABLES.items()} == dict.fromkeys(
        ("always", "approval", "if_applicable"), StepStatus.values
    )
    moves = [spec.name for spec in ProjectStep.MOVES]
    for states, cells in STEP_TABLES.values():
        assert list(cells) == [(state, name, person) for name in moves for state in states for person in PEOPLE]
    ((states, cells),) = PROJECT_TABLES.values()
    assert list(cells) == [
        (state, spec.name, person) for spec in Project.MOVES for state in states for person in PEOPLE
    ]


@pytest.mark.parametrize("kind", STEP_TABLES)
def test_a_step_has_every_status_that_its_table_leads_to_and_no_other(kind):
    states, cells = STEP_TABLES[kind]
    reached, before = {"not_started"}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {
            outcome for (state, _, _), outcome in cells.items() if state in before and outcome in StepStatus.values
        }

    assert reached == {state for state in states if cells[state, "start", "R"] != "."}


# -- Steps ----------------------------------------------------------------------------------------

NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)
#: The moves that lead to a status, and who makes them.
WAYS: dict[str, tuple[str, ...]] = {
    "not_started": (),
    "in_progress": ("start",),
    "waiting_on_customer": ("start", "wait"),
    "blocked": ("start", "block"),
    "in_review": ("start", "submit"),
    "done": ("start", "complete"),
    "not_applicable": ("mark_not_applicable",),
}
RESPONSIBLE = Raci(R=("SE", "DS"), A=("INM",), C=("SA",), I=("B",))
SEATS = (
    *ROLES,
    RoleData("DS", "Delivery Specialist", "Implementations", "internal"),
    RoleData("DM", "Delivery Manager", "Implementations", "internal", manages=True),
)


@pytest.fixture
def who(cast: SimpleNamespace) -> dict[str, User]:
    """The people of the table, by their name there."""
    return {name: getattr(cast, first) for name, first in PEOPLE.items()}


def seated(cast: SimpleNamespace, *steps: Any) -> Project:
    """A project with all of them in their seats, two of whom have been deactivated since."""
    people = {
        "PM": cast.priya, "IM": cast.ivan, "SE": cast.sofia, "INM": cast.ingrid, "SA": cast.arun, "B": cast.bo,
        "IS": cast.dele, "DS": cast.tess, "DM": cast.cora,
    }  # fmt: skip
    project = started(cast, publish(*steps, roles=SEATS), people=people)
    for person in (cast.tess, cast.cora):
        person.is_active = False
        person.save()
    return project


def details_of(row: Any, name: str, cast: SimpleNamespace) -> dict[str, Any]:
    """What the move asks for, all of it given."""
    given = {"owner": cast.bo, "until": dt.date(2026, 12, 1), "phase": "design"}
    return {"note": "x", "now": NOW, **{key: given[key] for key in row.move_spec(name).details if key in given}}


def outcome_of(row: Any, name: str, person: Any, cast: SimpleNamespace) -> str:
    """Try the move and take it back: the state that it led to, or why it was refused, having left nothing behind."""
    with transaction.atomic():
        records = TransitionRecord.objects.count()
        try:
            with transaction.atomic():
                moved = perform(row, name, by=person, **details_of(row, name, cast))
        except MoveRefused as refused:
            now = type(row).objects.get(pk=row.pk)
            assert (now.revision, TransitionRecord.objects.count()) == (row.revision, records)
            assert [getattr(now, state) for state in row.state_names()] == [
                getattr(row, state) for state in row.state_names()
            ]
            (code,) = {blocker.code for blocker in refused.blockers}
            return "-" if code == "wrong-state" else code
        assert (moved.row.revision, TransitionRecord.objects.count()) == (row.revision + 1, records + 1)
        assert (moved.record.by, moved.record.target) == (person, getattr(moved.row, moved.record.machine))
        transaction.set_rollback(True)
        return str(moved.record.target)


@pytest.mark.parametrize("kind", STEP_TABLES)
def test_every_move_of_a_step_by_everybody(kind, cast, who, subtests):
    changes = {"approval": {"approval": "sit_verification"}, "if_applicable": {"applies": "if_applicable"}}
    project = seated(cast, a_step(1, raci=RESPONSIBLE, **changes.get(kind, {})), a_step(2, "sit"))
    states, cells = STEP_TABLES[kind]
    before = everything()

    for state in states:
        if cells[state, "start", "R"] == ".":
            continue
        with subtests.test(state), transaction.atomic():
            way = ("start", "submit", "approve") if (kind, state) == ("approval", "done") else WAYS[state]
            for name in way:
                step = step_of(project, "design.step-1")
                perform(step, name, by=cast.ingrid, **details_of(step, name, cast))
            step = step_of(project, "design.step-1")
            assert step.status == state
            found = {
                (state, spec.name, person): outcome_of(step, spec.name, who[person], cast)
                for spec in ProjectStep.MOVES
                for person in PEOPLE
            }
            expected = {key: outcome for key, outcome in cells.items() if key[0] == state}
            assert {key: (found[key], expected[key]) for key in found if found[key] != expected[key]} == {}
            transaction.set_rollback(True)
    assert everything() == before


def test_a_step_left_out_at_the_start_is_taken_in_by_reopening_it(cast, who):
    version = publish(a_step(1, applies="partner_only"))
    project = started(cast, version, integration_kind="custom")
    step = step_of(project, "design.step-1")

    assert step.status == "not_applicable"
    found = {spec.name: outcome_of(step, spec.name, cast.ingrid, cast) for spec in ProjectStep.MOVES}
    assert found == {**dict.fromkeys(found, "-"), "reopen": "not_started"}


# -- The project ----------------------------------------------------------------------------------


def arrive(project: Project, situation: str, cast: SimpleNamespace) -> None:
    """Bring the project into one of the situations of the table."""
    phase, _, is_open = situation.partition("-")
    go_to = {"first": 0, "middle": 1, "held": 1, "cancelled": 1, "last": 2, "complete": 2}[phase]
    for index, key in enumerate(("design.step-1", "development.step-2", "release.step-3")):
        if index < go_to or (index == go_to and not is_open):
            for name in ("start", "complete"):
                move(project, key, name, cast.sofia)
        if index < go_to:
            perform(project, "advance", by=cast.priya)
    for name, note in {"held": [("hold", "x")], "cancelled": [("cancel", "x")], "complete": [("complete", "")]}.get(
        phase, []
    ):
        perform(project, name, by=cast.priya, note=note)


def test_every_move_of_a_project_by_everybody(cast, who, subtests):
    project = seated(cast, a_step(1), a_step(2, "development"), a_step(3, "release"))
    ((situations, cells),) = PROJECT_TABLES.values()
    before = everything()

    for situation in situations:
        with subtests.test(situation), transaction.atomic():
            arrive(project, situation, cast)
            row = Project.objects.get(pk=project.pk)
            found = {
                (situation, spec.name, person): outcome_of(row, spec.name, who[person], cast)
                for spec in Project.MOVES
                for person in PEOPLE
            }
            expected = {key: outcome for key, outcome in cells.items() if key[0] == situation}
            assert {key: (found[key], expected[key]) for key in found if found[key] != expected[key]} == {}
            transaction.set_rollback(True)
    assert everything() == before


@pytest.mark.parametrize("standing", sorted(set(Standing.values) - {"active"}))
def test_no_step_of_a_project_moves_that_is_not_active(cast, standing, subtests):
    project = seated(cast, a_step(1, raci=RESPONSIBLE), a_step(2, raci=RESPONSIBLE, applies="if_applicable"))
    for key, names in (("design.step-1", ("start", "complete")), ("design.step-2", ("mark_not_applicable",))):
        for name in names:
            move(project, key, name, cast.sofia, note="x")
    name = {"on_hold": "hold", "cancelled": "cancel", "complete": "complete"}[standing]
    perform(project, name, by=cast.priya, note="x")

    for key in ("design.step-1", "design.step-2"):
        with subtests.test(key):
            step = step_of(project, key)
            found = {spec.name: outcome_of(step, spec.name, cast.ingrid, cast) for spec in ProjectStep.MOVES}
            if standing == "complete":
                assert set(found.values()) == {"archived"}
            else:
                assert found == {**dict.fromkeys(found, "-"), "reopen": "not-active"}


# -- The chain ------------------------------------------------------------------------------------

CHAIN = ["discovery", "design", "development", "sit", "finalize", "release", "post_live"]


def test_the_chain_has_seven_phases():
    assert Phase.values == CHAIN


@pytest.mark.parametrize(
    "visited",
    [
        CHAIN,
        ["discovery", "post_live"],
        ["design", "sit", "release"],
        ["development", "finalize", "release", "post_live"],
        ["post_live"],
        ["discovery"],
    ],
    ids="-".join,
)
def test_a_project_goes_through_its_phases_in_their_order_and_back_to_any_earlier_one(visited, cast):
    steps = [a_step(number, phase, applies="if_applicable") for number, phase in enumerate(visited, 1)]
    project = started(cast, publish(*steps))
    assert project.phase == visited[0]

    for index, phase in enumerate(visited):
        row = Project.objects.get(pk=project.pk)
        assert row.phase == phase
        backwards = {}
        for to in CHAIN:
            with transaction.atomic():
                try:
                    with transaction.atomic():
                        backwards[to] = perform(row, "return_to", by=cast.priya, phase=to, note="x").row.phase
                except MoveRefused as refused:
                    backwards[to] = refused.blockers[0].code
                transaction.set_rollback(True)
        refused = "wrong-state" if phase == "discovery" else "not-earlier"
        assert backwards == {to: to if to in visited[:index] else refused for to in CHAIN}
        key = f"{phase.replace('_', '-')}.step-{index + 1}"
        move(project, key, "mark_not_applicable", cast.priya, note="x")
        if index + 1 < len(visited):
            record = perform(project, "advance", by=cast.priya).record
            assert (record.source, record.target) == (phase, visited[index + 1])

    with pytest.raises(MoveRefused), transaction.atomic():
        perform(project, "advance", by=cast.priya)
    assert perform(project, "complete", by=cast.priya).row.standing == "complete"


def test_the_day_of_the_go_live_is_that_of_the_passage_to_post_live(cast):
    project = started(
        cast, publish(*[a_step(n, phase, applies="if_applicable") for n, phase in ((1, "release"), (2, "post_live"))])
    )
    move(project, "release.step-1", "mark_not_applicable", cast.priya, note="x")
    row = perform(project, "advance", by=cast.priya, now=NOW).row
    assert (row.actual_go_live, row.phase_since) == (dt.date(2026, 11, 23), NOW)

    later = NOW + dt.timedelta(days=3)
    row = perform(project, "return_to", by=cast.priya, phase="release", note="Rolled back", now=later).row
    assert (row.actual_go_live, row.phase_since) == (None, later)
